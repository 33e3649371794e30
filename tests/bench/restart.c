/*
 * restart.c - what it costs to replace all workers once; prints one line of figures, separated by
 * tabs: milliseconds, CPU of the supervising processes and of the whole tree in milliseconds.
 *
 *     restart once|USR1 WORKERS FIFO LOG SUPERVISOR [ARG]...
 *
 * once: from the exec of the supervisor until the last worker is in main(), and from TERM until all
 * have gone: the sum. USR1: from that signal to a supervisor whose workers have run for a while
 * until the last new worker is in main(). The tree's CPU has that of the workers: their exec and
 * their end; it is the kernel's account of the process, of its dead children, and of those alive.
 */
#include "fleet.h"

static const int64_t limit_ns = INT64_C(60) * SECOND;
static const int64_t settle_ns = INT64_C(1500) * MILLISECOND;

struct cost {
	int64_t own_ns, tree_ns;
};

static int64_t
schedstat(pid_t pid)
{
	char path[64], text[128];

	snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
	return proc_text(path, text, sizeof text) ? proc_number(text, "") : 0;
}

/* CPU of the children that a process has reaped; proc(5): cutime and cstime are 16th and 17th. */
static int64_t
reaped_ns(pid_t pid)
{
	char path[64], text[512], *at;
	int64_t ticks = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (!proc_text(path, text, sizeof text) || (at = strrchr(text, ')')) == NULL)
		return 0;
	for (int field = 2; field < 16 && at != NULL; field++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		ticks = strtoll(at, &at, 10) + strtoll(at, NULL, 10);
	return ticks * SECOND / sysconf(_SC_CLK_TCK);
}

static struct cost
cost_now(struct fleet *f)
{
	struct cost c = { 0 };

	proc_read(&f->table, f->supervisor);
	for (size_t i = 0; i < f->table.count; i++) {
		const struct proc *p = &f->table.at[i];

		if (!p->inside)
			continue;
		if (fleet_is_worker(f, p->pid)) {
			c.tree_ns += schedstat(p->pid);
			continue;
		}
		c.own_ns += schedstat(p->pid);
		c.tree_ns += schedstat(p->pid) + reaped_ns(p->pid);
	}
	return c;
}

static void
print(int64_t ns, int64_t own_ns, int64_t tree_ns)
{
	printf("%.1f\t%.1f\t%.1f\n", (double)ns / MILLISECOND, (double)own_ns / MILLISECOND,
	    (double)tree_ns / MILLISECOND);
}

static int64_t
of_timeval(struct timeval t)
{
	return (int64_t)t.tv_sec * SECOND + (int64_t)t.tv_usec * 1000;
}

static bool
run_once(struct fleet *f)
{
	int64_t begun, own;
	struct rusage all;
	siginfo_t info;

	fleet_nap(f, settle_ns);
	begun = report_now();
	kill(f->supervisor, SIGTERM);
	if (waitid(P_PID, (id_t)f->supervisor, &info, WEXITED | WNOWAIT) < 0)
		return false;
	begun = report_now() - begun;
	own = schedstat(f->supervisor); /* it is not reaped yet */
	fleet_reap(f);
	getrusage(RUSAGE_CHILDREN, &all);
	print(f->last_ns - f->started_ns + begun, own,
	    of_timeval(all.ru_utime) + of_timeval(all.ru_stime));
	return true;
}

/* Waits until every place has been heard of again. */
static bool
run_restart(struct fleet *f)
{
	struct cost before, after;
	int64_t begun;

	fleet_nap(f, settle_ns);
	before = cost_now(f);
	f->filled = 0;
	for (int i = 0; i < f->count; i++)
		f->slot[i].born_ns = 0;
	begun = f->started_ns = report_now();
	kill(f->supervisor, SIGUSR1);
	if (!fleet_wait(f, limit_ns))
		return false;
	fleet_nap(f, SECOND / 2);
	after = cost_now(f);
	print(f->last_ns - begun, after.own_ns - before.own_ns, after.tree_ns - before.tree_ns);
	return true;
}

int
main(int argc, char **argv)
{
	static struct fleet f;
	bool well;

	if (argc < 6)
		return 100;
	f.count = (int)strtol(argv[2], NULL, 10);
	f.log = argv[4];
	f.command = argv + 5;
	if (f.count < 1 || f.count > FLEET_MAX || !fleet_init(&f, argv[3]))
		return 100;
	fleet_start(&f);
	well = fleet_wait(&f, limit_ns) &&
	    (strcmp(argv[1], "once") == 0 ? run_once(&f) : run_restart(&f));
	fleet_end(&f);
	free(f.table.at);
	return well ? 0 : 1;
}
