#include "lib/sys/title.h"

#include <sys/prctl.h>

#include "tests/unit/sys_case.h"

extern char **environ;

/* Arguments and environment as exec leaves them: one string behind the other. */
static char block[] = "prog\0-c\0file\0A=1\0B=2";
static char *argv[] = { block, block + 5, block + 8, NULL };
static char *env[] = { block + 13, block + 17, NULL };

static char **
begin(void)
{
	environ = env;
	return title_init(argv);
}

ATF_TC_WITHOUT_HEAD(arguments_and_environment_move_out_of_the_way);
ATF_TC_BODY(arguments_and_environment_move_out_of_the_way, tc)
{
	char **moved = begin();

	title_set("a name that fills it");
	ATF_CHECK_STREQ(moved[0], "prog");
	ATF_CHECK_STREQ(moved[1], "-c");
	ATF_CHECK_STREQ(moved[2], "file");
	ATF_CHECK(moved[3] == NULL);
	ATF_CHECK_STREQ(environ[0], "A=1");
	ATF_CHECK_STREQ(environ[1], "B=2");
	ATF_CHECK(environ[2] == NULL);
	ATF_CHECK_STREQ(block, "a name that fills it");
}

ATF_TC_WITHOUT_HEAD(the_room_is_kept);
ATF_TC_BODY(the_room_is_kept, tc)
{
	static const char zeroes[sizeof block - 4];
	char name[17] = { 0 };

	(void)begin();
	title_set("longer than all that was there before");
	ATF_CHECK_STREQ(block, "longer than all that");
	title_set("new");
	ATF_CHECK_STREQ(block, "new");
	ATF_CHECK(memcmp(block + 3, zeroes, sizeof zeroes) == 0); /* nothing of the old one */
	ATF_REQUIRE_EQ(prctl(PR_GET_NAME, name), 0);
	ATF_CHECK_STREQ(name, "new");
}

ATF_TC_WITHOUT_HEAD(an_environment_of_its_own_is_left_alone);
ATF_TC_BODY(an_environment_of_its_own_is_left_alone, tc)
{
	static char other[] = "C=3";
	static char *elsewhere[] = { other, NULL };

	environ = elsewhere;
	(void)title_init(argv);
	title_set("longer than the arguments");
	ATF_CHECK_STREQ(block, "longer than "); /* up to their end */
	ATF_CHECK_STREQ(block + 13, "A=1");
	ATF_CHECK_STREQ(other, "C=3");
	ATF_CHECK_STREQ(environ[0], "C=3");
}

ATF_TC_WITHOUT_HEAD(without_arguments_nothing_happens);
ATF_TC_BODY(without_arguments_nothing_happens, tc)
{
	static char *none[] = { NULL };

	ATF_CHECK(title_init(none) == none);
	title_set("name");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, arguments_and_environment_move_out_of_the_way);
	ATF_TP_ADD_TC(tp, the_room_is_kept);
	ATF_TP_ADD_TC(tp, an_environment_of_its_own_is_left_alone);
	ATF_TP_ADD_TC(tp, without_arguments_nothing_happens);
	return atf_no_error();
}
