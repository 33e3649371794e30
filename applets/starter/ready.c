#include "ready.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/proc.h"
#include "../../lib/sys/unixsock.h"
#include "../../lib/wire/notify.h"

#define TRY_EVERY ((ms)20)

static pid_t
starting(struct starter *s)
{
	struct generation *g = generations_in(&s->g, GENERATION_STARTING);

	return g ? g->pid : 0;
}

/* ---- connect ---- */

static void
open_probe(struct starter *s)
{
	const char *text = s->o->ready_address, *why;
	struct endpoint e;

	why = *text == '/' || *text == '@' ? endpoint_path(text, &e) : endpoint_parse(text, &e);
	if (!why && e.kind == ENDPOINT_UDP)
		why = "nothing connects to UDP";
	if (!why && !(s->probe = memory_get(sizeof *s->probe)))
		why = call_reason();
	if (!why && e.kind == ENDPOINT_UNIX)
		listener_path(e.host, s->probe);
	else if (!why && !listener_resolve(*e.host ? e.host : "127.0.0.1", e.v6, e.port, s->probe))
		why = "not an address, and not in /etc/hosts";
	for (unsigned i = 0; i < s->sockets && !why; i++)
		if (s->at[i].kind == e.kind && s->at[i].port == e.port &&
		    (e.kind == ENDPOINT_TCP || strcmp(s->at[i].host, e.host) == 0))
			why = "we listen there ourselves: that says nothing";
	if (why)
		starter_die(s, EXIT_OTHER, "--ready-address: %s: %s", text, why);
}

static void
drop_probe(struct starter *s)
{
	call_close(s->probe_fd);
	s->probe_fd = -1;
}

/* Has a connection been made? One that is on its way is looked at the next time. */
static bool
is_connected(struct starter *s)
{
	struct pollfd p = { .fd = s->probe_fd, .events = POLLOUT };
	int error;
	socklen_t len = sizeof error;

	if (s->probe_fd < 0) {
		s->probe_fd = (int)syscall(SYS_socket, s->probe->addr.ss_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (s->probe_fd < 0)
			return false;
		if (connect(s->probe_fd, (struct sockaddr *)&s->probe->addr, s->probe->len) == 0)
			return true;
		if (errno != EINPROGRESS)
			drop_probe(s);
		return false;
	}
	if (poll(&p, 1, 0) != 1)
		return false;
	if (getsockopt(s->probe_fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
		return true;
	drop_probe(s);
	return false;
}

ms
ready_due(struct starter *s)
{
	return s->probe && starting(s) ? s->probe_due : MS_NEVER;
}

void
ready_tick(struct starter *s, ms now)
{
	if (now < ready_due(s))
		return;
	s->probe_due = now + TRY_EVERY;
	if (!is_connected(s))
		return;
	drop_probe(s);
	generations_ready(&s->g, starting(s));
}

/* ---- told ---- */

void
ready_prepare(struct starter *s)
{
	s->reports_fd = s->ready_fd = s->probe_fd = -1;
	if (s->o->ready == ARGS_CONNECT)
		open_probe(s);
}

void
ready_open(struct starter *s)
{
	ready_prepare(s);
	if (s->o->ready != ARGS_NOTIFY)
		return;
	s->reports_fd = unixsock_reports(s->reports_name);
	if (s->reports_fd < 0 || loop_watch(s->reports_fd, TAG_REPORTS, false) < 0)
		starter_die(s, STARTER_ERRNO, "--ready=notify: socket");
}

/* The one of that pid, if the sender is it or comes from it; else 0. */
static pid_t
elder(pid_t sender, pid_t pid)
{
	struct proc_stat st;

	if (getpgid(sender) == pid) /* also where there is no /proc */
		return pid;
	while (sender > 1 && sender != pid)
		sender = proc_stat(sender, &st) ? st.parent : 0;
	return sender == pid ? pid : 0;
}

void
ready_on_report(struct starter *s)
{
	char bytes[4096];
	pid_t sender;
	ssize_t n = unixsock_report(s->reports_fd, bytes, sizeof bytes, &sender);
	struct notify message;

	if (n < 0 || sender <= 0 || !notify_parse(bytes, (size_t)n, &message) || !message.ready)
		return;
	generations_ready(&s->g, elder(sender, starting(s)));
}

void
ready_on_byte(struct starter *s)
{
	char byte;
	ssize_t n = s->ready_fd >= 0 ? read(s->ready_fd, &byte, 1) : -1;

	if (n > 0)
		generations_ready(&s->g, starting(s));
	if (n >= 0) { /* told, or closed without a word */
		loop_forget(s->ready_fd, TAG_READY);
		close(s->ready_fd);
		s->ready_fd = -1;
	}
}
