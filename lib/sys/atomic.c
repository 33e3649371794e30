#include "atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../base/buf.h"
#include "call.h"

int
atomic_begin(const char *path, mode_t mode, char *temp, size_t room)
{
	if (!buf_print_to(temp, room, "%s.%d.tmp", path, (int)getpid()))
		return call_fail(ENAMETOOLONG);
	(void)unlink(temp); /* of a process that had our pid before, or nothing */
	return call_open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
}

int
atomic_end(int fd, const char *temp, const char *path, bool keep)
{
	if (close(fd) == 0 && keep && rename(temp, path) == 0)
		return 0;
	return call_unlink(temp) + !keep;
}
