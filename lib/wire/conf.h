#ifndef SE_WIRE_CONF_H
#define SE_WIRE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/optval.h"

/*
 * The configuration file: the flat part of YAML 1.2. `key: value` lines, values plain, 'single' or
 * "double" quoted, [flow, lists] on one line and block lists of `- item` lines; comments, blank
 * lines, a leading `---`. What of YAML is not here (nesting, anchors, tags, block texts) is refused
 * with the reason, never misread.
 */
struct conf {
	char *at, *end;
	unsigned line;
	bool begun;      /* an item has been told */
	char error[120]; /* after CONF_ERROR: the reason; it is in line */
};

struct conf_item {
	const char *key;
	unsigned line; /* of the key, from 1 */
	struct opt_value value;
};

enum conf_next { CONF_ITEM, CONF_END, CONF_ERROR };

/* The longest line that is read, in bytes. */
#define CONF_LINE_MAX 65535

/*
 * Reads len bytes at text, which must have room for one byte more. The text is changed in place:
 * the items' strings point into it and live as long as it does.
 */
void conf_open(struct conf *, char *text, size_t len);
enum conf_next conf_next(struct conf *, struct conf_item *);

#endif
