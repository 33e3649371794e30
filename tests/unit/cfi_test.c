#include "lib/unwind/cfi.h"

#include <atf-c.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/unwind/dwarf.h"
#include "tests/unit/elf_builder.h"

#define FUNCTION (BUILT_ADDRESS + 0x1000)
#define SIZE     0x80000
#define BYTES(...)                                                            \
	(const unsigned char[]){ __VA_ARGS__ }, sizeof(const unsigned char[]) \
	{                                                                     \
		__VA_ARGS__                                                   \
	}

static struct built b;
static struct elf e;
static struct cfi_row row;

/* ---- entries ---- */

static size_t frames_at, common_at, entry_at;
static bool wide; /* lengths of 64 bits */

static size_t
put_length(void)
{
	size_t at = b.len;

	if (wide)
		(void)built_number(&b, 0xffffffff, 4);
	(void)built_number(&b, 0, wide ? 8 : 4);
	return at;
}

static void
set_length(size_t at)
{
	if (wide)
		built_set(&b, at + 4, b.len - at - 12, 8);
	else
		built_set(&b, at, b.len - at - 4, 4);
}

/* version and letters; steps 1 (x86_64) and -8; the data of the letters; CFA = rsp+8, pc there */
static void
put_common(unsigned version, const char *letters, const unsigned char *data, size_t n)
{
	bool arm = strchr(letters, 'B') != NULL;

	common_at = put_length();
	(void)built_number(&b, 0, 4);
	(void)built_number(&b, version, 1);
	(void)built_put(&b, letters, strlen(letters) + 1);
	if (strcmp(letters, "eh") == 0)
		(void)built_number(&b, 0x1234, 8);
	if (version == 4)
		(void)built_put(&b, "\x08", 2);
	(void)built_number(&b, arm ? 4 : 1, 1);
	(void)built_number(&b, 0x78, 1);
	(void)built_number(&b, arm ? 30 : 16, 1);
	if (*letters == 'z') {
		(void)built_number(&b, n, 1);
		(void)built_put(&b, data, n);
	}
	if (arm)
		(void)built_put(&b, "\x0c\x1f\x00", 3);
	else
		(void)built_put(&b, "\x0c\x07\x08\x90\x01", 5);
	set_length(common_at);
}

/* data: of the letters, or NULL if the common one has none */
static void
put_entry(unsigned encoding, uint64_t start, uint64_t size, const char *data,
    const unsigned char *code, size_t n)
{
	static const unsigned char bytes[16] = { 8, 0, 2, 4, 8, 0, 0, 0, 8, 0, 2, 4, 8 };
	size_t wide_by = wide ? 8 : 0;

	entry_at = put_length();
	(void)built_number(&b, entry_at + 4 + wide_by - common_at, 4);
	if ((encoding & 0x70) == DWARF_HERE)
		start -= BUILT_ADDRESS + b.len;
	(void)built_number(&b, start, bytes[encoding & DWARF_FORM]);
	(void)built_number(&b, size, bytes[encoding & DWARF_FORM]);
	if (data) {
		(void)built_number(&b, strlen(data), 1);
		(void)built_put(&b, data, strlen(data));
	}
	(void)built_put(&b, code, n);
	set_length(entry_at);
}

static void
begin(void)
{
	built_begin(&b);
	frames_at = built_align(&b, 8);
}

static void
end(uint16_t machine)
{
	(void)built_section(&b, ".eh_frame", SHT_PROGBITS, frames_at, b.len - frames_at, 0);
	built_end(&b, machine);
	ATF_REQUIRE(elf_open(&e, b.byte, b.len) == NULL);
}

static enum cfi_found
row_after(const unsigned char *code, size_t n, uint64_t offset)
{
	begin();
	put_common(1, "zR", BYTES(0x1b));
	put_entry(0x1b, FUNCTION, SIZE, "", code, n);
	end(EM_X86_64);
	return cfi_find(&e, FUNCTION + offset, &row);
}

static void
check_first_row(void)
{
	ATF_CHECK(row.cfa.how == CFI_VALUE && row.cfa_register == 7 && row.cfa.offset == 8);
	ATF_CHECK_EQ(row.return_register, 16);
	ATF_CHECK(row.rule[16].how == CFI_SAVED && row.rule[16].offset == -8);
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		ATF_CHECK(i == 16 || row.rule[i].how == CFI_SAME);
}

ATF_TC_WITHOUT_HEAD(where);
ATF_TC_BODY(where, tc)
{
	ATF_CHECK_EQ(row_after(NULL, 0, 0), CFI_FOUND);
	check_first_row();
	ATF_CHECK(!row.signal);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION + SIZE - 1, &row), CFI_FOUND);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION + SIZE, &row), CFI_NONE);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION - 1, &row), CFI_NONE);
	ATF_CHECK_EQ(cfi_find(&e, UINT64_MAX, &row), CFI_NONE);
	e.frames.len = 0;
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_NONE);
}

/* ---- instructions ---- */

