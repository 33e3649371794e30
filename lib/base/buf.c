#include "buf.h"

#include <limits.h>
#include <string.h>

#include "text.h"

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

	if (c->zeroes)
		buf_puts(b, sign);
	if (!c->left)
		pad(b, c->zeroes ? '0' : ' ', space);
	if (!c->zeroes)
		buf_puts(b, sign);
	buf_put(b, text, len);
	if (c->left)
		pad(b, ' ', space);
}

/* An integer with so many l in its conversion; that of an unsigned one has the sign of its bits. */
static __attribute__((noinline)) long long
take(va_list *ap, int longs)
{
	return longs > 1 ? va_arg(*ap, long long)
	    : longs == 1 ? va_arg(*ap, long)
			 : va_arg(*ap, int);
}

/* The number, by the letter of its conversion. */
static void
put_number(struct buf *b, const struct conversion *c, char letter, long long value)
{
	unsigned long long most = c->longs > 1 ? ULLONG_MAX : c->longs ? ULONG_MAX : UINT_MAX;
	unsigned long long n = (unsigned long long)value & most;
	unsigned base = letter == 'x' ? 16 : letter == 'o' ? 8 : 10;
	const char *sign = "";
	char digits[24];
	size_t at = sizeof digits;

	if (letter == 'd' && value < 0) {
		sign = "-";
		n = (0 - n) & most;
	}
	do
		digits[--at] = "0123456789abcdef"[n % base];
	while ((n /= base) > 0);
	put_field(b, c, sign, digits + at, sizeof digits - at);
}

/* A number, or the * that stands for one; *format is left behind it. */
static int
number(const char **format, va_list *ap)
{
	const char *f = *format;
	int n = 0;

	if (*f == '*') {
		*format = f + 1;
		return (int)take(ap, 0);
	}
	for (; *f >= '0' && *f <= '9'; f++)
		n = n * 10 + (*f - '0');
	*format = f;
	return n;
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
	case 'u':
	case 'x':
	case 'o':
		put_number(b, &c, *f, take(ap, c.longs));
		break;
	case 'c':
		one = (char)take(ap, 0);
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
		size_t n = text_span(format, "%");

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
utf8(const char *text, size_t len)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned c = (unsigned char)*text, code;
	size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;

	if (n > len)
		return 0;
	code = n > 1 ? c & 0x7f >> n : c;
	for (size_t i = 1; i < n; i++) {
		c = (unsigned char)text[i] ^ 0x80;
		if (c > 0x3f)
			return 0;
		code = code << 6 | c;
	}
	/* the longer forms of what has a shorter one, halves of surrogate pairs, what is no code */
	return code < least[n] || code >> 11 == 0xd800 >> 11 || code > 0x10ffff ? 0 : n;
}

bool
buf_quoted_byte(struct buf *b, char c, int digits)
{
	if (c == '"' || c == '\\')
		buf_printf(b, "\\%c", c);
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		buf_printf(b, "\\%c%0*x", digits == 4 ? 'u' : 'x', digits, c);
	else
		return false;
	return true;
}

void
buf_json(struct buf *b, const char *text, size_t len)
{
	buf_puts(b, "\"");
	while (len > 0) {
		size_t n = utf8(text, len);

		if (n == 0)
			buf_puts(b, "\xef\xbf\xbd");
		else if (!buf_quoted_byte(b, *text, 4))
			buf_put(b, text, n);
		n += n == 0;
		text += n;
		len -= n;
	}
	buf_puts(b, "\"");
}

void
buf_duration(struct buf *b, long long t)
{
	static const struct {
		int length;
		char name;
	} units[] = { { 86400000, 'd' }, { 3600000, 'h' }, { 60000, 'm' }, { 1000, 's' } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (t % units[i].length == 0 && (t > 0 || units[i].name == 's')) {
			buf_printf(b, "%lld%c", t / units[i].length, units[i].name);
			return;
		}
	if (t % 100 == 0 && t > 1000)
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
