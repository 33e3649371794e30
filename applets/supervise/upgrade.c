#include "upgrade.h"

#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../applet.h"
#include "control.h"
#include "state.h"
#include "supervisor.h"

/* Of the state: what a worker needs, and a pipe to the logger; all else. */
#define WORKER_ROOM ((size_t)1536)
#define PIPE_ROOM   ((size_t)96)
#define OTHER_ROOM  (2 * CONFIG_TEXT + (size_t)1024 * 1024)

static const char *
path_of(const struct supervise *s)
{
	return s->upgrade.path ? s->upgrade.path : successor_path();
}

static void
write_state(void *who, struct buf *b, void (*fd)(int))
{
	struct supervise *s = who;
	struct state_head h = { .format = STATE_FORMAT,
		.version = SEBOX_VERSION,
		.boot = (struct config *)(size_t)s->boot,
		.live = s->live == s->boot ? NULL : (struct config *)(size_t)s->live,
		.supervisor = s->supervisor != NULL };
	struct carry c;

	b->cut = !buf_print_to(h.path, sizeof h.path, "%s", path_of(s));
	carry_write(&c, b, fd);
	state_head(&c, &h, NULL);
	state_carry(&c, s);
}

void
upgrade_open(struct supervise *s)
{
	s->upgrade.us = (struct successor_us){ .who = s,
		.write = write_state,
		.self = s->self,
		.null = s->launch.null,
		.argv = s->argv };
}

/* Ready to be written. */
static const struct successor_us *
us_of(struct supervise *s)
{
	s->upgrade.us.room = OTHER_ROOM + s->nslots * WORKER_ROOM + s->logger.room * PIPE_ROOM;
	return &s->upgrade.us;
}

bool
upgrade_is_on(const struct supervise *s)
{
	return s->upgrade.successor.looking > 0 || s->upgrade.successor.agreed;
}

bool
upgrade_is_looking(const struct supervise *s, pid_t pid)
{
	return pid == s->upgrade.successor.looking;
}

/* Why it cannot be done as things are; NULL: it can. */
static const char *
obstacle(const struct supervise *s)
{
	if (s->fleet.state != FLEET_RUNNING)
		return "it is stopping";
	if (s->daemon_fd >= 0 || hooks_hold(s))
		return "it is still starting";
	return supervisor_rests(s) ? NULL : "a live restart is going on";
}

/* Nothing has come of it: why. */
static const char *
log_refusal(struct supervise *s, const char *why)
{
	log_say(s, LOGLINE_ERROR, "Not upgraded: %s", why);
	return why;
}

/* The same where it can be done as things are. errno: why there is no program. */
static const char *
try(struct supervise *s, int program)
{
	const char *why = upgrade_is_on(s) ? "an upgrade is going on" : obstacle(s), *step;

	if (why)
		call_close(program);
	else if ((why = successor_try(&s->upgrade.successor, us_of(s), program, s->now, &step)) !=
	    NULL) {
		(void)buf_print_to(s->why, sizeof s->why, "%.300s: %s: %s", path_of(s), step, why);
		why = s->why;
	}
	return why ? log_refusal(s, why) : NULL;
}

const char *
upgrade_begin(struct supervise *s)
{
	return try(s, successor_open(s->base_fd, path_of(s)));
}

const char *
upgrade_follow(struct supervise *s, int program, const char *path)
{
	if (buf_print_to(s->upgrade.told, sizeof s->upgrade.told, "%s", path) && *path)
		s->upgrade.path = s->upgrade.told;
	return try(s, program);
}

void
upgrade_ended(struct supervise *s, const char *why)
{
	if (why)
		(void)log_refusal(s, why);
	control_ended(s, CONTROL_UPGRADED, why);
	supervisor_upgraded(s, why);
}

/* Nothing has come of it. */
static void
fail(struct supervise *s, const char *reason)
{
	char why[1024];

	(void)buf_print_to(why, sizeof why, "%.300s: %s", path_of(s), reason); /* fits */
	upgrade_ended(s, why);
}

bool
upgrade_on_exit(struct supervise *s, pid_t pid, int status)
{
	char text[512];
	struct buf why = buf_over(text, sizeof text);
	enum successor_word word = successor_on_exit(&s->upgrade.successor, pid, status, &why);

	if (word == SUCCESSOR_REFUSES)
		fail(s, text);
	return word != SUCCESSOR_NONE;
}

ms
upgrade_due(const struct supervise *s)
{
	/* where a signal kept it from being done, the loop comes round again for that */
	return s->upgrade.successor.agreed ? 0 : successor_due(&s->upgrade.successor);
}

void
upgrade_tick(struct supervise *s)
{
	successor_tick(&s->upgrade.successor, s->now);
}

void
upgrade_go_on(struct supervise *s)
{
	const char *why = obstacle(s);

	if (s->fleet.state != FLEET_RUNNING)
		successor_stop(&s->upgrade.successor);
	/* a signal that has come is ours to handle: then later */
	if (!s->upgrade.successor.agreed || s->failed || s->left || !loop_hold())
		return;
	if (!why)
		why = successor_go(&s->upgrade.successor, us_of(s));
	successor_forget(&s->upgrade.successor);
	loop_release();
	fail(s, why);
}
