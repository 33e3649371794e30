#include "endpoint.h"

#include <string.h>

#include "../base/num.h"
#include "../base/text.h"

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The text without the blanks around it, in room; false: it is too long. */
static bool
trim(const char *text, size_t len, char *room, size_t size)
{
	while (len > 0 && is_blank(*text)) {
		text++;
		len--;
	}
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	return buf_print_to(room, size, "%.*s", (int)len, text);
}

/* "[u]PORT" */
static const char *
parse_port(const char *text, struct endpoint *e)
{
	uint64_t port;

	if (*text == 'u') {
		e->kind = ENDPOINT_UDP;
		text++;
	}
	if (!num_count(text, 0, 65535, &port))
		return "expected a port from 0 to 65535";
	e->port = (unsigned)port;
	return NULL;
}

/* "HOST" or "[V6]", which may be empty. */
static const char *
parse_host(const char *text, struct endpoint *e)
{
	size_t len = strlen(text);

	if (*text == '[') {
		if (text[len - 1] != ']')
			return "a ] is missing";
		text++;
		len -= 2;
	}
	if (!trim(text, len, e->host, sizeof e->host))
		return "the host's name is too long";
	if (!*e->host)
		return "a host is missing";
	for (const char *p = e->host; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == ';')
			return "no host has such a name";
	e->named = true;
	e->v6 = text_char(e->host, ':') != NULL;
	return NULL;
}

static const char *
parse_uri(const char *text, const char *rest, struct endpoint *e)
{
	char room[ENDPOINT_HOST + 16];
	const char *why;

	if (!buf_print_to(room, sizeof room, "%.*s", (int)text_span(rest, "?"), rest))
		return "too long";
	if (text_after(text, "unix:"))
		return endpoint_path(room, e);
	if (!text_after(text, "tcp:") && !text_after(text, "udp:"))
		return "expected tcp, udp or unix in front of ://";
	room[text_span(room, "/")] = '\0';
	if ((why = endpoint_parse(room, e)) == NULL && *text == 'u')
		e->kind = ENDPOINT_UDP;
	return why;
}

const char *
endpoint_parse(const char *text, struct endpoint *e)
{
	char room[ENDPOINT_HOST + 32], part[ENDPOINT_HOST + 32];
	const char *colon = text_char(text, ':'), *uri = colon ? text_after(colon, "://") : NULL,
		   *why, *at;
	uint64_t fd;

	*e = (struct endpoint){ .kind = ENDPOINT_TCP, .fd = -1 };
	if (uri)
		return parse_uri(text, uri, e);
	if (!trim(text, strlen(text), room, sizeof room))
		return "too long";
	if ((at = text_char(room, '=')) != NULL) {
		if (!trim(at + 1, strlen(at + 1), part, sizeof part) ||
		    !num_count(part, 0, 1023, &fd))
			return "expected a descriptor from 0 to 1023 behind the =";
		e->fd = (int)fd;
		room[at - room] = '\0';
	}
	if ((at = strrchr(room, ':')) != NULL) {
		(void)trim(room, (size_t)(at - room), part, sizeof part); /* as long as room */
		if ((why = parse_host(part, e)) != NULL)
			return why;
	}
	at = at ? at + 1 : room;
	(void)trim(at, strlen(at), part, sizeof part);
	return parse_port(part, e);
}

const char *
endpoint_path(const char *path, struct endpoint *e)
{
	*e = (struct endpoint){ .kind = ENDPOINT_UNIX, .named = true, .fd = -1 };
	if (!*path || (*path == '@' && !path[1]))
		return "a path is missing";
	if (path[text_span(path, ";=\n")])
		return "a ; or = or newline in it cannot be told to the server";
	/* the kernel wants a NUL behind a file's name, not behind an abstract one */
	if (strlen(path) >= ENDPOINT_PATH + (size_t)(*path == '@'))
		return "longer than 107 bytes";
	(void)buf_print_to(e->host, sizeof e->host, "%s", path); /* fits */
	return NULL;
}

void
endpoint_key(const struct endpoint *e, struct buf *b)
{
	if (e->named)
		buf_printf(b, e->v6 ? "[%s]" : "%s", e->host);
	if (e->named && e->kind != ENDPOINT_UNIX)
		buf_puts(b, ":");
	if (e->kind != ENDPOINT_UNIX)
		buf_printf(b, "%u", e->port);
}

bool
endpoint_taken(const struct endpoint e[], unsigned n, int fd)
{
	if (fd == 1 || fd == 2)
		return true;
	for (unsigned i = 0; i < n; i++)
		if (e[i].fd == fd)
			return true;
	return false;
}

int
endpoint_number(struct endpoint e[], unsigned n)
{
	int next = ENDPOINT_FIRST, above = ENDPOINT_FIRST;

	for (unsigned i = 0; i < n; i++) {
		if (e[i].fd < 0) {
			while (endpoint_taken(e, n, next))
				next++;
			e[i].fd = next;
		}
		above = e[i].fd >= above ? e[i].fd + 1 : above;
	}
	return above;
}

void
endpoint_ports(const struct endpoint e[], unsigned n, struct buf *b)
{
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			buf_puts(b, ";");
		endpoint_key(&e[i], b);
		buf_printf(b, "=%d", e[i].fd);
	}
}

bool
endpoint_in_row(const struct endpoint e[], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (e[i].fd != ENDPOINT_FIRST + (int)i)
			return false;
	return n > 0;
}

void
endpoint_names(const struct endpoint e[], unsigned n, struct buf *b)
{
	for (unsigned i = 0; i < n; i++) {
		size_t from;

		if (i > 0)
			buf_puts(b, ":");
		from = b->len;
		endpoint_key(&e[i], b);
		for (; from < b->len; from++)
			if (b->base[from] == ':')
				b->base[from] = '-';
	}
}
