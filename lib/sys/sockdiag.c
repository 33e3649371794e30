#include "sockdiag.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "proc.h"
#include "procfile.h"

/* netlink(7) and sock_diag(7), as linux/netlink.h, sock_diag.h, unix_diag.h and inet_diag.h. */
enum {
	SOCK_DIAG = 4, /* of NETLINK */
	BY_FAMILY = 20,
	ERROR = 2,
	DONE = 3,
	REQUEST = 1,
	DUMP = 0x300,
	SHOW_PEER = 4,
	SHOW_QUEUES = 0x10,
	IS_PEER = 2, /* of attributes */
	IS_QUEUES = 4,
	LISTENS = 10, /* TCP_LISTEN */
};

struct header {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, port;
};
struct attribute {
	uint16_t len, type;
};

struct unix_request {
	struct header header;
	uint8_t family, protocol;
	uint16_t pad;
	uint32_t states, inode, show, cookie[2];
};
struct unix_reply {
	uint8_t family, type, state, pad;
	uint32_t inode, cookie[2];
};

struct inet_id {
	uint16_t ports[2];
	uint32_t addresses[8], device, cookie[2];
};
struct inet_request {
	struct header header;
	uint8_t family, protocol, extensions, pad;
	uint32_t states;
	struct inet_id id;
};
struct inet_reply {
	uint8_t family, state, timer, retries;
	struct inet_id id;
	uint32_t expires, rxq, txq, uid, inode;
};

/* What maps take as a key. */
static int
key_of(uint64_t inode)
{
	return (int)(inode & 0x7fffffff);
}

/* ---- the kernel's answers ---- */

static bool
add(struct sockdiag *s, const struct sockdiag_row *row)
{
	size_t size = s->size ? s->size * 2 : 16384;

	if ((s->count + 1) * sizeof *row > s->size) {
		if (!memory_grow(&s->row, s->size, size))
			return false;
		s->size = size;
	}
	s->row[s->count++] = *row;
	return true;
}

static void
take_attributes(const char *at, const char *end, struct sockdiag_row *row)
{
	struct attribute a;

	while (at < end && (size_t)(end - at) >= sizeof a) {
		memcpy(&a, at, sizeof a);
		if (a.len < sizeof a || a.len > end - at)
			return;
		if (a.type == IS_PEER && a.len >= sizeof a + 4)
			memcpy(&row->peer, at + sizeof a, 4);
		if (a.type == IS_QUEUES && a.len >= sizeof a + 8)
			memcpy(&row->rxq, at + sizeof a, 8); /* and txq */
		at += (a.len + 3u) & ~3u;
	}
}

static bool
take_row(struct sockdiag *s, const char *at, size_t len)
{
	struct sockdiag_row row = { 0 };
	struct unix_reply u;
	struct inet_reply t;

	if (*at == AF_UNIX && len >= sizeof u) {
		memcpy(&u, at, sizeof u);
		row.inode = u.inode;
		take_attributes(at + sizeof u, at + len, &row);
	} else if (len >= sizeof t) {
		memcpy(&t, at, sizeof t);
		row.inode = t.inode;
		row.rxq = t.rxq;
		row.txq = t.txq;
	}
	return key_of(row.inode) == 0 || add(s, &row);
}

/* 1: more will come, 0: that was all, -1: errno. */
static int
take_messages(struct sockdiag *s, const char *at, size_t len)
{
	struct header h;
	int error;

	for (; len >= sizeof h; at += (h.len + 3u) & ~3u) {
		memcpy(&h, at, sizeof h);
		if (h.len < sizeof h || h.len > len)
			return call_fail(EPROTO);
		if (h.type == DONE)
			return 0;
		if (h.type == ERROR && h.len >= sizeof h + sizeof error) {
			memcpy(&error, at + sizeof h, sizeof error);
			return call_fail(-error);
		}
		if (h.type == BY_FAMILY && h.len > sizeof h &&
		    !take_row(s, at + sizeof h, h.len - sizeof h))
			return -1;
		len -= len < ((h.len + 3u) & ~3u) ? len : (h.len + 3u) & ~3u;
	}
	return 1;
}

static int
ask(struct sockdiag *s, int sock, const void *request, size_t len)
{
	_Alignas(struct header) char answer[16384];
	int more = 1;
	ssize_t n;

	if (write(sock, request, len) < 0) /* to the kernel, which is there */
		return -1;
	while (more > 0) {
		n = read(sock, answer, sizeof answer);
		if (n < 0 && errno != EINTR)
			return -1;
		more = n > 0 ? take_messages(s, answer, (size_t)n) : n == 0 ? 0 : 1;
	}
	return more;
}

