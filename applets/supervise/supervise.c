/* se-supervise: keeps N worker processes of one command alive. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/cgroup.h"
#include "../../lib/sys/daemon.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/proc.h"
#include "../applet.h"
#include "beats.h"
#include "commands.h"
#include "control.h"
#include "dumps.h"
#include "getsocket.h"
#include "init.h"
#include "link.h"
#include "manager.h"
#include "metrics.h"
#include "readiness.h"
#include "reports.h"
#include "restart.h"
#include "resume.h"
#include "server.h"
#include "slots.h"
#include "start.h"
#include "strays.h"
#include "supervisor.h"
#include "verbs.h"
#include "workers.h"

unsigned
supervise_random(struct supervise *s)
{
	unsigned x = s->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return s->random = x;
}

/* How long our end waits for the log's last lines: they may go to a disk that hangs. */
#define LOG_PATIENCE (5 * MS_SECOND)

/* So long after something has happened, what was needed for that goes back. */
#define TRIM_AFTER (2 * MS_SECOND)

/* ---- what ends the whole ---- */

/* To whoever is below us. */
static void
all(struct supervise *s, enum worker_event event)
{
	if (s->supervisor)
		supervisor_all(s, event);
	workers_all(s, event);
}

static void
feed_fleet(struct supervise *s, const struct fleet_input *in)
{
	switch (fleet_step(&s->fleet, &s->live->fleet, in)) {
	case FLEET_DO_NOTHING:
		break;
	case FLEET_DO_STOP_WORKERS:
		restart_end(s);
		all(s, WORKER_EV_STOP);
		break;
	case FLEET_DO_ABORT_WORKERS:
		restart_end(s);
		all(s, WORKER_EV_ABORT);
		break;
	case FLEET_DO_TERM_STRAYS:
		strays_signal(s, SIGTERM);
		break;
	case FLEET_DO_KILL_STRAYS:
		strays_signal(s, SIGKILL);
		break;
	case FLEET_DO_EXIT:
		if (!strays_are_none(s))
			log_say(
			    s, LOGLINE_ERROR, "Some processes that workers left behind do not end");
		break;
	}
}

void
supervise_fleet(struct supervise *s, enum fleet_event event)
{
	feed_fleet(s, &(struct fleet_input){ .event = event, .now = s->now });
}

void
supervise_lost(struct supervise *s, int status, bool fatal)
{
	feed_fleet(s,
	    &(struct fleet_input){
		.event = FLEET_EV_WORKER_LOST, .now = s->now, .status = status, .fatal = fatal });
}

/* ---- what is asked of us ---- */

/* What workers need of a new configuration; a supervisor has none. */
static bool
adopt_workers(struct supervise *s, const struct config *new, struct buf *why)
{
	struct privilege privilege;
	const char *reason;

	if (s->supervisor) { /* which knows only whose the socket manager is */
		if (!privilege_resolve(new->worker_chuser, new->worker_chgroup, &privilege))
			s->launch.privilege = privilege;
		return true;
	}
	if ((reason = slots_limit(s, new, new->workers)) == NULL)
		return launch_prepare(&s->launch, s->boot, new, s->reports_name, why);
	buf_printf(why, "workers: %u: %s", new->workers, reason);
	return false;
}

/* Takes over what can fail of a new configuration, all or nothing: the log and what workers start
 * with. A server's log is its supervisor's. */
static bool
adopt(struct supervise *s, const struct config *new, struct buf *why)
{
	struct log log = { .file.fd = -1 };
	bool ours = s->link < 0, logged = ours && (logger_needed(new) || s->logger.on);
	const char *path;

	if (ours && log_open(&log, &new->log, &path) < 0) {
		buf_printf(why, "log: %s: %s", path, call_reason());
		return false;
	}
	if (logged)
		lineout_close(&log.file); /* the logger opens it */
	if (logged && !logger_check(new, path)) {
		buf_puts(why, "log, log_prefix: too long, or a newline in it");
		return false;
	}
	if (!adopt_workers(s, new, why)) {
		lineout_close(&log.file);
		return false;
	}
	manager_own(s);
	if (ours && !logged)
		lineout_replace(&s->log.file, &log.file);
	else if (logged && !logger_configure(&s->logger, new, path, &s->log))
		/* no descriptors, or memory */
		log_say(s, LOGLINE_ERROR, "log: no logger: %s", call_reason());
	return true;
}

