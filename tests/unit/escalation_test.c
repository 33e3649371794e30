#include "lib/fsm/escalation.h"

#include <atf-c.h>
#include <signal.h>

static const struct escalation_policy ladder[ESCALATION_RUNGS] = {
	[ESCALATION_GRACEFUL] = { SIGTERM, 15000, 10000, 600000 },
	[ESCALATION_IMMEDIATE] = { SIGQUIT, 10000, 10000, 600000 },
	[ESCALATION_KILL] = { SIGKILL, 10000, 10000, MS_NEVER },
};

ATF_TC_WITHOUT_HEAD(intervals_grow_as_serverengines);
ATF_TC_BODY(intervals_grow_as_serverengines, tc)
{
	static const ms expected[] = { 0, 15000, 40000, 75000, 120000, 175000, 240000, 315000,
		400000, 495000 };
	struct escalation e;

	escalation_reset(&e);
	escalation_climb(&e, ESCALATION_GRACEFUL, 0);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		ATF_CHECK_EQ(e.due, expected[i]);
		ATF_CHECK_EQ(escalation_step(&e, ladder, e.due), SIGTERM);
	}
	ATF_CHECK_EQ(e.due, 600000);
	ATF_CHECK_EQ(escalation_step(&e, ladder, 600000), SIGQUIT);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, intervals_grow_as_serverengines);
	return atf_no_error();
}
