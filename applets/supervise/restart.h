#ifndef SE_SUPERVISE_RESTART_H
#define SE_SUPERVISE_RESTART_H

#include "supervise.h"

/* restart_mode: rolling, between its machine and the workers. */

/*
 * The workers, as many as the configuration wants, are replaced in turn from now on, each by that
 * event; one that is going on begins anew. Why not, or NULL.
 */
const char *restart_begin(struct supervise *, enum worker_event);
/* It is over, if one is going on; the extra workers are the caller's to stop. */
void restart_end(struct supervise *);
/* How many extra workers there may be behind the others now. */
unsigned restart_extra(const struct supervise *);
/* Room for as many slots as there are; false: errno. */
bool restart_make_room(struct supervise *);
/* There will be so many workers, whose slots are there; false: errno, all is as it was. */
bool restart_resize(struct supervise *, unsigned workers);
/* Worker i's machine was before, and took that step. */
void restart_watch(
    struct supervise *, unsigned i, const struct worker *before, const struct worker_input *);
/* Does what is to be done now. */
void restart_go_on(struct supervise *);

#endif
