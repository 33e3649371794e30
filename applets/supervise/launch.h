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
	char id[40], pipe[40], interval[56], notify[32], watchdog[40], watchdog_pid[40];
	struct privilege privilege;
	struct spawn_limit limits[CONFIG_RLIMIT_COUNT + 1];
	char name[256];
	char cgroup[4096];
};

/*
 * Makes the launch ready after the configuration was loaded or reloaded; notify is the value of
 * NOTIFY_SOCKET. False: why holds "what: object: reason" and the launch is as it was.
 */
bool launch_prepare(struct launch *, const struct config *boot, const struct config *live,
    const char *notify, struct buf *why);
/*
 * Starts worker id with its stdin (-1: /dev/null), its stdout and stderr (-1: as ours), its end of
 * the heartbeat pipe (-1: none). The pid, or -1: errno, and *step says what failed.
 */
pid_t launch_worker(
    struct launch *, unsigned id, int in, const int out[2], int beat_fd, const char **step);

#endif
