#include "lib/fsm/escalation.h"

#include <atf-c.h>
#include <signal.h>

#include "tests/unit/choice.h"

static const struct escalation_policy ladder[ESCALATION_RUNGS] = {
	[ESCALATION_GRACEFUL] = { SIGTERM, 15000, 10000, 600000 },
	[ESCALATION_IMMEDIATE] = { SIGQUIT, 10000, 10000, 600000 },
	[ESCALATION_KILL] = { SIGKILL, 10000, 10000, MS_NEVER },
};

static struct escalation
begun(enum escalation_rung rung)
{
	struct escalation e;

	escalation_reset(&e);
	escalation_climb(&e, rung, 0);
	return e;
}

ATF_TC_WITHOUT_HEAD(idle_does_nothing);
ATF_TC_BODY(idle_does_nothing, tc)
{
	struct escalation e;

	escalation_reset(&e);
	ATF_CHECK_EQ(e.due, MS_NEVER);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 1000000), 0);
	escalation_hold(&e, ladder, 5000);
	ATF_CHECK_EQ(e.due, MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(intervals_grow_as_serverengines);
ATF_TC_BODY(intervals_grow_as_serverengines, tc)
{
	static const ms graceful[] = { 0, 15000, 40000, 75000, 120000, 175000, 240000, 315000,
		400000, 495000 };
	static const ms immediate[] = { 0, 10000, 30000, 60000, 100000, 150000, 210000, 280000,
		360000, 450000, 550000 };
	struct escalation e = begun(ESCALATION_GRACEFUL);

	for (size_t i = 0; i < sizeof graceful / sizeof *graceful; i++) {
		ATF_CHECK_EQ(e.due, graceful[i]);
		ATF_CHECK_EQ(escalation_step(&e, ladder, e.due), SIGTERM);
	}
	for (size_t i = 0; i < sizeof immediate / sizeof *immediate; i++) {
		ATF_CHECK_EQ(e.due, 600000 + immediate[i]);
		ATF_CHECK_EQ(escalation_step(&e, ladder, e.due), SIGQUIT);
	}
	for (size_t i = 0; i < sizeof immediate / sizeof *immediate; i++) {
		ATF_CHECK_EQ(e.due, 1200000 + immediate[i]);
		ATF_CHECK_EQ(escalation_step(&e, ladder, e.due), SIGKILL);
	}
}

ATF_TC_WITHOUT_HEAD(nothing_before_it_is_due);
ATF_TC_BODY(nothing_before_it_is_due, tc)
{
	struct escalation e = begun(ESCALATION_GRACEFUL);

	ATF_CHECK_EQ(escalation_step(&e, ladder, 0), SIGTERM);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 0), 0);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 14999), 0);
	ATF_CHECK_EQ(e.due, 15000);
}

ATF_TC_WITHOUT_HEAD(never_stays_on_its_rung);
ATF_TC_BODY(never_stays_on_its_rung, tc)
{
	struct escalation_policy p[ESCALATION_RUNGS] = { { 0 } };
	struct escalation e = begun(ESCALATION_GRACEFUL);

	for (int i = 1; i < ESCALATION_RUNGS; i++)
		p[i] = ladder[i];
	p[ESCALATION_GRACEFUL].timeout = MS_NEVER;
	for (int i = 0; i < 1000; i++)
		ATF_CHECK_EQ(escalation_step(&e, p, e.due), SIGTERM);
	ATF_CHECK(e.due > 4000000000);
	escalation_climb(&e, ESCALATION_IMMEDIATE, 5000000000);
	ATF_CHECK_EQ(escalation_step(&e, p, 5000000000), SIGQUIT);
}

