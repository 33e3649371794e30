#include "tests/unit/logfile_case.h"

#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>

/* Files end behind that many bytes; RLIM_INFINITY: not any more. */
static void
limit_size(rlim_t bytes)
{
	struct rlimit r;

	(void)signal(SIGXFSZ, SIG_IGN);
	ATF_REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &r), 0);
}

ATF_TC_WITHOUT_HEAD(a_missing_file_is_made);
ATF_TC_BODY(a_missing_file_is_made, tc)
{
	struct logfile l = new_log("log", true);
	struct stat st;

	(void)umask(077);
	l.mode = 0664;
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(l.regular && l.fd > 2 && fcntl(l.fd, F_GETFD) == FD_CLOEXEC);
	ATF_CHECK(fcntl(l.fd, F_GETFL) & O_APPEND);
	ATF_CHECK_EQ(mode_of("log"), 0664); /* whatever the umask is */
	ATF_CHECK(state.size == 0 && state.age == 0);
	ATF_REQUIRE_EQ(stat("log", &st), 0);
	ATF_CHECK(st.st_ino == l.ino && st.st_dev == l.dev && st.st_uid == geteuid());
	logfile_close(&l);
	ATF_CHECK_EQ(l.fd, -1);
	logfile_close(&l); /* once more does nothing */
}

ATF_TC_WITHOUT_HEAD(a_file_that_is_there_stays_as_it_is);
ATF_TC_BODY(a_file_that_is_there_stays_as_it_is, tc)
{
	struct logfile l;

	put_file("log", "one\ntwo\n");
	l = opened("log", false);
	ATF_CHECK_EQ(mode_of("log"), 0644);
	ATF_CHECK(state.size == 8);
	add(&l, "three");
	ATF_CHECK_STREQ(get_file("log"), "one\ntwo\nthree");
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0); /* again: what was open is closed */
	ATF_CHECK(state.size == 13);
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(opening_again_keeps_one_descriptor);
ATF_TC_BODY(opening_again_keeps_one_descriptor, tc)
{
	int before = lowest_free_fd();
	struct logfile l = opened("log", true);
	uint64_t size;

	for (int i = 0; i < 20; i++) {
		ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
		ATF_REQUIRE_EQ(logfile_renew(&l, &size), 0);
		ATF_CHECK(l.fd <= before + 1);
	}
	logfile_close(&l);
	ATF_CHECK_EQ(lowest_free_fd(), before);
}

ATF_TC_WITHOUT_HEAD(an_empty_file_gets_a_header);
ATF_TC_BODY(an_empty_file_gets_a_header, tc)
{
	struct logfile l = new_log("log", true);
	uint64_t size;

	l.header = "# made by us\n";
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0); /* one that is made */
	ATF_CHECK(state.size == 13);
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0); /* not twice */
	ATF_CHECK_EQ(state.size, 13);
	ATF_CHECK_STREQ(get_file("log"), "# made by us\n");
	add(&l, "line\n");
	ATF_REQUIRE_EQ(logfile_renew(&l, &size), 0);
	ATF_CHECK_EQ(size, 13);
	ATF_CHECK_STREQ(get_file("log"), "# made by us\n");

	put_file("log", ""); /* one that was empty */
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK_STREQ(get_file("log"), "# made by us\n");
	put_file("log", "x");
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(state.size == 1);
	ATF_CHECK_STREQ(get_file("log"), "x");
	logfile_close(&l);
}

