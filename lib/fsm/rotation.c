#include "rotation.h"

void
rotation_init(struct rotation *r)
{
	*r = (struct rotation){ .aged = MS_NEVER, .nudge = ROTATION_NUDGE };
}

/* The highest number that an old file has after a rotation; below first: none is kept. */
static int64_t
last(const struct rotation_policy *p)
{
	return (int64_t)p->first + p->age - 2;
}

/* Is a rotation due before a line of so many bytes? */
static bool
is_full(const struct rotation *r, const struct rotation_policy *p, uint64_t line, ms now)
{
	if (r->midline || r->size == 0 || p->age == 0 || now < r->again)
		return false;
	if (r->wanted || now >= r->aged)
		return true;
	return line > 0 && p->size > 0 && (line > p->size || r->size > p->size - line);
}

/* What a write may have: to the end of the line that is begun, to the size, or all. */
static uint64_t
room(const struct rotation *r, const struct rotation_policy *p, uint64_t line, ms now)
{
	if (p->size == 0 || p->age == 0 || now < r->again)
		return UINT64_MAX;
	if (r->midline || r->size >= p->size || line > p->size - r->size)
		return line;
	return p->size - r->size;
}

static enum rotation_action
ready(struct rotation *r, const struct rotation_policy *p, uint64_t line, ms now)
{
	bool full = is_full(r, p, line, now);

	if (r->midline && line > 0) { /* its rest goes where it began */
		r->room = room(r, p, line, now);
		return ROTATION_WRITE;
	}
	if (r->reopen && !r->midline)
		r->state = ROTATION_ST_CLOSED;
	else if (line == 0 && !full) {
		r->wanted &= r->size > 0; /* an empty file is not rotated */
		if (!r->looked)
			return ROTATION_WAIT;
		r->state = ROTATION_ST_UNLOCKING;
	} else if (!r->looked && now >= r->look)
		return ROTATION_LOOK;
	else if (full)
		r->state = ROTATION_ST_LOCKING;
	r->room = room(r, p, line, now);
	return ROTATION_WRITE;
}

enum rotation_action
rotation_next(struct rotation *r, const struct rotation_policy *p, uint64_t line, ms now)
{
	enum rotation_action action = ROTATION_WAIT;

	if (now < r->due)
		return ROTATION_WAIT;
	if (r->state == ROTATION_ST_READY)
		action = ready(r, p, line, now);
	switch (r->state) {
	case ROTATION_ST_READY:
		r->looking = action == ROTATION_LOOK;
		return action;
	case ROTATION_ST_CLOSED:
		return ROTATION_OPEN;
	case ROTATION_ST_OPENED:
	case ROTATION_ST_LOCKING:
		return ROTATION_LOCK;
	case ROTATION_ST_HEALING_OPENED:
	case ROTATION_ST_HEALING:
		return ROTATION_HEAL;
	case ROTATION_ST_PROBING:
	case ROTATION_ST_FREEING:
		return ROTATION_PROBE;
	case ROTATION_ST_REMOVING:
	case ROTATION_ST_FREEING_REMOVING:
		return ROTATION_REMOVE;
	case ROTATION_ST_SYNCING:
		return ROTATION_SYNC;
	case ROTATION_ST_SHIFTING:
		return ROTATION_SHIFT;
	case ROTATION_ST_PUTTING_ASIDE:
		return ROTATION_ASIDE;
	case ROTATION_ST_RENEWING:
		return ROTATION_RENEW;
	case ROTATION_ST_UNLOCKING:
		return ROTATION_UNLOCK;
	}
	return action;
}

/* The next step down: shift the old file below the gap, or, with none left, FILE itself. */
static void
descend(struct rotation *r, const struct rotation_policy *p)
{
	if (r->gap > p->first && last(p) >= p->first) {
		r->index = r->gap - 1;
		r->state = ROTATION_ST_SHIFTING;
	} else {
		r->state =
		    last(p) < (int64_t)p->first ? ROTATION_ST_RENEWING : ROTATION_ST_PUTTING_ASIDE;
	}
}

static void
probe_next(struct rotation *r)
{
	r->index++;
	r->state = ROTATION_ST_PROBING;
}

/*
 * What becomes of the old file that was probed: those that would come behind the last one, or go
 * beyond the cap, are removed; the others will move up as far as the lowest gap.
 */
static void
probed(struct rotation *r, const struct rotation_policy *p, uint64_t size)
{
	int64_t place = (int64_t)r->index + (r->gap == ROTATION_NO_GAP);

	if (size == 0) {
		if (r->gap == ROTATION_NO_GAP)
			r->gap = r->index;
		if ((int64_t)r->index <= last(p))
			probe_next(r);
		else if (p->sync)
			r->state = ROTATION_ST_SYNCING;
		else
			descend(r, p);
		return;
	}
	r->total += size - 1;
	if (place > last(p) || (p->keep_bytes > 0 && r->total > p->keep_bytes))
		r->state = ROTATION_ST_REMOVING;
	else
		probe_next(r);
}

static void
removed(struct rotation *r)
{
	if (r->gap == ROTATION_NO_GAP)
		r->gap = r->index;
	probe_next(r);
}

/* On a full disk: goes from the last old file down to the newest that may be removed. */
static void
free_next(struct rotation *r, const struct rotation_policy *p, int64_t from)
{
	if (from >= (int64_t)p->first + p->min_age - 1) {
		r->index = (unsigned)from;
		r->state = ROTATION_ST_FREEING;
	} else {
		r->freeing = false;
		r->freed = true;
		r->state = ROTATION_ST_UNLOCKING;
	}
}

