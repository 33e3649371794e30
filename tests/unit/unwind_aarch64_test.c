#include "tests/unit/unwind_world.h"

#include <atf-c.h>
#include <elf.h>

/* ---- AArch64, whose calls leave the return address in a register ---- */

#define SIGNED 0x007f000000000000 /* what a signature takes of an address */

static Elf64_Sym symbol[4];
static struct elf named;

static void
word(unsigned offset, uint32_t w)
{
	memcpy(&p.code[offset], &w, sizeof w);
}

static void
words(unsigned offset, const uint32_t *w, size_t n)
{
	memcpy(&p.code[offset], w, n * sizeof *w);
}

/* bl; what it returns to */
static uint64_t
bl(unsigned offset, unsigned to)
{
	word(offset, 0x94000000 | ((to - offset) / 4 & 0x3ffffff));
	return CODE + offset + 4;
}

/* The object has no call frame information, but a function from each of these offsets to the next.
 */
static void
functions(unsigned n, const unsigned *offset)
{
	for (unsigned i = 0; i < n; i++)
		symbol[i] = (Elf64_Sym){ .st_name = 1,
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			.st_shndx = 1,
			.st_value = CODE + offset[i],
			.st_size = (i + 1 < n ? offset[i + 1] : SIZE) - offset[i] };
	named = (struct elf){ .machine = EM_AARCH64,
		.segments = 1,
		.segment = { { CODE, 0, SIZE, true } },
		.symbols = { { (const unsigned char *)symbol, n * sizeof *symbol },
		    { (const unsigned char *)"\0f", 3 } } };
	p.module.elf = &named;
}

static struct unwind_registers
at(uint64_t pc, unsigned sp, unsigned fp, uint64_t lr)
{
	struct unwind_registers r = { .pc = pc, .known = (1ull << 32) - 1 };

	r.value[31] = STACK + 8ull * sp;
	r.value[29] = STACK + 8ull * fp;
	r.value[30] = lr;
	return r;
}

static void
walk(struct unwind_registers r)
{
	struct unwind_space with_pac = space;

	with_pac.pac_mask = SIGNED;
	unwind_walk(&unwind_aarch64, &with_pac, &r, &s);
}

ATF_TC_WITHOUT_HEAD(records);
ATF_TC_BODY(records, tc)
{
	struct unwind_registers r = { .pc = CODE + 0x14, .known = (1ull << 32) - 1 };

	begin();
	word(0x100, 0x94000000 | ((0x10 - 0x100) / 4 & 0x3ffffff)); /* bl */
	word(0x200, 0xd63f0000);                                    /* blr x0 */
	word(0x300, 0x94000000 | ((0x3000000) / 4 & 0x3ffffff));    /* bl to nowhere */
	p.stack[10] = STACK + 8 * 20;
	p.stack[11] = (CODE + 0x104) | SIGNED;
	p.stack[20] = STACK + 8 * 30;
	p.stack[21] = CODE + 0x204;
	p.stack[31] = CODE + 0x304;
	r.value[29] = STACK + 8 * 10;
	r.value[31] = STACK + 8 * 8;
	walk(r);
	ATF_CHECK_EQ(s.frames, 3);
	ATF_CHECK(frame[1].pc == CODE + 0x104 && frame[2].pc == CODE + 0x204);
}

ATF_TC_WITHOUT_HEAD(signals);
ATF_TC_BODY(signals, tc)
{
	struct unwind_registers r = { .pc = CODE + 0x400, .known = (1ull << 32) - 1 };
	uint64_t *regs = &p.stack[8 + (128 + 176 + 8) / 8];

	begin();
	word(0x400, 0xd2801168);
	word(0x404, 0xd4000001);
	word(0x100, 0xd63f0000);
	r.value[31] = STACK + 64;
	regs[29] = STACK + 8 * 600;
	regs[31] = STACK + 8 * 590;
	regs[32] = CODE + 0x54;
	p.stack[601] = CODE + 0x104;
	walk(r);
	ATF_CHECK_EQ(s.frames, 3);
	ATF_CHECK(frame[1].pc == CODE + 0x54 && frame[1].how == UNWIND_SIGNAL);
	ATF_CHECK(frame[2].pc == CODE + 0x104);
}

/*
 * A handler of which nothing but its record is known: where the kernel's frame begins is seen by
 * the registers that are in the record behind it too.
 */
ATF_TC_WITHOUT_HEAD(signal_by_record);
ATF_TC_BODY(signal_by_record, tc)
{
	uint64_t *regs = &p.stack[20 + (128 + 176 + 8) / 8];

	begin();
	word(0x3fc, 0xd503201f);
	word(0x400, 0xd2801168);
	word(0x404, 0xd4000001);
	p.stack[10] = STACK + 8 * 300; /* the handler's, of whose frame 8 words follow */
	p.stack[11] = CODE + 0x400;
	p.stack[300] = regs[29] = STACK + 8 * 600;
	p.stack[301] = regs[30] = CODE + 0x104;
	regs[31] = STACK + 8 * 590;
	regs[32] = CODE + 0x54;
	p.stack[600] = 0;
	p.stack[601] = bl(0x120, 0x50);
	walk(at(CODE + 0x244, 10, 10, CODE + 0x244));
	ATF_CHECK(frame[1].pc == CODE + 0x400 && frame[2].how == UNWIND_SIGNAL);
	ATF_CHECK(frame[2].pc == CODE + 0x54 && frame[3].pc == CODE + 0x124);
	p.stack[301]++; /* another one's record */
	walk(at(CODE + 0x244, 10, 10, CODE + 0x244));
	ATF_CHECK(s.frames == 2 && s.end == UNWIND_LOST);
}

