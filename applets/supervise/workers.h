#ifndef SE_SUPERVISE_WORKERS_H
#define SE_SUPERVISE_WORKERS_H

#include "supervise.h"

/* The slots: between the workers' machines and their processes, pipes and messages. */

/* Why there cannot be n workers under such a policy, or NULL: there can. */
const char *workers_limit(const struct supervise *, const struct config *, unsigned n);
/* Makes n the number of workers wanted; more room is allocated, surplus workers are stopped. Why
 * not, or NULL. */
const char *workers_scale(struct supervise *, unsigned n, ms now);
/* Grows what has an entry for each slot, to n at least; false: errno. */
bool workers_make_room(struct supervise *, unsigned n);
/* Room for n slots where there was for old; false: errno, and what has grown stays so. */
bool workers_grow_heap(struct heap *, unsigned old, unsigned n);
/* One step of slot i's machine, its action, and the steps that answer the action. */
void workers_feed(struct supervise *, unsigned i, const struct worker_input *);
void workers_feed_event(struct supervise *, unsigned i, enum worker_event, ms now);
/* The same event for every worker that is wanted, or that has a process. */
void workers_all(struct supervise *, enum worker_event, ms now);
/* A worker's pipe that fills this at once is flooded: it is to be muted, not read for a moment. */
#define WORKERS_PIPE_ROOM 4096
void workers_mute(struct supervise *, int fd, uint64_t tag, bool *muted, ms now);
/* Stops worker i and those behind it gracefully: they are not wanted any more. */
void workers_stop_from(struct supervise *, unsigned i, ms now);
/* Sends the reload signal to the workers that catch it. */
void workers_reload(struct supervise *);
/* After the policy changed. */
void workers_repolicy(struct supervise *, ms now);
/* The clock, to the worker that is due first. */
void workers_tick(struct supervise *, ms now);
/* Something on slot i's heartbeat pipe. */
void workers_on_beat(struct supervise *, unsigned i, ms now);
/* False: pid was none of the workers. */
bool workers_on_exit(struct supervise *, pid_t, int status, ms now);
/* The next moment that workers_tick waits for, or MS_NEVER. */
ms workers_due(const struct supervise *);
/* "waiting", "starting", "up", "ready", "stopping", "failed", "down" */
const char *workers_state(const struct slot *);

#endif
