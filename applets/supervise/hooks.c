#include "hooks.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "supervise.h"

/* How long one that was killed is waited for: the kernel may keep it. */
#define KILL_TIME MS_SECOND
#define NO_WORKER UINT_MAX
/* What is told to one, at most. */
#define OURS 4

static const char *
key_of(const struct errand *e)
{
	return config_hook_key((enum config_hook)e->what);
}

/* Something is wrong with a hook: with before_run, the start has failed. */
__attribute__((format(printf, 3, 4))) static void
fail(struct supervise *s, const struct errand *e, const char *format, ...)
{
	unsigned code = s->boot->daemonize_error_exit_code;
	char text[256], of[32] = "";
	struct buf why = buf_over(text, sizeof text);
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&why, format, ap);
	va_end(ap);
	if (e->worker != NO_WORKER)
		(void)buf_print_to(of, sizeof of, " of worker %u", e->worker); /* fits */
	if (s->hooks.stage != HOOKS_BEFORE) {
		log_say(s, LOGLINE_WARN, "%s%s %s", key_of(e), of, text);
	} else if (!s->failed) {
		s->failed = code > 0 ? (int)code : 256; /* which is 0 for who waits for us */
		(void)buf_print_to(s->why, sizeof s->why, "%s: it %s", key_of(e), text);
	}
}

/* What a hook is told, behind the environment that we have. */
static void
tell(struct hooks *h, const struct errand *e)
{
	char **to = h->told, name[16];

	(void)buf_print_to(h->event, sizeof h->event, "SE_EVENT=%s", key_of(e)); /* these fit */
	*to++ = h->event;
	(void)buf_print_to(h->id, sizeof h->id, "SERVERENGINE_WORKER_ID=%u", e->worker);
	if (e->worker != NO_WORKER)
		*to++ = h->id;
	(void)buf_print_to(h->pid, sizeof h->pid, "SE_WORKER_PID=%d", e->pid);
	if (e->pid > 0)
		*to++ = h->pid;
	if (e->what == CONFIG_HOOK_WORKER_AFTER_EXIT) {
		num_signal_name(WTERMSIG(e->status), name);
		if (WIFEXITED(e->status))
			(void)buf_print_to(
			    h->end, sizeof h->end, "SE_EXIT_STATUS=%d", WEXITSTATUS(e->status));
		else
			(void)buf_print_to(h->end, sizeof h->end, "SE_EXIT_SIGNAL=%s", name);
		*to++ = h->end;
	}
	*to = NULL;
}

static pid_t
start(struct supervise *s, const struct errand *e, const char **step)
{
	struct hooks *h = &s->hooks;
	const struct spawn_limit nofile = { "rlimit_nofile", RLIMIT_NOFILE,
		{ s->launch.nofile[0], s->launch.nofile[1] } };
	struct spawn_fd fds[3] = { { STDIN_FILENO, s->launch.null } };
	struct spawn spawned = {
		.file = h->argv[e->what][0],
		.argv = h->argv[e->what],
		.envp = h->envp,
		.fds = fds,
		.nfds = 1,
		.limits = &nofile,
		.nlimits = 1,
		.umask = -1,
		.death_signal = SIGKILL,
	};
	unsigned keys[2];
	int out[2];
	bool piped = logger_pipes(&s->logger, s->live, e->worker, out, keys);
	pid_t pid;
	int error;

	for (int i = 0; piped && i < 2; i++)
		if (out[i] >= 0)
			fds[spawned.nfds++] = (struct spawn_fd){ STDOUT_FILENO + i, out[i] };
	tell(h, e);
	pid = spawn(&spawned, step);
	error = errno;
	if (piped) /* else its lines go where ours would */
		logger_started(&s->logger, out, keys, pid > 0 ? pid : 0);
	errno = error;
	return pid;
}

/* Starts as many of those that wait as may run. */
static void
go_on(struct supervise *s)
{
	struct errands *q = &s->hooks.errands;
	struct errand e;
	const char *step;
	pid_t pid;

	while (errands_next(q, &e)) {
		if ((pid = start(s, &e, &step)) > 0)
			errands_started(q, &e, pid, ms_add(s->now, s->live->hook_timeout));
		else
			fail(s, &e, "could not be started: %s: %s", step, call_reason());
	}
	if (q->lost > 0 && q->waiting == 0) {
		log_say(s, LOGLINE_ERROR, "%lu hooks were not run: %s", q->lost,
		    s->hooks.stage == HOOKS_KILL ? "no time was left" : "too many waited");
		q->lost = 0;
	}
}

void
hooks_none(struct supervise *s)
{
	s->hooks.stage = HOOKS_OVER;
	s->hooks.until = MS_NEVER;
}

