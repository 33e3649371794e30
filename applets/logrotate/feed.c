#include "feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/memory.h"
#include "complain.h"

/* As much of what is written may wait in the pipe; the system's limit for users is the same. */
#define PIPE_SIZE (1024 * 1024)
/* A read that brings less than this was quicker than the writer. */
#define SHORT_READ 16384

struct feed *
feed_open(struct logger *l)
{
	const struct options *c = l->options;
	struct feed *in = memory_get(sizeof *in);

	if (!in)
		return NULL;
	in->source = (struct lines_source){
		.speaker = { .level = (enum logline_level)c->level,
		    .progname = c->progname,
		    .stream = c->stream ? "stderr" : "stdout",
		    .pid = (int)getpid(),
		    .worker = -1 },
		.prefix = c->prefix,
		.prefix_len = c->prefix ? strlen(c->prefix) : 0,
	};
	(void)call_fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE); /* else, or no pipe: as it is */
	in->always = bundle_watch(&l->inputs, STDIN_FILENO, 0) < 0 && errno == EPERM;
	return in;
}

/* Moves what is left to the front, and reads behind it; at most most bytes. -1: errno. */
static ssize_t
read_more(struct feed *in, size_t most)
{
	size_t room;
	ssize_t n;

	memmove(in->raw, in->raw + in->at, in->len - in->at);
	in->len -= in->at;
	in->at = 0;
	room = RAW_ROOM - in->len;
	n = read(STDIN_FILENO, in->raw + in->len, most < room ? most : room);
	if (n > 0)
		in->len += (size_t)n;
	return n;
}

static void
end(struct logger *l, ssize_t n)
{
	struct feed *in = l->feed;

	if (n < 0)
		complain("read: stdin: %s", call_reason());
	in->eof = true;
	bundle_forget(&l->inputs, STDIN_FILENO);
}

