#include "tests/unit/scan_naive.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A copy with the slack behind it and no byte more; what is there must not matter. */
static char *
copy_of(const unsigned char *bytes, size_t len, int behind)
{
	char *copy = malloc(len + SCAN_SLACK);

	MUST(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	memset(copy + len, behind, SCAN_SLACK);
	return copy;
}

static void
check_stamp(const struct kernel *k, size_t room, const char *from, size_t len, const char *head,
    size_t head_len)
{
	char *to = malloc(room + SCAN_SLACK), *expected = malloc(room + 1);
	size_t taken, lines, want_taken, want_lines, want;

	MUST(to != NULL && expected != NULL);
	want = naive_stamp(expected, room, from, len, head, head_len, &want_taken, &want_lines);
	MUST(k->stamp(to, room, from, len, head, head_len, &taken, &lines) == want);
	MUST(taken == want_taken && lines == want_lines);
	MUST(memcmp(to, expected, want) == 0);
	free(to);
	free(expected);
}

/* Two bytes: the room, less than all by so many; two more: the head's length; the head; lines. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct choice c = { .bytes = data, .left = size };
	unsigned less = choose(&c, 1 << 16);
	size_t head_len = choose(&c, SCAN_HEAD + 1), len, all;
	char *head, *from;

	head_len = head_len < c.left ? head_len : c.left;
	len = c.left - head_len;
	head = copy_of(c.bytes, head_len, less & 1 ? '\n' : 'x');
	from = copy_of(c.bytes + head_len, len, less & 1 ? '\n' : 'x');
	all = len + naive_count(from, len) * head_len;
	for (size_t k = 0; k < KERNELS; k++) {
		MUST(kernels[k].count(from, len) == naive_count(from, len));
		MUST(kernels[k].first(from, len) == naive_first(from, len));
		MUST(kernels[k].last(from, len) == naive_last(from, len));
		check_stamp(&kernels[k], all > less ? all - less : 0, from, len, head, head_len);
		check_stamp(&kernels[k], all, from, len, head, head_len);
	}
	free(head);
	free(from);
	return 0;
}
