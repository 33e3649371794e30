#include "lib/base/buf.h"

#include <atf-c.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/num.h"
#include "tests/unit/choice.h"

ATF_TC_WITHOUT_HEAD(put_cuts_what_does_not_fit);
ATF_TC_BODY(put_cuts_what_does_not_fit, tc)
{
	char room[8];
	struct buf b = buf_over(room, sizeof room);

	ATF_CHECK_STREQ(room, "");
	buf_puts(&b, "1234");
	buf_put(&b, "567", 3);
	ATF_CHECK(!b.cut);
	ATF_CHECK_STREQ(room, "1234567");
	buf_put(&b, "", 0);
	ATF_CHECK(!b.cut);
	buf_puts(&b, "8");
	ATF_CHECK(b.cut);
	ATF_CHECK_STREQ(room, "1234567");
	ATF_CHECK_EQ(b.len, 7);
	buf_clear(&b);
	ATF_CHECK(!b.cut && b.len == 0);
	ATF_CHECK_STREQ(room, "");
	buf_printf(&b, "%s", "abcdefghij");
	ATF_CHECK(b.cut);
	ATF_CHECK_STREQ(room, "abcdefg");
}

ATF_TC_WITHOUT_HEAD(room_for_nothing);
ATF_TC_BODY(room_for_nothing, tc)
{
	char room[1];
	struct buf b = buf_over(room, sizeof room);

	buf_puts(&b, "");
	ATF_CHECK(!b.cut);
	buf_printf(&b, "%d", 1);
	buf_escape(&b, "\n", 1, 9);
	buf_json(&b, "x", 1);
	buf_duration(&b, 1);
	ATF_CHECK(b.cut && b.len == 0);
	ATF_CHECK_STREQ(room, "");
}

ATF_TC_WITHOUT_HEAD(drop_forgets_the_first);
ATF_TC_BODY(drop_forgets_the_first, tc)
{
	char room[8];
	struct buf b = buf_over(room, sizeof room);

	buf_puts(&b, "abcdef");
	buf_drop(&b, 2);
	ATF_CHECK_STREQ(room, "cdef");
	buf_puts(&b, "ghi");
	buf_drop(&b, 0);
	buf_drop(&b, 6);
	ATF_CHECK_STREQ(room, "i");
	buf_drop(&b, 1);
	ATF_CHECK_STREQ(room, "");
	ATF_CHECK_EQ(b.len, 0);
}

/* What is promised of printf is what printf does. */
#define SAME(...)                                                   \
	do {                                                        \
		char theirs[256];                                   \
		(void)snprintf(theirs, sizeof theirs, __VA_ARGS__); \
		buf_clear(&b);                                      \
		buf_printf(&b, __VA_ARGS__);                        \
		ATF_CHECK_STREQ(room, theirs);                      \
	} while (0)

ATF_TC_WITHOUT_HEAD(printf_as_printf);
ATF_TC_BODY(printf_as_printf, tc)
{
	static const int ints[] = { 0, 1, -1, 9, 10, -10, 123456, INT_MAX, INT_MIN };
	static const char *const strings[] = { "", "x", "INFO", "a longer one" };
	char room[256];
	struct buf b = buf_over(room, sizeof room);

	for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
		int n = ints[i];

		SAME("%d|%5d|%-5d|%05d|%02d|%1d|%-1d", n, n, n, n, n, n, n);
		SAME("%u|%x|%o|%08x|%3o|%-12u|", (unsigned)n, (unsigned)n, (unsigned)n, (unsigned)n,
		    (unsigned)n, (unsigned)n);
		SAME("%*d|%-*d|%0*d", 9, n, 9, n, 9, n);
	}
	SAME("%ld %ld %lu", LONG_MIN, LONG_MAX, ULONG_MAX);
	SAME("%lld %lld %llu %llx %llo", LLONG_MIN, LLONG_MAX, ULLONG_MAX, ULLONG_MAX, ULLONG_MAX);
	SAME("%zu", SIZE_MAX);
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		const char *s = strings[i];

		SAME("%s|%5s|%-5s|%.2s|%.0s|%7.3s|%-7.3s", s, s, s, s, s, s, s);
		SAME("%.*s|%*s|%-*s|%*.*s", 3, s, 6, s, 6, s, 6, 2, s);
	}
	SAME("%c|%3c|%-3c|", 'x', 'y', 'z');
	SAME("100%% of %s%%", "it");
	SAME("%s", "");
	SAME("no conversion");
}

ATF_TC_WITHOUT_HEAD(a_precision_reads_no_further);
ATF_TC_BODY(a_precision_reads_no_further, tc)
{
	static const char bytes[4] = { 'a', 'b', 'c', 'd' };
	char room[8];
	struct buf b = buf_over(room, sizeof room);

	buf_printf(&b, "%.4s", bytes);
	ATF_CHECK_STREQ(room, "abcd");
}

