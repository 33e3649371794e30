#include "target.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "procfile.h"

/* The lists of /proc/PID/net, in the order of target_sockets.end. */
#define LISTS 5
#define UDP   2 /* and the one behind it */
#define UNIX  4
static const char lists[LISTS][9] = { "net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/unix" };

/* ---- sockets ---- */

/* The inode of a row; 0: none. */
static uint64_t
inode_of(const char *row, int list)
{
	const char *at = procfile_word(row, list == UNIX ? 6 : 9);
	uint64_t inode;

	return procfile_number(&at, 10, &inode) ? inode : 0;
}

/* What maps take as a key; the kernel's inodes of sockets have 32 bits. */
static int
key_of(uint64_t inode)
{
	return (int)(inode & 0x7fffffff);
}

static int
list_at(const struct target_sockets *s, size_t at)
{
	int list = 0;

	while (list < LISTS - 1 && at >= s->end[list])
		list++;
	return list;
}

/* Cuts the text into lines, and notes where they are. */
static bool
index_rows(struct target_sockets *s)
{
	size_t rows = 0;
	char *line, *stop;

	for (size_t i = 0; i < s->len; i++)
		rows += s->text[i] == '\n';
	s->row.room = map_room(rows);
	if (!(s->row.cell = memory_get(s->row.room * sizeof *s->row.cell)))
		return false;
	for (line = s->text; (stop = text_find(line, '\n', s->len - (size_t)(line - s->text)));
	     line = stop + 1) {
		size_t at = (size_t)(line - s->text);
		int key;

		*stop = '\0';
		if ((key = key_of(inode_of(line, list_at(s, at)))) != 0)
			map_put(&s->row, key, (unsigned)at);
	}
	return true;
}

int
target_sockets_read(struct target_sockets *s, pid_t pid)
{
	struct procfile f = { 0 };
	int error = 0;

	*s = (struct target_sockets){ 0 };
	for (int i = 0; i < LISTS; i++) {
		int fd = procfile_open(pid, 0, lists[i]);

		if (fd < 0 && (errno != ENOENT || i == 0))
			error = errno; /* a kernel may have no IPv6 */
		if (fd >= 0 && !procfile_append(&f, fd))
			error = errno;
		if (fd >= 0)
			close(fd);
		s->end[i] = f.len;
	}
	s->text = f.text;
	s->len = f.len;
	s->size = f.size;
	if (s->text && !index_rows(s))
		error = errno;
	return error ? call_fail(error) : 0;
}

void
target_sockets_free(struct target_sockets *s)
{
	memory_free(s->row.cell, s->row.room * sizeof *s->row.cell);
	memory_free(s->text, s->size);
	*s = (struct target_sockets){ 0 };
}

/* Where the longest run of zeroes among the 8 groups begins, 8: there is none; and its length. */
static unsigned
zeroes(const unsigned group[8], unsigned *len)
{
	unsigned best = 8;

	*len = 1; /* a single one is not shortened: RFC 5952 */
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && group[i + n] == 0)
			n++;
		if (n > *len) {
			*len = n;
			best = i;
		}
	}
	return best;
}

static void
put_ipv4(const unsigned char *a, struct buf *b)
{
	buf_printf(b, "%d.%d.%d.%d", a[0], a[1], a[2], a[3]);
}

static void
put_ipv6(const unsigned char a[16], struct buf *b)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned group[8], from, len;

	for (size_t i = 0; i < 8; i++)
		group[i] = (unsigned)a[2 * i] << 8 | a[2 * i + 1];
	from = zeroes(group, &len);
	buf_puts(b, "[");
	if (memcmp(a, mapped, sizeof mapped) == 0) {
		buf_puts(b, "::ffff:");
		put_ipv4(a + 12, b);
		buf_puts(b, "]");
		return;
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == from) {
			buf_puts(b, "::");
			i += len - 1;
			continue;
		}
		buf_printf(b, i > 0 && i != from + len ? ":%x" : "%x", group[i]);
	}
	buf_puts(b, "]");
}

/* "0100007F:1F90": words as they are in memory, and a port; its number. */
static unsigned
put_address(const char *hex, struct buf *b)
{
	size_t digits = text_span(hex, ": ");
	unsigned char a[16] = { 0 };
	uint64_t port = 0;
	const char *at;
	char word[9];

	for (size_t i = 0; i + 8 <= digits && i < 32; i += 8) {
		uint64_t v = 0;
		uint32_t w;

		memcpy(word, hex + i, 8);
		word[8] = '\0';
		at = word;
		(void)procfile_number(&at, 16, &v); /* the kernel's own digits */
		w = (uint32_t)v;
		memcpy(a + i / 2, &w, sizeof w);
	}
	if (digits > 8)
		put_ipv6(a, b);
	else
		put_ipv4(a, b);
	at = hex + digits;
	if (*at == ':') {
		at++;
		(void)procfile_number(&at, 16, &port);
	}
	buf_printf(b, ":%u", (unsigned)port);
	return (unsigned)port;
}

