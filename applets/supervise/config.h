#ifndef SE_SUPERVISE_CONFIG_H
#define SE_SUPERVISE_CONFIG_H

#include "../../lib/base/opt.h"
#include "../../lib/fsm/fleet.h"
#include "../../lib/fsm/rolling.h"
#include "../../lib/fsm/worker.h"
#include "../../lib/wire/logline.h"
#include "log.h"

/* What the command line and the configuration file say; one member for each row of config_opts. */

enum config_verb {
	CONFIG_RUN, /* no verb: supervise */
	CONFIG_STATUS,
	CONFIG_STOP,
	CONFIG_STOP_NOW,
	CONFIG_RESTART,
	CONFIG_RESTART_NOW,
	CONFIG_RELOAD,
	CONFIG_DUMP,
	CONFIG_SCALE,
	CONFIG_DETACH,
	CONFIG_UPGRADE,
	CONFIG_GET_SOCKET,
};

enum config_give_up { CONFIG_GIVE_UP_EXIT, CONFIG_GIVE_UP_STOP };

enum config_init { CONFIG_INIT_EXIT, CONFIG_INIT_POWEROFF, CONFIG_INIT_REBOOT, CONFIG_INIT_HALT };

enum config_restart { CONFIG_RESTART_TOGETHER, CONFIG_RESTART_ROLLING };

enum config_log_format { CONFIG_LOG_RUBY, CONFIG_LOG_PLAIN, CONFIG_LOG_JSON, CONFIG_LOG_CRI };

enum config_signal {
	CONFIG_SIGNAL_GRACEFUL_STOP,
	CONFIG_SIGNAL_IMMEDIATE_STOP,
	CONFIG_SIGNAL_GRACEFUL_RESTART,
	CONFIG_SIGNAL_IMMEDIATE_RESTART,
	CONFIG_SIGNAL_RELOAD,
	CONFIG_SIGNAL_DETACH,
	CONFIG_SIGNAL_DUMP,
	CONFIG_SIGNALS
};

enum config_hook {
	CONFIG_HOOK_BEFORE_RUN,
	CONFIG_HOOK_AFTER_RUN,
	CONFIG_HOOK_WORKER_BEFORE_FORK,
	CONFIG_HOOK_WORKER_AFTER_START,
	CONFIG_HOOK_WORKER_AFTER_EXIT,
	CONFIG_HOOKS
};

/* The worker's resource limits that have a key, as X(key, RLIMIT_ name). */
#define CONFIG_RLIMITS(X) \
	X(as, AS)         \
	X(core, CORE)     \
	X(cpu, CPU)       \
	X(data, DATA)     \
	X(fsize, FSIZE)   \
	X(memlock, MEMLOCK) X(nofile, NOFILE) X(nproc, NPROC) X(rss, RSS) X(stack, STACK)

enum config_rlimit {
#define X(key, name) CONFIG_RLIMIT_##name,
	CONFIG_RLIMITS(X)
#undef X
	    CONFIG_RLIMIT_COUNT
};

/* What is decided by it is said in the policies themselves. */
struct config {
	/* what is asked for most stands in front: it is reached by shorter code */
	const char *control_path, *worker_cgroup;
	const char *worker_chuser, *worker_chgroup, *chuser, *chgroup;
	const char *log_prefix, *socket_manager, *chdir, *metrics_path;
	uint64_t worker_max_rss;
	ms worker_heartbeat_interval, hook_timeout;
	int worker_notification_fd;
	unsigned command_sender, restart_surge;
	unsigned log_format; /* enum config_log_format */
	unsigned log_level;
	bool supervisor, disable_sigdump, daemonize, log_stdout, log_stderr;

	struct worker_policy worker;
	struct worker_policy server; /* how a supervisor watches and ends its servers */
	struct fleet_policy fleet;
	struct rolling_policy rolling;

	size_t size;      /* of the whole block, for config_free */
	const char *path; /* -c */
	bool check;
	bool help, version; /* seen before by main */
	struct opt_verb verb;
	ms timeout; /* MS_NEVER: not given */

	struct opt_list command;
	unsigned workers;
	unsigned worker_type;
	const char *worker_process_name;

	struct opt_list pid_path;
	const char *daemon_process_name;
	int chumask;
	unsigned daemonize_error_exit_code;
	bool dump_on_timeout;

	const char *server_process_name;
	bool restart_server_process, enable_detach, exit_on_detach, disable_reload;
	ms server_detach_wait, server_heartbeat_interval;

	unsigned init_exit; /* enum config_init */
	bool init_mount;

	struct opt_rate restart_limit;
	unsigned restart_mode; /* enum config_restart */
	unsigned on_give_up;

	struct opt_codes unrecoverable_exit_codes;
	bool stop_immediately;

	int worker_chumask;
	int worker_reload_signal;
	int worker_death_signal;
	int nice, oom_score_adj;
	struct opt_rlimit rlimit[CONFIG_RLIMIT_COUNT];

	struct opt_list listen, allowed_networks;
	unsigned backlog;

	struct opt_list hook[CONFIG_HOOKS];

	int signal[CONFIG_SIGNALS];

	struct opt_list log;
	unsigned log_rotate_age;
	uint64_t log_rotate_size;
	unsigned log_overflow; /* 1: drop */
};

/* How long one that hangs is looked at before it is ended, with dump_on_timeout. */
#define CONFIG_DUMP_TIME (10 * MS_SECOND)

extern const struct opt config_opts[];

/*
 * Reads the command line, the file it names (relative to the directory dir_fd, as openat(2)), and
 * the command line over it again; what stands behind the options is the command. For config_free.
 * NULL: why holds "what: object: reason", for exit status 2.
 */
struct config *config_load(int dir_fd, bool again, int argc, char *const argv[], struct buf *why);
void config_free(struct config *);
/* The key of the member that is so far into the struct. */
const char *config_key(size_t member);
const char *config_hook_key(enum config_hook);
/* Room for a configuration as text. */
#define CONFIG_TEXT ((size_t)4 * 1024 * 1024)
/* The effective configuration, so that it reads back; false: it would not, a value is too long. */
bool config_write(const struct config *, struct buf *);
/* The same to stdout; false: errno, E2BIG: it would not read back. */
bool config_print(const struct config *);
/* What config_write has written, for config_free. NULL: why holds "what: object: reason". */
struct config *config_read(const char *text, size_t len, struct buf *why);
/* Names of keys that differ but take effect only at a start; "" if none. */
void config_static_changes(const struct config *old, const struct config *new, struct buf *names);

#endif
