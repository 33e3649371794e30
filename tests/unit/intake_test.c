#include "lib/sys/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "tests/unit/choice.h"
#include "tests/unit/sys_case.h"

#define ROOM (1 << 20)

static struct intake in;
static int source[2]; /* the pipe that lines come from */
static char bytes[ROOM];

static void
begin(void)
{
	int taken[2];

	ATF_REQUIRE_EQ(intake_make(taken), 0);
	ATF_REQUIRE_EQ(intake_open(&in, taken), 0);
	ATF_REQUIRE_EQ(pipe2(source, O_CLOEXEC), 0);
}

static void
give(const char *text)
{
	ATF_REQUIRE_EQ(write(source[1], text, strlen(text)), (ssize_t)strlen(text));
}

static size_t
waiting(int fd)
{
	int n;

	ATF_REQUIRE_EQ(ioctl(fd, FIONREAD, &n), 0);
	return (size_t)n;
}

/* What a look shows, as text. */
static const char *
seen(size_t room)
{
	ssize_t n = intake_peek(&in, source[0], bytes, room);

	ATF_REQUIRE_MSG(n >= 0, "%s", strerror(errno));
	bytes[n] = '\0';
	return bytes;
}

/* What was taken and not dropped, as text; then it is dropped. */
static const char *
taken(void)
{
	ssize_t n = read(in.taken[0], bytes, sizeof bytes - 1);

	bytes[n > 0 ? n : 0] = '\0';
	return bytes;
}

ATF_TC_WITHOUT_HEAD(a_look_leaves_all_in_the_pipe);
ATF_TC_BODY(a_look_leaves_all_in_the_pipe, tc)
{
	begin();
	give("one\ntwo\n");
	give("three");
	for (int i = 0; i < 3; i++)
		ATF_CHECK_STREQ(seen(ROOM - 1), "one\ntwo\nthree");
	ATF_CHECK_STREQ(seen(5), "one\nt");
	ATF_CHECK_STREQ(seen(9), "one\ntwo\nt");
	ATF_CHECK_EQ(waiting(source[0]), 13);
	ATF_CHECK_EQ(waiting(in.scratch[0]), 0); /* nothing stays between */
	ATF_CHECK_EQ(intake_count(&in), 0);
	give(" four");
	ATF_CHECK_STREQ(seen(ROOM - 1), "one\ntwo\nthree four");
}

ATF_TC_WITHOUT_HEAD(what_is_taken_is_just_that);
ATF_TC_BODY(what_is_taken_is_just_that, tc)
{
	begin();
	give("one\ntwo\n");
	give("three");
	ATF_CHECK_EQ(intake_take(&in, source[0], 4), 4);
	ATF_CHECK_EQ(intake_count(&in), 4);
	ATF_CHECK_STREQ(seen(ROOM - 1), "two\nthree");
	ATF_CHECK_EQ(intake_take(&in, source[0], 1), 1);
	ATF_CHECK_EQ(intake_count(&in), 5);
	ATF_CHECK_STREQ(taken(), "one\nt");
	ATF_CHECK_EQ(intake_count(&in), 0);
	ATF_CHECK_EQ(intake_take(&in, source[0], 1000), 8); /* more than there is */
	ATF_CHECK_EQ(intake_count(&in), 8);
	intake_drop(&in);
	ATF_CHECK_EQ(intake_count(&in), 0);
	intake_drop(&in);
	ATF_CHECK_EQ(waiting(source[0]), 0);
	ATF_CHECK(intake_take(&in, source[0], 1) < 0 && errno == EAGAIN);
	ATF_CHECK_EQ(intake_count(&in), 0);
}

