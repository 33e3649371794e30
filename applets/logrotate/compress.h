#ifndef SE_LOGROTATE_COMPRESS_H
#define SE_LOGROTATE_COMPRESS_H

#include <sys/types.h>

#include "options.h"

/* The filter that old files go through, one at a time, the oldest first. */
struct compress {
	struct opt_list command; /* count 0: none */
	char **argv;
	char suffix[16];
	bool wanted; /* there may be files to be compressed */
	ms due;      /* not before */
	pid_t pid;   /* of the filter; 0: none runs */
	int from;    /* the old file, locked; -1: none */
	uint64_t size;
	bool once, failed; /* what fails is not tried again; something has failed */
};

/* NULL: done; else the reason. */
const char *compress_init(struct compress *, const struct options *);
/* Starts a filter if there is something for it; says on stderr why it cannot. */
void compress_advance(struct compress *, struct logfile *, const struct rotation_policy *, ms now);
/* Is it the filter that has died? Then what it made takes the place of the old file. */
bool compress_on_exit(
    struct compress *, struct logfile *, const struct rotation_policy *, pid_t, int status, ms now);
ms compress_due(const struct compress *, const struct logfile *, const struct rotation_policy *);

#endif
