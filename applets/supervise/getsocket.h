#ifndef SE_SUPERVISE_GETSOCKET_H
#define SE_SUPERVISE_GETSOCKET_H

#include "config.h"

/*
 * For programs that cannot speak to the socket manager: as a worker, gets a socket from it, tells
 * of it in the environment as listen does, and becomes the command. Returns only if it fails: an
 * exit status as of the other verbs, or 126 or 127 if the command cannot be executed.
 */
int getsocket_run(const struct config *);

#endif
