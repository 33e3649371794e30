#ifndef SE_FSM_WORKER_H
#define SE_FSM_WORKER_H

#include <stdbool.h>

#include "backoff.h"
#include "escalation.h"

/*
 * One worker slot: whether a process is to run in it, whether it is healthy, and how it is ended.
 * worker_step is the only way its state changes. What it asks of the world (a spawn, a probe) is
 * answered by an event.
 */
enum worker_state {
	WORKER_DOWN,     /* no process, none wanted */
	WORKER_WAITING,  /* no process; one is to be spawned when it is due */
	WORKER_SPAWNING, /* a spawn was asked for and not yet answered */
	WORKER_UP,       /* a process lives, and is wanted */
	WORKER_STOPPING, /* a process lives, and is being signalled until it goes */
	WORKER_FAILED,   /* no process; not started again by itself */
};

enum worker_event {
	WORKER_EV_START,        /* a process is wanted in this slot */
	WORKER_EV_HOLD,         /* answer to SPAWN: not before until */
	WORKER_EV_SPAWNED,      /* answer to SPAWN */
	WORKER_EV_SPAWN_FAILED, /* answer to SPAWN */
	WORKER_EV_BEAT,         /* a heartbeat */
	WORKER_EV_BEAT_CLOSED,  /* nobody holds the other end of the heartbeat pipe any more */
	WORKER_EV_READY,
	WORKER_EV_TRIGGER,      /* the worker itself says that it hangs */
	WORKER_EV_EXTEND,       /* the worker asks for time until until */
	WORKER_EV_PROBED_WELL,  /* answer to PROBE */
	WORKER_EV_PROBED_STUCK, /* answer to PROBE: stopped or in D state, and no progress */
	WORKER_EV_PROBED_HEAVY, /* answer to PROBE: over its memory limit */
	WORKER_EV_RETIRE,       /* answer to ASK_RETIRE: yes; a no is no answer */
	WORKER_EV_DUMPED,       /* answer to DUMP: its stacks are written, or cannot be */
	WORKER_EV_EXITED,       /* the process is gone */
	WORKER_EV_STOP,         /* graceful, and not wanted any more */
	WORKER_EV_ABORT,        /* immediate, and not wanted any more */
	WORKER_EV_RESTART,      /* graceful, and still wanted */
	WORKER_EV_RESTART_NOW,  /* immediate, and still wanted */
	WORKER_EV_TIME,         /* the clock moved */
};

#define WORKER_EVENTS (WORKER_EV_TIME + 1)

struct worker_input {
	enum worker_event event;
	ms now;
	ms until;        /* HOLD, EXTEND */
	unsigned random; /* SPAWNED, SPAWN_FAILED, EXITED */
	bool final;      /* EXITED: with an unrecoverable status */
};

enum worker_do {
	WORKER_DO_NOTHING,
	WORKER_DO_SPAWN,
	WORKER_DO_SIGNAL,     /* sig; KILL is meant for the whole process group */
	WORKER_DO_PROBE,      /* look at the process: answer with PROBED_... */
	WORKER_DO_ASK_RETIRE, /* it should be replaced when it is its turn */
	WORKER_DO_DUMP, /* write its stacks: it hangs, and is ended when DUMPED, or its time, comes
			 */
	WORKER_DO_DISARM,  /* its heartbeat pipe is closed: heartbeats are not enforced any more */
	WORKER_DO_GIVE_UP, /* now FAILED */
};

enum worker_reason {
	WORKER_BY_REQUEST,   /* a stop, a restart */
	WORKER_BY_HEARTBEAT, /* none for the whole timeout */
	WORKER_BY_CLOSED,    /* the heartbeat pipe was closed where it is required */
	WORKER_BY_TRIGGER,
	WORKER_BY_STUCK,
	WORKER_BY_AGE,
	WORKER_BY_MEMORY,
	WORKER_BY_LIMIT,  /* GIVE_UP: restart limit */
	WORKER_BY_STATUS, /* GIVE_UP: unrecoverable exit status */
};

struct worker_action {
	enum worker_do what;
	int sig;
	enum worker_reason reason;
};

enum worker_heartbeat {
	WORKER_HEARTBEAT_AUTO,     /* enforced from the first beat on */
	WORKER_HEARTBEAT_REQUIRED, /* enforced from the start */
	WORKER_HEARTBEAT_OFF,
	WORKER_HEARTBEAT_STAT, /* no beats: stopped or D state for the whole timeout counts as hung
				*/
};

struct worker_policy {
	enum worker_heartbeat heartbeat;
	ms heartbeat_timeout;
	ms start_timeout;      /* REQUIRED: the first beat may take so long; 0: as any other */
	ms dump;               /* how long DUMP may take; 0: one that hangs is ended at once */
	ms probe_every;        /* MS_NEVER: no probes */
	ms max_age;            /* MS_NEVER: none */
	unsigned max_age_rand; /* thousandths: max_age +- half of it */
	ms restart_interval;   /* wait before a restart */
	struct backoff_policy backoff;
	struct escalation_policy ladder[ESCALATION_RUNGS];
};

/* A worker that lived this long was healthy: it is restarted without back-off. */
#define WORKER_STABLE MS_SECOND
/* A closed heartbeat pipe means something only if the process still lives so long after. */
#define WORKER_CLOSED_GRACE (MS_SECOND / 2)
/* How long after a refused replacement it is asked for again. */
#define WORKER_RETIRE_AGAIN MS_SECOND
/* The heartbeat timeout is watched in so many equal parts. */
#define WORKER_PARTS 4

struct worker {
	enum worker_state state;
	enum worker_reason reason; /* of the stop in progress, or of FAILED */
	unsigned char hang;        /* the same of the DUMP in progress */
	bool wanted;
	bool asked; /* the process was asked to go: its exit is no surprise */
	bool piped; /* it was started to be able to beat */
	bool armed; /* heartbeats are enforced */
	bool ready;
	bool overdue; /* it has asked for its replacement */
	unsigned char
	    silent; /* parts of the timeout gone by without a beat, the clock being in time */
	ms started;
	ms beat;   /* the last one; MS_NEVER: none yet */
	ms part;   /* end of the part in progress; MS_NEVER: not armed */
	ms spawn;  /* WAITING: when to spawn */
	ms dump;   /* until when DUMP may take; MS_NEVER: none is in progress */
	ms closed; /* when a closed heartbeat pipe is to be believed; MS_NEVER: it is open */
	ms probe;  /* the next probe */
	ms stuck;  /* since when the probes find it stuck; MS_NEVER: they do not */
	ms retire; /* when to ask for a replacement */
	struct escalation kill;
	struct backoff backoff;
};

void worker_init(struct worker *);
struct worker_action worker_step(
    struct worker *, const struct worker_policy *, const struct worker_input *);
/* The moment at which WORKER_EV_TIME must next be fed, or MS_NEVER. */
ms worker_due(const struct worker *);
/* Is there a process in the slot? */
bool worker_alive(const struct worker *);
/* Will there be one without anybody asking, or is there one? */
bool worker_active(const struct worker *);
/* After the policy changed: the waits that depend on it begin anew. */
void worker_repolicy(struct worker *, const struct worker_policy *, ms now, unsigned random);

#endif
