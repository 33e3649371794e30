#ifndef SE_TESTS_ROTATION_WORLD_H
#define SE_TESTS_ROTATION_WORLD_H

#include <string.h>

#include "lib/fsm/rotation.h"
#include "tests/unit/choice.h"

/*
 * A directory in which a rotation works: FILE and its old files, each with the number of the
 * content that it has (a later one is newer) and its size. Steps fail, the program is killed,
 * others rotate.
 */
#define SLOTS 24

struct content {
	unsigned id; /* 0: there is no file */
	uint64_t size;
};

struct rotation_world {
	struct choice *from;
	struct rotation_policy policy;
	struct rotation r;
	struct content file, old[SLOTS];
	unsigned open;   /* the content that is open; 0: none */
	unsigned newest; /* the last id that was given */
	bool locked;     /* alone */
	bool full;       /* the disk */
	bool was_full;   /* at the last write */
	bool moved;      /* somebody else has taken FILE since it was looked at */
	unsigned faults; /* one step in so many fails; 0: none does */
	ms now;
	uint64_t line; /* that waits; 0: none */
	unsigned did[ROTATION_UNLOCK + 1], refused[ROTATION_FAILED + 1];
};

static void
rotation_world_init(struct rotation_world *x, struct choice *from)
{
	*x = (struct rotation_world){ .from = from, .newest = 1, .now = 1000 };
	x->policy = (struct rotation_policy){
		.size = choose(from, 4) ? 10 + choose(from, 90) : 0,
		.age = choose(from, 7),
		.first = choose(from, 2),
		.every = choose(from, 4) ? MS_NEVER : 1000 + choose(from, 5000),
		.look_every = choose(from, 2) ? 0 : 1000,
		.keep_bytes = choose(from, 3) ? 0 : 50 + choose(from, 300),
		.sync = choose(from, 2),
	};
	if (x->policy.age > 1 && choose(from, 2))
		x->policy.min_age = 1 + choose(from, x->policy.age - 1);
	x->faults = choose(from, 3) ? 4 + choose(from, 60) : 0;
	rotation_init(&x->r);
}

static int64_t
last_slot(const struct rotation_world *x)
{
	return (int64_t)x->policy.first + x->policy.age - 2;
}

/* What must be true of the directory at every moment. */
static void
check_directory(const struct rotation_world *x)
{
	unsigned newer = x->file.id ? x->file.id : UINT32_MAX;

	for (unsigned i = x->policy.first; i < SLOTS; i++) {
		if (x->old[i].id == 0)
			continue;
		/* only FILE.first may be FILE itself, and only until it is healed */
		MUST(x->old[i].id < newer || (i == x->policy.first && x->old[i].id == x->file.id));
		newer = x->old[i].id;
	}
	MUST(x->file.id > 0 || x->open == 0);
}

/* Another program rotates: moves all up and begins anew. */
static void
others_rotate(struct rotation_world *x)
{
	if (x->file.id == 0 || x->locked || x->old[SLOTS - 1].id > 0 ||
	    x->old[x->policy.first].id == x->file.id) /* two names: it would get a third */
		return;
	memmove(x->old + x->policy.first + 1, x->old + x->policy.first,
	    (SLOTS - 1 - x->policy.first) * sizeof *x->old);
	x->old[x->policy.first] = x->file;
	x->file = (struct content){ .id = ++x->newest };
}

/* May that old file be removed, and why? */
static void
check_remove(const struct rotation_world *x, unsigned i)
{
	unsigned gap = 0;

	MUST(i < SLOTS && x->old[i].id > 0);
	for (unsigned k = x->policy.first; k < i; k++)
		gap |= x->old[k].id == 0;
	if (x->r.freeing) {
		MUST(x->was_full);
		MUST(i >= x->policy.first + x->policy.min_age - 1);
		for (unsigned k = i + 1; (int64_t)k <= last_slot(x); k++)
			MUST(x->old[k].id == 0); /* the oldest first */
		return;
	}
	MUST((int64_t)i + !gap > last_slot(x) ||
	    (x->policy.keep_bytes > 0 && x->r.total > x->policy.keep_bytes));
}

static enum rotation_answer
write_line(struct rotation_world *x)
{
	uint64_t n = x->line, most = x->r.room;

	MUST(x->line > 0 && x->open > 0);
	MUST(most >= x->line);
	x->was_full = x->full;
	if (x->full)
		return ROTATION_FULL;
	if (x->policy.look_every == 0 && x->moved)
		return ROTATION_MOVED; /* a lock would have kept them out: not a write at the wrong
					  place */
	if (x->open == x->file.id) {
		x->file.size += n;
		if (x->policy.size > 0 && x->policy.age > 0 && x->now >= x->r.again &&
		    !x->r.midline && x->file.size == x->r.size + n)
			MUST(x->file.size <= x->policy.size || x->file.size == n);
	}
	x->line = 0;
	return ROTATION_DONE;
}

