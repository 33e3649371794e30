#include "lib/sys/capture.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "lib/sys/proc.h"
#include "lib/sys/target.h"
#include "tests/unit/sys_case.h"

#define THREADS 8
#define SIGNALS 2000

/* What test and target have in common. */
static struct shared {
	volatile unsigned long count[THREADS];
	volatile pid_t tid[THREADS];
	volatile int ready;
	unsigned char *volatile pattern; /* on the target's stack */
	volatile int arrived, wrong;
	volatile int futex;
} * shared;

static unsigned char room[THREADS][CAPTURE_ROOM];
static struct capture c;
static struct target_maps maps;

static void
begin(void)
{
	shared =
	    mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ATF_REQUIRE(shared != MAP_FAILED);
}

static uint64_t
end_of(void *arg, uint64_t address)
{
	const struct target_map *m = target_maps_find(arg, address);

	return m ? m->end : 0;
}

static void
until(bool (*fact)(pid_t), pid_t pid)
{
	for (int i = 0; i < LIMIT_MS; i++) {
		if (fact(pid))
			return;
		(void)usleep(1000);
	}
	atf_tc_fail("it did not come to pass");
}

static bool
is_ready(pid_t pid)
{
	return shared->ready > 0;
}

static bool
sleeps(pid_t pid)
{
	struct proc_stat st;

	return proc_stat(pid, &st) && st.state == 'S';
}

static bool
stands(pid_t pid)
{
	struct proc_stat st;

	return proc_stat(pid, &st) && st.state == 'T';
}

static void
end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
	target_maps_free(&maps);
}

/* ---- targets ---- */

static void
sleep_in(int how)
{
	struct timespec t = { .tv_sec = 1000 };
	int fds[2];
	char byte;

	switch (how) {
	case 0:
		(void)nanosleep(&t, NULL);
		break;
	case 1:
		(void)poll(NULL, 0, -1);
		break;
	case 2:
		if (pipe(fds) == 0)
			(void)read(fds[0], &byte, 1);
		break;
	case 3:
		(void)syscall(SYS_futex, &shared->futex, FUTEX_WAIT, 0, NULL, NULL, 0);
		break;
	default:
		break;
	}
}

__attribute__((noinline)) static void
sleep_with_pattern(int how)
{
	unsigned char pattern[64];

	for (unsigned i = 0; i < sizeof pattern; i++)
		pattern[i] = (unsigned char)(i * 7 + 1);
	shared->pattern = pattern;
	shared->ready = 1;
	for (;;)
		sleep_in(how);
}

/* Such a child, once it sleeps. */
static pid_t
asleep_in(int how)
{
	pid_t pid;

	shared->ready = 0;
	pid = fork();
	ATF_REQUIRE(pid >= 0);
	if (pid == 0)
		sleep_with_pattern(how);
	until(is_ready, pid);
	until(sleeps, pid);
	ATF_REQUIRE_EQ(target_maps_read(&maps, pid, pid), 0);
	return pid;
}

__attribute__((noinline, no_sanitize("address", "undefined"))) static void
busy(volatile unsigned long *count)
{
	for (;;)
		++*count;
}

static pid_t
busy_child(void)
{
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		shared->ready = 1;
		busy(&shared->count[0]);
	}
	until(is_ready, pid);
	ATF_REQUIRE_EQ(target_maps_read(&maps, pid, pid), 0);
	return pid;
}

static void *
thread(void *arg)
{
	size_t i = (size_t)arg;

	shared->tid[i] = (pid_t)syscall(SYS_gettid);
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
	busy(&shared->count[i]);
	return NULL;
}

/* The main thread is one of them, or ends and leaves the others. */
static pid_t
many_threads(bool leader_ends)
{
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		pthread_t t;

		for (size_t i = 1; i < THREADS; i++)
			if (pthread_create(&t, NULL, thread, (void *)i) != 0)
				_exit(1);
		if (leader_ends)
			(void)syscall(SYS_exit, 0);
		(void)thread(NULL);
	}
	for (int i = 0; shared->ready < THREADS - leader_ends && i < LIMIT_MS; i++)
		(void)usleep(1000);
	ATF_REQUIRE_EQ(shared->ready, THREADS - leader_ends);
	ATF_REQUIRE_EQ(target_maps_read(&maps, pid, shared->tid[1]), 0);
	return pid;
}

