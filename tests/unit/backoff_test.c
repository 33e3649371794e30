#include "lib/fsm/backoff.h"

#include <atf-c.h>

/* random 250 is no jitter: 750 + 250 thousandths. */
#define EVEN 250

static const struct backoff_policy policy = {
	.first = 500, .max = 5000, .limit = 3, .limit_within = 60000
};

ATF_TC_WITHOUT_HEAD(doubles_up_to_max);
ATF_TC_BODY(doubles_up_to_max, tc)
{
	static const ms delays[] = { 500, 1000, 2000, 4000, 5000, 5000 };
	struct backoff b = { 0 };

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof delays / sizeof *delays; i++)
			ATF_CHECK_EQ(backoff_next(&b, &policy, EVEN), delays[i]);
		backoff_reset_delay(&b);
	}
}

ATF_TC_WITHOUT_HEAD(jitter_is_a_quarter_and_does_not_add_up);
ATF_TC_BODY(jitter_is_a_quarter_and_does_not_add_up, tc)
{
	ms least = MS_NEVER, most = 0;

	for (unsigned random = 0; random < 5000; random++) {
		struct backoff b = { 0 };
		ms delay = backoff_next(&b, &policy, random);

		least = ms_min(least, delay);
		most = ms_max(most, delay);
		ATF_CHECK_EQ(backoff_next(&b, &policy, EVEN), 1000);
	}
	ATF_CHECK_EQ(least, 375);
	ATF_CHECK_EQ(most, 625);
}

ATF_TC_WITHOUT_HEAD(limit_counts_within_its_window);
ATF_TC_BODY(limit_counts_within_its_window, tc)
{
	struct backoff b = { 0 };

	for (int i = 0; i < 3; i++)
		ATF_CHECK(backoff_allows(&b, &policy, 1000 + i));
	ATF_CHECK(!backoff_allows(&b, &policy, 1003));
	ATF_CHECK(!backoff_allows(&b, &policy, 60999));
	for (int i = 0; i < 3; i++) /* the window is over: a new one */
		ATF_CHECK(backoff_allows(&b, &policy, 61000));
	ATF_CHECK(!backoff_allows(&b, &policy, 120999));
}

ATF_TC_WITHOUT_HEAD(no_limit_allows_all);
ATF_TC_BODY(no_limit_allows_all, tc)
{
	struct backoff_policy p = { .first = 500, .max = 5000 };
	struct backoff b = { 0 };

	for (int i = 0; i < 10000; i++)
		ATF_CHECK(backoff_allows(&b, &p, 0));
}

/* The bar for a crash loop: ten workers that exit at once, 100 restarts in 10 s in all. */
ATF_TC_WITHOUT_HEAD(a_crash_loop_is_slow);
ATF_TC_BODY(a_crash_loop_is_slow, tc)
{
	struct backoff b = { 0 };
	ms now = 0;
	int restarts = 0;

	while ((now += backoff_next(&b, &policy, 0)) <= 10000)
		restarts++;
	ATF_CHECK(restarts <= 10);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, doubles_up_to_max);
	ATF_TP_ADD_TC(tp, jitter_is_a_quarter_and_does_not_add_up);
	ATF_TP_ADD_TC(tp, limit_counts_within_its_window);
	ATF_TP_ADD_TC(tp, no_limit_allows_all);
	ATF_TP_ADD_TC(tp, a_crash_loop_is_slow);
	return atf_no_error();
}
