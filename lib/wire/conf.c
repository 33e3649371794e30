#include "conf.h"

#include <stdbool.h>
#include <string.h>

/*
 * Strings are unquoted in place: to never overtakes from, so nothing unread is overwritten. It
 * starts right behind the key, whose colon and blank leave room for the NULs.
 */
struct cursor {
	char *from, *end; /* the rest of the line */
	char *to;         /* where the next string goes */
};

void
conf_open(struct conf *c, char *text, size_t len)
{
	*c = (struct conf){ .at = text, .end = text + len };
	text[len] = '\0';
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->at += 3;
}

static bool
fail(struct conf *c, const char *why)
{
	(void)buf_print_to(
	    c->error, sizeof c->error, "%s", why); /* cut is fine: texts are ours and short */
	return false;
}

/* Where the line at p ends: at its newline, or at the end of the text. */
static char *
line_end(const struct conf *c, char *p)
{
	char *nl = memchr(p, '\n', (size_t)(c->end - p));

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
	eol = line_end(c, c->at);
	*l = (struct cursor){ .from = c->at, .end = eol, .to = c->at };
	c->at = eol < c->end ? eol + 1 : c->end;
	if (eol - l->from > CONF_LINE_MAX)
		return fail(c, "the line is longer than 65535 bytes");
	if (l->end > l->from && l->end[-1] == '\r')
		l->end--;
	for (const char *p = l->from; p < l->end; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
			(void)buf_print_to(c->error, sizeof c->error,
			    "this is not text: byte 0x%02x", (unsigned char)*p); /* fits */
			return false;
		}
	return true;
}

static void
skip_blanks(struct cursor *l)
{
	while (l->from < l->end && (*l->from == ' ' || *l->from == '\t'))
		l->from++;
}

/* Nothing more on the line but blanks and a comment? */
static bool
at_rest(struct cursor *l)
{
	skip_blanks(l);
	return l->from == l->end || *l->from == '#';
}

static int
hex(const char *p, int digits)
{
	int n = 0;

	for (; digits > 0; digits--, p++) {
		int d = *p >= '0' && *p <= '9' ? *p - '0'
		    : *p >= 'a' && *p <= 'f'   ? *p - 'a' + 10
		    : *p >= 'A' && *p <= 'F'   ? *p - 'A' + 10
					       : -1;

		if (d < 0)
			return -1;
		n = n * 16 + d;
	}
	return n;
}

static void
put_utf8(struct cursor *l, int u)
{
	if (u < 0x80) {
		*l->to++ = (char)u;
	} else if (u < 0x800) {
		*l->to++ = (char)(0xc0 | u >> 6);
		*l->to++ = (char)(0x80 | (u & 0x3f));
	} else {
		*l->to++ = (char)(0xe0 | u >> 12);
		*l->to++ = (char)(0x80 | (u >> 6 & 0x3f));
		*l->to++ = (char)(0x80 | (u & 0x3f));
	}
}

/* What follows a backslash in double quotes. */
static bool
escape(struct conf *c, struct cursor *l)
{
	static const char from[] = "\"\\/ abefnrtv", to[] = "\"\\/ \a\b\033\f\n\r\t\v";
	const char *known = l->from < l->end ? strchr(from, *l->from) : NULL;
	int digits, u;

	if (known && *known) {
		*l->to++ = to[known - from];
		l->from++;
		return true;
	}
	digits = l->from >= l->end ? 0 : *l->from == 'x' ? 2 : *l->from == 'u' ? 4 : 0;
	if (!digits || l->end - l->from <= digits || (u = hex(l->from + 1, digits)) < 0)
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
	char quote = *l->from++;

	while (l->from < l->end) {
		char ch = *l->from++;

		if (ch == quote && quote == '\'' && l->from < l->end && *l->from == '\'') {
			*l->to++ = *l->from++;
		} else if (ch == quote) {
			return true;
		} else if (ch == '\\' && quote == '"') {
			if (!escape(c, l))
				return false;
		} else {
			*l->to++ = ch;
		}
	}
	return fail(c, "a quote is not closed on its line");
}

/* Does a word end at p? */
static bool
is_blank(const char *p, const char *end)
{
	return p == end || *p == ' ' || *p == '\t';
}

