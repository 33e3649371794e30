#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/daemon.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/proc.h"
#include "../applet.h"
#include "asks.h"
#include "inplace.h"
#include "output.h"
#include "ready.h"
#include "report.h"
#include "server.h"
#include "sockets.h"

#define PREFIX      "se-starter: "
#define TUNE_EVERY  MS_SECOND /* a look at the envdir's settings */
#define SECOND_STOP 100       /* ms: a TERM that comes sooner is the first one again */

void
starter_say(struct starter *s, const char *format, ...)
{
	char room[LINEOUT_MAX];
	struct buf b = buf_over(room, sizeof room - 1); /* the newline's place is kept */
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	room[b.len] = '\n';
	(void)lineout_write(
	    &s->out, room, b.len + 1); /* a full pipe: it is lost, and nobody waits */
}

/* ---- the end ---- */

/* Everything that others find by its name. */
static void
undo(struct starter *s)
{
	sockets_remove(s);
	if (s->status_made)
		(void)unlink(s->o->status_file); /* it may be gone already */
	pidfile_drop(&s->pidfile);
}

void
starter_die(struct starter *s, int status, const char *format, ...)
{
	char room[1024];
	struct buf b = buf_over(room, sizeof room);
	int e = errno;
	va_list ap;

	buf_puts(&b, PREFIX);
	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	if (status == STARTER_ERRNO) {
		buf_printf(&b, ": %s", strerror(e));
		status = e;
	}
	if (!s->before) /* else all of it is our predecessor's */
		undo(s);
	if (s->daemon_fd < 0)
		inplace_impossible(s->before, s->argv, status, room + strlen(PREFIX));
	daemon_failed(s->daemon_fd, room);
	_exit(status);
}

/* ---- what the generations ask for ---- */

/* "1,2,3": the pids of those in a state from first to last; "none". */
static const char *
pids(const struct starter *s, enum generation_state first, enum generation_state last, char *room,
    size_t size)
{
	struct buf b = buf_over(room, size);

	for (unsigned i = 0; i < s->g.count; i++)
		if (s->g.all[i].state >= first && s->g.all[i].state <= last)
			buf_printf(&b, "%s%d", b.len > 0 ? "," : "", s->g.all[i].pid);
	return room;
}

#define PIDS (GENERATIONS_MAX * 12)

static void
signal_one(const struct generation *g, int sig)
{
	struct proc_stat st;

	(void)kill(g->pid, sig); /* not reaped: it is there */
	/* stopped, as by reading a terminal from the background: it would never take it */
	if (proc_stat(g->pid, &st) && st.state == 'T')
		(void)kill(g->pid, SIGCONT);
}

static void
signal_all(const struct starter *s, enum generation_state first, int sig)
{
	for (unsigned i = 0; i < s->g.count; i++)
		if (s->g.all[i].state >= first)
			signal_one(&s->g.all[i], sig);
}

/* With all of its process group: who did not go when told, may have left children too. */
static void
kill_group(const struct generation *g)
{
	(void)kill(-g->pid, SIGKILL); /* ESRCH: nobody is left in it */
	(void)kill(g->pid, SIGKILL);
}

static const char *
without_sig(char name[16])
{
	const char *rest = text_after(name, "SIG");

	return rest ? rest : name;
}

static void
failed(struct starter *s)
{
	s->failures++;
	s->failed = s->g.number;
}

static void
start(struct starter *s, ms now)
{
	const char *step;
	pid_t pid;
	int e;

	switch (s->g.reason) {
	case GENERATIONS_FIRST:
	case GENERATIONS_AGAIN:
		break;
	case GENERATIONS_ASKED:
		starter_say(s, "received HUP, spawning a new worker");
		break;
	case GENERATIONS_AUTO:
	case GENERATIONS_FORCED:
		starter_say(s, "autorestart triggered (%sinterval=%lld)",
		    s->g.reason == GENERATIONS_FORCED ? "forced, " : "",
		    (long long)s->policy.auto_restart / 1000);
		break;
	}
	pid = server_start(s, &step);
	e = errno;
	if (pid > 0) {
		starter_say(s, "starting new worker %d", (int)pid);
		generations_started(&s->g, &s->policy, pid, now);
		if (s->daemon_fd >= 0) {
			report_file(s);
			daemon_up(s->daemon_fd);
			s->daemon_fd = -1;
		}
		return;
	}
	if (s->g.number == 1) /* it never was right */
		starter_die(s, s->daemon_fd >= 0 ? 1 : e, "%s: %s: %s", step,
		    strcmp(step, "chdir") == 0 ? s->o->dir : s->o->command[0], strerror(e));
	starter_say(s, "failed to %s %s: %s", step, s->o->command[0], strerror(e));
	failed(s);
	generations_failed(&s->g, &s->policy, s->random, now);
}

