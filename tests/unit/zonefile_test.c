#include "lib/sys/zonefile.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/sys_case.h"

#define ZONES "/usr/share/zoneinfo/"

static unsigned char bytes[ZONEFILE_ROOM], file[2 * ZONEFILE_ROOM];
static const char *rule;

/* What TZ tells; NULL: it is not set. How many bytes. */
static size_t
read_by(const char *tz)
{
	ATF_REQUIRE_EQ(tz ? setenv("TZ", tz, 1) : unsetenv("TZ"), 0);
	memset(bytes, 0x5a, sizeof bytes);
	rule = "untouched";
	return zonefile_read(bytes, &rule);
}

static size_t
file_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, file, sizeof file);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* Are so many bytes those of the file? */
static bool
are_of(size_t n, const char *path)
{
	return n == file_of(path) && memcmp(bytes, file, n) == 0;
}

ATF_TC_WITHOUT_HEAD(not_set_it_is_that_of_the_machine);
ATF_TC_BODY(not_set_it_is_that_of_the_machine, tc)
{
	ATF_CHECK(are_of(read_by(NULL), "/etc/localtime"));
	ATF_CHECK(rule == NULL);
}

ATF_TC_WITHOUT_HEAD(names_of_zones);
ATF_TC_BODY(names_of_zones, tc)
{
	if (file_of(ZONES "Europe/Berlin") == 0)
		atf_tc_skip("no " ZONES "Europe/Berlin");
	ATF_CHECK(are_of(read_by("Europe/Berlin"), ZONES "Europe/Berlin"));
	ATF_CHECK_STREQ(rule, "Europe/Berlin");
	ATF_CHECK(are_of(read_by(":Asia/Tokyo"), ZONES "Asia/Tokyo"));
	ATF_CHECK_STREQ(rule, "Asia/Tokyo");
	ATF_CHECK(memcmp(bytes, "TZif", 4) == 0);
	ATF_CHECK(are_of(read_by(ZONES "UTC"), ZONES "UTC"));
}

/* In whatever file: the caller says what is none. */
ATF_TC_WITHOUT_HEAD(paths_of_files);
ATF_TC_BODY(paths_of_files, tc)
{
	char cwd[PATH_MAX], tz[PATH_MAX + 16];

	ATF_REQUIRE(getcwd(cwd, sizeof cwd) != NULL);
	put_file("zone", "text");
	(void)snprintf(tz, sizeof tz, ":%s/zone", cwd);
	ATF_CHECK_EQ(read_by(tz), 4);
	ATF_CHECK_STREQ(rule, tz + 1);
	ATF_CHECK(memcmp(bytes, "text\x5a", 5) == 0); /* no byte more is written */
	ATF_CHECK_EQ(read_by(tz + 1), 4);
	ATF_REQUIRE_EQ(truncate("zone", ZONEFILE_ROOM + 1), 0);
	ATF_CHECK_EQ(read_by(tz), ZONEFILE_ROOM);
	ATF_REQUIRE_EQ(truncate("zone", 0), 0);
	ATF_CHECK_EQ(read_by(tz), 0);
	ATF_REQUIRE_EQ(unlink("zone"), 0);
	ATF_CHECK_EQ(read_by(tz), 0);
	ATF_REQUIRE_EQ(mkfifo("zone", 0600), 0);
	ATF_CHECK_EQ(read_by(tz), 0); /* not waited for */
	ATF_REQUIRE_EQ(unlink("zone"), 0);
	ATF_REQUIRE_EQ(mkdir("zone", 0700), 0);
	ATF_CHECK_EQ(read_by(tz), 0);
	ATF_CHECK_STREQ(rule, tz + 1);
}

ATF_TC_WITHOUT_HEAD(rules_have_no_file);
ATF_TC_BODY(rules_have_no_file, tc)
{
	static const char *const rules[] = { "", "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+03>-3",
		"No/Such_Zone", "zone" };
	static char long_one[1000];

	put_file("zone", "a file here is not meant");
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		ATF_CHECK_EQ_MSG(read_by(rules[i]), 0, "%s", rules[i]);
		ATF_CHECK_STREQ(rule, rules[i]);
	}
	ATF_CHECK_EQ(read_by(":"), 0);
	ATF_CHECK_STREQ(rule, "");
	memset(long_one, 'x', sizeof long_one - 1);
	ATF_CHECK_EQ(read_by(long_one), 0);
	ATF_CHECK_STREQ(rule, long_one); /* it may still be a rule */
	ATF_CHECK_EQ(bytes[0], 0x5a);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, not_set_it_is_that_of_the_machine);
	ATF_TP_ADD_TC(tp, names_of_zones);
	ATF_TP_ADD_TC(tp, paths_of_files);
	ATF_TP_ADD_TC(tp, rules_have_no_file);
	return atf_no_error();
}
