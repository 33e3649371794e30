#include "carry.h"

#include <stdint.h>
#include <string.h>

#include "../base/text.h"

void
carry_write(struct carry *c, struct buf *out, void (*fd)(int))
{
	*c = (struct carry){ .out = out, .fd = fd };
}

void
carry_read(struct carry *c, const char *text, size_t len)
{
	*c = (struct carry){ .reading = true, .at = text, .end = text + len };
}

/* ---- members ---- */

static int64_t
load(const void *member, unsigned size)
{
	unsigned char one;
	int32_t four;
	int64_t eight;

	if (size == sizeof one) {
		memcpy(&one, member, sizeof one);
		return one;
	}
	if (size == sizeof four) {
		memcpy(&four, member, sizeof four);
		return four;
	}
	memcpy(&eight, member, sizeof eight);
	return eight;
}

/* False: it does not fit. */
static bool
store(void *member, unsigned size, int64_t value)
{
	unsigned char one = (unsigned char)value;
	int32_t four = (int32_t)value;

	if (size == sizeof one)
		memcpy(member, &one, sizeof one);
	else if (size == sizeof four)
		memcpy(member, &four, sizeof four);
	else
		memcpy(member, &value, sizeof value);
	return load(member, size) == value;
}

/* ---- reading ---- */

/* A blank, and whether something follows in the line. */
static bool
take_blank(struct carry *c)
{
	if (c->at == c->end || *c->at != ' ')
		return false;
	c->at++;
	return true;
}

static bool
take_number(struct carry *c, int64_t *out)
{
	bool minus = c->at < c->end && *c->at == '-', any = false;
	uint64_t n = 0, limit = (uint64_t)INT64_MAX + minus;

	for (c->at += minus; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		unsigned digit = (unsigned)(*c->at - '0');

		if (n > (limit - digit) / 10)
			return false;
		n = 10 * n + digit;
		any = true;
	}
	*out = (int64_t)(minus ? 0 - n : n);
	return any;
}

/* LENGTH:BYTES; false: it is none. */
static bool
take_bytes(struct carry *c, const char **bytes, size_t *len)
{
	int64_t n;

	if (!take_number(c, &n) || n < 0 || c->at == c->end || *c->at++ != ':' ||
	    c->end - c->at < n)
		return false;
	*bytes = c->at;
	*len = (size_t)n;
	c->at += n;
	return true;
}

/* The bytes go to the member, if they are before in number; with a NUL, if that is given no room.
 */
static bool
take_array(struct carry *c, const struct carry_field *f, char *member, int64_t before)
{
	size_t room = f->size - (size_t)(f->kind == CARRY_TEXT), len;
	const char *bytes;

	if (!take_bytes(c, &bytes, &len) || len > room ||
	    (f->kind == CARRY_BYTES && before != (int64_t)len) ||
	    (f->kind == CARRY_TEXT && text_find(bytes, '\0', len)))
		return false;
	memcpy(member, bytes, len);
	if (f->kind == CARRY_TEXT)
		member[len] = '\0';
	return true;
}

static bool
take_field(struct carry *c, const struct carry_field *f, char *base, int64_t *before)
{
	if (f->kind == CARRY_TEXT || f->kind == CARRY_BYTES)
		return take_array(c, f, base + f->offset, *before);
	return take_number(c, before) && store(base + f->offset, f->size, *before) &&
	    (f->most == 0 || (*before >= 0 && *before <= f->most));
}

static bool
take_name(struct carry *c, const char *name)
{
	size_t len = strlen(name);

	c->line++;
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, name, len) != 0)
		return false;
	c->at += len;
	return true;
}

static bool
take_end(struct carry *c)
{
	return c->at < c->end && *c->at++ == '\n';
}

static bool
take_line(struct carry *c, const char *name, const struct carry_field *f, size_t fields, char *base)
{
	int64_t before = 0;

	if (!take_name(c, name))
		return false;
	for (size_t i = 0; i < fields && take_blank(c); i++)
		if (!take_field(c, &f[i], base, &before))
			return false;
	return take_end(c);
}

/* ---- writing ---- */

static void
put_bytes(struct buf *b, const char *bytes, size_t len)
{
	buf_printf(b, " %zu:", len);
	buf_put(b, bytes, len);
}

static void
put_line(
    struct carry *c, const char *name, const struct carry_field *f, size_t fields, const char *base)
{
	int64_t before = 0;

	buf_puts(c->out, name);
	for (; fields-- > 0; f++) {
		const char *member = base + f->offset;

		if (f->kind == CARRY_TEXT || f->kind == CARRY_BYTES) {
			put_bytes(c->out, member,
			    f->kind == CARRY_TEXT ? strlen(member) : (size_t)before);
			continue;
		}
		before = load(member, f->size);
		buf_printf(c->out, " %lld", (long long)before);
		if (f->kind == CARRY_FD && before >= 0 && c->fd)
			c->fd((int)before);
	}
	buf_puts(c->out, "\n");
}

/* ---- either ---- */

void
carry_line(
    struct carry *c, const char *name, const struct carry_field *f, size_t fields, void *base)
{
	if (!c->reading)
		put_line(c, name, f, fields, base);
	else if (!c->wrong)
		c->wrong = !take_line(c, name, f, fields, base);
}

void
carry_number(struct carry *c, const char *name, unsigned *n, unsigned most)
{
	const struct carry_field f = { 0, sizeof *n, 0, CARRY_NUMBER };

	carry_line(c, name, &f, 1, n);
	c->wrong |= c->reading && *n > most;
	if (c->wrong)
		*n = 0;
}

void
carry_each(struct carry *c, const char *name, const struct carry_field *f, size_t fields,
    void *base, unsigned n, size_t apart)
{
	for (char *at = base; n > 0; at += apart, n--)
		carry_line(c, name, f, fields, at);
}

void
carry_places(struct carry *c, const char *name, const struct carry_field *f, size_t fields,
    void *base, size_t apart, unsigned room)
{
	char *first = base;
	unsigned count = 0, i;

	for (i = 0; i < room; i++)
		count += load(first + i * apart + f->offset, f->size) > 0;
	carry_number(c, name, &count, room);
	for (i = 0; count > 0; i++, count--) {
		while (!c->reading && load(first + i * apart + f->offset, f->size) <= 0)
			i++;
		carry_number(c, name, &i, room - 1);
		carry_line(c, name, f, fields, first + i * apart);
	}
}

void
carry_long(struct carry *c, const char *name, const char **text, size_t *len)
{
	if (!c->reading) {
		buf_puts(c->out, name);
		put_bytes(c->out, *text, *len);
		buf_puts(c->out, "\n");
		return;
	}
	if (!c->wrong)
		c->wrong = !take_name(c, name) || !take_blank(c) || !take_bytes(c, text, len) ||
		    !take_end(c);
	if (c->wrong)
		*len = 0;
}

bool
carry_whole(const struct carry *c)
{
	return !c->reading || (!c->wrong && c->at == c->end);
}
