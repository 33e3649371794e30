#ifndef SE_WIRE_CIDR_H
#define SE_WIRE_CIDR_H

#include <stdbool.h>

#include "../base/buf.h"

/* Networks as CIDR writes them, RFC 4632, and a socket filter that lets only them through. */
struct cidr {
	bool v6;
	unsigned char address[16]; /* in the network's order; of IPv4 the first four */
	unsigned bits;
};

/* "10.0.0.0/8", "::1", "192.168.1.7": without a length all bits. NULL: done; else the reason. */
const char *cidr_parse(const char *text, struct cidr *);

/* Instructions of a filter of so many networks, at most. */
#define CIDR_FILTER(networks) (10 * (networks) + 4)

/* As the kernel's struct sock_filter, classic BPF. */
struct cidr_instruction {
	unsigned short code;
	unsigned char yes, no; /* how many to skip */
	unsigned value;
};

/*
 * The program for a socket of that family: passes packets that come from one of the networks, drops
 * all others. How many instructions.
 */
unsigned cidr_filter(const struct cidr[], unsigned n, bool v6, struct cidr_instruction *);

#endif
