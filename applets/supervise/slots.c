#include "slots.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "../../lib/sys/memory.h"
#include "beats.h"
#include "readiness.h"
#include "restart.h"
#include "workers.h"

/* Descriptors that we may need besides one for each worker: clients, log, helpers, /proc. */
#define SPARE_FDS 64

/* The three arrays of a heap are one block of memory: for few workers, one page. */
bool
slots_grow_heap(struct heap *h, unsigned old, unsigned n)
{
	const size_t each = sizeof *h->key + sizeof *h->slot + sizeof *h->at;
	struct heap new = { .key = memory_get(n * each), .len = h->len };

	if (!new.key)
		return false;
	new.slot = (unsigned *)(new.key + n);
	new.at = new.slot + n;
	if (old > 0) {
		memcpy(new.key, h->key, old * sizeof *h->key);
		memcpy(new.slot, h->slot, old * sizeof *h->slot);
		memcpy(new.at, h->at, old * sizeof *h->at);
		memory_free(h->key, old * each);
	}
	*h = new;
	heap_grow(h, old, n);
	return true;
}

/* Room for what so many workers may leave behind, while there are none. */
static bool
make_strays(struct supervise *s, unsigned n)
{
	size_t room = map_room(n > 512 ? n : 512), size = sizeof *s->strays.cell;

	if (room <= s->strays.room)
		return true;
	if (!memory_grow(&s->strays.cell, s->strays.room * size, room * size))
		return false;
	s->strays.room = room;
	return true;
}

/* Those that were grown before one fails stay so, which does no harm. */
bool
slots_make_room(struct supervise *s, unsigned n)
{
	unsigned old = s->nslots;
	struct map map = { .room = map_room(n) };

	if (n <= old)
		return true;
	if (!memory_grow(&s->slot, old * sizeof *s->slot, n * sizeof *s->slot) ||
	    !make_strays(s, n) || !(map.cell = memory_get(map.room * sizeof *map.cell)))
		return false;
	if (!slots_grow_heap(&s->due, old, n)) {
		memory_free(map.cell, map.room * sizeof *map.cell);
		return false;
	}
	for (unsigned i = 0; i < old; i++)
		if (s->slot[i].pid > 0)
			map_put(&map, s->slot[i].pid, i);
	memory_free(s->by_pid.cell, s->by_pid.room * sizeof *map.cell);
	s->by_pid = map;
	for (unsigned i = old; i < n; i++) {
		s->slot[i] = (struct slot){ .beat_fd = -1, .ready_fd = -1, .command_fd = -1 };
		worker_init(&s->slot[i].machine);
	}
	s->nslots = n;
	return true;
}

/* How many descriptors n workers cost us. */
static rlim_t
pipes(const struct supervise *s, const struct config *c, unsigned n)
{
	return (rlim_t)n *
	    (beats_by_pipe(c) + readiness_told(c) + logger_fds(c) + s->boot->command_sender);
}

const char *
slots_limit(const struct supervise *s, const struct config *c, unsigned n)
{
	struct rlimit fds;

	if (pipes(s, c, n) <= pipes(s, s->live, s->wanted) ||
	    prlimit(0, RLIMIT_NOFILE, NULL, &fds) < 0 ||
	    pipes(s, c, n) + SPARE_FDS + hooks_fds(s->boot) <= fds.rlim_cur)
		return NULL;
	return "too many workers for the limit of open files (pipes for heartbeat and log): raise "
	       "it, or set worker_heartbeat: off";
}

const char *
slots_scale(struct supervise *s, unsigned n)
{
	unsigned all = n + restart_extra(s); /* those are neither started nor stopped here */
	const char *why = slots_limit(s, s->live, all);

	if (why)
		return why;
	if (!logger_grow(&s->logger, all) ||
	    !slots_make_room(s, all > 0 ? all : 1) || /* by_pid is never without a cell */
	    !restart_resize(s, n))
		return strerror(ENOMEM);
	s->wanted = n;
	for (unsigned i = 0; i < s->nslots; i++)
		if (i < n || i >= all)
			workers_feed_event(s, i, i < n ? WORKER_EV_START : WORKER_EV_STOP);
	return NULL;
}
