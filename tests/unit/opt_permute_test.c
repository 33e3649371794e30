#include "lib/base/opt.h"

#include <atf-c.h>
#include <string.h>

struct config {
	bool flag, boolean, pid;
	int number;
	const char *word, *path_mode;
	struct opt_list port, path;
};

#define ROW(n, t, f, m, hi)                                          \
	{                                                            \
		.text = OPT_TEXT(n, "X", ""), .type = t, .flags = f, \
		.offset = offsetof(struct config, m), .max = hi      \
	}

static const struct opt rows[] = {
	{ .text = OPT_TEXT("", "", "Title:"), .type = OPT_HEADING },
	ROW("flag", OPT_FLAG, 0, flag, 0),
	ROW("boolean", OPT_BOOL, 0, boolean, 0),
	ROW("number", OPT_INT, 0, number, 100),
	ROW("long-word", OPT_STRING, 0, word, 0),
	ROW("port", OPT_LIST, OPT_MANY, port, 0),
	ROW("path", OPT_LIST, OPT_MANY, path, 0),
	ROW("path-mode", OPT_STRING, 0, path_mode, 0),
	ROW("pid", OPT_FLAG, 0, pid, 0),
	{ .type = OPT_STRING, .flags = OPT_LATER, .text = OPT_TEXT("", "later|soon", "") },
	{ .text = NULL },
};

static struct config c;
static char text_room[8192], copy_room[8192], why_room[512];
static char *words[64];
static int nwords;

/* The command line, up to a NULL; the words' number behind the options, -1: refused. */
static int
reads(char *const argv[])
{
	struct buf text = buf_over(text_room, sizeof text_room),
		   copy = buf_over(copy_room, sizeof copy_room),
		   why = buf_over(why_room, sizeof why_room);
	int argc = 0, first;

	while (argv[argc])
		argc++;
	memset(&c, 0, sizeof c);
	if (!opt_permute(rows, argc, argv, words, &text, &why))
		return -1;
	for (nwords = 0; words[nwords];)
		nwords++;
	first = opt_parse(rows, &c, &copy, nwords, words, &why);
	return first < 0 ? -1 : nwords - first;
}

#define W(text)    ((char *)(size_t)(text))
#define READS(...) reads((char *const[]){ W("prog"), __VA_ARGS__, NULL })

ATF_TC_WITHOUT_HEAD(options_stand_anywhere);
ATF_TC_BODY(options_stand_anywhere, tc)
{
	ATF_CHECK_EQ(READS(W("run"), W("--flag"), W("-x=no"), W("--")), -1); /* x is none */
	ATF_CHECK_EQ(READS(W("run"), W("--flag"), W("it"), W("--number"), W("7"), W("-")), 3);
	ATF_CHECK(c.flag && c.number == 7);
	ATF_CHECK_STREQ(words[nwords - 3], "run");
	ATF_CHECK_STREQ(words[nwords - 2], "it");
	ATF_CHECK_STREQ(words[nwords - 1], "-");
	ATF_CHECK_EQ(READS(W("run"), W("--"), W("--flag"), W("--")), 3);
	ATF_CHECK(!c.flag);
	ATF_CHECK_STREQ(words[nwords - 2], "--flag");
	ATF_CHECK_EQ(READS(W("--long-word"), W("--flag"), W("x")), 1); /* a value, whatever it is */
	ATF_CHECK(!c.flag && strcmp(c.word, "--flag") == 0);
	ATF_CHECK_EQ(READS(W("--")), 0);
}

ATF_TC_WITHOUT_HEAD(names_are_shortened);
ATF_TC_BODY(names_are_shortened, tc)
{
	ATF_CHECK_EQ(READS(W("-f"), W("--BOOL"), W("-num=5"), W("--long_w"), W("x=y")), 0);
	ATF_CHECK(c.flag && c.boolean && c.number == 5 && strcmp(c.word, "x=y") == 0);
	ATF_CHECK_EQ(READS(W("--path=a")), 0); /* exact, though path-mode begins so too */
	ATF_CHECK(c.path.count == 1 && !c.path_mode);
	ATF_CHECK_EQ(READS(W("--path-"), W("a")), 0);
	ATF_CHECK(c.path_mode != NULL);
	ATF_CHECK_EQ(READS(W("--p=a")), -1);
	ATF_CHECK_STREQ(why_room, "--p: it may mean --port or --pid");
	ATF_CHECK_EQ(READS(W("--flags")), -1);
	ATF_CHECK_STREQ(why_room, "unknown option: --flags: the nearest is --flag");
	ATF_CHECK_EQ(READS(W("--number")), -1);
	ATF_CHECK_STREQ(why_room, "--number: a value is missing");
	ATF_CHECK_EQ(READS(W("--soon=1")), -1);
	ATF_CHECK_STREQ(why_room, "--soon: not yet in this version");
	ATF_CHECK_EQ(READS(W("--boolean=maybe")), -1);
}

ATF_TC_WITHOUT_HEAD(lists_are_added_to);
ATF_TC_BODY(lists_are_added_to, tc)
{
	ATF_CHECK_EQ(READS(W("--port=1,2"), W("--path"), W("a"), W("run"), W("-port"), W("3"),
			 W("--path=b,c")),
	    1);
	ATF_CHECK_EQ(c.port.count, 3);
	ATF_CHECK_STREQ(optval_list_at(&c.port, 0), "1");
	ATF_CHECK_STREQ(optval_list_at(&c.port, 1), "2");
	ATF_CHECK_STREQ(optval_list_at(&c.port, 2), "3");
	ATF_CHECK_EQ(c.path.count, 3);
	ATF_CHECK_STREQ(optval_list_at(&c.path, 2), "c");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, options_stand_anywhere);
	ATF_TP_ADD_TC(tp, names_are_shortened);
	ATF_TP_ADD_TC(tp, lists_are_added_to);
	return atf_no_error();
}
