#ifndef SE_SYS_CALL_H
#define SE_SYS_CALL_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * System calls as they are: what libcs add for old kernels, threads and other layouts would make
 * the binary larger. Each takes and returns what its namesake does; -1: errno.
 */
int call_pipe(int fds[2], int flags);      /* pipe2(2) */
int call_socketpair(int type, int fds[2]); /* of AF_UNIX */
int call_fcntl(int fd, int command, int arg);
int call_lock(int fd, int command, struct flock *); /* fcntl(2) with F_SETLK or F_GETLK */
int call_open(const char *path, int flags, mode_t mode);
int call_openat(int dir_fd, const char *path, int flags);
int call_dup3(int from, int to); /* close-on-exec */
int call_prctl(int option, unsigned long arg);
int call_fchmod(int fd, mode_t);
int call_fchown(int fd, uid_t, gid_t);
int call_stat(const char *path, struct stat *);
int call_lstat(const char *path, struct stat *);
int call_fstat(int fd, struct stat *);
ssize_t call_readlink(const char *path, char *to, size_t room);
int call_getcwd(char *to, size_t room); /* getcwd(3) */
ssize_t call_sendmsg(int sock, const struct msghdr *, int flags);
ssize_t call_recvmsg(int sock, struct msghdr *, int flags);
int call_epoll_create(void); /* close-on-exec */
int call_epoll_ctl(int epoll, int op, int fd, struct epoll_event *);
int call_epoll_wait(int epoll, struct epoll_event *, int room, int timeout);
/* A process as by _Fork(3): no handlers of fork(3) are run. */
pid_t call_fork(void);
/* mmap(2) of what can be read and written, or at a place and with PROT_... ; MAP_FAILED: errno. */
void *call_mmap(size_t size, int flags, int fd);
__attribute__((noinline)) void *call_mmap_at(void *, size_t size, int access, int flags, int fd);
/* mremap(2) with MREMAP_MAYMOVE; MAP_FAILED: errno. */
void *call_mremap(void *, size_t old, size_t size);
/*
 * A handler for a signal, during which all signals wait; what waits in the kernel goes on after it,
 * or ends with EINTR; stopped children are not told. -1: errno.
 */
int call_catch(int sig, void (*)(int, siginfo_t *, void *), bool goes_on);
/* A signal that is to be ignored or to do what it does by default: SIG_IGN, SIG_DFL. */
void call_signal(int sig, void (*)(int));
/* getenv(3). */
const char *call_env(const char *name);
/* Seconds since 1970. */
int64_t call_time(void);
/* What errno says: its strerror(3). */
const char *call_reason(void);
/* Sets errno; -1. */
__attribute__((noinline)) int call_fail(int error);
/* Closes fd, if it is not -1; errno stays as it is. -1. */
int call_close(int fd);
/* Removes a file, if it is there; errno stays as it is. -1. */
int call_unlink(const char *path);
/* Does errno say that nothing was there yet, or a signal came: EAGAIN, EINTR? */
bool call_again(void);
/* Closes fd, sets errno; -1. */
int call_fail_closed(int fd, int error);
/* Are they one file? */
bool call_same(const struct stat *, const struct stat *);
/* How many bytes wait in a pipe. */
int call_waiting(int fd);

/* Signals as the kernel holds them: signal 1 is the lowest bit. */
struct call_mask {
	unsigned long bits[_NSIG / 8 / sizeof(unsigned long)];
};
extern const struct call_mask call_all, call_none;

/* sigprocmask(2) with SIG_BLOCK or SIG_SETMASK; it cannot fail. */
void call_mask(int how, const struct call_mask *, struct call_mask *old);

#endif
