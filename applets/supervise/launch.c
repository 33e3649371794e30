#include "launch.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/cgroup.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/successor.h"
#include "link.h"
#include "manager.h"

extern char **environ;

/* What workers do not inherit: it would speak of us, or of somebody else's workers. */
static const char ours[] = "SERVERENGINE_WORKER_ID\0SERVERENGINE_HEARTBEAT_PIPE\0"
			   "SERVERENGINE_HEARTBEAT_INTERVAL\0NOTIFY_SOCKET\0WATCHDOG_USEC\0"
			   "WATCHDOG_PID\0LISTEN_FDS\0LISTEN_PID\0LISTEN_FDNAMES\0"
			   "SERVER_STARTER_PORT\0" LINK_ENV "\0" SUCCESSOR_ENV "\0" LISTENERS_ENV
			   "\0" MANAGER_ENVS "SE_NOTIFY_FD\0SE_EVENT\0SE_WORKER_PID\0"
			   "SE_EXIT_STATUS\0SE_EXIT_SIGNAL\0";

/* How many of them a worker is given at most. */
#define OURS 13

void
launch_open(struct launch *l)
{
	const struct listeners *k = l->listeners;
	int *end = &l->desk.end;

	spawn_lay_desk(&l->desk, l->null);
	for (unsigned i = 0; *end && i < k->count; i++)
		*end = k->fd[i] >= *end ? k->fd[i] + 1 : *end;
}

size_t
launch_environment(char **to)
{
	size_t n = 0;

	for (char **e = environ; *e; e++) {
		if (text_is_named(*e, ours))
			continue;
		if (to)
			to[n] = *e;
		n++;
	}
	return n;
}

/* How long the vectors are together, with their NULLs. */
static size_t
vectors_size(const struct opt_list *command)
{
	return (command->count + 1 + launch_environment(NULL) + OURS + 1) * sizeof *environ;
}

char **
launch_argv(char **to, const struct opt_list *command)
{
	for (unsigned i = 0; i < command->count; i++)
		*to++ =
		    (char *)(size_t)optval_list_at(command, i); /* execve(2) does not change it */
	return to + 1;
}

/* The environment without ours, and ours behind it. */
static void
fill_environment(char **envp, struct launch *l, const struct config *c)
{
	char *const told[] = { l->id, *l->notify ? l->notify : NULL,
		c->worker_notification_fd != OPT_UNSET ? l->notify_fd : NULL, l->listeners->ports,
		l->listeners->fds, l->listeners->names, l->listeners->pid, l->manager[0],
		l->manager[1] };

	envp += launch_environment(envp);
	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		if (told[i])
			*envp++ = told[i];
	if (c->worker.heartbeat == WORKER_HEARTBEAT_AUTO ||
	    c->worker.heartbeat == WORKER_HEARTBEAT_REQUIRED) {
		*envp++ = l->pipe;
		*envp++ = l->interval;
		*envp++ = l->watchdog;
		*envp++ = l->watchdog_pid;
	}
}

static void
write_environment(struct launch *l, const struct config *c, const char *notify)
{
	/* all of these fit: the times are at most a year, the socket's name has six bytes */
	l->beat = l->listeners->above + (l->listeners->above == c->worker_notification_fd);
	(void)buf_print_to(l->pipe, sizeof l->pipe, "SERVERENGINE_HEARTBEAT_PIPE=%d", l->beat);
	(void)buf_print_to(
	    l->notify_fd, sizeof l->notify_fd, "SE_NOTIFY_FD=%d", c->worker_notification_fd);
	(void)buf_print_to(l->interval, sizeof l->interval,
	    "SERVERENGINE_HEARTBEAT_INTERVAL=%lld.%03lld",
	    (long long)c->worker_heartbeat_interval / 1000,
	    (long long)c->worker_heartbeat_interval % 1000);
	(void)buf_print_to(l->watchdog, sizeof l->watchdog, "WATCHDOG_USEC=%lld",
	    (long long)c->worker.heartbeat_timeout * 1000);
	(void)buf_print_to(l->watchdog_pid, sizeof l->watchdog_pid, "WATCHDOG_PID=");
	if (notify && *notify)
		(void)buf_print_to(l->notify, sizeof l->notify, "NOTIFY_SOCKET=%s", notify);
	else
		*l->notify = '\0';
}

