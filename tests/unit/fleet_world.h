#ifndef SE_TESTS_FLEET_WORLD_H
#define SE_TESTS_FLEET_WORLD_H

#include "choice.h"
#include "lib/fsm/fleet.h"

#define FLEET_WORLD_SLOTS 8

/*
 * The world of a fleet: so many workers with a process or waiting for one, so many strays. It obeys
 * the fleet, sooner or later or (strays) never, and holds each answer against what it knows.
 */
struct fleet_world {
	struct choice *from;
	struct fleet f;
	struct fleet_policy p;
	ms now;
	unsigned workers, strays;
	bool stubborn; /* the strays survive even KILL */

	bool stop, abort; /* the workers were told */
	bool term, kill;  /* the strays were */
	ms termed, killed;
	unsigned lost;
	int status;
	unsigned exits;

	bool starting;
	ms last_start, delay_least; /* since then, the least wait to the next */
	bool settled;               /* the replacement of the slot that went last runs */
	unsigned retiring;
	unsigned did[FLEET_DO_EXIT + 1];
};

static inline void
fleet_world_init(struct fleet_world *x, struct choice *from)
{
	static const ms delays[] = { 0, 1, 1000, 60000 }, timeouts[] = { 0, 1, 5000, 600000 };
	static const unsigned spreads[] = { 0, 200, 2000 };

	*x = (struct fleet_world){ .from = from, .settled = true, .retiring = FLEET_NOBODY };
	x->p = (struct fleet_policy){
		.start_delay = delays[choose(from, 4)],
		.start_delay_rand = spreads[choose(from, 3)],
		.stray_timeout = timeouts[choose(from, 4)],
	};
	x->workers = 1 + choose(from, FLEET_WORLD_SLOTS);
	x->strays = choose(from, 3);
	x->stubborn = chance(from, 4);
	fleet_init(&x->f);
}

static inline void
fleet_world_check(struct fleet_world *x, enum fleet_do what)
{
	switch (what) {
	case FLEET_DO_NOTHING:
		break;
	case FLEET_DO_STOP_WORKERS:
		MUST(!x->stop && !x->abort);
		x->stop = true;
		break;
	case FLEET_DO_ABORT_WORKERS:
		MUST(!x->abort);
		x->abort = true;
		break;
	case FLEET_DO_TERM_STRAYS:
		MUST(x->workers == 0 && (x->stop || x->abort || x->lost > 0));
		MUST(!x->term && !x->kill && x->p.stray_timeout > 0);
		x->term = true;
		x->termed = x->now;
		break;
	case FLEET_DO_KILL_STRAYS:
		MUST(x->workers == 0 && !x->kill);
		MUST(x->term ? x->now - x->termed >= x->p.stray_timeout : x->p.stray_timeout == 0);
		x->kill = true;
		x->killed = x->now;
		break;
	case FLEET_DO_EXIT:
		MUST(x->exits++ == 0 && x->workers == 0 && (x->term || x->kill));
		MUST(x->strays == 0 ||
		    (x->kill && x->now - x->killed >= ms_max(x->p.stray_timeout, MS_SECOND)));
		MUST(x->f.status == x->status);
		break;
	}
	x->did[what]++;
	MUST((x->f.state == FLEET_ENDED) == (x->exits == 1));
	MUST((x->f.due != MS_NEVER) == (x->f.state == FLEET_STRAYS));
	MUST((x->f.state == FLEET_RUNNING) == !(x->stop || x->abort || x->term || x->kill));
}

static inline void
fleet_world_feed(struct fleet_world *x, struct fleet_input in)
{
	in.now = x->now;
	if (in.event == FLEET_EV_WORKER_LOST && x->exits == 0) {
		x->lost++;
		x->status = in.status;
	}
	if (in.event == FLEET_EV_WORKER_BACK && x->exits == 0 && --x->lost == 0)
		x->status = 0;
	fleet_world_check(x, fleet_step(&x->f, &x->p, &in));
}

static inline void
fleet_world_feed_event(struct fleet_world *x, enum fleet_event event)
{
	fleet_world_feed(x, (struct fleet_input){ .event = event });
}

/* What the applet does behind every event. */
static inline void
fleet_world_settle(struct fleet_world *x)
{
	if (x->workers == 0)
		fleet_world_feed_event(x, FLEET_EV_EMPTY);
	if (x->workers == 0 && x->strays == 0)
		fleet_world_feed_event(x, FLEET_EV_CHILDLESS);
	MUST(x->workers > 0 || x->f.state != FLEET_STOPPING);
	MUST(x->workers > 0 || x->strays > 0 || x->exits == 1 ||
	    (x->f.state == FLEET_RUNNING && x->lost == 0));
	MUST(x->now < x->f.due);
}

static inline void
fleet_world_start(struct fleet_world *x)
{
	ms at = fleet_start_at(&x->f, &x->p, x->now, choose(x->from, 1u << 16));
	ms spread = x->p.start_delay * x->p.start_delay_rand / 1000;

	MUST(at >= x->now);
	if (at > x->now) {
		MUST(x->starting && at <= x->last_start + x->p.start_delay + spread / 2 + 1);
		return;
	}
	MUST(!x->starting || x->now >= x->last_start + x->p.start_delay - spread / 2);
	x->starting = true;
	x->last_start = x->now;
}

static inline void
fleet_world_retire(struct fleet_world *x)
{
	unsigned slot = choose(x->from, FLEET_WORLD_SLOTS);
	bool may = fleet_may_retire(&x->f, slot, x->settled);

	MUST(may ==
	    (x->f.state == FLEET_RUNNING &&
		(x->retiring == FLEET_NOBODY || x->retiring == slot || x->settled)));
	if (may) {
		x->retiring = slot;
		x->settled = false;
	}
}

static inline void
fleet_world_step(struct fleet_world *x)
{
	struct fleet_input lost = { .event = FLEET_EV_WORKER_LOST };

	if (chance(x->from, 4) && x->f.due != MS_NEVER)
		x->now = ms_max(x->now, x->f.due) + (ms)choose(x->from, 3000);
	else
		x->now += (ms)choose(x->from, 700);
	if (chance(x->from, 32)) /* signals come before the clock */
		fleet_world_feed_event(x, choose(x->from, 2) ? FLEET_EV_STOP : FLEET_EV_ABORT);
	fleet_world_feed_event(x, FLEET_EV_TIME);
	switch (choose(x->from, 8)) {
	case 0:
	case 1:
		fleet_world_start(x);
		break;
	case 2:
		fleet_world_retire(x);
		break;
	case 3:
		x->settled = true;
		break;
	case 4: /* a worker goes, by itself or because it was told to */
		if (x->workers > 0 && (x->stop || x->abort || chance(x->from, 8))) {
			x->workers--;
			if (chance(x->from, 3)) {
				lost.status = (int)choose(x->from, 256);
				lost.fatal = choose(x->from, 2);
				fleet_world_feed(x, lost);
			}
		}
		break;
	case 5: /* scaled up, or one that was lost is tried again */
		if (x->f.state != FLEET_RUNNING || x->workers == FLEET_WORLD_SLOTS)
			break;
		x->workers++;
		if (x->lost > 0)
			fleet_world_feed_event(x, FLEET_EV_WORKER_BACK);
		break;
	case 6: /* an orphan goes, or one more is handed to us */
		if (x->strays > 0 && !x->stubborn)
			x->strays--;
		else if (x->exits == 0 && chance(x->from, 8))
			x->strays++;
		break;
	case 7:
		break;
	}
	fleet_world_settle(x);
}

#endif
