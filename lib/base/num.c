#include "num.h"

#include <signal.h>
#include <string.h>

#include "buf.h"

/* An ASCII letter as a small one; anything else as it is. */
static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
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

/* Reads digits of the given base from *s on; false if there is none or on overflow. */
static bool
digits(const char **s, unsigned base, uint64_t *out)
{
	const char *p = *s;
	uint64_t n = 0;

	for (; *p >= '0' && (unsigned)(*p - '0') < base; p++)
		if (__builtin_mul_overflow(n, base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	if (p == *s)
		return false;
	*s = p;
	*out = n;
	return true;
}

bool
num_count(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n;

	if (!digits(&s, 10, &n) || *s || n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool
num_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	uint64_t n;
	int64_t v;

	s += negative;
	if (!digits(&s, 10, &n) || *s || n > INT64_MAX)
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

	if (!digits(&s, 8, &n) || *s || n > max)
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

	if (!digits(&s, 10, &n))
		return false;
	if (*s && (unit = strchr(units, *s >= 'a' ? *s - 'a' + 'A' : *s)) != NULL) {
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

/*
 * "12.345" in units of 1/scale, scale a power of ten: rounded up if up, else cut. *s is left behind
 * the number.
 */
static bool
decimal(const char **s, uint64_t scale, bool up, uint64_t *out)
{
	uint64_t n, fraction = 0, rest = 0;

	if (!digits(s, 10, &n) || __builtin_mul_overflow(n, scale, &n))
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
		const char *name;
		uint64_t us;
	} units[] = {
		{ "", 1000000 },
		{ "s", 1000000 },
		{ "ms", 1000 },
		{ "m", 60000000 },
		{ "h", 3600000000 },
		{ "d", 86400000000 },
	};
	uint64_t n;

	/* in millionths of the unit, so that 0.5ms and 1.5h both keep their fraction */
	if (!decimal(&s, 1000000, true, &n))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		uint64_t whole = n / 1000000, part = n % 1000000, us;

		if (strcmp(s, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(whole, units[i].us, &us) ||
		    __builtin_add_overflow(us, (part * (units[i].us / 1000) + 999) / 1000, &us) ||
		    us > (uint64_t)INT64_MAX - 999 || (us + 999) / 1000 > (uint64_t)max)
			return false;
		*out = (ms)((us + 999) / 1000);
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

static const struct {
	char name[7];
	unsigned char sig;
} signals[] = {
	{ "HUP", SIGHUP },
	{ "INT", SIGINT },
	{ "QUIT", SIGQUIT },
	{ "ILL", SIGILL },
	{ "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT },
	{ "BUS", SIGBUS },
	{ "FPE", SIGFPE },
	{ "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },
	{ "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE },
	{ "ALRM", SIGALRM },
	{ "TERM", SIGTERM },
	{ "CHLD", SIGCHLD },
	{ "CONT", SIGCONT },
	{ "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },
	{ "URG", SIGURG },
	{ "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },
	{ "IO", SIGIO },
	{ "PWR", SIGPWR },
	{ "SYS", SIGSYS },
};

#define SIGNALS (sizeof signals / sizeof *signals)

bool
num_signal(const char *s, int *out)
{
	const char *name =
	    strlen(s) > 3 && (s[0] | 32) == 's' && (s[1] | 32) == 'i' && (s[2] | 32) == 'g' ? s + 3
											    : s;
	uint64_t n;

	if (num_count(s, 1, 64, &n)) {
		*out = (int)n;
		return true;
	}
	for (size_t i = 0; i < SIGNALS; i++)
		if (num_is_word(name, signals[i].name)) {
			*out = signals[i].sig;
			return true;
		}
	return false;
}

void
num_signal_name(int sig, char name[16])
{
	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i].sig == sig) {
			(void)buf_print_to(
			    name, 16, "SIG%s", signals[i].name); /* fits: six letters */
			return;
		}
	(void)buf_print_to(name, 16, "SIG%d", sig); /* fits: eleven digits at most */
}

bool
num_bool(const char *s, bool *out)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (num_is_word(s, words[i])) {
			*out = i % 2 == 1;
			return true;
		}
	return false;
}
