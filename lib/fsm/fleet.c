#include "fleet.h"

void
fleet_init(struct fleet *f)
{
	*f = (struct fleet){ .state = FLEET_RUNNING, .retiring = FLEET_NOBODY, .due = MS_NEVER };
}

static enum fleet_do
end(struct fleet *f)
{
	f->state = FLEET_ENDED;
	f->due = MS_NEVER;
	return FLEET_DO_EXIT;
}

static enum fleet_do
strays(struct fleet *f, const struct fleet_policy *p, ms now)
{
	f->state = FLEET_STRAYS;
	f->killed = p->stray_timeout == 0;
	f->due = ms_add(now, f->killed ? MS_SECOND : p->stray_timeout);
	return f->killed ? FLEET_DO_KILL_STRAYS : FLEET_DO_TERM_STRAYS;
}

static enum fleet_do
stop(struct fleet *f, bool abort)
{
	switch (f->state) {
	case FLEET_RUNNING:
		break;
	case FLEET_STOPPING:
		if (!abort || f->aborting)
			return FLEET_DO_NOTHING;
		break;
	case FLEET_STRAYS:
	case FLEET_ENDED:
		return FLEET_DO_NOTHING;
	}
	f->state = FLEET_STOPPING;
	f->aborting = abort;
	return abort ? FLEET_DO_ABORT_WORKERS : FLEET_DO_STOP_WORKERS;
}

static enum fleet_do
tick(struct fleet *f, const struct fleet_policy *p, ms now)
{
	if (f->state != FLEET_STRAYS || now < f->due)
		return FLEET_DO_NOTHING;
	if (f->killed)
		return end(f); /* KILL did not end them: nothing will */
	f->killed = true;
	f->due = ms_add(now, ms_max(p->stray_timeout, MS_SECOND));
	return FLEET_DO_KILL_STRAYS;
}

enum fleet_do
fleet_step(struct fleet *f, const struct fleet_policy *p, const struct fleet_input *in)
{
	switch (in->event) {
	case FLEET_EV_STOP:
		return stop(f, false);
	case FLEET_EV_ABORT:
		return stop(f, true);
	case FLEET_EV_WORKER_LOST:
		f->lost++;
		f->status = in->status;
		return in->fatal ? stop(f, false) : FLEET_DO_NOTHING;
	case FLEET_EV_WORKER_BACK:
		if (f->state == FLEET_RUNNING && f->lost > 0 && --f->lost == 0)
			f->status = 0;
		return FLEET_DO_NOTHING;
	case FLEET_EV_EMPTY:
		if (f->state == FLEET_STOPPING || (f->state == FLEET_RUNNING && f->lost > 0))
			return strays(f, p, in->now);
		return FLEET_DO_NOTHING;
	case FLEET_EV_CHILDLESS:
		return f->state == FLEET_STRAYS ? end(f) : FLEET_DO_NOTHING;
	case FLEET_EV_TIME:
		return tick(f, p, in->now);
	}
	return FLEET_DO_NOTHING;
}

ms
fleet_start_at(struct fleet *f, const struct fleet_policy *p, ms now, unsigned random)
{
	ms spread = p->start_delay * p->start_delay_rand / 1000;

	f->next_start = ms_min(
	    f->next_start, now + p->start_delay + spread); /* a reload may have shortened it */
	if (p->start_delay > 0 && now < f->next_start)
		return f->next_start;
	if (p->start_delay > 0)
		f->next_start =
		    now + p->start_delay - spread / 2 + spread * (ms)(random % 1024) / 1023;
	return now;
}

bool
fleet_may_retire(struct fleet *f, unsigned slot, bool settled)
{
	if (f->state != FLEET_RUNNING ||
	    (f->retiring != FLEET_NOBODY && f->retiring != slot && !settled))
		return false;
	f->retiring = slot;
	return true;
}
