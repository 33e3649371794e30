#include "escalation.h"

#include <stdbool.h>

void
escalation_reset(struct escalation *e)
{
	*e = (struct escalation){ .rung = ESCALATION_IDLE, .due = MS_NEVER };
}

void
escalation_climb(struct escalation *e, enum escalation_rung rung, ms now)
{
	if (rung <= e->rung)
		return;
	*e = (struct escalation){ .rung = rung, .since = now, .hold = now, .due = now };
}

/* When the rung in progress is over. */
static ms
end(const struct escalation *e, const struct escalation_policy *p)
{
	if (e->rung == ESCALATION_KILL)
		return MS_NEVER;
	return ms_max(e->hold, ms_add(e->since, p[e->rung].timeout));
}

void
escalation_hold(struct escalation *e, const struct escalation_policy p[ESCALATION_RUNGS], ms until)
{
	bool was_end = e->rung != ESCALATION_IDLE && e->due == end(e, p);

	e->hold = ms_max(e->hold, until);
	if (was_end)
		e->due = end(e, p);
}

int
escalation_step(struct escalation *e, const struct escalation_policy p[ESCALATION_RUNGS], ms now)
{
	ms late = now - e->due, next;

	if (e->rung == ESCALATION_IDLE || now < e->due)
		return 0;
	if (late > ESCALATION_STALL)
		e->since += late;
	while (now >= end(e, p))
		escalation_climb(e, e->rung + 1, now);
	next = ms_add(now, p[e->rung].interval + p[e->rung].increment * e->sent);
	e->due = ms_min(next, end(e, p)); /* do not oversleep the end of this rung */
	e->sent++;
	return p[e->rung].sig;
}
