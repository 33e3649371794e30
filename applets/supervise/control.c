#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/unixsock.h"
#include "server.h"
#include "status.h"
#include "supervisor.h"

/* A client that sent a line gets the answer before its next line is looked at. */
struct client {
	int fd; /* 0: free */
	uid_t uid;
	ms since;       /* of the connection */
	ms deadline;    /* of what it has to do now: send a line, or take an answer */
	bool streaming; /* a status is on its way: */
	enum command_format format;
	unsigned cursor;
	bool eof;       /* it sends nothing more */
	bool draining;  /* its line was too long: what it still sends is thrown away */
	bool upgrading; /* its answer comes when that is done */
	struct buf in, out;
	char in_room[CONTROL_LINE_MAX + 1];
	char out_room[4 * STATUS_PIECE_MAX];
};

struct control {
	struct client client[CONTROL_CLIENTS];
};

static struct client *
client_at(const struct supervise *s, unsigned i)
{
	return s->control->client + i;
}

bool
control_prepare(struct supervise *s)
{
	return (s->control = memory_get(sizeof *s->control)) != NULL;
}

const char *
control_open(struct supervise *s, uid_t uid, gid_t gid)
{
	const char *path = s->boot->control_path;

	if (!path)
		return NULL;
	if (!s->boot->supervisor && !control_prepare(s))
		return call_reason();
	s->control_fd = unixsock_listen(path, uid, gid);
	if (s->control_fd >= 0 && loop_watch(s->control_fd, TAG(TAG_CONTROL, 0), false) == 0)
		return NULL;
	return errno == EADDRINUSE ? "another process listens there" : call_reason();
}

static void
hang_up(struct supervise *s, unsigned i)
{
	struct client *c = client_at(s, i);

	loop_forget(c->fd, TAG(TAG_CLIENT, i));
	close(c->fd);
	c->fd = 0;
}

void
control_close(struct supervise *s)
{
	if (s->control_fd < 0)
		return;
	loop_forget(s->control_fd, TAG(TAG_CONTROL, 0));
	close(s->control_fd);
	s->control_fd = -1;
	if (*s->boot->control_path != '@')
		(void)unlink(s->boot->control_path); /* a left-over is replaced by the next start */
}

/* A free place; where there is none, that of whoever has been there longest. */
static unsigned
make_place(struct supervise *s)
{
	struct client *c = s->control->client;
	unsigned oldest = 0;

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		if (c[i].fd == 0)
			return i;
		if (c[i].since < c[oldest].since)
			oldest = i;
	}
	hang_up(s, oldest);
	return oldest;
}

