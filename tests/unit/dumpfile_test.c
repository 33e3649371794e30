#include "lib/sys/dumpfile.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/sys_case.h"

/* Opens, appends the text, closes. */
static void
dump(const char *path, const char *text)
{
	int fd = dumpfile_open(path);

	ATF_REQUIRE_MSG(fd >= 0, "%s: %s", path, strerror(errno));
	ATF_CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ATF_CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* The errno with which a path is refused. */
static int
refusal(const char *path)
{
	int before = dup(0), after, fd, e;

	close(before);
	fd = dumpfile_open(path);
	e = errno;
	ATF_CHECK_MSG(fd < 0, "%s was opened", path);
	after = dup(0);
	close(after);
	ATF_CHECK_EQ(after, before); /* nothing stays open */
	return e;
}

static const char *
path_of(pid_t pid)
{
	static char room[32];
	struct buf b = buf_over(room, sizeof room);

	dumpfile_path(NULL, pid, &b);
	return room;
}

ATF_TC_WITHOUT_HEAD(a_path_that_is_given);
ATF_TC_BODY(a_path_that_is_given, tc)
{
	char room[32];
	struct buf b = buf_over(room, sizeof room);

	ATF_REQUIRE_EQ(setenv("SIGDUMP_PATH", "/not/this", 1), 0);
	dumpfile_path("dump-%p", 77, &b);
	ATF_CHECK_STREQ(room, "dump-77");
}

ATF_TC_WITHOUT_HEAD(its_path);
ATF_TC_BODY(its_path, tc)
{
	ATF_REQUIRE_EQ(unsetenv("SIGDUMP_PATH"), 0);
	ATF_CHECK_STREQ(path_of(1234567), "/tmp/sigdump-1234567.log");
	ATF_REQUIRE_EQ(setenv("SIGDUMP_PATH", "", 1), 0);
	ATF_CHECK_STREQ(path_of(1), "/tmp/sigdump-1.log");
	ATF_REQUIRE_EQ(setenv("SIGDUMP_PATH", "/var/%d", 1), 0);
	ATF_CHECK_STREQ(path_of(1), "/var/%d"); /* as it is */
	ATF_REQUIRE_EQ(setenv("SIGDUMP_PATH", "/var/%p/x.%p%", 1), 0);
	ATF_CHECK_STREQ(path_of(12), "/var/12/x.12%");
	ATF_REQUIRE_EQ(setenv("SIGDUMP_PATH", "-", 1), 0);
	ATF_CHECK_STREQ(path_of(1), "-");
}

ATF_TC_WITHOUT_HEAD(dumps_are_appended);
ATF_TC_BODY(dumps_are_appended, tc)
{
	(void)umask(0);
	dump("dump", "one\n");
	ATF_CHECK_EQ(mode_of("dump"), 0600);
	dump("dump", "two\n");
	ATF_CHECK_STREQ(get_file("dump"), "one\ntwo\n");
	ATF_REQUIRE_EQ(chmod("dump", 0666), 0);
	dump("dump", "three\n");
	ATF_CHECK_EQ(mode_of("dump"), 0600); /* one of ours that was open to all */
	ATF_CHECK_EQ(refusal("no/such/directory"), ENOENT);
	ATF_CHECK_EQ(refusal(""), ENOENT);
	ATF_CHECK_EQ(refusal("."), EISDIR);
}

ATF_TC_WITHOUT_HEAD(links_are_refused);
ATF_TC_BODY(links_are_refused, tc)
{
	put_file("target", "text\n");
	ATF_REQUIRE_EQ(chmod("target", 0644), 0);
	ATF_REQUIRE_EQ(symlink("target", "link"), 0);
	ATF_REQUIRE_EQ(symlink("missing", "dangling"), 0);
	ATF_REQUIRE_EQ(link("target", "hard"), 0);
	ATF_CHECK_EQ(refusal("link"), ELOOP);
	ATF_CHECK_EQ(refusal("dangling"), ELOOP);
	ATF_CHECK(!exists("missing"));
	ATF_CHECK_EQ(refusal("hard"), EPERM);
	ATF_CHECK_EQ(refusal("target"), EPERM);
	ATF_CHECK_STREQ(get_file("target"), "text\n");
	ATF_CHECK_EQ(mode_of("target"), 0644);
	ATF_REQUIRE_EQ(unlink("hard"), 0);
	dump("target", "more\n"); /* with one name it is an ordinary file */
	ATF_CHECK_STREQ(get_file("target"), "text\nmore\n");
}

/* Neither is waited for. */
ATF_TC_WITHOUT_HEAD(what_is_no_file_is_refused);
ATF_TC_BODY(what_is_no_file_is_refused, tc)
{
	int fd, e;

	ATF_REQUIRE_EQ(mkfifo("fifo", 0600), 0);
	e = refusal("fifo");
	ATF_CHECK(e == ENXIO || e == EPERM); /* nobody reads it */
	fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ATF_REQUIRE(fd >= 0);
	ATF_CHECK_EQ(refusal("fifo"), EPERM);
	ATF_CHECK_EQ(read(fd, &(char){ 0 }, 1), 0);
	close(fd);
	ATF_CHECK_EQ(refusal("/dev/null"), EPERM);
}

ATF_TC(others_files_are_refused);
ATF_TC_HEAD(others_files_are_refused, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(others_files_are_refused, tc)
{
	int fd, own, e;

	put_file("dump", "text\n");
	ATF_REQUIRE_EQ(chmod("dump", 0666), 0);
	ATF_REQUIRE_EQ(chown("dump", 54321, 0), 0);
	ATF_CHECK_EQ(refusal("dump"), EPERM);
	ATF_CHECK_STREQ(get_file("dump"), "text\n");
	ATF_CHECK_EQ(mode_of("dump"), 0666);
	ATF_REQUIRE_EQ(chmod(".", 0777), 0);
	ATF_REQUIRE_EQ(chown("dump", 0, 0), 0);
	ATF_REQUIRE_EQ(seteuid(65534), 0); /* root's, and open to all */
	fd = dumpfile_open("dump");
	e = errno;
	own = dumpfile_open("own");
	ATF_REQUIRE_EQ(seteuid(0), 0); /* before this test writes a message */
	ATF_CHECK(fd < 0 && e == EPERM);
	ATF_CHECK(own >= 0);
	close(own);
}

ATF_TC_WITHOUT_HEAD(stdout_and_stderr);
ATF_TC_BODY(stdout_and_stderr, tc)
{
	static const char *const names[] = { "-", "+" };

	for (int i = 0; i < 2; i++) {
		struct stat a, b;
		int fd = dumpfile_open(names[i]);

		ATF_REQUIRE(fd > 2); /* of its own: it is closed afterwards */
		ATF_REQUIRE_EQ(fstat(fd, &a), 0);
		ATF_REQUIRE_EQ(fstat(i + 1, &b), 0);
		ATF_CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
		ATF_CHECK_EQ_MSG(fcntl(fd, F_GETFD), FD_CLOEXEC, "%s goes to children", names[i]);
		close(fd);
		ATF_CHECK(!exists(names[i]));
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, its_path);
	ATF_TP_ADD_TC(tp, a_path_that_is_given);
	ATF_TP_ADD_TC(tp, dumps_are_appended);
	ATF_TP_ADD_TC(tp, links_are_refused);
	ATF_TP_ADD_TC(tp, what_is_no_file_is_refused);
	ATF_TP_ADD_TC(tp, others_files_are_refused);
	ATF_TP_ADD_TC(tp, stdout_and_stderr);
	return atf_no_error();
}
