#ifndef SE_SIGDUMP_REPORT_H
#define SE_SIGDUMP_REPORT_H

#include "earlier.h"
#include "sink.h"
#include "stacks.h"

#define REPORT_DESCRIPTORS 10000 /* further ones are counted only */
#define REPORT_VARIABLES   1000  /* of the environment; further ones are left out */

/* What was taken of one process, for people and for programs. */
struct report {
	pid_t pid, tid;   /* tid: a thread that lives, by which /proc tells the rest */
	bool environment; /* is wanted */
	struct target_process process;
	struct stacks *stacks;
	struct target_sockets sockets;
	struct earlier earlier;
};

void report_text(struct report *, struct sink *);
void report_json(struct report *, struct sink *);

#endif
