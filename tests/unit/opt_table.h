#ifndef SE_TESTS_OPT_TABLE_H
#define SE_TESTS_OPT_TABLE_H

#include <string.h>

#include "lib/base/opt.h"

/* A table with a row of every type. */
struct table {
	bool help, fast, on;
	struct opt_verb verb;
	unsigned count, ratio, word;
	int integer, octal, sig, always;
	ms duration, never;
	uint64_t bytes;
	const char *string, *text;
	struct opt_list list, command;
	struct opt_codes codes;
	struct opt_rate rate;
	struct opt_rlimit limit;
};

#define ROW(member, t, arg, ...)                                                             \
	{                                                                               \
		.text = OPT_TEXT(#member, arg, "the " #member), .type = (t),            \
		.offset = offsetof(struct table, member), __VA_ARGS__                   \
	}

static const struct opt table[] = {
	{ .text = OPT_TEXT("", "", "Title:"), .type = OPT_HEADING },
	ROW(help, OPT_FLAG, "", .min = 0),
	ROW(fast, OPT_FLAG, "", .flags = OPT_LETTER),
	{ .text = OPT_TEXT("go", "", ""), .type = OPT_VERB, .min = 7, .offset = offsetof(struct table, verb) },
	{ .text = OPT_TEXT("tell", "how", ""),
	    .type = OPT_VERB,
	    .min = 8,
	    .offset = offsetof(struct table, verb) },
	ROW(on, OPT_BOOL, "", .flags = OPT_KEY),
	ROW(count, OPT_COUNT, "N", .flags = OPT_KEY | OPT_LETTER, .min = 1, .max = 10000),
	ROW(integer, OPT_INT, "N", .flags = OPT_KEY | OPT_OR_NIL, .min = -1000, .max = 1000),
	ROW(octal, OPT_OCTAL, "MODE", .flags = OPT_KEY | OPT_OR_NIL, .max = 0777),
	ROW(duration, OPT_DURATION, "TIME", .flags = OPT_KEY, .min = 100),
	ROW(never, OPT_DURATION, "TIME", .flags = OPT_KEY | OPT_OR_NEVER),
	ROW(bytes, OPT_BYTES, "SIZE", .flags = OPT_KEY | OPT_OR_NIL),
	ROW(ratio, OPT_RATIO, "RATIO", .flags = OPT_KEY, .max = 2000),
	ROW(sig, OPT_SIGNAL, "SIGNAL", .flags = OPT_KEY | OPT_OR_NIL),
	ROW(always, OPT_SIGNAL, "SIGNAL", .flags = OPT_KEY),
	ROW(word, OPT_WORD, "auto|required|off", .flags = OPT_KEY),
	ROW(string, OPT_STRING, "TEXT", .flags = OPT_KEY | OPT_OR_NIL),
	{ .text = OPT_TEXT("two_words", "TEXT", "text"),
	    .type = OPT_STRING,
	    .flags = OPT_KEY,
	    .offset = offsetof(struct table, text) },
	ROW(list, OPT_LIST, "PATH", .flags = OPT_KEY | OPT_OR_NIL),
	ROW(command, OPT_ARGV, "COMMAND", .flags = OPT_KEY | OPT_OR_NIL),
	ROW(codes, OPT_CODES, "N,N...", .flags = OPT_KEY | OPT_OR_NIL),
	ROW(rate, OPT_RATE, "N/TIME", .flags = OPT_KEY | OPT_OR_NIL),
	ROW(limit, OPT_RLIMIT, "SOFT[:HARD]", .flags = OPT_KEY | OPT_OR_NIL),
	{ .text = OPT_TEXT("", "some_day|one_day", ""),
	    .type = OPT_STRING,
	    .flags = OPT_KEY | OPT_LATER },
	{ .text = NULL },
};

static const struct table table_defaults = { .text = "x",
	.count = 1,
	.duration = 1500,
	.integer = OPT_UNSET,
	.octal = OPT_UNSET,
	.always = 15 };

#endif
