#include "sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/listener.h"

/* The first number that a server can be given a socket at, besides those asked for. */
#define FIRST 3

static bool
is_taken(const struct starter *s, int child)
{
	if (child == STDOUT_FILENO || child == STDERR_FILENO)
		return true;
	for (unsigned i = 0; i < s->sockets; i++)
		if (s->socket[i].child == child)
			return true;
	return false;
}

static void
add(struct starter *s, const char *what, const char *text, const struct endpoint *e)
{
	if (s->sockets == STARTER_SOCKETS)
		starter_die(
		    s, EXIT_OTHER, "%s: %s: more than %d sockets", what, text, STARTER_SOCKETS);
	if (e->fd >= 0 && is_taken(s, e->fd))
		starter_die(s, EXIT_OTHER, "%s: %s: descriptor %d is taken", what, text, e->fd);
	s->socket[s->sockets++] = (struct starter_socket){ .at = *e, .fd = -1, .child = e->fd };
}

static void
read_all(struct starter *s)
{
	struct endpoint e;
	const char *text, *why;

	for (unsigned i = 0; i < s->o->port.count; i++) {
		text = optval_list_at(&s->o->port, i);
		if ((why = endpoint_parse(text, &e)) != NULL)
			starter_die(s, EXIT_OTHER, "--port: %s: %s", text, why);
		add(s, "--port", text, &e);
	}
	for (unsigned i = 0; i < s->o->path.count; i++) {
		text = optval_list_at(&s->o->path, i);
		if ((why = endpoint_path(text, &e)) != NULL)
			starter_die(s, EXIT_OTHER, "--path: %s: %s", text, why);
		add(s, "--path", text, &e);
	}
}

/* The others get the lowest numbers that nobody has asked for. */
static void
number(struct starter *s)
{
	int next = FIRST;

	for (unsigned i = 0; i < s->sockets; i++) {
		struct starter_socket *k = &s->socket[i];

		if (k->child >= 0)
			continue;
		while (is_taken(s, next))
			next++;
		k->child = next;
	}
}

/* An earlier one's file makes way; what is no socket does not. */
static void
make_way(struct starter *s, const char *path)
{
	struct stat st;

	if (*path == '@' || call_lstat(path, &st) < 0)
		return;
	if (!S_ISSOCK(st.st_mode))
		starter_die(s, EEXIST, "--path: %s: there is something that is no socket", path);
	starter_say(s, "removing existing socket file:%s", path);
	if (unlink(path) < 0)
		starter_die(s, errno, "--path: %s: %s", path, call_reason());
}

static void
open_one(struct starter *s, struct starter_socket *k, const struct listener_options *o)
{
	int type = k->at.kind == ENDPOINT_UDP ? SOCK_DGRAM : SOCK_STREAM;
	bool path = k->at.kind == ENDPOINT_UNIX;
	struct listener_address a;
	const char *step;
	struct stat st;
	char room[ENDPOINT_HOST + 16];
	struct buf key = buf_over(room, sizeof room);

	endpoint_key(&k->at, &key);
	if (path) {
		make_way(s, k->at.host);
		listener_path(k->at.host, &a);
	} else if (!listener_resolve(k->at.host, k->at.v6, k->at.port, &a)) {
		starter_die(s, EXIT_OTHER, "--port: %s: %s: not an address, and not in /etc/hosts",
		    room, k->at.host);
	}
	if ((k->fd = listener_open(&a, type, o, &step)) < 0)
		starter_die(s, errno, "%s: %s: %s: %s", path ? "--path" : "--port", room, step,
		    call_reason());
	if (!path)
		k->at.port = listener_port(k->fd);
	else if (call_lstat(k->at.host, &st) == 0 && *k->at.host != '@') {
		k->ours = true;
		k->dev = st.st_dev;
		k->ino = st.st_ino;
	}
	if (k->at.fd >= 0)
		starter_say(s, "socket is duplicated to file descriptor %d", k->at.fd);
}

void
sockets_open(struct starter *s)
{
	const struct args *o = s->o;
	struct privilege owner;
	const char *why = privilege_resolve(o->path_owner, o->path_group, &owner);
	struct listener_options l = {
		.backlog = o->backlog > 0 ? o->backlog : ARGS_BACKLOG,
		.defer_accept = o->defer_accept,
		.fastopen = o->fastopen,
		.nonblocking = o->nonblocking,
		.mode = (mode_t)o->path_mode,
		.uid = owner.user ? owner.uid : (uid_t)-1,
		.gid = owner.group ? owner.gid : (gid_t)-1,
	};

	if (why)
		starter_die(s, EXIT_OTHER, "--path-owner, --path-group: %s", why);
	read_all(s);
	number(s);
	for (unsigned i = 0; i < s->sockets; i++)
		open_one(s, &s->socket[i], &l);
}

void
sockets_remove(const struct starter *s)
{
	struct stat st;

	for (unsigned i = 0; i < s->sockets; i++) {
		const struct starter_socket *k = &s->socket[i];

		if (k->ours && call_lstat(k->at.host, &st) == 0 && st.st_ino == k->ino &&
		    st.st_dev == k->dev)
			(void)unlink(k->at.host); /* the next one's start removes it too */
	}
}

void
sockets_ports(const struct starter *s, struct buf *b)
{
	for (unsigned i = 0; i < s->sockets; i++) {
		if (i > 0)
			buf_puts(b, ";");
		endpoint_key(&s->socket[i].at, b);
		buf_printf(b, "=%d", s->socket[i].child);
	}
}

bool
sockets_in_row(const struct starter *s)
{
	for (unsigned i = 0; i < s->sockets; i++)
		if (s->socket[i].child != FIRST + (int)i)
			return false;
	return s->sockets > 0;
}

void
sockets_names(const struct starter *s, struct buf *b)
{
	for (unsigned i = 0; i < s->sockets; i++) {
		size_t from;

		if (i > 0)
			buf_puts(b, ":");
		from = b->len;
		endpoint_key(&s->socket[i].at, b);
		for (; from < b->len; from++)
			if (b->base[from] == ':')
				b->base[from] = '-';
	}
}
