#ifndef SE_SUPERVISE_DUMPS_H
#define SE_SUPERVISE_DUMPS_H

#include "supervise.h"

/*
 * Dumps of what we and the workers are doing, appended to SIGDUMP_PATH or /tmp/sigdump-PID.log as
 * dumpfile_open opens it: written by helpers that become se-sigdump, so that neither a slow disk
 * nor a worker that cannot be looked at delays anything here.
 */

/* Of the state of everything, and of all workers. Why not, or NULL: begun. */
const char *dumps_all(struct supervise *);
/* Of worker i, which is ended when WORKER_EV_DUMPED is fed. False: there is no dump. */
bool dumps_worker(struct supervise *, unsigned i, const char *why);
/* The process in slot i is gone. */
void dumps_forget(struct supervise *, unsigned i);
bool dumps_is_helper(const struct supervise *, pid_t);
/* False: pid was no helper. */
bool dumps_on_exit(struct supervise *, pid_t, int status);

#endif
