#ifndef SE_FSM_ROLLING_H
#define SE_FSM_ROLLING_H

#include <stdbool.h>

#include "../base/heap.h"

/*
 * A rolling restart: the workers 0 .. workers-1 are replaced in turn, so that never more than
 * max_unavailable of them are out of service for it; with surge, so many extra ones are started
 * first, in the slots behind, and make up for as many. The first new worker that fails ends it, and
 * the old ones that are left go on.
 *
 *     for (;;) switch (rolling_next(...)) { ...do it... }
 *
 * with whatever happens to a worker told in between. A worker of which nothing is in service is
 * replaced at once, since that costs nothing. An event costs log n at most.
 */
struct rolling_policy {
	unsigned max_unavailable; /* 0 only with surge */
	bool told;                /* workers are to say that they are ready */
	ms late;                  /* within this, where they are; MS_NEVER: whenever */
	ms alive;                 /* else they are ready when they have lived for so long */
};

enum rolling_event {
	/* what there is at the beginning; a slot of which nothing is told has no process */
	ROLLING_EV_SERVES, /* an old worker that is ready */
	ROLLING_EV_STARTS, /* one that is not yet, started at since; told: it is to say so */
	ROLLING_EV_LOST,   /* none, or one that is on its way out */
	/* what happens */
	ROLLING_EV_UP,          /* a process was started */
	ROLLING_EV_READY,       /* it says that it is ready, and is not on its way out */
	ROLLING_EV_AWAY,        /* it is out of service: it was told to go, or has gone as asked */
	ROLLING_EV_EXITED,      /* it has gone without being asked */
	ROLLING_EV_UNSTARTABLE, /* no process could be started */
};

struct rolling_input {
	enum rolling_event event;
	unsigned slot;
	ms now;
	ms since;  /* STARTS */
	bool told; /* STARTS */
};

enum rolling_action {
	ROLLING_WAIT,    /* until rolling_due, or something happens */
	ROLLING_START,   /* *slot is to have an extra worker */
	ROLLING_REPLACE, /* *slot's worker is to go, and another one to be started */
	ROLLING_DONE,    /* every worker is new and ready: the extra ones are to go */
	ROLLING_FAILED,  /* *slot's new worker failed, see reason; the extra ones are to go */
};

enum rolling_reason { ROLLING_BY_EXIT, ROLLING_BY_START, ROLLING_BY_TIME };

enum rolling_stage {
	ROLLING_OLD,  /* its worker is from before */
	ROLLING_TOLD, /* its turn has come, and no new process yet */
	ROLLING_NEW,  /* its worker was started since the beginning */
};

struct rolling_one {
	unsigned char stage; /* enum rolling_stage */
	bool ready;          /* in service */
	bool told;           /* it is to say that it is ready */
};

struct rolling {
	bool on;
	bool failed; /* to be told by the next rolling_next */
	enum rolling_reason reason;
	unsigned culprit;        /* the slot that failed */
	unsigned workers, surge; /* extra ones have the slots from workers on */
	unsigned started;        /* extra ones that were asked for */
	unsigned next;           /* the slots before are not OLD any more */
	unsigned ready;          /* in service, the extra ones included */
	unsigned extra;          /* those of them that are extra */
	unsigned renewed;        /* new and in service, the extra ones not included */
	unsigned room;
	/* of room entries, the caller's: */
	struct rolling_one *one;
	struct heap due; /* when a worker that is not ready is judged */
};

/* Begins, or begins anew, with all workers old; room is for workers + surge slots at least. */
void rolling_begin(struct rolling *, unsigned workers, unsigned surge);
/* Other numbers while it goes on; the room has grown for them. What is new stays so. */
void rolling_resize(struct rolling *, unsigned workers, unsigned surge);
/* It is over, whatever is left to do. */
void rolling_end(struct rolling *);
/* Something has happened to a slot, of whatever number. */
void rolling_tell(struct rolling *, const struct rolling_policy *, const struct rolling_input *);
/* The next step, taken as done: asked again, the one after. */
enum rolling_action rolling_next(
    struct rolling *, const struct rolling_policy *, ms now, unsigned *slot);
/* When that is to be asked again though nothing happens, or MS_NEVER. */
ms rolling_due(const struct rolling *);

#endif
