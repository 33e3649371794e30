#include "asks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/pidfile.h"
#include "../../lib/sys/unixsock.h"
#include "report.h"

#define POLL           20 /* ms between two looks */
#define ANSWER_TIMEOUT (5 * MS_SECOND)
#define ANSWER_ROOM    (STATUS_ROOM + 64)

/* why NULL: errno says it, and is the status. */
static int
fail(int status, const char *verb, const char *object, const char *why)
{
	if (!why) {
		status = errno;
		why = call_reason();
	}
	out_error("se-starter: %s: %s: %s", verb, object, why);
	return status;
}

/* The pid file, open, and the pid in it; -1: errno, ESRCH if whoever wrote it has gone. */
static int
open_pid_file(const char *path, pid_t *pid)
{
	int fd = call_open(path, O_RDONLY | O_CLOEXEC, 0), e = ESRCH;
	char text[24];
	uint64_t n;
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof text - 1);
	text[len > 0 ? len : 0] = '\0';
	text[text_span(text, "\n")] = '\0';
	if (len < 0)
		e = errno;
	else if (!num_count(text, 2 - (getpid() != 1), INT32_MAX, &n))
		e = EINVAL;
	else if (flock(fd, LOCK_EX | LOCK_NB) < 0) { /* its owner holds it for life */
		pid_t holder =
		    pidfile_holder(path); /* 0: it has none of our locks, as start_server */

		*pid = holder > 0 ? holder : (pid_t)n;
		if (holder >= 0)
			return fd;
		/* it is in another pid namespace: the number means somebody else here */
	}
	close(fd);
	errno = e;
	return -1;
}

static void
nap(void)
{
	(void)poll(NULL, 0, POLL); /* a signal: the next look comes early */
}

/* ---- stop ---- */

static int
stop(const struct args *o, int fd, pid_t pid)
{
	ms until = ms_add(loop_now(), o->timeout);

	out_error("stop_server (pid:%d) stopping now (pid:%d)...", (int)getpid(), (int)pid);
	if (kill(pid, SIGTERM) < 0)
		return fail(0, "stop", o->pid_file, NULL);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (loop_now() >= until)
			return fail(EXIT_OPTIONS, "stop", o->pid_file, "it is still running");
		nap();
	}
	return 0;
}

/* ---- status ---- */

/* The whole answer of the one that runs; its length, -1: errno. */
static ssize_t
ask(pid_t pid, char *room, size_t size)
{
	char name[32];
	struct ucred peer;
	socklen_t peer_len = sizeof peer;
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	report_name(pid, name);
	if ((fd = unixsock_connect(name, ANSWER_TIMEOUT)) < 0)
		return -1;
	/* in another pid namespace there may be one of the same name */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) < 0 || peer.pid != pid)
		return call_fail_closed(fd, ESRCH);
	while (n > 0 && len < size - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		n = poll(&p, 1, (int)ANSWER_TIMEOUT) == 1 ? read(fd, room + len, size - 1 - len)
							  : -1;
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	room[len] = '\0';
	if (n == 0 && len == 0) {
		errno = EACCES; /* it has hung up: we are neither root nor its user */
		return -1;
	}
	return n < 0 ? -1 : (ssize_t)len;
}

static int
status(const struct args *o, pid_t pid)
{
	static char room[ANSWER_ROOM];
	const char *text = room;

	if (ask(pid, room, sizeof room) < 0)
		return fail(0, "status", o->pid_file, NULL);
	text += text_span(text, "\n") + 1;
	if (o->json)
		text += strlen(text) + 1;
	if (out_text(STDOUT_FILENO, text))
		return 0;
	return fail(1, "status", "stdout", call_reason());
}

/* ---- restart ---- */

/* Least and greatest generation of the status file; false: errno, ENODATA if there is none. */
static bool
generations(const char *path, uint64_t *least, uint64_t *most)
{
	char text[4096];
	int fd = call_open(path, O_RDONLY | O_CLOEXEC, 0), e;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof text - 1);
	e = n < 0 ? errno : ENODATA;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	*least = UINT64_MAX;
	*most = 0;
	for (char *line = text, *next; *line; line = next) {
		char *end = line + text_span(line, "\n");
		uint64_t g;

		next = end + (*end != '\0');
		line[text_span(line, ":\n")] = '\0';
		if (!num_count(line, 1, UINT32_MAX, &g))
			continue;
		*least = g < *least ? g : *least;
		*most = g > *most ? g : *most;
	}
	errno = e;
	return *most > 0;
}

