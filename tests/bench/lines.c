/*
 * lines.c - feeds lines to a logger through a pipe and says what they cost.
 *
 *     lines full LENGTH MIB COMMAND [ARG]...
 *     lines paced LENGTH RATE BURST COMMAND [ARG]...
 *
 * full: MIB of equal lines of LENGTH bytes, newline included, as fast as the logger takes them, in
 * writes of 64 KiB from one buffer (so most writes end within a line, as those of stdio do). Prints
 * the logger's CPU in seconds per GiB and MB (10^6 bytes) per second: from the moment the logger
 * has begun to read until it has ended.
 *
 * paced: a write(2) for each line, RATE lines a second for a second, BURST of them back to back
 * and then asleep until the next are due: never a busy loop. Prints the p50, the p99 and the
 * longest duration of write in us, the first burst not counted, then the CPU of the logger and of
 * this program in % of one core. The duration has a pair of clock_gettime in it (`lines clock`
 * prints its p50 in us).
 *
 * The logger's CPU is user and system time of that process (and of children it has waited for),
 * less what the same command costs when its input is empty: an interpreter's start is left out.
 * A logger that fails, or is not done within a minute, is an error: nothing is printed.
 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CHUNK = 65536,
	LENGTH_MAX = 4096, /* PIPE_BUF: a paced line is written whole or not at all */
	RATE_MAX = 1000000,
	LIMIT = 60, /* seconds */
	SECOND = 1000000000,
	MIB = 1048576,
};

struct feed {
	int64_t bytes;                 /* full: how much */
	int64_t rate, burst;           /* paced: lines a second, lines at once; rate 0 is full */
	size_t length;                 /* of a line */
	char text[CHUNK + LENGTH_MAX]; /* lines, one after the other */
	int64_t wall_ns;               /* from the first read of the logger to its end */
	int64_t self_ns;               /* paced: our own CPU */
	uint32_t *took_ns;             /* paced: duration of each write, `rate` of them */
};

static volatile sig_atomic_t logger; /* its pid while there is one to kill */
static volatile sig_atomic_t interrupted;

static void
on_signal(int signal)
{
	interrupted = signal;
	if (logger > 0)
		kill(logger, SIGKILL);
}

static int64_t
cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail with this clock */
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

/* Starts the logger; the end of the pipe to write to, or -1. */
static int
start(char **command)
{
	int ends[2];
	pid_t pid;

	if (interrupted || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_DFL);
		if (dup2(ends[0], STDIN_FILENO) == STDIN_FILENO)
			execvp(command[0], command);
		fprintf(stderr, "lines: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	close(ends[0]);
	logger = pid;
	if (pid < 0 || interrupted) {
		if (pid > 0)
			kill(pid, SIGKILL);
		close(ends[1]);
		return -1;
	}
	return ends[1];
}

/* The CPU the logger has used in nanoseconds, once it has ended; -1 when it has failed. */
static int64_t
finish(void)
{
	struct rusage used;
	siginfo_t info;
	pid_t pid = logger;
	int status;

	if (pid <= 0)
		return -1;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return -1;
	logger = 0; /* before its pid is free for others */
	if (wait4(pid, &status, 0, &used) != pid || status != 0) {
		fprintf(stderr, "lines: the logger has failed\n");
		return -1;
	}
	return ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * SECOND +
	    ((int64_t)used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
}

static bool
write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);

		if (written < 0)
			return false;
		text += written;
		size -= (size_t)written;
	}
	return true;
}

/* The buffer holds a line more than a chunk, so a chunk can begin anywhere in a line. A first chunk
 * fills the pipe: that there is room again shows that the logger has begun. */
static bool
write_full(struct feed *f, int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	size_t phase = 0;

	for (int64_t left = f->bytes; left > 0;) {
		size_t size = left < CHUNK ? (size_t)left : CHUNK;

		if (!write_all(fd, f->text + phase, size))
			return false;
		if (left == f->bytes) {
			if (poll(&room, 1, -1) < 0)
				return false;
			f->wall_ns = report_now();
		}
		left -= (int64_t)size;
		phase = (phase + size) % f->length;
	}
	return true;
}

static struct timespec
instant(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / SECOND, .tv_nsec = (long)(ns % SECOND) };
}

/* A line, and the time to read it: afterwards the logger is as it is between two lines. */
static bool
settled(const struct feed *f, int fd)
{
	const struct timespec pause = { .tv_nsec = SECOND / 100 };
	int unread;

	if (!write_all(fd, f->text, f->length))
		return false;
	do {
		nanosleep(&pause, NULL);
		if (interrupted || ioctl(fd, FIONREAD, &unread) < 0)
			return false;
	} while (unread > 0);
	return true;
}

static bool
write_paced(struct feed *f, int fd)
{
	int64_t start, self;

	if (!settled(f, fd))
		return false;
	self = cpu_now();
	start = report_now();
	for (int64_t line = 0; line < f->rate; line++) {
		int64_t begun;

		if (line % f->burst == 0) {
			struct timespec due = instant(start + line * SECOND / f->rate);

			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		}
		begun = report_now();
		if (write(fd, f->text, f->length) != (ssize_t)f->length)
			return false;
		begun = report_now() - begun;
		f->took_ns[line] = begun < UINT32_MAX ? (uint32_t)begun : UINT32_MAX;
	}
	f->wall_ns = start;
	f->self_ns = cpu_now() - self;
	return true;
}