ATF_TC_WITHOUT_HEAD(print_to_tells_that_it_was_cut);
ATF_TC_BODY(print_to_tells_that_it_was_cut, tc)
{
	char room[4];

	ATF_CHECK(buf_print_to(room, sizeof room, "%d", 123));
	ATF_CHECK_STREQ(room, "123");
	ATF_CHECK(!buf_print_to(room, sizeof room, "%d", 1234));
	ATF_CHECK_STREQ(room, "123");
}

ATF_TC_WITHOUT_HEAD(escape);
ATF_TC_BODY(escape, tc)
{
	char room[64];
	struct buf b = buf_over(room, sizeof room);

	buf_escape(&b, "a\\b\nc\td\x1b\x7f\0\xc3\xa9", 12, 99);
	ATF_CHECK_STREQ(room, "a\\\\b\\nc\\td\\x1b\\x7f\\x00\xc3\xa9");
	buf_clear(&b);
	buf_escape(&b, "abcdef", 6, 5);
	ATF_CHECK_STREQ(room, "abcde...");
	buf_clear(&b);
	buf_escape(&b, "abcde", 5, 5);
	ATF_CHECK_STREQ(room, "abcde");
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;

		buf_clear(&b);
		buf_escape(&b, &byte, 1, 9);
		for (size_t i = 0; i < b.len; i++)
			ATF_CHECK((unsigned char)room[i] >= 0x20 && room[i] != 0x7f);
	}
}

static void
json_case(const char *text, size_t len, const char *expected)
{
	char room[64], *just = malloc(len ? len : 1); /* nothing may be read behind it */
	struct buf b = buf_over(room, sizeof room);

	ATF_REQUIRE(just != NULL);
	memcpy(just, text, len);
	buf_json(&b, just, len);
	ATF_CHECK_STREQ(room, expected);
	free(just);
}

#define REPLACED "\xef\xbf\xbd"

ATF_TC_WITHOUT_HEAD(json);
ATF_TC_BODY(json, tc)
{
	json_case("", 0, "\"\"");
	json_case("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
	json_case("\n\0\x1f\x7f", 4, "\"\\u000a\\u0000\\u001f\\u007f\"");
	json_case(
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	json_case("\xc3", 1, "\"" REPLACED "\""); /* cut short */
	json_case("\xe2\x82", 2, "\"" REPLACED REPLACED "\"");
	json_case("\xc0\x80", 2, "\"" REPLACED REPLACED "\""); /* overlong */
	json_case("\xe0\x9f\xbf", 3, "\"" REPLACED REPLACED REPLACED "\"");
	json_case("\xf0\x8f\xbf\xbf", 4, "\"" REPLACED REPLACED REPLACED REPLACED "\"");
	json_case("\xed\xa0\x80", 3, "\"" REPLACED REPLACED REPLACED "\""); /* a surrogate */
	json_case("\xf4\x90\x80\x80", 4, "\"" REPLACED REPLACED REPLACED REPLACED "\"");
	json_case("\xf5x", 2, "\"" REPLACED "x\"");
	json_case("\xc3x", 2, "\"" REPLACED "x\"");
	json_case("\xf4\x8f\xbf\xbf\xed\x9f\xbf", 7, "\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\"");
}

ATF_TC_WITHOUT_HEAD(duration);
ATF_TC_BODY(duration, tc)
{
	static const struct {
		ms t;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ms" },
		{ 100, "100ms" },
		{ 250, "250ms" },
		{ 1000, "1s" },
		{ 1500, "1.5s" },
		{ 1501, "1501ms" },
		{ 60000, "1m" },
		{ 90000, "90s" },
		{ 7200000, "2h" },
		{ 86400000, "1d" },
		{ 31622400000, "366d" },
	};
	char room[32];
	struct buf b = buf_over(room, sizeof room);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&b);
		buf_duration(&b, cases[i].t);
		ATF_CHECK_STREQ(room, cases[i].text);
	}
}

ATF_TC_WITHOUT_HEAD(a_duration_parses_back);
ATF_TC_BODY(a_duration_parses_back, tc)
{
	static const ms units[] = { 1, 7, 10, 100, 1000, 60000, 3600000, 86400000 };
	char room[32];
	struct buf b = buf_over(room, sizeof room);

	for (size_t u = 0; u < sizeof units / sizeof *units; u++)
		for (ms n = 0; n < 10000; n++) {
			ms back = -1;

			buf_clear(&b);
			buf_duration(&b, n * units[u]);
			MUST(num_duration(room, INT64_MAX, &back) && back == n * units[u]);
		}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, put_cuts_what_does_not_fit);
	ATF_TP_ADD_TC(tp, room_for_nothing);
	ATF_TP_ADD_TC(tp, drop_forgets_the_first);
	ATF_TP_ADD_TC(tp, printf_as_printf);
	ATF_TP_ADD_TC(tp, a_precision_reads_no_further);
	ATF_TP_ADD_TC(tp, print_to_tells_that_it_was_cut);
	ATF_TP_ADD_TC(tp, escape);
	ATF_TP_ADD_TC(tp, json);
	ATF_TP_ADD_TC(tp, duration);
	ATF_TP_ADD_TC(tp, a_duration_parses_back);
	return atf_no_error();
}
