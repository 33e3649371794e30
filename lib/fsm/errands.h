#ifndef SE_FSM_ERRANDS_H
#define SE_FSM_ERRANDS_H

#include <stdbool.h>

#include "../base/ms.h"

/*
 * Commands that are run for events, in their order and ERRANDS_PLACES at the same time; the others
 * wait, and where too many wait further ones are counted and lost. Each has a time to end.
 */
#define ERRANDS_PLACES  32
#define ERRANDS_WAITING 1024

/* What a command is run for; the caller's meaning. */
struct errand {
	unsigned what, worker;
	int pid, status;
};

struct errands {
	unsigned first, waiting; /* of ring */
	unsigned running;
	unsigned long lost; /* since the caller has set it to 0 */
	struct errands_place {
		int pid; /* 0: free */
		bool late;
		ms due; /* when it is to be killed; MS_NEVER: it was */
		struct errand errand;
	} place[ERRANDS_PLACES];
	struct errand ring[ERRANDS_WAITING];
};

/* One more waits, or is lost. */
void errands_add(struct errands *, const struct errand *);
/* Takes out the one whose turn it is; false: none waits, or no place is free. */
bool errands_next(struct errands *, struct errand *);
/* It runs as pid until due at most. Behind errands_next only. */
void errands_started(struct errands *, const struct errand *, int pid, ms due);
/* A process is gone; *was: what it was. False: none of these. */
bool errands_gone(struct errands *, int pid, struct errands_place *was);
/* One that is to be killed now; 0: none. It is told once. */
int errands_late(struct errands *, ms now, struct errand *);
/* When errands_late has one; MS_NEVER: never. */
ms errands_due(const struct errands *);
/* Those that wait are lost, those that run are late. */
void errands_end(struct errands *, ms now);

#endif
