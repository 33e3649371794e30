#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/num.h"
#include "../base/text.h"
#include "call.h"

/* The pid that the file's text names; 0: none. */
static pid_t
read_pid(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	uint64_t pid;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	text[text_span(text, "\n")] = '\0';
	return num_count(text, 1, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

static int
open_regular(const char *path, int flags)
{
	int fd = call_open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644), e;
	struct stat st;

	if (fd < 0)
		return -1;
	e = call_fstat(fd, &st) < 0 ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;
	return e == 0 ? fd : call_fail_closed(fd, e);
}

/* Is the open file still the one at path? Its last owner may have removed it meanwhile. */
static bool
still_there(int fd, const char *path)
{
	struct stat mine, there;

	return call_fstat(fd, &mine) == 0 && call_lstat(path, &there) == 0 &&
	    call_same(&mine, &there);
}

static int
write_pid(int fd)
{
	char room[16];
	struct buf text = buf_over(room, sizeof room);
	ssize_t len;

	buf_printf(&text, "%d\n", (int)getpid());
	len = (ssize_t)text.len;
	/* over the old text, then cut: a reader never finds it empty */
	return pwrite(fd, room, text.len, 0) == len && ftruncate(fd, len) == 0 ? 0 : -1;
}

/* Who holds the lock, 0: nobody, -1: errno; ESRCH: a process of another pid namespace. */
static pid_t
find_holder(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (call_lock(fd, F_GETLK, &lock) < 0)
		return -1;
	if (lock.l_type == F_UNLCK || lock.l_pid > 0)
		return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
	return call_fail(ESRCH);
}

int
pidfile_take(struct pidfile *p, const char *path, pid_t *holder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, e;

	for (;;) {
		if ((fd = open_regular(path, O_RDWR | O_CREAT)) < 0)
			return -1;
		if (call_lock(fd, F_SETLK, &lock) < 0)
			break;
		if (!still_there(fd, path)) {
			close(fd);
			continue;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) /* for those who look for that one */
			break;
		if (write_pid(fd) < 0)
			break;
		*p = (struct pidfile){ .fd = fd, .path = path };
		return 0;
	}
	e = errno;
	if (e == EACCES || e == EAGAIN) {
		e = EWOULDBLOCK;
		if ((*holder = find_holder(fd)) <= 0)
			*holder = read_pid(fd);
	}
	return call_fail_closed(fd, e);
}

void
pidfile_drop(struct pidfile *p)
{
	if (p->fd < 0)
		return;
	if (still_there(p->fd, p->path) && unlink(p->path) < 0)
		(void)!ftruncate(p->fd, 0); /* the lock's end tells the same */
	close(p->fd);
	p->fd = -1;
}

pid_t
pidfile_holder(const char *path)
{
	int fd = open_regular(path, O_RDONLY);
	pid_t pid;

	if (fd < 0)
		return -1;
	if ((pid = find_holder(fd)) < 0)
		return call_close(fd);
	close(fd);
	return pid;
}
