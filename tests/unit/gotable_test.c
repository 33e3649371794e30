#include "lib/unwind/gotable.h"

#include <atf-c.h>
#include <stdlib.h>
#include <string.h>

/*
 * Two functions: main.one from 0x1000 to 0x1040, whose frame is 24 bytes from its fifth byte to its
 * thirtieth, and main.two to 0x1050, which has none.
 */
#define TEXT 0x1000

static unsigned char table[512];
static size_t filled;

static void
put(uint64_t value, unsigned bytes)
{
	memcpy(table + filled, &value, bytes);
	filled += bytes;
}

static void
put_function(uint64_t entry, unsigned word, unsigned name, unsigned frames)
{
	put(entry, word);
	put(name, 4);
	put(0, 8); /* arguments, deferred returns */
	put(frames, 4);
}

/* word: of an entry, by which addresses are relative or not */
static struct elf
make(uint32_t magic, unsigned word, uint64_t text)
{
	static const unsigned char frames[] = { 2, 4, 48, 26, 47, 34, 0, 2, 16, 0 };
	uint64_t base = word == 8 ? TEXT : 0, head = 8 + 8 * (word == 8 ? 7u : 8u);
	uint64_t names = head, deltas = names + 20, entries = deltas + sizeof frames;
	struct elf e = { .text = TEXT };

	filled = 0;
	put(magic, 4);
	put(0, 2);
	put(1, 1);
	put(8, 1);
	put(2, 8); /* functions */
	put(0, 8); /* files */
	if (word == 4)
		put(text, 8);
	put(names, 8);
	put(0, 8);
	put(0, 8);
	put(deltas, 8);
	put(entries, 8);
	memcpy(table + filled, "\0main.one\0main.two\0", 20);
	filled += 20;
	memcpy(table + filled, frames, sizeof frames);
	filled += sizeof frames;
	put(base, word);
	put(5 * word, word);
	put(base + 0x40, word);
	put(5 * word + word + 16, word);
	put(base + 0x50, word);
	put_function(base, word, 1, 0);
	put_function(base + 0x40, word, 10, 7);
	e.go = (struct elf_part){ .at = table, .len = filled };
	return e;
}

static void
check(const struct elf *e, uint64_t address, const char *name, uint64_t start, uint64_t frame)
{
	struct gotable_function f;

	ATF_REQUIRE_MSG(gotable_find(e, address, &f), "%#llx", (unsigned long long)address);
	ATF_CHECK(f.symbol.len == strlen(name) && memcmp(f.symbol.name, name, f.symbol.len) == 0);
	ATF_CHECK_EQ(f.symbol.start, start);
	ATF_CHECK_EQ(f.frame, frame);
}

static void
check_all(const struct elf *e)
{
	struct gotable_function f;

	check(e, 0x1000, "main.one", 0x1000, 0);
	check(e, 0x1003, "main.one", 0x1000, 0);
	check(e, 0x1004, "main.one", 0x1000, 24);
	check(e, 0x101d, "main.one", 0x1000, 24);
	check(e, 0x101e, "main.one", 0x1000, 0);
	check(e, 0x103f, "main.one", 0x1000, 0);
	check(e, 0x1040, "main.two", 0x1040, 0);
	check(e, 0x104f, "main.two", 0x1040, 0);
	ATF_CHECK(!gotable_find(e, 0xfff, &f) && !gotable_find(e, 0x1050, &f));
}

ATF_TC_WITHOUT_HEAD(formats);
ATF_TC_BODY(formats, tc)
{
	struct elf e = make(0xfffffff1, 4, TEXT);
	struct gotable_function f;

	check_all(&e);
	e = make(0xfffffff0, 4, TEXT);
	check_all(&e);
	e = make(0xfffffff0, 4, 0); /* a position independent one */
	check_all(&e);
	e = make(0xfffffffa, 8, 0);
	check_all(&e);
	e = make(0xfffffffb, 8, 0);
	ATF_CHECK(!gotable_find(&e, 0x1000, &f));
	e = (struct elf){ .text = TEXT };
	ATF_CHECK(!gotable_find(&e, 0x1000, &f));
}

/* Wherever it is cut, and whatever a byte of it is: nothing beyond it is read. */
ATF_TC_WITHOUT_HEAD(broken);
ATF_TC_BODY(broken, tc)
{
	struct elf e = make(0xfffffff1, 4, TEXT);
	struct gotable_function f;
	size_t whole = e.go.len;

	for (size_t len = 0; len < whole; len++) {
		unsigned char *copy = malloc(len + 1); /* of its own, so that its end is watched */

		ATF_REQUIRE(copy != NULL);
		memcpy(copy + 1, table, len);
		e.go = (struct elf_part){ .at = copy + 1, .len = len };
		(void)gotable_find(&e, 0x1045, &f);
		ATF_CHECK(len >= 120 || !gotable_find(&e, 0x1004, &f));
		free(copy);
	}
	for (size_t i = 0; i < whole; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			e = make(0xfffffff1, 4, TEXT);
			table[i] ^= (unsigned char)(1u << bit);
			if (gotable_find(&e, 0x1004, &f))
				ATF_CHECK((const unsigned char *)f.symbol.name >= table &&
				    f.symbol.len <= whole);
		}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, formats);
	ATF_TP_ADD_TC(tp, broken);
	return atf_no_error();
}
