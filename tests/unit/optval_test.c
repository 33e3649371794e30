#include <atf-c.h>

#include "tests/unit/opt_table.h"

static struct table config;
static char text_room[256], why_room[256];
static struct buf text, why;

static void
begin(void)
{
	config = table_defaults;
	text = buf_over(text_room, sizeof text_room);
	why = buf_over(why_room, sizeof why_room);
}

static bool
set_value(const char *name, struct opt_value v)
{
	const struct opt *o = opt_find(table, name);

	ATF_REQUIRE(o != NULL);
	buf_clear(&why);
	return optval_set(o, &config, &text, &v, &why);
}

static bool
set(const char *name, const char *s)
{
	return set_value(name, (struct opt_value){ .first = s, .count = 1 });
}

static bool
set_list(const char *name, const char *strings, unsigned count)
{
	return set_value(
	    name, (struct opt_value){ .first = strings, .count = count, .list = true });
}

static bool
set_nil(const char *name)
{
	return set_value(name, (struct opt_value){ .nil = true });
}

/* As the configuration file writes it. */
static const char *
shown(const char *name)
{
	static char room[512];
	struct buf b = buf_over(room, sizeof room);

	optval_format(opt_find(table, name), &config, &b);
	return room;
}

static const struct {
	const char *name, *value;
	const char *shown; /* NULL: refused */
} cases[] = {
	{ "on", "true", "true" },
	{ "on", "Yes", "true" },
	{ "on", "off", "false" },
	{ "on", "1", "true" },
	{ "on", "", NULL },
	{ "count", "1", "1" },
	{ "count", "10000", "10000" },
	{ "count", "0", NULL },
	{ "count", "10001", NULL },
	{ "count", "-1", NULL },
	{ "count", "4294967297", NULL },
	{ "integer", "-1000", "-1000" },
	{ "integer", "-1001", NULL },
	{ "integer", "1001", NULL },
	{ "integer", "0", "0" },
	{ "octal", "022", "022" },
	{ "octal", "7", "007" },
	{ "octal", "0777", "777" },
	{ "octal", "1777", NULL },
	{ "octal", "8", NULL },
	{ "duration", "1.5", "1.5s" },
	{ "duration", "100ms", "100ms" },
	{ "duration", "99ms", NULL },
	{ "duration", "-1", NULL },
	{ "duration", "366d", "366d" },
	{ "duration", "367d", NULL },
	{ "never", "-1", "-1" },
	{ "never", "0", "0s" },
	{ "never", "-2", NULL },
	{ "never", "-1s", NULL },
	{ "bytes", "10M", "10485760" },
	{ "bytes", "0", "nil" },
	{ "bytes", "9223372036854775807", "9223372036854775807" },
	{ "bytes", "9223372036854775808", NULL },
	{ "ratio", "0.2", "0.200" },
	{ "ratio", "2", "2.000" },
	{ "ratio", "2.001", NULL },
	{ "sig", "term", "TERM" },
	{ "sig", "SIG34", NULL },
	{ "sig", "34", "34" },
	{ "sig", "0", NULL },
	{ "word", "auto", "auto" },
	{ "word", "off", "off" },
	{ "word", "of", NULL },
	{ "word", "offf", NULL },
	{ "word", "", NULL },
	{ "word", "required|off", NULL },
	{ "string", "plain", "plain" },
	{ "string", "/a/b-c_d.e=f", "/a/b-c_d.e=f" },
	{ "string", "", "\"\"" },
	{ "string", "two words", "\"two words\"" },
	{ "string", "#x", "\"#x\"" },
	{ "string", "-", "\"-\"" },
	{ "string", "nil", "\"nil\"" },
	{ "string", "null", "\"null\"" },
	{ "string", "NULL", "\"NULL\"" },
	{ "string", "Null", "\"Null\"" },
	{ "string", "~", "\"~\"" },
	{ "string", "a\"b\\c\nd\x7f", "\"a\\\"b\\\\c\\x0ad\\x7f\"" },
	{ "string", "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
	{ "list", "a", "[a]" },
	{ "list", "a,b", "[\"a,b\"]" }, /* a comma is split on the command line only */
	{ "command", "a b  c", "[a, b, c]" },
	{ "command", "  sh -c 'echo \"$x\"' ", "[sh, \"-c\", \"echo \\\"$x\\\"\"]" },
	{ "command", "a \"b c\"d '' \\ e", "[a, \"b cd\", \"\", \" e\"]" },
	{ "command", "\"a\\\"b\" 'a\\b'", "[\"a\\\"b\", \"a\\\\b\"]" },
	{ "command", "a\\", "[\"a\\\\\"]" },
	{ "command", "a\tb", "[a, b]" },
	{ "command", "a 'b", NULL },
	{ "command", "a \"b'", NULL },
	{ "codes", "3", "[3]" },
	{ "codes", "256", NULL },
	{ "codes", "", NULL },
	{ "rate", "5/60s", "5/1m" },
	{ "rate", "5/0.5", "5/500ms" },
	{ "rate", "1000000/1", "1000000/1s" },
	{ "rate", "1000001/1", NULL },
	{ "rate", "00000000000001/1", NULL },
	{ "rate", "0/60s", NULL },
	{ "rate", "5/0", NULL },
	{ "rate", "5", NULL },
	{ "rate", "5/", NULL },
	{ "rate", "/5", NULL },
	{ "rate", "5/1/1", NULL },
	{ "limit", "1024", "\"1024:1024\"" },
	{ "limit", "1K:2K", "\"1024:2048\"" },
	{ "limit", "unlimited", "\"unlimited:unlimited\"" },
	{ "limit", "0:infinity", "\"0:unlimited\"" },
	{ "limit", "2:1", NULL },
	{ "limit", "unlimited:1", NULL },
	{ "limit", "1:", NULL },
	{ "limit", ":1", NULL },
	{ "limit", ":", NULL },
	{ "limit", "1:2:3", NULL },
	{ "limit", "-1", NULL },
	{ "limit", "18446744073709551615", NULL },
	{ "limit", "00000000000000000000000000000000:1", NULL },
	{ "help", "true", NULL },
	{ "some_day", "x", NULL },
	{ "one-day", "x", NULL },
};

ATF_TC_WITHOUT_HEAD(values);
ATF_TC_BODY(values, tc)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *name = cases[i].name, *value = cases[i].value;
		bool good = cases[i].shown != NULL;

		begin();
		ATF_CHECK_EQ_MSG(set(name, value), good, "%s: %s: %s", name, value, why_room);
		if (good)
			ATF_CHECK_STREQ_MSG(shown(name), cases[i].shown, "%s: %s", name, value);
		ATF_CHECK_EQ_MSG(why.len > 0, !good, "%s: %s: %s", name, value, why_room);
	}
}

