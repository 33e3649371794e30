#include "lib/fsm/errands.h"

#include <atf-c.h>

#include "tests/unit/errands_world.h"

static struct errands e;
static struct errand got;
static struct errands_place was;

static void
add(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		errands_add(&e, &(struct errand){ .worker = i });
}

ATF_TC_WITHOUT_HEAD(in_their_order);
ATF_TC_BODY(in_their_order, tc)
{
	add(3);
	for (unsigned i = 0; i < 3; i++) {
		ATF_REQUIRE(errands_next(&e, &got));
		ATF_CHECK_EQ(got.worker, i);
	}
	ATF_CHECK(!errands_next(&e, &got));
}

ATF_TC_WITHOUT_HEAD(so_many_at_a_time);
ATF_TC_BODY(so_many_at_a_time, tc)
{
	add(ERRANDS_PLACES + 1);
	for (int i = 0; i < ERRANDS_PLACES; i++) {
		ATF_REQUIRE(errands_next(&e, &got));
		errands_started(&e, &got, 100 + i, 5000);
	}
	ATF_CHECK(!errands_next(&e, &got));
	ATF_CHECK(errands_gone(&e, 117, &was));
	ATF_CHECK_EQ(was.errand.worker, 17);
	ATF_CHECK(errands_next(&e, &got));
	ATF_CHECK_EQ(got.worker, ERRANDS_PLACES);
}

ATF_TC_WITHOUT_HEAD(too_many_are_counted);
ATF_TC_BODY(too_many_are_counted, tc)
{
	add(ERRANDS_WAITING);
	ATF_CHECK_EQ(e.lost, 0);
	add(3);
	ATF_CHECK_EQ(e.lost, 3);
	ATF_CHECK(errands_next(&e, &got));
	add(1);
	ATF_CHECK_EQ(e.lost, 3);
}

ATF_TC_WITHOUT_HEAD(late_once);
ATF_TC_BODY(late_once, tc)
{
	add(2);
	ATF_CHECK_EQ(errands_due(&e), MS_NEVER);
	for (int pid = 1; pid <= 2; pid++) {
		ATF_REQUIRE(errands_next(&e, &got));
		errands_started(&e, &got, pid, 1000 * pid);
	}
	ATF_CHECK_EQ(errands_due(&e), 1000);
	ATF_CHECK_EQ(errands_late(&e, 999, &got), 0);
	ATF_CHECK_EQ(errands_late(&e, 1000, &got), 1);
	ATF_CHECK_EQ(errands_late(&e, 1000, &got), 0);
	ATF_CHECK_EQ(errands_due(&e), 2000);
	ATF_CHECK(errands_gone(&e, 1, &was));
	ATF_CHECK(was.late);
	ATF_CHECK(!errands_gone(&e, 1, &was));
	ATF_CHECK(errands_gone(&e, 2, &was));
	ATF_CHECK(!was.late);
	ATF_CHECK_EQ(errands_due(&e), MS_NEVER);
}

ATF_TC_WITHOUT_HEAD(the_end);
ATF_TC_BODY(the_end, tc)
{
	add(3);
	ATF_REQUIRE(errands_next(&e, &got));
	errands_started(&e, &got, 1, 5000);
	errands_end(&e, 100);
	ATF_CHECK_EQ(e.lost, 2);
	ATF_CHECK(!errands_next(&e, &got));
	ATF_CHECK_EQ(errands_late(&e, 100, &got), 1);
	errands_end(&e, 101);
	ATF_CHECK_EQ(errands_late(&e, 101, &got), 0);
}

enum { WORLDS = 1000, STEPS = 1000 };

ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	static struct errands_world x;
	unsigned late = 0, ended = 0, full = 0;
	unsigned long lost = 0;

	for (walk.seed = 0; walk.seed < WORLDS; walk.seed++) {
		struct choice from = { .seed = walk.seed };

		errands_world_init(&x, &from);
		for (walk.step = 0; walk.step < STEPS; walk.step++)
			errands_world_step(&x);
		late += x.late;
		ended += x.ended;
		lost += x.nlost;
		full += x.most == ERRANDS_PLACES;
	}
	ATF_CHECK_MSG(late > 1000 && ended > 1000 && lost > 1000 && full > 10, "%u %u %lu %u", late,
	    ended, lost, full);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, in_their_order);
	ATF_TP_ADD_TC(tp, so_many_at_a_time);
	ATF_TP_ADD_TC(tp, too_many_are_counted);
	ATF_TP_ADD_TC(tp, late_once);
	ATF_TP_ADD_TC(tp, the_end);
	ATF_TP_ADD_TC(tp, a_million_steps);
	return atf_no_error();
}
