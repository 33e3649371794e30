#include "smallfile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

ssize_t
smallfile_read(const char *path, char *text, size_t room)
{
	int fd = call_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	ssize_t n = -1;

	if (fd >= 0)
		do
			n = read(fd, text, room - 1);
		while (n < 0 && errno == EINTR);
	text[n > 0 ? n : 0] = '\0';
	call_close(fd);
	return n;
}

int
smallfile_write(const char *path, const char *text)
{
	int fd = call_open(path, O_WRONLY | O_CLOEXEC, 0);
	size_t len = strlen(text);
	ssize_t n = fd < 0 ? -1 : write(fd, text, len);

	call_close(fd);
	return n == (ssize_t)len ? 0 : -1;
}
