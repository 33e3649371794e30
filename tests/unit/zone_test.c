#include "lib/wire/zone.h"

#include <atf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/choice.h"

#define HOUR 3600
#define DAY  86400

ATF_TC_WITHOUT_HEAD(dates_as_gmtime);
ATF_TC_BODY(dates_as_gmtime, tc)
{
	static const int64_t edges[] = { 0, -1, 1, 86399, 86400, 951782400, 951868799, 4107542400,
		-62135596800, 253402300799, 1709164800, -2203891200 };
	struct choice from = { .seed = 1 };

	for (walk.step = 0; walk.step < 200000; walk.step++) {
		size_t n = sizeof edges / sizeof *edges;
		int64_t t = walk.step < n
		    ? edges[walk.step]
		    : (int64_t)((uint64_t)choose(&from, 1u << 31) << 7 | choose(&from, 128)) -
			100000000000;
		time_t libc = (time_t)t;
		struct zone_civil c = zone_civil(t);
		struct tm tm;

		MUST(gmtime_r(&libc, &tm) != NULL);
		MUST(c.year == tm.tm_year + 1900 && c.month == tm.tm_mon + 1);
		MUST(c.day == tm.tm_mday && c.hour == tm.tm_hour && c.minute == tm.tm_min);
		MUST(c.second == tm.tm_sec);
	}
}

ATF_TC_WITHOUT_HEAD(rules_without_a_summer);
ATF_TC_BODY(rules_without_a_summer, tc)
{
	static const struct {
		const char *rule;
		int offset;
	} cases[] = {
		{ "UTC0", 0 },
		{ "UTC-0", 0 },
		{ "CET-1", HOUR },
		{ "EST5", -5 * HOUR },
		{ "EST+5", -5 * HOUR },
		{ "IST-5:30", 5 * HOUR + 1800 },
		{ "<+0545>-5:45", 5 * HOUR + 2700 },
		{ "XXX-0:0:7", 7 },
		{ "<-03>3", -3 * HOUR },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct zone_span z;

		ATF_CHECK_MSG(zone_by_rule(cases[i].rule, 1500000000, &z), "%s", cases[i].rule);
		ATF_CHECK_EQ_MSG(z.offset, cases[i].offset, "%s: %d", cases[i].rule, z.offset);
		ATF_CHECK(z.from == INT64_MIN && z.until == INT64_MAX);
	}
}

ATF_TC_WITHOUT_HEAD(spans_end_where_the_clock_changes);
ATF_TC_BODY(spans_end_where_the_clock_changes, tc)
{
	static const char rule[] = "CET-1CEST,M3.5.0,M10.5.0/3";
	const int64_t spring = 1490490000, autumn = 1509238800, next = 1521939600; /* 2017, 2018 */
	struct zone_span z;

	ATF_CHECK(zone_by_rule(rule, spring - 1, &z));
	ATF_CHECK(z.offset == HOUR && z.until == spring);
	ATF_CHECK(zone_by_rule(rule, spring, &z));
	ATF_CHECK(z.offset == 2 * HOUR && z.from == spring && z.until == autumn);
	ATF_CHECK(zone_by_rule(rule, autumn - 1, &z));
	ATF_CHECK(z.offset == 2 * HOUR && z.from == spring && z.until == autumn);
	ATF_CHECK(zone_by_rule(rule, autumn, &z));
	ATF_CHECK(z.offset == HOUR && z.from == autumn && z.until == next);
}

/* What is valid, and the C library's opinion about it: all the year round, at every turn. */
ATF_TC_WITHOUT_HEAD(rules_as_localtime);
ATF_TC_BODY(rules_as_localtime, tc)
{
	static const char *const rules[] = {
		"CET-1CEST,M3.5.0,M10.5.0/3",
		"EST5EDT,M3.2.0,M11.1.0",
		"AEST-10AEDT,M10.1.0,M4.1.0/3", /* summer across the new year */
		"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
		"IST-1GMT0,M10.5.0,M3.5.0/1", /* a summer that is behind */
		"<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
		"EET-2EEST,M3.4.4/50,M10.4.4/50",
		"AAA3BBB,J60/0,J300/24",
		"AAA-3BBB,59,299/1:30:15",
		"AAA3BBB,J10,J59/12",
	};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		(void)setenv("TZ", rules[i], 1);
		tzset();
		for (int64_t t = 1456000000; t < 1456000000 + 5 * 366 * (int64_t)DAY; t += 1801) {
			time_t libc = (time_t)t;
			struct zone_span z;
			struct tm tm;

			MUST(zone_by_rule(rules[i], t, &z) && localtime_r(&libc, &tm) != NULL);
			if (z.offset != tm.tm_gmtoff)
				atf_tc_fail("%s at %lld: %d, not %ld", rules[i], (long long)t,
				    z.offset, tm.tm_gmtoff);
			MUST(z.from <= t && t < z.until);
		}
	}
}

