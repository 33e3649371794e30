/*
 * Numbered lines, and what became of them.
 *
 *   lines make N [OPTION]...             N lines to stdout; 0: without end
 *   lines check N [OPTION]... in FILE... these files, read in this order, have all of them
 *   lines unread FIFO                    prints how many bytes are in it
 *
 * A line is <ID:NUMBER:LENGTH>TEXT, with numbers from 0; TEXT follows from the three, so that each
 * byte can be checked. Lines too short for that are the end of such a line: only cmp(1) can check
 * them. Options of both:
 *
 *   id=ID       who writes them (default 0), 0 to 9
 *   len=A[-B]   bytes with the newline (default 100); A to B of them, by the number
 *   nul         with NUL bytes in TEXT
 *   open        the last one without newline
 *
 * of make:
 *
 *   from=N      the first number
 *   each        a write for each line, else for 64 KiB and anywhere in a line
 *   rate=N      each, and so many a second
 *   to=FILE     FILE with O_APPEND instead of stdout; plain=FILE: without
 *   usr1        that file is opened again at SIGUSR1
 *   count=FILE  at the end, or at SIGTERM, how many were written goes there
 *   slowest=US  exit status 3 if a write took longer
 *
 * of check, which prints what is wrong and ends with 1 then:
 *
 *   ids=N       there are N writers, 0 to N-1
 *   after       something stands in front of each line
 *   tail        those at the beginning may be missing, all of them or some
 *   lost=BYTES  so many in one place may be missing besides
 *   pieces=N    so many lines may be there in part, as the beginning or the end of one
 *   dropped     what is missing is what the lines "N lines (B bytes) dropped" count
 *   other=TEXT  lines beginning with TEXT do not count
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 10
#define PERIOD  8191 /* of TEXT; a prime, so that lines begin at all its places */
#define SECOND  1000000000LL

struct options {
	long n, id, shortest, longest, from, rate, slowest, ids, lost, pieces;
	bool nul, open, each, usr1, after, tail, dropped, append;
	const char *to, *count, *other;
};

static volatile sig_atomic_t ended, reopening;

static _Noreturn void
fail(int status, const char *what)
{
	fprintf(stderr, "lines: %s: %s\n", what, strerror(errno));
	_exit(status);
}

/* ---- a line ---- */

static char text[2][PERIOD];

static void
make_text(void)
{
	unsigned x = 1;

	for (size_t i = 0; i < PERIOD; i++) {
		x = x * 1103515245 + 12345;
		text[0][i] =
		    "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"[x >> 16 &
			63];
		text[1][i] = text[0][i];
		if (x >> 24 == 7 || i % 61 == 0)
			text[1][i] = '\0';
	}
}

static size_t
length_of(const struct options *o, long number)
{
	unsigned long x = (unsigned long)number * 2654435761UL;

	return (
	    size_t)(o->shortest + (long)((x >> 7) % (unsigned long)(o->longest - o->shortest + 1)));
}

/* The line with its newline at to, which has room for len bytes and 64 more. */
static void
make_line(const struct options *o, long id, long number, size_t len, char *to)
{
	char head[64];
	size_t n = (size_t)snprintf(head, sizeof head, "<%ld:%ld:%zu>", id, number, len), done;
	size_t place = (size_t)(number * 37 + id * 1009) % PERIOD;

	if (n >= len) /* only its end has room */
		memcpy(to, head + n - len + 1, len - 1);
	else
		memcpy(to, head, n);
	for (done = n < len ? n : len - 1; done < len - 1;) {
		size_t part = PERIOD - place < len - 1 - done ? PERIOD - place : len - 1 - done;

		memcpy(to + done, text[o->nul] + place, part);
		done += part;
		place = 0;
	}
	to[len - 1] = '\n';
}

/* ---- make ---- */

static void
on_signal(int sig)
{
	if (sig == SIGUSR1)
		reopening = 1;
	else
		ended = 1;
}

static long long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int
open_to(const struct options *o)
{
	int fd = open(o->to, O_WRONLY | O_CREAT | O_CLOEXEC | (o->append ? O_APPEND : 0), 0644);

	if (fd < 0)
		fail(2, o->to);
	return fd;
}

static long long slowest; /* write, in ns */

