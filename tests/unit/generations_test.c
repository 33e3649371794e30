#include "lib/fsm/generations.h"

#include <atf-c.h>

#include "tests/unit/generations_world.h"

static struct generations g;
static struct generations_policy p;
static struct generation *which, was;
static ms now;

static void
begin(void)
{
	generations_init(&g);
	p = (struct generations_policy){
		.interval = 1000,
		.ready_timeout = MS_NEVER,
		.kill_old_timeout = MS_NEVER,
		.auto_restart = MS_NEVER,
		.alive = 5,
		.retries = GENERATIONS_ALWAYS,
		.backoff = { .first = 1000, .max = 8000 },
	};
	now = 10000;
}

static void
next(enum generations_action want)
{
	enum generations_action got = generations_next(&g, &p, now, &which);

	ATF_REQUIRE_MSG(got == want, "action %d, expected %d", (int)got, (int)want);
}

/* The next step is a start, which gets that pid. */
static void
starts(int pid)
{
	next(GENERATIONS_START);
	generations_started(&g, &p, pid, now);
	next(GENERATIONS_WAIT);
}

/* One that has the interval behind it. */
static void
is_up(int pid)
{
	now += p.interval;
	next(GENERATIONS_UP);
	ATF_REQUIRE_EQ(which->pid, pid);
}

static void
dies(int pid)
{
	ATF_REQUIRE(generations_died(&g, &p, pid, 250, now, &was));
	ATF_REQUIRE_EQ(was.pid, pid);
}

