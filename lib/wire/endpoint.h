#ifndef SE_WIRE_ENDPOINT_H
#define SE_WIRE_ENDPOINT_H

#include <stdbool.h>

#include "../base/buf.h"

/*
 * Where a socket listens, as start_server's --port and --path, or a URI, write it; and what the
 * programs that inherit the sockets are told.
 */
enum endpoint_kind { ENDPOINT_TCP, ENDPOINT_UDP, ENDPOINT_UNIX };

#define ENDPOINT_HOST 256
#define ENDPOINT_PATH 108 /* sun_path, unix(7) */

struct endpoint {
	enum endpoint_kind kind;
	bool v6;                  /* host is an IPv6 address */
	char host[ENDPOINT_HOST]; /* without brackets; "": 0.0.0.0. UNIX: the path */
	bool named;               /* a host was given: it is part of the key */
	unsigned port;            /* 0: the kernel chooses */
	int fd;                   /* the number that the server has or wants it at; -1: any */
};

#define ENDPOINT_FIRST 3 /* the lowest number that a server is given */

/*
 * --port: [u]PORT[=FD], HOST:[u]PORT[=FD], [V6]:[u]PORT[=FD], blanks around them; or a URI
 * tcp://HOST:PORT, udp://HOST:PORT, unix:///PATH, what follows a '?' passed over. NULL: done; else
 * the reason.
 */
const char *endpoint_parse(const char *text, struct endpoint *);
/* --path: a file, or @NAME in the abstract namespace. NULL: done; else the reason. */
const char *endpoint_path(const char *path, struct endpoint *);
/* Its name in SERVER_STARTER_PORT: "80", "127.0.0.1:80", "[::1]:80", "/run/x". */
void endpoint_key(const struct endpoint *, struct buf *);

/*
 * n sockets of one server. Those of any number get the lowest ones from ENDPOINT_FIRST on that are
 * nobody's. The first number above all of them.
 */
int endpoint_number(struct endpoint[], unsigned n);
/* Does one of them have or want that number? stdout's and stderr's are always taken. */
bool endpoint_taken(const struct endpoint[], unsigned n, int fd);
/* "key=fd;key=fd", as SERVER_STARTER_PORT has them. */
void endpoint_ports(const struct endpoint[], unsigned n, struct buf *);
/* Are they 3, 4, ... in their order, as LISTEN_FDS means it? */
bool endpoint_in_row(const struct endpoint[], unsigned n);
/* "key:key", for LISTEN_FDNAMES; a colon in a key is a dash. */
void endpoint_names(const struct endpoint[], unsigned n, struct buf *);

#endif
