/*
 * floor.c - the least code that keeps N copies of a command running; the figures of every
 * supervisor are held against it.
 *
 *     floor N COMMAND [ARG]...
 *
 * vfork and exec, one epoll over a pidfd for each worker, and TERM = signal all and wait. No log,
 * no configuration, no heartbeat, no back-off; nothing is learnt of an exec that fails.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLOOR_MAX = 10000, FLOOR_BATCH = 64 };

struct worker {
	pid_t pid;
	int pidfd; /* -1 when gone */
};

struct floor {
	int epoll;
	int signals;
	uint32_t count, alive;
	int stopping;
	sigset_t term; /* the signal that stops us; the workers must not find it blocked */
	char **command;
	struct worker *worker;
};

/* Only the id differs from one worker's environment to the next. */
static char **
environment(uint32_t id)
{
	static char text[sizeof "SERVERENGINE_WORKER_ID=4294967295"];
	static char *env[] = { text, NULL };

	snprintf(text, sizeof text, "SERVERENGINE_WORKER_ID=%u", id);
	return env;
}

static void
start(struct floor *f, uint32_t id)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = id };
	struct worker *w = &f->worker[id];
	char **env = environment(id);

	w->pid = vfork();
	if (w->pid == 0) {
		sigprocmask(SIG_UNBLOCK, &f->term, NULL);
		execve(f->command[0], f->command, env);
		_exit(127);
	}
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	if (w->pidfd < 0 || epoll_ctl(f->epoll, EPOLL_CTL_ADD, w->pidfd, &event) < 0)
		_exit(111);
}

static void
stop_all(struct floor *f)
{
	struct signalfd_siginfo info;

	if (read(f->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	f->stopping = 1;
	for (uint32_t id = 0; id < f->count; id++)
		if (f->worker[id].pidfd >= 0)
			kill(f->worker[id].pid, SIGTERM);
}

static void
reap(struct floor *f, uint32_t id)
{
	waitpid(f->worker[id].pid, NULL, 0);
	close(f->worker[id].pidfd);
	f->worker[id].pidfd = -1;
	if (f->stopping)
		f->alive--;
	else
		start(f, id);
}

static void
loop(struct floor *f)
{
	struct epoll_event event[FLOOR_BATCH];

	while (f->alive > 0) {
		int ready = epoll_wait(f->epoll, event, FLOOR_BATCH, -1);

		for (int i = 0; i < ready; i++) {
			if (event[i].data.u32 == f->count)
				stop_all(f);
			else
				reap(f, event[i].data.u32);
		}
	}
}

int
main(int argc, char **argv)
{
	struct floor f = { 0 };
	struct epoll_event event = { .events = EPOLLIN };
	long count = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

	if (count < 1 || count > FLOOR_MAX)
		return 100;
	f.count = f.alive = event.data.u32 = (uint32_t)count;
	f.command = argv + 2;
	f.worker = calloc(f.count, sizeof *f.worker);
	sigemptyset(&f.term);
	sigaddset(&f.term, SIGTERM);
	sigprocmask(SIG_BLOCK, &f.term, NULL);
	f.epoll = epoll_create1(EPOLL_CLOEXEC);
	f.signals = signalfd(-1, &f.term, SFD_CLOEXEC | SFD_NONBLOCK);
	if (f.worker == NULL || epoll_ctl(f.epoll, EPOLL_CTL_ADD, f.signals, &event) < 0)
		return 111;
	for (uint32_t id = 0; id < f.count; id++)
		start(&f, id);
	loop(&f);
	return 0;
}
