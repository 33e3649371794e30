#include "lib/sys/pidfile.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/sys_case.h"

static struct pidfile p = { .fd = -1 };

static const char *
our_pid(void)
{
	static char text[16];

	(void)snprintf(text, sizeof text, "%d\n", (int)getpid());
	return text;
}

static int
take(const char *path)
{
	pid_t holder = -1;
	int r = pidfile_take(&p, path, &holder);

	ATF_CHECK_EQ(p.fd >= 0, r == 0);
	return r;
}

/* Another process that holds path until it is killed. */
static pid_t
rival(const char *path)
{
	int ready[2];
	pid_t pid, holder;
	char byte;

	ATF_REQUIRE_EQ(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct pidfile mine;

		if (pidfile_take(&mine, path, &holder) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	close(ready[1]);
	ATF_REQUIRE_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

ATF_TC_WITHOUT_HEAD(holds_our_pid_and_goes_with_us);
ATF_TC_BODY(holds_our_pid_and_goes_with_us, tc)
{
	(void)umask(0);
	ATF_CHECK_EQ(take("pid"), 0);
	ATF_CHECK_STREQ(get_file("pid"), our_pid());
	ATF_CHECK_EQ(mode_of("pid"), 0644);
	ATF_CHECK_EQ(fcntl(p.fd, F_GETFD), FD_CLOEXEC);
	pidfile_drop(&p);
	ATF_CHECK(!exists("pid"));
	ATF_CHECK_EQ(p.fd, -1);
	pidfile_drop(&p);
}

ATF_TC_WITHOUT_HEAD(a_live_owner_is_told);
ATF_TC_BODY(a_live_owner_is_told, tc)
{
	pid_t other = rival("pid"), holder = 0;
	const char *before;

	ATF_CHECK(pidfile_take(&p, "pid", &holder) < 0);
	ATF_CHECK_EQ(errno, EWOULDBLOCK);
	ATF_CHECK_EQ(holder, other);
	ATF_CHECK_EQ(pidfile_holder("pid"), other);
	before = get_file("pid");
	ATF_CHECK_EQ(atoi(before), other);
	(void)kill(other, SIGKILL);
	(void)status_of(other);
	ATF_CHECK_EQ(pidfile_holder("pid"), 0); /* stale */
	ATF_CHECK_EQ(take("pid"), 0);
	ATF_CHECK_STREQ(get_file("pid"), our_pid());
}

ATF_TC_WITHOUT_HEAD(what_was_in_it_is_replaced);
ATF_TC_BODY(what_was_in_it_is_replaced, tc)
{
	static const char *const texts[] = { "", "1\n", "99999999999999999999\nmore\n", "no number",
		"-5\n" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		put_file("pid", texts[i]);
		ATF_CHECK_EQ(pidfile_holder("pid"), 0);
		ATF_CHECK_EQ(take("pid"), 0);
		ATF_CHECK_STREQ(get_file("pid"), our_pid());
		pidfile_drop(&p);
	}
}

ATF_TC_WITHOUT_HEAD(only_regular_files);
ATF_TC_BODY(only_regular_files, tc)
{
	put_file("target", "1\n");
	ATF_REQUIRE_EQ(symlink("target", "link"), 0);
	ATF_CHECK(take("link") < 0 && errno == ELOOP);
	ATF_CHECK_STREQ(get_file("target"), "1\n");
	ATF_REQUIRE_EQ(symlink("nowhere", "dangling"), 0);
	ATF_CHECK(take("dangling") < 0 && errno == ELOOP);
	ATF_CHECK(!exists("nowhere"));
	ATF_REQUIRE_EQ(mkdir("dir", 0755), 0);
	ATF_CHECK(take("dir") < 0 && errno == EISDIR);
	ATF_REQUIRE_EQ(mkfifo("fifo", 0644), 0);
	ATF_CHECK(take("fifo") < 0 && errno == EINVAL);
	ATF_CHECK(take("/dev/null") < 0 && errno == EINVAL);
	ATF_CHECK(take("missing/pid") < 0 && errno == ENOENT);
	ATF_CHECK(take("target/pid") < 0 && errno == ENOTDIR);
	ATF_CHECK(pidfile_holder("missing") < 0 && errno == ENOENT);
	ATF_CHECK(pidfile_holder("link") < 0 && errno == ELOOP);
	ATF_CHECK(pidfile_holder("fifo") < 0 && errno == EINVAL);
	ATF_CHECK(pidfile_holder("dir") < 0 && errno == EINVAL);
}

/* Somebody replaced it: that file is not ours to remove. */
ATF_TC_WITHOUT_HEAD(another_file_in_its_place_stays);
ATF_TC_BODY(another_file_in_its_place_stays, tc)
{
	ATF_CHECK_EQ(take("pid"), 0);
	ATF_REQUIRE_EQ(rename("pid", "old"), 0);
	put_file("pid", "77\n");
	pidfile_drop(&p);
	ATF_CHECK_STREQ(get_file("pid"), "77\n");
}

ATF_TC_WITHOUT_HEAD(one_of_many_wins);
ATF_TC_BODY(one_of_many_wins, tc)
{
	enum { N = 20 };
	int go[2], winners = 0;
	pid_t pid[N], holder;

	ATF_REQUIRE_EQ(pipe(go), 0);
	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			char byte;

			close(go[1]);
			(void)!read(go[0], &byte, 1); /* its end is the start */
			if (pidfile_take(&p, "pid", &holder) < 0)
				_exit(errno == EWOULDBLOCK && holder != getpid() ? 1 : 2);
			(void)usleep(300000);
			_exit(0);
		}
	}
	close(go[1]);
	for (int i = 0; i < N; i++) {
		int code = exit_of(pid[i]);

		ATF_CHECK(code < 2);
		winners += code == 0;
	}
	ATF_CHECK_EQ(winners, 1);
}

/* Taken and dropped in haste by several: whoever has it has the file that is there. */
static int
take_and_drop(void)
{
	struct stat mine, there;
	pid_t holder;

	for (int i = 0; i < 3000; i++) {
		if (pidfile_take(&p, "pid", &holder) < 0) {
			if (errno != EWOULDBLOCK)
				return 1;
			continue;
		}
		if (fstat(p.fd, &mine) < 0 || lstat("pid", &there) < 0 ||
		    mine.st_ino != there.st_ino)
			return 2;
		pidfile_drop(&p);
	}
	return 0;
}

ATF_TC_WITHOUT_HEAD(a_file_that_is_being_removed_is_not_taken);
ATF_TC_BODY(a_file_that_is_being_removed_is_not_taken, tc)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(take_and_drop());
	}
	for (int i = 0; i < 4; i++)
		ATF_CHECK_EQ(exit_of(pid[i]), 0);
}

