#include "opt.h"

#include <string.h>

#include "num.h"
#include "text.h"

static bool
same_char(char a, char b)
{
	return a == b || (a == '-' && b == '_') || (a == '_' && b == '-');
}

/* Is name one of the words between bars? */
static bool
among(const char *words, const char *name)
{
	for (;;) {
		size_t n = text_span(words, "|"), i = 0;

		while (i < n && same_char(name[i], words[i]))
			i++;
		if (i == n && !name[i])
			return true;
		if (!words[n])
			return false;
		words += n + 1;
	}
}

const struct opt *
opt_find(const struct opt *o, const char *name)
{
	for (; o->text; o++)
		if (o->type != OPT_HEADING &&
		    among(o->flags & OPT_LATER ? opt_arg(o) : o->text, name))
			return o;
	return NULL;
}

#define NAME_MAX_NEAR 48

/* Edits (insert, drop, change a letter) from a to b; both shorter than NAME_MAX_NEAR. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_NEAR + 1], la = strlen(a), lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);
			size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = changed < least ? changed : least;
		}
	}
	return row[lb];
}

const char *
opt_nearest(const struct opt *o, unsigned flags, const char *name)
{
	size_t best = strlen(name) / 3 + 2;
	const char *found = NULL;

	if (strlen(name) > NAME_MAX_NEAR)
		return NULL;
	for (; o->text; o++) {
		size_t d;

		if (o->type == OPT_HEADING || (o->flags & flags) != flags ||
		    (o->flags & OPT_LATER) || strlen(o->text) > NAME_MAX_NEAR)
			continue;
		d = distance(name, o->text);
		if (d < best) {
			best = d;
			found = o->text;
		}
	}
	return found;
}

/* One option's value from the command line, where a list is written a,b,c. */
static bool
set_argument(const struct opt *o, void *config, struct buf *text, const char *s, struct buf *why)
{
	struct opt_value v = { .first = s, .count = 1 };
	char items[4096];

	if ((o->flags & OPT_OR_NIL) && optval_is_nil(s)) {
		v = (struct opt_value){ .nil = true };
	} else if (o->type == OPT_LIST || o->type == OPT_CODES) {
		if (!buf_print_to(items, sizeof items, "%s", s)) {
			buf_puts(why, "longer than 4095 bytes");
			return false;
		}
		for (char *p = items; *p; p++)
			if (*p == ',') {
				*p = '\0';
				v.count++;
			}
		v.first = items;
		v.list = v.count > 1;
	}
	return optval_set(o, config, text, &v, why);
}

void
opt_defaults(const struct opt *o, void *config)
{
	for (; o->text; o++) {
		struct opt row = *o;
		struct buf none = { 0 };

		row.flags |= OPT_OR_NEVER;
		if (o->flags & OPT_DEFAULT)
			(void)set_argument(&row, config, &none, text_item(o->text, 3),
			    &none); /* the table is right */
		else if (o->type == OPT_INT || o->type == OPT_OCTAL)
			*(int *)(void *)((char *)config + o->offset) = OPT_UNSET;
	}
}

static char
folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '_' ? '-' : c;
}

/* Of the first len bytes of name: 2: they are the row's name, 1: its beginning, 0: neither. */
static int
begins(const struct opt *o, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!o->text[i] || folded(o->text[i]) != folded(name[i]))
			return 0;
	return o->text[len] ? 1 : 2;
}

/* The row that a shortened name means, and another one that it may mean as well; NULL: none. */
static const struct opt *
find_shortened(const struct opt *o, const char *name, size_t len, const struct opt **other)
{
	const struct opt *found = NULL;

	for (; o->text; o++) {
		int how =
		    o->type == OPT_HEADING || (o->flags & OPT_LATER) ? 0 : begins(o, name, len);

		if (how == 1 && found)
			*other = o;
		else if (how > 0)
			found = o;
		if (how == 2) {
			*other = NULL;
			break;
		}
	}
	return found;
}

/*
 * The row that arg means, of which the first len bytes are its name, which may be shortened as
 * Getopt::Long does it; NULL: why says the reason.
 */
