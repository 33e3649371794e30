#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/unixsock.h"
#include "ends.h"
#include "server.h"
#include "status.h"
#include "supervisor.h"

/* A client that sent a line gets the answer before its next line is looked at. */
struct caller {
	struct client c;
	uid_t uid;
	ms since;       /* of the connection */
	bool streaming; /* a status is on its way: */
	enum command_format format;
	unsigned cursor;
	bool eof;            /* it sends nothing more */
	bool draining;       /* its line was too long: what it still sends is thrown away */
	unsigned char waits; /* enum control_wait: its answer comes at the end of that */
	struct buf in;
	char in_room[CONTROL_LINE_MAX + 1];
	char out_room[4 * STATUS_PIECE_MAX];
};

static struct caller *
caller_at(const struct supervise *s, unsigned i)
{
	return (struct caller *)(void *)clients_at(&s->control, i);
}

bool
control_prepare(struct supervise *s)
{
	return clients_prepare(&s->control, CONTROL_CLIENTS, sizeof(struct caller));
}

const char *
control_open(struct supervise *s, uid_t uid, gid_t gid)
{
	const char *path = s->boot->control_path;

	if (!path)
		return NULL;
	if (!s->boot->supervisor && !control_prepare(s))
		return call_reason();
	s->control.fd = unixsock_listen(path, uid, gid);
	if (s->control.fd >= 0 && loop_watch(s->control.fd, TAG(TAG_CONTROL, 0), false) == 0)
		return NULL;
	return errno == EADDRINUSE ? "another process listens there" : call_reason();
}

void
control_close(struct supervise *s)
{
	if (s->control.fd < 0)
		return;
	ends_close(&s->control.fd, TAG(TAG_CONTROL, 0));
	if (*s->boot->control_path != '@')
		(void)unlink(s->boot->control_path); /* a left-over is replaced by the next start */
}

/* A free place; where there is none, that of whoever has been there longest. */
static unsigned
make_place(struct supervise *s)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < CONTROL_CLIENTS; i++) {
		if (caller_at(s, i)->c.fd == 0)
			return i;
		if (caller_at(s, i)->since < caller_at(s, oldest)->since)
			oldest = i;
	}
	clients_hang_up(&s->control, oldest);
	return oldest;
}

static void
stream(const struct supervise *s, struct caller *c)
{
	while (c->c.out.room - c->c.out.len > STATUS_PIECE_MAX)
		if (!status_next(s, c->format, &c->cursor, &c->c.out)) {
			c->streaming = false;
			buf_puts(&c->c.out, ".\n");
			return;
		}
}

/* The word is accepted: whether its end is waited for, and how long. */
static void
begin_wait(struct caller *c, enum command_word word, ms now)
{
	if (word == COMMAND_UPGRADE) {
		c->waits = CONTROL_UPGRADED;
		c->c.deadline = now + CONTROL_UPGRADE;
	} else if (word == COMMAND_DUMP) {
		c->waits = CONTROL_DUMPED;
		c->c.deadline = MS_NEVER; /* it lasts as long as its file takes it */
	} else if (word == COMMAND_GRACEFUL_STOP || word == COMMAND_IMMEDIATE_STOP) {
		c->c.deadline = MS_NEVER; /* it may wait for our end */
	}
}

/* Does what a line asks. Why not, or NULL: done. */
static const char *
execute(struct supervise *s, struct caller *c, const char *line)
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
		why = supervise_command(s, &command, who);
	if (!why)
		begin_wait(c, command.word, s->now);
	return why;
}

static void
put_answer(struct caller *c, const char *why)
{
	buf_printf(&c->c.out, "%s%s\n", why ? "ERR " : "OK", why ? why : "");
}

