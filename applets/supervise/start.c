#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/daemon.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/pid1.h"
#include "../../lib/sys/title.h"
#include "../../lib/sys/unixsock.h"
#include "commands.h"
#include "control.h"
#include "init.h"
#include "manager.h"
#include "server.h"
#include "slots.h"

#define PREFIX "se-supervise: "

void
start_die(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	out_verror(PREFIX, format, ap);
	va_end(ap);
	_exit(init_leave(NULL, false, status));
}

/* Once there may be a pid file and sockets: they go too. */
static void
undo(struct supervise *s)
{
	manager_close(s);
	control_close(s);
	listeners_remove(&s->listeners);
	pidfile_drop(&s->pidfile);
}

static _Noreturn __attribute__((format(printf, 2, 3))) void
fail(struct supervise *s, const char *format, ...)
{
	struct buf why = buf_over(s->why, sizeof s->why);
	va_list ap;

	undo(s);
	va_start(ap, format);
	buf_puts(&why, PREFIX);
	buf_vprintf(&why, format, ap);
	va_end(ap);
	server_ends(s, 1, s->why + strlen(PREFIX));
	out_error("%s", s->why);
	_exit(init_leave(s->boot, false, (int)s->boot->daemonize_error_exit_code));
}

static int
open_null(struct supervise *s)
{
	int fd = daemon_null();

	if (fd < 0)
		fail(s, "start: /dev/null: %s", call_reason());
	return fd;
}

size_t
start_signals(const struct supervise *s, int to[START_SIGNALS])
{
	memcpy(to, s->signals, CONFIG_SIGNALS * sizeof *to);
	to[CONFIG_SIGNALS] = SIGTTIN;
	to[CONFIG_SIGNALS + 1] = SIGTTOU;
	to[CONFIG_SIGNALS + 2] = SIGINT;
	return CONFIG_SIGNALS + 2 + s->machine;
}

static void
catch_signals(struct supervise *s)
{
	int sigs[START_SIGNALS];

	if (loop_open(sigs, start_signals(s, sigs)) < 0)
		fail(s, "start: signals: %s", call_reason());
	call_signal(SIGPIPE, SIG_IGN);
}

static void
take_pid_file(struct supervise *s)
{
	const struct opt_list *paths = &s->boot->pid_path;
	const char *path = NULL;
	pid_t holder = 0;

	for (unsigned i = 0; i < paths->count; i++) {
		path = optval_list_at(paths, i);
		if (pidfile_take(&s->pidfile, path, &holder) == 0)
			return;
		if (errno == EWOULDBLOCK)
			fail(s, "pid_path: %s: already running (pid %d)", path, (int)holder);
	}
	if (path)
		fail(s, "pid_path: %s: %s", path,
		    errno == EINVAL ? "not a regular file" : call_reason());
}

static _Noreturn void
fail_identity(struct supervise *s, const char *why)
{
	const struct config *c = s->boot;

	fail(s, "chuser, chgroup: %s, %s: %s", c->chuser ? c->chuser : "nil",
	    c->chgroup ? c->chgroup : "nil", why);
}

/* Files that the original identity may be needed for, then the identity. */
static void
become(struct supervise *s)
{
	const struct config *c = s->boot;
	struct privilege p;
	const char *why;
	char text[512];
	struct buf reason = buf_over(text, sizeof text);

	if ((why = privilege_resolve(c->chuser, c->chgroup, &p)) != NULL)
		fail_identity(s, why);
	take_pid_file(s);
	if ((why = control_open(s, p.user ? p.uid : geteuid(), p.group ? p.gid : getegid())) !=
	    NULL)
		fail(s, "control_path: %s: %s", c->control_path, why);
	if (!listeners_open(
		&s->listeners, c, p.user ? p.uid : (uid_t)-1, p.group ? p.gid : (gid_t)-1, &reason))
		fail(s, "%s", text);
	if (!manager_open(s, p.user ? p.uid : geteuid(), p.group ? p.gid : getegid(), &reason))
		fail(s, "%s", text);
	if (privilege_apply(&p) < 0)
		fail_identity(s, call_reason());
	(void)call_prctl(PR_SET_DUMPABLE,
	    1); /* cleared by that: /proc/self would be root's, see oom_score_adj */
	if (c->chumask != OPT_UNSET)
		umask((mode_t)c->chumask);
}

/* As many descriptors as we may; workers get back what we had. */
static void
raise_nofile(struct supervise *s)
{
	struct rlimit r;

	if (prlimit(0, RLIMIT_NOFILE, NULL, &r) < 0)
		return;
	s->launch.nofile[0] = r.rlim_cur;
	s->launch.nofile[1] = r.rlim_max;
	r.rlim_cur = r.rlim_max;
	(void)prlimit(0, RLIMIT_NOFILE, &r, NULL); /* then slots_scale finds it too small */
}

