#ifndef SE_LOGROTATE_HELD_H
#define SE_LOGROTATE_HELD_H

#include "logrotate.h"

/* The inputs of a logger whose pipes another process holds, so that it may die without a loss. */

/* NULL: errno. */
struct held *held_open(struct logger *);
/* A message from the holder. */
void held_on_message(struct logger *, ms now);
/* Some inputs have something. */
void held_on_ready(struct logger *, ms now);
/* Goes on with what was taken, and with a line that comes in pieces. */
void held_advance(struct logger *, ms now);
ms held_due(const struct logger *);
/* Gives back memory that lines have gone through; none is in hand. */
void held_trim(struct held *);

#endif
