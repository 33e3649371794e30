#ifndef SE_SUPERVISE_LAUNCH_H
#define SE_SUPERVISE_LAUNCH_H

#include <sys/types.h>

#include "../../lib/sys/spawn.h"
#include "config.h"
#include "listeners.h"

/* What every worker is started with, made ready once so that a start allocates nothing. */
struct launch {
	const struct config *boot; /* of the start: the command */
	const struct config *live; /* of the last reload */
	char *manager[2]; /* entries that tell of the socket manager; NULL: there is none */
	struct listeners *listeners; /* that workers share; their heartbeat pipe is behind them */
	char **argv;
	char **envp;
	size_t nlimits;     /* of limits */
	uint64_t nofile[2]; /* as we were started with, to be restored */
	int null;           /* /dev/null */
	struct spawn_desk desk;
	int beat; /* the number that workers have their heartbeat pipe at */
	char id[40], pipe[40], interval[56], notify[32], notify_fd[24], watchdog[40],
	    watchdog_pid[40];
	struct privilege privilege;
	struct spawn_limit limits[CONFIG_RLIMIT_COUNT + 1];
	char name[256];
};

/* Lays the desk, once null and the listeners are open, and little else. */
void launch_open(struct launch *);
/* Our environment but for what would speak of workers, to that place; NULL: only counts. */
size_t launch_environment(char **to);
/* A command as argv, with its NULL, to that place; what stands behind. */
char **launch_argv(char **to, const struct opt_list *command);
/*
 * Makes the launch ready after the configuration was loaded or reloaded; notify is the value of
 * NOTIFY_SOCKET. False: why holds "what: object: reason" and the launch is as it was.
 */
bool launch_prepare(struct launch *, const struct config *boot, const struct config *live,
    const char *notify, struct buf *why);
/* A worker's ends of its pipes; the caller's. */
struct launch_pipes {
	int in;     /* stdin; -1: /dev/null */
	int out[2]; /* stdout and stderr; -1: as ours */
	int beat;   /* for heartbeats; -1: none */
	int ready;  /* for its newline, see worker_notification_fd; -1: none */
};

/* Starts worker id. The pid, or -1: errno, and *step says what failed. */
pid_t launch_worker(struct launch *, unsigned id, const struct launch_pipes *, const char **step);

#endif
