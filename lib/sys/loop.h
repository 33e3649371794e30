#ifndef SE_SYS_LOOP_H
#define SE_SYS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/ms.h"

/*
 * The event loop, pulled rather than pushed: loop_next answers what happened next, and the applet's
 * own switch says what to do about it. There is one per process, as there is one set of signal
 * handlers.
 */
enum loop_kind { LOOP_TIME, LOOP_FD, LOOP_SIGNAL, LOOP_CHILD };

struct loop_event {
	enum loop_kind kind;
	ms now;
	uint64_t tag; /* FD: what was given to loop_watch; spurious ones are possible */
	int sig;      /* SIGNAL */
	pid_t pid;    /* SIGNAL: the sender, 0: the kernel or unknown. CHILD: who died */
	uid_t uid;    /* SIGNAL: the sender's, if pid is not 0 */
	int status;   /* CHILD: as waitpid(2) tells it */
};

/* The kernel's end of the world: from here on these signals and SIGCHLD are caught. -1: errno. */
int loop_open(const int *sigs, size_t nsigs);
/* The same, but no signal comes before loop_release. */
int loop_open_held(const int *sigs, size_t nsigs);
/*
 * Blocks all signals, unless one has been caught that loop_next has not told: false. What dies
 * meanwhile stays a zombie, and what is ready stays so: for a program that is executed in our place
 * nothing is lost then.
 */
bool loop_hold(void);
void loop_release(void);
/* Default dispositions again, everything closed. */
void loop_close(void);

/* Watches a non-blocking fd for reading, and for writing if write. -1: errno. */
int loop_watch(int fd, uint64_t tag, bool write);
/* Changes what is watched of a watched fd; with neither it stays, silent. -1: errno. */
int loop_rewatch(int fd, uint64_t tag, bool read, bool write);
/* To be called before the fd is closed. */
void loop_forget(int fd, uint64_t tag);
/* Forgets them all. -1: errno. */
int loop_forget_all(void);

/*
 * What happened next; sleeps until something does or due comes. Signals come first, then a due time
 * that is over, or a busy fd could hold back every deadline; then deaths, then fds. These have
 * their turn after at most two TIMEs: due times without end hold back nobody either. A CHILD is
 * reaped only at the next call, so that its pid and process group are still its own while the event
 * is handled. -1 only if the kernel cannot wait at all: errno.
 */
int loop_next(ms due, struct loop_event *);
/* Is there no child left, dead or alive? */
bool loop_childless(void);
/* Milliseconds on the monotonic clock. */
ms loop_now(void);

#endif
