#ifndef SE_UNWIND_DWARF_H
#define SE_UNWIND_DWARF_H

#include "elf.h"

/*
 * Reads the numbers that DWARF and .eh_frame are made of, one after the other. Beyond the end all
 * are 0 and bad is set, once for all: it need be asked only when something is made of them.
 */
struct dwarf {
	struct elf_part left;
	uint64_t shift; /* from where a byte is here to its address; 0: not known */
	bool bad;
};

/* Of 1, 2, 4 or 8 bytes; and the same with its sign. */
uint64_t dwarf_number(struct dwarf *, unsigned bytes);
int64_t dwarf_signed(struct dwarf *, unsigned bytes);
/* LEB128, of at most 10 bytes. */
uint64_t dwarf_uleb(struct dwarf *);
int64_t dwarf_sleb(struct dwarf *);
/* The next len bytes. */
struct elf_part dwarf_take(struct dwarf *, uint64_t len);

/* How a pointer is encoded (Linux Standard Base, 10.5): its form, and what it is relative to. */
enum {
	DWARF_ABSOLUTE = 0x00,
	DWARF_UDATA4 = 0x03,
	DWARF_SDATA4 = 0x0b,
	DWARF_FORM = 0x0f,
	DWARF_HERE = 0x10, /* to where it is itself */
	DWARF_DATA = 0x30, /* to data */
	DWARF_OMITTED = 0xff
};
/* 0 stays 0, as for unwinders: nothing is there. data 0: none may be relative to it. */
uint64_t dwarf_pointer(struct dwarf *, unsigned encoding, uint64_t data);

/* .eh_frame_hdr */
struct dwarf_index {
	uint64_t frames; /* the address of .eh_frame */
	struct elf_part
	    table; /* DWARF_INDEX_ENTRY bytes for each function; len 0: not such a one */
};
#define DWARF_INDEX_ENTRY 8 /* its address and its entry's, both DWARF_DATA | DWARF_SDATA4 */
/* False: it is of another version, or not well-formed. */
bool dwarf_index(const struct elf *, struct dwarf_index *);

#endif
