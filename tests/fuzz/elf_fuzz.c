#include <stdlib.h>
#include <string.h>

#include "lib/unwind/cfi.h"
#include "lib/unwind/elf.h"
#include "lib/unwind/symbols.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { LOAD = 0x400000, ADDRESSES = 8 };

static bool
get(void *arg, unsigned number, uint64_t *value)
{
	(void)arg;
	if (number >= CFI_REGISTERS)
		abort();
	*value = number * 8;
	return number != 3;
}

static bool
read_object(void *arg, uint64_t address, unsigned size, uint64_t *value)
{
	const unsigned char *at = elf_at(arg, address, size);

	if (size < 1 || size > 8)
		abort();
	*value = 0;
	if (at)
		memcpy(value, at, size);
	return at != NULL;
}

static void
check_part(const struct elf *e, struct elf_part part)
{
	if (part.len > 0 &&
	    (part.at < e->all.at || part.len > e->all.len ||
		(size_t)(part.at - e->all.at) > e->all.len - part.len))
		abort();
}

static void
follow(const struct elf *e, const struct cfi_rule *rule, const uint64_t *first)
{
	const struct cfi_world world = { .arg = (void *)e, .get = get, .read = read_object };
	uint64_t result;

	if (rule->how != CFI_SAVED_BY && rule->how != CFI_VALUE_BY)
		return;
	check_part(e, rule->by);
	(void)cfi_evaluate(rule->by, &world, first, &result);
}

static void
ask(const struct elf *e, uint64_t address)
{
	static struct cfi_row row;
	uint64_t first = address;
	struct symbol s;

	if (symbols_find(e, address, &s) &&
	    (s.len == 0 || memchr(s.name, '\0', s.len) || s.start > address ||
		(s.size > 0 && address - s.start >= s.size)))
		abort();
	if (cfi_find(e, address, &row) != CFI_FOUND)
		return;
	if (row.return_register >= CFI_REGISTERS ||
	    (row.cfa.how == CFI_VALUE ? row.cfa_register >= CFI_REGISTERS
				      : row.cfa.how != CFI_VALUE_BY))
		abort();
	follow(e, &row.cfa, NULL);
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		follow(e, &row.rule[i], &first);
}

/* An address that the input says: where an entry of its symbols begins, or any other. */
static uint64_t
address_of(const struct elf *e, const unsigned char *data, size_t size, unsigned i)
{
	const struct elf_part *symbols =
	    e->symbols.entries.len ? &e->symbols.entries : &e->dynamic.entries;
	uint64_t address = 0;
	uint32_t offset;

	if (i % 2 == 0 && symbols->len / 24 > i / 2) { /* st_value */
		memcpy(&address, symbols->at + 24 * (i / 2) + 8, sizeof address);
		return address;
	}
	memcpy(&offset, data + size - 4 * (i + 1), sizeof offset);
	return e->address + offset % (size + 64);
}

/* All that is found is in the object, and is what was asked for. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct elf e;
	static uint64_t index[65536 / 16 + 2]; /* CFI_INDEX_SIZE of the largest */
	uint64_t bias;

	if (size < 64 || size > 65536)
		return 0;
	for (int in_memory = 0; in_memory <= 1; in_memory++) {
		if (in_memory ? elf_open_memory(&e, data, size, LOAD) : elf_open(&e, data, size))
			continue;
		check_part(&e, e.frames);
		check_part(&e, e.frames_index);
		check_part(&e, e.symbols.entries);
		check_part(&e, e.symbols.names);
		check_part(&e, e.dynamic.entries);
		check_part(&e, e.dynamic.names);
		check_part(&e, e.build_id);
		(void)elf_bias(&e, LOAD, data[size - 1] * 4096u, &bias);
		for (unsigned i = 0; i < ADDRESSES; i++)
			ask(&e, address_of(&e, data, size, i));
		e.frames_index.len = 0; /* one by one, then */
		for (unsigned i = 0; i < ADDRESSES; i++)
			ask(&e, address_of(&e, data, size, i));
		cfi_make_index(&e, index, sizeof index);
		for (unsigned i = 0; i < ADDRESSES; i++)
			ask(&e, address_of(&e, data, size, i));
	}
	return 0;
}
