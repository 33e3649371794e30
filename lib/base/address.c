#include "address.h"

#include <string.h>

#include "num.h"

static bool
parse_v4(const char *s, unsigned char *to)
{
	for (int i = 0;; i++, s++) {
		bool zero = *s == '0';
		const char *begin = s;
		uint64_t n;

		if (!num_digits(&s, 10, &n) || n > 255 || (zero && s > begin + 1))
			return false;
		to[i] = (unsigned char)n;
		if (i == 3)
			return *s == '\0';
		if (*s != '.')
			return false;
	}
}

#define NOWHERE 17

static bool
parse_v6(const char *s, unsigned char *to)
{
	unsigned n = 0, gap = NOWHERE; /* gap: where the zeroes go that :: stands for */

	if (s[0] == ':' && s[1] == ':') {
		s += 2;
		gap = 0;
	}
	while (*s || gap != n) {
		const char *begin = s;
		uint64_t group;

		if (n == 16 || !num_digits(&s, 16, &group) || s > begin + 4)
			return false;
		if (*s == '.') {
			if (n > 12 || !parse_v4(begin, to + n))
				return false;
			n += 4;
			break;
		}
		to[n++] = (unsigned char)(group >> 8);
		to[n++] = (unsigned char)group;
		if (!*s)
			break;
		if (*s++ != ':')
			return false;
		if (*s == ':' && gap == NOWHERE) {
			s++;
			gap = n;
		}
	}
	if (gap == NOWHERE)
		return n == 16;
	memmove(to + 16 - (n - gap), to + gap, n - gap);
	memset(to + gap, 0, 16 - n);
	return n < 16;
}

bool
address_parse(const char *s, bool v6, unsigned char *to)
{
	return v6 ? parse_v6(s, to) : parse_v4(s, to);
}
