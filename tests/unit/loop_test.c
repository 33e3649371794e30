#include "lib/sys/loop.h"

#include <sys/time.h>

#include "tests/unit/sys_case.h"

static const int sigs[] = { SIGTERM, SIGUSR1, SIGUSR2, SIGALRM };

static void
begin(void)
{
	ATF_REQUIRE_EQ(loop_open(sigs, sizeof sigs / sizeof *sigs), 0);
}

static struct loop_event
next_by(ms due)
{
	struct loop_event ev;

	ATF_REQUIRE_EQ(loop_next(due, &ev), 0);
	return ev;
}

/* What comes, if anything does; LOOP_TIME stands for nothing. */
static struct loop_event
next(void)
{
	return next_by(loop_now() + LIMIT_MS);
}

static bool
nothing_comes(void)
{
	return next_by(loop_now() + 30).kind == LOOP_TIME;
}

static pid_t
exiting(int code)
{
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(code);
	return pid;
}

ATF_TC_WITHOUT_HEAD(time_comes_when_it_is_due);
ATF_TC_BODY(time_comes_when_it_is_due, tc)
{
	begin();
	for (ms wait = 0; wait < 60; wait += 20) {
		ms due = loop_now() + wait;
		struct loop_event ev = next_by(due);

		ATF_CHECK_EQ(ev.kind, LOOP_TIME);
		ATF_CHECK(ev.now >= due && ev.now < due + LIMIT_MS);
	}
	ATF_CHECK_EQ(next_by(0).kind, LOOP_TIME); /* long over */
}

ATF_TC_WITHOUT_HEAD(signals_come_with_their_sender);
ATF_TC_BODY(signals_come_with_their_sender, tc)
{
	struct loop_event ev;
	pid_t child;

	begin();
	(void)kill(getpid(), SIGUSR1);
	(void)kill(getpid(), SIGUSR2);
	ev = next();
	ATF_CHECK_EQ(ev.kind, LOOP_SIGNAL);
	ATF_CHECK_EQ(ev.sig, SIGUSR1);
	ATF_CHECK_EQ(ev.pid, getpid());
	ATF_CHECK_EQ(ev.uid, getuid());
	ATF_CHECK_EQ(next().sig, SIGUSR2);
	if ((child = fork()) == 0)
		_exit(kill(getppid(), SIGTERM));
	ev = next(); /* before the death */
	ATF_CHECK_EQ(ev.sig, SIGTERM);
	ATF_CHECK_EQ(ev.pid, child);
}

ATF_TC_WITHOUT_HEAD(a_signal_of_the_kernel_has_no_sender);
ATF_TC_BODY(a_signal_of_the_kernel_has_no_sender, tc)
{
	struct itimerval soon = { .it_value.tv_usec = 1000 };
	struct loop_event ev;

	begin();
	ATF_REQUIRE_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ev = next();
	ATF_CHECK_EQ(ev.kind, LOOP_SIGNAL);
	ATF_CHECK_EQ(ev.sig, SIGALRM);
	ATF_CHECK_EQ(ev.pid, 0);
}

ATF_TC_WITHOUT_HEAD(a_signal_that_was_blocked_before_comes);
ATF_TC_BODY(a_signal_that_was_blocked_before_comes, tc)
{
	sigset_t all;

	sigfillset(&all);
	ATF_REQUIRE_EQ(sigprocmask(SIG_BLOCK, &all, NULL), 0);
	(void)kill(getpid(), SIGTERM);
	begin();
	ATF_CHECK_EQ(next().sig, SIGTERM);
}

