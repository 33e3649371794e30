#include "rolling.h"

static unsigned
slots(const struct rolling *r)
{
	return r->workers + r->surge;
}

/* Takes slot i into service or out of it. */
static void
serve(struct rolling *r, unsigned i, bool ready)
{
	struct rolling_one *o = &r->one[i];
	unsigned change = (unsigned)ready - (unsigned)o->ready;

	heap_set(&r->due, i, MS_NEVER);
	o->ready = ready;
	r->ready += change;
	if (i >= r->workers)
		r->extra += change;
	else if (o->stage == ROLLING_NEW)
		r->renewed += change;
}

/* Its counts are those of a slot that is not in service. */
static void
set_stage(struct rolling *r, unsigned i, enum rolling_stage stage)
{
	serve(r, i, false);
	r->one[i].stage = (unsigned char)stage;
}

static void
fail(struct rolling *r, unsigned i, enum rolling_reason why)
{
	if (r->failed)
		return;
	r->failed = true;
	r->culprit = i;
	r->reason = why;
}

void
rolling_begin(struct rolling *r, unsigned workers, unsigned surge)
{
	r->on = true;
	r->failed = false;
	r->workers = workers;
	r->surge = surge;
	r->started = r->next = r->ready = r->extra = r->renewed = 0;
	heap_init(&r->due, r->room);
	for (unsigned i = 0; i < r->room; i++)
		r->one[i] = (struct rolling_one){ .stage = ROLLING_OLD };
}

void
rolling_resize(struct rolling *r, unsigned workers, unsigned surge)
{
	r->workers = workers;
	r->surge = surge;
	r->started = r->next = r->ready = r->extra = r->renewed = 0;
	for (unsigned i = 0; i < r->room; i++) {
		struct rolling_one *o = &r->one[i];

		if (i >= slots(r)) {
			heap_set(&r->due, i, MS_NEVER);
			*o = (struct rolling_one){ .stage = ROLLING_OLD };
		}
		r->ready += o->ready;
		r->extra += o->ready && i >= workers;
		r->renewed += o->ready && i < workers && o->stage == ROLLING_NEW;
	}
}

void
rolling_end(struct rolling *r)
{
	r->on = false;
}

static void
await(struct rolling *r, const struct rolling_policy *p, unsigned i, bool told, ms since)
{
	r->one[i].told = told;
	heap_set(&r->due, i, ms_add(since, told ? p->late : p->alive));
}

/* Its process is gone, and it was not asked to. */
static void
exited(struct rolling *r, unsigned i, ms now)
{
	enum rolling_stage stage = (enum rolling_stage)r->one[i].stage;

	serve(r, i, false);
	if (stage == ROLLING_NEW)
		fail(r, i, ROLLING_BY_EXIT);
	else if (stage == ROLLING_OLD && i < r->workers)
		heap_set(&r->due, i, now);
}

void
rolling_tell(struct rolling *r, const struct rolling_policy *p, const struct rolling_input *in)
{
	unsigned i = in->slot;

	if (!r->on || i >= slots(r))
		return;
	switch (in->event) {
	case ROLLING_EV_SERVES:
		serve(r, i, true);
		break;
	case ROLLING_EV_STARTS:
		await(r, p, i, in->told, in->since);
		break;
	case ROLLING_EV_LOST:
		r->one[i].told = true;
		heap_set(&r->due, i, in->now);
		break;
	case ROLLING_EV_UP:
		set_stage(r, i, ROLLING_NEW);
		await(r, p, i, p->told, in->now);
		break;
	case ROLLING_EV_READY:
		serve(r, i, true);
		break;
	case ROLLING_EV_AWAY:
		serve(r, i, false);
		break;
	case ROLLING_EV_EXITED:
		r->one[i].told = true;
		exited(r, i, in->now);
		break;
	case ROLLING_EV_UNSTARTABLE:
		fail(r, i, ROLLING_BY_START);
		break;
	}
}

static enum rolling_action
replace(struct rolling *r, unsigned i, unsigned *slot)
{
	set_stage(r, i, ROLLING_TOLD);
	*slot = i;
	return ROLLING_REPLACE;
}

/* Those whose time has come: ready, or too late, or lost and thus to be replaced at no cost. */
static enum rolling_action
judge(struct rolling *r, ms now, unsigned *slot)
{
	while (!r->failed && heap_due(&r->due) <= now) {
		unsigned i = heap_first(&r->due);

		if (r->one[i].told && r->one[i].stage != ROLLING_OLD)
			fail(r, i, ROLLING_BY_TIME);
		else if (i < r->workers && r->one[i].told)
			return replace(r, i, slot);
		else
			serve(r, i, !r->one[i].told);
	}
	return ROLLING_WAIT;
}

/* The next in turn, if it may go now. */
static enum rolling_action
take_turn(struct rolling *r, const struct rolling_policy *p, unsigned *slot)
{
	while (r->next < r->workers && r->one[r->next].stage != ROLLING_OLD)
		r->next++;
	if (r->next == r->workers || r->extra < r->surge ||
	    r->ready + p->max_unavailable <= r->workers)
		return ROLLING_WAIT;
	return replace(r, r->next, slot);
}

enum rolling_action
rolling_next(struct rolling *r, const struct rolling_policy *p, ms now, unsigned *slot)
{
	enum rolling_action a;

	if (!r->on)
		return ROLLING_WAIT;
	if ((a = judge(r, now, slot)) != ROLLING_WAIT)
		return a;
	if (r->failed || r->renewed == r->workers) {
		r->on = false;
		*slot = r->culprit;
		return r->failed ? ROLLING_FAILED : ROLLING_DONE;
	}
	if (r->started < r->surge) {
		*slot = r->workers + r->started++;
		return ROLLING_START;
	}
	return take_turn(r, p, slot);
}

ms
rolling_due(const struct rolling *r)
{
	return r->on ? heap_due(&r->due) : MS_NEVER;
}
