#ifndef SE_SUPERVISE_LOG_H
#define SE_SUPERVISE_LOG_H

#include "../../lib/base/optval.h"
#include "../../lib/sys/lineout.h"
#include "../../lib/wire/logline.h"
#include "../../lib/wire/zone.h"

/* Our own log lines: their level, their clock, and the file they go to. */
struct log {
	enum logline_level level;
	enum logline_stamp stamp; /* of our lines */
	struct zone_span zone;    /* of the last line; zeroes: not looked up yet */
	struct lineout file;
};

/*
 * Opens the first of the paths that can be; none: stderr. *path is the one it was, or the last that
 * failed; -1: errno.
 */
int log_open(struct log *, const struct opt_list *paths, const char **path);
/* One line; what is longer than 2 KiB is cut. Never waits. */
__attribute__((format(printf, 3, 4))) void log_say(
    struct log *, enum logline_level, const char *format, ...);

#endif
