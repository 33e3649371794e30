#include "ere.h"

#include <string.h>

#include "num.h"
#include "text.h"

/*
 * A pattern becomes a program whose jumps are relative, so that any part of it can be moved or
 * copied as it is. A search follows all its threads at once, from byte to byte.
 *
 * A step is its kind times ERE_STEPS, a power of two, and an argument below that: the byte, the
 * set, or how far to jump, modulo ERE_STEPS. (Only in a program that is full, and refused, can a
 * jump be so far that it does not fit.) The kinds up to NOT_SET take a byte.
 */
enum kind { BYTE, SET, NOT_SET, BEGIN, END, JUMP, SPLIT, MATCH };

#define STEP(kind, arg) ((unsigned)(kind)*ERE_STEPS + (arg))
/* '.' */
#define ANY STEP(NOT_SET, 0)

/* ---- searching ---- */

/* The steps that the threads are at, each once. */
struct threads {
	unsigned count;
	uint16_t at[ERE_STEPS];
	bool here[ERE_STEPS];
};

static void
threads_add(struct threads *t, unsigned at)
{
	if (!t->here[at]) {
		t->here[at] = true;
		t->at[t->count++] = (uint16_t)at;
	}
}

/* What is behind the last byte. */
#define NO_BYTE (-1)

/*
 * Moves the threads over a byte, from now, which is empty then, to next. True: one has matched. The
 * list grows while it is walked, by what is reached without a byte.
 */
static bool
threads_move(struct threads *now, struct threads *next, const struct ere *e, int c, bool first)
{
	for (unsigned i = 0; i < now->count; i++) {
		unsigned at = now->at[i], step = e->step[at], arg = step % ERE_STEPS;
		enum kind kind = step / ERE_STEPS;
		bool go = true;

		switch (kind) {
		case BYTE:
			go = c == (int)arg;
			break;
		case SET:
		case NOT_SET:
			go = c != NO_BYTE && (e->set[arg][c / 8] >> c % 8 & 1) == (kind == SET);
			break;
		case BEGIN:
			go = first;
			break;
		case END:
			go = c == NO_BYTE;
			break;
		case JUMP:
			go = false;
			/* fallthrough */
		case SPLIT:
			threads_add(now, (at + arg) % ERE_STEPS);
			break;
		case MATCH:
			return true;
		}
		if (go)
			threads_add(kind <= NOT_SET ? next : now, at + 1);
	}
	while (now->count > 0)
		now->here[now->at[--now->count]] = false;
	return false;
}

bool
ere_search(const struct ere *e, const char *text, size_t len)
{
	struct threads list[2], *now = &list[0], *next = &list[1], *swap;

	memset(list, 0, sizeof list);
	for (size_t at = 0; at <= len; at++) {
		int c = at < len ? (unsigned char)text[at] : NO_BYTE;

		/* most bytes are not what most patterns begin with */
		if (e->step[0] >= STEP(BYTE + 1, 0) || e->step[0] == c)
			threads_add(now, 0);
		if (threads_move(now, next, e, c, at == 0))
			return true;
		swap = now;
		now = next;
		next = swap;
	}
	return false;
}

/* ---- compiling ---- */

struct parse {
	struct ere *e;
	const char *at; /* what comes next in the pattern */
};

/* No step at all. */
#define NONE (ERE_STEPS + 1)

/* Puts a step in before another, or behind all; nothing in a program that is full. */
static void
put(struct ere *e, unsigned at, unsigned step)
{
	if (e->steps == ERE_STEPS)
		return;
	memmove(&e->step[at + 1], &e->step[at], (e->steps - at) * sizeof *e->step);
	e->step[at] = (uint16_t)step;
	e->steps++;
}

/* Repeats the steps from a place on; with more, the last time any number of times. */
static void
repeat(struct ere *e, unsigned from, unsigned min, unsigned max, bool more)
{
	unsigned count = e->steps - from;

	if (max == 0) {
		e->steps = from;
		return;
	}
	if (min == 0) /* with more, it leads to the step that may go back: as good */
		put(e, from++, STEP(SPLIT, count + 1));
	for (unsigned n = 1; n < max && e->steps < ERE_STEPS; n++) {
		if (n >= min)
			put(e, e->steps, STEP(SPLIT, count + 1));
		for (unsigned i = 0; i < count; i++)
			put(e, e->steps, e->step[from + i]);
	}
	if (more)
		put(e, e->steps, STEP(SPLIT, -count % ERE_STEPS));
}

/* A number in braces; more than ERE_REPEAT: there is none, or it is too large. */
static unsigned
take_number(struct parse *p)
{
	uint64_t n;

	return num_digits(&p->at, 10, &n) && n <= ERE_REPEAT ? (unsigned)n : ERE_REPEAT + 1;
}

