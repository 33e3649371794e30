/*
 * measure.c - runs one supervisor through one scenario and prints one line of figures, separated
 * by tabs; the last is a remark, empty when all went well.
 *
 *     measure SCENARIO WORKERS STOPSIGNAL FIFO LOG SUPERVISOR [ARG]...
 *
 * The workers report on FIFO when they come to main() (worker.c); the supervisor's own output goes
 * to LOG. All times are of one clock, CLOCK_MONOTONIC, read by the worker at one end and here at
 * the other; this program sleeps in between, so as not to run beside what it measures.
 */
#include "fleet.h"

enum {
	KILLS = 100,   /* as many as there is time for */
	ROUNDS = 15,   /* starts and stops, while there is time */
	ORPHANERS = 3, /* supervising processes tried; further ones are of the same kinds */
};

static const int64_t start_limit_ns = INT64_C(60) * SECOND;
static const int64_t rounds_limit_ns = INT64_C(10) * SECOND; /* no further round begins */
static const int64_t kills_limit_ns = INT64_C(60) * SECOND;
static const int64_t replace_limit_ns = INT64_C(10) * SECOND;
static const int64_t healthy_ns = INT64_C(1200) * MILLISECOND; /* so old that no back-off is due */
static const int64_t settle_ns = INT64_C(3) * SECOND;
static const int64_t idle_ns = INT64_C(20) * SECOND;
static const int64_t window_ns = INT64_C(10) * SECOND; /* for CPU and crashes */
static const unsigned stop_limit_s = 60;

struct scenario {
	const char *name;
	void (*run)(struct fleet *f, int stop_signal);
};

static double
milliseconds(int64_t ns)
{
	return (double)ns / MILLISECOND;
}

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The value below or at which `percent` of the sorted samples lie. */
static int64_t
percentile(const int64_t *sample, int count, int percent)
{
	return sample[(count * percent + 99) / 100 - 1];
}

static int64_t
median(int64_t *sample, int count)
{
	qsort(sample, (size_t)count, sizeof *sample, ascending);
	return (sample[(count - 1) / 2] + sample[count / 2]) / 2;
}

/* Starts the fleet and waits for all; if not all come, prints `cells` dashes and why. */
static bool
started(struct fleet *f, int cells)
{
	fleet_start(f);
	if (fleet_wait(f, start_limit_ns))
		return true;
	while (cells-- > 0)
		printf("-\t");
	printf("only %d of %d workers came to main() in %.0f s%s\n", f->filled, f->count,
	    milliseconds(report_now() - f->started_ns) / 1000,
	    f->supervisor == 0 ? "; the supervisor ended" : "");
	return false;
}

/* The next worker in turn that is alive and old enough; NULL if none is. */
static struct slot *
victim(struct fleet *f, int *turn)
{
	for (int i = 0; i < f->count; i++) {
		struct slot *s = &f->slot[(*turn + i) % f->count];

		if (report_now() - s->born_ns >= healthy_ns) {
			*turn = (*turn + i + 1) % f->count;
			return s;
		}
	}
	return NULL;
}

/* Kills the worker and waits until its successor is in main(); false if none comes. */
static bool
replaced(struct fleet *f, struct slot *s)
{
	s->killed_ns = report_now();
	kill(s->pid, SIGKILL);
	for (int64_t begun = s->killed_ns; s->killed_ns != 0;) {
		if (report_now() - begun > replace_limit_ns)
			return false;
		fleet_nap(f, 5 * MILLISECOND);
	}
	return true;
}

/* kill: median, p95, maximum in ms, kills. One at a time: the death of another worker would wake
 * a supervisor that has put off replacing this one to its next tick. */
static void
run_kill(struct fleet *f, int stop_signal)
{
	uint32_t random = 1;
	int kills = 0, turn = 0;
	bool alive = true;
	int64_t begun;

	(void)stop_signal;
	if (!started(f, 4))
		return;
	for (begun = report_now();
	     alive && kills < KILLS && report_now() - begun < kills_limit_ns;) {
		struct slot *s;

		/* 30 to 60 ms, so that no supervisor's own period shows in the result */
		random = random * 1664525u + 1013904223u;
		fleet_nap(f, 30 * MILLISECOND + (int64_t)(random >> 16) * 30 * MILLISECOND / 65536);
		if ((s = victim(f, &turn)) == NULL)
			continue;
		alive = replaced(f, s);
		kills++;
	}
	if (f->latencies == 0) {
		printf("-\t-\t-\t%d\tnot replaced in 10 s\n", kills);
		return;
	}
	printf("%.3f\t", milliseconds(median(f->latency_ns, f->latencies)));
	printf("%.3f\t", milliseconds(percentile(f->latency_ns, f->latencies, 95)));
	printf("%.3f\t%d\t%s\n", milliseconds(f->latency_ns[f->latencies - 1]), kills,
	    alive ? "" : "the last was not replaced in 10 s");
}

