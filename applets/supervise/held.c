#include "held.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"

static bool
is_v4(const struct listener_address *a, uint32_t address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&a->addr;

	return in->sin_family == AF_INET && in->sin_addr.s_addr == htonl(address);
}

/* What it is looked up by. */
static struct listener_address
key_of(const struct listener_address *at)
{
	struct listener_address key = *at;

	if (is_v4(at, INADDR_ANY))
		((struct sockaddr_in *)(void *)&key.addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return key;
}

static void
write_key(struct held *h, const char *host, unsigned port)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&h->at.addr;
	const unsigned char *ip = (const unsigned char *)&in->sin_addr;
	struct buf b = buf_over(h->key, sizeof h->key);

	if (in->sin_family == AF_INET6)
		buf_printf(&b, "[%s]", host);
	else if (is_v4(&h->at, INADDR_LOOPBACK))
		buf_puts(&b, "localhost");
	else
		buf_printf(&b, "%d.%d.%d.%d", ip[0], ip[1], ip[2], ip[3]);
	buf_printf(&b, ":%u", port);
}

static int
open_new(const struct config *c, const struct listener_address *at, bool udp, const char **step)
{
	const char *reuse = call_env("SERVERENGINE_USE_SOCKET_REUSEPORT");
	struct listeners_networks networks;
	const struct listener_options o = {
		.backlog = (int)c->backlog,
		.reuseport = !udp && reuse && strcmp(reuse, "1") == 0,
		.filter = listeners_filter(&networks, c, at->addr.ss_family == AF_INET6),
	};

	return listener_open(at, udp ? SOCK_DGRAM : SOCK_STREAM, &o, step);
}

const struct held *
held_get(struct helds *s, const struct config *c, const struct socketmanager_request *r,
    const char **step)
{
	struct held *h = s->one, *end = h + s->count;
	bool udp = r->method == SOCKETMANAGER_LISTEN_UDP;
	struct listener_address at, key;

	*step = "socket";
	if (!listener_resolve(r->host, text_char(r->host, ':'), r->number, &at)) {
		errno = 0; /* no call has failed */
		return NULL;
	}
	key = key_of(&at);
	for (; h < end; h++)
		if (h->udp == udp && h->at.len == key.len &&
		    memcmp(&h->at.addr, &key.addr, key.len) == 0)
			return h;
	errno = EMFILE;
	if (s->count == HELD_MAX)
		return NULL;
	*h = (struct held){ .fd = open_new(c, &at, udp, step), .udp = udp, .at = key };
	if (h->fd < 0)
		return NULL;
	s->count++;
	write_key(h, r->host, r->number);
	return h;
}

const struct held *
held_at(const struct helds *s, bool udp, unsigned i)
{
	for (const struct held *h = s->one; h < s->one + s->count; h++)
		if (h->udp == udp && i-- == 0)
			return h;
	return NULL;
}

bool
held_take(struct helds *s, bool udp, const char *key, int fd)
{
	struct held *h = s->one + s->count;
	struct endpoint e;
	struct listener_address at;

	if (s->count == HELD_MAX || endpoint_parse(key, &e) || e.kind != ENDPOINT_TCP ||
	    !listener_resolve(
		strcmp(e.host, "localhost") == 0 ? "127.0.0.1" : e.host, e.v6, e.port, &at))
		return false;
	*h = (struct held){ .fd = fd, .udp = udp, .at = key_of(&at) };
	s->count++;
	return buf_print_to(h->key, sizeof h->key, "%s", key);
}
