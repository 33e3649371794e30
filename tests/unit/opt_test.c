#include <atf-c.h>
#include <signal.h>

#include "tests/unit/opt_table.h"

static struct table config;
static char text_room[8192], why_room[512];
static struct buf text, why;

/* Parses the words behind a program's name, to NULL. */
static int
parse(const char *const *words)
{
	char *argv[16] = { (char *)(size_t) "prog" };
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)(size_t)*words;
	config = table_defaults;
	text = buf_over(text_room, sizeof text_room);
	why = buf_over(why_room, sizeof why_room);
	return opt_parse(table, &config, &text, argc, argv, &why);
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

ATF_TC_WITHOUT_HEAD(names);
ATF_TC_BODY(names, tc)
{
	ATF_CHECK_STREQ(opt_find(table, "two_words")->text, "two_words");
	ATF_CHECK_STREQ(opt_find(table, "two-words")->text, "two_words");
	ATF_CHECK(opt_find(table, "two") == NULL);
	ATF_CHECK(opt_find(table, "two_wordss") == NULL);
	ATF_CHECK(opt_find(table, "") == NULL);
	ATF_CHECK(opt_find(table, "coun") == NULL);
	ATF_CHECK(opt_find(table, "one-day") == opt_find(table, "some_day"));
	ATF_CHECK(opt_find(table, "one") == NULL);
	ATF_CHECK(opt_find(table, "some_day|one_day") == NULL);
}

