#ifndef SE_TESTS_SCAN_NAIVE_H
#define SE_TESTS_SCAN_NAIVE_H

/*
 * Both kernels of lib/base/scan, and what they are compared with. To be included first: here the
 * word-at-a-time kernel is compiled under names of its own, whatever this machine has.
 */
#undef __SSE2__
#define scan_count word_count
#define scan_first word_first
#define scan_last  word_last
#define scan_stamp word_stamp
#include "lib/base/scan.c"
#undef scan_count
#undef scan_first
#undef scan_last
#undef scan_stamp
#undef SE_BASE_SCAN_H
#include "lib/base/scan.h"

struct kernel {
	const char *name;
	size_t (*count)(const char *, size_t);
	size_t (*first)(const char *, size_t);
	size_t (*last)(const char *, size_t);
	size_t (*stamp)(
	    char *, size_t, const char *, size_t, const char *, size_t, size_t *, size_t *);
};

static const struct kernel kernels[] = {
	{ "library", scan_count, scan_first, scan_last, scan_stamp },
	{ "word", word_count, word_first, word_last, word_stamp },
};

#define KERNELS (sizeof kernels / sizeof *kernels)

static inline size_t
naive_count(const char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += p[i] == '\n';
	return n;
}

static inline size_t
naive_first(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] == '\n')
			return i + 1;
	return 0;
}

static inline size_t
naive_last(const char *p, size_t len)
{
	while (len > 0 && p[len - 1] != '\n')
		len--;
	return len;
}

static inline size_t
naive_stamp(char *to, size_t room, const char *from, size_t len, const char *head, size_t head_len,
    size_t *taken, size_t *lines)
{
	size_t at = 0, n;

	*taken = *lines = 0;
	while ((n = naive_first(from + *taken, len - *taken)) > 0 && head_len + n <= room - at) {
		for (size_t i = 0; i < head_len; i++)
			to[at++] = head[i];
		for (size_t i = 0; i < n; i++)
			to[at++] = from[(*taken)++];
		++*lines;
	}
	return at;
}

#endif
