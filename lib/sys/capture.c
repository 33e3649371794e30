#include "capture.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "proc.h"
#include "procfile.h"

#ifndef __WALL
#define __WALL 0x40000000
#endif
#define RUNNING_WAIT 10000000000u /* ns */
#define EVENT_STOP   128 /* PTRACE_EVENT_STOP, which is a macro here and an enumerator there */

/* How long NT_PRSTATUS is, and which of its words are the stack pointer and the pc. */
struct machine {
	size_t len, sp, pc;
};
#if defined __x86_64__ && defined __LP64__
static const struct machine machine = { sizeof(uint64_t[27]), 19, 16 };
#elif defined __aarch64__ && defined __LP64__
static const struct machine machine = { sizeof(uint64_t[34]), 31, 32 };
#else
static const struct machine machine = { 0 }; /* one whose stacks are not known here */
#endif

/*
 * What a signature takes: from the highest bit of our addresses up to bit 54. That is the same in
 * all processes, and a stack begins in the upper half of them. The kernel tells it too
 * (NT_ARM_PAC_MASK), but only of a thread that is stopped.
 */
static uint64_t
pac_mask(void)
{
#ifdef __aarch64__
	const uint64_t here = (uintptr_t)__builtin_frame_address(0);

	return (1ull << 55) - (1ull << (64 - __builtin_clzll(here)));
#else
	return 0;
#endif
}

static bool
fail(struct capture *c, int error, const char *step)
{
	c->how = CAPTURE_FAILED;
	c->error = error;
	c->step = step;
	return false;
}

static uint64_t
now_ns(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t
deadline_in(ms wait)
{
	return now_ns() + (uint64_t)wait * 1000000;
}

/* While a thread is stopped nobody else's turn is waited for, if permitted; then as usual again. */
static void
hurry(bool real_time)
{
	const struct sched_param p = { .sched_priority = real_time };

	(void)syscall(SYS_sched_setscheduler, 0, real_time ? SCHED_FIFO : SCHED_OTHER, &p);
}

static long
trace(long request, pid_t tid, long address, void *data)
{
	return syscall(SYS_ptrace, request, tid, address, data);
}

static bool
ended(pid_t tid)
{
	struct proc_stat st;

	if (syscall(SYS_tkill, tid, 0) < 0 && errno == ESRCH)
		return true;
	return proc_stat(tid, &st) && (st.state == 'Z' || st.state == 'X');
}

/* What a call has failed with says less than that the thread has ended. */
static bool
fail_alive(struct capture *c, pid_t tid, int error, const char *step)
{
	return fail(c, ended(tid) ? ESRCH : error, step);
}

static bool
is_running(pid_t tid)
{
	struct proc_stat st;

	return proc_stat(tid, &st) && st.state == 'R';
}

/* What both calls for memory do: the pieces one behind the other, up to what cannot be read. */
static size_t
copy(pid_t pid, const struct iovec *piece, unsigned long pieces, void *to)
{
	struct iovec own = { .iov_base = to };
	ssize_t n;
	int fd;

	for (unsigned long i = 0; i < pieces; i++)
		own.iov_len += piece[i].iov_len;
	n = process_vm_readv(pid, &own, 1, piece, pieces, 0);
	/* what a filter forbids (EPERM) it need not forbid here */
	if (n >= 0 || (errno != ENOSYS && errno != EPERM))
		return n > 0 ? (size_t)n : 0;
	if ((fd = procfile_open(pid, 0, "mem")) < 0)
		return 0;
	own.iov_len = 0;
	for (unsigned long i = 0; i < pieces; i++) {
		size_t got = 0;

		while (got < piece[i].iov_len &&
		    (n = pread(fd, (char *)to + own.iov_len, piece[i].iov_len - got,
			 (off_t)((uintptr_t)piece[i].iov_base + got))) > 0) {
			got += (size_t)n;
			own.iov_len += (size_t)n;
		}
		if (got < piece[i].iov_len)
			break;
	}
	close(fd);
	return own.iov_len;
}

size_t
capture_memory(pid_t pid, uint64_t address, void *to, size_t len)
{
	struct iovec piece = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };

	return copy(pid, &piece, 1, to);
}

