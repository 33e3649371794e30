#include "readiness.h"

#include <unistd.h>

#include "../../lib/base/text.h"
#include "beats.h"
#include "ends.h"
#include "workers.h"

bool
readiness_told(const struct config *c)
{
	return c->worker_notification_fd != OPT_UNSET;
}

void
readiness_take(struct supervise *s, unsigned i)
{
	log_say(s, LOGLINE_DEBUG, "Worker %u is ready", i);
	workers_feed_event(s, i, WORKER_EV_READY);
}

void
readiness_on_pipe(struct supervise *s, unsigned i)
{
	struct slot *w = &s->slot[i];
	char bytes[BEATS_PIPE_ROOM];
	ssize_t n;

	if (w->ready_fd < 0)
		return;
	n = read(w->ready_fd, bytes, sizeof bytes);
	if (n > 0 && text_find(bytes, '\n', (size_t)n)) {
		ends_close(&w->ready_fd, TAG(TAG_READY, i));
		readiness_take(s, i);
	} else if (n == sizeof bytes) {
		beats_mute(s, w->ready_fd, TAG(TAG_READY, i), &w->ready_muted);
	} else if (n == 0) {
		ends_close(&w->ready_fd, TAG(TAG_READY, i));
	}
}
