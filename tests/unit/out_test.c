#include "lib/sys/out.h"

#include <sys/time.h>

#include "tests/unit/sys_case.h"

static void
nothing(int sig)
{
}

/* Through a pipe that is full again and again, with signals that interrupt the writes. */
ATF_TC_WITHOUT_HEAD(all_of_it_however_many_writes_it_takes);
ATF_TC_BODY(all_of_it_however_many_writes_it_takes, tc)
{
	static char bytes[1000000], got[65536];
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct sigaction sa = { .sa_handler = nothing }; /* no SA_RESTART */
	int p[2];
	pid_t pid;
	size_t total = 0;
	ssize_t n;

	ATF_REQUIRE_EQ(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		if (sigaction(SIGALRM, &sa, NULL) < 0 || setitimer(ITIMER_REAL, &often, NULL) < 0)
			_exit(2);
		_exit(out_write(p[1], bytes, sizeof bytes) ? 0 : 1);
	}
	close(p[1]);
	while ((n = read(p[0], got, sizeof got)) > 0) {
		total += (size_t)n;
		(void)usleep(2000);
	}
	ATF_CHECK_EQ(total, sizeof bytes);
	ATF_CHECK_EQ(exit_of(pid), 0);
}

ATF_TC_WITHOUT_HEAD(what_cannot_be_written_is_an_error);
ATF_TC_BODY(what_cannot_be_written_is_an_error, tc)
{
	int full = open("/dev/full", O_WRONLY);

	ATF_CHECK(!out_text(full, "x") && errno == ENOSPC);
	ATF_CHECK(out_text(full, ""));
	ATF_CHECK(!out_write(-1, "x", 1) && errno == EBADF);
}

ATF_TC_WITHOUT_HEAD(errors_are_one_line);
ATF_TC_BODY(errors_are_one_line, tc)
{
	static char long_text[3000];
	int old = dup(STDERR_FILENO), p[2];
	const char *text;

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	memset(long_text, 'x', sizeof long_text - 1);
	ATF_REQUIRE_EQ(dup2(p[1], STDERR_FILENO), STDERR_FILENO);
	out_error("se-x: %s: %d", "what", 3);
	out_error("%s", long_text);
	ATF_REQUIRE_EQ(dup2(old, STDERR_FILENO), STDERR_FILENO);
	close(p[1]);
	text = read_all(p[0]);
	ATF_CHECK(strncmp(text, "se-x: what: 3\nxxx", 17) == 0);
	ATF_CHECK_EQ(strlen(text), 14 + 1023);
	ATF_CHECK_EQ(text[strlen(text) - 1], '\n');
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, all_of_it_however_many_writes_it_takes);
	ATF_TP_ADD_TC(tp, what_cannot_be_written_is_an_error);
	ATF_TP_ADD_TC(tp, errors_are_one_line);
	return atf_no_error();
}
