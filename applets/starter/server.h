#ifndef SE_STARTER_SERVER_H
#define SE_STARTER_SERVER_H

#include "starter.h"

/* What the workers run as: looked up once, before anything is bound. */
void server_prepare(struct starter *);
/* Starts generation g.number: its pid, or -1: errno, *step. */
pid_t server_start(struct starter *, const char **step);
/* Is there a directory whose files may change that? */
bool server_is_tuned(const struct starter *);
/*
 * What ENABLE_AUTO_RESTART, AUTO_RESTART_INTERVAL and KILL_OLD_DELAY say now, from the envdir and
 * from the environment: into the policy.
 */
void server_tune(struct starter *);

#endif
