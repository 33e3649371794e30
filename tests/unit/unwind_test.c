#include "tests/unit/unwind_world.h"

#include <atf-c.h>

/* call rel32 at the offset; what it returns to */
static uint64_t
call(unsigned offset, unsigned to)
{
	int32_t near = (int32_t)to - (int32_t)(offset + 5);

	p.code[offset] = 0xe8;
	memcpy(&p.code[offset + 1], &near, sizeof near);
	return CODE + offset + 5;
}

static uint64_t
call_by(unsigned offset, const char *bytes, size_t n)
{
	memcpy(&p.code[offset], bytes, n);
	return CODE + offset + n;
}

static struct unwind_registers
at(uint64_t pc, unsigned word, uint64_t fp)
{
	struct unwind_registers r = { .pc = pc, .known = 0x1ffff };

	r.value[7] = STACK + 8ull * word;
	r.value[6] = fp;
	return r;
}

static void
walk(struct unwind_registers r)
{
	unwind_walk(&unwind_x86_64, &space, &r, &s);
}

ATF_TC_WITHOUT_HEAD(kernel_order);
ATF_TC_BODY(kernel_order, tc)
{
	/* struct user_regs_struct: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi
	 * orig_rax rip cs eflags rsp ss ... */
	uint64_t regset[27];
	struct unwind_registers r;

	for (unsigned i = 0; i < 27; i++)
		regset[i] = 100 + i;
	ATF_REQUIRE(unwind_from_kernel(&unwind_x86_64, regset, sizeof regset, &r));
	ATF_CHECK_EQ(r.value[15], 100);
	ATF_CHECK_EQ(r.value[6], 104);
	ATF_CHECK_EQ(r.value[3], 105);
	ATF_CHECK_EQ(r.value[0], 110);
	ATF_CHECK_EQ(r.value[2], 111);
	ATF_CHECK_EQ(r.value[1], 112);
	ATF_CHECK_EQ(r.value[4], 113);
	ATF_CHECK_EQ(r.value[5], 114);
	ATF_CHECK_EQ(r.pc, 116);
	ATF_CHECK_EQ(r.value[7], 119);
	ATF_CHECK_EQ(r.known, 0xffff);
	ATF_CHECK(!unwind_from_kernel(&unwind_x86_64, regset, 68, &r)); /* of a 32-bit one */
	for (unsigned i = 0; i < 27; i++)
		regset[i] = i;
	ATF_CHECK(!unwind_from_kernel(&unwind_aarch64, regset, sizeof regset, &r));
}

ATF_TC_WITHOUT_HEAD(kernel_order_aarch64);
ATF_TC_BODY(kernel_order_aarch64, tc)
{
	uint64_t regset[34];
	struct unwind_registers r;

	for (unsigned i = 0; i < 34; i++)
		regset[i] = 100 + i;
	ATF_REQUIRE(unwind_from_kernel(&unwind_aarch64, regset, sizeof regset, &r));
	ATF_CHECK(r.value[0] == 100 && r.value[29] == 129 && r.value[30] == 130);
	ATF_CHECK(r.value[31] == 131 && r.pc == 132);
}

ATF_TC_WITHOUT_HEAD(frame_pointers);
ATF_TC_BODY(frame_pointers, tc)
{
	begin();
	p.stack[10] = STACK + 8 * 20;
	p.stack[11] = call(0x100, 0x10);
	p.stack[20] = STACK + 8 * 30;
	p.stack[21] = call(0x200, 0x20);
	p.stack[30] = 0;
	p.stack[31] =
	    0x1234; /* no return address: nothing but a guess is left, and there is none */
	walk(at(CODE + 0x15, 8, STACK + 8 * 10));
	ATF_CHECK_EQ(s.frames, 3);
	ATF_CHECK(frame[0].pc == CODE + 0x15 && frame[0].how == UNWIND_FIRST);
	ATF_CHECK(frame[1].pc == CODE + 0x105 && frame[1].how == UNWIND_POINTER);
	ATF_CHECK(frame[2].pc == CODE + 0x205 && frame[2].how == UNWIND_POINTER);
	ATF_CHECK_EQ(s.end, UNWIND_LOST);
}

