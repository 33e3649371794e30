#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "envdir.h"
#include "sockets.h"

extern char **environ;

/* What a worker does not inherit: it is told anew, or would speak of somebody else. */
static const char told[] =
    "SERVER_STARTER_PORT\0SERVER_STARTER_GENERATION\0LISTEN_FDS\0LISTEN_PID\0"
    "LISTEN_FDNAMES\0EINHORN_FD_COUNT\0SE_READY_FD\0" SUCCESSOR_ENV "\0";
#define AUTO_INTERVAL (360 * MS_SECOND) /* as start_server */
#define AUTO_DELAY    (5 * MS_SECOND)
#define OWN_MAX       16 /* variables of our own, without the numbered ones */

/* ---- settings that live in the environment ---- */

/* What start_server says in the environment of its options, for workers and for itself. */
static const char *const settings[] = { "ENVDIR", "ENABLE_AUTO_RESTART", "KILL_OLD_DELAY",
	"AUTO_RESTART_INTERVAL" };
#define SETTINGS (sizeof settings / sizeof *settings)

/* The value of settings[i] by its option, cut to the room; false: the option is not given. */
static bool
setting(const struct args *o, unsigned i, char *room, size_t size)
{
	ms time = i == 2 ? o->kill_old_delay : o->auto_restart_interval;

	if (i == 0)
		return o->envdir && (buf_print_to(room, size, "%s", o->envdir), true);
	if (i == 1)
		return o->enable_auto_restart && (buf_print_to(room, size, "1"), true);
	if (time == MS_NEVER)
		return false;
	if (time % 1000 == 0)
		(void)buf_print_to(room, size, "%lld", (long long)time / 1000);
	else
		(void)buf_print_to(
		    room, size, "%lld.%03lld", (long long)time / 1000, (long long)time % 1000);
	return true;
}

static const char *
envdir_of(const struct starter *s)
{
	return s->o->envdir ? s->o->envdir : call_env(settings[0]);
}

/* The value of settings[i] now: the envdir's, the option's or the environment's; NULL: none. */
static const char *
value_of(const struct starter *s, unsigned i, char room[64])
{
	if (envdir_value(envdir_of(s), settings[i], room, 64) || setting(s->o, i, room, 64))
		return room;
	return call_env(settings[i]);
}

static ms
time_of(const struct starter *s, unsigned i, ms otherwise)
{
	char room[64];
	const char *text = value_of(s, i, room);
	ms t;

	return text && num_duration(text, OPT_TIME_MAX, &t) ? t : otherwise;
}

void
server_tune(struct starter *s)
{
	char room[64];
	const char *enabled = value_of(s, 1, room);
	bool on = enabled && *enabled && strcmp(enabled, "0") != 0; /* as Perl sees truth */

	s->policy.kill_old_delay = time_of(s, 2, on ? AUTO_DELAY : 0);
	s->policy.auto_restart = on ? time_of(s, 3, AUTO_INTERVAL) : MS_NEVER;
	if (s->policy.auto_restart == 0) /* as Perl's ||= */
		s->policy.auto_restart = AUTO_INTERVAL;
}

/* ---- a worker's environment ---- */

struct environment {
	char **envp;
	size_t count;
	struct buf text;
	char *pid; /* where LISTEN_PID's value goes; NULL: nowhere */
};

static __attribute__((format(printf, 2, 3))) char *
put(struct environment *e, const char *format, ...)
{
	char *entry = e->text.base + e->text.len;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&e->text, format, ap);
	va_end(ap);
	buf_put(&e->text, "", 1);
	e->envp[e->count++] = entry;
	return entry;
}

/* Does the envdir have that entry's variable? */
static bool
has(const struct envdir *dir, const char *entry)
{
	size_t n = text_span(entry, "=") + 1;
	const char *d = dir->text.base;

	for (unsigned i = 0; i < dir->count; i++, d += strlen(d) + 1)
		if (text_span(d, "=") + 1 == n && memcmp(d, entry, n) == 0)
			return true;
	return false;
}

/* Is it what only we say to a worker? */
static bool
is_told(const struct starter *s, const char *entry)
{
	return text_is_named(entry, told) || text_after(entry, "EINHORN_FD_") ||
	    (s->reports_fd >= 0 && text_value(entry, "NOTIFY_SOCKET"));
}

/* Is there another value for what we inherit? */
static bool
is_replaced(const struct starter *s, const struct envdir *dir, const char *entry)
{
	char room[8];

	for (unsigned i = 0; i < SETTINGS; i++)
		if (setting(s->o, i, room, sizeof room) && text_value(entry, settings[i]))
			return true;
	return is_told(s, entry) || has(dir, entry);
}

static void
tell_sockets(struct environment *e, const struct starter *s, char *ports, size_t room)
{
	struct buf b = buf_over(ports, room);

	endpoint_ports(s->at, s->sockets, &b);
	put(e, "SERVER_STARTER_PORT=%s", ports);
	put(e, "SERVER_STARTER_GENERATION=%u", s->g.number);
	if (s->sockets > 0) {
		put(e, "EINHORN_FD_COUNT=%u", s->sockets);
		for (unsigned i = 0; i < s->sockets; i++)
			put(e, "EINHORN_FD_%u=%d", i, s->at[i].fd);
	}
	if (!endpoint_in_row(s->at, s->sockets))
		return;
	put(e, "LISTEN_FDS=%u", s->sockets);
	buf_clear(&b);
	endpoint_names(s->at, s->sockets, &b);
	put(e, "LISTEN_FDNAMES=%s", ports);
	if (!s->o->no_listen_pid)
		e->pid = put(e, "LISTEN_PID=00000000000") + strlen("LISTEN_PID=");
}

