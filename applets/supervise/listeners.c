#include "listeners.h"

#include <errno.h>

#include "../../lib/sys/call.h"
#include "../../lib/wire/cidr.h"

/* As --path of se-starter where it looks like one, else as its --port. */
static const char *
parse(const char *text, struct endpoint *e)
{
	return *text == '/' || *text == '@' ? endpoint_path(text, e) : endpoint_parse(text, e);
}

/* All of listen, into at; the caller has room for LISTENERS_MAX. */
static bool
read_listen(const struct config *c, struct endpoint *at, struct buf *why)
{
	const char *text = "", *reason = c->listen.count > LISTENERS_MAX ? "more than 64" : NULL;

	for (unsigned i = 0; i < c->listen.count && !reason; i++) {
		text = optval_list_at(&c->listen, i);
		reason = parse(text, &at[i]);
		if (!reason && at[i].fd >= 0 && endpoint_taken(at, i, at[i].fd))
			reason = "its descriptor is taken";
	}
	if (reason)
		buf_printf(why, "listen: %.*s: %s", 300, text, reason);
	return !reason;
}

static bool
read_networks(const struct config *c, struct cidr *to, struct buf *why)
{
	const struct opt_list *l = &c->allowed_networks;
	const char *text = "", *reason = l->count > LISTENERS_NETWORKS ? "more than 64" : NULL;

	for (unsigned i = 0; i < l->count && !reason; i++) {
		text = optval_list_at(l, i);
		reason = cidr_parse(text, &to[i]);
	}
	if (reason)
		buf_printf(why, "allowed_networks: %.*s: %s", 300, text, reason);
	return !reason;
}

bool
listeners_check(const struct config *c, struct buf *why)
{
	struct endpoint at[LISTENERS_MAX];
	struct cidr networks[LISTENERS_NETWORKS];

	return read_listen(c, at, why) && read_networks(c, networks, why);
}

/* Only packets of those networks come to the socket; a unix socket has none. */
static bool
restrict_to(int fd, const struct endpoint *at, const struct cidr *networks, unsigned n)
{
	struct cidr_instruction program[CIDR_FILTER(LISTENERS_NETWORKS)];

	return n == 0 || at->kind == ENDPOINT_UNIX ||
	    listener_filter(
		fd, program, (unsigned short)cidr_filter(networks, n, at->v6, program)) == 0;
}

/* The fd; -1: errno, and *step. */
static int
open_one(struct endpoint *at, const struct listener_options *o, const char **step)
{
	struct listener_address a;

	if (at->kind == ENDPOINT_UNIX) {
		*step = "an earlier file";
		if (listener_make_way(at->host) < 0)
			return -1;
		listener_path(at->host, &a);
	} else {
		*step = "it is no address, and not in /etc/hosts";
		if (!listener_resolve(at->host, at->v6, at->port, &a))
			return call_fail(EADDRNOTAVAIL);
	}
	return listener_open(&a, at->kind == ENDPOINT_UDP ? SOCK_DGRAM : SOCK_STREAM, o, step);
}

/* What workers are told; false: it is too long. */
static bool
tell(struct listeners *s)
{
	struct buf b = buf_over(s->ports_room, LISTENERS_TEXT);
	bool cut;

	if (s->count == 0)
		return true;
	buf_puts(&b, "SERVER_STARTER_PORT=");
	endpoint_ports(s->at, s->count, &b);
	s->ports = s->ports_room;
	cut = b.cut;
	if (!endpoint_in_row(s->at, s->count))
		return !cut;
	b = buf_over(s->names_room, LISTENERS_TEXT);
	buf_puts(&b, "LISTEN_FDNAMES=");
	endpoint_names(s->at, s->count, &b);
	s->names = s->names_room;
	/* both fit */
	(void)buf_print_to(s->fds_room, sizeof s->fds_room, "LISTEN_FDS=%u", s->count);
	(void)buf_print_to(s->pid_room, sizeof s->pid_room, "LISTEN_PID=");
	s->fds = s->fds_room;
	s->pid = s->pid_room;
	return !cut && !b.cut;
}

bool
listeners_open(struct listeners *s, const struct config *c, uid_t uid, gid_t gid, struct buf *why)
{
	const struct listener_options o = {
		.backlog = (int)c->backlog, .mode = 0777, .uid = uid, .gid = gid
	};
	struct cidr networks[LISTENERS_NETWORKS];
	const char *step = "allowed_networks";

	if (!read_listen(c, s->at, why) || !read_networks(c, networks, why))
		return false;
	s->above = endpoint_number(s->at, c->listen.count);
	for (; s->count < c->listen.count; s->count++) {
		struct endpoint *at = &s->at[s->count];
		int fd = open_one(at, &o, &step);

		if (fd < 0 || !restrict_to(fd, at, networks, c->allowed_networks.count)) {
			buf_printf(why, "listen: %s: %s: %s", optval_list_at(&c->listen, s->count),
			    step, call_reason());
			return false;
		}
		s->fd[s->count] = fd;
		if (at->kind == ENDPOINT_UNIX)
			listener_file_made(at->host, &s->file[s->count]);
		else
			at->port = listener_port(fd);
	}
	if (tell(s))
		return true;
	buf_puts(why, "listen: too long to be told to workers");
	return false;
}

void
listeners_remove(const struct listeners *s)
{
	for (unsigned i = 0; i < s->count; i++)
		listener_file_remove(s->at[i].host, &s->file[i]);
}
