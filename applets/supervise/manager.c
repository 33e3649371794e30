#include "manager.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/unixsock.h"
#include "../../lib/wire/zone.h"
#include "ask.h"
#include "ends.h"
#include "held.h"
#include "verbs.h"

#define PATH_NAME  "SERVERENGINE_SOCKETMANAGER_PATH="
#define TOKEN_NAME "SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN="
#define PATH_ROOM  256
#define TOKEN      16ul /* random bytes in one */

struct asker {
	struct client c;
	size_t have; /* of in */
	char in[SOCKETMANAGER_FRAME];
	char out_room[SOCKETMANAGER_FRAME];
};

struct manager {
	bool given; /* another server has the socket too, and its file is that one's */
	uid_t uid;  /* the workers' */
	struct listener_file file;
	char *path, *token; /* values of the variables, which stand in front of them */
	char path_room[sizeof PATH_NAME + PATH_ROOM], token_room[sizeof TOKEN_NAME + 2 * TOKEN];
	struct helds held;
};

/* ---- its own socket ---- */

/* As ServerEngine makes it. */
static void
make_path(struct buf *b)
{
	const char *dir = call_env("SERVERENGINE_SOCKETMANAGER_SOCK_DIR");
	struct zone_civil c = zone_civil(call_time());

	buf_printf(b, "%s/SERVERENGINE_SOCKETMANAGER_%04d-%02d-%02dT%02d:%02d:%02dZ_%d",
	    dir ? dir : "/tmp", c.year, c.month, c.day, c.hour, c.minute, c.second, (int)getpid());
}

/* Absolute, for workers that go to another directory. False: errno. */
static bool
write_path(struct manager *m, const char *key)
{
	struct buf b = buf_over(m->path_room, sizeof m->path_room);
	char name[PATH_ROOM];
	struct buf n = buf_over(name, sizeof name);
	bool on;

	if (num_bool(key, &on))
		make_path(&n);
	else
		buf_puts(&n, key);
	buf_puts(&b, PATH_NAME);
	m->path = b.base + b.len;
	if (*name != '/') {
		if (call_getcwd(m->path, PATH_ROOM) < 0)
			return false;
		b.len += strlen(m->path);
		buf_puts(&b, "/");
	}
	buf_puts(&b, name);
	errno = ENAMETOOLONG;
	return !n.cut && !b.cut;
}

static bool
write_token(struct manager *m)
{
	struct buf b = buf_over(m->token_room, sizeof m->token_room);
	unsigned char random[TOKEN];

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return false;
	buf_puts(&b, TOKEN_NAME);
	m->token = b.base + b.len;
	for (size_t i = 0; i < sizeof random; i++)
		buf_printf(&b, "%02x", random[i]);
	return true;
}

/* All that the server has whose variables are in our environment, its own socket too. */
static bool
take_over(struct manager *m, int *fd, struct ask *a)
{
	struct socketmanager_request r = { .method = SOCKETMANAGER_SHARE_TCP };
	int status = ask_open(a, MANAGER_PATIENCE);

	while (status == VERBS_DONE && r.method != SOCKETMANAGER_UNKNOWN) {
		if ((status = ask(a, &r)) != VERBS_DONE)
			break;
		if (r.method == SOCKETMANAGER_SHARE_UNIX)
			*fd = a->fd;
		else if (a->fd >= 0 &&
		    !held_take(&m->held, r.method == SOCKETMANAGER_SHARE_UDP, a->text, a->fd))
			status = VERBS_REFUSED;
		r.number++;
		if (a->fd < 0 || *fd >= 0)
			r = (struct socketmanager_request){ .method = r.method + 1 };
	}
	if (status != VERBS_DONE)
		return false;
	close(a->conn);
	(void)call_fcntl(*fd, F_SETFL, O_NONBLOCK); /* cannot fail: it has just come */
	m->path = (char *)(size_t)call_env("SERVERENGINE_SOCKETMANAGER_PATH"); /* not changed */
	m->token = (char *)(size_t)a->token;
	return true;
}