static void
check_grows(size_t i)
{
	unsigned long before = shared->count[i];

	for (int k = 0; shared->count[i] == before && k < LIMIT_MS; k++)
		(void)usleep(1000);
	ATF_CHECK(shared->count[i] != before);
}

/* ---- without a stop ---- */

/* As it comes to rest only after its state says so. */
static void
capture_at_rest(pid_t pid, capture_end_of *ends, void *arg)
{
	for (int i = 0; i < LIMIT_MS; i++) {
		capture_asleep(&(struct capture_from){ pid, ends, arg, room[0] }, pid, &c);
		if (c.how == CAPTURE_NO_STOP || c.error != EAGAIN)
			return;
		(void)usleep(1000);
	}
}

static void
check_stack(pid_t pid)
{
	const struct target_map *m = target_maps_find(&maps, c.sp);
	uint64_t at = (uintptr_t)shared->pattern;

	ATF_REQUIRE(m != NULL);
	ATF_CHECK_EQ(c.end, m->end);
	ATF_CHECK(c.len == (m->end - c.sp < CAPTURE_ROOM ? m->end - c.sp : CAPTURE_STACK));
	ATF_REQUIRE(at > c.sp && at + 64 <= c.sp + c.len);
	for (unsigned i = 0; i < 64; i++)
		ATF_CHECK_EQ(c.bytes[at - c.sp + i], (unsigned char)(i * 7 + 1));
	m = target_maps_find(&maps, c.pc);
	ATF_REQUIRE(m != NULL);
	ATF_CHECK(m->executable);
}

ATF_TC_WITHOUT_HEAD(one_that_sleeps_is_not_stopped);
ATF_TC_BODY(one_that_sleeps_is_not_stopped, tc)
{
	begin();
	for (int how = 0; how < 4; how++) {
		pid_t pid = asleep_in(how);

		for (int i = 0; i < 50; i++) {
			capture_at_rest(pid, end_of, &maps);
			ATF_REQUIRE_EQ_MSG(
			    c.how, CAPTURE_NO_STOP, "%d: %s: %s", how, c.step, strerror(c.error));
		}
		check_stack(pid);
		ATF_CHECK_EQ(c.held_ns, 0);
		end(pid);
	}
}

ATF_TC_WITHOUT_HEAD(one_that_is_suspended_is_not_stopped);
ATF_TC_BODY(one_that_is_suspended_is_not_stopped, tc)
{
	pid_t pid;

	begin();
	pid = asleep_in(0);
	(void)kill(pid, SIGSTOP);
	until(stands, pid);
	capture_at_rest(pid, end_of, &maps);
	ATF_CHECK_EQ_MSG(c.how, CAPTURE_NO_STOP, "%s: %s", c.step, strerror(c.error));
	check_stack(pid);
	ATF_CHECK(stands(pid));
	end(pid);

	shared->ready = 0;
	pid = busy_child(); /* in no system call */
	(void)kill(pid, SIGSTOP);
	until(stands, pid);
	capture_at_rest(pid, end_of, &maps);
	ATF_CHECK_EQ_MSG(c.how, CAPTURE_NO_STOP, "%s: %s", c.step, strerror(c.error));
	ATF_CHECK(c.pc >= (uintptr_t)busy && c.pc < (uintptr_t)busy + 256);
	end(pid);
}

