/*
 * web.c - a server as start_server starts it: its sockets come by SERVER_STARTER_PORT.
 *
 *     web [boot=MS] [ready] [readyfd] [fds] [die=MS] [status=N] [deaf] [slow=MS] [say=TEXT]
 *
 * Answers HTTP/1.1 requests on its stream sockets with "GENERATION PID\n" (and "env NAME\n" if that
 * is the path /NAME), and datagrams with what was sent behind that. At TERM it accepts no more,
 * answers what is open with Connection: close, and ends once nothing is, or after 2 s.
 *
 * boot: serves that much later. ready, readyfd: tells so by NOTIFY_SOCKET, by SE_READY_FD. fds:
 * takes its sockets from LISTEN_FDS and not from SERVER_STARTER_PORT. die, status: exits after that
 * time, with that. deaf: TERM means nothing. slow: an answer takes so long. say: a line to stdout
 * now.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 256, CONNECTIONS = 1024, ROOM = 2048, GRACE = 2000 };

static struct connection {
	int fd; /* -1: free */
	size_t len;
	char in[ROOM];
} open_ones[CONNECTIONS];

static int sockets[SOCKETS], nsockets;
static volatile sig_atomic_t ending;
static long long slow;

static void
on_term(int sig)
{
	(void)sig;
	ending = 1;
}