static void
open_log(struct supervise *s)
{
	const char *path;

	if (log_open(&s->log, &s->boot->log, &path) < 0)
		fail(s, "log: %s: %s", path, call_reason());
	if (logger_needed(s->boot) && !logger_configure(&s->logger, s->boot, path, &s->log))
		fail(s, "log: %s",
		    errno == EINVAL ? "path or log_prefix: too long, or a newline in it"
				    : call_reason());
	if (s->boot->daemonize && !path)
		out_error("se-supervise: log: not set: a daemon's lines are lost");
}

static void
prepare_workers(struct supervise *s)
{
	char room[512];
	struct buf why = buf_over(room, sizeof room);
	const char *reason;

	s->reports_fd = unixsock_reports(s->reports_name);
	if (s->reports_fd < 0 || loop_watch(s->reports_fd, TAG(TAG_REPORTS, 0), false) < 0)
		fail(s, "start: notify socket: %s", call_reason());
	launch_open(&s->launch);
	if (!launch_prepare(&s->launch, s->boot, s->live, s->reports_name, &why))
		goto wrong;
	s->now = loop_now();
	if ((reason = slots_scale(s, s->boot->workers)) == NULL)
		return;
	buf_printf(&why, "workers: %u: %s", s->boot->workers, reason);
wrong:
	undo(s);
	out_error(PREFIX "%s", room);
	_exit(init_leave(s->boot, false, EXIT_USAGE));
}

void
start_init(struct supervise *s, const struct config *c, int argc, char **argv)
{
	/* it is zeroed: what is not set here stays untouched, and takes no memory */
	s->argc = argc;
	s->argv = argv;
	s->boot = c;
	s->live = c;
	s->signals = c->signal;
	s->log.file.fd = -1;
	s->pidfile.fd = -1;
	s->started = s->now = loop_now();
	s->unmute = MS_NEVER;
	s->reports_fd = -1;
	clients_init(&s->control, "control_path", TAG_CONTROL);
	clients_init(&s->managed, "socket_manager", TAG_MANAGER);
	s->daemon_fd = -1;
	s->link = -1;
	s->beat_at = MS_NEVER;
	s->up_look = MS_NEVER;
	s->changed = true;
	s->machine = pid1_is_machine();
	if (getrandom(&s->random, sizeof s->random, GRND_NONBLOCK) < 0 || s->random == 0)
		s->random = (unsigned)getpid() * 2654435769u |
		    1; /* early at boot: good enough for jitter */
	fleet_init(&s->fleet);
}

/* What only the first of our processes has to do, and what a server finds done. */
static void
take_place(struct supervise *s)
{
	const struct config *c = s->boot;

	s->base_fd = call_open(".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	spawn_seal_fds();
	if (c->daemonize && s->machine)
		fail(s, "daemonize: a machine's PID 1 cannot leave");
	if (c->daemonize && (s->daemon_fd = daemon_start((int)c->daemonize_error_exit_code)) < 0)
		fail(s, "daemonize: %s", call_reason());
	s->pid = getpid();
	catch_signals(s);
	if (c->chdir && chdir(c->chdir) < 0)
		fail(s, "chdir: %s: %s", c->chdir, call_reason());
	become(s);
	raise_nofile(s);
	open_log(s);
}

/* The same of a server, from what its supervisor gives it. */
static void
inherit_place(struct supervise *s)
{
	spawn_seal_fds();
	s->pid = getpid();
	s->signals = server_signals;
	catch_signals(s);
	if (!server_take(s) || (s->boot->control_path && !control_prepare(s)) ||
	    loop_watch(s->link, TAG(TAG_LINK, 0), false) < 0)
		fail(s, "start: what the supervisor gives us cannot be taken");
	if (!s->logger.on && log_open(&s->log, &s->boot->log, &(const char *){ NULL }) < 0)
		fail(s, "log: %s", call_reason());
}

void
start_up(struct supervise *s, const struct config *c, int argc, char **argv)
{
	bool server = server_is_one();
	const char *name = c->daemon_process_name;

	start_init(s, c, argc, argv);
	s->launch.null = open_null(s); /* the first: it fills 0 to 2 */
	s->launch.listeners = &s->listeners;
	s->self = spawn_self(); /* before a chdir */
	logger_init(&s->logger, s->self, s->launch.null);
	if (server)
		inherit_place(s);
	else
		take_place(s);
	(void)call_prctl(PR_SET_CHILD_SUBREAPER, 1); /* an old kernel: then orphans go to PID 1 */
	if (!c->supervisor || server)
		prepare_workers(s);
	if (server)
		name = c->server_process_name;
	if (name)
		title_set(name);
	if (c->daemonize && !server)
		daemon_detach(s->launch.null);
	if (!server)
		commands_open(s);
	s->now = loop_now();
	logger_tick(&s->logger, s->now); /* before the first worker says something */
	if (c->supervisor && !server)
		hooks_none(s);
	else if (!hooks_open(s))
		fail(s, "start: %s", call_reason());
	else
		hooks_begin(s);
}