/* Asks the supervisor to stop and waits until it and all below it are gone. Returns how long that
 * took, or -1 after stop_limit_s. */
static int64_t
stop(struct fleet *f, int stop_signal)
{
	int64_t begun = report_now();

	kill(f->supervisor, stop_signal);
	alarm(stop_limit_s);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, 0);

		if (pid < 0 && (errno == ECHILD || fleet_interrupted))
			break;
		if (pid < 0 && report_now() - begun >= (int64_t)stop_limit_s * SECOND)
			return -1;
	}
	alarm(0);
	f->supervisor = 0;
	return report_now() - begun;
}

/* thousand: start in ms (median, least), stop likewise, PSS in KiB, supervising processes, rounds
 */
static void
run_thousand(struct fleet *f, int stop_signal)
{
	int64_t starts[ROUNDS], stops[ROUNDS], begun = report_now();
	struct proc_cost cost;
	int processes = 0, rounds = 0, stopped = 0;

	do {
		if (!started(f, 7))
			return;
		starts[rounds++] = f->last_ns - f->started_ns;
		fleet_nap(f, rounds == 1 ? SECOND : SECOND / 5);
		if (rounds == 1)
			processes = fleet_cost(f, &cost);
		if ((stops[stopped] = stop(f, stop_signal)) < 0)
			break;
		stopped++;
		fleet_nap(f, 0);
	} while (rounds < ROUNDS && report_now() - begun < rounds_limit_ns);
	printf("%.1f\t", milliseconds(median(starts, rounds)));
	printf("%.1f\t", milliseconds(starts[0]));
	if (stopped > 0) {
		printf("%.1f\t", milliseconds(median(stops, stopped)));
		printf("%.1f\t", milliseconds(stops[0]));
	} else {
		printf("-\t-\t");
	}
	printf("%lld\t%d\t%d\t", (long long)cost.pss_kib, processes, rounds);
	if (stopped < rounds)
		printf("not all gone %u s after the stop", stop_limit_s);
	printf("\n");
}

/* idle: context switches in 20 s, of how many processes */
static void
run_idle(struct fleet *f, int stop_signal)
{
	struct proc_cost before, after;
	int processes;

	(void)stop_signal;
	if (!started(f, 2))
		return;
	fleet_nap(f, settle_ns);
	fleet_cost(f, &before);
	fleet_nap(f, idle_ns);
	processes = fleet_cost(f, &after);
	printf("%lld\t%d\t\n", (long long)(after.switches - before.switches), processes);
}

static double
cpu_percent(const struct proc_cost *before, const struct proc_cost *after, int64_t ns)
{
	return 100.0 * (double)(after->cpu_ns - before->cpu_ns) / (double)ns;
}

/* beat: CPU in % of one core, context switches a second */
static void
run_beat(struct fleet *f, int stop_signal)
{
	struct proc_cost before, after;
	int64_t begun;

	(void)stop_signal;
	if (!started(f, 2))
		return;
	fleet_nap(f, settle_ns);
	fleet_cost(f, &before);
	begun = report_now();
	fleet_nap(f, window_ns);
	fleet_cost(f, &after);
	printf("%.4f\t", cpu_percent(&before, &after, report_now() - begun));
	printf("%.0f\t\n", (double)(after.switches - before.switches) * SECOND / (double)window_ns);
}