/* Every kind of call is known as one; what only looks alike is not. */
ATF_TC_WITHOUT_HEAD(calls);
ATF_TC_BODY(calls, tc)
{
	static const struct {
		const char *bytes;
		size_t n;
	} good[] = {
		{ "\xff\xd0", 2 },                     /* call *%rax */
		{ "\x41\xff\xd4", 3 },                 /* call *%r12 */
		{ "\xff\x13", 2 },                     /* call *(%rbx) */
		{ "\xff\x55\x10", 3 },                 /* call *0x10(%rbp) */
		{ "\xff\x54\x24\x08", 4 },             /* call *8(%rsp) */
		{ "\xff\x14\xc3", 3 },                 /* call *(%rbx,%rax,8) */
		{ "\xff\x15\x00\x01\x00\x00", 6 },     /* call *0x100(%rip) */
		{ "\xff\x90\x00\x01\x00\x00", 6 },     /* call *0x100(%rax) */
		{ "\xff\x94\xc3\x00\x01\x00\x00", 7 }, /* call *0x100(%rbx,%rax,8) */
		{ "\xff\x14\xc5\x00\x10\x40\x00", 7 }, /* call *0x401000(,%rax,8) */
	};
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{ "\xff\xe0", 2 },             /* jmp *%rax */
		{ "\x90\x90", 2 },             /* nops */
		{ "\xe8\x00\x00\x00\x7f", 5 }, /* to where nothing is */
		{ "\xff\x15\x00\x01", 4 },     /* cut */
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		begin();
		p.stack[12] = call_by(0x300, good[i].bytes, good[i].n);
		walk(at(CODE + 0x15, 8, 0));
		ATF_CHECK_MSG(
		    s.frames == 2 && frame[1].pc == p.stack[12] && frame[1].how == UNWIND_GUESS,
		    "%zu: %zu", i, s.frames);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		begin();
		p.stack[12] = call_by(0x300, bad[i].bytes, bad[i].n);
		walk(at(CODE + 0x15, 8, 0));
		ATF_CHECK_MSG(s.frames == 1, "%zu: %zu", i, s.frames);
	}
}

/* What still has to be taken down tells where the return address is, without a symbol. */
ATF_TC_WITHOUT_HEAD(epilogues);
ATF_TC_BODY(epilogues, tc)
{
	/* je +1; mov %ebx, %eax; add $24, %rsp; pop %rbx; pop %rbp; ret */
	static const unsigned char code[] = { 0x74, 1, 0x89, 0xd8, 0x48, 0x83, 0xc4, 24, 0x5b, 0x5d,
		0xc3 };
	static const unsigned char linkage[] = { 0xff, 0x25, 0, 1, 0, 0 };
	/* where, and how many words below the return address the stack pointer is there */
	static const unsigned where[][2] = { { 0, 5 }, { 2, 5 }, { 4, 5 }, { 8, 2 }, { 9, 1 },
		{ 10, 0 } };

	for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
		begin();
		memcpy(&p.code[0x80], code, sizeof code);
		p.stack[11] = call(0x180, 0x90); /* left over */
		p.stack[15] = call(0x300, 0x10);
		walk(at(CODE + 0x80 + where[i][0], 15 - where[i][1], 0));
		ATF_CHECK_MSG(
		    s.frames >= 2 && frame[1].pc == CODE + 0x305 && frame[1].how == UNWIND_CODE,
		    "%zu: %zu", i, s.frames);
	}
	begin();
	memcpy(&p.code[0x80], linkage, sizeof linkage);
	p.stack[8] = call(0x300, 0x80);
	walk(at(CODE + 0x80, 8, 0));
	ATF_CHECK(s.frames == 2 && frame[1].pc == CODE + 0x305 && frame[1].how == UNWIND_CODE);
	/* lea 8(%rbp), %rsp: how much that is is not known */
	begin();
	memcpy(&p.code[0x80], "\x48\x8d\x65\x08\x5b\xc3", 6);
	p.stack[9] = call(0x180, 0x90);
	walk(at(CODE + 0x80, 8, 0));
	ATF_CHECK(s.frames == 2 && frame[1].how == UNWIND_GUESS);
}

/* A handler's frame leads to what was interrupted, on another stack if need be. */
ATF_TC_WITHOUT_HEAD(signals);
ATF_TC_BODY(signals, tc)
{
	static const unsigned char trampoline[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 };
	uint64_t *uc = &p.stack[600];

	begin();
	memcpy(&p.code[0x400], trampoline, sizeof trampoline);
	/* the handler's frame, by its frame pointer, returns to the trampoline */
	p.stack[599] = CODE + 0x400;
	uc[5 + 10] = STACK + 8 * 50; /* rbp */
	uc[5 + 15] = STACK + 8 * 40; /* rsp: below, as if the handler had a stack of its own */
	uc[5 + 16] = CODE + 0x33;    /* rip */
	p.stack[50] = 0;
	p.stack[51] = call(0x100, 0x30);
	walk(at(CODE + 0x400, 600, 0));
	ATF_CHECK_EQ(s.frames, 3);
	ATF_CHECK(frame[1].pc == CODE + 0x33 && frame[1].how == UNWIND_SIGNAL);
	ATF_CHECK(frame[2].pc == CODE + 0x105 && frame[2].how == UNWIND_POINTER);
}

