#ifndef SE_SUPERVISE_STRAYS_H
#define SE_SUPERVISE_STRAYS_H

#include "supervise.h"

/* What workers leave behind: children of ours, or as PID 1 all processes there are. */

/* Is there no child left but the logger? Without /proc it has to go to see that. */
bool strays_are_none(struct supervise *);
/* To every one of them; to our children once each. */
void strays_signal(struct supervise *, int sig);
/* One of them has ended. */
void strays_on_exit(struct supervise *, pid_t);

#endif
