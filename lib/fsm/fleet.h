#ifndef SE_FSM_FLEET_H
#define SE_FSM_FLEET_H

#include <stdbool.h>

#include "../base/ms.h"

/*
 * What concerns all workers together: the pace of their starts, whose turn it is to be replaced,
 * and how the whole comes to its end: workers first, then what they left behind, then us.
 */
enum fleet_state {
	FLEET_RUNNING,
	FLEET_STOPPING, /* workers are asked to go */
	FLEET_STRAYS,   /* they are gone; other children may be left */
	FLEET_ENDED,
};

enum fleet_event {
	FLEET_EV_STOP,
	FLEET_EV_ABORT,
	FLEET_EV_WORKER_LOST, /* a worker was given up; status, fatal */
	FLEET_EV_WORKER_BACK, /* one that was given up is started again, or not wanted any more */
	FLEET_EV_EMPTY,       /* no worker has a process or waits for one */
	FLEET_EV_CHILDLESS,   /* no child of ours is left */
	FLEET_EV_TIME,
};

struct fleet_input {
	enum fleet_event event;
	ms now;
	int status; /* WORKER_LOST: what to exit with */
	bool fatal; /* WORKER_LOST: the others are to go too */
};

enum fleet_do {
	FLEET_DO_NOTHING,
	FLEET_DO_STOP_WORKERS,
	FLEET_DO_ABORT_WORKERS,
	FLEET_DO_TERM_STRAYS,
	FLEET_DO_KILL_STRAYS,
	FLEET_DO_EXIT, /* with status */
};

struct fleet_policy {
	ms start_delay;            /* between two starts */
	unsigned start_delay_rand; /* thousandths: start_delay +- half of it */
	ms stray_timeout;          /* from TERM to KILL, and from KILL to giving up on them */
};

#define FLEET_NOBODY (~0u)

struct fleet {
	enum fleet_state state;
	bool aborting;
	bool killed;       /* STRAYS: KILL was sent */
	unsigned lost;     /* workers given up */
	int status;        /* of the worker that was given up last; 0 again when none is */
	unsigned retiring; /* the slot whose worker is being replaced, or FLEET_NOBODY */
	ms next_start;     /* no start before */
	ms due;            /* STRAYS: when to feed FLEET_EV_TIME; else MS_NEVER */
};

void fleet_init(struct fleet *);
enum fleet_do fleet_step(struct fleet *, const struct fleet_policy *, const struct fleet_input *);
/* When a worker that wants to start may: now (it counts as started), or a time after now. */
ms fleet_start_at(struct fleet *, const struct fleet_policy *, ms now, unsigned random);
/*
 * May this slot's worker be replaced now? One at a time: settled says whether the slot that went
 * before (retiring) has its new worker running.
 */
bool fleet_may_retire(struct fleet *, unsigned slot, bool settled);

#endif
