#ifndef SE_STARTER_READY_H
#define SE_STARTER_READY_H

#include "starter.h"

/* How a starting generation's readiness is learned, where it is told or tried: by whom is known,
 * nothing is open. */
void ready_prepare(struct starter *);
/* The same, and what it takes is open. */
void ready_open(struct starter *);
/* A datagram on the notify socket; a byte on SE_READY_FD. */
void ready_on_report(struct starter *);
void ready_on_byte(struct starter *);
/* connect: the next try, if one is due. */
void ready_tick(struct starter *, ms now);
ms ready_due(struct starter *);

#endif
