#include <string.h>

#include "../base/text.h"
#include "machine.h"

enum { RBP = 6, RSP = 7 };

/* struct user_regs_struct of <sys/user.h>, by DWARF's numbers (System V ABI, AMD64, 3.6.2) */
static const unsigned char order[] = { 15, 14, 13, 12, RBP, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5,
	UNWIND_ORDER_NONE, UNWIND_ORDER_PC, UNWIND_ORDER_NONE, UNWIND_ORDER_NONE, RSP };

/* ---- signals ---- */

/*
 * The stack pointer is at a struct ucontext, whose registers begin behind flags, link and stack: 40
 * bytes.
 */
static bool
interrupted(const struct unwind_space *s, struct unwind_registers *r, bool low)
{
	static const unsigned char saved[] = { 8, 9, 10, 11, 12, 13, 14, 15, 5, 4, RBP, 3, 1, 0, 2,
		RSP };
	uint64_t word[sizeof saved + 1];

	if (low || !s->read(s->arg, r->value[RSP] + 40, word, sizeof word))
		return false;
	r->known = 0;
	for (size_t i = 0; i < sizeof saved; i++) {
		r->value[saved[i]] = word[i];
		r->known |= 1ull << saved[i];
	}
	r->pc = word[sizeof saved];
	return true;
}

/* ---- calls ---- */

/*
 * How long the rest of an instruction is whose ModRM byte is at m: it, SIB and displacement; 0: it
 * needs more than is there.
 */
static size_t
operand(const unsigned char *m, size_t left)
{
	unsigned mod, rm;
	size_t n = 1;

	if (left == 0)
		return 0;
	mod = m[0] >> 6;
	rm = m[0] & 7;
	if (mod == 3)
		return 1;
	if (rm == 4) {
		if (left < ++n)
			return 0;
		rm = m[1] & 7;
	}
	if (mod == 1)
		n += 1;
	else if (mod == 2 || rm == 5)
		n += 4;
	return n <= left ? n : 0;
}

/* Do the n bytes before end hold call *..., ff /2, and nothing else? */
static bool
is_indirect(const unsigned char *end, size_t n)
{
	const unsigned char *at = end - n;

	return at[0] == 0xff && (at[1] & 0x38) == 0x10 && operand(at + 1, n - 1) == n - 1;
}

static bool
after_call(const struct unwind_space *s, uint64_t address, uint64_t *target)
{
	unsigned char b[8];
	int32_t near;

	*target = 0;
	if (address < sizeof b || !s->module(s->arg, address - 1) ||
	    !s->code(s->arg, address - sizeof b, b, sizeof b))
		return false;
	if (b[3] == 0xe8) {
		memcpy(&near, b + 4, sizeof near);
		if (s->module(s->arg, address + (uint64_t)(int64_t)near)) {
			*target = address + (uint64_t)(int64_t)near;
			return true;
		}
	}
	for (size_t n = 2; n <= 7; n++)
		if (is_indirect(b + sizeof b, n))
			return true;
	return false;
}

/* ---- the first and the last instructions of a function ---- */

/* Opcodes with a ModRM byte, and how many bytes of a constant follow; others end the reading. */
static int
constant_of(unsigned char opcode, unsigned char modrm)
{
	static const unsigned char none[] = { 0x01, 0x03, 0x09, 0x0b, 0x21, 0x23, 0x29, 0x2b, 0x31,
		0x33, 0x38, 0x39, 0x3a, 0x3b, 0x63, 0x84, 0x85, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xd1,
		0xd3 },
				   one[] = { 0x6b, 0x80, 0x83, 0xc0, 0xc1, 0xc6 },
				   four[] = { 0x69, 0x81, 0xc7 };
	bool is_test = (opcode & 0xfe) == 0xf6 && (modrm & 0x30) == 0; /* it has one */

	if (is_test)
		return opcode == 0xf6 ? 1 : 4;
	if (text_find(none, (char)opcode, sizeof none) || (opcode & 0xfe) == 0xf6)
		return 0;
	if (text_find(one, (char)opcode, sizeof one))
		return 1;
	return text_find(four, (char)opcode, sizeof four) ? 4 : -1;
}

