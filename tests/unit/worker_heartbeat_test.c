#include "tests/unit/worker_case.h"

ATF_TC_WITHOUT_HEAD(auto_enforces_from_the_first_beat_on);
ATF_TC_BODY(auto_enforces_from_the_first_beat_on, tc)
{
	begin();
	run_up();
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER); /* and nothing wakes us */
	t.now = 1000000;
	(void)feed(WORKER_EV_BEAT);
	run_to(1000000 + 179999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(1000000 + 180000);
	ATF_CHECK_EQ(t.signals, 1);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
	ATF_CHECK_EQ(t.w.state, WORKER_STOPPING);
	ATF_CHECK(!t.w.asked); /* nobody asked: its exit is an accident */
}

ATF_TC_WITHOUT_HEAD(beats_keep_it_alive);
ATF_TC_BODY(beats_keep_it_alive, tc)
{
	begin();
	run_up();
	for (ms at = 0; at < 10000000; at += 179000) {
		run_to(at);
		(void)feed(WORKER_EV_BEAT);
	}
	ATF_CHECK_EQ(t.signals, 0);
}

ATF_TC_WITHOUT_HEAD(required_enforces_from_the_start);
ATF_TC_BODY(required_enforces_from_the_start, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	run_up();
	run_to(179999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(180000);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
}

ATF_TC_WITHOUT_HEAD(the_first_beat_may_take_start_timeout);
ATF_TC_BODY(the_first_beat_may_take_start_timeout, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	t.p.start_timeout = 600000;
	run_up();
	run_to(599999);
	ATF_CHECK_EQ(t.signals, 0);
	(void)feed(WORKER_EV_BEAT);
	run_to(599999 + 179999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(599999 + 180000);
	ATF_CHECK_EQ(t.signals, 1);

	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	t.p.start_timeout = 1000; /* less than any other: as any other */
	run_up();
	run_to(179999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(180000);
	ATF_CHECK_EQ(t.signals, 1);
}

ATF_TC_WITHOUT_HEAD(off_never_kills);
ATF_TC_BODY(off_never_kills, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_OFF;
	run_up();
	(void)feed(WORKER_EV_BEAT);
	(void)feed(WORKER_EV_READY);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(stat_kills_what_is_stuck_for_the_whole_timeout);
ATF_TC_BODY(stat_kills_what_is_stuck_for_the_whole_timeout, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_STAT;
	t.p.probe_every = 45000;
	run_up();
	for (int i = 1; i <= 4; i++) {
		ATF_CHECK_EQ(worker_due(&t.w), i * 45000);
		run_to(i * 45000);
		ATF_CHECK_EQ(t.last.what, WORKER_DO_PROBE);
		ATF_CHECK_EQ(feed(WORKER_EV_PROBED_STUCK).what, WORKER_DO_NOTHING);
	}
	run_to(5 * 45000);
	check_signal(feed(WORKER_EV_PROBED_STUCK), SIGQUIT, WORKER_BY_STUCK);
}

ATF_TC_WITHOUT_HEAD(stat_begins_anew_after_progress);
ATF_TC_BODY(stat_begins_anew_after_progress, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_STAT;
	t.p.probe_every = 45000;
	run_up();
	for (int i = 1; i <= 40; i++) {
		run_to(i * 45000);
		(void)feed(i % 4 ? WORKER_EV_PROBED_STUCK : WORKER_EV_PROBED_WELL);
	}
	ATF_CHECK_EQ(t.signals, 0);
}

ATF_TC_WITHOUT_HEAD(stat_does_not_count_our_own_stall);
ATF_TC_BODY(stat_does_not_count_our_own_stall, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_STAT;
	t.p.probe_every = 45000;
	run_up();
	run_to(45000);
	(void)feed(WORKER_EV_PROBED_STUCK);
	t.now = 10000000;
	(void)feed(WORKER_EV_TIME);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_PROBE);
	(void)feed(WORKER_EV_PROBED_STUCK);
	ATF_CHECK_EQ(t.signals, 0);
}

ATF_TC_WITHOUT_HEAD(probes_of_another_mode_kill_nobody);
ATF_TC_BODY(probes_of_another_mode_kill_nobody, tc)
{
	begin();
	t.p.probe_every = 10000;
	run_up();
	for (int i = 1; i < 100; i++) {
		run_to(i * 10000);
		(void)feed(WORKER_EV_PROBED_STUCK);
	}
	ATF_CHECK_EQ(t.signals, 0);
}

/* Whoever did not look cannot say that there was nothing to be seen. */
ATF_TC_WITHOUT_HEAD(a_stalled_clock_kills_nobody);
ATF_TC_BODY(a_stalled_clock_kills_nobody, tc)
{
	static const ms stalls[] = { 23000, 46001, 180001, 100000000 };

	for (size_t i = 0; i < sizeof stalls / sizeof *stalls; i++) {
		begin();
		t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
		run_up();
		for (int n = 0; n < 100; n++) {
			t.now = worker_due(&t.w) + stalls[i];
			ATF_CHECK_EQ(feed(WORKER_EV_TIME).what, WORKER_DO_NOTHING);
		}
	}
}

ATF_TC_WITHOUT_HEAD(a_stall_gives_back_its_part_and_no_more);
ATF_TC_BODY(a_stall_gives_back_its_part_and_no_more, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	run_up();
	run_to(3 * 45000);
	t.now = 1000000; /* in the last part */
	(void)feed(WORKER_EV_TIME);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(1000000 + 44999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(1000000 + 45000);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
}

ATF_TC_WITHOUT_HEAD(a_little_late_is_in_time);
ATF_TC_BODY(a_little_late_is_in_time, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	run_up();
	for (int i = 0; i < 4; i++) {
		ATF_CHECK_EQ(t.signals, 0);
		t.now = worker_due(&t.w) + 1000;
		(void)feed(WORKER_EV_TIME);
	}
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);

	begin(); /* for a short timeout a second is long */
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	t.p.heartbeat_timeout = 400;
	run_up();
	for (int i = 0; i < 40; i++) {
		t.now = worker_due(&t.w) + 51;
		(void)feed(WORKER_EV_TIME);
	}
	ATF_CHECK_EQ(t.signals, 0);
}

ATF_TC_WITHOUT_HEAD(ready_is_not_a_heartbeat);
ATF_TC_BODY(ready_is_not_a_heartbeat, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_READY);
	ATF_CHECK(t.w.ready);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(extend_gives_time);
ATF_TC_BODY(extend_gives_time, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	t.now = 1000;
	(void)feed_until(WORKER_EV_EXTEND, 500000);
	run_to(499999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(500000);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
}

ATF_TC_WITHOUT_HEAD(extend_takes_no_time_away);
ATF_TC_BODY(extend_takes_no_time_away, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	t.now = 1000;
	(void)feed_until(WORKER_EV_EXTEND, 1001);
	run_to(179999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(180000);
	ATF_CHECK_EQ(t.signals, 1);
}

ATF_TC_WITHOUT_HEAD(extend_arms_nothing);
ATF_TC_BODY(extend_arms_nothing, tc)
{
	begin();
	run_up();
	(void)feed_until(WORKER_EV_EXTEND, 1000);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(trigger_kills_at_once);
ATF_TC_BODY(trigger_kills_at_once, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_OFF;
	ATF_CHECK_EQ(feed(WORKER_EV_TRIGGER).what, WORKER_DO_NOTHING); /* nobody there */
	run_up();
	check_signal(feed(WORKER_EV_TRIGGER), SIGQUIT, WORKER_BY_TRIGGER);
	ATF_CHECK_EQ(feed(WORKER_EV_TRIGGER).what, WORKER_DO_NOTHING);
	(void)feed(WORKER_EV_EXITED);
	ATF_CHECK_EQ(t.w.state, WORKER_WAITING);
}

ATF_TC_WITHOUT_HEAD(a_closed_pipe_disarms_auto);
ATF_TC_BODY(a_closed_pipe_disarms_auto, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	ATF_CHECK_EQ(feed(WORKER_EV_BEAT_CLOSED).what, WORKER_DO_NOTHING);
	run_to(WORKER_CLOSED_GRACE - 1);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_SPAWN);
	run_to(WORKER_CLOSED_GRACE);
	ATF_CHECK_EQ(t.last.what, WORKER_DO_DISARM);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
	t.now = 5000; /* there is another way to beat */
	(void)feed(WORKER_EV_BEAT);
	run_to(5000 + 180000);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
}

ATF_TC_WITHOUT_HEAD(a_reload_does_not_arm_again);
ATF_TC_BODY(a_reload_does_not_arm_again, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	(void)feed(WORKER_EV_BEAT_CLOSED);
	run_to(WORKER_CLOSED_GRACE);
	worker_repolicy(&t.w, &t.p, t.now, 0);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(a_closed_pipe_ends_required);
ATF_TC_BODY(a_closed_pipe_ends_required, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	run_up();
	(void)feed(WORKER_EV_BEAT_CLOSED);
	run_to(WORKER_CLOSED_GRACE - 1);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(WORKER_CLOSED_GRACE);
	check_signal(t.last, SIGQUIT, WORKER_BY_CLOSED);
}

ATF_TC_WITHOUT_HEAD(a_pipe_closed_by_an_exit_is_no_matter);
ATF_TC_BODY(a_pipe_closed_by_an_exit_is_no_matter, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	run_up();
	t.now = 2000;
	(void)feed(WORKER_EV_BEAT_CLOSED);
	t.now = 2001;
	(void)feed(WORKER_EV_EXITED);
	run_to(2001);
	(void)feed(WORKER_EV_SPAWNED);
	run_to(10000);
	ATF_CHECK_EQ(t.signals, 0);
}

ATF_TC_WITHOUT_HEAD(a_reload_begins_the_timeout_anew);
ATF_TC_BODY(a_reload_begins_the_timeout_anew, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	run_to(170000);
	t.p.heartbeat_timeout = 20000;
	worker_repolicy(&t.w, &t.p, t.now, 0);
	run_to(189999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(190000);
	ATF_CHECK_EQ(t.signals, 1);
}

ATF_TC_WITHOUT_HEAD(a_reload_may_switch_off);
ATF_TC_BODY(a_reload_may_switch_off, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	t.p.heartbeat = WORKER_HEARTBEAT_OFF;
	worker_repolicy(&t.w, &t.p, t.now, 0);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(a_reload_asks_no_beats_of_one_without_a_pipe);
ATF_TC_BODY(a_reload_asks_no_beats_of_one_without_a_pipe, tc)
{
	begin();
	t.p.heartbeat = WORKER_HEARTBEAT_OFF;
	run_up();
	t.p.heartbeat = WORKER_HEARTBEAT_REQUIRED;
	worker_repolicy(&t.w, &t.p, t.now, 0);
	ATF_CHECK_EQ(worker_due(&t.w), MS_NEVER);
	t.now = 1000;
	(void)feed(WORKER_EV_EXITED);
	run_to(1000);
	(void)feed(WORKER_EV_SPAWNED); /* the next one has it */
	run_to(181000);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
}

/* A worker that is asked to go still has to show that it does not hang. */
ATF_TC_WITHOUT_HEAD(silence_cuts_a_graceful_stop_short);
ATF_TC_BODY(silence_cuts_a_graceful_stop_short, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	check_signal(feed(WORKER_EV_STOP), SIGTERM, WORKER_BY_REQUEST);
	run_to(179999);
	ATF_CHECK_EQ(t.last.sig, SIGTERM);
	run_to(180000);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
	ATF_CHECK(t.w.asked);
}

ATF_TC_WITHOUT_HEAD(a_reload_may_switch_off_during_a_stop);
ATF_TC_BODY(a_reload_may_switch_off_during_a_stop, tc)
{
	begin();
	run_up();
	(void)feed(WORKER_EV_BEAT);
	(void)feed(WORKER_EV_STOP);
	t.p.heartbeat = WORKER_HEARTBEAT_OFF;
	worker_repolicy(&t.w, &t.p, t.now, 0);
	run_to(180000);
	ATF_CHECK_EQ(t.last.sig, SIGTERM);
}

/* ---- dump_on_timeout ---- */

static void
fall_silent(void)
{
	begin();
	t.p.dump = 10000;
	run_up();
	(void)feed(WORKER_EV_BEAT);
	run_to(180000);
	ATF_REQUIRE_EQ(t.last.what, WORKER_DO_DUMP);
	ATF_CHECK_EQ(t.last.reason, WORKER_BY_HEARTBEAT);
	ATF_CHECK_EQ(t.signals, 0);
	ATF_CHECK_EQ(t.w.state, WORKER_UP);
}

ATF_TC_WITHOUT_HEAD(a_dump_comes_before_the_kill);
ATF_TC_BODY(a_dump_comes_before_the_kill, tc)
{
	fall_silent();
	t.now += 20;
	check_signal(feed(WORKER_EV_DUMPED), SIGQUIT, WORKER_BY_HEARTBEAT);
	ATF_CHECK_EQ(t.w.state, WORKER_STOPPING);
	ATF_CHECK_EQ(feed(WORKER_EV_DUMPED).what, WORKER_DO_NOTHING);
	ATF_CHECK_EQ(feed(WORKER_EV_EXITED).what, WORKER_DO_NOTHING);
	ATF_CHECK_EQ(feed(WORKER_EV_DUMPED).what, WORKER_DO_NOTHING); /* of one that is gone */
}

ATF_TC_WITHOUT_HEAD(a_dump_is_not_waited_for_longer);
ATF_TC_BODY(a_dump_is_not_waited_for_longer, tc)
{
	fall_silent();
	run_to(189999);
	ATF_CHECK_EQ(t.signals, 0);
	run_to(190000);
	ATF_CHECK_EQ(t.signals, 1);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
}

/* It was silent for the whole timeout: that it speaks while we look changes nothing. */
ATF_TC_WITHOUT_HEAD(a_beat_during_the_dump_is_too_late);
ATF_TC_BODY(a_beat_during_the_dump_is_too_late, tc)
{
	fall_silent();
	(void)feed(WORKER_EV_BEAT);
	(void)feed(WORKER_EV_TRIGGER); /* and it is not dumped twice */
	(void)feed_until(WORKER_EV_EXTEND, 1000000);
	run_to(190000);
	ATF_CHECK_EQ(t.signals, 1);
	check_signal(t.last, SIGQUIT, WORKER_BY_HEARTBEAT);
}

ATF_TC_WITHOUT_HEAD(a_stop_does_not_wait_for_the_dump);
ATF_TC_BODY(a_stop_does_not_wait_for_the_dump, tc)
{
	fall_silent();
	check_signal(feed(WORKER_EV_STOP), SIGTERM, WORKER_BY_REQUEST);
	check_signal(feed(WORKER_EV_DUMPED), SIGQUIT, WORKER_BY_HEARTBEAT);
	fall_silent();
	check_signal(feed(WORKER_EV_ABORT), SIGQUIT, WORKER_BY_REQUEST);
	ATF_CHECK_EQ(feed(WORKER_EV_DUMPED).what, WORKER_DO_NOTHING);
}

ATF_TC_WITHOUT_HEAD(one_that_hangs_while_it_stops_is_dumped_too);
ATF_TC_BODY(one_that_hangs_while_it_stops_is_dumped_too, tc)
{
	begin();
	t.p.dump = 10000;
	run_up();
	(void)feed(WORKER_EV_BEAT);
	(void)feed(WORKER_EV_STOP);
	while (t.last.what != WORKER_DO_DUMP && t.now < 180000)
		run_to(worker_due(&t.w));
	ATF_CHECK_EQ(t.now, 180000);
	ATF_CHECK_EQ(t.w.state, WORKER_STOPPING);
	check_signal(feed(WORKER_EV_DUMPED), SIGQUIT, WORKER_BY_HEARTBEAT);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, auto_enforces_from_the_first_beat_on);
	ATF_TP_ADD_TC(tp, beats_keep_it_alive);
	ATF_TP_ADD_TC(tp, required_enforces_from_the_start);
	ATF_TP_ADD_TC(tp, the_first_beat_may_take_start_timeout);
	ATF_TP_ADD_TC(tp, off_never_kills);
	ATF_TP_ADD_TC(tp, stat_kills_what_is_stuck_for_the_whole_timeout);
	ATF_TP_ADD_TC(tp, stat_begins_anew_after_progress);
	ATF_TP_ADD_TC(tp, stat_does_not_count_our_own_stall);
	ATF_TP_ADD_TC(tp, probes_of_another_mode_kill_nobody);
	ATF_TP_ADD_TC(tp, a_stalled_clock_kills_nobody);
	ATF_TP_ADD_TC(tp, a_stall_gives_back_its_part_and_no_more);
	ATF_TP_ADD_TC(tp, a_little_late_is_in_time);
	ATF_TP_ADD_TC(tp, ready_is_not_a_heartbeat);
	ATF_TP_ADD_TC(tp, extend_gives_time);
	ATF_TP_ADD_TC(tp, extend_takes_no_time_away);
	ATF_TP_ADD_TC(tp, extend_arms_nothing);
	ATF_TP_ADD_TC(tp, trigger_kills_at_once);
	ATF_TP_ADD_TC(tp, a_closed_pipe_disarms_auto);
	ATF_TP_ADD_TC(tp, a_reload_does_not_arm_again);
	ATF_TP_ADD_TC(tp, a_closed_pipe_ends_required);
	ATF_TP_ADD_TC(tp, a_pipe_closed_by_an_exit_is_no_matter);
	ATF_TP_ADD_TC(tp, a_reload_begins_the_timeout_anew);
	ATF_TP_ADD_TC(tp, a_reload_may_switch_off);
	ATF_TP_ADD_TC(tp, a_reload_asks_no_beats_of_one_without_a_pipe);
	ATF_TP_ADD_TC(tp, silence_cuts_a_graceful_stop_short);
	ATF_TP_ADD_TC(tp, a_reload_may_switch_off_during_a_stop);
	ATF_TP_ADD_TC(tp, a_dump_comes_before_the_kill);
	ATF_TP_ADD_TC(tp, a_dump_is_not_waited_for_longer);
	ATF_TP_ADD_TC(tp, a_beat_during_the_dump_is_too_late);
	ATF_TP_ADD_TC(tp, a_stop_does_not_wait_for_the_dump);
	ATF_TP_ADD_TC(tp, one_that_hangs_while_it_stops_is_dumped_too);
	return atf_no_error();
}
