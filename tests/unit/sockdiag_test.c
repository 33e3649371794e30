#include "lib/sys/sockdiag.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/sys_case.h"

static struct sockdiag d;

static unsigned
inode(int fd)
{
	struct stat st;

	ATF_REQUIRE_EQ(fstat(fd, &st), 0);
	return (unsigned)st.st_ino;
}

static const struct sockdiag_row *
row(int fd)
{
	sockdiag_free(&d);
	if (sockdiag_read(&d, getpid()) < 0)
		atf_tc_skip("no sock_diag: %s", strerror(errno));
	return sockdiag_find(&d, inode(fd));
}

ATF_TC_WITHOUT_HEAD(both_ends);
ATF_TC_BODY(both_ends, tc)
{
	int two[2];
	const struct sockdiag_row *r;

	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two), 0);
	ATF_REQUIRE_EQ(write(two[0], "12345", 5), 5);
	ATF_REQUIRE((r = row(two[1])) != NULL);
	ATF_CHECK_EQ(r->inode, inode(two[1]));
	ATF_CHECK_EQ(r->peer, inode(two[0]));
	ATF_CHECK_EQ(r->rxq, 5);
	ATF_CHECK_EQ(r->holder, getpid());
	ATF_REQUIRE((r = sockdiag_find(&d, inode(two[0]))) != NULL);
	ATF_CHECK_EQ(r->peer, inode(two[1]));
	ATF_CHECK(r->txq > 0);
	ATF_CHECK(sockdiag_find(&d, 0) == NULL);
	ATF_CHECK(sockdiag_find(&d, (uint64_t)inode(two[0]) + (1ull << 31)) == NULL);
	close(two[0]);
	ATF_REQUIRE((r = row(two[1])) != NULL);
	ATF_CHECK_EQ(r->peer, 0);
}

ATF_TC_WITHOUT_HEAD(backlogs);
ATF_TC_BODY(backlogs, tc)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct sockaddr_un u = { .sun_family = AF_UNIX, .sun_path = "here" };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	const struct sockdiag_row *r;
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ATF_REQUIRE_EQ(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ATF_REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	ATF_CHECK(row(fd) == NULL); /* of TCP listeners only */
	ATF_REQUIRE_EQ(listen(fd, 3), 0);
	ATF_REQUIRE((r = row(fd)) != NULL);
	ATF_CHECK_EQ(r->txq, 3);
	ATF_CHECK_EQ(r->rxq, 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ATF_REQUIRE_EQ(connect(client, (struct sockaddr *)&a, sizeof a), 0);
	for (int i = 0; i < LIMIT_MS && ((r = row(fd)) == NULL || r->rxq == 0); i++)
		(void)usleep(1000);
	ATF_CHECK_EQ(row(fd)->rxq, 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ATF_REQUIRE_EQ(bind(fd, (struct sockaddr *)&u, sizeof u), 0);
	ATF_REQUIRE_EQ(listen(fd, 4), 0);
	ATF_REQUIRE((r = row(fd)) != NULL);
	ATF_CHECK_EQ(r->rxq, 0);
	ATF_CHECK_EQ(r->txq, 4);
}

/* More than one answer of the kernel has room for. */
ATF_TC_WITHOUT_HEAD(thousands);
ATF_TC_BODY(thousands, tc)
{
	int two[400][2], n = 0;

	for (; n < 400; n++)
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, two[n]) < 0)
			atf_tc_skip("no room for descriptors");
	ATF_REQUIRE(row(two[0][0]) != NULL);
	for (int i = 0; i < n; i++) {
		const struct sockdiag_row *r = sockdiag_find(&d, inode(two[i][0]));

		ATF_REQUIRE(r && r->peer == inode(two[i][1]));
	}
}

ATF_TC_WITHOUT_HEAD(nobody);
ATF_TC_BODY(nobody, tc)
{
	int before = dup(0), after;

	close(before);
	ATF_CHECK_EQ(sockdiag_read(&d, 0x7ffffff0), -1);
	ATF_CHECK_EQ(d.count, 0);
	ATF_CHECK(sockdiag_find(&d, 1) == NULL);
	(void)sockdiag_read(&d, getpid());
	sockdiag_free(&d);
	sockdiag_free(&d);
	after = dup(0);
	ATF_CHECK_EQ(after, before);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, both_ends);
	ATF_TP_ADD_TC(tp, backlogs);
	ATF_TP_ADD_TC(tp, thousands);
	ATF_TP_ADD_TC(tp, nobody);
	return atf_no_error();
}
