#include "tests/unit/worker_case.h"

ATF_TC_WITHOUT_HEAD(start_spawns_at_once);
ATF_TC_BODY(start_spawns_at_once, tc)
{
	begin();
	ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
	t.now = 7;
	ATF_CHECK_EQ(feed(WORKER_EV_START).what, WORKER_DO_NOTHING);
	ATF_CHECK_EQ(worker_due(&t.w), 7);
	ATF_CHECK_EQ(feed(WORKER_EV_TIME).what, WORKER_DO_SPAWN);
	ATF_CHECK_EQ(t.w.state, WORKER_SPAWNING);
	ATF_CHECK(worker_active(&t.w));
	ATF_CHECK(!worker_alive(&t.w));
	ATF_CHECK_EQ(feed(WORKER_EV_TIME).what, WORKER_DO_NOTHING); /* not twice */
	ATF_CHECK_EQ(feed(WORKER_EV_START).what, WORKER_DO_NOTHING);
	(void)feed(WORKER_EV_SPAWNED);
	ATF_CHECK_EQ(t.w.state, WORKER_UP);
	ATF_CHECK(worker_alive(&t.w));
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(hold_waits_and_asks_again);
ATF_TC_BODY(hold_waits_and_asks_again, tc)
{
	begin();
	(void)feed(WORKER_EV_START);
	(void)feed(WORKER_EV_TIME);
	(void)feed_until(WORKER_EV_HOLD, 3000);
	ATF_CHECK_EQ(t.w.state, WORKER_WAITING);
	ATF_CHECK_EQ(worker_due(&t.w), 3000);
	run_to(3000);
	ATF_CHECK_EQ(t.w.state, WORKER_SPAWNING);
	ATF_CHECK_EQ(t.now, 3000);
}

ATF_TC_WITHOUT_HEAD(a_healthy_worker_is_restarted_at_once);
ATF_TC_BODY(a_healthy_worker_is_restarted_at_once, tc)
{
	begin();
	run_up();
	t.now = 1000;
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(t.w.state, WORKER_WAITING);
	ATF_CHECK_EQ(worker_due(&t.w), 1000);
}

ATF_TC_WITHOUT_HEAD(restart_interval_is_waited);
ATF_TC_BODY(restart_interval_is_waited, tc)
{
	begin();
	t.p.restart_interval = 4000;
	run_up();
	t.now = 1000;
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(worker_due(&t.w), 5000);
	run_to(5000);
	(void)feed(WORKER_EV_SPAWNED);
	t.now = 5001; /* the longer wait of the two */
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(worker_due(&t.w), 9001);
}

/* random 250: the jitter is none. */
static void
die_young(void)
{
	(void)feed_input((struct worker_input){ .event = WORKER_EV_EXITED, .random = 250 });
}

ATF_TC_WITHOUT_HEAD(dying_young_backs_off);
ATF_TC_BODY(dying_young_backs_off, tc)
{
	static const ms delays[] = { 500, 1000, 2000, 4000, 5000, 5000 };

	begin();
	run_up();
	for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
		ms died = t.now += 999;

		die_young();
		ATF_CHECK_EQ(worker_due(&t.w), died + delays[i]);
		run_to(worker_due(&t.w));
		(void)feed(WORKER_EV_SPAWNED);
	}
	t.now += 1000; /* healthy again */
	die_young();
	ATF_CHECK_EQ(worker_due(&t.w), t.now);
	run_to(t.now);
	(void)feed(WORKER_EV_SPAWNED);
	die_young();
	ATF_CHECK_EQ(worker_due(&t.w), t.now + 500);
}

ATF_TC_WITHOUT_HEAD(a_failed_spawn_backs_off);
ATF_TC_BODY(a_failed_spawn_backs_off, tc)
{
	begin();
	(void)feed(WORKER_EV_START);
	for (int i = 0; i < 1000; i++) {
		run_to(worker_due(&t.w));
		(void)feed(WORKER_EV_SPAWN_FAILED);
		ATF_CHECK_EQ(t.w.state, WORKER_WAITING);
	}
	ATF_CHECK(t.now > 1000 * 3 * 1000); /* no storm */
}

