#ifndef SE_WIRE_LOGLINE_H
#define SE_WIRE_LOGLINE_H

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

/* Local time, as people write it: month 1-12. */
struct logline_time {
	int year, month, day, hour, minute, second, microsecond;
};

/*
 * Ruby Logger's line, newline included:
 *   I, [2017-12-25T10:35:26.073732 #24670]  INFO -- : text
 */
void logline_ruby(
    struct buf *, enum logline_level, const struct logline_time *, int pid, const char *text);

#endif
