#include <elf.h>
#include <string.h>

#include "machine.h"

enum { FP = 29, LR = 30, SP = 31 };

/* struct user_pt_regs: x0 to x30, sp, pc; the numbers are DWARF's (AADWARF64, 4.1) */
static const unsigned char order[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, FP, LR, SP, UNWIND_ORDER_PC };

static bool
word_at(const struct unwind_space *s, uint64_t address, uint32_t *word)
{
	return s->code(s->arg, address, word, sizeof *word);
}

/* n bits of the word from bit at on, as a signed number */
static int64_t
bits(uint32_t word, unsigned at, unsigned n)
{
	return (int64_t)((uint64_t)word << (64 - at - n)) >> (64 - n);
}

/* mov x8, #139; svc #0: rt_sigreturn(2), of the vdso or of a libc */
static bool
is_trampoline(const struct unwind_space *s, uint64_t address)
{
	static const uint32_t trampoline[] = { 0xd2801168, 0xd4000001 };
	uint32_t code[2];

	return s->code(s->arg, address, code, sizeof code) &&
	    memcmp(code, trampoline, sizeof code) == 0;
}

/*
 * The stack pointer is at a struct rt_sigframe: siginfo of 128 bytes, ucontext up to its registers
 * 176, the fault's address 8.
 */
static bool
interrupted(const struct unwind_space *s, struct unwind_registers *r)
{
	uint64_t word[33];

	if (!s->read(s->arg, r->value[SP] + 128 + 176 + 8, word, sizeof word))
		return false;
	memcpy(r->value, word, (SP + 1) * sizeof word[0]);
	r->known = (1ull << (SP + 1)) - 1;
	r->pc = word[32];
	return true;
}

/* bl, blr and its relatives with pointer authentication */
static bool
after_call(const struct unwind_space *s, uint64_t address, uint64_t *target)
{
	uint32_t w;

	*target = 0;
	if ((address & 3) || address < 4 || !s->module(s->arg, address - 4) ||
	    !word_at(s, address - 4, &w))
		return false;
	if ((w & 0xfc000000) == 0x94000000) {
		uint64_t to = address - 4 + (uint64_t)(bits(w, 0, 26) * 4);

		*target = s->module(s->arg, to) ? to : 0;
		return *target != 0;
	}
	return (w & 0xfffffc1f) == 0xd63f0000 || (w & 0xfffff800) == 0xd63f0800 ||
	    (w & 0xfffff800) == 0xd73f0800;
}

/* A register was stored at, bytes above the stack pointer. */
static void
stored(struct unwind_prologue *p, uint32_t reg, int64_t at)
{
	if (reg == LR)
		p->ra = p->depth - at;
	if (reg == FP)
		p->fp = p->depth - at;
}

static void
instruction(uint32_t w, struct unwind_prologue *p)
{
	uint32_t one = w & 31, two = w >> 10 & 31;

	if ((w & 0xffc003e0) == 0xa98003e0) { /* stp one, two, [sp, #n]! */
		p->depth -= bits(w, 15, 7) * 8;
		stored(p, one, 0);
		stored(p, two, 8);
	} else if ((w & 0xffc003e0) == 0xa90003e0) { /* stp one, two, [sp, #n] */
		stored(p, one, bits(w, 15, 7) * 8);
		stored(p, two, bits(w, 15, 7) * 8 + 8);
	} else if ((w & 0xffe00fe0) == 0xf8000fe0) { /* str one, [sp, #n]! */
		p->depth -= bits(w, 12, 9);
		stored(p, one, 0);
	} else if ((w & 0xffc003e0) == 0xf90003e0) { /* str one, [sp, #n] */
		stored(p, one, (int64_t)(w >> 10 & 0xfff) * 8);
	} else if ((w & 0xff8003ff) == 0xd10003ff) { /* sub sp, sp, #n */
		p->depth += (int64_t)(w >> 10 & 0xfff) << (w >> 22 & 1 ? 12 : 0);
	}
}

/* Instructions have one size, so that all up to pc can be read; few functions are longer. */
static void
prologue(const struct unwind_space *s, uint64_t start, uint64_t pc, struct unwind_prologue *p)
{
	uint32_t w;

	*p = (struct unwind_prologue){ 0 };
	for (uint64_t at = start; at + 4 <= pc && at - start < 4096 && word_at(s, at, &w); at += 4)
		instruction(w, p);
}

const struct unwind_machine unwind_aarch64 = {
	.elf = EM_AARCH64,
	.sp = SP,
	.fp = FP,
	.lr = LR,
	.order = order,
	.words = sizeof order,
	.trampoline = is_trampoline,
	.interrupted = interrupted,
	.after_call = after_call,
	.prologue = prologue,
};
