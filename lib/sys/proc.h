#ifndef SE_SYS_PROC_H
#define SE_SYS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/ms.h"

/* Readers of /proc and of the cgroup files. Where these are not mounted they say that they do not
 * know. */

struct proc_stat {
	char state; /* R, S, D, T, t, Z, ... */
	pid_t parent;
	ms cpu;       /* user and system time */
	uint64_t rss; /* bytes */
};

/* False: not known, all zeroes. */
bool proc_stat(pid_t, struct proc_stat *);
/* The short name, at most 15 bytes, "" if not known. */
void proc_name(pid_t, char name[16]);
/* Does the process catch the signal? False too where that is not known. */
bool proc_catches(pid_t, int sig);
/* Calls found for each name in a directory until it returns false; -1: errno, else 0. */
int proc_names(const char *dir, bool (*found)(const char *, void *), void *arg);
/*
 * Calls found for each number that is a name in that directory, such as /proc or /proc/PID/fd,
 * until it returns false; -1: errno, else 0.
 */
int proc_each(const char *dir, bool (*found)(int, void *), void *arg);
/* The same of a directory of a process, such as "fd" of /proc/PID. */
int proc_each_of(pid_t, const char *dir, bool (*found)(int, void *), void *arg);
/*
 * Calls found for each living child of this process until it returns false; -1: not known (no
 * /proc). The number of calls.
 */
int proc_children(bool (*found)(pid_t, void *), void *arg);
/*
 * How many processes the OOM killer has ended so far in the cgroup of version 2 that is that
 * directory, and below; NULL, or no memory.events there: in our own (memory.oom_control of version
 * 1, memory.events of 2). -1: not known.
 */
long proc_oom_kills(const char *cgroup);

#endif