/* The pipe holds a few thousand records: what does not fit is still told, without its sender. */
ATF_TC_WITHOUT_HEAD(no_signal_is_lost_in_a_flood);
ATF_TC_BODY(no_signal_is_lost_in_a_flood, tc)
{
	unsigned usr1 = 0, usr2 = 0;

	begin();
	for (int i = 0; i < 20000; i++)
		(void)kill(getpid(), SIGUSR1);
	(void)kill(getpid(), SIGUSR2);
	for (;;) {
		struct loop_event ev = next_by(0);

		if (ev.kind != LOOP_SIGNAL)
			break;
		usr1 += ev.sig == SIGUSR1;
		usr2 += ev.sig == SIGUSR2;
		ATF_CHECK(ev.sig != SIGUSR2 || ev.pid == 0);
	}
	ATF_CHECK_MSG(usr1 > 1000 && usr1 < 20000, "%u", usr1);
	ATF_CHECK_EQ(usr2, 1);
	(void)kill(getpid(), SIGUSR2); /* and all is as before */
	ATF_CHECK_EQ(next().pid, getpid());
}

ATF_TC_WITHOUT_HEAD(deaths_are_told_as_waitpid_does);
ATF_TC_BODY(deaths_are_told_as_waitpid_does, tc)
{
	struct loop_event ev;
	pid_t pid;

	begin();
	pid = exiting(3);
	ev = next();
	ATF_CHECK_EQ(ev.kind, LOOP_CHILD);
	ATF_CHECK_EQ(ev.pid, pid);
	ATF_CHECK(WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == 3);
	pid = sleeper();
	(void)kill(pid, SIGKILL);
	ev = next();
	ATF_CHECK_EQ(ev.pid, pid);
	ATF_CHECK(WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGKILL);
	ATF_CHECK(!WCOREDUMP(ev.status));
}

ATF_TC_WITHOUT_HEAD(the_dead_are_reaped_at_the_next_call);
ATF_TC_BODY(the_dead_are_reaped_at_the_next_call, tc)
{
	struct loop_event ev;

	begin();
	(void)exiting(0);
	ev = next();
	ATF_CHECK_EQ(kill(ev.pid, 0), 0); /* a zombie holds its number */
	(void)next_by(0);
	ATF_CHECK(kill(ev.pid, 0) < 0 && errno == ESRCH);
}

ATF_TC_WITHOUT_HEAD(every_death_is_told_once);
ATF_TC_BODY(every_death_is_told_once, tc)
{
	enum { N = 50 };
	pid_t pid[N];

	for (int i = 0; i < N / 2; i++) /* some before */
		pid[i] = exiting(i);
	begin();
	for (int i = N / 2; i < N; i++)
		pid[i] = exiting(i);
	for (int n = 0; n < N; n++) {
		struct loop_event ev = next();
		int i = 0;

		ATF_REQUIRE_EQ(ev.kind, LOOP_CHILD);
		while (i < N && pid[i] != ev.pid)
			i++;
		ATF_REQUIRE(i < N);
		ATF_CHECK_EQ(WEXITSTATUS(ev.status), i);
		pid[i] = 0;
	}
	ATF_CHECK(nothing_comes());
}

ATF_TC_WITHOUT_HEAD(a_death_from_before_is_told);
ATF_TC_BODY(a_death_from_before_is_told, tc)
{
	pid_t pid = exiting(3);

	wait_dead(pid);
	begin();
	ATF_CHECK_EQ(next().pid, pid);
}

ATF_TC_WITHOUT_HEAD(childless_when_nobody_is_left);
ATF_TC_BODY(childless_when_nobody_is_left, tc)
{
	pid_t pid;

	begin();
	ATF_CHECK(loop_childless());
	pid = sleeper();
	ATF_CHECK(!loop_childless());
	(void)kill(pid, SIGSTOP); /* a child that stops is not gone, and not told */
	(void)kill(pid, SIGCONT);
	ATF_CHECK(nothing_comes());
	(void)kill(pid, SIGKILL);
	wait_dead(pid);
	ATF_CHECK(!loop_childless()); /* dead, not told */
	ATF_CHECK_EQ(next().kind, LOOP_CHILD);
	ATF_CHECK(loop_childless());
}

