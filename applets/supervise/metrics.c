#include "metrics.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "../../lib/sys/atomic.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/spawn.h"
#include "status.h"

/* The helper; its exit status is the errno, 0: done. */
static int
write_metrics(void *arg)
{
	const struct supervise *s = arg;
	const char *path = s->live->metrics_path;
	char temp[4096];
	int fd = atomic_begin(path, 0644, temp, sizeof temp);
	bool whole;

	if (fd < 0)
		return errno;
	whole = status_write(s, COMMAND_PROMETHEUS, fd);
	return atomic_end(fd, temp, path, whole) == 0 && whole ? 0 : errno;
}

/* With a supervisor, the server that is not about to be replaced. */
static bool
is_ours(const struct supervise *s)
{
	return !s->supervisor && (s->link < 0 || s->fleet.state == FLEET_RUNNING);
}

ms
metrics_due(const struct supervise *s)
{
	return s->live->metrics_path && s->changed && s->metrics_pid == 0 && is_ours(s)
	    ? s->metrics_next
	    : MS_NEVER;
}

void
metrics_tick(struct supervise *s)
{
	pid_t pid;

	if (s->now < metrics_due(s))
		return;
	s->changed = false;
	s->metrics_next = s->now + MS_SECOND;
	if ((pid = spawn_helper(write_metrics, s)) > 0)
		s->metrics_pid = pid;
	else
		log_say(s, LOGLINE_ERROR, "metrics_path: %s", call_reason());
}

bool
metrics_on_exit(struct supervise *s, pid_t pid, int status)
{
	if (pid != s->metrics_pid)
		return false;
	s->metrics_pid = 0;
	if (WIFSIGNALED(status))
		log_say(s, LOGLINE_ERROR, "metrics_path: its helper was killed");
	else if (WEXITSTATUS(status) != 0)
		log_say(s, LOGLINE_ERROR, "metrics_path: %s", strerror(WEXITSTATUS(status)));
	return true;
}
