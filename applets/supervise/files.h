#ifndef SE_SUPERVISE_FILES_H
#define SE_SUPERVISE_FILES_H

#include "supervise.h"

/* Files for others to read, written by a helper process, so that a slow disk delays nothing here.
 */

/* Where the dump goes: SIGDUMP_PATH of the environment, or /tmp/sigdump-PID.log. */
void files_dump_path(const struct supervise *, struct buf *);
/*
 * Appends the state of everything to the dump file: created 0600, no link followed, refused if it
 * is not ours alone. Why not, or NULL: begun.
 */
const char *files_dump(struct supervise *);
/* Writes metrics_path if something has changed and its time has come. */
void files_metrics(struct supervise *, ms now);
/* When files_metrics has something to do, or MS_NEVER. */
ms files_due(const struct supervise *);
/* False: pid was none of the helpers. */
bool files_on_exit(struct supervise *, pid_t, int status);

#endif