ATF_TC_WITHOUT_HEAD(no_timeout_passes_a_rung_over);
ATF_TC_BODY(no_timeout_passes_a_rung_over, tc)
{
	struct escalation_policy p[ESCALATION_RUNGS] = {
		[ESCALATION_GRACEFUL] = { SIGTERM, 100, 0, 0 },
		[ESCALATION_IMMEDIATE] = { SIGQUIT, 100, 0, 50 },
		[ESCALATION_KILL] = { SIGKILL, 100, 0, MS_NEVER },
	};
	struct escalation e = begun(ESCALATION_GRACEFUL);

	ATF_CHECK_EQ(escalation_step(&e, p, 0), SIGQUIT);
	ATF_CHECK_EQ(e.due, 50); /* the end of the rung comes before the next signal */
	ATF_CHECK_EQ(escalation_step(&e, p, 50), SIGKILL);
	p[ESCALATION_IMMEDIATE].timeout = p[ESCALATION_KILL].timeout = 0;
	e = begun(ESCALATION_GRACEFUL);
	ATF_CHECK_EQ(escalation_step(&e, p, 0), SIGKILL);
	ATF_CHECK_EQ(e.due, 100); /* there is nothing behind the last one */
}

ATF_TC_WITHOUT_HEAD(climbs_and_never_comes_down);
ATF_TC_BODY(climbs_and_never_comes_down, tc)
{
	struct escalation e = begun(ESCALATION_GRACEFUL);

	(void)escalation_step(&e, ladder, 0);
	escalation_climb(&e, ESCALATION_IMMEDIATE, 5);
	ATF_CHECK_EQ(e.due, 5);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 5), SIGQUIT);
	escalation_climb(&e, ESCALATION_GRACEFUL, 6);
	escalation_climb(&e, ESCALATION_IMMEDIATE, 6);
	ATF_CHECK_EQ(e.rung, ESCALATION_IMMEDIATE);
	ATF_CHECK_EQ(e.due, 10005);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 10005), SIGQUIT);
}

ATF_TC_WITHOUT_HEAD(a_held_rung_lasts);
ATF_TC_BODY(a_held_rung_lasts, tc)
{
	struct escalation e = begun(ESCALATION_GRACEFUL);

	while (e.due < 600000)
		(void)escalation_step(&e, ladder, e.due);
	escalation_hold(&e, ladder, 700000);
	ATF_CHECK_EQ(e.due, 700000);
	escalation_hold(&e, ladder, 650000); /* takes nothing away */
	ATF_CHECK_EQ(e.due, 700000);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 700000), SIGQUIT);
	ATF_CHECK_EQ(e.since, 700000);
}

ATF_TC_WITHOUT_HEAD(the_last_rung_is_not_held);
ATF_TC_BODY(the_last_rung_is_not_held, tc)
{
	struct escalation e = begun(ESCALATION_KILL);

	ATF_CHECK_EQ(escalation_step(&e, ladder, 0), SIGKILL);
	escalation_hold(&e, ladder, 1000000);
	ATF_CHECK_EQ(e.due, 10000);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 10000), SIGKILL);
}

ATF_TC_WITHOUT_HEAD(a_rung_grows_by_our_own_delay);
ATF_TC_BODY(a_rung_grows_by_our_own_delay, tc)
{
	struct escalation e = begun(ESCALATION_GRACEFUL);

	(void)escalation_step(&e, ladder, 0);
	/* 100 s late: TERM, and QUIT later by all the time since the TERM before */
	ATF_CHECK_EQ(escalation_step(&e, ladder, 115000), SIGTERM);
	while (e.rung == ESCALATION_GRACEFUL)
		(void)escalation_step(&e, ladder, e.due);
	ATF_CHECK_EQ(e.since, 715000);

	e = begun(ESCALATION_GRACEFUL); /* a delay that is none */
	(void)escalation_step(&e, ladder, 0);
	(void)escalation_step(&e, ladder, 16000);
	while (e.rung == ESCALATION_GRACEFUL)
		(void)escalation_step(&e, ladder, e.due);
	ATF_CHECK_EQ(e.since, 600000);
}

