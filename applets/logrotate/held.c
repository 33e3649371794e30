#include "held.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/fdpass.h"
#include "../../lib/sys/intake.h"
#include "../../lib/sys/ledger.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/wire/hold.h"
#include "complain.h"

#define BATCH 32
/* So many bytes may be all that goes into a pipe: small writes can leave half of each page unused.
 */
#define FULL(size) ((size)*3 / 8)
#define SWEEPS     64
/* How long the others wait for the rest of a line that is longer than its pipe. */
#define PIECE_PATIENCE MS_SECOND
#define PIECE_POLL     2
#define CLOSED_RETRY   20

struct input {
	int fd;        /* -1: free */
	bool closed;   /* it has ended, and the holder is to be told */
	bool dropping; /* within a line that is thrown away */
	bool edge;     /* a line has begun in the pipe: told again only when more of it comes */
	size_t full;   /* so many bytes in the pipe may be all that goes into it */
	char prefix[80];
	struct lines_source source;
};

struct held {
	int sock;        /* -1: the holder has gone */
	bool finishing;  /* HOLD_FINISH or HOLD_END has come; */
	bool last;       /* HOLD_END */
	unsigned closed; /* inputs that have ended, of which the holder does not know yet */
	bool refusing;   /* the last input could not be taken */
	bool resuming;   /* a predecessor was killed while it took lines of ledger->key */
	unsigned open;   /* inputs */
	ms piece;        /* until then the others wait for the rest of a line; 0: they do not */
	struct intake intake;
	struct input *input; /* by key */
	size_t room;
	char raw[RAW_ROOM + SCAN_SLACK];
};

/*
 * What a predecessor had in hand when it was killed: not yet taken out of its pipe, it is still
 * there; taken, it is written from where the file says that it has come to.
 */
