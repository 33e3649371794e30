#include "text.h"

#include <string.h>

size_t
text_span(const char *s, const char *stops)
{
	size_t n = 0;

	while (s[n] && !strchr(stops, s[n]))
		n++;
	return n;
}

void *
text_find(const void *bytes, char c, size_t len)
{
	const char *p = bytes;

	for (; len > 0; len--, p++)
		if (*p == c)
			return (void *)(size_t)p;
	return NULL;
}
