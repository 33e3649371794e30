#include "lib/sys/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/sys_case.h"

static struct listener_options o;
static struct listener_address a;
static const char *step;

static void
begin(void)
{
	o = (struct listener_options){
		.backlog = 7, .mode = 0777, .uid = (uid_t)-1, .gid = (gid_t)-1
	};
}

static int
get(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	ATF_REQUIRE_EQ(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* A connection to where it listens. */
static int
connected(int listener, int type)
{
	struct sockaddr_storage s;
	socklen_t len = sizeof s;
	int fd;

	ATF_REQUIRE_EQ(getsockname(listener, (struct sockaddr *)&s, &len), 0);
	ATF_REQUIRE((fd = socket(s.ss_family, type | SOCK_NONBLOCK, 0)) >= 0);
	(void)connect(fd, (struct sockaddr *)&s, len);
	return fd;
}

ATF_TC_WITHOUT_HEAD(hosts);
ATF_TC_BODY(hosts, tc)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&a.addr;

	ATF_CHECK(listener_resolve("", false, 80, &a) && in->sin_addr.s_addr == INADDR_ANY &&
	    in->sin_port == htons(80));
	ATF_CHECK(listener_resolve("127.0.0.2", false, 80, &a) &&
	    in->sin_addr.s_addr == htonl(0x7f000002));
	ATF_CHECK(listener_resolve("::1", true, 80, &a) && a.addr.ss_family == AF_INET6 &&
	    a.len == sizeof(struct sockaddr_in6));
	ATF_CHECK(listener_resolve("LocalHost", false, 80, &a) &&
	    in->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	ATF_CHECK(!listener_resolve("no-such-host.invalid", false, 80, &a));
	ATF_CHECK(!listener_resolve("127.0.0.256", false, 80, &a));
	ATF_CHECK(!listener_resolve("::g", true, 80, &a));
	ATF_CHECK(!listener_resolve("#", false, 80, &a));
}

ATF_TC_WITHOUT_HEAD(streams);
ATF_TC_BODY(streams, tc)
{
	unsigned waiting, most, port;
	int fd, one;

	begin();
	o.defer_accept = 1;
	o.fastopen = 5;
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, 0, &a));
	ATF_REQUIRE((fd = listener_open(&a, SOCK_STREAM, &o, &step)) >= 0);
	ATF_CHECK((port = listener_port(fd)) > 0);
	ATF_CHECK_EQ(get(fd, SOL_SOCKET, SO_REUSEADDR), 1);
	ATF_CHECK_EQ(get(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	ATF_CHECK(get(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT) > 0);
	ATF_CHECK_EQ(get(fd, IPPROTO_TCP, TCP_FASTOPEN), 5);
	ATF_CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ATF_CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ATF_CHECK(listener_queue(fd, &waiting, &most) && waiting == 0 && most == 7);
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, port, &a));
	ATF_CHECK(listener_open(&a, SOCK_STREAM, &o, &step) == -1 && errno == EADDRINUSE);
	ATF_CHECK_STREQ(step, "bind");
	close(fd);
	begin();
	o.nonblocking = true;
	ATF_REQUIRE((fd = listener_open(&a, SOCK_STREAM, &o, &step)) >= 0);
	ATF_CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	one = connected(fd, SOCK_STREAM);
	ATF_CHECK(listener_queue(fd, &waiting, &most) && waiting == 1);
	close(one);
	close(fd);
}

