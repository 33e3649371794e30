#ifndef SE_WIRE_LOGLINE_H
#define SE_WIRE_LOGLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/buf.h"

/* ServerEngine's levels, least first. */
enum logline_level {
	LOGLINE_TRACE,
	LOGLINE_DEBUG,
	LOGLINE_INFO,
	LOGLINE_WARN,
	LOGLINE_ERROR,
	LOGLINE_FATAL,
};

/* The names as log_level spells them, for an OPT_WORD row. */
#define LOGLINE_LEVELS "trace|debug|info|warn|error|fatal"

/* What stands in front of a line's text, and around it. */
enum logline_stamp {
	LOGLINE_NONE,
	LOGLINE_ISO,    /* RFC 3339, microseconds: 2017-12-25T10:35:26.073732+02:00 text */
	LOGLINE_RUBY,   /* I, [2017-12-25T10:35:26.073732 #24670]  INFO -- PROGNAME: text */
	LOGLINE_TAI64N, /* as multilog's t: @400000005a40e0f8046a1b20 text */
	LOGLINE_CRI,    /* Kubernetes: 2017-12-25T08:35:26.073732123Z stdout F text */
	LOGLINE_JSON,   /* {"time":"...Z","stream":"stdout","message":"text"} */
};

#define LOGLINE_STAMPS  "none|iso|ruby|tai64n|cri|json"
#define LOGLINE_STREAMS "stdout|stderr"

struct logline_when {
	int64_t sec; /* since 1970 */
	int nsec;
	int offset; /* of local time from UTC, seconds east */
	bool utc;   /* ISO: say Z */
};

/* Who speaks. */
struct logline_source {
	enum logline_level level;
	const char *progname; /* RUBY; NULL: none */
	const char *stream;   /* CRI, JSON; NULL: none, as in our own lines, which have a level */
	int pid;
	int worker; /* JSON: the worker's id; -1: it is none */
	bool piece; /* CRI, JSON: the line goes on in the next one */
};

/*
 * What comes before a line's text: at most LOGLINE_HEAD bytes and the progname. What follows the
 * text is its newline, for JSON a quote and a brace before it.
 */
#define LOGLINE_HEAD 128
void logline_head(
    struct buf *, enum logline_stamp, const struct logline_when *, const struct logline_source *);
/* The line that Ruby's Logger puts at the beginning of a file, by whom. */
void logline_ruby_header(struct buf *, const struct logline_when *, const char *by);

#endif
