#ifndef SE_SYS_SOCKDIAG_H
#define SE_SYS_SOCKDIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/map.h"

/*
 * What /proc/PID/net does not tell of sockets, sock_diag(7) does: the other end of unix sockets,
 * how much waits in them, and the backlogs of listeners of unix and of TCP.
 */

struct sockdiag_row {
	unsigned inode;
	unsigned peer;     /* the other end's inode, 0: none */
	unsigned rxq, txq; /* bytes; of a listener how many wait to be accepted, and how many may */
	pid_t holder;      /* a process that has it open; 0: not known */
};

struct sockdiag {
	struct sockdiag_row *row;
	size_t count, size; /* size: bytes of row */
	struct map by_inode;
};

/* How many descriptors of all processes are looked at for holders; those of further ones stay 0. */
#define SOCKDIAG_LINKS 65536

/*
 * All of them in the network namespace of a process. -1: errno, of what could not be asked; what
 * could is there even then, and is given back by sockdiag_free. Where that is another namespace
 * than ours, CAP_SYS_ADMIN is needed, and this process is in that one from then on.
 */
int sockdiag_read(struct sockdiag *, pid_t);
void sockdiag_free(struct sockdiag *);
/* NULL: nothing is known of it. */
const struct sockdiag_row *sockdiag_find(const struct sockdiag *, uint64_t inode);

#endif
