/*
 * steps.c - a program that halts before each of its instructions, and says what its stack is there.
 *
 *     steps [free]
 *
 * Thread "stepper" calls functions of many shapes, one instruction at a time (the trap flag). In
 * front of each of the program's own instructions, those of its procedure linkage table too, and of
 * each thirtieth of other objects, it prints a line and sleeps until a line comes on stdin: PC
 * RETURN_ADDRESS... in hexadecimal, innermost first. These come from watching calls and returns as
 * they are made, not from the stack. "free": it says "ready" and goes through the same functions
 * without a halt, for ever. On other machines than x86_64 it does nothing.
 */
#ifndef __x86_64__
int
main(void)
{
	return 77;
}
#else
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP    __attribute__((noinline, used)) static
#define NO_TAIL __asm__ volatile("" ::: "memory")

/* ---- the shapes ---- */

static volatile unsigned sink;
static char words[64] = "a string that is not short, and not known to the compiler either";

KEEP unsigned
leaf(unsigned n)
{
	return n * 3 + sink;
}

/* many registers are pushed */
KEEP unsigned
pushes(unsigned n)
{
	unsigned a = leaf(n), b = leaf(a), c = leaf(b), d = leaf(c), e = leaf(d);

	NO_TAIL;
	return a + b * c + d * e + leaf(a ^ b ^ c ^ d ^ e);
}

/* a frame of several pages, and its functions below it */
KEEP unsigned
large(unsigned n)
{
	volatile unsigned char room[20000];

	room[n % sizeof room] = (unsigned char)n;
	n = pushes(n);
	return n + room[n % sizeof room];
}

/* a frame whose size is not known to the compiler */
KEEP unsigned
moving(unsigned n)
{
	char *room = alloca(n % 100 + 16);

	memcpy(room, words, n % 40 + 1);
	room[15] = 0;
	sink += (unsigned char)room[n % 15];
	return large(n + (unsigned)strlen(room));
}

/* jumps to the next one */
KEEP unsigned
tail(unsigned n)
{
	sink = n;
	return moving(n + 1);
}

static unsigned (*volatile through)(unsigned) = tail;

KEEP unsigned
pointed(unsigned n)
{
	unsigned r = through(n);

	NO_TAIL;
	return r + 1;
}

/* is called by the library */
KEEP int
by_library(const void *a, const void *b)
{
	unsigned x = pushes(*(const unsigned *)a), y = leaf(*(const unsigned *)b);

	NO_TAIL;
	return (x > y) - (x < y);
}

KEEP unsigned
sorted(unsigned n)
{
	unsigned of[2] = { n, n + 1 };

	qsort(of, 2, sizeof of[0], by_library);
	NO_TAIL;
	return of[0];
}

KEEP unsigned
again(unsigned n)
{
	unsigned r = n == 0 ? pointed(n) : again(n - 1);

	NO_TAIL;
	return r + 1;
}

/* returns early, after which it is built anew */
KEEP unsigned
early(unsigned n)
{
	if (n % 2 == 0)
		return leaf(n);
	sink += sorted(n);
	return pointed(n) + again(2);
}

KEEP void
work(void)
{
	sink += early(2);
	sink += early(3);
	NO_TAIL;
}

/* ---- one instruction at a time ---- */

extern char __executable_start[], etext[];
static uint64_t shadow[256];
static unsigned depth;
static uint64_t before, before_sp;
static unsigned elsewhere;

/* Was the instruction at the address a call, or a return? Prefixes are read over. */
static int
is_call(const unsigned char *at)
{
	while (*at == 0xf2 || *at == 0x3e || *at == 0x66 || (*at & 0xf0) == 0x40)
		at++;
	return at[0] == 0xe8 || (at[0] == 0xff && (at[1] & 0x38) == 0x10);
}

static int
is_return(const unsigned char *at)
{
	while (*at == 0xf2 || *at == 0xf3)
		at++;
	return at[0] == 0xc3 || at[0] == 0xc2;
}

static void
say(uint64_t pc)
{
	char line[8192], answer;
	size_t at = (size_t)snprintf(line, sizeof line, "%llx", (unsigned long long)pc);

	for (unsigned i = depth; i > 0; i--)
		at += (size_t)snprintf(
		    line + at, sizeof line - at, " %llx", (unsigned long long)shadow[i - 1]);
	line[at++] = '\n';
	if (write(1, line, at) != (ssize_t)at || read(0, &answer, 1) != 1)
		_exit(0);
}

static void
on_trap(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *c = context;
	uint64_t pc = (uint64_t)c->uc_mcontext.gregs[REG_RIP],
		 sp = (uint64_t)c->uc_mcontext.gregs[REG_RSP];

	(void)sig, (void)info;
	if (before && is_call((const unsigned char *)before) && sp == before_sp - 8) {
		if (depth == sizeof shadow / sizeof *shadow)
			abort();
		shadow[depth++] = *(const uint64_t *)sp;
	} else if (before && is_return((const unsigned char *)before) && depth > 0 &&
	    pc == shadow[depth - 1]) {
		depth--;
	}
	before = pc;
	before_sp = sp;
	if (depth == 0)
		return;
	if ((pc >= (uint64_t)__executable_start && pc < (uint64_t)etext) || ++elsewhere % 30 == 0)
		say(pc);
}

static void
trap_flag(int on)
{
	if (on)
		__asm__ volatile(
		    "sub $128, %%rsp; pushfq; orl $0x100, (%%rsp); popfq; add $128, %%rsp" ::
			: "cc", "memory");
	else
		__asm__ volatile(
		    "sub $128, %%rsp; pushfq; andl $~0x100, (%%rsp); popfq; add $128, %%rsp" ::
			: "cc", "memory");
}

KEEP void
step(void)
{
	trap_flag(1);
	work();
	trap_flag(0);
}

KEEP void *
run(void *arg)
{
	(void)prctl(PR_SET_NAME, "stepper");
	if (!arg)
		step();
	else
		for (;;)
			work();
	NO_TAIL;
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	pthread_t t;

	(void)argv;
	if (argc > 1)
		puts("ready");
	fflush(stdout);
	if (sigaction(SIGTRAP, &sa, NULL) < 0 ||
	    pthread_create(&t, NULL, run, argc > 1 ? words : NULL) != 0)
		abort();
	pthread_join(t, NULL);
	return 0;
}
#endif
