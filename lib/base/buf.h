#ifndef SE_BASE_BUF_H
#define SE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes in a fixed room that the caller owns. What does not fit is cut, and told by cut; the room
 * always holds a NUL after the bytes.
 */
struct buf {
	char *base;
	size_t room; /* NUL included, at least 1 */
	size_t len;
	bool cut;
};

/* An empty buf over room bytes at base. */
__attribute__((noinline)) struct buf buf_over(char *base, size_t room);
void buf_clear(struct buf *);
void buf_put(struct buf *, const void *bytes, size_t len);
void buf_puts(struct buf *, const char *);
/*
 * The part of printf(3) that is needed here, so that the binary need not carry all of it: flags -
 * and 0, a width and, for %s, a precision (both as number or *), lengths l, ll and z, conversions d
 * u x o c s %.
 */
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *, const char *format, ...);
__attribute__((format(printf, 2, 0))) void buf_vprintf(struct buf *, const char *format, va_list);
/* The same into an array, as snprintf(3); false: it was cut. */
__attribute__((format(printf, 3, 4))) bool buf_print_to(
    char *base, size_t room, const char *format, ...);
/*
 * Text of unknown origin for a line that people read: control bytes and backslash come as \n, \t,
 * \\ or \x1b, and after max bytes of it "..." stands for the rest.
 */
void buf_escape(struct buf *, const char *text, size_t len, size_t max);
/* Text of unknown origin as a JSON string, with its quotes; what is not UTF-8 becomes U+FFFD. */
void buf_json(struct buf *, const char *text, size_t len);
/*
 * A byte between double quotes, if it needs a backslash there: a quote, a backslash, or a control
 * byte, which comes as \x1b with 2 digits and as \u001b with 4. False: it needs none.
 */
bool buf_quoted_byte(struct buf *, char, int digits);
/* A duration as people write it: "1.5s", "250ms" or "2h"; exact, so that it parses back. */
void buf_duration(struct buf *, long long milliseconds);
/* Forgets the first n bytes. */
void buf_drop(struct buf *, size_t n);

#endif
