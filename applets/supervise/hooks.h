#ifndef SE_SUPERVISE_HOOKS_H
#define SE_SUPERVISE_HOOKS_H

#include <sys/types.h>

#include "../../lib/fsm/errands.h"
#include "config.h"

/*
 * Commands of the configuration that are run when something happens, beside everything else: only
 * the first start waits for before_run, and our end for after_run and those that still run.
 */
enum hooks_stage {
	HOOKS_BEFORE, /* before_run: no worker is started yet */
	HOOKS_RUN,
	HOOKS_REST, /* no worker is left: what runs may end */
	HOOKS_KILL, /* it did not in time, and was killed */
	HOOKS_AFTER,
	HOOKS_OVER,
};

struct hooks {
	enum hooks_stage stage;
	bool stopped;              /* before before_run had ended: there is no after_run */
	ms until;                  /* of REST, KILL and AFTER */
	char **argv[CONFIG_HOOKS]; /* NULL: none */
	char **envp;
	char **told; /* where ours stand in it */
	char event[40], id[40], pid[32], end[40];
	struct errands errands;
};

struct supervise;

/* Makes all ready; false: errno. */
bool hooks_open(struct supervise *);
/* Starts before_run if there is one. */
void hooks_begin(struct supervise *);
/* There are none here: they are a server's. */
void hooks_none(struct supervise *);
/* How many descriptors they may need under that configuration. */
unsigned hooks_fds(const struct config *);
/* Are the workers' starts to wait? */
bool hooks_hold(const struct supervise *);
/* Something has happened to a worker; pid, 0: none; its status, as waitpid(2), behind its exit. */
void hooks_run(struct supervise *, enum config_hook, unsigned worker, pid_t, int status);
/* False: it was none of them. */
bool hooks_on_exit(struct supervise *, pid_t, int status);
ms hooks_due(const struct supervise *);
void hooks_tick(struct supervise *);
/* No worker is left: may the end go on, with after_run behind us? */
bool hooks_ended(struct supervise *);

#endif
