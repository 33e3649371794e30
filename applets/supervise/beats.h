#ifndef SE_SUPERVISE_BEATS_H
#define SE_SUPERVISE_BEATS_H

#include "supervise.h"

/* The pipes that workers write to: heartbeats; and those of all kinds that are flooded. */

/* Has each worker a pipe for its heartbeat? */
bool beats_by_pipe(const struct config *);
/* Something on slot i's heartbeat pipe. */
void beats_on_ready(struct supervise *, unsigned i);
/* A worker's pipe that fills this at once is flooded: it is to be muted, not read for a moment. */
#define BEATS_PIPE_ROOM 4096
void beats_mute(struct supervise *, int fd, uint64_t tag, bool *muted);
/* The moment is over. */
void beats_unmute(struct supervise *);

#endif