static long long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
doze(long long time)
{
	struct timespec t = { time / 1000, time % 1000 * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static void
fail(const char *what)
{
	(void)fprintf(stderr, "web: %s\n", what);
	exit(3);
}

/* "key=fd;key=fd" */
static void
take_starter(void)
{
	const char *text = getenv("SERVER_STARTER_PORT");

	if (!text)
		fail("no SERVER_STARTER_PORT");
	for (; *text; text += strcspn(text, ";"), text += *text == ';') {
		const char *equal = memchr(text, '=', strcspn(text, ";"));

		if (!equal || nsockets == SOCKETS)
			fail("wrong SERVER_STARTER_PORT");
		sockets[nsockets++] = atoi(equal + 1);
	}
}

static void
take_listen_fds(void)
{
	const char *n = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");

	if (!n || (pid && atoi(pid) != (int)getpid()))
		fail("LISTEN_FDS is not for us");
	while (nsockets < atoi(n) && nsockets < SOCKETS) {
		sockets[nsockets] = 3 + nsockets;
		nsockets++;
	}
}

static void
tell_notify(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *name = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = name ? strlen(name) : 0;

	if (!name || len >= sizeof a.sun_path)
		fail("no NOTIFY_SOCKET");
	memcpy(a.sun_path, name, len);
	if (*name == '@')
		a.sun_path[0] = '\0';
	if (sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		fail("NOTIFY_SOCKET");
	close(fd);
}

static void
tell_fd(void)
{
	const char *fd = getenv("SE_READY_FD");

	if (!fd || write(atoi(fd), "\n", 1) != 1)
		fail("SE_READY_FD");
	close(atoi(fd));
}

static int
answer(char *to, size_t room, const char *path)
{
	const char *generation = getenv("SERVER_STARTER_GENERATION"), *value = NULL;
	char name[256];
	int n = 0;

	if (path && sscanf(path, "GET /%255[A-Za-z0-9_]", name) == 1)
		value = getenv(name) ? getenv(name) : "(unset)";
	n = snprintf(to, room, "%s %d\n%s%s", generation ? generation : "0", (int)getpid(),
	    value ? value : "", value ? "\n" : "");
	return n < (int)room ? n : (int)room - 1;
}

static void
hang_up(struct connection *c)
{
	close(c->fd);
	c->fd = -1;
}

/* One request after the other, as far as they are whole. */
static void
serve(struct connection *c)
{
	ssize_t n = read(c->fd, c->in + c->len, ROOM - 1 - c->len);
	char *end, body[1024], out[1400];

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			hang_up(c);
		return;
	}
	c->len += (size_t)n;
	c->in[c->len] = '\0';
	while (c->fd >= 0 && (end = strstr(c->in, "\r\n\r\n")) != NULL) {
		bool last = ending || strstr(c->in, "Connection: close") != NULL;
		int len = answer(body, sizeof body, c->in), m;

		doze(slow);
		m = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%.*s",
		    len, last ? "Connection: close\r\n" : "", len, body);
		if (write(c->fd, out, (size_t)m) != m)
			last = true;
		end += 4;
		c->len -= (size_t)(end - c->in);
		memmove(c->in, end, c->len + 1);
		if (last)
			hang_up(c);
	}
	if (c->fd >= 0 && c->len == ROOM - 1)
		hang_up(c);
}

static bool
is_stream(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static void
take(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (int i = 0; fd >= 0 && i < CONNECTIONS; i++)
		if (open_ones[i].fd < 0) {
			open_ones[i] = (struct connection){ .fd = fd };
			return;
		}
	if (fd >= 0)
		close(fd);
}

static void
echo(int fd)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	char in[512], out[1024];
	ssize_t n = recvfrom(fd, in, sizeof in - 1, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	int m;

	if (n < 0)
		return;
	in[n] = '\0';
	m = answer(out, 256, NULL);
	m += snprintf(out + m, sizeof out - (size_t)m, "%s", in);
	(void)sendto(fd, out, (size_t)m, 0, (struct sockaddr *)&from, len);
}

int
main(int argc, char **argv)
{
	struct sigaction term = { .sa_handler = on_term };
	long long die = -1, began = now_ms(), told_at = 0;
	int status = 0, ready = 0;
	bool fds = false;

	for (int i = 1; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		long long number = value ? atoll(value + 1) : 0;

		if (strncmp(argv[i], "say=", 4) == 0) {
			(void)printf("%s\n", value + 1);
			(void)fflush(stdout);
		} else if (strncmp(argv[i], "boot=", 5) == 0) {
			doze(number);
		} else if (strncmp(argv[i], "die=", 4) == 0) {
			die = number;
		} else if (strncmp(argv[i], "status=", 7) == 0) {
			status = (int)number;
		} else if (strncmp(argv[i], "slow=", 5) == 0) {
			slow = number;
		} else if (strcmp(argv[i], "ready") == 0) {
			ready |= 1;
		} else if (strcmp(argv[i], "readyfd") == 0) {
			ready |= 2;
		} else if (strcmp(argv[i], "fds") == 0) {
			fds = true;
		} else if (strcmp(argv[i], "deaf") == 0) {
			term.sa_handler = SIG_IGN;
		} else {
			fail(argv[i]);
		}
	}
	(void)sigaction(SIGTERM, &term, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (fds)
		take_listen_fds();
	else
		take_starter();
	for (int i = 0; i < CONNECTIONS; i++)
		open_ones[i].fd = -1;
	for (int i = 0; i < nsockets; i++)
		(void)fcntl(
		    sockets[i], F_SETFL, O_NONBLOCK); /* several generations accept from it */
	if (ready & 1)
		tell_notify();
	if (ready & 2)
		tell_fd();
	for (;;) {
		static struct pollfd p[SOCKETS + CONNECTIONS];
		static struct connection *who[SOCKETS + CONNECTIONS];
		bool leaving = ending; /* the same in all of this turn */
		int n = 0, listening;

		if (leaving && told_at == 0)
			told_at = now_ms();
		for (int i = 0; !leaving && i < nsockets; i++)
			p[n++] = (struct pollfd){ .fd = sockets[i], .events = POLLIN };
		listening = n;
		for (int i = 0; i < CONNECTIONS; i++)
			if (open_ones[i].fd >= 0) {
				who[n] = &open_ones[i];
				p[n++] = (struct pollfd){ .fd = open_ones[i].fd, .events = POLLIN };
			}
		if (leaving && (n == 0 || now_ms() - told_at > GRACE))
			return status;
		if (die >= 0 && now_ms() - began >= die)
			return status;
		if (poll(p, (nfds_t)n, 20) <= 0)
			continue;
		for (int i = 0; i < n; i++) {
			if (!p[i].revents)
				continue;
			if (i >= listening)
				serve(who[i]);
			else if (is_stream(p[i].fd))
				take(p[i].fd);
			else
				echo(p[i].fd);
		}
	}
}