ATF_TC_WITHOUT_HEAD(one_that_runs_has_no_proof);
ATF_TC_BODY(one_that_runs_has_no_proof, tc)
{
	pid_t pid;

	begin();
	pid = busy_child();
	for (int i = 0; i < 500; i++) {
		capture_asleep(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		ATF_REQUIRE_EQ(c.how, CAPTURE_FAILED);
		ATF_REQUIRE_EQ(c.error, EAGAIN);
	}
	end(pid);
}

#define PAGE  1024 /* numbers */
#define PAGES 60

/* It writes a new number to each page and naps: a mixture would be of two moments. */
__attribute__((noinline)) static void
scribble(void)
{
	volatile unsigned numbers[PAGES * PAGE];

	(void)prctl(PR_SET_TIMERSLACK, 1UL);
	shared->pattern = (unsigned char *)(size_t)numbers;
	for (unsigned n = 0;; n++) {
		/* to half a millisecond: the machine may be slow at times */
		struct timespec t = { .tv_nsec = n % 128 * (n % 128) * 32 };

		for (size_t i = 0; i < PAGES; i++)
			numbers[i * PAGE] = n;
		shared->ready = 1;
		(void)nanosleep(&t, NULL);
	}
}

ATF_TC_WITHOUT_HEAD(what_is_proved_is_of_one_moment);
ATF_TC_BODY(what_is_proved_is_of_one_moment, tc)
{
	int proved = 0, not = 0;
	pid_t pid;

	begin();
	pid = fork();
	if (pid == 0)
		scribble();
	until(is_ready, pid);
	ATF_REQUIRE_EQ(target_maps_read(&maps, pid, pid), 0);
	for (int i = 0; i < 50000; i++) {
		const unsigned char *p;

		capture_asleep(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		not += c.how == CAPTURE_FAILED && c.error == EAGAIN;
		if (c.how != CAPTURE_NO_STOP)
			continue;
		proved++;
		ATF_REQUIRE((uintptr_t)shared->pattern >= c.sp);
		p = c.bytes + ((uintptr_t)shared->pattern - c.sp);
		ATF_REQUIRE(p + sizeof(unsigned[PAGES * PAGE]) <= c.bytes + c.len);
		for (size_t k = 1; k < PAGES; k++)
			ATF_REQUIRE_EQ(memcmp(p, p + k * sizeof(unsigned[PAGE]), 4), 0);
	}
	ATF_CHECK_EQ(proved + not, 50000);
	ATF_CHECK(proved > 0 && not > 0);
	printf("proved %d, not %d\n", proved, not );
	end(pid);
}

/* ---- with a stop ---- */

ATF_TC_WITHOUT_HEAD(one_that_runs_is_stopped_and_runs_on);
ATF_TC_BODY(one_that_runs_is_stopped_and_runs_on, tc)
{
	uint64_t longest = 0, sum = 0;
	const struct target_map *m;
	pid_t pid;

	begin();
	pid = busy_child();
	for (int i = 0; i < 500; i++) {
		capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		ATF_REQUIRE_EQ_MSG(c.how, CAPTURE_STOPPED, "%s: %s", c.step, strerror(c.error));
		ATF_REQUIRE(c.pc >= (uintptr_t)busy && c.pc < (uintptr_t)busy + 256);
		ATF_REQUIRE(c.held_ns > 0);
		sum += c.held_ns;
		longest = c.held_ns > longest ? c.held_ns : longest;
	}
	printf("held %lu ns, at most %lu\n", (unsigned long)(sum / 500), (unsigned long)longest);
	ATF_CHECK(c.regset_len >= 27 * 8 && c.regset_len <= CAPTURE_REGSET);
	ATF_CHECK(!c.in_stop);
	ATF_CHECK_EQ(c.signal, 0);
	m = target_maps_find(&maps, c.sp);
	ATF_REQUIRE(m != NULL);
	ATF_CHECK_EQ(c.end, m->end);
	ATF_CHECK(c.len > 0);
	check_grows(0);
	end(pid);
}

ATF_TC_WITHOUT_HEAD(one_that_sleeps_can_be_stopped);
ATF_TC_BODY(one_that_sleeps_can_be_stopped, tc)
{
	pid_t pid;

	begin();
	pid = asleep_in(0);
	capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
	ATF_REQUIRE_EQ_MSG(c.how, CAPTURE_STOPPED, "%s: %s", c.step, strerror(c.error));
	check_stack(pid);
	until(sleeps, pid);
	end(pid);
}

ATF_TC_WITHOUT_HEAD(no_alarm_comes_afterwards_and_the_mask_is_as_before);
ATF_TC_BODY(no_alarm_comes_afterwards_and_the_mask_is_as_before, tc)
{
	sigset_t set, now;
	struct itimerval timer;
	struct sigaction sa;
	pid_t pid;

	begin();
	pid = busy_child();
	sigfillset(&set);
	(void)sigprocmask(SIG_SETMASK, &set, NULL); /* as a child may inherit it */
	capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
	ATF_CHECK_EQ(c.how, CAPTURE_STOPPED);
	(void)sigprocmask(SIG_SETMASK, NULL, &now);
	ATF_CHECK(sigismember(&now, SIGALRM) == 1 && sigismember(&now, SIGTERM) == 1);
	ATF_REQUIRE_EQ(sigaction(SIGALRM, NULL, &sa), 0);
	ATF_CHECK(sa.sa_handler == SIG_DFL);
	ATF_REQUIRE_EQ(getitimer(ITIMER_REAL, &timer), 0);
	ATF_CHECK(timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0);
	end(pid);
}

/* ---- signals ---- */

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	if (info->si_code != SI_QUEUE || info->si_value.sival_int != shared->arrived)
		shared->wrong++;
	shared->arrived++;
}

/* Busy, and takes the signals with values in their order. */
static pid_t
counting_child(void)
{
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

		(void)sigaction(SIGRTMIN, &sa, NULL);
		shared->ready = 1;
		busy(&shared->count[0]);
	}
	until(is_ready, pid);
	ATF_REQUIRE_EQ(target_maps_read(&maps, pid, pid), 0);
	return pid;
}

