#include "tests/unit/worker_world.h"

#include <atf-c.h>

#define WORLDS 1000
#define EVENTS 1000

ATF_TC_WITHOUT_HEAD(a_million_steps);
ATF_TC_BODY(a_million_steps, tc)
{
	unsigned did[WORKER_DO_GIVE_UP + 1] = { 0 }, why[WORKER_BY_STATUS + 1] = { 0 };

	for (walk.seed = 0; walk.seed < WORLDS; walk.seed++) {
		struct choice from = { .seed = walk.seed };
		struct world x;

		world_init(&x, &from);
		for (walk.step = 0; walk.step < EVENTS; walk.step++)
			world_step(&x);
		for (unsigned i = 0; i <= WORKER_DO_GIVE_UP; i++)
			did[i] += x.did[i];
		for (unsigned i = 0; i <= WORKER_BY_STATUS; i++)
			why[i] += x.why[i];
	}
	/* a walk that never comes anywhere shows nothing */
	for (unsigned i = 0; i <= WORKER_DO_GIVE_UP; i++)
		ATF_CHECK_MSG(did[i] >= 200, "action %u: %u times", i, did[i]);
	for (unsigned i = 0; i <= WORKER_BY_STATUS; i++)
		ATF_CHECK_MSG(why[i] >= 200, "reason %u: %u times", i, why[i]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_million_steps);
	return atf_no_error();
}
