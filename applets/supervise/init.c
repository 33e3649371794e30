#include "init.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/pid1.h"

#define DEFAULT_CONFIG "/etc/se-supervise.conf"

const char *
init_config(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash ? slash + 1 : argv0, "init") == 0 ? DEFAULT_CONFIG : NULL;
}

static bool
take(const char *key, struct config *c, struct buf *why)
{
	const struct opt_value v = { .first = call_env(key), .count = 1 };
	struct buf none = { 0 }; /* no text is held */

	if (!v.first)
		return true;
	buf_printf(why, "%s: ", key);
	if (!optval_set(opt_find(config_opts, key), c, &none, &v, why))
		return false;
	buf_clear(why);
	return true;
}

bool
init_environment(struct config *c, struct buf *why)
{
	return take("init_exit", c, why) && take("init_mount", c, why);
}

/* Without a configuration: what the environment says of it, as far as that is right. */
static const struct config *
told(const struct config *c, struct config *room)
{
	char nothing[1];
	struct buf none = buf_over(nothing, sizeof nothing);

	if (c)
		return c;
	(void)take("init_exit", room, &none);
	(void)take("init_mount", room, &none);
	return room;
}

void
init_mount(const struct config *c)
{
	struct config room = { 0 };
	const char *what;

	if (getpid() == 1 && told(c, &room)->init_mount && (what = pid1_mount()) != NULL)
		out_error("se-supervise: init_mount: %s: %s", what, call_reason());
}

bool
init_on_signal(struct supervise *s, const struct loop_event *ev)
{
	const struct command stop = { .word = s->reboot ? COMMAND_IMMEDIATE_STOP
							: COMMAND_GRACEFUL_STOP };

	if (!s->machine || ev->sig != SIGINT || ev->pid != 0)
		return false;
	s->reboot = true;
	(void)supervise_command(s, &stop, "Ctrl-Alt-Del"); /* a stop is not refused */
	return true;
}

int
init_leave(const struct config *c, bool reboot, int status)
{
	struct config room = { 0 };
	unsigned how = reboot ? CONFIG_INIT_REBOOT : told(c, &room)->init_exit;

	if (getpid() != 1)
		return status;
	if (how != CONFIG_INIT_EXIT) {
		pid1_end((enum pid1_end)(how - 1));
		out_error("se-supervise: init_exit: %s", call_reason());
	}
	if (pid1_is_machine())
		out_error("se-supervise: the kernel needs its PID 1: waiting for Ctrl-Alt-Del");
	return pid1_leave(status);
}
