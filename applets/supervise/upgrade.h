#ifndef SE_SUPERVISE_UPGRADE_H
#define SE_SUPERVISE_UPGRADE_H

#include "../../lib/sys/successor.h"

/* --upgrade: the program at our path, which may be another version, in our own place. */
struct supervise;

struct upgrade {
	struct successor successor;
	const char *path; /* where it is looked for; NULL: where we were executed from */
	char told[236];   /* by our supervisor: path */
};

/* Why not, or NULL: the new program is looking; the rest is told to whoever has asked. */
const char *upgrade_begin(struct supervise *, ms now);
/* False: it was another process. */
bool upgrade_on_exit(struct supervise *, pid_t, int status, ms now);
ms upgrade_due(const struct supervise *);
void upgrade_tick(struct supervise *, ms now);
/* Where nothing is half done: executes the new program, if it has agreed. */
void upgrade_go_on(struct supervise *, ms now);
/* It is over: logged, and told to whoever has asked. why: NULL, or why it was not done. */
void upgrade_ended(struct supervise *, const char *why, ms now);

#endif
