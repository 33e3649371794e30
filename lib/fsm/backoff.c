#include "backoff.h"

void
backoff_reset_delay(struct backoff *b)
{
	b->delay = 0;
}

ms
backoff_next(struct backoff *b, const struct backoff_policy *p, unsigned random)
{
	b->delay = b->delay == 0 ? p->first : ms_min(b->delay * 2, p->max);
	return b->delay * (ms)(750 + random % 501) / 1000;
}

bool
backoff_allows(struct backoff *b, const struct backoff_policy *p, ms now)
{
	if (p->limit == 0)
		return true;
	if (b->restarts == 0 || now - b->since >= p->limit_within) {
		b->restarts = 0;
		b->since = now;
	}
	return ++b->restarts <= p->limit;
}
