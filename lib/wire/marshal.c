#include "marshal.h"

#include <string.h>

/* ---- reading ---- */

static int
next_byte(struct marshal *m)
{
	return m->at < m->end ? *m->at++ : -1;
}

/* A number as the format writes it: zero, small ones in one byte, others behind their length. */
static bool
next_number(struct marshal *m, int64_t *out)
{
	int head = next_byte(m), bytes;
	uint64_t value;

	if (head < 0)
		return false;
	if (head > 127)
		head -= 256;
	bytes = head < 0 ? -head : head;
	if (bytes > 4) {
		*out = head < 0 ? head + 5 : head - 5;
		return true;
	}
	if (m->end - m->at < bytes)
		return false;
	value = head < 0 ? UINT64_MAX << 8 * bytes : 0;
	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)*m->at++ << 8 * i;
	*out = (int64_t)value;
	return true;
}

static bool
next_count(struct marshal *m, int64_t *out)
{
	/* what is counted has at least a byte each */
	return next_number(m, out) && *out >= 0 && *out <= m->end - m->at;
}

static bool
next_text(struct marshal *m, const char **text, size_t *len)
{
	int64_t n;

	if (!next_count(m, &n))
		return false;
	*text = (const char *)m->at;
	*len = (size_t)n;
	m->at += n;
	return true;
}

/* A symbol, or a reference to one that has been there. */
static bool
next_symbol(struct marshal *m, int type, const char **text, size_t *len)
{
	int64_t i;

	if (type == ':') {
		if (m->symbols == MARSHAL_SYMBOLS || !next_text(m, text, len))
			return false;
		m->symbol[m->symbols++] = (struct marshal_symbol){ *text, *len };
		return true;
	}
	if (type != ';' || !next_number(m, &i) || i < 0 || i >= (int64_t)m->symbols)
		return false;
	*text = m->symbol[i].text;
	*len = m->symbol[i].len;
	return true;
}

/* A string's encoding: a pair of a symbol and a boolean, or the encoding's name. */
static bool
pass_encoding(struct marshal *m)
{
	const char *text;
	size_t len;
	int64_t pairs;
	int type;

	if (!next_count(m, &pairs))
		return false;
	while (pairs-- > 0) {
		if (!next_symbol(m, next_byte(m), &text, &len))
			return false;
		type = next_byte(m);
		if (type != 'T' && type != 'F' && (type != '"' || !next_text(m, &text, &len)))
			return false;
	}
	return true;
}

bool
marshal_open(struct marshal *m, const void *bytes, size_t len)
{
	*m = (struct marshal){ .at = bytes };
	m->end = m->at + len;
	return next_byte(m) == 4 && next_byte(m) == 8;
}

bool
marshal_next(struct marshal *m, struct marshal_value *v)
{
	int type = next_byte(m);

	*v = (struct marshal_value){ .kind = MARSHAL_NIL };
	switch (type) {
	case '0':
		return true;
	case 'T':
		v->kind = MARSHAL_TRUE;
		return true;
	case 'F':
		v->kind = MARSHAL_FALSE;
		return true;
	case 'i':
		v->kind = MARSHAL_NUMBER;
		return next_number(m, &v->number);
	case ':':
	case ';':
		v->kind = MARSHAL_SYMBOL;
		return next_symbol(m, type, &v->text, &v->len);
	case '"':
		v->kind = MARSHAL_STRING;
		return next_text(m, &v->text, &v->len);
	case 'I':
		v->kind = MARSHAL_STRING;
		return next_byte(m) == '"' && next_text(m, &v->text, &v->len) && pass_encoding(m);
	case '[':
		v->kind = MARSHAL_ARRAY;
		return next_count(m, &v->number);
	case 'o':
		v->kind = MARSHAL_OBJECT;
		return next_symbol(m, next_byte(m), &v->text, &v->len) && next_count(m, &v->number);
	}
	return false;
}

/* ---- writing ---- */

static void
put_byte(struct buf *b, long byte)
{
	char c = (char)byte;

	buf_put(b, &c, 1);
}

static void
put_length(struct buf *b, long n)
{
	char bytes[5];
	int k = 1;

	if (n > -124 && n < 123) {
		put_byte(b, n == 0 ? 0 : n < 0 ? n - 5 : n + 5);
		return;
	}
	/* as many bytes as leave nothing but the sign */
	bytes[1] = (char)n;
	for (; k < 4 && n >> 8 * k != (n < 0 ? -1 : 0); k++)
		bytes[k + 1] = (char)(n >> 8 * k);
	bytes[0] = (char)(n < 0 ? -k : k);
	buf_put(b, bytes, (size_t)k + 1);
}

static void
put_text(struct buf *b, char type, const char *text)
{
	put_byte(b, type);
	put_length(b, (long)strlen(text));
	buf_puts(b, text);
}

void
marshal_begin(struct buf *b)
{
	buf_puts(b, "\4\10");
}

void
marshal_put_nil(struct buf *b)
{
	buf_puts(b, "0");
}

void
marshal_put_number(struct buf *b, long n)
{
	put_byte(b, 'i');
	put_length(b, n);
}

void
marshal_put_symbol(struct buf *b, const char *name)
{
	put_text(b, ':', name);
}

void
marshal_put_string(struct buf *b, const char *text)
{
	buf_puts(b, "I");
	put_text(b, '"', text);
	buf_puts(b, "\6:\6ET");
}

void
marshal_put_array(struct buf *b, long count)
{
	put_byte(b, '[');
	put_length(b, count);
}

void
marshal_put_object(struct buf *b, const char *class, long pairs)
{
	put_byte(b, 'o');
	marshal_put_symbol(b, class);
	put_length(b, pairs);
}
