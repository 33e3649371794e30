#ifndef SE_SUPERVISE_SUPERVISOR_H
#define SE_SUPERVISE_SUPERVISOR_H

#include "supervise.h"

/*
 * supervisor: true. Our part as the process above the servers: it has the pid file, the sockets,
 * the log and the logger, starts servers from the program's path, and replaces them.
 */

/* Has no servers yet; false: errno, no memory. */
bool supervisor_open(struct supervise *);
/* That, and starts the first server. False: errno; no memory. */
bool supervisor_start(struct supervise *);
/* Goes on with those of the state that was read, see resume.h; false: errno. */
bool supervisor_resume(struct supervise *);
/* The configuration was loaded again. */
void supervisor_reloaded(struct supervise *);
/* Why not, or NULL: done. */
const char *supervisor_command(struct supervise *, const struct command *);
/* To all servers: WORKER_EV_STOP or WORKER_EV_ABORT. */
void supervisor_all(struct supervise *, enum worker_event);
void supervisor_on_beat(struct supervise *, unsigned slot);
void supervisor_on_link(struct supervise *, unsigned slot);
/* A connection to the control socket: it is the server's to answer, now or when one runs. */
void supervisor_take(struct supervise *, int fd, uid_t);
/* Is no live restart going on? */
bool supervisor_rests(const struct supervise *);
/*
 * We are another program now, or not and why: the server follows, or tells who has asked. Where
 * there is no supervisor, nothing happens.
 */
void supervisor_upgraded(struct supervise *, const char *why);
/* False: it was no server. */
bool supervisor_on_exit(struct supervise *, pid_t, int status);
bool supervisor_is_server(const struct supervise *, pid_t);
void supervisor_tick(struct supervise *);
ms supervisor_due(const struct supervise *);

#endif
