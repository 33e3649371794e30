#ifndef SE_SYS_DAEMON_H
#define SE_SYS_DAEMON_H

/*
 * /dev/null, at a number above 2. Descriptors 0 to 2 exist then, so that nothing we open becomes
 * one of them. -1: errno.
 */
int daemon_null(void);
/*
 * Leaves the terminal: double fork, a session of its own. Returns only in the daemon, with an fd
 * for daemon_up or daemon_failed; stdin, stdout and stderr are still the caller's until
 * daemon_detach. The process that was called waits: it exits with 0 after daemon_up, else with
 * error_status, after printing what daemon_failed told. -1: errno.
 */
int daemon_start(int error_status);
/* Puts the null fd, /dev/null, on stdin, stdout and stderr: before the first child is started. */
void daemon_detach(int null);
/* The start has succeeded. */
void daemon_up(int fd);
/* It has not: the line of text is for the caller's stderr. */
void daemon_failed(int fd, const char *text);

#endif
