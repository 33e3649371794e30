#ifndef SE_TESTS_GENERATIONS_WORLD_H
#define SE_TESTS_GENERATIONS_WORLD_H

#include "lib/fsm/generations.h"
#include "tests/unit/choice.h"

/*
 * A server whose generations start, fail, become ready, hang and die as the choices have it; what
 * must be true of the machine whatever happens is checked at each step.
 */
struct generations_world {
	struct choice *from;
	struct generations_policy policy;
	struct generations g;
	ms now;
	int last_pid;
	unsigned last_number;
	bool stopped; /* it was told to stop */
	bool ended;
	ms starts[8]; /* when the last ones were */
	unsigned nstarts;
	unsigned did[GENERATIONS_END + 1], deaths[GENERATION_KILLED + 1];
};

static void
generations_world_init(struct generations_world *x, struct choice *from)
{
	*x = (struct generations_world){ .from = from, .now = 1000 };
	x->policy = (struct generations_policy){
		.interval = choose(from, 3) ? 1000 : 0,
		.told = choose(from, 2),
		.ready_timeout = choose(from, 2) ? 5000 : MS_NEVER,
		.kill_old_delay = choose(from, 2) ? 0 : 3000,
		.kill_old_timeout = choose(from, 2) ? 4000 : MS_NEVER,
		.auto_restart = choose(from, 3) ? MS_NEVER : 20000,
		.alive = 2 + choose(from, 4),
		.retries = choose(from, 2) ? GENERATIONS_ALWAYS : choose(from, 3),
		.backoff = { .first = 1000, .max = 8000 },
	};
	generations_init(&x->g);
}

static unsigned
how_many(const struct generations_world *x, enum generation_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < x->g.count; i++)
		n += x->g.all[i].state == state;
	return n;
}

static void
must_be_sound(const struct generations_world *x)
{
	const struct generations *g = &x->g;

	MUST(g->count <= GENERATIONS_MAX);
	MUST(how_many(x, GENERATION_CURRENT) <= 1);
	MUST(how_many(x, GENERATION_STARTING) + how_many(x, GENERATION_FAILED) <= 1);
	for (unsigned i = 1; i < g->count; i++)
		MUST(g->all[i - 1].number < g->all[i].number);
	for (unsigned i = 0; i < g->count; i++) {
		MUST(g->all[i].number <= g->number);
		/* who serves is never told to go */
		MUST(g->all[i].state != GENERATION_CURRENT || g->all[i].due == MS_NEVER);
	}
}

/* Starts come in pairs at most; then there is a wait between them, unless one was up for long. */
static void
must_not_storm(struct generations_world *x)
{
	unsigned n = sizeof x->starts / sizeof *x->starts;

	if (x->g.reason != GENERATIONS_AGAIN) {
		x->nstarts = 0; /* somebody has asked */
		return;
	}
	if (x->nstarts >= n)
		MUST(x->now - x->starts[x->nstarts % n] >= 1500);
	x->starts[x->nstarts++ % n] = x->now;
}

static void
start(struct generations_world *x)
{
	MUST(!x->stopped);
	MUST(x->g.number == x->last_number + 1);
	MUST(how_many(x, GENERATION_STARTING) == 0);
	MUST(x->g.count - how_many(x, GENERATION_KILLED) < x->policy.alive);
	x->last_number = x->g.number;
	must_not_storm(x);
	if (chance(x->from, 8))
		generations_failed(&x->g, &x->policy, choose(x->from, 1000), x->now);
	else
		generations_started(&x->g, &x->policy, ++x->last_pid, x->now);
}

static void
advance(struct generations_world *x)
{
	struct generation *which;
	enum generations_action a;
	unsigned steps = 0;

	while (!x->ended &&
	    (a = generations_next(&x->g, &x->policy, x->now, &which)) != GENERATIONS_WAIT) {
		bool current = how_many(x, GENERATION_CURRENT) > 0;

		MUST(++steps < 100);
		x->did[a]++;
		switch (a) {
		case GENERATIONS_START:
			start(x);
			break;
		case GENERATIONS_UP:
			MUST(which->state == GENERATION_CURRENT && which->number == x->g.number);
			break;
		case GENERATIONS_TELL:
			MUST(how_many(x, GENERATION_TOLD) > 0);
			break;
		case GENERATIONS_LATE:
			MUST(x->policy.told && which->state == GENERATION_FAILED);
			break;
		case GENERATIONS_KILL:
		case GENERATIONS_CROWDED:
			MUST(which->state == GENERATION_KILLED);
			break;
		case GENERATIONS_GIVE_UP:
			MUST(x->policy.retries != GENERATIONS_ALWAYS);
			MUST(current || x->g.hopeless);
			break;
		case GENERATIONS_STOP:
		case GENERATIONS_KILL_ALL:
			MUST(x->stopped);
			break;
		case GENERATIONS_END:
			MUST(x->g.count == 0 || x->g.hopeless);
			x->ended = x->g.stopping;
			generations_stop(&x->g);
			x->stopped = true;
			break;
		case GENERATIONS_WAIT:
			break;
		}
		must_be_sound(x);
	}
	if (!x->ended)
		MUST(generations_due(&x->g, &x->policy) > x->now || x->g.count == GENERATIONS_MAX);
}

static void
die(struct generations_world *x, unsigned i)
{
	struct generation was;
	int pid = x->g.all[i].pid;

	MUST(generations_died(&x->g, &x->policy, pid, choose(x->from, 1000), x->now, &was));
	MUST(was.pid == pid);
	x->deaths[was.state]++;
}

static void
generations_world_step(struct generations_world *x)
{
	struct generations *g = &x->g;
	ms due = generations_due(g, &x->policy);
	struct generation was;

	switch (choose(x->from, 12)) {
	case 0:
		generations_restart(g, x->now);
		break;
	case 1:
		generations_ready(g, x->last_pid);
		break;
	case 2:
		generations_ready(g, 1 + (int)choose(x->from, (unsigned)x->last_pid + 1));
		break;
	case 3:
		if (g->count > 0)
			die(x, choose(x->from, g->count));
		break;
	case 4: /* old ones go when told */
		for (unsigned i = g->count; i-- > 0;)
			if (g->all[i].state >= GENERATION_TOLD && choose(x->from, 2))
				die(x, i);
		break;
	case 5:
		for (unsigned i = g->count; i-- > 0;)
			if (g->all[i].state == GENERATION_KILLED ||
			    g->all[i].state == GENERATION_FAILED || x->stopped)
				die(x, i);
		break;
	case 6:
		if (chance(x->from, x->stopped ? 4 : 20)) {
			generations_stop(g);
			x->stopped = true;
		}
		break;
	case 7:
		MUST(!generations_died(g, &x->policy, x->last_pid + 1, 0, x->now, &was));
		break;
	case 8:
		x->now += choose(x->from, 100);
		break;
	case 9:
		x->now += choose(x->from, 5000);
		break;
	default: /* the next time that means something */
		x->now = due == MS_NEVER ? x->now + 1 : ms_max(due, x->now);
		break;
	}
	must_be_sound(x);
	advance(x);
}

#endif
