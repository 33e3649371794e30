#ifndef SE_BASE_ADDRESS_H
#define SE_BASE_ADDRESS_H

#include <stdbool.h>

/*
 * An address as inet_pton(3) reads it, in the network's order: 4 bytes, or 16 if v6 (RFC 4291, 2.2;
 * no zone). False: it is none, and what is in to is spoilt.
 */
bool address_parse(const char *, bool v6, unsigned char *to);

#endif