/* Behind 0x0f: is it one with a ModRM byte and no constant? Moves, vectors, imul, setcc, cmovcc. */
static bool
is_plain(unsigned char opcode)
{
	return (opcode >> 4) == 1 || (opcode >> 3) == 5 || (opcode >= 0x40 && opcode < 0x70) ||
	    (opcode >> 4) == 9 || opcode == 0xaf || (opcode & 0xf6) == 0xb6 || opcode >= 0xd0;
}

/* Is the stack pointer what the instruction writes? */
static bool
writes_sp(unsigned rex, unsigned char opcode, unsigned char modrm)
{
	bool to_reg = opcode == 0x63 || opcode == 0x69 || opcode == 0x6b || opcode == 0x8d ||
	    (opcode & 0xc7) == 0x03 || opcode == 0x8b;

	if (to_reg)
		return (modrm >> 3 & 7) == 4 && !(rex & 4);
	return (modrm & 0xc7) == 0xc4 && !(rex & 1) && (opcode & 0xfe) != 0x84 && opcode != 0x39;
}

/* A conditional jump: its length, and how far it goes from its end; else 0. */
static size_t
branch(const unsigned char *b, int64_t *far)
{
	int32_t more;

	if ((b[0] & 0xf0) == 0x70) {
		*far = (b[1] ^ 0x80) - 0x80; /* its sign, extended */
		return 2;
	}
	if (b[0] != 0x0f || (b[1] & 0xf0) != 0x80)
		return 0;
	memcpy(&more, b + 2, sizeof more);
	*far = more;
	return 6;
}

/* The instruction at b; its length, 0: not one that is known here. */
static size_t
instruction(const unsigned char *b, size_t left, struct unwind_prologue *p)
{
	size_t at = 0, n;
	unsigned rex = 0;
	int constant = 0;

	if (left < 16)
		return 0;
	if (memcmp(b, "\xf3\x0f\x1e\xfa", 4) == 0) /* endbr64 */
		return 4;
	while (at < 3 && (b[at] == 0x64 || b[at] == 0x66 || b[at] == 0xf2 || b[at] == 0xf3))
		at++; /* %fs:, 16 bits, vectors */
	if ((b[at] & 0xf0) == 0x40)
		rex = b[at++];
	if ((b[at] & 0xf8) == 0x50) { /* push */
		p->depth += 8;
		if (at == 0 && b[0] == 0x55)
			p->fp = p->depth;
		return at + 1;
	}
	if (b[0] == 0x68 || b[0] == 0x6a) { /* push $constant */
		p->depth += 8;
		return b[0] == 0x68 ? 5 : 2;
	}
	if ((b[at] & 0xf8) == 0xb8) /* mov $constant, a register */
		return rex & 8 || (b[0] == 0x66) ? 0 : at + 5;
	if (b[at] == 0x90 || b[at] == 0x98 || b[at] == 0x99)
		return at + 1;
	if (b[at] == 0x0f) {
		if (!is_plain(b[++at]))
			return 0;
	} else if ((constant = constant_of(b[at], b[at + 1])) < 0 ||
	    (b[0] == 0x66 && constant == 4)) {
		return 0;
	}
	if ((n = operand(b + at + 1, left - at - 1)) == 0)
		return 0;
	n += at + 1;
	if (n + (size_t)constant > left)
		return 0;
	if (b[0] == 0x48 && b[1] == 0x83 && b[2] == 0xec) { /* sub $constant, %rsp */
		p->depth += (signed char)b[3];
	} else if (b[0] == 0x48 && b[1] == 0x81 && b[2] == 0xec) {
		int32_t more;

		memcpy(&more, b + 3, sizeof more);
		p->depth += more;
	} else if (b[at - (at > 0)] != 0x0f && writes_sp(rex, b[at], b[at + 1])) {
		return 0;
	}
	return n + (size_t)constant;
}

/* What takes some of the frame down: its length, 0: it is none. */
static size_t
takes_down(const unsigned char *b, struct unwind_prologue *p)
{
	size_t rex = (b[0] & 0xf0) == 0x40;
	int32_t more;

	if ((b[rex] & 0xf8) == 0x58) { /* pop */
		if (!rex && b[0] == 0x5d)
			p->fp = p->depth;
		p->depth += 8;
		return rex + 1;
	}
	if (b[0] != 0x48 || b[2] != 0xc4) /* add $constant, %rsp */
		return 0;
	if (b[1] == 0x83) {
		p->depth += (signed char)b[3];
		return 4;
	}
	if (b[1] != 0x81)
		return 0;
	memcpy(&more, b + 3, sizeof more);
	p->depth += more;
	return 7;
}

