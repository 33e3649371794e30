#include "lib/base/num.h"

#include <atf-c.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What no parser of numbers takes. */
static const char *const garbage[] = { "", " ", "-", "+", ".", "x", " 1", "1 ", "\t1", "1\n", "+1",
	"--1", "0x10", "1e3", "1,000", "1_000", "\xd9\xa1", "one", "1x", "1.", ".5", "1..5",
	"1.5.5", "inf", "nan", "NULL" };

#define GARBAGE (sizeof garbage / sizeof *garbage)

#define MARK 424242 /* what a refusal must leave there */

static void
count_case(const char *s, uint64_t min, uint64_t max, bool good, uint64_t expected)
{
	uint64_t n = MARK;

	ATF_CHECK_EQ_MSG(num_count(s, min, max, &n), good, "%s", s);
	ATF_CHECK_EQ_MSG(n, good ? expected : MARK, "%s", s);
}

ATF_TC_WITHOUT_HEAD(count);
ATF_TC_BODY(count, tc)
{
	for (size_t i = 0; i < GARBAGE; i++)
		count_case(garbage[i], 0, UINT64_MAX, false, 0);
	count_case("0", 0, 9, true, 0);
	count_case("9", 0, 9, true, 9);
	count_case("10", 0, 9, false, 0);
	count_case("4", 5, 9, false, 0);
	count_case("5", 5, 9, true, 5);
	count_case("007", 0, 9, true, 7);
	count_case("-0", 0, 9, false, 0);
	count_case("-1", 0, UINT64_MAX, false, 0);
	count_case("18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX);
	count_case("18446744073709551616", 0, UINT64_MAX, false, 0);
	count_case("99999999999999999999999", 0, UINT64_MAX, false, 0);
	count_case("0000000000000000000000000001", 0, 9, true, 1);
}

static void
int_case(const char *s, int64_t min, int64_t max, bool good, int64_t expected)
{
	int64_t n = MARK;

	ATF_CHECK_EQ_MSG(num_int(s, min, max, &n), good, "%s", s);
	ATF_CHECK_EQ_MSG(n, good ? expected : MARK, "%s", s);
}

ATF_TC_WITHOUT_HEAD(integer);
ATF_TC_BODY(integer, tc)
{
	for (size_t i = 0; i < GARBAGE; i++)
		int_case(garbage[i], INT64_MIN, INT64_MAX, false, 0);
	int_case("-40", -40, 40, true, -40);
	int_case("-41", -40, 40, false, 0);
	int_case("40", -40, 40, true, 40);
	int_case("41", -40, 40, false, 0);
	int_case("-0", -40, 40, true, 0);
	int_case("- 1", -40, 40, false, 0);
	int_case("9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX);
	int_case("-9223372036854775807", INT64_MIN, INT64_MAX, true, -INT64_MAX);
	int_case("9223372036854775808", INT64_MIN, INT64_MAX, false, 0);
	int_case("18446744073709551616", INT64_MIN, INT64_MAX, false, 0);
}

static void
octal_case(const char *s, bool good, unsigned expected)
{
	unsigned n = MARK;

	ATF_CHECK_EQ_MSG(num_octal(s, 0777, &n), good, "%s", s);
	ATF_CHECK_EQ_MSG(n, good ? expected : MARK, "%s", s);
}

ATF_TC_WITHOUT_HEAD(octal);
ATF_TC_BODY(octal, tc)
{
	for (size_t i = 0; i < GARBAGE; i++)
		octal_case(garbage[i], false, 0);
	octal_case("0", true, 0);
	octal_case("22", true, 022);
	octal_case("022", true, 022);
	octal_case("0777", true, 0777);
	octal_case("1000", false, 0);
	octal_case("8", false, 0);
	octal_case("0o22", false, 0);
	octal_case("-022", false, 0);
	octal_case("7777777777777777777777777", false, 0);
}

static void
bytes_case(const char *s, uint64_t max, bool good, uint64_t expected)
{
	uint64_t n = MARK;

	ATF_CHECK_EQ_MSG(num_bytes(s, max, &n), good, "%s", s);
	ATF_CHECK_EQ_MSG(n, good ? expected : MARK, "%s", s);
}

ATF_TC_WITHOUT_HEAD(bytes);
ATF_TC_BODY(bytes, tc)
{
	static const char *const bad[] = { "K", "MB", "1T", "1 M", "1MM", "1Mi", "1MiBB", "1BK",
		"1.5M", "-1M", "1B", "1[", "1{", "1Kx", "1\xcb" };

	for (size_t i = 0; i < GARBAGE; i++)
		bytes_case(garbage[i], UINT64_MAX, false, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		bytes_case(bad[i], UINT64_MAX, false, 0);
	bytes_case("0", UINT64_MAX, true, 0);
	bytes_case("1048576", UINT64_MAX, true, 1048576);
	bytes_case("10M", UINT64_MAX, true, 10485760);
	bytes_case("10m", UINT64_MAX, true, 10485760);
	bytes_case("10MB", UINT64_MAX, true, 10485760);
	bytes_case("10MiB", UINT64_MAX, true, 10485760);
	bytes_case("10mib", UINT64_MAX, true, 10485760);
	bytes_case("1k", UINT64_MAX, true, 1024);
	bytes_case("2G", UINT64_MAX, true, 2147483648);
	bytes_case("17179869183G", UINT64_MAX, true, 18446744072635809792u);
	bytes_case("17179869184G", UINT64_MAX, false, 0);
	bytes_case("18446744073709551615", UINT64_MAX, true, UINT64_MAX);
	bytes_case("1K", 1024, true, 1024);
	bytes_case("1K", 1023, false, 0);
}

static void
duration_case(const char *s, ms max, bool good, ms expected)
{
	ms n = MARK;

	ATF_CHECK_EQ_MSG(num_duration(s, max, &n), good, "%s", s);
	ATF_CHECK_EQ_MSG(n, good ? expected : MARK, "%s", s);
}

ATF_TC_WITHOUT_HEAD(duration);
ATF_TC_BODY(duration, tc)
{
	static const char *const bad[] = { "s", "ms", "1 s", "1S", "1M", "1w", "1ss", "1.s", "-1",
		"-1s", "1s5", "1m30s", "1:30", "1e3s", "1us" };
	static const struct {
		const char *s;
		ms t;
	} good[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "0.000", 0 },
		{ "180", 180000 },
		{ "1.5", 1500 },
		{ "1.5s", 1500 },
		{ "200ms", 200 },
		{ "10m", 600000 },
		{ "2h", 7200000 },
		{ "1d", 86400000 },
		{ "0.5m", 30000 },
		{ "1.5h", 5400000 },
		{ "0.25d", 21600000 },
		{ "0.001", 1 },
		{ "0.0001", 1 }, /* only zero is zero */
		{ "0.0000000000000000000000000000000001", 1 },
		{ "0.5ms", 1 },
		{ "1.0000001ms", 2 },
		{ "1.0009", 1001 },
		{ "1.00000000000", 1000 },
		{ "0.1", 100 },
		{ "0.7", 700 },
		{ "1.001", 1001 },
		{ "4.35", 4350 },
		{ "00012", 12000 },
	};

	for (size_t i = 0; i < GARBAGE; i++)
		duration_case(garbage[i], INT64_MAX, false, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		duration_case(bad[i], INT64_MAX, false, 0);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		duration_case(good[i].s, INT64_MAX, true, good[i].t);
	duration_case("366d", 31622400000, true, 31622400000);
	duration_case("366.000001d", 31622400000, false, 0);
	duration_case("1000", 1000000, true, 1000000);
	duration_case("1000.0000001", 1000000, false, 0);
	/* nothing wraps, whatever the unit */
	duration_case("18446744073709551615", INT64_MAX, false, 0);
	duration_case("18446744073709551616", INT64_MAX, false, 0);
	duration_case("18446744073709d", INT64_MAX, false, 0);
	duration_case("9223372036854775807ms", INT64_MAX, false, 0);
	duration_case("213503982d", INT64_MAX, false, 0);
	duration_case("18446744073709.999999999ms", INT64_MAX, false, 0);
}

static void
ratio_case(const char *s, unsigned max, bool good, unsigned expected)
{
	unsigned n = MARK;

	ATF_CHECK_EQ_MSG(num_ratio(s, max, &n), good, "%s", s);
	ATF_CHECK_EQ_MSG(n, good ? expected : MARK, "%s", s);
}

ATF_TC_WITHOUT_HEAD(ratio);
ATF_TC_BODY(ratio, tc)
{
	for (size_t i = 0; i < GARBAGE; i++)
		ratio_case(garbage[i], UINT32_MAX, false, 0);
	ratio_case("0", 2000, true, 0);
	ratio_case("0.2", 2000, true, 200);
	ratio_case("1", 2000, true, 1000);
	ratio_case("2", 2000, true, 2000);
	ratio_case("2.0009", 2000, true, 2000); /* finer digits are cut */
	ratio_case("2.001", 2000, false, 0);
	ratio_case("0.0005", 2000, true, 0);
	ratio_case("50%", 2000, false, 0);
	ratio_case("-0.5", 2000, false, 0);
	ratio_case("18446744073709551616", UINT32_MAX, false, 0);
	ratio_case("18446744073709552", UINT32_MAX, false, 0);
	ratio_case("4294967.296", UINT32_MAX, false, 0);
}

static void
signal_case(const char *s, int expected)
{
	int sig = MARK;

	ATF_CHECK_EQ_MSG(num_signal(s, &sig), expected != MARK, "%s", s);
	ATF_CHECK_EQ_MSG(sig, expected, "%s", s);
}

ATF_TC_WITHOUT_HEAD(signals);
ATF_TC_BODY(signals, tc)
{
	static const char *const bad[] = { "0", "65", "-1", "SIG", "SIGSIGTERM", "SIG15", "TERMX",
		"TER", "TERM ", "15 " };
	char name[16];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		signal_case(bad[i], MARK);
	for (size_t i = 0; i < GARBAGE; i++)
		signal_case(garbage[i], MARK);
	signal_case("TERM", SIGTERM);
	signal_case("SIGTERM", SIGTERM);
	signal_case("term", SIGTERM);
	signal_case("sigterm", SIGTERM);
	signal_case("15", SIGTERM);
	signal_case("1", SIGHUP);
	signal_case("64", 64);
	for (int sig = 1; sig <= 64; sig++) {
		num_signal_name(sig, name);
		ATF_CHECK(strncmp(name, "SIG", 3) == 0);
		signal_case(name + 3, sig); /* as optval_format writes it */
	}
	num_signal_name(SIGTERM, name);
	ATF_CHECK_STREQ(name, "SIGTERM");
	num_signal_name(34, name);
	ATF_CHECK_STREQ(name, "SIG34");
	num_signal_name(INT32_MIN, name);
	ATF_CHECK_STREQ(name, "SIG-2147483648");
}

ATF_TC_WITHOUT_HEAD(boolean);
ATF_TC_BODY(boolean, tc)
{
	static const char *const yes[] = { "true", "yes", "on", "True", "YES", "oN", "1" };
	static const char *const no[] = { "false", "no", "off", "False", "NO", "oFF", "0" };
	static const char *const neither[] = { "", "2", "01", "y", "n", "t", "truee", "tru",
		" true", "on ", "nil" };
	bool b;

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		b = false;
		ATF_CHECK(num_bool(yes[i], &b) && b);
		b = true;
		ATF_CHECK(num_bool(no[i], &b) && !b);
	}
	for (size_t i = 0; i < sizeof neither / sizeof *neither; i++) {
		b = true;
		ATF_CHECK_MSG(!num_bool(neither[i], &b) && b, "%s", neither[i]);
		b = false;
		ATF_CHECK_MSG(!num_bool(neither[i], &b) && !b, "%s", neither[i]);
	}
}

ATF_TC_WITHOUT_HEAD(words);
ATF_TC_BODY(words, tc)
{
	static const char *const same[] = { "iB", "ib", "IB", "Ib" };
	static const char *const others[] = { "", "i", "ibb", " ib", "ib ", "bi", "I\x62\x80",
		"\xc9\x42" };

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		ATF_CHECK(num_is_word(same[i], "ib") && num_is_word(same[i], "IB"));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ATF_CHECK_MSG(!num_is_word(others[i], "ib"), "%s", others[i]);
	ATF_CHECK(num_is_word("", ""));
	ATF_CHECK(!num_is_word("[", "{")); /* only letters */
	ATF_CHECK(!num_is_word("@", "`"));
}

/* Each byte that there is, as strtol(3) sees it. */
ATF_TC_WITHOUT_HEAD(digits);
ATF_TC_BODY(digits, tc)
{
	static const unsigned bases[] = { 8, 10, 16 };

	for (int c = 1; c < 256; c++)
		for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
			const char text[] = { '7', (char)c, '\0' }, *at = text;
			bool is = c > ' ' && strtol(text, NULL, (int)bases[i]) != 7;
			uint64_t n;

			is |= c == '0';
			ATF_CHECK_MSG(
			    (num_digit((char)c) < bases[i]) == is, "%d of %u", c, bases[i]);
			ATF_CHECK(num_digits(&at, bases[i], &n));
			ATF_CHECK(at == text + 1 + is &&
			    n == (uint64_t)strtol(text, NULL, (int)bases[i]));
		}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, digits);
	ATF_TP_ADD_TC(tp, count);
	ATF_TP_ADD_TC(tp, integer);
	ATF_TP_ADD_TC(tp, octal);
	ATF_TP_ADD_TC(tp, bytes);
	ATF_TP_ADD_TC(tp, duration);
	ATF_TP_ADD_TC(tp, ratio);
	ATF_TP_ADD_TC(tp, signals);
	ATF_TP_ADD_TC(tp, boolean);
	ATF_TP_ADD_TC(tp, words);
	return atf_no_error();
}