/* Feeds the command and waits for its end; false when something has failed. */
static bool
run(struct feed *f, char **command, int64_t *cpu_ns)
{
	int fd = start(command);
	bool fed = fd >= 0 && (f->rate > 0 ? write_paced(f, fd) : write_full(f, fd));

	if (fd >= 0)
		close(fd);
	*cpu_ns = finish();
	f->wall_ns = report_now() - f->wall_ns;
	return fed && *cpu_ns >= 0;
}

static int
by_value(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* The duration that so many per cent of the sorted ones do not exceed, in us. */
static double
percentile(const uint32_t *took_ns, int64_t count, int64_t percent)
{
	int64_t rank = (count * percent + 99) / 100;

	return took_ns[rank > 0 ? rank - 1 : 0] / 1e3;
}

static void
print_paced(struct feed *f, int64_t cpu_ns)
{
	int64_t count = f->rate - f->burst;
	uint32_t *took_ns = f->took_ns + f->burst;

	qsort(took_ns, (size_t)count, sizeof *took_ns, by_value);
	printf("%.2f\t%.2f\t%.1f\t%.1f\t%.1f\n", percentile(took_ns, count, 50),
	    percentile(took_ns, count, 99), percentile(took_ns, count, 100),
	    (double)cpu_ns * 100 / (double)f->wall_ns,
	    (double)f->self_ns * 100 / (double)f->wall_ns);
}

static void
print_full(const struct feed *f, int64_t cpu_ns)
{
	double bytes = (double)f->bytes;

	printf("%.4f\t%.0f\n", (double)cpu_ns / SECOND * (1024.0 * MIB) / bytes,
	    bytes / 1e6 / ((double)f->wall_ns / SECOND));
}

static void
print_clock(void)
{
	enum { TIMES = 100001 };
	static uint32_t took_ns[TIMES];

	for (int i = 0; i < TIMES; i++) {
		int64_t begun = report_now();

		took_ns[i] = (uint32_t)(report_now() - begun);
	}
	qsort(took_ns, TIMES, sizeof *took_ns, by_value);
	printf("%.3f\n", percentile(took_ns, TIMES, 50));
}

static bool
number(const char *text, int64_t max, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	return errno == 0 && *text != '\0' && *end == '\0' && *value > 0 && *value <= max;
}

/* The arguments before the command; how many they are, or 0 when they are wrong. */
static int
arguments(struct feed *f, int argc, char **argv)
{
	int64_t length = 0;

	if (argc < 5 || !number(argv[2], LENGTH_MAX, &length))
		return 0;
	f->length = (size_t)length;
	if (strcmp(argv[1], "full") == 0 && number(argv[3], MIB, &f->bytes)) {
		f->bytes *= MIB;
		f->bytes -= f->bytes % length;
		return 4;
	}
	if (strcmp(argv[1], "paced") == 0 && argc > 5 && number(argv[3], RATE_MAX, &f->rate) &&
	    number(argv[4], f->rate - 1, &f->burst))
		return 5;
	return 0;
}

/* Equal lines, not of equal letters; and the array for the durations, its pages touched. */
static bool
prepare(struct feed *f)
{
	for (size_t i = 0; i < sizeof f->text; i++)
		f->text[i] =
		    i % f->length == f->length - 1 ? '\n' : (char)('a' + i % f->length % 26);
	if (f->rate == 0)
		return true;
	f->took_ns = malloc((size_t)f->rate * sizeof *f->took_ns);
	if (f->took_ns == NULL)
		return false;
	memset(f->took_ns, 1, (size_t)f->rate * sizeof *f->took_ns);
	/* the default, 50 us, is more than there is between two lines */
	return prctl(PR_SET_TIMERSLACK, 1UL) == 0;
}

static void
prepare_signals(void)
{
	static const int signals[] = { SIGALRM, SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm(LIMIT);
}

int
main(int argc, char **argv)
{
	static struct feed f, nothing = { .length = 1 };
	int64_t idle_ns, cpu_ns;
	int used;

	if (argc == 2 && strcmp(argv[1], "clock") == 0) {
		print_clock();
		return 0;
	}
	used = arguments(&f, argc, argv);
	if (used == 0) {
		fprintf(stderr,
		    "usage: lines full LENGTH MIB COMMAND...\n"
		    "       lines paced LENGTH RATE BURST COMMAND...\n");
		return 100;
	}
	prepare_signals();
	if (!prepare(&f) || !run(&nothing, argv + used, &idle_ns) ||
	    !run(&f, argv + used, &cpu_ns)) {
		fprintf(stderr, "lines: %s: nothing measured\n", argv[used]);
		return 111;
	}
	if (f.rate > 0)
		print_paced(&f, cpu_ns - idle_ns);
	else
		print_full(&f, cpu_ns - idle_ns);
	free(f.took_ns);
	return 0;
}