ATF_TC_WITHOUT_HEAD(advances);
ATF_TC_BODY(advances, tc)
{
	/* CFA offset 16, from 4 on 24, from 0x104 on 32, from 0x10104 on 40, from 0x60104 on 48 */
	static const unsigned char code[] = { 0x0e, 16, 0x44, 0x0e, 24, 0x02, 0xff, 0x41, 0x0e, 32,
		0x03, 0x00, 0x80, 0x03, 0x00, 0x80, 0x0e, 40, 0x04, 0x00, 0x00, 0x05, 0x00, 0x0e,
		48 };
	static const struct {
		uint64_t at;
		int64_t offset;
	} rows[] = { { 0, 16 }, { 3, 16 }, { 4, 24 }, { 0x103, 24 }, { 0x104, 32 }, { 0x10103, 32 },
		{ 0x10104, 40 }, { 0x60103, 40 }, { 0x60104, 48 } };
	unsigned char set_loc[6] = { 0x01, 0, 0, 0, 0, 0x0b };
	int32_t to;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ATF_CHECK_EQ(row_after(code, sizeof code, rows[i].at), CFI_FOUND);
		ATF_CHECK_EQ(row.cfa.offset, rows[i].offset);
	}
	/* behind the place that set_loc names is what cannot be made */
	ATF_CHECK_EQ(row_after(set_loc, sizeof set_loc, 0), CFI_BAD);
	to = (int32_t)(FUNCTION + 0x20 - (BUILT_ADDRESS + (e.frames.at - b.byte) + 28 + 18 - 1));
	for (int shift = -8; shift <= 8; shift++) {
		int32_t near = to + shift;

		memcpy(set_loc + 1, &near, sizeof near);
		if (row_after(set_loc, sizeof set_loc, 0x20 - 9) == CFI_FOUND &&
		    row_after(set_loc, sizeof set_loc, 0x20 + 9) == CFI_BAD)
			return;
	}
	atf_tc_fail("set_loc");
}

ATF_TC_WITHOUT_HEAD(rules);
ATF_TC_BODY(rules, tc)
{
	static const struct {
		unsigned char code[6];
		size_t len;
		enum cfi_how how;
		int64_t offset;
	} made[] = {
		{ { 0x86, 2 }, 2, CFI_SAVED, -16 },
		{ { 0x05, 6, 2 }, 3, CFI_SAVED, -16 },
		{ { 0x05, 6, 0x80, 0x01 }, 4, CFI_SAVED, -1024 },
		{ { 0x11, 6, 0x7e }, 3, CFI_SAVED, 16 },
		{ { 0x14, 6, 2 }, 3, CFI_VALUE, -16 },
		{ { 0x15, 6, 0x7e }, 3, CFI_VALUE, 16 },
		{ { 0x09, 6, 3 }, 3, CFI_REGISTER, 3 },
		{ { 0x09, 6, 40 }, 3, CFI_UNDEFINED, 0 }, /* a vector register */
		{ { 0x07, 6 }, 2, CFI_UNDEFINED, 0 },
		{ { 0x86, 2, 0x08, 6 }, 4, CFI_SAME, 0 },
		{ { 0x86, 2, 0xc6 }, 3, CFI_SAME, 0 },
		{ { 0x86, 2, 0x06, 6 }, 4, CFI_SAME, 0 },
		{ { 0x86, 2, 0x2e, 0x90, 0x01, 0 }, 6, CFI_SAVED, -16 },
		{ { 0x86, 2, 0x05, 40, 1 }, 5, CFI_SAVED, -16 },
		{ { 0x86, 2, 0x0a, 0x86, 3, 0x0b }, 6, CFI_SAVED, -16 },
	};

	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		ATF_CHECK_EQ(row_after(made[i].code, made[i].len, 0), CFI_FOUND);
		ATF_CHECK_MSG(row.rule[6].how == made[i].how, "%zu: %d", i, (int)row.rule[6].how);
		if (made[i].how != CFI_UNDEFINED)
			ATF_CHECK_EQ(row.rule[6].offset, made[i].offset);
		ATF_CHECK_EQ(row.cfa.offset, 8);
	}
	ATF_CHECK_EQ(row_after(BYTES(0x10, 6, 2, 0x77, 0, 0x0e, 24), 0), CFI_FOUND);
	ATF_CHECK(row.rule[6].how == CFI_SAVED_BY && row.rule[6].by.len == 2 &&
	    row.rule[6].by.at[0] == 0x77 && row.cfa.offset == 24);
	ATF_CHECK_EQ(row_after(BYTES(0x16, 6, 2, 0x77, 0), 0), CFI_FOUND);
	ATF_CHECK(row.rule[6].how == CFI_VALUE_BY && row.rule[6].by.len == 2);
	/* what a CIE has said of it comes back */
	ATF_CHECK_EQ(row_after(BYTES(0x07, 16, 0xd0), 0), CFI_FOUND);
	check_first_row();
}

