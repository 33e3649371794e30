#include "lib/sys/bundle.h"

#include "lib/sys/loop.h"
#include "tests/unit/sys_case.h"

#define TAG 5

static struct bundle b;

static void
begin(void)
{
	ATF_REQUIRE_EQ(loop_open(NULL, 0), 0);
	ATF_REQUIRE_EQ(bundle_open(&b, TAG), 0);
}

/* A watched pipe: p[0] is read, p[1] written. */
static void
pipe_of(int p[2], uint32_t key)
{
	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	ATF_REQUIRE_EQ(bundle_watch(&b, p[0], key), 0);
}

static void
give(const int p[2])
{
	ATF_REQUIRE_EQ(write(p[1], "x", 1), 1);
}

/* Does the loop tell of the bundle within a moment? */
static bool
told(void)
{
	struct loop_event ev;

	ATF_REQUIRE_EQ(loop_next(loop_now() + 30, &ev), 0);
	ATF_REQUIRE(ev.kind == LOOP_TIME || (ev.kind == LOOP_FD && ev.tag == TAG));
	return ev.kind == LOOP_FD;
}

/* The only one that is ready; 0: none is, UINT32_MAX: several. */
static uint32_t
ready(void)
{
	uint32_t keys[8] = { 0 };
	size_t n = bundle_ready(&b, keys, 8);

	return n > 1 ? UINT32_MAX : keys[0];
}

ATF_TC_WITHOUT_HEAD(the_ready_ones_are_told);
ATF_TC_BODY(the_ready_ones_are_told, tc)
{
	int p[2], q[2];
	char byte;

	begin();
	ATF_CHECK(!b.muted && fcntl(b.epoll, F_GETFD) == FD_CLOEXEC);
	pipe_of(p, 7);
	pipe_of(q, UINT32_MAX - 1);
	ATF_CHECK(!told() && ready() == 0);
	give(q);
	for (int i = 0; i < 2; i++) /* until it is read */
		ATF_CHECK(told() && ready() == UINT32_MAX - 1);
	give(p);
	ATF_CHECK_EQ(ready(), UINT32_MAX);
	ATF_REQUIRE_EQ(read(q[0], &byte, 1), 1);
	ATF_CHECK(told() && ready() == 7);
	ATF_REQUIRE_EQ(read(p[0], &byte, 1), 1);
	ATF_CHECK(!told() && ready() == 0);
	close(p[1]); /* an end is told too */
	ATF_CHECK(told() && ready() == 7);
}

ATF_TC_WITHOUT_HEAD(muted_all_are_left_alone);
ATF_TC_BODY(muted_all_are_left_alone, tc)
{
	int p[2];

	begin();
	pipe_of(p, 7);
	bundle_mute(&b, true);
	ATF_CHECK(b.muted);
	give(p);
	ATF_CHECK(!told());
	bundle_mute(&b, true); /* once more changes nothing */
	ATF_CHECK(!told());
	ATF_CHECK_EQ(ready(), 7); /* who asks is told */
	bundle_mute(&b, false);
	ATF_CHECK(!b.muted && told() && ready() == 7);
	bundle_mute(&b, false);
	ATF_CHECK(told());
	bundle_mute(&b, true);
	close(p[1]); /* not even an end */
	ATF_CHECK(!told());
}

ATF_TC_WITHOUT_HEAD(at_the_edge_once_until_something_new_comes);
ATF_TC_BODY(at_the_edge_once_until_something_new_comes, tc)
{
	int p[2], q[2];

	begin();
	pipe_of(p, 7);
	pipe_of(q, 8);
	give(p);
	ATF_CHECK_EQ(ready(), 7);
	ATF_REQUIRE_EQ(bundle_edge(&b, p[0], 7, true), 0);
	ATF_CHECK(told() && ready() == 7); /* once more */
	ATF_CHECK(!told() && ready() == 0);
	give(q); /* of another one: nothing of this */
	ATF_CHECK(told() && ready() == 8);
	bundle_forget(&b, q[0]);
	ATF_CHECK(!told());
	for (int i = 0; i < 3; i++) {
		give(p);
		ATF_CHECK(told() && ready() == 7);
		ATF_CHECK(!told() && ready() == 0);
	}
	bundle_mute(&b, true);
	give(p);
	bundle_mute(&b, false);
	ATF_CHECK(told() && ready() == 7); /* what came meanwhile is not forgotten */
	ATF_CHECK(!told());
	close(p[1]);
	ATF_CHECK(told() && ready() == 7);
	ATF_CHECK(!told() && ready() == 0);
	ATF_REQUIRE_EQ(bundle_edge(&b, p[0], 9, false), 0);
	for (int i = 0; i < 2; i++) /* every time again, by its new key */
		ATF_CHECK(told() && ready() == 9);
}

