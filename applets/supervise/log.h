#ifndef SE_SUPERVISE_LOG_H
#define SE_SUPERVISE_LOG_H

#include "../../lib/base/optval.h"
#include "../../lib/sys/lineout.h"
#include "../../lib/wire/logline.h"
#include "../../lib/wire/zone.h"

/* Our own log lines: their clock, and the file they go to. */
struct log {
	struct zone_span zone; /* of the last line; zeroes: not looked up yet */
	struct lineout file;
};

struct supervise;

/*
 * Opens the first of the paths that can be; none: stderr. *path is the one it was, or the last that
 * failed; -1: errno.
 */
int log_open(struct log *, const struct opt_list *paths, const char **path);
/* One line to its log; what is longer than 2 KiB is cut. Never waits. */
__attribute__((format(printf, 3, 4))) void log_say(
    struct supervise *, enum logline_level, const char *format, ...);

#endif