static void
queue(pid_t pid, int value)
{
	union sigval v = { .sival_int = value };
	int tries = 0;

	while (sigqueue(pid, SIGRTMIN, v) < 0 && errno == EAGAIN && tries++ < LIMIT_MS)
		(void)usleep(1000);
}

static void
check_arrived(int n)
{
	for (int i = 0; shared->arrived < n && i < LIMIT_MS; i++)
		(void)usleep(1000);
	ATF_CHECK_EQ(shared->arrived, n);
	ATF_CHECK_EQ(shared->wrong, 0);
}

ATF_TC_WITHOUT_HEAD(no_signal_is_lost);
ATF_TC_BODY(no_signal_is_lost, tc)
{
	int passed_on = 0;
	pid_t pid, sender;

	begin();
	pid = counting_child();
	sender = fork();
	if (sender == 0) {
		for (int i = 0; i < SIGNALS; i++)
			queue(pid, i);
		_exit(0);
	}
	for (int i = 0; i < 200 || (shared->arrived < SIGNALS && i < 20000); i++) {
		capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		ATF_REQUIRE_EQ_MSG(c.how, CAPTURE_STOPPED, "%s: %s", c.step, strerror(c.error));
		passed_on += c.signal == SIGRTMIN;
	}
	ATF_CHECK_EQ(exit_of(sender), 0);
	check_arrived(SIGNALS);
	printf("passed on: %d\n", passed_on);
	end(pid);
}

/* Stops it with a signal that it does not have yet. */
static bool
meet_signal(pid_t pid)
{
	c = (struct capture){ .how = CAPTURE_STOPPED };
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return false;
	queue(pid, 0);
	return capture_held(
		   &(struct capture_from){ pid, end_of, &maps, room[0] }, pid, CAPTURE_WAIT, &c) &&
	    c.signal == SIGRTMIN;
}

ATF_TC_WITHOUT_HEAD(a_signal_on_its_way_is_delivered);
ATF_TC_BODY(a_signal_on_its_way_is_delivered, tc)
{
	pid_t pid;

	begin();
	pid = counting_child();
	ATF_REQUIRE(meet_signal(pid));
	ATF_CHECK_EQ(c.how, CAPTURE_STOPPED);
	ATF_CHECK(c.len > 0);
	ATF_CHECK(!c.in_stop);
	ATF_CHECK_EQ(shared->arrived, 0);
	capture_let_go(pid, &c);
	check_arrived(1);
	check_grows(0);
	end(pid);
}

ATF_TC_WITHOUT_HEAD(a_signal_on_its_way_is_not_lost_with_us);
ATF_TC_BODY(a_signal_on_its_way_is_not_lost_with_us, tc)
{
	pid_t pid, capturer;

	begin();
	pid = counting_child();
	capturer = fork();
	if (capturer == 0) {
		shared->ready = meet_signal(pid) ? 2 : 3;
		for (;;)
			(void)pause();
	}
	for (int i = 0; shared->ready < 2 && i < LIMIT_MS; i++)
		(void)usleep(1000);
	ATF_REQUIRE_EQ(shared->ready, 2);
	ATF_CHECK_EQ(shared->arrived, 0);
	(void)kill(capturer, SIGKILL);
	(void)status_of(capturer);
	check_arrived(1);
	check_grows(0);
	end(pid);
}

