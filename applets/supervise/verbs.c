#include "verbs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/pidfile.h"
#include "../../lib/sys/unixsock.h"
#include "../../lib/wire/command.h"

#define ANSWER_TIMEOUT (10 * MS_SECOND)
/* Two processes may look at their new program, see CONTROL_UPGRADE; a process has 10 s in a dump.
 */
#define LONG_TIMEOUT (20 * MS_SECOND)
#define GONE_POLL    20 /* ms between two looks at the pid file's lock */

/* What each verb is on the socket, and by which signal; -1: by none. */
static const struct verb {
	unsigned char verb; /* enum config_verb */
	unsigned char word; /* enum command_word */
	signed char signal; /* enum config_signal */
} verbs[] = {
	{ CONFIG_STATUS, COMMAND_STATUS, -1 },
	{ CONFIG_STOP, COMMAND_GRACEFUL_STOP, CONFIG_SIGNAL_GRACEFUL_STOP },
	{ CONFIG_STOP_NOW, COMMAND_IMMEDIATE_STOP, CONFIG_SIGNAL_IMMEDIATE_STOP },
	{ CONFIG_RESTART, COMMAND_GRACEFUL_RESTART, CONFIG_SIGNAL_GRACEFUL_RESTART },
	{ CONFIG_RESTART_NOW, COMMAND_IMMEDIATE_RESTART, CONFIG_SIGNAL_IMMEDIATE_RESTART },
	{ CONFIG_RELOAD, COMMAND_RELOAD, CONFIG_SIGNAL_RELOAD },
	{ CONFIG_DETACH, COMMAND_DETACH, CONFIG_SIGNAL_DETACH },
	{ CONFIG_DUMP, COMMAND_DUMP, CONFIG_SIGNAL_DUMP },
	{ CONFIG_SCALE, COMMAND_SCALE, -1 },
	{ CONFIG_UPGRADE, COMMAND_UPGRADE, -1 },
};

static const struct verb *
row_of(const struct config *c)
{
	const struct verb *v = verbs;

	while (v->verb != c->verb.verb)
		v++;
	return v;
}

static int
complain(int status, const char *what, const char *object, const char *reason)
{
	out_error(
	    "se-supervise: %s: %s%s%s", what, object ? object : "", object ? ": " : "", reason);
	return status;
}

static int
still_running(void)
{
	return complain(VERBS_TIMEOUT, "stop", NULL, "it is still running");
}

static bool
is_stop(const struct config *c)
{
	return c->verb.verb == CONFIG_STOP || c->verb.verb == CONFIG_STOP_NOW;
}

