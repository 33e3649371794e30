#ifndef SE_STARTER_ARGS_H
#define SE_STARTER_ARGS_H

#include "../../lib/base/opt.h"
#include "../../lib/sys/spawn.h"

#define EXIT_OPTIONS 1    /* an option that is unknown or wrong, as start_server */
#define ARGS_BACKLOG 4096 /* the default */
#define EXIT_OTHER   255  /* what has no errno of its own, as start_server */

enum args_ready { ARGS_INTERVAL, ARGS_NOTIFY, ARGS_CONNECT };

/* What the command line says; one member for each row of args_opts, and what follows from them. */
struct args {
	bool help, version; /* seen before by main */
	bool restart, stop, status, upgrade, json;
	ms timeout; /* of these; MS_NEVER: none */

	struct opt_list port, path;
	int path_mode;
	const char *path_owner, *path_group;
	int backlog, defer_accept, fastopen;
	bool nonblocking;

	ms interval;
	unsigned ready; /* enum args_ready */
	ms ready_timeout;
	const char *ready_address;
	int max_retries; /* OPT_UNSET: no limit */
	int signal_on_hup, signal_on_term;
	ms kill_old_delay; /* MS_NEVER: not given */
	ms kill_old_timeout;
	unsigned max_generations;
	bool enable_auto_restart;
	ms auto_restart_interval; /* MS_NEVER: not given */
	unsigned orphans;         /* 1: they are kept */

	const char *dir, *envdir, *user, *group, *chroot;
	int umask;
	struct opt_list rlimit;
	bool no_listen_pid;

	const char *pid_file, *status_file;
	bool daemonize;
	const char *log_file;
	uint64_t log_rotate_size;
	unsigned log_rotate_age;

	char **command; /* NULL-terminated */
};

extern const struct opt args_opts[];

/* Reads the command line. False: why holds "what: object: reason", for EXIT_OPTIONS. */
bool args_load(struct args *, int argc, char **argv, struct buf *why);
/* The value of --rlimit's item i; false: why. */
bool args_limit(const struct args *, unsigned i, struct spawn_limit *, struct buf *why);

#endif
