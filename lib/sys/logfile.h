#ifndef SE_SYS_LOGFILE_H
#define SE_SYS_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>

/* The longest line, in bytes: what pipe(7) writes as a whole. */
#define LOGFILE_LINE 4096

/*
 * Where our own lines go: a file that is appended to, or a stream that was there before us. A
 * stream whose reader is slow is never waited for: the lines that do not fit are counted instead.
 */
struct logfile {
	int fd;
	bool owned;         /* to be closed */
	bool may_block;     /* a pipe, socket or terminal */
	size_t rest_len;    /* of a line that a full disk has cut: written before the next one */
	unsigned long lost; /* lines not written since the last that was */
	char rest[LOGFILE_LINE];
};

/* Opens path, 0644, for appending; "-" is stdout, NULL stderr. -1: errno. */
int logfile_open(struct logfile *l, const char *path);
/* One whole line of at most LOGFILE_LINE bytes. False: it is lost, and counted. */
bool logfile_write(struct logfile *, const char *line, size_t len);
/* Puts new in l's place, with what is to be told about l's lines. */
void logfile_replace(struct logfile *l, const struct logfile *new);
void logfile_close(struct logfile *);

#endif
