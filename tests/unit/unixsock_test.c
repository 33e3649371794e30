#include "lib/sys/unixsock.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/sys_case.h"

static int
listen_here(const char *path)
{
	return unixsock_listen(path, geteuid(), getegid());
}

ATF_TC_WITHOUT_HEAD(listens_for_its_owner_only);
ATF_TC_BODY(listens_for_its_owner_only, tc)
{
	mode_t old = umask(022);
	int fd = listen_here("sock");

	ATF_REQUIRE(fd >= 0);
	ATF_CHECK_EQ(mode_of("sock"), 0600);
	ATF_CHECK_EQ(umask(old), 022);
	ATF_CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ATF_CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

ATF_TC_WITHOUT_HEAD(what_is_at_its_place);
ATF_TC_BODY(what_is_at_its_place, tc)
{
	char long_path[200];
	int fd = listen_here("sock");

	ATF_REQUIRE(fd >= 0);
	ATF_CHECK(listen_here("sock") < 0 && errno == EADDRINUSE);
	ATF_CHECK(unixsock_connect("sock", LIMIT_MS) >= 0); /* and it lives on */
	close(fd);
	fd = listen_here("sock"); /* a dead one */
	ATF_CHECK(fd >= 0);
	close(fd);
	put_file("file", "mine");
	ATF_CHECK(listen_here("file") < 0 && errno == EEXIST);
	ATF_CHECK_STREQ(get_file("file"), "mine");
	ATF_REQUIRE_EQ(symlink("sock", "link"), 0);
	ATF_CHECK(listen_here("link") < 0 && errno == EEXIST);
	ATF_CHECK(listen_here("missing/sock") < 0 && errno == ENOENT);
	memset(long_path, 'x', sizeof long_path);
	long_path[108] = '\0';
	ATF_CHECK(listen_here(long_path) < 0 && errno == ENAMETOOLONG);
	ATF_CHECK(unixsock_connect(long_path, LIMIT_MS) < 0 && errno == ENAMETOOLONG);
	long_path[107] = '\0';
	ATF_CHECK(listen_here(long_path) >= 0);
}

/* A live supervisor whose backlog is full must not stop another from saying so. */
ATF_TC_WITHOUT_HEAD(a_busy_owner_is_not_waited_for);
ATF_TC_BODY(a_busy_owner_is_not_waited_for, tc)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int fd = listen_here("sock");

	ATF_REQUIRE(fd >= 0);
	ATF_REQUIRE(unixsock_connect("sock", 0) >= 0);
	do
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	while (connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
	ATF_REQUIRE_EQ(errno, EAGAIN);
	(void)alarm(5);
	ATF_CHECK(listen_here("sock") < 0 && errno == EADDRINUSE);
	ATF_CHECK(unixsock_connect("sock", 0) < 0 && errno == EAGAIN);
	ATF_CHECK(unixsock_connect("sock", 100) < 0 && errno == EAGAIN);
}

ATF_TC_WITHOUT_HEAD(accepts_and_knows_who);
ATF_TC_BODY(accepts_and_knows_who, tc)
{
	int fd = listen_here("sock"), client, server;
	uid_t uid = 4242;
	char text[8];

	ATF_REQUIRE(fd >= 0);
	ATF_CHECK(unixsock_accept(fd, &uid) < 0 && errno == EAGAIN);
	client = unixsock_connect("sock", LIMIT_MS);
	ATF_REQUIRE(client >= 0);
	ATF_CHECK(!(fcntl(client, F_GETFL) & O_NONBLOCK));
	server = unixsock_accept(fd, &uid);
	ATF_REQUIRE(server >= 0);
	ATF_CHECK_EQ(uid, geteuid());
	ATF_CHECK_EQ(fcntl(server, F_GETFD), FD_CLOEXEC);
	ATF_CHECK(read(server, text, sizeof text) < 0 && errno == EAGAIN);
	ATF_CHECK_EQ(write(client, "word", 4), 4);
	ATF_CHECK_EQ(read(server, text, sizeof text), 4);
	client = unixsock_connect("sock", MS_NEVER);
	ATF_CHECK(client >= 0 && unixsock_accept(fd, &uid) >= 0);
	ATF_CHECK(unixsock_connect("nobody", LIMIT_MS) < 0 && errno == ENOENT);
	close(fd);
	ATF_CHECK(unixsock_connect("sock", LIMIT_MS) < 0 && errno == ECONNREFUSED);
}

/* Sends as sd_notify(3) does; nfds descriptors of our stdin come along. */
static void
report(const char *name, const char *text, size_t nfds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(253 * sizeof(int))] = { 0 };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct iovec v = { .iov_base = (void *)(size_t)text, .iov_len = strlen(text) };
	struct msghdr m = { .msg_name = &a, .msg_iov = &v, .msg_iovlen = 1 };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(a.sun_path + 1, name + 1, strlen(name) - 1);
	m.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	if (nfds > 0) {
		struct cmsghdr *c;

		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memset(CMSG_DATA(c), 0, nfds * sizeof(int));
	}
	ATF_REQUIRE_EQ_MSG(sendmsg(fd, &m, 0), (ssize_t)strlen(text), "%s", strerror(errno));
	close(fd);
}