static int
ask_all(struct sockdiag *s, int sock)
{
	struct unix_request u = {
		.header = { sizeof u, BY_FAMILY, REQUEST | DUMP, 0, 0 },
		.family = AF_UNIX,
		.states = UINT32_MAX,
		.show = SHOW_PEER | SHOW_QUEUES,
	};
	struct inet_request t = {
		.header = { sizeof t, BY_FAMILY, REQUEST | DUMP, 0, 0 },
		.family = AF_INET,
		.protocol = IPPROTO_TCP,
		.states = 1u << LISTENS,
	};
	int error = 0;

	if (ask(s, sock, &u, sizeof u) < 0)
		error = errno;
	if (ask(s, sock, &t, sizeof t) < 0)
		error = errno;
	t.family = AF_INET6;
	if (ask(s, sock, &t, sizeof t) < 0 && errno != ENOENT) /* a kernel may have no IPv6 */
		error = errno;
	return error ? call_fail(error) : 0;
}

/* ---- whose they are ---- */

struct holders {
	struct sockdiag *s;
	pid_t pid;
	unsigned left;
};

static bool
found_fd(int fd, void *arg)
{
	struct holders *h = arg;
	char path[48], name[64];
	const char *at;
	uint64_t inode;
	unsigned i;
	ssize_t n;

	(void)buf_print_to(path, sizeof path, "/proc/%d/fd/%d", (int)h->pid, fd); /* fits */
	n = call_readlink(path, name, sizeof name - 1);
	name[n > 0 ? n : 0] = '\0';
	at = text_after(name, "socket:[");
	if (at && procfile_number(&at, 10, &inode) && map_get(&h->s->by_inode, key_of(inode), &i) &&
	    h->s->row[i].holder == 0)
		h->s->row[i].holder = h->pid;
	return --h->left > 0;
}

static bool
found_process(int pid, void *arg)
{
	struct holders *h = arg;

	h->pid = pid;
	(void)proc_each_of(pid, "fd", found_fd, h); /* another user's is not to be seen */
	return h->left > 0;
}

/* ---- all of it ---- */

/* Into the network namespace of the process, if that is not ours. */
static bool
enter(pid_t pid)
{
	char own[64], other[64], path[32];
	ssize_t a, b;
	int fd, n;

	(void)buf_print_to(path, sizeof path, "/proc/%d/ns/net", (int)pid); /* fits */
	a = call_readlink("/proc/self/ns/net", own, sizeof own);
	b = call_readlink(path, other, sizeof other);
	if (a < 0 || b < 0)
		return false;
	if (a == b && memcmp(own, other, (size_t)a) == 0)
		return true;
	if ((fd = call_open(path, O_RDONLY | O_CLOEXEC, 0)) < 0)
		return false;
	n = (int)syscall(SYS_setns, fd, CLONE_NEWNET);
	(void)call_close(fd);
	return n == 0;
}

static bool
index_rows(struct sockdiag *s)
{
	s->by_inode.room = map_room(s->count);
	s->by_inode.cell = memory_get(s->by_inode.room * sizeof *s->by_inode.cell);
	if (!s->by_inode.cell)
		return false;
	for (unsigned i = 0; i < s->count; i++)
		map_put(&s->by_inode, key_of(s->row[i].inode), i);
	return true;
}

int
sockdiag_read(struct sockdiag *s, pid_t pid)
{
	struct holders h = { .s = s, .left = SOCKDIAG_LINKS };
	int sock, error = 0;

	*s = (struct sockdiag){ 0 };
	if (!enter(pid))
		return -1;
	sock = (int)syscall(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, SOCK_DIAG);
	if (sock < 0)
		return -1;
	if (ask_all(s, sock) < 0)
		error = errno;
	close(sock);
	if (!index_rows(s))
		return -1;
	(void)proc_each("/proc", found_process, &h); /* what is not seen is not known */
	return error ? call_fail(error) : 0;
}

void
sockdiag_free(struct sockdiag *s)
{
	memory_free(s->by_inode.cell, s->by_inode.room * sizeof *s->by_inode.cell);
	memory_free(s->row, s->size);
	*s = (struct sockdiag){ 0 };
}

const struct sockdiag_row *
sockdiag_find(const struct sockdiag *s, uint64_t inode)
{
	unsigned i;

	if (!s->by_inode.cell || !map_get(&s->by_inode, key_of(inode), &i) ||
	    s->row[i].inode != inode)
		return NULL;
	return &s->row[i];
}
