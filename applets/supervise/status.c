#include "status.h"

#include <string.h>
#include <sys/wait.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/proc.h"
#include "../applet.h"
#include "workers.h"

static const char *
fleet_state(const struct supervise *s)
{
	return s->fleet.state == FLEET_RUNNING ? "running" : "stopping";
}

/* Slots that have something to tell: surplus ones are over once they are down. */
static bool
is_shown(const struct supervise *s, unsigned i)
{
	return i < s->wanted || s->slot[i].machine.state != WORKER_DOWN;
}

static unsigned
count_up(const struct supervise *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->nslots; i++)
		n += s->slot[i].machine.state == WORKER_UP;
	return n;
}

/* How long the process has run; -1: there is none. */
static ms
uptime(const struct slot *w, ms now)
{
	return worker_alive(&w->machine) ? now - w->machine.started : -1;
}

/* How long ago the last heartbeat was; -1: there was none. */
static ms
beat_age(const struct slot *w, ms now)
{
	return w->machine.beat != MS_NEVER ? now - w->machine.beat : -1;
}

/* For programs; t -1: none. */
static void
put_seconds(struct buf *b, ms t, const char *none)
{
	if (t < 0)
		buf_puts(b, none);
	else
		buf_printf(b, "%lld.%03lld", (long long)t / 1000, (long long)t % 1000);
}

