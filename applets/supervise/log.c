#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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

static struct logline_time
wall_clock(void)
{
	struct timespec ts = { 0 };
	struct tm tm = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	(void)localtime_r(&ts.tv_sec, &tm);       /* a year beyond int: zeroes */
	return (struct logline_time){
		.year = tm.tm_year + 1900,
		.month = tm.tm_mon + 1,
		.day = tm.tm_mday,
		.hour = tm.tm_hour,
		.minute = tm.tm_min,
		.second = tm.tm_sec,
		.microsecond = (int)(ts.tv_nsec / 1000),
	};
}

static void
write_line(struct log *l, enum logline_level level, const char *text)
{
	char room[2304];
	struct buf line = buf_over(room, sizeof room);
	struct logline_time now = wall_clock();

	logline_ruby(&line, level, &now, (int)getpid(), text);
	if (line.cut)
		room[line.len - 1] = '\n';
	(void)logfile_write(&l->file, room, line.len); /* counted there, told by log_say */
}

void
log_say(struct log *l, enum logline_level level, const char *format, ...)
{
	unsigned long lost = l->file.lost;
	char text[2048];
	va_list ap;

	if (level < l->level)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap); /* cut is stated */
	va_end(ap);
	write_line(l, level, text);
	if (lost > 0 && l->file.lost == 0) {
		(void)snprintf(
		    text, sizeof text, "%lu log lines before this one could not be written", lost);
		write_line(l, LOGLINE_WARN, text);
	}
}