/* Why not, or NULL: it listens. */
static const char *
begin(struct manager *m, int *fd, const char *key, gid_t gid, struct ask *a)
{
	if (strcmp(key, "take") == 0)
		return take_over(m, fd, a) ? NULL : a->text;
	if (!write_path(m, key) || !write_token(m) ||
	    (*fd = unixsock_listen(m->path, m->uid, gid)) < 0)
		return errno == EADDRINUSE ? "another process listens there" : call_reason();
	return NULL;
}

static void
tell_launch(struct supervise *s)
{
	s->launch.manager[0] = s->manager->path - strlen(PATH_NAME);
	s->launch.manager[1] = s->manager->token - strlen(TOKEN_NAME);
}

static bool
prepare(struct supervise *s)
{
	return clients_prepare(&s->managed, MANAGER_CLIENTS, sizeof(struct asker));
}

bool
manager_open(struct supervise *s, uid_t uid, gid_t gid, struct buf *why)
{
	const struct config *c = s->boot;
	struct privilege p;
	struct manager *m;
	struct ask a;
	const char *reason;
	bool on = true;

	if (!c->socket_manager || (num_bool(c->socket_manager, &on) && !on))
		return true;
	if (!(m = memory_get(sizeof *m)) || !prepare(s)) {
		buf_printf(why, "socket_manager: %s", call_reason());
		return false;
	}
	/* one that is not found is told when workers are made ready */
	reason = privilege_resolve(c->worker_chuser, c->worker_chgroup, &p);
	m->uid = !reason && p.user ? p.uid : uid;
	reason = begin(m, &s->managed.fd, c->socket_manager, gid, &a);
	if (!reason && loop_watch(s->managed.fd, TAG(TAG_MANAGER, 0), false) < 0)
		reason = call_reason();
	if (reason) {
		buf_printf(
		    why, "socket_manager: %s: %s", m->path ? m->path : c->socket_manager, reason);
		return false;
	}
	s->manager = m;
	listener_file_made(m->path, &m->file);
	tell_launch(s);
	return true;
}

void
manager_own(struct supervise *s)
{
	const struct privilege *p = &s->launch.privilege;
	struct manager *m = s->manager;
	uid_t uid = p->user ? p->uid : geteuid();

	if (!m || uid == m->uid)
		return;
	m->uid = uid;
	if (lchown(m->path, uid, (gid_t)-1) < 0)
		log_say(s, LOGLINE_ERROR, "socket_manager: %s: %s", m->path, call_reason());
}

void
manager_close(struct supervise *s)
{
	struct manager *m = s->manager;

	if (!m)
		return;
	ends_close(&s->managed.fd, TAG(TAG_MANAGER, 0));
	if (!m->given)
		listener_file_remove(m->path, &m->file);
	s->manager = NULL; /* what it holds ends with us */
}

/* ---- answers ---- */

static void
put_errno(
    struct buf *out, const char *token, const char *step, const struct socketmanager_request *r)
{
	static const struct {
		unsigned char error;
		char name[15];
	} known[] = { { EACCES, "EACCES" }, { EADDRINUSE, "EADDRINUSE" },
		{ EADDRNOTAVAIL, "EADDRNOTAVAIL" }, { EAFNOSUPPORT, "EAFNOSUPPORT" },
		{ EINVAL, "EINVAL" }, { EMFILE, "EMFILE" }, { ENFILE, "ENFILE" },
		{ ENOBUFS, "ENOBUFS" }, { ENOMEM, "ENOMEM" }, { EPERM, "EPERM" } };
	char class[32] = "SystemCallError", message[200];
	int e = errno;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].error == e)
			/* both fit */
			(void)buf_print_to(class, sizeof class, "Errno::%s", known[i].name);
	(void)buf_print_to(message, sizeof message, "%s - %s(2) for %.100s:%u", call_reason(), step,
	    r->host, r->number);
	socketmanager_put_error(out, token, class, message, e);
}

