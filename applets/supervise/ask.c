#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/fdpass.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/unixsock.h"
#include "verbs.h"

static int
fail(struct ask *a, int status, const char *why)
{
	struct buf b = buf_over(a->text, sizeof a->text);

	buf_puts(&b, why);
	return status;
}

int
ask_open(struct ask *a, ms limit)
{
	const char *path = call_env("SERVERENGINE_SOCKETMANAGER_PATH");

	*a = (struct ask){ .token = call_env("SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN"),
		.deadline = loop_now() + limit,
		.fd = -1 };
	if (!path || !a->token || strlen(a->token) > SOCKETMANAGER_TOKEN)
		return fail(a, VERBS_USAGE,
		    "SERVERENGINE_SOCKETMANAGER_PATH and _INTERNAL_TOKEN are not set");
	if ((a->conn = unixsock_connect(path, limit)) >= 0)
		return VERBS_DONE;
	(void)buf_print_to(a->text, sizeof a->text, "%.100s: %s", path, call_reason()); /* fits */
	return errno == EAGAIN ? VERBS_TIMEOUT : VERBS_NOT_RUNNING;
}

/* Looks at what has come: -1: the rest is still to come, else as ask. */
static int
look(struct ask *a, const char *in, size_t have, enum socketmanager_method method)
{
	enum socketmanager_answer answer = SOCKETMANAGER_ERROR;
	char copy[SOCKETMANAGER_FRAME + 1]; /* it is decoded where it stands */
	struct socketmanager_frame f;
	bool follows;

	memcpy(copy, in, have);
	switch (socketmanager_take(copy, have, a->token, &f)) {
	case SOCKETMANAGER_MORE:
		return -1;
	case SOCKETMANAGER_WHOLE:
		if (socketmanager_answer(f.value, f.len, &answer, a->text))
			break;
		return fail(a, VERBS_REFUSED, "it is no answer");
	case SOCKETMANAGER_BAD:
		return fail(a, VERBS_REFUSED, "it is no answer");
	}
	/* nil is the end of what is shared, or a promise */
	follows = answer == SOCKETMANAGER_KEY ||
	    (answer == SOCKETMANAGER_NIL && method != SOCKETMANAGER_SHARE_TCP &&
		method != SOCKETMANAGER_SHARE_UDP);
	if (follows && a->fd < 0)
		return -1;
	return answer == SOCKETMANAGER_ERROR ? VERBS_REFUSED : VERBS_DONE;
}

int
ask(struct ask *a, const struct socketmanager_request *r)
{
	struct pollfd p = { .fd = a->conn, .events = POLLIN };
	char in[SOCKETMANAGER_FRAME + 1];
	struct buf b = buf_over(in, sizeof in);
	size_t have = 0;
	int found;

	a->fd = -1;
	socketmanager_put_request(&b, a->token, getpid(), r);
	if (send(a->conn, in, b.len, MSG_NOSIGNAL) != (ssize_t)b.len)
		return fail(a, VERBS_REFUSED, call_reason());
	for (;;) {
		ssize_t n;
		int got;

		if (poll(&p, 1, (int)ms_max(a->deadline - loop_now(), 0)) == 0)
			return fail(a, VERBS_TIMEOUT, "no answer in time");
		n = fdpass_recv(a->conn, in + have, sizeof in - have, &got);
		if (n < 0 && call_again())
			continue;
		if (n <= 0)
			return fail(
			    a, VERBS_REFUSED, n < 0 ? call_reason() : "the connection was closed");
		a->fd = got >= 0 ? got : a->fd;
		have += (size_t)n;
		if ((found = look(a, in, have, r->method)) >= 0)
			return found;
	}
}