static bool
put(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		long long begun = now();
		ssize_t n = write(fd, bytes, len);

		begun = now() - begun;
		slowest = begun > slowest ? begun : slowest;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static void
wait_until(long long when)
{
	struct timespec t = { (time_t)(when / SECOND), (long)(when % SECOND) };

	if (when > now())
		clock_nanosleep(
		    CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL); /* a signal ends it: well */
}

static int
make(const struct options *o)
{
	struct sigaction sa = { .sa_handler = on_signal };
	size_t chunk = 65536, used = 0;
	char *buffer = malloc(chunk + (size_t)o->longest + 64);
	int fd = o->to ? open_to(o) : STDOUT_FILENO;
	long number = o->from;
	long long begun = now();
	bool well = true;

	sigaction(SIGTERM, &sa, NULL);
	if (o->usr1)
		sigaction(SIGUSR1, &sa, NULL);
	for (; buffer && !ended && well && (o->n == 0 || number < o->n); number++) {
		size_t len = length_of(o, number);

		if (o->rate)
			wait_until(begun + (number - o->from) * SECOND / o->rate);
		if (reopening) {
			reopening = 0;
			close(fd);
			fd = open_to(o);
		}
		make_line(o, o->id, number, len, buffer + used);
		used += len - (o->open && number == o->n - 1);
		while (well && (o->each ? used > 0 : used >= chunk)) {
			size_t part = o->each ? used : chunk;

			well = put(fd, buffer, part);
			memmove(buffer, buffer + part, used -= part);
		}
	}
	if (!buffer || !well || !put(fd, buffer, used))
		fail(2, "write");
	if (o->count) {
		FILE *f = fopen(o->count, "w");

		if (!f || fprintf(f, "%ld\n", number) < 0 || fclose(f) != 0)
			fail(2, o->count);
	}
	if (o->slowest && slowest > o->slowest * 1000LL) {
		fprintf(stderr, "lines: a write took %lld us\n", slowest / 1000);
		return 3;
	}
	free(buffer);
	return 0;
}

/* ---- check ---- */

struct tally {
	const struct options *o;
	unsigned char *seen[WRITERS];
	long last[WRITERS];
	long whole, twice, disorder, damaged, pieces, foreign;
	long long dropped_lines, dropped_bytes;
	char *line; /* as it should be */
	int told;
};

static void
tell(struct tally *t, const char *what, const char *bytes, size_t len)
{
	if (t->told++ < 3)
		printf(
		    "%s: %.*s%s\n", what, (int)(len > 60 ? 60 : len), bytes, len > 60 ? "..." : "");
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

/* "N lines (B bytes) dropped", whatever is in front of it. */
static bool
is_dropped(struct tally *t, const char *bytes, size_t len)
{
	static const char middle[] = " lines (", end[] = " bytes) dropped";
	const size_t middle_len = sizeof middle - 1, end_len = sizeof end - 1;
	const char *at, *p, *to = bytes + len - end_len;
	long n, b;

	if (!t->o->dropped || len < end_len || memcmp(to, end, end_len) != 0)
		return false;
	at = memmem(bytes, len, middle, middle_len);
	for (p = at; p && p > bytes && p[-1] >= '0' && p[-1] <= '9';)
		p--;
	if (!p || !number_at(&p, to, ' ', &n))
		return false;
	p = at + middle_len;
	if (!number_at(&p, to + 1, ' ', &b) || p != to + 1)
		return false;
	t->dropped_lines += n;
	t->dropped_bytes += b;
	return true;
}

/*
 * The beginning or the end of a line is a piece, its newline alone too; what has a head within is
 * two lines in one.
 */
static void
broken(struct tally *t, const char *bytes, size_t len)
{
	if (len == 0 || !memchr(bytes + 1, '<', len - 1)) {
		t->pieces++;
		if (t->pieces > t->o->pieces)
			tell(t, "a piece of a line", bytes, len);
		return;
	}
	t->damaged++;
	tell(t, "damaged", bytes, len);
}

/* A line without its newline. */
static void
check_line(struct tally *t, const char *bytes, size_t len)
{
	const struct options *o = t->o;
	const char *at = bytes, *to = bytes + len;
	long id, number, length, first = o->ids ? 0 : o->id, last = o->ids ? o->ids - 1 : o->id;

	if (o->other && len >= strlen(o->other) && memcmp(bytes, o->other, strlen(o->other)) == 0)
		return;
	if (is_dropped(t, bytes, len))
		return;
	if (o->after && (at = memchr(bytes, '<', len)) != NULL) {
		len -= (size_t)(at - bytes);
		bytes = at;
	}
	if (len == 0 || !at || *at++ != '<' || !number_at(&at, to, ':', &id) ||
	    !number_at(&at, to, ':', &number) || !number_at(&at, to, '>', &length)) {
		broken(t, bytes, len);
		return;
	}
	if (id < first || id > last || number < 0 || number >= o->n ||
	    (size_t)length != length_of(o, number)) {
		t->foreign++;
		tell(t, "not one of these", bytes, len);
		return;
	}
	make_line(o, id, number, (size_t)length, t->line);
	if (len != (size_t)length - 1 || memcmp(bytes, t->line, len) != 0) {
		broken(t, bytes, len);
		return;
	}
	t->whole++;
	if (t->seen[id][number]) {
		t->twice++;
		tell(t, "twice", bytes, len);
	} else if (number < t->last[id]) {
		t->disorder++;
		tell(t, "out of order", bytes, len);
	}
	t->seen[id][number] = 1;
	t->last[id] = number > t->last[id] ? number : t->last[id];
}

static void
check_file(struct tally *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail(2, path);
	if (st.st_size == 0) {
		close(fd);
		return;
	}
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		fail(2, path);
	for (const char *p = bytes, *to = bytes + st.st_size, *end; p < to; p = end + 1) {
		end = memchr(p, '\n', (size_t)(to - p));
		if (!end) {
			end = to;
			if (!t->o->open)
				tell(t, "no newline at the end", p, (size_t)(to - p)), t->damaged++;
		}
		check_line(t, p, (size_t)(end - p));
	}
	munmap(bytes, (size_t)st.st_size);
	close(fd);
}

/* Which numbers of a writer are missing; the lines and bytes that may not be. */
static void
check_missing(struct tally *t, long id, long *lines, long long *bytes)
{
	const struct options *o = t->o;
	long number = 0, holes = 0;
	long long allowed = o->lost;

	if (o->tail)
		while (number < o->n && !t->seen[id][number])
			number++;
	while (number < o->n) {
		long from = number;
		long long size = 0;

		while (number < o->n && !t->seen[id][number])
			size += (long long)length_of(o, number++);
		if (number == from) {
			number++;
			continue;
		}
		if (!o->dropped && holes++ == 0 && size <= allowed)
			continue;
		*lines += number - from;
		*bytes += size;
		if (!o->dropped && t->told++ < 3)
			printf("lost: %ld lines, %ld:%ld to %ld:%ld\n", number - from, id, from, id,
			    number - 1);
	}
}

static int
check(const struct options *o, char **paths)
{
	struct tally t = { .o = o, .line = malloc((size_t)o->longest + 64) };
	long long bytes = 0;
	long lost = 0, first = o->ids ? 0 : o->id, last = o->ids ? o->ids - 1 : o->id;
	bool well;

	for (long id = first; id <= last; id++) {
		if (!(t.seen[id] = calloc((size_t)o->n + 1, 1)) || !t.line)
			fail(2, "memory");
		t.last[id] = -1;
	}
	for (; *paths; paths++)
		check_file(&t, *paths);
	for (long id = first; id <= last; id++)
		check_missing(&t, id, &lost, &bytes);
	printf("%ld whole, %ld lost (%lld bytes), %ld twice, %ld out of order, %ld damaged, %ld "
	       "pieces, "
	       "%ld others, %lld (%lld bytes) dropped\n",
	    t.whole, lost, bytes, t.twice, t.disorder, t.damaged, t.pieces, t.foreign,
	    t.dropped_lines, t.dropped_bytes);
	well = lost == t.dropped_lines && bytes == t.dropped_bytes;
	return !well || t.twice || t.disorder || t.damaged || t.pieces > o->pieces || t.foreign;
}

static int
unread(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK), n;

	if (fd < 0 || ioctl(fd, FIONREAD, &n) < 0)
		fail(2, path);
	printf("%d\n", n);
	return 0;
}

/* ---- the start ---- */

static bool
take(struct options *o, const char *word)
{
	const char *value = strchr(word, '=') ? strchr(word, '=') + 1 : "";
	size_t n = strcspn(word, "=");
	const struct {
		const char *name;
		long *at;
	} numbers[] = { { "id", &o->id }, { "from", &o->from }, { "rate", &o->rate },
		{ "slowest", &o->slowest }, { "ids", &o->ids }, { "lost", &o->lost },
		{ "pieces", &o->pieces }, { "len", &o->shortest } };
	const struct {
		const char *name;
		bool *at;
	} flags[] = { { "nul", &o->nul }, { "open", &o->open }, { "each", &o->each },
		{ "usr1", &o->usr1 }, { "after", &o->after }, { "tail", &o->tail },
		{ "dropped", &o->dropped } };
	const struct {
		const char *name;
		const char **at;
	} texts[] = { { "to", &o->to }, { "plain", &o->to }, { "count", &o->count },
		{ "other", &o->other } };

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (*value && strlen(numbers[i].name) == n &&
		    strncmp(word, numbers[i].name, n) == 0) {
			*numbers[i].at = atol(value);
			if (numbers[i].at == &o->shortest)
				o->longest =
				    strchr(value, '-') ? atol(strchr(value, '-') + 1) : o->shortest;
			o->each |= o->rate > 0;
			return true;
		}
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcmp(word, flags[i].name) == 0)
			return *flags[i].at = true;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (*value && strlen(texts[i].name) == n && strncmp(word, texts[i].name, n) == 0) {
			*texts[i].at = value;
			o->append |= *word == 't';
			return true;
		}
	return false;
}

int
main(int argc, char **argv)
{
	struct options o = { .shortest = 100, .longest = 100 };
	bool making = argc > 2 && strcmp(argv[1], "make") == 0;
	int i = 3;

	if (argc == 3 && strcmp(argv[1], "unread") == 0)
		return unread(argv[2]);
	make_text();
	o.n = argc > 2 ? atol(argv[2]) : 0;
	while (i < argc && take(&o, argv[i]))
		i++;
	if (o.shortest < 1 || o.longest < o.shortest || o.id < 0 || o.id >= WRITERS ||
	    o.ids > WRITERS)
		i = -1;
	if (making && i == argc)
		return make(&o);
	if (i > 0 && i < argc - 1 && !making && strcmp(argv[1], "check") == 0 &&
	    strcmp(argv[i], "in") == 0)
		return check(&o, argv + i + 1);
	fprintf(stderr, "usage: lines make N [OPTION]... | lines check N [OPTION]... in FILE...\n");
	return 2;
}