/* By the thread, as the leader's memory is gone once that has ended. */
static void
copy_stack(const struct capture_from *from, pid_t tid, struct capture *c)
{
	struct iovec piece[2] = { { .iov_base = (void *)(uintptr_t)c->sp } };
	uint64_t end = from->end_of(from->arg, c->sp);
	size_t got;

	c->bytes = from->room;
	c->end = end > c->sp ? end : 0;
	piece[0].iov_len = c->end ? (size_t)(end - c->sp) : CAPTURE_STACK;
	if (piece[0].iov_len > CAPTURE_ROOM) {
		piece[0].iov_len = CAPTURE_STACK;
		piece[1].iov_base = (void *)(uintptr_t)(end - CAPTURE_END);
		piece[1].iov_len = CAPTURE_END;
	}
	got = copy(tid, piece, piece[1].iov_len ? 2 : 1, from->room);
	c->len = got < piece[0].iov_len ? got : piece[0].iov_len;
	/* all or nothing: what is known of it is where it ends */
	c->end_len = got - c->len == CAPTURE_END ? CAPTURE_END : 0;
}

/* ---- without stopping it ---- */

/* The two files, each as it is at one moment. */
enum { TIMES, CALL };
struct proof {
	char text[2][256];
};

static bool
prove(const int fd[2], unsigned first, struct proof *p)
{
	for (unsigned i = first; i < first + 2; i++)
		/* cppcheck-suppress uninitvar ; it is filled here */
		if (procfile_again(fd[i % 2], p->text[i % 2], sizeof p->text[0]) <= 0)
			return false;
	return true;
}

/* "NR ARG1 ... ARG6 SP PC", "-1 SP PC" where it is in none, "running". */
static bool
parse_call(const char *call, struct capture *c)
{
	const char *at = procfile_word(call, *call == '-' ? 1 : 7);

	return procfile_number(&at, 16, &c->sp) && procfile_number(&at, 16, &c->pc) && c->sp != 0;
}

static bool
asleep(const struct capture_from *from, const int fd[2], pid_t tid, struct capture *c)
{
	struct proof before, after;

	/* the times enclose all else: had it run in between, they would differ */
	if (!prove(fd, TIMES, &before))
		return fail_alive(c, tid, errno, "syscall");
	if (!parse_call(before.text[CALL], c))
		return fail_alive(c, tid, EAGAIN, "syscall");
	copy_stack(from, tid, c);
	if (c->len == 0)
		return fail_alive(c, tid, errno, "process_vm_readv");
	if (!prove(fd, CALL, &after))
		return fail_alive(c, tid, errno, "syscall");
	/* a kernel that does not count says so: nothing is proved by it */
	if (strcmp(before.text[TIMES], "0 0 0\n") == 0 ||
	    strcmp(before.text[TIMES], after.text[TIMES]) != 0 ||
	    strcmp(before.text[CALL], after.text[CALL]) != 0)
		return fail(c, EAGAIN, "schedstat");
	c->pac_mask = pac_mask();
	c->how = CAPTURE_NO_STOP;
	return true;
}

void
capture_asleep(const struct capture_from *from, pid_t tid, struct capture *c)
{
	static const char files[2][12] = { [TIMES] = "schedstat", [CALL] = "syscall" };
	int fd[2] = { -1, -1 };
	bool ok = true;

	*c = (struct capture){ 0 };
	if (machine.len == 0) {
		(void)fail(c, ENOSYS, "machine");
		return;
	}
	for (int i = 0; i < 2 && ok; i++) {
		fd[i] = procfile_open(from->pid, tid, files[i]);
		ok = fd[i] >= 0 || fail_alive(c, tid, errno == ENOENT ? ENOSYS : errno, files[i]);
	}
	if (ok)
		(void)asleep(from, fd, tid, c);
	for (int i = 0; i < 2; i++)
		(void)call_close(fd[i]);
}

/* ---- stopping it ---- */

/* An alarm that ends a wait: what stops at once is then seen at once, unlike by polling. */
static void
nothing(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context; /* part of the handler's type */
}

static void
limit_set(struct call_mask *before, ms wait)
{
	/* it repeats, in case it comes before the wait has begun */
	const struct timeval t = { .tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000 };
	const struct itimerval every = { t, t };
	struct call_mask alarm = { { 1UL << (SIGALRM - 1) } };

	(void)call_catch(SIGALRM, nothing, false); /* cannot fail */
	call_mask(SIG_UNBLOCK, &alarm, before);
	(void)setitimer(ITIMER_REAL, &every, NULL); /* cannot fail */
}

static void
limit_clear(const struct call_mask *before)
{
	const struct itimerval never = { 0 };

	(void)setitimer(ITIMER_REAL, &never, NULL);
	call_mask(SIG_SETMASK, before, NULL);
	call_signal(SIGALRM, SIG_DFL);
}

