#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
log_open(struct log *l, const struct opt_list *paths, const char **path)
{
	*path = NULL;
	for (unsigned i = 0; i < paths->count; i++) {
		*path = optval_list_at(paths, i);
		if (logfile_open(&l->file, *path) == 0)
			return 0;
	}
	return *path ? -1 : logfile_open(&l->file, NULL);
}

/* The zone's file by its name in TZ, or the system's. */
static void
zone_path(const char *tz, struct buf *path)
{
	if (!tz)
		buf_puts(path, "/etc/localtime");
	else if (*tz == '/')
		buf_puts(path, tz);
	else
		buf_printf(path, "/usr/share/zoneinfo/%s", tz);
}

/* Which offset from UTC holds now, by TZ as tzset(3); UTC where nothing tells. */
static void
find_zone(struct log *l, int64_t now)
{
	char room[256], *tz = getenv("TZ");
	struct buf path = buf_over(room, sizeof room);
	unsigned char bytes[8192];
	bool known;
	ssize_t n = -1;
	int fd;

	tz += tz && *tz == ':';
	known = tz && zone_by_rule(tz, now, &l->zone);
	zone_path(tz, &path);
	if (!known && !path.cut && (fd = open(room, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) >= 0) {
		n = read(fd, bytes, sizeof bytes);
		close(fd);
	}
	if (!known && (n <= 0 || !zone_by_file(bytes, (size_t)n, now, &l->zone)))
		l->zone = (struct zone_span){ 0, INT64_MIN, INT64_MAX };
}

static struct logline_time
wall_clock(struct log *l)
{
	struct timespec ts = { 0 };
	struct zone_civil c;

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	if (ts.tv_sec < l->zone.from || ts.tv_sec >= l->zone.until)
		find_zone(l, ts.tv_sec);
	c = zone_civil(ts.tv_sec + l->zone.offset);
	return (struct logline_time){ c.year, c.month, c.day, c.hour, c.minute, c.second,
		(int)(ts.tv_nsec / 1000) };
}

static void
write_line(struct log *l, enum logline_level level, const char *text)
{
	char room[2304];
	struct buf line = buf_over(room, sizeof room);
	struct logline_time now = wall_clock(l);

	logline_ruby(&line, level, &now, (int)getpid(), text);
	if (line.cut)
		room[line.len - 1] = '\n';
	(void)logfile_write(&l->file, room, line.len); /* counted there, told by log_say */
}

void
log_say(struct log *l, enum logline_level level, const char *format, ...)
{
	unsigned long lost = l->file.lost;
	char room[2048];
	struct buf text = buf_over(room, sizeof room); /* a cut is stated */
	va_list ap;

	if (level < l->level)
		return;
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	write_line(l, level, room);
	if (lost > 0 && l->file.lost == 0) {
		buf_clear(&text);
		buf_printf(&text, "%lu log lines before this one could not be written", lost);
		write_line(l, LOGLINE_WARN, room);
	}
}