/* Takes the next line out of what was received and answers it; false: there is no whole one. */
static bool
next_line(struct supervise *s, struct caller *c)
{
	char *end = text_find(c->in.base, '\n', c->in.len);
	const char *why;

	if (c->waits)
		return false;
	if (c->draining) {
		(void)shutdown(
		    c->c.fd, SHUT_WR); /* closing now would take the answer from it: ECONNRESET */
		buf_clear(&c->in);
		return false;
	}
	if (end) {
		*end = '\0';
		c->in.base[text_span(c->in.base, "\r")] = '\0';
		c->c.deadline = s->now + CONTROL_PATIENCE;
		why = execute(s, c, c->in.base);
		buf_drop(&c->in, (size_t)(end - c->in.base) + 1);
		if (c->waits)
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
pump(struct supervise *s, unsigned i)
{
	struct caller *c = caller_at(s, i);
	bool gone = false, filled = false, answered = true;

	do {
		/* a status goes a buffer at a time: others are to get their turn in between */
		if (!clients_send(&c->c, &gone) || (c->streaming && filled)) {
			answered = false;
			break;
		}
		filled = c->streaming;
		if (filled)
			stream(s, c);
	} while (filled || next_line(s, c));
	if (gone || (answered && c->eof && !c->waits) ||
	    loop_rewatch(c->c.fd, TAG(TAG_CLIENT, i), answered && !c->waits, !answered) < 0)
		clients_hang_up(&s->control, i);
}

void
control_on_client(struct supervise *s, unsigned i)
{
	struct caller *c = caller_at(s, i);
	char bytes[CONTROL_LINE_MAX];
	size_t room;
	ssize_t n;

	if (c->c.fd == 0)
		return;
	room = CONTROL_LINE_MAX - c->in.len;
	if (c->c.out.len == 0 && !c->streaming && room > 0) {
		n = read(c->c.fd, bytes, room);
		if (n < 0 && !call_again()) {
			clients_hang_up(&s->control, i);
			return;
		}
		if (n > 0)
			buf_put(&c->in, bytes, (size_t)n);
		c->eof |= n == 0;
	}
	pump(s, i);
}

void
control_on_connection(struct supervise *s)
{
	uid_t uid = 0;
	int fd = clients_accept(s, &s->control, geteuid(), "ERR not permitted\n", &uid);

	if (fd < 0)
		return;
	if (s->supervisor)
		supervisor_take(s, fd, uid);
	else
		control_take(s, fd, uid);
}

static void
set_rooms(struct caller *c)
{
	c->in.base = c->in_room;
	c->in.room = sizeof c->in_room;
	c->c.out.base = c->out_room;
	c->c.out.room = sizeof c->out_room;
}

void
control_take(struct supervise *s, int fd, uid_t uid)
{
	unsigned i = make_place(s);
	struct caller *c = caller_at(s, i);

	clients_take(&s->control, i, fd, s->now + CONTROL_PATIENCE);
	c->uid = uid;
	c->since = s->now;
	set_rooms(c);
}

/* To who waits for it. */
static void
answer_late(struct supervise *s, unsigned i, const char *why)
{
	struct caller *c = caller_at(s, i);

	c->waits = CONTROL_NOTHING;
	c->c.deadline = s->now + CONTROL_PATIENCE;
	put_answer(c, why);
	pump(s, i);
}

void
control_tick(struct supervise *s)
{
	unsigned i;

	while ((i = clients_late(&s->control, s->now)) < s->control.room)
		if (caller_at(s, i)->waits)
			answer_late(s, i, "no answer in time");
		else
			clients_hang_up(&s->control, i);
}

static bool
waits(const struct supervise *s, unsigned i, enum control_wait what)
{
	return caller_at(s, i)->c.fd > 0 && caller_at(s, i)->waits == what;
}

bool
control_waits(const struct supervise *s, enum control_wait what)
{
	bool found = false;

	for (unsigned i = 0; i < s->control.room; i++)
		found |= waits(s, i, what);
	return found;
}

void
control_ended(struct supervise *s, enum control_wait what, const char *why)
{
	for (unsigned i = 0; i < s->control.room; i++)
		if (waits(s, i, what))
			answer_late(s, i, why);
}

void
control_carry(struct carry *k, struct supervise *s)
{
	static const struct carry_field fields[] = {
		CARRY_AN_FD(struct caller, c.fd),
		CARRY_AN_FD(struct caller, c.give),
		CARRY_A_NUMBER(struct caller, uid),
		CARRY_A_NUMBER(struct caller, since),
		CARRY_A_NUMBER(struct caller, c.deadline),
		CARRY_A_FLAG(struct caller, streaming),
		CARRY_UP_TO(struct caller, format, COMMAND_PROMETHEUS),
		CARRY_A_NUMBER(struct caller, cursor),
		CARRY_A_FLAG(struct caller, eof),
		CARRY_A_FLAG(struct caller, draining),
		CARRY_UP_TO(struct caller, waits, CONTROL_DUMPED),
		CARRY_UP_TO(struct caller, in.len, CONTROL_LINE_MAX),
		CARRY_SOME(struct caller, in_room),
		CARRY_UP_TO(struct caller, c.out.len, sizeof((struct caller *)0)->out_room - 1),
		CARRY_SOME(struct caller, out_room),
	};

	clients_carry(k, &s->control, fields, sizeof fields / sizeof *fields);
	for (unsigned i = 0; k->reading && i < s->control.room; i++)
		set_rooms(caller_at(s, i));
}

void
control_go_on(struct supervise *s)
{
	for (unsigned i = 0; i < s->control.room; i++)
		if (caller_at(s, i)->c.fd > 0)
			pump(s, i);
}
