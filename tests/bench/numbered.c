/*
 * numbered.c - a program that logs, and what became of its lines.
 *
 *     numbered write FILE RATE       appends RATE numbered lines of 100 bytes a second, with a
 *                                    write(2) for each and evenly (it spins in between), until
 * TERM; then prints how many numbered count LINES FILE...   of lines 0..LINES-1: how many are whole
 * in no file, how many pieces of lines there are, how many lines too many, and how many lines of
 * nothing but blanks; separated by tabs
 */
#include "report.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LENGTH = 100, DIGITS = 10, SECOND = 1000000000 };

static volatile sig_atomic_t done;

static void
stop(int sig)
{
	(void)sig;
	done = 1;
}

static int
fail(const char *what)
{
	perror(what);
	return 111;
}

static void
fill(char line[LENGTH + 1], int64_t number)
{
	(void)snprintf(line, LENGTH + 1, "%0*" PRId64, DIGITS, number);
	memset(line + DIGITS, '.', LENGTH - DIGITS - 1);
	line[LENGTH - 1] = '\n';
	line[LENGTH] = '\0';
}

static int
write_lines(const char *path, int64_t rate)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	struct sigaction act = { .sa_handler = stop };
	int64_t start = report_now(), number = 0;
	char line[LENGTH + 1];

	if (fd < 0)
		return fail(path);
	if (sigaction(SIGTERM, &act, NULL) < 0)
		return fail("sigaction");
	while (!done) {
		if (report_now() - start < number * SECOND / rate)
			continue;
		fill(line, number);
		if (write(fd, line, LENGTH) != LENGTH)
			return fail("write");
		number++;
	}
	printf("%" PRId64 "\n", number);
	return 0;
}

struct tally {
	int64_t lines;
	unsigned char *seen;
	int64_t split, twice, blank;
};

static void
count_line(struct tally *t, const char *text)
{
	char whole[LENGTH + 1];
	int64_t number = strtoll(text, NULL, 10);

	fill(whole, number);
	if (text[strspn(text, " ")] == '\n')
		t->blank++;
	else if (strcmp(text, whole) != 0 || number < 0 || number >= t->lines)
		t->split++;
	else if (t->seen[number]++)
		t->twice++;
}

static int
count_lines(struct tally *t, char **paths)
{
	int64_t lost = 0;
	char *text = NULL;
	size_t room = 0;

	if (t->seen == NULL)
		return fail("calloc");
	for (; *paths; paths++) {
		FILE *f = fopen(*paths, "r");

		if (f == NULL)
			return fail(*paths);
		while (getline(&text, &room, f) > 0)
			count_line(t, text);
		(void)fclose(f);
	}
	for (int64_t i = 0; i < t->lines; i++)
		lost += !t->seen[i];
	printf("%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", lost, t->split, t->twice,
	    t->blank);
	free(text);
	return 0;
}

int
main(int argc, char **argv)
{
	static struct tally t;

	if (argc == 4 && strcmp(argv[1], "write") == 0 && atoll(argv[3]) > 0)
		return write_lines(argv[2], atoll(argv[3]));
	if (argc > 3 && strcmp(argv[1], "count") == 0 && (t.lines = atoll(argv[2])) > 0) {
		t.seen = calloc((size_t)t.lines, 1);
		return count_lines(&t, argv + 3);
	}
	fprintf(stderr, "usage: numbered write FILE RATE | numbered count LINES FILE...\n");
	return 100;
}