static enum rotation_answer
lock(struct rotation_world *x)
{
	if (x->open != x->file.id)
		return ROTATION_MOVED;
	if (x->faults && chance(x->from, 8))
		return ROTATION_BUSY;
	x->locked = true;
	return ROTATION_DONE;
}

static void
shift(struct rotation_world *x)
{
	unsigned i = x->r.index;

	MUST(x->locked);
	MUST(i + 1 < SLOTS && x->old[i].id > 0 && x->old[i + 1].id == 0);
	MUST((int64_t)i + 1 <= last_slot(x));
	x->old[i + 1] = x->old[i];
	x->old[i].id = 0;
}

static void
renew(struct rotation_world *x)
{
	struct content *first = &x->old[x->policy.first];

	MUST(x->locked && x->file.size > 0);
	MUST(last_slot(x) < (int64_t)x->policy.first || first->id == x->file.id);
	x->file = (struct content){ .id = ++x->newest };
	x->open = x->file.id;
	x->locked = false;
}

/* Carries the step out; what it answers, and the size that goes with it. */
static enum rotation_answer
carry_out(struct rotation_world *x, enum rotation_action action, uint64_t *size)
{
	struct content *first = &x->old[x->policy.first];

	switch (action) {
	case ROTATION_WAIT:
		MUST(false);
		return ROTATION_DONE;
	case ROTATION_OPEN:
		x->locked = false;
		if (x->file.id == 0)
			x->file = (struct content){ .id = ++x->newest };
		x->open = x->file.id;
		*size = x->file.size;
		return ROTATION_DONE;
	case ROTATION_LOOK:
		x->moved = false;
		*size = x->file.size;
		return x->open == x->file.id ? ROTATION_DONE : ROTATION_MOVED;
	case ROTATION_WRITE: {
		enum rotation_answer a = write_line(x);

		*size = x->file.size;
		return a;
	}
	case ROTATION_LOCK:
		return lock(x);
	case ROTATION_HEAL:
		MUST(x->locked);
		if (first->id == x->file.id)
			first->id = 0;
		return ROTATION_DONE;
	case ROTATION_PROBE:
		MUST(x->locked && x->r.index <= SLOTS);
		*size = x->r.index < SLOTS && x->old[x->r.index].id ? x->old[x->r.index].size + 1 : 0;
		return ROTATION_DONE;
	case ROTATION_REMOVE:
		MUST(x->locked);
		check_remove(x, x->r.index);
		x->old[x->r.index] = (struct content){ 0 };
		if (x->r.freeing)
			x->full = false;
		return ROTATION_DONE;
	case ROTATION_SYNC:
		MUST(x->policy.sync);
		return ROTATION_DONE;
	case ROTATION_SHIFT:
		shift(x);
		return ROTATION_DONE;
	case ROTATION_ASIDE:
		MUST(x->locked && first->id == 0);
		*first = x->file;
		return ROTATION_DONE;
	case ROTATION_RENEW:
		renew(x);
		return ROTATION_DONE;
	case ROTATION_UNLOCK:
		x->locked = false;
		return ROTATION_DONE;
	}
	return ROTATION_DONE;
}

/* One step of the machine, or some time. */
static void
rotation_world_step(struct rotation_world *x)
{
	enum rotation_action action;
	enum rotation_answer a = ROTATION_FAILED;
	uint64_t size = 0;

	if (x->line == 0 && choose(x->from, 4))
		x->line = 1 + choose(x->from, chance(x->from, 20) ? 150 : 12);
	if (chance(x->from, 200))
		x->full = !x->full;
	if (chance(x->from, 50))
		x->r.wanted = true;
	if (chance(x->from, 50))
		x->r.reopen = true;
	if (x->faults && chance(x->from, 40)) {
		others_rotate(x);
		x->moved = true;
	}
	if (x->faults && chance(x->from, 100)) { /* it is killed, and started again */
		rotation_init(&x->r);
		x->locked = false;
		x->open = 0;
	}
	action = rotation_next(&x->r, &x->policy, x->line, x->now);
	MUST(action == rotation_next(&x->r, &x->policy, x->line, x->now));
	x->did[action]++;
	if (action == ROTATION_WAIT) {
		MUST(rotation_due(&x->r, &x->policy, x->line > 0) > x->now);
		MUST(!x->locked || x->now < x->r.due);
		x->now += choose(x->from, 2) ? 1 : 1000;
		return;
	}
	if (!x->faults || action == ROTATION_UNLOCK || !chance(x->from, x->faults))
		a = carry_out(x, action, &size);
	else if (action == ROTATION_WRITE || action == ROTATION_LOOK)
		x->locked = false;
	x->refused[a]++;
	rotation_done(&x->r, &x->policy, a, size, x->now);
	if (action == ROTATION_OPEN && a == ROTATION_DONE)
		rotation_aged(&x->r, &x->policy, choose(x->from, 10000), x->now);
	if (action == ROTATION_WRITE && a == ROTATION_DONE)
		rotation_midline(&x->r, chance(x->from, 10));
	check_directory(x);
}

#endif
