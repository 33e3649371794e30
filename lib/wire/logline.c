#include "logline.h"

void
logline_ruby(struct buf *b, enum logline_level level, const struct logline_time *t, int pid,
    const char *text)
{
	static const char *const names[] = {
		[LOGLINE_TRACE] = "TRACE",
		[LOGLINE_DEBUG] = "DEBUG",
		[LOGLINE_INFO] = "INFO",
		[LOGLINE_WARN] = "WARN",
		[LOGLINE_ERROR] = "ERROR",
		[LOGLINE_FATAL] = "FATAL",
	};

	buf_printf(b, "%c, [%04d-%02d-%02dT%02d:%02d:%02d.%06d #%d] %5s -- : %s\n", names[level][0],
	    t->year, t->month, t->day, t->hour, t->minute, t->second, t->microsecond, pid,
	    names[level], text);
}