ATF_TC_WITHOUT_HEAD(a_restart_that_was_asked_for_does_not_back_off);
ATF_TC_BODY(a_restart_that_was_asked_for_does_not_back_off, tc)
{
	begin();
	t.p.backoff.limit = 1;
	t.p.backoff.limit_within = 60000;
	run_up();
	for (int i = 0; i < 10; i++) {
		check_signal(feed(WORKER_EV_RESTART), SIGTERM, WORKER_BY_REQUEST);
		ATF_CHECK(t.w.asked);
		(void)feed(WORKER_EV_EXITED);
		ATF_CHECK_EQ(worker_due(&t.w), t.now);
		run_to(t.now);
		(void)feed(WORKER_EV_SPAWNED);
		ATF_CHECK(!t.w.asked);
	}
}

ATF_TC_WITHOUT_HEAD(the_limit_gives_up);
ATF_TC_BODY(the_limit_gives_up, tc)
{
	begin();
	t.p.backoff.limit = 2;
	t.p.backoff.limit_within = 60000;
	run_up();
	for (int i = 0; i < 2; i++) {
		t.now += 2000;
		ATF_CHECK_EQ(feed(WORKER_EV_EXITED).what, WORKER_DO_NOTHING);
		run_to(worker_due(&t.w));
		(void)feed(WORKER_EV_SPAWNED);
	}
	ATF_CHECK_EQ(feed(WORKER_EV_EXITED).what, WORKER_DO_GIVE_UP);
	ATF_CHECK_EQ(t.last.reason, WORKER_BY_LIMIT);
	ATF_CHECK_EQ(t.w.state, WORKER_FAILED);
	ATF_CHECK(!worker_active(&t.w));
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
	ATF_CHECK_EQ(feed(WORKER_EV_START).what, WORKER_DO_NOTHING); /* not by itself */
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(an_unrecoverable_status_gives_up);
ATF_TC_BODY(an_unrecoverable_status_gives_up, tc)
{
	begin();
	run_up();
	t.now = 100000;
	ATF_CHECK_EQ(
	    feed_input((struct worker_input){ .event = WORKER_EV_EXITED, .final = true }).what,
	    WORKER_DO_GIVE_UP);
	ATF_CHECK_EQ(t.last.reason, WORKER_BY_STATUS);
	ATF_CHECK_EQ(t.w.state, WORKER_FAILED);
}

ATF_TC_WITHOUT_HEAD(a_status_is_no_matter_where_nobody_is_wanted);
ATF_TC_BODY(a_status_is_no_matter_where_nobody_is_wanted, tc)
{
	struct worker_input final = { .event = WORKER_EV_EXITED, .final = true };

	begin();
	run_up();
	(void)feed(WORKER_EV_STOP);
	ATF_CHECK_EQ(feed_input(final).what, WORKER_DO_NOTHING);
	ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
	run_up();
	(void)feed(WORKER_EV_RESTART);
	ATF_CHECK_EQ(feed_input(final).what, WORKER_DO_GIVE_UP);
}

static void
fail_by_limit(void)
{
	begin();
	t.p.backoff.limit = 1;
	t.p.backoff.limit_within = 60000;
	run_up();
	for (int i = 0; i < 2; i++) {
		(void)feed(WORKER_EV_EXITED);
		if (i < 1)
			run_to(worker_due(&t.w));
		if (i < 1)
			(void)feed(WORKER_EV_SPAWNED);
	}
	ATF_REQUIRE_EQ(t.w.state, WORKER_FAILED);
}

ATF_TC_WITHOUT_HEAD(a_failed_worker_is_restarted_on_request);
ATF_TC_BODY(a_failed_worker_is_restarted_on_request, tc)
{
	static const enum worker_event orders[] = { WORKER_EV_RESTART, WORKER_EV_RESTART_NOW };

	for (int i = 0; i < 2; i++) {
		fail_by_limit();
		(void)feed(orders[i]);
		ATF_CHECK_EQ(worker_due(&t.w), t.now);
		run_to(t.now);
		(void)feed(WORKER_EV_SPAWNED);
		die_young(); /* limit and back-off begin anew */
		ATF_CHECK_EQ(t.w.state, WORKER_WAITING);
		ATF_CHECK_EQ(worker_due(&t.w), t.now + 500);
	}
}

ATF_TC_WITHOUT_HEAD(a_failed_worker_that_is_not_wanted_stays);
ATF_TC_BODY(a_failed_worker_that_is_not_wanted_stays, tc)
{
	fail_by_limit();
	(void)feed(WORKER_EV_STOP);
	(void)feed(WORKER_EV_RESTART);
	ATF_CHECK(!worker_active(&t.w));
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
	(void)feed(WORKER_EV_START); /* scaled down and up again: a new try */
	ATF_CHECK_EQ(worker_due(&t.w), t.now);
}

ATF_TC_WITHOUT_HEAD(restart_cuts_a_wait_short);
ATF_TC_BODY(restart_cuts_a_wait_short, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK(worker_due(&t.w) > t.now);
	(void)feed(WORKER_EV_RESTART);
	ATF_CHECK_EQ(worker_due(&t.w), t.now);
}

ATF_TC_WITHOUT_HEAD(stop_without_a_process_is_down);
ATF_TC_BODY(stop_without_a_process_is_down, tc)
{
	static const enum worker_event orders[] = { WORKER_EV_STOP, WORKER_EV_ABORT };

	for (int i = 0; i < 2; i++) {
		begin();
		(void)feed(orders[i]); /* nothing to stop */
		ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
		(void)feed(WORKER_EV_START);
		(void)feed(orders[i]); /* waiting */
		ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
		ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
	}
}

ATF_TC_WITHOUT_HEAD(a_stop_while_spawning_is_not_lost);
ATF_TC_BODY(a_stop_while_spawning_is_not_lost, tc)
{
	static const struct {
		enum worker_event order;
		int sig;
	} orders[] = { { WORKER_EV_STOP, SIGTERM }, { WORKER_EV_ABORT, SIGQUIT } };

	for (int i = 0; i < 2; i++) {
		begin();
		(void)feed(WORKER_EV_START);
		(void)feed(WORKER_EV_TIME);
		ATF_CHECK_EQ(feed(orders[i].order).what, WORKER_DO_NOTHING);
		check_signal(feed(WORKER_EV_SPAWNED), orders[i].sig, WORKER_BY_REQUEST);
		ATF_CHECK(t.w.asked);
		(void)feed(WORKER_EV_EXITED);
		ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
	}
	begin();
	(void)feed(WORKER_EV_START);
	(void)feed(WORKER_EV_TIME);
	(void)feed(WORKER_EV_STOP);
	(void)feed(WORKER_EV_SPAWN_FAILED);
	ATF_CHECK_EQ(t.w.state, WORKER_DOWN);

	begin();
	(void)feed(WORKER_EV_START);
	(void)feed(WORKER_EV_TIME);
	(void)feed(WORKER_EV_STOP);
	(void)feed_until(WORKER_EV_HOLD, 5000);
	ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
}

ATF_TC_WITHOUT_HEAD(a_stop_that_was_taken_back_is_forgotten);
ATF_TC_BODY(a_stop_that_was_taken_back_is_forgotten, tc)
{
	begin();
	(void)feed(WORKER_EV_START);
	(void)feed(WORKER_EV_TIME);
	(void)feed(WORKER_EV_ABORT);
	(void)feed(WORKER_EV_START);
	ATF_CHECK_EQ(feed(WORKER_EV_SPAWNED).what, WORKER_DO_NOTHING);
	ATF_CHECK_EQ(t.w.state, WORKER_UP);
	check_signal(feed(WORKER_EV_STOP), SIGTERM, WORKER_BY_REQUEST);

	begin(); /* nor does it make the next one harder */
	(void)feed(WORKER_EV_START);
	(void)feed(WORKER_EV_TIME);
	(void)feed(WORKER_EV_ABORT);
	(void)feed(WORKER_EV_START);
	(void)feed(WORKER_EV_STOP);
	check_signal(feed(WORKER_EV_SPAWNED), SIGTERM, WORKER_BY_REQUEST);
}

ATF_TC_WITHOUT_HEAD(a_stop_climbs_to_kill);
ATF_TC_BODY(a_stop_climbs_to_kill, tc)
{
	begin();
	run_up();
	check_signal(feed(WORKER_EV_STOP), SIGTERM, WORKER_BY_REQUEST);
	ATF_CHECK_EQ(t.w.state, WORKER_STOPPING);
	run_to(599999);
	ATF_CHECK_EQ(t.signals, 10);
	ATF_CHECK_EQ(t.last.sig, SIGTERM);
	run_to(600000);
	check_signal(t.last, SIGQUIT, WORKER_BY_REQUEST);
	run_to(1199999);
	ATF_CHECK_EQ(t.last.sig, SIGQUIT);
	run_to(1200000);
	check_signal(t.last, SIGKILL, WORKER_BY_REQUEST);
	run_to(1300000); /* and again: nothing else is left */
	ATF_CHECK_EQ(t.last.sig, SIGKILL);
	ATF_CHECK(worker_due(&t.w) != MS_NEVER);
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(immediate_overtakes_graceful);
ATF_TC_BODY(immediate_overtakes_graceful, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_STOP);
	ATF_CHECK_EQ(feed(WORKER_EV_STOP).what, WORKER_DO_NOTHING);
	t.now = 10;
	check_signal(feed(WORKER_EV_ABORT), SIGQUIT, WORKER_BY_REQUEST);
	ATF_CHECK_EQ(feed(WORKER_EV_STOP).what, WORKER_DO_NOTHING); /* never back down */
	ATF_CHECK_EQ(feed(WORKER_EV_ABORT).what, WORKER_DO_NOTHING);
	run_to(10010);
	check_signal(t.last, SIGQUIT, WORKER_BY_REQUEST);

	begin();
	run_up();
	(void)feed(WORKER_EV_RESTART);
	check_signal(feed(WORKER_EV_RESTART_NOW), SIGQUIT, WORKER_BY_REQUEST);
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(t.w.state, WORKER_WAITING);
}

ATF_TC_WITHOUT_HEAD(wanted_again_while_it_goes);
ATF_TC_BODY(wanted_again_while_it_goes, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_STOP);
	(void)feed(WORKER_EV_START);
	ATF_CHECK_EQ(t.w.state, WORKER_STOPPING);
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(worker_due(&t.w), t.now);
}

