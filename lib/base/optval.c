#include "optval.h"

#include <string.h>

#include "num.h"
#include "text.h"

const char *
optval_list_at(const struct opt_list *l, unsigned i)
{
	return text_item(l->first, i);
}

bool
optval_is_nil(const char *s)
{
	return num_word(s, "nil\0null\0~\0") >= 0;
}

bool
optval_codes_has(const struct opt_codes *c, int code)
{
	return code >= 0 && code <= 255 && (c->bits[code / 8] >> (code % 8) & 1);
}

/* Did all of it fit into the text? */
static bool
fits(const struct buf *text, struct buf *why)
{
	if (text->cut)
		buf_puts(why, "the configuration is too long");
	return !text->cut;
}

const char *
opt_arg(const struct opt *o)
{
	return text_item(o->text, 1);
}

/* "a b 'c d' \"e\"" to strings. */
bool
optval_words(const char *s, struct buf *text, struct opt_list *out, struct buf *why)
{
	struct opt_list l = { .first = text->base + text->len };

	for (;;) {
		char quote = 0;

		s = text_skip(s, " \t");
		if (!*s)
			break;
		for (; *s && (quote || (*s != ' ' && *s != '\t')); s++) {
			if (quote ? *s == quote : *s == '\'' || *s == '"')
				quote = quote ? 0 : *s;
			else if (*s == '\\' && quote != '\'' && s[1])
				buf_put(text, ++s, 1);
			else
				buf_put(text, s, 1);
		}
		if (quote) {
			buf_puts(why, "a quote is not closed");
			return false;
		}
		buf_put(text, "", 1);
		l.count++;
	}
	if (!fits(text, why))
		return false;
	*out = l;
	return true;
}

static bool
copy_list(const struct opt *o, const struct opt_value *v, struct buf *text, struct opt_list *out,
    struct buf *why)
{
	struct opt_list from = { v->first, v->count }, l = { text->base + text->len, v->count };

	if ((o->flags & OPT_MANY) && out->count > 0) {
		buf_put(text, out->first, (size_t)(optval_list_at(out, out->count) - out->first));
		l.count += out->count;
	}
	buf_put(text, v->first, (size_t)(optval_list_at(&from, v->count) - v->first));
	if (!fits(text, why))
		return false;
	*out = l;
	return true;
}

/* NULL; or the string that is no exit status. */
static const char *
set_codes(const struct opt_value *v, struct opt_codes *out)
{
	struct opt_codes c = { { 0 } };
	const char *s = v->first;

	for (unsigned i = 0; i < v->count; i++, s = text_item(s, 1)) {
		uint64_t n;

		if (!num_count(s, 0, 255, &n))
			return s;
		c.bits[n / 8] |= (unsigned char)(1u << n % 8);
	}
	*out = c;
	return NULL;
}

/* Puts what stands before the separator in head; what stands behind it, NULL: there is none. */
static const char *
split(const char *s, char separator, char *head, size_t room)
{
	const char *at = text_char(s, separator);

	return at && buf_print_to(head, room, "%.*s", (int)(at - s), s) ? at + 1 : NULL;
}

static bool
rate(const char *s, struct opt_rate *out)
{
	char count[12];
	const char *time = split(s, '/', count, sizeof count);
	uint64_t n;
	ms within;

	if (!time || !num_count(count, 1, 1000000, &n) ||
	    !num_duration(time, OPT_TIME_MAX, &within) || within == 0)
		return false;
	*out = (struct opt_rate){ .count = (unsigned)n, .within = within };
	return true;
}

static bool
one_rlimit(const char *s, uint64_t *out)
{
	if (strcmp(s, "unlimited") == 0 || strcmp(s, "infinity") == 0) {
		*out = UINT64_MAX;
		return true;
	}
	return num_bytes(s, INT64_MAX, out);
}

static bool
rlimit(const char *s, struct opt_rlimit *out)
{
	struct opt_rlimit r = { .set = true };
	char room[32];
	const char *soft = s, *hard = s;

	if (text_char(s, ':')) {
		soft = room;
		hard = split(s, ':', room, sizeof room);
	}
	if (!hard || !one_rlimit(soft, &r.soft) || !one_rlimit(hard, &r.hard) || r.soft > r.hard)
		return false;
	*out = r;
	return true;
}

