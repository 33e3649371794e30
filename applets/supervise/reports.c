#include "reports.h"

#include <string.h>
#include <unistd.h>

#include "../../lib/sys/unixsock.h"
#include "../../lib/wire/notify.h"
#include "readiness.h"
#include "workers.h"

/* Whose process sent a report: a worker itself, or one of its process group. */
static bool
find_sender(const struct supervise *s, pid_t sender, unsigned *i)
{
	return map_get(&s->by_pid, sender, i) || map_get(&s->by_pid, getpgid(sender), i);
}

static void
take_report(struct supervise *s, unsigned i, const struct notify *n)
{
	struct slot *w = &s->slot[i];

	if (n->status) {
		w->text_len = (unsigned char)(n->status_len < sizeof w->text ? n->status_len
									     : sizeof w->text);
		memcpy(w->text, n->status, w->text_len);
		s->changed = true;
	}
	if (n->ready)
		readiness_take(s, i);
	if (n->watchdog)
		workers_feed_event(s, i, WORKER_EV_BEAT);
	if (n->extend > 0) /* after the beat, which begins a new timeout */
		workers_feed(s, i,
		    &(struct worker_input){
			.event = WORKER_EV_EXTEND, .now = s->now, .until = s->now + n->extend });
	if (n->trigger)
		workers_feed_event(s, i, WORKER_EV_TRIGGER);
	if (n->stopping)
		log_say(s, LOGLINE_DEBUG, "Worker %u is stopping", i);
}

void
reports_on_datagram(struct supervise *s)
{
	struct notify n;
	char bytes[2048];
	pid_t sender = 0;
	ssize_t len = unixsock_report(s->reports_fd, bytes, sizeof bytes, &sender);
	unsigned i;

	if (len < 0)
		return;
	if (find_sender(s, sender, &i)) {
		if (notify_parse(bytes, (size_t)len, &n))
			take_report(s, i, &n);
	} else if (s->now >= s->stranger) {
		s->stranger = s->now + 60 * MS_SECOND;
		log_say(s, LOGLINE_WARN,
		    "A notification from pid %d, which is no worker, was ignored", (int)sender);
	}
}
