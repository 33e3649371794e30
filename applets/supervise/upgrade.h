#ifndef SE_SUPERVISE_UPGRADE_H
#define SE_SUPERVISE_UPGRADE_H

#include "../../lib/sys/successor.h"

/* --upgrade: the program at our path, which may be another version, in our own place. */
struct supervise;

struct upgrade {
	struct successor successor;
	struct successor_us us;
	const char *path; /* where it is looked for; NULL: where we were executed from */
	char told[236];   /* path, of our supervisor */
};

/* Before the others, once we are what we are to be. */
void upgrade_open(struct supervise *);
/* Why not, or NULL: the new program is looking; the rest is told to whoever has asked. */
const char *upgrade_begin(struct supervise *);
/* The same with that program, ours then, of that path: the supervisor has become it. */
const char *upgrade_follow(struct supervise *, int program, const char *path);
bool upgrade_is_on(const struct supervise *);
bool upgrade_is_looking(const struct supervise *, pid_t);
/* False: it was another process. */
bool upgrade_on_exit(struct supervise *, pid_t, int status);
ms upgrade_due(const struct supervise *);
void upgrade_tick(struct supervise *);
/* Where nothing is half done: executes the new program, if it has agreed, and is still wanted. */
void upgrade_go_on(struct supervise *);
/* It is over: logged, and told to whoever has asked. why: NULL, or why it was not done. */
void upgrade_ended(struct supervise *, const char *why);

#endif