static bool
is_ready(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Is the file within a line of ours? */
static bool
ends_midline(const struct logger *l)
{
	const struct feed *in = l->feed;

	return in->source.begun || (l->lines.raw && l->file.rotation.midline);
}

/* How much can be read without going beyond the end of a line; 1 where that cannot be seen. */
static size_t
line_ahead(struct feed *in)
{
	ssize_t n;
	size_t end;

	if (!in->peeks)
		in->peeks = intake_make(in->ahead.scratch) == 0;
	n = in->peeks ? intake_peek(&in->ahead, STDIN_FILENO, in->raw + in->len, RAW_ROOM - in->len)
		      : 0;
	if (n <= 0)
		return 1;
	end = scan_first(in->raw + in->len, (size_t)n);
	return end ? end : (size_t)n;
}

/* At the end: reads no further than the line in hand goes. */
static void
finish_line(struct logger *l)
{
	struct feed *in = l->feed;
	ssize_t n = 1;

	while ((in->len > in->at ? in->raw[in->len - 1] != '\n' : ends_midline(l)) &&
	    in->len - in->at < RAW_ROOM && is_ready() && (n = read_more(in, line_ahead(in))) > 0)
		;
	if (n <= 0)
		end(l, n);
}

/* Counts len bytes at raw's end as thrown away. */
static void
drop_tail(struct logger *l, size_t len)
{
	struct feed *in = l->feed;

	in->len -= len;
	logger_drop(l, scan_count(in->raw + in->len, len), len);
}

/* The file does not keep up: what there is is read all the same, behind what it still has to take.
 */
static void
discard(struct logger *l)
{
	struct feed *in = l->feed;
	char bytes[32768 + SCAN_SLACK];
	ssize_t n;

	if (!in->dropping) /* the beginning of a line goes with its rest */
		drop_tail(l, in->len - in->at - scan_last(in->raw + in->at, in->len - in->at));
	n = read(STDIN_FILENO, bytes, sizeof bytes - SCAN_SLACK);
	if (n > 0) {
		logger_drop(l, scan_count(bytes, (size_t)n), (size_t)n);
		in->dropping = bytes[n - 1] != '\n';
	} else if (n == 0 || !call_again()) {
		logger_drop(l, in->dropping, 0);
		end(l, n);
	}
}

/* What belongs to a line that is thrown away, of the last n bytes that were read. */
static void
drop_rest(struct logger *l, size_t n)
{
	struct feed *in = l->feed;
	char *from = in->raw + in->len - n;
	size_t rest = scan_first(from, n);

	in->dropping = rest == 0;
	rest = rest ? rest : n;
	logger_drop(l, !in->dropping, rest);
	memmove(from, from + rest, n - rest);
	in->len -= rest;
}

void
feed_on_ready(struct logger *l, ms now)
{
	struct feed *in = l->feed;
	ssize_t n;

	if (in->eof)
		return;
	if (!file_idle(&l->file)) {
		if (l->drop)
			discard(l);
		return;
	}
	if (l->ending && !l->options->drain) {
		finish_line(l);
		return;
	}
	if (l->ending && !is_ready())
		return;
	n = read_more(in, RAW_ROOM);
	if (n > 0 && l->ending)
		l->patience = now + LOGGER_PATIENCE;
	if (n > 0 && in->dropping)
		drop_rest(l, (size_t)n);
	if (n > 0 && n < SHORT_READ && !l->ending)
		logger_coalesce(l, now);
	else if (n == 0 || (n < 0 && !call_again()))
		end(l, n);
}

/* Must all that was read go, or is its last line still to come? */
static bool
is_all(const struct logger *l, ms now)
{
	const struct feed *in = l->feed;

	return in->eof || (l->ending && now >= l->patience) ||
	    (in->len - in->at == RAW_ROOM && scan_last(in->raw, RAW_ROOM) == 0);
}

/* What was read, to the file; false: there is no more to be given now. */
static bool
give(struct logger *l, bool all)
{
	struct feed *in = l->feed;
	size_t left = in->len - in->at, taken, n;
	char *hand = l->ledger->hand;

	if (l->lines.raw) {
		n = all ? left : scan_last(in->raw + in->at, left);
		file_give(&l->file, in->raw + in->at, n);
		in->at += n;
		return n > 0;
	}
	n = lines_make(
	    &l->lines, &in->source, in->raw + in->at, left, all, hand, LEDGER_ROOM, &taken);
	file_give(&l->file, hand, n);
	in->at += taken;
	return taken > 0;
}

/* Everything was read and written: ends the last line, if it is to be. */
static void
end_last_line(struct logger *l)
{
	bool records = l->options->stamp == LOGLINE_CRI || l->options->stamp == LOGLINE_JSON;

	if (l->options->newline && !records && ends_midline(l)) {
		l->feed->source.begun = false;
		file_give(&l->file, file_newline, 1);
		return;
	}
	l->ended = true;
}

void
feed_advance(struct logger *l, ms now)
{
	struct feed *in = l->feed;

	while (file_idle(&l->file) && !l->ended && l->failed == 0) {
		if (!in->dropping && logger_tell_dropped(l, &in->source)) {
			(void)file_advance(&l->file, now); /* it is open */
			continue;
		}
		if (l->ending && !in->eof && in->at == in->len &&
		    (!l->options->drain || !is_ready()) && !ends_midline(l)) {
			l->ended = true;
			break;
		}
		if (in->at < in->len && give(l, is_all(l, now))) {
			(void)file_advance(&l->file, now); /* it is open */
			continue;
		}
		if (l->ending && now >= l->patience)
			in->eof = true;
		if (!in->eof)
			break;
		if (in->at == in->len) {
			end_last_line(l);
			(void)file_advance(&l->file, now); /* it is open */
		}
	}
}

ms
feed_due(const struct logger *l)
{
	const struct feed *in = l->feed;

	if (l->ending)
		return in->eof ? 0 : l->patience;
	return in->always && !in->eof ? 0 : MS_NEVER;
}
