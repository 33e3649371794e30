#ifndef SE_LOGROTATE_ROTATE_H
#define SE_LOGROTATE_ROTATE_H

#include "options.h"

/* --rotate: each file once. The exit status. */
int rotate_run(const struct options *);

#endif
