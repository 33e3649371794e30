#include <errno.h>
#include <math.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/num.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum parser { COUNT, INT, OCTAL, BYTES, DURATION, RATIO, SIGNAL, BOOL, PARSERS };

/* Any parser's number; out stays as it is where there is none. */
static bool
parse(enum parser p, const char *s, uint64_t max, int64_t *out)
{
	uint64_t n;
	unsigned u;
	int sig;
	bool b;

	switch (p) {
	case COUNT:
		return num_count(s, 0, max, &n) && (*out = (int64_t)n, true);
	case INT:
		return num_int(s, -(int64_t)max, (int64_t)max, out);
	case OCTAL:
		return num_octal(s, max > UINT32_MAX ? UINT32_MAX : (unsigned)max, &u) &&
		    (*out = u, true);
	case BYTES:
		return num_bytes(s, max, &n) && (*out = (int64_t)n, true);
	case DURATION:
		return num_duration(s, (ms)max, out);
	case RATIO:
		return num_ratio(s, max > UINT32_MAX ? UINT32_MAX : (unsigned)max, &u) &&
		    (*out = u, true);
	case SIGNAL:
		return num_signal(s, &sig) && (*out = sig, true);
	case BOOL:
		return num_bool(s, &b) && (*out = b, true);
	case PARSERS:
		break;
	}
	return false;
}

/* The number as strtold(3) reads it, with the unit; what is accepted is nothing but digits, a point
 * and letters. */
static long double
reference(enum parser p, const char *s, long double *scale)
{
	char *unit;
	long double v = p == OCTAL ? (long double)strtoull(s, &unit, 8) : strtold(s, &unit);

	if (p == RATIO)
		return floorl(v * 1000);
	*scale = 1;
	if (p == BYTES)
		*scale = !*unit                   ? 1
		    : strchr("kK", *unit) != NULL ? 1024
		    : strchr("mM", *unit) != NULL ? 1048576
						  : 1073741824;
	if (p == DURATION)
		*scale = strcmp(unit, "ms") == 0 ? 1
		    : strcmp(unit, "m") == 0     ? 60000
		    : strcmp(unit, "h") == 0     ? 3600000
		    : strcmp(unit, "d") == 0     ? 86400000
						 : 1000;
	return v * *scale;
}

static void
check_value(enum parser p, const char *s, int64_t n)
{
	long double scale, v = reference(p, s, &scale), slack = v * 1e-15L + 1e-6L;
	char room[64];
	struct buf b = buf_over(room, sizeof room);
	int64_t again = -1;

	if (p == DURATION) {
		/* rounded up: to a millionth of the unit, then to a millisecond */
		MUST((long double)n >= v - slack);
		MUST((long double)n < v + 1 + scale * 1e-6L + slack);
		MUST(n > 0 || v == 0 || strpbrk(s, "123456789") == NULL);
		buf_duration(&b, n);
		if (n < 1000000000000)
			MUST(num_duration(room, INT64_MAX, &again) && again == n);
	} else if (p == SIGNAL) {
		MUST(n >= 1 && n <= 64);
		num_signal_name((int)n, room);
		MUST(parse(SIGNAL, room + 3, 0, &again) && again == n);
	} else if (p == RATIO) {
		MUST(fabsl((long double)n - v) <= 1);
	} else if (p != BOOL) {
		MUST((long double)n == v);
	}
}

/* The whole string or nothing, within its bounds, and the value that it says. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	enum parser p = size > 0 ? (enum parser)(data[0] % PARSERS) : COUNT;
	char s[300] = { 0 }, longer[302];
	int64_t n = -77, other = -77;

	if (size > 0)
		memcpy(s, data + 1, size - 1 < sizeof s - 1 ? size - 1 : sizeof s - 1);
	if (!parse(p, s, INT64_MAX, &n)) {
		MUST(n == -77);
		return 0;
	}
	check_value(p, s, n);
	if (p != SIGNAL && p != BOOL && p != INT) {
		MUST(parse(p, s, (uint64_t)n, &other) && other == n);
		other = -77;
		MUST(n == 0 || !parse(p, s, (uint64_t)n - 1, &other));
		MUST(n == 0 || other == -77);
	}
	(void)buf_print_to(longer, sizeof longer, "%s?", s);
	MUST(!parse(p, longer, INT64_MAX, &other));
	(void)buf_print_to(longer, sizeof longer, " %s", s);
	MUST(!parse(p, longer, INT64_MAX, &other));
	return 0;
}
