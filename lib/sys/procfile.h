#ifndef SE_SYS_PROCFILE_H
#define SE_SYS_PROCFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/ms.h"

/* Files of /proc as texts, and the numbers in them. */

/* /proc/PID/FILE, or of one thread: /proc/PID/task/TID/FILE with a tid that is not 0. -1: errno. */
int procfile_open(pid_t, pid_t tid, const char *file);
/*
 * As much of it from the beginning on as there is room for, with a NUL behind; how many bytes, -1:
 * errno. The same descriptor can be read again.
 */
ssize_t procfile_again(int fd, char *text, size_t room);
/* The same of a file that is opened for it. */
ssize_t procfile_read(pid_t, pid_t tid, const char *file, char *text, size_t room);

/* What a file grows in, in whole pages. */
struct procfile {
	char *text; /* NULL: nothing */
	size_t len, size;
};

#define PROCFILE_MOST ((size_t)64 << 20) /* no more is kept of all that is read into one */

/*
 * All of the file behind what is there, and a NUL; false: errno. EFBIG: only its beginning, which
 * is kept.
 */
bool procfile_append(struct procfile *, int fd);

/*
 * Calls found for each line, without its line break and not for longer than the call, until it
 * returns false; -1: errno. What stands behind the last line break is not told. Lines of more than
 * PROCFILE_LINE bytes are told wrongly, none is.
 */
#define PROCFILE_LINE 20000 /* a path has 4096 bytes, some of them written as \\012 */
int procfile_lines(int fd, bool (*found)(void *arg, const char *line), void *arg);

/* The same of a file of /proc. */
int procfile_each(
    pid_t, pid_t tid, const char *file, bool (*found)(void *arg, const char *line), void *arg);

/* Past blanks, digits of the base 8, 10 or 16, with "0x" too; false: there are none. */
bool procfile_number(const char **at, unsigned base, uint64_t *out);
/* The number itself; 0: there is none. */
uint64_t procfile_next(const char **at, unsigned base);
/* Past n words, and to the one behind them; of a line: its end stands for what it does not have. */
const char *procfile_word(const char *line, unsigned n);
/* The number that is word n; 0: there is none. */
uint64_t procfile_field(const char *line, unsigned n, unsigned base);
/* What stands behind a key in the line that begins with it, "Rss:"; NULL: there is none. */
const char *procfile_value(const char *text, const char *key);
/* The number there; none: there is none. */
int64_t procfile_valued(const char *text, const char *key, int64_t none);

/*
 * stat(5): "PID (NAME) STATE ...", where the name may hold anything. What stands behind the name,
 * with the state as word 0; a NUL has ended the name. NULL: not known.
 */
const char *procfile_stat(pid_t, pid_t tid, char *text, size_t room);
/* Of that: user and system time. */
ms procfile_cpu(const char *stat);

#endif
