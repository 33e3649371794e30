#ifndef SE_WIRE_BASE64_H
#define SE_WIRE_BASE64_H

#include <stdbool.h>

#include "../base/buf.h"

/* RFC 4648, section 4: with padding, without line ends. */

void base64_put(struct buf *, const void *bytes, size_t len);
/*
 * Decodes in place; *len is that of the text and then that of the bytes. False: it is not what
 * base64_put writes, and what is there is spoilt.
 */
bool base64_take(char *text, size_t *len);

#endif
