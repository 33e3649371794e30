#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../lib/sys/zonefile.h"
#include "supervise.h"

int
log_open(struct log *l, const struct opt_list *paths, const char **path)
{
	*path = NULL;
	for (unsigned i = 0; i < paths->count; i++) {
		*path = optval_list_at(paths, i);
		if (lineout_open(&l->file, *path) == 0)
			return 0;
	}
	return *path ? -1 : lineout_open(&l->file, NULL);
}

static void
find_zone(struct log *l, int64_t now)
{
	unsigned char bytes[ZONEFILE_ROOM];
	const char *rule;
	size_t n = zonefile_read(bytes, &rule);

	zone_find(rule, bytes, n, now, &l->zone);
}

static struct logline_when
wall_clock(struct log *l)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	if (ts.tv_sec < l->zone.from || ts.tv_sec >= l->zone.until)
		find_zone(l, ts.tv_sec);
	return (struct logline_when){ ts.tv_sec, (int)ts.tv_nsec, l->zone.offset, false };
}

static void
write_line(struct log *l, enum logline_stamp stamp, enum logline_level level, const char *text)
{
	char room[4096]; /* what JSON escapes of it has room too */
	struct buf line = buf_over(room, sizeof room);
	struct logline_when now = wall_clock(l);
	struct logline_source us = { .level = level, .pid = (int)getpid(), .worker = -1 };

	logline_head(&line, stamp, &now, &us);
	if (stamp == LOGLINE_JSON) {
		buf_json(&line, text, strlen(text));
		buf_puts(&line, "}\n");
	} else {
		buf_printf(&line, "%s\n", text);
	}
	if (line.cut)
		room[line.len - 1] = '\n';
	(void)lineout_write(&l->file, room, line.len); /* counted there, told by log_say */
}

void
log_say(struct supervise *s, enum logline_level level, const char *format, ...)
{
	static const unsigned char stamps[] = { [CONFIG_LOG_RUBY] = LOGLINE_RUBY,
		[CONFIG_LOG_PLAIN] = LOGLINE_NONE,
		[CONFIG_LOG_JSON] = LOGLINE_JSON,
		[CONFIG_LOG_CRI] = LOGLINE_CRI };
	enum logline_stamp stamp = (enum logline_stamp)stamps[s->live->log_format];
	struct log *l = &s->log;
	unsigned long lost = l->file.lost;
	char room[2048];
	struct buf text = buf_over(room, sizeof room); /* a cut is stated */
	va_list ap;

	if (level < (enum logline_level)s->live->log_level)
		return;
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	write_line(l, stamp, level, room);
	if (lost > 0 && l->file.lost == 0) {
		buf_clear(&text);
		buf_printf(&text, "%lu log lines before this one could not be written", lost);
		write_line(l, stamp, LOGLINE_WARN, room);
	}
}
