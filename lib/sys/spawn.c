#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "smallfile.h"

#define STACK   (32 * 1024) /* the search in PATH builds paths on it */
#define SELF_FD 16          /* above the descriptors that those which are started from it get */

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define RANGE_UNSHARE 2u /* CLOSE_RANGE_UNSHARE, Linux 5.9 */
#define RANGE_CLOEXEC 4u /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */

extern char **environ;

/* Shared with the child while it has our memory. */
struct birth {
	const struct spawn *spawn;
	pid_t parent;
	volatile int error;
	const char *volatile step;
	const struct spawn_fd *fds; /* the spawn's, or where they stand on its desk */
	int end;                    /* the child's own descriptors are below; 0: it has them all */
	int program;                /* the spawn's file_fd; -1: it has none */
};

/*
 * Default dispositions for all, the ignored ones that we inherited too, and the real-time ones that
 * libc keeps to itself: hence the plain system call. Handlers must be gone before the mask is: they
 * would run in the parent's memory.
 */
static void
reset_signals(bool masked)
{
	static const unsigned long
	    by_default[8]; /* the kernel's struct sigaction, zeroes: SIG_DFL */

	for (int sig = 1; sig < _NSIG; sig++)
		(void)syscall(
		    SYS_rt_sigaction, sig, by_default, NULL, _NSIG / 8); /* EINVAL: KILL, STOP */
	if (!masked)
		call_mask(SIG_SETMASK, &call_none, NULL);
}

/* One that stands in another's place moves above all of them; -1: errno. */
static int
move_away(int *fd, int top)
{
	return *fd < top ? *fd = call_fcntl(*fd, F_DUPFD_CLOEXEC, top) : *fd;
}

/* Puts the fds in their places; what stands in another's place, the program too, moves first. */
static int
place_fds(const struct spawn_fd *fds, size_t n, int *program)
{
	int source[SPAWN_FDS], top = 0;

	if (n > sizeof source / sizeof *source)
		return call_fail(EMFILE);
	for (size_t i = 0; i < n; i++)
		top = fds[i].child >= top ? fds[i].child + 1 : top;
	for (size_t i = 0; i < n; i++) {
		source[i] = fds[i].parent;
		if (source[i] != fds[i].child && move_away(&source[i], top) < 0)
			return -1;
	}
	if (*program >= 0 && move_away(program, top) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (source[i] == fds[i].child ? call_fcntl(source[i], F_SETFD, 0) < 0
					      : dup2(source[i], fds[i].child) < 0)
			return -1;
	return 0;
}

/* Everything between the clone and the exec; -1 with errno and b->step. */
static int
prepare(struct birth *b)
{
	const struct spawn *s = b->spawn;
	char number[16];

	b->step = "fds"; /* the first: until then they are our parent's */
	if (b->end && syscall(SYS_close_range, b->end, ~0u, RANGE_UNSHARE) < 0)
		return -1;
	b->step = "setpgid";
	if (setpgid(0, 0) < 0)
		return -1;
	b->step = "cgroup";
	if (s->cgroup_procs && smallfile_write(s->cgroup_procs, "0") < 0)
		return -1;
	b->step = "oom_score_adj";
	if (s->oom_score_adj) {
		(void)buf_print_to(number, sizeof number, "%d", *s->oom_score_adj); /* fits */
		if (smallfile_write("/proc/self/oom_score_adj", number) < 0)
			return -1;
	}
	b->step = "nice";
	if (s->nice != 0 &&
	    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + s->nice) < 0) {
		errno = errno == EACCES ? EPERM : errno; /* as nice(2) */
		return -1;
	}
	b->step = "fds"; /* before the limits: moving one needs a free number above */
	if (place_fds(b->fds, s->nfds, &b->program) < 0)
		return -1;
	for (size_t i = 0; i < s->nlimits; i++) {
		b->step = s->limits[i].name;
		if (syscall(SYS_prlimit64, 0, s->limits[i].resource, s->limits[i].soft_hard, NULL) <
		    0)
			return -1;
	}
	b->step = "chroot";
	if (s->root && (chroot(s->root) < 0 || chdir("/") < 0))
		return -1;
	b->step = "identity";
	if (s->privilege && privilege_apply(s->privilege) < 0)
		return -1;
	b->step = "chdir"; /* as whom it will run */
	if (s->dir && chdir(s->dir) < 0)
		return -1;
	if (s->umask >= 0)
		umask((mode_t)s->umask);
	if (s->traceable)
		(void)call_prctl(PR_SET_PTRACER, (unsigned long)b->parent); /* EINVAL: no Yama */
	/* after the change of identity, which clears it */
	b->step = "death signal";
	if (s->death_signal && call_prctl(PR_SET_PDEATHSIG, (unsigned long)s->death_signal) < 0)
		return -1;
	if (getppid() != b->parent) { /* it died before it could be asked for */
		return call_fail(ESRCH);
	}
	for (int i = 0; i < 2; i++)
		if (s->pid_text[i])
			(void)buf_print_to(s->pid_text[i], 12, "%d", (int)getpid()); /* fits */
	return 0;
}

