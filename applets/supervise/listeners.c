#include "listeners.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/wire/cidr.h"

/* As --path of se-starter where it looks like one, else as its --port. */
static const char *
parse(const char *text, struct endpoint *e)
{
	return *text == '/' || *text == '@' ? endpoint_path(text, e) : endpoint_parse(text, e);
}

/* Listen's entry number i; false: why says what is wrong with it. */
static bool
read_one(const struct config *c, unsigned i, struct endpoint *at, struct buf *why)
{
	const char *text = optval_list_at(&c->listen, i), *reason = parse(text, at);

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

/* Has nobody asked for that number before? It is noted. */
static bool
is_free(uint64_t taken[1024 / 64], int fd)
{
	uint64_t bit = 1ull << fd % 64;

	if (fd == STDOUT_FILENO || fd == STDERR_FILENO || (taken[fd / 64] & bit))
		return false;
	taken[fd / 64] |= bit;
	return true;
}

/* False. */
static bool
refuse_number(int notification_fd, struct buf *why)
{
	buf_printf(why, "worker_notification_fd: %d: a socket of listen has it", notification_fd);
	return false;
}

bool
listeners_leave(const struct endpoint at[], unsigned n, int notification_fd, struct buf *why)
{
	return notification_fd == OPT_UNSET || !endpoint_taken(at, n, notification_fd) ||
	    refuse_number(notification_fd, why);
}

bool
listeners_check(const struct config *c, struct buf *why)
{
	struct cidr networks[LISTENERS_NETWORKS];
	uint64_t taken[1024 / 64] = { 0 };
	unsigned unnumbered = 0;
	struct endpoint at;

	if (c->listen.count > LISTENERS_MAX) {
		buf_puts(why, "listen: more than 64");
		return false;
	}
	for (unsigned i = 0; i < c->listen.count; i++) {
		if (!read_one(c, i, &at, why))
			return false;
		unnumbered += at.fd < 0;
		if (at.fd >= 0 && !is_free(taken, at.fd)) {
			buf_printf(why, "listen: %.*s: its descriptor is taken", 300,
			    optval_list_at(&c->listen, i));
			return false;
		}
	}
	for (int fd = ENDPOINT_FIRST; unnumbered > 0; fd++) /* as endpoint_number gives them */
		unnumbered -= is_free(taken, fd);
	if (c->worker_notification_fd != OPT_UNSET && !is_free(taken, c->worker_notification_fd))
		return refuse_number(c->worker_notification_fd, why);
	return read_networks(c, networks, why);
}

const struct listener_filter *
listeners_filter(struct listeners_networks *n, const struct config *c, bool v6)
{
	struct cidr networks[LISTENERS_NETWORKS];
	char room[512];
	struct buf why = buf_over(room, sizeof room);

	if (c->allowed_networks.count == 0)
		return NULL;
	(void)read_networks(c, networks, &why); /* it could be read before */
	n->filter = (struct listener_filter){ n->program,
		(unsigned short)cidr_filter(networks, c->allowed_networks.count, v6, n->program),
		"allowed_networks" };
	return &n->filter;
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
	struct listener_options o = {
		.backlog = (int)c->backlog, .mode = 0777, .uid = uid, .gid = gid
	};
	struct listeners_networks networks;
	const char *step;

	for (unsigned i = 0; i < c->listen.count; i++)
		if (!read_one(c, i, &s->at[i], why))
			return false;
	s->above = endpoint_number(s->at, c->listen.count);
	for (; s->count < c->listen.count; s->count++) {
		struct endpoint *at = &s->at[s->count];
		bool file = at->kind == ENDPOINT_UNIX; /* which has no networks */
		int fd;

		o.filter = file ? NULL : listeners_filter(&networks, c, at->v6);
		if ((fd = open_one(at, &o, &step)) < 0) {
			buf_printf(why, "listen: %s: %s: %s", optval_list_at(&c->listen, s->count),
			    step, call_reason());
			return false;
		}
		s->fd[s->count] = fd;
		if (file)
			listener_file_made(at->host, &s->file[s->count]);
		else
			at->port = listener_port(fd);
	}
	if (tell(s))
		return true;
	buf_puts(why, "listen: too long to be told to workers");
	return false;
}

bool
listeners_adopt(struct listeners *s, const char *text, int first)
{
	char word[ENDPOINT_HOST + 24];

	while (text && *text) {
		struct endpoint *at = &s->at[s->count];
		size_t n = text_span(text, ";");
		char *fd;
		uint64_t number;

		if (n >= sizeof word || s->count == LISTENERS_MAX)
			return false;
		memcpy(word, text, n);
		word[n] = '\0';
		if (!(fd = strrchr(word, '=')) || !num_count(fd + 1, 0, 1023, &number))
			return false;
		*fd = '\0';
		if (parse(word, at))
			return false;
		at->fd = (int)number;
		s->fd[s->count] = first + (int)s->count;
		s->count++;
		text += n + (text[n] == ';');
	}
	s->above = endpoint_number(s->at, s->count);
	return text && tell(s);
}

void
listeners_remove(const struct listeners *s)
{
	for (unsigned i = 0; i < s->count; i++)
		listener_file_remove(s->at[i].host, &s->file[i]);
}
