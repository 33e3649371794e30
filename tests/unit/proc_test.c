#include "lib/sys/proc.h"

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

ATF_TC_WITHOUT_HEAD(oom_kills_are_counted_or_not_known);
ATF_TC_BODY(oom_kills_are_counted_or_not_known, tc)
{
	ATF_CHECK(proc_oom_kills() >= -1);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, what_we_are);
	ATF_TP_ADD_TC(tp, states);
	ATF_TP_ADD_TC(tp, names);
	ATF_TP_ADD_TC(tp, which_signals_are_caught);
	ATF_TP_ADD_TC(tp, children);
	ATF_TP_ADD_TC(tp, oom_kills_are_counted_or_not_known);
	return atf_no_error();
}