const char *
supervise_reload(struct supervise *s)
{
	struct buf why = buf_over(s->why, sizeof s->why);
	struct config *new;

	if (s->supervisor && s->boot->disable_reload) /* but the log is opened again */
		return adopt(s, s->live, &why) ? NULL : s->why;
	new = config_load(s->base_fd, true, s->argc, s->argv, &why);
	if (new && !adopt(s, new, &why)) {
		config_free(new);
		new = NULL;
	}
	if (!new) {
		log_say(s, LOGLINE_ERROR, "Configuration not reloaded: %s", s->why);
		return s->why;
	}
	if (s->live != s->boot)
		config_free((struct config *)(size_t)s->live);
	s->live = new;
	workers_repolicy(s);
	if (s->supervisor)
		supervisor_reloaded(s);
	server_reloaded(s);
	config_static_changes(s->boot, new, &why);
	if (why.len > 0 && !s->supervisor) /* the server tells it */
		log_say(s, LOGLINE_WARN, "Changed, but in effect only after the next start: %s",
		    s->why);
	return NULL;
}

static const char *
scale(struct supervise *s, int64_t n)
{
	const char *why;

	n = n < 0 ? 0 : n > COMMAND_SCALE_MAX ? COMMAND_SCALE_MAX : n;
	if ((why = slots_scale(s, (unsigned)n)) != NULL)
		log_say(s, LOGLINE_ERROR, "Not scaled to %u workers: %s", (unsigned)n, why);
	return why;
}

static const char *
dump(struct supervise *s)
{
	const char *why = dumps_all(s);

	if (why)
		log_say(s, LOGLINE_WARN, "No dump: %s", why);
	return why;
}

static const char *
restart(struct supervise *s, enum worker_event event)
{
	const char *why = supervise_reload(s);

	if (why)
		return why;
	if (s->live->restart_mode == CONFIG_RESTART_ROLLING)
		return restart_begin(s, event);
	restart_end(s);
	workers_all(s, event);
	return scale(s, s->live->workers);
}

/* What it is called in the log, in ServerEngine's words: "graceful stop". */
static void
log_command(struct supervise *s, enum command_word word, const char *who)
{
	/* without a supervisor process, DETACH is a graceful stop */
	const char *name =
	    command_name(word == COMMAND_DETACH && !s->supervisor ? COMMAND_GRACEFUL_STOP : word);
	char text[32];
	size_t i;

	for (i = 0; i < sizeof text - 1 && name[i]; i++)
		text[i] = (char)(name[i] == '_' ? ' ' : name[i] - 'A' + 'a');
	text[i] = '\0';
	log_say(s, LOGLINE_INFO, "Received %s (%s)", text, who);
}

const char *
supervise_command(struct supervise *s, const struct command *c, const char *who)
{
	bool stop = c->word == COMMAND_GRACEFUL_STOP || c->word == COMMAND_IMMEDIATE_STOP ||
	    c->word == COMMAND_DETACH;
	const char *why;

	log_command(s, c->word, who);
	if (!stop && s->fleet.state != FLEET_RUNNING)
		return "it is stopping";
	if (c->word == COMMAND_UPGRADE)
		return upgrade_begin(s);
	if (s->supervisor)
		return supervisor_command(s, c);
	switch (c->word) {
	case COMMAND_GRACEFUL_STOP:
	case COMMAND_DETACH:
		supervise_fleet(s, FLEET_EV_STOP);
		return NULL;
	case COMMAND_IMMEDIATE_STOP:
		supervise_fleet(s, FLEET_EV_ABORT);
		return NULL;
	case COMMAND_GRACEFUL_RESTART:
		return restart(s, WORKER_EV_RESTART);
	case COMMAND_IMMEDIATE_RESTART:
		return restart(s, WORKER_EV_RESTART_NOW);
	case COMMAND_RELOAD:
		if ((why = supervise_reload(s)) != NULL ||
		    (why = scale(s, s->live->workers)) != NULL)
			return why;
		workers_reload(s);
		return NULL;
	case COMMAND_DUMP:
		return dump(s);
	case COMMAND_SCALE:
		return scale(s, c->relative ? (int64_t)s->wanted + c->count : c->count);
	case COMMAND_STATUS:
	case COMMAND_UPGRADE:
		break;
	}
	return "this is not for us"; /* they are answered elsewhere */
}

