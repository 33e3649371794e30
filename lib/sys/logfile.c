#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int
logfile_open(struct logfile *l, const char *path)
{
	struct logfile new = { .fd = path ? STDOUT_FILENO : STDERR_FILENO };
	struct stat st;

	if (path && strcmp(path, "-") != 0) {
		/* O_NONBLOCK: a fifo without a reader is ENXIO, not a wait for one */
		new.fd = open(
		    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
		if (new.fd < 0)
			return -1;
		new.owned = true;
	}
	if (fstat(new.fd, &st) == 0)
		new.may_block = !S_ISREG(st.st_mode);
	*l = new;
	return 0;
}

void
logfile_replace(struct logfile *l, const struct logfile *new)
{
	struct logfile old = *l;
	struct stat was, is;

	*l = *new;
	l->lost = old.lost;
	l->torn = old.torn && fstat(old.fd, &was) == 0 && fstat(l->fd, &is) == 0 &&
	    was.st_ino == is.st_ino && was.st_dev == is.st_dev;
	logfile_close(&old);
}

bool
logfile_write(struct logfile *l, const char *line, size_t len)
{
	struct pollfd p = { .fd = l->fd, .events = POLLOUT };
	struct iovec v[2] = { { "\n", l->torn },
		{ (char *)(size_t)line, len } }; /* it is only read */
	size_t all = len + l->torn;
	ssize_t n = -1;

	/* a pipe that polls writable has room for PIPE_BUF bytes at least: pipe(7) */
	if (!l->may_block || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT)))
		do
			n = writev(l->fd, v, 2);
		while (n < 0 && errno == EINTR);
	if (n == (ssize_t)all) {
		l->lost = 0;
		l->torn = false;
		return true;
	}
	if (n > 0) /* what there is of it ends where it ends: the next line begins on a line of its
		      own */
		l->torn = true;
	l->lost++;
	return false;
}

void
logfile_close(struct logfile *l)
{
	if (l->owned)
		close(l->fd);
	*l = (struct logfile){ .fd = -1 };
}
