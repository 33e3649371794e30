#include <stdlib.h>
#include <string.h>

#include "lib/unwind/unwind.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The input: which machine, what is known, then the stack, and the code behind it. */
#define CODE  0x10000ull
#define STACK 0x20000ull

struct input {
	const unsigned char *stack, *code;
	size_t stack_len, code_len;
	struct unwind_module module;
};

static bool
bytes_at(const unsigned char *bytes, size_t len, uint64_t at, void *to, size_t n)
{
	if (at > len || n > len - at)
		return false;
	memcpy(to, bytes + at, n);
	return true;
}

static bool
stack_at(void *arg, uint64_t address, void *to, size_t n)
{
	const struct input *in = arg;

	return bytes_at(in->stack, in->stack_len, address - STACK, to, n);
}

static bool
code_at(void *arg, uint64_t address, void *to, size_t n)
{
	const struct input *in = arg;

	return bytes_at(in->code, in->code_len, address - CODE, to, n);
}

static const struct unwind_module *
module_at(void *arg, uint64_t address)
{
	const struct input *in = arg;

	return address - CODE < in->code_len ? &in->module : NULL;
}

/* A walk over anything ends, with frames in the room it was given. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct input in = { .stack_len = 0 };
	struct unwind_space space = { &in, stack_at, code_at, module_at, 0, false, 0 };
	struct unwind_frame frame[12];
	struct unwind_stack s = { .frame = frame, .room = 12, .last = 4 };
	struct unwind_registers r = { .pc = CODE };
	const struct unwind_machine *m;

	if (size < 24 || size > 8192)
		return 0;
	m = data[0] & 1 ? &unwind_aarch64 : &unwind_x86_64;
	in.stack_len = (size - 24) * data[1] / 256;
	in.stack = data + 24;
	in.code = data + 24 + in.stack_len;
	in.code_len = size - 24 - in.stack_len;
	space.top = STACK + in.stack_len;
	space.pac_mask = data[0] & 2 ? 0x007f000000000000 : 0;
	space.final = data[0] & 4;
	r.known = data[0] & 4 ? 0xffffffff : 1ull << (data[0] & 1 ? 31 : 7);
	r.pc += data[2];
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		r.value[i] = STACK + data[3 + i % 20] * 8u;
	unwind_walk(m, &space, &r, &s);
	if (s.frames == 0 || s.frames > 12 || (s.left_out > 0 && s.frames != 12) ||
	    s.frames + s.left_out > UNWIND_DEPTH || frame[0].pc != r.pc)
		abort();
	return 0;
}