/* Waits until fd is readable or the deadline is over (false). */
static bool
readable(int fd, ms deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do {
		ms left = deadline == MS_NEVER ? -1 : ms_max(deadline - loop_now(), 0);

		n = poll(&p, 1, (int)ms_min(left, 1 << 30));
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

/* Takes the answer line out of what has been received: OK, or the reason for a refusal. */
static int
take_answer(struct buf *in, const char *what)
{
	char *end = text_find(in->base, '\n', in->len);
	const char *refusal;

	*end = '\0';
	refusal = text_after(in->base, "ERR ");
	if (strcmp(in->base, "OK") != 0)
		return complain(VERBS_REFUSED, what, NULL, refusal ? refusal : in->base);
	buf_drop(in, (size_t)(end - in->base) + 1);
	return VERBS_DONE;
}

/* Prints whole lines of a status as they come; true: the last one, a dot, has come. */
static bool
print_lines(struct buf *in, bool *arrived)
{
	for (;;) {
		char *end = text_find(in->base, '\n', in->len);
		size_t len;

		if (!end)
			return false;
		len = (size_t)(end - in->base) + 1;
		if (len == 2 && in->base[0] == '.')
			return true;
		*arrived &= out_write(STDOUT_FILENO, in->base, len);
		buf_drop(in, len);
	}
}

/* Reads the answer to the verb, and for a status what follows it. */
static int
read_answer(int fd, const char *what, bool lines, ms deadline)
{
	char room[8192];
	struct buf in = buf_over(room, sizeof room);
	bool answered = false, arrived = true;
	int status;

	for (;;) {
		char bytes[4096];
		ssize_t n;

		if (!readable(fd, deadline))
			return complain(VERBS_TIMEOUT, what, NULL, "no answer in time");
		n = read(fd, bytes,
		    in.room - 1 - in.len < sizeof bytes ? in.room - 1 - in.len : sizeof bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return complain(VERBS_REFUSED, what, NULL,
			    n < 0 ? call_reason() : "the connection was closed");
		buf_put(&in, bytes, (size_t)n);
		if (!answered && text_find(in.base, '\n', in.len)) {
			if ((status = take_answer(&in, what)) != VERBS_DONE || !lines)
				return status;
			answered = true;
		}
		if (answered && print_lines(&in, &arrived)) {
			if (arrived)
				return VERBS_DONE;
			return complain(VERBS_REFUSED, what, "stdout", call_reason());
		}
	}
}

/*
 * After a stop: the connection ends with the supervisor. It may also have had to make place for
 * another client: then there is still somebody to connect to.
 */
static int
wait_closed(const char *path, int fd, ms deadline)
{
	char byte;

	while (readable(fd, deadline)) {
		ssize_t n = read(fd, &byte, 1);
		int again;

		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		if ((again = unixsock_connect(path, MS_SECOND)) < 0 && errno != EAGAIN)
			return VERBS_DONE;
		if (again < 0)
			continue;
		(void)dup2(again, fd); /* cannot fail: both are open */
		close(again);
	}
	return still_running();
}

static int
by_socket(const struct config *c, const struct verb *v, const char *what)
{
	ms start = loop_now(), limit = c->timeout;
	const char *value = c->verb.value, *why = NULL;
	char room[128];
	struct buf line = buf_over(room, sizeof room);
	struct command command;
	int status, fd;

	if (limit == MS_NEVER)
		limit = v->word == COMMAND_UPGRADE || v->word == COMMAND_DUMP ? LONG_TIMEOUT
									      : ANSWER_TIMEOUT;
	buf_printf(&line, "%s%s%s", what, value ? " " : "", value ? value : "");
	if (line.cut || (value && !*value) || !command_parse(room, &command, &why))
		return complain(
		    VERBS_USAGE, what, NULL, why ? why : "its argument is empty or too long");
	buf_puts(&line, "\n");
	fd = unixsock_connect(c->control_path, limit);
	if (fd < 0 && errno == EAGAIN)
		return complain(VERBS_TIMEOUT, what, NULL, "no answer in time");
	if (fd < 0)
		return complain(
		    errno == ENOENT || errno == ECONNREFUSED ? VERBS_NOT_RUNNING : VERBS_REFUSED,
		    "control_path", c->control_path, call_reason());
	/* who is refused may be hung up on before our line; the answer is there all the same */
	if (send(fd, room, line.len, MSG_NOSIGNAL) != (ssize_t)line.len && errno != EPIPE &&
	    errno != ECONNRESET)
		status = complain(VERBS_REFUSED, what, NULL, call_reason());
	else
		status = read_answer(fd, what, v->word == COMMAND_STATUS, ms_add(start, limit));
	if (status == VERBS_DONE && is_stop(c))
		status = wait_closed(c->control_path, fd, ms_add(start, c->timeout));
	close(fd);
	return status;
}

/* The first of the pid files that somebody holds; 0: none, -1: errno, it cannot be told. */
static pid_t
find_holder(const struct config *c, const char **path)
{
	const char *odd = NULL;
	int e = 0;

	for (unsigned i = 0; i < c->pid_path.count; i++) {
		pid_t pid;

		*path = optval_list_at(&c->pid_path, i);
		if ((pid = pidfile_holder(*path)) > 0)
			return pid;
		if (pid < 0 && errno != ENOENT && !odd) {
			odd = *path;
			e = errno;
		}
	}
	*path = odd ? odd : *path;
	errno = e;
	return odd ? -1 : 0;
}

static int
by_signal(const struct config *c, const struct verb *v, const char *what)
{
	const char *path = NULL;
	ms deadline = ms_add(loop_now(), c->timeout);
	pid_t pid;

	if (v->signal < 0)
		return complain(
		    VERBS_USAGE, what, NULL, "this needs control_path: no signal says it");
	if ((pid = find_holder(c, &path)) == 0)
		return complain(
		    VERBS_NOT_RUNNING, "pid_path", path, "nobody holds it: not running");
	if (pid < 0)
		return complain(VERBS_REFUSED, "pid_path", path,
		    errno == ESRCH        ? "it is held in another pid namespace: use control_path"
			: errno == EINVAL ? "not a regular file"
					  : call_reason());
	if (kill(pid, c->signal[v->signal]) < 0)
		return complain(
		    errno == ESRCH ? VERBS_NOT_RUNNING : VERBS_REFUSED, what, path, call_reason());
	while (is_stop(c) && pidfile_holder(path) == pid) {
		if (loop_now() >= deadline)
			return still_running();
		(void)poll(NULL, 0, GONE_POLL); /* a lock's end cannot be waited for with a limit */
	}
	return VERBS_DONE;
}

int
verbs_run(const struct config *c)
{
	const struct verb *v = row_of(c);
	const char *what = command_name(v->word);

	if (c->chdir &&
	    chdir(c->chdir) < 0) /* where relative paths mean the same as to the supervisor */
		return complain(VERBS_REFUSED, "chdir", c->chdir, call_reason());
	if (c->control_path)
		return by_socket(c, v, what);
	if (c->pid_path.count > 0)
		return by_signal(c, v, what);
	return complain(
	    VERBS_USAGE, what, NULL, "set control_path or pid_path to find the supervisor");
}