/* Sends what is in the buffer; false: the client is gone, or takes no more for now. */
static bool
send_out(struct client *c, bool *gone)
{
	while (c->out.len > 0) {
		ssize_t n = send(c->fd, c->out.base, c->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		*gone = n < 0 && errno != EAGAIN;
		if (n < 0)
			return false;
		buf_drop(&c->out, (size_t)n);
	}
	return true;
}

static void
stream(const struct supervise *s, struct client *c, ms now)
{
	while (c->out.room - c->out.len > STATUS_PIECE_MAX)
		if (!status_next(s, c->format, &c->cursor, &c->out, now)) {
			c->streaming = false;
			buf_puts(&c->out, ".\n");
			return;
		}
}

/* Does what a line asks. Why not, or NULL: done. */
static const char *
execute(struct supervise *s, struct client *c, const char *line, ms now)
{
	struct command command;
	const char *why;
	char who[48];

	if (!command_parse(line, &command, &why))
		return why;
	if (command.word == COMMAND_STATUS) {
		c->streaming = true;
		c->format = command.format;
		c->cursor = 0;
		return NULL;
	}
	(void)buf_print_to(who, sizeof who, "control socket, uid %u", (unsigned)c->uid); /* fits */
	if (!server_relay(s, &command, who, &why))
		why = supervise_command(s, &command, who, now);
	c->upgrading = !why && command.word == COMMAND_UPGRADE;
	if (c->upgrading)
		c->deadline = now + CONTROL_UPGRADE;
	if (!why &&
	    (command.word == COMMAND_GRACEFUL_STOP || command.word == COMMAND_IMMEDIATE_STOP))
		c->deadline = MS_NEVER; /* it may wait for our end */
	return why;
}

static void
put_answer(struct client *c, const char *why)
{
	buf_printf(&c->out, "%s%s\n", why ? "ERR " : "OK", why ? why : "");
}

/* Takes the next line out of what was received and answers it; false: there is no whole one. */
static bool
next_line(struct supervise *s, struct client *c, ms now)
{
	char *end = text_find(c->in.base, '\n', c->in.len);
	const char *why;

	if (c->upgrading)
		return false;
	if (c->draining) {
		(void)shutdown(
		    c->fd, SHUT_WR); /* closing now would take the answer from it: ECONNRESET */
		buf_clear(&c->in);
		return false;
	}
	if (end) {
		*end = '\0';
		c->in.base[text_span(c->in.base, "\r")] = '\0';
		c->deadline = now + CONTROL_PATIENCE;
		why = execute(s, c, c->in.base, now);
		buf_drop(&c->in, (size_t)(end - c->in.base) + 1);
		if (c->upgrading)
			return false;
	} else if (c->in.len < CONTROL_LINE_MAX) {
		return false;
	} else {
		why = "the line is too long";
		buf_clear(&c->in);
		c->draining = true;
	}
	put_answer(c, why);
	return true;
}

/* Goes on with a client as far as it goes without waiting. */
static void
pump(struct supervise *s, unsigned i, ms now)
{
	struct client *c = client_at(s, i);
	bool gone = false, filled = false, answered = true;

	do {
		/* a status goes a buffer at a time: others are to get their turn in between */
		if (!send_out(c, &gone) || (c->streaming && filled)) {
			answered = false;
			break;
		}
		filled = c->streaming;
		if (filled)
			stream(s, c, now);
	} while (filled || next_line(s, c, now));
	if (gone || (answered && c->eof && !c->upgrading) ||
	    loop_rewatch(c->fd, TAG(TAG_CLIENT, i), answered && !c->upgrading, !answered) < 0)
		hang_up(s, i);
}

void
control_on_client(struct supervise *s, unsigned i, ms now)
{
	struct client *c;
	char bytes[CONTROL_LINE_MAX];
	size_t room;
	ssize_t n;

	if (!s->control || i >= CONTROL_CLIENTS || (c = client_at(s, i))->fd == 0)
		return;
	room = CONTROL_LINE_MAX - c->in.len;
	if (c->out.len == 0 && !c->streaming && room > 0) {
		n = read(c->fd, bytes, room);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			hang_up(s, i);
			return;
		}
		if (n > 0)
			buf_put(&c->in, bytes, (size_t)n);
		c->eof |= n == 0;
	}
	pump(s, i, now);
}

void
control_on_connection(struct supervise *s, ms now)
{
	uid_t uid = 0;
	int fd = unixsock_accept(s->control_fd, &uid);

	if (fd < 0) {
		if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
			return;
		log_say(&s->log, LOGLINE_ERROR, "control_path: accept: %s: again in a second",
		    call_reason());
		(void)loop_rewatch(
		    s->control_fd, TAG(TAG_CONTROL, 0), false, false); /* it was watched */
		s->control_again = now + MS_SECOND;
		return;
	}
	if (uid != 0 && uid != geteuid()) {
		static const char no[] = "ERR not permitted\n";

		(void)send(fd, no, sizeof no - 1, MSG_NOSIGNAL); /* it is refused either way */
		close(fd);
		log_say(
		    &s->log, LOGLINE_WARN, "control_path: uid %u is not permitted", (unsigned)uid);
		return;
	}
	if (s->supervisor)
		supervisor_take(s, fd, uid);
	else
		control_take(s, fd, uid, now);
}

static void
set_rooms(struct client *c)
{
	c->in.base = c->in_room;
	c->in.room = sizeof c->in_room;
	c->out.base = c->out_room;
	c->out.room = sizeof c->out_room;
}

void
control_take(struct supervise *s, int fd, uid_t uid, ms now)
{
	unsigned i = make_place(s);
	struct client *c = client_at(s, i);

	*c = (struct client){
		.fd = fd, .uid = uid, .since = now, .deadline = now + CONTROL_PATIENCE
	};
	set_rooms(c);
	if (loop_watch(fd, TAG(TAG_CLIENT, i), false) < 0) {
		close(fd);
		c->fd = 0;
	}
}