ATF_TC_WITHOUT_HEAD(what_is_no_rule);
ATF_TC_BODY(what_is_no_rule, tc)
{
	static const char *const bad[] = { "", "UTC", "AB0", "0", "Europe/Berlin", "<+03", "CET-",
		"CET-168", "CET-1:60", "CET-1CE", "CET-1CEST,", "CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,M3.5.0,M10.5.0,", "CET-1CEST,M3.5.0,M10.5.0x", "CET-1CEST,M3.5,M10.5.0",
		"CET-1CEST,J366,J1", "CET-1CEST,366,1", "CET-1CEST,M0.5.0,M10.5.0", "UTC0 ",
		"CET-1CEST,M3.5.0/,M10.5.0", "CET-99999999999999999999" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct zone_span z;

		ATF_CHECK_MSG(!zone_by_rule(bad[i], 1500000000, &z), "%s", bad[i]);
	}
}

ATF_TC_WITHOUT_HEAD(a_summer_without_a_rule_is_that_of_the_united_states);
ATF_TC_BODY(a_summer_without_a_rule_is_that_of_the_united_states, tc)
{
	struct zone_span z;

	ATF_CHECK(zone_by_rule("EST5EDT", 1500000000, &z));
	ATF_CHECK_EQ(z.offset, -4 * HOUR);
	ATF_CHECK_EQ(z.from, 1489302000); /* 2017-03-12 07:00 UTC */
	ATF_CHECK_EQ(z.until, 1509861600);
}

/* A file of two changes, as RFC 8536 puts it together. */
static size_t
make_file(unsigned char *f, const char *footer)
{
	static const unsigned char header[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1 },
				   /* times 2, types 2, chars 8 */
	    second[44] = { 'T', 'Z', 'i', 'f', '2', [35] = 2, [39] = 2, [43] = 8 },
				   data[] = { 0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0x00, /* 1000000000 */
					   0, 0, 0, 0, 0x59, 0x68, 0x2f, 0x00,    /* 1500000000 */
					   1, 0,                                  /* their types */
					   0, 0, 0x0e, 0x10, 0, 0, 0, 0, 0x1c, 0x20, 1, 4, 'C', 'E',
					   'T', 0, 'C', 'E', 'S', 0 };
	size_t n = 0;

	memcpy(f, header, 44);
	n += 44;
	memset(f + n, 0, 6); /* the one type of the first block */
	n += 6;
	memcpy(f + n, second, 44);
	n += 44;
	memcpy(f + n, data, sizeof data);
	n += sizeof data;
	memcpy(f + n, footer, strlen(footer));
	return n + strlen(footer);
}

ATF_TC_WITHOUT_HEAD(files);
ATF_TC_BODY(files, tc)
{
	unsigned char f[256];
	size_t len = make_file(f, "\n\n");
	struct zone_span z;

	ATF_CHECK(zone_by_file(f, len, 0, &z)); /* before all: the first type */
	ATF_CHECK(z.offset == HOUR && z.from == INT64_MIN && z.until == 1000000000);
	ATF_CHECK(zone_by_file(f, len, 999999999, &z) && z.offset == HOUR);
	ATF_CHECK(zone_by_file(f, len, 1000000000, &z));
	ATF_CHECK(z.offset == 2 * HOUR && z.from == 1000000000 && z.until == 1500000000);
	ATF_CHECK(zone_by_file(f, len, 1500000000, &z));
	ATF_CHECK(z.offset == HOUR && z.from == 1500000000 && z.until == INT64_MAX);
	len = make_file(f, "\nCET-1CEST,M3.5.0,M10.5.0/3\n"); /* which goes on behind them */
	ATF_CHECK(zone_by_file(f, len, 1400000000, &z) && z.until == 1500000000);
	ATF_CHECK(zone_by_file(f, len, 1500000001, &z));
	ATF_CHECK(z.offset == 2 * HOUR && z.from == 1500000000 && z.until == 1509238800);
	ATF_CHECK(zone_by_file(f, len, 1609459200, &z) && z.offset == HOUR);
}

ATF_TC_WITHOUT_HEAD(broken_files);
ATF_TC_BODY(broken_files, tc)
{
	unsigned char f[256];
	size_t len = make_file(f, "\n\n"), whole = len - 2;
	struct zone_span z;

	for (size_t cut = 0; cut < whole; cut++) { /* in memory of just that size */
		unsigned char *copy = malloc(cut ? cut : 1);

		ATF_REQUIRE(copy != NULL);
		memcpy(copy, f, cut);
		ATF_CHECK_MSG(!zone_by_file(copy, cut, 1400000000, &z), "%zu", cut);
		free(copy);
	}
	f[4] = 0; /* version 1 */
	ATF_CHECK(!zone_by_file(f, len, 0, &z));
	len = make_file(f, "\n\n");
	f[50 + 44 + 16] = 2; /* there is no type 2, but only names, of zeroes here */
	memset(f + 50 + 44 + 30, 0, 8);
	ATF_CHECK(!zone_by_file(f, len, 1400000000, &z));
	ATF_CHECK(!zone_by_file("#!/bin/sh\n", 10, 0, &z));
}

