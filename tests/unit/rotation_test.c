#include "lib/fsm/rotation.h"

#include <atf-c.h>

#include "tests/unit/rotation_world.h"

static struct rotation r;
static struct rotation_policy p;
static ms now;

static void
begin(unsigned age)
{
	rotation_init(&r);
	p = (struct rotation_policy){ .size = 100, .age = age, .every = MS_NEVER };
	now = 10000;
}

/* The next step must be that one; the answer to it. */
static void
step(enum rotation_action want, enum rotation_answer a, uint64_t size, uint64_t line)
{
	enum rotation_action got = rotation_next(&r, &p, line, now);

	ATF_REQUIRE_MSG(got == want, "step %d, expected %d", (int)got, (int)want);
	if (want != ROTATION_WAIT)
		rotation_done(&r, &p, a, size, now);
}

static void
done(enum rotation_action want, uint64_t size)
{
	step(want, ROTATION_DONE, size, 10);
}

/* Opened, with so many bytes in it. */
static void
opened(uint64_t size)
{
	done(ROTATION_OPEN, size);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	done(ROTATION_UNLOCK, 0);
}

ATF_TC_WITHOUT_HEAD(lines_go_to_the_file);
ATF_TC_BODY(lines_go_to_the_file, tc)
{
	begin(5);
	opened(0);
	for (unsigned size = 0; size < 100; size += 10) {
		done(ROTATION_LOOK, size);
		step(ROTATION_WRITE, ROTATION_DONE, size + 10, 10);
		ATF_CHECK_EQ(r.room, 100 - size);
	}
	step(ROTATION_WAIT, ROTATION_DONE, 0, 0);
	ATF_CHECK_EQ(rotation_due(&r, &p, false), MS_NEVER);
}

/* One writer: FILE is looked at once a second. */
ATF_TC_WITHOUT_HEAD(a_single_writer_looks_seldom);
ATF_TC_BODY(a_single_writer_looks_seldom, tc)
{
	begin(5);
	p.look_every = 1000;
	opened(0);
	done(ROTATION_LOOK, 0);
	for (unsigned size = 10; size <= 50; size += 10)
		done(ROTATION_WRITE, size);
	now += 1000;
	done(ROTATION_LOOK, 50);
	done(ROTATION_WRITE, 60);
}

ATF_TC_WITHOUT_HEAD(a_full_file_is_rotated);
ATF_TC_BODY(a_full_file_is_rotated, tc)
{
	begin(4); /* FILE .0 .1 .2 */
	opened(95);
	done(ROTATION_LOOK, 95);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	done(ROTATION_PROBE, 101);
	done(ROTATION_PROBE, 101);
	done(ROTATION_PROBE, 101); /* .2 would be the fifth file */
	done(ROTATION_REMOVE, 0);
	done(ROTATION_PROBE, 0); /* .3 */
	ATF_REQUIRE_EQ(rotation_next(&r, &p, 10, now), ROTATION_SHIFT);
	ATF_CHECK_EQ(r.index, 1);
	done(ROTATION_SHIFT, 0);
	ATF_CHECK_EQ(r.index, 0);
	done(ROTATION_SHIFT, 0);
	done(ROTATION_ASIDE, 0);
	done(ROTATION_RENEW, 0);
	done(ROTATION_LOOK, 0);
	done(ROTATION_WRITE, 10);
}

/* Only what is in the way moves. */
ATF_TC_WITHOUT_HEAD(a_gap_ends_the_shift);
ATF_TC_BODY(a_gap_ends_the_shift, tc)
{
	begin(5);
	p.first = 1;
	opened(100);
	done(ROTATION_LOOK, 100);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	done(ROTATION_PROBE, 101); /* .1 */
	done(ROTATION_PROBE, 0);   /* .2 is not there */
	done(ROTATION_PROBE, 101); /* .3 stays */
	done(ROTATION_PROBE, 101); /* .4 stays */
	done(ROTATION_PROBE, 0);
	ATF_REQUIRE_EQ(rotation_next(&r, &p, 10, now), ROTATION_SHIFT);
	ATF_CHECK_EQ(r.index, 1);
	done(ROTATION_SHIFT, 0);
	done(ROTATION_ASIDE, 0);
	done(ROTATION_RENEW, 0);
}

/* Those that an earlier, larger age has left go too. */
ATF_TC_WITHOUT_HEAD(too_many_old_files_go);
ATF_TC_BODY(too_many_old_files_go, tc)
{
	begin(2);
	opened(100);
	done(ROTATION_LOOK, 100);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	for (unsigned i = 0; i < 4; i++) {
		done(ROTATION_PROBE, 101);
		done(ROTATION_REMOVE, 0);
	}
	done(ROTATION_PROBE, 0);
	done(ROTATION_ASIDE, 0);
	done(ROTATION_RENEW, 0);
}

