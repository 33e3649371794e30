#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/address.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Libc makes the same of it. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	unsigned char ours[16] = { 0 }, libcs[16] = { 0 };
	char text[128];

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (int v6 = 0; v6 < 2; v6++) {
		bool is = address_parse(text, v6, ours);

		if (is != (inet_pton(v6 ? AF_INET6 : AF_INET, text, libcs) == 1) ||
		    (is && memcmp(ours, libcs, v6 ? 16 : 4) != 0))
			abort();
	}
	return 0;
}
