#ifndef SE_SYS_INTAKE_H
#define SE_SYS_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Bytes that are looked at while they are still in their pipe, and taken out only when they are
 * safe elsewhere. What was taken can be counted even by the successor of a process that was killed
 * while it took: the bytes go to a second pipe first, which somebody else holds open too.
 */
struct intake {
	int scratch[2]; /* only ours: copies to be read */
	int taken[2];   /* what was taken and not yet dropped */
};

/* A pipe for taken, to be held by somebody who outlives the process; -1: errno. */
int intake_make(int taken[2]);
/* Opens an intake over such a pipe. -1: errno. */
int intake_open(struct intake *, const int taken[2]);
/*
 * Copies what is in the pipe fd, at most room bytes; it stays there. 0: it is empty and has no
 * writer; -1: errno, EAGAIN: it is empty.
 */
ssize_t intake_peek(const struct intake *, int fd, char *bytes, size_t room);
/* Moves n bytes out of the pipe; how many it were, or -1: errno. */
ssize_t intake_take(const struct intake *, int fd, size_t n);
/* How many bytes were taken and not dropped. */
size_t intake_count(const struct intake *);
void intake_drop(const struct intake *);
/* Will nothing more come from the pipe than what is in it? */
bool intake_ended(int fd);

#endif
