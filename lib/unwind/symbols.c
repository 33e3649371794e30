#include "symbols.h"

#include <elf.h>
#include <string.h>

#include "../base/text.h"
#include "gotable.h"

enum { NAME = 4096 }; /* of longer ones the rest is not taken */

struct search {
	uint64_t address;
	uint64_t first; /* no function begins before */
	uint64_t ended; /* the last function that has ended before the address begins before this */
	bool sized;     /* seeks one that contains the address, else one without a size */
	unsigned rank;  /* of the one that was found, 0: none was */
	struct symbol *symbol;
};

/* What of an ELF symbol's binding and kind makes it preferred: a local label is the least. */
static unsigned
rank_of(const Elf64_Sym *s)
{
	unsigned binding = ELF64_ST_BIND(s->st_info), label = ELF64_ST_TYPE(s->st_info) == 0;

	if (binding == STB_LOCAL)
		return label ? 1 : 4;
	return (label ? 2u : 5u) + (binding != STB_WEAK);
}

/* Is it a function, or a label, at the address or before it? */
static bool
is_wanted(const struct search *f, const Elf64_Sym *s)
{
	unsigned kind = ELF64_ST_TYPE(s->st_info);

	if (s->st_value > f->address || s->st_value < f->first || s->st_shndx == SHN_UNDEF ||
	    (s->st_shndx >= SHN_LORESERVE && s->st_shndx != SHN_XINDEX))
		return false;
	if (f->sized)
		return s->st_size > 0 && (kind == STT_FUNC || kind == STT_GNU_IFUNC);
	return s->st_size == 0 && s->st_value >= f->ended &&
	    (kind == STT_FUNC || kind == STT_GNU_IFUNC || kind == STT_NOTYPE);
}

/*
 * Above 0: better than what was found, 0: as good. The last one is the best, but local labels,
 * which may be in the middle of a function, yield to all others.
 */
static int
compare(const struct search *f, unsigned rank, uint64_t start)
{
	if ((rank > 1) != (f->rank > 1))
		return rank > 1 ? 1 : -1;
	if (f->rank == 0 || start > f->symbol->start)
		return 1;
	if (start < f->symbol->start || rank < f->rank)
		return -1;
	return rank > f->rank;
}

/* False: it has no name, or is one of AArch64's marks of code and data. */
static bool
read_name(const struct elf_symbols *t, const Elf64_Sym *s, struct symbol *symbol)
{
	const char *end;

	if (s->st_name >= t->names.len)
		return false;
	symbol->name = (const char *)t->names.at + s->st_name;
	symbol->len = t->names.len - s->st_name;
	if (symbol->len > NAME)
		symbol->len = NAME;
	if (ELF64_ST_TYPE(s->st_info) == STT_NOTYPE && *symbol->name == '$')
		return false;
	end = text_find(symbol->name, '\0', symbol->len);
	if (end)
		symbol->len = (size_t)(end - symbol->name);
	return symbol->len > 0;
}

static bool
is_better_name(const struct symbol *a, const struct symbol *b)
{
	if (a->len != b->len)
		return a->len < b->len;
	return memcmp(a->name, b->name, a->len) < 0;
}

static void
search_table(struct search *f, const struct elf_symbols *t)
{
	Elf64_Sym s;

	for (size_t at = 0; t->entries.len - at >= sizeof s; at += sizeof s) {
		struct symbol symbol;
		unsigned rank;
		int better;

		memcpy(&s, t->entries.at + at, sizeof s);
		if (!is_wanted(f, &s))
			continue;
		if (f->sized && f->address - s.st_value >= s.st_size) {
			if (f->ended <= s.st_value)
				f->ended = s.st_value + 1;
			continue;
		}
		rank = rank_of(&s);
		symbol.start = s.st_value;
		symbol.size = s.st_size;
		better = compare(f, rank, symbol.start);
		if (better < 0 || !read_name(t, &s, &symbol) ||
		    (better == 0 && !is_better_name(&symbol, f->symbol)))
			continue;
		f->rank = rank;
		*f->symbol = symbol;
	}
}

bool
symbols_find(const struct elf *e, uint64_t address, struct symbol *symbol)
{
	struct search f = { .address = address, .symbol = symbol };
	struct gotable_function go;
	unsigned i = 0;

	if (gotable_find(e, address, &go)) {
		*symbol = go.symbol;
		return true;
	}
	while (i < e->segments &&
	    (!e->segment[i].executable || address - e->segment[i].address >= e->segment[i].size))
		i++;
	if (i == e->segments)
		return false;
	f.first = e->segment[i].address;
	for (int unsized = 0; unsized <= 1; unsized++) {
		f.sized = !unsized;
		search_table(&f, &e->symbols);
		if (f.rank == 0)
			search_table(&f, &e->dynamic);
		if (f.rank > 0)
			return true;
	}
	return false;
}
