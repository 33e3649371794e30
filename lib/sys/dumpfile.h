#ifndef SE_SYS_DUMPFILE_H
#define SE_SYS_DUMPFILE_H

#include <sys/types.h>

#include "../base/buf.h"

/* Where what is known of a process is written, as the sigdump library does. */

/* That path, or NULL: SIGDUMP_PATH, or /tmp/sigdump-%p.log; %p in it is the pid. */
void dumpfile_path(const char *path, pid_t, struct buf *);
/*
 * Opens it for appending, 0600; "-" and "+" are stdout and stderr. A path that somebody else has
 * prepared (a link, a fifo, another's file) is EPERM, ELOOP or ENXIO. -1: errno.
 */
int dumpfile_open(const char *path);

#endif