ATF_TC_WITHOUT_HEAD(signals_then_time_then_deaths_then_fds);
ATF_TC_BODY(signals_then_time_then_deaths_then_fds, tc)
{
	int p[2][2];

	begin();
	for (int i = 0; i < 2; i++) {
		ATF_REQUIRE_EQ(pipe2(p[i], O_NONBLOCK), 0);
		ATF_REQUIRE_EQ(loop_watch(p[i][0], 7, false), 0);
		ATF_REQUIRE_EQ(write(p[i][1], "x", 1), 1);
	}
	ATF_CHECK_EQ(next().kind, LOOP_FD); /* from here on the other is known to be ready */
	wait_dead(exiting(0));
	(void)kill(getpid(), SIGUSR1);
	ATF_CHECK_EQ(next_by(0).kind, LOOP_SIGNAL);
	ATF_CHECK_EQ(next_by(0).kind, LOOP_TIME);
	ATF_CHECK_EQ(next_by(0).kind, LOOP_CHILD);
	ATF_CHECK_EQ(next().kind, LOOP_FD);
}

ATF_TC_WITHOUT_HEAD(a_busy_fd_holds_nothing_back);
ATF_TC_BODY(a_busy_fd_holds_nothing_back, tc)
{
	struct loop_event ev;
	int p[2];
	ms due;

	begin();
	ATF_REQUIRE_EQ(pipe2(p, O_NONBLOCK), 0);
	ATF_REQUIRE_EQ(loop_watch(p[0], 7, false), 0);
	ATF_REQUIRE_EQ(write(p[1], "x", 1), 1);
	due = loop_now() + 30;
	do
		ev = next_by(due);
	while (ev.kind == LOOP_FD);
	ATF_CHECK_EQ(ev.kind, LOOP_TIME);
	(void)kill(getpid(), SIGUSR1);
	ATF_CHECK_EQ(next().kind, LOOP_SIGNAL);
}

ATF_TC_WITHOUT_HEAD(due_times_without_end_hold_nothing_back);
ATF_TC_BODY(due_times_without_end_hold_nothing_back, tc)
{
	struct loop_event ev;
	int p[2], times[2] = { 0, 0 };

	begin();
	ATF_REQUIRE_EQ(pipe2(p, O_NONBLOCK), 0);
	ATF_REQUIRE_EQ(loop_watch(p[0], 7, false), 0);
	ATF_REQUIRE_EQ(write(p[1], "x", 1), 1);
	wait_dead(exiting(0));
	for (int i = 0; i < 2; i++) {
		while ((ev = next_by(0)).kind == LOOP_TIME && times[i] < 3)
			times[i]++;
		ATF_CHECK_EQ(ev.kind, i == 0 ? LOOP_CHILD : LOOP_FD);
	}
	ATF_CHECK(times[0] >= 1 && times[1] >= 1);
}

ATF_TC_WITHOUT_HEAD(fds_are_watched_silenced_and_forgotten);
ATF_TC_BODY(fds_are_watched_silenced_and_forgotten, tc)
{
	int p[2];

	begin();
	ATF_REQUIRE_EQ(pipe2(p, O_NONBLOCK), 0);
	ATF_REQUIRE_EQ(loop_watch(p[0], 7, false), 0);
	ATF_CHECK(loop_watch(p[0], 7, false) < 0 && errno == EEXIST);
	ATF_CHECK(nothing_comes());
	ATF_REQUIRE_EQ(write(p[1], "x", 1), 1);
	ATF_CHECK_EQ(next().tag, 7);
	ATF_CHECK_EQ(loop_rewatch(p[0], 7, false, false), 0);
	ATF_CHECK(nothing_comes());
	ATF_CHECK_EQ(loop_rewatch(p[0], 7, false, false), 0); /* it stays, silent */
	close(p[1]);
	ATF_CHECK(nothing_comes()); /* not even its end */
	ATF_CHECK_EQ(loop_rewatch(p[0], 8, true, false), 0);
	ATF_CHECK_EQ(next().tag, 8);
	loop_forget(p[0], 8);
	ATF_CHECK(nothing_comes());
	loop_forget(p[0], 8);
	close(p[0]);
	ATF_CHECK(loop_watch(p[0], 7, false) < 0 && errno == EBADF);
}