/* What a call's arguments have taken, which are taken down behind it. */
static int64_t
arguments(const struct unwind_space *s, uint64_t pc)
{
	struct unwind_prologue down = { 0 }, up = { 0 };
	unsigned char b[48];
	size_t at = 0, n;

	if (!s->code(s->arg, pc, b, sizeof b))
		return 0;
	while (at < sizeof b - 16 && up.depth == 0) {
		if ((n = takes_down(b + at, &down)) == 0 &&
		    (down.depth > 0 || (n = instruction(b + at, sizeof b - at, &up)) == 0))
			break;
		at += n;
	}
	return down.depth;
}

/* Where the function at the address jumps to, if that is about all that it does; 0: nowhere. */
static uint64_t
jump(const struct unwind_space *s, uint64_t address)
{
	struct unwind_prologue up = { 0 };
	unsigned char b[48];
	size_t at = 0, n = 1;
	int32_t far;

	if (!s->code(s->arg, address, b, sizeof b))
		return 0;
	for (; at < sizeof b - 16 && n > 0; at += n) {
		if (b[at] == 0xe9) {
			memcpy(&far, b + at + 1, sizeof far);
			return address + at + 5 + (uint64_t)(int64_t)far;
		}
		n = instruction(b + at, sizeof b - at, &up);
	}
	return 0;
}

static void
prologue(const struct unwind_space *s, uint64_t start, uint64_t pc, struct unwind_prologue *p)
{
	unsigned char b[96];
	size_t at = 0, n;
	int64_t far;

	*p = (struct unwind_prologue){ .depth = 8, .ra = 8 };
	if (!s->code(s->arg, start, b, sizeof b))
		return;
	while (start + at < pc && at < sizeof b - 16) {
		/* a jump that may have led to pc: what stands between need not have been done */
		if ((n = branch(b + at, &far)) > 0) {
			if (far >= 0 && start + at + n + (uint64_t)far <= pc)
				break;
		} else if ((n = instruction(b + at, sizeof b - at, p)) == 0) {
			break;
		}
		at += n;
	}
	p->whole = start + at == pc;
	if (!p->whole)
		p->depth += arguments(s, pc);
}

/* Whichever way a function goes to its end, all take down the same. */
static bool
epilogue(const struct unwind_space *s, uint64_t pc, bool calls, struct unwind_prologue *p)
{
	unsigned char b[80];
	size_t at = 0, n;
	int64_t far;

	*p = (struct unwind_prologue){ .fp = -1 };
	if (!s->code(s->arg, pc, b, sizeof b))
		return false;
	for (; at < sizeof b - 16; at += n) {
		struct unwind_prologue up = { 0 };
		const unsigned char *i = b + at + (b[at] == 0xf2 || b[at] == 0xf3);

		/* a return, or a jump on to a function at an address in memory */
		if (*i == 0xc3 || *i == 0xc2 || (i[0] == 0xff && i[1] == 0x25))
			break;
		n = calls && b[at] == 0xe8 ? 5 : branch(b + at, &far);
		if (n > 0 || (n = takes_down(b + at, p)) > 0)
			continue;
		if ((n = instruction(b + at, sizeof b - at, &up)) == 0)
			return false;
		p->depth -= up.depth;
	}
	p->depth += 8;
	p->ra = 8;
	p->fp = p->fp < 0 ? 0 : p->depth - p->fp;
	return at < sizeof b - 16 && p->depth > 0;
}

const struct unwind_machine unwind_x86_64 = {
	.sp = RSP,
	.fp = RBP,
	.lr = CFI_REGISTERS,
	.pc = 16,
	.order = order,
	.words = sizeof order,
	.trampoline = { "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9 }, /* mov $15, %rax; syscall */
	/* mov %eax, %edi; xor %eax, %eax; mov $60, %al; syscall: musl's */
	.end = { "\x89\xc7\x31\xc0\xb0\x3c\x0f\x05", 8 },
	.interrupted = interrupted,
	.after_call = after_call,
	.prologue = prologue,
	.epilogue = epilogue,
	.jump = jump,
};
