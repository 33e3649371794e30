#include "readiness.h"

#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "workers.h"

bool
readiness_told(const struct config *c)
{
	return c->worker_notification_fd != OPT_UNSET;
}

int
readiness_pipe(struct supervise *s, unsigned i)
{
	int p[2];

	if (call_pipe(p, O_CLOEXEC) < 0)
		return -1;
	/* our end only, as that of the heartbeat pipe */
	if (call_fcntl(p[0], F_SETFL, O_NONBLOCK) == 0 &&
	    loop_watch(p[0], TAG(TAG_READY, i), false) == 0) {
		s->slot[i].ready_fd = p[0];
		return p[1];
	}
	call_close(p[0]);
	return call_close(p[1]);
}

void
readiness_close(struct supervise *s, unsigned i)
{
	struct slot *w = &s->slot[i];

	if (w->ready_fd < 0)
		return;
	loop_forget(w->ready_fd, TAG(TAG_READY, i));
	close(w->ready_fd);
	w->ready_fd = -1;
	w->ready_muted = false;
}

void
readiness_take(struct supervise *s, unsigned i, ms now)
{
	log_say(&s->log, LOGLINE_DEBUG, "Worker %u is ready", i);
	workers_feed_event(s, i, WORKER_EV_READY, now);
}

void
readiness_on_pipe(struct supervise *s, unsigned i, ms now)
{
	struct slot *w = &s->slot[i];
	char bytes[WORKERS_PIPE_ROOM];
	ssize_t n;

	if (i >= s->nslots || w->ready_fd < 0)
		return;
	n = read(w->ready_fd, bytes, sizeof bytes);
	if (n > 0 && text_find(bytes, '\n', (size_t)n)) {
		readiness_close(s, i);
		readiness_take(s, i, now);
	} else if (n == sizeof bytes) {
		workers_mute(s, w->ready_fd, TAG(TAG_READY, i), &w->ready_muted, now);
	} else if (n == 0) {
		readiness_close(s, i);
	}
}