/* Which command a signal is; false: none. */
static bool
command_of_signal(const int signals[CONFIG_SIGNALS], int sig, struct command *out)
{
	static const enum command_word words[] = {
		[CONFIG_SIGNAL_GRACEFUL_STOP] = COMMAND_GRACEFUL_STOP,
		[CONFIG_SIGNAL_IMMEDIATE_STOP] = COMMAND_IMMEDIATE_STOP,
		[CONFIG_SIGNAL_GRACEFUL_RESTART] = COMMAND_GRACEFUL_RESTART,
		[CONFIG_SIGNAL_IMMEDIATE_RESTART] = COMMAND_IMMEDIATE_RESTART,
		[CONFIG_SIGNAL_RELOAD] = COMMAND_RELOAD,
		[CONFIG_SIGNAL_DETACH] = COMMAND_DETACH,
		[CONFIG_SIGNAL_DUMP] = COMMAND_DUMP,
	};

	for (unsigned i = 0; i < CONFIG_SIGNALS; i++)
		if (signals[i] == sig) {
			*out = (struct command){ .word = words[i] };
			return true;
		}
	*out = (struct command){
		.word = COMMAND_SCALE, .relative = true, .count = sig == SIGTTIN ? 1 : -1
	};
	return sig == SIGTTIN || sig == SIGTTOU;
}

/* ---- what happens ---- */

static void
on_signal(struct supervise *s, const struct loop_event *ev)
{
	struct command command;
	char signal[16], name[16], room[128];
	struct buf who = buf_over(room, sizeof room);

	if (init_on_signal(s, ev) || !command_of_signal(s->signals, ev->sig, &command))
		return;
	num_signal_name(ev->sig, signal);
	buf_printf(&who, "%s from ", signal);
	if (ev->pid > 0) {
		proc_name(ev->pid, name);
		buf_printf(&who, "pid %d (", (int)ev->pid);
		buf_escape(&who, *name ? name : "gone", *name ? strlen(name) : 4, sizeof name);
		buf_printf(&who, "), uid %u", (unsigned)ev->uid);
	} else {
		buf_puts(&who, "the kernel or outside");
	}
	(void)supervise_command(s, &command, room); /* a refusal has been logged */
}

static void
on_fd(struct supervise *s, const struct loop_event *ev)
{
	switch (TAG_KIND(ev->tag)) {
	case TAG_BEAT:
		beats_on_ready(s, TAG_INDEX(ev->tag));
		break;
	case TAG_READY:
		readiness_on_pipe(s, TAG_INDEX(ev->tag));
		break;
	case TAG_REPORTS:
		reports_on_datagram(s);
		break;
	case TAG_CONTROL:
		control_on_connection(s);
		break;
	case TAG_CLIENT:
		control_on_client(s, TAG_INDEX(ev->tag));
		break;
	case TAG_SERVER:
		supervisor_on_beat(s, TAG_INDEX(ev->tag));
		break;
	case TAG_LINK:
		if (s->supervisor)
			supervisor_on_link(s, TAG_INDEX(ev->tag));
		else
			server_on_link(s);
		break;
	case TAG_STDIN:
		commands_on_stdin(s);
		break;
	case TAG_MANAGER:
		manager_on_connection(s);
		break;
	case TAG_MANAGED:
		manager_on_client(s, TAG_INDEX(ev->tag));
		break;
	case TAG_LOGGER:
		logger_on_message(&s->logger);
		break;
	}
}

