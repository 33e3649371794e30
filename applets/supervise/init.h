#ifndef SE_SUPERVISE_INIT_H
#define SE_SUPERVISE_INIT_H

#include "../../lib/sys/loop.h"
#include "supervise.h"

/* As PID 1: what the kernel's command line tells, and the end. */

/* Where the configuration is by default: the kernel starts us by the name init. NULL: we have
 * another. */
const char *init_config(const char *argv0);
/* Takes init_exit and init_mount from the environment: there the kernel puts what it is told.
 * False: why. */
bool init_environment(struct config *, struct buf *why);
/*
 * As PID 1, mounts what init_mount says; config NULL: it is wrong, and the environment says it.
 * What fails is told on stderr.
 */
void init_mount(const struct config *);
/* If it is Ctrl-Alt-Del: a graceful stop, the second time an immediate one, and then a reboot. */
bool init_on_signal(struct supervise *, const struct loop_event *);
/* As PID 1, ends as init_exit says, config as above. Returns the status to exit with, if that is
 * left. */
int init_leave(const struct config *, bool reboot, int status);

#endif
