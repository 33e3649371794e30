#include "workers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/cgroup.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/proc.h"
#include "beats.h"
#include "commands.h"
#include "dumps.h"
#include "ends.h"
#include "readiness.h"
#include "restart.h"

const char *
workers_state(const struct slot *w)
{
	switch (w->machine.state) {
	case WORKER_DOWN:
		return "down";
	case WORKER_WAITING:
		return "waiting";
	case WORKER_SPAWNING:
		return "starting";
	case WORKER_UP:
		return w->machine.ready ? "ready" : "up";
	case WORKER_STOPPING:
		return "stopping";
	case WORKER_FAILED:
		return "failed";
	}
	return "?";
}

/* The process in slot i is gone, or never came. */
static void
close_pipes(struct supervise *s, unsigned i)
{
	struct slot *w = &s->slot[i];

	ends_close(&w->beat_fd, TAG(TAG_BEAT, i));
	ends_close(&w->ready_fd, TAG(TAG_READY, i));
	commands_close(s, i);
}

/* A command that cannot be executed at the very first start is an error of the start: no looping.
 */
static void
fail_start(struct supervise *s, const char *step, int e)
{
	const char *file = optval_list_at(&s->boot->command, 0);
	struct buf why;

	if (s->proven || s->failed || e == EAGAIN || e == ENOMEM || e == EMFILE || e == ENFILE)
		return;
	s->failed = strcmp(step, "exec") != 0 ? 1 : e == ENOENT ? 127 : 126;
	why = buf_over(s->why, sizeof s->why);
	buf_printf(&why, "start: %s: ", file);
	if (s->failed == 127 && text_char(file, '/') && access(file, F_OK) == 0)
		buf_puts(&why, "its interpreter does not exist");
	else
		buf_printf(&why, "%s%s%s", s->failed == 1 ? step : "", s->failed == 1 ? ": " : "",
		    strerror(e));
}

/* Starts worker i with its pipes. The pid; -1: errno, and *step says what failed. */
static pid_t
launch(struct supervise *s, unsigned i, const char **step)
{
	struct slot *w = &s->slot[i];
	struct launch_pipes p = { -1, { -1, -1 }, -1, -1 };
	unsigned keys[2];
	pid_t pid = -1;
	bool piped;
	int e;

	*step = "pipe";
	piped =
	    (!beats_by_pipe(s->live) || (p.beat = ends_pipe(&w->beat_fd, TAG(TAG_BEAT, i))) >= 0) &&
	    (!readiness_told(s->live) ||
		(p.ready = ends_pipe(&w->ready_fd, TAG(TAG_READY, i))) >= 0) &&
	    (!s->boot->command_sender || (p.in = commands_pipe(s, i)) >= 0) &&
	    logger_pipes(&s->logger, s->live, i, p.out, keys);
	if (piped)
		pid = launch_worker(&s->launch, i, &p, step);
	e = errno;
	if (piped)
		logger_started(&s->logger, p.out, keys, pid > 0 ? pid : 0);
	call_close(p.beat);
	call_close(p.ready);
	call_close(p.in);
	if (pid < 0)
		close_pipes(s, i);
	errno = e;
	return pid;
}

/* Answers the machine's SPAWN. */
static struct worker_input
start(struct supervise *s, unsigned i)
{
	struct slot *w = &s->slot[i];
	struct worker_input answer = { .event = WORKER_EV_SPAWN_FAILED,
		.random = supervise_random(s) };
	ms at = fleet_start_at(&s->fleet, &s->live->fleet, s->now, supervise_random(s));
	const char *step;
	pid_t pid;

	if (at > s->now)
		return (struct worker_input){ .event = WORKER_EV_HOLD, .now = s->now, .until = at };
	hooks_run(s, CONFIG_HOOK_WORKER_BEFORE_FORK, i, 0, 0);
	if ((pid = launch(s, i, &step)) > 0) {
		w->pid = pid;
		w->text_len = 0;
		w->cpu = -1;
		map_put(&s->by_pid, pid, i);
		if (!s->proven) /* now, so that the first need not wait for it */
			s->oom_kills = proc_oom_kills(s->boot->worker_cgroup);
		s->proven = true;
		answer.event = WORKER_EV_SPAWNED;
		log_say(s, LOGLINE_TRACE, "Worker %u started with pid %d", i, (int)pid);
		hooks_run(s, CONFIG_HOOK_WORKER_AFTER_START, i, pid, 0);
	} else {
		fail_start(s, step, errno);
		if (!s->failed)
			log_say(s, LOGLINE_ERROR, "Worker %u could not be started: %s: %s", i, step,
			    call_reason());
	}
	answer.now = s->now = loop_now();
	return answer;
}

