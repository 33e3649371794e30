#ifndef SE_BASE_NUM_H
#define SE_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "ms.h"

/*
 * Numbers from outside. Each parser takes the whole string or nothing: false, and *out untouched,
 * when there is anything else in it or when it does not fit.
 */

/* The value of a digit of a base up to 16; larger: it is none. */
unsigned num_digit(char);
/*
 * The digits of such a base in front of *s, which is left behind them. False: there are none, or
 * too many for 64 bits.
 */
bool num_digits(const char **s, unsigned base, uint64_t *out);
/* Decimal digits, min..max. */
bool num_count(const char *, uint64_t min, uint64_t max, uint64_t *out);
/* The same with an optional leading '-'. */
bool num_int(const char *, int64_t min, int64_t max, int64_t *out);
/* Octal digits, at most max ("022", "0644"). */
bool num_octal(const char *, unsigned max, unsigned *out);
/* "1048576", "10M": units K, M, G (powers of 1024), an optional B or iB after them. */
bool num_bytes(const char *, uint64_t max, uint64_t *out);
/*
 * "180", "1.5", "1.5s", "200ms", "10m", "2h", "1d": seconds where no unit is given, as
 * ServerEngine's keys. What is finer than a millisecond (or a millionth of the unit) is rounded up,
 * so that only zero is zero.
 */
bool num_duration(const char *, ms max, ms *out);
/* A ratio in thousandths: "0.2" is 200. At most max thousandths; finer digits are cut. */
bool num_ratio(const char *, unsigned max, unsigned *out);
/* "TERM", "SIGTERM", "term", "15": a signal that can be sent, 1..64. */
bool num_signal(const char *, int *out);
/* "true", "yes", "on", "1" and "false", "no", "off", "0", in any case: YAML 1.1, and the digits. */
bool num_bool(const char *, bool *out);

/* An ASCII letter or digit? */
bool num_is_alnum(char);
/* Is s the word, in small or capital letters? */
bool num_is_word(const char *s, const char *word);
/* Which of the words, each with its NUL and an empty one behind the last; -1: none of them. */
int num_word(const char *s, const char *words);
/* Which item of a list such as "a|b|c" is s; -1: none. Between NULs, an empty one ends the list. */
int num_item(const char *s, const char *list, char between);
/* "SIGTERM" for 15; "SIG34" and so on where there is no name. Writes at most 16 bytes, NUL
 * included. */
void num_signal_name(int sig, char name[16]);

#endif
