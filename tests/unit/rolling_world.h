#ifndef SE_TESTS_ROLLING_WORLD_H
#define SE_TESTS_ROLLING_WORLD_H

#include <string.h>

#include "lib/fsm/rolling.h"
#include "tests/unit/choice.h"

/*
 * Workers that start, become ready, hang, die and are scaled as the choices have it, under a
 * rolling restart. What is in service is counted here once more, from what the workers themselves
 * know.
 */
#define ROLLING_WORLD_SLOTS 16

struct rolling_worker {
	bool wanted;
	bool up;       /* it has a process */
	bool leaving;  /* that was asked to go */
	bool expects;  /* that is to say that it is ready */
	bool said;     /* it has */
	unsigned born; /* in which restart, 0: before the first */
	ms started;
};

struct rolling_world {
	struct choice *from;
	struct rolling_policy policy;
	struct rolling r;
	struct rolling_one one[ROLLING_WORLD_SLOTS];
	ms key[ROLLING_WORLD_SLOTS];
	unsigned slot[ROLLING_WORLD_SLOTS], at[ROLLING_WORLD_SLOTS];
	struct rolling_worker worker[ROLLING_WORLD_SLOTS];
	unsigned workers, surge;
	unsigned restart; /* the number of the one that is going on, or was the last */
	bool going;
	bool whole;   /* all were in service when it began, and their number is the same */
	bool failing; /* a new worker has failed: that is to be told next */
	bool kind;    /* nothing goes wrong by itself */
	bool replaced[ROLLING_WORLD_SLOTS]; /* in this restart */
	ms now;
	unsigned did[ROLLING_FAILED + 1], reasons[ROLLING_BY_TIME + 1];
	unsigned short_of; /* the most that were out of service at once */
};

static inline bool
rolling_serves(const struct rolling_world *x, unsigned i)
{
	const struct rolling_worker *w = &x->worker[i];

	return w->up && !w->leaving &&
	    (w->said || (!w->expects && x->now - w->started >= x->policy.alive));
}

static inline unsigned
rolling_serving(const struct rolling_world *x, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned i = from; i < to; i++)
		n += rolling_serves(x, i);
	return n;
}

static inline void
rolling_world_tell(struct rolling_world *x, unsigned i, enum rolling_event event)
{
	struct rolling_input in = { event, i, x->now, x->worker[i].started, x->worker[i].expects };

	rolling_tell(&x->r, &x->policy, &in);
}

static inline void
rolling_world_start(struct rolling_world *x, unsigned i)
{
	x->worker[i] = (struct rolling_worker){ .wanted = true,
		.up = true,
		.expects = x->policy.told,
		.born = x->restart,
		.started = x->now };
	rolling_world_tell(x, i, ROLLING_EV_UP);
}

static inline bool
rolling_is_new(const struct rolling_world *x, unsigned i)
{
	return x->worker[i].born == x->restart;
}

/* The process goes, as asked or not. */
static inline void
rolling_world_exit(struct rolling_world *x, unsigned i)
{
	struct rolling_worker *w = &x->worker[i];

	x->failing |= x->going && !w->leaving && rolling_is_new(x, i) && i < x->workers + x->surge;
	w->up = false;
	rolling_world_tell(x, i, w->leaving ? ROLLING_EV_AWAY : ROLLING_EV_EXITED);
	w->leaving = false;
}

static inline void
rolling_world_leave(struct rolling_world *x, unsigned i)
{
	if (!x->worker[i].up || x->worker[i].leaving)
		return;
	x->worker[i].leaving = true;
	rolling_world_tell(x, i, ROLLING_EV_AWAY);
}

