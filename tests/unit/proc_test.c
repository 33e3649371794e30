#include "lib/sys/proc.h"

#include <stdio.h>
#include <sys/prctl.h>

#include "tests/unit/sys_case.h"

/* What a child's state becomes within the limit. */
static char
state_of(pid_t pid, char expected)
{
	struct proc_stat st = { 0 };

	for (int i = 0; i < LIMIT_MS; i++) {
		if (!proc_stat(pid, &st))
			return 0;
		if (st.state == expected)
			break;
		(void)usleep(1000);
	}
	return st.state;
}

ATF_TC_WITHOUT_HEAD(what_we_are);
ATF_TC_BODY(what_we_are, tc)
{
	struct proc_stat st, later;

	ATF_REQUIRE(proc_stat(getpid(), &st));
	ATF_CHECK_EQ(st.state, 'R');
	ATF_CHECK_EQ(st.parent, getppid());
	ATF_CHECK(st.rss > 100000 && st.rss < (uint64_t)1 << 40);
	do
		ATF_REQUIRE(proc_stat(getpid(), &later));
	while (later.cpu < st.cpu + 30); /* what reads takes time */
	ATF_CHECK(later.cpu < st.cpu + LIMIT_MS);
}

ATF_TC_WITHOUT_HEAD(states);
ATF_TC_BODY(states, tc)
{
	pid_t pid = sleeper();
	struct proc_stat st;

	ATF_CHECK_EQ(state_of(pid, 'S'), 'S');
	ATF_REQUIRE(proc_stat(pid, &st));
	ATF_CHECK_EQ(st.parent, getpid());
	(void)kill(pid, SIGSTOP);
	ATF_CHECK_EQ(state_of(pid, 'T'), 'T');
	(void)kill(pid, SIGKILL);
	ATF_CHECK_EQ(state_of(pid, 'Z'), 'Z');
	(void)status_of(pid);
	ATF_CHECK(!proc_stat(pid, &st));
	ATF_CHECK(!proc_stat(0x7fffffff, &st));
}

ATF_TC_WITHOUT_HEAD(names);
ATF_TC_BODY(names, tc)
{
	struct proc_stat st;
	char name[16];

	ATF_REQUIRE_EQ(prctl(PR_SET_NAME, "a ) R 1 (b) Z 2"), 0);
	proc_name(getpid(), name);
	ATF_CHECK_STREQ(name, "a ) R 1 (b) Z 2");
	ATF_REQUIRE(proc_stat(getpid(), &st)); /* whatever it calls itself */
	ATF_CHECK_EQ(st.state, 'R');
	ATF_CHECK_EQ(st.parent, getppid());
	ATF_REQUIRE_EQ(prctl(PR_SET_NAME, "longer than fifteen"), 0);
	proc_name(getpid(), name);
	ATF_CHECK_STREQ(name, "longer than fif");
	ATF_REQUIRE_EQ(prctl(PR_SET_NAME, ""), 0);
	proc_name(getpid(), name);
	ATF_CHECK_STREQ(name, "");
	proc_name(0x7fffffff, name);
	ATF_CHECK_STREQ(name, "");
}

static void
nothing(int sig)
{
}

ATF_TC_WITHOUT_HEAD(which_signals_are_caught);
ATF_TC_BODY(which_signals_are_caught, tc)
{
	static const int sigs[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, 35, 64 };

	for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++) {
		ATF_CHECK_MSG(!proc_catches(getpid(), sigs[i]), "%d", sigs[i]);
		ATF_REQUIRE(signal(sigs[i], nothing) != SIG_ERR);
		ATF_CHECK_MSG(proc_catches(getpid(), sigs[i]), "%d", sigs[i]);
		(void)signal(sigs[i], SIG_IGN);
		ATF_CHECK_MSG(!proc_catches(getpid(), sigs[i]), "%d", sigs[i]);
	}
	ATF_CHECK(!proc_catches(0x7fffffff, SIGUSR1));
}

static pid_t found[8];
static int nfound;

static bool
note(pid_t pid, void *arg)
{
	found[nfound++] = pid;
	return nfound < *(int *)arg;
}

ATF_TC_WITHOUT_HEAD(children);
ATF_TC_BODY(children, tc)
{
	pid_t pid[3], dead;
	int all = 8, one = 1;

	ATF_CHECK_EQ(proc_children(note, &all), 0);
	for (int i = 0; i < 3; i++)
		pid[i] = sleeper();
	ATF_CHECK_EQ(proc_children(note, &all), 3);
	ATF_CHECK_EQ(nfound, 3);
	for (int i = 0; i < 3; i++)
		ATF_CHECK(found[i] == pid[0] || found[i] == pid[1] || found[i] == pid[2]);
	nfound = 0;
	ATF_CHECK_EQ(proc_children(note, &one), 1); /* until it is told to stop */
	dead = found[0];
	(void)kill(dead, SIGKILL);
	(void)status_of(dead);
	nfound = 0;
	ATF_CHECK_EQ(proc_children(note, &all), 2);
	for (int i = 0; i < 3; i++)
		(void)kill(pid[i], SIGKILL);
}

