#ifndef TESTS_UNWIND_WORLD_H
#define TESTS_UNWIND_WORLD_H

#include <stdbool.h>
#include <string.h>

#include "lib/unwind/unwind.h"

/* A process that is made up: a page of code, two of stack. */
#define CODE  0x400000ull
#define STACK 0x7ffff000ull
#define SIZE  4096

struct made_up {
	unsigned char code[SIZE];
	uint64_t stack[2 * SIZE / 8];
	struct unwind_module module;
};

static struct made_up p;
static struct unwind_frame frame[64];
static struct unwind_stack s;

static bool
stack_at(void *arg, uint64_t address, void *to, size_t n)
{
	const struct made_up *m = arg;

	if (address < STACK || address - STACK > sizeof m->stack ||
	    n > sizeof m->stack - (address - STACK))
		return false;
	memcpy(to, (const char *)m->stack + (address - STACK), n);
	return true;
}

static bool
code_at(void *arg, uint64_t address, void *to, size_t n)
{
	const struct made_up *m = arg;

	if (address < CODE || address - CODE > SIZE || n > SIZE - (address - CODE))
		return false;
	memcpy(to, m->code + (address - CODE), n);
	return true;
}

static const struct unwind_module *
module_at(void *arg, uint64_t address)
{
	const struct made_up *m = arg;

	return address >= CODE && address < CODE + SIZE ? &m->module : NULL;
}

static const struct unwind_space space = { .arg = &p,
	.read = stack_at,
	.code = code_at,
	.module = module_at,
	.top = STACK + sizeof p.stack };

static void
begin(void)
{
	memset(&p, 0, sizeof p);
	memset(p.code, 0x90, sizeof p.code);
	s = (struct unwind_stack){ .frame = frame, .room = 64, .last = 16 };
}

#endif
