#ifndef SE_SUPERVISE_ASK_H
#define SE_SUPERVISE_ASK_H

#include "../../lib/base/ms.h"
#include "../../lib/wire/socketmanager.h"

/* The other end of a socket manager's connection, ServerEngine's or ours. It waits. */

struct ask {
	int conn;
	const char *token;
	ms deadline;
	int fd;                        /* that came with the last answer; -1: none */
	char text[SOCKETMANAGER_TEXT]; /* of the answer, or why there is none */
};

/*
 * Connects as its environment tells; the limit is for all that is asked. VERBS_DONE, or another
 * exit status of verbs.h: the reason is in text.
 */
int ask_open(struct ask *, ms limit);
/* Sends a request and takes the answer. The same. */
int ask(struct ask *, const struct socketmanager_request *);

#endif