static void
set_limits(struct launch *l, const struct config *c)
{
	static const unsigned char resources[] = {
#define X(key, name) RLIMIT_##name,
		CONFIG_RLIMITS(X)
#undef X
	};

	l->nlimits = 0;
	for (size_t i = 0; i < CONFIG_RLIMIT_COUNT; i++) {
		const struct opt_rlimit *r = &c->rlimit[i];
		struct spawn_limit limit = { config_key(
						 (size_t)((const char *)r - (const char *)c)),
			resources[i], { r->soft, r->hard } };

		if (!r->set && limit.resource != RLIMIT_NOFILE)
			continue;
		if (!r->set)
			memcpy(limit.soft_hard, l->nofile, sizeof l->nofile);
		l->limits[l->nlimits++] = limit;
	}
}

bool
launch_prepare(struct launch *l, const struct config *boot, const struct config *live,
    const char *notify, struct buf *why)
{
	struct privilege privilege;
	const char *reason =
	    privilege_resolve(live->worker_chuser, live->worker_chgroup, &privilege);
	size_t size = vectors_size(&boot->command);
	char **argv;

	if (reason) {
		buf_printf(why, "worker_chuser, worker_chgroup: %s, %s: %s",
		    live->worker_chuser ? live->worker_chuser : "nil",
		    live->worker_chgroup ? live->worker_chgroup : "nil", reason);
		return false;
	}
	if (!listeners_leave(l->listeners->at, l->listeners->count, live->worker_notification_fd,
		why)) /* ours: listen is that of the start */
		return false;
	if (!(argv = memory_get(size))) {
		buf_puts(why, strerror(ENOMEM));
		return false;
	}
	write_environment(l, live, notify);
	memory_free(l->argv, size);
	l->argv = argv;
	l->envp = launch_argv(argv, &boot->command);
	fill_environment(l->envp, l, live);
	l->privilege = privilege;
	l->boot = boot;
	l->live = live;
	set_limits(l, live);
	return true;
}

/* worker_process_name with %d as the id, %% as a percent sign. */
static void
write_name(struct launch *l, unsigned id)
{
	struct buf b = buf_over(l->name, sizeof l->name);

	for (const char *p = l->live->worker_process_name; *p; p++)
		if (p[0] == '%' && p[1] == 'd') {
			buf_printf(&b, "%u", id);
			p++;
		} else {
			buf_put(&b, p, 1);
			p += p[0] == '%' && p[1] == '%';
		}
}

pid_t
launch_worker(struct launch *l, unsigned id, const struct launch_pipes *pipes, const char **step)
{
	const struct config *c = l->live;
	struct listeners *k = l->listeners;
	char cgroup[4096];
	struct spawn_fd fds[5 + LISTENERS_MAX] = { { STDIN_FILENO,
	    pipes->in >= 0 ? pipes->in : l->null } };
	struct spawn s = {
		.file = optval_list_at(&l->boot->command, 0),
		.argv = l->argv,
		.envp = l->envp,
		.pid_text = { l->watchdog_pid + strlen("WATCHDOG_PID="),
		    k->pid ? k->pid + strlen("LISTEN_PID=") : NULL },
		.fds = fds,
		.nfds = 1,
		.desk = &l->desk,
		.limits = l->limits,
		.nlimits = l->nlimits,
		.privilege = &l->privilege,
		.umask = c->worker_chumask == OPT_UNSET ? -1 : c->worker_chumask,
		.traceable = !l->boot->disable_sigdump,
		.death_signal = c->worker_death_signal,
		.nice = c->nice == OPT_UNSET ? 0 : c->nice,
		.oom_score_adj = c->oom_score_adj == OPT_UNSET ? NULL : &c->oom_score_adj,
	};

	for (int i = 0; i < 2; i++)
		if (pipes->out[i] >= 0)
			fds[s.nfds++] = (struct spawn_fd){ STDOUT_FILENO + i, pipes->out[i] };
	if (pipes->beat >= 0)
		fds[s.nfds++] = (struct spawn_fd){ l->beat, pipes->beat };
	if (pipes->ready >= 0)
		fds[s.nfds++] = (struct spawn_fd){ c->worker_notification_fd, pipes->ready };
	for (unsigned i = 0; i < k->count; i++)
		fds[s.nfds++] = (struct spawn_fd){ k->at[i].fd, k->fd[i] };
	(void)buf_print_to(l->id, sizeof l->id, "SERVERENGINE_WORKER_ID=%u", id); /* fits */
	if (c->worker_process_name) {
		write_name(l, id);
		l->argv[0] = l->name;
	}
	if (l->boot->worker_cgroup) {
		*step = "cgroup";
		if (cgroup_make(l->boot->worker_cgroup, id, cgroup, sizeof cgroup) < 0)
			return -1;
		s.cgroup_procs = cgroup;
	}
	return spawn(&s, step);
}
