#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/address.h"
#include "../base/num.h"
#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "smallfile.h"

/* ---- addresses ---- */

static bool
from_number(const char *text, bool v6, struct listener_address *a)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&a->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&a->addr;

	return address_parse(text, v6, v6 ? (void *)&in6->sin6_addr : (void *)&in->sin_addr);
}

#define HOSTS_MAX 65536

/* The next word of a line, ended by a NUL; NULL: there is none. */
static char *
next_word(char **line)
{
	char *word = text_skip(*line, " \t\r"), *end = word + text_span(word, " \t\r");

	if (!*word || *word == '#')
		return NULL;
	*line = end + (*end != '\0');
	*end = '\0';
	return word;
}

/* Does a line "ADDRESS NAME..." of hosts(5) give that name an IPv4 address? */
static bool
from_line(char *line, const char *host, struct listener_address *a)
{
	char *address = next_word(&line), *name;

	while (address && (name = next_word(&line)) != NULL)
		if (num_is_word(name, host) && from_number(address, false, a))
			return true;
	return false;
}

static bool
from_hosts(const char *host, struct listener_address *a)
{
	char *text = memory_get(HOSTS_MAX), *end;
	bool found = false;

	if (!text)
		return false;
	(void)smallfile_read("/etc/hosts", text, HOSTS_MAX); /* then it is "" */
	for (char *line = text; *line && !found; line = end) {
		end = line + text_span(line, "\n");
		end += *end ? (*end = '\0', 1) : 0;
		found = from_line(line, host, a);
	}
	memory_free(text, HOSTS_MAX);
	return found;
}

bool
listener_resolve(const char *host, bool v6, unsigned port, struct listener_address *a)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&a->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&a->addr;

	*a = (struct listener_address){ .len = v6 ? sizeof *in6 : sizeof *in };
	a->addr.ss_family = v6 ? AF_INET6 : AF_INET;
	if (v6)
		in6->sin6_port = htons((uint16_t)port);
	else
		in->sin_port = htons((uint16_t)port); /* the address 0.0.0.0 is all zeroes */
	if (!*host || from_number(host, v6, a) || (!v6 && from_hosts(host, a)))
		return true;
	/* RFC 6761: that one is known without a file */
	return !v6 && num_is_word(host, "localhost") && from_number("127.0.0.1", false, a);
}

void
listener_path(const char *path, struct listener_address *a)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)&a->addr;
	size_t len = strlen(path);

	*a = (struct listener_address){ .len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					    len + (*path != '@')) };
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, len);
	if (*path == '@')
		un->sun_path[0] = '\0';
}

/* ---- sockets ---- */

static __attribute__((noinline)) bool
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static bool
attach(int fd, const struct listener_filter *filter)
{
	const struct {
		unsigned short len;
		const void *filter;
	} f = { filter->instructions, filter->program }; /* struct sock_fprog */

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof f) == 0;
}

static bool
set_options(int fd, int family, int type, const struct listener_options *o, const char **step)
{
	bool tcp = type == SOCK_STREAM && family != AF_UNIX;

	*step = "SO_REUSEADDR";
	if (family != AF_UNIX && !set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
		return false;
	*step = "SO_REUSEPORT";
	if (o->reuseport && !set(fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return false;
	*step = "IPV6_V6ONLY";
	if (family == AF_INET6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return false;
	if (o->filter) {
		*step = o->filter->name;
		if (!attach(fd, o->filter))
			return false;
	}
	*step = "defer-accept";
	if (tcp && o->defer_accept > 0 && !set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, o->defer_accept))
		return false;
	*step = "fastopen";
	return !tcp || o->fastopen == 0 || set(fd, IPPROTO_TCP, TCP_FASTOPEN, o->fastopen);
}

static int
bind_with_mode(
    int fd, const struct listener_address *a, const struct listener_options *o, const char **step)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)&a->addr;
	bool file = un->sun_family == AF_UNIX && un->sun_path[0];
	mode_t old = umask(~o->mode & 0777);
	int result = bind(fd, (const struct sockaddr *)&a->addr, a->len), e = errno;

	umask(old);
	errno = e;
	if (result == 0 && file && (o->uid != (uid_t)-1 || o->gid != (gid_t)-1) &&
	    lchown(un->sun_path, o->uid, o->gid) < 0) {
		e = errno;
		(void)unlink(un->sun_path); /* it has just been made */
		errno = e;
		*step = "chown";
		return -1;
	}
	return result;
}

int
listener_open(
    const struct listener_address *a, int type, const struct listener_options *o, const char **step)
{
	int family = a->addr.ss_family;
	int flags = SOCK_CLOEXEC | (o->nonblocking ? SOCK_NONBLOCK : 0);
	int fd = (int)syscall(SYS_socket, family, type | flags, 0);

	*step = "socket";
	if (fd < 0)
		return -1;
	if (set_options(fd, family, type, o, step)) {
		*step = "bind";
		if (bind_with_mode(fd, a, o, step) == 0) {
			*step = "listen";
			if (type != SOCK_STREAM || listen(fd, o->backlog) == 0)
				return fd;
		}
	}
	return call_close(fd);
}

int
listener_make_way(const char *path)
{
	struct stat st;

	if (*path == '@' || call_lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return call_fail(EEXIST);
	return unlink(path) < 0 ? -1 : 1;
}

void
listener_file_made(const char *path, struct listener_file *f)
{
	struct stat st;

	*f = (struct listener_file){ .made = false };
	if (*path != '@' && call_lstat(path, &st) == 0)
		*f = (struct listener_file){ true, st.st_dev, st.st_ino };
}

void
listener_file_remove(const char *path, const struct listener_file *f)
{
	struct stat st;

	if (f->made && call_lstat(path, &st) == 0 && st.st_ino == f->ino && st.st_dev == f->dev)
		(void)unlink(path); /* the next one's start removes it too */
}

unsigned
listener_port(int fd)
{
	struct sockaddr_storage s = { 0 };
	socklen_t len = sizeof s;

	if (getsockname(fd, (struct sockaddr *)&s, &len) < 0)
		return 0;
	if (s.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)(void *)&s)->sin_port);
	return s.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)(void *)&s)->sin6_port) : 0;
}

/* Of a listening socket tcp_info has its queue in two members that mean something else elsewhere.
 */
bool
listener_queue(int fd, unsigned *waiting, unsigned *most)
{
	struct tcp_info i;
	socklen_t len = sizeof i;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len) < 0 || i.tcpi_state != TCP_LISTEN)
		return false;
	*waiting = i.tcpi_unacked;
	*most = i.tcpi_sacked;
	return true;
}
