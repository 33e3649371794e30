#ifndef SE_SUPERVISE_LOGGER_H
#define SE_SUPERVISE_LOGGER_H

#include <sys/types.h>

#include "config.h"
#include "log.h"

/*
 * The logger process, and the pipes that it reads: what workers say, and our own lines. We hold the
 * pipes, so that nothing is lost when it or a worker dies, and never wait for it: a disk that hangs
 * is its affair alone.
 */
struct logger_pipe {
	int fd;    /* the read end; 0: free */
	bool told; /* the logger has it */
	uint32_t stream;
	int worker, pid;
};

struct logger {
	bool on;    /* lines go through a logger */
	bool below; /* it is the supervisor's: sock leads there, and pipes that it has are gone here
		     */
	pid_t pid;  /* 0: it does not run */
	int sock;   /* -1: none */
	int self;   /* our own program's file; -1: not found */
	int null;
	int ledger, taken[2];
	int own;         /* the write end of our own lines' pipe; -1: there is none any more */
	bool paused;     /* not started again by itself */
	bool finishing;  /* it is to end now, and another one to take over */
	bool failing;    /* it could not be started: told */
	ms started, due; /* when it was started; when it is to be */
	struct logger_pipe *pipe; /* by key */
	unsigned room, next;      /* where the search for a free one begins */
	bool untold;              /* some pipes have not been told yet */
	size_t args_len;
	char args[4608]; /* what it is started with, a string behind the other */
};

/* Do the lines need a logger under that configuration? */
bool logger_needed(const struct config *);
/* Of one that is all zeroes; self is our own program, null /dev/null: open as long as we run. */
void logger_init(struct logger *, int self, int null);
/*
 * We are a server: the logger is its supervisor's, at the other end of link; own is the pipe for
 * our lines, which log takes. The caller's, and open as long as we run.
 */
void logger_below(struct logger *, int link, int own, struct log *);
/* Of one that is on, and not below: where it writes; "-": to stderr. */
const char *logger_path(const struct logger *);
/* It will be started to write there; false: errno. */
bool logger_aim(struct logger *, const struct config *, const char *path);
/* Goes on with what was read of a state: its process is replaced by one of our own program, self.
 * False: errno. */
bool logger_resume(struct logger *, int self, int null);
/* A server's pipe: false: it is not taken. */
bool logger_adopt(struct logger *, int fd, uint32_t stream, int worker, int pid);
/* Can the logger be told of that configuration's path and prefix? */
bool logger_check(const struct config *, const char *path);
/*
 * Lines go through a logger from now on, to path (NULL: stderr), as that configuration says; log is
 * switched over to it. A running one opens it again, or is replaced if something else changed.
 * False: errno, all is as it was.
 */
bool logger_configure(struct logger *, const struct config *, const char *path, struct log *);
/* Room for so many workers' pipes; false: errno. */
bool logger_grow(struct logger *, unsigned workers);
/* How many descriptors each worker costs. */
unsigned logger_fds(const struct config *);
/*
 * Makes pipes for a worker: out[0] its stdout, out[1] its stderr, -1: as ours. keys are for
 * logger_started. False: errno.
 */
bool logger_pipes(
    struct logger *, const struct config *, unsigned worker, int out[2], unsigned keys[2]);
/* The worker runs, with that pid, or not (0); our copies of its ends are closed. */
void logger_started(struct logger *, int out[2], const unsigned keys[2], pid_t);
/* Starts it, tells it what it does not know. */
void logger_tick(struct logger *, ms now);
ms logger_due(const struct logger *);
void logger_on_message(struct logger *);
/* Was it the logger that died? */
bool logger_on_exit(struct logger *, pid_t, int status, ms now);
/* Ends it until logger_finish; the pipes hold the lines meanwhile. */
void logger_pause(struct logger *);
/*
 * The end: the loop forgets all else, and waits for so long until all that was said is written.
 * False: it is not, and goes on by itself.
 */
bool logger_finish(struct logger *, ms patience);

#endif
