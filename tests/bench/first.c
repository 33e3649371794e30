/*
 * first.c - how long an init needs until its program runs.
 *
 *     first init PROGRAM [ARG...]
 *     first worker
 *
 * init becomes PROGRAM, and tells what that starts when it did so. worker says on stdout how many
 * microseconds later it came to main(), and exits with 9.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

int
main(int argc, char **argv)
{
	int64_t now = report_now();
	const char *since = getenv("FIRST_SINCE");
	char text[32];

	if (argc > 2 && strcmp(argv[1], "init") == 0) {
		(void)snprintf(text, sizeof text, "%lld", (long long)report_now()); /* fits */
		if (setenv("FIRST_SINCE", text, 1) == 0)
			execv(argv[2], argv + 2);
		perror(argv[2]);
		return 127;
	}
	if (argc != 2 || strcmp(argv[1], "worker") != 0 || since == NULL)
		return 100;
	printf("%.1f\n", (double)(now - strtoll(since, NULL, 10)) / 1000);
	return 9;
}