ATF_TC(where_removal_is_not_permitted_it_is_emptied);
ATF_TC_HEAD(where_removal_is_not_permitted_it_is_emptied, tc)
{
	atf_tc_set_md_var(tc, "require.user", "unprivileged");
}
ATF_TC_BODY(where_removal_is_not_permitted_it_is_emptied, tc)
{
	ATF_REQUIRE_EQ(mkdir("dir", 0755), 0);
	ATF_CHECK_EQ(take("dir/pid"), 0);
	ATF_REQUIRE_EQ(chmod("dir", 0555), 0);
	pidfile_drop(&p);
	ATF_CHECK_STREQ(get_file("dir/pid"), "");
	ATF_CHECK(take("dir/new") < 0 && errno == EACCES);
	ATF_REQUIRE_EQ(chmod("dir", 0755), 0);
	put_file("readonly", "1\n");
	ATF_REQUIRE_EQ(chmod("readonly", 0444), 0);
	ATF_CHECK(take("readonly") < 0 && errno == EACCES);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, holds_our_pid_and_goes_with_us);
	ATF_TP_ADD_TC(tp, a_live_owner_is_told);
	ATF_TP_ADD_TC(tp, what_was_in_it_is_replaced);
	ATF_TP_ADD_TC(tp, only_regular_files);
	ATF_TP_ADD_TC(tp, another_file_in_its_place_stays);
	ATF_TP_ADD_TC(tp, one_of_many_wins);
	ATF_TP_ADD_TC(tp, a_file_that_is_being_removed_is_not_taken);
	ATF_TP_ADD_TC(tp, where_removal_is_not_permitted_it_is_emptied);
	return atf_no_error();
}
