#ifndef SE_SUPERVISE_WORKERS_H
#define SE_SUPERVISE_WORKERS_H

#include "supervise.h"

/* The slots: between the workers' machines and their processes, pipes and messages. */

/* One step of slot i's machine, its action, and the steps that answer the action. */
void workers_feed(struct supervise *, unsigned i, const struct worker_input *);
void workers_feed_event(struct supervise *, unsigned i, enum worker_event);
/* The same event for every worker that is wanted, or that has a process. */
void workers_all(struct supervise *, enum worker_event);
/* Stops worker i and those behind it gracefully: they are not wanted any more. */
void workers_stop_from(struct supervise *, unsigned i);
/* Sends the reload signal to the workers that catch it. */
void workers_reload(struct supervise *);
/* After the policy changed. */
void workers_repolicy(struct supervise *);
/* The clock, to the worker that is due first. */
void workers_tick(struct supervise *);
/* False: pid was none of the workers. */
bool workers_on_exit(struct supervise *, pid_t, int status);
/* The next moment that workers_tick waits for, or MS_NEVER. */
ms workers_due(const struct supervise *);
/* "waiting", "starting", "up", "ready", "stopping", "failed", "down" */
const char *workers_state(const struct slot *);

#endif
