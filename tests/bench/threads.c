/*
 * threads.c - threads to be dumped, one of which tells how long it was held meanwhile.
 *
 *     threads COUNT
 *
 * COUNT - 1 of them sleep in poll(2), at several depths; the last one reads the clock as fast as it
 * can. It says "ready"; then, for each line on stdin, the longest time in microseconds between two
 * looks at the clock since the line before.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"

static _Atomic int64_t longest;

static __attribute__((noinline)) int
sleep_at(int depth)
{
	int n = depth > 0 ? sleep_at(depth - 1) + 1 : poll(NULL, 0, -1);

	__asm__ volatile("" ::: "memory");
	return n;
}

static void *
sleeper(void *arg)
{
	(void)sleep_at((int)(intptr_t)arg % 10);
	return NULL;
}

static void *
busy(void *arg)
{
	int64_t last = report_now();

	for (;;) {
		int64_t now = report_now();

		if (now - last > atomic_load_explicit(&longest, memory_order_relaxed))
			atomic_store_explicit(&longest, now - last, memory_order_relaxed);
		last = now;
	}
	return arg;
}

int
main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0;
	char line[16];
	pthread_attr_t attr;
	pthread_t thread;

	if (count < 1 || pthread_attr_init(&attr) != 0 ||
	    pthread_attr_setstacksize(&attr, 65536) != 0)
		return 2;
	for (int i = 0; i < count - 1; i++)
		if (pthread_create(&thread, &attr, sleeper, (void *)(intptr_t)i) != 0)
			return 1;
	if (pthread_create(&thread, &attr, busy, NULL) != 0)
		return 1;
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		printf("%lld\n", (long long)(atomic_exchange(&longest, 0) / 1000));
		fflush(stdout);
	}
	return 0;
}
