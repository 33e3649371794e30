/*
 * report.h - what a worker of the benchmarks tells the measuring program: one record of 16 bytes,
 * written at once to a FIFO (atomic, and 4096 of them fit, so nobody waits for the reader).
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>
#include <time.h>

struct report {
	int64_t born_ns; /* CLOCK_MONOTONIC in the first statement of main() */
	int32_t pid;
	int32_t slot; /* which of the N workers, 0..N-1; -1 unknown */
};

/* The monotonic clock in nanoseconds. */
static inline int64_t
report_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif
