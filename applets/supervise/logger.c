#include "logger.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/fdpass.h"
#include "../../lib/sys/intake.h"
#include "../../lib/sys/ledger.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/spawn.h"
#include "../../lib/wire/hold.h"
#include "ends.h"
#include "link.h"
#include "supervise.h"

#define OWN_KEY 0
/* With ids for its %d and %p it fits into a lines' prefix; see se-logrotate's inputs. */
#define PREFIX_MAX 48
#define NO_KEY     UINT32_MAX
#define OWN_PIPE   (256 * 1024)
/* A logger that lived for less is not started again at once. */
#define SETTLED MS_SECOND
/* And a socket that is full is tried again after so long. */
#define RETRY 50
/* Pipes of workers that have gone, whose last lines are still to be written. */
#define SPARE 2048

extern char **environ;

bool
logger_needed(const struct config *c)
{
	const char *first = c->log.count > 0 ? optval_list_at(&c->log, 0) : "-";

	return strcmp(first, "-") != 0 || c->log_format != CONFIG_LOG_RUBY || c->log_prefix;
}

void
logger_init(struct logger *l, int self, int null)
{
	l->sock = l->ledger = l->own = -1;
	l->self = self;
	l->null = null;
}

bool
logger_check(const struct config *c, const char *path)
{
	const char *prefix = c->log_prefix ? c->log_prefix : "";

	path = path ? path : "";
	return strlen(prefix) <= PREFIX_MAX && strlen(path) < PATH_MAX &&
	    !text_char(prefix, '\n') && !text_char(path, '\n');
}

/*
 * The logger's command line, words that end with a NUL; false: it cannot be told, errno. *same: it
 * is what it was.
 */
static bool
write_args(struct logger *l, const struct config *c, const char *path, bool *same)
{
	static const char *const stamps[] = { [CONFIG_LOG_RUBY] = "none\n--header",
		[CONFIG_LOG_PLAIN] = "none",
		[CONFIG_LOG_JSON] = "json",
		[CONFIG_LOG_CRI] = "cri" };
	const char *prefix = c->log_prefix ? c->log_prefix : "";
	char room[sizeof l->args];
	struct buf b = buf_over(room, sizeof room); /* logger_check: it fits */

	buf_printf(&b, "se-logrotate\n--held\n--size=%llu\n--age=%u\n--stamp=%s\n%s%s%s%s--\n%s\n",
	    (unsigned long long)c->log_rotate_size, c->log_rotate_age, stamps[c->log_format],
	    *prefix ? "--prefix=" : "", prefix, *prefix ? "\n" : "",
	    c->log_overflow ? "--overflow=drop\n" : "", path);
	if (!logger_check(c, path)) {
		errno = EINVAL;
		return false;
	}
	for (size_t i = 0; i < b.len; i++)
		if (room[i] == '\n')
			room[i] = '\0';
	*same = b.len == l->args_len && memcmp(room, l->args, b.len) == 0;
	l->args_len = b.len;
	memcpy(l->args, room, b.len);
	return true;
}

const char *
logger_path(const struct logger *l)
{
	const char *nul = memrchr(l->args, '\0', l->args_len - 1);

	return nul + 1;
}

/* A free place for a pipe; NO_KEY: there is none. */
static unsigned
make_place(struct logger *l)
{
	for (unsigned i = 0; i < l->room; i++) {
		unsigned key = (l->next + i) % l->room;

		if (l->pipe[key].fd == 0) {
			l->next = key + 1;
			return key;
		}
	}
	return NO_KEY;
}

static void
free_place(struct logger *l, unsigned key)
{
	close(l->pipe[key].fd);
	l->pipe[key].fd = 0;
}

static void
on_told(struct logger *l, const struct hold_message *m)
{
	if (m->key >= l->room || l->pipe[m->key].fd <= 0)
		return;
	if (m->word == HOLD_CLOSED) { /* and all of it is written */
		free_place(l, m->key);
	} else if (m->word == HOLD_INPUT) {
		l->pipe[m->key].told = false;
		l->untold = true;
		l->due = loop_now() + MS_SECOND;
	}
}

/* Makes a pipe: the write end; its key. -1: errno. */
static int
make_pipe(struct logger *l, uint32_t stream, int worker, unsigned *key)
{
	int p[2];

	*key = make_place(l);
	if (*key == NO_KEY)
		return call_fail(EMFILE);
	if (call_pipe(p, O_CLOEXEC) < 0)
		return -1;
	l->pipe[*key] = (struct logger_pipe){ .fd = p[0], .stream = stream, .worker = worker };
	return p[1];
}

/* What lives as long as there is a logger at all; false: errno. */
static bool
make_lasting(struct logger *l)
{
	unsigned key;

	if (l->on)
		return true;
	if (l->self < 0) {
		errno = ENOENT;
		return false;
	}
	if (!logger_grow(l, 1) || (l->ledger = ledger_make()) < 0 || intake_make(l->taken) < 0 ||
	    (l->own = make_pipe(l, HOLD_NO_STREAM, -1, &key)) < 0)
		return false;
	(void)call_fcntl(l->own, F_SETPIPE_SZ, OWN_PIPE); /* else less waits in it */
	l->on = true;
	return true;
}

bool
logger_configure(struct logger *l, const struct config *c, const char *path, struct log *log)
{
	struct lineout own = { .may_block = true };
	bool same;

	if (!make_lasting(l) || !write_args(l, c, path ? path : "-", &same))
		return false;
	own.fd = l->own;
	if (log->file.fd != l->own)
		lineout_replace(&log->file, &own);
	if (same && l->pid > 0)
		(void)kill(l->pid, SIGHUP); /* it is not reaped: it is there */
	else
		l->finishing = l->pid > 0;
	return true;
}

bool
logger_aim(struct logger *l, const struct config *c, const char *path)
{
	bool same;

	return write_args(l, c, path, &same);
}

bool
logger_resume(struct logger *l, int self, int null)
{
	l->self = self;
	l->null = null;
	if (!l->on || l->below)
		return true;
	l->finishing = l->pid > 0;
	return l->sock < 0 || loop_watch(l->sock, TAG(TAG_LOGGER, 0), false) == 0;
}

void
logger_below(struct logger *l, int link, int own, struct log *log)
{
	struct lineout line = { .fd = own, .may_block = true };

	l->on = l->below = true;
	l->sock = link;
	l->own = own;
	log->file = line;
}

bool
logger_grow(struct logger *l, unsigned workers)
{
	unsigned room = 2 * workers + SPARE;

	if (room <= l->room)
		return true;
	if (room > HOLD_KEYS)
		room = HOLD_KEYS;
	if (!memory_grow(&l->pipe, l->room * sizeof *l->pipe, room * sizeof *l->pipe))
		return false;
	l->room = room;
	return true;
}

/* Which streams a worker's pipes take: one for both keeps their lines in order. */
static bool
apart(const struct config *c)
{
	return c->log_format == CONFIG_LOG_JSON || c->log_format == CONFIG_LOG_CRI;
}

unsigned
logger_fds(const struct config *c)
{
	if (!logger_needed(c) || !(c->log_stdout || c->log_stderr))
		return 0;
	return apart(c) && c->log_stdout && c->log_stderr ? 2 : 1;
}

bool
logger_pipes(
    struct logger *l, const struct config *c, unsigned worker, int out[2], unsigned keys[2])
{
	int e;

	out[0] = out[1] = -1;
	keys[0] = keys[1] = NO_KEY;
	if (!l->on)
		return true;
	if (c->log_stdout && (out[0] = make_pipe(l, HOLD_STDOUT, (int)worker, &keys[0])) < 0)
		return false;
	if (c->log_stderr && c->log_stdout && !apart(c)) {
		out[1] = out[0];
		return true;
	}
	if (!c->log_stderr || (out[1] = make_pipe(l, HOLD_STDERR, (int)worker, &keys[1])) >= 0)
		return true;
	e = errno;
	logger_started(l, out, keys, 0);
	errno = e;
	return false;
}