ATF_TC_WITHOUT_HEAD(datagrams_and_v6);
ATF_TC_BODY(datagrams_and_v6, tc)
{
	unsigned waiting, most;
	int fd;

	begin();
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, 0, &a));
	ATF_REQUIRE((fd = listener_open(&a, SOCK_DGRAM, &o, &step)) >= 0);
	ATF_CHECK(listener_port(fd) > 0 && get(fd, SOL_SOCKET, SO_REUSEADDR) == 1 &&
	    get(fd, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM);
	ATF_CHECK(!listener_queue(fd, &waiting, &most));
	close(fd);
	ATF_REQUIRE(listener_resolve("::1", true, 0, &a));
	if ((fd = listener_open(&a, SOCK_STREAM, &o, &step)) < 0)
		atf_tc_skip("no IPv6 here");
	ATF_CHECK(listener_port(fd) > 0 && get(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
	close(fd);
}

static ssize_t
sent(int to, unsigned port)
{
	char byte = 'x';
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	ATF_REQUIRE(listener_resolve("127.0.0.1", false, port, &a));
	ATF_REQUIRE(sendto(fd, &byte, 1, 0, (struct sockaddr *)&a.addr, a.len) == 1);
	close(fd);
	n = recv(to, &byte, 1, MSG_DONTWAIT);
	return n;
}

/* It is there before anything can come. */
ATF_TC_WITHOUT_HEAD(filter);
ATF_TC_BODY(filter, tc)
{
	const struct {
		unsigned short code;
		unsigned char yes, no;
		unsigned value;
	} none = { 0x06, 0, 0, 0 }, all = { 0x06, 0, 0, UINT32_MAX }; /* RET of BPF */
	struct listener_filter f = { &all, 1, "what may come" };
	int fd;

	begin();
	o.filter = &f;
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, 0, &a));
	if ((fd = listener_open(&a, SOCK_STREAM, &o, &step)) < 0 && errno == EPERM)
		atf_tc_skip("this kernel lets root alone filter connections");
	ATF_REQUIRE(fd >= 0);
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, listener_port(fd), &a));
	f.instructions = 0; /* which no filter may have */
	ATF_CHECK_ERRNO(EINVAL, listener_open(&a, SOCK_STREAM, &o, &step) == -1);
	ATF_CHECK_STREQ(step, "what may come"); /* it comes before bind, which would fail too */
	close(fd);
	f.instructions = 1;
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, 0, &a));
	ATF_REQUIRE((fd = listener_open(&a, SOCK_DGRAM, &o, &step)) >= 0);
	ATF_CHECK_EQ(sent(fd, listener_port(fd)), 1);
	close(fd);
	f = (struct listener_filter){ &none, 1, "" };
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, 0, &a));
	ATF_REQUIRE((fd = listener_open(&a, SOCK_DGRAM, &o, &step)) >= 0);
	ATF_CHECK(sent(fd, listener_port(fd)) == -1 && errno == EAGAIN);
	close(fd);
}

/* Two may have one port where both want it so, and only there. */
ATF_TC_WITHOUT_HEAD(shared_port);
ATF_TC_BODY(shared_port, tc)
{
	int one, two;

	begin();
	o.reuseport = true;
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, 0, &a));
	ATF_REQUIRE((one = listener_open(&a, SOCK_STREAM, &o, &step)) >= 0);
	ATF_REQUIRE(listener_resolve("127.0.0.1", false, listener_port(one), &a));
	ATF_REQUIRE((two = listener_open(&a, SOCK_STREAM, &o, &step)) >= 0);
	o.reuseport = false;
	ATF_CHECK_ERRNO(EADDRINUSE, listener_open(&a, SOCK_STREAM, &o, &step) == -1);
	ATF_CHECK_STREQ(step, "bind");
	close(one);
	close(two);
}

ATF_TC_WITHOUT_HEAD(files);
ATF_TC_BODY(files, tc)
{
	unsigned waiting, most;
	struct stat st;
	int fd;

	begin();
	(void)umask(027);
	for (int i = 0; i < 2; i++) {
		o.mode = i == 0 ? 0777 : 0640;
		o.uid = geteuid();
		listener_path("sock", &a);
		ATF_REQUIRE((fd = listener_open(&a, SOCK_STREAM, &o, &step)) >= 0);
		ATF_CHECK(stat("sock", &st) == 0 && S_ISSOCK(st.st_mode) &&
		    (st.st_mode & 0777) == o.mode);
		ATF_CHECK(listener_port(fd) == 0 && !listener_queue(fd, &waiting, &most));
		ATF_CHECK(listener_open(&a, SOCK_STREAM, &o, &step) == -1 && errno == EADDRINUSE);
		close(fd);
		ATF_REQUIRE_EQ(unlink("sock"), 0);
	}
	ATF_CHECK_EQ(umask(0), 027);
}

ATF_TC_WITHOUT_HEAD(abstract_names);
ATF_TC_BODY(abstract_names, tc)
{
	char name[64];
	struct stat st;
	int fd, one;

	begin();
	(void)snprintf(name, sizeof name, "@listener-test-%d", (int)getpid());
	listener_path(name, &a);
	ATF_REQUIRE((fd = listener_open(&a, SOCK_STREAM, &o, &step)) >= 0);
	ATF_CHECK(stat(name, &st) == -1);
	one = connected(fd, SOCK_STREAM);
	ATF_CHECK(accept(fd, NULL, NULL) >= 0);
	close(one);
	close(fd);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, hosts);
	ATF_TP_ADD_TC(tp, streams);
	ATF_TP_ADD_TC(tp, datagrams_and_v6);
	ATF_TP_ADD_TC(tp, filter);
	ATF_TP_ADD_TC(tp, shared_port);
	ATF_TP_ADD_TC(tp, files);
	ATF_TP_ADD_TC(tp, abstract_names);
	return atf_no_error();
}
