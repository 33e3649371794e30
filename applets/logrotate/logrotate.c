/* se-logrotate: lines from a pipe to a file that is rotated. */
#include "logrotate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/atomic.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/daemon.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/spawn.h"
#include "../../lib/wire/hold.h"
#include "../applet.h"
#include "complain.h"
#include "drop.h"
#include "feed.h"
#include "held.h"
#include "rotate.h"
#include "status.h"

#define EXIT_USAGE 2
/* So long after something has come, what was needed for that goes back. */
#define TRIM_AFTER (2 * MS_SECOND)

static _Noreturn __attribute__((format(printf, 2, 3))) void
die(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	out_verror("se-logrotate: ", format, ap);
	va_end(ap);
	_exit(status);
}

void
logger_coalesce(struct logger *l, ms now)
{
	if (l->options->coalesce == 0 || l->ending)
		return;
	l->unmute = now + l->options->coalesce;
	bundle_mute(&l->inputs, true);
}

void
logger_drop(struct logger *l, size_t lines, size_t bytes)
{
	l->dropped[0] += lines;
	l->dropped[1] += bytes;
	l->ledger->dropped_lines += lines;
	l->ledger->dropped_bytes += bytes;
}

bool
logger_tell_dropped(struct logger *l, const struct lines_source *s)
{
	char text[80];

	if (l->dropped[0] == 0)
		return false;
	(void)buf_print_to(text, sizeof text, "%llu lines (%llu bytes) dropped",
	    (unsigned long long)l->dropped[0], (unsigned long long)l->dropped[1]); /* fits */
	l->dropped[0] = l->dropped[1] = 0;
	file_give(
	    &l->file, l->ledger->hand, lines_say(&l->lines, s, text, l->ledger->hand, LEDGER_ROOM));
	return true;
}

/* ---- what happens ---- */

static void
on_signal(struct logger *l, const struct loop_event *ev, int dump)
{
	if (l->drop && ev->sig != SIGTERM && l->drop->pid > 0)
		(void)kill(l->drop->pid, ev->sig); /* it is not reaped: it is there */
	if (ev->sig == dump)
		status_dump(l->ledger);
	else if (ev->sig == SIGTERM && !l->ending && !l->options->ends_only) {
		l->ending = true;
		l->patience = ev->now + LOGGER_PATIENCE;
		l->unmute = 0;
	} else if (ev->sig == SIGHUP || ev->sig == SIGUSR1)
		file_reopen(&l->file);
	else if (ev->sig == SIGALRM)
		file_rotate(&l->file);
}

static void
on_fd(struct logger *l, const struct loop_event *ev)
{
	if (ev->tag == TAG_HOLDER)
		held_on_message(l, ev->now);
	else if (l->held)
		held_on_ready(l, ev->now);
	else
		feed_on_ready(l, ev->now);
}

/* Nothing has come for a while: what lines have gone through is not needed. */
static void
trim(struct logger *l)
{
	l->trim_at = MS_NEVER;
	memory_trim();
	if (!file_idle(&l->file) || l->ledger->stage != LEDGER_EMPTY)
		return;
	memory_drop(l->ledger->hand, sizeof l->ledger->hand, true);
	if (l->held)
		held_trim(l->held);
}

/* What follows from the whole state, whatever it was that happened. */
static void
settle(struct logger *l, ms now)
{
	int e;

	if (!file_idle(&l->file)) /* the time to finish a line begins when it can be written */
		l->patience = now + LOGGER_PATIENCE;
	e = file_advance(&l->file, now);
	if (e == 0 && !l->failed) {
		if (l->held)
			held_advance(l, now);
		else
			feed_advance(l, now);
	}
	if (e != 0) {
		l->failed = 1;
		complain("open: %s: %s", l->file.log.path, strerror(e));
	}
	if (l->file.rotated) {
		l->file.rotated = false;
		l->compress.wanted = true;
		l->compress.due = 0;
	}
	if (l->drop)
		drop_advance(l->drop, now);
	if (!l->file.rotation.midline) /* the lock that it needs is in use */
		compress_advance(&l->compress, &l->file.log, &l->file.policy, now);
	if (now >= l->unmute)
		l->unmute = 0;
	/* what comes while the file has to wait stays where it is */
	bundle_mute(&l->inputs, l->unmute > 0 || (!file_idle(&l->file) && !l->drop));
}

static ms
due(const struct logger *l)
{
	ms at = file_due(&l->file);

	at = ms_min(at, l->trim_at);
	if (!l->file.rotation.midline)
		at = ms_min(at, compress_due(&l->compress, &l->file.log, &l->file.policy));
	if (l->drop)
		at = ms_min(at, l->drop->due);
	if (l->unmute > 0)
		at = ms_min(at, l->unmute);
	if (!file_idle(&l->file))
		return at;
	return ms_min(at, l->held ? held_due(l) : feed_due(l));
}

