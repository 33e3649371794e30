#include "cfi.h"

#include <elf.h>
#include <string.h>

#include "dwarf.h"

enum {
	REMEMBERED = 16,        /* rows that may be remembered at a time */
	INSTRUCTIONS = 1 << 17, /* that are made for a row */
	AUGMENTATION = 16,      /* its letters, with the NUL behind them */
	LONG = -1,              /* a length: 8 bytes follow that say it */
};

/* What entries have in common (CIE). */
struct common {
	const unsigned char *at; /* NULL: none was read */
	struct elf_part code;    /* makes the row that each begins with */
	uint64_t code_step;
	int64_t data_step;
	uint64_t return_register;
	unsigned encoding; /* of addresses */
	bool augmented, signal;
};

/* What is said of a function, or a part of one (FDE). */
struct entry {
	struct common common;
	size_t at; /* in .eh_frame */
	uint64_t start, size;
	struct elf_part code;
};

/* ---- entries ---- */

static struct dwarf
whole(const struct elf *e)
{
	return (struct dwarf){ .left = e->frames,
		.shift = e->frames_address - (uintptr_t)e->frames.at };
}

/* The bytes of the next entry behind its length; there are none in one that terminates. */
static bool
take_entry(struct dwarf *d, struct dwarf *body)
{
	int64_t len = dwarf_signed(d, 4);

	*body = (struct dwarf){ .shift = d->shift };
	if (len == LONG)
		body->left = dwarf_take(d, dwarf_number(d, 8));
	else
		body->left = dwarf_take(d, (uint32_t)len);
	return !d->bad;
}

/* What the letters say (Linux Standard Base, 10.6.1.1.1), as far as they are known. */
static void
read_augmentation(struct dwarf *d, const char *letter, struct common *c)
{
	struct dwarf data = { .left = dwarf_take(d, dwarf_uleb(d)) };
	unsigned encoding;

	c->augmented = true;
	for (; *letter; letter++)
		switch (*letter) {
		case 'R':
			c->encoding = (unsigned)dwarf_number(&data, 1);
			break;
		case 'P': /* who handles exceptions */
			encoding = (unsigned)dwarf_number(&data, 1);
			if (encoding != DWARF_OMITTED)
				(void)dwarf_pointer(&data, encoding & DWARF_FORM, 0);
			break;
		case 'L': /* how the table of exceptions is encoded */
			(void)dwarf_number(&data, 1);
			break;
		case 'S':
			c->signal = true;
			break;
		case 'B': /* return addresses are signed by AArch64's other key */
		case 'G': /* stacks have memory tags */
			break;
		default: /* z has told the length of what is not known */
			d->bad |= data.bad;
			return;
		}
	d->bad |= data.bad;
}

static bool
read_common(struct elf_part part, struct common *c)
{
	struct dwarf frames = { .left = part }, d;
	char letter[AUGMENTATION];
	unsigned version;
	size_t n = 0;

	*c = (struct common){ 0 };
	if (!take_entry(&frames, &d) || dwarf_number(&d, 4) != 0)
		return false;
	version = (unsigned)dwarf_number(&d, 1);
	if (version != 1 && version != 3 && version != 4)
		return false;
	while ((letter[n] = (char)dwarf_number(&d, 1)) != '\0')
		if (++n == sizeof letter)
			return false;
	if (strcmp(letter, "eh") == 0) /* of gcc 2: a pointer to its own things */
		(void)dwarf_number(&d, 8);
	else if (n > 0 && letter[0] != 'z')
		return false;
	/* the sizes of an address and of a segment's number */
	if (version == 4 && (dwarf_number(&d, 1) != 8 || dwarf_number(&d, 1) != 0))
		return false;
	c->code_step = dwarf_uleb(&d);
	c->data_step = dwarf_sleb(&d);
	c->return_register = version == 1 ? dwarf_number(&d, 1) : dwarf_uleb(&d);
	if (letter[0] == 'z')
		read_augmentation(&d, letter + 1, c);
	c->code = d.left;
	c->at = d.bad ? NULL : part.at;
	return !d.bad;
}

/* CFI_NONE: it is a common one, or of a function that the linker has thrown away. */
static enum cfi_found
read_entry(const struct elf *e, struct dwarf *d, struct entry *f)
{
	struct elf_part common = e->frames;
	size_t at = (size_t)(d->left.at - common.at);
	uint64_t back = dwarf_number(d, 4);

	if (back == 0 && !d->bad)
		return CFI_NONE;
	if (d->bad || back > at)
		return CFI_BAD;
	at -= (size_t)back;
	common.at += at;
	common.len -= at;
	/* most entries have the one before's */
	if (f->common.at != common.at && !read_common(common, &f->common))
		return CFI_BAD;
	f->start = dwarf_pointer(d, f->common.encoding, 0);
	f->size = dwarf_pointer(d, f->common.encoding & DWARF_FORM, 0);
	if (f->common.augmented)
		(void)dwarf_take(d, dwarf_uleb(d));
	f->code = d->left;
	if (d->bad)
		return CFI_BAD;
	return f->start ? CFI_FOUND : CFI_NONE;
}

