#ifndef SE_BASE_SCAN_H
#define SE_BASE_SCAN_H

#include <stddef.h>

/*
 * Lines in blocks of bytes, many bytes at a time. What is scanned or copied may be read, and the
 * copy written, up to SCAN_SLACK bytes behind its end: rooms must be so much larger.
 */
#define SCAN_SLACK 64

/* The longest text that scan_stamp puts in front of a line. */
#define SCAN_HEAD 512

/* How many newlines there are. */
size_t scan_count(const char *, size_t len);
/* Bytes up to and including the first newline; 0: there is none. */
size_t scan_first(const char *, size_t len);
/* Bytes up to and including the last newline; 0: there is none. */
size_t scan_last(const char *, size_t len);
/*
 * Copies whole lines with head in front of each, as many as fit into room. Their bytes at to;
 * *taken: how many of from's bytes they were, *lines: how many lines. What follows the last newline
 * is left.
 */
size_t scan_stamp(char *to, size_t room, const char *from, size_t len, const char *head,
    size_t head_len, size_t *taken, size_t *lines);

#endif
