#include "lib/sys/fdpass.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/unit/sys_case.h"

static int pair[2];

static void
begin(void)
{
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static int
open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The next message as text, and its descriptor. */
static const char *
message(int *fd)
{
	static char text[32];
	ssize_t n;

	*fd = -7;
	n = fdpass_recv(pair[1], text, sizeof text - 1, fd);
	ATF_REQUIRE_MSG(n > 0, "%s", strerror(errno));
	text[n] = '\0';
	return text;
}

ATF_TC_WITHOUT_HEAD(messages_with_and_without_a_descriptor);
ATF_TC_BODY(messages_with_and_without_a_descriptor, tc)
{
	int p[2], fd;

	begin();
	ATF_REQUIRE_EQ(pipe(p), 0);
	ATF_CHECK_EQ(fdpass_send(pair[0], "one", 3, p[1]), 0);
	ATF_CHECK_EQ(fdpass_send(pair[0], "three", 5, -1), 0);
	ATF_CHECK_EQ(fdpass_send(pair[0], "4", 1, p[0]), 0);
	close(p[1]); /* the message holds it */
	ATF_CHECK_STREQ(message(&fd), "one");
	ATF_CHECK(fd > 2 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	ATF_CHECK_EQ(write(fd, "text", 4), 4);
	close(fd);
	ATF_CHECK_STREQ(message(&fd), "three");
	ATF_CHECK_EQ(fd, -1);
	ATF_CHECK_STREQ(message(&fd), "4");
	ATF_CHECK_STREQ(read_all(fd), "text"); /* and the other was the last writer */
	close(fd);
	close(p[0]);
}

ATF_TC_WITHOUT_HEAD(it_is_never_waited_for);
ATF_TC_BODY(it_is_never_waited_for, tc)
{
	char byte[64];
	int fd = 5, sent = 0;

	begin();
	ATF_CHECK(fdpass_recv(pair[1], byte, sizeof byte, &fd) < 0 && errno == EAGAIN);
	ATF_CHECK_EQ(fd, -1);
	while (fdpass_send(pair[0], "x", 1, sent % 2 ? 0 : -1) == 0)
		ATF_REQUIRE(++sent < 1000000);
	ATF_CHECK(errno == EAGAIN || errno == ETOOMANYREFS);
	for (int got = 0; got < sent; got++) {
		ATF_REQUIRE_EQ(fdpass_recv(pair[1], byte, sizeof byte, &fd), 1);
		ATF_REQUIRE_EQ(fd >= 0, got % 2 != 0);
		if (fd >= 0)
			close(fd);
	}
	ATF_CHECK_EQ(fdpass_send(pair[0], "x", 1, -1), 0); /* there is room again */
}

ATF_TC_WITHOUT_HEAD(without_room_for_a_descriptor);
ATF_TC_BODY(without_room_for_a_descriptor, tc)
{
	struct rlimit was, none;
	char text[8];
	int fd = 5, length;

	begin();
	ATF_CHECK_EQ(fdpass_send(pair[0], "one", 3, 0), 0);
	ATF_REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	errno = 0;
	length = (int)fdpass_recv(pair[1], text, sizeof text, &fd);
	ATF_CHECK(length == 3 && fd == -1 && errno == EMFILE);
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &was), 0);
}

ATF_TC_WITHOUT_HEAD(the_other_end_is_closed);
ATF_TC_BODY(the_other_end_is_closed, tc)
{
	int before = open_fds(), fd = 5;
	char text[8];

	begin();
	ATF_CHECK_EQ(fdpass_send(pair[0], "last", 4, 0), 0);
	close(pair[0]);
	ATF_CHECK_STREQ(message(&fd), "last");
	close(fd);
	fd = 5;
	ATF_CHECK_EQ(fdpass_recv(pair[1], text, sizeof text, &fd), 0);
	ATF_CHECK_EQ(fd, -1);
	ATF_CHECK(fdpass_send(pair[1], "x", 1, 0) < 0 && errno == EPIPE); /* and no signal */
	close(pair[1]);
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[0]);
	ATF_CHECK(fdpass_send(pair[1], "x", 1, 0) < 0 && errno == EPIPE); /* nor here */
	close(pair[1]);
	ATF_CHECK(fdpass_send(pair[1], "x", 1, -1) < 0 && errno == EBADF);
	ATF_CHECK(fdpass_recv(pair[1], text, sizeof text, &fd) < 0 && errno == EBADF);
	ATF_CHECK_EQ(open_fds(), before);
}

ATF_TC_WITHOUT_HEAD(what_is_no_descriptor_cannot_be_sent);
ATF_TC_BODY(what_is_no_descriptor_cannot_be_sent, tc)
{
	char text[8];
	int fd;

	begin();
	ATF_CHECK(fdpass_send(pair[0], "x", 1, 1000) < 0 && errno == EBADF);
	ATF_CHECK(fdpass_recv(pair[1], text, sizeof text, &fd) < 0 && errno == EAGAIN);
}

/* Then the message comes without it. */
ATF_TC_WITHOUT_HEAD(no_number_is_free_for_it);
ATF_TC_BODY(no_number_is_free_for_it, tc)
{
	struct rlimit before, none;
	const char *text;
	int fd;

	begin();
	ATF_CHECK_EQ(fdpass_send(pair[0], "one", 3, 0), 0);
	ATF_REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	text = message(&fd);
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
	ATF_CHECK_STREQ(text, "one");
	ATF_CHECK_EQ(fd, -1);
	ATF_CHECK_EQ(fdpass_send(pair[0], "two", 3, 0), 0);
	ATF_CHECK_STREQ(message(&fd), "two");
	ATF_CHECK(fd >= 0);
}

/* What else a peer may send: nothing stays open. */
ATF_TC_WITHOUT_HEAD(two_descriptors_are_one_too_many);
ATF_TC_BODY(two_descriptors_are_one_too_many, tc)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} c = { 0 };
	struct iovec iov = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.room,
		.msg_controllen = sizeof c.room };
	int before, fd;

	begin();
	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(&c.head), (const int[]){ 0, 1 }, 2 * sizeof(int));
	ATF_REQUIRE_EQ(sendmsg(pair[0], &m, 0), 1);
	before = open_fds();
	ATF_CHECK_STREQ(message(&fd), "x");
	if (fd >= 0)
		close(fd);
	ATF_CHECK_EQ(open_fds(), before);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, messages_with_and_without_a_descriptor);
	ATF_TP_ADD_TC(tp, it_is_never_waited_for);
	ATF_TP_ADD_TC(tp, without_room_for_a_descriptor);
	ATF_TP_ADD_TC(tp, the_other_end_is_closed);
	ATF_TP_ADD_TC(tp, what_is_no_descriptor_cannot_be_sent);
	ATF_TP_ADD_TC(tp, no_number_is_free_for_it);
	ATF_TP_ADD_TC(tp, two_descriptors_are_one_too_many);
	return atf_no_error();
}