static const struct opt *
find_argument(const struct opt *opts, const char *arg, size_t len, bool shortened, struct buf *why)
{
	const struct opt *o = NULL, *other = NULL;
	size_t dashes = 1 + (arg[1] == '-');
	char name[NAME_MAX_NEAR];
	const char *near = NULL;

	if (shortened)
		o = find_shortened(opts, arg + dashes, len - dashes, &other);
	if (other) {
		buf_printf(
		    why, "%.*s: it may mean --%s or --%s", (int)len, arg, o->text, other->text);
		return NULL;
	}
	if (o)
		return o;
	if (dashes == 1 && !shortened) {
		for (o = opts; o->text; o++)
			if ((o->flags & OPT_LETTER) && o->text[0] == arg[1])
				return o;
	} else if (buf_print_to(name, sizeof name, "%.*s", (int)(len - dashes), arg + dashes)) {
		if ((o = opt_find(opts, name)) != NULL)
			return o;
		near = opt_nearest(opts, 0, name);
	}
	buf_puts(why, "unknown option: ");
	buf_escape(why, arg, len, NAME_MAX_NEAR);
	if (near)
		buf_printf(why, ": the nearest is --%s", near);
	return NULL;
}

/* Does the row want a value behind it? */
static bool
takes_value(const struct opt *o)
{
	return o->type != OPT_FLAG && o->type != OPT_BOOL && o->type != OPT_VERB &&
	    !(o->flags & OPT_LATER);
}

/* Is there an option at argv[i], and not an operand? */
static bool
is_option(int argc, char *const argv[], int i)
{
	return i < argc && argv[i][0] == '-' && argv[i][1];
}

/*
 * The row of the option at argv[*i], NULL: why says the reason; and its value, if it has one. *i is
 * left behind both.
 */
static const struct opt *
take_argument(const struct opt *opts, char *const argv[], int *i, bool shortened,
    const char **value, struct buf *why)
{
	const char *arg = argv[(*i)++];
	bool spelled = arg[1] == '-' || shortened;
	size_t len = spelled ? text_span(arg, "=") : strlen(arg);
	const struct opt *o = find_argument(opts, arg, len, shortened, why);

	*value = NULL;
	if (arg[len])
		*value = arg + len + 1;
	else if (!spelled && arg[2])
		*value = arg + 2;
	else if (o && takes_value(o) && !(*value = argv[(*i)++])) {
		buf_printf(why, "--%s: a value is missing", o->text);
		return NULL;
	}
	return o;
}

static bool
apply(const struct opt *o, void *config, struct buf *text, const char *value, struct buf *why)
{
	void *at = (char *)config + o->offset;
	struct opt_verb *verb = at;

	if (o->type == OPT_FLAG && !value) {
		*(bool *)at = true;
		return true;
	}
	if (o->type == OPT_VERB && (!value || *opt_arg(o))) {
		if (verb->verb) {
			buf_puts(why, "only one command at a time");
			return false;
		}
		*verb = (struct opt_verb){ .verb = (unsigned)o->min, .value = value };
		return true;
	}
	return set_argument(o, config, text, value ? value : "true", why);
}

int
opt_parse(const struct opt *opts, void *config, struct buf *text, int argc, char *const argv[],
    struct buf *why)
{
	int i = 1;

	while (is_option(argc, argv, i)) {
		const char *arg = argv[i], *value;
		const struct opt *o;

		if (strcmp(arg, "--") == 0)
			return i + 1;
		if (!(o = take_argument(opts, argv, &i, false, &value, why)))
			return -1;
		buf_printf(why, "%.*s: ", (int)text_span(arg, "="), arg);
		if (!apply(o, config, text, value, why))
			return -1;
		buf_clear(why);
	}
	return i;
}

