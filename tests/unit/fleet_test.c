#include <atf-c.h>

#include "tests/unit/fleet_world.h"

static const struct fleet_policy policy = {
	.start_delay = 10000, .start_delay_rand = 200, .stray_timeout = 5000
};

static enum fleet_do
feed(struct fleet *f, enum fleet_event event, ms now)
{
	return fleet_step(f, &policy, &(struct fleet_input){ .event = event, .now = now });
}

static enum fleet_do
lose(struct fleet *f, int status, bool fatal)
{
	return fleet_step(f, &policy,
	    &(struct fleet_input){
		.event = FLEET_EV_WORKER_LOST, .status = status, .fatal = fatal });
}

ATF_TC_WITHOUT_HEAD(workers_then_strays_then_us);
ATF_TC_BODY(workers_then_strays_then_us, tc)
{
	struct fleet f;

	fleet_init(&f);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_CHILDLESS, 0), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_EMPTY, 0), FLEET_DO_NOTHING); /* no workers is a wish too */
	ATF_CHECK_EQ(feed(&f, FLEET_EV_STOP, 100), FLEET_DO_STOP_WORKERS);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_STOP, 100), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_CHILDLESS, 100), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(f.due, MS_NEVER);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_EMPTY, 200), FLEET_DO_TERM_STRAYS);
	ATF_CHECK_EQ(f.due, 5200);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_TIME, 5199), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_TIME, 5200), FLEET_DO_KILL_STRAYS);
	ATF_CHECK_EQ(f.due, 10200);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_TIME, 10200), FLEET_DO_EXIT); /* nothing ends them */
	ATF_CHECK_EQ(f.status, 0);
	for (int e = FLEET_EV_STOP; e <= FLEET_EV_TIME; e++)
		ATF_CHECK_EQ(feed(&f, (enum fleet_event)e, 99999), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(f.due, MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(the_end_comes_with_the_last_child);
ATF_TC_BODY(the_end_comes_with_the_last_child, tc)
{
	struct fleet f;

	fleet_init(&f);
	(void)feed(&f, FLEET_EV_STOP, 0);
	(void)feed(&f, FLEET_EV_EMPTY, 0);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_CHILDLESS, 0), FLEET_DO_EXIT);
	ATF_CHECK_EQ(f.state, FLEET_ENDED);
}

ATF_TC_WITHOUT_HEAD(no_time_for_strays_is_kill_at_once);
ATF_TC_BODY(no_time_for_strays_is_kill_at_once, tc)
{
	struct fleet_policy p = { .stray_timeout = 0 };
	struct fleet f;

	fleet_init(&f);
	(void)feed(&f, FLEET_EV_STOP, 0);
	ATF_CHECK_EQ(
	    fleet_step(&f, &p, &(struct fleet_input){ .event = FLEET_EV_EMPTY, .now = 50 }),
	    FLEET_DO_KILL_STRAYS);
	ATF_CHECK_EQ(f.due, 1050);
	ATF_CHECK_EQ(
	    fleet_step(&f, &p, &(struct fleet_input){ .event = FLEET_EV_TIME, .now = 1050 }),
	    FLEET_DO_EXIT);
}

ATF_TC_WITHOUT_HEAD(abort_overtakes_stop);
ATF_TC_BODY(abort_overtakes_stop, tc)
{
	struct fleet f;

	fleet_init(&f);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_STOP, 0), FLEET_DO_STOP_WORKERS);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_ABORT, 0), FLEET_DO_ABORT_WORKERS);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_ABORT, 0), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_STOP, 0), FLEET_DO_NOTHING);
}

ATF_TC_WITHOUT_HEAD(the_last_lost_worker_gives_the_status);
ATF_TC_BODY(the_last_lost_worker_gives_the_status, tc)
{
	struct fleet f;

	fleet_init(&f);
	ATF_CHECK_EQ(lose(&f, 3, false), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(lose(&f, 4, false), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_EMPTY, 0), FLEET_DO_TERM_STRAYS);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_CHILDLESS, 0), FLEET_DO_EXIT);
	ATF_CHECK_EQ(f.status, 4);
}

ATF_TC_WITHOUT_HEAD(one_that_comes_back_is_no_loss);
ATF_TC_BODY(one_that_comes_back_is_no_loss, tc)
{
	struct fleet f;

	fleet_init(&f);
	(void)lose(&f, 3, false);
	(void)lose(&f, 4, false);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_WORKER_BACK, 0), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(f.status, 4); /* one is still lost */
	ATF_CHECK_EQ(feed(&f, FLEET_EV_WORKER_BACK, 0), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(f.status, 0);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_EMPTY, 0), FLEET_DO_NOTHING);
	ATF_CHECK_EQ(f.state, FLEET_RUNNING);
}

ATF_TC_WITHOUT_HEAD(a_fatal_loss_stops_the_others);
ATF_TC_BODY(a_fatal_loss_stops_the_others, tc)
{
	struct fleet f;

	fleet_init(&f);
	ATF_CHECK_EQ(lose(&f, 137, true), FLEET_DO_STOP_WORKERS);
	ATF_CHECK_EQ(lose(&f, 3, true), FLEET_DO_NOTHING);
	(void)feed(&f, FLEET_EV_EMPTY, 0);
	ATF_CHECK_EQ(feed(&f, FLEET_EV_CHILDLESS, 0), FLEET_DO_EXIT);
	ATF_CHECK_EQ(f.status, 3);
}