ATF_TC_WITHOUT_HEAD(the_nearest_name);
ATF_TC_BODY(the_nearest_name, tc)
{
	static const struct {
		const char *name, *nearest;
	} cases[] = {
		{ "cout", "count" },
		{ "counts", "count" },
		{ "duratoin", "duration" },
		{ "two_word", "two_words" },
		{ "octla", "octal" },
		{ "xyzzy", NULL },
		{ "", NULL },
		{ "x", NULL },
		{ "some_dya", NULL }, /* what is not there yet is no help */
		{ "an_extraordinarily_long_name_that_is_beyond_any_row", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *near = opt_nearest(table, OPT_KEY, cases[i].name);

		ATF_CHECK_MSG((near == NULL) == (cases[i].nearest == NULL) &&
			(!near || strcmp(near, cases[i].nearest) == 0),
		    "%s: %s", cases[i].name, near ? near : "none");
	}
	ATF_CHECK_STREQ(opt_nearest(table, 0, "hepl"), "help");
	ATF_CHECK(opt_nearest(table, OPT_KEY, "hepl") == NULL);
}

ATF_TC_WITHOUT_HEAD(forms_of_an_option);
ATF_TC_BODY(forms_of_an_option, tc)
{
	ATF_CHECK_EQ(PARSE("--count=5"), 2);
	ATF_CHECK_EQ(config.count, 5);
	ATF_CHECK_EQ(PARSE("--count", "5"), 3);
	ATF_CHECK_EQ(config.count, 5);
	ATF_CHECK_EQ(PARSE("-c5"), 2);
	ATF_CHECK_EQ(config.count, 5);
	ATF_CHECK_EQ(PARSE("-c", "5"), 3);
	ATF_CHECK_EQ(config.count, 5);
	ATF_CHECK_EQ(PARSE("--count=5", "--count=6"), 3); /* the last one wins */
	ATF_CHECK_EQ(config.count, 6);
	ATF_CHECK_EQ(PARSE("--two-words=a=b"), 2);
	ATF_CHECK_STREQ(config.text, "a=b");
	ATF_CHECK_EQ(PARSE("--two_words="), 2);
	ATF_CHECK_STREQ(config.text, "");
	ATF_CHECK_EQ(PARSE("--two_words", "--on"), 3); /* whatever it looks like */
	ATF_CHECK_STREQ(config.text, "--on");
	ATF_CHECK(!config.on);
	ATF_CHECK_EQ(PARSE("-f"), 2);
	ATF_CHECK(config.fast);
}

ATF_TC_WITHOUT_HEAD(booleans_and_flags);
ATF_TC_BODY(booleans_and_flags, tc)
{
	ATF_CHECK_EQ(PARSE("--on"), 2);
	ATF_CHECK(config.on);
	ATF_CHECK_EQ(PARSE("--on=no"), 2);
	ATF_CHECK(!config.on);
	ATF_CHECK_EQ(PARSE("--help"), 2);
	ATF_CHECK(config.help);
	ATF_CHECK_EQ(PARSE("--help=true"), -1);
	ATF_CHECK_EQ(PARSE("--on=maybe"), -1);
}

ATF_TC_WITHOUT_HEAD(operands_end_the_options);
ATF_TC_BODY(operands_end_the_options, tc)
{
	ATF_CHECK_EQ(PARSE("--count=5", "prog", "--count=6"), 2);
	ATF_CHECK_EQ(config.count, 5);
	ATF_CHECK_EQ(PARSE("--count=5", "--", "--count=6"), 3);
	ATF_CHECK_EQ(config.count, 5);
	ATF_CHECK_EQ(PARSE("-", "--count=6"), 1);
	ATF_CHECK_EQ(PARSE(""), 1);
	ATF_CHECK_EQ(PARSE("--"), 2);
	ATF_CHECK_EQ(parse((const char *const[]){ NULL }), 1);
}

ATF_TC_WITHOUT_HEAD(lists_with_commas);
ATF_TC_BODY(lists_with_commas, tc)
{
	ATF_CHECK_EQ(PARSE("--list=a,b,,c d"), 2);
	ATF_CHECK_EQ(config.list.count, 4);
	ATF_CHECK_STREQ(optval_list_at(&config.list, 2), "");
	ATF_CHECK_STREQ(optval_list_at(&config.list, 3), "c d");
	ATF_CHECK_EQ(PARSE("--codes=3,4"), 2);
	ATF_CHECK(optval_codes_has(&config.codes, 3) && optval_codes_has(&config.codes, 4));
	ATF_CHECK_EQ(PARSE("--codes=3,"), -1);
	ATF_CHECK_EQ(PARSE("--command=a,b c"), 2); /* no list: one string to split */
	ATF_CHECK_EQ(config.command.count, 2);
	ATF_CHECK_EQ(PARSE("--list=nil"), 2);
	ATF_CHECK_EQ(config.list.count, 0);
	ATF_CHECK_EQ(PARSE("--integer=nil"), 2);
	ATF_CHECK_EQ(config.integer, OPT_UNSET);
	ATF_CHECK_EQ(PARSE("--count=nil"), -1);
}

ATF_TC_WITHOUT_HEAD(a_long_list_is_refused);
ATF_TC_BODY(a_long_list_is_refused, tc)
{
	static char long_list[5000] = "--list=";

	memset(long_list + 7, 'x', 4095);
	ATF_CHECK_EQ(PARSE(long_list), 2);
	ATF_CHECK_EQ(strlen(config.list.first), 4095);
	memset(long_list + 7, 'x', 4096);
	ATF_CHECK_EQ(PARSE(long_list), -1);
	ATF_CHECK_STREQ(why_room, "--list: longer than 4095 bytes");
}

ATF_TC_WITHOUT_HEAD(verbs);
ATF_TC_BODY(verbs, tc)
{
	ATF_CHECK_EQ(PARSE("--go"), 2);
	ATF_CHECK_EQ(config.verb.verb, 7);
	ATF_CHECK(config.verb.value == NULL);
	ATF_CHECK_EQ(PARSE("--tell=json"), 2);
	ATF_CHECK_EQ(config.verb.verb, 8);
	ATF_CHECK_STREQ(config.verb.value, "json");
	ATF_CHECK_EQ(PARSE("--tell", "json"), 2); /* only with = */
	ATF_CHECK(config.verb.value == NULL);
	ATF_CHECK_EQ(PARSE("--go=x"), -1);
	ATF_CHECK_EQ(PARSE("--go", "--tell"), -1);
	ATF_CHECK_STREQ(why_room, "--tell: only one command at a time");
}

ATF_TC_WITHOUT_HEAD(messages);
ATF_TC_BODY(messages, tc)
{
	static char long_name[100] = "--";

	ATF_CHECK_EQ(PARSE("--cuont=5"), -1);
	ATF_CHECK_STREQ(why_room, "unknown option: --cuont: the nearest is --count");
	ATF_CHECK_EQ(PARSE("--xyzzy"), -1);
	ATF_CHECK_STREQ(why_room, "unknown option: --xyzzy");
	ATF_CHECK_EQ(PARSE("-x"), -1);
	ATF_CHECK_STREQ(why_room, "unknown option: -x");
	ATF_CHECK_EQ(PARSE("--count"), -1);
	ATF_CHECK_STREQ(why_room, "--count: a value is missing");
	ATF_CHECK_EQ(PARSE("--count=0"), -1);
	ATF_CHECK_STREQ(why_room, "--count: 0: expected a whole number from 1 to 10000");
	ATF_CHECK_EQ(PARSE("--some-day=x"), -1);
	ATF_CHECK_STREQ(why_room, "--some-day: not yet in this version");
	ATF_CHECK_EQ(PARSE("--some-day"), -1);
	memset(long_name + 2, 'x', 90);
	ATF_CHECK_EQ(PARSE(long_name), -1);
	ATF_CHECK_EQ(PARSE("--=5"), -1);
	ATF_CHECK_EQ(PARSE("--count=5"), 2);
	ATF_CHECK_STREQ(why_room, "");
}

/* Is the option given among the words, to NULL? */
static bool
given(const char *name, const char *const *words)
{
	char *argv[16] = { (char *)(size_t) "prog" };
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)(size_t)*words;
	return opt_given(table, name, argc, argv);
}

#define GIVEN(name, ...) given((name), (const char *const[]){ __VA_ARGS__, NULL })

