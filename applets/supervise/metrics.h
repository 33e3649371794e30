#ifndef SE_SUPERVISE_METRICS_H
#define SE_SUPERVISE_METRICS_H

#include "supervise.h"

/* The file metrics_path, written by a helper process, so that a slow disk delays nothing here. */

/* Writes it if something has changed and its time has come. */
void metrics_tick(struct supervise *);
/* When metrics_tick has something to do, or MS_NEVER. */
ms metrics_due(const struct supervise *);
/* False: pid was not the helper. */
bool metrics_on_exit(struct supervise *, pid_t, int status);

#endif
