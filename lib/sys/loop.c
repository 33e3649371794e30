#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "call.h"

#define BATCH    64
#define SIGNALS  65
#define WAKE_TAG UINT64_MAX

struct record {
	int sig;
	pid_t pid;
	uid_t uid;
};

/* Handlers can reach nothing but globals: this is the one such struct in lib/. */
static struct {
	int wake[2]; /* 0: not open; no fd of ours is 0 */
	int epoll;
	bool caught[SIGNALS];
	volatile sig_atomic_t woken;         /* there may be records in the pipe */
	volatile sig_atomic_t reaping;       /* there may be dead children */
	volatile sig_atomic_t full;          /* a record did not fit: see lost */
	volatile sig_atomic_t lost[SIGNALS]; /* caught, but the sender is not known any more */
	pid_t zombie;                        /* told by the last event, to be reaped */
	bool timed;                          /* a due time was told last: others have their turn */
	struct epoll_event ready[BATCH];
	int nready, next;
} loop;

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	struct record r = { .sig = sig };
	int saved = errno;

	(void)context; /* part of the handler's type */
	if (sig == SIGCHLD) {
		if (loop.reaping)
			return;
		loop.reaping = 1;
	} else if (info->si_code <= 0) { /* sent by a process, not by the kernel */
		r.pid = info->si_pid;
		r.uid = info->si_uid;
	}
	loop.woken = 1;
	if (write(loop.wake[1], &r, sizeof r) < 0 && sig != SIGCHLD) {
		loop.lost[sig] = 1;
		loop.full = 1;
	}
	errno = saved;
}

static int catch (int sig)
{
	if (call_catch(sig, on_signal, true) < 0)
		return -1;
	loop.caught[sig] = true;
	return 0;
}

