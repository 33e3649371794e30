#ifndef SE_STARTER_INPLACE_H
#define SE_STARTER_INPLACE_H

#include "starter.h"

/* USR2: the program at our path, which may be another version, in our own place. */

/* Before the others, once we are what we are to be. */
void inplace_open(struct starter *);
/* It is asked for; one that is asked for while another goes on comes after that. */
void inplace_ask(struct starter *);
/* False: it was another process. */
bool inplace_on_exit(struct starter *, pid_t, int status);
ms inplace_due(const struct starter *);
/* Where nothing is half done: begins it, or executes the new program once that has agreed. */
void inplace_go_on(struct starter *, ms now);

/*
 * The other end. s, with what the command line says, becomes what our predecessor was; beside it:
 * it is told that we can, and we end.
 */
void inplace_read(struct starter *);
/* In its place, with signals held: they are let go. */
void inplace_settle(struct starter *);
/* We cannot: our predecessor is executed again, or told why; NULL: there is none. */
_Noreturn void inplace_impossible(
    const struct predecessor *, char *const argv[], int status, const char *why);

#endif