/* As two see it who have both opened it while it was empty. */
ATF_TC_WITHOUT_HEAD(of_several_writers_one_writes_the_header);
ATF_TC_BODY(of_several_writers_one_writes_the_header, tc)
{
	struct logfile l = new_log("log", true);
	int other = open("log", O_WRONLY | O_APPEND | O_CREAT, 0644);

	l.header = "# made by us\n";
	ATF_REQUIRE_EQ(flock(other, LOCK_EX), 0);
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(state.size == 0);
	ATF_REQUIRE_EQ(write(other, "# made by the other\n", 20), 20);
	ATF_REQUIRE_EQ(flock(other, LOCK_UN), 0);
	ATF_CHECK_STREQ(get_file("log"), "# made by the other\n");
	ATF_REQUIRE_EQ(truncate("log", 0), 0);
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(state.size == 13);
	ATF_CHECK_STREQ(get_file("log"), "# made by us\n");
	ATF_CHECK_EQ(flock(other, LOCK_EX | LOCK_NB), 0); /* nobody is kept out */
	close(other);
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(without_room_there_is_no_header);
ATF_TC_BODY(without_room_there_is_no_header, tc)
{
	struct logfile l = new_log("log", true);
	int r;

	l.header = "# made by us\n";
	limit_size(0);
	r = logfile_open(&l, &state);
	limit_size(RLIM_INFINITY); /* before this test writes a message */
	ATF_CHECK_EQ(r, 0);
	ATF_CHECK(state.size == 0);
	add(&l, "line\n");
	ATF_CHECK_STREQ(get_file("log"), "line\n");
	logfile_close(&l);
}

ATF_TC(a_new_file_has_its_owner);
ATF_TC_HEAD(a_new_file_has_its_owner, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(a_new_file_has_its_owner, tc)
{
	struct logfile l = new_log("log", false);
	struct stat st;
	uint64_t size;

	l.uid = 54321;
	l.gid = 54322;
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
		else
			ATF_REQUIRE_EQ(logfile_renew(&l, &size), 0);
		ATF_REQUIRE_EQ(stat("log", &st), 0);
		ATF_CHECK(st.st_uid == 54321 && st.st_gid == 54322);
		ATF_CHECK_EQ(mode_of("log"), 0640);
	}
	ATF_REQUIRE_EQ(chown("log", 0, 0), 0);
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0); /* it was there: left alone */
	ATF_REQUIRE_EQ(stat("log", &st), 0);
	ATF_CHECK_EQ(st.st_uid, 0);
	l.uid = (uid_t)-1; /* only one of the two */
	ATF_REQUIRE_EQ(logfile_renew(&l, &size), 0);
	ATF_REQUIRE_EQ(stat("log", &st), 0);
	ATF_CHECK(st.st_uid == 0 && st.st_gid == 54322);
	logfile_close(&l);
}

ATF_TC(an_owner_that_cannot_be_given_is_an_error);
ATF_TC_HEAD(an_owner_that_cannot_be_given_is_an_error, tc)
{
	atf_tc_set_md_var(tc, "require.user", "unprivileged");
}
ATF_TC_BODY(an_owner_that_cannot_be_given_is_an_error, tc)
{
	int before = lowest_free_fd();
	struct logfile l = new_log("log", false);
	uint64_t size;

	l.uid = 0;
	for (int i = 0; i < 2; i++) { /* nor is the next try the better for it */
		ATF_CHECK(FAILS(logfile_open(&l, &state), EPERM));
		ATF_CHECK_EQ(l.fd, -1);
		ATF_CHECK(!exists("log"));
		logfile_close(&l);
	}
	put_file("log", "line\n");
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(FAILS(logfile_renew(&l, &size), EPERM));
	ATF_CHECK(!exists("log.new"));
	ATF_CHECK_STREQ(get_file("log"), "line\n");
	ATF_CHECK_EQ(logfile_look(&l, &state), 0); /* what was open still is */
	logfile_close(&l);
	ATF_CHECK_EQ(lowest_free_fd(), before);
}