ATF_TC_WITHOUT_HEAD(rule_or_file_or_utc);
ATF_TC_BODY(rule_or_file_or_utc, tc)
{
	unsigned char f[256];
	size_t len = make_file(f, "\n\n");
	struct zone_span z;

	zone_find("IST-5:30", f, len, 1400000000, &z); /* the rule goes before the file */
	ATF_CHECK(z.offset == 5 * HOUR + 1800 && z.from == INT64_MIN && z.until == INT64_MAX);
	zone_find("EST5EDT", f, len, 1500000000, &z);
	ATF_CHECK(z.offset == -4 * HOUR && z.from == 1489302000);
	zone_find("Europe/Berlin", f, len, 1400000000, &z); /* a name is no rule */
	ATF_CHECK(z.offset == 2 * HOUR && z.from == 1000000000 && z.until == 1500000000);
	zone_find(NULL, f, len, 1400000000, &z); /* TZ is not set */
	ATF_CHECK(z.offset == 2 * HOUR && z.from == 1000000000 && z.until == 1500000000);
	zone_find("UTC0", NULL, 0, 1400000000, &z);
	ATF_CHECK(z.offset == 0 && z.until == INT64_MAX);
}

ATF_TC_WITHOUT_HEAD(nothing_tells_then_it_is_utc);
ATF_TC_BODY(nothing_tells_then_it_is_utc, tc)
{
	static const char *const rules[] = { NULL, "", "Europe/Berlin", "UTC", "CET-1CEST,M3" };
	unsigned char f[256];
	size_t len = make_file(f, "\n\n");

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct {
			const void *bytes;
			size_t len;
		} broken[] = { { NULL, 0 }, { f, 0 }, { f, 100 }, { "text", 4 }, { f, len - 3 } };

		for (size_t k = 0; k < sizeof broken / sizeof *broken; k++) {
			struct zone_span z = { 77, 77, 77 };

			zone_find(rules[i], broken[k].bytes, broken[k].len, 1400000000, &z);
			ATF_CHECK_EQ(z.offset, 0);
			ATF_CHECK(z.from == INT64_MIN && z.until == INT64_MAX);
		}
	}
}

/* The files of this machine, where there are any. */
ATF_TC_WITHOUT_HEAD(files_as_localtime);
ATF_TC_BODY(files_as_localtime, tc)
{
	static const char *const names[] = { "Europe/Berlin", "America/New_York",
		"Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "Europe/Dublin",
		"America/Nuuk", "Antarctica/Troll", "Pacific/Apia", "UTC", "Asia/Gaza" };
	unsigned found = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		static unsigned char bytes[65536];
		char path[64];
		size_t len;
		FILE *f;

		(void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", names[i]);
		if (!(f = fopen(path, "r")))
			continue;
		len = fread(bytes, 1, sizeof bytes, f);
		(void)fclose(f);
		found++;
		(void)setenv("TZ", names[i], 1);
		tzset();
		for (int64_t t = -1000000000; t < 4000000000; t += 860321) {
			time_t libc = (time_t)t;
			struct zone_span z;
			struct tm tm;

			MUST(zone_by_file(bytes, len, t, &z) && localtime_r(&libc, &tm) != NULL);
			if (z.offset != tm.tm_gmtoff)
				atf_tc_fail("%s at %lld: %d, not %ld", names[i], (long long)t,
				    z.offset, tm.tm_gmtoff);
			MUST(z.from <= t && t < z.until);
		}
	}
	if (found == 0)
		atf_tc_skip("no /usr/share/zoneinfo");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, dates_as_gmtime);
	ATF_TP_ADD_TC(tp, rules_without_a_summer);
	ATF_TP_ADD_TC(tp, spans_end_where_the_clock_changes);
	ATF_TP_ADD_TC(tp, rules_as_localtime);
	ATF_TP_ADD_TC(tp, what_is_no_rule);
	ATF_TP_ADD_TC(tp, a_summer_without_a_rule_is_that_of_the_united_states);
	ATF_TP_ADD_TC(tp, files);
	ATF_TP_ADD_TC(tp, broken_files);
	ATF_TP_ADD_TC(tp, rule_or_file_or_utc);
	ATF_TP_ADD_TC(tp, nothing_tells_then_it_is_utc);
	ATF_TP_ADD_TC(tp, files_as_localtime);
	return atf_no_error();
}
