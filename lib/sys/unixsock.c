#include "unixsock.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/buf.h"
#include "call.h"
#include "listener.h"

/* socket(2) without what libcs add for kernels that do not know the flags: all here do. */
static int
open_socket(int type)
{
	return (int)syscall(SYS_socket, AF_UNIX, type | SOCK_CLOEXEC, 0);
}

static int
address(const char *path, struct sockaddr_un *a)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof a->sun_path)
		return call_fail(ENAMETOOLONG);
	memcpy(a->sun_path, path, strlen(path));
	if (*path == '@') /* abstract: all of sun_path is its name, zeroes included */
		a->sun_path[0] = '\0';
	return 0;
}

int
unixsock_connect(const char *path, ms limit)
{
	struct timeval t = { .tv_sec = (time_t)(limit / 1000),
		.tv_usec = (suseconds_t)(limit % 1000 * 1000) };
	struct sockaddr_un a;
	int fd;

	if (address(path, &a) < 0 ||
	    (fd = open_socket(SOCK_STREAM | (limit ? 0 : SOCK_NONBLOCK))) < 0)
		return -1;
	if ((limit == 0 || limit == MS_NEVER ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t) == 0) &&
	    connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	return call_close(fd);
}

/* Makes way at path; only for what is a socket that nobody listens on. */
static int
remove_dead(const char *path)
{
	struct stat st;
	int fd;

	if (*path == '@')
		return 0; /* it goes with its last socket */
	if (call_lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode))
		return call_fail(EEXIST);
	if ((fd = unixsock_connect(path, 0)) >= 0)
		return call_fail_closed(fd, EADDRINUSE);
	if (errno == EAGAIN) /* its queue is full, so there is somebody */
		errno = EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -1;
	return unlink(path);
}

int
unixsock_listen(const char *path, uid_t uid, gid_t gid)
{
	bool ours = uid == geteuid() && gid == getegid();
	const struct listener_options o = { .backlog = 128,
		.nonblocking = true,
		.mode = 0600,
		.uid = ours ? (uid_t)-1 : uid,
		.gid = ours ? (gid_t)-1 : gid };
	struct listener_address a = { .len = sizeof(struct sockaddr_un) };
	const char *step;

	if (address(path, (struct sockaddr_un *)(void *)&a.addr) < 0 || remove_dead(path) < 0)
		return -1;
	return listener_open(&a, SOCK_STREAM, &o, &step);
}

int
unixsock_accept(int listener, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof cred;
	int fd = (int)syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return call_close(fd);
	*uid = cred.uid;
	return fd;
}

int
unixsock_reports(char name[16])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t family = sizeof a.sun_family, len = sizeof a;
	int fd = open_socket(SOCK_DGRAM | SOCK_NONBLOCK), one = 1;

	if (fd < 0)
		return -1;
	/* bound without a name: the kernel makes one, unix(7) */
	if (bind(fd, (struct sockaddr *)&a, family) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return call_close(fd);
	(void)buf_print_to(name, 16, "@%.*s", (int)(len - family - 1),
	    a.sun_path + 1); /* fits: the kernel's names have five digits */
	return fd;
}

/* CMSG_NXTHDR(3), whose macro is not clean of sign conversions in every libc. */
static struct cmsghdr *
next_ancillary(struct msghdr *m, struct cmsghdr *c)
{
	char *end = (char *)m->msg_control + m->msg_controllen;
	char *next = (char *)c + CMSG_ALIGN(c->cmsg_len);

	return c->cmsg_len < sizeof *c || next + sizeof *c > end ? NULL
								 : (struct cmsghdr *)(void *)next;
}

/* What came along: the sender's pid, and descriptors to be closed. */
static pid_t
take_ancillary(struct msghdr *m)
{
	pid_t sender = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = next_ancillary(m, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred cred;

			memcpy(&cred, CMSG_DATA(c), sizeof cred);
			sender = cred.pid;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

			for (size_t i = 0; i < n; i++) {
				int fd;

				memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
				close(fd);
			}
		}
	}
	return sender;
}

ssize_t
unixsock_report(int fd, char *bytes, size_t room, pid_t *sender)
{
	_Alignas(struct cmsghdr) char
	    control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(253 * sizeof(int))];
	struct iovec iov = { .iov_base = bytes, .iov_len = room };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control };
	ssize_t n;

	do
		n = call_recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		*sender = take_ancillary(&m);
	return n;
}
