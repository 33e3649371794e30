#include "tests/unit/logfile_case.h"

static bool
same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* The steps of a rotation as rotation.h has them, with three old files of which one goes. */
static void
rotate_by_hand(struct logfile *l)
{
	uint64_t size;

	ATF_REQUIRE_EQ(logfile_lock(l), 0);
	ATF_REQUIRE_EQ(logfile_heal(l, 0), 0);
	ATF_REQUIRE_EQ(logfile_probe(l, 2, &size), 0);
	if (size > 0)
		ATF_REQUIRE_EQ(logfile_remove(l, 2), 0);
	ATF_REQUIRE_EQ(logfile_sync(l), 0);
	ATF_REQUIRE_EQ(logfile_shift(l, 1), 0);
	ATF_REQUIRE_EQ(logfile_shift(l, 0), 0);
	ATF_CHECK(!exists("log.0"));
	ATF_REQUIRE_EQ(logfile_aside(l, 0), 0);
	ATF_CHECK(same_file("log", "log.0")); /* FILE has a name at every moment */
	ATF_CHECK_EQ(logfile_look(l, &state), 0);
	ATF_REQUIRE_EQ(logfile_lock(l), 0); /* if shared, the look had made it a lesser one */
	ATF_REQUIRE_EQ(logfile_renew(l, &size), 0);
	ATF_CHECK_EQ(size, strlen(l->header));
	ATF_CHECK(!same_file("log", "log.0") && !exists("log.new"));
	ATF_REQUIRE_EQ(logfile_unlock(l), 0);
}

ATF_TC_WITHOUT_HEAD(rotation_by_hand);
ATF_TC_BODY(rotation_by_hand, tc)
{
	for (int shared = 0; shared < 2; shared++) {
		struct logfile l = new_log("log", shared);

		l.header = "#\n";
		ATF_REQUIRE_EQ(logfile_open(&l, &state), 0);
		for (int i = 0; i < 5; i++) {
			char text[] = { (char)('0' + i), '\n', '\0' };

			ATF_CHECK_EQ(logfile_look(&l, &state), 0);
			ATF_CHECK_EQ(state.size, 2);
			add(&l, text);
			rotate_by_hand(&l);
		}
		ATF_CHECK_STREQ(get_file("log"), "#\n");
		ATF_CHECK_STREQ(get_file("log.0"), "#\n4\n");
		ATF_CHECK_STREQ(get_file("log.1"), "#\n3\n");
		ATF_CHECK_STREQ(get_file("log.2"), "#\n2\n");
		ATF_CHECK(!exists("log.3"));
		ATF_CHECK_EQ(mode_of("log"), 0640);
		ATF_CHECK_EQ(lockable("log"), shared ? LOCK_EX : 0);
		ATF_CHECK_EQ(lockable("log.0"), LOCK_EX); /* the old one is closed */
		logfile_close(&l);
		ATF_REQUIRE_EQ(unlink("log"), 0);
		for (unsigned i = 0; i < 3; i++)
			ATF_REQUIRE_EQ(logfile_remove(&l, i), 0);
		ATF_CHECK(!exists("log.0") && !exists("log.1") && !exists("log.2"));
	}
}

