#include "tests/unit/scan_naive.h"

#include <atf-c.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/choice.h"

#define LONGEST 200
#define ALIGN   16

/* A place of so many bytes and the slack behind it, no byte more, at some distance from a multiple
 * of ALIGN; the bytes in front of it are guards. */
struct place {
	char *base, *at;
	size_t front, len;
};

static struct place
place_of(size_t len, size_t front)
{
	struct place p = { .base = malloc(front + len + SCAN_SLACK), .front = front, .len = len };

	MUST(p.base != NULL);
	MUST((size_t)p.base % ALIGN == 0);
	memset(p.base, 0x5a, front + len + SCAN_SLACK);
	p.at = p.base + front;
	return p;
}

static void
check_guards(const struct place *p)
{
	for (size_t i = 0; i < p->front; i++)
		MUST(p->base[i] == 0x5a);
}

/* Random bytes, many of them close to a newline; one in rare of them is one, 0: none. Behind them
 * come newlines that must not be seen. */
static struct place
random_place(struct choice *c, size_t len, size_t front, unsigned rare)
{
	static const char close[] = { 0x0b, 0x09, (char)0x8a, (char)0x8b, 0x00, 0x01, (char)0x80,
		(char)0xff, 0x2a, 0x4a, 0x0e, 0x08, 0x02, 0x1a, (char)0xf5, 0x7f };
	struct place p = place_of(len, front);

	for (size_t i = 0; i < len; i++)
		p.at[i] = rare > 0 && chance(c, rare) ? '\n' : close[choose(c, sizeof close)];
	if (choose(c, 2) == 0)
		memset(p.at + len, '\n', SCAN_SLACK);
	return p;
}

static const unsigned rarities[] = { 0, 1, 2, 7, 40, 150 };

#define RARITIES (sizeof rarities / sizeof *rarities)

ATF_TC_WITHOUT_HEAD(newlines_are_found_and_counted);
ATF_TC_BODY(newlines_are_found_and_counted, tc)
{
	struct choice c = { .seed = 1 };

	for (size_t len = 0; len <= LONGEST; len++)
		for (size_t i = 0; i < ALIGN * RARITIES; i++) {
			struct place p = random_place(&c, len, i % ALIGN, rarities[i / ALIGN]);

			walk.step++;
			for (size_t k = 0; k < KERNELS; k++) {
				MUST(kernels[k].count(p.at, len) == naive_count(p.at, len));
				MUST(kernels[k].first(p.at, len) == naive_first(p.at, len));
				MUST(kernels[k].last(p.at, len) == naive_last(p.at, len));
			}
			free(p.base);
		}
}

/* A word's bytes must not disturb each other: a borrow, a carry, a high bit. */
ATF_TC_WITHOUT_HEAD(all_neighbourhoods);
ATF_TC_BODY(all_neighbourhoods, tc)
{
	static const char bytes[] = { 0x0a, 0x0b, (char)0x8a, (char)0x8b };
	struct place p = place_of(16, 0);

	for (walk.step = 0; walk.step < 1u << 16; walk.step++) {
		for (size_t i = 0; i < 8; i++)
			p.at[i] = p.at[15 - i] = bytes[walk.step >> 2 * i & 3];
		for (size_t k = 0; k < KERNELS; k++) {
			MUST(kernels[k].count(p.at, 16) == naive_count(p.at, 16));
			MUST(kernels[k].count(p.at, 8) == naive_count(p.at, 8));
			MUST(kernels[k].first(p.at, 16) == naive_first(p.at, 16));
			MUST(kernels[k].last(p.at, 16) == naive_last(p.at, 16));
		}
	}
	free(p.base);
	p = place_of(16, 0);
	for (int byte = 0; byte < 256; byte++) { /* and no other byte is taken for one */
		memset(p.at, byte, 16);
		for (size_t k = 0; k < KERNELS; k++) {
			MUST(kernels[k].count(p.at, 16) == (byte == '\n' ? 16 : 0));
			MUST(kernels[k].first(p.at, 16) == (byte == '\n' ? 1 : 0));
		}
	}
	free(p.base);
}

/* More than a sum of bytes holds. */
ATF_TC_WITHOUT_HEAD(many_are_counted);
ATF_TC_BODY(many_are_counted, tc)
{
	static const size_t turns[] = { 8 * 255, 8 * 256, 16 * 255, 16 * 256, 2 * 16 * 255,
		100 * 16 * 255, 1000000 };
	struct choice c = { .seed = 2 };

	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++)
		for (size_t len = turns[i] - 17; len <= turns[i] + 17; len += 1 + len % 3) {
			struct place p = random_place(&c, len, len % ALIGN, len % 2 ? 1 : 2);
			size_t n = naive_count(p.at, len);

			for (size_t k = 0; k < KERNELS; k++)
				ATF_CHECK_EQ_MSG(kernels[k].count(p.at, len), n, "%s: %zu",
				    kernels[k].name, len);
			free(p.base);
		}
}

/* Does the kernel what the naive one does, and writes nothing in front of the room? */
static void
check_stamp(const struct kernel *k, const struct place *from, const struct place *head, size_t room)
{
	static char expected[1 << 18];
	struct place to = place_of(room, (from->front * 7 + room) % ALIGN);
	size_t taken = 77, lines = 77, want_taken, want_lines;
	size_t want = naive_stamp(
	    expected, room, from->at, from->len, head->at, head->len, &want_taken, &want_lines);

	MUST(k->stamp(to.at, room, from->at, from->len, head->at, head->len, &taken, &lines) ==
	    want);
	MUST(taken == want_taken && lines == want_lines);
	MUST(memcmp(to.at, expected, want) == 0);
	check_guards(&to);
	free(to.base);
}

