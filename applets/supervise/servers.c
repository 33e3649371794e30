#include "servers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/spawn.h"
#include "ends.h"

/* The environment that workers have too, and what is told to a server behind it. */
static bool
make_environment(struct supervise *s, struct supervisor *p)
{
	size_t n = launch_environment(NULL);
	const char *ports = s->listeners.ports ? text_char(s->listeners.ports, '=') + 1 : "";
	size_t size = sizeof LISTENERS_ENV "=" + strlen(ports);

	if (!(p->envp = memory_get((n + 5) * sizeof *p->envp)) || !(p->listen = memory_get(size)))
		return false;
	(void)buf_print_to(p->listen, size, LISTENERS_ENV "=%s", ports); /* fits */
	(void)launch_environment(p->envp);                               /* as many as before */
	p->envp[n++] = p->env;
	p->envp[n++] = p->listen;
	for (int i = 0; i < 2 && s->launch.manager[i]; i++)
		p->envp[n++] = s->launch.manager[i];
	return true;
}

void
servers_hang_up(struct supervise *s, unsigned slot)
{
	struct server *v = &s->supervisor->server[slot];

	ends_close(&v->beat_fd, TAG(TAG_SERVER, slot));
	ends_close(&v->link, TAG(TAG_LINK, slot));
}

/* Our ends are v's, the server's are given; false: errno. */
static bool
make_ends(struct supervise *s, unsigned slot, int *beat, int *link)
{
	struct server *v = &s->supervisor->server[slot];
	int pair[2];

	if ((*beat = ends_pipe(&v->beat_fd, TAG(TAG_SERVER, slot))) < 0 ||
	    call_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, pair) < 0)
		return false;
	v->link = pair[0];
	*link = pair[1];
	return loop_watch(v->link, TAG(TAG_LINK, slot), false) == 0;
}

/* From the program's path, which may lead to a new version; else from the file that we are. */
static pid_t
execute(struct supervise *s, int beat, int link, const char **why)
{
	struct supervisor *p = s->supervisor;
	const struct listeners *k = &s->listeners;
	struct spawn_fd fds[LINK_FIRST + LISTENERS_MAX] = { { STDIN_FILENO, s->launch.null },
		{ LINK_FD, link }, { LINK_BEAT, beat }, { LINK_BASE, s->base_fd },
		{ LINK_OWN, s->logger.on ? s->logger.own : s->launch.null } };
	struct spawn b = { .file = p->program,
		.argv = s->argv,
		.envp = p->envp,
		.fds = fds,
		.nfds = 5,
		.umask = -1,
		.masked = true,
		.traceable = !s->boot->disable_sigdump,
		.death_signal = SIGKILL };
	pid_t pid = -1;

	for (unsigned i = 0; i < k->count; i++)
		fds[b.nfds++] = (struct spawn_fd){ LINK_FIRST + (int)i, k->fd[i] };
	if (p->program && (pid = spawn(&b, why)) < 0 && strcmp(*why, "exec") == 0)
		log_say(s, LOGLINE_WARN, "%s: %s: starting the server from our own file",
		    p->program, call_reason());
	b.file_fd = &s->self;
	if (pid < 0 && (!p->program || strcmp(*why, "exec") == 0))
		pid = spawn(&b, why);
	return pid;
}

struct worker_input
servers_start(struct supervise *s, unsigned slot)
{
	struct supervisor *p = s->supervisor;
	struct server *v = &p->server[slot];
	struct worker_input answer = { .event = WORKER_EV_SPAWN_FAILED,
		.random = supervise_random(s) };
	const char *why = "pipe";
	int beat = -1, link = -1;

	v->number = ++p->servers;
	v->ended = false;
	(void)buf_print_to(p->env, sizeof p->env, "%s=%d %llu %llu", LINK_ENV, (int)s->pid,
	    (unsigned long long)s->launch.nofile[0],
	    (unsigned long long)s->launch.nofile[1]); /* fits */
	if (make_ends(s, slot, &beat, &link) && (v->pid = execute(s, beat, link, &why)) > 0) {
		answer.event = WORKER_EV_SPAWNED;
		log_say(s, LOGLINE_INFO, "Server %u started with pid %d", v->number, (int)v->pid);
	} else {
		log_say(s, LOGLINE_ERROR, "Server %u could not be started: %s: %s", v->number, why,
		    call_reason());
		v->pid = 0;
		servers_hang_up(s, slot);
	}
	call_close(beat);
	call_close(link);
	answer.now = s->now = loop_now();
	return answer;
}

/* Where our program's file is; one that has been removed, or replaced, is not where it was. */
static void
find_program(struct supervisor *p)
{
	static const char gone[] = " (deleted)";
	char path[4096];
	ssize_t n = call_readlink("/proc/self/exe", path, sizeof path - 1);
	size_t len = n > 0 ? (size_t)n : 0, end = sizeof gone - 1;

	if (len == 0 || (p->program && len > end && memcmp(path + len - end, gone, end) == 0))
		return;
	if ((p->program = memory_get(len + 1)))
		memcpy(p->program, path, len);
}

bool
servers_prepare(struct supervise *s)
{
	find_program(s->supervisor);
	return make_environment(s, s->supervisor);
}