ms
loop_now(void)
{
	struct timespec ts;

	(void)clock_gettime(
	    CLOCK_MONOTONIC, &ts); /* cannot fail: the clock is there since Linux 2.6 */
	return (ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
loop_open(const int *sigs, size_t nsigs)
{
	if (loop_open_held(sigs, nsigs) < 0)
		return -1;
	loop_release();
	return 0;
}

int
loop_open_held(const int *sigs, size_t nsigs)
{
	loop.woken = loop.full = 0;
	loop.reaping = 1; /* children may have died before */
	loop.nready = loop.next = 0;
	if (call_pipe(loop.wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	if (catch (SIGCHLD) < 0)
		goto fail;
	for (size_t i = 0; i < nsigs; i++)
		if (catch (sigs[i]) < 0)
			goto fail;
	if ((loop.epoll = call_epoll_create()) < 0)
		goto fail;
	if (loop_watch(loop.wake[0], WAKE_TAG, false) < 0)
		goto fail;
	return 0;
fail:
	loop_close();
	return -1;
}

void
loop_release(void)
{
	call_mask(SIG_SETMASK, &call_none, NULL);
}

void
loop_close(void)
{
	int saved = errno;

	for (int sig = 1; sig < SIGNALS; sig++)
		if (loop.caught[sig]) {
			loop.caught[sig] = false;
			call_signal(sig, SIG_DFL); /* it could be caught, so it can be let go */
		}
	for (int i = 0; i < 2; i++) {
		if (loop.wake[i] > 0)
			close(loop.wake[i]);
		loop.wake[i] = 0;
	}
	if (loop.epoll > 0)
		close(loop.epoll);
	loop.epoll = 0;
	errno = saved;
}

static int
control(int op, int fd, uint64_t tag, bool read, bool write)
{
	struct epoll_event e = { .data.u64 = tag };

	e.events = (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u);
	return call_epoll_ctl(loop.epoll, op, fd, &e);
}

int
loop_watch(int fd, uint64_t tag, bool write)
{
	return control(EPOLL_CTL_ADD, fd, tag, true, write);
}

int
loop_rewatch(int fd, uint64_t tag, bool read, bool write)
{
	if (!read && !write) /* a hang-up would be told even so */
		return call_epoll_ctl(loop.epoll, EPOLL_CTL_DEL, fd, NULL) == 0 || errno == ENOENT
		    ? 0
		    : -1;
	if (control(EPOLL_CTL_MOD, fd, tag, read, write) == 0)
		return 0;
	return errno == ENOENT ? control(EPOLL_CTL_ADD, fd, tag, read, write) : -1;
}

void
loop_forget(int fd, uint64_t tag)
{
	int saved = errno;

	(void)call_epoll_ctl(
	    loop.epoll, EPOLL_CTL_DEL, fd, NULL); /* ENOENT: it was silenced before */
	for (int i = loop.next; i < loop.nready; i++)
		if (loop.ready[i].data.u64 == tag)
			loop.ready[i].events = 0;
	errno = saved;
}

int
loop_forget_all(void)
{
	loop.nready = loop.next = 0;
	close(loop.epoll);
	loop.epoll = call_epoll_create();
	return loop.epoll < 0 ? -1 : loop_watch(loop.wake[0], WAKE_TAG, false);
}

/* A caught signal; false if there is none. */
static bool
take_signal(struct loop_event *ev)
{
	struct record r;

	while (loop.woken) {
		loop.woken = 0;
		if (read(loop.wake[0], &r, sizeof r) == sizeof r) {
			loop.woken = 1; /* there may be more */
			if (r.sig == SIGCHLD)
				continue;
			*ev = (struct loop_event){
				.kind = LOOP_SIGNAL, .sig = r.sig, .pid = r.pid, .uid = r.uid
			};
			return true;
		}
	}
	if (!loop.full)
		return false;
	loop.full = 0;
	for (int sig = 1; sig < SIGNALS; sig++)
		if (loop.lost[sig]) {
			loop.lost[sig] = 0;
			loop.full = 1;
			*ev = (struct loop_event){ .kind = LOOP_SIGNAL, .sig = sig };
			return true;
		}
	return false;
}

/* A dead child, left a zombie until the next call; false if there is none. */
static bool
take_child(struct loop_event *ev)
{
	siginfo_t info = { 0 };

	if (!loop.reaping)
		return false;
	loop.reaping = 0;
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return false;
	loop.reaping = 1; /* there may be more */
	loop.zombie = info.si_pid;
	*ev = (struct loop_event){ .kind = LOOP_CHILD, .pid = info.si_pid };
	ev->status = info.si_code == CLD_EXITED ? info.si_status << 8
	    : info.si_code == CLD_DUMPED        ? info.si_status | 0x80
						: info.si_status;
	return true;
}

static bool
take_fd(struct loop_event *ev)
{
	while (loop.next < loop.nready) {
		struct epoll_event *e = &loop.ready[loop.next++];

		if (e->events == 0)
			continue;
		if (e->data.u64 == WAKE_TAG) {
			loop.woken = 1;
			continue;
		}
		*ev = (struct loop_event){ .kind = LOOP_FD, .tag = e->data.u64 };
		return true;
	}
	return false;
}

/* For epoll_wait(2): whole milliseconds, -1 for ever. */
static int
timeout_until(ms due)
{
	ms wait;

	if (due == MS_NEVER)
		return -1;
	wait = due - loop_now();
	return wait < 0 ? 0 : wait > INT_MAX ? INT_MAX : (int)wait;
}

/* What is already known; false if nothing is. */
static bool
known(ms due, struct loop_event *ev)
{
	if (take_signal(ev))
		return true;
	loop.timed = !loop.timed && due != MS_NEVER && loop_now() >= due;
	if (loop.timed) {
		*ev = (struct loop_event){ .kind = LOOP_TIME };
		return true;
	}
	return take_child(ev) || take_fd(ev);
}

static void
reap(void)
{
	if (loop.zombie > 0)
		(void)waitpid(loop.zombie, NULL, 0); /* it is dead: this neither waits nor fails */
	loop.zombie = 0;
}

int
loop_next(ms due, struct loop_event *ev)
{
	reap();
	while (!known(due, ev)) {
		int n = call_epoll_wait(loop.epoll, loop.ready, BATCH, timeout_until(due));

		if (n < 0 && errno != EINTR)
			return -1;
		loop.nready = n > 0 ? n : 0;
		loop.next = 0;
	}
	ev->now = loop_now();
	return 0;
}

bool
loop_hold(void)
{
	call_mask(SIG_SETMASK, &call_all, NULL);
	reap();
	if (!loop.full && call_waiting(loop.wake[0]) == 0)
		return true;
	loop_release();
	return false;
}

bool
loop_childless(void)
{
	siginfo_t info;

	reap();
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}
