#include <stdlib.h>
#include <string.h>

#include "lib/wire/endpoint.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* Whatever is taken, is named, and its name is taken too and means the same. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char text[1024], key_room[ENDPOINT_HOST + 16];
	struct buf key = buf_over(key_room, sizeof key_room);
	struct endpoint e, again;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)endpoint_path(text, &e);
	if (endpoint_parse(text, &e))
		return 0;
	endpoint_key(&e, &key);
	if (key.cut || key.len == 0 || memchr(key_room, '\n', key.len))
		abort();
	if (e.kind == ENDPOINT_UNIX ? endpoint_path(key_room, &again) != NULL
				    : endpoint_parse(key_room, &again) != NULL)
		abort();
	if (again.port != e.port || again.v6 != e.v6 || strcmp(again.host, e.host) != 0)
		abort();
	return 0;
}