/* Puts the answer, and the descriptor that follows it. */
static void
answer(struct supervise *s, struct asker *c, const struct socketmanager_request *r)
{
	struct manager *m = s->manager;
	unsigned count = m->held.count;
	const char *step = NULL;
	const struct held *h;

	switch (r->method) {
	case SOCKETMANAGER_LISTEN_TCP:
	case SOCKETMANAGER_LISTEN_UDP:
		if ((h = held_get(&m->held, s->boot, r, &step)) != NULL) {
			if (m->held.count > count)
				log_say(s, LOGLINE_INFO, "socket_manager: %s %s: opened",
				    h->udp ? "UDP" : "TCP", h->key);
			c->c.give = h->fd;
			socketmanager_put_nil(&c->c.out, m->token);
		} else if (errno) {
			put_errno(&c->c.out, m->token, step, r);
		} else {
			socketmanager_put_error(
			    &c->c.out, m->token, "SocketError", "getaddrinfo: no such host", 0);
		}
		break;
	case SOCKETMANAGER_SHARE_TCP:
	case SOCKETMANAGER_SHARE_UDP:
		if ((h = held_at(&m->held, r->method == SOCKETMANAGER_SHARE_UDP, r->number)) !=
		    NULL) {
			c->c.give = h->fd;
			socketmanager_put_key(&c->c.out, m->token, h->key);
		} else {
			socketmanager_put_nil(&c->c.out, m->token);
		}
		break;
	case SOCKETMANAGER_SHARE_UNIX:
		c->c.give = s->managed.fd;
		m->given = true;
		socketmanager_put_nil(&c->c.out, m->token);
		break;
	case SOCKETMANAGER_UNKNOWN:
		socketmanager_put_error(
		    &c->c.out, m->token, "ArgumentError", "Unknown method or arguments", 0);
		break;
	}
}

/* ---- clients ---- */

/* Answers the next request; false: there is no whole one, or, with *gone, it is none. */
static bool
next_request(struct supervise *s, struct asker *c, bool *gone)
{
	struct socketmanager_request r;
	struct socketmanager_frame f;

	switch (socketmanager_take(c->in, c->have, s->manager->token, &f)) {
	case SOCKETMANAGER_MORE:
		return false;
	case SOCKETMANAGER_BAD:
		*gone = true;
		return false;
	case SOCKETMANAGER_WHOLE:
		break;
	}
	*gone = !socketmanager_request(f.value, f.len, &r);
	if (*gone)
		return false;
	c->have -= f.used;
	memmove(c->in, c->in + f.used, c->have);
	c->c.deadline = s->now + MANAGER_PATIENCE;
	answer(s, c, &r);
	return true;
}

static struct asker *
asker_at(const struct supervise *s, unsigned i)
{
	return (struct asker *)(void *)clients_at(&s->managed, i);
}

static void
set_room(struct asker *c)
{
	c->c.out.base = c->out_room;
	c->c.out.room = sizeof c->out_room;
}

void
manager_on_client(struct supervise *s, unsigned i)
{
	struct asker *c = asker_at(s, i);
	bool gone = false, sent;
	ssize_t n;

	if (c->c.fd == 0)
		return;
	if (c->c.out.len == 0 && c->c.give < 0) {
		n = read(c->c.fd, c->in + c->have, sizeof c->in - c->have);
		gone = n == 0 || (n < 0 && !call_again());
		c->have += n > 0 ? (size_t)n : 0;
	}
	while (!gone && (sent = clients_send(&c->c, &gone)) && next_request(s, c, &gone))
		;
	if (gone || loop_rewatch(c->c.fd, TAG(TAG_MANAGED, i), sent, !sent) < 0)
		clients_hang_up(&s->managed, i);
}

