#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../applet.h"

#define PIPE (1024 * 1024) /* what waits while the command is started again */
/* A command that lived for less is not started again at once. */
#define SETTLED MS_SECOND
/* As PID 1 our end is the command's too: so long it has for its last lines. */
#define PATIENCE (5 * MS_SECOND)
/* What a command line has in it that only a shell understands, as Perl's exec sees it. */
#define FOR_A_SHELL "$&*(){}[]'\";\\|?<>~`\n"
#define WORDS       64

extern char **environ;

/* "| COMMAND": its words, or a shell's. */
static void
take_command(struct starter *s, const char *command)
{
	size_t room = strlen(command) + 1;
	char **argv = memory_get((WORDS + 1) * sizeof *argv), *copy = memory_get(room);
	size_t n = 0;

	if (argv && copy)
		memcpy(copy, command, room);
	else
		starter_die(s, STARTER_ERRNO, "--log-file");
	s->log.argv = argv;
	if (command[text_span(command, FOR_A_SHELL)] || text_after(command, "exec ") ||
	    command[text_span(command, " =")] == '=') {
		argv[0] = "/bin/sh";
		argv[1] = "-c";
		argv[2] = copy;
		return;
	}
	for (char *p = copy; *(p = text_skip(p, " \t")) && n < WORDS;) {
		argv[n++] = p;
		p += text_span(p, " \t");
		if (*p)
			*p++ = '\0';
	}
	if (n == WORDS)
		starter_die(
		    s, EXIT_OTHER, "--log-file: more than %d words behind the |", WORDS - 1);
	if (n == 0)
		starter_die(s, EXIT_OTHER, "--log-file: a command is missing behind the |");
}

/* FILE that is rotated: our own se-logrotate writes it. */
static void
take_logger(struct starter *s)
{
	static char size[48], age[32];
	static char *argv[] = { "se-logrotate", size, age, "--", NULL, NULL };

	if (!&applet_logrotate)
		starter_die(s, EXIT_OTHER, "--log-rotate-size: se-logrotate is not built in");
	s->log.own = true;
	(void)buf_print_to(size, sizeof size, "--size=%llu",
	    (unsigned long long)s->o->log_rotate_size); /* fits, as the next */
	(void)buf_print_to(age, sizeof age, "--age=%u", s->o->log_rotate_age);
	argv[4] = (char *)(size_t)s->o->log_file; /* exec keeps it */
	s->log.argv = argv;
}

static int
open_file(const char *path)
{
	return call_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
}

void
output_choose(struct starter *s)
{
	const char *file = s->o->log_file;

	s->log.fd = s->log.read = -1;
	s->log.due = MS_NEVER;
	if (!file)
		return;
	file = text_skip(file, " \t\r\n");
	if (*file == '|')
		take_command(s, text_skip(file + 1, " \t\r\n"));
	else if (s->o->log_rotate_size > 0)
		take_logger(s);
	else
		s->log.path = s->o->log_file;
}

void
output_prepare(struct starter *s)
{
	int p[2] = { -1, -1 };

	output_choose(s);
	if (s->log.path && (s->log.fd = open_file(s->log.path)) < 0)
		starter_die(s, STARTER_ERRNO, "--log-file: %s", s->log.path);
	if (!s->log.argv)
		return;
	if (s->log.own && s->self < 0)
		starter_die(s, ENOENT, "--log-rotate-size: our own program: %s", strerror(ENOENT));
	if (call_pipe(p, O_CLOEXEC) < 0)
		starter_die(s, STARTER_ERRNO, "--log-file: pipe");
	(void)call_fcntl(p[1], F_SETPIPE_SZ, PIPE); /* else less waits in it */
	s->log.read = p[0];
	s->log.fd = p[1];
}

/* again: what cannot be started is tried again; else it is the end. */
static void
start(struct starter *s, ms now, bool again)
{
	struct starter_log *l = &s->log;
	const struct spawn_fd fds[] = { { STDIN_FILENO, l->read }, { STDOUT_FILENO, l->first[0] },
		{ STDERR_FILENO, l->first[1] } };
	const struct spawn spec = { .file = l->argv[0],
		.file_fd = l->own ? &s->self : NULL,
		.argv = l->argv,
		.envp = environ,
		.fds = fds,
		.nfds = 3,
		.umask = -1 };
	const char *step;

	l->started = now;
	l->due = MS_NEVER;
	l->pid = spawn(&spec, &step);
	if (l->pid > 0)
		return;
	l->pid = 0;
	l->due = now + MS_SECOND;
	if (!again)
		starter_die(s, STARTER_ERRNO, "--log-file: %s: %s", l->argv[0], step);
	starter_say(s, "log command %s: %s: %s", l->argv[0], step, call_reason());
}

static void
redirect(int fd)
{
	(void)dup2(fd, STDOUT_FILENO); /* cannot fail: both are good */
	(void)dup2(fd, STDERR_FILENO);
	close(fd);
}

void
output_redirect(struct starter *s)
{
	if (s->log.fd < 0)
		return;
	for (int i = 0; i < 2 && s->log.argv; i++) {
		/* who has called a daemon may wait for the end of these */
		s->log.first[i] =
		    s->o->daemonize ? -1 : call_fcntl(STDOUT_FILENO + i, F_DUPFD_CLOEXEC, 3);
		if (s->log.first[i] < 0)
			s->log.first[i] = s->null;
	}
	if (s->log.argv)
		start(s, loop_now(), false);
	redirect(s->log.fd);
	(void)lineout_open(&s->out, NULL); /* stderr: cannot fail */
}

void
output_reopen(struct starter *s)
{
	int fd;

	if (s->log.own && s->log.pid > 0)
		(void)kill(s->log.pid, SIGHUP); /* it is not reaped: it is there */
	if (!s->log.path)
		return;
	if ((fd = open_file(s->log.path)) < 0) {
		starter_say(s, "failed to open log file:%s: %s", s->log.path, call_reason());
		return;
	}
	redirect(fd);
	(void)lineout_open(&s->out, NULL); /* as above */
}

void
output_tick(struct starter *s, ms now)
{
	if (now >= s->log.due)
		start(s, now, true);
}

ms
output_due(const struct starter *s)
{
	return s->log.due;
}

bool
output_on_exit(struct starter *s, pid_t pid, ms now)
{
	if (pid != s->log.pid || pid <= 0)
		return false;
	s->log.pid = 0;
	s->log.due = now - s->log.started < SETTLED ? now + MS_SECOND : now;
	return true;
}

void
output_finish(struct starter *s)
{
	ms now = loop_now(), until = now + PATIENCE;

	if (s->log.argv && s->log.pid == 0)
		start(s, now, true); /* what waits in the pipe has nobody else */
	if (s->pid != 1 || s->log.pid <= 0)
		return;
	close(s->log.read);
	(void)dup2(s->null, STDOUT_FILENO); /* cannot fail: both are good */
	(void)dup2(s->null, STDERR_FILENO);
	while (waitpid(s->log.pid, NULL, WNOHANG) == 0 && loop_now() < until)
		(void)poll(NULL, 0, 10); /* it may end early: all the same */
}
