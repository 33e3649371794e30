#ifndef SE_SYS_OUT_H
#define SE_SYS_OUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* All of the bytes, however many writes it takes. False: errno. */
bool out_write(int fd, const void *bytes, size_t len);
bool out_text(int fd, const char *);
/* One line of at most 1 KiB to stderr, newline added; it has nowhere to go if that fails. */
__attribute__((format(printf, 1, 2))) void out_error(const char *format, ...);
__attribute__((format(printf, 2, 0))) void out_verror(
    const char *prefix, const char *format, va_list);

#endif
