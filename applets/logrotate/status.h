#ifndef SE_LOGROTATE_STATUS_H
#define SE_LOGROTATE_STATUS_H

#include "../../lib/sys/ledger.h"
#include "options.h"

/* --status: a line for each running logger, or for those of the files. The exit status. */
int status_run(const struct options *);
/* The same line to the dump file. */
void status_dump(const struct ledger *);

#endif
