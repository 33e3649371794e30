#ifndef SE_WIRE_NOTIFY_H
#define SE_WIRE_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/ms.h"

/* A worker's message on NOTIFY_SOCKET, as sd_notify(3) defines it; what is not named here is passed
 * over. */
struct notify {
	bool ready;         /* READY=1 */
	bool stopping;      /* STOPPING=1 */
	bool watchdog;      /* WATCHDOG=1: a heartbeat */
	bool trigger;       /* WATCHDOG=trigger: act as if the heartbeat had failed */
	ms extend;          /* EXTEND_TIMEOUT_USEC=..., 0: none; at most a day */
	const char *status; /* STATUS=..., NULL: none; not NUL-terminated */
	size_t status_len;
};

/* Reads a datagram of len bytes; status points into it. False: no line of it is NAME=VALUE. */
bool notify_parse(const char *bytes, size_t len, struct notify *);

#endif
