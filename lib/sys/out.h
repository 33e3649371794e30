#ifndef SE_SYS_OUT_H
#define SE_SYS_OUT_H

#include <stdbool.h>
#include <stddef.h>

/* All of the bytes, however many writes it takes. False: errno. */
bool out_write(int fd, const void *bytes, size_t len);
bool out_text(int fd, const char *);
/* One line of at most 1 KiB to stderr, newline added; it has nowhere to go if that fails. */
__attribute__((format(printf, 1, 2))) void out_error(const char *format, ...);

#endif
