#ifndef SE_SUPERVISE_HELD_H
#define SE_SUPERVISE_HELD_H

#include "../../lib/wire/socketmanager.h"
#include "config.h"
#include "listeners.h"

/* The sockets that the socket manager has opened, and keeps. */

#define HELD_MAX 256 /* one more is refused with EMFILE */

struct held {
	int fd;
	bool udp;
	struct listener_address at; /* 127.0.0.1 for 0.0.0.0: they are one to ServerEngine */
	char key[64];               /* what ServerEngine calls it */
};

struct helds {
	unsigned count;
	struct held one[HELD_MAX];
};

/*
 * The socket of a request's address, opened if there is none. NULL: errno and *step; errno 0: there
 * is no such host.
 */
const struct held *held_get(
    struct helds *, const struct config *, const struct socketmanager_request *, const char **step);
/* Number i of the TCP or UDP sockets; NULL: there are no more. */
const struct held *held_at(const struct helds *, bool udp, unsigned i);
/* One that another server has opened, by its name there. False: the name is none, or it is full. */
bool held_take(struct helds *, bool udp, const char *key, int fd);

#endif