static inline void
rolling_world_init(struct rolling_world *x, struct choice *from)
{
	*x = (struct rolling_world){ .from = from, .now = 100000 };
	x->workers = choose(from, 7);
	x->surge = choose(from, 3) ? 0 : 1 + choose(from, 3);
	x->policy = (struct rolling_policy){
		.max_unavailable = x->surge > 0 ? choose(from, 3) : 1 + choose(from, 3),
		.told = choose(from, 2),
		.late = choose(from, 4) ? 5000 : MS_NEVER,
		.alive = choose(from, 2) ? 1000 : 3000,
	};
	x->kind = choose(from, 2);
	x->r.one = x->one;
	x->r.room = ROLLING_WORLD_SLOTS;
	x->r.due = (struct heap){ .key = x->key, .slot = x->slot, .at = x->at };
	for (unsigned i = 0; i < x->workers; i++)
		x->worker[i] = (struct rolling_worker){ true, true, false, x->policy.told,
			x->policy.told, 0, x->now - 10000 };
}

static inline void
rolling_world_begin(struct rolling_world *x)
{
	x->going = true;
	x->failing = false;
	x->whole = rolling_serving(x, 0, x->workers) == x->workers;
	x->restart++;
	memset(x->replaced, 0, sizeof x->replaced);
	rolling_begin(&x->r, x->workers, x->surge);
	for (unsigned i = 0; i < x->workers + x->surge; i++)
		rolling_world_tell(x, i,
		    rolling_serves(x, i)                           ? ROLLING_EV_SERVES
			: x->worker[i].up && !x->worker[i].leaving ? ROLLING_EV_STARTS
								   : ROLLING_EV_LOST);
}

/* The extra ones have done their duty. */
static inline void
rolling_world_over(struct rolling_world *x)
{
	x->going = x->failing = false;
	for (unsigned i = x->workers; i < ROLLING_WORLD_SLOTS; i++) {
		x->worker[i].wanted = false;
		rolling_world_leave(x, i);
	}
}

static inline void
rolling_world_replace(struct rolling_world *x, unsigned i)
{
	unsigned all = x->workers + x->surge;
	const struct rolling_worker *w = &x->worker[i];

	MUST(i < x->workers && !x->failing);
	/* none twice, none that is new, unless fewer workers were wanted meanwhile and it goes
	 * anyway */
	MUST(!x->replaced[i] && (!w->up || w->leaving || !rolling_is_new(x, i)));
	x->replaced[i] = true;
	/* one that serves, or still may, goes only where others do */
	if (w->up && !w->leaving &&
	    (!w->expects || w->said || x->now - w->started < x->policy.late)) {
		MUST(rolling_serving(x, 0, all) + x->policy.max_unavailable > x->workers);
		MUST(rolling_serving(x, x->workers, all) == x->surge);
	}
	rolling_world_leave(x, i);
}

static inline void
rolling_world_done(struct rolling_world *x)
{
	for (unsigned i = 0; i < x->workers; i++)
		MUST(rolling_is_new(x, i) && rolling_serves(x, i));
	rolling_world_over(x);
}

static inline void
rolling_world_failed(struct rolling_world *x, unsigned i)
{
	MUST(i < x->workers + x->surge);
	x->reasons[x->r.reason]++;
	switch (x->r.reason) {
	case ROLLING_BY_EXIT:
	case ROLLING_BY_START:
		MUST(x->failing);
		break;
	case ROLLING_BY_TIME:
		MUST(x->worker[i].expects && !x->worker[i].said && x->worker[i].up);
		MUST(rolling_is_new(x, i) && x->now - x->worker[i].started >= x->policy.late);
		break;
	}
	rolling_world_over(x);
}