static const char *
reason_text(enum worker_reason why)
{
	switch (why) {
	case WORKER_BY_REQUEST:
		return "as asked";
	case WORKER_BY_HEARTBEAT:
		return "no heartbeat for the whole timeout";
	case WORKER_BY_CLOSED:
		return "it closed its heartbeat pipe";
	case WORKER_BY_TRIGGER:
		return "it reported itself as hanging";
	case WORKER_BY_STUCK:
		return "stopped or in disk sleep for the whole timeout";
	case WORKER_BY_AGE:
		return "it has reached its maximum age";
	case WORKER_BY_MEMORY:
		return "it is over its memory limit";
	case WORKER_BY_LIMIT:
		return "it was restarted too often";
	case WORKER_BY_STATUS:
		return "its exit status is unrecoverable";
	}
	return "?";
}

/* By its stdin, if it is told so and can be: else by the signal. */
static void
tell(struct supervise *s, unsigned i, int sig)
{
	enum command_word word = sig == SIGTERM ? COMMAND_GRACEFUL_STOP : COMMAND_IMMEDIATE_STOP;
	const struct slot *w = &s->slot[i];

	if (sig != SIGKILL && commands_say(s, i, word))
		return;
	if (sig != SIGKILL && w->command_fd >= 0)
		log_say(s, LOGLINE_WARN,
		    "Worker %u (pid %d) takes no command on its stdin: a signal it is", i,
		    (int)w->pid);
	if (kill(w->pid, sig) < 0) /* it changed its user */
		log_say(s, LOGLINE_ERROR, "Worker %u (pid %d): kill: %s", i, (int)w->pid,
		    call_reason());
}

/* Sends what the machine decided. A signal that was asked for is no news; what follows it by time
 * is. */
static void
send_signal(struct supervise *s, unsigned i, const struct worker_action *a, bool by_time)
{
	struct slot *w = &s->slot[i];
	bool expected = a->reason == WORKER_BY_REQUEST && !by_time;
	struct proc_stat st;
	char name[16];

	num_signal_name(a->sig, name);
	log_say(s, expected ? LOGLINE_TRACE : LOGLINE_WARN, "Worker %u (pid %d): sending %s: %s", i,
	    (int)w->pid, name, reason_text(a->reason));
	if (a->sig == SIGKILL) {
		(void)kill(-w->pid, SIGKILL); /* ESRCH: it left its process group */
		if (s->boot->worker_cgroup)
			(void)cgroup_kill(s->boot->worker_cgroup, i); /* told at its exit */
	}
	tell(s, i, a->sig);
	if (a->sig != SIGKILL && !expected && proc_stat(w->pid, &st) && st.state == 'T') {
		log_say(s, LOGLINE_WARN, "Worker %u (pid %d) is stopped: sending SIGCONT too", i,
		    (int)w->pid);
		(void)kill(w->pid, SIGCONT); /* as the signal before */
	}
}

/* Answers the machine's PROBE. */
static struct worker_input
probe(struct supervise *s, unsigned i)
{
	struct slot *w = &s->slot[i];
	struct worker_input answer = { .event = WORKER_EV_PROBED_WELL, .now = s->now };
	struct proc_stat st;
	ms before = w->cpu;

	if (!proc_stat(w->pid, &st))
		return answer;
	w->cpu = st.cpu;
	if (s->live->worker.heartbeat == WORKER_HEARTBEAT_STAT &&
	    (st.state == 'T' || st.state == 't' || st.state == 'D') &&
	    (before < 0 || st.cpu == before))
		answer.event = WORKER_EV_PROBED_STUCK;
	else if (s->live->worker_max_rss > 0 && st.rss > s->live->worker_max_rss)
		answer.event = WORKER_EV_PROBED_HEAVY;
	return answer;
}