ATF_TC_WITHOUT_HEAD(missing_directories_are_made_on_demand);
ATF_TC_BODY(missing_directories_are_made_on_demand, tc)
{
	static char deep[PATH_MAX];
	struct logfile l = new_log("a/b//c/log", false);
	char *empty = malloc(1);

	ATF_REQUIRE(empty != NULL);
	(void)umask(022);
	ATF_CHECK(FAILS(logfile_open(&l, &state), ENOENT));
	ATF_CHECK(!exists("a"));
	l.mkdir = true;
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK_EQ(mode_of("a/b"), 0755);
	add(&l, "line\n");
	ATF_CHECK_STREQ(get_file("a/b/c/log"), "line\n");
	logfile_close(&l);

	ATF_REQUIRE(getcwd(deep, sizeof deep - 20) != NULL);
	memcpy(deep + strlen(deep), "/d/e/log", sizeof "/d/e/log");
	l.path = deep;
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(exists("d/e/log"));
	logfile_close(&l);

	l.path = "a/b/c/log/no/directory"; /* and only where something is missing */
	ATF_CHECK(FAILS(logfile_open(&l, &state), ENOTDIR));
	l.path = memcpy(empty, "", 1); /* with nothing behind it */
	ATF_CHECK(FAILS(logfile_open(&l, &state), ENOENT));
	free(empty);
	l.path = "f/";
	ATF_CHECK(FAILS(logfile_open(&l, &state), EISDIR));
	l.path = "/proc/no/such/log";
	ATF_CHECK(FAILS(logfile_open(&l, &state), ENOENT));
	ATF_REQUIRE_EQ(symlink("gone/log", "dangling"), 0);
	l.path = "dangling";
	ATF_CHECK(logfile_open(&l, &state) < 0);
	ATF_CHECK_EQ(l.fd, -1);
}

