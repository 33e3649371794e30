#include "intake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "call.h"

#define SIZE (256 * 1024) /* of our pipes: at least what an input pipe holds, as a rule */

int
intake_make(int taken[2])
{
	if (call_pipe(taken, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	(void)call_fcntl(taken[1], F_SETPIPE_SZ, SIZE); /* else more is taken in two goes */
	return 0;
}

int
intake_open(struct intake *in, const int taken[2])
{
	in->taken[0] = taken[0];
	in->taken[1] = taken[1];
	if (intake_make(in->scratch) < 0)
		return -1;
	/* what was seen is to go into it in one go: it has as many places */
	return call_fcntl(in->scratch[0], F_SETPIPE_SZ, call_fcntl(taken[0], F_GETPIPE_SZ, 0)) < 0
	    ? -1
	    : 0;
}

ssize_t
intake_peek(const struct intake *in, int fd, char *bytes, size_t room)
{
	ssize_t n = tee(fd, in->scratch[1], room, SPLICE_F_NONBLOCK), got;
	size_t len = 0;

	if (n <= 0)
		return n;
	while (len < (size_t)n && (got = read(in->scratch[0], bytes + len, (size_t)n - len)) > 0)
		len += (size_t)got;
	return (ssize_t)len;
}

ssize_t
intake_take(const struct intake *in, int fd, size_t n)
{
	return splice(fd, NULL, in->taken[1], NULL, n, SPLICE_F_NONBLOCK);
}

size_t
intake_count(const struct intake *in)
{
	return (size_t)call_waiting(in->taken[0]); /* cannot fail on a pipe */
}

void
intake_drop(const struct intake *in)
{
	char bytes[4096];

	while (read(in->taken[0], bytes, sizeof bytes) > 0)
		;
}

bool
intake_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}