/* All rooms of interest: ends of the lines, a byte less and more, some between. */
static void
check_rooms(struct choice *c, const struct place *from, const struct place *head)
{
	size_t lines = naive_count(from->at, from->len), at = 0, used = 0, n;

	for (size_t k = 0; k < KERNELS; k++) {
		at = used = 0;
		check_stamp(&kernels[k], from, head, 0);
		while ((n = naive_first(from->at + used, from->len - used)) > 0) {
			used += n;
			if (lines > 20 && !chance(c, (unsigned)lines / 4)) {
				at += head->len + n;
				continue;
			}
			check_stamp(&kernels[k], from, head, at + head->len);
			at += head->len + n;
			check_stamp(&kernels[k], from, head, at - 1);
			check_stamp(&kernels[k], from, head, at);
			check_stamp(&kernels[k], from, head, at + 1);
		}
		check_stamp(&kernels[k], from, head, choose(c, (unsigned)at + 1));
		check_stamp(&kernels[k], from, head, at + from->len + head->len + 100);
	}
}

static struct place
head_of(size_t len, size_t front)
{
	struct place p = place_of(len, front);

	for (size_t i = 0; i < len; i++)
		p.at[i] = (char)('a' + i % 26);
	return p;
}

ATF_TC_WITHOUT_HEAD(lines_are_stamped);
ATF_TC_BODY(lines_are_stamped, tc)
{
	struct choice c = { .seed = 3 };

	for (size_t len = 0; len <= LONGEST; len++)
		for (size_t i = 0; i < RARITIES; i++) {
			struct place from = random_place(&c, len, choose(&c, ALIGN), rarities[i]);
			struct place head = head_of(choose(&c, 50), choose(&c, ALIGN));

			walk.step++;
			check_rooms(&c, &from, &head);
			free(from.base);
			free(head.base);
		}
}

ATF_TC_WITHOUT_HEAD(heads_of_all_lengths);
ATF_TC_BODY(heads_of_all_lengths, tc)
{
	struct choice c = { .seed = 4 };

	for (size_t len = 0; len <= SCAN_HEAD; len++) {
		struct place from = random_place(&c, 100, choose(&c, ALIGN), 25);
		struct place head = head_of(len, len % ALIGN);

		walk.step++;
		check_rooms(&c, &from, &head);
		free(from.base);
		free(head.base);
	}
}

/* The head may have any bytes, newlines too: they are no ends of lines. */
ATF_TC_WITHOUT_HEAD(a_head_is_only_copied);
ATF_TC_BODY(a_head_is_only_copied, tc)
{
	struct choice c = { .seed = 5 };

	for (int i = 0; i < 200; i++) {
		struct place from = random_place(&c, choose(&c, LONGEST), 0, 10);
		struct place head = random_place(&c, choose(&c, 60), 0, 2);

		walk.step++;
		check_rooms(&c, &from, &head);
		free(from.base);
		free(head.base);
	}
}

ATF_TC_WITHOUT_HEAD(what_is_read_stays_as_it_is);
ATF_TC_BODY(what_is_read_stays_as_it_is, tc)
{
	struct choice c = { .seed = 6 };
	struct place from = random_place(&c, LONGEST, 3, 20), to = place_of(1000, 5);
	struct place head = head_of(30, 1);
	char before[LONGEST + SCAN_SLACK];
	size_t taken, lines;

	memcpy(before, from.at, sizeof before);
	for (size_t k = 0; k < KERNELS; k++) {
		(void)kernels[k].stamp(to.at, 1000, from.at, LONGEST, head.at, 30, &taken, &lines);
		ATF_CHECK(memcmp(before, from.at, sizeof before) == 0);
		check_guards(&from);
	}
	free(from.base);
	free(to.base);
	free(head.base);
}

/* No more than the slack is touched even behind the very last byte of the room. */
ATF_TC_WITHOUT_HEAD(large_blocks);
ATF_TC_BODY(large_blocks, tc)
{
	struct choice c = { .seed = 7 };

	for (int i = 0; i < 30; i++) {
		struct place from = random_place(
		    &c, 30000 + choose(&c, 9000), choose(&c, ALIGN), i % 2 ? 100 : 3000);
		struct place head = head_of(choose(&c, 40), 0);

		walk.step++;
		for (size_t k = 0; k < KERNELS; k++)
			for (int j = 0; j < 10; j++)
				check_stamp(&kernels[k], &from, &head, choose(&c, 60000));
		free(from.base);
		free(head.base);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, newlines_are_found_and_counted);
	ATF_TP_ADD_TC(tp, all_neighbourhoods);
	ATF_TP_ADD_TC(tp, many_are_counted);
	ATF_TP_ADD_TC(tp, lines_are_stamped);
	ATF_TP_ADD_TC(tp, heads_of_all_lengths);
	ATF_TP_ADD_TC(tp, a_head_is_only_copied);
	ATF_TP_ADD_TC(tp, what_is_read_stays_as_it_is);
	ATF_TP_ADD_TC(tp, large_blocks);
	return atf_no_error();
}
