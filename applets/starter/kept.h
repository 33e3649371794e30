#ifndef SE_STARTER_KEPT_H
#define SE_STARTER_KEPT_H

#include "../../lib/wire/carry.h"
#include "starter.h"

/*
 * What we know of our generations, sockets and log, as text that another version of us goes on
 * from: see inplace.h. What follows from the command line is not in it; the descriptors stay open,
 * with their numbers.
 */

/* One more with each change that a longer table of fields cannot tell. */
#define KEPT_FORMAT 2
/* More than it can take, with all sockets and generations. */
#define KEPT_ROOM ((size_t)64 * 1024)

/* Read: s is as at a start, with the command line's sockets, which are not open yet. */
void kept_carry(struct carry *, struct starter *s);

#endif
