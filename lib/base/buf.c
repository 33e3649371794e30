#include "buf.h"

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

/* One conversion of a format. */
struct conversion {
	bool left, zeroes;
	int width, precision; /* precision -1: none */
	int longs;            /* how many l; z counts as one */
};

static void
pad(struct buf *b, char with, long n)
{
	for (; n > 0; n--)
		buf_put(b, &with, 1);
}

static void
put_field(struct buf *b, const struct conversion *c, const char *sign, const char *text, size_t len)
{
	long space = c->width - (long)(len + strlen(sign));

	if (!c->left && !c->zeroes)
		pad(b, ' ', space);
	buf_puts(b, sign);
	if (!c->left && c->zeroes)
		pad(b, '0', space);
	buf_put(b, text, len);
	if (c->left)
		pad(b, ' ', space);
}

static void
put_number(
    struct buf *b, const struct conversion *c, unsigned long long n, unsigned base, bool negative)
{
	char digits[24];
	size_t at = sizeof digits;

	do
		digits[--at] = "0123456789abcdef"[n % base];
	while ((n /= base) > 0);
	put_field(b, c, negative ? "-" : "", digits + at, sizeof digits - at);
}

/* A number, or the * that stands for one; *format is left behind it. */
static int
number(const char **format, va_list *ap)
{
	int n = 0;

	if (**format == '*') {
		++*format;
		return va_arg(*ap, int);
	}
	for (; **format >= '0' && **format <= '9'; ++*format)
		n = n * 10 + (**format - '0');
	return n;
}

static long long
take_signed(const struct conversion *c, va_list *ap)
{
	return c->longs > 1 ? va_arg(*ap, long long)
	    : c->longs == 1 ? va_arg(*ap, long)
			    : va_arg(*ap, int);
}

static unsigned long long
take_unsigned(const struct conversion *c, va_list *ap)
{
	return c->longs > 1 ? va_arg(*ap, unsigned long long)
	    : c->longs == 1 ? va_arg(*ap, unsigned long)
			    : va_arg(*ap, unsigned);
}

static void
put_string(struct buf *b, const struct conversion *c, const char *s)
{
	size_t len = 0;

	while ((c->precision < 0 || len < (size_t)c->precision) && s[len])
		len++;
	put_field(b, c, "", s, len);
}

/* What stands behind a percent sign; returns what stands behind it. */
static const char *
convert(struct buf *b, const char *f, va_list *ap)
{
	struct conversion c = { .precision = -1 };
	long long n;
	char one;

	for (; *f == '-' || *f == '0'; f++) {
		c.left |= *f == '-';
		c.zeroes |= *f == '0';
	}
	c.width = number(&f, ap);
	if (*f == '.') {
		f++;
		c.precision = number(&f, ap);
	}
	for (; *f == 'l' || *f == 'z'; f++)
		c.longs++;
	switch (*f) {
	case 'd':
		n = take_signed(&c, ap);
		put_number(
		    b, &c, n < 0 ? 0 - (unsigned long long)n : (unsigned long long)n, 10, n < 0);
		break;
	case 'u':
		put_number(b, &c, take_unsigned(&c, ap), 10, false);
		break;
	case 'x':
		put_number(b, &c, take_unsigned(&c, ap), 16, false);
		break;
	case 'o':
		put_number(b, &c, take_unsigned(&c, ap), 8, false);
		break;
	case 'c':
		one = (char)va_arg(*ap, int);
		put_field(b, &c, "", &one, 1);
		break;
	case 's':
		put_string(b, &c, va_arg(*ap, const char *));
		break;
	case '%':
		buf_put(b, "%", 1);
		break;
	case '\0':
		return f;
	}
	return f + 1;
}

void
buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list ap;

	va_copy(ap, args); /* a parameter of this type cannot be pointed to everywhere */
	while (*format) {
		size_t n = strcspn(format, "%");

		buf_put(b, format, n);
		format += n;
		if (*format == '%')
			format = convert(b, format + 1, &ap);
	}
	va_end(ap);
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vprintf(b, format, ap);
	va_end(ap);
}

bool
buf_print_to(char *base, size_t room, const char *format, ...)
{
	struct buf b = buf_over(base, room);
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	return !b.cut;
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
