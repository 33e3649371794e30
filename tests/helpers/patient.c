/*
 * patient.c - a process to which a dump must do no harm, and which says so.
 *
 *     patient queue N     queues N signals to a thread (fewer, if that is not permitted), which
 * takes them slowly: "queued N", and in the end "taken N wrong W" patient calls       a thread in
 * each of several system calls that last: at SIGUSR1 says how often each has returned: "read 0 poll
 * 0 ..." patient storm       threads that begin and end, without pause patient broken      threads
 * whose stacks are damaged, and one in order patient vfork       waits for a child that never calls
 * exec patient busy N      N threads that count
 *
 * It says "ready" when all is so, and lives until it is killed.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define KEEP    __attribute__((noinline, used)) static
#define NO_TAIL __asm__ volatile("" ::: "memory")

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vprintf(format, ap) < 0 || fflush(stdout) != 0)
		abort();
	va_end(ap);
}

static void
begin(void *(*start)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, start, arg) != 0)
		abort();
}

static void
forever(void)
{
	for (;;)
		pause();
}

/* ---- signals ---- */

static volatile unsigned taken, wrong;
static volatile unsigned long spins;

static void
take(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	wrong += (unsigned)info->si_value.sival_int != taken;
	taken++;
	for (unsigned i = 0; i < 100000; i++)
		spins++;
}

static void *
taker(void *arg)
{
	sigset_t set;

	(void)prctl(PR_SET_NAME, "taker");
	while (!*(volatile unsigned *)arg)
		usleep(1000);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (;;)
		spins++;
	return NULL;
}

