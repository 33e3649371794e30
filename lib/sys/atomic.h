#ifndef SE_SYS_ATOMIC_H
#define SE_SYS_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A file that is seen whole or not at all: written beside path as path.PID.tmp, mode given, and
 * renamed over it. atomic_begin gives the fd to write to, or -1: errno. atomic_end closes it and
 * puts the file in place if keep, else removes it; -1: errno, path is as it was.
 */
int atomic_begin(const char *path, mode_t mode, char *temp, size_t room);
int atomic_end(int fd, const char *temp, const char *path, bool keep);

#endif
