#include "lib/wire/logline.h"

#include <atf-c.h>
#include <string.h>

ATF_TC_WITHOUT_HEAD(as_ruby_writes_it);
ATF_TC_BODY(as_ruby_writes_it, tc)
{
	static const struct logline_time christmas = { 2017, 12, 25, 10, 35, 26, 73732 };
	static const struct logline_time early = { 1, 2, 3, 4, 5, 6, 7 };
	char room[128];
	struct buf b = buf_over(room, sizeof room);

	logline_ruby(&b, LOGLINE_INFO, &christmas, 24670, "text");
	ATF_CHECK_STREQ(room, "I, [2017-12-25T10:35:26.073732 #24670]  INFO -- : text\n");
	buf_clear(&b);
	logline_ruby(&b, LOGLINE_ERROR, &early, 1, "");
	ATF_CHECK_STREQ(room, "E, [0001-02-03T04:05:06.000007 #1] ERROR -- : \n");
}

ATF_TC_WITHOUT_HEAD(the_levels_have_their_names);
ATF_TC_BODY(the_levels_have_their_names, tc)
{
	static const struct logline_time t = { 2017, 12, 25, 10, 35, 26, 73732 };
	const char *names = LOGLINE_LEVELS;
	char room[128], upper[8];

	for (int level = LOGLINE_TRACE; level <= LOGLINE_FATAL; level++) {
		size_t n = strcspn(names, "|");
		struct buf b = buf_over(room, sizeof room);

		for (size_t i = 0; i < n; i++)
			upper[i] = (char)(names[i] - 'a' + 'A');
		upper[n] = '\0';
		logline_ruby(&b, (enum logline_level)level, &t, 1, "x");
		ATF_CHECK_EQ(room[0], upper[0]);
		ATF_CHECK(strstr(room, upper) != NULL);
		names += n + (names[n] == '|');
	}
	ATF_CHECK_STREQ(names, "");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, as_ruby_writes_it);
	ATF_TP_ADD_TC(tp, the_levels_have_their_names);
	return atf_no_error();
}