ATF_TC_WITHOUT_HEAD(a_refusal_changes_nothing);
ATF_TC_BODY(a_refusal_changes_nothing, tc)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct table before;

		if (cases[i].shown)
			continue;
		begin();
		memset(&config, 0x55, sizeof config);
		memset(&before, 0x55, sizeof before);
		(void)set(cases[i].name, cases[i].value);
		ATF_CHECK_MSG(memcmp(&config, &before, sizeof config) == 0, "%s: %s", cases[i].name,
		    cases[i].value);
	}
}

ATF_TC_WITHOUT_HEAD(lists);
ATF_TC_BODY(lists, tc)
{
	begin();
	ATF_CHECK(set_list("list", "a\0b c\0\0d", 4));
	ATF_CHECK_STREQ(shown("list"), "[a, \"b c\", \"\", d]");
	ATF_CHECK_STREQ(optval_list_at(&config.list, 3), "d");
	ATF_CHECK(set_list("list", "", 0));
	ATF_CHECK_STREQ(shown("list"), "[]");
	ATF_CHECK(set_list("command", "a\0b c", 2)); /* not split */
	ATF_CHECK_STREQ(shown("command"), "[a, \"b c\"]");
	ATF_CHECK(set_list("codes", "3\0000\000255\0003", 4));
	ATF_CHECK_STREQ(shown("codes"), "[0, 3, 255]");
	ATF_CHECK(optval_codes_has(&config.codes, 255));
	ATF_CHECK(!optval_codes_has(&config.codes, 4));
	ATF_CHECK(!optval_codes_has(&config.codes, 256 + 3));
	ATF_CHECK(!optval_codes_has(&config.codes, -253));
	ATF_CHECK(!set_list("codes", "1\000256", 2));
	ATF_CHECK_STREQ(shown("codes"), "[0, 3, 255]");
	ATF_CHECK(set_list("codes", "", 0));
	ATF_CHECK_STREQ(shown("codes"), "[]");
	ATF_CHECK(!set_list("string", "a", 1));
	ATF_CHECK(!set_list("count", "1", 1));
}

