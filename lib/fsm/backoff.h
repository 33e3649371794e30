#ifndef SE_FSM_BACKOFF_H
#define SE_FSM_BACKOFF_H

#include <stdbool.h>

#include "../base/ms.h"

/* How long to wait before the next start of what keeps dying young, and when to stop trying. */
struct backoff_policy {
	ms first, max;  /* the delay doubles from first to max */
	unsigned limit; /* restarts allowed within limit_within; 0: no limit */
	ms limit_within;
};

struct backoff {
	ms delay;          /* the last one, without its jitter; 0: none yet */
	unsigned restarts; /* in the window that began at since */
	ms since;
};

void backoff_reset_delay(struct backoff *);
/*
 * The next delay: first, then twice the last up to max; each with a jitter of a quarter up or down
 * from random, so that a fleet that died together does not come back together.
 */
ms backoff_next(struct backoff *, const struct backoff_policy *, unsigned random);
/*
 * Counts a restart; false if it is one too many. The window begins with its first restart and a new
 * one begins when it is over, as systemd's StartLimitIntervalSec.
 */
bool backoff_allows(struct backoff *, const struct backoff_policy *, ms now);

#endif