ATF_TC_WITHOUT_HEAD(a_restart_in_progress_may_become_a_stop);
ATF_TC_BODY(a_restart_in_progress_may_become_a_stop, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_RESTART);
	(void)feed(WORKER_EV_STOP);
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(t.w.state, WORKER_DOWN);
}

ATF_TC_WITHOUT_HEAD(extend_holds_a_rung);
ATF_TC_BODY(extend_holds_a_rung, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_STOP);
	run_to(590000);
	(void)feed_until(WORKER_EV_EXTEND, 1000000);
	run_to(999999);
	ATF_CHECK_EQ(t.last.sig, SIGTERM);
	run_to(1000000);
	ATF_CHECK_EQ(t.last.sig, SIGQUIT);
}

ATF_TC_WITHOUT_HEAD(a_reload_changes_the_ladder);
ATF_TC_BODY(a_reload_changes_the_ladder, tc)
{
	begin();
	t.p.ladder[ESCALATION_GRACEFUL].interval = 86400000;
	t.p.ladder[ESCALATION_GRACEFUL].timeout = MS_NEVER;
	run_up();
	(void)feed(WORKER_EV_STOP);
	run_to(50000);
	t.p.ladder[ESCALATION_GRACEFUL].timeout = 60000;
	worker_repolicy(&t.w, &t.p, t.now, 0);
	run_to(59999);
	ATF_CHECK_EQ(t.signals, 1);
	run_to(60000);
	check_signal(t.last, SIGQUIT, WORKER_BY_REQUEST);
}