static bool
holds(const struct entry *f, uint64_t address)
{
	return address - f->start < f->size;
}

/* The next one that tells of a function, from the beginning on; false: there is none. */
static bool
next_entry(const struct elf *e, struct dwarf *frames, struct entry *f)
{
	struct dwarf body;

	while (f->at = (size_t)(frames->left.at - e->frames.at),
	    frames->left.len > 0 && take_entry(frames, &body)) {
		/*
		 * A length of 0 ends them for a loader, and where nothing else tells the end. A
		 * linker may have put one in the middle, behind what came from crtend.o: the
		 * section's size says more.
		 */
		if (body.left.len == 0) {
			if (e->in_memory)
				break;
			continue;
		}
		if (read_entry(e, &body, f) == CFI_FOUND)
			return true;
	}
	return false;
}

static enum cfi_found
find_one_by_one(const struct elf *e, uint64_t address, struct entry *f)
{
	struct dwarf frames = whole(e);

	while (next_entry(e, &frames, f))
		if (holds(f, address))
			return CFI_FOUND;
	return CFI_NONE;
}

/* By the table of the index, which the linker has sorted. */
static enum cfi_found
find_by_index(const struct elf *e, const struct dwarf_index *x, uint64_t address, struct entry *f)
{
	size_t low = 0, high = x->table.len / DWARF_INDEX_ENTRY;
	struct dwarf d = { 0 }, body;
	uint64_t at = 0, base = e->frames_index_address;
	enum cfi_found found;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		d.left.at = x->table.at + middle * DWARF_INDEX_ENTRY;
		d.left.len = DWARF_INDEX_ENTRY;
		if (base + (uint64_t)dwarf_signed(&d, 4) <= address) {
			at = base + (uint64_t)dwarf_signed(&d, 4) - e->frames_address;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == 0)
		return CFI_NONE;
	d = whole(e);
	(void)dwarf_take(&d, at);
	if (!take_entry(&d, &body))
		return CFI_BAD;
	found = read_entry(e, &body, f);
	return found == CFI_FOUND && !holds(f, address) ? CFI_NONE : found;
}

/* ---- an index of our own ---- */

/* An entry of its table, relative to .eh_frame. */
struct indexed {
	int32_t start, entry;
};

static void
sort(struct indexed *table, size_t n)
{
	size_t gap = 1;

	while (gap < n / 3)
		gap = gap * 3 + 1;
	for (; gap > 0; gap /= 3)
		for (size_t i = gap; i < n; i++) {
			const struct indexed one = table[i];
			size_t at = i;

			for (; at >= gap && table[at - gap].start > one.start; at -= gap)
				table[at] = table[at - gap];
			table[at] = one;
		}
}

void
cfi_make_index(struct elf *e, void *room, size_t size)
{
	static const unsigned char kinds[] = { 1, DWARF_ABSOLUTE, DWARF_UDATA4,
		DWARF_DATA | DWARF_SDATA4 };
	struct dwarf frames = whole(e);
	struct entry f = { 0 };
	unsigned char *head = room;
	struct indexed *table = (void *)(head + CFI_INDEX_HEAD);
	size_t most = size / sizeof *table - CFI_INDEX_HEAD / sizeof *table;
	uint32_t n = 0;
	int64_t start;

	if (size < CFI_INDEX_HEAD)
		return;
	while (next_entry(e, &frames, &f)) {
		start = (int64_t)(f.start - e->frames_address);
		if (f.size == 0)
			continue;
		if (n == most || start != (int32_t)start || e->frames.len > INT32_MAX)
			return;
		table[n++] = (struct indexed){ (int32_t)start, (int32_t)f.at };
	}
	sort(table, n);
	memcpy(head, kinds, sizeof kinds);
	memcpy(head + 4, &e->frames_address, 8);
	memcpy(head + 12, &n, 4);
	e->frames_index.at = room;
	e->frames_index.len = CFI_INDEX_HEAD + n * sizeof *table;
	e->frames_index_address = e->frames_address;
}

/* ---- rows ---- */

enum does {
	UNKNOWN,
	NOTHING,
	ADVANCE,
	GO,
	RULE,
	INITIAL,
	REMEMBER,
	RESTORE,
	CFA,
	CFA_REGISTER,
	CFA_OFFSET,
	CFA_BY,
	SIGN,
};

