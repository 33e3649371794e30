#include <elf.h>
#include <string.h>

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

/* ---- the first instructions of a function ---- */

/* Opcodes with a ModRM byte, and how many bytes of a constant follow; others end the reading. */
static int
constant_of(unsigned char opcode)
{
	switch (opcode) {
	case 0x01:
	case 0x03:
	case 0x09:
	case 0x0b:
	case 0x21:
	case 0x23:
	case 0x29:
	case 0x2b:
	case 0x31:
	case 0x33:
	case 0x39:
	case 0x3b:
	case 0x63:
	case 0x84:
	case 0x85:
	case 0x88:
	case 0x89:
	case 0x8a:
	case 0x8b:
	case 0x8d:
		return 0;
	case 0x6b:
	case 0x80:
	case 0x83:
	case 0xc0:
	case 0xc1:
	case 0xc6:
		return 1;
	case 0x69:
	case 0x81:
	case 0xc7:
		return 4;
	default:
		return -1;
	}
}

/* The instruction at b; its length, 0: not one that is known here. */
static size_t
instruction(const unsigned char *b, size_t left, struct unwind_prologue *p)
{
	size_t at = 0, n;
	int constant;

	if (left < 8)
		return 0;
	if (memcmp(b, "\xf3\x0f\x1e\xfa", 4) == 0) /* endbr64 */
		return 4;
	if (b[0] == 0x64 || b[0] == 0x66) /* %fs:, 16 bits */
		at++;
	if ((b[at] & 0xf0) == 0x40)
		at++;
	if ((b[at] & 0xf8) == 0x50) { /* push */
		p->depth += 8;
		if (at == 0 && b[0] == 0x55)
			p->fp = p->depth;
		return at + 1;
	}
	if ((b[at] & 0xf8) == 0xb8) /* mov $constant, a register */
		return at > 0 && (b[at - 1] & 0xf8) == 0x48 ? 0 : at + 5;
	constant = constant_of(b[at]);
	if (b[0] == 0x66 && constant == 4) /* of two then */
		return 0;
	if (constant < 0 || (n = operand(b + at + 1, left - at - 1)) == 0)
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
	}
	return n + (size_t)constant;
}

static void
prologue(const struct unwind_space *s, uint64_t start, uint64_t pc, struct unwind_prologue *p)
{
	unsigned char b[64];
	size_t at = 0, n;

	*p = (struct unwind_prologue){ .depth = 8, .ra = 8 };
	if (!s->code(s->arg, start, b, sizeof b))
		return;
	while (start + at < pc && (n = instruction(b + at, sizeof b - at, p)) > 0)
		at += n;
}

const struct unwind_machine unwind_x86_64 = {
	.elf = EM_X86_64,
	.sp = RSP,
	.fp = RBP,
	.lr = CFI_REGISTERS,
	.order = order,
	.words = sizeof order,
	.trampoline = { "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9 }, /* mov $15, %rax; syscall */
	/* mov %eax, %edi; xor %eax, %eax; mov $60, %al; syscall: musl's */
	.end = { "\x89\xc7\x31\xc0\xb0\x3c\x0f\x05", 8 },
	.interrupted = interrupted,
	.after_call = after_call,
	.prologue = prologue,
};
