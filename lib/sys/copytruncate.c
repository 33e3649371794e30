#include "copytruncate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/num.h"
#include "../base/text.h"
#include "call.h"
#include "proc.h"
#include "procfile.h"

#ifndef FALLOC_FL_COLLAPSE_RANGE
#define FALLOC_FL_COLLAPSE_RANGE 0x08
#endif

#define CHUNK      65536
#define BOUNDARIES 64
#define FAR        ((off_t)1 << 40) /* nobody appends so much meanwhile */

/* As many bytes as there are up to end, CHUNK at most; -1: errno. */
static ssize_t
read_at(int fd, char room[CHUNK], off_t at, off_t end)
{
	ssize_t n;

	do
		n = pread(fd, room, end - at < CHUNK ? (size_t)(end - at) : CHUNK, at);
	while (n < 0 && errno == EINTR);
	return n;
}

static int
write_at(int fd, const char *bytes, size_t len, off_t at)
{
	for (ssize_t n; len > 0; bytes += n, at += n, len -= (size_t)n) {
		do
			n = pwrite(fd, bytes, len, at);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			return -1;
	}
	return 0;
}

/* The same place in both files, so that it can be tried again. Up to end or the end of the file. */
static int
copy(struct copytruncate *c, off_t end)
{
	char room[CHUNK];
	ssize_t n = 0;

	while (c->copied < end && (n = read_at(c->from, room, c->copied, end)) > 0) {
		if (write_at(c->to, room, (size_t)n, c->copied) < 0)
			return -1;
		c->copied += n;
		c->whole = room[n - 1] == '\n';
	}
	return n < 0 ? -1 : 0;
}

/* Removes the first len bytes, of whole blocks and less than all: the kernel refuses the rest. */
static int
collapse(int fd, off_t len)
{
	return fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, len);
}

/* Where the last whole line ends; 0: there is none. */
static off_t
last_end(int fd, off_t end)
{
	char room[CHUNK];
	const char *p = NULL;

	for (off_t at; end > 0; end = at) {
		ssize_t n;

		at = end > CHUNK ? end - CHUNK : 0;
		if ((n = read_at(fd, room, at, end)) < 0)
			return -1;
		if (n > 0 && (p = memrchr(room, '\n', (size_t)n)) != NULL)
			return at + (p - room) + 1;
	}
	return 0;
}

/* Where the line ends that has the byte in front of at; not found near: end, where one does. */
static off_t
next_end(int fd, off_t at, off_t end)
{
	char room[CHUNK];
	ssize_t n = read_at(fd, room, at - 1, end);
	const char *p = n > 0 ? text_find(room, '\n', (size_t)n) : NULL;

	return n < 0 ? -1 : p ? at + (p - room) : end;
}

/*
 * Chooses the block boundary that cuts least off a line, the last whole one of which ends at end.
 * Where the line ends that is cut; 0: there is no such boundary.
 */
static off_t
choose(struct copytruncate *c, off_t size, off_t end)
{
	struct statfs fs;
	off_t block, top, found = 0, best = INT64_MAX;

	if (fstatfs(c->from, &fs) < 0)
		return -1;
	block = (off_t)fs.f_bsize;
	top = (end < size ? end : size - 1) & -block; /* not to the file's end */
	for (off_t at = top; at > top / 2 && at > top - BOUNDARIES * block && best > 0;
	     at -= block) {
		off_t q = next_end(c->from, at, end);

		if (q < 0)
			return -1;
		if (q - at < best) {
			best = q - at;
			c->at = at;
			found = q;
		}
	}
	return found;
}

int
copytruncate_copy(struct copytruncate *c)
{
	struct stat st;
	off_t end;

	c->way = COPYTRUNCATE_NOTHING;
	c->copied = c->at = c->cut = c->blanked = 0;
	if (call_fstat(c->from, &st) < 0 || (end = last_end(c->from, st.st_size)) < 0)
		return -1;
	if (end == 0)
		return 0;
	c->way = COPYTRUNCATE_TRUNCATE;
	/* EINVAL: the call is known, and only the range is wrong, as it is far behind the end */
	if (collapse(c->from, st.st_size + FAR) < 0 && errno == EINVAL) {
		if ((end = choose(c, st.st_size, end)) < 0)
			return -1;
		if (end > 0)
			c->way = COPYTRUNCATE_COLLAPSE;
	}
	if (c->way == COPYTRUNCATE_TRUNCATE)
		end = st.st_size;
	if (copy(c, end) < 0)
		return -1;
	if (c->copied < end)
		return call_fail(ESTALE);
	return fdatasync(c->to);
}

