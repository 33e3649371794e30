#include "num.h"

#include <signal.h>
#include <string.h>

#include "buf.h"
#include "text.h"

/* An ASCII letter as a small one; anything else as it is. */
static __attribute__((noinline)) int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool
num_is_alnum(char c)
{
	int l = lower(c);

	return (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9');
}

bool
num_is_word(const char *s, const char *word)
{
	while (*s && lower(*s) == lower(*word)) {
		s++;
		word++;
	}
	return *s == *word;
}

int
num_word(const char *s, const char *words)
{
	for (int i = 0; *words; i++, words = text_item(words, 1))
		if (num_is_word(s, words))
			return i;
	return -1;
}

int
num_item(const char *s, const char *list, char between)
{
	for (int i = 0; *list; i++, list++) {
		const char *p = s;

		while (*p && *p == *list && *p != between) {
			p++;
			list++;
		}
		if (!*p && (!*list || *list == between))
			return i;
		if (!(list = text_char(list, between)))
			break;
	}
	return -1;
}

unsigned
num_digit(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0')
	    : lower(c) >= 'a'       ? (unsigned)(lower(c) - 'a' + 10)
				    : 99;
}

bool
num_digits(const char **s, unsigned base, uint64_t *out)
{
	const char *p = *s;
	uint64_t n = 0;

	for (; num_digit(*p) < base; p++)
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, num_digit(*p), &n))
			return false;
	if (p == *s)
		return false;
	*s = p;
	*out = n;
	return true;
}

/* Digits from min to max and nothing else. */
static bool
whole(const char *s, unsigned base, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n;

	if (!num_digits(&s, base, &n) || *s || n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool
num_count(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	return whole(s, 10, min, max, out);
}

bool
num_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	uint64_t n;
	int64_t v;

	if (!num_count(s + negative, 0, INT64_MAX, &n))
		return false;
	v = negative ? -(int64_t)n : (int64_t)n;
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool
num_octal(const char *s, unsigned max, unsigned *out)
{
	uint64_t n;

	if (!whole(s, 8, 0, max, &n))
		return false;
	*out = (unsigned)n;
	return true;
}

bool
num_bytes(const char *s, uint64_t max, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t n;

	if (!num_digits(&s, 10, &n))
		return false;
	if (*s && (unit = text_char(units, *s >= 'a' ? *s - 'a' + 'A' : *s)) != NULL) {
		if (__builtin_mul_overflow(n, (uint64_t)1 << (10 * (unit - units + 1)), &n))
			return false;
		s++;
		if (num_is_word(s, "b") || num_is_word(s, "ib"))
			s = "";
	}
	if (*s || n > max)
		return false;
	*out = n;
	return true;
}

#define MILLION UINT64_C(1000000)

/*
 * "12.345" in units of 1/scale, scale a power of ten: rounded up if up, else cut. *s is left behind
 * the number.
 */
static bool
decimal(const char **s, uint64_t scale, bool up, uint64_t *out)
{
	uint64_t n, fraction = 0, rest = 0;

	if (!num_digits(s, 10, &n) || __builtin_mul_overflow(n, scale, &n))
		return false;
	if (**s == '.') {
		const char *p = *s + 1;

		for (; *p >= '0' && *p <= '9'; p++) {
			scale /= 10;
			fraction += scale * (uint64_t)(*p - '0');
			rest |= scale == 0 && *p != '0';
		}
		if (p == *s + 1)
			return false;
		*s = p;
	}
	return !__builtin_add_overflow(n, fraction + (up && rest), out);
}

bool
num_duration(const char *s, ms max, ms *out)
{
	static const struct {
		char name[4];
		unsigned ms;
	} units[] = {
		{ "", 1000 },
		{ "s", 1000 },
		{ "ms", 1 },
		{ "m", 60000 },
		{ "h", 3600000 },
		{ "d", 86400000 },
	};
	uint64_t n, t;

	/* in millionths of the unit, so that 0.5ms and 1.5h both keep their fraction */
	if (!decimal(&s, MILLION, true, &n))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		unsigned unit = units[i].ms;

		if (strcmp(s, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(n, unit, &t)) /* more than five centuries */
			return false;
		t = t / MILLION + (t % MILLION > 0);
		if (t > (uint64_t)max)
			return false;
		*out = (ms)t;
		return true;
	}
	return false;
}

bool
num_ratio(const char *s, unsigned max, unsigned *out)
{
	uint64_t n;

	if (!decimal(&s, 1000, false, &n) || *s || n > max)
		return false;
	*out = (unsigned)n;
	return true;
}

/* The signals that have a name here. */
/* clang-format off */
#define SIGNALS(X) \
	X(HUP) X(INT) X(QUIT) X(ILL) X(TRAP) X(ABRT) X(BUS) X(FPE) X(KILL) X(USR1) \
	X(SEGV) X(USR2) X(PIPE) X(ALRM) X(TERM) X(CHLD) X(CONT) X(STOP) X(TSTP) X(TTIN) \
	X(TTOU) X(URG) X(XCPU) X(XFSZ) X(VTALRM) X(PROF) X(WINCH) X(IO) X(PWR) X(SYS)
/* clang-format on */

#define X(name) #name "\0"
static const char signal_names[] = SIGNALS(X);
#undef X
#define X(name) SIG##name,
static const unsigned char signal_numbers[] = { SIGNALS(X) };
#undef X

bool
num_signal(const char *s, int *out)
{
	bool prefixed = (s[0] | 32) == 's' && (s[1] | 32) == 'i' && (s[2] | 32) == 'g' && s[3];
	uint64_t n;
	int i;

	if (num_count(s, 1, 64, &n)) {
		*out = (int)n;
		return true;
	}
	if ((i = num_word(prefixed ? s + 3 : s, signal_names)) < 0)
		return false;
	*out = signal_numbers[i];
	return true;
}

void
num_signal_name(int sig, char name[16])
{
	const char *known = signal_names;

	for (size_t i = 0; i < sizeof signal_numbers; i++, known = text_item(known, 1))
		if (signal_numbers[i] == sig) {
			(void)buf_print_to(name, 16, "SIG%s", known); /* fits: six letters */
			return;
		}
	(void)buf_print_to(name, 16, "SIG%d", sig); /* fits: eleven digits at most */
}

bool
num_bool(const char *s, bool *out)
{
	int i = num_word(s,
	    "false\0true\0no\0yes\0off\0on\0"
	    "0\0"
	    "1\0");

	if (i < 0)
		return false;
	*out = i % 2 == 1;
	return true;
}
