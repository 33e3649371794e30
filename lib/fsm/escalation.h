#ifndef SE_FSM_ESCALATION_H
#define SE_FSM_ESCALATION_H

#include "../base/ms.h"

/*
 * The kill ladder of ServerEngine's process manager: the graceful signal at once and again after
 * interval + n * increment, for at most timeout; then the immediate signal likewise; then KILL. The
 * original looks at the immediate timeout only when its next signal is due, so its KILL comes up to
 * an interval late; here each rung ends when its timeout says.
 */
enum escalation_rung {
	ESCALATION_IDLE,
	ESCALATION_GRACEFUL,
	ESCALATION_IMMEDIATE,
	ESCALATION_KILL
};

#define ESCALATION_RUNGS 4

/* One rung; that of ESCALATION_IDLE is not used, the last one has no timeout. */
struct escalation_policy {
	int sig;
	ms interval;  /* to the first repetition */
	ms increment; /* added at each further one */
	ms timeout;   /* MS_NEVER: stay on this rung; 0: pass it over */
};

/* A stop in progress; rung is ESCALATION_IDLE when nobody asked for one. */
struct escalation {
	enum escalation_rung rung;
	unsigned sent; /* signals sent on this rung */
	ms since;      /* when this rung began */
	ms hold;       /* the rung does not end before */
	ms last;       /* when the last of them was sent */
	ms due;        /* when escalation_step has something to do; MS_NEVER when idle */
};

/* A step that comes this much after its due time was kept from coming: the time since the last
 * signal does not count for the rung. */
#define ESCALATION_STALL MS_SECOND

void escalation_reset(struct escalation *);
/* Climbs to at least this rung, due now; never back down. */
void escalation_climb(struct escalation *, enum escalation_rung, ms now);
/* The rung in progress lasts until then at least, unless it is the last. */
void escalation_hold(
    struct escalation *, const struct escalation_policy[ESCALATION_RUNGS], ms until);
/* After the ladder changed: when the next signal is due now. */
void escalation_repolicy(
    struct escalation *, const struct escalation_policy[ESCALATION_RUNGS], ms now);
/* The signal to send now, or 0. */
int escalation_step(struct escalation *, const struct escalation_policy[ESCALATION_RUNGS], ms now);

#endif
