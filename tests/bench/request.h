/*
 * request.h - an address on the command line, the request that is sent to it and when its answer is
 * whole. For the programs of the benchmarks that are clients.
 *
 * ADDRESS is 127.0.0.1:80, [::1]:80 or unix:PATH; udp: before one of the first two sends a datagram
 * and takes one as the answer.
 */
#ifndef BENCH_REQUEST_H
#define BENCH_REQUEST_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { REQUEST_ANSWER = 8192 }; /* the longest answer */

enum reading { READING_MORE, READING_WHOLE, READING_WRONG };

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	} u;
	socklen_t len;
	int type; /* SOCK_STREAM or SOCK_DGRAM */
};

/* 0: it is not well-formed. */
static inline int
parse_address(struct address *a, const char *text)
{
	char host[INET6_ADDRSTRLEN + 1] = "";
	const char *colon = strrchr(text, ':');
	size_t len;
	long port;

	memset(a, 0, sizeof *a);
	a->type = SOCK_STREAM;
	if (strncmp(text, "unix:", 5) == 0) {
		a->u.local.sun_family = AF_UNIX;
		a->len = sizeof a->u.local;
		len = strlen(text + 5);
		memcpy(a->u.local.sun_path, text + 5, len < sizeof a->u.local.sun_path ? len : 0);
		return len > 0 && len < sizeof a->u.local.sun_path;
	}
	if (strncmp(text, "udp:", 4) == 0) {
		a->type = SOCK_DGRAM;
		text += 4;
	}
	port = colon && colon > text ? strtol(colon + 1, NULL, 10) : 0;
	len = port > 0 && port < 65536 ? (size_t)(colon - text) : 0;
	if (len == 0 || len >= sizeof host)
		return 0;
	if (*text != '[') {
		memcpy(host, text, len);
		a->u.v4.sin_family = AF_INET;
		a->u.v4.sin_port = htons((uint16_t)port);
		a->len = sizeof a->u.v4;
		return inet_pton(AF_INET, host, &a->u.v4.sin_addr) == 1;
	}
	memcpy(host, text + 1, len - 1);
	host[strcspn(host, "]")] = '\0';
	a->u.v6.sin6_family = AF_INET6;
	a->u.v6.sin6_port = htons((uint16_t)port);
	a->len = sizeof a->u.v6;
	return inet_pton(AF_INET6, host, &a->u.v6.sin6_addr) == 1;
}

/* As send(2); last: no other will come on this connection. */
static inline ssize_t
send_request(const struct address *to, int fd, int last)
{
	char text[128];
	int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
	    last ? "Connection: close\r\n" : "");

	return send(fd, text, to->type == SOCK_DGRAM ? 1 : (size_t)n, MSG_NOSIGNAL);
}

/* Whether what has come is an answer; sets where its body begins. */
static inline enum reading
reading(const struct address *to, const char *answer, size_t have, const char **body)
{
	const char *end = strstr(answer, "\r\n\r\n"), *length;
	size_t want;

	*body = answer;
	if (to->type == SOCK_DGRAM)
		return have > 0 ? READING_WHOLE : READING_WRONG;
	if (!end)
		return have < REQUEST_ANSWER ? READING_MORE : READING_WRONG;
	length = strcasestr(answer, "\r\nContent-Length:");
	if (strncmp(answer, "HTTP/1.", 7) != 0 || strncmp(answer + 8, " 200", 4) != 0 || !length ||
	    length > end)
		return READING_WRONG;
	*body = end + 4;
	want = (size_t)(end + 4 - answer) + strtoul(length + 17, NULL, 10);
	if (want > REQUEST_ANSWER || have > want)
		return READING_WRONG;
	return have == want ? READING_WHOLE : READING_MORE;
}

/* The number behind the word, 0 where there is none. */
static inline long
after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtol(at + strlen(word), NULL, 10) : 0;
}

#endif
