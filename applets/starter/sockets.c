#include "sockets.h"

#include <errno.h>
#include <sys/socket.h>

#include "../../lib/sys/call.h"

static void
add(struct starter *s, const char *what, const char *text, const struct endpoint *e)
{
	if (s->sockets == STARTER_SOCKETS)
		starter_die(
		    s, EXIT_OTHER, "%s: %s: more than %d sockets", what, text, STARTER_SOCKETS);
	if (e->fd >= 0 && endpoint_taken(s->at, s->sockets, e->fd))
		starter_die(s, EXIT_OTHER, "%s: %s: descriptor %d is taken", what, text, e->fd);
	s->at[s->sockets] = *e;
	s->socket[s->sockets++] = (struct starter_socket){ .fd = -1, .asked = e->fd >= 0 };
}

static void
read_list(struct starter *s, const char *what, const struct opt_list *list,
    const char *(*parse)(const char *, struct endpoint *))
{
	for (unsigned i = 0; i < list->count; i++) {
		const char *text = optval_list_at(list, i), *why;
		struct endpoint e;

		if ((why = parse(text, &e)) != NULL)
			starter_die(s, EXIT_OTHER, "%s: %s: %s", what, text, why);
		add(s, what, text, &e);
	}
}

void
sockets_read(struct starter *s)
{
	read_list(s, "--port", &s->o->port, endpoint_parse);
	read_list(s, "--path", &s->o->path, endpoint_path);
	(void)endpoint_number(s->at, s->sockets); /* the one above is asked for at each start */
}

/* An earlier one's file makes way; what is no socket does not. */
static void
make_way(struct starter *s, const char *path)
{
	int made = listener_make_way(path);

	if (made < 0 && errno == EEXIST)
		starter_die(s, EEXIST, "--path: %s: there is something that is no socket", path);
	if (made < 0)
		starter_die(s, STARTER_ERRNO, "--path: %s", path);
	if (made > 0)
		starter_say(s, "removing existing socket file:%s", path);
}

static void
open_one(struct starter *s, unsigned i, const struct listener_options *o)
{
	struct endpoint *at = &s->at[i];
	struct starter_socket *k = &s->socket[i];
	bool path = at->kind == ENDPOINT_UNIX;
	struct listener_address a;
	const char *step;
	char room[ENDPOINT_HOST + 16];
	struct buf key = buf_over(room, sizeof room);

	endpoint_key(at, &key);
	if (path) {
		make_way(s, at->host);
		listener_path(at->host, &a);
	} else if (!listener_resolve(at->host, at->v6, at->port, &a)) {
		starter_die(s, EXIT_OTHER, "--port: %s: %s: not an address, and not in /etc/hosts",
		    room, at->host);
	}
	if ((k->fd = listener_open(
		 &a, at->kind == ENDPOINT_UDP ? SOCK_DGRAM : SOCK_STREAM, o, &step)) < 0)
		starter_die(s, STARTER_ERRNO, "%s: %s: %s", path ? "--path" : "--port", room, step);
	if (path)
		listener_file_made(at->host, &k->file);
	else
		at->port = listener_port(k->fd);
	if (k->asked)
		starter_say(s, "socket is duplicated to file descriptor %d", at->fd);
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
	sockets_read(s);
	for (unsigned i = 0; i < s->sockets; i++)
		open_one(s, i, &l);
}

void
sockets_remove(const struct starter *s)
{
	for (unsigned i = 0; i < s->sockets; i++)
		listener_file_remove(s->at[i].host, &s->socket[i].file);
}
