#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct buf
buf_over(char *base, size_t room)
{
	base[0] = '\0';
	return (struct buf){ .base = base, .room = room };
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->cut = false;
	b->base[0] = '\0';
}

void
buf_put(struct buf *b, const void *bytes, size_t len)
{
	size_t free = b->room - 1 - b->len;

	if (len > free) {
		len = free;
		b->cut = true;
	}
	memcpy(b->base + b->len, bytes, len);
	b->len += len;
	b->base[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	size_t free = b->room - b->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(b->base + b->len, free, format, ap);
	va_end(ap);
	if (n < 0) {
		b->base[b->len] = '\0';
		b->cut = true;
	} else if ((size_t)n >= free) {
		b->len = b->room - 1;
		b->cut = true;
	} else {
		b->len += (size_t)n;
	}
}

void
buf_escape(struct buf *b, const char *text, size_t len, size_t max)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i == max) {
			buf_puts(b, "...");
			return;
		}
		if (c == '\\')
			buf_puts(b, "\\\\");
		else if (c == '\n')
			buf_puts(b, "\\n");
		else if (c == '\t')
			buf_puts(b, "\\t");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_put(b, &text[i], 1);
	}
}

/* How many bytes of text are one UTF-8 character; 0: they are none. */
static size_t
utf8(const unsigned char *text, size_t len)
{
	size_t n = text[0] < 0x80 ? 1
	    : text[0] < 0xc2      ? 0
	    : text[0] < 0xe0      ? 2
	    : text[0] < 0xf0      ? 3
	    : text[0] < 0xf5      ? 4
				  : 0;

	if (n > len || (n > 2 && text[0] == 0xe0 && text[1] < 0xa0) ||
	    (n > 2 && text[0] == 0xed && text[1] > 0x9f) ||
	    (n > 3 && text[0] == 0xf0 && text[1] < 0x90) ||
	    (n > 3 && text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void
buf_json(struct buf *b, const char *text, size_t len)
{
	buf_puts(b, "\"");
	while (len > 0) {
		unsigned char c = (unsigned char)*text;
		size_t n = utf8((const unsigned char *)text, len);

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else if (n == 0)
			buf_puts(b, "\xef\xbf\xbd");
		else
			buf_put(b, text, n);
		n = n ? n : 1;
		text += n;
		len -= n;
	}
	buf_puts(b, "\"");
}

void
buf_duration(struct buf *b, long long t)
{
	if (t % 86400000 == 0 && t > 0)
		buf_printf(b, "%lldd", t / 86400000);
	else if (t % 3600000 == 0 && t > 0)
		buf_printf(b, "%lldh", t / 3600000);
	else if (t % 60000 == 0 && t > 0)
		buf_printf(b, "%lldm", t / 60000);
	else if (t % 1000 == 0)
		buf_printf(b, "%llds", t / 1000);
	else if (t % 100 == 0 && t > 1000)
		buf_printf(b, "%lld.%llds", t / 1000, t % 1000 / 100);
	else
		buf_printf(b, "%lldms", t);
}

void
buf_drop(struct buf *b, size_t n)
{
	memmove(b->base, b->base + n, b->len - n);
	b->len -= n;
	b->base[b->len] = '\0';
}
