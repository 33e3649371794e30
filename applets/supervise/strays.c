#include "strays.h"

#include <signal.h>

#include "../../lib/base/num.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/proc.h"
#include "dumps.h"
#include "supervisor.h"

struct strays {
	struct supervise *supervise;
	unsigned sig, count;
};

/* Once each: a second TERM means "at once" to many programs. */
static bool
signal_stray(pid_t pid, void *arg)
{
	struct strays *strays = arg;
	struct supervise *s = strays->supervise;
	unsigned told = 0;

	if (dumps_is_helper(s, pid) || upgrade_is_looking(s, pid) || supervisor_is_server(s, pid) ||
	    pid == s->metrics_pid || pid == s->logger.pid ||
	    (map_get(&s->strays, pid, &told) && told == strays->sig))
		return true; /* ours, and soon done; or told */
	map_remove(&s->strays, pid);
	if (s->told < s->strays.room / 2) {
		map_put(&s->strays, pid, strays->sig);
		s->told += told == 0;
	}
	strays->count++;
	if (s->pid != 1)
		(void)kill(
		    pid, (int)strays->sig); /* it may be gone, or another user's: told at the end */
	return true;
}

static bool
signal_other(int pid, void *arg)
{
	const struct strays *o = arg;

	if (pid != 1 && pid != o->supervise->logger.pid)
		(void)kill(pid, (int)o->sig); /* ESRCH: it has just gone */
	return true;
}

/* As PID 1: to every process there is, ours or not; where they can be seen, but the logger. */
static void
signal_others(struct strays *o, bool seen)
{
	if (o->sig == SIGKILL || !seen || proc_each("/proc", signal_other, o) < 0)
		(void)kill(
		    -1, (int)o->sig); /* the logger too: it loses nothing. ESRCH: nobody is left */
}

static bool
count_stray(pid_t pid, void *arg)
{
	struct strays *strays = arg;

	strays->count += pid != strays->supervise->logger.pid;
	return strays->count == 0;
}

bool
strays_are_none(struct supervise *s)
{
	struct strays strays = { .supervise = s };
	int n;

	if (loop_childless())
		return true;
	if (s->logger.pid == 0)
		return false;
	if ((n = proc_children(count_stray, &strays)) < 0)
		logger_pause(&s->logger);
	return n >= 0 && strays.count == 0;
}

void
strays_signal(struct supervise *s, int sig)
{
	struct strays strays = { .supervise = s, .sig = (unsigned)sig };
	char name[16];
	int n;

	if (strays_are_none(s))
		return;
	num_signal_name(sig, name);
	n = proc_children(signal_stray, &strays);
	if (s->pid == 1)
		signal_others(&strays, n >= 0);
	if (n < 0 && s->pid != 1)
		log_say(s, LOGLINE_WARN,
		    "Workers left processes behind: without /proc they cannot be found");
	else if (n < 0)
		log_say(s, LOGLINE_WARN, "Workers left processes behind: sending %s", name);
	else if (strays.count > 0)
		log_say(s, LOGLINE_WARN, "Workers left %u process%s behind: sending %s",
		    strays.count, strays.count == 1 ? "" : "es", name);
}

void
strays_on_exit(struct supervise *s, pid_t pid)
{
	unsigned sig;

	s->told -= map_get(&s->strays, pid, &sig);
	map_remove(&s->strays, pid);
	if (s->pid != 1) /* its own children may have been handed to us now */
		strays_signal(s, s->fleet.killed ? SIGKILL : SIGTERM);
}