ATF_TC_WITHOUT_HEAD(no_old_file_is_kept);
ATF_TC_BODY(no_old_file_is_kept, tc)
{
	begin(1);
	opened(100);
	done(ROTATION_LOOK, 100);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	done(ROTATION_PROBE, 0);
	done(ROTATION_RENEW, 0);
	begin(0);
	opened(100);
	done(ROTATION_LOOK, 100);
	done(ROTATION_WRITE, 110);
}

ATF_TC_WITHOUT_HEAD(a_cap_over_all_old_files);
ATF_TC_BODY(a_cap_over_all_old_files, tc)
{
	begin(9);
	p.keep_bytes = 250;
	opened(100);
	done(ROTATION_LOOK, 100);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	done(ROTATION_PROBE, 101); /* with FILE: 200 */
	done(ROTATION_PROBE, 101); /* 300 */
	done(ROTATION_REMOVE, 0);
	done(ROTATION_PROBE, 2);
	done(ROTATION_REMOVE, 0); /* what is older than one that went goes too */
	for (unsigned i = 3; i <= 8; i++)
		done(ROTATION_PROBE, 0);
	done(ROTATION_SHIFT, 0);
	done(ROTATION_ASIDE, 0);
}

ATF_TC_WITHOUT_HEAD(one_long_line_has_a_file);
ATF_TC_BODY(one_long_line_has_a_file, tc)
{
	begin(5);
	opened(0);
	step(ROTATION_LOOK, ROTATION_DONE, 0, 500);
	step(ROTATION_WRITE, ROTATION_DONE, 500, 500);
	ATF_CHECK_EQ(r.room, 500);
	step(ROTATION_LOOK, ROTATION_DONE, 500, 1);
	step(ROTATION_LOCK, ROTATION_DONE, 0, 1);
}

ATF_TC_WITHOUT_HEAD(no_rotation_within_a_line);
ATF_TC_BODY(no_rotation_within_a_line, tc)
{
	begin(5);
	opened(0);
	step(ROTATION_LOOK, ROTATION_DONE, 0, 500);
	step(ROTATION_WRITE, ROTATION_DONE, 500, 500);
	rotation_midline(&r, true);
	r.wanted = true;
	r.reopen = true;
	now += 5000; /* whatever has become of FILE meanwhile */
	step(ROTATION_WRITE, ROTATION_DONE, 540, 40);
	ATF_CHECK_EQ(r.room, 40); /* to the end of the line, then a rotation */
	r.reopen = false;
	rotation_midline(&r, false);
	step(ROTATION_LOOK, ROTATION_DONE, 540, 0);
	step(ROTATION_LOCK, ROTATION_DONE, 0, 0);
}

ATF_TC_WITHOUT_HEAD(a_full_disk_is_waited_for);
ATF_TC_BODY(a_full_disk_is_waited_for, tc)
{
	begin(5);
	opened(0);
	for (unsigned i = 0; i < 3; i++) {
		done(ROTATION_LOOK, 0);
		step(ROTATION_WRITE, ROTATION_FULL, 0, 10);
		step(ROTATION_WAIT, ROTATION_DONE, 0, 10);
		ATF_CHECK_EQ(rotation_due(&r, &p, true), now + ROTATION_RETRY);
		now += ROTATION_RETRY;
	}
	done(ROTATION_LOOK, 0);
	done(ROTATION_WRITE, 10);
}

ATF_TC_WITHOUT_HEAD(a_full_disk_is_made_room_on);
ATF_TC_BODY(a_full_disk_is_made_room_on, tc)
{
	begin(5); /* .0 .. .3 */
	p.min_age = 3;
	opened(0);
	done(ROTATION_LOOK, 0);
	step(ROTATION_WRITE, ROTATION_FULL, 0, 10);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	ATF_REQUIRE_EQ(rotation_next(&r, &p, 10, now), ROTATION_PROBE);
	ATF_CHECK_EQ(r.index, 3);
	done(ROTATION_PROBE, 0);
	ATF_CHECK_EQ(r.index, 2);
	done(ROTATION_PROBE, 101);
	done(ROTATION_REMOVE, 0);
	done(ROTATION_UNLOCK, 0);
	done(ROTATION_LOOK, 0);
	step(ROTATION_WRITE, ROTATION_FULL, 0, 10);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	done(ROTATION_PROBE, 0);
	done(ROTATION_PROBE, 0); /* .1 and .0 stay */
	done(ROTATION_UNLOCK, 0);
	done(ROTATION_LOOK, 0);
	step(ROTATION_WRITE, ROTATION_FULL, 0, 10);
	step(ROTATION_WAIT, ROTATION_DONE, 0, 10);
}