ATF_TC_WITHOUT_HEAD(writing_is_watched);
ATF_TC_BODY(writing_is_watched, tc)
{
	char bytes[4096] = { 0 };
	int p[2];

	begin();
	ATF_REQUIRE_EQ(pipe2(p, O_NONBLOCK), 0);
	ATF_REQUIRE_EQ(loop_watch(p[1], 7, true), 0);
	ATF_CHECK_EQ(next().tag, 7);
	while (write(p[1], bytes, sizeof bytes) > 0)
		;
	ATF_CHECK(nothing_comes());
	ATF_REQUIRE_EQ(read(p[0], bytes, sizeof bytes), sizeof bytes);
	ATF_CHECK_EQ(next().tag, 7);
	ATF_CHECK_EQ(loop_rewatch(p[1], 7, true, false), 0);
	ATF_CHECK(nothing_comes());
}

ATF_TC_WITHOUT_HEAD(what_is_forgotten_is_not_told_any_more);
ATF_TC_BODY(what_is_forgotten_is_not_told_any_more, tc)
{
	enum { N = 5 };
	struct loop_event ev;
	int p[N][2];

	begin();
	for (int i = 0; i < N; i++) {
		ATF_REQUIRE_EQ(pipe2(p[i], O_NONBLOCK), 0);
		ATF_REQUIRE_EQ(loop_watch(p[i][0], (uint64_t)i, false), 0);
		ATF_REQUIRE_EQ(write(p[i][1], "x", 1), 1);
	}
	ev = next(); /* all five are known to be ready now */
	for (int i = 0; i < N; i++)
		loop_forget(p[i][0], (uint64_t)i);
	ATF_CHECK_EQ(ev.kind, LOOP_FD);
	ATF_CHECK(nothing_comes());
}

ATF_TC_WITHOUT_HEAD(more_fds_than_a_batch_are_all_told);
ATF_TC_BODY(more_fds_than_a_batch_are_all_told, tc)
{
	enum { N = 200 };
	bool told[N] = { false };
	int p[N][2];

	begin();
	for (int i = 0; i < N; i++) {
		ATF_REQUIRE_EQ(pipe2(p[i], O_NONBLOCK), 0);
		ATF_REQUIRE_EQ(loop_watch(p[i][0], (uint64_t)i, false), 0);
		ATF_REQUIRE_EQ(write(p[i][1], "x", 1), 1);
	}
	for (int i = 0; i < N; i++) {
		struct loop_event ev = next();

		ATF_REQUIRE(ev.kind == LOOP_FD && ev.tag < N && !told[ev.tag]);
		told[ev.tag] = true;
		loop_forget(p[ev.tag][0], ev.tag);
	}
	ATF_CHECK(nothing_comes());
}

ATF_TC_WITHOUT_HEAD(closed_all_is_as_before);
ATF_TC_BODY(closed_all_is_as_before, tc)
{
	int before = dup(0), after;
	struct sigaction sa;

	ATF_REQUIRE(before >= 0);
	close(before);
	begin();
	loop_close();
	for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++) {
		ATF_REQUIRE_EQ(sigaction(sigs[i], NULL, &sa), 0);
		ATF_CHECK(sa.sa_handler == SIG_DFL);
	}
	after = dup(0);
	ATF_CHECK_EQ(after, before); /* nothing stays open */
	close(after);
	loop_close();
	begin();
	(void)kill(getpid(), SIGUSR1);
	ATF_CHECK_EQ(next().sig, SIGUSR1);
}

