#include "cidr.h"

#include <string.h>

#include "../base/address.h"
#include "../base/num.h"
#include "../base/text.h"

const char *
cidr_parse(const char *text, struct cidr *c)
{
	const char *slash = text_char(text, '/');
	char host[48];
	uint64_t bits;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	*c = (struct cidr){ .v6 = text_char(text, ':') != NULL };
	c->bits = c->v6 ? 128 : 32;
	if (!buf_print_to(host, sizeof host, "%.*s", (int)len, text) ||
	    !address_parse(host, c->v6, c->address))
		return "not an address";
	if (!slash)
		return NULL;
	if (!num_count(slash + 1, 0, c->bits, &bits))
		return c->v6 ? "expected 0 to 128 bits behind the /"
			     : "expected 0 to 32 bits behind the /";
	c->bits = (unsigned)bits;
	for (unsigned i = c->bits; i < (c->v6 ? 128u : 32u); i++)
		if (c->address[i / 8] & 0x80 >> i % 8)
			return "bits are set behind the network's";
	return NULL;
}

/* ---- filter ---- */

/* linux/bpf_common.h and linux/filter.h */
enum { LOAD = 0x20, AND = 0x54, EQUAL = 0x15, RETURN = 0x06 };
#define PACKET       0xffffffffu
#define NETWORK      0xfff00000u /* SKF_NET_OFF: the IP header begins there */
#define SOURCE_OF_V4 12u         /* RFC 791 */
#define SOURCE_OF_V6 8u          /* RFC 8200 */

static unsigned
word(const unsigned char *at)
{
	return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

/* The instructions of one network: the address by words; one that differs leads behind them. */
static unsigned
filter_one(const struct cidr *c, struct cidr_instruction *to)
{
	unsigned source = NETWORK + (c->v6 ? SOURCE_OF_V6 : SOURCE_OF_V4), n = 0, end;

	for (unsigned at = 0; at < c->bits; at += 32) {
		unsigned bits = c->bits - at < 32 ? c->bits - at : 32;

		to[n++] = (struct cidr_instruction){ .code = LOAD, .value = source + at / 8 };
		if (bits < 32)
			to[n++] =
			    (struct cidr_instruction){ .code = AND, .value = ~(PACKET >> bits) };
		to[n++] =
		    (struct cidr_instruction){ .code = EQUAL, .value = word(c->address + at / 8) };
	}
	to[n++] = (struct cidr_instruction){ .code = RETURN, .value = PACKET };
	end = n;
	for (unsigned i = 0; i < end; i++)
		if (to[i].code == EQUAL)
			to[i].no = (unsigned char)(end - i - 1);
	return n;
}

unsigned
cidr_filter(const struct cidr c[], unsigned n, bool v6, struct cidr_instruction *to)
{
	unsigned len = 0;

	for (unsigned i = 0; i < n; i++)
		if (c[i].v6 == v6)
			len += filter_one(&c[i], to + len);
	to[len++] = (struct cidr_instruction){ .code = RETURN, .value = 0 };
	return len;
}
