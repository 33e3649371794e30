#ifndef SE_SYS_PID1_H
#define SE_SYS_PID1_H

#include <stdbool.h>

/*
 * What only PID 1 does. That of a machine differs from that of a container or another pid
 * namespace: the kernel panics when it ends.
 */

/* Are we a machine's PID 1? Then Ctrl-Alt-Del is SIGINT from the kernel from now on. */
bool pid1_is_machine(void);
/*
 * Mounts proc on /proc and devtmpfs on /dev, where nothing is mounted; stdin, stdout and
 * stderr that are closed become /dev/console. NULL: done; else what failed: errno.
 */
const char *pid1_mount(void);

enum pid1_end { PID1_POWEROFF, PID1_REBOOT, PID1_HALT };

/* Writes what is dirty or on its way to a terminal, and ends the machine, or the pid namespace;
 * returns if that failed: errno.
 */
void pid1_end(enum pid1_end);
/*
 * The status to exit with. A machine's PID 1 does not come back: it reaps, until the kernel
 * restarts the machine at Ctrl-Alt-Del.
 */
int pid1_leave(int status);

#endif