/* Gives a pipe to the supervisor, whose it is then; false: it cannot take it now. */
static bool
give(struct logger *l, unsigned key)
{
	const struct logger_pipe *p = &l->pipe[key];
	const struct link_message m = {
		.word = LINK_PIPE, .stream = p->stream, .worker = p->worker, .pid = p->pid
	};
	bool given = l->sock >= 0 && fdpass_send(l->sock, &m, sizeof m, p->fd) == 0;

	l->untold |= !given;
	if (given)
		free_place(l, key);
	return given;
}

/* Tells the logger of a pipe; false: it cannot take it now. */
static bool
tell(struct logger *l, unsigned key)
{
	struct logger_pipe *p = &l->pipe[key];
	const struct hold_message m = { HOLD_INPUT, key, p->stream, p->worker, p->pid };

	if (l->below)
		return give(l, key);
	p->told = l->sock >= 0 && fdpass_send(l->sock, &m, sizeof m, p->fd) == 0;
	l->untold |= !p->told;
	return p->told;
}

bool
logger_adopt(struct logger *l, int fd, uint32_t stream, int worker, int pid)
{
	unsigned key;

	if (!l->on)
		return false;
	if ((key = make_place(l)) == NO_KEY && logger_grow(l, l->room))
		key = make_place(l);
	if (key == NO_KEY)
		return false;
	l->pipe[key] =
	    (struct logger_pipe){ .fd = fd, .stream = stream, .worker = worker, .pid = pid };
	(void)tell(l, key); /* else later */
	return true;
}

void
logger_started(struct logger *l, int out[2], const unsigned keys[2], pid_t pid)
{
	for (int i = 0; i < 2; i++) {
		if (out[i] >= 0 && (i == 0 || out[1] != out[0]))
			close(out[i]);
		if (keys[i] == NO_KEY)
			continue;
		if (pid > 0) {
			l->pipe[keys[i]].pid = pid;
			(void)tell(l, keys[i]); /* else later */
		} else {
			free_place(l, keys[i]);
		}
	}
}

static pid_t
exec_logger(struct logger *l, int sock)
{
	char *argv[16];
	size_t argc = 0;
	const struct spawn_fd fds[] = { { 0, l->null }, { 1, STDERR_FILENO }, { 2, STDERR_FILENO },
		{ HOLD_SOCKET, sock }, { HOLD_LEDGER, l->ledger }, { HOLD_TAKEN, l->taken[0] },
		{ HOLD_TAKEN + 1, l->taken[1] } };
	const struct spawn s = { .file = "se-logrotate",
		.file_fd = &l->self,
		.argv = argv,
		.envp = environ,
		.fds = fds,
		.nfds = sizeof fds / sizeof *fds,
		.umask = -1 };
	const char *step;

	for (size_t at = 0; at < l->args_len; at += strlen(l->args + at) + 1)
		argv[argc++] = l->args + at;
	argv[argc] = NULL;
	return spawn(&s, &step);
}

/* No logger can be started: why, and what else happens, must not wait for one. */
static void
write_own(struct logger *l)
{
	const char *path = logger_path(l);
	struct lineout file;
	char bytes[4096];
	int n;

	if (lineout_open(&file, strcmp(path, "-") == 0 ? NULL : path) < 0)
		return;
	while (call_waiting(l->pipe[OWN_KEY].fd) > 0)
		if ((n = (int)read(l->pipe[OWN_KEY].fd, bytes, sizeof bytes)) <= 0 ||
		    !lineout_write(&file, bytes, (size_t)n))
			break;
	lineout_close(&file);
}

static void
start(struct logger *l, ms now)
{
	int pair[2];

	l->due = now + MS_SECOND;
	if (call_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, pair) < 0)
		return;
	l->pid = exec_logger(l, pair[1]);
	close(pair[1]);
	if (l->pid < 0 || loop_watch(pair[0], TAG(TAG_LOGGER, 0), false) < 0) {
		if (!l->failing)
			out_error("se-supervise: log: the logger could not be started: %s: again "
				  "every second",
			    call_reason());
		l->failing = true;
		l->pid = l->pid < 0 ? 0 : l->pid;
		close(pair[0]);
		write_own(l);
		return;
	}
	l->failing = false;
	l->sock = pair[0];
	l->started = now;
	l->due = MS_NEVER;
	l->untold = true;
	for (unsigned i = 0; i < l->room; i++)
		if (l->pipe[i].told) /* what is not written takes no memory */
			l->pipe[i].told = false;
}

