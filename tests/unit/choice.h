#ifndef SE_TESTS_CHOICE_H
#define SE_TESTS_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Where a walk takes its choices from: a generator with a seed, so that a failure is seen again, or
 * a fuzzer's bytes.
 */
struct choice {
	uint64_t seed;
	const unsigned char *bytes; /* NULL: from the seed */
	size_t left;
};

/* Walks are stopped where they stand, whoever runs them. */
#define MUST(fact) ((fact) ? (void)0 : must_failed(#fact, __FILE__, __LINE__))

/* Where a walk is, for the message. */
static struct {
	unsigned seed, step;
} walk;

static inline void
must_failed(const char *fact, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: seed %u, step %u: this must be true: %s\n", file, line,
	    walk.seed, walk.step, fact);
	abort();
}

/* Has the fuzzer no more to say? */
static inline bool
choice_ended(const struct choice *c)
{
	return c->bytes && c->left == 0;
}

static inline unsigned
choice_byte(struct choice *c)
{
	if (c->left == 0)
		return 0;
	c->left--;
	return *c->bytes++;
}

/* One of 0 .. n-1. */
static inline unsigned
choose(struct choice *c, unsigned n)
{
	unsigned v = 0;

	if (c->bytes) {
		for (unsigned room = n - 1; room > 0; room >>= 8)
			v = v << 8 | choice_byte(c);
	} else {
		/* splitmix64 */
		uint64_t z = c->seed += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		v = (unsigned)(z >> 32);
	}
	return v % n;
}

/* True once in n. */
static inline bool
chance(struct choice *c, unsigned n)
{
	return choose(c, n) == n - 1;
}

#endif