static bool
plain(struct conf *c, struct cursor *l, bool in_list)
{
	char *start = l->from, *end = start;

	if (strchr("&*!|>@`%{}[],?", *start))
		return fail(
		    c, "this form of YAML is not supported; quote the value if it is a text");
	if (*start == '-' && is_blank(start + 1, l->end))
		return fail(c, "a list stands in [ ] or on lines of its own");
	for (; l->from < l->end; l->from++) {
		char ch = *l->from;

		if (in_list && (ch == ',' || ch == ']'))
			break;
		if (in_list && (ch == '[' || ch == '{' || ch == '}'))
			return fail(c, "a list in a list is not supported");
		if (ch == '#' && l->from > start && (l->from[-1] == ' ' || l->from[-1] == '\t'))
			break;
		if (ch == ':' &&
		    (is_blank(l->from + 1, l->end) || (in_list && strchr(",]", l->from[1]))))
			return fail(
			    c, "nested keys are not supported; quote the value if it is a text");
		if (ch != ' ' && ch != '\t')
			end = l->from + 1;
	}
	memmove(l->to, start, (size_t)(end - start));
	l->to += end - start;
	return true;
}

/* One string, from cursor to cursor; bare tells that it stood without quotes. */
static bool
scalar(struct conf *c, struct cursor *l, bool in_list, bool *bare)
{
	char *start = l->to;

	*bare = *l->from != '\'' && *l->from != '"';
	if (!(*bare ? plain(c, l, in_list) : quoted(c, l)))
		return false;
	if (*bare && l->to == start)
		return fail(c, "an item of the list is empty");
	return true;
}

/* "[a, b]": l stands behind the bracket. */
static bool
flow_list(struct conf *c, struct cursor *l, struct opt_value *v)
{
	bool bare;

	*v = (struct opt_value){ .first = l->to, .list = true };
	skip_blanks(l);
	while (l->from < l->end && *l->from != ']') {
		if (!scalar(c, l, true, &bare))
			return false;
		skip_blanks(l);
		if (l->from == l->end || (*l->from != ',' && *l->from != ']'))
			return fail(c, "expected , or ] after an item of the list");
		if (*l->from == ',')
			l->from++;
		*l->to++ = '\0';
		v->count++;
		skip_blanks(l);
	}
	if (l->from == l->end)
		return fail(c, "a list in [ ] must end on its line");
	l->from++;
	return true;
}

/* Is the line at p an item, "- x" or "-" alone, after any blanks? */
static bool
starts_item(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p < end && *p == '-' &&
	    (p + 1 == end || p[1] == ' ' || p[1] == '\t' || p[1] == '\r' || p[1] == '\n');
}

/* Does the line at p hold nothing, or only a comment? */
static bool
is_empty(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p == end || *p == '#';
}

/* The lines "- x" behind a key; none at all is a nil. */
static bool
block_list(struct conf *c, char *to, struct opt_value *v)
{
	struct cursor l;
	bool bare;

	*v = (struct opt_value){ .first = to, .list = true };
	while (c->at < c->end) {
		char *eol = line_end(c, c->at);

		if (!is_empty(c->at, eol) && !starts_item(c->at, eol))
			break;
		if (!take_line(c, &l))
			return false;
		if (at_rest(&l))
			continue;
		l.from++;
		if (at_rest(&l))
			return fail(c, "an item of the list is empty");
		l.to = to;
		if (!scalar(c, &l, false, &bare))
			return false;
		if (!at_rest(&l))
			return fail(c, "something stands behind the closing quote");
		*l.to++ = '\0';
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
		if (!flow_list(c, l, v))
			return false;
	} else {
		*v = (struct opt_value){ .first = l->to, .count = 1 };
		if (!scalar(c, l, false, &bare))
			return false;
		if (!at_rest(l))
			return fail(c, "something stands behind the closing quote");
		*l->to = '\0';
		v->nil = bare && optval_is_nil(v->first);
	}
	return at_rest(l) || fail(c, "something stands behind the list");
}

static bool
is_key_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	    ch == '_' || ch == '-';
}

static bool
key(struct conf *c, struct cursor *l, struct conf_item *item)
{
	char *start = l->from, *end;

	if (*start == ' ' || *start == '\t')
		return fail(c, "indented lines (nested keys) are not supported");
	while (l->from < l->end && is_key_char(*l->from))
		l->from++;
	end = l->from;
	skip_blanks(l);
	if (end == start || l->from == l->end || *l->from != ':')
		return fail(c, "expected key: value");
	l->from++;
	if (l->from < l->end && *l->from != ' ' && *l->from != '\t')
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
		size_t len = (size_t)(l.end - l.from);

		if (at_rest(&rest))
			continue;
		if (len >= 3 && memcmp(l.from, "---", 3) == 0) {
			rest.from = l.from + 3;
			if (at_rest(&rest) && !c->begun)
				continue;
		}
		if (len == 3 && memcmp(l.from, "...", 3) == 0)
			return CONF_END;
		c->begun = true;
		return key(c, &l, item) && value(c, &l, &item->value) ? CONF_ITEM : CONF_ERROR;
	}
	return c->error[0] ? CONF_ERROR : CONF_END;
}