ATF_TC_WITHOUT_HEAD(cfa);
ATF_TC_BODY(cfa, tc)
{
	ATF_CHECK_EQ(row_after(BYTES(0x0c, 6, 16), 0), CFI_FOUND);
	ATF_CHECK(row.cfa.how == CFI_VALUE && row.cfa_register == 6 && row.cfa.offset == 16);
	ATF_CHECK_EQ(row_after(BYTES(0x12, 6, 0x7e), 0), CFI_FOUND);
	ATF_CHECK(row.cfa.how == CFI_VALUE && row.cfa_register == 6 && row.cfa.offset == 16);
	ATF_CHECK_EQ(row_after(BYTES(0x0d, 6), 0), CFI_FOUND);
	ATF_CHECK(row.cfa_register == 6 && row.cfa.offset == 8);
	ATF_CHECK_EQ(row_after(BYTES(0x13, 0x7d), 0), CFI_FOUND);
	ATF_CHECK(row.cfa_register == 7 && row.cfa.offset == 24);
	ATF_CHECK_EQ(row_after(BYTES(0x0f, 3, 0x77, 0x10, 0x06), 0), CFI_FOUND);
	ATF_CHECK(row.cfa.how == CFI_VALUE_BY && row.cfa.by.len == 3 && row.cfa.by.at[2] == 6);
	/* remembered and restored with the rest: 24, then 8 and the expression again */
	ATF_CHECK_EQ(row_after(BYTES(0x0a, 0x0e, 24, 0x41, 0x0b), 0), CFI_FOUND);
	ATF_CHECK_EQ(row.cfa.offset, 24);
	ATF_CHECK_EQ(row_after(BYTES(0x0a, 0x0e, 24, 0x41, 0x0b), 1), CFI_FOUND);
	check_first_row();
}

ATF_TC_WITHOUT_HEAD(bad_instructions);
ATF_TC_BODY(bad_instructions, tc)
{
	unsigned char many[64];

	ATF_CHECK_EQ(row_after(BYTES(0x17), 0), CFI_BAD);        /* is none */
	ATF_CHECK_EQ(row_after(BYTES(0x3f), 0), CFI_BAD);        /* is none */
	ATF_CHECK_EQ(row_after(BYTES(0x2d), 0), CFI_BAD);        /* another machine's */
	ATF_CHECK_EQ(row_after(BYTES(0x0b), 0), CFI_BAD);        /* nothing is remembered */
	ATF_CHECK_EQ(row_after(BYTES(0x0c, 40, 8), 0), CFI_BAD); /* an unknown register */
	ATF_CHECK_EQ(row_after(BYTES(0x0d, 35), 0), CFI_BAD);
	ATF_CHECK_EQ(row_after(BYTES(0x09, 16, 40), 0), CFI_BAD);     /* out of reach */
	ATF_CHECK_EQ(row_after(BYTES(0x0f, 3, 0x77, 0), 0), CFI_BAD); /* is too short */
	ATF_CHECK_EQ(row_after(BYTES(0x0e, 0x80), 0), CFI_BAD);
	ATF_CHECK_EQ(row_after(BYTES(0x02), 0), CFI_BAD);
	ATF_CHECK_EQ(
	    row_after(BYTES(0x05, 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), 0),
	    CFI_BAD); /* times -8: too large */
	memset(many, 0x0a, sizeof many);
	ATF_CHECK_EQ(row_after(many, 16, 0), CFI_FOUND);
	ATF_CHECK_EQ(row_after(many, 17, 0), CFI_BAD);
	/* what comes behind the address is not looked at */
	ATF_CHECK_EQ(row_after(BYTES(0x44, 0x17), 3), CFI_FOUND);
	ATF_CHECK_EQ(row_after(BYTES(0x44, 0x17), 4), CFI_BAD);
}

ATF_TC_WITHOUT_HEAD(aarch64);
ATF_TC_BODY(aarch64, tc)
{
	/* paciasp; stp x29, x30, [sp, -32]!; ...; ldp; autiasp */
	static const unsigned char code[] = { 0x41, 0x2d, 0x41, 0x0e, 32, 0x9d, 4, 0x9e, 3, 0x44,
		0x0a, 0xdd, 0xde, 0x0e, 0, 0x41, 0x2d, 0x41, 0x0b };

	begin();
	put_common(1, "zRBG", BYTES(0x1b));
	put_entry(0x1b, FUNCTION, SIZE, "", code, sizeof code);
	end(EM_AARCH64);
	ATF_REQUIRE_EQ(cfi_find(&e, FUNCTION, &row), CFI_FOUND);
	ATF_CHECK(row.return_register == 30 && row.cfa_register == 31 && row.cfa.offset == 0);
	ATF_CHECK(row.rule[30].how == CFI_SAME && row.rule[CFI_RA_SIGN_STATE].offset == 0);
	ATF_REQUIRE_EQ(cfi_find(&e, FUNCTION + 4, &row), CFI_FOUND);
	ATF_CHECK(row.rule[CFI_RA_SIGN_STATE].offset == 1 && row.cfa.offset == 0);
	ATF_REQUIRE_EQ(cfi_find(&e, FUNCTION + 11, &row), CFI_FOUND);
	ATF_CHECK(row.cfa.offset == 32 && row.rule[29].offset == -32 && row.rule[30].offset == -24);
	ATF_CHECK(row.rule[30].how == CFI_SAVED && row.rule[CFI_RA_SIGN_STATE].how == CFI_SAME);
	ATF_REQUIRE_EQ(cfi_find(&e, FUNCTION + 24, &row), CFI_FOUND);
	ATF_CHECK(row.rule[30].how == CFI_SAME && row.rule[CFI_RA_SIGN_STATE].offset == 1);
	ATF_REQUIRE_EQ(cfi_find(&e, FUNCTION + 28, &row), CFI_FOUND);
	ATF_CHECK_EQ(row.rule[CFI_RA_SIGN_STATE].offset, 0);
	ATF_REQUIRE_EQ(cfi_find(&e, FUNCTION + 32, &row), CFI_FOUND);
	ATF_CHECK(row.cfa.offset == 32 && row.rule[CFI_RA_SIGN_STATE].offset == 1);
}