/* Is the worker that was replaced last doing well? */
static bool
settled(const struct supervise *s)
{
	const struct worker *m;

	if (s->fleet.retiring >= s->nslots)
		return true;
	m = &s->slot[s->fleet.retiring].machine;
	return !worker_active(m) ||
	    (m->state == WORKER_UP && (m->ready || s->now - m->started >= WORKER_STABLE));
}

/* Does a worker that started before this one wait to be replaced too? Its turn comes first. */
static bool
older_waits(const struct supervise *s, unsigned i)
{
	for (unsigned j = 0; j < s->nslots; j++) {
		const struct worker *m = &s->slot[j].machine;

		if (m->state == WORKER_UP && m->overdue && m->started < s->slot[i].machine.started)
			return true;
	}
	return false;
}

/* What a worker's last process ended with, as an exit status of ours. */
static int
exit_code(const struct slot *w)
{
	if (!w->exited)
		return 127;
	return WIFEXITED(w->status) ? WEXITSTATUS(w->status) : 128 + WTERMSIG(w->status);
}

static void
give_up(struct supervise *s, unsigned i, const struct worker_action *a)
{
	bool fatal = a->reason == WORKER_BY_LIMIT ? s->live->on_give_up == CONFIG_GIVE_UP_EXIT
						  : s->boot->stop_immediately;

	log_say(s, LOGLINE_ERROR, "Worker %u is not started again: %s", i, reason_text(a->reason));
	supervise_lost(s, exit_code(&s->slot[i]), fatal);
}

/* One step of slot i's machine, its action, and the steps that answer the action. */
void
workers_feed(struct supervise *s, unsigned i, const struct worker_input *first)
{
	struct worker_input in = *first;

	for (;;) {
		struct worker *m = &s->slot[i].machine;
		const struct worker before = *m;
		struct worker_action a = worker_step(m, &s->live->worker, &in);

		s->active += (unsigned)worker_active(m) - worker_active(&before);
		s->changed |= m->state != before.state || m->ready != before.ready;
		if (before.state == WORKER_FAILED && m->state != before.state)
			supervise_fleet(s, FLEET_EV_WORKER_BACK);
		heap_set(&s->due, i, worker_due(m));
		restart_watch(s, i, &before, &in);
		switch (a.what) {
		case WORKER_DO_NOTHING:
			return;
		case WORKER_DO_SPAWN:
			in = start(s, i);
			continue;
		case WORKER_DO_SIGNAL:
			send_signal(s, i, &a, in.event == WORKER_EV_TIME);
			return;
		case WORKER_DO_DUMP:
			if (dumps_worker(s, i, reason_text(a.reason)))
				return;
			in = (struct worker_input){ .event = WORKER_EV_DUMPED, .now = in.now };
			continue;
		case WORKER_DO_PROBE:
			in = probe(s, i);
			continue;
		case WORKER_DO_ASK_RETIRE:
			if (s->rolling.on || older_waits(s, i) ||
			    !fleet_may_retire(&s->fleet, i, settled(s)))
				return;
			in = (struct worker_input){ .event = WORKER_EV_RETIRE, .now = in.now };
			continue;
		case WORKER_DO_DISARM:
			log_say(s, LOGLINE_INFO,
			    "Worker %u closed its heartbeat pipe: heartbeats are not enforced", i);
			return;
		case WORKER_DO_GIVE_UP:
			give_up(s, i, &a);
			return;
		}
	}
}

void
workers_feed_event(struct supervise *s, unsigned i, enum worker_event event)
{
	workers_feed(s, i, &(struct worker_input){ .event = event, .now = s->now });
}

void
workers_all(struct supervise *s, enum worker_event event)
{
	for (unsigned i = 0; i < s->nslots; i++)
		workers_feed_event(s, i, event);
}

void
workers_stop_from(struct supervise *s, unsigned i)
{
	for (; i < s->nslots; i++)
		workers_feed_event(s, i, WORKER_EV_STOP);
}

