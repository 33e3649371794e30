#include "zone.h"

#include <string.h>

#include "../base/num.h"
#include "../base/text.h"

#define DAY 86400

/* ---- the calendar ---- */

/*
 * Days from 1970-01-01 to the first of a month, 1-12, or 13 for the next January. Counted in eras
 * of 400 years that begin in March.
 */
static int64_t
month_start(int64_t year, int month)
{
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The quotient rounded down, where / rounds to zero. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct zone_civil
zone_civil(int64_t t)
{
	int64_t days = floor_div(t, DAY), year = 1971 + floor_div(days * 400, 146097);
	int second = (int)(t - days * DAY), month = 12;

	/* that is the year or the one behind it: 400 years have 146097 days, but leap days gather
	 */
	while (month_start(year, 1) > days)
		year--;
	while (month_start(year, month) > days)
		month--;
	return (struct zone_civil){
		.year = (int)year,
		.month = month,
		.day = (int)(days - month_start(year, month)) + 1,
		.hour = second / 3600,
		.minute = second / 60 % 60,
		.second = second % 60,
	};
}

/* ---- TZ strings ---- */

/* A date in every year, and the time of that day in seconds. */
struct rule {
	char kind; /* 'M': month.week.day, 'J': 1-365 without leap days, 'N': 0-365 */
	int month, week, day;
	int time;
};

/* These take something from the front of a text and return the rest; NULL: it is not there. */

static const char *
take_number(const char *s, int max, int *out)
{
	uint64_t n;

	if (!num_digits(&s, 10, &n) || n > (uint64_t)max)
		return NULL;
	*out = (int)n;
	return s;
}

/* [+-]h[h][:mm[:ss]], up to a week as newer files need it. */
static const char *
take_time(const char *s, int *out)
{
	int sign = *s == '-' ? -1 : 1, max = 167, part;

	s += *s == '-' || *s == '+';
	*out = 0;
	for (int unit = 3600;; unit /= 60, max = 59, s++) {
		if (!(s = take_number(s, max, &part)))
			return NULL;
		*out += sign * part * unit;
		if (unit == 1 || *s != ':')
			return s;
	}
}

/* "CEST" or "<+03>": it is not needed, only passed over. */
static const char *
take_name(const char *s)
{
	const char *start = s;

	if (*s == '<')
		return (s = text_char(s, '>')) ? s + 1 : NULL;
	while ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'))
		s++;
	return s - start >= 3 ? s : NULL;
}

static const char *
take_rule(const char *s, struct rule *r)
{
	*r = (struct rule){ .kind = 'N', .time = 7200 };
	if (*s++ != ',')
		return NULL;
	if (*s == 'M' || *s == 'J')
		r->kind = *s++;
	if (r->kind == 'M') {
		if (!(s = take_number(s, 12, &r->month)) || r->month < 1 || *s++ != '.' ||
		    !(s = take_number(s, 5, &r->week)) || r->week < 1 || *s++ != '.')
			return NULL;
	}
	s = take_number(s, r->kind == 'M' ? 6 : 365, &r->day);
	return s && *s == '/' ? take_time(s + 1, &r->time) : s;
}

/* When the rule's moment comes in a year, in seconds of a clock that knows no zone. */
static int64_t
moment(const struct rule *r, int64_t year)
{
	int64_t days = month_start(year, 1) + r->day;

	if (r->kind == 'J') {
		days = r->day > 59 ? month_start(year, 3) + r->day - 60 : days - 1;
	} else if (r->kind == 'M') {
		int64_t first = month_start(year, r->month);
		int weekday = (int)((first + 4) % 7); /* 1970-01-01 was a Thursday */

		days = first + (r->day - weekday + 14) % 7 + (int64_t)7 * (r->week - 1);
		if (days >= month_start(year, r->month + 1))
			days -= 7;
	}
	return days * DAY + r->time;
}

/* Narrows the span by a change at the time when, from the offset before to the one after. */
static void
narrow(struct zone_span *z, int64_t t, int64_t when, int after)
{
	if (when > t) {
		z->until = when < z->until ? when : z->until;
	} else if (when >= z->from) {
		z->from = when;
		z->offset = after;
	}
}

bool
zone_by_rule(const char *s, int64_t t, struct zone_span *out)
{
	/* without a rule of its own, a summer time follows the United States', as tzset(3) */
	const char *rest = ",M3.2.0,M11.1.0";
	struct rule begin, end;
	int west, summer_west, year;

	if (!(s = take_name(s)) || !(s = take_time(s, &west)))
		return false;
	*out = (struct zone_span){ -west, INT64_MIN, INT64_MAX };
	if (*s == '\0')
		return true;
	summer_west = west - 3600;
	if (!(s = take_name(s)) || (*s && *s != ',' && !(s = take_time(s, &summer_west))))
		return false;
	if (*s)
		rest = s;
	if (!(rest = take_rule(rest, &begin)) || !(rest = take_rule(rest, &end)) || *rest)
		return false;
	year = zone_civil(t).year;
	for (int y = year - 1; y <= year + 1; y++) {
		narrow(out, t, moment(&begin, y) + west, -summer_west);
		narrow(out, t, moment(&end, y) + summer_west, -west);
	}
	return true;
}

/* ---- TZif files ---- */

static int64_t
big_endian(const unsigned char *p, int bytes)
{
	uint64_t n = p[0] & 0x80 ? UINT64_MAX : 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return (int64_t)n;
}

/* The counts in a header, in its order. */
enum { ISUT, ISSTD, LEAP, TIME, TYPE, CHARS, COUNTS };

/* A header's counts, and how long the data behind it are for times of some bytes. */
struct header {
	int64_t count[COUNTS];
	int64_t data;
};

#define HEADER 44

static bool
read_header(const unsigned char *p, size_t len, unsigned char bytes, struct header *h)
{
	const unsigned char size[COUNTS] = { 1, 1, bytes + 4, bytes + 1, 6, 1 };

	h->data = 0;
	if (len < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	for (int i = 0; i < COUNTS; i++) {
		h->count[i] = big_endian(p + 20 + 4 * (size_t)i, 4);
		if (h->count[i] < 0)
			return false;
		h->data += h->count[i] * size[i];
	}
	return h->count[TYPE] > 0 && h->data <= (int64_t)(len - HEADER);
}

/* The rule behind the data, between newlines, that holds after the last change; false: none. */
static bool
by_footer(const unsigned char *p, size_t len, int64_t t, struct zone_span *out)
{
	char rule[128];
	const unsigned char *end = len > 1 && *p == '\n' ? text_find(p + 1, '\n', len - 1) : NULL;

	if (!end || end == p + 1 || (size_t)(end - p) > sizeof rule)
		return false;
	memcpy(rule, p + 1, (size_t)(end - p - 1));
	rule[end - p - 1] = '\0';
	return zone_by_rule(rule, t, out);
}

bool
zone_by_file(const void *bytes, size_t len, int64_t t, struct zone_span *out)
{
	const unsigned char *p = bytes, *types;
	struct header h;
	struct zone_span rule;

	/* the first block has 32-bit times: passed over */
	if (!read_header(p, len, 4, &h))
		return false;
	p += HEADER + h.data;
	len -= (size_t)(HEADER + h.data);
	if (!read_header(p, len, 8, &h))
		return false;
	p += HEADER;
	len -= HEADER;
	types = p + h.count[TIME] * 9;
	*out = (struct zone_span){ (int)big_endian(types, 4), INT64_MIN, INT64_MAX };
	for (int64_t i = 0; i < h.count[TIME]; i++) {
		unsigned type = p[h.count[TIME] * 8 + i];

		if (type >= h.count[TYPE])
			return false;
		narrow(
		    out, t, big_endian(p + i * 8, 8), (int)big_endian(types + (size_t)6 * type, 4));
	}
	if (out->until == INT64_MAX && by_footer(p + h.data, len - (size_t)h.data, t, &rule)) {
		out->offset = rule.offset;
		out->from = rule.from > out->from ? rule.from : out->from;
		out->until = rule.until;
	}
	return out->offset > -2 * DAY && out->offset < 2 * DAY;
}

void
zone_find(const char *rule, const void *bytes, size_t len, int64_t t, struct zone_span *z)
{
	if ((!rule || !zone_by_rule(rule, t, z)) && !zone_by_file(bytes, len, t, z))
		*z = (struct zone_span){ 0, INT64_MIN, INT64_MAX };
}
