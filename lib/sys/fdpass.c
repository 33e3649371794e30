#include "fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "call.h"

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int
fdpass_send(int sock, const void *bytes, size_t len, int fd)
{
	struct iovec iov = { .iov_base = (void *)(size_t)bytes, .iov_len = len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control c;

	if (fd >= 0) {
		memset(&c, 0, sizeof c);
		m.msg_control = c.room;
		m.msg_controllen = sizeof c.room;
		c.head.cmsg_level = SOL_SOCKET;
		c.head.cmsg_type = SCM_RIGHTS;
		c.head.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&c.head), &fd, sizeof fd);
	}
	return call_sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

ssize_t
fdpass_recv(int sock, void *bytes, size_t room, int *fd)
{
	struct iovec iov = { .iov_base = bytes, .iov_len = room };
	union control c;
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.room,
		.msg_controllen = CMSG_LEN(sizeof *fd) }; /* for one: the kernel closes more */
	ssize_t n = call_recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	*fd = -1;
	if (n > 0 && (m.msg_flags & MSG_CTRUNC))
		errno = EMFILE;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(h), sizeof *fd);
	return n;
}
