#include "base64.h"

/* The digit that stands for these six bits. */
static char
digit(unsigned bits)
{
	if (bits < 26)
		return (char)('A' + bits);
	if (bits < 52)
		return (char)('a' + bits - 26);
	if (bits < 62)
		return (char)('0' + bits - 52);
	return bits == 62 ? '+' : '/';
}

/* The six bits that a digit stands for; 64 or more: it is none. */
static unsigned
value(char c)
{
	unsigned bits = 0;

	while (bits < 64 && digit(bits) != c)
		bits++;
	return bits;
}

void
base64_put(struct buf *b, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (; len > 0; p += 3) {
		unsigned group = (unsigned)p[0] << 16 | (len > 1 ? (unsigned)p[1] << 8 : 0) |
		    (len > 2 ? p[2] : 0);
		char text[4] = { digit(group >> 18), digit(group >> 12 & 63),
			digit(group >> 6 & 63), digit(group & 63) };

		if (len < 3)
			text[3] = '=';
		if (len < 2)
			text[2] = '=';
		buf_put(b, text, sizeof text);
		len -= len < 3 ? len : 3;
	}
}

bool
base64_take(char *text, size_t *len)
{
	size_t in = *len, out = 0;

	if (in % 4 != 0)
		return false;
	for (size_t i = 0; i < in; i += 4) {
		bool last = i + 4 == in;
		unsigned pads = !last || text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
		unsigned group = 0;

		for (unsigned k = 0; k < 4; k++) {
			unsigned bits = k < 4 - pads ? value(text[i + k]) : 0;

			if (bits > 63)
				return false;
			group = group << 6 | bits;
		}
		if (group & ((1u << 8 * pads) - 1))
			return false; /* bits that no byte has */
		for (unsigned k = 0; k < 3 - pads; k++)
			text[out++] = (char)(group >> (16 - 8 * k));
	}
	*len = out;
	return true;
}