/* ---- kinds of entries ---- */

ATF_TC_WITHOUT_HEAD(encodings);
ATF_TC_BODY(encodings, tc)
{
	static const unsigned char good[] = { 0x00, 0x03, 0x04, 0x08, 0x0b, 0x0c, 0x10, 0x13, 0x14,
		0x18, 0x1b, 0x1c };

	for (int lengths = 0; lengths <= 1; lengths++)
		for (size_t i = 0; i < sizeof good; i++) {
			wide = lengths;
			begin();
			put_common(1, "zR", &good[i], 1);
			put_entry(good[i], FUNCTION, 0x100, "", NULL, 0);
			end(EM_X86_64);
			ATF_CHECK_MSG(
			    cfi_find(&e, FUNCTION + 0xff, &row) == CFI_FOUND, "%x", good[i]);
			check_first_row();
			ATF_CHECK_EQ(cfi_find(&e, FUNCTION + 0x100, &row), CFI_NONE);
		}
	wide = false;
	/* of two bytes: addresses far below, or near */
	begin();
	put_common(1, "zR", BYTES(0x02));
	put_entry(0x02, 0xff00, 0x80, "", NULL, 0);
	end(EM_X86_64);
	ATF_CHECK_EQ(cfi_find(&e, 0xff7f, &row), CFI_FOUND);
	begin();
	put_common(1, "zR", BYTES(0x1a));
	put_entry(0x1a, BUILT_ADDRESS + 16, 0x80, "", NULL, 0);
	end(EM_X86_64);
	ATF_CHECK_EQ(cfi_find(&e, BUILT_ADDRESS + 16, &row), CFI_FOUND);
	/* one that was thrown away, then textrel, datarel, aligned, indirect, and what is none */
	begin();
	put_common(1, "zR", BYTES(0x1b));
	put_entry(0x0b, 0, SIZE, "", NULL, 0);
	end(EM_X86_64);
	for (uint64_t at = BUILT_ADDRESS; at < BUILT_ADDRESS + 1000; at++)
		ATF_CHECK_EQ(cfi_find(&e, at, &row), CFI_NONE);
	for (unsigned bad = 0x20; bad < 0x100; bad += 0x10) {
		unsigned char encoding = (unsigned char)(bad | 3);

		begin();
		put_common(1, "zR", &encoding, 1);
		put_entry(0x03, FUNCTION, SIZE, "", NULL, 0);
		end(EM_X86_64);
		ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_NONE);
	}
}

ATF_TC_WITHOUT_HEAD(versions);
ATF_TC_BODY(versions, tc)
{
	for (unsigned version = 0; version < 6; version++)
		for (int with_z = 0; with_z <= 1; with_z++) {
			bool known = version == 1 || version == 3 || version == 4;

			begin();
			if (with_z) /* a personality behind a pointer, a table, a signal */
				put_common(version, "zPLRS", BYTES(0x9b, 1, 2, 3, 4, 0x1b, 0x03));
			else
				put_common(version, "", NULL, 0);
			put_entry(with_z ? 0x03 : 0x00, FUNCTION, 16, with_z ? "\1\2\3\4" : NULL,
			    BYTES(0x0e, 16));
			end(EM_X86_64);
			ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), known ? CFI_FOUND : CFI_NONE);
			ATF_CHECK(!known || (row.signal == (with_z == 1) && row.cfa.offset == 16));
		}
	begin();
	put_common(1, "eh", NULL, 0);
	put_entry(0x00, FUNCTION, 16, NULL, NULL, 0);
	end(EM_X86_64);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_FOUND);
	check_first_row();
	begin();
	put_common(1, "zR?R", BYTES(0x03, 0x77, 0x77));
	put_entry(0x03, FUNCTION, 16, "", NULL, 0);
	end(EM_X86_64);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_FOUND);
	begin();
	put_common(1, "x", NULL, 0);
	put_entry(0x00, FUNCTION, 16, NULL, NULL, 0);
	end(EM_X86_64);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_NONE);
}

/* A terminator in the middle; and, where nothing tells a section's size, at the end. */
ATF_TC_WITHOUT_HEAD(terminators);
ATF_TC_BODY(terminators, tc)
{
	begin();
	put_common(1, "zR", BYTES(0x1b));
	put_entry(0x1b, FUNCTION, 16, "", NULL, 0);
	(void)built_number(&b, 0, 4);
	put_entry(0x1b, FUNCTION + 16, 16, "", NULL, 0);
	(void)built_number(&b, 0, 4);
	end(EM_X86_64);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_FOUND);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION + 16, &row), CFI_FOUND);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION + 32, &row), CFI_NONE);
	e.in_memory = true;
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_FOUND);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION + 16, &row), CFI_NONE);
}