ATF_TC_WITHOUT_HEAD(empty_and_ended_differ);
ATF_TC_BODY(empty_and_ended_differ, tc)
{
	int second, file;

	begin();
	second = dup(source[1]);
	ATF_CHECK(intake_peek(&in, source[0], bytes, ROOM) < 0 && errno == EAGAIN);
	ATF_CHECK(!intake_ended(source[0]));
	give("last");
	close(source[1]);
	ATF_CHECK(!intake_ended(source[0])); /* there is another writer */
	close(second);
	ATF_CHECK(intake_ended(source[0])); /* nothing more than what is in it */
	ATF_CHECK_STREQ(seen(ROOM - 1), "last");
	ATF_CHECK_EQ(intake_take(&in, source[0], 4), 4);
	ATF_CHECK(intake_ended(source[0]));
	ATF_CHECK_EQ(intake_peek(&in, source[0], bytes, ROOM), 0);
	put_file("file", "text");
	file = open("file", O_RDONLY | O_CLOEXEC);
	ATF_CHECK(intake_peek(&in, file, bytes, ROOM) < 0 && errno == EINVAL);
	ATF_CHECK(!intake_ended(file));
}

ATF_TC_WITHOUT_HEAD(a_full_pipe_at_once);
ATF_TC_BODY(a_full_pipe_at_once, tc)
{
	char text[4096];
	size_t all = 0;
	ssize_t n;

	begin();
	memset(text, 'x', sizeof text);
	ATF_REQUIRE_EQ(fcntl(source[1], F_SETFL, O_NONBLOCK), 0);
	while ((n = write(source[1], text, sizeof text)) > 0)
		all += (size_t)n;
	ATF_REQUIRE(all >= 65536);
	ATF_CHECK_EQ(intake_peek(&in, source[0], bytes, ROOM), (ssize_t)all);
	ATF_CHECK_EQ(intake_take(&in, source[0], all), (ssize_t)all);
	ATF_CHECK_EQ(intake_count(&in), all);
	intake_drop(&in);
	ATF_CHECK_EQ(intake_count(&in), 0);
	ATF_CHECK_EQ(fcntl(in.taken[0], F_GETFD), FD_CLOEXEC);
	ATF_CHECK_EQ(fcntl(in.scratch[1], F_GETFD), FD_CLOEXEC);
}

/* When the second pipe is full, or the input holds more than the copies' pipe does. */
ATF_TC_WITHOUT_HEAD(what_does_not_fit_stays);
ATF_TC_BODY(what_does_not_fit_stays, tc)
{
	size_t all = 0, got = 0;
	ssize_t n;

	begin();
	if (fcntl(source[1], F_SETPIPE_SZ, ROOM) < ROOM)
		atf_tc_skip("no large pipe: %s", strerror(errno));
	ATF_REQUIRE_EQ(fcntl(source[1], F_SETFL, O_NONBLOCK), 0);
	memset(bytes, 'y', sizeof bytes);
	while ((n = write(source[1], bytes, sizeof bytes)) > 0)
		all += (size_t)n;
	n = intake_peek(&in, source[0], bytes, ROOM);
	ATF_CHECK(n > 0 && (size_t)n < all);
	while ((n = intake_take(&in, source[0], ROOM)) > 0)
		got += (size_t)n;
	ATF_CHECK(n < 0 && errno == EAGAIN);
	ATF_CHECK(got > 0 && got < all);
	ATF_CHECK_EQ(intake_count(&in), got);
	ATF_CHECK_EQ(waiting(source[0]), all - got);
	intake_drop(&in);
	ATF_CHECK(intake_take(&in, source[0], ROOM) > 0);
}

/* A sequence of which each byte tells where it stands. */
static char
at(size_t i)
{
	return (char)(i * 31 + i / 251);
}

static void
check_sequence(const char *p, size_t from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ATF_REQUIRE_EQ_MSG(p[i], at(from + i), "byte %zu", from + i);
}

