#ifndef SE_SYS_MAPFILE_H
#define SE_SYS_MAPFILE_H

#include <stddef.h>
#include <stdint.h>

/* A foreign file, mapped to be read. */
struct mapfile {
	const void *bytes; /* NULL: not open */
	size_t len;
	uint64_t inode;
};

/* A regular file that is not empty; what else it may be is not waited for. -1: errno. */
int mapfile_open(struct mapfile *, const char *path);
void mapfile_close(struct mapfile *);
/*
 * From here on pages that such a file loses while it is mapped (somebody shortens it, its disk
 * fails) are read as zeroes, and do not end us by SIGBUS.
 */
void mapfile_guard(void);

#endif
