#include "lines.h"

#include <string.h>
#include <time.h>

#include "../../lib/sys/zonefile.h"
#include "../applet.h"

/* A byte of a line becomes at most so many in JSON: \u00xx, or U+FFFD. */
#define JSON_GROWTH 6
/* What may stand around a line's text. */
#define AROUND (SCAN_HEAD + 64)

void
lines_init(struct lines *l, const struct options *c)
{
	*l = (struct lines){
		.options = c,
		.raw = c->stamp == LOGLINE_NONE && !c->prefix && !c->matching && !c->rejecting &&
		    c->max_line == 0,
	};
}

static struct logline_when
wall_clock(struct lines *l)
{
	struct timespec ts = { 0 };
	unsigned char bytes[ZONEFILE_ROOM];
	const char *rule;

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	if (ts.tv_sec < l->zone.from || ts.tv_sec >= l->zone.until) {
		size_t n = zonefile_read(bytes, &rule);

		zone_find(rule, bytes, n, ts.tv_sec, &l->zone);
	}
	return (struct logline_when){ ts.tv_sec, (int)ts.tv_nsec, l->zone.offset, l->options->utc };
}

/* Each piece of a long line is a line of its own there. */
static bool
in_records(const struct lines *l)
{
	return l->options->stamp == LOGLINE_JSON || l->options->stamp == LOGLINE_CRI;
}

/* What stands in front of a line now, in l->head. */
static void
make_head(struct lines *l, const struct lines_source *s, bool piece)
{
	static const struct {
		unsigned char at, digits;
	} fraction[] = { [LOGLINE_ISO] = { 20, 6 },
		[LOGLINE_RUBY] = { 24, 6 },
		[LOGLINE_CRI] = { 20, 9 },
		[LOGLINE_JSON] = { 29, 6 } };
	unsigned stamp = l->options->stamp, digits = fraction[stamp].digits;
	struct logline_source speaker = s->speaker;
	struct logline_when now = wall_clock(l);
	struct buf b;
	int n = digits == 6 ? now.nsec / 1000 : now.nsec;

	if (digits > 0 && l->head_of == s && l->head_sec == now.sec && l->head_piece == piece) {
		for (char *p = l->head + fraction[stamp].at; digits > 0; n /= 10)
			p[--digits] = (char)('0' + n % 10);
		return;
	}
	speaker.piece = piece;
	b = buf_over(l->head, sizeof l->head);
	logline_head(&b, (enum logline_stamp)stamp, &now, &speaker);
	if (s->prefix && stamp != LOGLINE_JSON)
		buf_put(&b, s->prefix, s->prefix_len);
	l->head_len = b.len;
	l->head_of = s;
	l->head_sec = now.sec;
	l->head_piece = piece;
}

/* All the same head: the quick way. */
static size_t
stamp_all(struct lines *l, const struct lines_source *s, const char *from, size_t len, char *to,
    size_t room, size_t *taken)
{
	size_t lines;

	make_head(l, s, false);
	return scan_stamp(to, room, from, len, l->head, l->head_len, taken, &lines);
}

static bool
is_wanted(const struct options *c, const char *text, size_t len)
{
	return (!c->matching || ere_search(c->matching, text, len)) &&
	    (!c->rejecting || !ere_search(c->rejecting, text, len));
}

/* How much of the text is shown; the rest is counted. */
static size_t
shown(const struct options *c, struct lines_source *s, size_t len)
{
	size_t n = len;

	if (c->max_line > 0 && s->shown + len > c->max_line)
		n = (size_t)(c->max_line - s->shown);
	s->shown += n;
	s->cut += len - n;
	return n;
}

/* The text as a JSON string, with the prefix in it. */
static void
put_json(struct buf *b, const struct lines_source *s, const char *text, size_t len)
{
	size_t quote;

	if (s->prefix) {
		buf_json(b, s->prefix, s->prefix_len);
		quote = --b->len;
		buf_json(b, text, len);
		memmove(b->base + quote, b->base + quote + 1, b->len - quote);
		b->len--;
	} else {
		buf_json(b, text, len);
	}
}

/* One line, or a piece of it: text without newline. */
static void
put_line(struct lines *l, struct lines_source *s, const char *text, size_t len, bool whole,
    struct buf *b)
{
	const struct options *c = l->options;
	bool first = !s->begun;

	if (first) {
		s->rejected = !is_wanted(c, text, len);
		s->shown = s->cut = 0;
	}
	s->begun = !whole;
	if (s->rejected)
		return;
	len = shown(c, s, len);
	if (first || in_records(l)) {
		make_head(l, s, !whole);
		buf_put(b, l->head, l->head_len);
	}
	if (c->stamp == LOGLINE_JSON)
		put_json(b, s, text, len);
	else
		buf_put(b, text, len);
	if (whole && s->cut > 0) {
		b->len -= c->stamp == LOGLINE_JSON; /* within the quotes */
		buf_printf(b, "... [%llu bytes cut]%s", (unsigned long long)s->cut,
		    c->stamp == LOGLINE_JSON ? "\"" : "");
	}
	if (c->stamp == LOGLINE_JSON)
		buf_puts(b, "}");
	if (whole || in_records(l))
		buf_puts(b, "\n");
}

size_t
lines_make(struct lines *l, struct lines_source *s, const char *from, size_t len, bool all,
    char *to, size_t room, size_t *taken)
{
	const struct options *c = l->options;
	size_t growth = c->stamp == LOGLINE_JSON ? JSON_GROWTH : 1, n, used = 0;
	size_t most = (room - AROUND) / growth; /* of a line's text at once */
	struct buf b = buf_over(to, room);

	if (!s->begun && !c->matching && !c->rejecting && !c->stamp_each && !c->max_line &&
	    c->stamp != LOGLINE_JSON) {
		b.len = stamp_all(l, s, from, len, to, room, &used);
		if (b.len > 0) {
			*taken = used;
			return b.len;
		}
	}
	while (used < len) {
		bool whole = (n = scan_first(from + used, len - used)) > 0;

		if (!whole && !all)
			break;
		if (!whole)
			n = len - used;
		if ((n - whole) * growth > room - b.len - AROUND) {
			if (b.len > 0)
				break;
			n = most;
			whole = false;
		}
		put_line(l, s, from + used, n - whole, whole, &b);
		used += n;
		if (room - b.len < (size_t)2 * AROUND)
			break;
	}
	*taken = used;
	return b.len;
}

size_t
lines_say(struct lines *l, const struct lines_source *s, const char *text, char *to, size_t room)
{
	struct lines_source whole = { .speaker = s->speaker };
	struct options plain = *l->options;
	struct lines own = *l;
	struct buf b = buf_over(to, room);

	plain.matching = plain.rejecting = NULL;
	plain.max_line = 0;
	own.options = &plain;
	put_line(&own, &whole, text, strlen(text), true, &b);
	return b.len;
}

void
lines_header(struct lines *l, struct buf *b)
{
	struct logline_when now;

	buf_clear(b);
	if (l->options->stamp != LOGLINE_RUBY && !l->options->header)
		return;
	now = wall_clock(l);
	logline_ruby_header(b, &now, "se-logrotate/" SEBOX_VERSION);
}
