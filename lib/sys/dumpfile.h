#ifndef SE_SYS_DUMPFILE_H
#define SE_SYS_DUMPFILE_H

#include <sys/types.h>

#include "../base/buf.h"

/* Where a process writes what it knows, as the sigdump library: SIGDUMP_PATH, or a file in /tmp. */

void dumpfile_path(pid_t, struct buf *);
/*
 * Opens it for appending, 0600; "-" and "+" are stdout and stderr. A path that somebody else has
 * prepared (a link, a fifo, another's file) is EPERM, ELOOP or ENXIO. -1: errno.
 */
int dumpfile_open(const char *path);

#endif
