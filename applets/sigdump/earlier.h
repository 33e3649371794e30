#ifndef SE_SIGDUMP_EARLIER_H
#define SE_SIGDUMP_EARLIER_H

#include <stdint.h>
#include <sys/types.h>

/* What the last report of the same process in the same file said of its memory. */

#define EARLIER_MOST ((size_t)1 << 20) /* bytes at the end of the file that are searched */

struct earlier {
	int64_t time;     /* seconds since 1970; 0: there is none */
	char memory[256]; /* what stood behind its "Memory:" */
};

/* Begins the line that it is found by: the process's number and when it was started, in ticks. */
#define EARLIER_LINE "  Process: %d start=%llu time="

/* Of what is open as fd and is searched before anything is written to it, if it is a file. */
__attribute__((noinline)) void earlier_find(struct earlier *, int fd, pid_t, uint64_t started);
/* How many KiB it said for a name; -1: nothing. */
int64_t earlier_value(const struct earlier *, const char *name);

#endif
