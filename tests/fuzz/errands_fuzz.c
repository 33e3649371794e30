#include "tests/unit/errands_world.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The world of the random walk, with the fuzzer's choices. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct errands_world x;
	struct choice from = { .bytes = data, .left = size };

	errands_world_init(&x, &from);
	for (walk.step = 0; !choice_ended(&from); walk.step++)
		errands_world_step(&x);
	return 0;
}