ATF_TC_WITHOUT_HEAD(all_that_is_written_comes_once_in_order);
ATF_TC_BODY(all_that_is_written_comes_once_in_order, tc)
{
	struct choice c = { .seed = 1 };
	size_t written = 0, got = 0;
	static char chunk[8192];

	begin();
	ATF_REQUIRE_EQ(fcntl(source[1], F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 20000; i++) {
		size_t n = 1 + choose(&c, chance(&c, 5) ? sizeof chunk : 60);
		ssize_t r;

		if (!chance(&c, 4)) {
			for (size_t k = 0; k < n; k++)
				chunk[k] = at(written + k);
			r = write(source[1], chunk, n);
			written += r > 0 ? (size_t)r : 0;
			continue;
		}
		r = intake_peek(&in, source[0], bytes, chance(&c, 3) ? n : ROOM);
		if (r < 0) {
			ATF_REQUIRE(errno == EAGAIN && got == written);
			continue;
		}
		check_sequence(bytes, got, (size_t)r);
		r = intake_take(&in, source[0], 1 + choose(&c, (unsigned)r));
		ATF_REQUIRE(r > 0);
		ATF_REQUIRE_EQ(intake_count(&in), (size_t)r);
		ATF_REQUIRE_EQ(read(in.taken[0], bytes, ROOM), r);
		check_sequence(bytes, got, (size_t)r);
		got += (size_t)r;
		ATF_REQUIRE_EQ(waiting(source[0]), written - got);
	}
	ATF_CHECK(got > 100000);
}

/* A process that takes n bytes in the middle of the others' and dies; it knows only the pipes. */
static void
take_and_die(size_t n)
{
	const int held[2] = { in.taken[0], in.taken[1] };
	pid_t pid = fork();
	struct intake own;
	int status;

	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		if (intake_open(&own, held) == 0 &&
		    intake_peek(&own, source[0], bytes, ROOM) >= (ssize_t)n &&
		    intake_take(&own, source[0], n) == (ssize_t)n)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	status = status_of(pid);
	ATF_REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

ATF_TC_WITHOUT_HEAD(killed_between_take_and_drop);
ATF_TC_BODY(killed_between_take_and_drop, tc)
{
	begin();
	give("one\ntwo\nthree\n");
	take_and_die(4);
	ATF_CHECK_EQ(intake_count(&in), 4); /* its successor knows how many */
	ATF_CHECK_STREQ(seen(ROOM - 1), "two\nthree\n");
	take_and_die(4); /* and dies too */
	ATF_CHECK_EQ(intake_count(&in), 8);
	ATF_CHECK_STREQ(seen(ROOM - 1), "three\n");
	ATF_CHECK_STREQ(taken(), "one\ntwo\n");
	take_and_die(6);
	intake_drop(&in);
	ATF_CHECK_EQ(intake_count(&in), 0);
	ATF_CHECK(intake_peek(&in, source[0], bytes, ROOM) < 0 && errno == EAGAIN);
}

/* Wherever the kill comes: each byte is in one of the two pipes. */
ATF_TC_WITHOUT_HEAD(killed_at_any_moment);
ATF_TC_BODY(killed_at_any_moment, tc)
{
	begin();
	for (useconds_t delay = 0; delay < 2000; delay += 40) {
		size_t count, left = 30000;
		pid_t pid;

		for (size_t i = 0; i < left; i++)
			bytes[i] = at(i);
		ATF_REQUIRE_EQ(write(source[1], bytes, left), (ssize_t)left);
		pid = fork();
		ATF_REQUIRE(pid >= 0);
		if (pid == 0)
			for (size_t n = 1;; n = n % 700 + 1)
				if (intake_take(&in, source[0], n) < 0)
					(void)pause();
		(void)usleep(delay);
		(void)kill(pid, SIGKILL);
		(void)status_of(pid);
		count = intake_count(&in);
		ATF_REQUIRE_EQ(count + waiting(source[0]), left);
		if (count > 0) {
			ATF_REQUIRE_EQ(read(in.taken[0], bytes, ROOM), (ssize_t)count);
			check_sequence(bytes, 0, count);
		}
		if (count < left) {
			ATF_REQUIRE_EQ(read(source[0], bytes, ROOM), (ssize_t)(left - count));
			check_sequence(bytes, count, left - count);
		}
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_look_leaves_all_in_the_pipe);
	ATF_TP_ADD_TC(tp, what_is_taken_is_just_that);
	ATF_TP_ADD_TC(tp, empty_and_ended_differ);
	ATF_TP_ADD_TC(tp, a_full_pipe_at_once);
	ATF_TP_ADD_TC(tp, what_does_not_fit_stays);
	ATF_TP_ADD_TC(tp, all_that_is_written_comes_once_in_order);
	ATF_TP_ADD_TC(tp, killed_between_take_and_drop);
	ATF_TP_ADD_TC(tp, killed_at_any_moment);
	return atf_no_error();
}
