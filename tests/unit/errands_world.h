#ifndef SE_TESTS_ERRANDS_WORLD_H
#define SE_TESTS_ERRANDS_WORLD_H

#include "lib/fsm/errands.h"
#include "tests/unit/choice.h"

/* Events that come, commands that end in time or hang; each errand has a number of its own. */
struct errands_world {
	struct choice *from;
	struct errands e;
	ms now;
	unsigned added, next; /* numbers; those between them wait, but for the lost ones */
	bool lost[1 << 16];
	unsigned long nlost;
	unsigned runs;
	struct {
		int pid; /* 0: none */
		unsigned number;
		ms due;
		bool late;
	} run[ERRANDS_PLACES];
	int last_pid;
	unsigned late, ended, most;
};

static inline void
errands_world_init(struct errands_world *x, struct choice *from)
{
	*x = (struct errands_world){ .from = from, .now = 1000 };
}

static inline void
errands_world_add(struct errands_world *x)
{
	struct errand errand = { .what = x->added % 5, .worker = x->added, .pid = 7, .status = 9 };

	if (x->added == sizeof x->lost)
		return;
	if (x->e.waiting == ERRANDS_WAITING) {
		x->lost[x->added] = true;
		x->nlost++;
	}
	x->added++;
	errands_add(&x->e, &errand);
}

static inline void
errands_world_start(struct errands_world *x)
{
	struct errand errand;
	unsigned i = 0;

	while (x->next < x->added && x->lost[x->next])
		x->next++;
	if (!errands_next(&x->e, &errand)) {
		MUST(x->next == x->added || x->runs == ERRANDS_PLACES);
		return;
	}
	MUST(x->runs < ERRANDS_PLACES && errand.worker == x->next && errand.what == x->next % 5);
	x->next++;
	if (chance(x->from, 8))
		return; /* it could not be started */
	while (x->run[i].pid != 0)
		i++;
	x->run[i].pid = ++x->last_pid;
	x->run[i].number = errand.worker;
	x->run[i].due = x->now + 1 + choose(x->from, 3000);
	x->run[i].late = false;
	x->runs++;
	x->most = x->runs > x->most ? x->runs : x->most;
	errands_started(&x->e, &errand, x->last_pid, x->run[i].due);
}

static inline void
errands_world_gone(struct errands_world *x, unsigned i)
{
	struct errands_place was;

	MUST(!errands_gone(&x->e, x->last_pid + 1, &was) && !errands_gone(&x->e, 0, &was));
	if (x->run[i].pid == 0)
		return;
	MUST(errands_gone(&x->e, x->run[i].pid, &was));
	MUST(was.pid == x->run[i].pid && was.errand.worker == x->run[i].number);
	MUST(was.late == x->run[i].late);
	MUST(!errands_gone(&x->e, x->run[i].pid, &was));
	x->run[i].pid = 0;
	x->runs--;
	x->ended++;
}

/* Each is late once, and not before its time. */
static inline void
errands_world_look(struct errands_world *x)
{
	struct errand errand;
	ms due = MS_NEVER;
	int pid;

	while ((pid = errands_late(&x->e, x->now, &errand)) != 0) {
		unsigned i = 0;

		while (i < ERRANDS_PLACES && x->run[i].pid != pid)
			i++;
		MUST(i < ERRANDS_PLACES && !x->run[i].late && x->now >= x->run[i].due);
		MUST(errand.worker == x->run[i].number);
		x->run[i].late = true;
		x->late++;
	}
	for (unsigned i = 0; i < ERRANDS_PLACES; i++)
		if (x->run[i].pid != 0 && !x->run[i].late) {
			MUST(x->run[i].due > x->now);
			due = ms_min(due, x->run[i].due);
		}
	MUST(errands_due(&x->e) == due);
	MUST(x->e.running == x->runs && x->e.lost == x->nlost);
	MUST(x->e.waiting <= ERRANDS_WAITING);
}

static inline void
errands_world_end(struct errands_world *x)
{
	for (; x->next < x->added; x->next++)
		x->nlost += !x->lost[x->next];
	errands_end(&x->e, x->now);
	for (unsigned i = 0; i < ERRANDS_PLACES; i++)
		x->run[i].due = ms_min(x->run[i].due, x->now);
}

static inline void
errands_world_step(struct errands_world *x)
{
	switch (choose(x->from, 8)) {
	case 0:
		for (unsigned n = choose(x->from, 64); n > 0; n--)
			errands_world_add(x);
		break;
	case 1:
		errands_world_add(x);
		break;
	case 2:
		if (chance(x->from, 64))
			errands_world_end(x);
		break;
	case 3:
		x->now += choose(x->from, 2000);
		break;
	case 4:
	case 5:
		errands_world_gone(x, choose(x->from, ERRANDS_PLACES));
		break;
	default:
		errands_world_start(x);
		break;
	}
	errands_world_look(x);
}

#endif
