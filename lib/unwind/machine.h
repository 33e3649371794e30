#ifndef SE_UNWIND_MACHINE_H
#define SE_UNWIND_MACHINE_H

#include "unwind.h"

/* What the first instructions of a function did to the stack, or the last ones will undo. */
struct unwind_prologue {
	int64_t depth;  /* CFA minus stack pointer */
	int64_t ra, fp; /* how far below the CFA they have put these; 0: not */
	bool whole;     /* there is nothing else between the function's start and pc */
};

/* Instructions that are known by their bytes. */
struct unwind_code {
	const char *bytes;
	size_t len;
};

/* What differs between processors. Each function is told of code and stack by the space. */
struct unwind_machine {
	unsigned sp, fp;
	unsigned lr; /* CFI_REGISTERS: calls put the return address on the stack */
	unsigned pc; /* what expressions call it, as those of procedure linkage tables do */
	/* Where NT_PRSTATUS has the registers: their DWARF numbers in its order. */
	const unsigned char *order;
	unsigned words;                /* of NT_PRSTATUS, 64 bits each */
	struct unwind_code trampoline; /* rt_sigreturn(2), to which a signal's handler returns */
	struct unwind_code end;        /* exit(2), to which a thread's first function returns */
	/*
	 * The pc is there: sets the registers to what was interrupted. low: the stack pointer is
	 * only known to be at least that. False: unreadable, or not found.
	 */
	bool (*interrupted)(const struct unwind_space *, struct unwind_registers *, bool low);
	/*
	 * Is the address one to which a call returns? Sets where that call goes; 0: through a
	 * register or memory.
	 */
	bool (*after_call)(const struct unwind_space *, uint64_t address, uint64_t *target);
	/*
	 * NULL, or: is pc in a function that called none and has put nothing on the stack, as far
	 * as can be seen without knowing where it begins?
	 */
	bool (*leaf)(const struct unwind_space *, uint64_t pc);
	/* Reads the first instructions of the function at start, but none from pc on. */
	void (*prologue)(
	    const struct unwind_space *, uint64_t start, uint64_t pc, struct unwind_prologue *);
	/*
	 * Reads from pc on up to where the function is left, if it is not far and the way there is
	 * simple. False: it is not. calls: as if all of them returned. NULL: not done here.
	 */
	bool (*epilogue)(
	    const struct unwind_space *, uint64_t pc, bool calls, struct unwind_prologue *);
	/* Where the function at the address goes on to, if it only jumps; 0: it does not. */
	uint64_t (*jump)(const struct unwind_space *, uint64_t address);
};

/* An order's words that are not among the registers. */
enum { UNWIND_ORDER_PC = 254, UNWIND_ORDER_NONE = 255 };

#endif
