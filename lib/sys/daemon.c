#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the process that was called: has the daemon said that it is up? */
static _Noreturn void
wait_for(int fd, pid_t middle, int error_status)
{
	char word;
	ssize_t n;

	while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
		;
	do
		n = read(fd, &word, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? 0 : error_status);
}

int
daemon_start(int error_status)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	if ((pid = _Fork()) < 0)
		goto fail;
	if (pid > 0) {
		close(p[1]);
		wait_for(p[0], pid, error_status);
	}
	close(p[0]);
	if (setsid() < 0)
		_exit(error_status); /* the pipe's end tells it */
	if ((pid = _Fork()) != 0)
		_exit(pid < 0 ? error_status : 0);
	return p[1];
fail:
	close(p[0]);
	close(p[1]);
	return -1;
}

void
daemon_up(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)!write(fd, "", 1); /* nobody waits any more: as good */
	close(fd);
	if (null < 0)
		return;
	for (int i = 0; i < 3; i++)
		(void)dup2(null, i); /* cannot fail: null is open and i is small */
	if (null > 2)
		close(null);
}