ATF_TC_WITHOUT_HEAD(given_whatever_else_is_wrong);
ATF_TC_BODY(given_whatever_else_is_wrong, tc)
{
	ATF_CHECK(GIVEN("help", "--help"));
	ATF_CHECK(GIVEN("help", "--count=x", "--xyzzy", "-q", "--help"));
	ATF_CHECK(GIVEN("help", "--count", "5", "--on", "-c5", "--help"));
	ATF_CHECK(GIVEN("fast", "-f"));
	ATF_CHECK(!GIVEN("help", "--on"));
	ATF_CHECK(!GIVEN("help", "--string", "--help")); /* a value */
	ATF_CHECK(!GIVEN("help", "-c", "--help"));
	ATF_CHECK(!GIVEN("help", "--", "--help"));
	ATF_CHECK(!GIVEN("help", "prog", "--help"));
	ATF_CHECK(!given("help", (const char *const[]){ NULL }));
}

static const char *
help_of(const char *name, const struct table *defaults)
{
	static char room[2048];
	struct buf b = buf_over(room, sizeof room);

	for (const struct opt *o = table; o->text; o++)
		if (strcmp(o->text, name) == 0)
			opt_help(o, defaults, &b);
	return room;
}

ATF_TC_WITHOUT_HEAD(help);
ATF_TC_BODY(help, tc)
{
	ATF_CHECK_STREQ(
	    help_of("count", &table_defaults), "  -c, --count=N               the count (1)\n");
	ATF_CHECK_STREQ(
	    help_of("two_words", &table_defaults), "  --two-words=TEXT            text (x)\n");
	ATF_CHECK_STREQ(help_of("duration", &table_defaults),
	    "  --duration=TIME             the duration (1.5s)\n");
	ATF_CHECK_STREQ(
	    help_of("integer", &table_defaults), "  --integer=N                 the integer\n");
	ATF_CHECK_STREQ(
	    help_of("help", &table_defaults), "  --help                      the help\n");
	ATF_CHECK_STREQ(help_of("", &table_defaults), "\nTitle:\n"); /* and nothing of later */
}

ATF_TC_WITHOUT_HEAD(help_is_broken_between_words);
ATF_TC_BODY(help_is_broken_between_words, tc)
{
	static const struct opt row = {
		.text = OPT_TEXT("a_name_that_needs_the_whole_column", "",
		    "some words that do not all fit into the seventy columns that are left for "
		    "them and go on in the next line"),
		.type = OPT_FLAG,
	};
	char room[512];
	struct buf b = buf_over(room, sizeof room);

	opt_help(&row, &table_defaults, &b);
	ATF_CHECK_STREQ(room,
	    "  --a-name-that-needs-the-whole-column\n"
	    "                              some words that do not all fit into the seventy "
	    "columns that are left\n"
	    "                              for them and go on in the next line\n");
}

ATF_TC_WITHOUT_HEAD(defaults_stand_in_the_rows);
ATF_TC_BODY(defaults_stand_in_the_rows, tc)
{
#define OR_ROW(member, t, help, lo, hi)                                                      \
	{                                                                                    \
		.text = OPT_TEXT(#member, "", help), .type = (t),                            \
		.flags = OPT_FLAGS(OPT_KEY, help), .offset = offsetof(struct table, member), \
		.min = (lo), .max = (hi)                                                     \
	}
	static const struct opt rows[] = { OR_ROW(count, OPT_COUNT, "h" OPT_OR("7"), 1, 9),
		OR_ROW(integer, OPT_INT, "h", 0, 9),
		OR_ROW(octal, OPT_OCTAL, "h" OPT_OR("17"), 0, 077),
		OR_ROW(duration, OPT_DURATION, "h" OPT_OR("1.5s"), 0, 0),
		OR_ROW(never, OPT_DURATION, "h" OPT_OR("-1"), 0, 0),
		OR_ROW(on, OPT_BOOL, "h", 0, 0), OR_ROW(sig, OPT_SIGNAL, "h" OPT_OR("TERM"), 0, 0),
		{ .text = NULL } };
	struct table t = { 0 };
	struct buf b = buf_over(why_room, sizeof why_room);

	opt_defaults(rows, &t);
	ATF_CHECK(t.count == 7 && t.integer == OPT_UNSET && t.octal == 017 && !t.on);
	ATF_CHECK(t.duration == 1500 && t.never == MS_NEVER && t.sig == SIGTERM);
	opt_help(rows, &t, &b);
	ATF_CHECK_STREQ(b.base, "  --count                     h (7)\n");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, names);
	ATF_TP_ADD_TC(tp, the_nearest_name);
	ATF_TP_ADD_TC(tp, forms_of_an_option);
	ATF_TP_ADD_TC(tp, booleans_and_flags);
	ATF_TP_ADD_TC(tp, operands_end_the_options);
	ATF_TP_ADD_TC(tp, lists_with_commas);
	ATF_TP_ADD_TC(tp, a_long_list_is_refused);
	ATF_TP_ADD_TC(tp, verbs);
	ATF_TP_ADD_TC(tp, messages);
	ATF_TP_ADD_TC(tp, given_whatever_else_is_wrong);
	ATF_TP_ADD_TC(tp, help);
	ATF_TP_ADD_TC(tp, help_is_broken_between_words);
	ATF_TP_ADD_TC(tp, defaults_stand_in_the_rows);
	return atf_no_error();
}