ms
control_due(const struct supervise *s)
{
	ms due = s->control_again;

	for (unsigned i = 0; s->control && i < CONTROL_CLIENTS; i++)
		if (client_at(s, i)->fd > 0)
			due = ms_min(due, client_at(s, i)->deadline);
	return due;
}

/* To who waits for it. */
static void
answer_upgrade(struct supervise *s, unsigned i, const char *why, ms now)
{
	struct client *c = client_at(s, i);

	c->upgrading = false;
	c->deadline = now + CONTROL_PATIENCE;
	put_answer(c, why);
	pump(s, i, now);
}

void
control_tick(struct supervise *s, ms now)
{
	if (now >= s->control_again) {
		bool on = loop_rewatch(s->control_fd, TAG(TAG_CONTROL, 0), true, false) == 0;

		s->control_again = on ? MS_NEVER : now + MS_SECOND;
	}
	for (unsigned i = 0; s->control && i < CONTROL_CLIENTS; i++)
		if (client_at(s, i)->fd == 0 || now < client_at(s, i)->deadline)
			continue;
		else if (client_at(s, i)->upgrading)
			answer_upgrade(s, i, "no answer in time", now);
		else
			hang_up(s, i);
}

bool
control_upgrades(const struct supervise *s)
{
	bool found = false;

	for (unsigned i = 0; s->control && i < CONTROL_CLIENTS; i++)
		found |= client_at(s, i)->fd > 0 && client_at(s, i)->upgrading;
	return found;
}

void
control_upgraded(struct supervise *s, const char *why, ms now)
{
	for (unsigned i = 0; s->control && i < CONTROL_CLIENTS; i++)
		if (client_at(s, i)->fd > 0 && client_at(s, i)->upgrading)
			answer_upgrade(s, i, why, now);
}

void
control_carry(struct carry *k, struct supervise *s)
{
	static const struct carry_field fields[] = {
		CARRY_AN_FD(struct client, fd),
		CARRY_A_NUMBER(struct client, uid),
		CARRY_A_NUMBER(struct client, since),
		CARRY_A_NUMBER(struct client, deadline),
		CARRY_A_FLAG(struct client, streaming),
		CARRY_UP_TO(struct client, format, COMMAND_PROMETHEUS),
		CARRY_A_NUMBER(struct client, cursor),
		CARRY_A_FLAG(struct client, eof),
		CARRY_A_FLAG(struct client, draining),
		CARRY_A_FLAG(struct client, upgrading),
		CARRY_UP_TO(struct client, in.len, CONTROL_LINE_MAX),
		CARRY_SOME(struct client, in_room),
		CARRY_UP_TO(struct client, out.len, sizeof((struct client *)0)->out_room - 1),
		CARRY_SOME(struct client, out_room),
	};
	unsigned count = 0, at = 0;

	for (unsigned i = 0; s->control && i < CONTROL_CLIENTS; i++)
		count += client_at(s, i)->fd > 0;
	carry_number(k, "clients", &count, s->control ? CONTROL_CLIENTS : 0);
	for (struct client *c; count > 0; count--, at++) { /* read, they stand in front */
		while (!k->reading && client_at(s, at)->fd == 0)
			at++;
		c = client_at(s, at);
		CARRY_LINE(k, "client", fields, c);
		if (k->reading)
			set_rooms(c);
	}
}

bool
control_watch(struct supervise *s)
{
	bool watched = s->control_fd < 0 || s->control_again != MS_NEVER ||
	    loop_watch(s->control_fd, TAG(TAG_CONTROL, 0), false) == 0;

	for (unsigned i = 0; watched && s->control && i < CONTROL_CLIENTS; i++)
		watched = client_at(s, i)->fd == 0 ||
		    loop_watch(client_at(s, i)->fd, TAG(TAG_CLIENT, i), false) == 0;
	return watched;
}

void
control_go_on(struct supervise *s, ms now)
{
	for (unsigned i = 0; s->control && i < CONTROL_CLIENTS; i++)
		if (client_at(s, i)->fd > 0)
			pump(s, i, now);
}
