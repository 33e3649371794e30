#ifndef SE_STARTER_ENVDIR_H
#define SE_STARTER_ENVDIR_H

#include "../../lib/base/buf.h"

/*
 * A directory with a file for each variable, as daemontools' envdir(8): its first line is the
 * value. What begins with a dot, has a '=' in its name or is empty is none.
 */
struct envdir {
	struct buf text; /* "NAME=VALUE", each with its NUL */
	unsigned count;
	const char *dir;
	unsigned refused; /* files that could not be read, or had no room */
};

#define ENVDIR_ROOM ((size_t)1024 * 1024)
#define ENVDIR_LINE 131072 /* the kernel's limit for NAME=VALUE and its NUL, execve(2) */

/* Reads all of them into room; dir NULL or missing: there are none. */
void envdir_read(struct envdir *, const char *dir, char *room, size_t size);
/* The value of one file alone; false: it gives none. */
bool envdir_value(const char *dir, const char *name, char *room, size_t size);

#endif