/* What the applet does behind every event. */
static inline void
rolling_world_settle(struct rolling_world *x)
{
	enum rolling_action a;
	unsigned i = 0, steps = 0;

	while ((a = rolling_next(&x->r, &x->policy, x->now, &i)) != ROLLING_WAIT) {
		MUST(x->going && ++steps < 100);
		x->did[a]++;
		switch (a) {
		case ROLLING_START:
			MUST(i >= x->workers && i < x->workers + x->surge);
			x->worker[i].wanted = true;
			break;
		case ROLLING_REPLACE:
			rolling_world_replace(x, i);
			break;
		case ROLLING_DONE:
			MUST(!x->failing);
			rolling_world_done(x);
			break;
		case ROLLING_FAILED:
			rolling_world_failed(x, i);
			break;
		case ROLLING_WAIT:
			break;
		}
	}
	MUST(!x->failing);
	MUST(rolling_due(&x->r) > x->now);
	MUST(x->r.on == x->going);
	if (x->going) {
		unsigned serving = rolling_serving(x, 0, x->workers + x->surge);

		MUST(x->r.ready == serving);
		if (x->kind && x->whole) {
			MUST(serving + x->policy.max_unavailable >= x->workers);
			if (serving < x->workers && x->workers - serving > x->short_of)
				x->short_of = x->workers - serving;
		}
	}
}

/* Processes of slots that are wanted come; those that were told go. */
static inline void
rolling_world_move(struct rolling_world *x, unsigned i, bool fast)
{
	struct rolling_worker *w = &x->worker[i];

	if (w->up && w->leaving) {
		if (fast || choose(x->from, 2))
			rolling_world_exit(x, i);
	} else if (w->up && !w->said && (fast || choose(x->from, 2))) {
		w->said = true;
		rolling_world_tell(x, i, ROLLING_EV_READY);
	} else if (!w->up && w->wanted && !x->kind && chance(x->from, 16)) {
		x->failing |= x->going && i < x->workers + x->surge;
		rolling_world_tell(x, i, ROLLING_EV_UNSTARTABLE);
	} else if (!w->up && w->wanted) {
		rolling_world_start(x, i);
	}
	rolling_world_settle(x);
}

static inline void
rolling_world_resize(struct rolling_world *x)
{
	unsigned old = x->workers + x->surge;

	x->workers = choose(x->from, 8);
	x->surge = choose(x->from, 2) ? x->surge : 1 + choose(x->from, 3);
	x->whole = false;
	if (x->going)
		rolling_resize(&x->r, x->workers, x->surge);
	for (unsigned i = 0; i < ROLLING_WORLD_SLOTS; i++) {
		bool extra = x->going && i >= x->workers && i < x->workers + x->surge;

		x->worker[i].wanted = i < x->workers || (extra && i < old);
		if (!x->worker[i].wanted && !extra)
			rolling_world_leave(x, i);
	}
	/* what is extra now is nobody that is replaced; what is not any more may have been one */
	for (unsigned i = 0; i < ROLLING_WORLD_SLOTS; i++)
		x->replaced[i] &= i < x->workers && x->going && x->one[i].stage == ROLLING_TOLD;
}

static inline void
rolling_world_step(struct rolling_world *x)
{
	unsigned i = choose(x->from, ROLLING_WORLD_SLOTS);
	ms due = rolling_due(&x->r);

	switch (choose(x->from, 16)) {
	case 0:
		if (!x->going || chance(x->from, 16)) {
			rolling_world_begin(x);
			rolling_world_settle(x);
		}
		break;
	case 1:
		if (x->worker[i].up && !x->kind && chance(x->from, 4))
			rolling_world_exit(x, i);
		break;
	case 2: /* a stop: nothing is to be heard from then on */
		if (chance(x->from, 64)) {
			rolling_end(&x->r);
			rolling_world_over(x);
		}
		break;
	case 3:
		if (chance(x->from, 32))
			rolling_world_resize(x);
		break;
	case 4:
		x->now += choose(x->from, 3000);
		break;
	case 5:
		x->now = due == MS_NEVER ? x->now + 1 : ms_max(x->now, due);
		break;
	default:
		rolling_world_move(x, i % (x->workers + x->surge + 1), false);
		break;
	}
	rolling_world_settle(x);
}

#endif