ATF_TC_WITHOUT_HEAD(a_rotation_that_was_killed_is_healed);
ATF_TC_BODY(a_rotation_that_was_killed_is_healed, tc)
{
	struct logfile l = opened("log", true);
	uint64_t size;

	ATF_CHECK_EQ(logfile_heal(&l, 0), 0); /* nothing there */
	add(&l, "line\n");
	ATF_REQUIRE_EQ(logfile_aside(&l, 0), 0); /* and no new file came */
	ATF_CHECK_EQ(logfile_heal(&l, 1), 0);
	ATF_CHECK(same_file("log", "log.0"));
	ATF_CHECK_EQ(logfile_heal(&l, 0), 0);
	ATF_CHECK(!exists("log.0"));
	ATF_CHECK_STREQ(get_file("log"), "line\n");
	put_file("log.0", "an old file\n"); /* which is not taken for it */
	ATF_CHECK_EQ(logfile_heal(&l, 0), 0);
	ATF_CHECK(FAILS(logfile_aside(&l, 0), EEXIST));
	ATF_CHECK_STREQ(get_file("log.0"), "an old file\n");
	put_file("log.new", "of a rotation that was killed a moment later\n");
	ATF_REQUIRE_EQ(chmod("log.new", 0444), 0);
	ATF_CHECK_EQ(logfile_renew(&l, &size), 0);
	ATF_CHECK_STREQ(get_file("log"), "");
	ATF_CHECK(!exists("log.new") && mode_of("log") == 0640);
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(a_new_file_that_cannot_be_made_changes_nothing);
ATF_TC_BODY(a_new_file_that_cannot_be_made_changes_nothing, tc)
{
	struct logfile l = opened("log", false);
	int before = lowest_free_fd();
	uint64_t size = 77;

	add(&l, "line\n");
	ATF_REQUIRE_EQ(mkdir("log.new", 0755), 0);
	ATF_CHECK(FAILS(logfile_renew(&l, &size), EEXIST));
	ATF_CHECK_EQ(logfile_look(&l, &state), 0);
	ATF_REQUIRE_EQ(rmdir("log.new"), 0);
	ATF_REQUIRE_EQ(rename("log", "log.0"), 0);
	ATF_REQUIRE_EQ(mkdir("log", 0755), 0);
	ATF_CHECK(FAILS(logfile_renew(&l, &size), EISDIR));
	ATF_CHECK(!exists("log.new"));
	ATF_CHECK_EQ(lowest_free_fd(), before);
	add(&l, "more\n");
	ATF_CHECK_STREQ(get_file("log.0"), "line\nmore\n");
	logfile_close(&l);
}

ATF_TC_WITHOUT_HEAD(sizes_of_old_files);
ATF_TC_BODY(sizes_of_old_files, tc)
{
	struct logfile l = new_log("log", false);
	uint64_t size = 77;

	ATF_CHECK_EQ(logfile_probe(&l, 0, &size), 0);
	ATF_CHECK_EQ(size, 0);
	put_file("log.0", "");
	ATF_CHECK_EQ(logfile_probe(&l, 0, &size), 0);
	ATF_CHECK_EQ(size, 1);
	put_file("log.0", "four");
	put_file("log.0.gz", "packed");
	ATF_CHECK_EQ(logfile_probe(&l, 0, &size), 0);
	ATF_CHECK_EQ(size, 5); /* no suffix is known */
	l.suffix = ".gz";
	ATF_CHECK_EQ(logfile_probe(&l, 0, &size), 0);
	ATF_CHECK_EQ(size, 11);
	ATF_REQUIRE_EQ(unlink("log.0"), 0);
	ATF_CHECK_EQ(logfile_probe(&l, 0, &size), 0);
	ATF_CHECK_EQ(size, 7);
	ATF_REQUIRE_EQ(symlink("nowhere", "log.4294967295"), 0);
	ATF_CHECK_EQ(logfile_probe(&l, UINT_MAX, &size), 0);
	ATF_CHECK(size > 0); /* the name is taken */
	put_file("plain", "");
	l.path = "plain/log";
	ATF_CHECK(FAILS(logfile_probe(&l, 0, &size), ENOTDIR));
}

ATF_TC_WITHOUT_HEAD(old_files_with_and_without_suffix_go_together);
ATF_TC_BODY(old_files_with_and_without_suffix_go_together, tc)
{
	struct logfile l = new_log("log", false);

	l.suffix = ".gz";
	put_file("log.0", "plain");
	put_file("log.0.gz", "packed");
	put_file("log.9.gz", "ten");
	ATF_CHECK_EQ(logfile_shift(&l, 0), 0);
	ATF_CHECK(!exists("log.0") && !exists("log.0.gz"));
	ATF_CHECK_STREQ(get_file("log.1"), "plain");
	ATF_CHECK_STREQ(get_file("log.1.gz"), "packed");
	ATF_CHECK_EQ(logfile_shift(&l, 9), 0);
	ATF_CHECK_STREQ(get_file("log.10.gz"), "ten");
	ATF_CHECK_EQ(logfile_shift(&l, 5), 0); /* there is none */
	ATF_CHECK_EQ(logfile_remove(&l, 5), 0);
	ATF_CHECK_EQ(logfile_remove(&l, 10), 0);
	ATF_CHECK(!exists("log.10.gz"));
	l.suffix = "";
	ATF_CHECK_EQ(logfile_remove(&l, 1), 0);
	ATF_CHECK(!exists("log.1") && exists("log.1.gz"));
	ATF_REQUIRE_EQ(mkdir("log.3", 0755), 0);
	ATF_CHECK(FAILS(logfile_remove(&l, 3), EISDIR));
	put_file("log.2", "");
	ATF_CHECK(FAILS(logfile_shift(&l, 2), EISDIR));
}

ATF_TC_WITHOUT_HEAD(names_that_are_too_long);
ATF_TC_BODY(names_that_are_too_long, tc)
{
	static char name[256], path[PATH_MAX];
	struct logfile l;
	uint64_t size;

	memset(name, 'n', 254);          /* NAME_MAX is 255 */
	memset(path, '/', PATH_MAX - 2); /* the longest that open(2) takes */
	path[0] = '.';
	memcpy(path + PATH_MAX - 2 - 3, "log", 3);
	for (int i = 0; i < 2; i++) {
		l = opened(i == 0 ? name : path, false);
		add(&l, "line\n");
		ATF_CHECK(FAILS(logfile_probe(&l, 0, &size), ENAMETOOLONG));
		ATF_CHECK(FAILS(logfile_aside(&l, 0), ENAMETOOLONG));
		ATF_CHECK(FAILS(logfile_renew(&l, &size), ENAMETOOLONG));
		ATF_CHECK_EQ(logfile_heal(&l, 0), 0);
		ATF_CHECK_EQ(logfile_look(&l, &state), 0);
		ATF_CHECK_EQ(state.size, 5); /* it is written to all the same */
		logfile_close(&l);
	}
	memset(path, 'p', PATH_MAX - 1);
	l = new_log(path, false);
	l.mkdir = true;
	ATF_CHECK(FAILS(logfile_open(&l, &state), ENAMETOOLONG));
}

ATF_TC_WITHOUT_HEAD(names_of_old_files);
ATF_TC_BODY(names_of_old_files, tc)
{
	struct logfile l = new_log("d/log", false);
	char name[PATH_MAX], path[PATH_MAX - 10];

	ATF_CHECK(logfile_name(&l, 0, false, name));
	ATF_CHECK_STREQ(name, "d/log.0");
	ATF_CHECK(logfile_name(&l, 0, true, name));
	ATF_CHECK_STREQ(name, "d/log.0"); /* no suffix */
	l.suffix = ".zst";
	ATF_CHECK(logfile_name(&l, 12345, true, name));
	ATF_CHECK_STREQ(name, "d/log.12345.zst");
	ATF_CHECK(logfile_name(&l, UINT_MAX, false, name));
	ATF_CHECK_STREQ(name, "d/log.4294967295");
	memset(path, 'p', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	l.path = path;
	ATF_CHECK(logfile_name(&l, 12345, true, name));
	ATF_CHECK_EQ(strlen(name), PATH_MAX - 1);
	ATF_CHECK(!logfile_name(&l, 123456, true, name));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, rotation_by_hand);
	ATF_TP_ADD_TC(tp, a_rotation_that_was_killed_is_healed);
	ATF_TP_ADD_TC(tp, a_new_file_that_cannot_be_made_changes_nothing);
	ATF_TP_ADD_TC(tp, sizes_of_old_files);
	ATF_TP_ADD_TC(tp, old_files_with_and_without_suffix_go_together);
	ATF_TP_ADD_TC(tp, names_that_are_too_long);
	ATF_TP_ADD_TC(tp, names_of_old_files);
	return atf_no_error();
}
