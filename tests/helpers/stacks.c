/*
 * stacks.c - threads whose stacks are known: what a dump of this program has to show.
 *
 *     stacks [COUNT [TRACER]]
 *
 * COUNT (1) times, for each way W to wait below, a thread named W in which inner_W was called by
 * middle_W by outer_W by start_W. It says "ready" when all wait, and lives until it is killed.
 * The process TRACER and its descendants may trace it, -1: whoever could without yama.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KEEP    static __attribute__((noinline, used))
#define NO_TAIL __asm__ volatile("" ::: "memory")

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static int ready[2];
static int hole[2];
static volatile unsigned long spins;
static void (*volatile nothing)(void);

static void
tell(const char *name)
{
	(void)prctl(PR_SET_NAME, name);
	if (write(ready[1], "", 1) != 1)
		abort();
}

KEEP void
inner_poll(void)
{
	(void)poll(NULL, 0, -1);
	NO_TAIL;
}
KEEP void
inner_read(void)
{
	char c;
	(void)!read(hole[0], &c, 1);
	NO_TAIL;
}
KEEP void
inner_futex(void)
{
	pthread_mutex_lock(&held);
	NO_TAIL;
}
KEEP void
inner_sleep(void)
{
	struct timespec t = { 100000, 0 };
	while (nanosleep(&t, &t) < 0)
		NO_TAIL;
}
KEEP void
inner_epoll(void)
{
	struct epoll_event e;
	int fd = epoll_create1(0);

	while (epoll_wait(fd, &e, 1, -1) < 0 && errno == EINTR)
		NO_TAIL;
	NO_TAIL;
}
KEEP void
inner_busy(void)
{
	for (;;)
		spins++;
}

KEEP void
in_handler(int sig)
{
	(void)sig;
	tell("handler");
	for (;;)
		(void)poll(NULL, 0, -1);
	NO_TAIL;
}
KEEP void
in_altstack(int sig)
{
	(void)sig;
	tell("altstack");
	for (;;)
		(void)poll(NULL, 0, -1);
	NO_TAIL;
}
KEEP void
in_null(int sig)
{
	(void)sig;
	tell("null");
	for (;;)
		(void)poll(NULL, 0, -1);
	NO_TAIL;
}
KEEP void
inner_handler(void)
{
	(void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
	NO_TAIL;
}
KEEP void
inner_altstack(void)
{
	stack_t s = { .ss_sp = malloc(65536), .ss_size = 65536 };

	if (sigaltstack(&s, NULL) < 0)
		abort();
	(void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR2);
	NO_TAIL;
}
KEEP void
inner_null(void)
{
	nothing();
	NO_TAIL;
}
KEEP int
inner_deep(int n)
{
	int more;

	if (n == 0) {
		(void)poll(NULL, 0, -1);
		return 0;
	}
	more = inner_deep(n - 1);
	NO_TAIL;
	return more + 1;
}

#define CHAIN(w, told, call)                          \
	KEEP void middle_##w(void)                    \
	{                                             \
		call;                                 \
		NO_TAIL;                              \
	}                                             \
	KEEP void outer_##w(void)                     \
	{                                             \
		middle_##w();                         \
		NO_TAIL;                              \
	}                                             \
	KEEP void *start_##w(void *arg)               \
	{                                             \
		if (told)                             \
			tell(#w);                     \
		else                                  \
			(void)prctl(PR_SET_NAME, #w); \
		outer_##w();                          \
		NO_TAIL;                              \
		return arg;                           \
	}

CHAIN(poll, 1, inner_poll())
CHAIN(read, 1, inner_read())
CHAIN(futex, 1, inner_futex())
CHAIN(sleep, 1, inner_sleep())
CHAIN(epoll, 1, inner_epoll())
CHAIN(busy, 1, inner_busy())
CHAIN(deep, 1, (void)inner_deep(2000))
CHAIN(handler, 0, inner_handler())
CHAIN(altstack, 0, inner_altstack())
CHAIN(null, 0, inner_null())

static void catch (int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	if (sigaction(sig, &sa, NULL) < 0)
		abort();
}

int
main(int argc, char **argv)
{
	void *(*const start[])(void *) = { start_poll, start_read, start_futex, start_sleep,
		start_epoll, start_busy, start_deep, start_handler, start_altstack, start_null };
	const int ways = sizeof start / sizeof *start;
	int count = argc > 1 ? atoi(argv[1]) : 1;
	pthread_attr_t attr;
	pthread_t thread;
	char c;

	if (pipe(ready) < 0 || pipe(hole) < 0 || pthread_attr_init(&attr) != 0 ||
	    pthread_attr_setstacksize(&attr, 1024 * 1024) != 0)
		abort();
	if (argc > 2)
		(void)prctl(PR_SET_PTRACER, atol(argv[2])); /* EINVAL: there is no yama */
	pthread_mutex_lock(&held);
	catch (SIGUSR1, in_handler, 0);
	catch (SIGUSR2, in_altstack, SA_ONSTACK);
	catch (SIGSEGV, in_null, SA_NODEFER);
	for (int i = 0; i < count * ways; i++)
		if (pthread_create(&thread, &attr, start[i % ways], NULL) != 0 ||
		    read(ready[0], &c, 1) != 1)
			abort();
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
