#include "tests/unit/fleet_world.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* The world of the random walk, with the fuzzer's choices. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct choice from = { .bytes = data, .left = size };
	struct fleet_world x;

	fleet_world_init(&x, &from);
	for (walk.step = 0; !choice_ended(&from); walk.step++)
		fleet_world_step(&x);
	return 0;
}
