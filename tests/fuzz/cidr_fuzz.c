#include <stdlib.h>
#include <string.h>

#include "lib/wire/cidr.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Whatever is taken has a filter of the length that is promised, whose jumps stay in it. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct cidr_instruction program[CIDR_FILTER(2)];
	struct cidr c[2];
	char text[128];
	unsigned n;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (cidr_parse(text, &c[0]))
		return 0;
	if (c[0].bits > (c[0].v6 ? 128u : 32u))
		abort();
	c[1] = c[0];
	n = cidr_filter(c, 2, c[0].v6, program);
	if (n < 3 || n > CIDR_FILTER(2) || program[n - 1].value != 0)
		abort();
	for (unsigned i = 0; i < n; i++)
		if (i + program[i].yes >= n || i + program[i].no >= n)
			abort();
	return 0;
}
