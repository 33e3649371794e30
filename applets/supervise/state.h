#ifndef SE_SUPERVISE_STATE_H
#define SE_SUPERVISE_STATE_H

#include "../../lib/wire/carry.h"
#include "supervise.h"

/*
 * What we know of our workers, pipes and sockets, as text that another version of us goes on from:
 * see upgrade.h. The descriptors themselves stay open, with their numbers.
 */

struct state_head {
	unsigned format; /* STATE_FORMAT, where it is understood at all */
	char version[32];
	bool supervisor;            /* it is one; else a server, or both in one process */
	char path[4096];            /* where its program is */
	struct config *boot, *live; /* read: live is NULL where it is boot */
};

/* One more with each change that a longer table of fields cannot tell. */
#define STATE_FORMAT 2

/* The first lines: who has written it, and the configuration. Read: why says what is wrong. */
void state_head(struct carry *, struct state_head *, struct buf *why);
/* All else. Read: s is as at a start. */
void state_carry(struct carry *, struct supervise *s);

#endif
