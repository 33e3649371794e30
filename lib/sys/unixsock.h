#ifndef SE_SYS_UNIXSOCK_H
#define SE_SYS_UNIXSOCK_H

#include <stddef.h>
#include <sys/types.h>

#include "../base/ms.h"

/* Unix sockets: a stream that people command us by, and a datagram socket that workers report on.
 */

/* A path that begins with '@' is a name in the abstract namespace, which has no modes. */

/*
 * Listens at path, mode 0600, owned by uid and gid. A socket left behind by a dead process is
 * replaced; of a live one: EADDRINUSE. Something else at path: EEXIST. The fd, or -1: errno.
 */
int unixsock_listen(const char *path, uid_t uid, gid_t gid);
/* A non-blocking connection and who made it; -1: errno (EAGAIN: none waits). */
int unixsock_accept(int fd, uid_t *uid);
/*
 * A blocking connection, waited for so many milliseconds, 0: not at all. -1: errno; EAGAIN:
 * somebody listens but has not taken it in time.
 */
int unixsock_connect(const char *path, ms limit);

/*
 * A datagram socket with an abstract name made by the kernel, which needs no file system; the name
 * comes as NOTIFY_SOCKET writes it, "@0001f". The fd, or -1: errno.
 */
int unixsock_reports(char name[16]);
/*
 * One datagram and its sender's pid (0: unknown), as the kernel vouches for it. Descriptors that
 * came along are closed: that is the answer to sd_notify's BARRIER=1. Its length, cut to room;
 * -1: errno (EAGAIN: none waits).
 */
ssize_t unixsock_report(int fd, char *bytes, size_t room, pid_t *sender);

#endif
