#include "drop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/spawn.h"
#include "complain.h"

#define PIPE_SIZE (1024 * 1024)

static int
writer(void *arg)
{
	struct drop *d = arg;

	loop_close();
	call_signal(SIGTERM, SIG_IGN);        /* it ends when all is written */
	(void)dup2(d->pipe[0], STDIN_FILENO); /* cannot fail: they are open */
	(void)dup2(d->out, STDOUT_FILENO);
	spawn_close_fds();
	return d->run(&d->writer);
}

/* -1: errno. */
static int
start_writer(struct drop *d)
{
	pid_t pid = call_fork();

	if (pid == 0)
		_exit(writer(d));
	d->pid = pid > 0 ? pid : 0;
	return pid > 0 ? 0 : -1;
}

int
drop_start(struct drop *d, struct options *c, int (*run)(struct options *))
{
	static char stdout_name[] = "-";

	*d = (struct drop){
		.writer = *c, .run = run, .file = stdout_name, .due = MS_NEVER, .since = loop_now()
	};
	d->writer.held = d->writer.newline = d->writer.drain = false;
	d->writer.header |= c->stamp == LOGLINE_RUBY;
	d->writer.stamp = LOGLINE_NONE;
	d->writer.prefix = d->writer.match = d->writer.reject = NULL;
	d->writer.matching = d->writer.rejecting = NULL;
	d->writer.max_line = 0;
	d->writer.overflow = OPTIONS_BLOCK;
	d->writer.ends_only = true;
	if (call_pipe(d->pipe, O_CLOEXEC) < 0 ||
	    (d->out = call_fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) < 0)
		return -1;
	(void)call_fcntl(d->pipe[1], F_SETPIPE_SZ, PIPE_SIZE); /* else there is less room */
	if (start_writer(d) < 0)
		return -1;
	(void)dup2(d->pipe[1], STDOUT_FILENO);
	c->files = &d->file;
	c->tee = c->header = false;
	c->link = NULL;
	c->compress = (struct opt_verb){ 0 };
	return 0;
}

bool
drop_on_exit(struct drop *d, pid_t pid, int status, int *failed, ms now)
{
	if (pid != d->pid)
		return false;
	d->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		*failed = WEXITSTATUS(status); /* it has said why */
		return true;
	}
	complain("its writer has died: another one is started");
	d->due = now - d->since < MS_SECOND ? now + MS_SECOND : now;
	return true;
}

void
drop_advance(struct drop *d, ms now)
{
	if (now < d->due)
		return;
	d->since = now;
	d->due = start_writer(d) < 0 ? now + MS_SECOND : MS_NEVER;
}

void
drop_finish(struct drop *d)
{
	int left = 0, status = 0;

	close(d->pipe[1]);
	close(STDOUT_FILENO);
	while (d->pid > 0 || (left = call_waiting(d->pipe[0])) > 0) {
		if (d->pid == 0 && start_writer(d) < 0) {
			complain("fork: %s: %d bytes are lost", call_reason(), left);
			return;
		}
		if (waitpid(d->pid, &status, 0) == d->pid)
			d->pid = 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
			return; /* it has said why */
	}
}
