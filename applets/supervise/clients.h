#ifndef SE_SUPERVISE_CLIENTS_H
#define SE_SUPERVISE_CLIENTS_H

#include <sys/types.h>

#include "../../lib/base/buf.h"
#include "../../lib/base/ms.h"
#include "../../lib/wire/carry.h"

/* A listening unix socket of ours, and who is connected to it. */

/* It stands in front of what else is known of one. */
struct client {
	int fd;      /* 0: a free place */
	int give;    /* a descriptor that is to follow what is sent; -1: none */
	ms deadline; /* of what it has to do now */
	struct buf out;
};

struct clients {
	int fd;          /* it listens; -1: there is none */
	bool paused;     /* nobody is accepted: */
	ms again;        /* until then; MS_NEVER: until somebody has gone */
	unsigned tag;    /* the loop's, of fd; that of clients is the next one */
	unsigned room;   /* places; 0: they are not here */
	size_t each;     /* bytes of one */
	void *place;     /* of the first */
	const char *key; /* for the log */
};

struct supervise;

void clients_init(struct clients *, const char *key, unsigned tag);
/* Room for so many; false: errno. */
bool clients_prepare(struct clients *, unsigned room, size_t each);
/* Number i, or its place; nobody is there any more if its fd is 0. */
struct client *clients_at(const struct clients *, unsigned i);
/*
 * The next one, if it is root, our user or other; -1: nobody. Another one is told, and hung up on;
 * where descriptors are short, the next are accepted after a second.
 */
int clients_accept(struct supervise *, struct clients *, uid_t other, const char *refusal, uid_t *);
void clients_pause(struct clients *, ms again);
/* It is at place i from now on, unless the kernel has no memory for that. */
void clients_take(struct clients *, unsigned i, int fd, ms deadline);
void clients_hang_up(struct clients *, unsigned i);
/* Sends out, then give; false: it takes no more for now, or, with *gone, is not there. */
bool clients_send(struct client *, bool *gone);
/* The next moment that the clock is wanted, or MS_NEVER. */
ms clients_due(const struct clients *);
/* Goes on accepting when it is due. One whose deadline is over; room: none. */
unsigned clients_late(struct clients *, ms now);
/* Those who are there, to a state and from it; the first of the nfields is fd. */
void clients_carry(struct carry *, struct clients *, const struct carry_field *, size_t nfields);
/* The loop knows them again; false: errno. */
bool clients_watch(const struct clients *);

#endif
