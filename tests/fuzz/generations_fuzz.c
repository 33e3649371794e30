#include "tests/unit/generations_world.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The world of the random walk, with the fuzzer's choices. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct choice from = { .bytes = data, .left = size };
	struct generations_world x;

	generations_world_init(&x, &from);
	for (walk.step = 0; !choice_ended(&from) && !x.ended; walk.step++)
		generations_world_step(&x);
	return 0;
}