/* For people, to whom three figures are enough: "3d04h", "4h05m", "6m07s", "8.9s"; -1: "-". */
static void
put_age(struct buf *b, ms t)
{
	static const struct {
		int length; /* in seconds */
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	int s = (int)(t / 1000);

	for (int i = 0; i < 3; i++)
		if (s >= units[i].length) {
			buf_printf(b, "%d%c%02d%c", s / units[i].length, units[i].unit,
			    s % units[i].length / units[i + 1].length, units[i + 1].unit);
			return;
		}
	if (t < 0)
		buf_puts(b, "-");
	else
		buf_printf(b, "%d.%ds", s, (int)(t / 100 % 10));
}

/* The last exit: "status 1" or "SIGKILL", or what stands for none. */
static void
put_exit(struct buf *b, const struct slot *w, const char *none)
{
	char name[16];

	if (!w->exited) {
		buf_puts(b, none);
	} else if (WIFEXITED(w->status)) {
		buf_printf(b, "status %d", WEXITSTATUS(w->status));
	} else {
		num_signal_name(WTERMSIG(w->status), name);
		buf_puts(b, name);
	}
}

static void
table_row(const struct supervise *s, unsigned i, struct buf *out)
{
	const struct slot *w = &s->slot[i];
	struct buf up, end, beat, cpu, *const column[] = { &up, &end, &beat, &cpu };
	char room[4][24];
	struct proc_stat st;

	for (size_t c = 0; c < 4; c++)
		*column[c] = buf_over(room[c], sizeof room[c]);
	(void)proc_stat(w->pid, &st); /* zeroes where it is not known */
	put_age(&up, uptime(w, s->now));
	put_exit(&end, w, "-");
	put_age(&beat, beat_age(w, s->now));
	put_age(&cpu, st.cpu);
	buf_printf(out, "%4u %7d %-8s %7s %8u %-10s %7s %7s %6lluK  ", i, (int)w->pid,
	    workers_state(w), up.base, w->restarts, end.base, beat.base, cpu.base,
	    (unsigned long long)st.rss / 1024);
	buf_escape(out, w->text, w->text_len, SLOT_STATUS_MAX);
	buf_puts(out, "\n");
}

static void
table_piece(const struct supervise *s, unsigned cursor, struct buf *out)
{
	if (cursor > 0) {
		table_row(s, cursor - 1, out);
		return;
	}
	buf_printf(out, "pid %d  %s  uptime ", (int)s->pid, fleet_state(s));
	put_age(out, s->now - s->started);
	buf_printf(
	    out, "  workers %u wanted, %u up  restarts %lu", s->wanted, count_up(s), s->restarts);
	if (s->rolling.on)
		buf_printf(
		    out, "  rolling restart %u of %u", s->rolling.renewed, s->rolling.workers);
	buf_puts(out,
	    "\n  ID     PID STATE     UPTIME RESTARTS LAST EXIT     BEAT     CPU     RSS  "
	    "STATUS\n");
}

/* Is there no row before that of slot i? */
static bool
is_first(const struct supervise *s, unsigned i)
{
	while (i > 0)
		if (is_shown(s, --i))
			return false;
	return true;
}

static void
json_row(const struct supervise *s, unsigned i, struct buf *out)
{
	const struct slot *w = &s->slot[i];
	const char *quote = w->exited ? "\"" : "";
	struct proc_stat st;

	(void)proc_stat(w->pid, &st); /* zeroes where it is not known */
	buf_printf(out, "%s{\"id\":%u,\"pid\":", is_first(s, i) ? "\n" : ",\n", i);
	if (w->pid > 0)
		buf_printf(out, "%d", (int)w->pid);
	else
		buf_puts(out, "null");
	buf_printf(out, ",\"state\":\"%s\",\"ready\":%s,\"uptime\":", workers_state(w),
	    w->machine.ready ? "true" : "false");
	put_seconds(out, uptime(w, s->now), "null");
	buf_printf(out, ",\"restarts\":%u,\"last_exit\":%s", w->restarts, quote);
	put_exit(out, w, "null");
	buf_printf(out, "%s,\"heartbeat_age\":", quote);
	put_seconds(out, beat_age(w, s->now), "null");
	buf_puts(out, ",\"cpu\":");
	put_seconds(out, st.cpu, "null");
	buf_printf(out, ",\"rss\":%llu,\"status\":", (unsigned long long)st.rss);
	buf_json(out, w->text, w->text_len);
	buf_puts(out, "}");
}

static void
json_piece(const struct supervise *s, unsigned cursor, struct buf *out)
{
	if (cursor > s->nslots) {
		buf_puts(out, "]}\n");
	} else if (cursor > 0) {
		json_row(s, cursor - 1, out);
	} else {
		buf_printf(out,
		    "{\"pid\":%d,\"version\":\"%s\",\"state\":\"%s\",\"uptime\":", (int)s->pid,
		    SEBOX_VERSION, fleet_state(s));
		put_seconds(out, s->now - s->started, "null");
		buf_printf(out, ",\"wanted\":%u,\"up\":%u,\"restarts\":%lu,\"rolling\":", s->wanted,
		    count_up(s), s->restarts);
		if (s->rolling.on)
			buf_printf(out, "{\"renewed\":%u,\"of\":%u}", s->rolling.renewed,
			    s->rolling.workers);
		else
			buf_puts(out, "null");
		buf_puts(out, ",\"workers\":[");
	}
}

/* The metrics of a worker, which the exposition format wants together, under one heading each. */
static const char *const metrics[] = {
	"worker_up gauge",
	"worker_ready gauge",
	"worker_restarts_total counter",
	"worker_uptime_seconds gauge",
	"worker_heartbeat_age_seconds gauge",
	"worker_cpu_seconds_total counter",
	"worker_resident_memory_bytes gauge",
};

#define METRICS (sizeof metrics / sizeof *metrics)

static void
metric_value(const struct slot *w, size_t metric, struct buf *out, ms now)
{
	struct proc_stat st = { 0 };
	unsigned long long n;

	if (metric >= 5)
		(void)proc_stat(w->pid, &st); /* zeroes where it is not known */
	n = st.rss;
	switch (metric) {
	case 0:
		n = w->machine.state == WORKER_UP;
		break;
	case 1:
		n = w->machine.ready;
		break;
	case 2:
		n = w->restarts;
		break;
	case 3:
		put_seconds(out, uptime(w, now), "0.000");
		return;
	case 4:
		put_seconds(out, beat_age(w, now), "NaN");
		return;
	case 5:
		put_seconds(out, st.cpu, "0.000");
		return;
	}
	buf_printf(out, "%llu", n);
}

/* One that is not a worker's. */
static void
total(struct buf *out, const char *metric, unsigned long value)
{
	buf_printf(out, "# TYPE se_supervise_%s\nse_supervise_%.*s %lu\n", metric,
	    (int)text_span(metric, " "), metric, value);
}

static void
prometheus_piece(const struct supervise *s, unsigned cursor, struct buf *out)
{
	unsigned metric, i;

	if (cursor == 0) {
		total(out, "workers_wanted gauge", s->wanted);
		total(out, "workers_up gauge", count_up(s));
		total(out, "restarts_total counter", s->restarts);
		total(out, "uptime_seconds gauge", (unsigned long)((s->now - s->started) / 1000));
		return;
	}
	metric = (cursor - 1) / (s->nslots + 1);
	i = (cursor - 1) % (s->nslots + 1);
	if (i == 0) {
		buf_printf(out, "# TYPE se_supervise_%s\n", metrics[metric]);
		return;
	}
	buf_printf(out, "se_supervise_%.*s{worker=\"%u\"} ", (int)text_span(metrics[metric], " "),
	    metrics[metric], i - 1);
	metric_value(&s->slot[i - 1], metric, out, s->now);
	buf_puts(out, "\n");
}

/* The slot that a piece speaks of; nslots: none. */
static unsigned
slot_of(const struct supervise *s, enum command_format format, unsigned cursor)
{
	unsigned at = cursor;

	if (format == COMMAND_PROMETHEUS && cursor > 0)
		at = (cursor - 1) % (s->nslots + 1);
	return at > 0 && at <= s->nslots ? at - 1 : s->nslots;
}

static unsigned
pieces(const struct supervise *s, enum command_format format)
{
	switch (format) {
	case COMMAND_TABLE:
		return s->nslots + 1;
	case COMMAND_JSON:
		return s->nslots + 2;
	case COMMAND_PROMETHEUS:
		return 1 + (unsigned)METRICS * (s->nslots + 1);
	}
	return 0;
}

bool
status_next(
    const struct supervise *s, enum command_format format, unsigned *cursor, struct buf *out)
{
	unsigned last = pieces(s, format), i;

	while (*cursor < last && (i = slot_of(s, format, *cursor)) < s->nslots && !is_shown(s, i))
		++*cursor;
	if (*cursor >= last)
		return false;
	switch (format) {
	case COMMAND_TABLE:
		table_piece(s, *cursor, out);
		break;
	case COMMAND_JSON:
		json_piece(s, *cursor, out);
		break;
	case COMMAND_PROMETHEUS:
		prometheus_piece(s, *cursor, out);
		break;
	}
	++*cursor;
	return true;
}

bool
status_write(const struct supervise *s, enum command_format format, int fd)
{
	char room[8 * STATUS_PIECE_MAX];
	struct buf b = buf_over(room, sizeof room);
	unsigned cursor = 0;

	while (status_next(s, format, &cursor, &b)) {
		if (b.room - b.len >= STATUS_PIECE_MAX)
			continue;
		if (!out_write(fd, b.base, b.len))
			return false;
		buf_clear(&b);
	}
	return out_write(fd, b.base, b.len);
}

static void
put_due(struct buf *b, const char *what, ms due, ms now)
{
	if (due == MS_NEVER)
		return;
	buf_printf(b, " %s in ", what);
	put_age(b, due > now ? due - now : 0);
}

bool
status_dump_next(const struct supervise *s, unsigned *cursor, struct buf *out)
{
	unsigned i;
	const struct worker *m;

	if (*cursor == 0) {
		buf_printf(out, "descriptors: log %d, pid file %d, control %d, reports %d\n",
		    s->log.file.fd, s->pidfile.fd, s->control.fd, s->reports_fd);
		if (s->listeners.count > 0)
			buf_printf(out, "%s\n", s->listeners.ports);
		buf_puts(out, "timers:\n");
		++*cursor;
		return true;
	}
	for (i = *cursor - 1; i < s->nslots && !is_shown(s, i); i++)
		;
	*cursor = i + 2;
	if (i >= s->nslots)
		return false;
	m = &s->slot[i].machine;
	buf_printf(out, "  worker %u: heartbeat pipe %d,", i, s->slot[i].beat_fd);
	put_due(out, "start", m->spawn, s->now);
	put_due(out, "heartbeat check", m->part, s->now);
	put_due(out, "end of its dump", m->dump, s->now);
	put_due(out, "probe", m->probe, s->now);
	put_due(out, "replacement", m->retire, s->now);
	put_due(out, "next signal", m->kill.due, s->now);
	buf_printf(out, " kill rung %d, %u sent, %u of %u parts silent\n", (int)m->kill.rung,
	    m->kill.sent, m->silent, WORKER_PARTS);
	return true;
}