/* What could not be sent before. */
static void
tell_all(struct logger *l, ms now)
{
	l->untold = false;
	l->due = MS_NEVER;
	for (unsigned i = 0; i < l->room && !l->untold; i++)
		if (l->pipe[i].fd > 0 && !l->pipe[i].told)
			(void)tell(l, i); /* untold says whether it was */
	if (l->untold)
		l->due = now + RETRY;
}

/* It is to end: HOLD_FINISH or HOLD_END. False: it cannot be told now. */
static bool
finish(const struct logger *l, enum hold_word word)
{
	const struct hold_message m = { .word = word };

	return fdpass_send(l->sock, &m, sizeof m, -1) == 0;
}

void
logger_tick(struct logger *l, ms now)
{
	if (now < logger_due(l))
		return;
	if (l->pid == 0 && !l->below)
		start(l, now);
	if (l->untold && l->sock >= 0)
		tell_all(l, now);
	if (l->finishing && !l->untold && (l->finishing = l->sock >= 0 && !finish(l, HOLD_FINISH)))
		l->due = now + RETRY;
}

ms
logger_due(const struct logger *l)
{
	if (l->below)
		return l->untold && l->sock >= 0 ? l->due : MS_NEVER;
	if (!l->on || l->paused || (l->pid > 0 && ((!l->untold && !l->finishing) || l->sock < 0)))
		return MS_NEVER;
	return l->due == MS_NEVER ? 0 : l->due;
}

/* False: there is none. */
static bool
read_message(struct logger *l)
{
	struct hold_message m;
	int fd;
	ssize_t n = fdpass_recv(l->sock, &m, sizeof m, &fd);

	if (n == sizeof m)
		on_told(l, &m);
	else if (n == 0)
		ends_close(&l->sock, TAG(TAG_LOGGER, 0)); /* its exit is told as a child's */
	return n > 0;
}

void
logger_on_message(struct logger *l)
{
	if (l->sock >= 0)
		(void)read_message(l); /* or a spurious event */
}

bool
logger_on_exit(struct logger *l, pid_t pid, int status, ms now)
{
	if (pid != l->pid || pid <= 0)
		return false;
	while (l->sock >= 0 && read_message(l)) /* what it has closed, it has told before */
		;
	ends_close(&l->sock, TAG(TAG_LOGGER, 0));
	l->pid = 0;
	l->finishing = false;
	l->due = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0
	    : now - l->started < SETTLED                       ? now + MS_SECOND
							       : 0;
	return true;
}

void
logger_pause(struct logger *l)
{
	l->paused = true;
	if (l->pid > 0)
		(void)kill(l->pid, SIGTERM); /* it is not reaped: it is there */
}

bool
logger_finish(struct logger *l, ms patience)
{
	ms now = loop_now(), until = now + patience, due;
	bool asked = false;
	struct loop_event ev;

	if (!l->on || l->below)
		return true;
	/* what else is ready then is nobody's any more */
	if (loop_forget_all() < 0 ||
	    (l->sock >= 0 && loop_watch(l->sock, TAG(TAG_LOGGER, 0), false) < 0))
		return false;
	l->paused = false;
	close(l->own);
	l->own = -1;
	for (;;) {
		logger_tick(l, now);
		if (l->pid > 0 && l->sock >= 0 && !l->untold && !asked)
			asked = finish(l, HOLD_END);
		due = asked ? until : l->pid > 0 && l->sock >= 0 ? now + RETRY : logger_due(l);
		if (now >= until || loop_next(ms_min(until, due), &ev) < 0)
			return false;
		now = ev.now;
		if (ev.kind == LOOP_FD && TAG_KIND(ev.tag) == TAG_LOGGER)
			logger_on_message(l);
		if (ev.kind != LOOP_CHILD || !logger_on_exit(l, ev.pid, ev.status, now))
			continue;
		if (asked && !l->untold && WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == 0)
			return true;
		asked = false; /* it was killed, or told to end before: another one goes on */
	}
}
