#ifndef SE_FSM_SUCCESSION_H
#define SE_FSM_SUCCESSION_H

#include <stdbool.h>

#include "../base/ms.h"

/*
 * Which server succeeds which under a supervisor: live restart (ServerEngine's detach) and the end
 * of the whole. A server is a slot here; that a process lives in it, is restarted and is ended is
 * struct worker's matter.
 */
#define SUCCESSION_SLOTS 8

enum succession_state {
	SUCCESSION_RUNNING,
	SUCCESSION_WAITING, /* the old one was told to go; the new one starts when it is due */
	SUCCESSION_OVERLAP, /* the new one was started; the old one goes when it is up */
	SUCCESSION_STOPPING,
	SUCCESSION_LEAVING, /* exit_on_detach: the supervisor goes, the old server stays */
};

enum succession_event {
	SUCCESSION_EV_START,  /* the first one */
	SUCCESSION_EV_DETACH, /* a live restart is asked for */
	SUCCESSION_EV_UP,     /* slot's workers are up */
	SUCCESSION_EV_GONE,   /* slot's process has ended, or could not be started */
	SUCCESSION_EV_STOP,
	SUCCESSION_EV_ABORT,
	SUCCESSION_EV_TIME,
};

enum succession_do {
	SUCCESSION_DO_NOTHING,
	SUCCESSION_DO_START,  /* a server is wanted in slot */
	SUCCESSION_DO_RETIRE, /* slot's is to end in its time, and not wanted any more */
	SUCCESSION_DO_FAIL,   /* the same of one that never came up: the old one goes on */
	SUCCESSION_DO_REFUSE, /* not now: a live restart is going on, or no slot is free */
	SUCCESSION_DO_STOP_ALL,
	SUCCESSION_DO_ABORT_ALL,
	SUCCESSION_DO_LEAVE,
};

struct succession_policy {
	bool enable_detach; /* false: a detach is a stop */
	bool exit_on_detach;
	bool overlap;   /* the sockets are shared: the new one first, so that nobody is refused */
	ms detach_wait; /* without that: from the old one's stop to the new one's start */
};

struct succession {
	enum succession_state state;
	unsigned current, next; /* next: in OVERLAP */
	bool taken[SUCCESSION_SLOTS];
	ms due; /* of EV_TIME; MS_NEVER */
};

struct succession_action {
	enum succession_do what;
	unsigned slot;
};

void succession_init(struct succession *);
struct succession_action succession_step(struct succession *, const struct succession_policy *,
    enum succession_event, unsigned slot, ms now);

#endif
