#ifndef SE_SYS_DAEMON_H
#define SE_SYS_DAEMON_H

/*
 * Leaves the terminal: double fork, a session of its own. Returns only in the daemon, with an fd
 * for daemon_up or daemon_failed; stdin, stdout and stderr are still the caller's, so that errors
 * of the start can be printed. The process that was called waits: it exits with 0 after daemon_up,
 * with error_status when the daemon ends without. -1: errno.
 */
int daemon_start(int error_status);
/* The start has succeeded: frees the caller and puts /dev/null on stdin, stdout and stderr. */
void daemon_up(int fd);

#endif