enum operand {
	NONE,
	BYTE = 1, /* these three: of so many bytes */
	HALF = 2,
	WORD = 4,
	PLAIN,
	FACTORED, /* times data_step */
	SIGNED_FACTORED,
	ADDRESS,
	EXPRESSION,
};

struct instruction {
	unsigned char does, number, operand, how; /* number: a register's comes first */
};

/* Three have a number in their lower six bits. */
enum { SIX_BITS = 0x3f, ADVANCE_LOC = 0x40, OFFSET = 0x80, OFFSET_EXTENDED = 5, RESTORED = 6 };

/* DWARF 5, 7.24, by their numbers; the last ones are GNU's and AArch64's */
static const struct instruction instructions[] = {
	[0x00] = { NOTHING, 0, NONE, 0 },
	[0x01] = { GO, 0, ADDRESS, 0 },
	[0x02] = { ADVANCE, 0, BYTE, 0 },
	[0x03] = { ADVANCE, 0, HALF, 0 },
	[0x04] = { ADVANCE, 0, WORD, 0 },
	[OFFSET_EXTENDED] = { RULE, 1, FACTORED, CFI_SAVED },
	[RESTORED] = { INITIAL, 1, NONE, 0 },
	[0x07] = { RULE, 1, NONE, CFI_UNDEFINED },
	[0x08] = { RULE, 1, NONE, CFI_SAME },
	[0x09] = { RULE, 1, PLAIN, CFI_REGISTER },
	[0x0a] = { REMEMBER, 0, NONE, 0 },
	[0x0b] = { RESTORE, 0, NONE, 0 },
	[0x0c] = { CFA, 1, PLAIN, 0 },
	[0x0d] = { CFA_REGISTER, 1, NONE, 0 },
	[0x0e] = { CFA_OFFSET, 0, PLAIN, 0 },
	[0x0f] = { CFA_BY, 0, EXPRESSION, 0 },
	[0x10] = { RULE, 1, EXPRESSION, CFI_SAVED_BY },
	[0x11] = { RULE, 1, SIGNED_FACTORED, CFI_SAVED },
	[0x12] = { CFA, 1, SIGNED_FACTORED, 0 },
	[0x13] = { CFA_OFFSET, 0, SIGNED_FACTORED, 0 },
	[0x14] = { RULE, 1, FACTORED, CFI_VALUE },
	[0x15] = { RULE, 1, SIGNED_FACTORED, CFI_VALUE },
	[0x16] = { RULE, 1, EXPRESSION, CFI_VALUE_BY },
	[0x2c] = { SIGN, 0, NONE, 0 }, /* with the pc, which is not needed to take it off */
	[0x2d] = { SIGN, 0, NONE, 0 },
	[0x2e] = { NOTHING, 0, PLAIN, 0 }, /* the size of arguments on the stack */
};

struct run {
	const struct entry *entry;
	struct cfi_row *row; /* of location */
	uint64_t location;
	uint64_t shift; /* of .eh_frame's bytes */
	unsigned rows;  /* remembered ones */
	unsigned left;  /* instructions that may still be made */
	bool arm;
	struct cfi_row initial;
	struct cfi_row remembered[REMEMBERED];
};

/* Sets the rule's offset or expression; false: it is not there, or too large. */
static bool
read_operand(
    struct dwarf *d, const struct instruction *i, const struct common *c, struct cfi_rule *rule)
{
	int64_t *number = &rule->offset, factor = 1;
	uint64_t u = 0;

	switch ((enum operand)i->operand) {
	case NONE:
		return !d->bad;
	case BYTE:
	case HALF:
	case WORD:
		u = dwarf_number(d, i->operand);
		break;
	case FACTORED:
		factor = c->data_step;
		u = dwarf_uleb(d);
		break;
	case PLAIN:
		u = dwarf_uleb(d);
		break;
	case SIGNED_FACTORED:
		return !__builtin_mul_overflow(dwarf_sleb(d), c->data_step, number) && !d->bad;
	case ADDRESS:
		*number = (int64_t)dwarf_pointer(d, c->encoding, 0);
		return !d->bad;
	case EXPRESSION:
		rule->by = dwarf_take(d, dwarf_uleb(d));
		break;
	}
	return !__builtin_mul_overflow(u, factor, number) && !d->bad;
}

static bool
set_cfa(struct cfi_row *row, uint64_t number, struct cfi_rule rule)
{
	row->cfa = rule;
	row->cfa_register = (unsigned)number;
	return rule.how == CFI_VALUE_BY || number < CFI_REGISTERS;
}

static bool
set_rule(struct cfi_row *row, uint64_t number, struct cfi_rule rule)
{
	if (number >= CFI_REGISTERS)
		return true;
	/* kept in a vector register: out of reach */
	if (rule.how == CFI_REGISTER && (uint64_t)rule.offset >= CFI_REGISTERS) {
		if (number == row->return_register)
			return false;
		rule.how = CFI_UNDEFINED;
	}
	row->rule[number] = rule;
	return true;
}

