#include "beats.h"

#include <unistd.h>

#include "../../lib/sys/loop.h"
#include "ends.h"
#include "workers.h"

/* A pipe that is flooded is not read for so long. */
#define MUTE_TIME 10

bool
beats_by_pipe(const struct config *c)
{
	return c->worker.heartbeat == WORKER_HEARTBEAT_AUTO ||
	    c->worker.heartbeat == WORKER_HEARTBEAT_REQUIRED;
}

void
beats_mute(struct supervise *s, int fd, uint64_t tag, bool *muted)
{
	if (loop_rewatch(fd, tag, false, false) < 0)
		return;
	*muted = true;
	s->unmute = ms_min(s->unmute, s->now + MUTE_TIME);
}

/* Reads slot i's heartbeat pipe; what is in it does not matter, only that it is. */
static void
read_beats(struct supervise *s, unsigned i)
{
	struct slot *w = &s->slot[i];
	char bytes[BEATS_PIPE_ROOM];
	ssize_t n = read(w->beat_fd, bytes, sizeof bytes);

	if (n > 0)
		workers_feed_event(s, i, WORKER_EV_BEAT);
	if (n == sizeof bytes)
		beats_mute(s, w->beat_fd, TAG(TAG_BEAT, i), &w->muted);
	if (n == 0) {
		ends_close(&w->beat_fd, TAG(TAG_BEAT, i));
		workers_feed_event(s, i, WORKER_EV_BEAT_CLOSED);
	}
}

void
beats_on_ready(struct supervise *s, unsigned i)
{
	if (s->slot[i].beat_fd >= 0)
		read_beats(s, i);
}

static void
unmute_pipe(struct supervise *s, int fd, uint64_t tag, bool *muted)
{
	if (*muted && fd >= 0 && loop_rewatch(fd, tag, true, false) < 0)
		s->unmute = loop_now() + MUTE_TIME; /* no memory in the kernel: again */
	else
		*muted = false;
}

void
beats_unmute(struct supervise *s)
{
	s->unmute = MS_NEVER;
	for (unsigned i = 0; i < s->nslots; i++) {
		struct slot *w = &s->slot[i];

		unmute_pipe(s, w->beat_fd, TAG(TAG_BEAT, i), &w->muted);
		unmute_pipe(s, w->ready_fd, TAG(TAG_READY, i), &w->ready_muted);
	}
}
