#include "target.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "proc.h"
#include "procfile.h"

/* The lists of /proc/PID/net, in the order of target_sockets.end. */
enum { TCP, TCP6, UDP, UDP6, RAW, RAW6, NETLINK, UNIX };
static const char lists[TARGET_LISTS][12] = { "net/tcp", "net/tcp6", "net/udp", "net/udp6",
	"net/raw", "net/raw6", "net/netlink", "net/unix" };

/* ---- the lists ---- */

/* The inode of a row; 0: none. */
static uint64_t
inode_of(const char *row, int list)
{
	return procfile_field(row, list == UNIX ? 6 : 9, 10);
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

	while (list < UNIX && at >= s->end[list])
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

void
target_sockets_read(struct target_sockets *s, pid_t pid)
{
	struct procfile f = { 0 };

	target_sockets_free(s);
	s->read = true;
	for (int i = 0; i <= UNIX; i++) {
		int fd = procfile_open(pid, 0, lists[i]);

		if (fd < 0 && (errno != ENOENT || i == 0))
			s->error = errno; /* a kernel may have no IPv6 */
		if (fd >= 0 && !procfile_append(&f, fd))
			s->error = errno;
		if (fd >= 0)
			close(fd);
		s->end[i] = f.len;
	}
	s->text = f.text;
	s->len = f.len;
	s->size = f.size;
	if (s->text && !index_rows(s))
		s->error = errno;
	if (sockdiag_read(&s->more, pid) < 0)
		s->diag_error = errno;
}

void
target_sockets_free(struct target_sockets *s)
{
	sockdiag_free(&s->more);
	memory_free(s->row.cell, s->row.room * sizeof *s->row.cell);
	memory_free(s->text, s->size);
	*s = (struct target_sockets){ 0 };
}

/* The row of an inode, and in which list it is; NULL: it is in none. */
static const char *
row_of(const struct target_sockets *s, uint64_t inode, int *list)
{
	unsigned at;

	if (!s->row.cell || !map_get(&s->row, key_of(inode), &at))
		return NULL;
	*list = list_at(s, at);
	return inode_of(s->text + at, *list) == inode ? s->text + at : NULL;
}

/* ---- addresses ---- */

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
	unsigned port;
	const char *at;
	char word[9];

	for (size_t i = 0; i + 8 <= digits && i < 32; i += 8) {
		uint32_t w;

		memcpy(word, hex + i, 8);
		word[8] = '\0';
		at = word;
		w = (uint32_t)procfile_next(&at, 16);
		memcpy(a + i / 2, &w, sizeof w);
	}
	if (digits > 8)
		put_ipv6(a, b);
	else
		put_ipv4(a, b);
	at = hex + digits;
	at += *at == ':';
	port = (unsigned)procfile_next(&at, 16);
	buf_printf(b, ":%u", port);
	return port;
}

/* ---- one socket ---- */

/* How much waits in it; of a listener how many, and how many may: what waits to be accepted. */
static void
put_queues(unsigned long long rxq, unsigned long long txq, bool listens, bool known, struct buf *b)
{
	buf_printf(b, " rxq=%llu", rxq);
	if (!listens || known)
		buf_printf(b, listens ? "/%llu" : " txq=%llu", txq);
}

static void
put_inet(const char *row, int list, const struct sockdiag_row *more, struct buf *b)
{
	static const char states[][12] = { "?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING" };
	enum { LISTEN = 10 };
	const char *peer = procfile_word(row, 2), *at = procfile_word(row, 3);
	uint64_t state = procfile_next(&at, 16), txq = procfile_next(&at, 16), rxq;
	bool listens;
	struct buf remote;
	char text[64];

	at += *at == ':';
	rxq = procfile_next(&at, 16);
	if (state >= sizeof states / sizeof *states)
		state = 0;
	listens = list < UDP && state == LISTEN;
	buf_puts(b, list < UDP ? "tcp " : list < RAW ? "udp " : "raw ");
	(void)put_address(procfile_word(row, 1), b);
	remote = buf_over(text, sizeof text);
	if (put_address(peer, &remote) != 0)
		buf_printf(b, "->%s", text);
	if (list < UDP)
		buf_printf(b, " %.12s", states[state]);
	if (listens && more) {
		rxq = more->rxq;
		txq = more->txq;
	}
	put_queues(rxq, txq, listens, more != NULL, b);
}

/* "sk Eth Pid Groups Rmem ...", of which Eth is the protocol. */
static void
put_netlink(const char *row, struct buf *b)
{
	static const char names[][8] = { [0] = "route",
		[4] = "diag",
		[6] = "xfrm",
		[9] = "audit",
		[12] = "filter",
		[15] = "uevent",
		[16] = "generic" };
	const char *at = procfile_word(row, 1);
	uint64_t protocol = procfile_next(&at, 10), port = procfile_next(&at, 10),
		 groups = procfile_next(&at, 16), rxq = procfile_next(&at, 10);

	buf_printf(b, "netlink %u", (unsigned)protocol);
	if (protocol < sizeof names / sizeof *names && names[protocol][0])
		buf_printf(b, " (%.8s)", names[protocol]);
	buf_printf(b, " port=%u groups=0x%llx rxq=%llu", (unsigned)port, (unsigned long long)groups,
	    (unsigned long long)rxq);
}

/* The path, "@name", or "(unnamed)". */
static void
put_path(const char *row, struct buf *b)
{
	const char *path = procfile_word(row, 6);

	path += text_span(path, " ");
	if (*path == ' ')
		buf_escape(b, path + 1, strlen(path + 1), 256);
	else
		buf_puts(b, "(unnamed)");
}

/* The other end of a unix socket: its inode, who has it, and its path. */
static void
put_peer(const struct target_sockets *s, unsigned peer, struct buf *b)
{
	const struct sockdiag_row *more = sockdiag_find(&s->more, peer);
	const char *row;
	char name[16];
	int list;

	buf_printf(b, "->[%u]", peer);
	if (more && more->holder > 0) {
		proc_name(more->holder, name);
		buf_puts(b, " ");
		buf_escape(b, name, strlen(name), sizeof name);
		buf_printf(b, "[%d]", (int)more->holder);
	}
	if ((row = row_of(s, peer, &list)) != NULL && list == UNIX) {
		buf_puts(b, " ");
		put_path(row, b);
	}
}

static void
put_unix(const struct target_sockets *s, const char *row, uint64_t inode,
    const struct sockdiag_row *more, struct buf *b)
{
	bool listens = (procfile_field(row, 3, 16) & 0x10000) != 0; /* __SO_ACCEPTCON */

	buf_puts(b, "unix ");
	put_path(row, b);
	buf_printf(b, listens ? " LISTEN" : " [%u]", (unsigned)inode);
	if (!more)
		return;
	if (more->peer != 0)
		put_peer(s, more->peer, b);
	put_queues(more->rxq, more->txq, listens, true, b);
}

bool
target_socket(const struct target_sockets *s, uint64_t inode, struct buf *b)
{
	const struct sockdiag_row *more = sockdiag_find(&s->more, inode);
	int list;
	const char *row = row_of(s, inode, &list);

	if (!row)
		return false;
	if (list == UNIX)
		put_unix(s, row, inode, more, b);
	else if (list == NETLINK)
		put_netlink(row, b);
	else
		put_inet(row, list, more, b);
	return true;
}
