#ifndef SE_BASE_MS_H
#define SE_BASE_MS_H

#include <stdint.h>

/* Milliseconds, of a duration or on the monotonic clock. Never wall time. */
typedef int64_t ms;

#define MS_NEVER  INT64_MAX
#define MS_SECOND ((ms)1000)

static inline ms
ms_min(ms a, ms b)
{
	return a < b ? a : b;
}

static inline ms
ms_max(ms a, ms b)
{
	return a > b ? a : b;
}

/* a + b, clamped at MS_NEVER; b must not be negative. */
static inline ms
ms_add(ms a, ms b)
{
	return a > MS_NEVER - b ? MS_NEVER : a + b;
}

#endif
