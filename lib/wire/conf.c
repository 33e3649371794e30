#include "conf.h"

#include <stdbool.h>
#include <string.h>

#include "../base/num.h"
#include "../base/text.h"

/*
 * A line while it is read: it ends with a NUL. Strings are unquoted in place: to never overtakes
 * from, so nothing unread is overwritten. It starts right behind the key, whose colon and blank
 * leave room for the NULs.
 */
struct cursor {
	char *from; /* the rest of the line */
	char *to;   /* where the next string goes */
};

void
conf_open(struct conf *c, char *text, size_t len)
{
	*c = (struct conf){ .at = text, .end = text + len };
	text[len] = '\0';
	if (text_after(text, "\xef\xbb\xbf"))
		c->at += 3;
}

static bool
fail(struct conf *c, const char *why)
{
	(void)buf_print_to(
	    c->error, sizeof c->error, "%s", why); /* cut is fine: texts are ours and short */
	return false;
}

/* Where the next line ends: at its newline, or at the end of the text. */
static char *
line_end(const struct conf *c)
{
	char *nl = text_find(c->at, '\n', (size_t)(c->end - c->at));

	return nl ? nl : c->end;
}

/* Takes the next line, without its newline; false at the end or on an error. */
static bool
take_line(struct conf *c, struct cursor *l)
{
	char *eol;

	if (c->at >= c->end)
		return false;
	c->line++;
	eol = line_end(c);
	*l = (struct cursor){ .from = c->at, .to = c->at };
	c->at = eol < c->end ? eol + 1 : eol;
	if (eol - l->from > CONF_LINE_MAX)
		return fail(c, "the line is longer than 65535 bytes");
	if (eol > l->from && eol[-1] == '\r')
		eol--;
	*eol = '\0';
	for (const char *p = l->from; p < eol; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
			(void)buf_print_to(c->error, sizeof c->error,
			    "this is not text: byte 0x%02x", (unsigned char)*p); /* fits */
			return false;
		}
	return true;
}

static bool
is_blank(char ch)
{
	return ch == ' ' || ch == '\t';
}

/* Does a word end before this character? */
static bool
is_space(char ch)
{
	return is_blank(ch) || ch == '\0';
}

static void
skip_blanks(struct cursor *l)
{
	while (is_blank(*l->from))
		l->from++;
}

/* Nothing more on the line but blanks and a comment? */
static bool
at_rest(struct cursor *l)
{
	skip_blanks(l);
	return *l->from == '\0' || *l->from == '#';
}

static int
hex(const char *p, int digits)
{
	int n = 0;

	for (; digits > 0; digits--, p++) {
		unsigned d = num_digit(*p);

		if (d > 15)
			return -1;
		n = n * 16 + (int)d;
	}
	return n;
}

static void
put_utf8(struct cursor *l, int u)
{
	if (u < 0x80) {
		*l->to++ = (char)u;
		return;
	}
	if (u < 0x800) {
		*l->to++ = (char)(0xc0 | u >> 6);
	} else {
		*l->to++ = (char)(0xe0 | u >> 12);
		*l->to++ = (char)(0x80 | (u >> 6 & 0x3f));
	}
	*l->to++ = (char)(0x80 | (u & 0x3f));
}

/* What follows a backslash in double quotes. */
static bool
escape(struct conf *c, struct cursor *l)
{
	static const char from[] = "\"\\/ abefnrtv", to[] = "\"\\/ \a\b\033\f\n\r\t\v";
	char ch = *l->from;
	const char *known = ch ? text_char(from, ch) : NULL;
	int digits = ch == 'x' ? 2 : 4, u;

	if (known) {
		*l->to++ = to[known - from];
		l->from++;
		return true;
	}
	if ((ch != 'x' && ch != 'u') || (u = hex(l->from + 1, digits)) < 0)
		return fail(c, "a backslash is followed by nothing that YAML knows");
	if (u == 0)
		return fail(c, "a text cannot hold a NUL byte");
	if (u >= 0xd800 && u <= 0xdfff)
		return fail(c, "half of a surrogate pair: write the character itself");
	if (digits == 2)
		*l->to++ = (char)u; /* a byte as it is: paths need not be UTF-8 */
	else
		put_utf8(l, u);
	l->from += digits + 1;
	return true;
}

static bool
quoted(struct conf *c, struct cursor *l)
{
	char quote = *l->from++, ch;

	while ((ch = *l->from) != '\0') {
		l->from++;
		if (ch == '\\' && quote == '"') {
			if (!escape(c, l))
				return false;
			continue;
		}
		if (ch == quote) {
			if (quote == '"' || *l->from != quote)
				return true;
			l->from++; /* two single ones are one */
		}
		*l->to++ = ch;
	}
	return fail(c, "a quote is not closed on its line");
}