/* Only returns if it fails. */
static void
exec_file(int fd, char *const argv[], char *const envp[])
{
	(void)syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH); /* errno tells */
}

/* As execvpe(3): a file without a slash is looked for in our PATH. Only returns if it fails. */
static void
exec_found(const struct spawn *s)
{
	const char *dir = call_env("PATH");
	char path[PATH_MAX];
	bool denied = false;
	size_t n;

	if (!*s->file || text_char(s->file, '/')) {
		execve(s->file, s->argv, s->envp);
		return;
	}
	for (dir = dir ? dir : "/usr/local/bin:/bin:/usr/bin"; dir;
	     dir = dir[n] ? dir + n + 1 : NULL) {
		n = text_span(dir, ":");
		errno = ENOENT; /* what is too long cannot be there */
		if (buf_print_to(path, sizeof path, "%.*s%s%s", (int)n, dir, n ? "/" : "", s->file))
			execve(path, s->argv, s->envp);
		denied |= errno == EACCES;
		if (errno != EACCES && errno != ENOENT && errno != ENOTDIR)
			return;
	}
	errno = denied ? EACCES : errno;
}

static int
child(void *arg)
{
	struct birth *b = arg;

	if (prepare(b) == 0) {
		reset_signals(b->spawn->masked);
		b->step = "exec";
		if (b->program >= 0)
			exec_file(b->program, b->spawn->argv, b->spawn->envp);
		else
			exec_found(b->spawn);
	}
	b->error = errno;
	_exit(127);
}

/* Puts what stands above the desk onto it, in fds; false: it has no place for all. */
static bool
fill_desk(const struct spawn *s, struct spawn_fd *fds, unsigned *used)
{
	for (size_t i = 0; i < s->nfds; i++) {
		fds[i] = s->fds[i];
		if (fds[i].parent < s->desk->end)
			continue;
		if (*used == SPAWN_PLACES || call_dup3(fds[i].parent, s->desk->place[*used]) < 0)
			return false;
		fds[i].parent = s->desk->place[(*used)++];
	}
	return true;
}

/* The children's, one after the other. */
static _Alignas(4096) char stack[STACK];

void
spawn_trim(void)
{
	memory_drop(stack, sizeof stack, false);
}

pid_t
spawn(const struct spawn *s, const char **step)
{
	struct spawn_fd fds[SPAWN_FDS];
	struct birth b = { .spawn = s,
		.parent = getpid(),
		.step = "fork",
		.fds = s->fds,
		.program = s->file_fd ? *s->file_fd : -1 };
	int flags = CLONE_VM | CLONE_VFORK | SIGCHLD, e;
	struct call_mask old;
	unsigned used = 0;
	pid_t pid;

	if (s->desk && s->desk->end && s->nfds <= SPAWN_FDS && fill_desk(s, fds, &used)) {
		flags |= CLONE_FILES;
		b.end = s->desk->end;
		b.fds = fds;
	}
	call_mask(SIG_SETMASK, &call_all, &old);
	pid = clone(child, stack + sizeof stack, flags, &b);
	if (pid < 0 && errno == EINVAL) /* an emulator that knows no more than fork */
		pid = clone(child, stack + sizeof stack, flags & ~CLONE_FILES, &b);
	e = pid < 0 ? errno : b.error;
	if (pid > 0 && e != 0)
		(void)waitpid(pid, NULL, 0); /* it has exited: this neither waits nor fails */
	call_mask(SIG_SETMASK, &old, NULL);
	while (used > 0) /* or a pipe would never end */
		(void)call_dup3(s->desk->null, s->desk->place[--used]);
	*step = b.step;
	errno = e;
	return e != 0 ? -1 : pid;
}