/* What the row expects, for an error message. */
static void
expected(const struct opt *o, struct buf *b)
{
	static const char what[] = "no value\0no value\0no value\0true or false\0"
				   "a whole number\0a whole number\0an octal number\0a time\0"
				   "a size (units K, M, G)\0a ratio\0a signal\0\0one text\0"
				   "a text or a list\0a text or a list\0"
				   "exit statuses from 0 to 255\0"
				   "a count and a time, as 5/60s\0"
				   "LIMIT or SOFT:HARD, numbers or unlimited";
	int min = o->min, max = o->type == OPT_RATIO ? o->max / 1000 : o->max;

	buf_printf(b, "expected %s", text_item(what, o->type));
	if (o->type == OPT_COUNT || o->type == OPT_INT || o->type == OPT_RATIO) {
		buf_printf(b, " from %d to %d", min, max);
	} else if (o->type == OPT_OCTAL) {
		buf_printf(b, " up to %o", (unsigned)max);
	} else if (o->type == OPT_DURATION) {
		buf_puts(b, " from ");
		buf_duration(b, min);
		buf_puts(b, " to ");
		buf_duration(b, OPT_TIME_MAX);
		buf_puts(b, " (units ms, s, m, h, d)");
	} else if (o->type == OPT_WORD) {
		for (const char *w = opt_arg(o); *w; w++)
			buf_puts(b, *w == '|' ? ", " : (char[]){ *w, 0 });
	}
	if (o->flags & OPT_OR_NEVER)
		buf_puts(b, ", or -1 for never");
	if (o->flags & OPT_OR_NIL)
		buf_puts(b, ", or nil");
}

/* How large the members are that can hold nothing: all zeroes, but OPT_UNSET in two of them. */
static const unsigned char nil_size[] = {
	[OPT_INT] = sizeof(int),
	[OPT_OCTAL] = sizeof(int),
	[OPT_BYTES] = sizeof(uint64_t),
	[OPT_SIGNAL] = sizeof(int),
	[OPT_STRING] = sizeof(const char *),
	[OPT_LIST] = sizeof(struct opt_list),
	[OPT_ARGV] = sizeof(struct opt_list),
	[OPT_CODES] = sizeof(struct opt_codes),
	[OPT_RATE] = sizeof(struct opt_rate),
	[OPT_RLIMIT] = sizeof(struct opt_rlimit),
};

static bool
set_nil(const struct opt *o, void *at)
{
	if (!(o->flags & OPT_OR_NIL) || nil_size[o->type] == 0)
		return false;
	memset(at, 0, nil_size[o->type]);
	if (o->type == OPT_INT || o->type == OPT_OCTAL)
		*(int *)at = OPT_UNSET;
	return true;
}

/* One string into a row that holds one number, word or structure; false: it is none. */
static bool
set_scalar(const struct opt *o, void *at, const char *s)
{
	uint64_t n;
	int64_t i;

	switch ((enum opt_type)o->type) {
	case OPT_BOOL:
		return num_bool(s, at);
	case OPT_COUNT:
		return num_count(s, (uint64_t)o->min, (uint64_t)o->max, &n) &&
		    (*(unsigned *)at = (unsigned)n, true);
	case OPT_INT:
		return num_int(s, o->min, o->max, &i) && (*(int *)at = (int)i, true);
	case OPT_OCTAL: {
		unsigned mode;

		return num_octal(s, (unsigned)o->max, &mode) && (*(int *)at = (int)mode, true);
	}
	case OPT_DURATION:
		if ((o->flags & OPT_OR_NEVER) && strcmp(s, "-1") == 0) {
			*(ms *)at = MS_NEVER;
			return true;
		}
		return num_duration(s, OPT_TIME_MAX, &i) && i >= o->min && (*(ms *)at = i, true);
	case OPT_BYTES:
		return num_bytes(s, INT64_MAX, at);
	case OPT_RATIO:
		return num_ratio(s, (unsigned)o->max, at);
	case OPT_SIGNAL:
		return num_signal(s, at);
	case OPT_WORD:
		return (i = num_item(s, opt_arg(o), '|')) >= 0 &&
		    (*(unsigned *)at = (unsigned)i, true);
	case OPT_RATE:
		return rate(s, at);
	case OPT_RLIMIT:
		return rlimit(s, at);
	case OPT_HEADING:
	case OPT_FLAG:
	case OPT_VERB:
	case OPT_STRING:
	case OPT_LIST:
	case OPT_ARGV:
	case OPT_CODES:
		break;
	}
	return false;
}

bool
optval_set(
    const struct opt *o, void *config, struct buf *text, const struct opt_value *v, struct buf *why)
{
	void *at = (char *)config + o->offset;
	const char *s = v->first;
	size_t start = text->len;

	if (o->flags & OPT_LATER) {
		buf_puts(why, "not yet in this version");
		return false;
	}
	if (v->nil) {
		if (set_nil(o, at))
			return true;
		buf_puts(why, "nil: ");
	} else if (o->type == OPT_LIST || (o->type == OPT_ARGV && v->list)) {
		return copy_list(o, v, text, at, why);
	} else if (v->list && o->type != OPT_CODES) {
		buf_puts(why, "a list: ");
	} else if (o->type == OPT_ARGV) {
		return optval_words(s, text, at, why);
	} else if (o->type == OPT_STRING) {
		buf_put(text, s, strlen(s) + 1);
		if (!fits(text, why))
			return false;
		*(const char **)at = text->base + start;
		return true;
	} else if (o->type == OPT_CODES ? !(s = set_codes(v, at)) : set_scalar(o, at, s)) {
		return true;
	} else {
		buf_escape(why, s, strlen(s), 40);
		buf_puts(why, ": ");
	}
	expected(o, why);
	return false;
}

