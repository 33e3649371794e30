#include "out.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/buf.h"

bool
out_write(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

bool
out_text(int fd, const char *text)
{
	return out_write(fd, text, strlen(text));
}

void
out_verror(const char *prefix, const char *format, va_list ap)
{
	char room[1024];
	struct buf b = buf_over(room, sizeof room - 1); /* the newline's place is kept */

	buf_puts(&b, prefix);
	buf_vprintf(&b, format, ap);
	room[b.len] = '\n';
	(void)out_write(STDERR_FILENO, room, b.len + 1);
}

void
out_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	out_verror("", format, ap);
	va_end(ap);
}
