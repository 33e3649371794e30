#ifndef SE_UNWIND_SYMBOLS_H
#define SE_UNWIND_SYMBOLS_H

#include "elf.h"

struct symbol {
	const char
	    *name; /* not terminated: len bytes of the object, at least 1, none of them NUL */
	size_t len;
	uint64_t start, size; /* size 0: not said */
};

/*
 * The function at an address: of Go's own table, of .symtab, else of .dynsym, the one that contains
 * it, else (for those without a size) the last before it in the same executable segment. Of several
 * at one address a global one is taken before a weak one before a local one, then the shorter name,
 * then the one that comes first in the alphabet. False: there is none.
 */
bool symbols_find(const struct elf *, uint64_t address, struct symbol *);

#endif