/* The handler's stack lies below the one that was interrupted; where that ends is not known. */
ATF_TC_WITHOUT_HEAD(signal_on_its_own_stack);
ATF_TC_BODY(signal_on_its_own_stack, tc)
{
	struct unwind_space small = space;
	struct unwind_registers r = at(CODE + 0x400, 8, 0, 0);
	uint64_t *regs = &p.stack[8 + (128 + 176 + 8) / 8];

	begin();
	word(0x400, 0xd2801168);
	word(0x404, 0xd4000001);
	regs[29] = STACK + 8 * 600;
	regs[31] = STACK + 8 * 590;
	regs[32] = CODE + 0x54;
	p.stack[600] = STACK + 8 * 610;
	p.stack[601] = bl(0x100, 0x50);
	small.top = STACK + 8 * 500;
	unwind_walk(&unwind_aarch64, &small, &r, &s);
	ATF_CHECK(s.frames == 3 && s.end == UNWIND_OUTERMOST);
	ATF_CHECK(frame[2].pc == CODE + 0x104);
}

/* A call into nowhere leaves its return address in the link register. */
ATF_TC_WITHOUT_HEAD(jump_to_nowhere);
ATF_TC_BODY(jump_to_nowhere, tc)
{
	struct unwind_registers r = { .pc = 0, .known = (1ull << 32) - 1 };

	begin();
	word(0x100, 0xd63f0000);
	r.value[30] = CODE + 0x104;
	r.value[31] = STACK + 64;
	walk(r);
	ATF_CHECK(s.frames == 2 && frame[1].pc == CODE + 0x104);
}

/*
 * The record lies at the lower end of the frame, whose size the first instructions tell: those of
 * musl's poll. Its caller keeps no record, and is found by where its own return address must be.
 */
ATF_TC_WITHOUT_HEAD(record_below_locals);
ATF_TC_BODY(record_below_locals, tc)
{
	static const uint32_t poll[] = { 0xa9bd7bfd, 0x2a0203e5, 0x910003fd };
	/* stp x29, x30, [sp, #-48]!; mov w5, w2; mov x29, sp */

	begin();
	functions(3, (const unsigned[]){ 0x100, 0x200, 0x300 });
	words(0x100, poll, 3);
	bl(0x140, 0x300);
	word(0x200, 0xf81f0ffe); /* str x30, [sp, #-16]! */
	p.stack[11] = bl(0x220, 0x100);
	p.stack[10] = STACK + 8 * 100;
	p.stack[16] = bl(0x240, 0x200);
	p.stack[13] = bl(0x260, 0x200); /* where an earlier call has left it */
	walk(at(CODE + 0x144, 10, 10, CODE + 0x144));
	ATF_CHECK(frame[1].pc == CODE + 0x224 && frame[2].pc == CODE + 0x244);
}

/* The stack pointer is not known behind a record of a function that is not known. */
ATF_TC_WITHOUT_HEAD(record_of_unknown);
ATF_TC_BODY(record_of_unknown, tc)
{
	begin();
	functions(2, (const unsigned[]){ 0x200, 0x300 });
	symbol[0].st_size = 0x40;
	word(0x200, 0xa9be7bfd); /* stp x29, x30, [sp, #-32]! */
	p.stack[10] = STACK + 8 * 20;
	p.stack[11] = bl(0x220, 0x100);
	p.stack[13] = bl(0x260, 0x200);
	p.stack[20] = STACK + 8 * 100;
	word(0x280, 0xd63f0000); /* blr x0 */
	p.stack[21] = CODE + 0x284;
	walk(at(CODE + 0x144, 10, 10, CODE + 0x144));
	ATF_CHECK(frame[1].pc == CODE + 0x224 && frame[2].pc == CODE + 0x284);
}

