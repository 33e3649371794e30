#include "getsocket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/listener.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/spawn.h"
#include "../../lib/wire/endpoint.h"
#include "ask.h"
#include "verbs.h"

#define PATIENCE (10 * MS_SECOND)
#define TEXT     1024 /* bytes of what the environment says of sockets */

extern char **environ;

/* What is written anew; the others stay. */
static const char renewed[] = "SERVER_STARTER_PORT\0LISTEN_FDS\0LISTEN_PID\0LISTEN_FDNAMES\0"
			      "SERVERENGINE_HEARTBEAT_PIPE\0";
#define RENEWED 5

static int
complain(int status, const char *what, const char *reason)
{
	out_error("se-supervise: get-socket: %s: %s", what, reason);
	return status;
}

static const char *
env_or_empty(const char *name)
{
	const char *value = call_env(name);

	return value ? value : "";
}

/* Asks for it; the descriptor, or -1: it has been told, and *status is our exit status. */
static int
get(const struct config *c, const struct endpoint *e, int *status)
{
	struct socketmanager_request r = {
		.method =
		    e->kind == ENDPOINT_UDP ? SOCKETMANAGER_LISTEN_UDP : SOCKETMANAGER_LISTEN_TCP,
		.number = e->port,
	};
	struct ask a;

	(void)buf_print_to(r.host, sizeof r.host, "%s", *e->host ? e->host : "0.0.0.0"); /* fits */
	if ((*status = ask_open(&a, c->timeout == MS_NEVER ? PATIENCE : c->timeout)) ==
	    VERBS_DONE) {
		*status = ask(&a, &r);
		close(a.conn);
	}
	return *status == VERBS_DONE ? a.fd : complain(-1, c->verb.value, a.text);
}

/* What the environment has said of sockets before, and will say. */
struct told {
	int number; /* the new one's */
	char ports[TEXT], names[TEXT], fds[32], pid[32], beat[48];
	char *entry[RENEWED];
};

/* How many sockets there are already, as LISTEN_FDS says it; -1: they are not numbered in a row. */
static int
sockets_before(void)
{
	const char *fds = call_env("LISTEN_FDS");
	uint64_t n = 0, pid = 0;

	if (fds && num_count(fds, 1, 64, &n) &&
	    num_count(env_or_empty("LISTEN_PID"), 1, INT32_MAX, &pid) && (pid_t)pid == getpid())
		return (int)n;
	return *env_or_empty("SERVER_STARTER_PORT") ? -1 : 0;
}

static int
heartbeat(void)
{
	const char *at = env_or_empty("SERVERENGINE_HEARTBEAT_PIPE");
	uint64_t number;

	return num_count(at, 0, INT32_MAX, &number) ? (int)number : -1;
}

/* Is it nobody's, or the heartbeat pipe's, which can be moved? */
static bool
is_free(int fd)
{
	return fd == heartbeat() || call_fcntl(fd, F_GETFD, 0) < 0;
}

/* The heartbeat pipe stands where the socket shall be: one further. */
static bool
move_heartbeat(struct told *t)
{
	int fd = heartbeat();

	if (fd < 0)
		return true;
	if (fd == t->number && (fd = call_fcntl(fd, F_DUPFD, fd + 1)) < 0)
		return false;
	(void)buf_print_to(
	    t->beat, sizeof t->beat, "SERVERENGINE_HEARTBEAT_PIPE=%d", fd); /* fits */
	t->entry[4] = t->beat;
	return true;
}

/* The variables' new values; false: they are too long. */
static bool
tell(struct told *t, const struct endpoint *e)
{
	const char *ports = env_or_empty("SERVER_STARTER_PORT");
	const char *names = env_or_empty("LISTEN_FDNAMES");
	struct buf p = buf_over(t->ports, sizeof t->ports), n = buf_over(t->names, sizeof t->names);

	buf_printf(&p, "SERVER_STARTER_PORT=%s%s", ports, *ports ? ";" : "");
	endpoint_ports(e, 1, &p);
	buf_printf(&n, "LISTEN_FDNAMES=%s%s", names, *names ? ":" : "");
	endpoint_names(e, 1, &n);
	/* both fit */
	(void)buf_print_to(t->fds, sizeof t->fds, "LISTEN_FDS=%d", t->number - ENDPOINT_FIRST + 1);
	(void)buf_print_to(t->pid, sizeof t->pid, "LISTEN_PID=%d", (int)getpid());
	t->entry[0] = t->ports;
	t->entry[1] = t->fds;
	t->entry[2] = t->pid;
	t->entry[3] = t->names;
	return !p.cut && !n.cut;
}

/* Puts the socket where it shall be and becomes the command. Its exit status if that fails. */
static int
become(const struct config *c, struct told *t, int fd)
{
	size_t n = 0;
	char **envp, **argv, **to;

	while (environ[n])
		n++;
	envp = memory_get((n + RENEWED + 1 + c->command.count + 1) * sizeof *envp);
	if (!envp || !move_heartbeat(t) || dup2(fd, t->number) < 0)
		return complain(VERBS_REFUSED, c->verb.value, call_reason());
	to = envp;
	for (char **e = environ; *e; e++)
		if (!text_is_named(*e, renewed))
			*to++ = *e;
	for (unsigned i = 0; i < RENEWED; i++)
		if (t->entry[i])
			*to++ = t->entry[i];
	argv = to + 1;
	for (unsigned i = 0; i < c->command.count; i++)
		argv[i] = (char *)(size_t)optval_list_at(
		    &c->command, i); /* execve(2) does not change it */
	spawn_exec(argv, envp);
	return complain(errno == ENOENT ? 127 : 126, argv[0], call_reason());
}

int
getsocket_run(const struct config *c)
{
	const char *where = c->verb.value ? c->verb.value : "", *why;
	struct endpoint e;
	struct told t = { .number = sockets_before() };
	int fd, status;

	if ((why = endpoint_parse(where, &e)) != NULL ||
	    (why = e.kind == ENDPOINT_UNIX ? "a path is not the socket manager's"
		    : e.fd >= 0            ? "its descriptor cannot be chosen"
					   : NULL) != NULL)
		return complain(VERBS_USAGE, where, why);
	if (c->command.count == 0)
		return complain(VERBS_USAGE, where, "a command is missing");
	if (t.number < 0)
		return complain(VERBS_USAGE, "SERVER_STARTER_PORT",
		    "its descriptors are not in a row from 3 on");
	t.number += ENDPOINT_FIRST;
	if (!is_free(t.number))
		return complain(VERBS_USAGE, where, "the descriptor for it is in use");
	if ((fd = get(c, &e, &status)) < 0)
		return status;
	e.fd = t.number;
	e.port = listener_port(fd);
	if (!tell(&t, &e))
		return complain(VERBS_REFUSED, where, "too long to be told to the command");
	/* dup2 to itself would leave it to be closed */
	if (fd == t.number && (fd = call_fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0)
		return complain(VERBS_REFUSED, where, call_reason());
	return become(c, &t, fd);
}
