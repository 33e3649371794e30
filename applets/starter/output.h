#ifndef SE_STARTER_OUTPUT_H
#define SE_STARTER_OUTPUT_H

#include "starter.h"

/* What --log-file says; nothing is opened. */
void output_choose(struct starter *);
/* The same; opens --log-file, or makes the pipe to its command; nothing is redirected yet. */
void output_prepare(struct starter *);
/* From here on stdout and stderr, ours and the workers', go there; starts the command. */
void output_redirect(struct starter *);
/* USR1: the file is opened again by its name; the rotating logger is told to. */
void output_reopen(struct starter *);
/* Starts the command again if its time has come; output_due: when. */
void output_tick(struct starter *, ms now);
ms output_due(const struct starter *);
/* At the end: starts the command if it is not there; as PID 1: waits for it, which gets the end of
 * its input. */
void output_finish(struct starter *);
/* False: it was not the command that died. */
bool output_on_exit(struct starter *, pid_t, ms now);

#endif