static void
tell_old(struct starter *s)
{
	starter_say(s, "killing old workers");
	for (unsigned i = 0; i < s->g.count; i++)
		if (s->g.all[i].state == GENERATION_TOLD)
			signal_one(&s->g.all[i], s->o->signal_on_hup);
}

static void
on_up(struct starter *s)
{
	char room[PIDS], name[16];
	bool restarted = s->g.reason > GENERATIONS_AGAIN;
	ms delay = s->policy.kill_old_delay;

	s->restarts += s->g.number > 1;
	pids(s, GENERATION_OLD, GENERATION_TOLD, room, sizeof room);
	if (!restarted && !*room)
		return;
	num_signal_name(s->o->signal_on_hup, name);
	starter_say(s, "new worker is now running, sending %s to old workers:%s", without_sig(name),
	    *room ? room : "none");
	if (delay > 0)
		starter_say(s, "sleeping %lld secs before killing old workers",
		    (long long)(delay + 999) / 1000);
}

static void
stop(struct starter *s)
{
	char room[PIDS], got[16], sent[16];
	int sig = s->stop_signal == SIGTERM ? s->o->signal_on_term : SIGTERM;

	num_signal_name(s->stop_signal, got);
	num_signal_name(sig, sent);
	if (s->stop_signal) /* else it has given up */
		starter_say(s, "received %s, sending %s to all workers:%s", without_sig(got),
		    without_sig(sent),
		    pids(s, GENERATION_STARTING, GENERATION_KILLED, room, sizeof room));
	signal_all(s, GENERATION_STARTING, sig);
}

/* Does everything that is due. False: it is over. */
static bool
advance(struct starter *s, ms now)
{
	struct generation *g;
	enum generations_action a;
	bool changed = false;

	while ((a = generations_next(&s->g, &s->policy, now, &g)) != GENERATIONS_WAIT) {
		changed = true;
		switch (a) {
		case GENERATIONS_WAIT:
			break;
		case GENERATIONS_START:
			start(s, now);
			break;
		case GENERATIONS_UP:
			on_up(s);
			break;
		case GENERATIONS_LATE:
			starter_say(s, "new worker %d is not ready in time, killing it", g->pid);
			kill_group(g);
			break;
		case GENERATIONS_TELL:
			tell_old(s);
			break;
		case GENERATIONS_KILL:
			starter_say(s, "old worker %d does not end, killing it", g->pid);
			kill_group(g);
			break;
		case GENERATIONS_CROWDED:
			starter_say(s, "old worker %d is one of too many, killing it", g->pid);
			kill_group(g);
			break;
		case GENERATIONS_GIVE_UP:
			starter_say(s, "giving up after %u failed starts%s", s->g.failures,
			    s->g.hopeless ? "" : ": the old worker stays");
			break;
		case GENERATIONS_STOP:
			stop(s);
			break;
		case GENERATIONS_KILL_ALL:
			starter_say(s, "killing all workers");
			for (unsigned i = 0; i < s->g.count; i++)
				kill_group(&s->g.all[i]);
			s->exit_status = 1;
			break;
		case GENERATIONS_END:
			if (s->g.stopping) {
				starter_say(s, "exiting");
				return false;
			}
			s->exit_status = 1; /* no hope for a new one: the old ones go too */
			generations_stop(&s->g);
			break;
		}
	}
	if (changed)
		report_file(s);
	return true;
}

/* ---- what happens ---- */

