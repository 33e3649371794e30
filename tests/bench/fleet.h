/*
 * fleet.h - a supervisor under measure and its workers: start it, hear from the workers, tell the
 * supervising processes from the workers, end everything.
 *
 * The measuring process is their subreaper: whatever loses its parent becomes its child, so "no
 * child left" means that all are gone, and nothing escapes the end.
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include "proc.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { FLEET_MAX = 1000, MILLISECOND = 1000000, SECOND = 1000000000 };

struct slot {
	pid_t pid; /* the worker last heard of; 0 none */
	int64_t born_ns;
	int64_t killed_ns; /* when we killed it; 0 once its successor was heard of */
};

struct fleet {
	char **command;
	const char *log; /* receives what the supervisor prints */
	int fifo;
	int count;        /* workers wanted */
	pid_t supervisor; /* 0 once it has ended */
	int64_t started_ns;
	int64_t last_ns;     /* when the last worker to report had come to main() */
	int reports, filled; /* reports heard; slots that were heard of at least once */
	int latencies;
	int64_t latency_ns[FLEET_MAX]; /* from the kill to the successor's main() */
	struct slot slot[FLEET_MAX];
	struct proc_table table;
};

static volatile sig_atomic_t fleet_interrupted;

static inline void
fleet_on_signal(int signal)
{
	if (signal != SIGALRM) /* which only ends a wait */
		fleet_interrupted = 1;
}

/* Reads whatever the workers have said; never waits. */
static inline void
fleet_listen(struct fleet *f)
{
	struct report r;

	while (read(f->fifo, &r, sizeof r) == (ssize_t)sizeof r) {
		struct slot *s;

		if (r.slot < 0 || r.slot >= f->count)
			continue;
		s = &f->slot[r.slot];
		f->reports++;
		f->filled += s->born_ns == 0;
		if (s->killed_ns != 0 && f->latencies < FLEET_MAX)
			f->latency_ns[f->latencies++] = r.born_ns - s->killed_ns;
		*s = (struct slot){ .pid = r.pid, .born_ns = r.born_ns };
		if (r.born_ns > f->last_ns)
			f->last_ns = r.born_ns;
	}
}

static inline void
fleet_reap(struct fleet *f)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == f->supervisor)
			f->supervisor = 0;
}

/* Kills everything below this process, again until nothing is left: supervisors may still be
 * starting workers while we look. */
static inline void
fleet_end(struct fleet *f)
{
	pid_t self = getpid();

	for (;;) {
		struct timespec pause = { .tv_nsec = MILLISECOND };

		proc_read(&f->table, self);
		for (size_t i = 0; i < f->table.count; i++) {
			const struct proc *p = &f->table.at[i];

			if (p->inside && p->pid != self)
				kill(p->pid, SIGKILL);
		}
		fleet_reap(f);
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		nanosleep(&pause, NULL);
	}
}

/* Sleeps, then listens and reaps; when we were told to end, ends the fleet and the program. */
static inline void
fleet_nap(struct fleet *f, int64_t ns)
{
	struct timespec pause = { .tv_sec = ns / SECOND, .tv_nsec = (long)(ns % SECOND) };

	nanosleep(&pause, NULL);
	if (fleet_interrupted) {
		fleet_end(f);
		exit(1);
	}
	fleet_listen(f);
	fleet_reap(f);
}

static inline void
fleet_exec(const struct fleet *f)
{
	int log = open(f->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signal(SIGQUIT, SIG_DFL); /* a shell's "&" leaves it ignored */
	setsid();
	if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(111);
	execvp(f->command[0], f->command);
	_exit(127);
}

/* Starts the supervisor and forgets all that was heard of the one before. */
static inline void
fleet_start(struct fleet *f)
{
	fleet_listen(f);
	memset(f->slot, 0, sizeof f->slot);
	f->reports = f->filled = f->latencies = 0;
	f->last_ns = 0;
	f->started_ns = report_now();
	f->supervisor = fork();
	if (f->supervisor == 0)
		fleet_exec(f);
}

/* Waits until every worker has been in main(); false if that is not so after `limit_ns`, or the
 * supervisor has ended. Looks every two milliseconds, so as not to run beside what it measures. */
static inline bool
fleet_wait(struct fleet *f, int64_t limit_ns)
{
	while (f->filled < f->count && f->supervisor > 0 && report_now() - f->started_ns < limit_ns)
		fleet_nap(f, 2 * MILLISECOND);
	return f->filled == f->count;
}

static inline bool
fleet_is_worker(const struct fleet *f, pid_t pid)
{
	for (int i = 0; i < f->count; i++)
		if (f->slot[i].pid == pid)
			return true;
	return false;
}

/* Sums the cost of the supervising processes: all of the supervisor's tree but the workers.
 * Returns how many they are. */
static inline int
fleet_cost(struct fleet *f, struct proc_cost *cost)
{
	int processes = 0;

	*cost = (struct proc_cost){ 0 };
	proc_read(&f->table, f->supervisor);
	for (size_t i = 0; i < f->table.count; i++) {
		const struct proc *p = &f->table.at[i];

		if (!p->inside || p->dead || fleet_is_worker(f, p->pid))
			continue;
		proc_add(p->pid, cost);
		processes++;
	}
	return processes;
}

/* Some need three pipes for each of a thousand workers. */
static inline void
fleet_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= 4096)
		return;
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* whoever runs out of them will say so */
}

/* Makes the FIFO and readies this process; false with errno when that fails. */
static inline bool
fleet_init(struct fleet *f, const char *fifo)
{
	struct sigaction action = { .sa_handler = fleet_on_signal };

	if (mkfifo(fifo, 0600) < 0 && errno != EEXIST)
		return false;
	f->fifo = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (f->fifo < 0)
		return false;
	fleet_raise_files();
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
}

#endif