ATF_TC_WITHOUT_HEAD(a_reload_shortens_a_wait);
ATF_TC_BODY(a_reload_shortens_a_wait, tc)
{
	begin();
	t.p.restart_interval = 86400000;
	run_up();
	t.now = 5000;
	(void)feed(WORKER_EV_EXITED);
	t.now = 6000;
	t.p.restart_interval = 1000;
	worker_repolicy(&t.w, &t.p, t.now, 0);
	ATF_CHECK(worker_due(&t.w) <= 7000);
}

static void
age_to(ms age)
{
	begin();
	t.p.max_age = 60000;
	run_up();
	run_to(age);
}

ATF_TC_WITHOUT_HEAD(age_asks_for_a_replacement);
ATF_TC_BODY(age_asks_for_a_replacement, tc)
{
	age_to(59999);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_SPAWN);
	run_to(60000);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_ASK_RETIRE);
	ATF_CHECK_EQ(t.last.reason, WORKER_BY_AGE);
	ATF_CHECK_EQ(t.w.state, WORKER_UP); /* a no is no answer: it asks again */
	ATF_CHECK_EQ(worker_due(&t.w), 60000 + WORKER_RETIRE_AGAIN);
	run_to(61000);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_ASK_RETIRE);
	check_signal(feed(WORKER_EV_RETIRE), SIGTERM, WORKER_BY_AGE);
	ATF_CHECK(t.w.asked);
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(worker_due(&t.w), 61000); /* without back-off */
}