/* "*", "{2,3}" and so on, applied to the steps from a place on. */
static const char *
take_repeat(struct parse *p, unsigned from)
{
	char c = *p->at++;
	unsigned min = c == '+', max = 1;
	bool more = c != '?';

	if (c == '{') {
		min = max = take_number(p);
		more = false;
		if (*p->at == ',') {
			more = *++p->at == '}';
			max = more ? min + (min == 0) : take_number(p);
		}
		if (min > max || max > ERE_REPEAT || *p->at++ != '}')
			return "bad {}";
	}
	repeat(p->e, from, min, max, more);
	return NULL;
}

/* Nothing where the range is empty. */
static void
set_add(uint8_t *set, unsigned from, unsigned to)
{
	for (; from <= to; from++)
		set[from / 8] |= (uint8_t)(1 << from % 8);
}

/* "[:name:]" behind its first bracket. False: it is none that we know. */
static bool
take_class(struct parse *p, uint8_t *set)
{
	static const struct {
		char name[10];
		char ranges[10]; /* first and last bytes, up to a last one of 0 */
	} classes[] = {
		{ ":alpha:]", "AZaz" },
		{ ":digit:]", "09" },
		{ ":alnum:]", "AZaz09" },
		{ ":upper:]", "AZ" },
		{ ":lower:]", "az" },
		{ ":space:]", "\t\r  " },
		{ ":blank:]", "\t\t  " },
		{ ":punct:]", "!/:@[`{~" },
		{ ":print:]", " ~" },
		{ ":graph:]", "!~" },
		{ ":cntrl:]", "\0\037\177\177" },
		{ ":xdigit:]", "09AFaf" },
	};

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		const char *rest = text_after(p->at, classes[i].name);

		if (!rest)
			continue;
		for (const char *r = classes[i].ranges; r[1]; r += 2)
			set_add(set, (unsigned char)r[0], (unsigned char)r[1]);
		p->at = rest;
		return true;
	}
	return false;
}

/* A bracket expression, behind its first bracket. */
static const char *
take_set(struct parse *p)
{
	struct ere *e = p->e;
	uint8_t *set = e->set[++e->sets];
	bool negated = *p->at == '^';

	put(e, e->steps, STEP(negated ? NOT_SET : SET, e->sets));
	if (e->sets > ERE_SETS)
		return "too many []";
	p->at += negated;
	do {
		unsigned char from = (unsigned char)*p->at++, to = from;

		if (from == '[' && *p->at && text_char(":.=", *p->at)) {
			if (!take_class(p, set))
				return "unknown class";
			continue;
		}
		if (from && *p->at == '-' && p->at[1] != ']') {
			to = (unsigned char)p->at[1];
			p->at += 2;
		}
		if (!to)
			return "unmatched [";
		if (to < from)
			return "bad range";
		set_add(set, from, to);
	} while (*p->at != ']');
	p->at++;
	return NULL;
}

static const char *take_group(struct parse *, unsigned depth);

/* One thing and what repeats it, with so many groups in each other at most. */
static const char *
take_piece(struct parse *p, unsigned depth)
{
	struct ere *e = p->e;
	unsigned from = e->steps, step = (unsigned char)*p->at++;
	const char *error = NULL;

	switch (step) {
	case '^':
		put(e, from, STEP(BEGIN, 0));
		return NULL;
	case '$':
		put(e, from, STEP(END, 0));
		return NULL;
	case '*':
	case '+':
	case '?':
	case '{':
		return "nothing to repeat";
	case '(':
		if (depth > ERE_NESTED)
			return "too many (";
		error = take_group(p, depth);
		break;
	case '[':
		error = take_set(p);
		break;
	case '.':
		put(e, from, ANY);
		break;
	case '\\':
		step = (unsigned char)*p->at++;
		if (!step || !text_char("!\"#$%&()*+,-./:;=?@[\\]^_{|}~", (char)step))
			return "bad \\";
		/* fallthrough */
	default:
		put(e, from, step);
		break;
	}
	while (!error && *p->at && text_char("*+?{", *p->at))
		error = take_repeat(p, from);
	return error;
}

/* What is between two brackets, behind the first one; or, not in any, the whole pattern. */
static const char *
take_group(struct parse *p, unsigned depth)
{
	struct ere *e = p->e;
	unsigned start = e->steps, branch = NONE; /* the last alternative, if there are more */
	const char *error;

	for (;;) {
		char c = *p->at;

		if (c && c != '|' && c != ')') {
			error = take_piece(p, depth + 1);
			if (error)
				return error;
			continue;
		}
		if (branch != NONE) { /* a choice of this one and all before it */
			put(e, branch, STEP(JUMP, e->steps - branch + 1));
			put(e, start, STEP(SPLIT, branch - start + 2));
		}
		p->at++;
		branch = e->steps;
		if (c == '|')
			continue;
		if (!c == !depth)
			return NULL;
		return c ? "unmatched )" : "unmatched (";
	}
}

const char *
ere_compile(struct ere *e, const char *pattern)
{
	struct parse p = { .e = e, .at = pattern };
	const char *error;

	memset(e, 0, sizeof *e);
	error = take_group(&p, 0);
	if (!error && e->steps == ERE_STEPS) /* or more, had there been room */
		error = "too long";
	put(e, e->steps, STEP(MATCH, 0));
	return error;
}
