#include "drop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/spawn.h"

#define PIPE_SIZE (1024 * 1024)

static int
writer(void *arg)
{
	struct drop *d = arg;

	loop_close();
	(void)dup2(d->pipe[0], STDIN_FILENO);
	spawn_close_fds();
	return d->run(&d->writer);
}

/* -1: errno. */
static int
start_writer(struct drop *d)
{
	return (d->pid = _Fork()) == 0 ? (_exit(writer(d)), 0) : d->pid < 0 ? -1 : 0;
}

int
drop_start(struct drop *d, struct options *c, int (*run)(struct options *))
{
	static char stdout_name[] = "-";

	*d = (struct drop){ .writer = *c, .run = run, .file = stdout_name };
	d->writer.held = d->writer.newline = d->writer.drain = false;
	d->writer.header |= c->stamp == LOGLINE_RUBY;
	d->writer.stamp = LOGLINE_NONE;
	d->writer.prefix = d->writer.match = d->writer.reject = NULL;
	d->writer.matching = d->writer.rejecting = NULL;
	d->writer.max_line = 0;
	d->writer.overflow = OPTIONS_BLOCK;
	if (pipe2(d->pipe, O_CLOEXEC) < 0)
		return -1;
	(void)fcntl(d->pipe[1], F_SETPIPE_SZ, PIPE_SIZE); /* else there is less room */
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
drop_on_exit(struct drop *d, pid_t pid)
{
	if (pid != d->pid)
		return false;
	out_error("se-logrotate: its writer has died: another one is started");
	if (start_writer(d) < 0)
		out_error("se-logrotate: fork: no writer"); /* lines are dropped from now on */
	return true;
}

void
drop_finish(struct drop *d)
{
	close(d->pipe[0]);
	close(d->pipe[1]);
	close(STDOUT_FILENO);
	while (d->pid > 0 && waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