static bool
is_bare_char(char c)
{
	return num_is_alnum(c) || text_char("_./+=^-", c);
}

/* A string as YAML: bare where that reads back as itself, else in double quotes. */
static void
format_string(struct buf *b, const char *s)
{
	bool bare = *s && *s != '-' && !optval_is_nil(s);

	for (const char *p = s; *p; p++)
		bare = bare && is_bare_char(*p);
	if (bare) {
		buf_puts(b, s);
		return;
	}
	buf_puts(b, "\"");
	for (; *s; s++)
		if (!buf_quoted_byte(b, *s, 2))
			buf_put(b, s, 1);
	buf_puts(b, "\"");
}

static void
format_list(struct buf *b, const struct opt_list *l)
{
	buf_puts(b, "[");
	for (unsigned i = 0; i < l->count; i++) {
		buf_puts(b, i ? ", " : "");
		format_string(b, optval_list_at(l, i));
	}
	buf_puts(b, "]");
}

static void
format_codes(struct buf *b, const struct opt_codes *c)
{
	const char *between = "";

	buf_puts(b, "[");
	for (int i = 0; i < 256; i++)
		if (optval_codes_has(c, i)) {
			buf_printf(b, "%s%d", between, i);
			between = ", ";
		}
	buf_puts(b, "]");
}

static void
format_limit(struct buf *b, uint64_t n)
{
	if (n == UINT64_MAX)
		buf_puts(b, "unlimited");
	else
		buf_printf(b, "%llu", (unsigned long long)n);
}

/* Numbers that may be unset. */
static void
format_number(const struct opt *o, const void *at, struct buf *b)
{
	if (*(const int *)at == OPT_UNSET)
		buf_puts(b, "nil");
	else
		buf_printf(b, o->type == OPT_OCTAL ? "%03o" : "%d", *(const int *)at);
}

void
optval_format(const struct opt *o, const void *config, struct buf *b)
{
	const void *at = (const char *)config + o->offset;
	const struct opt_rlimit *r = at;
	const struct opt_rate *n = at;
	const char *w = opt_arg(o);
	char name[16];

	switch ((enum opt_type)o->type) {
	case OPT_HEADING:
	case OPT_FLAG:
	case OPT_VERB:
		break;
	case OPT_BOOL:
		buf_puts(b, *(const bool *)at ? "true" : "false");
		break;
	case OPT_COUNT:
		buf_printf(b, "%u", *(const unsigned *)at);
		break;
	case OPT_INT:
	case OPT_OCTAL:
		format_number(o, at, b);
		break;
	case OPT_DURATION:
		if (*(const ms *)at == MS_NEVER)
			buf_puts(b, "-1");
		else
			buf_duration(b, *(const ms *)at);
		break;
	case OPT_BYTES:
		if (*(const uint64_t *)at == 0 && (o->flags & OPT_OR_NIL))
			buf_puts(b, "nil");
		else
			format_limit(b, *(const uint64_t *)at);
		break;
	case OPT_RATIO:
		buf_printf(
		    b, "%u.%03u", *(const unsigned *)at / 1000, *(const unsigned *)at % 1000);
		break;
	case OPT_SIGNAL:
		num_signal_name(*(const int *)at, name);
		buf_puts(b, *(const int *)at ? name + 3 : "nil");
		break;
	case OPT_WORD:
		for (unsigned i = *(const unsigned *)at; i > 0; i--)
			w = text_char(w, '|') + 1;
		buf_put(b, w, text_span(w, "|"));
		break;
	case OPT_STRING:
		if (*(const char *const *)at)
			format_string(b, *(const char *const *)at);
		else
			buf_puts(b, "nil");
		break;
	case OPT_LIST:
	case OPT_ARGV:
		format_list(b, at);
		break;
	case OPT_CODES:
		format_codes(b, at);
		break;
	case OPT_RATE:
		if (!n->count) {
			buf_puts(b, "nil");
			break;
		}
		buf_printf(b, "%u/", n->count);
		buf_duration(b, n->within);
		break;
	case OPT_RLIMIT:
		if (!r->set) {
			buf_puts(b, "nil");
			break;
		}
		buf_puts(b, "\"");
		format_limit(b, r->soft);
		buf_puts(b, ":");
		format_limit(b, r->hard);
		buf_puts(b, "\"");
		break;
	}
}