static void
on_death(struct starter *s, const struct loop_event *ev)
{
	struct generation was;
	bool told;

	if (output_on_exit(s, ev->pid, ev->now) || inplace_on_exit(s, ev->pid, ev->status))
		return;
	s->random = s->random * 1664525u + 1013904223u;
	told = generations_died(&s->g, &s->policy, ev->pid, s->random >> 16, ev->now, &was);
	if (!told)
		return; /* a helper, or as PID 1 somebody's orphan */
	if (s->g.stopping) {
		starter_say(s, "worker %d died, status:%d", was.pid, ev->status);
	} else if (was.state == GENERATION_CURRENT) {
		starter_say(s, "worker %d died unexpectedly with status:%d, restarting", was.pid,
		    ev->status);
	} else if (was.state > GENERATION_CURRENT) {
		starter_say(s, "old worker %d died, status:%d", was.pid, ev->status);
	} else {
		starter_say(s, "new worker %d seems to have failed to start, exit status:%d",
		    was.pid, ev->status);
		failed(s);
	}
	if (WIFSIGNALED(ev->status) || WIFEXITED(ev->status))
		report_file(s);
}

static void
on_signal(struct starter *s, const struct loop_event *ev)
{
	switch (ev->sig) {
	case SIGHUP:
		s->envdir_due = ev->now; /* what it says may have changed for this */
		generations_restart(&s->g, ev->now);
		break;
	case SIGUSR1:
		output_reopen(s);
		break;
	case SIGUSR2:
		inplace_ask(s);
		break;
	case SIGCONT:
		report_dump(s);
		break;
	case SIGINT:
	case SIGTERM:
	case SIGQUIT:
		if (!s->g.stopping) {
			s->stop_signal = ev->sig;
			s->stop_again = ev->now + SECOND_STOP;
		} else if (ev->now < s->stop_again) {
			break; /* timeout(1) and the like send it twice */
		}
		generations_stop(&s->g);
		break;
	default:
		break; /* ALRM: start_server's own, means nothing here */
	}
}

static void
on_fd(struct starter *s, const struct loop_event *ev)
{
	switch ((enum tag)ev->tag) {
	case TAG_REPORTS:
		ready_on_report(s);
		break;
	case TAG_READY:
		ready_on_byte(s);
		break;
	case TAG_STATUS:
		report_answer(s, ev->now);
		break;
	}
}

static void
tune(struct starter *s, ms now)
{
	if (now < s->envdir_due)
		return;
	server_tune(s);
	s->envdir_due = server_is_tuned(s) ? now + TUNE_EVERY : MS_NEVER;
}

static ms
due(struct starter *s)
{
	ms t = ms_min(generations_due(&s->g, &s->policy), output_due(s));

	t = ms_min(ms_min(t, ready_due(s)), ms_min(s->status_again, inplace_due(s)));
	return ms_min(t, s->g.stopping ? MS_NEVER : s->envdir_due);
}

static int
run_until_ended(struct starter *s)
{
	struct loop_event ev = { .now = loop_now() };

	for (;;) {
		tune(s, ev.now);
		ready_tick(s, ev.now);
		output_tick(s, ev.now);
		report_tick(s, ev.now);
		if (!advance(s, ev.now))
			break;
		inplace_go_on(s, ev.now);
		if (loop_next(due(s), &ev) < 0)
			starter_die(s, STARTER_ERRNO, "epoll_wait");
		if (ev.kind == LOOP_CHILD)
			on_death(s, &ev);
		else if (ev.kind == LOOP_SIGNAL)
			on_signal(s, &ev);
		else if (ev.kind == LOOP_FD)
			on_fd(s, &ev);
	}
	undo(s);
	output_finish(s);
	return s->exit_status;
}

/* ---- the start ---- */

static void
catch_signals(struct starter *s)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT,
		SIGALRM };

	if ((s->before ? loop_open_held : loop_open)(sigs, sizeof sigs / sizeof *sigs) < 0)
		starter_die(s, STARTER_ERRNO, "signals");
	call_signal(SIGPIPE, SIG_IGN);
}

static _Noreturn void
fail_running(struct starter *s, pid_t pid)
{
	starter_die(s, 1, "--pid-file: %s: already running (pid %d)", s->o->pid_file, (int)pid);
}

/* Before anything of a running one is touched, such as the files of its sockets. */
static void
must_not_run(struct starter *s)
{
	pid_t holder = s->o->pid_file ? pidfile_holder(s->o->pid_file) : 0;

	if (holder > 0)
		fail_running(s, holder);
}

static void
take_pid_file(struct starter *s)
{
	pid_t holder = 0;
	int e;

	if (!s->o->pid_file || pidfile_take(&s->pidfile, s->o->pid_file, &holder) == 0)
		return;
	e = errno;
	if (e == EWOULDBLOCK)
		fail_running(s, holder);
	starter_die(s, s->o->daemonize ? 1 : e, "--pid-file: %s: %s", s->o->pid_file,
	    e == EINVAL ? "not a regular file" : strerror(e));
}