static void
tell_settings(struct environment *e, const struct starter *s, const struct envdir *dir)
{
	char room[4096];

	for (unsigned i = 0; i < SETTINGS; i++)
		if (setting(s->o, i, room, sizeof room)) {
			const char *entry = put(e, "%s=%s", settings[i], room);

			e->count -= has(dir, entry);
		}
}

static void
tell_ready(struct environment *e, const struct starter *s, int child)
{
	if (s->reports_fd < 0)
		return;
	put(e, "NOTIFY_SOCKET=%s", s->reports_name);
	if (child >= 0)
		put(e, "SE_READY_FD=%d", child);
}

/* ---- the start ---- */

static pid_t
start(struct starter *s, struct environment *e, int ready, const char **step)
{
	const struct args *o = s->o;
	struct spawn_fd fds[STARTER_SOCKETS + 2];
	struct spawn spec = {
		.file = o->command[0],
		.argv = o->command,
		.envp = e->envp,
		.pid_text = { e->pid },
		.fds = fds,
		.limits = s->limit,
		.nlimits = s->limits,
		.root = o->chroot,
		.dir = o->dir,
		.privilege = &s->privilege,
		.umask = o->umask == OPT_UNSET ? -1 : o->umask,
		.death_signal = o->orphans ? 0 : SIGTERM,
	};
	bool daemon_stdin = o->daemonize;

	for (unsigned i = 0; i < s->sockets; i++) {
		fds[spec.nfds++] = (struct spawn_fd){ s->at[i].fd, s->socket[i].fd };
		daemon_stdin &= s->at[i].fd != STDIN_FILENO;
	}
	if (daemon_stdin)
		fds[spec.nfds++] = (struct spawn_fd){ STDIN_FILENO, s->null };
	if (ready >= 0)
		fds[spec.nfds++] = (struct spawn_fd){ endpoint_number(s->at, s->sockets), ready };
	return spawn(&spec, step);
}

/* The pipe for SE_READY_FD; its write end, -1: errno. */
static int
open_ready(struct starter *s)
{
	int p[2];

	if (s->ready_fd >= 0) {
		loop_forget(s->ready_fd, TAG_READY);
		close(s->ready_fd);
		s->ready_fd = -1;
	}
	if (s->o->ready != ARGS_NOTIFY || call_pipe(p, O_CLOEXEC) < 0)
		return -1;
	(void)call_fcntl(p[0], F_SETFL, O_NONBLOCK); /* a pipe's end: cannot fail */
	if (loop_watch(p[0], TAG_READY, false) < 0) {
		call_close(p[0]);
		return call_close(p[1]);
	}
	s->ready_fd = p[0];
	return p[1];
}

pid_t
server_start(struct starter *s, const char **step)
{
	size_t inherited = 0, text_room = 16384 + STARTER_SOCKETS * (2 * ENDPOINT_HOST + 64);
	char ports[STARTER_SOCKETS * (ENDPOINT_HOST + 24)], *dir_room = memory_get(ENVDIR_ROOM),
							    *memory;
	struct environment e = { 0 };
	struct envdir dir;
	size_t vector, size;
	int ready;
	pid_t pid = -1;

	*step = "memory";
	if (!dir_room)
		return -1;
	envdir_read(&dir, envdir_of(s), dir_room, ENVDIR_ROOM);
	if (dir.refused > 0)
		starter_say(s, "envdir: %s: %u files left out: too long", dir.dir, dir.refused);
	while (environ[inherited])
		inherited++;
	vector = (inherited + dir.count + s->sockets + OWN_MAX) * sizeof *environ;
	size = vector + text_room;
	if ((memory = memory_get(size)) != NULL) {
		const char *d = dir.text.base;

		e.envp = (char **)(void *)memory;
		e.text = buf_over(memory + vector, text_room);
		for (size_t i = 0; i < inherited; i++)
			if (!is_replaced(s, &dir, environ[i]))
				e.envp[e.count++] = environ[i];
		for (unsigned i = 0; i < dir.count; i++, d += strlen(d) + 1)
			if (!is_told(s, d))
				e.envp[e.count++] = (char *)(size_t)d; /* exec keeps it */
		ready = open_ready(s);
		tell_sockets(&e, s, ports, sizeof ports);
		tell_settings(&e, s, &dir);
		tell_ready(&e, s, ready >= 0 ? endpoint_number(s->at, s->sockets) : -1);
		e.envp[e.count] = NULL;
		pid = start(s, &e, ready, step);
		call_close(ready);
		memory_free(memory, size);
	}
	memory_free(dir_room, ENVDIR_ROOM);
	return pid;
}

void
server_prepare(struct starter *s)
{
	const struct args *o = s->o;
	char room[512];
	struct buf why = buf_over(room, sizeof room);
	const char *reason = privilege_resolve(o->user, o->group, &s->privilege);

	if (reason)
		starter_die(s, EXIT_OTHER, "--user, --group: %s", reason);
	if (o->rlimit.count > STARTER_LIMITS)
		starter_die(s, EXIT_OPTIONS, "--rlimit: more than %d", STARTER_LIMITS);
	for (; s->limits < o->rlimit.count; s->limits++)
		if (!args_limit(o, s->limits, &s->limit[s->limits], &why))
			starter_die(s, EXIT_OPTIONS, "%s", room);
}

bool
server_is_tuned(const struct starter *s)
{
	return envdir_of(s) != NULL;
}
