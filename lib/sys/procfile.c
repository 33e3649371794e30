#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/num.h"
#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "smallfile.h"

#define FIRST ((size_t)64 * 1024)

#define PATH_ROOM 96

static const char *
path_of(pid_t pid, pid_t tid, const char *file, char path[PATH_ROOM])
{
	struct buf b = buf_over(path, PATH_ROOM);

	buf_printf(&b, "/proc/%d/", (int)pid);
	if (tid != 0)
		buf_printf(&b, "task/%d/", (int)tid);
	buf_puts(&b, file); /* fits: our own names */
	return path;
}

int
procfile_open(pid_t pid, pid_t tid, const char *file)
{
	char path[PATH_ROOM];

	return call_open(path_of(pid, tid, file, path), O_RDONLY | O_CLOEXEC, 0);
}

ssize_t
procfile_again(int fd, char *text, size_t room)
{
	ssize_t n;

	do /* one read, as a second one would be of another moment */
		n = pread(fd, text, room - 1, 0);
	while (n < 0 && errno == EINTR);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

ssize_t
procfile_read(pid_t pid, pid_t tid, const char *file, char *text, size_t room)
{
	char path[PATH_ROOM];

	return smallfile_read(path_of(pid, tid, file, path), text, room);
}

bool
procfile_append(struct procfile *f, int fd)
{
	for (;;) {
		size_t size = f->size ? f->size * 2 : FIRST;
		ssize_t n;

		if (f->len + 1 >= f->size) {
			if (size > PROCFILE_MOST)
				return call_fail(EFBIG) == 0;
			if (!memory_grow(&f->text, f->size, size))
				return false;
			f->size = size;
		}
		n = read(fd, f->text + f->len, f->size - 1 - f->len);
		if (n == 0)
			return true; /* zeroes are behind it */
		if (n < 0 && errno != EINTR)
			return false;
		f->len += n > 0 ? (size_t)n : 0;
	}
}

/* The whole lines of what is there, the rest is moved to the front; false: enough. */
static bool
take_lines(struct buf *b, bool (*found)(void *, const char *), void *arg)
{
	char *line = b->base, *stop;

	while ((stop = text_find(line, '\n', b->len - (size_t)(line - b->base))) != NULL) {
		*stop = '\0';
		if (!found(arg, line))
			return false;
		line = stop + 1;
	}
	buf_drop(b, (size_t)(line - b->base));
	if (b->len == b->room - 1)
		buf_clear(b);
	return true;
}

int
procfile_lines(int fd, bool (*found)(void *arg, const char *line), void *arg)
{
	char text[PROCFILE_LINE + 2];
	struct buf b = buf_over(text, sizeof text);
	ssize_t n;

	for (;;) {
		n = read(fd, b.base + b.len, b.room - 1 - b.len);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		b.len += (size_t)n;
		if (!take_lines(&b, found, arg))
			return 0;
	}
}

int
procfile_each(
    pid_t pid, pid_t tid, const char *file, bool (*found)(void *arg, const char *line), void *arg)
{
	int fd = procfile_open(pid, tid, file), n = -1;

	if (fd >= 0)
		n = procfile_lines(fd, found, arg);
	(void)call_close(fd);
	return n;
}

bool
procfile_number(const char **at, unsigned base, uint64_t *out)
{
	const char *p = text_skip(*at, " \t");

	if (base == 16 && p[0] == '0' && p[1] == 'x')
		p += 2;
	if (!num_digits(&p, base, out))
		return false;
	*at = p;
	return true;
}

uint64_t
procfile_next(const char **at, unsigned base)
{
	uint64_t n;

	return procfile_number(at, base, &n) ? n : 0;
}

const char *
procfile_word(const char *line, unsigned n)
{
	for (;; n--) {
		line = text_skip(line, " \t");
		if (n == 0)
			return line;
		line += text_span(line, " \t\n");
	}
}

uint64_t
procfile_field(const char *line, unsigned n, unsigned base)
{
	const char *at = procfile_word(line, n);

	return procfile_next(&at, base);
}

const char *
procfile_value(const char *text, const char *key)
{
	const char *rest = text_after(text, key);

	while (!rest && *(text += text_span(text, "\n")))
		rest = text_after(++text, key);
	return rest;
}

int64_t
procfile_valued(const char *text, const char *key, int64_t none)
{
	const char *at = procfile_value(text, key);
	uint64_t v;

	return at && procfile_number(&at, 10, &v) ? (int64_t)v : none;
}

const char *
procfile_stat(pid_t pid, pid_t tid, char *text, size_t room)
{
	char *end;

	if (procfile_read(pid, tid, "stat", text, room) <= 0 || !(end = strrchr(text, ')')) ||
	    end[1] != ' ' || !end[2])
		return NULL;
	*end = '\0';
	return end + 2;
}

ms
procfile_cpu(const char *stat)
{
	unsigned long hz = getauxval(AT_CLKTCK);

	return (ms)((procfile_field(stat, 11, 10) + procfile_field(stat, 12, 10)) * 1000 /
	    (hz ? hz : 100));
}
