#ifndef SE_UNWIND_GOTABLE_H
#define SE_UNWIND_GOTABLE_H

#include "symbols.h"

/*
 * What Go's linker tells of its functions in .gopclntab, stripped or not: Go's src/debug/gosym and
 * src/runtime/symtab.go, the formats of Go 1.16, 1.18 and 1.20.
 */
struct gotable_function {
	struct symbol symbol;
	uint64_t frame; /* bytes from the stack pointer to the return address, at the address */
};

/* The function at an address. False: it is none of Go's, or the table is of another format. */
bool gotable_find(const struct elf *, uint64_t address, struct gotable_function *);

#endif
