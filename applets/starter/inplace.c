#include "inplace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../applet.h"
#include "kept.h"

static const char stopping[] = "it is stopping";

/* ---- of the one that runs ---- */

void
inplace_ask(struct starter *s)
{
	starter_say(s, "received USR2, upgrading");
	s->upgrade.wanted = true;
}

/* Nothing has come of it. */
static void
refuse(struct starter *s, const char *why)
{
	struct starter_upgrade *u = &s->upgrade;
	struct buf b = buf_over(u->why, sizeof u->why);

	buf_escape(&b, why, strlen(why), sizeof u->why / 4); /* a line, whatever it is made of */
	u->refused++;
	starter_say(s, "not upgraded: %s: %s", u->path, u->why);
}

static void
write_state(void *who, struct buf *b, void (*fd)(int))
{
	struct carry c;

	carry_write(&c, b, fd);
	kept_carry(&c, who);
}

void
inplace_open(struct starter *s)
{
	s->upgrade.us = (struct successor_us){ .who = s,
		.write = write_state,
		.room = KEPT_ROOM,
		.self = s->self,
		.null = s->null,
		.argv = s->argv };
}

static void
begin(struct starter *s, ms now)
{
	struct starter_upgrade *u = &s->upgrade;
	const char *step, *reason;
	char why[128];

	u->wanted = false;
	if (!*u->path)
		(void)buf_print_to(u->path, sizeof u->path, "%s",
		    successor_path()); /* it was executed: it is no longer */
	(void)buf_print_to(u->version, sizeof u->version, "%s", SEBOX_VERSION); /* fits */
	if (s->g.stopping) {
		refuse(s, stopping);
		return;
	}
	reason =
	    successor_try(&u->successor, &u->us, successor_open(AT_FDCWD, u->path), now, &step);
	if (!reason)
		return;
	(void)buf_print_to(why, sizeof why, "%s: %s", step, reason); /* fits */
	refuse(s, why);
}

bool
inplace_on_exit(struct starter *s, pid_t pid, int status)
{
	char text[512];
	struct buf why = buf_over(text, sizeof text);
	enum successor_word word = successor_on_exit(&s->upgrade.successor, pid, status, &why);

	if (word == SUCCESSOR_REFUSES)
		refuse(s, text);
	return word != SUCCESSOR_NONE;
}

ms
inplace_due(const struct starter *s)
{
	/* where a signal kept it from being done, the loop comes round again for that */
	return s->upgrade.successor.agreed ? 0 : successor_due(&s->upgrade.successor);
}

void
inplace_go_on(struct starter *s, ms now)
{
	struct starter_upgrade *u = &s->upgrade;
	const char *why = stopping;

	successor_tick(&u->successor, now);
	if (u->wanted && u->successor.looking == 0 && !u->successor.agreed)
		begin(s, now);
	/* a signal that has come is ours to handle: then later */
	if (!u->successor.agreed || !loop_hold())
		return;
	if (!s->g.stopping)
		why = successor_go(&u->successor, &u->us);
	successor_forget(&u->successor);
	loop_release();
	refuse(s, why);
}

/* ---- of the one that is executed ---- */

void
inplace_impossible(const struct predecessor *p, char *const argv[], int status, const char *why)
{
	if (p && !p->beside)
		predecessor_return(p, argv, why);
	out_error("se-starter: %s", why);
	_exit(status);
}

void
inplace_read(struct starter *s)
{
	struct predecessor *p = s->before;
	struct carry c;

	if (!predecessor_read(p))
		starter_die(s, 1, "upgrade: state: %s", call_reason());
	carry_read(&c, p->text, p->len);
	kept_carry(&c, s);
	if (!carry_whole(&c))
		starter_die(s, 1, "upgrade: line %u of the state is not understood", c.line);
	if (p->beside)
		predecessor_agree(SEBOX_VERSION "\n");
}

void
inplace_settle(struct starter *s)
{
	struct predecessor *p = s->before;
	struct starter_upgrade *u = &s->upgrade;
	const char *slash = strrchr(u->path, '/');

	s->before = NULL;
	predecessor_settle(p);
	/* we have been executed by a descriptor, whose number the name would be */
	(void)call_prctl(PR_SET_NAME, (size_t)(slash ? slash + 1 : u->path));
	loop_release();
	if (*p->why) {
		refuse(s, p->why);
		return;
	}
	u->done++;
	starter_say(s, "upgraded from %s to %s: %s", u->version, SEBOX_VERSION, u->path);
}
