/*
 * once.c - the barest program that starts N copies of a command and ends them: what it costs,
 * nobody can do without.
 *
 *     once N COMMAND [ARG]...
 *
 * vfork and exec of each, wait for TERM, send it to each, reap each. It watches nothing.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ONCE_MAX = 10000 };

int
main(int argc, char **argv)
{
	static pid_t pid[ONCE_MAX];
	static char id[sizeof "SERVERENGINE_WORKER_ID=9223372036854775807"];
	static char *env[] = { id, NULL };
	long count = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	sigset_t term;
	int sig;

	if (count < 1 || count > ONCE_MAX)
		return 100;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	for (long i = 0; i < count; i++) {
		snprintf(id, sizeof id, "SERVERENGINE_WORKER_ID=%ld", i);
		pid[i] = vfork();
		if (pid[i] == 0) {
			execve(argv[2], argv + 2, env);
			_exit(127);
		}
	}
	sigprocmask(SIG_BLOCK, &term, NULL);
	sigwait(&term, &sig);
	for (long i = 0; i < count; i++)
		kill(pid[i], SIGTERM);
	for (long i = 0; i < count; i++)
		waitpid(pid[i], NULL, 0);
	return 0;
}
