/*
 * early SIG N STEP COMMAND...: starts the command N times and sends it the signal, the first time
 * right after its exec and each time STEP microseconds later than the time before. Every start must
 * end within ten seconds, and nothing of it may be left then: it and all its children have our pipe
 * as stdout. Prints how many ended with 0 and how many by the signal itself, which must have come
 * before the first instruction. Exit status 1: one ended otherwise, 2: did not end, 3: left
 * something behind.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS 10000

static void
sleep_us(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	(void)nanosleep(&t, NULL);
}

/* Everybody who has the other end as stdout is gone; false: not in time. */
static int
gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char bytes[512];

	while (poll(&p, 1, LIMIT_MS) == 1)
		if (read(fd, bytes, sizeof bytes) <= 0)
			return 1;
	return 0;
}

/* The exit status as waitpid(2); -1: not in time. */
static int
wait_limited(pid_t pid)
{
	int status;

	for (int ms = 0; ms < LIMIT_MS; ms++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		sleep_us(1000);
	}
	return -1;
}

int
main(int argc, char **argv)
{
	int sig = argc > 4 ? atoi(argv[1]) : 0, well = 0, by_signal = 0;
	long n = sig ? atol(argv[2]) : 0, step = sig ? atol(argv[3]) : 0;

	for (long i = 0; i < n; i++) {
		int out[2], started[2], status;
		char byte;
		pid_t pid;

		if (pipe2(out, O_CLOEXEC) < 0 || pipe2(started, O_CLOEXEC) < 0)
			return 99;
		if ((pid = fork()) == 0) {
			(void)dup2(out[1], STDOUT_FILENO);
			execv(argv[4], argv + 4);
			_exit(99);
		}
		close(out[1]);
		close(started[1]);
		(void)!read(started[0], &byte, 1); /* ends at the exec */
		close(started[0]);
		sleep_us(i * step);
		kill(pid, sig);
		if ((status = wait_limited(pid)) < 0) {
			kill(pid, SIGKILL);
			printf("start %ld did not end\n", i);
			return 2;
		}
		if (!gone(out[0])) {
			printf("start %ld left a process behind\n", i);
			return 3;
		}
		close(out[0]);
		well += status == 0;
		by_signal += WIFSIGNALED(status) && WTERMSIG(status) == sig;
		if (well + by_signal != i + 1) {
			printf("start %ld ended with wait status %#x\n", i, status);
			return 1;
		}
	}
	printf("%d ended with 0, %d by the signal\n", well, by_signal);
	return 0;
}
