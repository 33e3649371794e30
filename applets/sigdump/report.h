#ifndef SE_SIGDUMP_REPORT_H
#define SE_SIGDUMP_REPORT_H

#include "sink.h"
#include "stacks.h"

/* What was taken of one process, for people and for programs. */
struct report {
	pid_t pid, tid; /* tid: a thread that lives, by which /proc tells the rest */
	struct stacks *stacks;
	struct target_sockets sockets;
};

void report_text(const struct report *, struct sink *);
void report_json(const struct report *, struct sink *);

#endif
