#ifndef SE_TESTS_WORKER_CASE_H
#define SE_TESTS_WORKER_CASE_H

#include <atf-c.h>
#include <signal.h>

#include "lib/fsm/worker.h"

/* One worker, a policy that tests may change, and a clock that they move. */
static struct {
	struct worker w;
	struct worker_policy p;
	ms now;
	struct worker_action last; /* the last that was not NOTHING */
	unsigned signals;          /* sent so far */
} t;

/* ServerEngine's defaults. */
static inline void
begin(void)
{
	t.p = (struct worker_policy){
		.heartbeat = WORKER_HEARTBEAT_AUTO,
		.heartbeat_timeout = 180000,
		.probe_every = MS_NEVER,
		.max_age = MS_NEVER,
		.backoff = { .first = 500, .max = 5000 },
		.ladder = {
			[ESCALATION_GRACEFUL] = { SIGTERM, 15000, 10000, 600000 },
			[ESCALATION_IMMEDIATE] = { SIGQUIT, 10000, 10000, 600000 },
			[ESCALATION_KILL] = { SIGKILL, 10000, 10000, MS_NEVER },
		},
	};
	worker_init(&t.w);
	t.now = 0;
	t.signals = 0;
	t.last = (struct worker_action){ .what = WORKER_DO_NOTHING };
}

static inline struct worker_action
feed_input(struct worker_input in)
{
	struct worker_action a;

	in.now = t.now;
	a = worker_step(&t.w, &t.p, &in);
	if (a.what != WORKER_DO_NOTHING)
		t.last = a;
	t.signals += a.what == WORKER_DO_SIGNAL;
	return a;
}

static inline struct worker_action
feed(enum worker_event event)
{
	return feed_input((struct worker_input){ .event = event });
}

static inline struct worker_action
feed_until(enum worker_event event, ms until)
{
	return feed_input((struct worker_input){ .event = event, .until = until });
}

/* The clock goes to then, and everything due on the way is done in time. */
static inline void
run_to(ms then)
{
	while (worker_due(&t.w) <= then) {
		t.now = worker_due(&t.w) > t.now ? worker_due(&t.w) : t.now;
		(void)feed(WORKER_EV_TIME);
		if (t.w.state == WORKER_SPAWNING) /* the test's matter */
			break;
	}
	if (t.now < then && t.w.state != WORKER_SPAWNING)
		t.now = then;
}

/* A process is spawned as soon as the machine asks for it. */
static inline void
run_up(void)
{
	(void)feed(WORKER_EV_START);
	run_to(worker_due(&t.w));
	ATF_REQUIRE_EQ(t.w.state, WORKER_SPAWNING);
	(void)feed(WORKER_EV_SPAWNED);
}

static inline void
check_signal(struct worker_action a, int sig, enum worker_reason why)
{
	ATF_CHECK_EQ(a.what, WORKER_DO_SIGNAL);
	ATF_CHECK_EQ(a.sig, sig);
	ATF_CHECK_EQ(a.reason, why);
}

#endif
