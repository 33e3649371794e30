#include "clients.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/fdpass.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/unixsock.h"
#include "supervise.h"

void
clients_init(struct clients *k, const char *key, unsigned tag)
{
	k->key = key;
	k->tag = tag;
	k->fd = -1;
	k->again = MS_NEVER;
}

bool
clients_prepare(struct clients *k, unsigned room, size_t each)
{
	if (!(k->place = memory_get(room * each)))
		return false;
	k->room = room;
	k->each = each;
	return true;
}

struct client *
clients_at(const struct clients *k, unsigned i)
{
	return (struct client *)(void *)((char *)k->place + i * k->each);
}

void
clients_pause(struct clients *k, ms again)
{
	(void)loop_rewatch(k->fd, TAG(k->tag, 0), false, false); /* it was watched */
	k->paused = true;
	k->again = again;
}

int
clients_accept(struct supervise *s, struct clients *k, uid_t other, const char *refusal, uid_t *uid)
{
	int fd = unixsock_accept(k->fd, uid);

	if (fd < 0) {
		if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
			return -1;
		log_say(
		    s, LOGLINE_ERROR, "%s: accept: %s: again in a second", k->key, call_reason());
		clients_pause(k, s->now + MS_SECOND);
	} else if (*uid != 0 && *uid != geteuid() && *uid != other) {
		/* it is refused either way */
		(void)send(fd, refusal, strlen(refusal), MSG_NOSIGNAL);
		log_say(s, LOGLINE_WARN, "%s: uid %u is not permitted", k->key, (unsigned)*uid);
		return call_close(fd);
	}
	return fd;
}

void
clients_take(struct clients *k, unsigned i, int fd, ms deadline)
{
	struct client *c = clients_at(k, i);

	memset(c, 0, k->each);
	c->fd = fd;
	c->give = -1;
	c->deadline = deadline;
	if (loop_watch(fd, TAG(k->tag + 1, i), false) < 0) {
		close(fd);
		c->fd = 0;
	}
}

void
clients_hang_up(struct clients *k, unsigned i)
{
	struct client *c = clients_at(k, i);

	loop_forget(c->fd, TAG(k->tag + 1, i));
	close(c->fd);
	c->fd = 0;
	if (k->paused)
		k->again = 0; /* there is a place */
}

bool
clients_send(struct client *c, bool *gone)
{
	while (c->out.len > 0 || c->give >= 0) {
		ssize_t n = c->out.len > 0 ? send(c->fd, c->out.base, c->out.len, MSG_NOSIGNAL)
					   : fdpass_send(c->fd, "", 1, c->give);

		if (n < 0 && errno == EINTR)
			continue;
		*gone = n < 0 && errno != EAGAIN;
		if (n < 0)
			return false;
		if (c->out.len == 0)
			c->give = -1;
		else
			buf_drop(&c->out, (size_t)n);
	}
	return true;
}

ms
clients_due(const struct clients *k)
{
	ms due = k->again;

	for (unsigned i = 0; i < k->room; i++)
		if (clients_at(k, i)->fd > 0)
			due = ms_min(due, clients_at(k, i)->deadline);
	return due;
}

unsigned
clients_late(struct clients *k, ms now)
{
	unsigned i = 0;

	if (now >= k->again) {
		k->paused = loop_rewatch(k->fd, TAG(k->tag, 0), true, false) < 0;
		k->again = k->paused ? now + MS_SECOND : MS_NEVER;
	}
	while (i < k->room && (clients_at(k, i)->fd == 0 || now < clients_at(k, i)->deadline))
		i++;
	return i;
}

void
clients_carry(struct carry *c, struct clients *k, const struct carry_field *fields, size_t nfields)
{
	static const struct carry_field door[] = {
		CARRY_AN_FD(struct clients, fd),
		CARRY_A_FLAG(struct clients, paused),
		CARRY_A_NUMBER(struct clients, again),
	};

	CARRY_LINE(c, k->key, door, k);
	carry_places(c, "client", fields, nfields, k->place, k->each, k->room);
}

bool
clients_watch(const struct clients *k)
{
	bool watched = k->fd < 0 || k->paused || loop_watch(k->fd, TAG(k->tag, 0), false) == 0;

	for (unsigned i = 0; watched && i < k->room; i++) {
		const struct client *c = clients_at(k, i);

		watched = c->fd == 0 ||
		    loop_watch(c->fd, TAG(k->tag + 1, i), c->out.len > 0 || c->give >= 0) == 0;
	}
	return watched;
}
