#include "lib/sys/successor.h"

#include <atf-c.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sys/call.h"
#include "lib/sys/loop.h"

/* A program that does what the shell script says, with the words that we are executed with. */
static int null;

static int
open_null(void)
{
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	ATF_REQUIRE(null > 2);
	return null;
}

static int
state_of(const char *text)
{
	char room[64];
	struct buf b = buf_over(room, sizeof room);
	int fd;

	buf_puts(&b, text);
	fd = successor_state(&b);
	ATF_REQUIRE(fd >= 0);
	return fd;
}

/* Waits for the one that looks: what comes of it. */
static enum successor_word
looks(struct successor *u, const char *script, struct buf *why)
{
	char *argv[] = { "sh", "-c", (char *)(size_t)script, NULL };
	int state = state_of("a state"), status;
	const char *step;
	pid_t pid;

	ATF_REQUIRE(successor_begin(
	    u, successor_open(AT_FDCWD, "/bin/sh"), state, -1, argv, open_null(), 5, &step));
	ATF_CHECK(successor_due(u) > 5 && successor_due(u) != MS_NEVER);
	close(state);
	ATF_CHECK_EQ(successor_on_exit(u, getpid(), 0, why), SUCCESSOR_NONE);
	pid = u->looking;
	ATF_REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	return successor_on_exit(u, pid, status, why);
}

/* It reads the state at its number, is told whose it is, and has nothing else of ours. */
ATF_TC_WITHOUT_HEAD(agrees);
ATF_TC_BODY(agrees, tc)
{
	char room[512];
	struct buf why = buf_over(room, sizeof room);
	struct successor u;

	ATF_REQUIRE_EQ(looks(&u,
			   "read x </proc/self/fd/3; [ \"$x\" = 'a state' ] && [ \"$SE_UPGRADE\" = "
			   "\"$PPID 3 -1 -1\" ] && "
			   "[ ! -e /proc/self/fd/4 ] && [ -z \"$HOME\" ] && echo OK 1.2",
			   &why),
	    SUCCESSOR_AGREES);
	ATF_CHECK(u.agreed && u.program >= 0 && why.len == 0);
	ATF_CHECK_EQ(successor_due(&u), MS_NEVER);
	successor_forget(&u);
	ATF_CHECK(!u.agreed && u.program < 0 && u.answer < 0);
}

