#ifndef SE_SYS_LOGFILE_H
#define SE_SYS_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where our own lines go: a file that is appended to, or a stream that was there before us. A
 * stream whose reader is slow is never waited for: the lines that do not fit are counted instead.
 */
struct logfile {
	int fd;
	bool owned;         /* to be closed */
	bool may_block;     /* a pipe, socket or terminal */
	bool torn;          /* only the beginning of the last line was written */
	unsigned long lost; /* lines not written since the last that was */
};

/* Opens path, 0644, for appending; "-" is stdout, NULL stderr. -1: errno. */
int logfile_open(struct logfile *l, const char *path);
/* One whole line of at most 4096 bytes. False: it is lost, and counted. */
bool logfile_write(struct logfile *, const char *line, size_t len);
/* Puts new in l's place, with what is to be told about l's lines. */
void logfile_replace(struct logfile *l, const struct logfile *new);
void logfile_close(struct logfile *);

#endif
