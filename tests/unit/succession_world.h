#ifndef SE_TESTS_SUCCESSION_WORLD_H
#define SE_TESTS_SUCCESSION_WORLD_H

#include "choice.h"
#include "lib/fsm/succession.h"

/* Servers as the machine under test sees them: they come up, end and are started again. */
struct world {
	struct choice *from;
	struct succession s;
	struct succession_policy p;
	ms now;
	bool wanted[SUCCESSION_SLOTS], alive[SUCCESSION_SLOTS];
	bool stopping;
	unsigned did[SUCCESSION_DO_LEAVE + 1]; /* how often */
};

static inline void
world_check(const struct world *x)
{
	const struct succession *s = &x->s;
	unsigned wanted = 0;

	for (unsigned i = 0; i < SUCCESSION_SLOTS; i++) {
		wanted += x->wanted[i];
		MUST(s->taken[i] || !x->alive[i]); /* none is forgotten while it lives */
	}
	switch (s->state) {
	case SUCCESSION_RUNNING:
		MUST(wanted == 1 && x->wanted[s->current]);
		break;
	case SUCCESSION_OVERLAP:
		MUST(wanted == 2 && x->wanted[s->current] && x->wanted[s->next]);
		break;
	case SUCCESSION_WAITING:
		MUST(wanted == 0 && s->due != MS_NEVER);
		break;
	case SUCCESSION_STOPPING:
	case SUCCESSION_LEAVING:
		MUST(wanted == 0);
		break;
	}
}

static inline void
world_feed(struct world *x, enum succession_event event, unsigned slot)
{
	struct succession_action a = succession_step(&x->s, &x->p, event, slot, x->now);
	bool ended = false;

	x->did[a.what]++;
	switch (a.what) {
	case SUCCESSION_DO_START:
		MUST(!x->stopping && !x->alive[a.slot] && !x->wanted[a.slot]);
		x->wanted[a.slot] = x->alive[a.slot] = true;
		break;
	case SUCCESSION_DO_RETIRE:
		ended = !x->alive[a.slot]; /* between two tries: its end is told at once */
		MUST(x->wanted[a.slot]);
		x->wanted[a.slot] = false;
		break;
	case SUCCESSION_DO_FAIL:
		MUST(x->wanted[a.slot]);
		x->wanted[a.slot] = false;
		break;
	case SUCCESSION_DO_STOP_ALL:
	case SUCCESSION_DO_ABORT_ALL:
	case SUCCESSION_DO_LEAVE:
		x->stopping = true;
		for (unsigned i = 0; i < SUCCESSION_SLOTS; i++)
			x->wanted[i] = false;
		break;
	case SUCCESSION_DO_REFUSE:
	case SUCCESSION_DO_NOTHING:
		break;
	}
	if (ended)
		world_feed(x, SUCCESSION_EV_GONE, a.slot);
	world_check(x);
}

static inline void
world_init(struct world *x, struct choice *from)
{
	*x = (struct world){ .from = from };
	x->p = (struct succession_policy){
		.enable_detach = !chance(from, 8),
		.exit_on_detach = chance(from, 8),
		.overlap = choose(from, 2),
		.detach_wait = 10000,
	};
	succession_init(&x->s);
	world_feed(x, SUCCESSION_EV_START, 0);
}

static inline void
world_step(struct world *x)
{
	unsigned slot = choose(x->from, SUCCESSION_SLOTS);

	x->now += (ms)choose(x->from, 3000);
	if (x->now >= x->s.due)
		world_feed(x, SUCCESSION_EV_TIME, 0);
	if (x->alive[slot] && chance(x->from, 3)) {
		x->alive[slot] = false;
		world_feed(x, SUCCESSION_EV_GONE, slot);
	} else if (x->alive[slot]) {
		world_feed(x, SUCCESSION_EV_UP, slot);
	} else if (x->wanted[slot]) {
		x->alive[slot] = true; /* started again */
	} else if (chance(x->from, 4)) {
		world_feed(x, SUCCESSION_EV_DETACH, 0);
	} else if (chance(x->from, 60)) {
		world_feed(x, choose(x->from, 2) ? SUCCESSION_EV_STOP : SUCCESSION_EV_ABORT, 0);
	}
}

#endif
