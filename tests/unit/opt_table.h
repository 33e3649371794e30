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

#define ROW(member, t, ...)                                                             \
	{                                                                               \
		.name = #member, .type = (t), .offset = offsetof(struct table, member), \
		.help = "the " #member, __VA_ARGS__                                     \
	}

static const struct opt table[] = {
	{ .name = "", .type = OPT_HEADING, .help = "Title:" },
	ROW(help, OPT_FLAG, .arg = NULL),
	ROW(fast, OPT_FLAG, .flags = OPT_LETTER),
	{ .name = "go", .type = OPT_VERB, .min = 7, .offset = offsetof(struct table, verb) },
	{ .name = "tell",
	    .type = OPT_VERB,
	    .min = 8,
	    .offset = offsetof(struct table, verb),
	    .arg = "how" },
	ROW(on, OPT_BOOL, .flags = OPT_KEY),
	ROW(count, OPT_COUNT, .flags = OPT_KEY | OPT_LETTER, .arg = "N", .min = 1, .max = 10000),
	ROW(integer, OPT_INT, .flags = OPT_KEY | OPT_OR_NIL, .arg = "N", .min = -1000, .max = 1000),
	ROW(octal, OPT_OCTAL, .flags = OPT_KEY | OPT_OR_NIL, .arg = "MODE", .max = 0777),
	ROW(duration, OPT_DURATION, .flags = OPT_KEY, .arg = "TIME", .min = 100),
	ROW(never, OPT_DURATION, .flags = OPT_KEY | OPT_OR_NEVER, .arg = "TIME"),
	ROW(bytes, OPT_BYTES, .flags = OPT_KEY | OPT_OR_NIL, .arg = "SIZE"),
	ROW(ratio, OPT_RATIO, .flags = OPT_KEY, .arg = "RATIO", .max = 2000),
	ROW(sig, OPT_SIGNAL, .flags = OPT_KEY | OPT_OR_NIL, .arg = "SIGNAL"),
	ROW(always, OPT_SIGNAL, .flags = OPT_KEY, .arg = "SIGNAL"),
	ROW(word, OPT_WORD, .flags = OPT_KEY, .arg = "auto|required|off"),
	ROW(string, OPT_STRING, .flags = OPT_KEY | OPT_OR_NIL, .arg = "TEXT"),
	{ .name = "two_words",
	    .type = OPT_STRING,
	    .flags = OPT_KEY,
	    .arg = "TEXT",
	    .help = "text",
	    .offset = offsetof(struct table, text) },
	ROW(list, OPT_LIST, .flags = OPT_KEY | OPT_OR_NIL, .arg = "PATH"),
	ROW(command, OPT_ARGV, .flags = OPT_KEY | OPT_OR_NIL, .arg = "COMMAND"),
	ROW(codes, OPT_CODES, .flags = OPT_KEY | OPT_OR_NIL, .arg = "N,N..."),
	ROW(rate, OPT_RATE, .flags = OPT_KEY | OPT_OR_NIL, .arg = "N/TIME"),
	ROW(limit, OPT_RLIMIT, .flags = OPT_KEY | OPT_OR_NIL, .arg = "SOFT[:HARD]"),
	{ .name = "", .type = OPT_STRING, .flags = OPT_KEY | OPT_LATER, .arg = "some_day|one_day" },
	{ .name = NULL },
};

static const struct table table_defaults = { .text = "x",
	.count = 1,
	.duration = 1500,
	.integer = OPT_UNSET,
	.octal = OPT_UNSET,
	.always = 15 };

#endif