static void
recover(struct logger *l)
{
	struct held *h = l->held;
	struct ledger *g = l->ledger;
	size_t count = intake_count(&h->intake);

	h->resuming = g->stage == LEDGER_TAKING && count > 0 && count < g->take;
	if (h->resuming)
		return;
	if (g->stage == LEDGER_TAKING)
		g->stage = count == g->take ? LEDGER_TAKEN : LEDGER_EMPTY;
	intake_drop(&h->intake);
	if (g->stage != LEDGER_TAKEN || g->len > LEDGER_ROOM || g->done > g->len) {
		g->stage = LEDGER_EMPTY;
		g->len = g->done = 0;
		return;
	}
	if (g->written_from == g->done) {
		int fd = call_open(
		    l->options->files[0], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
		struct stat st;
		ssize_t n = -1;

		if (fd >= 0 && call_fstat(fd, &st) == 0 && st.st_ino == g->ino &&
		    st.st_dev == g->dev)
			n = pread(fd, h->raw, g->len - g->done, (off_t)g->at);
		if (n > 0 && memcmp(h->raw, g->hand + g->done, (size_t)n) == 0)
			g->done += (uint32_t)n;
		call_close(fd);
	}
	file_resume(&l->file, g->hand, g->len);
}

struct held *
held_open(struct logger *l)
{
	static const int taken[2] = { HOLD_TAKEN, HOLD_TAKEN + 1 };
	struct held *h = memory_get(sizeof *h);

	if (!h || intake_open(&h->intake, taken) < 0 ||
	    loop_watch(HOLD_SOCKET, TAG_HOLDER, false) < 0)
		return NULL;
	h->sock = HOLD_SOCKET;
	h->piece = l->ledger->midline > 0 ? loop_now() + PIECE_PATIENCE : 0;
	l->held = h;
	for (int fd = HOLD_SOCKET; fd < HOLD_TAKEN + 2; fd++)
		(void)call_fcntl(fd, F_SETFD, FD_CLOEXEC); /* cannot fail: it is open */
	recover(l);
	return h;
}

void
held_trim(struct held *h)
{
	memory_drop(h->raw, sizeof h->raw, false);
}

/* The input of a message; NULL: there can be none. */
static struct input *
make_input(struct held *h, uint32_t key)
{
	size_t room = h->room;

	if (key >= HOLD_KEYS)
		return NULL;
	if (key >= room) {
		room = 2 * key + 8;
		if (!memory_grow(&h->input, h->room * sizeof *h->input, room * sizeof *h->input))
			return NULL;
		for (size_t i = 0; i < h->room; i++) /* they have moved */
			if (h->input[i].source.prefix)
				h->input[i].source.prefix = h->input[i].prefix;
		for (size_t i = h->room; i < room; i++)
			h->input[i].fd = -1;
		h->room = room;
	}
	return &h->input[key];
}

/* The prefix with %d as the worker's id and %p as its pid. */
static size_t
make_prefix(const char *format, const struct hold_message *m, char room[80])
{
	struct buf b = buf_over(room, 80);

	for (; *format; format++) {
		if (format[0] == '%' && (format[1] == 'd' || format[1] == 'p'))
			buf_printf(&b, "%d", *++format == 'd' ? m->worker : m->pid);
		else
			buf_put(&b, format, 1);
	}
	return b.len;
}

/* The holder, who has it still, sends it again; errno. */
static void
refuse(struct logger *l, const struct hold_message *m)
{
	struct held *h = l->held;

	if (!h->refusing)
		complain("input: %s: trying again every second", call_reason());
	h->refusing = true;
	if (fdpass_send(h->sock, m, sizeof *m, -1) < 0 && call_again())
		l->failed = 1; /* the next logger is told of all inputs; EPIPE: nobody has it */
}

static void
add_input(struct logger *l, const struct hold_message *m, int fd)
{
	struct held *h = l->held;
	struct input *in = make_input(h, m->key);
	int size = call_fcntl(fd, F_GETPIPE_SZ, 0);

	if (in && in->fd >= 0) { /* it was taken before */
		close(fd);
		return;
	}
	if (!in || bundle_watch(&l->inputs, fd, m->key) < 0) {
		call_close(fd);
		refuse(l, m);
		return;
	}
	if (h->refusing)
		complain("input: it works again");
	h->refusing = false;
	l->lines.head_of = NULL; /* it may have been this place's */
	h->closed -= in->closed; /* the key is in use again: the holder knew */
	*in = (struct input){
		.fd = fd,
		.full = size > 0 ? FULL((size_t)size) : 4096,
		.source = {
			.speaker = { .level = LOGLINE_INFO, .pid = m->pid, .worker = m->worker,
			    .stream = m->stream == HOLD_STDOUT ? "stdout"
				: m->stream == HOLD_STDERR	   ? "stderr"
								   : NULL },
			.begun = l->ledger->midline == m->key + 1,
		},
	};
	if (l->options->prefix && m->stream != HOLD_NO_STREAM) {
		in->source.prefix_len = make_prefix(l->options->prefix, m, in->prefix);
		in->source.prefix = in->prefix;
	}
	h->open++;
	if (h->resuming && l->ledger->key == m->key) {
		(void)intake_take(&h->intake, fd, l->ledger->take - intake_count(&h->intake));
		recover(l);
	}
}

static void
close_input(struct logger *l, uint32_t key)
{
	struct held *h = l->held;

	bundle_forget(&l->inputs, h->input[key].fd);
	close(h->input[key].fd);
	h->input[key].fd = -1;
	h->input[key].closed = true;
	h->open--;
	h->closed++;
}

/* Tells the holder which have ended, as far as its socket takes it; the rest later. */
static void
tell_closed(struct held *h)
{
	for (uint32_t key = 0; h->closed > 0 && h->sock >= 0 && key < h->room; key++) {
		const struct hold_message m = { .word = HOLD_CLOSED, .key = key };

		if (!h->input[key].closed)
			continue;
		if (fdpass_send(h->sock, &m, sizeof m, -1) < 0)
			return;
		h->input[key].closed = false;
		h->closed--;
	}
}

void
held_on_message(struct logger *l, ms now)
{
	struct held *h = l->held;
	struct hold_message m;
	int fd;
	ssize_t n = fdpass_recv(h->sock, &m, sizeof m, &fd);

	(void)now;
	if (n < 0 && call_again())
		return;
	if (n == sizeof m && m.word == HOLD_INPUT) {
		if (fd >= 0)
			add_input(l, &m, fd);
		else
			refuse(l, &m);
		return;
	}
	call_close(fd);
	if (n == sizeof m && (m.word == HOLD_FINISH || m.word == HOLD_END)) {
		h->finishing = true;
		h->last |= m.word == HOLD_END;
	}
	if (n > 0)
		return;
	/* the holder has died: the pipes end with their last writers */
	loop_forget(h->sock, TAG_HOLDER);
	close(h->sock);
	h->sock = -1;
}

/* Lines that are in hand are taken out of their pipe: from here on they are only here. */
static void
take(struct logger *l, uint32_t key, size_t from, size_t len)
{
	struct held *h = l->held;
	struct ledger *g = l->ledger;
	ssize_t n;

	g->key = key;
	g->take = (uint32_t)from;
	g->len = (uint32_t)len;
	g->done = g->written_from = 0;
	g->dev = g->ino = 0;
	g->stage = LEDGER_TAKING;
	for (size_t moved = 0; moved < from; moved += (size_t)n)
		if ((n = intake_take(&h->intake, h->input[key].fd, from - moved)) <= 0)
			break;
	g->midline = h->input[key].source.begun ? key + 1 : 0;
	g->stage = LEDGER_TAKEN;
	intake_drop(&h->intake);
	file_resume(&l->file, g->hand, len);
}

/* Its pipe may be full with one line: makes it larger. False: it is as large as it can be. */
static bool
enlarge(struct input *in)
{
	size_t old = in->full;
	int size = call_fcntl(in->fd, F_SETPIPE_SZ, (int)LEDGER_ROOM);

	in->full = size > 0 ? FULL((size_t)size) : old;
	return in->full > old;
}

/* Whether an input is told again only when more comes. */
static __attribute__((noinline)) void
set_edge(struct logger *l, uint32_t key, bool edge)
{
	struct input *in = &l->held->input[key];

	if (in->edge != edge && bundle_edge(&l->inputs, in->fd, key, edge) == 0)
		in->edge = edge;
}

/* Reads an input's lines up to the file. False: it has no whole one, or has ended. */
static bool
read_input(struct logger *l, uint32_t key, ms now)
{
	struct held *h = l->held;
	struct input *in = &h->input[key];
	bool raw = l->lines.raw || !in->source.speaker.stream; /* the holder's own are complete */
	char *to = raw ? l->ledger->hand : h->raw;
	ssize_t n = intake_peek(&h->intake, in->fd, to, RAW_ROOM - 1);
	size_t len, taken;
	bool all = false;

	if (n < 0 && call_again())
		return false;
	if (n <= 0) {
		if (in->source.begun) { /* of a line in pieces: its end */
			in->source.begun = false;
			l->ledger->hand[0] = '\n';
			take(l, key, 0, 1);
			h->piece = 0;
			return true;
		}
		close_input(l, key);
		return false;
	}
	len = scan_last(to, (size_t)n);
	if (len == 0) {
		bool ended = h->last || intake_ended(in->fd);

		if (!ended && h->finishing)
			return false;
		if (!ended && !in->source.begun && ((size_t)n < in->full || enlarge(in))) {
			set_edge(l, key, true);
			return false;
		}
		all = true;
		len = (size_t)n;
		if (ended)
			to[len++] = '\n';
	}
	set_edge(l, key, false);
	if (raw) {
		taken = len;
		in->source.begun = to[len - 1] != '\n';
	} else {
		size_t made = lines_make(
		    &l->lines, &in->source, to, len, all, l->ledger->hand, LEDGER_ROOM, &taken);

		len = made;
	}
	take(l, key, taken < (size_t)n ? taken : (size_t)n, len);
	h->piece = in->source.begun ? now + PIECE_PATIENCE : 0;
	return true;
}

/* The file does not keep up: takes the input's lines and throws them away. */
static void
discard_input(struct logger *l, uint32_t key)
{
	struct held *h = l->held;
	struct input *in = &h->input[key];
	ssize_t n = intake_peek(&h->intake, in->fd, h->raw, RAW_ROOM);
	size_t len = n > 0 ? scan_last(h->raw, (size_t)n) : 0;

	if (n <= 0)
		return; /* its end is seen when the file goes on */
	if (len == 0 && (size_t)n < in->full && !in->dropping) {
		set_edge(l, key, true);
		return;
	}
	in->dropping = len == 0;
	len = len ? len : (size_t)n;
	logger_drop(l, scan_count(h->raw, len), len);
	(void)intake_take(&h->intake, in->fd, len); /* as much as was seen there */
	intake_drop(&h->intake);
}

static __attribute__((noinline)) bool
is_open(const struct held *h, uint32_t key)
{
	return key < h->room && h->input[key].fd >= 0;
}

/* Writes what is in hand; false: it has to wait. */
static bool
write_hand(struct logger *l, ms now)
{
	(void)file_advance(&l->file, now); /* settle() tells, if it cannot be opened */
	if (!file_idle(&l->file))
		return false;
	l->ledger->stage = LEDGER_EMPTY;
	return true;
}

/* While the rest of a long line is awaited, only its input is read. */
static bool
await_rest(struct logger *l, ms now)
{
	struct held *h = l->held;
	uint32_t key = l->ledger->midline - 1;

	while (h->piece > 0 && is_open(h, key) && read_input(l, key, now))
		if (!write_hand(l, now))
			return true;
	if (h->piece == 0)
		return false;
	if (now < h->piece)
		return true;
	if (is_open(h, key))
		h->input[key].source.begun = false; /* the rest of it will be a line of its own */
	l->ledger->midline = 0;
	h->piece = 0;
	file_give(&l->file, file_newline, 1);
	return !write_hand(l, now);
}

void
held_on_ready(struct logger *l, ms now)
{
	struct held *h = l->held;
	uint32_t keys[BATCH];
	size_t n = bundle_ready(&l->inputs, keys, BATCH), i = 0;

	for (; i < n && l->drop && !file_idle(&l->file) && !h->resuming; i++)
		if (is_open(h, keys[i]))
			discard_input(l, keys[i]);
	for (; i < n && file_idle(&l->file) && h->piece == 0 && !h->resuming && !l->ending; i++)
		if (is_open(h, keys[i]) && read_input(l, keys[i], now))
			(void)write_hand(l, now); /* the loop's condition looks */
	for (; i < n; i++)                        /* not looked at: to be told again */
		if (is_open(h, keys[i]))
			set_edge(l, keys[i], false);
	if (n < BATCH && !h->finishing)
		logger_coalesce(l, now);
}

/* What is in the pipes, as often as a fast writer may fill its one; true: the file has to wait. */
static bool
sweep(struct logger *l, ms now)
{
	struct held *h = l->held;

	for (uint32_t key = 0; key < h->room; key++)
		for (int n = 0; n < SWEEPS && h->input[key].fd >= 0 && read_input(l, key, now); n++)
			if (!write_hand(l, now))
				return true;
	return false;
}

void
held_advance(struct logger *l, ms now)
{
	struct held *h = l->held;

	if (!file_idle(&l->file) || l->ledger->stage == LEDGER_TAKEN)
		if (!write_hand(l, now))
			return;
	tell_closed(h);
	if (h->resuming) /* its input will come next */
		return;
	if (h->piece == 0 &&
	    logger_tell_dropped(l, &(struct lines_source){ .speaker.worker = -1 }) &&
	    !write_hand(l, now))
		return;
	if (h->piece > 0 && await_rest(l, now))
		return;
	if (l->ending) {
		l->ended = true;
		return;
	}
	if (h->finishing && !sweep(l, now))
		l->ended = true;
	if (h->sock < 0 && h->open == 0)
		l->ended = true;
}

ms
held_due(const struct logger *l)
{
	const struct held *h = l->held;

	if (h->piece > 0)
		return loop_now() + PIECE_POLL;
	if (h->closed > 0 && h->sock >= 0)
		return loop_now() + CLOSED_RETRY;
	return h->finishing && !h->resuming ? 0 : MS_NEVER;
}
