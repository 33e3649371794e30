#include "lib/sys/lineout.h"

#include <stdio.h>
#include <sys/resource.h>

#include "tests/unit/sys_case.h"

static struct lineout l;

static void
begin(void)
{
	l = (struct lineout){ .fd = -1 };
}

/* As a reload does; false: it cannot be opened. */
static bool
reopen(const char *path)
{
	struct lineout new;

	if (lineout_open(&new, path) < 0)
		return false;
	lineout_replace(&l, &new);
	return true;
}

static bool
put(const char *line)
{
	return lineout_write(&l, line, strlen(line));
}

ATF_TC_WITHOUT_HEAD(a_file_is_appended_to);
ATF_TC_BODY(a_file_is_appended_to, tc)
{
	begin();
	put_file("log", "before\n");
	ATF_CHECK_EQ(lineout_open(&l, "log"), 0);
	ATF_CHECK_EQ(fcntl(l.fd, F_GETFD), FD_CLOEXEC);
	ATF_CHECK(put("one\n"));
	ATF_REQUIRE_EQ(rename("log", "log.1"), 0);
	ATF_CHECK(put("two\n"));
	ATF_CHECK(reopen("log")); /* as after a rotation by others */
	ATF_CHECK(put("three\n"));
	lineout_close(&l);
	ATF_CHECK_EQ(l.fd, -1);
	ATF_CHECK_STREQ(get_file("log.1"), "before\none\ntwo\n");
	ATF_CHECK_STREQ(get_file("log"), "three\n");
}

ATF_TC_WITHOUT_HEAD(new_files_are_0644);
ATF_TC_BODY(new_files_are_0644, tc)
{
	begin();
	(void)umask(0);
	ATF_CHECK_EQ(lineout_open(&l, "log"), 0);
	ATF_CHECK_EQ(mode_of("log"), 0644);
}