/*
 * Waits until the deadline for a stop, and notes what it is. WNOWAIT leaves with the thread the
 * signal that it is about to be given: should we be killed now, it is not lost.
 */
static bool
stopped(pid_t tid, uint64_t deadline, bool blocking, struct capture *c)
{
	const int flags = WSTOPPED | WEXITED | WNOWAIT | __WALL | (blocking ? 0 : WNOHANG);
	siginfo_t info = { 0 };

	while (syscall(SYS_waitid, P_PID, tid, &info, flags, NULL) < 0) {
		if (errno != EINTR)
			return fail(c, errno == ECHILD ? ESRCH : errno, "wait");
		/* one that only waits for its turn on a processor stops when it gets it */
		if (now_ns() >= deadline + (is_running(tid) ? RUNNING_WAIT : 0))
			return fail(c, ETIMEDOUT, "wait");
	}
	if (info.si_pid == 0)
		return fail(c, ETIMEDOUT, "wait");
	if (info.si_code != CLD_TRAPPED)
		return fail(c, ESRCH, "wait");
	c->signal = 0;
	if (info.si_status >> 8 == EVENT_STOP)
		c->in_stop = (info.si_status & 0xff) != SIGTRAP;
	else
		c->signal = info.si_status;
	return true;
}

bool
capture_hold(pid_t tid, struct capture *c)
{
	*c = (struct capture){ .how = CAPTURE_STOPPED };
	if (machine.len == 0)
		return fail(c, ENOSYS, "machine");
	if (trace(PTRACE_SEIZE, tid, 0, NULL) < 0)
		return fail_alive(c, tid, errno, "PTRACE_SEIZE");
	c->held_ns = now_ns();
	if (trace(PTRACE_INTERRUPT, tid, 0, NULL) < 0)
		return fail(c, errno, "PTRACE_INTERRUPT");
	return true;
}

/* The registers and the stack of one that is stopped. */
static bool
read_stopped(const struct capture_from *from, pid_t tid, struct capture *c)
{
	struct iovec v = { c->regset, sizeof c->regset };

	/* the number may have become that of another process's thread */
	if (syscall(SYS_tgkill, from->pid, tid, 0) < 0 && errno == ESRCH)
		return fail(c, ESRCH, "thread");
	if (trace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &v) < 0)
		return fail(c, errno, "PTRACE_GETREGSET");
	c->regset_len = v.iov_len;
	if (v.iov_len < machine.len) /* a 32-bit program */
		return fail(c, ENOSYS, "machine");
	memcpy(&c->sp, c->regset + machine.sp * 8, sizeof c->sp);
	memcpy(&c->pc, c->regset + machine.pc * 8, sizeof c->pc);
	c->pac_mask = pac_mask();
	copy_stack(from, tid, c); /* without one, the registers tell something too */
	return true;
}

bool
capture_held(const struct capture_from *from, pid_t tid, ms wait, struct capture *c)
{
	struct call_mask before;
	bool ok;

	if (c->how == CAPTURE_FAILED) /* by hold */
		return false;
	ok = stopped(tid, 0, false, c);
	if (!ok && c->error == ETIMEDOUT && wait > 0) {
		limit_set(&before, wait);
		ok = stopped(tid, deadline_in(wait), true, c);
		limit_clear(&before);
	}
	if (!ok)
		return false;
	c->how = CAPTURE_STOPPED;
	c->error = 0;
	c->step = NULL;
	return read_stopped(from, tid, c);
}

/*
 * One that has not stopped cannot be detached: it stays seized, and stops as soon as it can, until
 * this process ends. And one that was killed meanwhile has its parent told then only. That is why a
 * process that captures has to be short-lived.
 */
void
capture_let_go(pid_t tid, struct capture *c)
{
	/* if it has stopped since, with a signal that is to be delivered */
	if (c->how == CAPTURE_FAILED && c->error == ETIMEDOUT && !stopped(tid, 0, false, c))
		return;
	(void)trace(PTRACE_DETACH, tid, 0, (void *)(uintptr_t)c->signal); /* ESRCH: it was killed */
	if (c->how == CAPTURE_STOPPED)
		c->held_ns = now_ns() - c->held_ns;
}

void
capture_stop(const struct capture_from *from, pid_t tid, struct capture *c)
{
	struct call_mask before;

	limit_set(&before, CAPTURE_WAIT);
	hurry(true);
	if (capture_hold(tid, c)) {
		if (stopped(tid, deadline_in(CAPTURE_WAIT), true, c))
			(void)read_stopped(from, tid, c);
		capture_let_go(tid, c);
	}
	hurry(false);
	limit_clear(&before);
}