ATF_TC_WITHOUT_HEAD(nil_where_it_is_allowed);
ATF_TC_BODY(nil_where_it_is_allowed, tc)
{
	for (const struct opt *o = table; o->text; o++) {
		bool allowed = o->flags & OPT_OR_NIL;

		if (!(o->flags & OPT_KEY) || !*o->text)
			continue;
		begin();
		memset(&config, 0x55, sizeof config);
		ATF_CHECK_EQ_MSG(set_nil(o->text), allowed, "%s", o->text);
		if (allowed)
			ATF_CHECK_MSG(
			    strcmp(shown(o->text), "nil") == 0 || strcmp(shown(o->text), "[]") == 0,
			    "%s: %s", o->text, shown(o->text));
	}
}

ATF_TC_WITHOUT_HEAD(messages_say_what_is_expected);
ATF_TC_BODY(messages_say_what_is_expected, tc)
{
	static const struct {
		const char *name, *value, *message;
	} told[] = {
		{ "count", "0", "0: expected a whole number from 1 to 10000" },
		{ "integer", "x", "x: expected a whole number from -1000 to 1000, or nil" },
		{ "octal", "9", "9: expected an octal number up to 777, or nil" },
		{ "duration", "1w",
		    "1w: expected a time from 100ms to 366d (units ms, s, m, h, d)" },
		{ "never", "x",
		    "x: expected a time from 0s to 366d (units ms, s, m, h, d), or -1 for never" },
		{ "word", "maybe", "maybe: expected auto, required, off" },
		{ "codes", "\x1b[31m", "\\x1b[31m: expected exit statuses from 0 to 255, or nil" },
		{ "on", "\n", "\\n: expected true or false" },
	};

	begin();
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		ATF_CHECK(!set(told[i].name, told[i].value));
		ATF_CHECK_STREQ(why_room, told[i].message);
	}
	ATF_CHECK(!set_nil("count"));
	ATF_CHECK_STREQ(why_room, "nil: expected a whole number from 1 to 10000");
	ATF_CHECK(!set_list("string", "a", 1));
	ATF_CHECK_STREQ(why_room, "a list: expected one text, or nil");
	ATF_CHECK(!set("some_day", "x"));
	ATF_CHECK_STREQ(why_room, "not yet in this version");
}

ATF_TC_WITHOUT_HEAD(text_that_does_not_fit_is_refused);
ATF_TC_BODY(text_that_does_not_fit_is_refused, tc)
{
	static const char *const names[] = { "string", "list", "command" };

	for (size_t i = 0; i < 3; i++) {
		begin();
		text = buf_over(text_room, 7);
		ATF_CHECK(set(names[i], "12345"));
		text = buf_over(text_room, 6);
		ATF_CHECK(!set(names[i], "12345"));
		ATF_CHECK_STREQ(why_room, "the configuration is too long");
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, values);
	ATF_TP_ADD_TC(tp, a_refusal_changes_nothing);
	ATF_TP_ADD_TC(tp, lists);
	ATF_TP_ADD_TC(tp, nil_where_it_is_allowed);
	ATF_TP_ADD_TC(tp, messages_say_what_is_expected);
	ATF_TP_ADD_TC(tp, text_that_does_not_fit_is_refused);
	return atf_no_error();
}
