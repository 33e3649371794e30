#ifndef SE_SUPERVISE_SERVER_H
#define SE_SUPERVISE_SERVER_H

#include "supervise.h"

/* Our part as the server below a supervisor process: see link.h. */

/* What a supervisor sends to its server, whatever the keys of both are. */
extern const int server_signals[CONFIG_SIGNALS];
/* Were we started by one? What stands in the environment else is somebody else's, and not true. */
bool server_is_one(void);
/* Takes over what it has given us. False: it cannot be. */
bool server_take(struct supervise *);
/* Where its socket manager is, for our workers. */
void server_take_manager(struct supervise *);
/* A message from it. */
void server_on_link(struct supervise *);
/* The clock: heartbeats, and whether our workers are up. When it is wanted next, or MS_NEVER. */
void server_tick(struct supervise *);
ms server_due(const struct supervise *);
/*
 * A control client asked for what only the supervisor can do: told to it; *why it cannot be, or
 * NULL. False: it is for us, or there is no supervisor.
 */
bool server_relay(
    const struct supervise *, const struct command *, const char *who, const char **why);
/* We have reloaded: it is to do the same. */
void server_reloaded(const struct supervise *);
/* We end of our own accord, with that status; why: "", or what made the start fail. */
void server_ends(const struct supervise *, int status, const char *why);

#endif
