#ifndef SE_BASE_ERE_H
#define SE_BASE_ERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * POSIX extended regular expressions over bytes: whether a text holds a match, not where. As in the
 * C locale, but without [. .] and [= =] in brackets; and what POSIX leaves undefined is
 * - refused: an unmatched ')'; '*', '+', '?' or '{' where there is nothing to repeat; a backslash
 *   before anything but punctuation, or before < > ` ' (GNU's words and buffers); references back.
 * - allowed: an empty pattern, group or alternative, which matches the empty string; "a**"; a
 *   backslash before punctuation that needs none.
 * Newlines and NULs in the text are bytes as any other: '.' and [^x] match them, '^' and '$' are
 * only the ends of the text.
 */

/*
 * Limits. Steps: one for each byte, '.', bracket expression and anchor, two for each '|', one for
 * each '+' and '?', two for '*', one for the end; {n,m} is n times what it repeats and m - n times
 * that and a step more, {n,} n times (at least once) and a step.
 */
#define ERE_STEPS  1024
#define ERE_SETS   32  /* bracket expressions */
#define ERE_NESTED 32  /* groups within each other */
#define ERE_REPEAT 255 /* the largest n or m; POSIX's RE_DUP_MAX */

struct ere {
	unsigned steps, sets;
	uint16_t step[ERE_STEPS];
	uint8_t set[1 + ERE_SETS][32]; /* a bit a byte; the first is empty */
};

/* NULL; or why it cannot be used, in a few words ("unmatched ("), and then *ere must not be. */
const char *ere_compile(struct ere *, const char *pattern);
/*
 * Is there a match anywhere in the text? Whatever the pattern, the time is at most in proportion to
 * len and to the steps; least where the pattern begins with a byte, which few bytes of the text
 * are. 6 kB of stack.
 */
bool ere_search(const struct ere *, const char *text, size_t len);

#endif
