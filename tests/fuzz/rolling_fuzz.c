#include "tests/unit/rolling_world.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The world of the random walk, with the fuzzer's choices. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct choice from = { .bytes = data, .left = size };
	struct rolling_world x;

	rolling_world_init(&x, &from);
	for (walk.step = 0; !choice_ended(&from); walk.step++)
		rolling_world_step(&x);
	return 0;
}
