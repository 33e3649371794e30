#include "lib/wire/command.h"

#include <atf-c.h>

ATF_TC_WITHOUT_HEAD(words);
ATF_TC_BODY(words, tc)
{
	for (int w = COMMAND_GRACEFUL_STOP; w <= COMMAND_UPGRADE; w++) {
		const char *name = command_name((enum command_word)w), *why;
		struct command c;

		if (w == COMMAND_SCALE)
			continue;
		ATF_CHECK_MSG(command_parse(name, &c, &why), "%s", name);
		ATF_CHECK_EQ(c.word, (enum command_word)w);
	}
	ATF_CHECK_STREQ(command_name(COMMAND_GRACEFUL_STOP), "GRACEFUL_STOP");
	ATF_CHECK_STREQ(command_name(COMMAND_IMMEDIATE_RESTART), "IMMEDIATE_RESTART");
}

ATF_TC_WITHOUT_HEAD(refused);
ATF_TC_BODY(refused, tc)
{
	static const char *const lines[] = { "", " ", "STOP", "graceful_stop", "GRACEFUL_STO",
		"GRACEFUL_STOPS", " GRACEFUL_STOP", "GRACEFUL_STOP now", "GRACEFUL_STOP\r",
		"RELOAD\t", "STATUS xml", "STATUS JSON", "STATUS json json", "STATUS\tjson",
		"SCALE", "SCALE ", "SCALE x", "SCALE 10001", "SCALE +10001", "SCALE -10001",
		"SCALE +-1", "SCALE --1", "SCALE + 1", "SCALE 1 2", "SCALE 1.5", "SCALE 4294967297",
		"SCALE 99999999999999999999", "GET / HTTP/1.1" };

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const char *why = NULL;
		struct command c;

		ATF_CHECK_MSG(!command_parse(lines[i], &c, &why), "%s", lines[i]);
		ATF_CHECK_MSG(why != NULL, "%s", lines[i]);
	}
}

ATF_TC_WITHOUT_HEAD(scale);
ATF_TC_BODY(scale, tc)
{
	static const struct {
		const char *line;
		bool relative;
		int count;
	} cases[] = {
		{ "SCALE 0", false, 0 },
		{ "SCALE 4", false, 4 },
		{ "SCALE   4", false, 4 },
		{ "SCALE 10000", false, 10000 },
		{ "SCALE +1", true, 1 },
		{ "SCALE -1", true, -1 },
		{ "SCALE -10000", true, -10000 },
		{ "SCALE +0", true, 0 },
		{ "SCALE -0", true, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *why;
		struct command c;

		ATF_CHECK(command_parse(cases[i].line, &c, &why));
		ATF_CHECK_EQ(c.word, COMMAND_SCALE);
		ATF_CHECK_EQ(c.relative, cases[i].relative);
		ATF_CHECK_EQ(c.count, cases[i].count);
	}
}

ATF_TC_WITHOUT_HEAD(formats);
ATF_TC_BODY(formats, tc)
{
	enum command_format f = COMMAND_JSON;
	const char *why;
	struct command c;

	ATF_CHECK(command_format(NULL, &f) && f == COMMAND_TABLE);
	ATF_CHECK(command_format("json", &f) && f == COMMAND_JSON);
	ATF_CHECK(command_format("", &f) && f == COMMAND_TABLE);
	ATF_CHECK(command_format("prometheus", &f) && f == COMMAND_PROMETHEUS);
	ATF_CHECK(!command_format("table", &f) && f == COMMAND_PROMETHEUS);
	ATF_CHECK(command_parse("STATUS", &c, &why) && c.format == COMMAND_TABLE);
	ATF_CHECK(command_parse("STATUS json", &c, &why) && c.format == COMMAND_JSON);
	ATF_CHECK(command_parse("STATUS prometheus", &c, &why) && c.format == COMMAND_PROMETHEUS);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, words);
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, scale);
	ATF_TP_ADD_TC(tp, formats);
	return atf_no_error();
}
