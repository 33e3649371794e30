#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/num.h"

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
	text[strcspn(text, "\n")] = '\0';
	return num_count(text, 1, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

static int
open_regular(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644), e;
	struct stat st;

	if (fd < 0)
		return -1;
	e = fstat(fd, &st) < 0 ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;
	if (e == 0)
		return fd;
	close(fd);
	errno = e;
	return -1;
}

/* Is the open file still the one at path? Its last owner may have removed it meanwhile. */
static bool
still_there(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 && mine.st_ino == there.st_ino &&
	    mine.st_dev == there.st_dev;
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

int
pidfile_take(struct pidfile *p, const char *path, pid_t *holder)
{
	for (;;) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open_regular(path, O_RDWR | O_CREAT), e;

		if (fd < 0)
			return -1;
		if (fcntl(fd, F_SETLK, &lock) == 0) {
			if (!still_there(fd, path)) {
				close(fd);
				continue;
			}
			if (write_pid(fd) == 0) {
				*p = (struct pidfile){ .fd = fd, .path = path };
				return 0;
			}
		}
		e = errno == EACCES || errno == EAGAIN ? EWOULDBLOCK : errno;
		lock.l_type = F_WRLCK;
		if (e == EWOULDBLOCK) {
			*holder = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK
			    ? lock.l_pid
			    : 0;
			if (*holder <= 0)
				*holder = read_pid(fd);
		}
		close(fd);
		errno = e;
		return -1;
	}
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
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_regular(path, O_RDONLY), e;
	pid_t pid = -1;

	if (fd < 0)
		return -1;
	if (fcntl(fd, F_GETLK, &lock) == 0) {
		pid = lock.l_type == F_UNLCK ? 0 : lock.l_pid > 0 ? lock.l_pid : -1;
		errno = ESRCH;
	}
	e = errno;
	close(fd);
	errno = e;
	return pid;
}