void
manager_on_connection(struct supervise *s)
{
	struct clients *k = &s->managed;
	uid_t uid = 0;
	unsigned i = 0;
	int fd;

	while (i < k->room && clients_at(k, i)->fd > 0)
		i++;
	if (i == k->room) {
		clients_pause(k, MS_NEVER);
		return;
	}
	if ((fd = clients_accept(s, k, s->manager->uid, "", &uid)) < 0)
		return;
	clients_take(k, i, fd, s->now + MANAGER_PATIENCE);
	set_room(asker_at(s, i));
}

void
manager_tick(struct supervise *s)
{
	unsigned i;

	while ((i = clients_late(&s->managed, s->now)) < s->managed.room)
		clients_hang_up(&s->managed, i);
}

/* ---- an upgrade ---- */

/* A socket with the name that it has at ServerEngine's. */
static void
held_carry(struct carry *c, struct helds *all, unsigned i)
{
	static const struct carry_field fields[] = {
		CARRY_AN_FD(struct held, fd),
		CARRY_A_FLAG(struct held, udp),
		CARRY_A_TEXT(struct held, key),
	};
	struct held h = all->one[i];

	CARRY_LINE(c, "held", fields, &h);
	if (c->reading && !c->wrong)
		c->wrong = !held_take(all, h.udp, h.key, h.fd);
}

/* What workers are told, in our own room. */
static void
values_carry(struct carry *c, struct manager *m)
{
	struct values {
		char path[PATH_ROOM], token[2 * TOKEN + 1];
	} value = { "", "" };
	static const struct carry_field fields[] = {
		CARRY_A_TEXT(struct values, path),
		CARRY_A_TEXT(struct values, token),
	};

	if (!c->reading) /* these fit: they have been written there, or another one has */
		c->out->cut |= !buf_print_to(value.path, sizeof value.path, "%s", m->path) ||
		    !buf_print_to(value.token, sizeof value.token, "%s", m->token);
	CARRY_LINE(c, "values", fields, &value);
	if (!c->reading)
		return;
	(void)buf_print_to(m->path_room, sizeof m->path_room, PATH_NAME "%s", value.path);
	(void)buf_print_to(m->token_room, sizeof m->token_room, TOKEN_NAME "%s", value.token);
	m->path = m->path_room + strlen(PATH_NAME);
	m->token = m->token_room + strlen(TOKEN_NAME);
}

void
manager_carry(struct carry *c, struct supervise *s)
{
	static const struct carry_field fields[] = {
		CARRY_A_FLAG(struct manager, given),
		CARRY_A_NUMBER(struct manager, uid),
		CARRY_A_FLAG(struct manager, file.made),
		CARRY_A_NUMBER(struct manager, file.dev),
		CARRY_A_NUMBER(struct manager, file.ino),
	};
	static const struct carry_field client[] = {
		CARRY_AN_FD(struct asker, c.fd),
		CARRY_AN_FD(struct asker, c.give),
		CARRY_A_NUMBER(struct asker, c.deadline),
		CARRY_UP_TO(struct asker, have, SOCKETMANAGER_FRAME),
		CARRY_SOME(struct asker, in),
		CARRY_UP_TO(struct asker, c.out.len, SOCKETMANAGER_FRAME - 1),
		CARRY_SOME(struct asker, out_room),
	};
	unsigned is = s->manager != NULL, held;

	carry_number(c, "manager", &is, 1);
	if (c->reading && is)
		c->wrong |= !(s->manager = memory_get(sizeof *s->manager)) || !prepare(s);
	if (!s->manager || c->wrong)
		return;
	CARRY_LINE(c, "manager", fields, s->manager);
	values_carry(c, s->manager);
	held = s->manager->held.count;
	carry_number(c, "helds", &held, HELD_MAX);
	for (unsigned i = 0; i < held; i++)
		held_carry(c, &s->manager->held, i);
	clients_carry(c, &s->managed, client, sizeof client / sizeof *client);
	for (unsigned i = 0; c->reading && i < s->managed.room; i++)
		set_room(asker_at(s, i));
	tell_launch(s);
}