ATF_TC_WITHOUT_HEAD(streams_are_not_ours_to_close);
ATF_TC_BODY(streams_are_not_ours_to_close, tc)
{
	begin();
	ATF_CHECK_EQ(lineout_open(&l, NULL), 0);
	ATF_CHECK_EQ(l.fd, STDERR_FILENO);
	ATF_CHECK(reopen("-"));
	ATF_CHECK_EQ(l.fd, STDOUT_FILENO);
	lineout_close(&l);
	ATF_CHECK(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
	ATF_CHECK(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

ATF_TC_WITHOUT_HEAD(one_that_cannot_be_opened_changes_nothing);
ATF_TC_BODY(one_that_cannot_be_opened_changes_nothing, tc)
{
	begin();
	ATF_CHECK_EQ(lineout_open(&l, "log"), 0);
	ATF_CHECK(!reopen("missing/log") && errno == ENOENT);
	ATF_CHECK(!reopen(".") && errno == EISDIR);
	ATF_REQUIRE_EQ(mkfifo("fifo", 0644), 0);
	ATF_CHECK(!reopen("fifo") && errno == ENXIO); /* nobody reads it */
	ATF_CHECK(put("still\n"));
	ATF_CHECK_STREQ(get_file("log"), "still\n");
}

ATF_TC_WITHOUT_HEAD(a_full_pipe_is_not_waited_for);
ATF_TC_BODY(a_full_pipe_is_not_waited_for, tc)
{
	char line[4096], drained[4096];
	unsigned written = 0;
	int p[2];

	begin();
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	l = (struct lineout){ .fd = p[1], .may_block = true };
	while (lineout_write(&l, line, sizeof line))
		written++;
	ATF_CHECK(written >= 8);
	ATF_CHECK_EQ(l.lost, 1);
	ATF_CHECK(!put("short\n"));
	ATF_CHECK_EQ(l.lost, 2);
	for (size_t got = 0; got < sizeof drained;) {
		ssize_t n = read(p[0], drained, sizeof drained - got);

		ATF_REQUIRE(n > 0);
		got += (size_t)n;
	}
	ATF_CHECK(put("short\n"));
	ATF_CHECK_EQ(l.lost, 0);
}

ATF_TC_WITHOUT_HEAD(a_reader_that_is_gone_is_no_harm);
ATF_TC_BODY(a_reader_that_is_gone_is_no_harm, tc)
{
	int p[2];

	begin();
	(void)signal(SIGPIPE, SIG_IGN);
	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	l = (struct lineout){ .fd = p[1], .may_block = true };
	close(p[0]);
	ATF_CHECK(!put("x\n"));
	ATF_CHECK_EQ(l.lost, 1);
}

ATF_TC_WITHOUT_HEAD(a_full_disk_is_counted);
ATF_TC_BODY(a_full_disk_is_counted, tc)
{
	begin();
	ATF_CHECK_EQ(lineout_open(&l, "/dev/full"), 0);
	for (unsigned long i = 1; i <= 3; i++) {
		ATF_CHECK(!put("x\n"));
		ATF_CHECK_EQ(l.lost, i);
	}
	ATF_CHECK(reopen("log"));
	ATF_CHECK_EQ(l.lost, 3); /* so that the first line can say so */
	ATF_CHECK(put("x\n"));
	ATF_CHECK_EQ(l.lost, 0);
}

/* The disk is full behind that many bytes; RLIM_INFINITY: not any more. */
static void
fill_disk(rlim_t bytes)
{
	struct rlimit r;

	(void)signal(SIGXFSZ, SIG_IGN);
	ATF_REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* Begins a line that only two bytes of are written. */
static void
tear(const char *path)
{
	bool first, second, third;

	begin();
	ATF_CHECK_EQ(lineout_open(&l, path), 0);
	fill_disk(10);
	first = put("1234567\n");
	second = put("abcdefg\n");
	third = put("lost\n");
	fill_disk(
	    RLIM_INFINITY); /* before anything else is written, a message of this test for one */
	ATF_CHECK(first && second && !third);
	ATF_CHECK_EQ(l.lost, 1);
	ATF_CHECK_STREQ(get_file(path), "1234567\nab");
}

ATF_TC_WITHOUT_HEAD(a_torn_line_is_mended);
ATF_TC_BODY(a_torn_line_is_mended, tc)
{
	tear("log");
	ATF_CHECK(put("next\n"));
	ATF_CHECK_EQ(l.lost, 0);
	ATF_CHECK_STREQ(get_file("log"), "1234567\nabcdefg\nnext\n");
}

ATF_TC_WITHOUT_HEAD(a_torn_line_is_mended_where_it_was_torn);
ATF_TC_BODY(a_torn_line_is_mended_where_it_was_torn, tc)
{
	tear("log");
	ATF_CHECK(reopen("log"));
	ATF_CHECK(put("next\n"));
	ATF_CHECK_STREQ(get_file("log"), "1234567\nabcdefg\nnext\n");
	tear("other");
	ATF_CHECK(reopen("new"));
	ATF_CHECK_EQ(l.lost, 1);
	ATF_CHECK(put("next\n"));
	ATF_CHECK_STREQ(get_file("new"), "next\n");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_file_is_appended_to);
	ATF_TP_ADD_TC(tp, new_files_are_0644);
	ATF_TP_ADD_TC(tp, streams_are_not_ours_to_close);
	ATF_TP_ADD_TC(tp, one_that_cannot_be_opened_changes_nothing);
	ATF_TP_ADD_TC(tp, a_full_pipe_is_not_waited_for);
	ATF_TP_ADD_TC(tp, a_reader_that_is_gone_is_no_harm);
	ATF_TP_ADD_TC(tp, a_full_disk_is_counted);
	ATF_TP_ADD_TC(tp, a_torn_line_is_mended);
	ATF_TP_ADD_TC(tp, a_torn_line_is_mended_where_it_was_torn);
	return atf_no_error();
}
