#include "cfi.h"

#include <string.h>

#include "dwarf.h"

enum { STACK = 32, OPERATIONS = 1000 };

/* DWARF 5, 7.7.1 */
enum {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_PICK = 0x15,
	OP_SWAP = 0x16,
	OP_ROT = 0x17,
	OP_ABS = 0x19,
	OP_AND = 0x1a,
	OP_DIV = 0x1b,
	OP_MINUS = 0x1c,
	OP_MOD = 0x1d,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_SHRA = 0x26,
	OP_XOR = 0x27,
	OP_BRA = 0x28,
	OP_EQ = 0x29, /* and GE, GT, LE, LT */
	OP_NE = 0x2e,
	OP_SKIP = 0x2f,
	OP_LIT0 = 0x30,
	OP_REG0 = 0x50,
	OP_BREG0 = 0x70,
	OP_REGX = 0x90,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
	RANGE = 0x20, /* of LIT0, REG0 and BREG0 */
};

struct machine {
	struct elf_part all;
	struct dwarf code; /* what is left of it; bad, too, once the stack was misused */
	const struct cfi_world *world;
	unsigned depth;
	uint64_t stack[STACK];
};

static void
push(struct machine *m, uint64_t value)
{
	if (m->depth < STACK)
		m->stack[m->depth++] = value;
	else
		m->code.bad = true;
}

static uint64_t
pop(struct machine *m)
{
	if (m->depth > 0)
		return m->stack[--m->depth];
	m->code.bad = true;
	return 0;
}

/* Pushes the value that is below below others. */
static void
push_copy(struct machine *m, uint64_t below)
{
	if (below < m->depth)
		push(m, m->stack[m->depth - 1 - below]);
	else
		m->code.bad = true;
}

/* Moves the topmost value under so many others. */
static void
sink(struct machine *m, unsigned others)
{
	uint64_t *to, top;

	if (m->depth <= others) {
		m->code.bad = true;
		return;
	}
	to = m->stack + m->depth - 1 - others;
	top = to[others];
	memmove(to + 1, to, others * sizeof *to);
	*to = top;
}

static void
push_register(struct machine *m, uint64_t number, int64_t offset)
{
	uint64_t value = 0;

	if (number >= CFI_REGISTERS || !m->world->get(m->world->arg, (unsigned)number, &value))
		m->code.bad = true;
	push(m, value + (uint64_t)offset);
}

static void
dereference(struct machine *m, uint64_t size)
{
	uint64_t value = 0, address = pop(m);

	if (m->code.bad || size < 1 || size > 8 ||
	    !m->world->read(m->world->arg, address, (unsigned)size, &value))
		m->code.bad = true;
	push(m, value);
}

static void
jump(struct machine *m, int64_t by)
{
	int64_t to = m->code.left.at - m->all.at + by;

	if (m->code.bad || to < 0 || (uint64_t)to > m->all.len) {
		m->code.bad = true;
		return;
	}
	m->code.left = m->all;
	(void)dwarf_take(&m->code, (uint64_t)to);
}

/* As gcc's unwinder does it: division and comparisons have signs, the modulus has none. */
static uint64_t
combine(struct machine *m, unsigned op, uint64_t a, uint64_t b)
{
	int64_t signed_a = (int64_t)a, signed_b = (int64_t)b;
	int order = 1 + (signed_a > signed_b) - (signed_a < signed_b);
	uint64_t sign = op == OP_SHRA && signed_a < 0 ? UINT64_MAX : 0;
	/* when a comparison holds: bit 0: a is less, bit 1: they are equal, bit 2: it is greater */
	static const unsigned char holds[] = { 2, 6, 4, 3, 1, 5 };

	switch (op) {
	case OP_AND:
		return a & b;
	case OP_DIV:
	case OP_MOD:
		if (b == 0) {
			m->code.bad = true;
			return 0;
		}
		if (op == OP_MOD)
			return a % b;
		return signed_b == -1 ? 0 - a : (uint64_t)(signed_a / signed_b);
	case OP_MINUS:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_OR:
		return a | b;
	case OP_PLUS:
		return a + b;
	case OP_SHL:
		return b < 64 ? a << b : 0;
	case OP_SHR:
	case OP_SHRA:
		return b < 64 ? ((a ^ sign) >> b) ^ sign : sign;
	case OP_XOR:
		return a ^ b;
	default:
		if (op >= OP_EQ && op <= OP_NE)
			return holds[op - OP_EQ] >> order & 1;
		m->code.bad = true;
		return 0;
	}
}