ATF_TC_WITHOUT_HEAD(jump_to_nowhere);
ATF_TC_BODY(jump_to_nowhere, tc)
{
	begin();
	p.stack[8] = call_by(0x300, "\xff\xd0", 2); /* call *%rax, which was NULL */
	p.stack[20] = 0;
	p.stack[21] = call(0x100, 0x10);
	walk(at(0, 8, STACK + 8 * 20));
	ATF_CHECK_EQ(s.frames, 3);
	ATF_CHECK(frame[0].pc == 0);
	ATF_CHECK(frame[1].pc == CODE + 0x302 && frame[1].how == UNWIND_CALL);
	ATF_CHECK(frame[2].pc == CODE + 0x105);
	begin(); /* without a call's trace it is lost */
	walk(at(0x10, 8, 0));
	ATF_CHECK(s.frames == 1 && s.end == UNWIND_LOST);
}

/* Of a sleeping thread two registers are known: rather than guess, say so. */
ATF_TC_WITHOUT_HEAD(two_registers);
ATF_TC_BODY(two_registers, tc)
{
	struct unwind_registers r;

	begin();
	p.stack[12] = call(0x300, 0x10);
	unwind_from_two(&unwind_x86_64, STACK + 64, CODE + 0x15, &r);
	walk(r);
	ATF_CHECK(s.frames == 1 && s.end == UNWIND_UNKNOWN);
	unwind_from_two(&unwind_aarch64, STACK + 64, CODE + 0x14, &r);
	unwind_walk(&unwind_aarch64, &space, &r, &s);
	ATF_CHECK(s.frames == 1 && s.end == UNWIND_UNKNOWN);
}

ATF_TC_WITHOUT_HEAD(loops);
ATF_TC_BODY(loops, tc)
{
	begin();
	p.stack[10] = STACK + 8 * 10; /* a record that shows itself */
	p.stack[11] = call(0x100, 0x10);
	walk(at(CODE + 0x15, 8, STACK + 8 * 10));
	ATF_CHECK(s.frames >= 2 && s.frames <= 3);
	begin(); /* two that show each other: the stack pointer would go back */
	p.stack[10] = STACK + 8 * 20;
	p.stack[11] = call(0x100, 0x10);
	p.stack[20] = STACK + 8 * 10;
	p.stack[21] = call(0x100, 0x10);
	walk(at(CODE + 0x15, 8, STACK + 8 * 10));
	ATF_CHECK_EQ(s.frames, 3);
}

/* Of a deep stack the first and the last frames are kept, in their order. */
ATF_TC_WITHOUT_HEAD(deep);
ATF_TC_BODY(deep, tc)
{
	begin();
	for (unsigned i = 0; i < 500; i++) {
		p.stack[2 * i + 10] = STACK + 8 * (2 * i + 12);
		p.stack[2 * i + 11] = call(0x100 + 5 * (i % 500), 0x10);
	}
	walk(at(CODE + 0x15, 8, STACK + 8 * 10));
	ATF_CHECK_EQ(s.frames, 64);
	ATF_CHECK_EQ(s.left_out, 501 - 64);
	for (unsigned i = 1; i < 48; i++)
		ATF_CHECK_EQ(frame[i].pc, CODE + 0x100 + 5 * (i - 1) + 5);
	for (unsigned i = 48; i < 64; i++)
		ATF_CHECK_EQ(frame[i].pc, CODE + 0x100 + 5 * (500 - 64 + i) + 5);
	s = (struct unwind_stack){ .frame = frame, .room = 10, .last = 0 };
	walk(at(CODE + 0x15, 8, STACK + 8 * 10));
	ATF_CHECK(s.frames == 10 && s.left_out == 491 && frame[9].pc == CODE + 0x12d);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, kernel_order);
	ATF_TP_ADD_TC(tp, kernel_order_aarch64);
	ATF_TP_ADD_TC(tp, frame_pointers);
	ATF_TP_ADD_TC(tp, calls);
	ATF_TP_ADD_TC(tp, epilogues);
	ATF_TP_ADD_TC(tp, signals);
	ATF_TP_ADD_TC(tp, jump_to_nowhere);
	ATF_TP_ADD_TC(tp, two_registers);
	ATF_TP_ADD_TC(tp, loops);
	ATF_TP_ADD_TC(tp, deep);
	return atf_no_error();
}
