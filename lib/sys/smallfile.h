#ifndef SE_SYS_SMALLFILE_H
#define SE_SYS_SMALLFILE_H

#include <stddef.h>
#include <sys/types.h>

/* Small files by their path, with one read(2) or write(2). */

/*
 * As much of the file's beginning as there is room for, with a NUL behind, "" too where it fails.
 * How many bytes, or -1: errno. A fifo is not waited for.
 */
ssize_t smallfile_read(const char *path, char *text, size_t room);
/* Writes to a file that is there. -1: errno. */
int smallfile_write(const char *path, const char *text);

#endif