static bool
plain(struct conf *c, struct cursor *l, bool in_list)
{
	char *start = l->from, *end = start;

	if (text_char("&*!|>@`%{}[],?", *start))
		return fail(
		    c, "this form of YAML is not supported; quote the value if it is a text");
	if (*start == '-' && is_space(start[1]))
		return fail(c, "a list stands in [ ] or on lines of its own");
	for (; *l->from; l->from++) {
		char ch = *l->from;

		if (in_list && text_char(",]", ch))
			break;
		if (in_list && text_char("[{}", ch))
			return fail(c, "a list in a list is not supported");
		if (ch == '#' && l->from > start && is_blank(l->from[-1]))
			break;
		if (ch == ':' && (is_space(l->from[1]) || (in_list && text_char(",]", l->from[1]))))
			return fail(
			    c, "nested keys are not supported; quote the value if it is a text");
		if (!is_blank(ch))
			end = l->from + 1;
	}
	memmove(l->to, start, (size_t)(end - start));
	l->to += end - start;
	return true;
}

static bool
is_quote(char ch)
{
	return ch == '\'' || ch == '"';
}

/* One string, from cursor to cursor. */
static bool
scalar(struct conf *c, struct cursor *l, bool in_list)
{
	char *start = l->to;

	if (is_quote(*l->from))
		return quoted(c, l);
	return plain(c, l, in_list) && (l->to > start || fail(c, "an item of the list is empty"));
}

/* One string that is all there is on the rest of the line. */
static bool
last_scalar(struct conf *c, struct cursor *l)
{
	if (!scalar(c, l, false))
		return false;
	if (!at_rest(l))
		return fail(c, "something stands behind the closing quote");
	*l->to++ = '\0';
	return true;
}

/* "[a, b]": l stands behind the bracket. */
static bool
flow_list(struct conf *c, struct cursor *l, struct opt_value *v)
{
	*v = (struct opt_value){ .first = l->to, .list = true };
	skip_blanks(l);
	while (*l->from && *l->from != ']') {
		if (!scalar(c, l, true))
			return false;
		skip_blanks(l);
		if (*l->from == ',')
			l->from++;
		else if (*l->from != ']')
			return fail(c, "expected , or ] after an item of the list");
		*l->to++ = '\0';
		v->count++;
		skip_blanks(l);
	}
	if (!*l->from)
		return fail(c, "a list in [ ] must end on its line");
	l->from++;
	return at_rest(l) || fail(c, "something stands behind the list");
}

/* Is the next line an item ("- x", "-"), or nothing but blanks and a comment? */
static bool
goes_on(const struct conf *c)
{
	const char *p = c->at, *end = line_end(c);

	while (p < end && *p == ' ')
		p++;
	if (p < end && *p == '-')
		return p + 1 == end || is_blank(p[1]) || p[1] == '\r';
	while (p < end && (is_blank(*p) || *p == '\r'))
		p++;
	return p == end || *p == '#';
}

/* The lines "- x" behind a key; none at all is a nil. */
static bool
block_list(struct conf *c, char *to, struct opt_value *v)
{
	struct cursor l;

	*v = (struct opt_value){ .first = to, .list = true };
	while (c->at < c->end && goes_on(c)) {
		if (!take_line(c, &l))
			return false;
		if (at_rest(&l))
			continue;
		l.from++;
		if (at_rest(&l))
			return fail(c, "an item of the list is empty");
		l.to = to;
		if (!last_scalar(c, &l))
			return false;
		to = l.to;
		v->count++;
	}
	if (v->count == 0)
		*v = (struct opt_value){ .nil = true };
	return true;
}

static bool
value(struct conf *c, struct cursor *l, struct opt_value *v)
{
	bool bare;

	if (at_rest(l))
		return block_list(c, l->to, v);
	if (*l->from == '[') {
		l->from++;
		return flow_list(c, l, v);
	}
	*v = (struct opt_value){ .first = l->to, .count = 1 };
	bare = !is_quote(*l->from);
	if (!last_scalar(c, l))
		return false;
	v->nil = bare && optval_is_nil(v->first);
	return true;
}

static bool
is_key_char(char ch)
{
	return num_is_alnum(ch) || ch == '_' || ch == '-';
}

static bool
key(struct conf *c, struct cursor *l, struct conf_item *item)
{
	char *start = l->from, *end = start;

	if (is_blank(*start))
		return fail(c, "indented lines (nested keys) are not supported");
	while (is_key_char(*end))
		end++;
	l->from = end;
	skip_blanks(l);
	if (end == start || *l->from != ':')
		return fail(c, "expected key: value");
	l->from++;
	if (!is_space(*l->from))
		return fail(c, "expected key: value, with a blank after the colon");
	*end = '\0';
	item->key = start;
	item->line = c->line;
	l->to = end + 1;
	return true;
}

enum conf_next
conf_next(struct conf *c, struct conf_item *item)
{
	struct cursor l;

	while (take_line(c, &l)) {
		struct cursor rest = l;

		if (at_rest(&rest))
			continue;
		if (!c->begun && (rest.from = text_after(l.from, "---")) && at_rest(&rest))
			continue;
		if (strcmp(l.from, "...") == 0)
			return CONF_END;
		c->begun = true;
		return key(c, &l, item) && value(c, &l, &item->value) ? CONF_ITEM : CONF_ERROR;
	}
	return c->error[0] ? CONF_ERROR : CONF_END;
}