ATF_TC_WITHOUT_HEAD(an_age_is_told_where_it_is_known);
ATF_TC_BODY(an_age_is_told_where_it_is_known, tc)
{
	struct logfile l = opened("log", false);
	struct statx sx;
	time_t born;

	ATF_REQUIRE_EQ(statx(l.fd, "", AT_EMPTY_PATH, STATX_BTIME, &sx), 0);
	born = (time_t)sx.stx_btime.tv_sec;
	for (int i = 0; i < LIMIT_MS / 10 && time(NULL) <= born; i++)
		(void)usleep(10000);
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	if (sx.stx_mask & STATX_BTIME)
		ATF_CHECK(state.age >= 1000 && state.age < LIMIT_MS);
	else
		ATF_CHECK_EQ(state.age, 0);
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(a_look_tells_what_others_wrote);
ATF_TC_BODY(a_look_tells_what_others_wrote, tc)
{
	for (int shared = 0; shared < 2; shared++) {
		struct logfile l = opened("log", shared), other = opened("log", shared);

		add(&l, "one\n");
		ATF_CHECK_EQ(logfile_look(&l, &state), 0);
		ATF_CHECK(state.size == 4);
		add(&other, "two");
		ATF_CHECK_EQ(logfile_look(&l, &state), 0);
		ATF_CHECK(state.size == 7);
		ATF_REQUIRE_EQ(truncate("log", 2), 0);
		ATF_CHECK_EQ(logfile_look(&l, &state), 0);
		ATF_CHECK_EQ(state.size, 2);
		logfile_close(&l);
		logfile_close(&other);
		ATF_REQUIRE_EQ(unlink("log"), 0);
	}
}

ATF_TC_WITHOUT_HEAD(another_file_at_the_path_is_stale);
ATF_TC_BODY(another_file_at_the_path_is_stale, tc)
{
	for (int shared = 0; shared < 2; shared++) {
		struct logfile l = opened("log", shared);

		ATF_REQUIRE_EQ(rename("log", "moved"), 0);
		ATF_CHECK(FAILS(logfile_look(&l, &state), ESTALE));
		ATF_CHECK_EQ(lockable("moved"), LOCK_EX); /* nothing is held then */
		ATF_CHECK(FAILS(logfile_lock(&l), ESTALE));
		if (shared)
			ATF_CHECK_EQ(lockable("moved"), LOCK_EX);
		put_file("log", "");
		ATF_CHECK(FAILS(logfile_look(&l, &state), ESTALE));
		ATF_CHECK(FAILS(logfile_lock(&l), ESTALE));
		ATF_CHECK_EQ(state.size, 0);
		ATF_CHECK_EQ(logfile_open(&l, &state), 0);
		ATF_CHECK_EQ(logfile_look(&l, &state), 0);
		add(&l, "line\n");
		ATF_CHECK_STREQ(get_file("log"), "line\n");
		ATF_REQUIRE_EQ(unlink("log"), 0);
		ATF_CHECK(FAILS(logfile_look(&l, &state), ESTALE));
		add(&l, "a file without a name takes it still\n");
		logfile_close(&l);
		ATF_REQUIRE_EQ(unlink("moved"), 0);
	}
}

/* Then it does not matter who has the old file locked. */
ATF_TC_WITHOUT_HEAD(stale_comes_before_locked);
ATF_TC_BODY(stale_comes_before_locked, tc)
{
	struct logfile l = opened("log", true), other = opened("log", true);

	ATF_REQUIRE_EQ(logfile_lock(&other), 0);
	ATF_CHECK(FAILS(logfile_look(&l, &state), EWOULDBLOCK));
	ATF_REQUIRE_EQ(rename("log", "moved"), 0);
	ATF_CHECK(FAILS(logfile_look(&l, &state), ESTALE));
	ATF_CHECK(FAILS(logfile_lock(&l), ESTALE));
	logfile_close(&l);
	logfile_close(&other);
}

ATF_TC_WITHOUT_HEAD(a_path_that_leads_nowhere_is_stale);
ATF_TC_BODY(a_path_that_leads_nowhere_is_stale, tc)
{
	struct logfile l = new_log("d/e/log", true);

	l.mkdir = true;
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_REQUIRE_EQ(rename("d", "f"), 0);
	ATF_CHECK(FAILS(logfile_look(&l, &state), ESTALE));
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(exists("d/e/log"));
	logfile_close(&l);
	/* a symbolic link that leads elsewhere now */
	put_file("one", "");
	put_file("two", "");
	ATF_REQUIRE_EQ(symlink("one", "link"), 0);
	l = opened("link", true);
	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_REQUIRE_EQ(symlink("two", "link2"), 0);
	ATF_REQUIRE_EQ(rename("link2", "link"), 0);
	ATF_CHECK(FAILS(logfile_look(&l, &state), ESTALE));
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(a_look_locks_against_rotation);
ATF_TC_BODY(a_look_locks_against_rotation, tc)
{
	struct logfile l = opened("log", true), other = opened("log", true);
	size_t n;

	ATF_CHECK_EQ(lockable("log"), LOCK_EX);
	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_CHECK_EQ(lockable("log"), LOCK_SH);
	ATF_CHECK(FAILS(logfile_lock(&other), EWOULDBLOCK));
	ATF_CHECK_EQ(logfile_look(&other, &state), 0); /* writers do not disturb each other */
	ATF_CHECK_EQ(logfile_unlock(&other), 0);
	ATF_CHECK_EQ(logfile_write(&l, "line\n", 5, &n), 0);
	ATF_CHECK_EQ(lockable("log"), LOCK_SH); /* it stays */
	ATF_CHECK_EQ(logfile_unlock(&l), 0);
	ATF_CHECK_EQ(lockable("log"), LOCK_EX);
	logfile_close(&l);
	logfile_close(&other);
}

ATF_TC_WITHOUT_HEAD(while_a_line_is_split_no_other_writes);
ATF_TC_BODY(while_a_line_is_split_no_other_writes, tc)
{
	struct logfile l = opened("log", true), other = opened("log", true);

	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_CHECK_EQ(logfile_exclude(&l), 0);
	ATF_CHECK_EQ(lockable("log"), 0);
	ATF_CHECK(FAILS(logfile_look(&other, &state), EWOULDBLOCK));
	ATF_CHECK(FAILS(logfile_exclude(&other), EWOULDBLOCK));
	ATF_CHECK_EQ(logfile_unlock(&l), 0);
	ATF_CHECK_EQ(logfile_look(&other, &state), 0);
	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_CHECK(FAILS(logfile_exclude(&l), EWOULDBLOCK)); /* the other one writes */
	logfile_close(&l);
	logfile_close(&other);
	l = opened("log", false); /* who is alone need not */
	ATF_CHECK_EQ(logfile_exclude(&l), 0);
	ATF_CHECK_EQ(lockable("log"), LOCK_EX);
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(a_line_that_has_no_end_gets_one);
ATF_TC_BODY(a_line_that_has_no_end_gets_one, tc)
{
	struct logfile l = opened("log", true);

	ATF_CHECK_EQ(logfile_mend(&l), 0);
	ATF_CHECK_STREQ(get_file("log"), ""); /* nothing there */
	for (int i = 0; i < 2; i++) {
		put_file("log", i == 0 ? "one\ntw" : "\n\nx");
		ATF_CHECK(FAILS(logfile_mend(&l), EWOULDBLOCK)); /* it may be going on */
		for (int k = 0; k < 2; k++)                      /* once */
			ATF_CHECK_EQ(logfile_mend(&l), 0);
		ATF_CHECK_STREQ(get_file("log"), i == 0 ? "one\ntw\n" : "\n\nx\n");
	}
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(a_line_that_goes_on_is_left_alone);
ATF_TC_BODY(a_line_that_goes_on_is_left_alone, tc)
{
	struct logfile l = opened("log", true);

	put_file("log", "one\ntw");
	ATF_CHECK(FAILS(logfile_mend(&l), EWOULDBLOCK));
	put_file("log", "one\ntwo\nthr");
	ATF_CHECK(FAILS(logfile_mend(&l), EWOULDBLOCK)); /* another one */
	put_file("log", "one\ntwo\nthree\n");
	ATF_CHECK_EQ(logfile_mend(&l), 0);
	ATF_CHECK_STREQ(get_file("log"), "one\ntwo\nthree\n");
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(a_lock_keeps_the_others_out);
ATF_TC_BODY(a_lock_keeps_the_others_out, tc)
{
	struct logfile l = opened("log", true), other = opened("log", true);

	ATF_CHECK_EQ(logfile_lock(&l), 0);
	ATF_CHECK_EQ(lockable("log"), 0);
	ATF_CHECK_EQ(logfile_lock(&l), 0); /* our own does not count */
	ATF_CHECK(FAILS(logfile_look(&other, &state), EWOULDBLOCK));
	ATF_CHECK(FAILS(logfile_lock(&other), EWOULDBLOCK));
	ATF_CHECK_EQ(logfile_unlock(&l), 0);
	ATF_CHECK_EQ(logfile_lock(&other), 0);
	ATF_CHECK(FAILS(logfile_look(&l, &state), EWOULDBLOCK));
	logfile_close(&other); /* as when it dies */
	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	logfile_close(&l);
	ATF_CHECK_EQ(lockable("log"), LOCK_EX);
}

ATF_TC_WITHOUT_HEAD(not_shared_it_is_locked_for_good);
ATF_TC_BODY(not_shared_it_is_locked_for_good, tc)
{
	struct logfile l = opened("log", false), other = opened("log", false);
	uint64_t size;

	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_CHECK_EQ(lockable("log"), LOCK_EX);
	ATF_CHECK_EQ(logfile_lock(&l), 0);
	add(&l, "line\n");
	ATF_CHECK_EQ(logfile_unlock(&l), 0);
	ATF_CHECK_EQ(lockable("log"), 0);
	ATF_CHECK(FAILS(logfile_lock(&other), EWOULDBLOCK));
	ATF_CHECK_EQ(logfile_renew(&l, &size), 0); /* the new one too, from the beginning */
	ATF_CHECK_EQ(lockable("log"), 0);
	logfile_close(&l);
	ATF_CHECK_EQ(lockable("log"), LOCK_EX);
	ATF_CHECK(FAILS(logfile_lock(&other), ESTALE));
	logfile_close(&other);
}

ATF_TC_WITHOUT_HEAD(as_many_bytes_as_go);
ATF_TC_BODY(as_many_bytes_as_go, tc)
{
	struct logfile l = opened("log", false);
	size_t first, second, third;
	int r[3], e;

	limit_size(6);
	r[0] = logfile_write(&l, "four", 4, &first);
	r[1] = logfile_write(&l, "five\n", 5, &second);
	r[2] = logfile_write(&l, "six", 3, &third);
	e = errno;
	limit_size(RLIM_INFINITY);
	ATF_CHECK(r[0] == 0 && first == 4);
	ATF_CHECK(r[1] == 0 && second == 2);
	ATF_CHECK(r[2] < 0 && e == EFBIG && third == 0);
	ATF_CHECK_STREQ(get_file("log"), "fourfi");
	ATF_CHECK_EQ(logfile_sync(&l), 0);
	logfile_close(&l);
	l = opened("/dev/full", false);
	ATF_CHECK(FAILS(logfile_write(&l, "x", 1, &first), ENOSPC));
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(what_is_no_regular_file_is_only_written_to);
ATF_TC_BODY(what_is_no_regular_file_is_only_written_to, tc)
{
	struct logfile l = new_log("fifo", true);
	static char block[100000];
	char bytes[8] = "";
	size_t n;
	int fd;

	l.header = "header\n";
	ATF_REQUIRE_EQ(mkfifo("fifo", 0600), 0);
	ATF_CHECK(FAILS(logfile_open(&l, &state), ENXIO)); /* nobody reads */
	fd = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ATF_REQUIRE(fd >= 0);
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(!l.regular && state.size == 0 && state.age == 0);
	put_file("fifo.0", "");
	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_CHECK_EQ(logfile_lock(&l), 0);
	ATF_CHECK_EQ(logfile_unlock(&l), 0);
	ATF_CHECK_EQ(logfile_heal(&l, 0), 0);
	ATF_CHECK(exists("fifo.0"));
	add(&l, "line\n");
	ATF_CHECK_EQ(read(fd, bytes, sizeof bytes), 5); /* and no header */
	ATF_CHECK(memcmp(bytes, "line\n", 5) == 0);
	while (logfile_write(&l, bytes, sizeof bytes, &n) == 0)
		;
	ATF_CHECK_EQ(errno, EWOULDBLOCK); /* full, not waited for */
	while (read(fd, bytes, sizeof bytes) > 0)
		;
	(void)signal(SIGPIPE, SIG_IGN);
	ATF_REQUIRE_EQ(logfile_write(&l, block, sizeof block, &n), 0);
	ATF_CHECK(n >= 1 && n <= sizeof block);
	ATF_REQUIRE_EQ(rename("fifo", "moved"), 0);
	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_CHECK(logfile_exclude(&l) == 0 && logfile_mend(&l) == 0);
	close(fd);
	ATF_CHECK(FAILS(logfile_write(&l, "x", 1, &n), EPIPE)); /* its reader has gone */
	logfile_close(&l);
	l.path = "/dev/null";
	ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
	ATF_CHECK(!l.regular);
	logfile_close(&l);
	l.path = ".";
	ATF_CHECK(FAILS(logfile_open(&l, &state), EISDIR));
}

/* As stdout may be: our end is everybody's, so that it cannot be made non-blocking. */
ATF_TC_WITHOUT_HEAD(a_pipe_that_blocks_is_not_waited_for);
ATF_TC_BODY(a_pipe_that_blocks_is_not_waited_for, tc)
{
	static char block[100000];
	struct logfile l = new_log("-", false);
	size_t n, all = 0;
	int p[2];

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	l.fd = p[1];
	(void)alarm(LIMIT_MS / 1000);
	for (int i = 0; i < 3; i++) {
		while (logfile_write(&l, block, sizeof block, &n) == 0)
			all += n;
		ATF_CHECK_EQ(errno, EWOULDBLOCK);
		ATF_CHECK_EQ(n, 0);
		ATF_REQUIRE_EQ(read(p[0], block, 8192), 8192);
	}
	ATF_CHECK(all >= 65536 + 2 * 8192);
	logfile_close(&l);
	close(p[0]);
}

ATF_TC_WITHOUT_HEAD(stdout_is_only_written_to);
ATF_TC_BODY(stdout_is_only_written_to, tc)
{
	struct logfile l = new_log("-", true);
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0) { /* what it writes must not be taken for ours */
		int fd = open("out", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		size_t n;

		l.header = "header\n";
		if (dup2(fd, STDOUT_FILENO) < 0 || logfile_open(&l, &state) < 0 || l.regular ||
		    l.fd != STDOUT_FILENO || state.size != 0 || logfile_look(&l, &state) < 0 ||
		    logfile_write(&l, "line\n", 5, &n) < 0 || n != 5)
			_exit(1);
		logfile_close(&l);
		if (l.fd != -1 || fcntl(STDOUT_FILENO, F_GETFD) < 0)
			_exit(2);
		close(STDOUT_FILENO);
		_exit(FAILS(logfile_open(&l, &state), EBADF) ? 0 : 3);
	}
	ATF_CHECK_EQ(exit_of(pid), 0);
	ATF_CHECK_STREQ(get_file("out"), "line\n");
	ATF_CHECK(!exists("-"));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_missing_file_is_made);
	ATF_TP_ADD_TC(tp, a_file_that_is_there_stays_as_it_is);
	ATF_TP_ADD_TC(tp, opening_again_keeps_one_descriptor);
	ATF_TP_ADD_TC(tp, an_empty_file_gets_a_header);
	ATF_TP_ADD_TC(tp, of_several_writers_one_writes_the_header);
	ATF_TP_ADD_TC(tp, without_room_there_is_no_header);
	ATF_TP_ADD_TC(tp, a_new_file_has_its_owner);
	ATF_TP_ADD_TC(tp, an_owner_that_cannot_be_given_is_an_error);
	ATF_TP_ADD_TC(tp, missing_directories_are_made_on_demand);
	ATF_TP_ADD_TC(tp, an_age_is_told_where_it_is_known);
	ATF_TP_ADD_TC(tp, a_look_tells_what_others_wrote);
	ATF_TP_ADD_TC(tp, another_file_at_the_path_is_stale);
	ATF_TP_ADD_TC(tp, stale_comes_before_locked);
	ATF_TP_ADD_TC(tp, a_path_that_leads_nowhere_is_stale);
	ATF_TP_ADD_TC(tp, a_look_locks_against_rotation);
	ATF_TP_ADD_TC(tp, while_a_line_is_split_no_other_writes);
	ATF_TP_ADD_TC(tp, a_line_that_has_no_end_gets_one);
	ATF_TP_ADD_TC(tp, a_line_that_goes_on_is_left_alone);
	ATF_TP_ADD_TC(tp, a_lock_keeps_the_others_out);
	ATF_TP_ADD_TC(tp, not_shared_it_is_locked_for_good);
	ATF_TP_ADD_TC(tp, as_many_bytes_as_go);
	ATF_TP_ADD_TC(tp, what_is_no_regular_file_is_only_written_to);
	ATF_TP_ADD_TC(tp, a_pipe_that_blocks_is_not_waited_for);
	ATF_TP_ADD_TC(tp, stdout_is_only_written_to);
	return atf_no_error();
}
