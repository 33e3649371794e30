#ifndef SE_SYS_LINEOUT_H
#define SE_SYS_LINEOUT_H

#include <stdbool.h>
#include <stddef.h>

/* The longest line, in bytes: what pipe(7) writes as a whole. */
#define LINEOUT_MAX 4096

/*
 * Where our own lines go: a file that is appended to, or a stream that was there before us. A
 * stream whose reader is slow is never waited for: the lines that do not fit are counted instead.
 */
struct lineout {
	int fd;
	bool owned;         /* to be closed */
	bool may_block;     /* a pipe, socket or terminal */
	size_t rest_len;    /* of a line that a full disk has cut: written before the next one */
	unsigned long lost; /* lines not written since the last that was */
	char rest[LINEOUT_MAX];
};

/* Opens path, 0644, for appending; "-" is stdout, NULL stderr. -1: errno. */
int lineout_open(struct lineout *l, const char *path);
/* One whole line of at most LINEOUT_MAX bytes. False: it is lost, and counted. */
bool lineout_write(struct lineout *, const char *line, size_t len);
/* Puts new in l's place, with what is to be told about l's lines. */
void lineout_replace(struct lineout *l, const struct lineout *new);
void lineout_close(struct lineout *);

#endif