void
spawn_lay_desk(struct spawn_desk *d, int null)
{
	int end = 0;

	d->null = null;
	for (int i = 0; i < SPAWN_PLACES; i++) {
		if ((d->place[i] = call_fcntl(null, F_DUPFD_CLOEXEC, 3)) < 0)
			return;
		end = d->place[i] + 1 > end ? d->place[i] + 1 : end;
	}
	/* nobody shares ours: this only tells whether the kernel knows it */
	if (syscall(SYS_close_range, ~0u, ~0u, RANGE_UNSHARE) == 0)
		d->end = end;
}

pid_t
spawn_helper(int (*work)(void *), void *arg)
{
	pid_t parent = getpid(), pid;
	struct call_mask old;
	int e;

	call_mask(SIG_SETMASK, &call_all, &old);
	pid = call_fork();
	e = errno;
	if (pid == 0) {
		(void)call_prctl(
		    PR_SET_PDEATHSIG, SIGKILL); /* without it the helper ends by itself */
		reset_signals(false);
		_exit(getppid() == parent ? work(arg) : 1);
	}
	call_mask(SIG_SETMASK, &old, NULL);
	errno = e;
	return pid;
}

/* With seconds of 64 bits everywhere. */
#ifdef SYS_timer_settime64
#define TIMER_SETTIME SYS_timer_settime64
#else
#define TIMER_SETTIME SYS_timer_settime
#endif

int
spawn_end_after(ms time)
{
	struct sigevent event = { .sigev_signo = SIGVTALRM, .sigev_notify = SIGEV_SIGNAL };
	struct {
		int64_t again[2], first[2]; /* seconds and nanoseconds */
	} when = { .first = { time / MS_SECOND, time % MS_SECOND * 1000000 } };
	int timer;

	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) < 0)
		return -1;
	return (int)syscall(TIMER_SETTIME, timer, 0, &when, NULL);
}

int
spawn_self(void)
{
	int fd = call_open("/proc/self/exe", O_PATH | O_CLOEXEC, 0), high;

	if (fd < 0) /* no /proc */
		fd = call_open((const char *)getauxval(AT_EXECFN), O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	high = call_fcntl(fd, F_DUPFD_CLOEXEC, SELF_FD);
	call_close(fd);
	return high;
}

void
spawn_become(int file, char *const argv[], char *const envp[])
{
	exec_file(file, argv, envp);
}

void
spawn_exec(char *const argv[], char *const envp[])
{
	exec_found(&(struct spawn){ .file = argv[0], .argv = argv, .envp = envp });
}

/* What the fallback looks at. */
static int
highest_fd(void)
{
	struct rlimit r;

	if (prlimit(0, RLIMIT_NOFILE, NULL, &r) < 0 || r.rlim_max > 65536)
		return 65536;
	return (int)r.rlim_max;
}

/* All from 3 on: flags are close_range(2)'s, for which the fallback stands. */
static void
each_fd(unsigned flags)
{
	if (syscall(SYS_close_range, 3u, ~0u, flags) == 0)
		return;
	for (int fd = highest_fd(); fd-- > 3;)
		if (flags)
			(void)call_fcntl(fd, F_SETFD, FD_CLOEXEC); /* EBADF: not open */
		else
			close(fd);
}

void
spawn_seal_fds(void)
{
	each_fd(RANGE_CLOEXEC);
}

void
spawn_close_fds(void)
{
	each_fd(0);
}
