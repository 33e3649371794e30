#include "files.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/sys/atomic.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/dumpfile.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/spawn.h"
#include "status.h"

/* Writes everything that is in the buffer; false: errno. */
static bool
flush(int fd, struct buf *b)
{
	bool written = out_write(fd, b->base, b->len);

	buf_clear(b);
	return written;
}

/* All pieces of a status, by whole buffers. */
static bool
write_status(const struct supervise *s, enum command_format format, int fd)
{
	char room[8 * STATUS_PIECE_MAX];
	struct buf b = buf_over(room, sizeof room);
	unsigned cursor = 0;
	ms now = loop_now();

	while (status_next(s, format, &cursor, &b, now))
		if (b.room - b.len < STATUS_PIECE_MAX && !flush(fd, &b))
			return false;
	return flush(fd, &b);
}

static bool
write_dump(const struct supervise *s, int fd)
{
	char room[2 * STATUS_PIECE_MAX];
	struct buf b = buf_over(room, sizeof room);
	unsigned cursor = 0;
	ms now = loop_now();

	if (!write_status(s, COMMAND_TABLE, fd))
		return false;
	while (status_dump_next(s, &cursor, &b, now))
		if (!flush(fd, &b))
			return false;
	buf_puts(&b, "\n");
	return flush(fd, &b);
}

void
files_dump_path(const struct supervise *s, struct buf *b)
{
	dumpfile_path(s->pid, b);
}

/* The dump's helper: its exit status is the errno, 0: done. */
static int
dump(void *arg)
{
	const struct supervise *s = arg;
	char path[4096];
	struct buf b = buf_over(path, sizeof path);
	int fd;

	files_dump_path(s, &b);
	if (b.cut)
		return ENAMETOOLONG;
	fd = dumpfile_open(path);
	return fd >= 0 && write_dump(s, fd) ? 0 : errno;
}

const char *
files_dump(struct supervise *s)
{
	pid_t pid;

	if (s->boot->disable_sigdump)
		return "disable_sigdump is set";
	if (s->dump_pid > 0)
		return "the last dump is still being written";
	if ((pid = spawn_helper(dump, s)) < 0)
		return call_reason();
	s->dump_pid = pid;
	return NULL;
}

/* The metrics' helper; exits as the dump's. */
static int
write_metrics(void *arg)
{
	const struct supervise *s = arg;
	const char *path = s->live->metrics_path;
	char temp[4096];
	int fd = atomic_begin(path, 0644, temp, sizeof temp);
	bool whole;

	if (fd < 0)
		return errno;
	whole = write_status(s, COMMAND_PROMETHEUS, fd);
	return atomic_end(fd, temp, path, whole) == 0 && whole ? 0 : errno;
}

ms
files_due(const struct supervise *s)
{
	return s->live->metrics_path && s->changed && s->metrics_pid == 0 ? s->metrics_next
									  : MS_NEVER;
}

void
files_metrics(struct supervise *s, ms now)
{
	pid_t pid;

	if (now < files_due(s))
		return;
	s->changed = false;
	s->metrics_next = now + MS_SECOND;
	if ((pid = spawn_helper(write_metrics, s)) > 0)
		s->metrics_pid = pid;
	else
		log_say(&s->log, LOGLINE_ERROR, "metrics_path: %s", call_reason());
}

bool
files_on_exit(struct supervise *s, pid_t pid, int status)
{
	pid_t *helper = pid == s->dump_pid ? &s->dump_pid
	    : pid == s->metrics_pid        ? &s->metrics_pid
					   : NULL;
	const char *what = helper == &s->dump_pid ? "dump" : "metrics_path", *why = NULL;

	if (!helper)
		return false;
	*helper = 0;
	if (WIFSIGNALED(status))
		why = "its helper was killed";
	else if (WEXITSTATUS(status) != 0)
		why = strerror(WEXITSTATUS(status));
	if (why)
		log_say(&s->log, LOGLINE_ERROR, "%s: %s", what, why);
	return true;
}