static __attribute__((noinline)) int /* it stands apart from the start: see dense.ld */
run_until_ended(struct logger *l, int dump)
{
	struct loop_event ev;

	settle(l, loop_now());
	while (!l->ended && !l->failed) {
		if (loop_next(due(l), &ev) < 0)
			die(1, "epoll_wait: %s", call_reason());
		switch (ev.kind) {
		case LOOP_TIME:
			if (ev.now >= l->trim_at)
				trim(l);
			if (l->feed && l->feed->always)
				feed_on_ready(l, ev.now);
			break;
		case LOOP_FD:
			on_fd(l, &ev);
			break;
		case LOOP_SIGNAL:
			on_signal(l, &ev, dump);
			break;
		case LOOP_CHILD:
			if (!l->drop ||
			    !drop_on_exit(l->drop, ev.pid, ev.status, &l->failed, ev.now))
				(void)compress_on_exit(&l->compress, &l->file.log, &l->file.policy,
				    ev.pid, ev.status, ev.now); /* there is no other child */
			break;
		}
		if (ev.kind != LOOP_TIME)
			l->trim_at = ev.now + TRIM_AFTER;
		settle(l, ev.now);
	}
	return l->failed;
}

/* ---- the start ---- */

static int
dump_signal(void)
{
	const char *name = call_env("SIGDUMP_SIGNAL");
	int sig = SIGCONT;

	if (name && *name && !num_signal(name, &sig))
		die(EXIT_USAGE, "SIGDUMP_SIGNAL: %s: expected a signal", name);
	return sig;
}

static void
make_link(const struct logger *l, const struct options *c)
{
	char temp[4096];

	if (!c->link)
		return;
	if (!buf_print_to(temp, sizeof temp, "%s.new", c->link))
		die(EXIT_USAGE, "--link: %s", strerror(ENAMETOOLONG));
	(void)unlink(temp); /* of a start that was killed here */
	/* beside it the name alone is good, wherever the directory will be seen */
	if (symlink(text_char(c->files[0], '/') || text_char(c->link, '/') ? l->ledger->path
									   : c->files[0],
		temp) < 0 ||
	    rename(temp, c->link) < 0)
		die(1, "link: %s: %s", c->link, call_reason());
}

static void
start(struct logger *l, const struct options *c, int dump)
{
	const int sigs[] = { SIGTERM, SIGHUP, SIGUSR1, SIGALRM, dump };
	const char *why;

	call_signal(SIGINT, SIG_IGN); /* what writes to us ends it by its own end */
	call_signal(SIGQUIT, SIG_IGN);
	call_signal(SIGPIPE, SIG_IGN);
	if (loop_open(sigs, sizeof sigs / sizeof *sigs) < 0 ||
	    bundle_open(&l->inputs, TAG_INPUTS) < 0)
		die(1, "start: %s", call_reason());
	lines_init(&l->lines, c);
	if ((why = file_init(&l->file, c, c->files[0], &l->lines, l->ledger)) != NULL)
		die(EXIT_USAGE, "--owner, --group: %s", why);
	if ((why = compress_init(&l->compress, c)) != NULL)
		die(EXIT_USAGE, "--compress: %s", why);
	l->file.log.suffix = l->compress.suffix;
	make_link(l, c);
	(void)call_prctl(
	    PR_SET_NAME, (size_t) "se-logrotate"); /* it may have been executed by a descriptor */
	if (c->held)
		l->held = held_open(l);
	else
		l->feed = feed_open(l);
	if (!l->held && !l->feed)
		die(1, "start: %s", call_reason());
}

static int
pipe_logger(struct options *c)
{
	struct logger *l = memory_get(sizeof *l);
	int dump = dump_signal(), status;
	const char *path = c->files[0];
	struct drop drop;

	if (!l) {
		complain("start: %s", call_reason());
		return 1;
	}
	l->options = c;
	close(daemon_null()); /* for descriptors 0 to 2 */
	if (c->overflow == OPTIONS_DROP) {
		if (drop_start(&drop, c, pipe_logger) < 0)
			die(1, "start: %s", call_reason());
		l->drop = &drop;
	}
	if (!(l->ledger = ledger_open(c->held ? HOLD_LEDGER : -1)))
		die(1, "start: memory: %s", call_reason());
	ledger_name(l->ledger, path);
	start(l, c, dump);

	/* ---- lines are read from here on: nothing ends us but their end, or what is asked ---- */

	status = run_until_ended(l, dump);
	if (l->drop)
		drop_finish(l->drop);
	return status;
}

static int
run(int argc, char **argv)
{
	char room[1024];
	struct buf why = buf_over(room, sizeof room), text;
	size_t size = options_room(argc, argv);
	struct options *c = memory_get(sizeof *c + size);

	if (!c) {
		complain("start: %s", call_reason());
		return 1;
	}
	text = buf_over((char *)(c + 1), size);
	if (!options_load(c, argc, argv, &text, &why))
		die(EXIT_USAGE, "%s", room);
	switch ((enum options_verb)c->verb.verb) {
	case OPTIONS_PIPE:
		return pipe_logger(c);
	case OPTIONS_ROTATE:
		return rotate_run(c);
	case OPTIONS_STATUS:
		return status_run(c);
	}
	return 1;
}

const struct applet applet_logrotate = {
	.name = "se-logrotate",
	.usage = "[OPTION]... FILE\0"
		 "--rotate [OPTION]... FILE...\0"
		 "--status [FILE...]\0",
	.summary = "Write lines from a pipe to FILE, and rotate it; no line is lost or split.",
	.opts = options_opts,
	.config_size = sizeof(struct options),
	.run = run,
};