/* crash: restarts in 10 s after the first worker in main(), CPU in % of one core meanwhile */
static void
run_crash(struct fleet *f, int stop_signal)
{
	struct proc_cost before, after;
	int64_t begun;

	(void)stop_signal;
	fleet_start(f);
	while (
	    f->reports == 0 && f->supervisor > 0 && report_now() - f->started_ns < start_limit_ns)
		fleet_nap(f, MILLISECOND);
	if (f->reports == 0) {
		printf("-\t-\tno worker came to main()\n");
		return;
	}
	fleet_cost(f, &before);
	begun = report_now();
	while (f->supervisor > 0 && report_now() - begun < window_ns)
		fleet_nap(f, 5 * MILLISECOND);
	if (f->supervisor == 0) {
		printf("%d\t-\tthe supervisor ended after %.1f s\n", f->reports - f->count,
		    milliseconds(report_now() - begun) / 1000);
		return;
	}
	fleet_cost(f, &after);
	printf("%d\t%.3f\t\n", f->reports - f->count,
	    cpu_percent(&before, &after, report_now() - begun));
}

/* The supervising process of the given rank: 0 the one we started, then by rising pid; 0 if there
 * are not so many. */
static pid_t
supervising(struct fleet *f, int rank)
{
	proc_read(&f->table, f->supervisor);
	if (rank == 0)
		return f->supervisor;
	for (size_t i = 0; i < f->table.count; i++) {
		const struct proc *p = &f->table.at[i];

		if (p->inside && !p->dead && p->pid != f->supervisor &&
		    !fleet_is_worker(f, p->pid) && --rank == 0)
			return p->pid;
	}
	return 0;
}

/* Collects the workers at or below a process. */
static int
workers_below(struct fleet *f, pid_t root, pid_t *worker)
{
	int count = 0;

	proc_read(&f->table, root);
	for (size_t i = 0; i < f->table.count; i++) {
		const struct proc *p = &f->table.at[i];

		if (p->inside && !p->dead && fleet_is_worker(f, p->pid))
			worker[count++] = p->pid;
	}
	return count;
}

static int
still_alive(struct fleet *f, const pid_t *worker, int count)
{
	int alive = 0;

	proc_read(&f->table, getpid());
	for (int i = 0; i < count; i++) {
		const struct proc *p = proc_find(&f->table, worker[i]);

		alive += p != NULL && p->inside && !p->dead;
	}
	return alive;
}

/* orphan: supervising processes killed (each in a fresh set), the workers that were below them,
 * and those of them that lived on a second later */
static void
run_orphan(struct fleet *f, int stop_signal)
{
	pid_t worker[FLEET_MAX], root;
	int killed, below = 0, alive = 0;

	(void)stop_signal;
	for (killed = 0; killed < ORPHANERS; killed++) {
		int count;

		if (!started(f, 3))
			return;
		fleet_nap(f, SECOND / 2);
		if ((root = supervising(f, killed)) == 0)
			break;
		count = workers_below(f, root, worker);
		kill(root, SIGKILL);
		fleet_nap(f, SECOND);
		below += count;
		alive += still_alive(f, worker, count);
		fleet_end(f);
	}
	printf("%d\t%d\t%d\t\n", killed, below, alive);
}

static const struct scenario scenarios[] = {
	{ "kill", run_kill },
	{ "thousand", run_thousand },
	{ "idle", run_idle },
	{ "beat", run_beat },
	{ "crash", run_crash },
	{ "orphan", run_orphan },
};

static int
signal_number(const char *name)
{
	return strcmp(name, "HUP") == 0 ? SIGHUP : strcmp(name, "TERM") == 0 ? SIGTERM : 0;
}

int
main(int argc, char **argv)
{
	static struct fleet f;
	const struct scenario *s = scenarios, *end = s + sizeof scenarios / sizeof *scenarios;

	if (argc < 7) {
		fprintf(stderr, "usage: measure SCENARIO WORKERS STOPSIGNAL FIFO LOG COMMAND...\n");
		return 100;
	}
	while (s < end && strcmp(s->name, argv[1]) != 0)
		s++;
	f.count = (int)strtol(argv[2], NULL, 10);
	f.log = argv[5];
	f.command = argv + 6;
	if (s == end || f.count < 1 || f.count > FLEET_MAX || signal_number(argv[3]) == 0) {
		fprintf(stderr, "measure: %s %s %s: bad argument\n", argv[1], argv[2], argv[3]);
		return 100;
	}
	if (!fleet_init(&f, argv[4])) {
		fprintf(stderr, "measure: %s: %s\n", argv[4], strerror(errno));
		return 111;
	}
	s->run(&f, signal_number(argv[3]));
	fleet_end(&f);
	free(f.table.at);
	return 0;
}
