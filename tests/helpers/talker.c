/*
 * Workers that say numbered lines and may be killed at any time, and what became of their lines.
 *
 *   talker talk DIR [OPTION]...              is a worker: says lines until TERM
 *   talker sum DIR                           "LINES BYTES LEAST SLOWEST": what all of them have
 *                                            said, what the least talkative has, and the longest
 *                                            write in milliseconds
 *   talker check DIR [OPTION]... in FILE...  these files, read in this order, have all of it
 *
 * A line is <ID:NUMBER:LENGTH>TEXT, with the worker's id, and numbers from 0 that its successors go
 * on with; TEXT follows from them. DIR/ID is what the worker has said: it is a shared mapping, so
 * that it is right whenever the worker is killed. Only of the line that it was writing then nobody
 * knows: it may be there, be missing, or end anywhere.
 *
 * Options of talk:
 *
 *   len=A[-B]   bytes with the newline (default 100): A to B of them, by the number
 *   rate=N      so many lines a second
 *   lines=N     so many in all, by it and those before it; then it waits
 *   parts=N:MS  each line in N writes, so many milliseconds apart
 *   nul         with NUL bytes in TEXT
 *   err         odd numbers go to stderr
 *   beat=MS     a heartbeat that often, even while a write has to wait
 *
 * of check, which prints what is wrong and ends with 1 then:
 *
 *   after       something stands in front of each line
 *   apart       stdout and stderr have been logged by themselves
 *   dropped     what is missing is what lines "N lines (B bytes) dropped" count
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 64
#define HOLES   256
#define PERIOD  8191 /* of TEXT; a prime, so that lines begin at all its places */
#define SECOND  1000000000LL

/* What DIR/ID is. */
struct memory {
	long next; /* twice the next line's number, and 1 if it is being written */
	long bytes;
	long slowest; /* write, in microseconds */
	long shortest, longest, nul;
	long holes, hole[HOLES]; /* the numbers of which nobody knows */
};

struct options {
	const char *dir;
	long shortest, longest, rate, lines, parts, pause, beat;
	bool nul, err, after, apart, dropped;
};

static volatile sig_atomic_t ended;
static int beat_fd;
static char text[2][PERIOD];

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "talker: %s: %s\n", what, strerror(errno));
	_exit(2);
}

static struct memory *
remember(const char *dir, long id, bool create)
{
	char path[4096];
	struct memory *m;
	int fd;

	snprintf(path, sizeof path, "%s/%ld", dir, id);
	fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0644);
	if (fd < 0 && !create && errno == ENOENT)
		return NULL;
	if (fd < 0 || ftruncate(fd, sizeof *m) < 0)
		die(path);
	m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		die(path);
	close(fd);
	return m;
}

/* ---- a line ---- */

static void
make_text(void)
{
	unsigned x = 7;

	for (size_t i = 0; i < PERIOD; i++) {
		x = x * 1103515245 + 12345;
		text[0][i] =
		    "abcdefghijklmnopqrstuvwxyz \"\\CDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"[x >> 16 &
			63];
		text[1][i] = text[0][i];
		if (i % 61 == 0)
			text[1][i] = '\0';
	}
}

static size_t
length_of(const struct memory *m, long number)
{
	unsigned long x = (unsigned long)number * 2654435761UL;

	return (
	    size_t)(m->shortest + (long)((x >> 7) % (unsigned long)(m->longest - m->shortest + 1)));
}

static void
make_line(const struct memory *m, long id, long number, char *to)
{
	size_t len = length_of(m, number), place = (size_t)(number * 37 + id * 1009) % PERIOD, n;

	n = (size_t)snprintf(to, len, "<%ld:%ld:%zu>", id, number, len);
	for (; n < len - 1; n++, place = (place + 1) % PERIOD)
		to[n] = text[m->nul][place];
	to[len - 1] = '\n';
}

/* ---- talk ---- */

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static void
on_alarm(int sig)
{
	int e = errno;

	(void)sig;
	if (write(beat_fd, ".", 1) != 1)
		_exit(97);
	errno = e;
}

