#ifndef SE_BASE_OPTVAL_H
#define SE_BASE_OPTVAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ms.h"

/*
 * One table per applet says what can be set: it parses the command line and the lines of a
 * configuration file, prints --help and the effective configuration, and is compared with the man
 * page by a test. Each row fills one member of the applet's config struct, of the type given here.
 */
enum opt_type {
	OPT_HEADING,  /* no option: a title in --help */
	OPT_FLAG,     /* bool; takes no value */
	OPT_VERB,     /* struct opt_verb: the row's min, and what stands after '=' */
	OPT_BOOL,     /* bool; a bare --name is true */
	OPT_COUNT,    /* unsigned, min..max */
	OPT_INT,      /* int, min..max; OPT_UNSET where nothing is set */
	OPT_OCTAL,    /* int, up to max; OPT_UNSET where nothing is set */
	OPT_DURATION, /* ms, from min; with OPT_OR_NEVER also -1: MS_NEVER */
	OPT_BYTES,    /* uint64_t; 0: nothing set */
	OPT_RATIO,    /* unsigned, thousandths, up to max */
	OPT_SIGNAL,   /* int; 0: none, where OPT_OR_NIL allows it */
	OPT_WORD,     /* unsigned: index into arg's words */
	OPT_STRING,   /* const char *, NULL: not set */
	OPT_LIST,     /* struct opt_list */
	OPT_ARGV,     /* struct opt_list; one string is split on blanks and quotes */
	OPT_CODES,    /* struct opt_codes: exit statuses 0..255 */
	OPT_RATE,     /* struct opt_rate */
	OPT_RLIMIT,   /* struct opt_rlimit */
};

enum {
	OPT_KEY = 1,     /* may stand in the configuration file */
	OPT_DYNAMIC = 2, /* takes effect at reload */
	OPT_LATER = 4,   /* for one row without a name: the names in arg are refused as "not yet" */
	OPT_OR_NEVER = 8,  /* see OPT_DURATION */
	OPT_LETTER = 32,   /* the name's first letter alone stands for it too: -c */
	OPT_OR_NIL = 16,   /* nil, null and ~ mean none */
	OPT_MANY = 64,     /* of an OPT_LIST: given again, it is added to */
	OPT_DEFAULT = 128, /* the help ends with OPT_OR */
};

#define OPT_UNSET INT_MIN

struct opt {
	const char *text; /* OPT_TEXT; NULL: the end of the table */
	short min,
	    max; /* of the number, durations in milliseconds; those have no max but OPT_TIME_MAX */
	unsigned short offset; /* into the config struct */
	unsigned char type;    /* enum opt_type */
	unsigned char flags;
};

/*
 * Its texts in one: the name, the value's name in --help ("" for flags; OPT_WORD:
 * "auto|required|off"), and the help, to which the default is added as opt_defaults has set it.
 */
#define OPT_TEXT(name, arg, help) name "\0" arg "\0" help
/*
 * Behind the help: the default as a value is written, for rows whose default is not all zeroes, nor
 * OPT_UNSET; OPT_FLAGS sees whether it is there. Here -1 means never for every duration.
 */
#define OPT_OR(value) "\0" value
#define OPT_FLAGS(flags, help) \
	((flags) | (__builtin_strlen(help) + 1 < sizeof(help) ? OPT_DEFAULT : 0))
const char *opt_arg(const struct opt *);

/* The longest duration that a row takes, in milliseconds: a leap year. */
#define OPT_TIME_MAX ((ms)366 * 86400 * MS_SECOND)

struct opt_verb {
	unsigned verb;
	const char *value; /* NULL: none given; points into argv */
};

/* Strings one behind the other, each with its NUL. */
struct opt_list {
	const char *first;
	unsigned count;
};

struct opt_codes {
	unsigned char bits[32];
};

/* At most count within the time; count 0: no limit. */
struct opt_rate {
	unsigned count;
	int64_t within; /* ms */
};

struct opt_rlimit {
	bool set;
	uint64_t soft, hard; /* UINT64_MAX: unlimited */
};

/* A value as it was written: one string, a list, or nil. */
struct opt_value {
	const char *first; /* count strings one behind the other */
	unsigned count;
	bool list;
	bool nil;
};

/*
 * Stores a value in the row's member; its text is copied to text, which must live as long as the
 * config. False: *why says the reason, the config is as it was.
 */
bool optval_set(
    const struct opt *, void *config, struct buf *text, const struct opt_value *, struct buf *why);
/*
 * A command line's words, as a shell would split them but with nothing else special. False: *why
 * says the reason.
 */
bool optval_words(const char *, struct buf *text, struct opt_list *out, struct buf *why);
/* A row's value as the configuration file writes it. */
void optval_format(const struct opt *, const void *config, struct buf *);
/* Does a bare word mean none: nil, null or ~? */
bool optval_is_nil(const char *);
/* String i of a list; i < count. */
const char *optval_list_at(const struct opt_list *, unsigned i);
bool optval_codes_has(const struct opt_codes *, int code);

#endif