static void
on_child(struct supervise *s, const struct loop_event *ev)
{
	if (hooks_on_exit(s, ev->pid, ev->status) || metrics_on_exit(s, ev->pid, ev->status) ||
	    dumps_on_exit(s, ev->pid, ev->status) || upgrade_on_exit(s, ev->pid, ev->status) ||
	    supervisor_on_exit(s, ev->pid, ev->status) ||
	    logger_on_exit(&s->logger, ev->pid, ev->status, ev->now))
		return;
	if (s->fleet.state != FLEET_STRAYS) {
		(void)workers_on_exit(s, ev->pid, ev->status); /* or an orphan, only reaped */
		return;
	}
	strays_on_exit(s, ev->pid);
}

static void
on_time(struct supervise *s)
{
	if (s->now >= s->trim_at) {
		s->trim_at = MS_NEVER;
		memory_trim();
		spawn_trim();
	}
	workers_tick(s);
	control_tick(s);
	manager_tick(s);
	if (s->now >= s->fleet.due)
		supervise_fleet(s, FLEET_EV_TIME);
	metrics_tick(s);
	logger_tick(&s->logger, s->now);
	supervisor_tick(s);
	server_tick(s);
	hooks_tick(s);
	upgrade_tick(s);
}

static ms
due(const struct supervise *s)
{
	ms at = ms_min(
	    ms_min(workers_due(s), clients_due(&s->control)), ms_min(s->fleet.due, metrics_due(s)));

	at = ms_min(at, ms_min(logger_due(&s->logger), clients_due(&s->managed)));
	at = ms_min(at, ms_min(rolling_due(&s->rolling), hooks_due(s)));
	at = ms_min(at, upgrade_due(s));
	at = ms_min(at, s->trim_at);
	return ms_min(at, ms_min(supervisor_due(s), server_due(s)));
}

/* What follows from the whole state, whatever it was that happened. */
static void
settle(struct supervise *s)
{
	restart_go_on(s);
	if (s->active == 0 && hooks_ended(s))
		supervise_fleet(s, FLEET_EV_EMPTY);
	if (s->fleet.state == FLEET_STRAYS && strays_are_none(s))
		supervise_fleet(s, FLEET_EV_CHILDLESS);
	if (s->daemon_fd >= 0 && !s->failed && !hooks_hold(s) && (s->proven || s->wanted == 0) &&
	    workers_due(s) > s->now) {
		daemon_up(s->daemon_fd);
		s->daemon_fd = -1;
	}
}

/* Is it more than a heartbeat or the clock? */
static bool
is_news(const struct loop_event *ev)
{
	return ev->kind != LOOP_TIME &&
	    (ev->kind != LOOP_FD ||
		(TAG_KIND(ev->tag) != TAG_BEAT && TAG_KIND(ev->tag) != TAG_SERVER));
}

static __attribute__((noinline)) void /* it stands apart from the start: see dense.ld */
run_until_ended(struct supervise *s)
{
	struct loop_event ev;

	while (s->fleet.state != FLEET_ENDED && !s->failed && !s->left) {
		if (loop_next(due(s), &ev) < 0) {
			log_say(s, LOGLINE_FATAL, "epoll_wait: %s", call_reason());
			s->failed = 1; /* PR_SET_PDEATHSIG ends the workers */
			return;
		}
		s->now = ev.now;
		switch (ev.kind) {
		case LOOP_TIME:
			on_time(s);
			break;
		case LOOP_FD:
			on_fd(s, &ev);
			break;
		case LOOP_SIGNAL:
			on_signal(s, &ev);
			break;
		case LOOP_CHILD:
			on_child(s, &ev);
			break;
		}
		if (is_news(&ev))
			s->trim_at = s->now + TRIM_AFTER;
		settle(s);
		upgrade_go_on(s);
	}
}