ATF_TC_WITHOUT_HEAD(starts_keep_their_distance);
ATF_TC_BODY(starts_keep_their_distance, tc)
{
	ms least = MS_NEVER, most = 0;
	struct fleet f;

	for (unsigned random = 0; random < 1024; random++) {
		ms next;

		fleet_init(&f);
		ATF_CHECK_EQ(fleet_start_at(&f, &policy, 500, random), 500);
		next = fleet_start_at(&f, &policy, 500, 0);
		ATF_CHECK_EQ(fleet_start_at(&f, &policy, next - 1, 0), next);
		ATF_CHECK_EQ(fleet_start_at(&f, &policy, next, 0), next);
		least = ms_min(least, next - 500);
		most = ms_max(most, next - 500);
	}
	ATF_CHECK_EQ(least, 9000);
	ATF_CHECK_EQ(most, 11000);
}

ATF_TC_WITHOUT_HEAD(without_a_delay_all_start_at_once);
ATF_TC_BODY(without_a_delay_all_start_at_once, tc)
{
	struct fleet_policy p = { .start_delay_rand = 2000 };
	struct fleet f;

	fleet_init(&f);
	for (unsigned i = 0; i < 10; i++)
		ATF_CHECK_EQ(fleet_start_at(&f, &p, 500, i), 500);
}

ATF_TC_WITHOUT_HEAD(a_reload_may_take_the_delay_away);
ATF_TC_BODY(a_reload_may_take_the_delay_away, tc)
{
	struct fleet_policy p = { .start_delay = 0 };
	struct fleet f;

	fleet_init(&f);
	(void)fleet_start_at(&f, &policy, 500, 0);
	ATF_CHECK(fleet_start_at(&f, &policy, 501, 0) > 501);
	ATF_CHECK_EQ(fleet_start_at(&f, &p, 501, 0), 501);
}

ATF_TC_WITHOUT_HEAD(replaced_one_at_a_time);
ATF_TC_BODY(replaced_one_at_a_time, tc)
{
	struct fleet f;

	fleet_init(&f);
	ATF_CHECK(fleet_may_retire(&f, 3, false));
	ATF_CHECK(!fleet_may_retire(&f, 4, false));
	ATF_CHECK(fleet_may_retire(&f, 4, true));
	ATF_CHECK(!fleet_may_retire(&f, 3, false));
	(void)feed(&f, FLEET_EV_STOP, 0);
	ATF_CHECK(!fleet_may_retire(&f, 3, true));
}

#define WORLDS 10000
#define EVENTS 100

ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	unsigned did[FLEET_DO_EXIT + 1] = { 0 };

	for (walk.seed = 0; walk.seed < WORLDS; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct fleet_world x;

		fleet_world_init(&x, &from);
		for (walk.step = 0; walk.step < EVENTS; walk.step++)
			fleet_world_step(&x);
		for (unsigned i = 0; i <= FLEET_DO_EXIT; i++)
			did[i] += x.did[i];
	}
	for (unsigned i = 0; i <= FLEET_DO_EXIT; i++)
		ATF_CHECK_MSG(did[i] >= 500, "action %u: %u times", i, did[i]);
}

/* Whatever has gone before: once asked to stop, and with workers that go, it ends in bounded time.
 */
ATF_TC_WITHOUT_HEAD(a_stop_always_ends);
ATF_TC_BODY(a_stop_always_ends, tc)
{
	for (walk.seed = 0; walk.seed < 1000; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct fleet_world x;

		fleet_world_init(&x, &from);
		for (walk.step = 0; walk.step < 20; walk.step++)
			fleet_world_step(&x);
		fleet_world_feed_event(&x, FLEET_EV_STOP);
		x.workers = 0;
		for (int i = 0; i < 3 && x.exits == 0; i++) {
			fleet_world_feed_event(&x, FLEET_EV_TIME);
			fleet_world_settle(&x);
			if (x.exits == 0)
				x.now = x.f.due;
		}
		fleet_world_feed_event(&x, FLEET_EV_TIME);
		ATF_CHECK_EQ(x.exits, 1);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, workers_then_strays_then_us);
	ATF_TP_ADD_TC(tp, the_end_comes_with_the_last_child);
	ATF_TP_ADD_TC(tp, no_time_for_strays_is_kill_at_once);
	ATF_TP_ADD_TC(tp, abort_overtakes_stop);
	ATF_TP_ADD_TC(tp, the_last_lost_worker_gives_the_status);
	ATF_TP_ADD_TC(tp, one_that_comes_back_is_no_loss);
	ATF_TP_ADD_TC(tp, a_fatal_loss_stops_the_others);
	ATF_TP_ADD_TC(tp, starts_keep_their_distance);
	ATF_TP_ADD_TC(tp, without_a_delay_all_start_at_once);
	ATF_TP_ADD_TC(tp, a_reload_may_take_the_delay_away);
	ATF_TP_ADD_TC(tp, replaced_one_at_a_time);
	ATF_TP_ADD_TC(tp, a_million_steps);
	ATF_TP_ADD_TC(tp, a_stop_always_ends);
	return atf_no_error();
}
