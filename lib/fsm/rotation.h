#ifndef SE_FSM_ROTATION_H
#define SE_FSM_ROTATION_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/ms.h"

/*
 * A log file and its old files: what is to be done next, one step at a time. The names are FILE and
 * FILE.i, i from first (the newest) to last.
 *
 *     for (;;) switch (rotation_next(...)) { ...do it... rotation_done(answer) }
 *
 * Nothing is lost whichever step fails or is never answered: a rotation begins with FILE locked and
 * with a look at what is there, so that it can be begun again from any point. FILE has a name at
 * every moment: its content gets the name FILE.first too (ASIDE), then an empty file takes the name
 * FILE (RENEW).
 */
enum rotation_action {
	ROTATION_WAIT,   /* nothing, until rotation_due */
	ROTATION_OPEN,   /* open FILE, made if it is not there */
	ROTATION_LOOK,   /* is FILE still the file that is open, and how large is it? */
	ROTATION_WRITE,  /* the next bytes: whole lines, at most room of them; and unlock */
	ROTATION_LOCK,   /* keep other writers out of FILE, if it still is the open one */
	ROTATION_HEAL,   /* take away FILE.first if it is FILE itself: RENEW never came */
	ROTATION_PROBE,  /* is FILE.index there, and how large is it? */
	ROTATION_REMOVE, /* FILE.index */
	ROTATION_SYNC,   /* FILE's content to the disk */
	ROTATION_SHIFT,  /* FILE.index becomes FILE.(index+1), which is not there */
	ROTATION_ASIDE,  /* FILE's content gets the name FILE.first too */
	ROTATION_RENEW,  /* an empty file takes the name FILE, and is open */
	ROTATION_UNLOCK,
};

enum rotation_answer {
	ROTATION_DONE,
	ROTATION_MOVED,  /* FILE is another file now, or none */
	ROTATION_BUSY,   /* another process has it locked */
	ROTATION_FULL,   /* the disk is full */
	ROTATION_FAILED, /* for any other reason */
};

struct rotation_policy {
	uint64_t size;       /* a larger FILE is rotated; 0: not by size */
	unsigned age;        /* files in all, FILE included; 0: never rotated */
	unsigned first;      /* the newest old file's number */
	unsigned min_age;    /* on a full disk old files go, down to so many in all; 0: none goes */
	uint64_t keep_bytes; /* old files together; 0: no cap */
	ms every;            /* rotated at that age too; MS_NEVER: not */
	ms look_every;       /* how often LOOK is asked for; 0: before each write */
	bool sync;
};

enum rotation_state {
	ROTATION_ST_CLOSED,
	ROTATION_ST_OPENED, /* to be locked, healed and unlocked first */
	ROTATION_ST_HEALING_OPENED,
	ROTATION_ST_READY,
	ROTATION_ST_LOCKING,
	ROTATION_ST_HEALING,
	ROTATION_ST_PROBING,
	ROTATION_ST_REMOVING,
	ROTATION_ST_SYNCING,
	ROTATION_ST_SHIFTING,
	ROTATION_ST_PUTTING_ASIDE,
	ROTATION_ST_RENEWING,
	ROTATION_ST_UNLOCKING,
	ROTATION_ST_FREEING,          /* looking for the oldest file, on a full disk */
	ROTATION_ST_FREEING_REMOVING, /* removing it */
};

struct rotation {
	enum rotation_state state;
	unsigned index; /* the old file that the state is about */
	unsigned gap;   /* the lowest number that is free, ROTATION_NO_GAP: none seen yet */
	uint64_t total; /* bytes that will be in old files, as far as seen by PROBING */
	uint64_t size;  /* FILE's, as last told */
	uint64_t room;  /* WRITE: at most so many bytes */
	bool looking;   /* the last step was LOOK, not WRITE */
	bool looked;    /* LOOK was done for the next write, and what it locked is locked */
	bool midline;   /* FILE ends within a line: no rotation now */
	bool wanted;    /* a rotation was asked for */
	bool reopen;    /* a reopening was asked for */
	bool freeing;   /* it is locked to remove an old file, not for a rotation */
	bool freed;     /* there is none left to be removed: the next write waits */
	ms nudge;       /* how long to leave a locked file alone the next time */
	ms due;         /* nothing before */
	ms look;        /* LOOK is needed from then on */
	ms again;       /* a rotation that failed is tried again from then on */
	ms aged;        /* FILE is old enough; MS_NEVER: it never is */
};

#define ROTATION_NO_GAP UINT32_MAX
/* From a failure to the next try; from a locked file to the next look, first and at most. */
#define ROTATION_RETRY     MS_SECOND
#define ROTATION_NUDGE     ((ms)2)
#define ROTATION_NUDGE_MAX ((ms)50)

void rotation_init(struct rotation *);
/*
 * The next step; asked again, the same. line: how many bytes the next line to be written has with
 * its newline, or what there is of it; 0: nothing waits to be written.
 */
enum rotation_action rotation_next(
    struct rotation *, const struct rotation_policy *, uint64_t line, ms now);
/*
 * The answer to the last step. size: OPEN, LOOK, WRITE, RENEW: of FILE now; PROBE: of that file
 * with 1 added, 0: it is not there.
 */
void rotation_done(
    struct rotation *, const struct rotation_policy *, enum rotation_answer, uint64_t size, ms now);
/* FILE has had its name for so long already: told after OPEN. */
void rotation_aged(struct rotation *, const struct rotation_policy *, ms age, ms now);
/* Whether FILE ends within a line: told after OPEN and WRITE. */
void rotation_midline(struct rotation *, bool midline);
/* When rotation_next is to be asked again; waiting: whether bytes wait to be written. */
ms rotation_due(const struct rotation *, const struct rotation_policy *, bool waiting);

#endif