static long long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void
wait_until(long long when)
{
	struct timespec t = { (time_t)(when / SECOND), (long)(when % SECOND) };

	while (!ended && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Calls on_term at TERM, and on_alarm that often; what a write waits for, it goes on to wait for.
 */
static void
catch_signals(const struct options *o)
{
	const char *fd = getenv("SERVERENGINE_HEARTBEAT_PIPE");
	struct sigaction sa = { .sa_flags = SA_RESTART };
	struct itimerval t = { { o->beat / 1000, o->beat % 1000 * 1000 },
		{ o->beat / 1000, o->beat % 1000 * 1000 } };

	sa.sa_handler = on_term;
	sigaction(SIGTERM, &sa, NULL);
	if (o->beat == 0)
		return;
	beat_fd = fd ? atoi(fd) : -1;
	sa.sa_handler = on_alarm;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

static void
put(const struct options *o, struct memory *m, int fd, const char *line, size_t len)
{
	size_t part = (len + (size_t)o->parts - 1) / (size_t)o->parts;

	while (len > 0) {
		long long begun = now();
		ssize_t n = write(fd, line, part < len ? part : len);

		if (n < 0 && errno != EINTR)
			die("write");
		if (n < 0)
			continue;
		begun = (now() - begun) / 1000;
		m->slowest = begun > m->slowest ? (long)begun : m->slowest;
		line += n;
		len -= (size_t)n;
		if (len > 0 && o->pause > 0)
			usleep((useconds_t)o->pause * 1000);
	}
}

static int
talk(const struct options *o)
{
	const char *worker = getenv("SERVERENGINE_WORKER_ID");
	long id = worker ? atol(worker) : 0, number, first;
	char *line = malloc((size_t)o->longest);
	struct memory *m;
	long long begun = now();

	if (!line || id >= WORKERS || (mkdir(o->dir, 0777) < 0 && errno != EEXIST))
		die(o->dir);
	m = remember(o->dir, id, true);
	m->shortest = o->shortest;
	m->longest = o->longest;
	m->nul = o->nul;
	if (m->next & 1) {
		if (m->holes == HOLES)
			die("too many holes");
		m->hole[m->holes++] = m->next / 2;
		m->next++;
	}
	catch_signals(o);
	for (number = first = m->next / 2; !ended && (o->lines == 0 || number < o->lines);
	     number++) {
		if (o->rate)
			wait_until(begun + (number - first) * SECOND / o->rate);
		if (ended)
			break;
		make_line(m, id, number, line);
		__atomic_store_n(&m->next, 2 * number + 1, __ATOMIC_SEQ_CST);
		put(o, m, o->err && number % 2 ? STDERR_FILENO : STDOUT_FILENO, line,
		    length_of(m, number));
		m->bytes += (long)length_of(m, number);
		__atomic_store_n(&m->next, 2 * number + 2, __ATOMIC_SEQ_CST);
	}
	while (!ended)
		usleep(100000); /* a signal ends it, or comes a moment before it */
	return 0;
}

static int
sum(const char *dir)
{
	long lines = 0, bytes = 0, least = -1, slowest = 0;

	for (long id = 0; id < WORKERS; id++) {
		struct memory *m = remember(dir, id, false);

		if (!m)
			continue;
		lines += m->next / 2;
		bytes += m->bytes;
		least = least < 0 || m->next / 2 < least ? m->next / 2 : least;
		slowest = m->slowest > slowest ? m->slowest : slowest;
	}
	printf("%ld %ld %ld %ld\n", lines, bytes, least < 0 ? 0 : least, slowest / 1000);
	return 0;
}

/* ---- check ---- */

struct tally {
	const struct options *o;
	struct memory *memory[WORKERS];
	unsigned char *seen[WORKERS];
	long last[WORKERS][2];
	long whole, pieces, own, wrong, lost, lost_bytes, dropped, dropped_bytes;
	size_t room;
	char *line; /* as it should be */
};

static void
tell(struct tally *t, const char *what, const char *bytes, size_t len)
{
	if (t->wrong++ < 8)
		printf("%s: %.*s%s\n", what, (int)(len > 100 ? 100 : len), bytes,
		    len > 100 ? "..." : "");
}

/* The number at *at, which goes behind the character end; false: there is none. */
static bool
number_at(const char **at, const char *to, char end, long *value)
{
	const char *p = *at;

	for (*value = 0; p < to && *p >= '0' && *p <= '9' && *value < 1000000000000L; p++)
		*value = *value * 10 + *p - '0';
	if (p == *at || p == to || *p != end)
		return false;
	*at = p + 1;
	return true;
}

static bool
is_hole(const struct memory *m, long number)
{
	for (long i = 0; i < m->holes; i++)
		if (m->hole[i] == number)
			return true;
	return (m->next & 1) && number == m->next / 2;
}

/* How many lines' and bytes' absence the line admits. */
static bool
admits(struct tally *t, const char *bytes, size_t len)
{
	static const char middle[] = "lines (", end[] = "bytes) dropped";
	const char *p = bytes, *to = bytes + len;
	long lines, lost;

	if (!number_at(&p, to, ' ', &lines) || (size_t)(to - p) < sizeof middle - 1 ||
	    memcmp(p, middle, sizeof middle - 1) != 0)
		return false;
	p += sizeof middle - 1;
	if (!number_at(&p, to, ' ', &lost) || (size_t)(to - p) != sizeof end - 1 ||
	    memcmp(p, end, sizeof end - 1) != 0)
		return false;
	t->dropped += lines;
	t->dropped_bytes += lost;
	return t->o->dropped;
}

/* One of the supervisor's own lines, and nothing else within. */
static bool
is_own(const char *bytes, size_t len, bool first)
{
	static const char head[] = "I, [2017-12-25T10:35:26.073732 #";

	if (memchr(bytes, '<', len))
		return false;
	if (first && len > 9 && memcmp(bytes, "# Logfile", 9) == 0)
		return true;
	if (len < sizeof head || !strchr("TDIWEF", bytes[0]))
		return false;
	for (size_t i = 1; i < sizeof head - 1; i++)
		if (head[i] >= '0' && head[i] <= '9' ? bytes[i] < '0' || bytes[i] > '9'
						     : bytes[i] != head[i])
			return false;
	return memmem(bytes, len, " -- : ", 6) != NULL;
}

/* A line without its newline. */
static void
check_line(struct tally *t, const char *bytes, size_t len, bool first)
{
	const char *at = bytes, *to = bytes + len;
	long id, number, length;
	struct memory *m;

	if (is_own(bytes, len, first) || admits(t, bytes, len)) {
		t->own++;
		return;
	}
	if (t->o->after && (at = memchr(bytes, '<', len)) != NULL) {
		bytes = at;
		len = (size_t)(to - at);
	}
	if (len == 0 || !at || *at++ != '<' || !number_at(&at, to, ':', &id) ||
	    !number_at(&at, to, ':', &number) || !number_at(&at, to, '>', &length)) {
		tell(t, "damaged", bytes, len);
		return;
	}
	m = id < WORKERS ? t->memory[id] : NULL;
	if (!m || number > m->next / 2 || (number == m->next / 2 && !is_hole(m, number)) ||
	    (size_t)length != length_of(m, number)) {
		tell(t, "never said", bytes, len);
		return;
	}
	if ((size_t)length > t->room && !(t->line = realloc(t->line, t->room = (size_t)length)))
		die("memory");
	make_line(m, id, number, t->line);
	if (len >= (size_t)length || memcmp(bytes, t->line, len) != 0 ||
	    (len < (size_t)length - 1 && !is_hole(m, number))) {
		tell(t, "damaged", bytes, len);
		return;
	}
	if (t->seen[id][number])
		tell(t, "twice", bytes, len);
	else if (number < t->last[id][t->o->apart && number % 2])
		tell(t, "out of order", bytes, len);
	t->seen[id][number] = 1;
	t->last[id][t->o->apart && number % 2] = number;
	if (len == (size_t)length - 1)
		t->whole++;
	else
		t->pieces++;
}

static void
check_file(struct tally *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	if (st.st_size > 0) {
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes == MAP_FAILED)
			die(path);
		for (const char *p = bytes, *to = bytes + st.st_size, *end; p < to; p = end + 1) {
			if (!(end = memchr(p, '\n', (size_t)(to - p)))) {
				end = to;
				tell(t, "no newline at the end", p, (size_t)(to - p));
			}
			check_line(t, p, (size_t)(end - p), p == bytes);
		}
		munmap(bytes, (size_t)st.st_size);
	}
	close(fd);
}

static void
check_missing(struct tally *t, long id)
{
	const struct memory *m = t->memory[id];
	long end = m->next / 2;

	for (long number = 0, from; number < end; number++) {
		if (t->seen[id][number] || is_hole(m, number))
			continue;
		for (from = number; number < end && !t->seen[id][number]; number++) {
			t->lost++;
			t->lost_bytes += (long)length_of(m, number);
		}
		if (!t->o->dropped && t->wrong++ < 8)
			printf("lost: <%ld:%ld: to <%ld:%ld:\n", id, from, id, number - 1);
	}
}

static int
check(const struct options *o, char **paths)
{
	struct tally t = { .o = o };

	for (long id = 0; id < WORKERS; id++) {
		if (!(t.memory[id] = remember(o->dir, id, false)))
			continue;
		if (!(t.seen[id] = calloc((size_t)t.memory[id]->next / 2 + 2, 1)))
			die("memory");
		t.last[id][0] = t.last[id][1] = -1;
	}
	for (; *paths; paths++)
		check_file(&t, *paths);
	for (long id = 0; id < WORKERS; id++)
		if (t.memory[id])
			check_missing(&t, id);
	printf("%ld lines and %ld pieces, %ld own lines; %ld lost (%ld bytes), %ld dropped (%ld "
	       "bytes)\n",
	    t.whole, t.pieces, t.own, t.lost, t.lost_bytes, t.dropped, t.dropped_bytes);
	return t.wrong > 0 || t.whole == 0 || t.lost != t.dropped ||
	    t.lost_bytes != t.dropped_bytes;
}

/* ---- the start ---- */

static bool
take(struct options *o, const char *word)
{
	const char *value = strchr(word, '=') ? strchr(word, '=') + 1 : "", *second;
	size_t n = strcspn(word, "=");
	const struct {
		const char *name;
		long *at, *next;
	} numbers[] = { { "len", &o->shortest, &o->longest }, { "rate", &o->rate, NULL },
		{ "lines", &o->lines, NULL }, { "parts", &o->parts, &o->pause },
		{ "beat", &o->beat, NULL } };
	const struct {
		const char *name;
		bool *at;
	} flags[] = { { "nul", &o->nul }, { "err", &o->err }, { "after", &o->after },
		{ "apart", &o->apart }, { "dropped", &o->dropped } };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (!*value || strlen(numbers[i].name) != n ||
		    strncmp(word, numbers[i].name, n) != 0)
			continue;
		second = value + strspn(value, "0123456789");
		*numbers[i].at = atol(value);
		if (numbers[i].next)
			*numbers[i].next = *second ? atol(second + 1) : i == 0 ? o->shortest : 0;
		return true;
	}
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcmp(word, flags[i].name) == 0)
			return *flags[i].at = true;
	return false;
}

int
main(int argc, char **argv)
{
	struct options o = { .shortest = 100, .longest = 100, .parts = 1 };
	int i = 3;

	make_text();
	o.dir = argc > 2 ? argv[2] : "";
	while (i < argc && take(&o, argv[i]))
		i++;
	if (o.shortest >= 40 && o.longest >= o.shortest && o.parts >= 1 && argc > 2) {
		if (i == argc && strcmp(argv[1], "talk") == 0)
			return talk(&o);
		if (i == argc && strcmp(argv[1], "sum") == 0)
			return sum(o.dir);
		if (i < argc - 1 && strcmp(argv[1], "check") == 0 && strcmp(argv[i], "in") == 0)
			return check(&o, argv + i + 1);
	}
	fprintf(stderr, "usage: talker talk|sum|check DIR [OPTION]... [in FILE...]\n");
	return 2;
}
