/*
 * load.c - what clients see of a server: paced requests, each one's end and time.
 *
 *     load ADDRESS [rate=R] [connections=N] [seconds=S] [timeout=MS] [close]
 *
 * R requests a second in all (1000), on N connections (8) that are kept, or with close on a new one
 * each, for S seconds (10) or until INT or TERM. It prints a line:
 *
 *     sent=  requests, all of which have ended as one of these:
 *     ok=    answered whole: status 200 and as many bytes as Content-Length says
 *     refused=  no connection
 *     reset=    broken off before the first byte of the answer
 *     failed=   anything else: a broken or wrong answer, or none in the timeout (10 s)
 *     p50= p99= max=  microseconds from when a request was due until its answer was there, so that
 *               the time in which nothing could be sent counts; "-" where none was answered
 *     first= last=  the least and the greatest N of "generation N" in the answers
 *
 * and exits with 1 unless all are ok.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "report.h"
#include "request.h"

enum { LOAD_CONNECTIONS = 1000, LOAD_REQUESTS = 10000000, LOAD_BATCH = 64 };

enum end { END_OK, END_FAILED, END_REFUSED, END_RESET, ENDS };

struct slot {
	int fd; /* -1: not connected */
	int connecting, busy;
	int64_t due, sent; /* nanoseconds */
	size_t have;
	char answer[REQUEST_ANSWER + 1];
};

struct load {
	struct address to;
	int epoll, timer, one_shot;
	uint64_t rate, connections, timeout_ms;
	uint64_t total, sent, ends[ENDS];
	int64_t begin;
	long first, last;  /* generations, 0: none was seen */
	uint32_t *latency; /* us, of those that are ok */
	struct slot *slot;
	struct slot **spare; /* a ring: who has waited longest is next */
	uint64_t spare_in, spare_out;
};

static volatile sig_atomic_t leaving;

static void
on_signal(int sig)
{
	(void)sig;
	leaving = 1;
}

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
finish(struct load *l, struct slot *s, enum end end, int keep)
{
	const char *body;
	int64_t us = (report_now() - s->due) / 1000;

	if (end == END_OK) {
		long n;

		(void)reading(&l->to, s->answer, s->have, &body); /* it was whole */
		n = after(body, "generation ");
		if (l->first == 0 || n < l->first)
			l->first = n;
		if (n > l->last)
			l->last = n;
		l->latency[l->ends[END_OK]] = us > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)us;
	}
	l->ends[end]++;
	s->busy = 0;
	if (!keep) {
		close(s->fd);
		s->fd = -1;
	}
	l->spare[l->spare_in++ % l->connections] = s;
}

static void
ask_on(struct load *l, struct slot *s)
{
	s->have = 0;
	s->answer[0] = '\0';
	if (send_request(&l->to, s->fd, l->one_shot) < 0)
		finish(l, s, errno == ECONNREFUSED ? END_REFUSED : END_RESET, 0);
}

static enum end
connect_end(int error)
{
	/* a unix socket whose queue is full, or which is not there, is as good as a closed port */
	return error == ECONNREFUSED || error == ENOENT || error == EAGAIN ? END_REFUSED
	    : error == ECONNRESET                                          ? END_RESET
									   : END_FAILED;
}

static void
connect_slot(struct load *l, struct slot *s)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = s };
	int one = 1;

	s->fd = socket(l->to.u.any.sa_family, l->to.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		die("socket");
	if (l->to.u.any.sa_family != AF_UNIX && l->to.type == SOCK_STREAM)
		(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	s->connecting = connect(s->fd, &l->to.u.any, l->to.len) < 0;
	if (s->connecting && errno != EINPROGRESS) {
		finish(l, s, connect_end(errno), 0);
		return;
	}
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &event) < 0)
		die("epoll");
	if (!s->connecting)
		ask_on(l, s);
}

/* Sends what is due, as far as there are connections to spare; the timer rings for the next. */
static void
send_due(struct load *l)
{
	struct itimerspec ring = { 0 };
	int64_t due;

	for (;;) {
		struct slot *s;

		due = l->begin + (int64_t)(l->sent * 1000000000 / l->rate);
		if (l->sent == l->total || l->spare_out == l->spare_in || due > report_now())
			break;
		s = l->spare[l->spare_out++ % l->connections];
		l->sent++;
		s->busy = 1;
		s->due = due;
		s->sent = report_now();
		if (s->fd < 0)
			connect_slot(l, s);
		else
			ask_on(l, s);
	}
	if (l->sent < l->total && l->spare_out != l->spare_in)
		ring.it_value =
		    (struct timespec){ .tv_sec = due / 1000000000, .tv_nsec = due % 1000000000 };
	if (timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &ring, NULL) < 0)
		die("timer");
}

