/*
 * A worker that does what its arguments say, one after the other:
 *
 *   log=FILE      lines below are appended to FILE
 *   say=TEXT      logs "TEXT PID"
 *   env=NAME      logs "NAME=value", or "NAME unset"
 *   fds           logs "fd N" for every open descriptor from 0 to 99
 *   ignore=SIG    ignores a signal (a number, or TERM QUIT USR1 USR2 HUP INT)
 *   block=SIG     blocks it
 *   trap=SIG      logs "got N" at each such signal and goes on
 *   leave=SIG:K   exits with K at that signal
 *   drain=SIG:MS  exits with 0 so many milliseconds after that signal
 *   beat=N:MS     N heartbeats, MS milliseconds apart; N 0: for ever
 *   notify=TEXT   sends TEXT to NOTIFY_SOCKET; \n in it is a newline
 *   reports       the same without end, of something that means nothing
 *   tell=TEXT     writes TEXT to SE_NOTIFY_FD; \n in it is a newline
 *   endtell       closes it
 *   floodtell     writes to it without end, and no newline
 *   sleep=MS      sleeps
 *   eat=MB        takes so much memory
 *   closebeat     closes the heartbeat pipe
 *   closefds      closes every descriptor from 3 on
 *   flood         writes to the heartbeat pipe without end
 *   stop          stops itself
 *   stray=SIG     leaves a process behind: a child of a child, ignoring SIG (0: none); logs
 *                 "stray PID"
 *   escape=SIG    the same, in a session of its own
 *   orphans=N     leaves N children of children behind that end at once
 *   exit=K        exits
 *   kill=SIG      sends itself a signal
 *   hang          sleeps for ever
 *   exec FILE...  becomes another program, with the rest of the arguments
 *
 * What is not known is exit status 99.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int log_fd = 1;
static volatile int leave_with[65];
static volatile long drain_ms[65];

static void
say(const char *text)
{
	char line[512];
	int n = snprintf(line, sizeof line, "%s\n", text);

	if (n > 0 && write(log_fd, line, (size_t)n) != n)
		_exit(98);
}

static int
signal_number(const char *s)
{
	static const struct {
		const char *name;
		int sig;
	} names[] = { { "TERM", SIGTERM }, { "QUIT", SIGQUIT }, { "USR1", SIGUSR1 },
		{ "USR2", SIGUSR2 }, { "HUP", SIGHUP }, { "INT", SIGINT } };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(s, names[i].name, strlen(names[i].name)) == 0)
			return names[i].sig;
	return atoi(s);
}

static void
on_trap(int sig)
{
	char line[] = "got 00\n";

	line[4] = (char)('0' + sig / 10);
	line[5] = (char)('0' + sig % 10);
	if (write(log_fd, line, sizeof line - 1) < 0)
		_exit(98);
}

static void
on_leave(int sig)
{
	_exit(leave_with[sig]);
}

static void
on_drain(int sig)
{
	struct timespec t = { drain_ms[sig] / 1000, drain_ms[sig] % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
	_exit(0);
}

static void
handle(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigaction(sig, &sa, NULL);
}

static void
sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static int
pipe_of(const char *name)
{
	const char *fd = getenv(name);

	return fd ? atoi(fd) : -1;
}

static int
pipe_fd(void)
{
	return pipe_of("SERVERENGINE_HEARTBEAT_PIPE");
}

static int
tell_fd(void)
{
	return pipe_of("SE_NOTIFY_FD");
}

/* The text, its \n as newlines. */
static size_t
unescape(const char *text, char *bytes, size_t room)
{
	size_t n = 0;

	for (; *text && n < room; text++)
		if (text[0] == '\\' && text[1] == 'n') {
			bytes[n++] = '\n';
			text++;
		} else {
			bytes[n++] = *text;
		}
	return n;
}

static void
tell(const char *text)
{
	char bytes[4096];
	size_t n = unescape(text, bytes, sizeof bytes);

	if (write(tell_fd(), bytes, n) != (ssize_t)n)
		_exit(89);
}

static void
flood(int fd)
{
	static const char zeroes[65536];

	for (;;)
		if (write(fd, zeroes, sizeof zeroes) < 0)
			_exit(93);
}

static void
beat(const char *value)
{
	long n = atol(value), ms = strchr(value, ':') ? atol(strchr(value, ':') + 1) : 100;

	for (long i = 0; n == 0 || i < n; i++) {
		if (write(pipe_fd(), ".", 1) < 0)
			_exit(97);
		sleep_ms(ms);
	}
}