bool
hooks_open(struct supervise *s)
{
	struct hooks *h = &s->hooks;
	size_t words = launch_environment(NULL) + OURS + 1;
	char **at;

	for (unsigned i = 0; i < CONFIG_HOOKS; i++)
		words += s->boot->hook[i].count + 1;
	if (!(at = memory_get(words * sizeof *at)))
		return false;
	for (unsigned i = 0; i < CONFIG_HOOKS; i++)
		if (s->boot->hook[i].count > 0) {
			h->argv[i] = at;
			at = launch_argv(at, &s->boot->hook[i]);
		}
	h->envp = at;
	h->told = at + launch_environment(at);
	h->until = MS_NEVER;
	return true;
}

void
hooks_begin(struct supervise *s)
{
	s->hooks.stage = s->hooks.argv[CONFIG_HOOK_BEFORE_RUN] ? HOOKS_BEFORE : HOOKS_RUN;
	hooks_run(s, CONFIG_HOOK_BEFORE_RUN, NO_WORKER, 0, 0);
}

unsigned
hooks_fds(const struct config *c)
{
	for (unsigned i = 0; i < CONFIG_HOOKS; i++)
		if (c->hook[i].count > 0)
			return 2 * ERRANDS_PLACES;
	return 0;
}

bool
hooks_hold(const struct supervise *s)
{
	return s->hooks.stage == HOOKS_BEFORE;
}

void
hooks_run(struct supervise *s, enum config_hook hook, unsigned worker, pid_t pid, int status)
{
	const struct errand e = { hook, worker, pid, status };

	if (!s->hooks.argv[hook])
		return;
	errands_add(&s->hooks.errands, &e);
	go_on(s);
}

bool
hooks_on_exit(struct supervise *s, pid_t pid, int status)
{
	struct errands_place was;
	char name[16];

	if (!errands_gone(&s->hooks.errands, pid, &was))
		return false;
	if (WIFSIGNALED(status) && !was.late) {
		num_signal_name(WTERMSIG(status), name);
		fail(s, &was.errand, "was ended by %s", name);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		fail(s, &was.errand, "exited with status %d", WEXITSTATUS(status));
	} else if (!was.late && hooks_hold(s)) {
		s->hooks.stage = HOOKS_RUN;
	}
	go_on(s);
	return true;
}

ms
hooks_due(const struct supervise *s)
{
	return ms_min(errands_due(&s->hooks.errands), s->hooks.until);
}

void
hooks_tick(struct supervise *s)
{
	struct errand e;
	int pid;

	while ((pid = errands_late(&s->hooks.errands, s->now, &e)) != 0) {
		fail(s, &e, "did not end in time: killed");
		(void)kill(-pid, SIGKILL); /* ESRCH: it has left its process group */
		(void)kill(pid, SIGKILL);  /* it is not reaped: it is there */
	}
}

/* Nothing more is started, and what runs is killed. */
static void
end_all(struct supervise *s)
{
	s->hooks.stage = HOOKS_KILL;
	s->hooks.until = s->now + KILL_TIME;
	errands_end(&s->hooks.errands, s->now);
	hooks_tick(s);
	go_on(s); /* tells what is lost */
}

static void
after(struct supervise *s)
{
	s->hooks.stage = HOOKS_AFTER;
	s->hooks.until = ms_add(s->now, s->live->hook_timeout + KILL_TIME);
	if (!s->hooks.stopped)
		hooks_run(s, CONFIG_HOOK_AFTER_RUN, NO_WORKER, 0, 0);
}

bool
hooks_ended(struct supervise *s)
{
	struct hooks *h = &s->hooks;
	const struct errands *q = &h->errands;

	if (s->fleet.state == FLEET_RUNNING && s->fleet.lost == 0)
		return true; /* that there is no worker is no end */
	if (h->stage == HOOKS_BEFORE) {
		h->stopped = true;
		end_all(s);
	} else if (h->stage == HOOKS_RUN) {
		h->stage = HOOKS_REST;
		h->until = ms_add(s->now, s->live->hook_timeout);
	}
	if (h->stage == HOOKS_REST && q->running > 0 && s->now >= h->until)
		end_all(s);
	if ((h->stage == HOOKS_REST || h->stage == HOOKS_KILL) &&
	    (q->running == 0 || (h->stage == HOOKS_KILL && s->now >= h->until)))
		after(s);
	if (h->stage == HOOKS_AFTER && (q->running == 0 || s->now >= h->until)) {
		h->stage = HOOKS_OVER;
		h->until = MS_NEVER;
	}
	if (h->stage != HOOKS_OVER)
		supervise_fleet(s, FLEET_EV_STOP); /* no worker comes back now */
	return h->stage == HOOKS_OVER;
}
