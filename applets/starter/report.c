#include "report.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/sys/atomic.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/dumpfile.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/spawn.h"
#include "../../lib/sys/unixsock.h"
#include "../applet.h"

static const char *const states[] = {
	[GENERATION_STARTING] = "starting",
	[GENERATION_FAILED] = "failed",
	[GENERATION_CURRENT] = "current",
	[GENERATION_OLD] = "old",
	[GENERATION_TOLD] = "told",
	[GENERATION_KILLED] = "killed",
};

void
report_name(pid_t pid, char name[32])
{
	(void)buf_print_to(name, 32, "@se-starter-%d", (int)pid); /* fits */
}

/* ---- its two forms ---- */

static void
put_table(const struct starter *s, struct buf *b, ms now)
{
	buf_printf(b, "pid %d  up ", (int)s->pid);
	buf_duration(b, now - s->started);
	buf_printf(b, "  restarts %lu  failures %lu\n%10s %7s %-8s %s\n", s->restarts, s->failures,
	    "GENERATION", "PID", "STATE", "AGE");
	for (unsigned i = 0; i < s->g.count; i++) {
		const struct generation *g = &s->g.all[i];

		buf_printf(b, "%10u %7d %-8s ", g->number, g->pid, states[g->state]);
		buf_duration(b, now - g->started);
		buf_puts(b, "\n");
	}
	if (s->sockets > 0)
		buf_printf(b, "%10s %7s %s\n", "FD", "WAITING", "LISTENER");
	for (unsigned i = 0; i < s->sockets; i++) {
		unsigned waiting, most;

		buf_printf(b, "%10d ", s->at[i].fd);
		if (listener_queue(s->socket[i].fd, &waiting, &most))
			buf_printf(b, "%7u ", waiting);
		else
			buf_printf(b, "%7s ", "-");
		endpoint_key(&s->at[i], b);
		buf_puts(b, "\n");
	}
}

static void
put_seconds(struct buf *b, const char *name, ms time)
{
	buf_printf(b, "\"%s\":%lld.%03lld", name, (long long)time / 1000, (long long)time % 1000);
}

static void
put_json(const struct starter *s, struct buf *b, ms now)
{
	buf_printf(b, "{\"version\":\"%s\",\"pid\":%d,", SEBOX_VERSION, (int)s->pid);
	put_seconds(b, "uptime", now - s->started);
	buf_printf(
	    b, ",\"restarts\":%lu,\"failures\":%lu,\"generations\":[", s->restarts, s->failures);
	for (unsigned i = 0; i < s->g.count; i++) {
		const struct generation *g = &s->g.all[i];

		buf_printf(b, "%s{\"generation\":%u,\"pid\":%d,\"state\":\"%s\",", i > 0 ? "," : "",
		    g->number, g->pid, states[g->state]);
		put_seconds(b, "age", now - g->started);
		buf_puts(b, "}");
	}
	buf_puts(b, "],\"listeners\":[");
	for (unsigned i = 0; i < s->sockets; i++) {
		char room[ENDPOINT_HOST + 16];
		struct buf key = buf_over(room, sizeof room);
		unsigned waiting, most;

		endpoint_key(&s->at[i], &key);
		buf_printf(b, "%s{\"fd\":%d,\"name\":", i > 0 ? "," : "", s->at[i].fd);
		buf_json(b, room, key.len);
		if (listener_queue(s->socket[i].fd, &waiting, &most))
			buf_printf(b, ",\"waiting\":%u,\"backlog\":%u", waiting, most);
		buf_puts(b, "}");
	}
	buf_puts(b, "]}\n");
}

/* ---- who asks ---- */

void
report_open(struct starter *s)
{
	char name[32];

	report_name(s->pid, name);
	s->status_fd = unixsock_listen(name, geteuid(), getegid());
	if (s->status_fd >= 0 && loop_watch(s->status_fd, TAG_STATUS, false) == 0)
		return;
	starter_say(s, "status: %s: %s: nobody can ask for it", name, call_reason());
}

void
report_answer(struct starter *s, ms now)
{
	uid_t uid;
	int fd = unixsock_accept(s->status_fd, &uid);
	char *room;

	if (fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
			s->status_again = now + MS_SECOND;
			(void)loop_rewatch(s->status_fd, TAG_STATUS, false, false);
		}
		return; /* else it has gone, or a spurious event */
	}
	if ((uid == 0 || uid == geteuid()) && (room = memory_get(STATUS_ROOM)) != NULL) {
		struct buf b = buf_over(room, STATUS_ROOM);
		const struct generation *current = generations_in(&s->g, GENERATION_CURRENT);

		buf_printf(&b, "%u %u %u %u %u %s\n", s->g.number, s->failed,
		    current ? current->number : 0, s->upgrade.done, s->upgrade.refused,
		    s->upgrade.why);
		put_table(s, &b, now);
		buf_put(&b, "", 1);
		put_json(s, &b, now);
		buf_put(&b, "", 1);
		/* an empty socket takes as much at once */
		(void)send(fd, room, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		memory_free(room, STATUS_ROOM);
	}
	close(fd);
}

void
report_tick(struct starter *s, ms now)
{
	if (now < s->status_again)
		return;
	s->status_again = MS_NEVER;
	(void)loop_rewatch(s->status_fd, TAG_STATUS, true, false); /* if not: nobody can ask */
}

/* ---- files ---- */

static int
write_file(const struct starter *s)
{
	char room[GENERATIONS_MAX * 24], temp[4096];
	struct buf b = buf_over(room, sizeof room);
	int fd = atomic_begin(s->o->status_file, 0666, temp, sizeof temp);

	if (fd < 0)
		return errno;
	for (unsigned i = 0; i < s->g.count; i++)
		buf_printf(&b, "%u:%d\n", s->g.all[i].number, s->g.all[i].pid);
	if (!out_write(fd, room, b.len)) {
		int e = errno;

		(void)atomic_end(
		    fd, temp, s->o->status_file, false); /* the write's error is told */
		return e;
	}
	return atomic_end(fd, temp, s->o->status_file, true) < 0 ? errno : 0;
}

void
report_file(struct starter *s)
{
	int error;

	if (!s->o->status_file)
		return;
	error = write_file(s);
	if (error == 0)
		s->status_made = true;
	if (error != s->status_error && error != 0)
		starter_say(s, "status file %s: %s", s->o->status_file, strerror(error));
	s->status_error = error;
}

static int
dump(void *arg)
{
	const struct starter *s = arg;
	char path[4096], *room = memory_get(STATUS_ROOM);
	struct buf p = buf_over(path, sizeof path), b;
	int fd;

	dumpfile_path(NULL, s->pid, &p);
	if (!room || p.cut || (fd = dumpfile_open(path)) < 0)
		return 1;
	b = buf_over(room, STATUS_ROOM);
	put_table(s, &b, loop_now());
	return out_write(fd, room, b.len) ? 0 : 1;
}

void
report_dump(struct starter *s)
{
	if (spawn_helper(dump, s) < 0)
		starter_say(s, "dump: %s", call_reason());
}