ATF_TC_WITHOUT_HEAD(ages_are_spread);
ATF_TC_BODY(ages_are_spread, tc)
{
	ms least = MS_NEVER, most = 0;

	for (unsigned random = 0; random < 1024; random++) {
		begin();
		t.p.max_age = 60000;
		t.p.max_age_rand = 500;
		(void)feed(WORKER_EV_START);
		(void)feed(WORKER_EV_TIME);
		(void)feed_input(
		    (struct worker_input){ .event = WORKER_EV_SPAWNED, .random = random });
		least = ms_min(least, worker_due(&t.w));
		most = ms_max(most, worker_due(&t.w));
	}
	ATF_CHECK_EQ(least, 45000);
	ATF_CHECK_EQ(most, 75000);
}

ATF_TC_WITHOUT_HEAD(memory_asks_for_a_replacement);
ATF_TC_BODY(memory_asks_for_a_replacement, tc)
{
	begin();
	t.p.probe_every = 10000;
	run_up();
	run_to(10000);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_PROBE);
	ATF_CHECK_EQ(feed(WORKER_EV_PROBED_HEAVY).what, WORKER_DO_ASK_RETIRE);
	ATF_CHECK_EQ(t.last.reason, WORKER_BY_MEMORY);
	run_to(11000);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_ASK_RETIRE);
	check_signal(feed(WORKER_EV_RETIRE), SIGTERM, WORKER_BY_MEMORY);
	ATF_CHECK_EQ(worker_due(&t.w), 26000); /* no probes of one that goes */
}

