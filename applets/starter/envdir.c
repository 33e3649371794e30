#include "envdir.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/proc.h"

/* The first line of a file, in room with a NUL; its length; -1: there is none, -2: it is too long.
 */
static ssize_t
first_line(const char *dir, const char *name, char *room, size_t size)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	if (!buf_print_to(path, sizeof path, "%s/%s", dir, name) ||
	    (fd = call_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0)) < 0)
		return -1;
	while (
	    len < size && !text_find(room, '\n', len) && (n = read(fd, room + len, size - len)) > 0)
		len += (size_t)n;
	close(fd);
	if (n < 0 || len == 0)
		return -1;
	if (len == size && !text_find(room, '\n', len))
		return -2;
	room[len == size ? len - 1 : len] = '\0';
	room[text_span(room, "\n")] = '\0'; /* a NUL in it ends it too: no variable can hold one */
	return (ssize_t)strlen(room);
}

static bool
take(const char *name, void *arg)
{
	struct envdir *e = arg;
	size_t before = e->text.len, name_len = strlen(name) + 1, room;
	ssize_t n;

	if (*name == '.' || text_char(name, '='))
		return true;
	buf_printf(&e->text, "%s=", name);
	room = e->text.room - e->text.len;
	n = e->text.cut ? -2
			: first_line(e->dir, name, e->text.base + e->text.len,
			      room < ENVDIR_LINE - name_len ? room : ENVDIR_LINE - name_len);
	if (n < 0) {
		e->refused += n == -2;
		e->text.cut = false;
		e->text.len = before;
		return true;
	}
	e->text.len += (size_t)n + 1;
	e->count++;
	return true;
}

void
envdir_read(struct envdir *e, const char *dir, char *room, size_t size)
{
	*e = (struct envdir){ .text = buf_over(room, size), .dir = dir };
	if (dir)
		(void)proc_names(dir, take, e); /* no such directory: no variables */
}

bool
envdir_value(const char *dir, const char *name, char *room, size_t size)
{
	return dir && first_line(dir, name, room, size) >= 0;
}
