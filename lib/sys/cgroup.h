#ifndef SE_SYS_CGROUP_H
#define SE_SYS_CGROUP_H

#include <stddef.h>

/*
 * A cgroup (version 2) of a worker's own, DIR/worker-ID, so that whatever the worker leaves behind
 * can be ended with it.
 */

/* Makes it and puts the path of its cgroup.procs in path. -1: errno. */
int cgroup_make(const char *dir, unsigned id, char *path, size_t room);
/* Kills every process in it (cgroup.kill, Linux 5.14). -1: errno. */
int cgroup_kill(const char *dir, unsigned id);
/* Removes it if it is empty. -1: errno. */
int cgroup_remove(const char *dir, unsigned id);

#endif