#define MANY 300 /* more than one read of the directory gives */

static struct {
	pid_t pid[MANY];
	unsigned times[MANY], own, calls, stop; /* after so many calls; 0: never */
} each;

static bool
tick(int pid, void *arg)
{
	ATF_REQUIRE(arg == &each && pid > 0);
	each.own += pid == getpid();
	for (int i = 0; i < MANY; i++)
		each.times[i] += each.pid[i] == pid;
	return ++each.calls != each.stop;
}

ATF_TC_WITHOUT_HEAD(every_process_is_found_once);
ATF_TC_BODY(every_process_is_found_once, tc)
{
	int before = dup(0), after;

	close(before);
	for (int i = 0; i < MANY; i++)
		each.pid[i] = sleeper();
	(void)kill(each.pid[0], SIGKILL);
	wait_dead(each.pid[0]); /* the dead who are not reaped too */
	ATF_CHECK_EQ(proc_each("/proc", tick, &each), 0);
	ATF_CHECK_EQ(each.own, 1);
	for (int i = 0; i < MANY; i++)
		ATF_CHECK_EQ_MSG(each.times[i], 1, "%d: %u", i, each.times[i]);
	for (each.stop = 1; each.stop < MANY; each.stop += 40) { /* until it is told to stop */
		each.calls = 0;
		ATF_CHECK_EQ(proc_each("/proc", tick, &each), 0);
		ATF_CHECK_EQ(each.calls, each.stop);
	}
	for (int i = 0; i < MANY; i++) {
		(void)kill(each.pid[i], SIGKILL);
		(void)status_of(each.pid[i]);
	}
	after = dup(0);
	ATF_CHECK_EQ(after, before); /* nothing stays open */
}

static uint64_t numbers; /* a bit for each that was found */

static bool
collect(int number, void *arg)
{
	ATF_REQUIRE(number >= 0);
	if (number < 64)
		numbers |= UINT64_C(1) << number;
	return *(bool *)arg;
}

ATF_TC_WITHOUT_HEAD(names_that_are_numbers);
ATF_TC_BODY(names_that_are_numbers, tc)
{
	static const char *const names[] = { "0", "7", "63", "2147483647", "2147483648", "-3", "5x",
		"x6", "+9", " 8", "99999999999999999999" };
	bool more = true;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ATF_REQUIRE_EQ(mkdir("d", 0755), 0);
	ATF_CHECK_EQ(proc_each("d", collect, &more), 0);
	ATF_CHECK_EQ(numbers, 0);
	ATF_REQUIRE_EQ(chdir("d"), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		put_file(names[i], "");
	ATF_CHECK_EQ(proc_each(".", collect, &more), 0);
	ATF_CHECK_EQ(numbers, 1 | 1 << 7 | UINT64_C(1) << 63);
	numbers = 0;
	ATF_REQUIRE(fd > 2 && fd < 64);
	ATF_CHECK_EQ(proc_each("/proc/self/fd", collect, &more), 0);
	ATF_CHECK_EQ(numbers & 7, 7);
	ATF_CHECK(numbers >> fd & 1);
	ATF_CHECK(proc_each("missing", collect, &more) < 0 && errno == ENOENT);
	ATF_CHECK(proc_each("7", collect, &more) < 0 && errno == ENOTDIR);
}

ATF_TC(without_proc_none_is_known);
ATF_TC_HEAD(without_proc_none_is_known, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(without_proc_none_is_known, tc)
{
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		int all = 8;

		if (chroot(".") < 0)
			_exit(1);
		_exit(proc_each("/proc", tick, &each) == -1 && each.calls == 0 &&
			    proc_children(note, &all) == -1 && nfound == 0
			? 0
			: 2);
	}
	ATF_CHECK_EQ(exit_of(pid), 0);
}

ATF_TC_WITHOUT_HEAD(oom_kills_are_counted_or_not_known);
ATF_TC_BODY(oom_kills_are_counted_or_not_known, tc)
{
	static const char events[] = "oom 3\noom_kill 41\noom_group_kill 5\n";
	FILE *f;

	ATF_CHECK(proc_oom_kills(NULL) >= -1);
	ATF_CHECK_EQ(proc_oom_kills("."), proc_oom_kills(NULL));
	f = fopen("memory.events", "w");
	ATF_REQUIRE(f != NULL && fputs(events, f) >= 0 && fclose(f) == 0);
	ATF_CHECK_EQ(proc_oom_kills("."), 41);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, what_we_are);
	ATF_TP_ADD_TC(tp, states);
	ATF_TP_ADD_TC(tp, names);
	ATF_TP_ADD_TC(tp, which_signals_are_caught);
	ATF_TP_ADD_TC(tp, children);
	ATF_TP_ADD_TC(tp, every_process_is_found_once);
	ATF_TP_ADD_TC(tp, names_that_are_numbers);
	ATF_TP_ADD_TC(tp, without_proc_none_is_known);
	ATF_TP_ADD_TC(tp, oom_kills_are_counted_or_not_known);
	return atf_no_error();
}