static void
notify(const char *text)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	char bytes[4096];
	size_t n, len;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || (len = strlen(path)) >= sizeof a.sun_path)
		_exit(96);
	memcpy(a.sun_path, path, len);
	if (*path == '@')
		a.sun_path[0] = '\0';
	n = unescape(text, bytes, sizeof bytes);
	if (sendto(fd, bytes, n, 0, (struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		_exit(95);
	close(fd);
}

static void
stray(int ignored, int escape)
{
	char line[32];
	int p[2];

	if (pipe(p) < 0)
		_exit(94);
	if (fork() == 0) {
		if (fork() == 0) {
			if (ignored)
				signal(ignored, SIG_IGN);
			if (escape && setsid() < 0)
				_exit(92);
			(void)snprintf(line, sizeof line, "stray %d", (int)getpid());
			say(line);
			close(p[0]);
			close(p[1]);
			for (;;)
				pause();
		}
		_exit(0);
	}
	close(p[1]);
	(void)!read(p[0], line, 1); /* until the stray has said its pid */
	close(p[0]);
}

static void
orphans(int n)
{
	for (; n > 0; n--) {
		pid_t child = fork();

		if (child == 0)
			_exit(fork() < 0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			_exit(91);
	}
}

static void
eat(long mb)
{
	size_t size = (size_t)mb << 20;
	char *p = malloc(size);

	for (size_t i = 0; p && i < size; i += 4096)
		((volatile char *)p)[i] = 1;
}

static void
list_fds(void)
{
	char line[32];

	for (int fd = 0; fd < 100; fd++)
		if (fd != log_fd && fcntl(fd, F_GETFD) >= 0) {
			(void)snprintf(line, sizeof line, "fd %d", fd);
			say(line);
		}
}

static void
act(const char *word, const char *value)
{
	char line[512];

	if (strcmp(word, "log") == 0) {
		log_fd = open(value, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	} else if (strcmp(word, "say") == 0) {
		(void)snprintf(line, sizeof line, "%s %d", value, (int)getpid());
		say(line);
	} else if (strcmp(word, "env") == 0) {
		const char *v = getenv(value);

		(void)snprintf(line, sizeof line, v ? "%s=%s" : "%s unset", value, v);
		say(line);
	} else if (strcmp(word, "ignore") == 0) {
		handle(signal_number(value), SIG_IGN);
	} else if (strcmp(word, "block") == 0) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, signal_number(value));
		sigprocmask(SIG_BLOCK, &set, NULL);
	} else if (strcmp(word, "trap") == 0) {
		handle(signal_number(value), on_trap);
	} else if (strcmp(word, "leave") == 0) {
		leave_with[signal_number(value)] = atoi(strchr(value, ':') + 1);
		handle(signal_number(value), on_leave);
	} else if (strcmp(word, "drain") == 0) {
		drain_ms[signal_number(value)] = atol(strchr(value, ':') + 1);
		handle(signal_number(value), on_drain);
	} else if (strcmp(word, "fds") == 0) {
		list_fds();
	} else if (strcmp(word, "beat") == 0) {
		beat(value);
	} else if (strcmp(word, "notify") == 0) {
		notify(value);
	} else if (strcmp(word, "reports") == 0) {
		for (;;)
			notify("X_NOTHING=1");
	} else if (strcmp(word, "sleep") == 0) {
		sleep_ms(atol(value));
	} else if (strcmp(word, "closefds") == 0) {
		for (int fd = 3; fd < 1024; fd++)
			if (fd != log_fd)
				close(fd);
	} else if (strcmp(word, "flood") == 0) {
		flood(pipe_fd());
	} else if (strcmp(word, "tell") == 0) {
		tell(value);
	} else if (strcmp(word, "endtell") == 0) {
		close(tell_fd());
	} else if (strcmp(word, "floodtell") == 0) {
		flood(tell_fd());
	} else if (strcmp(word, "stop") == 0) {
		raise(SIGSTOP);
	} else if (strcmp(word, "stray") == 0) {
		stray(signal_number(value), 0);
	} else if (strcmp(word, "escape") == 0) {
		stray(signal_number(value), 1);
	} else if (strcmp(word, "orphans") == 0) {
		orphans(atoi(value));
	} else if (strcmp(word, "eat") == 0) {
		eat(atol(value));
	} else if (strcmp(word, "closebeat") == 0) {
		close(pipe_fd());
	} else if (strcmp(word, "exit") == 0) {
		_exit(atoi(value));
	} else if (strcmp(word, "kill") == 0) {
		raise(signal_number(value));
	} else if (strcmp(word, "hang") == 0) {
		for (;;)
			pause();
	} else {
		_exit(99);
	}
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (strcmp(argv[i], "exec") == 0) {
			execvp(argv[i + 1], argv + i + 1);
			return 90;
		}
		if (value)
			*value++ = '\0';
		act(argv[i], value ? value : "");
	}
	return 0;
}
