#include "tests/unit/succession_world.h"

#include <atf-c.h>

static struct succession s;
static struct succession_policy p;

static void
begin(bool overlap)
{
	p = (struct succession_policy){
		.enable_detach = true, .overlap = overlap, .detach_wait = 10000
	};
	succession_init(&s);
}

/* What is done about an event; the slot of it is checked too. */
static enum succession_do
feed(enum succession_event event, unsigned slot, ms now, unsigned expected)
{
	struct succession_action a = succession_step(&s, &p, event, slot, now);

	ATF_CHECK_EQ(a.slot, expected);
	return a.what;
}

ATF_TC_WITHOUT_HEAD(one_after_the_other);
ATF_TC_BODY(one_after_the_other, tc)
{
	begin(false);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_START, 0, 0, 0), SUCCESSION_DO_START);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_UP, 0, 10, 0), SUCCESSION_DO_NOTHING);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 100, 0), SUCCESSION_DO_RETIRE);
	ATF_CHECK_EQ(s.due, 10100);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 200, 0), SUCCESSION_DO_REFUSE);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_TIME, 0, 10099, 0), SUCCESSION_DO_NOTHING);
	/* the old one takes longer: the new one stands beside it */
	ATF_CHECK_EQ(feed(SUCCESSION_EV_TIME, 0, 10100, 1), SUCCESSION_DO_START);
	ATF_CHECK_EQ(s.due, MS_NEVER);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_GONE, 0, 10200, 0), SUCCESSION_DO_NOTHING);
	/* the next time it ends before its time: nothing is waited for */
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 20000, 1), SUCCESSION_DO_RETIRE);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_GONE, 1, 20005, 0), SUCCESSION_DO_START);
}

ATF_TC_WITHOUT_HEAD(the_new_one_first);
ATF_TC_BODY(the_new_one_first, tc)
{
	begin(true);
	(void)feed(SUCCESSION_EV_START, 0, 0, 0);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 100, 1), SUCCESSION_DO_START);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 150, 0), SUCCESSION_DO_REFUSE);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_UP, 0, 160, 0), SUCCESSION_DO_NOTHING); /* the old one */
	ATF_CHECK_EQ(feed(SUCCESSION_EV_UP, 1, 200, 0), SUCCESSION_DO_RETIRE);
	ATF_CHECK_EQ(s.current, 1);
	/* several in a row, while the old ones have not ended */
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 300, 2), SUCCESSION_DO_START);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_UP, 2, 400, 1), SUCCESSION_DO_RETIRE);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_GONE, 0, 500, 0), SUCCESSION_DO_NOTHING);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 600, 0), SUCCESSION_DO_START);
	/* this one never comes up: the old one goes on */
	ATF_CHECK_EQ(feed(SUCCESSION_EV_GONE, 0, 700, 0), SUCCESSION_DO_FAIL);
	ATF_CHECK(s.state == SUCCESSION_RUNNING && s.current == 2);
}

ATF_TC_WITHOUT_HEAD(no_slot_is_free);
ATF_TC_BODY(no_slot_is_free, tc)
{
	begin(true);
	(void)feed(SUCCESSION_EV_START, 0, 0, 0);
	for (unsigned i = 1; i < SUCCESSION_SLOTS; i++) {
		ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 0, i), SUCCESSION_DO_START);
		ATF_CHECK_EQ(feed(SUCCESSION_EV_UP, i, 0, i - 1), SUCCESSION_DO_RETIRE);
	}
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 0, 0), SUCCESSION_DO_REFUSE);
	(void)feed(SUCCESSION_EV_GONE, 3, 0, 0);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 0, 3), SUCCESSION_DO_START);
}

ATF_TC_WITHOUT_HEAD(stops);
ATF_TC_BODY(stops, tc)
{
	begin(false);
	p.enable_detach = false;
	(void)feed(SUCCESSION_EV_START, 0, 0, 0);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 0, 0), SUCCESSION_DO_STOP_ALL);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_ABORT, 0, 0, 0), SUCCESSION_DO_ABORT_ALL);
	p.enable_detach = true;
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 0, 0), SUCCESSION_DO_REFUSE);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_GONE, 0, 0, 0), SUCCESSION_DO_NOTHING);
	/* while a new one is waited for */
	begin(false);
	(void)feed(SUCCESSION_EV_START, 0, 0, 0);
	(void)feed(SUCCESSION_EV_DETACH, 0, 0, 0);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_STOP, 0, 0, 0), SUCCESSION_DO_STOP_ALL);
	ATF_CHECK_EQ(s.due, MS_NEVER);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_GONE, 0, 0, 0), SUCCESSION_DO_NOTHING);
}

ATF_TC_WITHOUT_HEAD(the_supervisor_leaves);
ATF_TC_BODY(the_supervisor_leaves, tc)
{
	begin(true);
	p.exit_on_detach = true;
	(void)feed(SUCCESSION_EV_START, 0, 0, 0);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_DETACH, 0, 0, 0), SUCCESSION_DO_RETIRE);
	ATF_CHECK_EQ(feed(SUCCESSION_EV_TIME, 0, 10000, 0), SUCCESSION_DO_LEAVE);
}

ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	unsigned did[SUCCESSION_DO_LEAVE + 1] = { 0 };

	for (walk.seed = 0; walk.seed < 5000; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct world x;

		world_init(&x, &from);
		for (walk.step = 0; walk.step < 200; walk.step++)
			world_step(&x);
		for (unsigned i = 0; i <= SUCCESSION_DO_LEAVE; i++)
			did[i] += x.did[i];
	}
	for (unsigned i = 0; i <= SUCCESSION_DO_LEAVE; i++)
		ATF_CHECK_MSG(did[i] >= 200, "action %u: %u times", i, did[i]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, one_after_the_other);
	ATF_TP_ADD_TC(tp, the_new_one_first);
	ATF_TP_ADD_TC(tp, no_slot_is_free);
	ATF_TP_ADD_TC(tp, stops);
	ATF_TP_ADD_TC(tp, the_supervisor_leaves);
	ATF_TP_ADD_TC(tp, a_million_steps);
	return atf_no_error();
}
