#ifndef SE_SUPERVISE_VERBS_H
#define SE_SUPERVISE_VERBS_H

#include "config.h"

/* Exit statuses of the commands to a running supervisor. */
enum verbs_exit {
	VERBS_DONE = 0,
	VERBS_REFUSED = 1, /* it said ERR, or the connection failed */
	VERBS_USAGE = 2,   /* neither control_path nor pid_path, or not by a signal */
	VERBS_NOT_RUNNING = 3,
	VERBS_TIMEOUT = 4,
};

/* Sends the verb of the configuration to the supervisor that it names; the exit status. */
int verbs_run(const struct config *);

#endif
