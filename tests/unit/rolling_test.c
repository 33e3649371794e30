#include "lib/fsm/rolling.h"

#include <atf-c.h>

#include "tests/unit/rolling_world.h"

static struct rolling_world x;
static struct choice nobody;
static unsigned slot;

/* So many workers, all ready; none says that it is. */
static void
begin(unsigned workers, unsigned max_unavailable, unsigned surge)
{
	nobody = (struct choice){ 0 };
	rolling_world_init(&x, &nobody);
	x.workers = workers;
	x.surge = surge;
	x.policy = (struct rolling_policy){
		.max_unavailable = max_unavailable, .late = 5000, .alive = 1000
	};
	for (unsigned i = 0; i < ROLLING_WORLD_SLOTS; i++)
		x.worker[i] = (struct rolling_worker){
			.wanted = i < workers, .up = i < workers, .started = x.now - 10000
		};
	rolling_world_begin(&x);
}

static void
next(enum rolling_action want, unsigned at)
{
	enum rolling_action got = rolling_next(&x.r, &x.policy, x.now, &slot);

	ATF_REQUIRE_MSG(got == want, "action %d, expected %d", (int)got, (int)want);
	if (want != ROLLING_WAIT && want != ROLLING_DONE)
		ATF_REQUIRE_MSG(slot == at, "slot %u, expected %u", slot, at);
}

static void
goes(unsigned i)
{
	rolling_world_leave(&x, i);
	rolling_world_exit(&x, i);
}

static void
comes(unsigned i)
{
	rolling_world_start(&x, i);
}

static void
says(unsigned i)
{
	rolling_world_tell(&x, i, ROLLING_EV_READY);
}

ATF_TC_WITHOUT_HEAD(one_after_the_other);
ATF_TC_BODY(one_after_the_other, tc)
{
	begin(3, 1, 0);
	for (unsigned i = 0; i < 3; i++) {
		next(ROLLING_REPLACE, i);
		next(ROLLING_WAIT, 0);
		ATF_CHECK_EQ(rolling_due(&x.r), MS_NEVER);
		goes(i);
		next(ROLLING_WAIT, 0);
		comes(i);
		next(ROLLING_WAIT, 0);
		ATF_CHECK_EQ(rolling_due(&x.r), x.now + 1000);
		ATF_CHECK_EQ(x.r.renewed, i);
		says(i);
	}
	next(ROLLING_DONE, 0);
	next(ROLLING_WAIT, 0);
	ATF_CHECK_EQ(rolling_due(&x.r), MS_NEVER);
	ATF_CHECK(!x.r.on);
}

ATF_TC_WITHOUT_HEAD(who_says_nothing_is_ready_after_a_while);
ATF_TC_BODY(who_says_nothing_is_ready_after_a_while, tc)
{
	begin(2, 1, 0);
	next(ROLLING_REPLACE, 0);
	goes(0);
	comes(0);
	x.now += 999;
	next(ROLLING_WAIT, 0);
	x.now++;
	next(ROLLING_REPLACE, 1);
	goes(1);
	comes(1);
	x.now += 1000;
	next(ROLLING_DONE, 0);
}

