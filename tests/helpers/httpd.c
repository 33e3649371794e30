/*
 * A small HTTP server to be a worker, and its client.
 *
 *   httpd port           prints a port of 127.0.0.1 that is free
 *   httpd serve [PORT]   answers every request with its worker id and pid, on a socket of its own,
 * or on descriptor 3, which it was given; beats, says READY=1, and how many it has served in
 * STATUS=; at TERM it serves whom it has accepted or who waits, and exits with 0 httpd get PORT N
 * makes N requests, one after the other; prints how many were answered, and by how many processes;
 * exits with 1 if one was not answered within 5 s
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t leaving;

static void
on_term(int sig)
{
	(void)sig;
	leaving = 1;
}

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int
listen_on(int port, int reuse)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse, sizeof reuse) < 0 ||
	    bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 128) < 0) {
		perror("httpd: listen");
		exit(1);
	}
	return fd;
}

static void
notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len == 0 || len >= sizeof a.sun_path ||
	    (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return;
	memcpy(a.sun_path, path, len);
	if (*path == '@')
		a.sun_path[0] = '\0';
	(void)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&a,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

/* Reads a request's head, at most a second long, and answers. */
static void
answer(int fd)
{
	struct timeval second = { .tv_sec = 1 };
	const char *id = getenv("SERVERENGINE_WORKER_ID");
	char in[2048], out[256], body[64];
	size_t len = 0;
	ssize_t n;
	int size;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
	while (len < sizeof in - 1 && (n = recv(fd, in + len, sizeof in - 1 - len, 0)) > 0) {
		len += (size_t)n;
		in[len] = '\0';
		if (strstr(in, "\r\n\r\n"))
			break;
	}
	size = snprintf(body, sizeof body, "worker %s pid %d\n", id ? id : "-", (int)getpid());
	size = snprintf(
	    out, sizeof out, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, body);
	if (send(fd, out, (size_t)size, MSG_NOSIGNAL) == size)
		shutdown(fd, SHUT_WR);
	close(fd);
}

static int
serve(int port)
{
	struct sigaction sa = { .sa_handler = on_term };
	const char *beat = getenv("SERVERENGINE_HEARTBEAT_PIPE");
	struct pollfd p = { .fd = port ? listen_on(port, 1) : 3, .events = POLLIN };
	unsigned long served = 0;
	time_t last = 0;
	char status[64];

	if (fcntl(p.fd, F_SETFL, O_NONBLOCK) < 0) {
		perror("httpd: descriptor 3");
		return 1;
	}
	sigaction(SIGTERM, &sa, NULL);
	notify("READY=1");
	for (;;) {
		int fd = accept4(p.fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0) {
			answer(fd);
			served++;
		} else if (leaving) {
			return 0;
		} else {
			(void)poll(&p, 1, 250);
		}
		if (time(NULL) != last) {
			last = time(NULL);
			if (beat && write(atoi(beat), ".", 1) < 0)
				return 1;
			(void)snprintf(status, sizeof status, "STATUS=%lu requests served", served);
			notify(status);
		}
	}
}

/* One request; the answer's pid, 0: none came. */
static int
get(int port)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct timeval limit = { .tv_sec = 5 };
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *pid;
	char in[512];
	size_t len = 0;
	ssize_t n = -1;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
	    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0)
		while (len < sizeof in - 1 && (n = recv(fd, in + len, sizeof in - 1 - len, 0)) > 0)
			len += (size_t)n;
	close(fd);
	in[len] = '\0';
	pid = strstr(in, " pid ");
	return n == 0 && pid ? atoi(pid + 5) : 0;
}

static int
get_many(int port, int n)
{
	int pids[64], npids = 0, answered = 0;

	for (int i = 0; i < n; i++) {
		int pid = get(port), j = 0;

		if (pid == 0)
			continue;
		answered++;
		while (j < npids && pids[j] != pid)
			j++;
		if (j == npids && npids < 64)
			pids[npids++] = pid;
	}
	printf("%d of %d requests answered, by %d processes\n", answered, n, npids);
	return answered < n;
}

static int
free_port(void)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;

	if (getsockname(listen_on(0, 0), (struct sockaddr *)&a, &len) < 0)
		return 1;
	printf("%d\n", ntohs(a.sin_port));
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "port") == 0)
		return free_port();
	if ((argc == 2 || argc == 3) && strcmp(argv[1], "serve") == 0)
		return serve(argc == 3 ? atoi(argv[2]) : 0);
	if (argc == 4 && strcmp(argv[1], "get") == 0)
		return get_many(atoi(argv[2]), atoi(argv[3]));
	fprintf(stderr, "usage: httpd port | serve [PORT] | get PORT N\n");
	return 2;
}