/* Constants of 1, 1, 2, 2, 4, 4, 8 and 8 bytes: each first without a sign. */
static void
push_constant(struct machine *m, unsigned op)
{
	unsigned bytes = 1u << (op - OP_CONST1U) / 2;

	push(m,
	    (op - OP_CONST1U) % 2 ? (uint64_t)dwarf_signed(&m->code, bytes)
				  : dwarf_number(&m->code, bytes));
}

/* What is made of the stack alone, but for combinations. False: it is something else. */
static bool
rearrange(struct machine *m, unsigned op)
{
	uint64_t number;

	switch (op) {
	case OP_DUP:
		push_copy(m, 0);
		return true;
	case OP_DROP:
		(void)pop(m);
		return true;
	case OP_OVER:
		push_copy(m, 1);
		return true;
	case OP_SWAP:
		sink(m, 1);
		return true;
	case OP_ROT:
		sink(m, 2);
		return true;
	case OP_ABS:
		number = pop(m);
		push(m, number >> 63 ? 0 - number : number);
		return true;
	case OP_NEG:
		push(m, 0 - pop(m));
		return true;
	case OP_NOT:
		push(m, ~pop(m));
		return true;
	default:
		return op == OP_NOP;
	}
}

static void
operate(struct machine *m, unsigned op)
{
	struct dwarf *code = &m->code;
	uint64_t number;

	switch (op) {
	case OP_ADDR:
		push(m, dwarf_number(code, 8));
		break;
	case OP_DEREF:
		dereference(m, 8);
		break;
	case OP_DEREF_SIZE:
		dereference(m, dwarf_number(code, 1));
		break;
	case OP_CONSTU:
		push(m, dwarf_uleb(code));
		break;
	case OP_CONSTS:
		push(m, (uint64_t)dwarf_sleb(code));
		break;
	case OP_PICK:
		push_copy(m, dwarf_number(code, 1));
		break;
	case OP_PLUS_UCONST:
		number = pop(m);
		push(m, number + dwarf_uleb(code));
		break;
	case OP_BRA:
	case OP_SKIP:
		number = dwarf_number(code, 2);
		if (op == OP_SKIP || pop(m) != 0)
			jump(m, (int16_t)number);
		break;
	case OP_REGX:
		push_register(m, dwarf_uleb(code), 0);
		break;
	case OP_BREGX:
		number = dwarf_uleb(code);
		push_register(m, number, dwarf_sleb(code));
		break;
	default:
		if (rearrange(m, op))
			break;
		number = pop(m);
		push(m, combine(m, op, pop(m), number));
		break;
	}
}

bool
cfi_evaluate(struct elf_part expression, const struct cfi_world *world, const uint64_t *first,
    uint64_t *result)
{
	struct machine m;

	m.all = expression;
	m.code = (struct dwarf){ .left = expression };
	m.world = world;
	m.depth = 0;
	if (first)
		push(&m, *first);
	for (unsigned left = OPERATIONS; m.code.left.len > 0; left--) {
		unsigned op = (unsigned)dwarf_number(&m.code, 1);

		if (left == 0)
			return false;
		if (op >= OP_LIT0 && op < OP_LIT0 + RANGE)
			push(&m, op - OP_LIT0);
		else if (op >= OP_REG0 && op < OP_REG0 + RANGE)
			push_register(&m, op - OP_REG0, 0);
		else if (op >= OP_BREG0 && op < OP_BREG0 + RANGE)
			push_register(&m, op - OP_BREG0, dwarf_sleb(&m.code));
		else if (op >= OP_CONST1U && op <= OP_CONST8S)
			push_constant(&m, op);
		else
			operate(&m, op);
		if (m.code.bad)
			return false;
	}
	*result = pop(&m);
	return !m.code.bad;
}