/* Removes [0, at); the piece of a line that is then the head becomes blanks. */
static int
cut_blocks(struct copytruncate *c)
{
	char room[4096];
	off_t at = c->at, piece;

	/* a file system may want larger blocks than it says: further from the line's end then */
	while (collapse(c->from, at) < 0) {
		at &= at - 1;
		if (errno != EINVAL || at <= c->at / 2)
			return -1;
	}
	c->cut = at;
	piece = c->copied - at;
	memset(room, ' ', sizeof room);
	for (off_t from = 0, n; from < piece - 1; from += n) {
		n = piece - 1 - from < (off_t)sizeof room ? piece - 1 - from : (off_t)sizeof room;
		if (write_at(c->from, room, (size_t)n, from) < 0)
			return -1;
	}
	c->blanked = piece;
	return 0;
}

int
copytruncate_cut(struct copytruncate *c)
{
	struct stat st;

	if (c->way == COPYTRUNCATE_NOTHING)
		return 0;
	if (call_fstat(c->from, &st) < 0)
		return -1;
	if (st.st_size < c->copied)
		return call_fail(ESTALE);
	if (c->way == COPYTRUNCATE_COLLAPSE) {
		if (cut_blocks(c) == 0)
			return 0;
		if (c->cut > 0 || (errno != EINVAL && errno != EOPNOTSUPP))
			return -1;
		c->way = COPYTRUNCATE_TRUNCATE;
	}
	(void)sched_yield(); /* a whole time slice for what comes now */
	if (copy(c, INT64_MAX) < 0)
		return -1;
	if (!c->whole && !c->midline)
		return call_fail(EAGAIN);
	if (ftruncate(c->from, 0) < 0) /* at once: see COPYTRUNCATE_TRUNCATE */
		return -1;
	c->cut = c->copied;
	return 0;
}

struct search {
	struct stat file;
	int looking; /* at that process */
	pid_t pid;
	bool blind; /* not everything could be looked at */
};

/* Is that descriptor a writer that does not append? False: that ends the search. */
static bool
overwrites(int fd, void *arg)
{
	struct search *s = arg;
	char path[48], text[512];
	const char *found;
	struct stat st;
	uint64_t flags;

	(void)buf_print_to(path, sizeof path, "/proc/%d/fd/%d", s->looking, fd); /* fits */
	if (call_stat(path, &st) < 0 || !call_same(&st, &s->file))
		return true;
	(void)buf_print_to(path, sizeof path, "fdinfo/%d", fd); /* fits */
	found = procfile_read(s->looking, 0, path, text, sizeof text) > 0
	    ? procfile_value(text, "flags:")
	    : NULL;
	if (!found || !procfile_number(&found, 8, &flags))
		s->blind |= *text || errno != ENOENT; /* closed meanwhile */
	else if ((flags & O_ACCMODE) != O_RDONLY && !(flags & O_APPEND))
		s->pid = s->looking;
	return s->pid == 0;
}

static bool
look_at(int pid, void *arg)
{
	struct search *s = arg;
	char path[32];

	s->looking = pid;
	(void)buf_print_to(path, sizeof path, "/proc/%d/fd", pid); /* fits */
	if (pid != getpid() && proc_each(path, overwrites, s) < 0)
		s->blind |= errno != ENOENT; /* gone meanwhile */
	return s->pid == 0;
}

pid_t
copytruncate_writer(int fd)
{
	struct search s = { 0 };

	if (call_fstat(fd, &s.file) < 0 || proc_each("/proc", look_at, &s) < 0)
		return -1;
	if (s.pid == 0 && s.blind)
		return call_fail(EACCES);
	return s.pid;
}
