#ifndef SE_BASE_HEAP_H
#define SE_BASE_HEAP_H

#include <stddef.h>

#include "ms.h"

/*
 * Due times of numbered things: the earliest is known at once, a change costs log n. Equal times
 * come in the order of their numbers. The three arrays are the caller's, of room entries each.
 */
struct heap {
	ms *key;        /* by number: its due time, MS_NEVER: not in the heap */
	unsigned *slot; /* the heap: numbers, earliest first */
	unsigned *at;   /* by number: where in slot */
	size_t len;
};

/* Empties the heap; numbers below room may be set from now on. */
void heap_init(struct heap *, size_t room);
/* Makes room for numbers from old to room-1 after the caller's arrays have grown. */
void heap_grow(struct heap *, size_t old, size_t room);
/* Sets when number i is due; MS_NEVER takes it out. */
void heap_set(struct heap *, unsigned i, ms due);
/* The earliest due time, or MS_NEVER. */
ms heap_due(const struct heap *);
/* The number that is due first. Only when heap_due is not MS_NEVER. */
unsigned heap_first(const struct heap *);

#endif
