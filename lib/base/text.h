#ifndef SE_BASE_TEXT_H
#define SE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Namesakes of libc's without their speed, which is for long texts and as long as all of these. */

/* strchr(3): the first such byte, which may be the NUL; NULL: there is none. */
char *text_char(const char *, char);
/* strcspn(3): how many bytes there are in front of the first that is among stops. */
size_t text_span(const char *, const char *stops);
/* strspn(3): what follows the bytes in front that are among these. */
char *text_skip(const char *, const char *these);
/* What follows the prefix; NULL: it does not begin so. */
char *text_after(const char *, const char *prefix);
/* Of an entry NAME=VALUE: the value, if it has that name; else NULL. */
const char *text_value(const char *entry, const char *name);
/* String i of those that lie one behind the other. */
char *text_item(const char *strings, unsigned i);
/* Has the entry one of the names, which lie one behind the other up to an empty one? */
bool text_is_named(const char *entry, const char *names);
/* memchr(3): the first such byte, NULL: there is none. */
void *text_find(const void *, char, size_t len);

#endif