/* A look by tee(2), which leaves all in the pipe, is no reason to be told again. */
ATF_TC_WITHOUT_HEAD(at_the_edge_what_is_left_is_not_told);
ATF_TC_BODY(at_the_edge_what_is_left_is_not_told, tc)
{
	char bytes[8];
	int p[2], scratch[2];

	begin();
	pipe_of(p, 7);
	ATF_REQUIRE_EQ(pipe2(scratch, O_CLOEXEC | O_NONBLOCK), 0);
	ATF_REQUIRE_EQ(bundle_edge(&b, p[0], 7, true), 0);
	for (int i = 1; i < 5; i++) {
		give(p);
		ATF_CHECK(told() && ready() == 7);
		ATF_REQUIRE_EQ(tee(p[0], scratch[1], sizeof bytes, SPLICE_F_NONBLOCK), i);
		ATF_REQUIRE_EQ(read(scratch[0], bytes, sizeof bytes), i);
		ATF_CHECK(!told() && ready() == 0);
	}
	ATF_REQUIRE_EQ(read(p[0], bytes, 2), 2); /* nor is reading a part */
	ATF_CHECK(!told() && ready() == 0);
}

ATF_TC_WITHOUT_HEAD(forgotten_it_is_not_told);
ATF_TC_BODY(forgotten_it_is_not_told, tc)
{
	int p[2];

	begin();
	pipe_of(p, 7);
	give(p);
	ATF_CHECK(bundle_watch(&b, p[0], 8) < 0 && errno == EEXIST);
	bundle_forget(&b, p[0]);
	ATF_CHECK(!told() && ready() == 0);
	bundle_forget(&b, p[0]); /* once more does nothing */
	ATF_REQUIRE_EQ(bundle_watch(&b, p[0], 8), 0);
	ATF_CHECK(told() && ready() == 8);
	bundle_forget(&b, p[0]);
	ATF_CHECK(bundle_edge(&b, p[0], 8, true) < 0 && errno == ENOENT);
	close(p[0]);
	ATF_CHECK(bundle_watch(&b, p[0], 8) < 0 && errno == EBADF);
}

ATF_TC_WITHOUT_HEAD(a_file_is_always_ready);
ATF_TC_BODY(a_file_is_always_ready, tc)
{
	int fd;

	begin();
	put_file("file", "text");
	fd = open("file", O_RDONLY | O_CLOEXEC);
	ATF_CHECK(bundle_watch(&b, fd, 7) < 0 && errno == EPERM);
	bundle_forget(&b, fd);
	ATF_CHECK(!told() && ready() == 0);
}

/* Nobody is starved by those in front, whatever the room is. */
ATF_TC_WITHOUT_HEAD(more_than_the_room_come_in_turn);
ATF_TC_BODY(more_than_the_room_come_in_turn, tc)
{
	enum { N = 100 };
	static const size_t rooms[] = { 1, 7, 32, 200 };
	uint32_t keys[200];
	int p[N][2];

	begin();
	for (uint32_t i = 0; i < N; i++) {
		pipe_of(p[i], i);
		give(p[i]);
	}
	for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++) {
		bool seen[N] = { false };
		unsigned left = N;

		for (int turn = 0; turn < 3 * N && left > 0; turn++) {
			size_t n = bundle_ready(&b, keys, rooms[r]);

			ATF_REQUIRE(n >= 1 && n <= rooms[r]);
			for (size_t i = 0; i < n; i++) {
				ATF_REQUIRE(keys[i] < N);
				left -= !seen[keys[i]];
				seen[keys[i]] = true;
			}
		}
		ATF_CHECK_EQ_MSG(left, 0, "room %zu: %u", rooms[r], left);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, the_ready_ones_are_told);
	ATF_TP_ADD_TC(tp, muted_all_are_left_alone);
	ATF_TP_ADD_TC(tp, at_the_edge_once_until_something_new_comes);
	ATF_TP_ADD_TC(tp, at_the_edge_what_is_left_is_not_told);
	ATF_TP_ADD_TC(tp, forgotten_it_is_not_told);
	ATF_TP_ADD_TC(tp, a_file_is_always_ready);
	ATF_TP_ADD_TC(tp, more_than_the_room_come_in_turn);
	return atf_no_error();
}