static void
receive(struct load *l, struct slot *s)
{
	const char *body;

	for (;;) {
		ssize_t n = recv(s->fd, s->answer + s->have, REQUEST_ANSWER - s->have, 0);

		if (n < 0 && errno == EAGAIN)
			return;
		if (!s->busy) { /* closed while nothing was asked, as it may be */
			close(s->fd);
			s->fd = -1;
			return;
		}
		if (n <= 0) {
			finish(l, s,
			    n < 0 && errno == ECONNREFUSED ? END_REFUSED
				: s->have > 0              ? END_FAILED
							   : END_RESET,
			    0);
			return;
		}
		s->have += (size_t)n;
		s->answer[s->have] = '\0';
		switch (reading(&l->to, s->answer, s->have, &body)) {
		case READING_MORE:
			continue;
		case READING_WRONG:
			finish(l, s, END_FAILED, 0);
			return;
		case READING_WHOLE:
			finish(l, s, END_OK,
			    !l->one_shot && !strcasestr(s->answer, "\r\nConnection: close"));
			return;
		}
	}
}

static void
event_on(struct load *l, struct slot *s)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (s->fd < 0)
		return;
	if (s->connecting) {
		if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			die("connect");
		s->connecting = 0;
		if (error)
			finish(l, s, connect_end(error), 0);
		else
			ask_on(l, s);
		return;
	}
	receive(l, s);
}

static void
give_up(struct load *l)
{
	int64_t now = report_now();

	for (uint64_t i = 0; i < l->connections; i++) {
		struct slot *s = &l->slot[i];

		if (!s->busy || now - s->sent <= (int64_t)l->timeout_ms * 1000000)
			continue;
		fprintf(stderr, "load: timeout: %.3f s after the begin: %s, %zu bytes have come\n",
		    (double)(s->sent - l->begin) / 1e9,
		    s->connecting ? "not connected" : "connected", s->have);
		finish(l, s, END_FAILED, 0);
	}
}

static uint64_t
ended(const struct load *l)
{
	return l->ends[END_OK] + l->ends[END_FAILED] + l->ends[END_REFUSED] + l->ends[END_RESET];
}

static void
loop(struct load *l)
{
	struct epoll_event event[LOAD_BATCH];
	int64_t looked = l->begin;

	while (ended(l) < l->total) {
		uint64_t due;
		int n;

		send_due(l);
		n = epoll_wait(l->epoll, event, LOAD_BATCH, 50);
		for (int i = 0; i < n; i++)
			if (event[i].data.ptr)
				event_on(l, event[i].data.ptr);
		if (report_now() - looked > 50000000) {
			give_up(l);
			looked = report_now();
		}
		due = (uint64_t)(report_now() - l->begin) * l->rate / 1000000000 + 1;
		if (leaving && due < l->total)
			l->total = due > l->sent ? due : l->sent;
	}
}

static int
ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int
print(const struct load *l)
{
	uint64_t n = l->ends[END_OK];

	printf("sent=%ju ok=%ju failed=%ju refused=%ju reset=%ju ", (uintmax_t)l->sent,
	    (uintmax_t)n, (uintmax_t)l->ends[END_FAILED], (uintmax_t)l->ends[END_REFUSED],
	    (uintmax_t)l->ends[END_RESET]);
	qsort(l->latency, n, sizeof *l->latency, ascending);
	if (n > 0)
		printf("p50=%u p99=%u max=%u", l->latency[n / 2], l->latency[n * 99 / 100],
		    l->latency[n - 1]);
	else
		printf("p50=- p99=- max=-");
	printf(" first=%ld last=%ld\n", l->first, l->last);
	return n < l->sent;
}

static int
run(struct load *l, uint64_t seconds)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	l->total = l->rate * seconds;
	if (l->rate == 0 || l->connections == 0 || l->connections > LOAD_CONNECTIONS ||
	    l->total == 0 || l->total > LOAD_REQUESTS)
		return 2;
	l->latency = calloc(l->total, sizeof *l->latency);
	l->slot = calloc(l->connections, sizeof *l->slot);
	l->spare = calloc(l->connections, sizeof(struct slot *));
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!l->latency || !l->slot || !l->spare || l->epoll < 0 || l->timer < 0 ||
	    epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->timer, &event) < 0 ||
	    sigaction(SIGTERM, &sa, NULL) < 0 || sigaction(SIGINT, &sa, NULL) < 0)
		die("start");
	for (uint64_t i = 0; i < l->connections; i++) {
		l->slot[i].fd = -1;
		l->spare[l->spare_in++] = &l->slot[i];
	}
	l->begin = report_now();
	loop(l);
	return print(l);
}

static int
usage(void)
{
	fprintf(stderr,
	    "usage: load ADDRESS [rate=R] [connections=N] [seconds=S] [timeout=MS] [close]\n");
	return 2;
}

static int
option(const char *arg, const char *name, uint64_t *value)
{
	size_t len = strlen(name);
	char *end;

	if (strncmp(arg, name, len) != 0 || arg[len] != '=' || arg[len + 1] < '0' ||
	    arg[len + 1] > '9')
		return 0;
	*value = strtoull(arg + len + 1, &end, 10);
	return *end == '\0';
}

int
main(int argc, char **argv)
{
	struct load l = { .rate = 1000, .connections = 8, .timeout_ms = 10000 };
	uint64_t seconds = 10;

	if (argc < 2 || !parse_address(&l.to, argv[1]))
		return usage();
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "close") == 0)
			l.one_shot = 1;
		else if (!option(argv[i], "rate", &l.rate) &&
		    !option(argv[i], "connections", &l.connections) &&
		    !option(argv[i], "seconds", &seconds) &&
		    !option(argv[i], "timeout", &l.timeout_ms))
			return usage();
	return run(&l, seconds);
}
