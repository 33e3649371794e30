#ifndef SE_LOGROTATE_DROP_H
#define SE_LOGROTATE_DROP_H

#include <stdbool.h>
#include <sys/types.h>

#include "options.h"

/*
 * --overflow=drop: two processes with a pipe between them, since one that waits for a hung disk
 * cannot read. The first reads and makes the lines, with the pipe as its stdout and FILE; its
 * child, the writer, has the pipe as its stdin and writes to FILE.
 */
struct drop {
	struct options writer; /* the child's */
	int (*run)(struct options *);
	int pipe[2], out; /* out: the stdout that we were started with */
	pid_t pid;        /* 0: it is to be started again, */
	ms due, since;    /* then */
	char *file;       /* the first one's FILE */
};

/* Makes c the first one's and starts the writer, which calls run. -1: errno. */
int drop_start(struct drop *, struct options *c, int (*run)(struct options *));
/*
 * Was it the writer that died? Then another one will be started; where it could not even open FILE,
 * *failed is its exit status.
 */
bool drop_on_exit(struct drop *, pid_t, int status, int *failed, ms now);
void drop_advance(struct drop *, ms now);
/* Waits until the writer has written all. */
void drop_finish(struct drop *);

#endif