/* What follows from an answer other than DONE. */
static void
refused(struct rotation *r, const struct rotation_policy *p, enum rotation_answer answer, ms now)
{
	bool writing = r->state == ROTATION_ST_READY && !r->looking;

	r->looked = false;
	if (answer == ROTATION_MOVED) {
		r->freeing = false;
		if (r->state == ROTATION_ST_OPENED) { /* quick, or never the same */
			r->due = now + r->nudge;
			r->nudge = ms_min(2 * r->nudge, ROTATION_NUDGE_MAX);
		}
		r->state = ROTATION_ST_CLOSED;
		return;
	}
	if (answer == ROTATION_BUSY) {
		if (r->state == ROTATION_ST_LOCKING && r->nudge >= ROTATION_NUDGE_MAX) {
			/* it may take long: FILE grows meanwhile */
			r->freed |= r->freeing;
			r->freeing = false;
			r->again = now + ROTATION_RETRY;
			r->state = ROTATION_ST_READY;
			return;
		}
		r->due = now + r->nudge;
		r->nudge = ms_min(2 * r->nudge, ROTATION_NUDGE_MAX);
		return;
	}
	if (writing && answer == ROTATION_FULL && p->min_age > 0 && p->age > p->min_age &&
	    !r->freed) {
		r->freeing = true;
		r->state = ROTATION_ST_LOCKING;
		return;
	}
	if (r->state == ROTATION_ST_CLOSED || r->state == ROTATION_ST_OPENED ||
	    r->state == ROTATION_ST_READY) {
		r->freed = false;
		r->due = now + ROTATION_RETRY;
		return;
	}
	r->freed |= r->freeing;
	r->freeing = false;
	/* FILE grows meanwhile; the rotation begins again, with a look at what is there */
	r->again = now + ROTATION_RETRY;
	if (r->state == ROTATION_ST_RENEWING) /* FILE has two names */
		r->state = ROTATION_ST_HEALING_OPENED;
	else
		r->state = r->state == ROTATION_ST_UNLOCKING ? ROTATION_ST_READY
							     : ROTATION_ST_UNLOCKING;
}

static void
healed(struct rotation *r, const struct rotation_policy *p)
{
	r->index = p->first;
	r->gap = ROTATION_NO_GAP;
	r->total = r->size;
	r->state = ROTATION_ST_PROBING;
	if (r->freeing)
		free_next(r, p, last(p));
}

static void
renewed(struct rotation *r, const struct rotation_policy *p, uint64_t size, ms now)
{
	r->size = size;
	r->wanted = false;
	r->midline = false;
	r->again = 0;
	r->aged = ms_add(now, p->every);
	r->looked = false;
	r->look = now + p->look_every;
	r->state = ROTATION_ST_READY;
}

void
rotation_done(struct rotation *r, const struct rotation_policy *p, enum rotation_answer answer,
    uint64_t size, ms now)
{
	r->due = 0;
	if (answer != ROTATION_DONE) {
		refused(r, p, answer, now);
		return;
	}
	r->nudge = ROTATION_NUDGE;
	switch (r->state) {
	case ROTATION_ST_CLOSED:
		r->size = size;
		r->reopen = r->looked = false;
		r->look = now;
		r->state = ROTATION_ST_OPENED;
		break;
	case ROTATION_ST_OPENED:
		r->state = ROTATION_ST_HEALING_OPENED;
		break;
	case ROTATION_ST_HEALING_OPENED:
		r->state = ROTATION_ST_UNLOCKING;
		break;
	case ROTATION_ST_READY:
		r->size = size;
		r->looked = r->looking;
		if (r->looking)
			r->look = now + p->look_every;
		else
			r->freed = false;
		break;
	case ROTATION_ST_LOCKING:
		r->looked = false;
		r->state = ROTATION_ST_HEALING;
		break;
	case ROTATION_ST_HEALING:
		healed(r, p);
		break;
	case ROTATION_ST_PROBING:
		probed(r, p, size);
		break;
	case ROTATION_ST_REMOVING:
		removed(r);
		break;
	case ROTATION_ST_SYNCING:
		descend(r, p);
		break;
	case ROTATION_ST_SHIFTING:
		r->gap = r->index;
		descend(r, p);
		break;
	case ROTATION_ST_PUTTING_ASIDE:
		r->state = ROTATION_ST_RENEWING;
		break;
	case ROTATION_ST_RENEWING:
		renewed(r, p, size, now);
		break;
	case ROTATION_ST_UNLOCKING:
		r->looked = false;
		r->state = ROTATION_ST_READY;
		break;
	case ROTATION_ST_FREEING:
		if (size > 0)
			r->state = ROTATION_ST_FREEING_REMOVING;
		else
			free_next(r, p, (int64_t)r->index - 1);
		break;
	case ROTATION_ST_FREEING_REMOVING:
		r->freeing = false;
		r->state = ROTATION_ST_UNLOCKING; /* and then the write is tried again */
		break;
	}
}

void
rotation_aged(struct rotation *r, const struct rotation_policy *p, ms age, ms now)
{
	r->aged = p->every == MS_NEVER ? MS_NEVER : now + ms_max(p->every - age, 0);
}

void
rotation_midline(struct rotation *r, bool midline)
{
	r->midline = midline;
}

ms
rotation_due(const struct rotation *r, const struct rotation_policy *p, bool waiting)
{
	ms due = MS_NEVER;

	if (waiting || (r->state != ROTATION_ST_READY && r->state != ROTATION_ST_CLOSED))
		return r->due;
	if (p->age > 0 && r->size > 0 && !r->midline)
		due = ms_max(r->wanted ? 0 : r->aged, r->again);
	if (r->reopen && !r->midline)
		due = 0;
	return ms_max(due, r->due);
}
