#include "succession.h"

static struct succession_action
act(enum succession_do what, unsigned slot)
{
	return (struct succession_action){ what, slot };
}

void
succession_init(struct succession *s)
{
	*s = (struct succession){ .due = MS_NEVER };
}

/* A slot of nobody; SUCCESSION_SLOTS: there is none. */
static unsigned
find_free(const struct succession *s)
{
	unsigned i = 0;

	while (i < SUCCESSION_SLOTS && s->taken[i])
		i++;
	return i;
}

/* A new current one; when it is called, one of the slots is free. */
static struct succession_action
start(struct succession *s)
{
	s->state = SUCCESSION_RUNNING;
	s->due = MS_NEVER;
	s->current = find_free(s);
	s->taken[s->current] = true;
	return act(SUCCESSION_DO_START, s->current);
}

static struct succession_action
stop(struct succession *s, enum succession_do what)
{
	s->state = SUCCESSION_STOPPING;
	s->due = MS_NEVER;
	return act(what, 0);
}

static struct succession_action
detach(struct succession *s, const struct succession_policy *p, ms now)
{
	unsigned slot = find_free(s);

	if (!p->enable_detach)
		return stop(s, SUCCESSION_DO_STOP_ALL);
	if (s->state != SUCCESSION_RUNNING || slot == SUCCESSION_SLOTS)
		return act(SUCCESSION_DO_REFUSE, 0);
	if (p->overlap && !p->exit_on_detach) {
		s->state = SUCCESSION_OVERLAP;
		s->next = slot;
		s->taken[slot] = true;
		return act(SUCCESSION_DO_START, slot);
	}
	s->state = SUCCESSION_WAITING;
	s->due = ms_add(now, p->detach_wait);
	return act(SUCCESSION_DO_RETIRE, s->current);
}

/* The old one is gone, or has had its time. */
static struct succession_action
succeed(struct succession *s, const struct succession_policy *p)
{
	if (!p->exit_on_detach)
		return start(s);
	s->state = SUCCESSION_LEAVING;
	s->due = MS_NEVER;
	return act(SUCCESSION_DO_LEAVE, s->current);
}

static struct succession_action
gone(struct succession *s, const struct succession_policy *p, unsigned slot)
{
	switch (s->state) {
	case SUCCESSION_RUNNING:
		s->taken[slot] &= slot == s->current; /* which is restarted */
		return act(SUCCESSION_DO_NOTHING, 0);
	case SUCCESSION_WAITING:
		s->taken[slot] = false;
		return slot == s->current ? succeed(s, p) : act(SUCCESSION_DO_NOTHING, 0);
	case SUCCESSION_OVERLAP:
		s->taken[slot] &= slot == s->current;
		if (slot != s->next)
			return act(SUCCESSION_DO_NOTHING, 0);
		s->state = SUCCESSION_RUNNING;
		return act(SUCCESSION_DO_FAIL, slot);
	case SUCCESSION_STOPPING:
	case SUCCESSION_LEAVING:
		s->taken[slot] = false;
		break;
	}
	return act(SUCCESSION_DO_NOTHING, 0);
}

struct succession_action
succession_step(struct succession *s, const struct succession_policy *p,
    enum succession_event event, unsigned slot, ms now)
{
	switch (event) {
	case SUCCESSION_EV_START:
		return start(s);
	case SUCCESSION_EV_DETACH:
		return detach(s, p, now);
	case SUCCESSION_EV_UP:
		if (s->state != SUCCESSION_OVERLAP || slot != s->next)
			break;
		s->state = SUCCESSION_RUNNING;
		slot = s->current;
		s->current = s->next;
		return act(SUCCESSION_DO_RETIRE, slot);
	case SUCCESSION_EV_GONE:
		return gone(s, p, slot);
	case SUCCESSION_EV_STOP:
		return stop(s, SUCCESSION_DO_STOP_ALL);
	case SUCCESSION_EV_ABORT:
		return stop(s, SUCCESSION_DO_ABORT_ALL);
	case SUCCESSION_EV_TIME:
		if (now >= s->due)
			return succeed(s, p);
		break;
	}
	return act(SUCCESSION_DO_NOTHING, 0);
}
