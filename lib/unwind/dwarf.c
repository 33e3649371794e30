#include "dwarf.h"

#include <string.h>

struct elf_part
dwarf_take(struct dwarf *d, uint64_t len)
{
	struct elf_part part = d->left;

	if (len > part.len) {
		d->bad = true;
		len = part.len;
	}
	part.len = (size_t)len;
	if (len > 0) { /* of no bytes, at may be NULL */
		d->left.at += part.len;
		d->left.len -= part.len;
	}
	if (d->bad)
		part.len = 0;
	return part;
}

uint64_t
dwarf_number(struct dwarf *d, unsigned bytes)
{
	size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint64_t) - bytes : 0;
	struct elf_part part = dwarf_take(d, bytes);
	uint64_t number = 0;

	if (part.len > 0)
		memcpy((unsigned char *)&number + low, part.at, part.len);
	return number;
}

int64_t
dwarf_signed(struct dwarf *d, unsigned bytes)
{
	unsigned above = 64 - 8 * bytes;

	return (int64_t)(dwarf_number(d, bytes) << above) >> above;
}

/* bits: how many of the number were said, at most 70. */
static uint64_t
leb(struct dwarf *d, unsigned *bits, bool *negative)
{
	uint64_t number = 0;
	unsigned char byte;

	*bits = 0;
	do {
		if (*bits >= 64)
			d->bad = true;
		byte = (unsigned char)dwarf_number(d, 1);
		if (d->bad)
			return 0;
		number |= (uint64_t)(byte & 0x7f) << *bits;
		*bits += 7;
	} while (byte & 0x80);
	*negative = byte & 0x40;
	return number;
}

uint64_t
dwarf_uleb(struct dwarf *d)
{
	unsigned bits;
	bool negative;

	return leb(d, &bits, &negative);
}

int64_t
dwarf_sleb(struct dwarf *d)
{
	unsigned bits;
	bool negative = false;
	uint64_t number = leb(d, &bits, &negative);

	if (negative && bits < 64)
		number |= ~(uint64_t)0 << bits;
	return (int64_t)number;
}

uint64_t
dwarf_pointer(struct dwarf *d, unsigned encoding, uint64_t data)
{
	enum { LEB = 16 };
	static const unsigned char forms[8] = { 8, LEB, 2, 4, 8 };
	unsigned form = forms[encoding & 7], to = encoding & ~(unsigned)DWARF_FORM;
	uint64_t base = 0, value;

	if (to == DWARF_HERE)
		base = (uintptr_t)d->left.at + d->shift;
	else if (to == DWARF_DATA && data != 0)
		base = data;
	else if (to != DWARF_ABSOLUTE)
		d->bad = true;
	if (form == 0)
		d->bad = true;
	if (d->bad)
		return 0;
	if (encoding & 8)
		value = (uint64_t)(form == LEB ? dwarf_sleb(d) : dwarf_signed(d, form));
	else
		value = form == LEB ? dwarf_uleb(d) : dwarf_number(d, form);
	return value && !d->bad ? base + value : 0;
}

bool
dwarf_index(const struct elf *e, struct dwarf_index *x)
{
	const struct elf_part part = e->frames_index;
	const uint64_t at = e->frames_index_address;
	struct dwarf d = { .left = part, .shift = at - (uintptr_t)part.at };
	/* the version, and how frames, their count and the table are encoded */
	const struct elf_part head = dwarf_take(&d, 4);
	uint64_t entries;

	*x = (struct dwarf_index){ 0 };
	if (head.len == 0 || head.at[0] != 1)
		return false;
	x->frames = dwarf_pointer(&d, head.at[1], at);
	if (d.bad)
		return false;
	if (head.at[2] == DWARF_OMITTED || head.at[3] != (DWARF_DATA | DWARF_SDATA4))
		return true;
	entries = dwarf_pointer(&d, head.at[2], at);
	if (entries > d.left.len / DWARF_INDEX_ENTRY)
		entries = d.left.len / DWARF_INDEX_ENTRY;
	x->table = dwarf_take(&d, entries * DWARF_INDEX_ENTRY);
	return !d.bad;
}
