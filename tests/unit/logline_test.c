#include "lib/wire/logline.h"

#include <atf-c.h>
#include <string.h>

/* 2017-12-25 10:35:26.073732 in a zone two hours east */
static const struct logline_when christmas = { 1514190926, 73732123, 7200, false };
static char room[512];

static const char *
head(enum logline_stamp stamp, const struct logline_when *w, const struct logline_source *s)
{
	struct buf b = buf_over(room, sizeof room);

	logline_head(&b, stamp, w, s);
	ATF_CHECK(!b.cut && b.len <= LOGLINE_HEAD + (s->progname ? strlen(s->progname) : 0));
	return room;
}

ATF_TC_WITHOUT_HEAD(as_ruby_writes_it);
ATF_TC_BODY(as_ruby_writes_it, tc)
{
	static const struct logline_when early = { -62135596800, 7999, 0, false };
	struct logline_source s = { .level = LOGLINE_INFO, .pid = 24670, .worker = -1 };

	ATF_CHECK_STREQ(head(LOGLINE_RUBY, &christmas, &s),
	    "I, [2017-12-25T10:35:26.073732 #24670]  INFO -- : ");
	s.progname = "web";
	ATF_CHECK_STREQ(head(LOGLINE_RUBY, &christmas, &s),
	    "I, [2017-12-25T10:35:26.073732 #24670]  INFO -- web: ");
	s = (struct logline_source){ .level = LOGLINE_ERROR, .pid = 1, .worker = -1 };
	ATF_CHECK_STREQ(
	    head(LOGLINE_RUBY, &early, &s), "E, [0001-01-01T00:00:00.000007 #1] ERROR -- : ");
}

ATF_TC_WITHOUT_HEAD(the_levels_have_their_names);
ATF_TC_BODY(the_levels_have_their_names, tc)
{
	const char *names = LOGLINE_LEVELS;
	char upper[8];

	for (int level = LOGLINE_TRACE; level <= LOGLINE_FATAL; level++) {
		struct logline_source s = { .level = (enum logline_level)level, .worker = -1 };
		size_t n = strcspn(names, "|");

		for (size_t i = 0; i < n; i++)
			upper[i] = (char)(names[i] - 'a' + 'A');
		upper[n] = '\0';
		head(LOGLINE_RUBY, &christmas, &s);
		ATF_CHECK_EQ(room[0], upper[0]);
		ATF_CHECK(strstr(room, upper) != NULL);
		names += n + (names[n] == '|');
	}
	ATF_CHECK_STREQ(names, "");
}

ATF_TC_WITHOUT_HEAD(iso);
ATF_TC_BODY(iso, tc)
{
	struct logline_source s = { .worker = -1 };
	struct logline_when w = christmas;

	ATF_CHECK_STREQ(head(LOGLINE_ISO, &w, &s), "2017-12-25T10:35:26.073732+02:00 ");
	w.offset = -(3 * 3600 + 1800);
	ATF_CHECK_STREQ(head(LOGLINE_ISO, &w, &s), "2017-12-25T05:05:26.073732-03:30 ");
	w.utc = true;
	ATF_CHECK_STREQ(head(LOGLINE_ISO, &w, &s), "2017-12-25T08:35:26.073732Z ");
	ATF_CHECK_STREQ(head(LOGLINE_NONE, &w, &s), "");
}

/* The label that multilog writes for that time: 10 seconds and 2^62 more than Unix has. */
ATF_TC_WITHOUT_HEAD(tai64n);
ATF_TC_BODY(tai64n, tc)
{
	struct logline_source s = { .worker = -1 };

	ATF_CHECK_STREQ(head(LOGLINE_TAI64N, &christmas, &s), "@400000005a40b8580465101b ");
}

ATF_TC_WITHOUT_HEAD(kubernetes);
ATF_TC_BODY(kubernetes, tc)
{
	struct logline_source s = { .stream = "stdout", .worker = 3 };

	ATF_CHECK_STREQ(
	    head(LOGLINE_CRI, &christmas, &s), "2017-12-25T08:35:26.073732123Z stdout F ");
	s.piece = true;
	ATF_CHECK_STREQ(
	    head(LOGLINE_CRI, &christmas, &s), "2017-12-25T08:35:26.073732123Z stdout P ");
	s = (struct logline_source){ .worker = -1 };
	ATF_CHECK_STREQ(
	    head(LOGLINE_CRI, &christmas, &s), "2017-12-25T08:35:26.073732123Z stderr F ");
}

ATF_TC_WITHOUT_HEAD(json);
ATF_TC_BODY(json, tc)
{
	struct logline_source s = { .stream = "stderr", .worker = 3, .pid = 42 };

	ATF_CHECK_STREQ(head(LOGLINE_JSON, &christmas, &s),
	    "{\"time\":\"2017-12-25T08:35:26.073732Z\",\"worker\":3,\"pid\":42,\"stream\":"
	    "\"stderr\","
	    "\"message\":");
	s = (struct logline_source){ .stream = "stdout", .worker = -1, .pid = 42, .piece = true };
	ATF_CHECK_STREQ(head(LOGLINE_JSON, &christmas, &s),
	    "{\"time\":\"2017-12-25T08:35:26.073732Z\",\"stream\":\"stdout\",\"partial\":true,"
	    "\"message\":");
	s = (struct logline_source){ .level = LOGLINE_WARN, .worker = -1, .pid = 42 };
	ATF_CHECK_STREQ(head(LOGLINE_JSON, &christmas, &s),
	    "{\"time\":\"2017-12-25T08:35:26.073732Z\",\"level\":\"warn\",\"pid\":42,\"message\":");
}

ATF_TC_WITHOUT_HEAD(header_of_a_file);
ATF_TC_BODY(header_of_a_file, tc)
{
	struct buf b = buf_over(room, sizeof room);

	logline_ruby_header(&b, &christmas, "se-logrotate/1");
	ATF_CHECK_STREQ(room, "# Logfile created on 2017-12-25 10:35:26 +0200 by se-logrotate/1\n");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, as_ruby_writes_it);
	ATF_TP_ADD_TC(tp, the_levels_have_their_names);
	ATF_TP_ADD_TC(tp, iso);
	ATF_TP_ADD_TC(tp, tai64n);
	ATF_TP_ADD_TC(tp, kubernetes);
	ATF_TP_ADD_TC(tp, json);
	ATF_TP_ADD_TC(tp, header_of_a_file);
	return atf_no_error();
}
