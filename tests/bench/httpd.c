/*
 * httpd.c - a small HTTP/1.1 server for the benchmarks and tests of superdaemons: it is given its
 * listening sockets and answers each request with "generation N pid P".
 *
 *     httpd [boot=MS] [delay=MS] [drain=MS] [abrupt]
 *
 * The sockets are those of SERVER_STARTER_PORT ("key=fd;key=fd"), else the LISTEN_FDS ones from 3
 * on. boot: how long it takes before it accepts; then it says READY=1 to NOTIFY_SOCKET. delay: how
 * long an answer takes. At TERM it accepts no more, answers what is open with "Connection: close"
 * and exits; a connection that has asked nothing for the drain time (2 s) by then is closed.
 * abrupt: at TERM it exits at once, as no server should.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HTTPD_FDS = 1024, HTTPD_LISTENERS = 64, HTTPD_BATCH = 64, HTTPD_HEAD = 2048 };

struct connection {
	int64_t due_ms; /* when to answer, or to give up where nothing was asked; -1: neither */
	size_t have;    /* bytes of the request's head */
	int open, asked;
	int last; /* the client wants no other answer */
	char head[HTTPD_HEAD];
};

struct httpd {
	int epoll, signals;
	int listener[HTTPD_LISTENERS], listeners;
	int64_t delay_ms, drain_ms;
	int abrupt, leaving, open;
	char body[64];
	struct connection *connection; /* by its descriptor */
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "httpd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
watch(struct httpd *h, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.fd = fd };

	if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll");
}

static void
finish(struct httpd *h, int fd)
{
	h->connection[fd].open = 0;
	h->open--;
	close(fd);
}

static void
answer(struct httpd *h, int fd)
{
	struct connection *c = &h->connection[fd];
	int last = c->last || h->leaving;
	char out[256];
	int n = snprintf(out, sizeof out,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n%s",
	    strlen(h->body), last ? "Connection: close\r\n" : "", h->body);

	c->asked = 0;
	c->have = 0;
	c->due_ms = -1;
	if (send(fd, out, (size_t)n, MSG_NOSIGNAL) != n || last)
		finish(h, fd);
}

/* One request at a time: what a client sends behind it is not expected. */
static void
take(struct httpd *h, int fd)
{
	struct connection *c = &h->connection[fd];
	ssize_t n = recv(fd, c->head + c->have, sizeof c->head - 1 - c->have, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(h, fd);
		return;
	}
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	if (!strstr(c->head, "\r\n\r\n"))
		return;
	c->asked = 1;
	c->last = strstr(c->head, "HTTP/1.0\r\n") || strcasestr(c->head, "\r\nConnection: close");
	c->due_ms = now_ms() + h->delay_ms;
	if (h->delay_ms == 0)
		answer(h, fd);
}

static void
accept_some(struct httpd *h, int listener)
{
	for (int i = 0; i < 8; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return; /* another process was faster, or the client has gone */
		if (fd >= HTTPD_FDS) {
			close(fd);
			return;
		}
		h->connection[fd] = (struct connection){ .open = 1, .due_ms = -1 };
		h->open++;
		watch(h, fd);
		take(h, fd);
	}
}

static void
leave(struct httpd *h)
{
	struct signalfd_siginfo info;

	if (read(h->signals, &info, sizeof info) != (ssize_t)sizeof info || h->leaving)
		return;
	if (h->abrupt)
		exit(0);
	h->leaving = 1;
	for (int i = 0; i < h->listeners; i++) {
		/* other processes have it: closing alone would leave it in the set */
		(void)epoll_ctl(h->epoll, EPOLL_CTL_DEL, h->listener[i], NULL);
		close(h->listener[i]);
	}
	for (int fd = 0; fd < HTTPD_FDS; fd++)
		if (h->connection[fd].open && !h->connection[fd].asked)
			h->connection[fd].due_ms = now_ms() + h->drain_ms;
}

/* Answers those whose time has come; how long until the next one's in ms, -1: none. */
static int
serve_due(struct httpd *h)
{
	int64_t now = now_ms(), next = -1;

	if (h->delay_ms == 0 && !h->leaving)
		return -1;
	for (int fd = 0; fd < HTTPD_FDS; fd++) {
		struct connection *c = &h->connection[fd];

		if (c->open && c->due_ms >= 0 && c->due_ms <= now) {
			if (c->asked)
				answer(h, fd);
			else
				finish(h, fd);
		}
		if (c->open && c->due_ms >= 0 && (next < 0 || c->due_ms < next))
			next = c->due_ms;
	}
	return next < 0 ? -1 : (int)(next - now);
}

