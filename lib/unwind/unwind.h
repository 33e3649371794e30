#ifndef SE_UNWIND_UNWIND_H
#define SE_UNWIND_UNWIND_H

#include "cfi.h"

/*
 * Walks over a stack of which the bytes are told by the caller: of a copy, or of a process that
 * goes on. Whatever they hold, a walk ends.
 */

/* A mapping that can be executed. */
struct unwind_module {
	const struct elf *elf; /* NULL: nothing is known of it */
	uint64_t bias;
};

/* What is asked of the outside while a stack is walked. */
struct unwind_space {
	void *arg;
	/* Bytes of the stack, or of other data; false: they cannot be had. */
	bool (*read)(void *arg, uint64_t address, void *to, size_t n);
	/* Bytes of code. */
	bool (*code)(void *arg, uint64_t address, void *to, size_t n);
	/* What is mapped there; NULL: nothing, or nothing that can be executed. */
	const struct unwind_module *(*module)(void *arg, uint64_t address);
	uint64_t top;      /* the end of the mapping that the stack pointer is in */
	bool final;        /* more than these registers cannot be known: rather guess */
	uint64_t pac_mask; /* AArch64: the bits of a code address that a signature takes */
};

struct unwind_registers {
	uint64_t pc, known;            /* known: bit n: value[n] is */
	uint64_t value[CFI_REGISTERS]; /* by DWARF's numbers */
};

/* How the frame was found, from the surest to the least sure. */
enum unwind_how {
	UNWIND_FIRST,   /* where the thread is */
	UNWIND_SIGNAL,  /* was interrupted by the frame before it */
	UNWIND_CFI,     /* by call frame information */
	UNWIND_CALL,    /* a return address whose call goes to the function before it */
	UNWIND_POINTER, /* by the frame pointer */
	UNWIND_CODE,    /* by the function's own first instructions, or its link register */
	UNWIND_GUESS,   /* a return address behind any call */
};

struct unwind_frame {
	uint64_t pc;
	enum unwind_how how;
};

enum unwind_end {
	UNWIND_OUTERMOST, /* whole: there is no caller */
	UNWIND_MANY,      /* more frames than room, see unwind_stack */
	UNWIND_UNKNOWN,   /* a register is wanted that is not known */
	UNWIND_LOST,      /* no way to a caller was found */
	UNWIND_UNREADABLE,
	UNWIND_LOOP, /* the stack pointer does not grow */
};

struct unwind_machine; /* arch_x86_64.c, arch_aarch64.c */
extern const struct unwind_machine unwind_x86_64, unwind_aarch64;

/*
 * The registers from the kernel's regset NT_PRSTATUS of a thread that is stopped, of len bytes.
 * False: it is not one of this machine.
 */
bool unwind_from_kernel(
    const struct unwind_machine *, const void *regset, size_t len, struct unwind_registers *);
/* Those of which only the stack pointer and the program counter are known. */
void unwind_from_two(
    const struct unwind_machine *, uint64_t sp, uint64_t pc, struct unwind_registers *);

struct unwind_stack {
	struct unwind_frame *frame; /* the first ones, then the last ones */
	size_t room, last;          /* how many fit; how many of them are for the last ones */
	size_t frames;              /* how many are there */
	size_t left_out;            /* between the first and the last ones */
	enum unwind_end end;
};

/* Walks up to UNWIND_DEPTH frames; all but frame, room and last of the stack is filled in. */
#define UNWIND_DEPTH 100000
void unwind_walk(const struct unwind_machine *, const struct unwind_space *,
    const struct unwind_registers *, struct unwind_stack *);

#endif
