#ifndef SE_UNWIND_CFI_H
#define SE_UNWIND_CFI_H

#include "elf.h"

/*
 * Call frame information: how the registers of a caller are found from those of a function, as
 * DWARF 5 section 6.4 and the Linux Standard Base's .eh_frame say it. Registers have DWARF's
 * numbers of the machine.
 */

#define CFI_REGISTERS 35 /* those of both machines; rules of others (vectors) are read over */
/* AArch64: not a register, its rule's offset says in bit 0 whether the return address is signed. */
#define CFI_RA_SIGN_STATE 34

enum cfi_how {
	CFI_SAME,      /* the function left it as it is */
	CFI_UNDEFINED, /* it is lost; of the return address: there is no caller */
	CFI_SAVED,     /* in memory at CFA + offset */
	CFI_VALUE,     /* is CFA + offset */
	CFI_REGISTER,  /* is in register offset */
	CFI_SAVED_BY,  /* in memory where the expression says */
	CFI_VALUE_BY,  /* is what the expression says */
};

struct cfi_rule {
	enum cfi_how how;
	int64_t offset;
	struct elf_part by; /* the expression's bytes, without their length */
};

struct cfi_row {
	struct cfi_rule cfa; /* CFI_VALUE: register cfa_register + offset; CFI_VALUE_BY */
	unsigned cfa_register;
	unsigned return_register; /* below CFI_REGISTERS */
	bool signal; /* the frame of a signal: its caller was interrupted, not calling ('S') */
	struct cfi_rule rule[CFI_REGISTERS];
};

enum cfi_found {
	CFI_NONE, /* nothing is said of this address */
	CFI_FOUND,
	CFI_BAD, /* what is said makes no sense, or is not known here */
};

/*
 * The row that holds at an address. By .eh_frame_hdr's table where there is one that is sorted,
 * else (static programs have none) one entry of .eh_frame after the other.
 */
enum cfi_found cfi_find(const struct elf *, uint64_t address, struct cfi_row *);

/*
 * Makes the index that the object does not have, as the linker would have made it, in a room that
 * outlives the object and is aligned for 64 bits: find is quick then. Where the room is too small,
 * nothing is changed; it is large enough with CFI_INDEX_SIZE bytes.
 */
#define CFI_INDEX_HEAD    16
#define CFI_INDEX_SIZE(e) (CFI_INDEX_HEAD + (e)->frames.len / 2)
void cfi_make_index(struct elf *, void *room, size_t size);

/* What an expression may ask of the outside. */
struct cfi_world {
	void *arg;
	bool (*get)(void *arg, unsigned number, uint64_t *value); /* a register; false: unknown */
	/* size is 1 to 8; the value in the machine's byte order, its upper bytes 0 */
	bool (*read)(void *arg, uint64_t address, unsigned size, uint64_t *value);
};

/*
 * An expression of DWARF's stack machine over a stack of 32; first, if not NULL, is on it already.
 * At most 1000 operations are made, so that none loops forever. False: it is not well-formed, asks
 * for what is unknown, or does not end.
 */
bool cfi_evaluate(
    struct elf_part expression, const struct cfi_world *, const uint64_t *first, uint64_t *result);

#endif
