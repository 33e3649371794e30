#ifndef SE_WIRE_ZONE_H
#define SE_WIRE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Local time: which offset from UTC is in force, from a TZif file (RFC 8536) or a TZ string
 * (tzset(3)). */

/* The offset from UTC, in seconds east, and the seconds since 1970 for which it holds: from <= t <
 * until. */
struct zone_span {
	int offset;
	int64_t from, until;
};

/* A time as people write it; month 1-12. */
struct zone_civil {
	int year, month, day, hour, minute, second;
};

/* The span around t by a file's contents, version 2 or later; false: it is no such file, or broken.
 */
bool zone_by_file(const void *bytes, size_t len, int64_t t, struct zone_span *);
/* The span around t by a TZ string: "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT", "UTC0"; false: it is
 * none. */
bool zone_by_rule(const char *rule, int64_t t, struct zone_span *);
/* The span around t by TZ (NULL: not set) or else by the zone's file; UTC where neither tells. */
void zone_find(const char *rule, const void *bytes, size_t len, int64_t t, struct zone_span *);
/* Seconds since 1970 as a date, in the same zone. */
struct zone_civil zone_civil(int64_t t);

#endif