static void
queue(unsigned n)
{
	static unsigned go;
	struct sigaction sa = { .sa_sigaction = take, .sa_flags = SA_SIGINFO };
	struct rlimit l;
	union sigval v = { 0 };
	sigset_t set;
	pthread_t t;
	unsigned queued = 0;

	if (getrlimit(RLIMIT_SIGPENDING, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_SIGPENDING, &l);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	if (sigaction(SIGRTMIN, &sa, NULL) < 0 || pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
	    pthread_create(&t, NULL, taker, &go) != 0)
		abort();
	/* to the process: the taker is the only thread that does not block it */
	for (; queued < n; queued++) {
		v.sival_int = (int)queued;
		if (sigqueue(getpid(), SIGRTMIN, v) < 0)
			break;
	}
	say("queued %u\nready\n", queued);
	*(volatile unsigned *)&go = 1;
	while (taken < queued)
		usleep(10000);
	say("taken %u wrong %u\n", taken, wrong);
	forever();
}

/* ---- system calls ---- */

enum { READ, POLL, EPOLL, SLEEP, FUTEX, SELECT, RECEIVE, TIMED, CALLS };
static const char *const names[CALLS] = { "read", "poll", "epoll_wait", "nanosleep", "futex",
	"select", "recv", "recv-timeout" };
static volatile unsigned returned[CALLS];
static int hole[2], pair[2], word;

static void
call(int which)
{
	struct timespec t = { 100000, 0 };
	struct timeval tv = { 100000, 0 };
	struct pollfd p = { hole[0], POLLIN, 0 };
	struct epoll_event e;
	char c;

	switch (which) {
	case READ:
		(void)!read(hole[0], &c, 1);
		break;
	case POLL:
		(void)poll(&p, 1, 100000000);
		break;
	case EPOLL:
		(void)epoll_wait(epoll_create1(0), &e, 1, 100000000);
		break;
	case SLEEP:
		(void)nanosleep(&t, &t);
		break;
	case FUTEX:
		(void)syscall(SYS_futex, &word, 0, 0, &t, NULL, 0);
		break;
	case SELECT:
		(void)select(0, NULL, NULL, NULL, &tv);
		break;
	case RECEIVE:
		(void)recv(pair[0], &c, 1, 0);
		break;
	case TIMED:
		(void)setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
		(void)recv(pair[1], &c, 1, 0);
		break;
	default:
		abort();
	}
}

static void *
caller(void *arg)
{
	int which = (int)(intptr_t)arg;

	(void)prctl(PR_SET_NAME, names[which]);
	for (;;) {
		call(which);
		returned[which]++;
	}
	return NULL;
}

static void
calls(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (pipe(hole) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
	    sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		abort();
	for (int i = 0; i < CALLS; i++)
		begin(caller, (void *)(intptr_t)i);
	say("ready\n");
	while (sigwait(&set, &sig) == 0)
		for (int i = 0; i < CALLS; i++)
			say("%s %u%s", names[i], returned[i], i + 1 < CALLS ? " " : "\n");
}

/* ---- threads that come and go ---- */

static void *
shortly(void *arg)
{
	(void)usleep(2000);
	return arg;
}

static void *
creator(void *arg)
{
	pthread_attr_t a;
	pthread_t t;

	if (pthread_attr_init(&a) != 0 ||
	    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED) != 0)
		abort();
	for (;;)
		if (pthread_create(&t, &a, shortly, arg) == 0)
			(void)usleep(50);
	return NULL;
}

/* ---- damaged stacks ---- */

KEEP void
inner_good(void)
{
	(void)poll(NULL, 0, -1);
	NO_TAIL;
}
KEEP void *
start_good(void *arg)
{
	(void)prctl(PR_SET_NAME, "good");
	inner_good();
	NO_TAIL;
	return arg;
}

/* what its frames were is overwritten */
KEEP void *
start_garbage(void *arg)
{
	volatile uintptr_t *at = __builtin_frame_address(0);

	(void)prctl(PR_SET_NAME, "garbage");
	for (int i = 0; i < 16; i++)
		at[i] = (uintptr_t)0x4141414141414141;
	for (;;)
		(void)poll(NULL, 0, -1);
	return arg;
}

/* its frames lead back to themselves */
KEEP void *
start_circle(void *arg)
{
	volatile uintptr_t *at = __builtin_frame_address(0);

	(void)prctl(PR_SET_NAME, "circle");
	for (int i = 0; i < 16; i += 2) {
		at[i] = (uintptr_t)at;
		at[i + 1] = (uintptr_t)start_circle + 9;
	}
	for (;;)
		(void)poll(NULL, 0, -1);
	return arg;
}

/* its stack pointer is where nothing is mapped */
KEEP void *
start_nowhere(void *arg)
{
	(void)prctl(PR_SET_NAME, "nowhere");
#if defined __x86_64__
	__asm__ volatile("mov $0x1000, %%rsp\n1: pause\njmp 1b" ::: "memory");
#elif defined __aarch64__
	__asm__ volatile("mov x9, #0x1000\nmov sp, x9\n1: yield\nb 1b" ::: "x9", "memory");
#endif
	return arg;
}

/* ---- the rest ---- */

static void *
count(void *arg)
{
	for (;;)
		spins++;
	return arg;
}

static void
wait_for_exec(void)
{
	pid_t pid;

	say("ready\n");
	pid = vfork();
	if (pid == 0)
		for (;;)
			pause();
	forever();
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 1;

	if (strcmp(what, "queue") == 0)
		queue((unsigned)n);
	else if (strcmp(what, "calls") == 0)
		calls();
	else if (strcmp(what, "vfork") == 0)
		wait_for_exec();
	else if (strcmp(what, "storm") == 0)
		for (int i = 0; i < 4; i++)
			begin(creator, NULL);
	else if (strcmp(what, "busy") == 0)
		for (int i = 0; i < n; i++)
			begin(count, NULL);
	else if (strcmp(what, "broken") == 0) {
		begin(start_good, NULL);
		begin(start_garbage, NULL);
		begin(start_circle, NULL);
		begin(start_nowhere, NULL);
	} else {
		return 2;
	}
	say("ready\n");
	forever();
	return 0;
}