/* Lines go on where a rotation cannot; it is tried again. */
ATF_TC_WITHOUT_HEAD(a_failed_rotation_stops_nothing);
ATF_TC_BODY(a_failed_rotation_stops_nothing, tc)
{
	begin(5);
	opened(100);
	done(ROTATION_LOOK, 100);
	done(ROTATION_LOCK, 0);
	done(ROTATION_HEAL, 0);
	for (unsigned i = 0; i <= 4; i++)
		done(ROTATION_PROBE, 0);
	step(ROTATION_ASIDE, ROTATION_FAILED, 0, 10);
	done(ROTATION_UNLOCK, 0);
	done(ROTATION_LOOK, 100);
	done(ROTATION_WRITE, 110);
	step(ROTATION_WAIT, ROTATION_DONE, 0, 0);
	now += ROTATION_RETRY;
	done(ROTATION_LOOK, 110);
	done(ROTATION_LOCK, 0);
}

ATF_TC_WITHOUT_HEAD(who_comes_late_follows);
ATF_TC_BODY(who_comes_late_follows, tc)
{
	begin(5);
	opened(100);
	done(ROTATION_LOOK, 100);
	step(ROTATION_LOCK, ROTATION_BUSY, 0, 10); /* another one rotates */
	step(ROTATION_WAIT, ROTATION_DONE, 0, 10);
	now += ROTATION_NUDGE;
	step(ROTATION_LOCK, ROTATION_MOVED, 0, 10);
	opened(20);
	done(ROTATION_LOOK, 20);
	done(ROTATION_WRITE, 30);
}

ATF_TC_WITHOUT_HEAD(rotated_by_age);
ATF_TC_BODY(rotated_by_age, tc)
{
	begin(5);
	p.every = 5000;
	opened(10);
	rotation_aged(&r, &p, 2000, now);
	step(ROTATION_WAIT, ROTATION_DONE, 0, 0);
	ATF_CHECK_EQ(rotation_due(&r, &p, false), now + 3000);
	now += 3000;
	step(ROTATION_LOOK, ROTATION_DONE, 10, 0);
	step(ROTATION_LOCK, ROTATION_DONE, 0, 0);
}

#define WORLDS 2000
#define STEPS  500

ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	unsigned did[ROTATION_UNLOCK + 1] = { 0 }, answers[ROTATION_FAILED + 1] = { 0 };

	for (walk.seed = 0; walk.seed < WORLDS; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct rotation_world x;

		rotation_world_init(&x, &from);
		for (walk.step = 0; walk.step < STEPS; walk.step++)
			rotation_world_step(&x);
		for (unsigned i = 0; i <= ROTATION_UNLOCK; i++)
			did[i] += x.did[i];
		for (unsigned i = 0; i <= ROTATION_FAILED; i++)
			answers[i] += x.refused[i];
	}
	/* a walk that never comes anywhere shows nothing */
	for (unsigned i = 0; i <= ROTATION_UNLOCK; i++)
		ATF_CHECK_MSG(did[i] >= 500, "action %u: %u times", i, did[i]);
	for (unsigned i = 0; i <= ROTATION_FAILED; i++)
		ATF_CHECK_MSG(answers[i] >= 200, "answer %u: %u times", i, answers[i]);
}

/* Without faults every line is written within a bounded number of steps. */
ATF_TC_WITHOUT_HEAD(a_line_never_waits_in_a_good_world);
ATF_TC_BODY(a_line_never_waits_in_a_good_world, tc)
{
	for (walk.seed = 0; walk.seed < 500; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct rotation_world x;
		unsigned since = 0;

		rotation_world_init(&x, &from);
		x.faults = 0;
		for (walk.step = 0; walk.step < STEPS; walk.step++) {
			rotation_world_step(&x);
			x.full = x.r.reopen = false;
			since = x.line > 0 ? since + 1 : 0;
			MUST(since < 60);
		}
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, lines_go_to_the_file);
	ATF_TP_ADD_TC(tp, a_single_writer_looks_seldom);
	ATF_TP_ADD_TC(tp, a_full_file_is_rotated);
	ATF_TP_ADD_TC(tp, a_gap_ends_the_shift);
	ATF_TP_ADD_TC(tp, too_many_old_files_go);
	ATF_TP_ADD_TC(tp, no_old_file_is_kept);
	ATF_TP_ADD_TC(tp, a_cap_over_all_old_files);
	ATF_TP_ADD_TC(tp, one_long_line_has_a_file);
	ATF_TP_ADD_TC(tp, no_rotation_within_a_line);
	ATF_TP_ADD_TC(tp, a_full_disk_is_waited_for);
	ATF_TP_ADD_TC(tp, a_full_disk_is_made_room_on);
	ATF_TP_ADD_TC(tp, a_failed_rotation_stops_nothing);
	ATF_TP_ADD_TC(tp, who_comes_late_follows);
	ATF_TP_ADD_TC(tp, rotated_by_age);
	ATF_TP_ADD_TC(tp, a_million_steps);
	ATF_TP_ADD_TC(tp, a_line_never_waits_in_a_good_world);
	return atf_no_error();
}
