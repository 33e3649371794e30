#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "out.h"

/* In the process that was called: has the daemon said that it is up? A NUL does; a text says why
 * not. */
static _Noreturn void
wait_for(int fd, pid_t middle, int error_status)
{
	char text[1024];
	size_t len = 0;
	ssize_t n;

	call_mask(SIG_SETMASK, &call_none, NULL);
	while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	*text = 1;
	while (*text && len < sizeof text &&
	    ((n = read(fd, text + len, sizeof text - len)) > 0 || (n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	if (!*text)
		_exit(0);
	(void)out_write(STDERR_FILENO, text, len); /* the status tells it too */
	_exit(error_status);
}

int
daemon_null(void)
{
	int fd;

	do
		fd = call_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
	while (fd >= 0 && fd < 3 && call_fcntl(fd, F_SETFD, 0) == 0);
	return fd;
}

int
daemon_start(int error_status)
{
	int p[2];
	pid_t pid;

	if (call_pipe(p, O_CLOEXEC) < 0)
		return -1;
	if ((pid = call_fork()) < 0)
		goto fail;
	if (pid > 0) {
		close(p[1]);
		wait_for(p[0], pid, error_status);
	}
	close(p[0]);
	if (setsid() < 0)
		_exit(error_status); /* the pipe's end tells it */
	if ((pid = call_fork()) != 0)
		_exit(pid < 0 ? error_status : 0);
	return p[1];
fail:
	call_close(p[0]);
	return call_close(p[1]);
}

void
daemon_detach(int null)
{
	for (int i = 0; i < 3; i++)
		(void)dup2(null, i); /* cannot fail: null is open and i is small */
}

void
daemon_up(int fd)
{
	(void)!write(fd, "", 1); /* nobody waits any more: as good */
	close(fd);
}

void
daemon_failed(int fd, const char *text)
{
	(void)(out_text(fd, text) && out_text(fd, "\n")); /* as above */
	close(fd);
}
