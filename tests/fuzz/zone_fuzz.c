#include <string.h>
#include <time.h>

#include "lib/wire/zone.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define DAY 86400

static void
check_civil(int64_t t)
{
	struct zone_civil c = zone_civil(t);
	time_t libc = (time_t)t;
	struct tm tm;

	MUST(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31);
	MUST(c.hour >= 0 && c.hour <= 23 && c.minute >= 0 && c.minute <= 59);
	MUST(c.second >= 0 && c.second <= 59);
	MUST(gmtime_r(&libc, &tm) != NULL);
	MUST(c.year == tm.tm_year + 1900 && c.month == tm.tm_mon + 1 && c.day == tm.tm_mday);
	MUST(c.hour == tm.tm_hour && c.minute == tm.tm_min && c.second == tm.tm_sec);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct zone_span z, at_end;
	char *bytes;
	bool file;
	int64_t t;

	if (size < 9)
		return 0;
	file = data[0] & 1;
	memcpy(&t, data + 1, 8);
	t /= 256; /* a year that an int holds */
	check_civil(t);
	t %= INT64_C(100000000000); /* some thousand of them */
	data += 9;
	size -= 9;
	bytes = malloc(size + 1);
	MUST(bytes != NULL);
	memcpy(bytes, data, size);
	bytes[size] = '\0';
	if (file ? zone_by_file(bytes, size, t, &z) : zone_by_rule(bytes, t, &z)) {
		MUST(z.from <= t && t < z.until);
		MUST(z.offset > -14 * DAY && z.offset < 14 * DAY);
		/* the offset holds to the end of its span */
		if (z.until != INT64_MAX && !file)
			MUST(
			    zone_by_rule(bytes, z.until - 1, &at_end) && at_end.offset == z.offset);
	}
	free(bytes);
	return 0;
}