ATF_TC_WITHOUT_HEAD(refuses);
ATF_TC_BODY(refuses, tc)
{
	static const struct {
		const char *script, *why;
	} cases[] = { { "exit 0", "not a version that goes on from this one" },
		{ "echo OK; exit 0", "not a version that goes on from this one: OK" },
		{ "echo OK 1; exit 1", "not a version that goes on from this one: OK 1" },
		{ "echo no, >&2; echo more; exit 1",
		    "not a version that goes on from this one: no," },
		{ "printf '\\033[1m'; exit 1",
		    "not a version that goes on from this one: \\x1b[1m" },
		{ "kill -9 $$", "not a version that goes on from this one: it was killed" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char room[512];
		struct buf why = buf_over(room, sizeof room);
		struct successor u;

		ATF_CHECK_EQ(looks(&u, cases[i].script, &why), SUCCESSOR_REFUSES);
		ATF_CHECK_STREQ(room, cases[i].why);
		ATF_CHECK(!u.agreed && u.looking == 0 && u.program < 0);
	}
}

ATF_TC_WITHOUT_HEAD(takes_too_long);
ATF_TC_BODY(takes_too_long, tc)
{
	char *argv[] = { "sleep", "1000", NULL };
	char room[512];
	struct buf why = buf_over(room, sizeof room);
	int state = state_of(""), status;
	const char *step;
	struct successor u;
	ms due;
	pid_t pid;

	ATF_REQUIRE(successor_begin(
	    &u, successor_open(AT_FDCWD, "/bin/sleep"), state, -1, argv, open_null(), 0, &step));
	pid = u.looking;
	due = successor_due(&u);
	successor_tick(&u, due - 1);
	ATF_CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	successor_tick(&u, due);
	ATF_CHECK_EQ(successor_due(&u), MS_NEVER);
	ATF_REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	ATF_CHECK_EQ(successor_on_exit(&u, pid, status, &why), SUCCESSOR_REFUSES);
	ATF_CHECK_STREQ(room, "not a version that goes on from this one: it took too long");
}

ATF_TC_WITHOUT_HEAD(no_program);
ATF_TC_BODY(no_program, tc)
{
	char *argv[] = { "x", NULL };
	int state = state_of("");
	const char *step;
	struct successor u;

	open_null();
	ATF_CHECK(successor_open(AT_FDCWD, "none") < 0 && errno == ENOENT);
	ATF_CHECK(successor_open(AT_FDCWD, "/") < 0 && errno == EACCES);
	ATF_CHECK(!successor_begin(
	    &u, successor_open(AT_FDCWD, "/etc/passwd"), state, -1, argv, null, 0, &step));
	ATF_CHECK(errno == EACCES && strcmp(step, "exec") == 0);
	/* there would be no way back */
	ATF_CHECK(!successor_begin(&u, successor_open(AT_FDCWD, "/bin/sh"), state,
	    open("/etc/passwd", O_PATH | O_CLOEXEC), argv, null, 0, &step));
	ATF_CHECK(errno == EACCES && strcmp(step, "our own file") == 0);
	ATF_CHECK(u.program < 0 && u.answer < 0 && u.looking == 0);
}

/* What is asked with a state of ours that does not fit, or without a program. */
static void
write_much(void *who, struct buf *b, void (*fd)(int))
{
	buf_printf(b, "%s", (const char *)who);
	if (fd)
		fd(null);
}

ATF_TC_WITHOUT_HEAD(tries);
ATF_TC_BODY(tries, tc)
{
	char *argv[] = { "sh", "-c", "exit 0", NULL };
	struct successor_us us = { .who = "longer than its room",
		.write = write_much,
		.room = 4,
		.self = -1,
		.argv = argv };
	const char *step;
	struct successor u = { .program = -1, .answer = -1 };

	us.null = open_null();
	ATF_CHECK_STREQ(
	    successor_try(&u, &us, successor_open(AT_FDCWD, "none"), 0, &step), strerror(ENOENT));
	ATF_CHECK_STREQ(step, "open");
	ATF_CHECK_STREQ(
	    successor_try(&u, &us, successor_open(AT_FDCWD, "/bin/sh"), 0, &step), "too large");
	ATF_CHECK_STREQ(step, "state");
	ATF_CHECK_STREQ(successor_go(&u, &us), strerror(E2BIG));
	ATF_CHECK_EQ(fcntl(null, F_GETFD), FD_CLOEXEC);
	us.room = 64;
	ATF_CHECK(!successor_try(&u, &us, successor_open(AT_FDCWD, "/bin/sh"), 0, &step));
	ATF_REQUIRE_EQ(waitpid(u.looking, NULL, 0), u.looking);
	successor_forget(&u);
}

/* In our place: the same pid, what is kept is open, the word replaces an old one. */
ATF_TC_WITHOUT_HEAD(becomes);
ATF_TC_BODY(becomes, tc)
{
	char script[256];
	char *argv[] = { "sh", "-c", script, NULL };
	int kept = state_of("kept"), state = state_of("state"), status;
	struct successor u = { .program = open("/bin/sh", O_PATH | O_CLOEXEC) };
	int self = open("/bin/true", O_PATH | O_CLOEXEC), sealed = open_null();
	pid_t pid;

	ATF_REQUIRE_EQ(setenv(SUCCESSOR_ENV, "1 2 3 old", 1), 0);
	ATF_REQUIRE((pid = fork()) >= 0);
	if (pid == 0) {
		snprintf(script, sizeof script,
		    "read x </proc/self/fd/%d; [ \"$x\" = kept ] && [ \"$SE_UPGRADE\" = '%d %d "
		    "%d %d' ] && "
		    "[ $$ = %d ] && [ -n \"$PATH\" ] && [ ! -e /proc/self/fd/%d ] && exit 7",
		    kept, (int)getpid(), state, u.program, self, (int)getpid(), sealed);
		successor_keep(kept);
		successor_become(&u, state, self, argv);
		_exit(1);
	}
	ATF_REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

ATF_TC_WITHOUT_HEAD(word);
ATF_TC_BODY(word, tc)
{
	static const char *const bad[] = { "", "1", "1 2 3", "x 2 3 4", "1 2 3 4", "-2 1 1 1",
		"99999999999 1 1 1" };
	struct predecessor p;
	char text[64];

	ATF_REQUIRE_EQ(unsetenv(SUCCESSOR_ENV), 0);
	ATF_CHECK(!predecessor_is(&p));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ATF_REQUIRE_EQ(setenv(SUCCESSOR_ENV, bad[i], 1), 0);
		ATF_CHECK_MSG(!predecessor_is(&p), "%s", bad[i]);
	}
	snprintf(text, sizeof text, "%d 3 -1 -1", (int)getppid());
	ATF_REQUIRE_EQ(setenv(SUCCESSOR_ENV, text, 1), 0);
	ATF_CHECK(predecessor_is(&p) && p.beside && p.state == 3 && p.self == -1 && p.its == -1);
	ATF_CHECK_STREQ(p.why, "");
	snprintf(text, sizeof text, "%d 9 8 -1 for a reason", (int)getpid());
	ATF_REQUIRE_EQ(setenv(SUCCESSOR_ENV, text, 1), 0);
	ATF_CHECK(predecessor_is(&p) && !p.beside && p.state == 9 && p.self == 8 && p.its == -1);
	ATF_CHECK_STREQ(p.why, "for a reason");
}

ATF_TC_WITHOUT_HEAD(reads);
ATF_TC_BODY(reads, tc)
{
	struct predecessor p = { .state = state_of("the state"), .self = dup(0), .its = dup(0) };
	struct predecessor none = { .state = state_of("") };

	ATF_REQUIRE_EQ(setenv(SUCCESSOR_ENV, "1 2 3 4", 1), 0);
	ATF_REQUIRE(predecessor_read(&p));
	ATF_CHECK(p.len == 9 && memcmp(p.text, "the state", 9) == 0);
	ATF_CHECK(!predecessor_read(&none));
	predecessor_settle(&p);
	ATF_CHECK(p.state < 0 && p.its < 0 && !p.text && fcntl(p.self, F_GETFD) == FD_CLOEXEC);
	ATF_CHECK(!getenv(SUCCESSOR_ENV) && getenv("PATH"));
}

/* The way back; there is none for who has come back already. */
ATF_TC_WITHOUT_HEAD(returns);
ATF_TC_BODY(returns, tc)
{
	struct predecessor p = { .state = 5, .self = dup(0), .its = -1, .why = "" };
	char script[128];
	char *argv[] = { "sh", "-c", script, NULL };
	int status;
	pid_t pid;

	predecessor_return(&p, argv, "no");
	ATF_CHECK_EQ(errno, ENOENT);
	p.its = open("/bin/sh", O_PATH | O_CLOEXEC);
	ATF_REQUIRE((pid = fork()) >= 0);
	if (pid == 0) {
		snprintf(script, sizeof script,
		    "[ \"$SE_UPGRADE\" = '%d 5 %d -1 no room' ] && [ ! -e /proc/self/fd/%d ] && "
		    "exit 7",
		    (int)getpid(), p.its, p.self);
		predecessor_return(&p, argv, "no room");
		_exit(1);
	}
	ATF_REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, agrees);
	ATF_TP_ADD_TC(tp, refuses);
	ATF_TP_ADD_TC(tp, takes_too_long);
	ATF_TP_ADD_TC(tp, no_program);
	ATF_TP_ADD_TC(tp, tries);
	ATF_TP_ADD_TC(tp, becomes);
	ATF_TP_ADD_TC(tp, word);
	ATF_TP_ADD_TC(tp, reads);
	ATF_TP_ADD_TC(tp, returns);
	return atf_no_error();
}