bool
opt_given(const struct opt *opts, const char *name, int argc, char *const argv[])
{
	char room[64];
	struct buf why = buf_over(room, sizeof room);
	const char *value;

	for (int i = 1; is_option(argc, argv, i) && strcmp(argv[i], "--") != 0;) {
		const struct opt *o = take_argument(opts, argv, &i, false, &value, &why);

		if (o && strcmp(o->text, name) == 0)
			return true;
	}
	return false;
}

/* ---- as Getopt::Long ---- */

/* One option with its value as a word of its own: --name=value. False: as opt_permute. */
static bool
spell_out(const struct opt *opts, char *const argv[], int *i, char **to, struct buf *text,
    struct buf *why)
{
	const char *arg = argv[*i], *value;
	const struct opt *o = take_argument(opts, argv, i, true, &value, why);

	if (!o)
		return false;
	*to = text->base + text->len;
	if (o->flags & OPT_LATER)
		buf_printf(text, "%s%s", arg[1] == '-' ? "" : "-", arg);
	else
		buf_printf(text, "--%s%s%s", o->text, value ? "=" : "", value ? value : "");
	buf_put(text, "", 1);
	return true;
}

bool
opt_permute(const struct opt *opts, int argc, char *const argv[], char **to, struct buf *text,
    struct buf *why)
{
	char **operands = to + argc + 1;
	size_t n = 0;
	int i;

	*to++ = argv[0];
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0;) {
		if (!is_option(argc, argv, i))
			operands[n++] = argv[i++];
		else if (!spell_out(opts, argv, &i, to++, text, why))
			return false;
	}
	for (i++; i < argc; i++)
		operands[n++] = argv[i];
	*to++ = text->base + text->len;
	buf_put(text, "--", 3);
	memmove(to, operands, n * sizeof *to);
	to[n] = NULL;
	return true;
}

/* Prints text in the right-hand column, broken between words. */
static void
wrap(struct buf *b, const char *text, size_t column, size_t width)
{
	size_t used = 0;

	while (*text) {
		size_t n = text_span(text, " ");

		if (used > 0 && used + 1 + n > width) {
			buf_printf(b, "\n%*s", (int)column, "");
			used = 0;
		}
		buf_printf(b, "%s%.*s", used ? " " : "", (int)n, text);
		used += n + (used > 0);
		text += n + (text[n] == ' ');
	}
	buf_puts(b, "\n");
}

void
opt_put_name(const struct opt *o, struct buf *b)
{
	buf_puts(b, "--");
	for (const char *c = o->text; *c; c++)
		buf_put(b, *c == '_' ? "-" : c, 1);
}

#define HELP_COLUMN 30

void
opt_help(const struct opt *o, const void *defaults, struct buf *b)
{
	char text_room[512], value_room[128];
	struct buf text = buf_over(text_room, sizeof text_room);
	struct buf value = buf_over(value_room, sizeof value_room);
	const char *arg = opt_arg(o), *help = text_item(arg, 1);
	const char *untold = "nil\0[]\0-1\0", *never = "";
	size_t start = b->len, used;

	if (o->flags & OPT_LATER)
		return;
	if (o->type == OPT_HEADING) {
		buf_printf(b, "\n%s\n", help);
		return;
	}
	buf_puts(b, "  ");
	if (o->flags & OPT_LETTER)
		buf_printf(b, "-%c, ", o->text[0]);
	opt_put_name(o, b);
	if (*arg)
		buf_printf(
		    b, o->type == OPT_VERB && *arg >= 'a' && *arg <= 'z' ? "[=%s]" : "=%s", arg);
	used = b->len - start;
	if (used >= HELP_COLUMN) {
		buf_puts(b, "\n");
		used = 0;
	}
	buf_printf(b, "%*s", (int)(HELP_COLUMN - used), "");
	if (o->flags & OPT_OR_NEVER) {
		untold = "nil\0[]\0";
		never = "; -1: never";
	}
	buf_printf(&text, "%s%s", help, never);
	optval_format(o, defaults, &value);
	if (value.len > 0 && num_word(value_room, untold) < 0)
		buf_printf(&text, " (%s)", value_room);
	wrap(b, text_room, HELP_COLUMN, 100 - HELP_COLUMN);
}