/* Whoever was stopped together with us gets the time that it had left. */
ATF_TC_WITHOUT_HEAD(a_stall_ends_no_rung);
ATF_TC_BODY(a_stall_ends_no_rung, tc)
{
	struct escalation_policy p[ESCALATION_RUNGS] = {
		[ESCALATION_GRACEFUL] = { SIGTERM, 15000, 0, 10000 },
		[ESCALATION_IMMEDIATE] = { SIGQUIT, 200000, 0, 20000 },
		[ESCALATION_KILL] = { SIGKILL, 100, 0, MS_NEVER },
	};
	struct escalation e = begun(ESCALATION_GRACEFUL);

	ATF_CHECK_EQ(escalation_step(&e, p, 0), SIGTERM);
	ATF_CHECK_EQ(escalation_step(&e, p, 100000), SIGTERM);
	ATF_CHECK_EQ(e.due, 110000);
	ATF_CHECK_EQ(escalation_step(&e, p, 110000), SIGQUIT);
	ATF_CHECK_EQ(e.due, 130000);
	ATF_CHECK_EQ(escalation_step(&e, p, 150000), 0); /* nor is there another signal due */
	ATF_CHECK_EQ(e.due, 170000);
	ATF_CHECK_EQ(escalation_step(&e, p, 170000), SIGKILL);
}

/* Any policy, any clock: signals go up the ladder, not too often, and KILL comes when it must. */
ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	static const ms timeouts[] = { 0, 50, 1000, 600000, MS_NEVER }, gaps[] = { 1, 100, 15000 };

	for (walk.seed = 0; walk.seed < 20000; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct escalation_policy p[ESCALATION_RUNGS] = { { 0 } };
		struct escalation e = begun(1 + choose(&from, 3));
		ms now = 0, last = 0, since = 0, held = 0, late = 0;
		int first = (int)e.rung, rung = 0, sent = 0;

		for (int i = 1; i < ESCALATION_RUNGS; i++)
			p[i] = (struct escalation_policy){ i, gaps[choose(&from, 3)],
				gaps[choose(&from, 3)] - 1, timeouts[choose(&from, 5)] };
		p[ESCALATION_KILL].timeout = MS_NEVER;
		for (walk.step = 0; walk.step < 50; walk.step++) {
			ms was = e.due;
			int sig;

			if (chance(&from, 8)) {
				ms until = now + (ms)choose(&from, 2000);

				escalation_hold(&e, p, until);
				held = ms_max(held, until);
			}
			now = chance(&from, 4) ? now + (ms)choose(&from, 3000) : ms_max(now, e.due);
			was = e.due;
			sig = escalation_step(&e, p, now);
			MUST(sig ? now >= was : now < was || now - was > ESCALATION_STALL);
			MUST(e.due > now);
			/* a stall may have begun right after the last signal */
			if (now >= was)
				late += now - was > ESCALATION_STALL ? now - last : now - was;
			if (!sig)
				continue;
			MUST(sig >= rung && sig == (int)e.rung);
			if (sig == rung) {
				MUST(now - last >= p[sig].interval + p[sig].increment * (sent - 1));
				MUST(now <=
				    ms_add(ms_max(held, ms_add(since, p[sig].timeout)), late));
				sent++;
			} else {
				MUST(rung == 0 ||
				    now >= ms_max(held, ms_add(since, p[rung].timeout)));
				for (int i = rung + 1; rung > 0 && i < sig; i++)
					MUST(p[i].timeout == 0);
				sent = 1;
				if (rung > 0 || sig != first) { /* the first began at 0 */
					since = now;
					held = late = 0;
				}
			}
			rung = sig;
			last = now;
		}
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, idle_does_nothing);
	ATF_TP_ADD_TC(tp, intervals_grow_as_serverengines);
	ATF_TP_ADD_TC(tp, nothing_before_it_is_due);
	ATF_TP_ADD_TC(tp, never_stays_on_its_rung);
	ATF_TP_ADD_TC(tp, no_timeout_passes_a_rung_over);
	ATF_TP_ADD_TC(tp, climbs_and_never_comes_down);
	ATF_TP_ADD_TC(tp, a_held_rung_lasts);
	ATF_TP_ADD_TC(tp, the_last_rung_is_not_held);
	ATF_TP_ADD_TC(tp, a_rung_grows_by_our_own_delay);
	ATF_TP_ADD_TC(tp, a_stall_ends_no_rung);
	ATF_TP_ADD_TC(tp, a_million_steps);
	return atf_no_error();
}
