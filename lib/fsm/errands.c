#include "errands.h"

void
errands_add(struct errands *e, const struct errand *errand)
{
	if (e->waiting == ERRANDS_WAITING)
		e->lost++;
	else
		e->ring[(e->first + e->waiting++) % ERRANDS_WAITING] = *errand;
}

bool
errands_next(struct errands *e, struct errand *errand)
{
	if (e->waiting == 0 || e->running == ERRANDS_PLACES)
		return false;
	*errand = e->ring[e->first];
	e->first = (e->first + 1) % ERRANDS_WAITING;
	e->waiting--;
	return true;
}

void
errands_started(struct errands *e, const struct errand *errand, int pid, ms due)
{
	unsigned i = 0;

	while (i < ERRANDS_PLACES - 1 && e->place[i].pid != 0)
		i++; /* errands_next has seen to it that one is free */
	e->place[i] = (struct errands_place){ .pid = pid, .due = due, .errand = *errand };
	e->running++;
}

bool
errands_gone(struct errands *e, int pid, struct errands_place *was)
{
	for (unsigned i = 0; i < ERRANDS_PLACES && pid > 0; i++) {
		if (e->place[i].pid != pid)
			continue;
		*was = e->place[i];
		e->place[i].pid = 0;
		e->running--;
		return true;
	}
	return false;
}

ms
errands_due(const struct errands *e)
{
	ms due = MS_NEVER;

	for (unsigned i = 0; i < ERRANDS_PLACES; i++)
		if (e->place[i].pid > 0)
			due = ms_min(due, e->place[i].due);
	return due;
}

int
errands_late(struct errands *e, ms now, struct errand *errand)
{
	for (unsigned i = 0; i < ERRANDS_PLACES; i++) {
		struct errands_place *p = &e->place[i];

		if (p->pid == 0 || now < p->due)
			continue;
		p->late = true;
		p->due = MS_NEVER;
		*errand = p->errand;
		return p->pid;
	}
	return 0;
}

void
errands_end(struct errands *e, ms now)
{
	e->lost += e->waiting;
	e->waiting = 0;
	for (unsigned i = 0; i < ERRANDS_PLACES; i++)
		if (!e->place[i].late)
			e->place[i].due = ms_min(e->place[i].due, now);
}
