#ifndef SE_SYS_FDPASS_H
#define SE_SYS_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/* A message with a descriptor over a unix socket (SCM_RIGHTS), never waited for. fd -1: none. */

/* -1: errno (EAGAIN: it is full). */
int fdpass_send(int sock, const void *bytes, size_t len, int fd);
/*
 * Its length; 0: the other end is closed; -1: errno (EAGAIN: none waits). *fd is O_CLOEXEC. One
 * that came when there was no room for it is lost, see unix(7): *fd is -1, errno EMFILE.
 */
ssize_t fdpass_recv(int sock, void *bytes, size_t room, int *fd);

#endif
