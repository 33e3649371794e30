#include "restart.h"

#include "../../lib/sys/memory.h"
#include "slots.h"
#include "workers.h"

unsigned
restart_extra(const struct supervise *s)
{
	return s->rolling.on ? s->live->restart_surge : 0;
}

/* Arrays that were grown before one fails stay so. */
bool
restart_make_room(struct supervise *s)
{
	struct rolling *r = &s->rolling;
	unsigned old = r->room, n = s->nslots;

	if (n <= old)
		return true;
	if (!memory_grow(&r->one, old * sizeof *r->one, n * sizeof *r->one) ||
	    !slots_grow_heap(&r->due, old, n))
		return false;
	r->room = n;
	return true;
}

bool
restart_resize(struct supervise *s, unsigned workers)
{
	if (!s->rolling.on)
		return true;
	if (!restart_make_room(s))
		return false;
	rolling_resize(&s->rolling, workers, restart_extra(s));
	return true;
}

/* What there is of worker i when a restart begins. */
static void
survey(struct supervise *s, unsigned i)
{
	const struct slot *w = &s->slot[i];
	bool told = w->ready_fd >= 0; /* it still is to */
	bool serves =
	    w->machine.ready || (!told && s->now - w->machine.started >= s->live->rolling.alive);
	struct rolling_input in = {
		.event = w->machine.state != WORKER_UP ? ROLLING_EV_LOST
		    : serves                           ? ROLLING_EV_SERVES
						       : ROLLING_EV_STARTS,
		.slot = i,
		.now = s->now,
		.since = w->machine.started,
		.told = told,
	};

	rolling_tell(&s->rolling, &s->live->rolling, &in);
}

const char *
restart_begin(struct supervise *s, enum worker_event how)
{
	bool was = s->rolling.on;
	const char *why;

	s->rolling.on = true; /* so that the extra ones have room */
	if ((why = slots_scale(s, s->live->workers)) != NULL) {
		s->rolling.on = was;
		log_say(s, LOGLINE_ERROR, "Not restarted: %s", why);
		return why;
	}
	s->rolling_by = how;
	rolling_begin(&s->rolling, s->wanted, s->live->restart_surge);
	for (unsigned i = 0; i < s->wanted + s->live->restart_surge; i++)
		survey(s, i);
	log_say(s, LOGLINE_INFO, "Rolling restart of %u workers%s", s->wanted,
	    was ? " begins anew" : "");
	return NULL;
}

void
restart_end(struct supervise *s)
{
	if (s->rolling.on)
		log_say(s, LOGLINE_INFO, "Rolling restart ended: %u of %u workers are new",
		    s->rolling.renewed, s->rolling.workers);
	rolling_end(&s->rolling);
}

void
restart_watch(
    struct supervise *s, unsigned i, const struct worker *before, const struct worker_input *in)
{
	const struct worker *m = &s->slot[i].machine;
	bool was_up = before->state == WORKER_UP, is_up = m->state == WORKER_UP;
	struct rolling_input news = { .slot = i, .now = in->now };

	if (in->event == WORKER_EV_SPAWN_FAILED)
		news.event = ROLLING_EV_UNSTARTABLE;
	else if (in->event == WORKER_EV_EXITED && !before->asked)
		news.event = ROLLING_EV_EXITED;
	else if (is_up && !was_up)
		news.event = ROLLING_EV_UP;
	else if (was_up && !is_up)
		news.event = ROLLING_EV_AWAY;
	else if (is_up && m->ready && !before->ready)
		news.event = ROLLING_EV_READY;
	else
		return;
	rolling_tell(&s->rolling, &s->live->rolling, &news);
}

static void
tell_failure(struct supervise *s, unsigned i)
{
	const struct rolling *r = &s->rolling;
	long long late = (long long)s->live->rolling.late;
	char why[64] = "it exited";

	if (r->reason == ROLLING_BY_START)
		(void)buf_print_to(why, sizeof why, "it could not be started");
	if (r->reason == ROLLING_BY_TIME)
		(void)buf_print_to(why, sizeof why, "it was not ready within %lld.%03llds",
		    late / 1000, late % 1000);
	log_say(s, LOGLINE_ERROR,
	    "Rolling restart failed at worker %u: %s: %u of %u workers are new, the others stay", i,
	    why, r->renewed, r->workers);
}

void
restart_go_on(struct supervise *s)
{
	enum rolling_action a;
	unsigned i;

	while ((a = rolling_next(&s->rolling, &s->live->rolling, s->now, &i)) != ROLLING_WAIT)
		switch (a) {
		case ROLLING_START:
			workers_feed_event(s, i, WORKER_EV_START);
			break;
		case ROLLING_REPLACE:
			log_say(s, LOGLINE_DEBUG, "Worker %u is to be replaced", i);
			workers_feed_event(s, i, s->rolling_by);
			break;
		case ROLLING_FAILED:
			tell_failure(s, i);
			workers_stop_from(s, s->rolling.workers);
			break;
		case ROLLING_DONE:
			log_say(s, LOGLINE_INFO, "Rolling restart done: %u workers are new",
			    s->rolling.workers);
			workers_stop_from(s, s->rolling.workers);
			break;
		case ROLLING_WAIT:
			break;
		}
}
