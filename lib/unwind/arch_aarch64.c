#include <string.h>

#include "machine.h"

enum { FP = 29, LR = 30, SP = 31 };

#define NOP 0xd503201fu
/* In struct rt_sigframe: siginfo, ucontext up to its registers, the address of a fault. */
#define REGISTERS (128 + 176 + 8)
#define SIGFRAME  65536 /* bytes at most, and of a handler's frame */
#define LEAF      64    /* bytes at most that such a function is believed to have done */

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

/*
 * The stack pointer is at a struct rt_sigframe. Behind it the kernel has put a frame record of the
 * same registers, which the frame pointer shows.
 */
static bool
interrupted(const struct unwind_space *s, struct unwind_registers *r, bool low)
{
	uint64_t word[33], record[2], at = r->value[SP], end = at;

	if (low) {
		end = r->value[FP];
		if (end - at > SIGFRAME || !s->read(s->arg, end, record, sizeof record))
			return false;
		end -= REGISTERS + sizeof word; /* or it would find itself */
	}
	for (;; at += 16) {
		if (at > end || !s->read(s->arg, at + REGISTERS, word, sizeof word))
			return false;
		if (!low || (word[FP] == record[0] && word[LR] == record[1]))
			break;
	}
	memcpy(r->value, word, (SP + 1) * sizeof word[0]);
	r->known = (1ull << (SP + 1)) - 1;
	r->pc = word[32];
	return true;
}

/* blr and its relatives with pointer authentication */
static bool
is_indirect(uint32_t w)
{
	return (w & 0xfffffc1f) == 0xd63f0000 || (w & 0xfffff800) == 0xd63f0800 ||
	    (w & 0xfffff800) == 0xd73f0800;
}

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
	return is_indirect(w);
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

/* Does it give the function stack, or put something there? The body begins behind the last such. */
static bool
enters(uint32_t w, struct unwind_prologue *p)
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
	} else if ((w & 0xffc003e0) == 0x6d8003e0) { /* stp of d registers, [sp, #n]! */
		p->depth -= bits(w, 15, 7) * 8;
	} else {
		return false;
	}
	return true;
}

/* It is in its register again. */
static void
loaded(struct unwind_prologue *p, uint32_t reg)
{
	if (reg == LR)
		p->ra = 0;
	if (reg == FP)
		p->fp = 0;
}

/* What undoes that at the end, of which a function has one for each return. */
static void
leaves(uint32_t w, struct unwind_prologue *p)
{
	bool pair = (w & 0xfec003e0) == 0xa8c003e0, one = (w & 0xffe00fe0) == 0xf84007e0;

	if (pair || one || (w & 0xffc003e0) == 0xf94003e0) /* ldp, ldr of [sp], #n or [sp, #n] */
		loaded(p, w & 31);
	if (pair)
		loaded(p, w >> 10 & 31);
	if ((w & 0xffc003e0) == 0xa8c003e0 || (w & 0xffc003e0) == 0x6cc003e0)
		p->depth -= bits(w, 15, 7) * 8;
	else if (one)
		p->depth -= bits(w, 12, 9);
	else if ((w & 0xff8003ff) == 0x910003ff) /* add sp, sp, #n */
		p->depth -= (int64_t)(w >> 10 & 0xfff) << (w >> 22 & 1 ? 12 : 0);
}

/* b, br, ret and its relatives with pointer authentication: what follows was jumped to */
static bool
is_jump(uint32_t w)
{
	return (w & 0xfc000000) == 0x14000000 || (w & 0xfffffc1f) == 0xd61f0000 ||
	    (w & 0xfffff81f) == 0xd65f0000 || (w & 0xfffffbff) == 0xd65f0bff;
}

/* Instructions have one size, so that all up to pc can be read; few functions are longer. */
static void
prologue(const struct unwind_space *s, uint64_t start, uint64_t pc, struct unwind_prologue *p)
{
	struct unwind_prologue body = { 0 };
	uint32_t w;

	*p = body;
	for (uint64_t at = start; at + 4 <= pc && at - start < 4096 && word_at(s, at, &w);
	     at += 4) {
		if (enters(w, p))
			body = *p;
		else if (is_jump(w))
			*p = body;
		else
			leaves(w, p);
	}
}

/* As libc's functions for system calls: some instructions behind another function's end. */
static bool
leaf(const struct unwind_space *s, uint64_t pc)
{
	struct unwind_prologue p = { 0 };
	uint32_t w;

	for (uint64_t at = pc - 4; pc - at <= LEAF && word_at(s, at, &w); at -= 4) {
		if (is_jump(w) || w == NOP || w == 0)
			return true;
		if (enters(w, &p) || is_indirect(w) || (w & 0xfc000000) == 0x94000000)
			return false;
		leaves(w, &p);
		if (p.depth != 0)
			return false;
	}
	return false;
}

const struct unwind_machine unwind_aarch64 = {
	.sp = SP,
	.fp = FP,
	.lr = LR,
	.pc = 32,
	.order = order,
	.words = sizeof order,
	.trampoline = { "\x68\x11\x80\xd2\x01\0\0\xd4", 8 }, /* mov x8, #139; svc #0 */
	.end = { "\xa8\x0b\x80\xd2\x01\0\0\xd4", 8 },        /* mov x8, #93; svc #0: musl's */
	.leaf = leaf,
	.interrupted = interrupted,
	.after_call = after_call,
	.prologue = prologue,
};