ATF_TC_WITHOUT_HEAD(who_is_to_say_it_must);
ATF_TC_BODY(who_is_to_say_it_must, tc)
{
	begin(2, 1, 0);
	x.policy.told = true;
	next(ROLLING_REPLACE, 0);
	goes(0);
	comes(0);
	x.now += 4999;
	next(ROLLING_WAIT, 0);
	x.now++;
	next(ROLLING_FAILED, 0);
	ATF_CHECK_EQ(x.r.reason, ROLLING_BY_TIME);
	next(ROLLING_WAIT, 0);
	ATF_CHECK_EQ(rolling_due(&x.r), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(so_many_at_a_time);
ATF_TC_BODY(so_many_at_a_time, tc)
{
	begin(5, 2, 0);
	next(ROLLING_REPLACE, 0);
	next(ROLLING_REPLACE, 1);
	next(ROLLING_WAIT, 0);
	goes(1);
	comes(1);
	says(1); /* sooner than 0 */
	next(ROLLING_REPLACE, 2);
	next(ROLLING_WAIT, 0);
	begin(3, 9, 0);
	for (unsigned i = 0; i < 3; i++)
		next(ROLLING_REPLACE, i);
	next(ROLLING_WAIT, 0);
}

ATF_TC_WITHOUT_HEAD(extra_ones_come_first);
ATF_TC_BODY(extra_ones_come_first, tc)
{
	begin(3, 0, 2);
	next(ROLLING_START, 3);
	next(ROLLING_START, 4);
	next(ROLLING_WAIT, 0);
	comes(3);
	says(3);
	next(ROLLING_WAIT, 0);
	comes(4);
	says(4);
	next(ROLLING_REPLACE, 0);
	next(ROLLING_REPLACE, 1);
	next(ROLLING_WAIT, 0);
	for (unsigned i = 0; i < 2; i++) {
		goes(i);
		comes(i);
	}
	says(0);
	next(ROLLING_REPLACE, 2);
	says(1);
	next(ROLLING_WAIT, 0);
	goes(2);
	comes(2);
	says(2);
	next(ROLLING_DONE, 0);
}

ATF_TC_WITHOUT_HEAD(a_new_one_that_fails_ends_it);
ATF_TC_BODY(a_new_one_that_fails_ends_it, tc)
{
	begin(3, 1, 0);
	next(ROLLING_REPLACE, 0);
	goes(0);
	comes(0);
	rolling_world_exit(&x, 0);
	next(ROLLING_FAILED, 0);
	ATF_CHECK_EQ(x.r.reason, ROLLING_BY_EXIT);
	next(ROLLING_WAIT, 0);
	/* also one that was ready */
	begin(3, 1, 0);
	next(ROLLING_REPLACE, 0);
	goes(0);
	comes(0);
	says(0);
	next(ROLLING_REPLACE, 1);
	rolling_world_exit(&x, 0);
	next(ROLLING_FAILED, 0);
	/* and one that is not there at all */
	begin(3, 1, 0);
	next(ROLLING_REPLACE, 0);
	goes(0);
	rolling_world_tell(&x, 0, ROLLING_EV_UNSTARTABLE);
	next(ROLLING_FAILED, 0);
	ATF_CHECK_EQ(x.r.reason, ROLLING_BY_START);
	/* and an extra one */
	begin(3, 1, 1);
	next(ROLLING_START, 3);
	comes(3);
	rolling_world_exit(&x, 3);
	next(ROLLING_FAILED, 3);
}

ATF_TC_WITHOUT_HEAD(an_old_one_that_dies_is_no_failure);
ATF_TC_BODY(an_old_one_that_dies_is_no_failure, tc)
{
	begin(4, 1, 0);
	next(ROLLING_REPLACE, 0);
	rolling_world_exit(&x, 2);
	next(ROLLING_REPLACE, 2); /* at once: it costs nothing */
	comes(2);
	says(2);
	next(ROLLING_WAIT, 0);
	goes(0);
	comes(0);
	says(0);
	next(ROLLING_REPLACE, 1);
	goes(1);
	comes(1);
	says(1);
	next(ROLLING_REPLACE, 3); /* 2 is new */
}

ATF_TC_WITHOUT_HEAD(what_is_not_in_service_goes_first);
ATF_TC_BODY(what_is_not_in_service_goes_first, tc)
{
	begin(3, 1, 0);
	x.worker[2].up = false;
	x.worker[1].started = x.now - 300; /* not long enough */
	rolling_world_begin(&x);
	next(ROLLING_REPLACE, 2);
	next(ROLLING_WAIT, 0);
	comes(2);
	says(2);
	next(ROLLING_WAIT, 0); /* 1 is still missing */
	x.now += 700;
	next(ROLLING_REPLACE, 0);
}

/* Whoever restarts right after the start: nobody serves yet, and nobody is to go for that. */
ATF_TC_WITHOUT_HEAD(who_has_just_started_is_waited_for);
ATF_TC_BODY(who_has_just_started_is_waited_for, tc)
{
	begin(2, 1, 0);
	x.worker[0].started = x.worker[1].started = x.now - 300;
	rolling_world_begin(&x);
	next(ROLLING_WAIT, 0);
	ATF_CHECK_EQ(rolling_due(&x.r), x.now + 700);
	x.now += 700;
	next(ROLLING_REPLACE, 0);
	next(ROLLING_WAIT, 0);
}

ATF_TC_WITHOUT_HEAD(a_second_one_begins_anew);
ATF_TC_BODY(a_second_one_begins_anew, tc)
{
	begin(2, 1, 0);
	next(ROLLING_REPLACE, 0);
	goes(0);
	comes(0);
	x.now += 2000;
	next(ROLLING_REPLACE, 1);
	goes(1);
	rolling_world_begin(&x);
	next(ROLLING_REPLACE, 1);
	next(ROLLING_WAIT, 0);
	comes(1);
	says(1);
	next(ROLLING_REPLACE, 0); /* again */
	goes(0);
	comes(0);
	says(0);
	next(ROLLING_DONE, 0);
}

ATF_TC_WITHOUT_HEAD(more_and_fewer_workers_meanwhile);
ATF_TC_BODY(more_and_fewer_workers_meanwhile, tc)
{
	begin(2, 0, 1);
	next(ROLLING_START, 2);
	comes(2);
	says(2);
	next(ROLLING_REPLACE, 0);
	x.workers = 3; /* the extra one is one of them now */
	rolling_resize(&x.r, 3, 1);
	next(ROLLING_START, 3);
	goes(0);
	comes(0);
	says(0);
	next(ROLLING_WAIT, 0);
	comes(3);
	says(3);
	next(ROLLING_REPLACE, 1);
	x.workers = 1;
	rolling_resize(&x.r, 1, 1);
	next(ROLLING_DONE, 0);
}

ATF_TC_WITHOUT_HEAD(nobody_is_replaced_at_once);
ATF_TC_BODY(nobody_is_replaced_at_once, tc)
{
	begin(0, 1, 2);
	next(ROLLING_DONE, 0);
	begin(3, 1, 0);
	rolling_end(&x.r);
	next(ROLLING_WAIT, 0);
	rolling_world_exit(&x, 1);
	next(ROLLING_WAIT, 0);
	ATF_CHECK_EQ(rolling_due(&x.r), MS_NEVER);
}

/* ---- random walks ---- */

enum { WORLDS = 2000, STEPS = 500 };

ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	unsigned did[ROLLING_FAILED + 1] = { 0 }, reasons[ROLLING_BY_TIME + 1] = { 0 }, most = 0;

	for (walk.seed = 0; walk.seed < WORLDS; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct rolling_world w;

		rolling_world_init(&w, &from);
		for (walk.step = 0; walk.step < STEPS; walk.step++)
			rolling_world_step(&w);
		for (unsigned i = 0; i <= ROLLING_FAILED; i++)
			did[i] += w.did[i];
		for (unsigned i = 0; i <= ROLLING_BY_TIME; i++)
			reasons[i] += w.reasons[i];
		most = w.short_of > most ? w.short_of : most;
	}
	/* a walk that never comes anywhere shows nothing */
	for (unsigned i = ROLLING_START; i <= ROLLING_FAILED; i++)
		ATF_CHECK_MSG(did[i] >= 500, "action %u: %u times", i, did[i]);
	for (unsigned i = 0; i <= ROLLING_BY_TIME; i++)
		ATF_CHECK_MSG(reasons[i] >= 100, "reason %u: %u times", i, reasons[i]);
	ATF_CHECK(most >= 2);
}

/* Where whoever is told goes, and what starts is ready, it comes to its end, whatever was before.
 */
ATF_TC_WITHOUT_HEAD(it_always_ends);
ATF_TC_BODY(it_always_ends, tc)
{
	for (walk.seed = 0; walk.seed < 2000; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct rolling_world w;

		rolling_world_init(&w, &from);
		for (walk.step = 0; walk.step < 100; walk.step++)
			rolling_world_step(&w);
		w.kind = true; /* from now on */
		w.whole = false;
		for (unsigned round = 0; w.going && round < 100; round++) {
			for (unsigned i = 0; i < ROLLING_WORLD_SLOTS; i++)
				rolling_world_move(&w, i, true);
			w.now += 1000;
			rolling_world_settle(&w);
		}
		MUST(!w.going);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, one_after_the_other);
	ATF_TP_ADD_TC(tp, who_says_nothing_is_ready_after_a_while);
	ATF_TP_ADD_TC(tp, who_is_to_say_it_must);
	ATF_TP_ADD_TC(tp, so_many_at_a_time);
	ATF_TP_ADD_TC(tp, extra_ones_come_first);
	ATF_TP_ADD_TC(tp, a_new_one_that_fails_ends_it);
	ATF_TP_ADD_TC(tp, an_old_one_that_dies_is_no_failure);
	ATF_TP_ADD_TC(tp, what_is_not_in_service_goes_first);
	ATF_TP_ADD_TC(tp, who_has_just_started_is_waited_for);
	ATF_TP_ADD_TC(tp, a_second_one_begins_anew);
	ATF_TP_ADD_TC(tp, more_and_fewer_workers_meanwhile);
	ATF_TP_ADD_TC(tp, nobody_is_replaced_at_once);
	ATF_TP_ADD_TC(tp, a_million_steps);
	ATF_TP_ADD_TC(tp, it_always_ends);
	return atf_no_error();
}