void
workers_repolicy(struct supervise *s)
{
	for (unsigned i = 0; i < s->nslots; i++) {
		worker_repolicy(&s->slot[i].machine, &s->live->worker, s->now, supervise_random(s));
		heap_set(&s->due, i, worker_due(&s->slot[i].machine));
	}
}

void
workers_reload(struct supervise *s)
{
	int sig = s->live->worker_reload_signal;
	char name[16];

	num_signal_name(sig, name);
	for (unsigned i = 0; sig && i < s->wanted; i++) {
		const struct slot *w = &s->slot[i];

		if (w->machine.state != WORKER_UP || commands_say(s, i, COMMAND_RELOAD))
			continue;
		if (proc_catches(w->pid, sig))
			(void)kill(w->pid, sig); /* EPERM: it changed its user */
		else
			log_say(s, LOGLINE_DEBUG, "Worker %u does not catch %s: not sent", i, name);
	}
}

ms
workers_due(const struct supervise *s)
{
	return hooks_hold(s) ? MS_NEVER : ms_min(heap_due(&s->due), s->unmute);
}

void
workers_tick(struct supervise *s)
{
	unsigned i;

	if (s->now >= s->unmute)
		beats_unmute(s);
	if (hooks_hold(s) || s->now < heap_due(&s->due))
		return;
	i = heap_first(&s->due);
	/* a beat that waits in the pipe came in time, whenever we come to read it */
	if (s->now >= s->slot[i].machine.part)
		beats_on_ready(s, i);
	workers_feed_event(s, i, WORKER_EV_TIME);
}

/* Was it the OOM killer? Each that it has ended is told of once, and only while that is news: it
 * may have been a child of a worker. */
static bool
oom_killed(struct supervise *s)
{
	long kills = proc_oom_kills(s->boot->worker_cgroup);

	if (kills > s->oom_kills) {
		s->oom_news = s->oom_kills < 0 ? 0 : kills - s->oom_kills;
		s->oom_kills = kills;
		s->oom_until = s->now + MS_SECOND;
	}
	return s->now < s->oom_until && s->oom_news-- > 0;
}

static void
log_exit(struct supervise *s, unsigned i, int status)
{
	bool asked = s->slot[i].machine.asked, well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	const char *how = asked ? "finished" : well ? "exited" : "exited unexpectedly";
	enum logline_level level = asked || well ? LOGLINE_INFO : LOGLINE_ERROR;
	char name[16];

	if (WIFEXITED(status)) {
		log_say(s, level, "Worker %u %s with status %d", i, how, WEXITSTATUS(status));
		return;
	}
	num_signal_name(WTERMSIG(status), name);
	log_say(s, level, "Worker %u %s with signal %s%s", i, how, name,
	    WTERMSIG(status) == SIGKILL && oom_killed(s) ? " (by the OOM killer)" : "");
}

bool
workers_on_exit(struct supervise *s, pid_t pid, int status)
{
	struct slot *w;
	bool final;
	unsigned i;

	if (!map_get(&s->by_pid, pid, &i))
		return false;
	w = &s->slot[i];
	log_exit(s, i, status);
	hooks_run(s, CONFIG_HOOK_WORKER_AFTER_EXIT, i, pid, status);
	if (s->boot->worker_cgroup && cgroup_kill(s->boot->worker_cgroup, i) < 0)
		log_say(s, LOGLINE_WARN, "Worker %u: cgroup.kill: %s", i, call_reason());
	map_remove(&s->by_pid, pid);
	close_pipes(s, i);
	dumps_forget(s, i);
	w->pid = 0;
	w->exited = true;
	w->status = status;
	w->text_len = 0;
	final = WIFEXITED(status) &&
	    optval_codes_has(&s->boot->unrecoverable_exit_codes, WEXITSTATUS(status));
	if (final && s->fleet.state == FLEET_STOPPING) /* the machine rests then, without a word */
		supervise_lost(s, WEXITSTATUS(status), false);
	workers_feed(s, i,
	    &(struct worker_input){
		.event = WORKER_EV_EXITED,
		.now = s->now,
		.random = supervise_random(s),
		.final = final,
	    });
	if (w->machine.state == WORKER_WAITING) {
		w->restarts++;
		s->restarts++;
	}
	return true;
}
