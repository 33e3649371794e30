#include "gotable.h"

#include "../base/text.h"
#include "dwarf.h"

#define GO_1_16 0xfffffffaull
#define GO_1_18 0xfffffff0ull
#define GO_1_20 0xfffffff1ull

enum { NAME = 4096 }; /* of longer ones nothing is taken */

/* The table's head. */
struct table {
	unsigned word, quantum; /* bytes of an entry's members; of the shortest instruction */
	uint64_t functions, text;
	struct elf_part names, deltas, entries;
};

static struct elf_part
from(struct elf_part part, uint64_t offset)
{
	if (offset > part.len)
		offset = part.len;
	part.at += offset;
	part.len -= (size_t)offset;
	return part;
}

static bool
open_table(const struct elf *e, struct table *t)
{
	struct dwarf d = { .left = e->go };
	uint64_t magic = dwarf_number(&d, 4);

	(void)dwarf_number(&d, 2);
	t->quantum = (unsigned)dwarf_number(&d, 1);
	if ((magic != GO_1_16 && magic != GO_1_18 && magic != GO_1_20) || dwarf_number(&d, 1) != 8)
		return false;
	t->word = magic == GO_1_16 ? 8 : 4;
	t->functions = dwarf_number(&d, 8);
	(void)dwarf_number(&d, 8); /* how many files */
	t->text = t->word == 8 ? 0 : dwarf_number(&d, 8);
	if (t->word == 4 && t->text == 0) /* its relocation is not made in the file */
		t->text = e->text;
	t->names = from(e->go, dwarf_number(&d, 8));
	(void)dwarf_number(&d, 8); /* compilation units */
	(void)dwarf_number(&d, 8); /* files */
	t->deltas = from(e->go, dwarf_number(&d, 8));
	t->entries = from(e->go, dwarf_number(&d, 8));
	return !d.bad && t->functions > 0 && t->functions < t->entries.len / t->word / 2;
}

/* Word number n of the sorted entries: where a function begins, where more is said of it. */
static uint64_t
word_at(const struct table *t, uint64_t n)
{
	struct dwarf d = { .left = from(t->entries, n * t->word) }; /* beyond the end all is 0 */

	return dwarf_number(&d, t->word);
}

/* The value that holds at the address, of a function's run of (change, how far it holds). */
static bool
value_at(const struct table *t, uint64_t offset, uint64_t start, uint64_t address, int64_t *value)
{
	struct dwarf d = { .left = from(t->deltas, offset) };
	uint64_t change;

	*value = -1;
	for (bool first = true; !d.bad; first = false) {
		change = dwarf_uleb(&d);
		if (change == 0 && !first)
			return false;
		*value += (int64_t)((change >> 1) ^ -(change & 1));
		start += dwarf_uleb(&d) * t->quantum;
		if (address < start)
			return !d.bad;
	}
	return false;
}

bool
gotable_find(const struct elf *e, uint64_t address, struct gotable_function *f)
{
	struct table t;
	struct dwarf d = { .bad = false };
	uint64_t low = 0, high, in, offset;
	const char *end;
	int64_t frame;

	if (e->go.len == 0 || !open_table(e, &t) || address < t.text)
		return false;
	in = address - t.text;
	for (high = t.functions; high - low > 1;) {
		uint64_t middle = low + (high - low) / 2;

		if (word_at(&t, 2 * middle) <= in)
			low = middle;
		else
			high = middle;
	}
	f->symbol.start = word_at(&t, 2 * low);
	f->symbol.size = word_at(&t, 2 * low + 2) - f->symbol.start;
	if (in - f->symbol.start >= f->symbol.size)
		return false;
	d.left = from(t.entries, word_at(&t, 2 * low + 1) + t.word);
	in = dwarf_number(&d, 4);
	(void)dwarf_number(&d, 8); /* arguments, deferred returns */
	offset = dwarf_number(&d, 4);
	f->symbol.start += t.text;
	d.left = from(t.names, in);
	end = text_find((const char *)d.left.at, 0, d.left.len < NAME ? d.left.len : NAME);
	if (d.bad || !end || !value_at(&t, offset, f->symbol.start, address, &frame) || frame < 0)
		return false;
	f->symbol.name = (const char *)d.left.at;
	f->symbol.len = (size_t)(end - f->symbol.name);
	f->frame = (uint64_t)frame;
	return f->symbol.len > 0;
}
