#ifndef SE_SYS_PIDFILE_H
#define SE_SYS_PIDFILE_H

#include <sys/types.h>

/*
 * A pid file that tells the truth: its owner holds a write lock on it (fcntl(2), and flock(2) as
 * start_server does) for as long as it lives, so that a stale one is told from a live one however the owner ended.
 */
struct pidfile {
	int fd;           /* -1: none */
	const char *path; /* the caller's */
};

/*
 * Creates or takes over the file and writes our pid. -1: errno; EWOULDBLOCK means that a live
 * process holds it, *holder is its pid (0: in another pid namespace). A symbolic link is not
 * followed (ELOOP), what is no regular file is refused (EINVAL).
 */
int pidfile_take(struct pidfile *, const char *path, pid_t *holder);
/* Removes the file, or empties it where that is not permitted, and lets the lock go. */
void pidfile_drop(struct pidfile *);
/* Who holds the file: its pid, 0: nobody, -1: errno; ESRCH: a process of another pid namespace. */
pid_t pidfile_holder(const char *path);

#endif