ATF_TC_WITHOUT_HEAD(the_first_one_is_up_after_the_interval);
ATF_TC_BODY(the_first_one_is_up_after_the_interval, tc)
{
	begin();
	ATF_CHECK_EQ(generations_due(&g, &p), 0);
	starts(1);
	ATF_CHECK_EQ(g.reason, GENERATIONS_FIRST);
	ATF_CHECK_EQ(generations_due(&g, &p), now + 1000);
	now += 999;
	next(GENERATIONS_WAIT);
	now++;
	next(GENERATIONS_UP);
	ATF_CHECK_EQ(which->pid, 1);
	ATF_CHECK_EQ(which->number, 1);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(generations_due(&g, &p), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(a_restart_tells_the_old_one_when_the_new_one_is_up);
ATF_TC_BODY(a_restart_tells_the_old_one_when_the_new_one_is_up, tc)
{
	begin();
	starts(1);
	is_up(1);
	generations_restart(&g, now);
	starts(2);
	ATF_CHECK_EQ(g.reason, GENERATIONS_ASKED);
	ATF_CHECK_EQ(generations_in(&g, GENERATION_CURRENT)->pid, 1);
	is_up(2);
	next(GENERATIONS_TELL);
	ATF_CHECK_EQ(generations_in(&g, GENERATION_TOLD)->pid, 1);
	next(GENERATIONS_WAIT);
	dies(1);
	ATF_CHECK_EQ(was.state, GENERATION_TOLD);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(g.count, 1);
}

ATF_TC_WITHOUT_HEAD(many_restarts_in_a_start_are_one);
ATF_TC_BODY(many_restarts_in_a_start_are_one, tc)
{
	begin();
	starts(1);
	for (int i = 0; i < 10; i++)
		generations_restart(&g, now);
	next(GENERATIONS_WAIT);
	is_up(1);
	starts(2);
	is_up(2);
	next(GENERATIONS_TELL);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(g.number, 2);
}

ATF_TC_WITHOUT_HEAD(old_ones_are_told_after_the_delay);
ATF_TC_BODY(old_ones_are_told_after_the_delay, tc)
{
	begin();
	p.kill_old_delay = 5000;
	starts(1);
	is_up(1);
	generations_restart(&g, now);
	starts(2);
	is_up(2);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(generations_due(&g, &p), now + 5000);
	generations_restart(&g, now); /* is not kept waiting by that */
	starts(3);
	now += 4000;
	next(GENERATIONS_UP);
	now += 1000;
	next(GENERATIONS_TELL);
	ATF_CHECK_EQ(generations_in(&g, GENERATION_TOLD)->pid, 1);
	ATF_CHECK_EQ(generations_in(&g, GENERATION_OLD)->pid, 2);
	now += 4000;
	next(GENERATIONS_TELL);
	ATF_CHECK(!generations_in(&g, GENERATION_OLD));
}

ATF_TC_WITHOUT_HEAD(who_does_not_go_is_killed);
ATF_TC_BODY(who_does_not_go_is_killed, tc)
{
	begin();
	p.kill_old_timeout = 3000;
	starts(1);
	is_up(1);
	generations_restart(&g, now);
	starts(2);
	is_up(2);
	next(GENERATIONS_TELL);
	now += 2999;
	next(GENERATIONS_WAIT);
	now++;
	next(GENERATIONS_KILL);
	ATF_CHECK_EQ(which->pid, 1);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(generations_due(&g, &p), MS_NEVER); /* once */
}

ATF_TC_WITHOUT_HEAD(one_that_dies_young_is_tried_again_at_once_then_later);
ATF_TC_BODY(one_that_dies_young_is_tried_again_at_once_then_later, tc)
{
	ms waits[] = { 1000, 2000, 4000, 8000, 8000 };

	begin();
	starts(1);
	now += 100;
	dies(1);
	ATF_CHECK_EQ(was.state, GENERATION_STARTING);
	starts(2); /* at once */
	ATF_CHECK_EQ(g.reason, GENERATIONS_AGAIN);
	for (int i = 0; i < 5; i++) {
		dies(2 + i);
		next(GENERATIONS_WAIT);
		ATF_CHECK_EQ(generations_due(&g, &p), now + waits[i]); /* random 250: no jitter */
		now += waits[i];
		starts(3 + i);
	}
	is_up(7);
	now += 5000;
	dies(7); /* was up for long: the count begins anew */
	starts(8);
	dies(8);
	starts(9);
}

ATF_TC_WITHOUT_HEAD(the_old_one_stays_if_the_new_one_fails);
ATF_TC_BODY(the_old_one_stays_if_the_new_one_fails, tc)
{
	begin();
	p.retries = 2;
	starts(1);
	is_up(1);
	generations_restart(&g, now);
	for (int i = 0; i < 3; i++) {
		now = ms_max(now, generations_due(&g, &p));
		starts(2 + i);
		dies(2 + i);
	}
	next(GENERATIONS_GIVE_UP);
	ATF_CHECK(!g.hopeless);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(generations_in(&g, GENERATION_CURRENT)->pid, 1);
	ATF_CHECK_EQ(generations_due(&g, &p), MS_NEVER);
	generations_restart(&g, now); /* at once */
	starts(5);
	is_up(5);
	next(GENERATIONS_TELL);
}

ATF_TC_WITHOUT_HEAD(without_hope_it_ends);
ATF_TC_BODY(without_hope_it_ends, tc)
{
	begin();
	p.retries = 0;
	starts(1);
	dies(1);
	next(GENERATIONS_GIVE_UP);
	ATF_CHECK(g.hopeless);
	next(GENERATIONS_END);
}

ATF_TC_WITHOUT_HEAD(a_current_one_that_dies_is_replaced);
ATF_TC_BODY(a_current_one_that_dies_is_replaced, tc)
{
	begin();
	starts(1);
	is_up(1);
	now += 5000;
	dies(1);
	ATF_CHECK_EQ(was.state, GENERATION_CURRENT);
	starts(2);
	is_up(2);
	next(GENERATIONS_WAIT);
	/* while a new one starts: that one is it */
	generations_restart(&g, now);
	starts(3);
	dies(2);
	next(GENERATIONS_WAIT);
	is_up(3);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(g.number, 3);
}

ATF_TC_WITHOUT_HEAD(readiness_is_told);
ATF_TC_BODY(readiness_is_told, tc)
{
	begin();
	p.told = true;
	p.ready_timeout = 5000;
	starts(1);
	generations_ready(&g, 7); /* somebody else */
	now += 4999;
	next(GENERATIONS_WAIT);
	generations_ready(&g, 1);
	ATF_CHECK_EQ(generations_due(&g, &p), 0);
	next(GENERATIONS_UP);
	generations_restart(&g, now);
	starts(2);
	now += 5000;
	next(GENERATIONS_LATE);
	ATF_CHECK_EQ(which->pid, 2);
	generations_ready(&g, 2); /* too late */
	next(GENERATIONS_WAIT);
	dies(2);
	ATF_CHECK_EQ(was.state, GENERATION_FAILED);
	starts(3);
	ATF_CHECK_EQ(generations_in(&g, GENERATION_CURRENT)->pid, 1);
}

ATF_TC_WITHOUT_HEAD(ready_and_dead_at_once_is_no_storm);
ATF_TC_BODY(ready_and_dead_at_once_is_no_storm, tc)
{
	ms from;

	begin();
	p.interval = 0;
	from = now;
	for (int pid = 1; pid <= 20; pid++) {
		now = ms_max(now, generations_due(&g, &p));
		next(GENERATIONS_START);
		generations_started(&g, &p, pid, now);
		next(GENERATIONS_UP);
		dies(pid);
	}
	ATF_CHECK(now - from > 60000);
}

ATF_TC_WITHOUT_HEAD(restarts_by_time);
ATF_TC_BODY(restarts_by_time, tc)
{
	begin();
	p.auto_restart = 60000;
	starts(1);
	is_up(1);
	ATF_CHECK_EQ(generations_due(&g, &p), now + 60000);
	now += 60000;
	starts(2);
	ATF_CHECK_EQ(g.reason, GENERATIONS_AUTO);
	is_up(2);
	next(GENERATIONS_TELL); /* who is still there then, puts it off, but once */
	now += 60000;
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(generations_due(&g, &p), now + 60000);
	now += 60000;
	starts(3);
	ATF_CHECK_EQ(g.reason, GENERATIONS_FORCED);
}

ATF_TC_WITHOUT_HEAD(too_many_are_thinned_from_the_oldest);
ATF_TC_BODY(too_many_are_thinned_from_the_oldest, tc)
{
	begin();
	p.alive = 3;
	starts(1);
	is_up(1);
	for (int pid = 2; pid <= 3; pid++) {
		generations_restart(&g, now);
		starts(pid);
		is_up(pid);
		next(GENERATIONS_TELL);
	}
	generations_restart(&g, now);
	next(GENERATIONS_CROWDED);
	ATF_CHECK_EQ(which->pid, 1);
	starts(4);
}

ATF_TC_WITHOUT_HEAD(a_stop_is_taken_at_any_time);
ATF_TC_BODY(a_stop_is_taken_at_any_time, tc)
{
	begin();
	p.kill_old_delay = 5000;
	starts(1);
	is_up(1);
	generations_restart(&g, now);
	starts(2);
	is_up(2);
	generations_restart(&g, now);
	starts(3);
	generations_stop(&g);
	ATF_CHECK_EQ(generations_due(&g, &p), 0);
	next(GENERATIONS_STOP);
	generations_restart(&g, now); /* not any more */
	now += 60000;
	next(GENERATIONS_WAIT);
	dies(1);
	dies(3);
	next(GENERATIONS_WAIT);
	ATF_CHECK_EQ(generations_due(&g, &p), MS_NEVER);
	generations_stop(&g);
	next(GENERATIONS_KILL_ALL);
	next(GENERATIONS_WAIT);
	dies(2);
	next(GENERATIONS_END);
}

/* ---- random walks ---- */

enum { WORLDS = 2000, STEPS = 500 };

ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	unsigned did[GENERATIONS_END + 1] = { 0 }, deaths[GENERATION_KILLED + 1] = { 0 };

	for (walk.seed = 0; walk.seed < WORLDS; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct generations_world x;

		generations_world_init(&x, &from);
		for (walk.step = 0; walk.step < STEPS && !x.ended; walk.step++)
			generations_world_step(&x);
		for (unsigned i = 0; i <= GENERATIONS_END; i++)
			did[i] += x.did[i];
		for (unsigned i = 0; i <= GENERATION_KILLED; i++)
			deaths[i] += x.deaths[i];
	}
	/* a walk that never comes anywhere shows nothing */
	for (unsigned i = GENERATIONS_START; i <= GENERATIONS_END; i++)
		ATF_CHECK_MSG(did[i] >= 100, "action %u: %u times", i, did[i]);
	for (unsigned i = 0; i <= GENERATION_KILLED; i++)
		ATF_CHECK_MSG(deaths[i] >= 100, "death in state %u: %u times", i, deaths[i]);
}

/* Where whoever is told goes, and what starts is ready, a restart is never put off. */
ATF_TC_WITHOUT_HEAD(a_restart_comes_in_a_good_world);
ATF_TC_BODY(a_restart_comes_in_a_good_world, tc)
{
	begin();
	for (int pid = 1; pid < 500; pid++) {
		generations_restart(&g, now);
		starts(pid);
		is_up(pid);
		if (pid > 1) {
			next(GENERATIONS_TELL);
			dies(pid - 1);
		}
		ATF_REQUIRE_EQ(g.count, 1);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, the_first_one_is_up_after_the_interval);
	ATF_TP_ADD_TC(tp, a_restart_tells_the_old_one_when_the_new_one_is_up);
	ATF_TP_ADD_TC(tp, many_restarts_in_a_start_are_one);
	ATF_TP_ADD_TC(tp, old_ones_are_told_after_the_delay);
	ATF_TP_ADD_TC(tp, who_does_not_go_is_killed);
	ATF_TP_ADD_TC(tp, one_that_dies_young_is_tried_again_at_once_then_later);
	ATF_TP_ADD_TC(tp, the_old_one_stays_if_the_new_one_fails);
	ATF_TP_ADD_TC(tp, without_hope_it_ends);
	ATF_TP_ADD_TC(tp, a_current_one_that_dies_is_replaced);
	ATF_TP_ADD_TC(tp, readiness_is_told);
	ATF_TP_ADD_TC(tp, ready_and_dead_at_once_is_no_storm);
	ATF_TP_ADD_TC(tp, restarts_by_time);
	ATF_TP_ADD_TC(tp, too_many_are_thinned_from_the_oldest);
	ATF_TP_ADD_TC(tp, a_stop_is_taken_at_any_time);
	ATF_TP_ADD_TC(tp, a_million_steps);
	ATF_TP_ADD_TC(tp, a_restart_comes_in_a_good_world);
	return atf_no_error();
}