/* count entries of 16 bytes each; the table's and the count's encoding */
static void
put_indexed(unsigned count, unsigned count_encoding, unsigned table_encoding)
{
	size_t index_at, entries[64];

	begin();
	put_common(1, "zR", BYTES(0x1b));
	for (unsigned i = 0; i < count; i++) {
		put_entry(0x1b, FUNCTION + 32 * i, 16, "", BYTES(0x0e, (unsigned char)i));
		entries[i] = entry_at;
	}
	(void)built_section(&b, ".eh_frame", SHT_PROGBITS, frames_at, b.len - frames_at, 0);
	index_at = built_align(&b, 4);
	(void)built_number(&b, 1, 1);
	(void)built_number(&b, 0x1b, 1);
	(void)built_number(&b, count_encoding, 1);
	(void)built_number(&b, table_encoding, 1);
	(void)built_number(&b, frames_at - index_at - 4, 4);
	if (count_encoding != DWARF_OMITTED)
		(void)built_number(&b, count, 4);
	for (unsigned i = 0; i < count; i++) {
		(void)built_number(&b, FUNCTION + 32 * i - BUILT_ADDRESS - index_at, 4);
		(void)built_number(&b, entries[i] - index_at, 4);
	}
	built_segment(&b, PT_GNU_EH_FRAME, PF_R, index_at, b.len - index_at);
	built_end(&b, EM_X86_64);
}

ATF_TC_WITHOUT_HEAD(indexed);
ATF_TC_BODY(indexed, tc)
{
	static const struct {
		unsigned count, table;
	} kinds[] = { { 0x03, 0x3b }, { 0x03, 0x03 }, { DWARF_OMITTED, DWARF_OMITTED } };

	for (unsigned kind = 0; kind < 3; kind++)
		for (int from = 0; from < 3; from++) {
			put_indexed(40, kinds[kind].count, kinds[kind].table);
			if (from > 0)
				built_without_sections(&b);
			ATF_REQUIRE((from > 1 ? elf_open_memory(&e, b.byte, b.len, 0x7f0000000000)
					      : elf_open(&e, b.byte, b.len)) == NULL);
			for (unsigned i = 0; i < 40; i++) {
				ATF_CHECK_EQ(cfi_find(&e, FUNCTION + 32 * i + 15, &row), CFI_FOUND);
				ATF_CHECK_EQ(row.cfa.offset, i);
				ATF_CHECK_EQ(cfi_find(&e, FUNCTION + 32 * i + 16, &row), CFI_NONE);
			}
			ATF_CHECK_EQ(cfi_find(&e, FUNCTION - 1, &row), CFI_NONE);
		}
	/* it is the table that is asked: without .eh_frame's first entry that one is not found */
	put_indexed(3, 0x03, 0x3b);
	ATF_REQUIRE(elf_open(&e, b.byte, b.len) == NULL);
	built_set(&b, (size_t)(e.frames_index.at - b.byte) + 16, 1 << 20, 4);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION, &row), CFI_BAD);
	ATF_CHECK_EQ(cfi_find(&e, FUNCTION + 32, &row), CFI_FOUND);
}

ATF_TC_WITHOUT_HEAD(broken);
ATF_TC_BODY(broken, tc)
{
	unsigned random = 1;
	static uint64_t index[8192];
	size_t from;

	put_indexed(20, 0x03, 0x3b);
	from = frames_at;
	for (int i = 0; i < 20000; i++) {
		unsigned char *copy = malloc(b.len);

		ATF_REQUIRE(copy != NULL);
		memcpy(copy, b.byte, b.len);
		for (int n = 0; n < 1 + i % 4; n++) {
			random = random * 1103515245 + 12345;
			copy[from + (random >> 12) % (b.len - from)] = (unsigned char)(random >> 4);
		}
		ATF_REQUIRE(elf_open(&e, copy, b.len) == NULL || i > 0);
		if (i % 2)
			e.frames_index.len = 0;
		if (i % 4 == 1)
			cfi_make_index(&e, index, sizeof index);
		for (unsigned k = 0; k < 20; k += 5)
			(void)cfi_find(&e, FUNCTION + 32 * k, &row);
		free(copy);
	}
}

/* ---- expressions ---- */

static uint64_t registers[CFI_REGISTERS], memory[8];

static bool
get(void *arg, unsigned number, uint64_t *value)
{
	*value = registers[number];
	return number != 5;
}

/* memory is at 0x7000 */
static bool
read_memory(void *arg, uint64_t address, unsigned size, uint64_t *value)
{
	*value = 0;
	if (address < 0x7000 || address - 0x7000 > sizeof memory - size)
		return false;
	memcpy(value, (unsigned char *)memory + (address - 0x7000), size);
	return true;
}

static const struct cfi_world world = { NULL, get, read_memory };
static uint64_t result;

