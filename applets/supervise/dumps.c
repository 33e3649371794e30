#include "dumps.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/dumpfile.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/spawn.h"
#include "../applet.h"
#include "control.h"
#include "status.h"
#include "workers.h"

extern char **environ;

/* A helper that does not even come to be se-sigdump exits with this and its errno. */
#define NOT_BEGUN 100

/* ---- in the helper ---- */

/* The dump file as our stdout; false: errno. */
static bool
open_output(const struct supervise *s)
{
	char path[4096];
	struct buf b = buf_over(path, sizeof path);
	int fd;

	dumpfile_path(NULL, s->pid, &b);
	if (b.cut) {
		errno = ENAMETOOLONG;
		return false;
	}
	return (fd = dumpfile_open(path)) >= 0 && dup2(fd, STDOUT_FILENO) >= 0;
}

/* Everything that we know of ourselves. False: errno. */
static bool
write_state(const struct supervise *s)
{
	char room[2 * STATUS_PIECE_MAX];
	struct buf b = buf_over(room, sizeof room);
	unsigned cursor = 0;

	if (!status_write(s, COMMAND_TABLE, STDOUT_FILENO))
		return false;
	while (status_dump_next(s, &cursor, &b)) {
		if (!out_write(STDOUT_FILENO, b.base, b.len))
			return false;
		buf_clear(&b);
	}
	return out_text(STDOUT_FILENO, "\n");
}

/* Becomes se-sigdump of the processes in slots from to end; 0: there are none. */
static int
become_sigdump(const struct supervise *s, unsigned from, unsigned end)
{
	/* as CONFIG_DUMP_TIME */
	static char *const words[] = { "se-sigdump", "--output=-", "--timeout=10s" };
	enum { WORDS = sizeof words / sizeof *words, DIGITS = 12 };
	char **argv = memory_get((WORDS + end - from + 1) * (sizeof *argv + DIGITS));
	char *text;
	size_t n = WORDS;

	if (!argv)
		return NOT_BEGUN + errno;
	memcpy(argv, words, sizeof words);
	text = (char *)(argv + WORDS + end - from + 1);
	for (; from < end; from++)
		if (s->slot[from].pid > 0) {
			(void)buf_print_to(text, DIGITS, "%d", (int)s->slot[from].pid); /* fits */
			argv[n++] = text;
			text += DIGITS;
		}
	if (n == WORDS)
		return 0;
	spawn_become(s->self, argv, environ);
	return NOT_BEGUN + errno;
}

static int
dump_all(void *arg)
{
	const struct supervise *s = arg;

	return open_output(s) && write_state(s) ? become_sigdump(s, 0, s->nslots)
						: NOT_BEGUN + errno;
}

struct look {
	const struct supervise *supervise;
	unsigned slot;
};

static int
dump_worker(void *arg)
{
	const struct look *l = arg;

	return open_output(l->supervise) ? become_sigdump(l->supervise, l->slot, l->slot + 1)
					 : NOT_BEGUN + errno;
}

/* ---- here ---- */

static void
log_path(struct supervise *s, const char *what)
{
	char path[1024];
	struct buf b = buf_over(path, sizeof path);

	dumpfile_path(NULL, s->pid, &b);
	log_say(s, LOGLINE_INFO, "%s to %s", what, path);
}

const char *
dumps_all(struct supervise *s)
{
	pid_t pid;

	if (!&applet_sigdump)
		return "se-sigdump is not built in";
	if (s->boot->disable_sigdump)
		return "disable_sigdump is set";
	if (s->dumps.all > 0)
		return "the last dump is still being written";
	if ((pid = spawn_helper(dump_all, s)) < 0)
		return call_reason();
	s->dumps.all = pid;
	log_path(s, "Dumping");
	return NULL;
}

/* Begins the dump of slot i; false: there is none. */
static bool
begin(struct supervise *s, struct dumps_one *d, unsigned i)
{
	struct look l = { s, i };

	if ((d->helper = spawn_helper(dump_worker, &l)) < 0) {
		d->helper = 0;
		log_say(s, LOGLINE_ERROR, "Worker %u (pid %d): dump: %s", i, (int)s->slot[i].pid,
		    call_reason());
		return false;
	}
	d->worker = s->slot[i].pid;
	d->slot = i;
	return true;
}

static struct dumps_one *
find(struct supervise *s, pid_t helper)
{
	for (unsigned n = 0; n < DUMPS; n++)
		if (s->dumps.one[n].helper == helper)
			return &s->dumps.one[n];
	return NULL;
}

bool
dumps_worker(struct supervise *s, unsigned i, const char *why)
{
	struct dumps_one *d = find(s, 0);
	char what[128];

	(void)buf_print_to(what, sizeof what, "Worker %u (pid %d): %s: dumping it", i,
	    (int)s->slot[i].pid, why); /* fits */
	log_path(s, what);
	if (d)
		return begin(s, d, i);
	s->slot[i].queued = true;
	s->dumps.waiting++;
	return true;
}

void
dumps_forget(struct supervise *s, unsigned i)
{
	s->dumps.waiting -= s->slot[i].queued;
	s->slot[i].queued = false;
}

/* The next one that still waits to be ended takes the free place. */
static void
next(struct supervise *s, struct dumps_one *d)
{
	for (unsigned i = 0; i < s->nslots && s->dumps.waiting > 0 && d->helper == 0; i++) {
		if (!s->slot[i].queued)
			continue;
		dumps_forget(s, i);
		if (s->slot[i].machine.dump != MS_NEVER && !begin(s, d, i))
			workers_feed_event(s, i, WORKER_EV_DUMPED);
	}
}

/* Logs what is wrong with a dump whose helper ended so, and writes it to why, which is empty. */
static void
log_end(struct supervise *s, int status, struct buf *why)
{
	int code = WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
	char path[512];
	struct buf b = buf_over(path, sizeof path);

	if (code == 0)
		return;
	dumpfile_path(NULL, s->pid, &b);
	buf_printf(why, "%.300s: ", path);
	if (code < 0)
		buf_puts(why, "its helper was killed");
	else if (code > NOT_BEGUN)
		buf_puts(why, strerror(code - NOT_BEGUN));
	else
		buf_printf(why, "not complete: se-sigdump ended with status %d", code);
	log_say(
	    s, code > 0 && code <= NOT_BEGUN ? LOGLINE_WARN : LOGLINE_ERROR, "dump: %s", why->base);
}

bool
dumps_is_helper(const struct supervise *s, pid_t pid)
{
	bool found = pid == s->dumps.all;

	for (unsigned n = 0; n < DUMPS; n++)
		found |= pid == s->dumps.one[n].helper;
	return found;
}

bool
dumps_on_exit(struct supervise *s, pid_t pid, int status)
{
	struct dumps_one *d = find(s, pid);
	char text[512];
	struct buf why = buf_over(text, sizeof text);

	if (pid != s->dumps.all && !d)
		return false;
	log_end(s, status, &why);
	if (!d) {
		s->dumps.all = 0;
		control_ended(s, CONTROL_DUMPED, why.len > 0 ? text : NULL);
		return true;
	}
	d->helper = 0;
	if (s->slot[d->slot].pid == d->worker)
		workers_feed_event(s, d->slot, WORKER_EV_DUMPED);
	next(s, d);
	return true;
}
