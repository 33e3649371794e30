/*
 * peak.c - the most memory that a command, or one of its children, had resident.
 *
 *     peak COMMAND [ARG]...
 *
 * It says so in KiB on stderr when the command has ended, and exits with 0.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct rusage used;
	pid_t pid = argc > 1 ? fork() : -1;

	if (pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) != pid || getrusage(RUSAGE_CHILDREN, &used) < 0)
		return 1;
	fprintf(stderr, "%ld\n", used.ru_maxrss);
	return 0;
}
