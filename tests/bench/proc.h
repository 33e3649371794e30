/*
 * proc.h - what the benchmarks read from /proc: the tree below a process, and what its processes
 * cost. Static functions in a header, because each .c here is a program of its own.
 */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct proc {
	pid_t pid, parent;
	bool dead;   /* a zombie */
	bool inside; /* the root asked for, or a descendant of it */
};

struct proc_table {
	struct proc *at;
	size_t count, room;
};

struct proc_cost {
	int64_t cpu_ns;   /* user and system, all threads */
	int64_t switches; /* voluntary and not, all threads */
	int64_t pss_kib;
};

/* The file's text in `text`, ended by NUL; false if it cannot be read (a process that is gone). */
static inline bool
proc_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* The number after `key` in the text (its beginning for ""), 0 if the key is not there. */
static inline int64_t
proc_number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at == NULL ? 0 : strtoll(at + strlen(key), NULL, 10);
}

/* proc(5): "pid (comm) state ppid ...", where comm may hold anything, even ") ". */
static inline bool
proc_entry(const char *name, struct proc *entry)
{
	char path[64], text[512], *end;

	if (!isdigit((unsigned char)name[0]))
		return false;
	snprintf(path, sizeof path, "/proc/%.20s/stat", name);
	if (!proc_text(path, text, sizeof text) || (end = strrchr(text, ')')) == NULL)
		return false;
	*entry = (struct proc){ .pid = (pid_t)proc_number(text, "") };
	entry->dead = end[2] == 'Z' || end[2] == 'X';
	entry->parent = (pid_t)strtol(end + 3, NULL, 10);
	return true;
}

static inline struct proc *
proc_find(const struct proc_table *table, pid_t pid)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->at[middle].pid == pid)
			return &table->at[middle];
		if (table->at[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static inline void
proc_mark(struct proc_table *table, pid_t root)
{
	bool changed = true;

	for (size_t i = 0; i < table->count; i++)
		table->at[i].inside = table->at[i].pid == root;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < table->count; i++) {
			struct proc *p = &table->at[i], *parent = proc_find(table, p->parent);

			if (!p->inside && parent != NULL && parent->inside)
				p->inside = changed = true;
		}
	}
}

/* Reads every process (the kernel lists them by rising pid) and marks those at and below root. */
static inline void
proc_read(struct proc_table *table, pid_t root)
{
	DIR *dir = opendir("/proc");
	struct dirent *name;
	struct proc entry;

	table->count = 0;
	while (dir != NULL && (name = readdir(dir)) != NULL) {
		if (!proc_entry(name->d_name, &entry))
			continue;
		if (table->count == table->room) {
			table->room = table->room * 2 + 256;
			table->at = realloc(table->at, table->room * sizeof *table->at);
			if (table->at == NULL)
				abort();
		}
		table->at[table->count++] = entry;
	}
	if (dir != NULL)
		closedir(dir);
	proc_mark(table, root);
}

/* Adds the cost of one process. What the kernel shows for /proc/PID itself is its first thread. */
static inline void
proc_add(pid_t pid, struct proc_cost *cost)
{
	char path[96], text[4096];
	struct dirent *thread;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	if (proc_text(path, text, sizeof text))
		cost->pss_kib += proc_number(text, "\nPss:");
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir != NULL && (thread = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)thread->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, thread->d_name);
		if (proc_text(path, text, sizeof text))
			cost->cpu_ns += proc_number(text, "");
		snprintf(path, sizeof path, "/proc/%d/task/%.20s/status", pid, thread->d_name);
		if (proc_text(path, text, sizeof text))
			cost->switches += proc_number(text, "\nvoluntary_ctxt_switches:") +
			    proc_number(text, "\nnonvoluntary_ctxt_switches:");
	}
	if (dir != NULL)
		closedir(dir);
}

#endif
