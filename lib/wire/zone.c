#include "zone.h"

#include <string.h>

#define DAY 86400

/* ---- the calendar ---- */

/* Days from 1970-01-01 to a date; month 1-12. Counted in eras of 400 years that begin in March. */
static int64_t
days_from_civil(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400,
		of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

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
	int64_t days = floor_div(t, DAY), second = t - days * DAY;
	int64_t z = days + 719468, era = floor_div(z, 146097), of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100),
		month = (5 * of_year + 2) / 153;

	return (struct zone_civil){
		.year = (int)(year + era * 400 + (month >= 10)),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
		.hour = (int)(second / 3600),
		.minute = (int)(second / 60 % 60),
		.second = (int)(second % 60),
	};
}

/* ---- TZ strings ---- */

/* A date in every year, and the time of that day in seconds. */
struct rule {
	char kind; /* 'M': month.week.day, 'J': 1-365 without leap days, 'N': 0-365 */
	int month, week, day;
	int time;
};

static bool
take_number(const char **s, int max, int *out)
{
	int n = 0;

	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9' && n <= max; ++*s)
		n = n * 10 + (**s - '0');
	*out = n;
	return n <= max;
}

/* [+-]h[h][:mm[:ss]], up to a week as newer files need it. */
static bool
take_time(const char **s, int *out)
{
	int sign = **s == '-' ? -1 : 1, part[3] = { 0 };

	*s += **s == '-' || **s == '+';
	if (!take_number(s, 167, &part[0]))
		return false;
	for (int i = 1; i < 3 && **s == ':'; i++) {
		++*s;
		if (!take_number(s, 59, &part[i]))
			return false;
	}
	*out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

/* "CEST" or "<+03>": it is not needed, only passed over. */
static bool
take_name(const char **s)
{
	const char *start = *s;

	if (**s == '<') {
		const char *end = strchr(*s, '>');

		*s = end ? end + 1 : *s;
		return end != NULL;
	}
	while ((**s >= 'A' && **s <= 'Z') || (**s >= 'a' && **s <= 'z'))
		++*s;
	return *s - start >= 3;
}

static bool
take_rule(const char **s, struct rule *r)
{
	*r = (struct rule){ .kind = 'N', .time = 7200 };
	if (*(*s)++ != ',')
		return false;
	if (**s == 'M') {
		++*s;
		r->kind = 'M';
		if (!take_number(s, 12, &r->month) || r->month < 1 || *(*s)++ != '.' ||
		    !take_number(s, 5, &r->week) || r->week < 1 || *(*s)++ != '.' ||
		    !take_number(s, 6, &r->day))
			return false;
	} else {
		if (**s == 'J') {
			r->kind = 'J';
			++*s;
		}
		if (!take_number(s, 365, &r->day))
			return false;
	}
	if (**s != '/')
		return true;
	++*s;
	return take_time(s, &r->time);
}

/* When the rule's moment comes in a year, in seconds of a clock that knows no zone. */
static int64_t
moment(const struct rule *r, int64_t year)
{
	int64_t days = days_from_civil(year, 1, 1);

	if (r->kind == 'J') {
		bool leap = days_from_civil(year + 1, 1, 1) - days == 366;

		days += r->day - 1 + (leap && r->day > 59);
	} else if (r->kind == 'N') {
		days += r->day;
	} else {
		int64_t first = days_from_civil(year, r->month, 1);
		int64_t after = r->month == 12 ? days_from_civil(year + 1, 1, 1)
					       : days_from_civil(year, r->month + 1, 1);
		int64_t weekday = (first + 4) % 7; /* 1970-01-01 was a Thursday */

		days = first + (r->day - (weekday < 0 ? weekday + 7 : weekday) + 7) % 7 +
		    (int64_t)(r->week - 1) * 7;
		if (days >= after)
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

	if (!take_name(&s) || !take_time(&s, &west))
		return false;
	*out = (struct zone_span){ -west, INT64_MIN, INT64_MAX };
	if (*s == '\0')
		return true;
	summer_west = west - 3600;
	if (!take_name(&s) || (*s && *s != ',' && !take_time(&s, &summer_west)))
		return false;
	if (*s)
		rest = s;
	if (!take_rule(&rest, &begin) || !take_rule(&rest, &end) || *rest)
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

/* The counts in a header, in its order, and how long the data behind it are for times of some
 * bytes. */
struct header {
	int64_t isut, isstd, leap, time, type, chars;
	int64_t data;
};

#define HEADER 44

static bool
read_header(const unsigned char *p, size_t len, int time_bytes, struct header *h)
{
	if (len < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	h->isut = big_endian(p + 20, 4);
	h->isstd = big_endian(p + 24, 4);
	h->leap = big_endian(p + 28, 4);
	h->time = big_endian(p + 32, 4);
	h->type = big_endian(p + 36, 4);
	h->chars = big_endian(p + 40, 4);
	if (h->isut < 0 || h->isstd < 0 || h->leap < 0 || h->time < 0 || h->type < 1 ||
	    h->chars < 0)
		return false;
	h->data = h->time * (time_bytes + 1) + h->type * 6 + h->chars + h->leap * (time_bytes + 4) +
	    h->isstd + h->isut;
	return h->data <= (int64_t)(len - HEADER);
}

/* The rule behind the data, between newlines, that holds after the last change; false: none. */
static bool
by_footer(const unsigned char *p, size_t len, int64_t t, struct zone_span *out)
{
	char rule[128];
	const unsigned char *end = len > 1 && *p == '\n' ? memchr(p + 1, '\n', len - 1) : NULL;

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
	types = p + h.time * 9;
	*out = (struct zone_span){ (int)big_endian(types, 4), INT64_MIN, INT64_MAX };
	for (int64_t i = 0; i < h.time; i++) {
		unsigned type = p[h.time * 8 + i];

		if (type >= h.type)
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