ATF_TC_WITHOUT_HEAD(one_that_was_suspended_stays_so);
ATF_TC_BODY(one_that_was_suspended_stays_so, tc)
{
	pid_t pid;

	begin();
	pid = busy_child();
	(void)kill(pid, SIGSTOP);
	until(stands, pid);
	for (int i = 0; i < 100; i++) {
		unsigned long before = shared->count[0];

		capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		ATF_REQUIRE_EQ_MSG(c.how, CAPTURE_STOPPED, "%s: %s", c.step, strerror(c.error));
		ATF_REQUIRE(c.in_stop);
		ATF_REQUIRE_EQ(c.signal, 0);
		until(stands, pid);
		ATF_REQUIRE_EQ(shared->count[0], before);
	}
	ATF_CHECK(c.pc >= (uintptr_t)busy && c.pc < (uintptr_t)busy + 256);
	(void)kill(pid, SIGCONT);
	check_grows(0);
	end(pid);
}

/* ---- what cannot be had ---- */

static void
check_error(pid_t pid, pid_t tid, int asleep, int stop)
{
	capture_asleep(&(struct capture_from){ pid, end_of, &maps, room[0] }, tid, &c);
	ATF_CHECK_EQ(c.how, CAPTURE_FAILED);
	ATF_CHECK_EQ_MSG(c.error, asleep, "%s: %s", c.step, strerror(c.error));
	capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, tid, &c);
	ATF_CHECK_EQ(c.how, CAPTURE_FAILED);
	ATF_CHECK_EQ_MSG(c.error, stop, "%s: %s", c.step, strerror(c.error));
	ATF_CHECK(c.step && *c.step);
}

ATF_TC_WITHOUT_HEAD(those_that_have_ended);
ATF_TC_BODY(those_that_have_ended, tc)
{
	pid_t pid;

	begin();
	pid = sleeper();
	(void)kill(pid, SIGKILL);
	wait_dead(pid);
	check_error(pid, pid, ESRCH, ESRCH);
	(void)status_of(pid);
	check_error(pid, pid, ESRCH, ESRCH);
	check_error(0x7ffffff0, 0x7ffffff0, ESRCH, ESRCH);
}

ATF_TC_WITHOUT_HEAD(a_thread_of_another_process);
ATF_TC_BODY(a_thread_of_another_process, tc)
{
	pid_t one, other;

	begin();
	one = asleep_in(0);
	target_maps_free(&maps);
	other = busy_child();
	capture_stop(&(struct capture_from){ one, end_of, &maps, room[0] }, other, &c);
	ATF_CHECK_EQ(c.how, CAPTURE_FAILED);
	ATF_CHECK_EQ(c.error, ESRCH);
	check_grows(0);
	end(one);
	end(other);
}

ATF_TC_WITHOUT_HEAD(one_that_is_traced_by_another);
ATF_TC_BODY(one_that_is_traced_by_another, tc)
{
	pid_t pid, tracer;

	begin();
	pid = busy_child();
	tracer = fork();
	if (tracer == 0) {
		shared->ready = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 ? 2 : 3;
		for (;;)
			(void)pause();
	}
	for (int i = 0; shared->ready < 2 && i < LIMIT_MS; i++)
		(void)usleep(1000);
	ATF_REQUIRE_EQ(shared->ready, 2);
	check_error(pid, pid, EAGAIN, EPERM);
	(void)kill(tracer, SIGKILL);
	(void)status_of(tracer);
	capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
	ATF_CHECK_EQ(c.how, CAPTURE_STOPPED);
	check_grows(0);
	end(pid);
}

