#include "call.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../base/text.h"

extern char **environ;

/* The 32-bit calls have another name where there were smaller ones before. */
#ifdef SYS_fcntl64
#define FCNTL SYS_fcntl64
#else
#define FCNTL SYS_fcntl
#endif
#ifdef SYS_fchown32
#define FCHOWN SYS_fchown32
#else
#define FCHOWN SYS_fchown
#endif

int
call_pipe(int fds[2], int flags)
{
	return (int)syscall(SYS_pipe2, fds, flags);
}

int
call_socketpair(int type, int fds[2])
{
	return (int)syscall(SYS_socketpair, AF_UNIX, type, 0, fds);
}

int
call_fcntl(int fd, int command, int arg)
{
	return (int)syscall(FCNTL, fd, command, (long)arg);
}

int
call_lock(int fd, int command, struct flock *lock)
{
	return (int)syscall(FCNTL, fd, command, lock);
}

int
call_open(const char *path, int flags, mode_t mode)
{
#ifdef SYS_open
	return (int)syscall(SYS_open, path, flags | O_LARGEFILE, mode);
#else
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
#endif
}

int
call_openat(int dir_fd, const char *path, int flags)
{
	return (int)syscall(SYS_openat, dir_fd, path, flags | O_LARGEFILE);
}

int
call_dup3(int from, int to)
{
	return (int)syscall(SYS_dup3, from, to, O_CLOEXEC);
}

int
call_prctl(int option, unsigned long arg)
{
	return (int)syscall(SYS_prctl, option, arg, 0L, 0L, 0L);
}

int
call_fchmod(int fd, mode_t mode)
{
	return (int)syscall(SYS_fchmod, fd, mode);
}

int
call_fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)syscall(FCHOWN, fd, uid, gid);
}

/* Where the kernel's struct stat is libc's too, and mmap(2) has its six arguments. */
#if defined __x86_64__ && defined __LP64__ || defined __aarch64__
static int
stat_at(const char *path, struct stat *st, int flags)
{
#ifdef SYS_lstat
	return (int)syscall(flags ? SYS_lstat : SYS_stat, path, st);
#else
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, flags);
#endif
}

int
call_fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

void *
call_mmap_at(void *at, size_t size, int access, int flags, int fd)
{
	return (void *)syscall(SYS_mmap, at, size, access, flags, fd, 0L);
}
#else
static int
stat_at(const char *path, struct stat *st, int flags)
{
	return fstatat(AT_FDCWD, path, st, flags);
}

int
call_fstat(int fd, struct stat *st)
{
	return fstat(fd, st);
}

void *
call_mmap_at(void *at, size_t size, int access, int flags, int fd)
{
	return mmap(at, size, access, flags, fd, 0);
}
#endif

void *
call_mmap(size_t size, int flags, int fd)
{
	return call_mmap_at(NULL, size, PROT_READ | PROT_WRITE, flags, fd);
}

void *
call_mremap(void *at, size_t old, size_t size)
{
	return (void *)syscall(SYS_mremap, at, old, size, MREMAP_MAYMOVE);
}

int
call_stat(const char *path, struct stat *st)
{
	return stat_at(path, st, 0);
}

int
call_lstat(const char *path, struct stat *st)
{
	return stat_at(path, st, AT_SYMLINK_NOFOLLOW);
}

ssize_t
call_readlink(const char *path, char *to, size_t room)
{
	return (ssize_t)syscall(SYS_readlinkat, AT_FDCWD, path, to, room);
}

int
call_getcwd(char *to, size_t room)
{
	return (int)syscall(SYS_getcwd, to, room);
}

ssize_t
call_sendmsg(int sock, const struct msghdr *m, int flags)
{
	return (ssize_t)syscall(SYS_sendmsg, sock, m, flags);
}

ssize_t
call_recvmsg(int sock, struct msghdr *m, int flags)
{
	return (ssize_t)syscall(SYS_recvmsg, sock, m, flags);
}