static void
set_policy(struct starter *s)
{
	const struct args *o = s->o;
	ms first = ms_max(o->interval, 100);

	s->policy = (struct generations_policy){
		.interval = o->interval,
		.told = o->ready != ARGS_INTERVAL,
		.ready_timeout = o->ready_timeout,
		.kill_old_timeout = o->kill_old_timeout,
		.alive = o->max_generations,
		.retries =
		    o->max_retries == OPT_UNSET ? GENERATIONS_ALWAYS : (unsigned)o->max_retries,
		.backoff = { .first = first, .max = ms_max(first, 10 * MS_SECOND) },
	};
	server_tune(s);
}

static void
start_up(struct starter *s)
{
	const struct args *o = s->o;

	if ((s->null = daemon_null()) < 0) /* the first: it fills 0 to 2 */
		starter_die(s, STARTER_ERRNO, "/dev/null");
	spawn_seal_fds();
	server_prepare(s);
	output_prepare(s);
	out_error("start_server (pid:%d) starting now...", (int)getpid());
	must_not_run(s);
	sockets_open(s);
	set_policy(s);
	if (o->daemonize && (s->daemon_fd = daemon_start(1)) < 0)
		starter_die(s, STARTER_ERRNO, "daemonize: fork");
	s->pid = getpid();
	catch_signals(s);
	ready_open(s);
	take_pid_file(s);
	output_redirect(s);
	if (o->daemonize)
		(void)dup2(s->null, STDIN_FILENO); /* cannot fail: both are good */
	report_open(s);
}

static void
watch(struct starter *s, int fd, enum tag tag)
{
	if (fd >= 0 && loop_watch(fd, tag, false) < 0)
		starter_die(s, STARTER_ERRNO, "upgrade: epoll");
}

/* The same as a start, but of what is there already. */
static void
resume(struct starter *s)
{
	server_prepare(s);
	output_choose(s);
	sockets_read(s);
	set_policy(s);
	ready_prepare(s);
	inplace_read(s);
	catch_signals(s);
	watch(s, s->reports_fd, TAG_REPORTS);
	watch(s, s->ready_fd, TAG_READY);
	watch(s, s->status_again == MS_NEVER ? s->status_fd : -1, TAG_STATUS);
	inplace_settle(s);
}

const struct applet applet_starter;

static int
run(int argc, char **argv)
{
	static struct args o;
	struct predecessor before;
	bool follows = predecessor_is(&before);
	struct starter *s = memory_get(sizeof *s);
	char room[1024];
	struct buf why = buf_over(room, sizeof room);

	if (!s || !args_load(&o, argc, argv, &why))
		inplace_impossible(
		    follows ? &before : NULL, argv, EXIT_OPTIONS, s ? room : call_reason());
	if (o.help || o.version)
		return applet_answer(&applet_starter, !o.help);
	if (o.restart || o.stop || o.upgrade || o.status)
		return asks_run(&o);
	*s = (struct starter){
		.o = &o,
		.argv = argv,
		.before = follows ? &before : NULL,
		.self = follows ? before.self : spawn_self(),
		.pidfile = { -1, o.pid_file },
		.daemon_fd = -1,
		.status_fd = -1,
		.status_again = MS_NEVER,
		.pid = getpid(),
		.started = loop_now(),
	};
	(void)lineout_open(&s->out, NULL); /* stderr: cannot fail */
	if (!o.command[0])
		starter_die(s, EXIT_OTHER, "server program not specified");
	if (getrandom(&s->random, sizeof s->random, GRND_NONBLOCK) < 0)
		s->random = (unsigned)getpid(); /* early at boot: good enough for jitter */
	generations_init(&s->g);
	if (follows)
		resume(s);
	else
		start_up(s);
	inplace_open(s);
	return run_until_ended(s);
}

const struct applet applet_starter = {
	.name = "se-starter",
	.alias = "start_server",
	.usage = "[OPTION]... [--] PROGRAM [ARG]...\0"
		 "--restart|--stop|--upgrade|--status --pid-file=FILE [OPTION]...\0",
	.summary = "Holds listening sockets and replaces the server behind them without losing a "
		   "connection, as start_server.",
	.opts = args_opts,
	.own_help = true,
	.config_size = sizeof(struct args),
	.run = run,
};