/* The numbers that the one that runs tells first of all, see report.h. */
enum { TRIED, FAILED, CURRENT, UPGRADES, REFUSED, NUMBERS };

/* And why the last upgrade was refused; NULL: it does not tell, errno. */
static const char *
ask_numbers(pid_t pid, uint64_t number[NUMBERS])
{
	static char room[ANSWER_ROOM];
	char *text = room;

	if (ask(pid, room, sizeof room) < 0)
		return NULL;
	room[text_span(room, "\n")] = '\0';
	errno = EPROTO;
	for (int i = 0; i < NUMBERS; i++) {
		size_t len = text_span(text, " ");
		bool last = !text[len];

		text[len] = '\0';
		if (last || !num_count(text, 0, UINT32_MAX, &number[i]))
			return NULL;
		text += len + 1;
	}
	return text;
}

static int
restart(const struct args *o, int fd, pid_t pid)
{
	ms until = ms_add(loop_now(), o->timeout);
	uint64_t least = 0, most = 0, wanted, number[NUMBERS];
	bool told;

	told = ask_numbers(pid, number) != NULL;
	/* with no generation at all there it may be waiting to try again */
	if (!generations(o->status_file, &least, &most) && (errno != ENODATA || !told))
		return fail(ENODATA, "restart", o->status_file,
		    errno == ENODATA ? "no generation in it" : NULL);
	if (told && number[TRIED] > most)
		most = number[TRIED]; /* attempts that have failed */
	wanted = most + 1;
	if (kill(pid, SIGHUP) < 0)
		return fail(0, "restart", o->pid_file, NULL);
	for (;; nap()) {
		told = ask_numbers(pid, number) != NULL;
		if (generations(o->status_file, &least, &most) && least >= wanted &&
		    (!told || number[CURRENT] >= wanted))
			return 0;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fail(EXIT_OPTIONS, "restart", o->pid_file, "it has ended meanwhile");
		if (told && number[FAILED] >= wanted)
			return fail(EXIT_OPTIONS, "restart", o->status_file,
			    "the new generation failed to start: the old one is still there");
		if (loop_now() >= until)
			return fail(EXIT_OPTIONS, "restart", o->status_file,
			    "the old generation is still there");
	}
}

/* ---- upgrade ---- */

static int
upgrade(const struct args *o, int fd, pid_t pid)
{
	ms until = ms_add(loop_now(), o->timeout);
	uint64_t before[NUMBERS], number[NUMBERS];
	const char *why;

	if (!ask_numbers(pid, before) || kill(pid, SIGUSR2) < 0)
		return fail(0, "upgrade", o->pid_file, NULL);
	for (;; nap()) {
		if ((why = ask_numbers(pid, number)) != NULL) {
			if (number[REFUSED] > before[REFUSED])
				return fail(EXIT_OPTIONS, "upgrade", o->pid_file, why);
			if (number[UPGRADES] > before[UPGRADES])
				return 0;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fail(EXIT_OPTIONS, "upgrade", o->pid_file, "it has ended meanwhile");
		if (loop_now() >= until)
			return fail(EXIT_OPTIONS, "upgrade", o->pid_file, "it is not done yet");
	}
}

int
asks_run(const struct args *o)
{
	const char *verb = o->restart ? "restart"
	    : o->stop                 ? "stop"
	    : o->upgrade              ? "upgrade"
				      : "status";
	pid_t pid;
	int fd;

	if (!o->pid_file || (o->restart && !o->status_file))
		return fail(EXIT_OTHER, verb,
		    o->restart ? "--pid-file, --status-file" : "--pid-file", "needed with it");
	if ((fd = open_pid_file(o->pid_file, &pid)) < 0)
		return fail(EINVAL, verb, o->pid_file, errno == EINVAL ? "no pid in it" : NULL);
	if (o->restart)
		return restart(o, fd, pid);
	if (o->stop)
		return stop(o, fd, pid);
	return o->upgrade ? upgrade(o, fd, pid) : status(o, pid);
}
