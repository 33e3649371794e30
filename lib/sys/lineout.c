#include "lineout.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

int
lineout_open(struct lineout *l, const char *path)
{
	struct lineout new = { .fd = path ? STDOUT_FILENO : STDERR_FILENO };
	struct stat st;

	if (path && strcmp(path, "-") != 0) {
		/* O_NONBLOCK: a fifo without a reader is ENXIO, not a wait for one */
		new.fd = call_open(
		    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
		if (new.fd < 0)
			return -1;
		new.owned = true;
	}
	if (call_fstat(new.fd, &st) == 0)
		new.may_block = !S_ISREG(st.st_mode);
	*l = new;
	return 0;
}

void
lineout_replace(struct lineout *l, const struct lineout *new)
{
	struct lineout old = *l;
	struct stat was, is;

	*l = *new;
	l->lost = old.lost;
	if (call_fstat(old.fd, &was) == 0 && call_fstat(l->fd, &is) == 0 && call_same(&was, &is)) {
		l->rest_len = old.rest_len;
		memcpy(l->rest, old.rest, old.rest_len);
	}
	lineout_close(&old);
}

/* As much as goes without waiting; -1: nothing. */
static ssize_t
put(const struct lineout *l, const char *bytes, size_t len)
{
	struct pollfd p = { .fd = l->fd, .events = POLLOUT };
	const struct call_mask ttou = { { 1UL << (SIGTTOU - 1) } };
	struct call_mask old;
	ssize_t n;

	/* a pipe that polls writable has room for PIPE_BUF bytes at least: pipe(7) */
	if (l->may_block && (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT)))
		return -1;
	/* in the background of a terminal with tostop, a write would send SIGTTOU and start again,
	 * for ever */
	call_mask(SIG_BLOCK, &ttou, &old);
	do
		n = write(l->fd, bytes, len);
	while (n < 0 && errno == EINTR);
	call_mask(SIG_SETMASK, &old, NULL);
	return n;
}

bool
lineout_write(struct lineout *l, const char *line, size_t len)
{
	ssize_t n;

	while (l->rest_len > 0 && (n = put(l, l->rest, l->rest_len)) > 0) {
		l->rest_len -= (size_t)n;
		memmove(l->rest, l->rest + n, l->rest_len);
	}
	n = l->rest_len > 0 ? -1 : put(l, line, len);
	if (n < 0) {
		l->lost++;
		return false;
	}
	l->rest_len = len - (size_t)n;
	memcpy(l->rest, line + n, l->rest_len);
	l->lost = 0;
	return true;
}

void
lineout_close(struct lineout *l)
{
	if (l->owned)
		close(l->fd);
	*l = (struct lineout){ .fd = -1 };
}