ATF_TC_WITHOUT_HEAD(reports_come_with_their_sender);
ATF_TC_BODY(reports_come_with_their_sender, tc)
{
	char name[16], text[16];
	int fd = unixsock_reports(name);
	pid_t sender = 0, child;

	ATF_REQUIRE(fd >= 0);
	ATF_CHECK_EQ(name[0], '@');
	ATF_CHECK_EQ(strlen(name), 6);
	ATF_CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ATF_CHECK(unixsock_report(fd, text, sizeof text, &sender) < 0 && errno == EAGAIN);
	report(name, "READY=1", 0);
	ATF_CHECK_EQ(unixsock_report(fd, text, sizeof text, &sender), 7);
	ATF_CHECK(memcmp(text, "READY=1", 7) == 0);
	ATF_CHECK_EQ(sender, getpid());
	child = fork();
	if (child == 0) {
		report(name, "x=y", 0);
		_exit(0);
	}
	(void)status_of(child);
	ATF_CHECK_EQ(unixsock_report(fd, text, sizeof text, &sender), 3);
	ATF_CHECK_EQ(sender, child);
	report(name, "", 0); /* nothing is a message too */
	ATF_CHECK_EQ(unixsock_report(fd, text, sizeof text, &sender), 0);
}

ATF_TC_WITHOUT_HEAD(reports_are_cut_to_their_room);
ATF_TC_BODY(reports_are_cut_to_their_room, tc)
{
	char name[16], text[16];
	int fd = unixsock_reports(name);
	pid_t sender;

	ATF_REQUIRE(fd >= 0);
	report(name, "0123456789", 0);
	report(name, "next", 0);
	memset(text, '-', sizeof text);
	ATF_CHECK_EQ(unixsock_report(fd, text, 4, &sender), 4);
	ATF_CHECK(memcmp(text, "0123----", 8) == 0);
	ATF_CHECK_EQ(unixsock_report(fd, text, sizeof text, &sender), 4);
	ATF_CHECK(memcmp(text, "next", 4) == 0);
}

ATF_TC_WITHOUT_HEAD(descriptors_that_come_along_are_closed);
ATF_TC_BODY(descriptors_that_come_along_are_closed, tc)
{
	static const size_t counts[] = { 1, 2, 100, 253 };
	char name[16], text[16];
	int fd = unixsock_reports(name), before = dup(0), after;
	pid_t sender;

	close(before);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		report(name, "BARRIER=1", counts[i]);
		sender = 0;
		ATF_CHECK_EQ(unixsock_report(fd, text, sizeof text, &sender), 9);
		ATF_CHECK_EQ(sender, getpid());
		after = dup(0);
		ATF_CHECK_EQ(after, before);
		close(after);
	}
}

ATF_TC_WITHOUT_HEAD(two_sockets_have_two_names);
ATF_TC_BODY(two_sockets_have_two_names, tc)
{
	char one[16], two[16];

	ATF_CHECK(unixsock_reports(one) >= 0);
	ATF_CHECK(unixsock_reports(two) >= 0);
	ATF_CHECK(strcmp(one, two) != 0);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, listens_for_its_owner_only);
	ATF_TP_ADD_TC(tp, what_is_at_its_place);
	ATF_TP_ADD_TC(tp, a_busy_owner_is_not_waited_for);
	ATF_TP_ADD_TC(tp, accepts_and_knows_who);
	ATF_TP_ADD_TC(tp, reports_come_with_their_sender);
	ATF_TP_ADD_TC(tp, reports_are_cut_to_their_room);
	ATF_TP_ADD_TC(tp, descriptors_that_come_along_are_closed);
	ATF_TP_ADD_TC(tp, two_sockets_have_two_names);
	return atf_no_error();
}
