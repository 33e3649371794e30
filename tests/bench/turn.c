/*
 * turn.c - how long until another generation of a server answers.
 *
 *     turn get ADDRESS
 *     turn signal NUMBER PID|worker ADDRESS
 *     turn start PROGRAM [ARG...]
 *
 * get prints the body of one answer, and exits with 1 if none comes in 5 s. signal asks, sends the
 * signal to the process, or to the one whose "pid P" is in the answer, and prints how many
 * milliseconds later another generation answers. start does what no superdaemon can avoid: it gives
 * PROGRAM a listening socket and prints how many milliseconds after the fork it answers. Both exit
 * with 1 when that has not come in 30 s.
 */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "request.h"

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "turn: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The errno of what went wrong, 0: the answer's body is there. */
static int
ask(const struct address *to, char answer[REQUEST_ANSWER + 1], const char **body)
{
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(to->u.any.sa_family, to->type | SOCK_CLOEXEC, 0), error = 0;
	enum reading now = READING_MORE;
	size_t have = 0;
	ssize_t n;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
		die("socket");
	if (connect(fd, &to->u.any, to->len) < 0 || send_request(to, fd, 1) < 0)
		error = errno;
	while (error == 0 && now == READING_MORE) {
		n = recv(fd, answer + have, REQUEST_ANSWER - have, 0);
		if (n <= 0) {
			error = n < 0 ? errno : ECONNRESET;
			break;
		}
		have += (size_t)n;
		answer[have] = '\0';
		now = reading(to, answer, have, body);
	}
	close(fd);
	return now == READING_WRONG ? EPROTO : error;
}

static void
pause_us(long us)
{
	struct timespec t = { .tv_nsec = us * 1000 };

	(void)nanosleep(&t, NULL); /* cut short: the next question is early */
}

/* Asks until a generation other than `old` answers, at most 30 s; prints the time since `begin`. */
static int
until_other(const struct address *to, long old, int64_t begin)
{
	char answer[REQUEST_ANSWER + 1];
	const char *body;

	while (report_now() - begin < (int64_t)30 * 1000000000) {
		if (ask(to, answer, &body) == 0 && after(body, "generation ") != old) {
			printf("%.3f\n", (double)(report_now() - begin) / 1e6);
			return 0;
		}
		pause_us(200);
	}
	fprintf(stderr, "turn: no other generation in 30 s\n");
	return 1;
}

static int
get(const struct address *to)
{
	char answer[REQUEST_ANSWER + 1];
	const char *body;

	errno = ask(to, answer, &body);
	if (errno)
		return 1;
	return fputs(body, stdout) < 0;
}

static int
signal_and_time(const struct address *to, int sig, const char *who)
{
	char answer[REQUEST_ANSWER + 1];
	const char *body;
	int64_t begin;
	long pid;

	if ((errno = ask(to, answer, &body)) != 0)
		die("no answer");
	pid = strcmp(who, "worker") == 0 ? after(body, "pid ") : strtol(who, NULL, 10);
	begin = report_now();
	if (pid <= 1 || kill((pid_t)pid, sig) < 0)
		die(who);
	return until_other(to, after(body, "generation "), begin);
}

static int
start(char **argv)
{
	struct address a;
	int fd = socket(AF_INET, SOCK_STREAM, 0), rc;
	char env[32];
	int64_t begin;
	pid_t pid;

	(void)parse_address(&a, "127.0.0.1:1"); /* it is well-formed */
	a.u.v4.sin_port = 0;
	if (fd < 0 || bind(fd, &a.u.any, a.len) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, &a.u.any, &a.len) < 0)
		die("listen");
	(void)snprintf(env, sizeof env, "%d=%d", ntohs(a.u.v4.sin_port), fd);
	if (setenv("SERVER_STARTER_PORT", env, 1) < 0 ||
	    setenv("SERVER_STARTER_GENERATION", "1", 1) < 0)
		die("environment");
	begin = report_now();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(*argv, argv);
		_exit(127);
	}
	close(fd);
	rc = until_other(&a, -1, begin);
	(void)kill(pid, SIGTERM); /* our own child, not yet reaped */
	(void)waitpid(pid, NULL, 0);
	return rc;
}

int
main(int argc, char **argv)
{
	struct address to;

	if (argc == 3 && strcmp(argv[1], "get") == 0 && parse_address(&to, argv[2]))
		return get(&to);
	if (argc == 5 && strcmp(argv[1], "signal") == 0 && parse_address(&to, argv[4]))
		return signal_and_time(&to, (int)strtol(argv[2], NULL, 10), argv[3]);
	if (argc > 2 && strcmp(argv[1], "start") == 0)
		return start(argv + 2);
	fprintf(stderr,
	    "usage: turn get ADDRESS | signal NUMBER PID|worker ADDRESS\n"
	    "       turn start PROGRAM [ARG...]\n");
	return 2;
}
