#ifndef SE_SUPERVISE_REPORTS_H
#define SE_SUPERVISE_REPORTS_H

#include "supervise.h"

/* What workers say of themselves on NOTIFY_SOCKET. */

/* A datagram has come; one from a process that is no worker's is logged once a minute and dropped.
 */
void reports_on_datagram(struct supervise *);

#endif