/* Workers' own cgroups are empty now. */
static void
remove_cgroups(struct supervise *s)
{
	for (unsigned i = 0; s->boot->worker_cgroup && i < s->nslots; i++)
		(void)cgroup_remove(
		    s->boot->worker_cgroup, i); /* EBUSY: told before, by its processes */
}

/* A start that failed is told where its caller looks. */
static void
tell_failure(struct supervise *s)
{
	char room[sizeof s->why + 16];

	(void)buf_print_to(room, sizeof room, "se-supervise: %s",
	    *s->why ? s->why : "start: stopped before it was up");
	if (s->daemon_fd >= 0)
		daemon_failed(s->daemon_fd, room);
	else
		out_error("%s", room);
}

static struct supervise *
start(const struct config *c, int argc, char **argv)
{
	struct supervise *s = memory_get(sizeof *s);
	bool started = false;

	if (s) {
		start_up(s, c, argc, argv);
		started = !c->supervisor || s->link >= 0 || supervisor_start(s);
	}
	if (!started)
		start_die(1, "start: %s", call_reason());
	return s;
}

/* Children exist from here on: nothing ends us but what is asked, or their own end. */
static int
supervise(struct supervise *s)
{
	bool failed;

	s->trim_at = loop_now() + TRIM_AFTER;
	upgrade_open(s);
	run_until_ended(s);
	/* who waits for our end on a connection, or for the socket's, finds the pid file free then
	 */
	remove_cgroups(s);
	failed = s->failed ? *s->why != '\0' : s->daemon_fd >= 0;
	if (failed && *s->why && (s->log.file.owned || s->logger.on))
		log_say(s, LOGLINE_FATAL, "%s", s->why);
	server_ends(s, s->failed ? s->failed : s->fleet.status, s->failed ? s->why : "");
	if (!s->left && !logger_finish(&s->logger, LOG_PATIENCE))
		out_error("se-supervise: log: its last lines are not written yet: not waited for");
	manager_close(s);
	listeners_remove(&s->listeners);
	pidfile_drop(&s->pidfile);
	control_close(s);
	if (failed)
		tell_failure(s);
	return init_leave(s->live, s->reboot, s->failed ? s->failed : s->fleet.status);
}

static int
run(int argc, char **argv)
{
	char room[1024];
	struct buf why = buf_over(room, sizeof room);
	struct predecessor before;
	struct call_mask old;
	struct config *c;

	/* a signal from the first moment on waits for its handler, even where PID 1 would lose it
	 */
	call_mask(SIG_SETMASK, &call_all, &old);
	if (predecessor_is(&before))
		return supervise(resume(&before, argc, argv));
	if (!(c = config_load(server_is_one() ? LINK_BASE : AT_FDCWD, false, argc, argv, &why))) {
		init_mount(NULL);
		start_die(EXIT_USAGE, "%s", room);
	}
	init_mount(c);
	if (!c->check && c->verb.verb == CONFIG_RUN)
		return supervise(start(c, argc, argv));
	call_mask(SIG_SETMASK, &old, NULL);
	if (c->verb.verb == CONFIG_GET_SOCKET)
		return getsocket_run(c);
	if (c->verb.verb != CONFIG_RUN)
		return verbs_run(c);
	if (!config_print(c))
		start_die(1, "check: %s",
		    errno == E2BIG ? "a value is too long for a line" : call_reason());
	return 0;
}

const struct applet applet_supervise = {
	.name = "se-supervise",
	.usage = "[-c FILE] [--KEY=VALUE]... [--] [COMMAND [ARG]...]\0"
		 "-c FILE --check\0"
		 "(-c FILE | --control-path=PATH | --pid-path=PATH) --status|--stop|...\0"
		 "--get-socket=WHERE [--] COMMAND [ARG]...\0",
	.summary = "Keep N worker processes of one command alive, healthy and replaceable.",
	.opts = config_opts,
	.config_size = sizeof(struct config),
	.run = run,
};
