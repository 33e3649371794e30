#include "text.h"

#include <string.h>

char *
text_char(const char *s, char c)
{
	for (; *s != c; s++)
		if (!*s)
			return NULL;
	return (char *)(size_t)s;
}

char *
text_after(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix) {
		s++;
		prefix++;
	}
	return *prefix ? NULL : (char *)(size_t)s;
}

size_t
text_span(const char *s, const char *stops)
{
	size_t n = 0;

	while (s[n] && !text_char(stops, s[n]))
		n++;
	return n;
}

const char *
text_value(const char *entry, const char *name)
{
	const char *rest = text_after(entry, name);

	return rest && *rest == '=' ? rest + 1 : NULL;
}

char *
text_item(const char *s, unsigned i)
{
	for (; i > 0; i--)
		s += strlen(s) + 1;
	return (char *)(size_t)s;
}

bool
text_is_named(const char *entry, const char *names)
{
	for (; *names; names = text_item(names, 1))
		if (text_value(entry, names))
			return true;
	return false;
}

char *
text_skip(const char *s, const char *these)
{
	while (*s && text_char(these, *s))
		s++;
	return (char *)(size_t)s;
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