static bool
evaluates(const unsigned char *bytes, size_t n, const uint64_t *first)
{
	unsigned char *copy = malloc(n);
	bool good;

	ATF_REQUIRE(copy != NULL || n == 0);
	if (n > 0)
		memcpy(copy, bytes, n);
	good = cfi_evaluate((struct elf_part){ .at = copy, .len = n }, &world, first, &result);
	free(copy);
	return good;
}

#define EXPECT(want, ...)                                       \
	do {                                                    \
		result = 0xbad;                                 \
		ATF_CHECK(evaluates(BYTES(__VA_ARGS__), NULL)); \
		ATF_CHECK_EQ(result, (uint64_t)(want));         \
	} while (0)

ATF_TC_WITHOUT_HEAD(expressions);
ATF_TC_BODY(expressions, tc)
{
	uint64_t first = 0x1000;

	registers[7] = 0x7000;
	registers[16] = 0x401b;
	memory[1] = 0x1122334455667788;
	EXPECT(0x1122334455667788, 0x77, 8, 0x06); /* a signal trampoline's */
	EXPECT(
	    0x7000 + 16, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22); /* a PLT's */
	registers[16] = 0x401a;
	EXPECT(0x7000 + 8, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3a, 0x2a, 0x33, 0x24, 0x22, 0x38, 0x1c);
	EXPECT(0x88, 0x77, 8, 0x94, 1);
	EXPECT(0x667788, 0x77, 8, 0x94, 3);
	EXPECT(0x7000 - 1, 0x92, 7, 0x7f);
	EXPECT(0x401a, 0x60);
	EXPECT(0x401a, 0x90, 16);
	EXPECT(0x0807060504030201, 0x03, 1, 2, 3, 4, 5, 6, 7, 8);
	EXPECT(0xff, 0x08, 0xff);
	EXPECT(-1, 0x09, 0xff);
	EXPECT(0x8001, 0x0a, 1, 0x80);
	EXPECT((int16_t)0x8001, 0x0b, 1, 0x80);
	EXPECT(0x80000001, 0x0c, 1, 0, 0, 0x80);
	EXPECT(INT64_C(-2147483647), 0x0d, 1, 0, 0, 0x80);
	EXPECT(0x8000000000000001, 0x0e, 1, 0, 0, 0, 0, 0, 0, 0x80);
	EXPECT(0x8000000000000001, 0x0f, 1, 0, 0, 0, 0, 0, 0, 0x80);
	EXPECT(128, 0x10, 0x80, 1);
	EXPECT(-128, 0x11, 0x80, 0x7f);
	EXPECT(31, 0x4f);
	EXPECT(6, 0x33, 0x12, 0x22);
	EXPECT(1, 0x31, 0x32, 0x13);
	EXPECT(1, 0x31, 0x32, 0x14);
	EXPECT(1, 0x31, 0x32, 0x33, 0x15, 2);
	EXPECT(3, 0x31, 0x32, 0x33, 0x15, 0);
	EXPECT(1, 0x31, 0x32, 0x16);
	EXPECT(2, 0x31, 0x32, 0x33, 0x17);       /* 3 1 2 */
	EXPECT(1, 0x31, 0x32, 0x33, 0x17, 0x13); /* 3 1 */
	EXPECT(3, 0x31, 0x32, 0x33, 0x17, 0x13, 0x13);
	EXPECT(5, 0x09, 0xfb, 0x19);
	EXPECT(5, 0x35, 0x19);
	EXPECT(-5, 0x35, 0x1f);
	EXPECT(-6, 0x35, 0x20);
	EXPECT(133, 0x35, 0x23, 0x80, 1);
	EXPECT(4, 0x36, 0x3c, 0x1a);
	EXPECT(14, 0x36, 0x3c, 0x21);
	EXPECT(10, 0x36, 0x3c, 0x27);
	EXPECT(-3, 0x09, 0xf9, 0x32, 0x1b);
	EXPECT(INT64_MIN, 0x31, 0x08, 63, 0x24, 0x09, 0xff, 0x1b);
	EXPECT(1, 0x37, 0x33, 0x1d);
	EXPECT(4, 0x37, 0x33, 0x1c);
	EXPECT(21, 0x37, 0x33, 0x1e);
	EXPECT(56, 0x37, 0x33, 0x24);
	EXPECT(0, 0x37, 0x08, 64, 0x24);
	EXPECT(1, 0x37, 0x32, 0x25);
	EXPECT(-1, 0x09, 0xf9, 0x08, 70, 0x26);
	EXPECT(-2, 0x09, 0xf9, 0x32, 0x26);
	EXPECT(1, 0x09, 0xff, 0x30, 0x2d);
	EXPECT(0, 0x09, 0xff, 0x30, 0x2b);
	EXPECT(1, 0x30, 0x30, 0x2c);
	EXPECT(1, 0x30, 0x30, 0x29);
	EXPECT(0, 0x30, 0x30, 0x2e);
	EXPECT(2, 0x96, 0x31, 0x28, 1, 0, 0x3f, 0x32);
	EXPECT(9, 0x30, 0x28, 1, 0, 0x39);
	EXPECT(2, 0x32, 0x2f, 1, 0, 0x3f);
	EXPECT(0, 0x3f, 0x31, 0x1c, 0x12, 0x28, 0xfa, 0xff); /* counts down from 15 */
	ATF_CHECK(evaluates(BYTES(0x38, 0x1c), &first) && result == 0xff8);
	ATF_CHECK(evaluates(NULL, 0, &first) && result == 0x1000);
}

