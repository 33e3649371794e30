#include "earlier.h"

#include <string.h>

#include "../../lib/base/buf.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/mapfile.h"
#include "../../lib/sys/procfile.h"

/* The last line that begins with the key, behind it; NULL: there is none. */
static const char *
last_line(const struct mapfile *f, const char *key)
{
	const char *from = f->bytes, *at = from + f->len;
	size_t len = strlen(key);

	if (f->len > EARLIER_MOST)
		from = at - EARLIER_MOST;
	for (size_t left = (size_t)(at - from); (at = memrchr(from, '\n', left)) != NULL;
	     left = (size_t)(at - from))
		if ((size_t)((const char *)f->bytes + f->len - at) > len + 1 &&
		    memcmp(at + 1, key, len) == 0)
			return at + 1 + len;
	return NULL;
}

/* The rest of that line is a time and more; the next line has the memory. */
static void
take(struct earlier *e, const char *at, size_t len)
{
	char text[512];
	struct buf b = buf_over(text, sizeof text), memory = buf_over(e->memory, sizeof e->memory);
	const char *value;
	uint64_t time;

	buf_put(&b, at, len < sizeof text ? len : sizeof text - 1);
	at = text;
	value = procfile_value(text, "  Memory:");
	if (!value || !procfile_number(&at, 10, &time))
		return;
	buf_put(&memory, value, text_span(value, "\n"));
	e->time = (int64_t)time;
}

void
earlier_find(struct earlier *e, int fd, pid_t pid, uint64_t started)
{
	char path[32], key[80];
	struct mapfile f;
	const char *at;

	*e = (struct earlier){ 0 };
	(void)buf_print_to(path, sizeof path, "/proc/self/fd/%d", fd); /* they fit */
	(void)buf_print_to(key, sizeof key, EARLIER_LINE, (int)pid, (unsigned long long)started);
	if (mapfile_open(&f, path) < 0)
		return;
	if ((at = last_line(&f, key)) != NULL)
		take(e, at, (size_t)((const char *)f.bytes + f.len - at));
	mapfile_close(&f);
}

int64_t
earlier_value(const struct earlier *e, const char *name)
{
	uint64_t n;

	for (const char *at = e->memory; *at; at++) {
		const char *value = *at == ' ' ? text_after(at + 1, name) : NULL;

		if (!value || *value != '=')
			continue;
		value++;
		return procfile_number(&value, 10, &n) ? (int64_t)n : -1;
	}
	return -1;
}