static bool
advance(struct run *r, int64_t steps)
{
	uint64_t by;

	return !__builtin_mul_overflow((uint64_t)steps, r->entry->common.code_step, &by) &&
	    !__builtin_add_overflow(r->location, by, &r->location);
}

static bool
make(struct run *r, enum does does, uint64_t number, struct cfi_rule rule)
{
	struct cfi_row *row = r->row;

	switch (does) {
	case UNKNOWN:
		return false;
	case NOTHING:
		return true;
	case ADVANCE:
		return advance(r, rule.offset);
	case GO:
		r->location = (uint64_t)rule.offset;
		return true;
	case RULE:
		return set_rule(row, number, rule);
	case INITIAL:
		if (number < CFI_REGISTERS)
			row->rule[number] = r->initial.rule[number];
		return true;
	case REMEMBER:
		if (r->rows == REMEMBERED)
			return false;
		r->remembered[r->rows++] = *row;
		return true;
	case RESTORE:
		if (r->rows == 0)
			return false;
		*row = r->remembered[--r->rows]; /* with the CFA, as compilers mean it */
		return true;
	case CFA_REGISTER:
		rule.offset = row->cfa.offset;
		/* fall through */
	case CFA:
		rule.how = CFI_VALUE;
		return set_cfa(row, number, rule);
	case CFA_OFFSET:
		row->cfa.offset = rule.offset;
		return true;
	case CFA_BY:
		rule.how = CFI_VALUE_BY;
		return set_cfa(row, 0, rule);
	case SIGN:
		row->rule[CFI_RA_SIGN_STATE].offset ^= 1;
		return r->arm;
	}
	return false;
}

/* The instruction of an opcode; and the number that is in the opcode. */
static const struct instruction *
decode(unsigned opcode, uint64_t *number)
{
	static const struct instruction unknown = { UNKNOWN, 0, NONE, 0 },
					advance_loc = { ADVANCE, 0, NONE, 0 };

	*number = opcode & SIX_BITS;
	switch (opcode & ~(unsigned)SIX_BITS) {
	case 0:
		return opcode < sizeof instructions / sizeof *instructions ? &instructions[opcode]
									   : &unknown;
	case ADVANCE_LOC:
		return &advance_loc;
	case OFFSET:
		return &instructions[OFFSET_EXTENDED];
	default:
		return &instructions[RESTORED];
	}
}

/* Until the row of an address is made. */
static bool
run(struct run *r, struct elf_part code, uint64_t address)
{
	/* cppcheck-suppress ctuuninitvar ; of what is read here all is set */
	struct dwarf d = { .left = code, .shift = r->shift };

	r->location = r->entry->start;
	while (d.left.len > 0 && r->location <= address) {
		unsigned opcode = (unsigned)dwarf_number(&d, 1);
		struct cfi_rule rule = { 0 };
		uint64_t number;
		const struct instruction *i = decode(opcode, &number);

		if (r->left == 0)
			return false;
		r->left--;
		if (opcode > SIX_BITS)
			rule.offset = (int64_t)number;
		else if (i->number)
			number = dwarf_uleb(&d);
		rule.how = (enum cfi_how)i->how;
		if (!read_operand(&d, i, &r->entry->common, &rule) ||
		    !make(r, (enum does)i->does, number, rule))
			return false;
	}
	return true;
}

static enum cfi_found
make_row(const struct elf *e, const struct entry *f, uint64_t address, struct cfi_row *row)
{
	struct run r;

	if (f->common.return_register >= CFI_REGISTERS)
		return CFI_BAD;
	*row = (struct cfi_row){ .cfa.how = CFI_UNDEFINED,
		.return_register = (unsigned)f->common.return_register,
		.signal = f->common.signal };
	r.entry = f;
	r.row = row;
	r.shift = whole(e).shift;
	r.rows = 0;
	r.left = INSTRUCTIONS;
	r.arm = e->machine == EM_AARCH64;
	r.initial = *row;
	if (!run(&r, f->common.code, UINT64_MAX))
		return CFI_BAD;
	r.initial = *row;
	if (!run(&r, f->code, address) || row->cfa.how == CFI_UNDEFINED)
		return CFI_BAD;
	return CFI_FOUND;
}

__attribute__((noinline)) enum cfi_found
cfi_find(const struct elf *e, uint64_t address, struct cfi_row *row)
{
	struct dwarf_index index;
	struct entry f = { 0 };
	enum cfi_found found;

	if (dwarf_index(e, &index) && index.table.len > 0)
		found = find_by_index(e, &index, address, &f);
	else
		found = find_one_by_one(e, address, &f);
	return found == CFI_FOUND ? make_row(e, &f, address, row) : found;
}
