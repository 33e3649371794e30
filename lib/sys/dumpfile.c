#include "dumpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

void
dumpfile_path(const char *path, pid_t pid, struct buf *b)
{
	path = path ? path : call_env("SIGDUMP_PATH");
	path = path && *path ? path : "/tmp/sigdump-%p.log";
	for (; *path; path++)
		if (path[0] == '%' && path[1] == 'p') {
			buf_printf(b, "%d", (int)pid);
			path++;
		} else {
			buf_put(b, path, 1);
		}
}

int
dumpfile_open(const char *path)
{
	struct stat st;
	int fd, e;

	if (strcmp(path, "-") == 0 || strcmp(path, "+") == 0)
		return call_fcntl(*path == '-' ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	fd = call_open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	e = call_fstat(fd, &st) < 0                                              ? errno
	    : !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid() ? EPERM
										 : 0;
	if (e == 0 && call_fchmod(fd, 0600) == 0)
		return fd;
	return call_fail_closed(fd, e ? e : errno);
}