ATF_TC(without_permission);
ATF_TC_HEAD(without_permission, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(without_permission, tc)
{
	pid_t pid, other;

	begin();
	pid = busy_child();
	other = fork();
	if (other == 0) {
		int failures = 0;

		if (setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		capture_asleep(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		failures += c.how != CAPTURE_FAILED || (c.error != EPERM && c.error != EACCES);
		capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		failures += c.how != CAPTURE_FAILED || c.error != EPERM;
		failures += capture_memory(pid, c.sp, room[0], 8) != 0;
		_exit(failures ? 2 : 0);
	}
	ATF_CHECK_EQ(exit_of(other), 0);
	check_grows(0);
	end(pid);
}

/* The parent of a child of vfork(2) waits in state D. */
ATF_TC_WITHOUT_HEAD(one_that_cannot_be_stopped);
ATF_TC_BODY(one_that_cannot_be_stopped, tc)
{
	pid_t pid, capturer;

	begin();
	pid = fork();
	if (pid == 0) {
		if (vfork() == 0) {
			shared->ready = getpid();
			while (shared->count[1] == 0)
				(void)usleep(1000);
			_exit(0);
		}
		busy(&shared->count[0]);
	}
	until(is_ready, pid);
	ATF_REQUIRE_EQ(target_maps_read(&maps, pid, pid), 0);
	capture_at_rest(pid, end_of, &maps);
	ATF_CHECK_EQ_MSG(c.how, CAPTURE_NO_STOP, "%s: %s", c.step, strerror(c.error));
	capturer = fork();
	if (capturer == 0) {
		capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
		_exit(c.how == CAPTURE_FAILED && c.error == ETIMEDOUT ? 0 : 1);
	}
	ATF_CHECK_EQ(exit_of(capturer), 0);
	shared->count[1] = 1;
	check_grows(0); /* and was not stopped afterwards */
	end(pid);
}

/* ---- many threads ---- */

ATF_TC_WITHOUT_HEAD(each_thread);
ATF_TC_BODY(each_thread, tc)
{
	pid_t pid;

	begin();
	pid = many_threads(false);
	for (size_t i = 0; i < THREADS; i++) {
		capture_stop(
		    &(struct capture_from){ pid, end_of, &maps, room[0] }, shared->tid[i], &c);
		ATF_CHECK_EQ_MSG(c.how, CAPTURE_STOPPED, "%s: %s", c.step, strerror(c.error));
		ATF_CHECK(c.pc >= (uintptr_t)busy && c.pc < (uintptr_t)busy + 256);
		ATF_CHECK(c.len > 0 && c.end > c.sp);
		check_grows(i);
	}
	end(pid);
}

ATF_TC_WITHOUT_HEAD(threads_whose_leader_has_ended);
ATF_TC_BODY(threads_whose_leader_has_ended, tc)
{
	pid_t pid;

	begin();
	pid = many_threads(true);
	check_error(pid, pid, ESRCH, ESRCH);
	for (size_t i = 1; i < THREADS; i++) {
		capture_stop(
		    &(struct capture_from){ pid, end_of, &maps, room[0] }, shared->tid[i], &c);
		ATF_CHECK_EQ_MSG(c.how, CAPTURE_STOPPED, "%s: %s", c.step, strerror(c.error));
		ATF_CHECK(c.len > 0);
	}
	end(pid);
}

static bool
hold_all(pid_t pid, struct capture held[THREADS])
{
	bool ok = true;

	for (size_t i = 0; i < THREADS; i++)
		ok &= capture_hold(shared->tid[i], &held[i]);
	for (size_t i = 0; i < THREADS; i++)
		ok &= capture_held(&(struct capture_from){ pid, end_of, &maps, room[i] },
		    shared->tid[i], CAPTURE_WAIT, &held[i]);
	return ok;
}

ATF_TC_WITHOUT_HEAD(all_threads_at_one_moment);
ATF_TC_BODY(all_threads_at_one_moment, tc)
{
	static struct capture held[THREADS];
	unsigned long before[THREADS];
	pid_t pid;

	begin();
	pid = many_threads(false);
	ATF_REQUIRE(hold_all(pid, held));
	for (size_t i = 0; i < THREADS; i++)
		before[i] = shared->count[i];
	(void)usleep(50000);
	for (size_t i = 0; i < THREADS; i++) {
		ATF_CHECK_EQ(shared->count[i], before[i]);
		ATF_CHECK_EQ(held[i].how, CAPTURE_STOPPED);
		ATF_CHECK(held[i].len > 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		capture_let_go(shared->tid[i], &held[i]);
	for (size_t i = 0; i < THREADS; i++) {
		ATF_CHECK(held[i].held_ns >= 50000000 && held[i].held_ns < 10000000000);
		check_grows(i);
	}
	end(pid);
}

ATF_TC_WITHOUT_HEAD(what_could_not_be_held_says_why);
ATF_TC_BODY(what_could_not_be_held_says_why, tc)
{
	pid_t pid;

	begin();
	pid = busy_child();
	ATF_CHECK(!capture_hold(1 << 30, &c));
	ATF_CHECK_EQ(c.error, ESRCH);
	c.error = EPERM; /* whatever it was */
	ATF_CHECK(!capture_held(
	    &(struct capture_from){ pid, end_of, &maps, room[0] }, pid, CAPTURE_WAIT, &c));
	ATF_CHECK_EQ(c.how, CAPTURE_FAILED);
	ATF_CHECK_EQ(c.error, EPERM);
	capture_let_go(1 << 30, &c);
	ATF_CHECK_EQ(c.error, EPERM);
	end(pid);
}

ATF_TC_WITHOUT_HEAD(they_run_on_when_we_are_killed);
ATF_TC_BODY(they_run_on_when_we_are_killed, tc)
{
	pid_t pid, capturer;

	begin();
	pid = many_threads(false);
	capturer = fork();
	if (capturer == 0) {
		static struct capture held[THREADS];

		shared->ready = hold_all(pid, held) ? 100 : 200;
		for (;;)
			(void)pause();
	}
	for (int i = 0; shared->ready < 100 && i < LIMIT_MS; i++)
		(void)usleep(1000);
	ATF_REQUIRE_EQ(shared->ready, 100);
	(void)kill(capturer, SIGKILL);
	(void)status_of(capturer);
	for (size_t i = 0; i < THREADS; i++)
		check_grows(i);
	end(pid);
}

/* ---- memory ---- */

ATF_TC_WITHOUT_HEAD(memory_up_to_a_hole);
ATF_TC_BODY(memory_up_to_a_hole, tc)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *p;
	uint64_t at;
	pid_t pid;

	begin();
	p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ATF_REQUIRE(p != MAP_FAILED);
	at = (uintptr_t)p;
	for (size_t i = 0; i < 2 * page; i++)
		p[i] = (unsigned char)(i * 31 + i / 256);
	ATF_REQUIRE_EQ(munmap(p + 2 * page, page), 0);
	pid = sleeper();
	ATF_CHECK_EQ(capture_memory(pid, at, room[0], 2 * page), 2 * page);
	ATF_CHECK_EQ(memcmp(room[0], p, 2 * page), 0);
	memset(room[0], 0, 4 * page);
	ATF_CHECK_EQ(capture_memory(pid, at + 100, room[0], 3 * page), 2 * page - 100);
	ATF_CHECK_EQ(memcmp(room[0], p + 100, 2 * page - 100), 0);
	ATF_CHECK_EQ(capture_memory(pid, at + 2 * page, room[0], page), 0);
	ATF_CHECK_EQ(capture_memory(pid, at + 2 * page - 1, room[0], 1), 1);
	ATF_CHECK_EQ(capture_memory(pid, 0, room[0], 8), 0);
	ATF_CHECK_EQ(capture_memory(pid, UINT64_MAX - 7, room[0], 16), 0);
	ATF_CHECK_EQ(capture_memory(pid, at, room[0], 0), 0);
	ATF_CHECK_EQ(capture_memory(0x7ffffff0, at, room[0], 8), 0);
	end(pid);
}

/* A stack that is longer than what is copied of it. */
__attribute__((noinline)) static void
deep(volatile unsigned char *outer)
{
	volatile unsigned char inner[512 * 1024];

	for (size_t i = 0; i < sizeof inner; i++)
		inner[i] = (unsigned char)(i / 4096);
	outer[0] = 99;
	shared->pattern = (unsigned char *)(size_t)inner;
	shared->ready = 1;
	for (;;)
		(void)pause();
}

ATF_TC_WITHOUT_HEAD(both_ends_of_a_long_stack);
ATF_TC_BODY(both_ends_of_a_long_stack, tc)
{
	volatile unsigned char outer[64] = { 0 };
	const unsigned char *inner;
	uint64_t at = (uintptr_t)outer;
	pid_t pid;

	begin();
	pid = fork();
	if (pid == 0)
		deep(outer);
	until(is_ready, pid);
	until(sleeps, pid);
	ATF_REQUIRE_EQ(target_maps_read(&maps, pid, pid), 0);
	capture_at_rest(pid, end_of, &maps);
	ATF_REQUIRE_EQ_MSG(c.how, CAPTURE_NO_STOP, "%s: %s", c.step, strerror(c.error));
	ATF_CHECK_EQ(c.len, CAPTURE_STACK);
	ATF_CHECK_EQ(c.end_len, CAPTURE_END);
	ATF_REQUIRE(at >= c.end - c.end_len && at < c.end);
	ATF_CHECK_EQ(c.bytes[c.len + (at - (c.end - c.end_len))], 99);
	ATF_REQUIRE((uintptr_t)shared->pattern > c.sp);
	inner = c.bytes + ((uintptr_t)shared->pattern - c.sp);
	for (size_t i = 0; inner + i < c.bytes + c.len; i++)
		ATF_REQUIRE_EQ(inner[i], (unsigned char)(i / 4096));
	end(pid);
}

static uint64_t
end_unknown(void *arg, uint64_t address)
{
	return 0;
}

ATF_TC_WITHOUT_HEAD(a_stack_whose_end_is_not_known);
ATF_TC_BODY(a_stack_whose_end_is_not_known, tc)
{
	pid_t pid;

	begin();
	pid = asleep_in(0);
	capture_at_rest(pid, end_unknown, NULL);
	ATF_REQUIRE_EQ_MSG(c.how, CAPTURE_NO_STOP, "%s: %s", c.step, strerror(c.error));
	ATF_CHECK_EQ(c.end, 0);
	ATF_CHECK_EQ(c.end_len, 0);
	ATF_CHECK(c.len > 0 && c.len <= CAPTURE_STACK);
	ATF_CHECK_EQ(c.bytes[(uintptr_t)shared->pattern - c.sp + 1], 8);
	end(pid);
}

ATF_TC_WITHOUT_HEAD(nothing_stays_open);
ATF_TC_BODY(nothing_stays_open, tc)
{
	int before = dup(0), after;
	pid_t pid;

	close(before);
	begin();
	pid = asleep_in(0);
	capture_asleep(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
	capture_stop(&(struct capture_from){ pid, end_of, &maps, room[0] }, pid, &c);
	capture_asleep(&(struct capture_from){ 0x7ffffff0, end_of, &maps, room[0] }, pid, &c);
	end(pid);
	after = dup(0);
	ATF_CHECK_EQ(after, before);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, one_that_sleeps_is_not_stopped);
	ATF_TP_ADD_TC(tp, one_that_is_suspended_is_not_stopped);
	ATF_TP_ADD_TC(tp, one_that_runs_has_no_proof);
	ATF_TP_ADD_TC(tp, what_is_proved_is_of_one_moment);
	ATF_TP_ADD_TC(tp, one_that_runs_is_stopped_and_runs_on);
	ATF_TP_ADD_TC(tp, one_that_sleeps_can_be_stopped);
	ATF_TP_ADD_TC(tp, no_alarm_comes_afterwards_and_the_mask_is_as_before);
	ATF_TP_ADD_TC(tp, no_signal_is_lost);
	ATF_TP_ADD_TC(tp, a_signal_on_its_way_is_delivered);
	ATF_TP_ADD_TC(tp, a_signal_on_its_way_is_not_lost_with_us);
	ATF_TP_ADD_TC(tp, one_that_was_suspended_stays_so);
	ATF_TP_ADD_TC(tp, those_that_have_ended);
	ATF_TP_ADD_TC(tp, a_thread_of_another_process);
	ATF_TP_ADD_TC(tp, one_that_is_traced_by_another);
	ATF_TP_ADD_TC(tp, without_permission);
	ATF_TP_ADD_TC(tp, one_that_cannot_be_stopped);
	ATF_TP_ADD_TC(tp, each_thread);
	ATF_TP_ADD_TC(tp, threads_whose_leader_has_ended);
	ATF_TP_ADD_TC(tp, all_threads_at_one_moment);
	ATF_TP_ADD_TC(tp, what_could_not_be_held_says_why);
	ATF_TP_ADD_TC(tp, they_run_on_when_we_are_killed);
	ATF_TP_ADD_TC(tp, memory_up_to_a_hole);
	ATF_TP_ADD_TC(tp, both_ends_of_a_long_stack);
	ATF_TP_ADD_TC(tp, a_stack_whose_end_is_not_known);
	ATF_TP_ADD_TC(tp, nothing_stays_open);
	return atf_no_error();
}