ATF_TC_WITHOUT_HEAD(bad_expressions);
ATF_TC_BODY(bad_expressions, tc)
{
	static const struct {
		unsigned char code[6];
		size_t len;
	} bad[] = {
		{ { 0 }, 0 },                                             /* nothing */
		{ { 0x22 }, 1 },                                          /* nothing to add */
		{ { 0x31, 0x22 }, 2 },                                    /* one thing to add */
		{ { 0x13 }, 1 },                                          /* nothing to drop */
		{ { 0x12 }, 1 },                                          /* nothing to copy */
		{ { 0x31, 0x16 }, 2 },                                    /* nothing to swap */
		{ { 0x31, 0x32, 0x17 }, 3 },                              /* nothing to rotate */
		{ { 0x31, 0x15, 1 }, 3 },                                 /* too deep */
		{ { 0x31, 0x30, 0x1b }, 3 },                              /* by 0 */
		{ { 0x31, 0x30, 0x1d }, 3 }, { { 0x75, 0 }, 2 },          /* unknown here */
		{ { 0x90, 35 }, 2 },                                      /* no register */
		{ { 0x31, 0x06 }, 2 },                                    /* not to be read */
		{ { 0x77, 8, 0x94, 0 }, 4 },                              /* of no size */
		{ { 0x77, 8, 0x94, 9 }, 4 }, { { 0x2f, 0xfd, 0xff }, 3 }, /* for ever */
		{ { 0x31, 0x2f, 0xfb, 0xff }, 4 },                        /* before its begin */
		{ { 0x31, 0x2f, 1, 0 }, 4 },                              /* behind its end */
		{ { 0x31, 0x2f, 1 }, 3 },                                 /* cut */
		{ { 0x0e, 1, 2, 3 }, 4 }, { { 0x10, 0x80 }, 2 },
		{ { 0x31, 0xe0 }, 2 },             /* no operation */
		{ { 0x31, 0x9c }, 2 },             /* the CFA itself */
		{ { 0x31, 0x2f, 0xfc, 0xff }, 4 }, /* pushes for ever */
	};
	unsigned char deep[33];
	unsigned random = 1;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ATF_CHECK_MSG(!evaluates(bad[i].code, bad[i].len, NULL), "%zu", i);
	memset(deep, 0x31, sizeof deep);
	ATF_CHECK(evaluates(deep, 32, NULL));
	ATF_CHECK(!evaluates(deep, 33, NULL));
	for (int i = 0; i < 100000; i++) {
		unsigned char code[12];

		for (size_t n = 0; n < sizeof code; n++) {
			random = random * 1103515245 + 12345;
			code[n] = (unsigned char)((random >> 16) % 0x97);
		}
		(void)evaluates(code, sizeof code, &result);
	}
}

/* ---- real ones ---- */

__attribute__((noinline)) static int
known_function(int a)
{
	return a * 3;
}

/* The object of a file; the lowest address that /proc/self/maps has of it. */
static uint64_t
open_mapped(const char *what)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024], *path = NULL;
	unsigned long long start = 0;
	struct stat s;
	void *bytes;
	int fd;

	ATF_REQUIRE(maps != NULL);
	while (!path && fgets(line, sizeof line, maps))
		if (strstr(line, what) && (path = strchr(line, '/')) != NULL)
			start = strtoull(line, NULL, 16);
	(void)fclose(maps); /* only read from */
	ATF_REQUIRE(path != NULL);
	path[strcspn(path, "\n")] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ATF_REQUIRE(fd >= 0 && fstat(fd, &s) == 0);
	bytes = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ATF_REQUIRE(bytes != MAP_FAILED);
	(void)close(fd); /* only read from */
	ATF_REQUIRE(elf_open(&e, bytes, (size_t)s.st_size) == NULL);
	return start - e.address;
}

/* At the first instruction of each function that is told by a table the frame is the same. */
static unsigned
count_starts(const struct elf_symbols *t)
{
	unsigned found = 0;

	for (size_t at = 0; at + sizeof(Elf64_Sym) <= t->entries.len; at += sizeof(Elf64_Sym)) {
		Elf64_Sym s;
		struct cfi_row again;
		struct elf linear = e;

		memcpy(&s, t->entries.at + at, sizeof s);
		if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF ||
		    cfi_find(&e, s.st_value, &row) != CFI_FOUND)
			continue;
		if (row.cfa.how != CFI_VALUE || row.signal ||
		    row.rule[row.return_register].how == CFI_UNDEFINED)
			continue;
#ifdef __x86_64__
		ATF_CHECK_EQ(row.return_register, 16);
		if (row.cfa_register != 7 || row.cfa.offset != 8)
			continue; /* a part of a function that was split */
		ATF_CHECK(row.rule[16].how == CFI_SAVED && row.rule[16].offset == -8);
#endif
		linear.frames_index.len = 0;
		if (found % 16 == 0) {
			ATF_CHECK_EQ(cfi_find(&linear, s.st_value, &again), CFI_FOUND);
			ATF_CHECK(again.cfa.offset == row.cfa.offset &&
			    again.cfa_register == row.cfa_register);
		}
		found++;
	}
	return found;
}