/* Between the end of one return and the next instruction that is jumped to all is as before. */
ATF_TC_WITHOUT_HEAD(epilogues);
ATF_TC_BODY(epilogues, tc)
{
	static const uint32_t code[] = {
		0xd503233f, /* paciasp */
		0x6dbe27e8, /* stp d8, d9, [sp, #-32]! */
		0xf9000bfe, /* str x30, [sp, #16] */
		0xd10083ff, /* sub sp, sp, #32 */
		0xb4000080, /* cbz x0, further on */
		0x910083ff, /* add sp, sp, #32 */
		0xf9400bfe, /* ldr x30, [sp, #16] */
		0x6cc227e8, /* ldp d8, d9, [sp], #32 */
		0xd65f0bff, /* retaa */
		0xd503201f, /* nop */
	};
	static const unsigned sp[] = { 18, 18, 14, 14, 10, 10, 14, 14, 18, 10 };

	for (unsigned i = 0; i < sizeof code / sizeof *code; i++) {
		begin();
		functions(2, (const unsigned[]){ 0x100, 0x200 });
		words(0x100, code, sizeof code / sizeof *code);
		p.stack[16] = bl(0x240, 0x100) | SIGNED;
		/* its register has it until it is stored, and when it is back */
		walk(at(CODE + 0x100 + 4 * i, sp[i], 0,
		    i <= 2 || i == 7 || i == 8 ? CODE + 0x244 : CODE + 0x150));
		ATF_CHECK_MSG(s.frames >= 2 && frame[1].pc == CODE + 0x244, "%u", i);
		ATF_CHECK_EQ(frame[1].how, UNWIND_CODE);
	}
}

/* What musl's clone does when the thread's function has returned; above are old return addresses.
 */
ATF_TC_WITHOUT_HEAD(end_of_thread);
ATF_TC_BODY(end_of_thread, tc)
{
	static const uint32_t clone[] = { 0xd63f0020, 0xd2800ba8, 0xd4000001 };
	/* blr x1; mov x8, #93; svc #0 */

	begin();
	words(0x100, clone, 3);
	p.stack[10] = STACK - 4096; /* of the thread that has made this one */
	p.stack[11] = CODE + 0x104;
	p.stack[14] = bl(0x200, 0x300);
	walk(at(CODE + 0x350, 10, 10, 0));
	ATF_CHECK(s.frames == 2 && s.end == UNWIND_OUTERMOST && frame[1].pc == CODE + 0x104);
}

/* The first function was given neither a record nor where to return to. */
ATF_TC_WITHOUT_HEAD(end_of_process);
ATF_TC_BODY(end_of_process, tc)
{
	struct unwind_registers r = at(CODE + 0x350, 10, 10, 0);

	begin();
	p.stack[10] = STACK + 8 * 20;
	p.stack[11] = bl(0x100, 0x300);
	p.stack[24] = bl(0x200, 0x300); /* left over */
	walk(at(CODE + 0x350, 10, 10, 0));
	ATF_CHECK(s.frames == 2 && s.end == UNWIND_OUTERMOST);
	r.value[29] = 0;
	walk(r);
	ATF_CHECK(s.frames == 1 && s.end == UNWIND_OUTERMOST);
	functions(2, (const unsigned[]){ 0x100, 0x300 });
	word(0x100 - 4, 0);
	symbol[0].st_value -= 0x40;
	word(0xc0, 0xa9be7bfd); /* stp x29, x30, [sp, #-32]! */
	walk(at(CODE + 0x104, 20, 20, 0));
	ATF_CHECK(s.frames == 1 && s.end == UNWIND_OUTERMOST);
}

/* A system call of a stripped musl: where the function begins is not known, but nothing was stored.
 */
ATF_TC_WITHOUT_HEAD(leaf_without_name);
ATF_TC_BODY(leaf_without_name, tc)
{
	static const uint32_t call[] = { 0xd503201f, 0xaa0003e8, 0xaa0103e0, 0xd4000001 };
	/* nop; mov x8, x0; mov x0, x1; svc #0 */
	static const uint32_t not_leaf[] = { 0xd503201f, 0xa9bf7bfd, 0xaa0103e0, 0xd4000001 };
	static const uint32_t calls[] = { 0xd503201f, 0xd63f0000, 0xaa0103e0, 0xd4000001 };
	struct unwind_registers r;

	for (unsigned i = 0; i < 3; i++) {
		begin();
		words(0x300, i == 0 ? call : i == 1 ? not_leaf : calls, 4);
		p.stack[10] = STACK + 8 * 100;
		p.stack[11] = bl(0x200, 0x100);
		walk(at(CODE + 0x310, 10, 10, bl(0x140, 0x304)));
		ATF_CHECK_EQ_MSG(frame[1].pc, i == 0 ? CODE + 0x144 : CODE + 0x204, "%u", i);
		ATF_CHECK_EQ(s.frames > 2 && frame[2].pc == CODE + 0x204, i == 0);
	}
	words(0x300, call, 4);
	unwind_from_two(&unwind_aarch64, STACK + 80, CODE + 0x310, &r);
	walk(r);
	ATF_CHECK(s.frames == 1 && s.end == UNWIND_UNKNOWN);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, records);
	ATF_TP_ADD_TC(tp, signals);
	ATF_TP_ADD_TC(tp, signal_by_record);
	ATF_TP_ADD_TC(tp, signal_on_its_own_stack);
	ATF_TP_ADD_TC(tp, jump_to_nowhere);
	ATF_TP_ADD_TC(tp, record_below_locals);
	ATF_TP_ADD_TC(tp, record_of_unknown);
	ATF_TP_ADD_TC(tp, epilogues);
	ATF_TP_ADD_TC(tp, end_of_thread);
	ATF_TP_ADD_TC(tp, end_of_process);
	ATF_TP_ADD_TC(tp, leaf_without_name);
	return atf_no_error();
}
