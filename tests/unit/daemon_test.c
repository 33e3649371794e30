#include "lib/sys/daemon.h"

#include <sys/prctl.h>

#include "tests/unit/sys_case.h"

static int told[2], go[2]; /* the daemon tells us what it is, and waits for a word */

struct daemon {
	pid_t pid, session, parent;
};

/* Becomes a daemon in a child, which is the process that was called; daemon is what it tells. */
static pid_t
start(struct daemon *d, void (*body)(int fd))
{
	pid_t called;

	/* so that the daemon is our child when the one in between is gone */
	ATF_REQUIRE_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ATF_REQUIRE_EQ(pipe2(told, O_CLOEXEC), 0);
	ATF_REQUIRE_EQ(pipe2(go, O_CLOEXEC), 0);
	called = fork();
	if (called == 0) {
		struct daemon me;
		int fd = daemon_start(9);
		char byte;

		me = (struct daemon){ getpid(), getsid(0), getppid() };
		if (fd < 0 || write(told[1], &me, sizeof me) != sizeof me ||
		    read(go[0], &byte, 1) != 1)
			_exit(1);
		body(fd);
		_exit(0);
	}
	close(told[1]);
	ATF_REQUIRE_EQ(read(told[0], d, sizeof *d), sizeof *d);
	return called;
}

static void
let_go(void)
{
	ATF_REQUIRE_EQ(write(go[1], "x", 1), 1);
}

static void
come_up(int fd)
{
	struct stat null, st;
	int nullfd = open("/dev/null", O_RDWR);

	daemon_detach(nullfd);
	if (fstat(nullfd, &null) < 0)
		_exit(2);
	for (int i = 0; i < 3; i++)
		if (fstat(i, &st) < 0 || st.st_rdev != null.st_rdev || fcntl(i, F_GETFD) != 0)
			_exit(2);
	daemon_up(fd);
}

ATF_TC_WITHOUT_HEAD(the_caller_waits_until_it_is_up);
ATF_TC_BODY(the_caller_waits_until_it_is_up, tc)
{
	struct daemon d;
	pid_t called = start(&d, come_up);

	ATF_CHECK(d.pid != called && d.pid != getpid());
	ATF_CHECK(d.session != getsid(0));
	ATF_CHECK(d.session != d.pid); /* no leader: it cannot get a terminal again */
	(void)usleep(100000);
	ATF_CHECK_EQ(waitpid(called, NULL, WNOHANG), 0);
	let_go();
	ATF_CHECK_EQ(exit_of(called), 0);
	ATF_CHECK_EQ(exit_of(d.pid), 0);
}

static void
fail_silently(int fd)
{
	_exit(0);
}

ATF_TC_WITHOUT_HEAD(an_end_without_a_word_is_a_failure);
ATF_TC_BODY(an_end_without_a_word_is_a_failure, tc)
{
	struct daemon d;
	pid_t called = start(&d, fail_silently);

	let_go();
	ATF_CHECK_EQ(exit_of(called), 9);
	ATF_CHECK_EQ(exit_of(d.pid), 0);

	called = start(&d, fail_silently);
	(void)kill(d.pid, SIGKILL);
	ATF_CHECK_EQ(exit_of(called), 9);
	ATF_CHECK(WIFSIGNALED(status_of(d.pid)));
}

static void
fail_with_reason(int fd)
{
	int nullfd = open("/dev/null", O_RDWR);

	daemon_detach(nullfd);
	daemon_failed(fd, "se-supervise: the reason");
}

ATF_TC_WITHOUT_HEAD(the_reason_is_printed_by_the_caller);
ATF_TC_BODY(the_reason_is_printed_by_the_caller, tc)
{
	struct daemon d;
	int old = dup(STDERR_FILENO), p[2];
	pid_t called;

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	ATF_REQUIRE_EQ(dup2(p[1], STDERR_FILENO), STDERR_FILENO);
	called = start(&d, fail_with_reason);
	ATF_REQUIRE_EQ(dup2(old, STDERR_FILENO), STDERR_FILENO);
	close(p[1]);
	let_go();
	ATF_CHECK_EQ(exit_of(called), 9);
	ATF_CHECK_EQ(exit_of(d.pid), 0);
	ATF_CHECK_STREQ(read_all(p[0]), "se-supervise: the reason\n");
}

ATF_TC_WITHOUT_HEAD(a_caller_that_is_killed_is_no_harm);
ATF_TC_BODY(a_caller_that_is_killed_is_no_harm, tc)
{
	struct daemon d;
	pid_t called;

	(void)signal(SIGPIPE, SIG_IGN);
	called = start(&d, come_up);
	(void)kill(called, SIGKILL);
	(void)status_of(called);
	for (int i = 0; i < 10000 && waitpid(d.pid, NULL, WNOHANG) < 0; i++)
		(void)usleep(1000); /* it is ours once the process between us has gone */
	let_go();
	ATF_CHECK_EQ(exit_of(d.pid), 0);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, the_caller_waits_until_it_is_up);
	ATF_TP_ADD_TC(tp, an_end_without_a_word_is_a_failure);
	ATF_TP_ADD_TC(tp, the_reason_is_printed_by_the_caller);
	ATF_TP_ADD_TC(tp, a_caller_that_is_killed_is_no_harm);
	return atf_no_error();
}
