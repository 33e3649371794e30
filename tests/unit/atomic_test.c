#include "lib/sys/atomic.h"

#include "tests/unit/sys_case.h"

static char temp[64];

static int
begin(const char *path)
{
	return atomic_begin(path, 0640, temp, sizeof temp);
}

ATF_TC_WITHOUT_HEAD(seen_whole_or_not_at_all);
ATF_TC_BODY(seen_whole_or_not_at_all, tc)
{
	int fd;

	(void)umask(0);
	put_file("f", "old");
	fd = begin("f");
	ATF_REQUIRE(fd >= 0);
	ATF_CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ATF_CHECK_EQ(write(fd, "new", 3), 3);
	ATF_CHECK_STREQ(get_file("f"), "old");
	ATF_CHECK_EQ(atomic_end(fd, temp, "f", true), 0);
	ATF_CHECK_STREQ(get_file("f"), "new");
	ATF_CHECK_EQ(mode_of("f"), 0640);
	ATF_CHECK(!exists(temp));
}

ATF_TC_WITHOUT_HEAD(given_up_leaves_all_as_it_was);
ATF_TC_BODY(given_up_leaves_all_as_it_was, tc)
{
	int fd;

	put_file("f", "old");
	fd = begin("f");
	ATF_CHECK_EQ(write(fd, "ne", 2), 2);
	ATF_CHECK_EQ(atomic_end(fd, temp, "f", false), 0);
	ATF_CHECK_STREQ(get_file("f"), "old");
	ATF_CHECK(!exists(temp));
	ATF_CHECK(fcntl(fd, F_GETFD) < 0);
}

ATF_TC_WITHOUT_HEAD(leftovers_of_an_earlier_process_are_no_hindrance);
ATF_TC_BODY(leftovers_of_an_earlier_process_are_no_hindrance, tc)
{
	int fd = begin("f");

	ATF_CHECK_EQ(write(fd, "long old rest", 13), 13);
	close(fd);
	fd = begin("f");
	ATF_CHECK_EQ(write(fd, "new", 3), 3);
	ATF_CHECK_EQ(atomic_end(fd, temp, "f", true), 0);
	ATF_CHECK_STREQ(get_file("f"), "new");
}

ATF_TC_WITHOUT_HEAD(a_link_is_replaced_and_not_followed);
ATF_TC_BODY(a_link_is_replaced_and_not_followed, tc)
{
	int fd;

	put_file("victim", "untouched");
	ATF_REQUIRE_EQ(symlink("victim", "f"), 0);
	fd = begin("f");
	ATF_CHECK_EQ(write(fd, "new", 3), 3);
	ATF_CHECK_EQ(atomic_end(fd, temp, "f", true), 0);
	ATF_CHECK_STREQ(get_file("victim"), "untouched");
	ATF_CHECK_STREQ(get_file("f"), "new");
	/* nor in the temporary file's place */
	ATF_REQUIRE_EQ(symlink("victim", temp), 0);
	fd = begin("f");
	if (fd >= 0) {
		(void)!write(fd, "x", 1);
		(void)atomic_end(fd, temp, "f", false);
	}
	ATF_CHECK_STREQ(get_file("victim"), "untouched");
}

ATF_TC_WITHOUT_HEAD(errors);
ATF_TC_BODY(errors, tc)
{
	int fd;

	ATF_CHECK(begin("missing/f") < 0 && errno == ENOENT);
	ATF_CHECK(atomic_begin("f", 0600, temp, 5) < 0 && errno == ENAMETOOLONG);
	ATF_REQUIRE_EQ(mkdir("dir", 0755), 0);
	fd = begin("dir");
	ATF_REQUIRE(fd >= 0);
	ATF_CHECK(atomic_end(fd, temp, "dir", true) < 0 && errno == EISDIR);
	ATF_CHECK(!exists(temp));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, seen_whole_or_not_at_all);
	ATF_TP_ADD_TC(tp, given_up_leaves_all_as_it_was);
	ATF_TP_ADD_TC(tp, leftovers_of_an_earlier_process_are_no_hindrance);
	ATF_TP_ADD_TC(tp, a_link_is_replaced_and_not_followed);
	ATF_TP_ADD_TC(tp, errors);
	return atf_no_error();
}
