#include "logline.h"

#include "../base/text.h"
#include "zone.h"

/* The constant of libtai: 2^62, and the ten seconds between TAI and UTC in 1970. */
#define TAI_EPOCH 0x400000000000000aull

static const char levels[] = "TRACE\0DEBUG\0INFO\0WARN\0ERROR\0FATAL";

static void
put_time(struct buf *b, const struct logline_when *w, int offset, char between)
{
	struct zone_civil c = zone_civil(w->sec + offset);

	buf_printf(b, "%04d-%02d-%02d%c%02d:%02d:%02d", c.year, c.month, c.day, between, c.hour,
	    c.minute, c.second);
}

static void
put_offset(struct buf *b, int offset, const char *between)
{
	int minutes = (offset < 0 ? -offset : offset) / 60;

	buf_printf(b, "%c%02d%s%02d", offset < 0 ? '-' : '+', minutes / 60, between, minutes % 60);
}

/* UTC, with so many digits of the second's fraction. */
static void
put_utc(struct buf *b, const struct logline_when *w, bool nano)
{
	put_time(b, w, 0, 'T');
	if (nano)
		buf_printf(b, ".%09dZ", w->nsec);
	else
		buf_printf(b, ".%06dZ", w->nsec / 1000);
}

static void
put_json(struct buf *b, const struct logline_when *w, const struct logline_source *s)
{
	buf_puts(b, "{\"time\":\"");
	put_utc(b, w, false);
	buf_puts(b, "\"");
	if (!s->stream) {
		buf_puts(b, ",\"level\":\"");
		for (const char *p = text_item(levels, s->level); *p; p++)
			buf_printf(b, "%c", *p - 'A' + 'a');
		buf_puts(b, "\"");
	}
	if (s->worker >= 0)
		buf_printf(b, ",\"worker\":%d", s->worker);
	if (s->worker >= 0 || !s->stream)
		buf_printf(b, ",\"pid\":%d", s->pid);
	if (s->stream)
		buf_printf(b, ",\"stream\":\"%s\"", s->stream);
	if (s->piece)
		buf_puts(b, ",\"partial\":true");
	buf_puts(b, ",\"message\":");
}

void
logline_head(struct buf *b, enum logline_stamp stamp, const struct logline_when *w,
    const struct logline_source *s)
{
	const char *level;

	switch (stamp) {
	case LOGLINE_NONE:
		break;
	case LOGLINE_ISO:
		if (w->utc) {
			put_utc(b, w, false);
		} else {
			put_time(b, w, w->offset, 'T');
			buf_printf(b, ".%06d", w->nsec / 1000);
			put_offset(b, w->offset, ":");
		}
		buf_puts(b, " ");
		break;
	case LOGLINE_RUBY:
		level = text_item(levels, s->level);
		buf_printf(b, "%c, [", *level);
		put_time(b, w, w->utc ? 0 : w->offset, 'T');
		buf_printf(b, ".%06d #%d] %5s -- %s: ", w->nsec / 1000, s->pid, level,
		    s->progname ? s->progname : "");
		break;
	case LOGLINE_TAI64N:
		buf_printf(
		    b, "@%016llx%08x ", TAI_EPOCH + (unsigned long long)w->sec, (unsigned)w->nsec);
		break;
	case LOGLINE_CRI:
		put_utc(b, w, true);
		buf_printf(b, " %s %c ", s->stream ? s->stream : "stderr", s->piece ? 'P' : 'F');
		break;
	case LOGLINE_JSON:
		put_json(b, w, s);
		break;
	}
}

void
logline_ruby_header(struct buf *b, const struct logline_when *w, const char *by)
{
	buf_puts(b, "# Logfile created on ");
	put_time(b, w, w->offset, ' ');
	buf_puts(b, " ");
	put_offset(b, w->offset, "");
	buf_printf(b, " by %s\n", by);
}
