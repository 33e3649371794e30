#ifndef SE_SYS_SUCCESSOR_H
#define SE_SYS_SUCCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../base/buf.h"
#include "../base/ms.h"

/*
 * Another version of our program in our own place: executed by us, so that our pid, children,
 * descriptors and locks stay. It gets our state as a text. First it is executed beside us, only to
 * say whether it understands that; until it is executed in our place, nothing of us has changed,
 * and from there it can give the place back.
 */

/* ---- of the one that runs ---- */

struct successor {
	pid_t looking;       /* it is beside us, and reads our state; 0: no */
	bool agreed;         /* it can go on from it */
	int program, answer; /* its file; what it says. Open while looking or agreed */
	ms until;            /* it has so long; MS_NEVER: it had, and was killed */
};

enum successor_word { SUCCESSOR_NONE, SUCCESSOR_AGREES, SUCCESSOR_REFUSES };

/* The path that we were executed from, as execve(2) was given it. */
const char *successor_path(void);
/* A file in memory with that text; -1: errno. */
int successor_state(const struct buf *text);
/* The program at the path, relative to the directory; -1: errno. */
int successor_open(int dir, const char *path);
/*
 * Executes that program, which is ours then, beside us, with our words, and null for stdin; self is
 * our own file, which must be there for the way back. False: errno, *step says what failed.
 */
bool successor_begin(struct successor *, int program, int state, int self, char *const argv[],
    int null, ms now, const char **step);
/* What is needed of us for it. */
struct successor_us {
	void *who;
	/* Writes the state of who; fd is called for each descriptor in it, NULL: nothing is. */
	void (*write)(void *who, struct buf *, void (*fd)(int));
	size_t room; /* for the state */
	int self;    /* our own file */
	int null;
	char *const *argv;
};
/* Both with a program that may be -1, errno says why, and with our state. Why not, or NULL. */
const char *successor_try(
    struct successor *, const struct successor_us *, int program, ms now, const char **step);
/* NONE: another process. REFUSES: why says why; it is forgotten. */
enum successor_word successor_on_exit(struct successor *, pid_t, int status, struct buf *why);
ms successor_due(const struct successor *);
/* Kills it where it looks for too long. */
void successor_tick(struct successor *, ms now);
/* Kills it if it looks: it is not wanted any more. */
void successor_stop(const struct successor *);
void successor_forget(struct successor *);
/* The descriptor will be open in the successor, too. */
void successor_keep(int fd);
/*
 * Executes it in our place; self is our own file, for its way back. Returns only if it fails:
 * errno; what was kept is to be sealed again then, see spawn_seal_fds.
 */
void successor_become(const struct successor *, int state, int self, char *const argv[]);
/* The same with our state as it is now. Returns only if it fails: why; all is sealed again. */
const char *successor_go(const struct successor *, const struct successor_us *);

/* ---- of the one that is executed ---- */

struct predecessor {
	bool beside;      /* only to look */
	int state;        /* a file with its state */
	int self;         /* our own program; -1: not known */
	int its;          /* its own, for the way back; -1: it is the one that has come back */
	const char *why;  /* a successor has given its place back: why; else "" */
	const char *text; /* its state */
	size_t len;
};

/* In the successor's environment: the pid, these descriptors, and why it has come back. */
#define SUCCESSOR_ENV "SE_UPGRADE"

/* Have we been executed so? What stands in the environment else is somebody else's, and not true.
 */
bool predecessor_is(struct predecessor *);
/* Reads its state; false: errno. */
bool predecessor_read(struct predecessor *);
/* We understand it: says so, and ends. */
_Noreturn void predecessor_agree(const char *version);
/* Executes it again, in its place; why may be cut. Returns only if it fails: errno. */
void predecessor_return(const struct predecessor *, char *const argv[], const char *why);
/* We stay: what it has left us is closed but for self, all else is sealed. */
void predecessor_settle(struct predecessor *);

#endif