ATF_TC_WITHOUT_HEAD(what_cannot_be_caught_is_an_error);
ATF_TC_BODY(what_cannot_be_caught_is_an_error, tc)
{
	static const int kills[] = { SIGUSR1, SIGKILL };
	struct sigaction sa;

	ATF_CHECK(loop_open(kills, 2) < 0 && errno == EINVAL);
	ATF_REQUIRE_EQ(sigaction(SIGUSR1, NULL, &sa), 0);
	ATF_CHECK(sa.sa_handler == SIG_DFL);
}

/* What has been caught is told first; what comes later waits, and is told after it. */
ATF_TC_WITHOUT_HEAD(held_when_nothing_is_untold);
ATF_TC_BODY(held_when_nothing_is_untold, tc)
{
	pid_t child;

	begin();
	ATF_REQUIRE_EQ(raise(SIGUSR1), 0);
	ATF_CHECK(!loop_hold());
	ATF_CHECK_EQ(next().sig, SIGUSR1);
	ATF_CHECK_EQ(next_by(0).kind, LOOP_TIME); /* the pipe is empty then */
	ATF_CHECK(loop_hold());
	ATF_REQUIRE_EQ(raise(SIGUSR2), 0);
	child = exiting(3);
	ATF_CHECK_EQ(next_by(0).kind, LOOP_TIME);
	loop_release();
	ATF_CHECK_EQ(next().sig, SIGUSR2);
	ATF_CHECK_EQ(next().pid, child);
	/* a death that was told, and a record of it that is nobody's news any more */
	child = exiting(4);
	ATF_CHECK_EQ(next().pid, child);
	while (!loop_hold())
		ATF_CHECK_EQ(next_by(0).kind, LOOP_TIME);
	ATF_CHECK(loop_childless());
	loop_release();
	loop_close();
}

ATF_TC_WITHOUT_HEAD(opened_held);
ATF_TC_BODY(opened_held, tc)
{
	sigset_t mask;

	sigfillset(&mask);
	ATF_REQUIRE_EQ(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
	ATF_REQUIRE_EQ(raise(SIGUSR1), 0);
	ATF_REQUIRE_EQ(loop_open_held(sigs, sizeof sigs / sizeof *sigs), 0);
	ATF_CHECK(nothing_comes());
	loop_release();
	ATF_CHECK_EQ(next().sig, SIGUSR1);
	loop_close();
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, time_comes_when_it_is_due);
	ATF_TP_ADD_TC(tp, signals_come_with_their_sender);
	ATF_TP_ADD_TC(tp, a_signal_of_the_kernel_has_no_sender);
	ATF_TP_ADD_TC(tp, a_signal_that_was_blocked_before_comes);
	ATF_TP_ADD_TC(tp, no_signal_is_lost_in_a_flood);
	ATF_TP_ADD_TC(tp, deaths_are_told_as_waitpid_does);
	ATF_TP_ADD_TC(tp, the_dead_are_reaped_at_the_next_call);
	ATF_TP_ADD_TC(tp, every_death_is_told_once);
	ATF_TP_ADD_TC(tp, a_death_from_before_is_told);
	ATF_TP_ADD_TC(tp, childless_when_nobody_is_left);
	ATF_TP_ADD_TC(tp, signals_then_time_then_deaths_then_fds);
	ATF_TP_ADD_TC(tp, a_busy_fd_holds_nothing_back);
	ATF_TP_ADD_TC(tp, due_times_without_end_hold_nothing_back);
	ATF_TP_ADD_TC(tp, fds_are_watched_silenced_and_forgotten);
	ATF_TP_ADD_TC(tp, writing_is_watched);
	ATF_TP_ADD_TC(tp, what_is_forgotten_is_not_told_any_more);
	ATF_TP_ADD_TC(tp, more_fds_than_a_batch_are_all_told);
	ATF_TP_ADD_TC(tp, closed_all_is_as_before);
	ATF_TP_ADD_TC(tp, what_cannot_be_caught_is_an_error);
	ATF_TP_ADD_TC(tp, held_when_nothing_is_untold);
	ATF_TP_ADD_TC(tp, opened_held);
	return atf_no_error();
}