int
call_epoll_create(void)
{
	return (int)syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
}

int
call_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	return (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
}

int
call_epoll_wait(int epoll, struct epoll_event *events, int room, int timeout)
{
	return (int)syscall(SYS_epoll_pwait, epoll, events, room, timeout, NULL, _NSIG / 8);
}

pid_t
call_fork(void)
{
#ifdef SYS_fork
	return (pid_t)syscall(SYS_fork);
#else
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
#endif
}

#if _NSIG / 8 > __SIZEOF_LONG__
const struct call_mask call_all = { { -1UL, -1UL } };
#else
const struct call_mask call_all = { { -1UL } };
#endif
const struct call_mask call_none = { { 0 } };

void
call_mask(int how, const struct call_mask *signals, struct call_mask *old)
{
	(void)syscall(SYS_rt_sigprocmask, how, signals, old, sizeof *signals);
}

#define CATCH_FLAGS (SA_NOCLDSTOP | SA_SIGINFO)

#if defined __x86_64__ && defined __LP64__
/* As the kernel has it. libc's guards an abort(3) of other threads too. */
struct action {
	union {
		void (*plain)(int);
		void (*told)(int, siginfo_t *, void *);
	} handler;
	unsigned long flags;
	void (*back)(void); /* where a handler returns to */
	struct call_mask mask;
};

#define HAS_BACK 0x04000000 /* SA_RESTORER */

/* rt_sigreturn(2), which is call 15 */
static __attribute__((naked)) void
back(void)
{
	__asm__("mov $15, %rax\n\tsyscall"); /* debuggers know it by these bytes */
}

static int
set_action(int sig, const struct action *a)
{
	return (int)syscall(SYS_rt_sigaction, sig, a, NULL, sizeof a->mask);
}

int
call_catch(int sig, void (*handler)(int, siginfo_t *, void *), bool goes_on)
{
	const struct action a = { .handler.told = handler,
		.flags = CATCH_FLAGS | HAS_BACK | (goes_on ? SA_RESTART : 0),
		.back = back,
		.mask = call_all };

	return set_action(sig, &a);
}

void
call_signal(int sig, void (*handler)(int))
{
	const struct action a = { .handler.plain = handler };

	(void)set_action(sig, &a); /* EINVAL: there is no such signal, or it is KILL or STOP */
}
#else
int
call_catch(int sig, void (*handler)(int, siginfo_t *, void *), bool goes_on)
{
	struct sigaction a = { .sa_sigaction = handler,
		.sa_flags = CATCH_FLAGS | (goes_on ? SA_RESTART : 0) };

	sigfillset(&a.sa_mask);
	return sigaction(sig, &a, NULL);
}

void
call_signal(int sig, void (*handler)(int))
{
	const struct sigaction a = { .sa_handler = handler };

	(void)sigaction(sig, &a, NULL); /* EINVAL: there is no such signal, or KILL or STOP */
}
#endif

const char *
call_env(const char *name)
{
	for (char **e = environ; *e; e++) {
		const char *value = text_value(*e, name);

		if (value)
			return value;
	}
	return NULL;
}

int64_t
call_time(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	return ts.tv_sec;
}

const char *
call_reason(void)
{
	return strerror(errno);
}

int
call_fail(int error)
{
	errno = error;
	return -1;
}

int
call_close(int fd)
{
	int e = errno;

	if (fd >= 0)
		close(fd);
	return call_fail(e);
}

int
call_unlink(const char *path)
{
	int e = errno;

	(void)unlink(path); /* who calls has an error to tell already */
	return call_fail(e);
}

bool
call_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

int
call_fail_closed(int fd, int error)
{
	close(fd);
	return call_fail(error);
}

bool
call_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

int
call_waiting(int fd)
{
	int n;

	return syscall(SYS_ioctl, fd, FIONREAD, &n) < 0 ? -1 : n;
}
