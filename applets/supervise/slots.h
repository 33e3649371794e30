#ifndef SE_SUPERVISE_SLOTS_H
#define SE_SUPERVISE_SLOTS_H

#include "supervise.h"

/* How many slots there are, each a worker's place, and how many of them are wanted. */

/* Why there cannot be n workers under such a policy, or NULL: there can. */
const char *slots_limit(const struct supervise *, const struct config *, unsigned n);
/* Makes n the number of workers wanted; more room is allocated, surplus workers are stopped. Why
 * not, or NULL. */
const char *slots_scale(struct supervise *, unsigned n);
/* Grows what has an entry for each slot, to n at least; false: errno. */
bool slots_make_room(struct supervise *, unsigned n);
/* Room for n slots where there was for old; false: errno, and what has grown stays so. */
bool slots_grow_heap(struct heap *, unsigned old, unsigned n);

#endif