ATF_TC_WITHOUT_HEAD(real);
ATF_TC_BODY(real, tc)
{
	uint64_t bias = open_mapped("cfi_test"),
		 address = (uint64_t)(uintptr_t)known_function - bias;
	unsigned found;

	ATF_CHECK_EQ(known_function(2), 6);
	ATF_CHECK_EQ(cfi_find(&e, address, &row), CFI_FOUND);
	found = count_starts(&e.symbols);
	ATF_CHECK_MSG(found >= 50, "%u", found);
	(void)open_mapped("/libc.so");
	ATF_CHECK(e.frames_index.len > 0);
	found = count_starts(&e.dynamic);
	ATF_CHECK_MSG(found >= 1000, "%u", found);
}

/* Of every 41st address in libc, and beside it, our index finds what the linker's
 * does. */
ATF_TC_WITHOUT_HEAD(made_index);
ATF_TC_BODY(made_index, tc)
{
	struct cfi_row again;
	struct elf ours;
	size_t size, found = 0;
	void *room;

	(void)open_mapped("/libc.so");
	ours = e;
	ours.frames_index.len = 0;
	size = CFI_INDEX_SIZE(&ours);
	room = malloc(size);
	ATF_REQUIRE(room != NULL);
	cfi_make_index(&ours, room, CFI_INDEX_HEAD);
	ATF_CHECK_EQ(ours.frames_index.len, 0); /* no room, no index */
	cfi_make_index(&ours, room, size);
	ATF_REQUIRE(ours.frames_index.len > CFI_INDEX_HEAD);
	ATF_CHECK_EQ(ours.frames_index.len - CFI_INDEX_HEAD, e.frames_index.len - 12);
	for (unsigned i = 0; i < e.segments; i++) {
		const struct elf_segment *g = &e.segment[i];

		for (uint64_t at = 0; g->executable && at < g->size + 64; at += 41) {
			enum cfi_found expected = cfi_find(&e, g->address + at, &row);

			ATF_REQUIRE_EQ(cfi_find(&ours, g->address + at, &again), expected);
			ATF_REQUIRE(expected != CFI_FOUND ||
			    (again.cfa.offset == row.cfa.offset &&
				again.cfa_register == row.cfa_register));
			found += expected == CFI_FOUND;
		}
	}
	ATF_CHECK_MSG(found > 10000, "%zu", found);
	free(room);
}

/* Entries in no order, of which one is empty: each is found, and nothing beside them. */
ATF_TC_WITHOUT_HEAD(made_index_is_sorted);
ATF_TC_BODY(made_index_is_sorted, tc)
{
	uint64_t *room = malloc(65536);

	ATF_REQUIRE(room != NULL);
	begin();
	put_common(1, "zR", BYTES(0x1b));
	for (unsigned i = 0; i < 40; i++)
		put_entry(0x1b, FUNCTION + 32 * (i * 7 % 40), i == 13 ? 0 : 16, "",
		    BYTES(0x0e, (unsigned char)i));
	(void)built_section(&b, ".eh_frame", SHT_PROGBITS, frames_at, b.len - frames_at, 0);
	built_end(&b, EM_X86_64);
	ATF_REQUIRE(elf_open(&e, b.byte, b.len) == NULL);
	cfi_make_index(&e, room, 65536);
	ATF_CHECK_EQ(e.frames_index.len, CFI_INDEX_HEAD + 39 * 8);
	for (uint64_t at = 0; at < 40 * 32; at++) {
		struct elf linear = e;
		struct cfi_row again;
		enum cfi_found expected;

		linear.frames_index.len = 0;
		expected = cfi_find(&linear, FUNCTION + at, &row);
		ATF_REQUIRE_EQ(cfi_find(&e, FUNCTION + at, &again), expected);
		ATF_CHECK(expected != CFI_FOUND || again.cfa.offset == row.cfa.offset);
	}
	free(room);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, where);
	ATF_TP_ADD_TC(tp, advances);
	ATF_TP_ADD_TC(tp, rules);
	ATF_TP_ADD_TC(tp, cfa);
	ATF_TP_ADD_TC(tp, bad_instructions);
	ATF_TP_ADD_TC(tp, aarch64);
	ATF_TP_ADD_TC(tp, encodings);
	ATF_TP_ADD_TC(tp, versions);
	ATF_TP_ADD_TC(tp, terminators);
	ATF_TP_ADD_TC(tp, indexed);
	ATF_TP_ADD_TC(tp, broken);
	ATF_TP_ADD_TC(tp, expressions);
	ATF_TP_ADD_TC(tp, bad_expressions);
	ATF_TP_ADD_TC(tp, real);
	ATF_TP_ADD_TC(tp, made_index);
	ATF_TP_ADD_TC(tp, made_index_is_sorted);
	return atf_no_error();
}
