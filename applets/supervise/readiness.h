#ifndef SE_SUPERVISE_READINESS_H
#define SE_SUPERVISE_READINESS_H

#include "supervise.h"

/*
 * worker_notification_fd: a worker says that it is ready by a newline on a pipe, as services of
 * s6-supervise do on their notification-fd. What stands in front of the newline means nothing.
 */

/* Is there such a pipe under that configuration? */
bool readiness_told(const struct config *);
/* Something on slot i's pipe. */
void readiness_on_pipe(struct supervise *, unsigned i);
/* Worker i says that it is ready, here or on NOTIFY_SOCKET. */
void readiness_take(struct supervise *, unsigned i);

#endif