ATF_TC_WITHOUT_HEAD(a_reason_ends_with_its_process);
ATF_TC_BODY(a_reason_ends_with_its_process, tc)
{
	age_to(1000);
	(void)feed(WORKER_EV_PROBED_HEAVY);
	(void)feed(WORKER_EV_RETIRE);
	(void)feed(WORKER_EV_EXITED);
	run_to(1000);
	(void)feed(WORKER_EV_SPAWNED);
	run_to(61000);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_ASK_RETIRE);
	ATF_CHECK_EQ(t.last.reason, WORKER_BY_AGE);
}

ATF_TC_WITHOUT_HEAD(no_replacement_of_one_that_goes);
ATF_TC_BODY(no_replacement_of_one_that_goes, tc)
{
	age_to(60000);
	(void)feed(WORKER_EV_ABORT);
	ATF_CHECK_EQ(feed(WORKER_EV_RETIRE).what, WORKER_DO_NOTHING);
	ATF_CHECK_EQ(feed(WORKER_EV_PROBED_HEAVY).what, WORKER_DO_NOTHING);
	ATF_CHECK_EQ(t.last.sig, SIGQUIT);
}

ATF_TC_WITHOUT_HEAD(a_reload_changes_the_age);
ATF_TC_BODY(a_reload_changes_the_age, tc)
{
	age_to(30000);
	t.p.max_age = 20000; /* it is over already */
	worker_repolicy(&t.w, &t.p, t.now, 0);
	run_to(t.now);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_ASK_RETIRE);
	t.p.max_age = MS_NEVER;
	worker_repolicy(&t.w, &t.p, t.now, 0);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, start_spawns_at_once);
	ATF_TP_ADD_TC(tp, hold_waits_and_asks_again);
	ATF_TP_ADD_TC(tp, a_healthy_worker_is_restarted_at_once);
	ATF_TP_ADD_TC(tp, restart_interval_is_waited);
	ATF_TP_ADD_TC(tp, dying_young_backs_off);
	ATF_TP_ADD_TC(tp, a_failed_spawn_backs_off);
	ATF_TP_ADD_TC(tp, a_restart_that_was_asked_for_does_not_back_off);
	ATF_TP_ADD_TC(tp, the_limit_gives_up);
	ATF_TP_ADD_TC(tp, an_unrecoverable_status_gives_up);
	ATF_TP_ADD_TC(tp, a_status_is_no_matter_where_nobody_is_wanted);
	ATF_TP_ADD_TC(tp, a_failed_worker_is_restarted_on_request);
	ATF_TP_ADD_TC(tp, a_failed_worker_that_is_not_wanted_stays);
	ATF_TP_ADD_TC(tp, restart_cuts_a_wait_short);
	ATF_TP_ADD_TC(tp, stop_without_a_process_is_down);
	ATF_TP_ADD_TC(tp, a_stop_while_spawning_is_not_lost);
	ATF_TP_ADD_TC(tp, a_stop_that_was_taken_back_is_forgotten);
	ATF_TP_ADD_TC(tp, a_stop_climbs_to_kill);
	ATF_TP_ADD_TC(tp, immediate_overtakes_graceful);
	ATF_TP_ADD_TC(tp, wanted_again_while_it_goes);
	ATF_TP_ADD_TC(tp, a_restart_in_progress_may_become_a_stop);
	ATF_TP_ADD_TC(tp, extend_holds_a_rung);
	ATF_TP_ADD_TC(tp, a_reload_changes_the_ladder);
	ATF_TP_ADD_TC(tp, a_reload_shortens_a_wait);
	ATF_TP_ADD_TC(tp, age_asks_for_a_replacement);
	ATF_TP_ADD_TC(tp, ages_are_spread);
	ATF_TP_ADD_TC(tp, memory_asks_for_a_replacement);
	ATF_TP_ADD_TC(tp, a_reason_ends_with_its_process);
	ATF_TP_ADD_TC(tp, no_replacement_of_one_that_goes);
	ATF_TP_ADD_TC(tp, a_reload_changes_the_age);
	return atf_no_error();
}
