#ifndef SE_FSM_GENERATIONS_H
#define SE_FSM_GENERATIONS_H

#include <stdbool.h>

#include "../base/ms.h"
#include "backoff.h"

/*
 * The generations of one server: a new one is started beside the one that serves, proves that it is
 * up, and only then are the old ones told to go. Processes are known by their pid, times by now.
 *
 *     for (;;) switch (generations_next(...)) { ...do it... }
 *
 * with whatever has happened told in between. Nothing is waited for elsewhere: a stop, a death or a
 * further restart is taken at any moment.
 */
#define GENERATIONS_MAX 64 /* alive at once */

enum generation_state {
	GENERATION_STARTING, /* it has not proved yet that it is up */
	GENERATION_FAILED,   /* it was not up in time: killed, not yet dead */
	GENERATION_CURRENT,  /* the one that serves */
	GENERATION_OLD,      /* to be told to go, at due */
	GENERATION_TOLD,     /* told to go; to be killed, at due */
	GENERATION_KILLED,
};

struct generation {
	int pid;
	unsigned number; /* 1, 2, ...: one for each attempt to start */
	enum generation_state state;
	ms started;
	ms due; /* STARTING: it is up, or too late; OLD, TOLD: see above; MS_NEVER: no limit */
};

struct generations_policy {
	ms interval;         /* up after living so long, where readiness is not told */
	bool told;           /* readiness is told */
	ms ready_timeout;    /* then it must be told within this; MS_NEVER: whenever */
	ms kill_old_delay;   /* from the new one's readiness to telling the old ones */
	ms kill_old_timeout; /* from telling an old one to killing it; MS_NEVER: never */
	ms auto_restart; /* by time: after so long if no old one is left, after twice that anyway;
			    MS_NEVER: not */
	unsigned
	    alive; /* generations alive at once, at least 2: the oldest is killed for a new one */
	unsigned retries; /* of a failed start, before it is given up; GENERATIONS_ALWAYS: no end */
	struct backoff_policy backoff; /* of these, from the second on: the first is at once */
};

#define GENERATIONS_ALWAYS (~0u)
/* What dies within this was not served by: the next start is a retry. */
#define GENERATIONS_YOUNG MS_SECOND

enum generations_reason {
	GENERATIONS_FIRST,
	GENERATIONS_ASKED,
	GENERATIONS_AGAIN,
	GENERATIONS_AUTO,
	GENERATIONS_FORCED
};

enum generations_action {
	GENERATIONS_WAIT,  /* until generations_due */
	GENERATIONS_START, /* start number g->number, for g->reason: generations_started or _failed
			    */
	GENERATIONS_UP,    /* *which is current now; those before it are old */
	GENERATIONS_LATE,  /* *which did not become ready in time: kill it */
	GENERATIONS_TELL,  /* every OLD (due now) and TOLD one is to go: signal them */
	GENERATIONS_KILL,  /* *which does not go: kill it */
	GENERATIONS_CROWDED,  /* *which is the oldest of too many: kill it */
	GENERATIONS_GIVE_UP,  /* the new one cannot be started: the current one stays, or with none:
				 end */
	GENERATIONS_STOP,     /* signal all, for the stop */
	GENERATIONS_KILL_ALL, /* for the second one */
	GENERATIONS_END,      /* none is left after a stop, or there is none and no hope for one */
};

struct generations {
	unsigned count;
	unsigned number; /* of the last attempt */
	enum generations_reason reason;
	struct backoff backoff;
	unsigned failures; /* starts that have failed since one was up */
	ms retry;          /* the next start not before */
	ms up;             /* since when the current one serves: for auto_restart */
	bool asked;        /* a restart waits */
	bool failing;      /* a start is to be tried again */
	bool lost;         /* the current one has died: it is to be replaced */
	bool ready;        /* the starting one has told that it is up */
	bool hopeless;     /* given up */
	bool gave_up;      /* GIVE_UP is to be told */
	bool stopping, stopped, killing, killed;
	struct generation all[GENERATIONS_MAX]; /* by age, the oldest first */
};

void generations_init(struct generations *);
/* The next step. which: of those that are about one. It is taken as done: asked again, the next. */
enum generations_action generations_next(
    struct generations *, const struct generations_policy *, ms now, struct generation **which);
/* When that is to be asked again; MS_NEVER: only after something has happened. */
ms generations_due(const struct generations *, const struct generations_policy *);

/* ---- what has happened ---- */

/* The answers to START: it runs as pid, or there is no process. */
void generations_started(struct generations *, const struct generations_policy *, int pid, ms now);
void generations_failed(
    struct generations *, const struct generations_policy *, unsigned random, ms now);
/* A restart is asked for; one that waits already is the same. */
void generations_restart(struct generations *, ms now);
/* The starting one, if it is pid, says that it is up. */
void generations_ready(struct generations *, int pid);
/*
 * A process has died. *was: what it was; false: none of ours. Current: it will be replaced.
 */
bool generations_died(struct generations *, const struct generations_policy *, int pid,
    unsigned random, ms now, struct generation *was);
/* All are to go: no further start. Said again: they are killed. */
void generations_stop(struct generations *);

/* The one in that state; NULL: none. There is one CURRENT or STARTING at most. */
struct generation *generations_in(struct generations *, enum generation_state);

#endif
