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

/* When the rung's next signal comes, sent being the last one's number; the rung's end is not
 * overslept. */
static ms
next(const struct escalation *e, const struct escalation_policy *p, ms last, unsigned sent)
{
	return ms_min(ms_add(last, p[e->rung].interval + p[e->rung].increment * sent), end(e, p));
}

void
escalation_repolicy(
    struct escalation *e, const struct escalation_policy p[ESCALATION_RUNGS], ms now)
{
	if (e->rung != ESCALATION_IDLE && e->sent > 0)
		e->due = ms_max(now, next(e, p, e->last, e->sent - 1));
}

int
escalation_step(struct escalation *e, const struct escalation_policy p[ESCALATION_RUNGS], ms now)
{
	ms late = now - e->due;

	if (e->rung == ESCALATION_IDLE || now < e->due)
		return 0;
	if (late > ESCALATION_STALL &&
	    e->sent > 0) { /* the stall may have begun right after the last one */
		e->since += now - e->last;
		e->due = next(e, p, e->last, e->sent - 1);
		if (now < e->due)
			return 0;
	}
	while (now >= end(e, p))
		escalation_climb(e, e->rung + 1, now);
	e->due = next(e, p, now, e->sent);
	e->last = now;
	e->sent++;
	return p[e->rung].sig;
}