static int
is_listener(const struct httpd *h, int fd)
{
	for (int i = 0; i < h->listeners; i++)
		if (h->listener[i] == fd)
			return 1;
	return 0;
}

static void
loop(struct httpd *h)
{
	struct epoll_event event[HTTPD_BATCH];

	while (!h->leaving || h->open > 0) {
		int wait = serve_due(h);
		int n =
		    h->leaving && h->open == 0 ? 0 : epoll_wait(h->epoll, event, HTTPD_BATCH, wait);

		for (int i = 0; i < n; i++) {
			int fd = event[i].data.fd;

			if (fd == h->signals)
				leave(h);
			else if (h->connection[fd].open)
				take(h, fd);
			else if (!h->leaving && is_listener(h, fd))
				accept_some(h, fd);
		}
	}
}

static void
listen_on(struct httpd *h, long fd)
{
	int flags = fd >= 0 && fd < HTTPD_FDS ? fcntl((int)fd, F_GETFL) : -1;

	if (h->listeners == HTTPD_LISTENERS || flags < 0 ||
	    fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) < 0)
		die("a descriptor that was given");
	h->listener[h->listeners++] = (int)fd;
}

static void
sockets(struct httpd *h)
{
	const char *port = getenv("SERVER_STARTER_PORT"), *fds = getenv("LISTEN_FDS");
	const char *pid = getenv("LISTEN_PID");

	if (port && *port) {
		const char *end;

		for (; *port; port = *end ? end + 1 : end) {
			const char *fd;

			end = strchrnul(port, ';');
			fd = memrchr(port, '=', (size_t)(end - port));
			listen_on(h, fd ? strtol(fd + 1, NULL, 10) : -1);
		}
	} else if (fds && (!pid || strtol(pid, NULL, 10) == getpid())) {
		for (long n = strtol(fds, NULL, 10), i = 0; i < n; i++)
			listen_on(h, 3 + i);
	}
	if (h->listeners == 0) {
		fprintf(stderr, "httpd: no sockets: neither SERVER_STARTER_PORT nor LISTEN_FDS\n");
		exit(1);
	}
}

static void
notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || len >= sizeof a.sun_path)
		die("NOTIFY_SOCKET");
	memcpy(a.sun_path, path, len);
	if (*path == '@')
		a.sun_path[0] = '\0';
	if (sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&a,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		die("NOTIFY_SOCKET");
	close(fd);
}

static long
number(const char *arg, const char *name)
{
	size_t len = strlen(name);
	char *end;
	long n;

	if (strncmp(arg, name, len) != 0 || arg[len] != '=')
		return -1;
	n = strtol(arg + len + 1, &end, 10);
	return *end || end == arg + len + 1 || n < 0 ? -1 : n;
}

int
main(int argc, char **argv)
{
	struct httpd h = { .drain_ms = 2000 };
	const char *generation = getenv("SERVER_STARTER_GENERATION");
	struct timespec boot = { 0 };
	sigset_t term;
	long n;

	for (int i = 1; i < argc; i++) {
		if ((n = number(argv[i], "boot")) >= 0)
			boot =
			    (struct timespec){ .tv_sec = n / 1000, .tv_nsec = n % 1000 * 1000000 };
		else if ((n = number(argv[i], "delay")) >= 0)
			h.delay_ms = n;
		else if ((n = number(argv[i], "drain")) >= 0)
			h.drain_ms = n;
		else if (strcmp(argv[i], "abrupt") == 0)
			h.abrupt = 1;
		else {
			fprintf(stderr, "usage: httpd [boot=MS] [delay=MS] [drain=MS] [abrupt]\n");
			return 2;
		}
	}
	while (nanosleep(&boot, &boot) < 0 && errno == EINTR)
		;
	(void)snprintf(h.body, sizeof h.body, "generation %.12s pid %d\n",
	    generation ? generation : "0", (int)getpid());
	sockets(&h);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	h.connection = calloc(HTTPD_FDS, sizeof *h.connection);
	h.epoll = epoll_create1(EPOLL_CLOEXEC);
	h.signals = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	if (!h.connection || h.epoll < 0 || h.signals < 0 ||
	    sigprocmask(SIG_SETMASK, &term, NULL) < 0)
		die("start");
	watch(&h, h.signals);
	for (int i = 0; i < h.listeners; i++)
		watch(&h, h.listener[i]);
	notify_ready();
	loop(&h);
	return 0;
}