static void
put_inet(const char *row, int list, struct buf *b)
{
	static const char states[][12] = { "?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING" };
	enum { LISTEN = 10 };
	const char *peer = procfile_word(row, 2), *at = procfile_word(row, 3);
	uint64_t state = 0, rxq = 0, txq = 0;
	struct buf remote;
	char text[64];

	(void)procfile_number(&at, 16, &state); /* the kernel's own */
	(void)procfile_number(&at, 16, &txq);
	at += *at == ':';
	(void)procfile_number(&at, 16, &rxq);
	if (state >= sizeof states / sizeof *states)
		state = 0;
	buf_puts(b, list < UDP ? "tcp " : "udp ");
	(void)put_address(procfile_word(row, 1), b);
	remote = buf_over(text, sizeof text);
	if (put_address(peer, &remote) != 0)
		buf_printf(b, "->%s", text);
	if (list < UDP)
		buf_printf(b, " %.12s", states[state]);
	buf_printf(b, " rxq=%llu", (unsigned long long)rxq);
	if (list >= UDP || state != LISTEN) /* of one that listens it tells nothing */
		buf_printf(b, " txq=%llu", (unsigned long long)txq);
}

static void
put_unix(const char *row, struct buf *b)
{
	const char *flags = procfile_word(row, 3), *path = procfile_word(row, 6);
	uint64_t v = 0;

	(void)procfile_number(&flags, 16, &v); /* the kernel's own */
	buf_puts(b, "unix ");
	path += text_span(path, " ");
	if (*path == ' ')
		buf_escape(b, path + 1, strlen(path + 1), 256);
	else
		buf_puts(b, "(unnamed)");
	if (v & 0x10000) /* __SO_ACCEPTCON */
		buf_puts(b, " LISTEN");
}

/* False: it is in no list. */
static bool
put_socket(const struct target_sockets *s, uint64_t inode, struct buf *b)
{
	unsigned at;
	int list;

	if (!s || !s->row.cell || !map_get(&s->row, key_of(inode), &at))
		return false;
	list = list_at(s, at);
	if (inode_of(s->text + at, list) != inode)
		return false;
	if (list == UNIX)
		put_unix(s->text + at, b);
	else
		put_inet(s->text + at, list, b);
	return true;
}

/* ---- files ---- */

static void
put_flags(uint64_t flags, struct buf *b)
{
	static const struct {
		unsigned flag;
		char name[12];
	} names[] = {
		{ O_APPEND, "O_APPEND" },
		{ O_NONBLOCK, "O_NONBLOCK" },
		{ O_SYNC, "O_SYNC" }, /* has the bit of the next one too */
		{ O_DSYNC, "O_DSYNC" },
		{ O_ASYNC, "O_ASYNC" },
		{ O_DIRECT, "O_DIRECT" },
		{ O_TMPFILE, "O_TMPFILE" }, /* likewise */
		{ O_DIRECTORY, "O_DIRECTORY" },
		{ O_NOFOLLOW, "O_NOFOLLOW" },
		{ O_NOATIME, "O_NOATIME" },
		{ O_CLOEXEC, "O_CLOEXEC" },
	};

	if (flags & O_PATH)
		buf_puts(b, "O_PATH");
	else
		buf_puts(b,
		    (flags & 3) == O_RDONLY       ? "O_RDONLY"
			: (flags & 3) == O_WRONLY ? "O_WRONLY"
						  : "O_RDWR");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if ((flags & names[i].flag) == names[i].flag) {
			buf_printf(b, "|%.12s", names[i].name);
			flags &= ~(uint64_t)names[i].flag;
		}
}

/* A name of the kernel's for the kind of a socket, "TCP"; nothing where it tells none. */
static void
put_protocol(const char *path, struct buf *b)
{
	char name[32];
	long n = syscall(SYS_getxattr, path, "system.sockprotoname", name, sizeof name);

	if (n > 1) {
		buf_puts(b, " ");
		buf_escape(b, name, (size_t)n - 1, sizeof name);
	}
}

/* "pos:\t0\nflags:\t0100002\n..." */
static bool
read_info(pid_t pid, int fd, uint64_t *pos, uint64_t *flags)
{
	char file[32], text[512];
	const char *at;

	(void)buf_print_to(file, sizeof file, "fdinfo/%d", fd); /* fits */
	if (procfile_read(pid, 0, file, text, sizeof text) <= 0)
		return false;
	at = procfile_value(text, "pos:");
	if (!at || !procfile_number(&at, 10, pos))
		return false;
	at = procfile_value(text, "flags:");
	return at && procfile_number(&at, 8, flags);
}

/* By its name only: to ask about a file may wait for a server that is gone. */
static void
put_file(pid_t pid, int fd, const char *name, size_t len, struct buf *b)
{
	bool device = text_after(name, "/dev/") && !text_after(name, "/dev/shm/");
	uint64_t pos, flags;

	buf_escape(b, name, len, len);
	if (device || !read_info(pid, fd, &pos, &flags))
		return;
	if (*name == '/') {
		buf_puts(b, " flags=");
		put_flags(flags, b);
		buf_printf(b, " pos=%llu", (unsigned long long)pos);
	} else if (text_after(name, "pipe:["))
		buf_puts(b,
		    (flags & 3) == O_RDONLY       ? " r"
			: (flags & 3) == O_WRONLY ? " w"
						  : " rw");
}

int
target_fd(pid_t pid, int fd, const struct target_sockets *sockets, struct buf *b)
{
	char path[48], name[4200];
	const char *at;
	uint64_t inode;
	ssize_t len;

	(void)buf_print_to(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd); /* fits */
	len = call_readlink(path, name, sizeof name - 1);
	if (len < 0)
		return -1;
	name[len] = '\0';
	if ((at = text_after(name, "socket:[")) == NULL || !procfile_number(&at, 10, &inode))
		put_file(pid, fd, name, (size_t)len, b);
	else if (!put_socket(sockets, inode, b)) {
		buf_escape(b, name, (size_t)len, (size_t)len);
		put_protocol(path, b);
	}
	return 0;
}
