#include "sink.h"

#include <errno.h>
#include <string.h>

#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"

/* The most that one call adds: a JSON string of 512 bytes has up to 6 for each. */
#define PIECE 4096

bool
sink_open(struct sink *s, int fd)
{
	*s = (struct sink){ .fd = fd, .room = memory_get(SINK_ROOM) };
	if (!s->room)
		return false;
	s->b = buf_over(s->room, SINK_ROOM);
	return true;
}

static void
flush(struct sink *s)
{
	if (s->error == 0 && !out_write(s->fd, s->room, s->b.len))
		s->error = errno;
	if (s->b.len > 0)
		s->last = s->b.base[s->b.len - 1];
	buf_clear(&s->b);
}

static struct buf *
ready(struct sink *s)
{
	if (s->b.len > SINK_ROOM - PIECE)
		flush(s);
	return &s->b;
}

void
sink_print(struct sink *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vprintf(ready(s), format, ap);
	va_end(ap);
}

void
sink_escape(struct sink *s, const char *text, size_t len)
{
	buf_escape(ready(s), text, len, 512);
}

void
sink_text(struct sink *s, const char *text)
{
	sink_escape(s, text, strlen(text));
}

void
sink_json(struct sink *s, const char *text, size_t len)
{
	buf_json(ready(s), text, len < 512 ? len : 512);
}

bool
sink_opened(const struct sink *s)
{
	char last = s->b.len > 0 ? s->b.base[s->b.len - 1] : s->last;

	return last == '{' || last == '[';
}

bool
sink_close(struct sink *s)
{
	flush(s);
	errno = s->error;
	return s->error == 0;
}
