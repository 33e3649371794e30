#ifndef SE_SYS_LOGFILE_H
#define SE_SYS_LOGFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "../base/ms.h"

/*
 * A log file with its old files FILE.0, FILE.1, ... : what a rotation does, a step at a time. All
 * functions that return int: 0, or -1 with errno. Two errnos have a meaning of their own: ESTALE,
 * the path leads to another file now or to none, and EWOULDBLOCK, another process has it locked.
 */
struct logfile {
	const char *path;   /* FILE; "-": stdout, which is only written to */
	const char *suffix; /* of compressed old files, ".gz"; "": there are none */
	const char *header; /* a line for the beginning of an empty file; "": none */
	mode_t mode;        /* of new files, whatever the umask is */
	uid_t uid;          /* of new files; (uid_t)-1: as it comes */
	gid_t gid;
	bool mkdir;  /* make missing directories */
	bool shared; /* other processes write FILE too: locked only when needed. Else for good */

	int fd;       /* -1: not open */
	bool regular; /* else a pipe, terminal, device: never rotated */
	dev_t dev;
	ino_t ino;
	off_t unended; /* logfile_mend: the size at which FILE ended within a line; 0: it did not */
};

/* What logfile_open and logfile_look tell. */
struct logfile_state {
	uint64_t size;
	ms age; /* since it was made, as far as the file system knows; else 0 */
};

/* Opens FILE for appending, makes it if it is not there. */
int logfile_open(struct logfile *, struct logfile_state *);
void logfile_close(struct logfile *);
/* Is FILE still what is open? If shared, it is locked then against rotation until a write. */
int logfile_look(struct logfile *, struct logfile_state *);
/*
 * Appends as many bytes as go without waiting for a reader; *written tells how many. The lock
 * stays.
 */
int logfile_write(struct logfile *, const char *bytes, size_t len, size_t *written);
/* Keeps others from writing too, until logfile_unlock: what comes next is no whole line. */
int logfile_exclude(struct logfile *);
/* Keeps others from writing, if FILE still is what is open. */
int logfile_lock(struct logfile *);
int logfile_unlock(struct logfile *);
/*
 * Locked: ends the line that FILE ends within. EWOULDBLOCK: it may be just being written by one who
 * locks nothing (the size is seen to grow by pages within one write(2)): ask again, a moment later.
 */
int logfile_mend(struct logfile *);
/* Gives a file that we have made its mode and its owner. */
int logfile_dress(const struct logfile *, int fd);
/* Removes FILE.first if it is FILE itself; where that is its only name, it becomes FILE again. */
int logfile_heal(struct logfile *, unsigned first);
/* *size: bytes of FILE.i, compressed or not, and 1 more; 0: there is none. */
int logfile_probe(struct logfile *, unsigned i, uint64_t *size);
int logfile_remove(struct logfile *, unsigned i);
int logfile_sync(struct logfile *);
/* FILE.i becomes FILE.(i+1). */
int logfile_shift(struct logfile *, unsigned i);
/* FILE.first becomes another name of FILE; where there are no hard links, its only one. */
int logfile_aside(struct logfile *, unsigned first);
/* A new file takes the name FILE and is open instead; *size: what is in it. */
int logfile_renew(struct logfile *, uint64_t *size);
/* FILE.i, with its suffix if packed; false: the path is too long. */
bool logfile_name(const struct logfile *, unsigned i, bool packed, char to[PATH_MAX]);
/* Is it the one that is open? */
bool logfile_is(const struct logfile *, const struct stat *);

#endif
