#ifndef SE_STARTER_ASKS_H
#define SE_STARTER_ASKS_H

#include "args.h"

/* --restart, --stop, --upgrade, --status: what a running one of --pid-file is asked for; the exit
 * status. */
int asks_run(const struct args *);

#endif
