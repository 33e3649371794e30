/*
 * worker.c - the worker that every supervisor of the benchmarks keeps alive.
 *
 *     worker FIFO sleep|beat|exit [SLOT]
 *
 * Says on FIFO when it came to main(), then sleeps for ever, or writes a byte a second to the
 * descriptor in $SERVERENGINE_HEARTBEAT_PIPE, or exits. SLOT defaults to $SERVERENGINE_WORKER_ID.
 * It keeps every descriptor it was born with, and dies of TERM like any plain program.
 */
#include "report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECOND = 1000000000 };

static int
number(const char *text)
{
	char *end;
	long value;

	if (text == NULL)
		return -1;
	value = strtol(text, &end, 10);
	return *text != '\0' && *end == '\0' && value >= 0 && value < 100000 ? (int)value : -1;
}

static void
tell(const char *fifo, const struct report *report)
{
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, report, sizeof *report) != (ssize_t)sizeof *report)
		_exit(111);
	close(fd);
}

/* Pids are consecutive, so the golden ratio spreads their beats evenly over the second. */
static void
beat(int fd)
{
	uint32_t phase = (uint32_t)getpid() * 2654435769u;
	struct timespec due = { .tv_nsec = (long)(((uint64_t)phase * SECOND) >> 32) };

	for (due.tv_sec = report_now() / SECOND + 1;; due.tv_sec++) {
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		if (write(fd, ".", 1) != 1)
			_exit(112);
	}
}

int
main(int argc, char **argv)
{
	struct report report = { .born_ns = report_now(), .pid = getpid() };

	if (argc < 3)
		return 100;
	report.slot = number(argc > 3 ? argv[3] : getenv("SERVERENGINE_WORKER_ID"));
	tell(argv[1], &report);
	if (strcmp(argv[2], "exit") == 0)
		return 0;
	if (strcmp(argv[2], "beat") == 0)
		beat(number(getenv("SERVERENGINE_HEARTBEAT_PIPE")));
	for (;;)
		pause();
}
