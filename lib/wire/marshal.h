#ifndef SE_WIRE_MARSHAL_H
#define SE_WIRE_MARSHAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/buf.h"

/*
 * Ruby's Marshal, format 4.8, as far as messages of ServerEngine's socket manager need it: nil,
 * true, false, small integers, symbols, strings, arrays, and the outside of objects.
 */

enum marshal_kind {
	MARSHAL_NIL,
	MARSHAL_TRUE,
	MARSHAL_FALSE,
	MARSHAL_NUMBER,
	MARSHAL_SYMBOL, /* text */
	MARSHAL_STRING, /* text; of what encoding is passed over */
	MARSHAL_ARRAY,  /* number values follow */
	MARSHAL_OBJECT, /* text is its class; number pairs of a symbol and a value follow */
};

struct marshal_value {
	enum marshal_kind kind;
	int64_t number;
	const char *text; /* within the message; not ended by a NUL */
	size_t len;
};

#define MARSHAL_SYMBOLS 8 /* different ones in a message; with more it is not read */

struct marshal {
	const unsigned char *at, *end;
	unsigned symbols;
	struct marshal_symbol {
		const char *text;
		size_t len;
	} symbol[MARSHAL_SYMBOLS];
};

/* Reads a message from its first byte on; false: it is of another format. */
bool marshal_open(struct marshal *, const void *bytes, size_t len);
/* The next value, in the order of writing. False: it is cut off, or of a kind not known here. */
bool marshal_next(struct marshal *, struct marshal_value *);

/* Begins a message. */
void marshal_begin(struct buf *);
void marshal_put_nil(struct buf *);
void marshal_put_number(struct buf *, long); /* of 31 bits */
void marshal_put_symbol(struct buf *, const char *);
/* A string in UTF-8. Only one in a message: the second would have to refer to the first. */
void marshal_put_string(struct buf *, const char *);
/* So many values have to follow. */
void marshal_put_array(struct buf *, long count);
/* So many pairs of a symbol and a value have to follow. */
void marshal_put_object(struct buf *, const char *class, long pairs);

#endif
