#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/wire/conf.h"
#include "../applet.h"
#include "init.h"
#include "listeners.h"
#include "logger.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)
#define FILE_ROOM      (FILE_MAX_BYTES + 2)
#define AT(member)     offsetof(struct config, member)

/* clang-format off */
#define ROW(n, t, f, a, h, m, lo, hi) \
	{ .text = OPT_TEXT(n, a, h), .type = t, .flags = OPT_FLAGS(f, h), .offset = AT(m), .min = lo, .max = hi }
#define HEADING(title)            { .text = OPT_TEXT("", "", title), .type = OPT_HEADING }
#define BOOL(key, f, help)        ROW(#key, OPT_BOOL, OPT_KEY | (f), "", help, key, 0, 0)
#define COUNT(key, f, hi, help)   ROW(#key, OPT_COUNT, OPT_KEY | (f), "N", help, key, 0, hi)
#define INT(key, lo, hi, help)    ROW(#key, OPT_INT, OPT_KEY | OPT_OR_NIL | OPT_DYNAMIC, "N", help, key, lo, hi)
#define TIME(key, m, f, lo, help) ROW(#key, OPT_DURATION, OPT_KEY | OPT_DYNAMIC | (f), "TIME", help, m, lo, 0)
#define RATIO(key, m, help)       ROW(#key, OPT_RATIO, OPT_KEY | OPT_DYNAMIC, "RATIO", help, m, 0, 2000)
#define STRING(key, f, arg, help) ROW(#key, OPT_STRING, OPT_KEY | OPT_OR_NIL | (f), arg, help, key, 0, 0)
#define LIST(key, f, arg, help)   ROW(#key, OPT_LIST, OPT_KEY | OPT_OR_NIL | (f), arg, help, key, 0, 0)
#define UMASK(key, f, help)       ROW(#key, OPT_OCTAL, OPT_KEY | OPT_OR_NIL | (f), "MODE", help, key, 0, 0777)
#define WORD(key, f, words, help) ROW(#key, OPT_WORD, OPT_KEY | (f), words, help, key, 0, 0)
#define SIGNAL(key, m, f, help)   ROW(#key, OPT_SIGNAL, OPT_KEY | (f), "SIGNAL", help, m, 0, 0)
#define HOOK(key, id, help)       ROW(#key, OPT_ARGV, OPT_KEY | OPT_OR_NIL, "COMMAND", help, hook[id], 0, 0)
#define VERB(name, id, arg, help) ROW(name, OPT_VERB, 0, arg, help, verb, id, 0)
#define RLIMIT(key, name)         ROW("rlimit_" #key, OPT_RLIMIT, OPT_KEY | OPT_OR_NIL | OPT_DYNAMIC, \
				      "SOFT[:HARD]", "RLIMIT_" #name ", or unlimited", rlimit[CONFIG_RLIMIT_##name], 0, 0),
#define LADDER(who) \
	TIME(who##_graceful_kill_interval, who.ladder[ESCALATION_GRACEFUL].interval, 0, 100, "from TERM to the next TERM" OPT_OR("15s")), \
	TIME(who##_graceful_kill_interval_increment, who.ladder[ESCALATION_GRACEFUL].increment, 0, 0, "added to the interval each time" OPT_OR("10s")), \
	TIME(who##_graceful_kill_timeout, who.ladder[ESCALATION_GRACEFUL].timeout, OPT_OR_NEVER, 0, "from the first TERM to QUIT" OPT_OR("600s")), \
	TIME(who##_immediate_kill_interval, who.ladder[ESCALATION_IMMEDIATE].interval, 0, 100, "from QUIT to the next QUIT" OPT_OR("10s")), \
	TIME(who##_immediate_kill_interval_increment, who.ladder[ESCALATION_IMMEDIATE].increment, 0, 0, "added to the interval each time" OPT_OR("10s")), \
	TIME(who##_immediate_kill_timeout, who.ladder[ESCALATION_IMMEDIATE].timeout, OPT_OR_NEVER, 0, "from the first QUIT to KILL" OPT_OR("600s")),

const struct opt config_opts[] = {
	ROW("config", OPT_STRING, OPT_LETTER, "FILE", "flat YAML: the keys below, without --", path, 0, 0),
	ROW("check", OPT_FLAG, 0, "", "print the effective configuration, or what is wrong", check, 0, 0),
	ROW("help", OPT_FLAG, 0, "", "print this", help, 0, 0),
	ROW("version", OPT_FLAG, 0, "", "print the version", version, 0, 0),

	HEADING("To a running one, found by control_path or pid_path:"),
	VERB("status", CONFIG_STATUS, "json|prometheus", "print all workers' status"),
	VERB("stop", CONFIG_STOP, "", "graceful stop; waits for the end"),
	VERB("stop-now", CONFIG_STOP_NOW, "", "immediate stop; waits for the end"),
	VERB("restart", CONFIG_RESTART, "", "graceful restart"),
	VERB("restart-now", CONFIG_RESTART_NOW, "", "immediate restart"),
	VERB("reload", CONFIG_RELOAD, "", "reload"),
	VERB("detach", CONFIG_DETACH, "", "live restart, with a supervisor: a new server in place of the old"),
	VERB("dump", CONFIG_DUMP, "", "write the state and the workers' stacks to the dump file"),
	VERB("scale", CONFIG_SCALE, "N", "have N workers, or +N or -N"),
	VERB("upgrade", CONFIG_UPGRADE, "", "become the program that is at our path now; all goes on"),
	ROW("timeout", OPT_DURATION, 0, "TIME", "longest wait; else 10s, for an upgrade or a dump 20s, for a stop none" OPT_OR("-1"), timeout, 1, 0),

	HEADING("In a worker:"),
	VERB("get-socket", CONFIG_GET_SOCKET, "WHERE", "run COMMAND with a socket of the socket manager's"),

	HEADING("Command:"),
	ROW("command", OPT_ARGV, OPT_KEY | OPT_OR_NIL, "COMMAND", "the worker: a list, or a text split on blanks and quotes", command, 0, 0),
	COUNT(workers, OPT_DYNAMIC, 10000, "number of workers" OPT_OR("1")),
	WORD(worker_type, 0, "process|spawn|embedded|thread", "every worker is a process; the last two are refused"),
	STRING(worker_process_name, OPT_DYNAMIC, "NAME", "workers' argv[0]; %d is the worker's id"),
	STRING(chdir, 0, "DIR", "working directory"),

	HEADING("Daemon:"),
	BOOL(daemonize, 0, "go to the background once workers run"),
	LIST(pid_path, 0, "PATH", "pid file, locked; of several the first writable"),
	STRING(daemon_process_name, 0, "NAME", "our own name in ps"),
	STRING(chuser, 0, "USER", "user to run as"),
	STRING(chgroup, 0, "GROUP", "group to run as"),
	UMASK(chumask, 0, "umask"),
	COUNT(daemonize_error_exit_code, 0, 255, "exit status of a failed start" OPT_OR("1")),
	BOOL(disable_sigdump, 0, "no dumps, by whatever is asked for one"),
	BOOL(dump_on_timeout, OPT_DYNAMIC, "write the stacks of a worker that hangs before it is killed"),
	STRING(metrics_path, OPT_DYNAMIC, "PATH", "Prometheus status, written once a second at most"),
	TIME(stray_timeout, fleet.stray_timeout, 0, 0, "from TERM to KILL for what workers leave behind" OPT_OR("5s")),

	WORD(init_exit, OPT_DYNAMIC, "exit|poweroff|reboot|halt", "as PID 1, the end when everything has stopped"),
	BOOL(init_mount, 0, "as PID 1, mount /proc and /dev, open /dev/console"),

	HEADING("Starting and restarting:"),
	TIME(start_worker_delay, fleet.start_delay, 0, 0, "between two starts"),
	RATIO(start_worker_delay_rand, fleet.start_delay_rand, "it varies by half of this up and down" OPT_OR("0.2")),
	TIME(restart_worker_interval, worker.restart_interval, 0, 0, "before a restart"),
	TIME(restart_backoff, worker.backoff.first, 0, 100, "the same if it lived under a second; doubles" OPT_OR("500ms")),
	TIME(restart_backoff_max, worker.backoff.max, 0, 100, "up to this" OPT_OR("5s")),
	ROW("restart_limit", OPT_RATE, OPT_KEY | OPT_DYNAMIC | OPT_OR_NIL, "N/TIME", "give up a worker restarted more often", restart_limit, 0, 0),
	WORD(restart_mode, OPT_DYNAMIC, "together|rolling", "a restart of all workers: at once, or in turn"),
	ROW("restart_max_unavailable", OPT_COUNT, OPT_KEY | OPT_DYNAMIC, "N", "in turn: so many are away or not ready at a time" OPT_OR("1"), rolling.max_unavailable, 0, 10000),
	COUNT(restart_surge, OPT_DYNAMIC, 10000, "in turn: so many extra ones are started first"),
	WORD(on_give_up, OPT_DYNAMIC, "exit|stop", "then exit with its status (128 + signal), or only stop it"),
	TIME(worker_max_age, worker.max_age, OPT_OR_NEVER, 1000, "replace an older worker" OPT_OR("-1")),
	RATIO(worker_max_age_rand, worker.max_age_rand, "it varies by half of this up and down"),
	ROW("worker_max_rss", OPT_BYTES, OPT_KEY | OPT_DYNAMIC | OPT_OR_NIL, "SIZE", "replace a larger worker; looked at every 10s", worker_max_rss, 0, 0),

	HEADING("Heartbeat and killing:"),
	ROW("worker_heartbeat", OPT_WORD, OPT_KEY | OPT_DYNAMIC, "auto|required|off|stat", "enforced from the first beat, from the start, never, by process state", worker.heartbeat, 0, 0),
	TIME(worker_heartbeat_interval, worker_heartbeat_interval, 0, 1, "told to workers" OPT_OR("1s")),
	TIME(worker_heartbeat_timeout, worker.heartbeat_timeout, 0, 100, "a worker silent for so long is killed" OPT_OR("180s")),
	TIME(worker_start_timeout, worker.start_timeout, 0, 0, "from its start to its first beat, or to being ready"),
	LADDER(worker)

	HEADING("Exit codes:"),
	ROW("unrecoverable_exit_codes", OPT_CODES, OPT_KEY | OPT_OR_NIL, "N,N...", "no restart after these exit statuses", unrecoverable_exit_codes, 0, 0),
	ROW("stop_immediately_at_unrecoverable_exit", OPT_BOOL, OPT_KEY, "", "then stop the other workers too", stop_immediately, 0, 0),

	HEADING("Each worker's process:"),
	STRING(worker_chuser, OPT_DYNAMIC, "USER", "user to run as"),
	STRING(worker_chgroup, OPT_DYNAMIC, "GROUP", "group to run as"),
	UMASK(worker_chumask, OPT_DYNAMIC, "umask"),
	ROW("worker_reload_signal", OPT_SIGNAL, OPT_KEY | OPT_DYNAMIC | OPT_OR_NIL, "SIGNAL", "sent at a reload to workers that catch it" OPT_OR("USR2"), worker_reload_signal, 0, 0),
	SIGNAL(worker_death_signal, worker_death_signal, OPT_DYNAMIC, "sent to workers if we die" OPT_OR("KILL")),
	INT(worker_notification_fd, 3, 255, "descriptor on which a worker says by a newline that it is ready"),
	INT(nice, -40, 40, "added to the nice value"),
	INT(oom_score_adj, -1000, 1000, "see proc(5)"),
	CONFIG_RLIMITS(RLIMIT)
	STRING(worker_cgroup, 0, "DIR", "cgroup v2 directory: one in it per worker"),

	HEADING("Supervisor:"),
	BOOL(supervisor, 0, "a supervisor process above the server, which is replaced if it dies or hangs"),
	STRING(server_process_name, 0, "NAME", "the server's name in ps"),
	BOOL(restart_server_process, 0, "a restart is one of the server too"),
	BOOL(enable_detach, 0, "signal_detach is a live restart, else a graceful stop" OPT_OR("true")),
	BOOL(exit_on_detach, 0, "then leave, and start no new server"),
	BOOL(disable_reload, 0, "the supervisor does not read the configuration again"),
	TIME(server_restart_wait, server.backoff.first, 0, 100, "before a server that lived under a second is restarted" OPT_OR("1s")),
	TIME(server_detach_wait, server_detach_wait, 0, 0, "without listen, from the old server's stop to the new one's start" OPT_OR("10s")),
	TIME(server_heartbeat_interval, server_heartbeat_interval, 0, 10, "of the server" OPT_OR("1s")),
	TIME(server_heartbeat_timeout, server.heartbeat_timeout, 0, 100, "a server silent for so long is killed" OPT_OR("180s")),
	LADDER(server)

	HEADING("Sockets:"),
	LIST(listen, 0, "WHERE", "PORT, HOST:PORT, [V6]:PORT, uPORT for UDP, a path, or a URI; all workers share it"),
	COUNT(backlog, 0, 32767, "connections that wait to be accepted" OPT_OR("4096")),
	STRING(socket_manager, 0, "PATH", "workers ask there for sockets, as with ServerEngine; true: a path is made; take: another server's"),
	LIST(allowed_networks, 0, "CIDR", "only from there; nil: from everywhere"),

	HEADING("Hooks, commands that are run beside everything else:"),
	HOOK(before_run, CONFIG_HOOK_BEFORE_RUN, "before the first worker, which waits for it; it must exit with 0"),
	HOOK(after_run, CONFIG_HOOK_AFTER_RUN, "after the last worker; waited for"),
	HOOK(worker_before_fork, CONFIG_HOOK_WORKER_BEFORE_FORK, "when a worker is started"),
	HOOK(worker_after_start, CONFIG_HOOK_WORKER_AFTER_START, "when it has been"),
	HOOK(worker_after_exit, CONFIG_HOOK_WORKER_AFTER_EXIT, "when it has ended"),
	TIME(hook_timeout, hook_timeout, 0, 100, "a hook that takes longer is killed" OPT_OR("30s")),

	HEADING("Commands and signals:"),
	STRING(control_path, 0, "PATH", "socket for the commands above"),
	WORD(command_sender, 0, "signal|pipe", "how workers are told to stop or reload; pipe: by words on stdin, and we by ours"),
	SIGNAL(signal_graceful_stop, signal[CONFIG_SIGNAL_GRACEFUL_STOP], 0, "graceful stop" OPT_OR("TERM")),
	SIGNAL(signal_immediate_stop, signal[CONFIG_SIGNAL_IMMEDIATE_STOP], 0, "immediate stop" OPT_OR("QUIT")),
	SIGNAL(signal_graceful_restart, signal[CONFIG_SIGNAL_GRACEFUL_RESTART], 0, "graceful restart" OPT_OR("USR1")),
	SIGNAL(signal_immediate_restart, signal[CONFIG_SIGNAL_IMMEDIATE_RESTART], 0, "immediate restart" OPT_OR("HUP")),
	SIGNAL(signal_reload, signal[CONFIG_SIGNAL_RELOAD], 0, "reload" OPT_OR("USR2")),
	SIGNAL(signal_detach, signal[CONFIG_SIGNAL_DETACH], 0, "with a supervisor live restart, else graceful stop" OPT_OR("INT")),
	SIGNAL(signal_dump, signal[CONFIG_SIGNAL_DUMP], 0, "dump; default from SIGDUMP_SIGNAL" OPT_OR("CONT")),

	HEADING("Log:"),
	LIST(log, OPT_DYNAMIC, "PATH", "file, - for stdout, else stderr; the first that opens"),
	WORD(log_level, OPT_DYNAMIC, LOGLINE_LEVELS, "least level logged" OPT_OR("debug")),
	COUNT(log_rotate_age, OPT_DYNAMIC, 9999, "log files in all; 0: no rotation" OPT_OR("5")),
	ROW("log_rotate_size", OPT_BYTES, OPT_KEY | OPT_DYNAMIC, "SIZE", "a log file gets no larger; 0: no limit" OPT_OR("1M"), log_rotate_size, 0, 0),
	BOOL(log_stdout, OPT_DYNAMIC, "workers' stdout goes to the log too" OPT_OR("true")),
	BOOL(log_stderr, OPT_DYNAMIC, "workers' stderr goes to the log too" OPT_OR("true")),
	WORD(log_format, OPT_DYNAMIC, "ruby|plain|json|cri", "of our lines; json and cri of workers' lines too"),
	STRING(log_prefix, OPT_DYNAMIC, "TEXT", "in front of workers' lines; %d is the id, %p the pid"),
	WORD(log_overflow, OPT_DYNAMIC, "block|drop", "what if the disk is too slow: workers wait, or lines are counted"),

	{ .type = OPT_STRING, .flags = OPT_KEY | OPT_LATER, .text = OPT_TEXT("",
	  "logger_class", "") },
	{ .text = NULL },
};
/* clang-format on */

_Static_assert(sizeof(struct config) <= 65535, "a row's offset has 16 bits");

#define OPTS (sizeof config_opts / sizeof *config_opts)

/* Opens it; what could keep us waiting, such as a fifo, only where we may wait. -1: errno. */
static int
open_file(int dir_fd, const char *path, bool regular)
{
	int fd =
	    call_openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0));
	struct stat st;

	if (fd < 0 || !regular ||
	    (call_fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))))
		return fd;
	close(fd);
	return call_fail(EINVAL);
}

/* The whole file with room for a NUL; NULL: why. */
static char *
read_file(int dir_fd, const char *path, bool regular, size_t *len, struct buf *why)
{
	int fd = open_file(dir_fd, path, regular);
	char *text = memory_get(FILE_ROOM);
	ssize_t n = 0;

	*len = 0;
	if (fd < 0 || !text)
		goto fail;
	while (*len <= FILE_MAX_BYTES && (n = read(fd, text + *len, FILE_MAX_BYTES + 1 - *len)) > 0)
		*len += (size_t)n;
	if (n < 0)
		goto fail;
	close(fd);
	if (*len <= FILE_MAX_BYTES)
		return text;
	buf_printf(why, "%.300s: longer than 1 MiB", path);
	memory_free(text, FILE_ROOM);
	return NULL;
fail:
	call_close(fd);
	memory_free(text, FILE_ROOM); /* it keeps errno: it cannot fail */
	buf_printf(why, "%.300s: %s", path, errno == EINVAL ? "not a regular file" : call_reason());
	return NULL;
}

/* One item of the file into the config. */
static bool
take_item(const char *path, const struct conf_item *item, struct config *c, struct buf *text,
    unsigned seen[OPTS], struct buf *why)
{
	const struct opt *o = opt_find(config_opts, item->key);
	const char *near;

	buf_clear(why);
	buf_printf(why, "%s:%u: ", path, item->line);
	buf_escape(why, item->key, strlen(item->key), 60);
	if (!o || !(o->flags & OPT_KEY)) {
		near = opt_nearest(config_opts, OPT_KEY, item->key);
		buf_puts(why, ": unknown key");
		if (near)
			buf_printf(why, ": the nearest is %s", near);
		return false;
	}
	if (seen[o - config_opts]) {
		buf_printf(why, ": duplicate key: first in line %u", seen[o - config_opts]);
		return false;
	}
	seen[o - config_opts] = item->line;
	buf_puts(why, ": ");
	if (!optval_set(o, c, text, &item->value, why))
		return false;
	/* what a row's type cannot tell of sockets */
	buf_clear(why);
	buf_printf(why, "%s:%u: ", path, item->line);
	return listeners_check(c, why);
}

static bool
take_file(
    const char *path, char *file, size_t len, struct config *c, struct buf *text, struct buf *why)
{
	unsigned seen[OPTS] = { 0 };
	struct conf conf;
	struct conf_item item;

	conf_open(&conf, file, len);
	for (;;)
		switch (conf_next(&conf, &item)) {
		case CONF_ITEM:
			if (!take_item(path, &item, c, text, seen, why))
				return false;
			break;
		case CONF_ERROR:
			buf_clear(why);
			buf_printf(why, "%s:%u: %s", path, conf.line, conf.error);
			return false;
		case CONF_END:
			buf_clear(why);
			return true;
		}
}

/* The environment's word on signal_dump, as the sigdump library's. */
static bool
take_environment(struct config *c, struct buf *why)
{
	const char *name = call_env("SIGDUMP_SIGNAL");

	if (!name || !*name || num_signal(name, &c->signal[CONFIG_SIGNAL_DUMP]))
		return true;
	buf_puts(why, "SIGDUMP_SIGNAL: ");
	buf_escape(why, name, strlen(name), 40);
	buf_puts(why, ": expected a signal");
	return false;
}

const char *
config_key(size_t member)
{
	const struct opt *o = config_opts;

	while (o->offset != member)
		o++;
	return o->text;
}

const char *
config_hook_key(enum config_hook hook)
{
	return config_key(AT(hook) + hook * sizeof(struct opt_list));
}

static const char *
signal_key(unsigned i)
{
	return config_key(AT(signal) + i * sizeof(int));
}

static bool
check_signals(const struct config *c, struct buf *why)
{
	/* what cannot be caught, what tells of children or of a crash, what libc keeps for itself
	 */
	static const uint64_t bad = 1ull << SIGKILL | 1ull << SIGSTOP | 1ull << SIGCHLD |
	    1ull << SIGSEGV | 1ull << SIGBUS | 1ull << SIGFPE | 1ull << SIGILL | 7ull << 32;

	for (unsigned i = 0; i < CONFIG_SIGNALS; i++) {
		char name[16];

		num_signal_name(c->signal[i], name);
		if (bad >> c->signal[i] & 1) {
			buf_printf(why, "%s: %s: it cannot be used", signal_key(i), name);
			return false;
		}
		for (unsigned j = 0; j < i; j++)
			if (c->signal[i] == c->signal[j]) {
				buf_printf(why, "%s: %s: %s has it too", signal_key(i), name,
				    signal_key(j));
				return false;
			}
	}
	return true;
}

static bool
check_hooks(const struct config *c, struct buf *why)
{
	for (unsigned i = 0; i < CONFIG_HOOKS; i++)
		if (c->hook[i].count > 0 && *c->hook[i].first == '\0') {
			buf_printf(why, "%s: its first word is empty", config_hook_key(i));
			return false;
		}
	return true;
}

/* What is asked of applets that may not be there. */
static bool
check_applets(const struct config *c, struct buf *why)
{
	if (!&applet_logrotate && logger_needed(c))
		buf_puts(why, "log, log_format, log_prefix: se-logrotate is not built in");
	else if (!&applet_sigdump && c->dump_on_timeout)
		buf_puts(why, "dump_on_timeout: se-sigdump is not built in");
	else
		return true;
	return false;
}

/* How often the workers must be looked at from outside; MS_NEVER: not at all. */
static ms
probe_every(const struct config *c)
{
	ms every = c->worker_max_rss > 0 ? 10 * MS_SECOND : MS_NEVER;

	if (c->worker.heartbeat == WORKER_HEARTBEAT_STAT)
		every = ms_min(every, ms_max(c->worker.heartbeat_timeout / WORKER_PARTS, 1));
	return every;
}

static void
complete_ladder(struct escalation_policy ladder[ESCALATION_RUNGS])
{
	ladder[ESCALATION_KILL] = ladder[ESCALATION_IMMEDIATE];
	ladder[ESCALATION_KILL].timeout = MS_NEVER;
	ladder[ESCALATION_GRACEFUL].sig = SIGTERM;
	ladder[ESCALATION_IMMEDIATE].sig = SIGQUIT;
	ladder[ESCALATION_KILL].sig = SIGKILL;
}

/* What of the policies follows from several keys, or from none. */
static void
complete(struct config *c)
{
	struct worker_policy *w = &c->worker, *server = &c->server;
	struct rolling_policy *r = &c->rolling;

	w->dump = c->dump_on_timeout && !c->disable_sigdump ? CONFIG_DUMP_TIME : 0;
	w->probe_every = probe_every(c);
	w->backoff.limit = c->restart_limit.count;
	w->backoff.limit_within = c->restart_limit.within;
	complete_ladder(w->ladder);
	server->heartbeat = WORKER_HEARTBEAT_REQUIRED;
	server->probe_every = server->max_age = MS_NEVER;
	server->backoff.max = server->backoff.first;
	complete_ladder(server->ladder);
	r->told = c->worker_notification_fd != OPT_UNSET;
	r->late =
	    ms_max(w->start_timeout > 0 ? w->start_timeout : w->heartbeat_timeout, WORKER_STABLE);
	r->alive = ms_max(w->start_timeout, WORKER_STABLE);
}

/* What no single key can tell. */
static bool
check(struct config *c, struct buf *why)
{
	complete(c);
	if (c->verb.verb != CONFIG_RUN)
		return true;
	if (c->worker_type > 1)
		buf_puts(why,
		    "worker_type: embedded and thread: workers here are programs of their own: use "
		    "process");
	else if (c->command.count == 0)
		buf_puts(why, "command: none given: set command, or put it behind the options");
	else if (*c->command.first == '\0')
		buf_puts(why, "command: its first word is empty");
	else if (c->command.count > 4096)
		buf_puts(why, "command: more than 4096 words");
	else if (c->worker_heartbeat_interval >= c->worker.heartbeat_timeout)
		buf_puts(why,
		    "worker_heartbeat_interval: it must be less than worker_heartbeat_timeout");
	else if (c->server_heartbeat_interval >= c->server.heartbeat_timeout)
		buf_puts(why,
		    "server_heartbeat_interval: it must be less than server_heartbeat_timeout");
	else if (c->worker.backoff.first > c->worker.backoff.max)
		buf_puts(why, "restart_backoff: it must be at most restart_backoff_max");
	else if (c->rolling.max_unavailable + c->restart_surge == 0)
		buf_puts(why, "restart_max_unavailable: it may be 0 only with restart_surge");
	else
		return check_hooks(c, why) && check_signals(c, why) && listeners_check(c, why) &&
		    check_applets(c, why);
	return false;
}

/* The words behind the options, which win over the key. */
static void
take_operands(struct config *c, int argc, char *const argv[], int first, struct buf *text)
{
	if (first >= argc)
		return;
	c->command =
	    (struct opt_list){ .first = text->base + text->len, .count = (unsigned)(argc - first) };
	for (int i = first; i < argc; i++)
		buf_put(text, argv[i], strlen(argv[i]) + 1);
}

void
config_free(struct config *c)
{
	if (c)
		memory_free(c, c->size);
}

/* All defaults, with room for so many bytes of values, which text is; NULL: why. */
static struct config *
make(size_t room, struct buf *text, struct buf *why)
{
	struct config *c = memory_get(sizeof *c + room);

	if (!c) {
		buf_puts(why, call_reason());
		return NULL;
	}
	opt_defaults(config_opts, c);
	c->size = sizeof *c + room;
	*text = buf_over((char *)(c + 1), room);
	return c;
}

/* c: what the file says that is named in asked, which is the command line alone. */
static bool
load_file(int dir_fd, bool again, const struct config *asked, size_t room, struct config **c,
    struct buf *text, struct buf *why)
{
	const char *path = asked->path;
	char *file = NULL;
	size_t len = 0;
	bool right;

	if (path && !*path) {
		buf_puts(why, "--config: the name is empty");
		return false;
	}
	if (path && !(file = read_file(dir_fd, path, again, &len, why)))
		return false;
	*c = make(room + len, text, why);
	right = *c && take_environment(*c, why) &&
	    (!path || take_file(path, file, len, *c, text, why)) && init_environment(*c, why);
	memory_free(file, FILE_ROOM);
	return right;
}

struct config *
config_load(int dir_fd, bool again, int argc, char *const argv[], struct buf *why)
{
	size_t room = 64;
	struct config *asked, *c = NULL;
	struct buf text;
	int first = -1;

	for (int i = 0; i < argc; i++)
		room += strlen(argv[i]) + 1;
	if (!(asked = make(room, &text, why)))
		return NULL;
	asked->path = init_config(argv[0]);
	if (opt_parse(config_opts, asked, &text, argc, argv, why) >= 0 &&
	    load_file(dir_fd, again, asked, room, &c, &text, why))
		first = opt_parse(config_opts, c, &text, argc, argv, why);
	config_free(asked);
	if (first >= 0) {
		take_operands(c, argc, argv, first, &text);
		if (check(c, why))
			return c;
	}
	config_free(c);
	return NULL;
}

struct config *
config_read(const char *text, size_t len, struct buf *why)
{
	char *copy = memory_get(len + 2); /* which reading changes */
	struct config *c = NULL;
	struct buf values;

	if (!copy)
		buf_puts(why, call_reason());
	else if ((c = make(len + 64, &values, why)) != NULL) {
		memcpy(copy, text, len);
		if (!take_file("configuration", copy, len, c, &values, why) || !check(c, why)) {
			config_free(c);
			c = NULL;
		}
	}
	memory_free(copy, len + 2);
	return c;
}

/* The value of one row as text; long commands may be long. */
static struct buf
format(const struct opt *o, const struct config *c, char *room, size_t len)
{
	struct buf b = buf_over(room, len);

	optval_format(o, c, &b);
	return b;
}

static bool
is_key(const struct opt *o)
{
	return (o->flags & (OPT_KEY | OPT_LATER)) == OPT_KEY;
}

#define VALUE_ROOM 65536

bool
config_write(const struct config *c, struct buf *b)
{
	for (const struct opt *o = config_opts; o->text && !b->cut; o++) {
		size_t begin = b->len;

		if (!is_key(o))
			continue;
		buf_printf(b, "%s: ", o->text);
		optval_format(o, c, b);
		b->cut |= b->len - begin > CONF_LINE_MAX;
		buf_puts(b, "\n");
	}
	return !b->cut;
}

bool
config_print(const struct config *c)
{
	char *room = memory_get(CONFIG_TEXT);
	struct buf b;
	bool arrived;

	if (!room)
		return false;
	b = buf_over(room, CONFIG_TEXT);
	errno = E2BIG;
	arrived = config_write(c, &b) && out_write(STDOUT_FILENO, b.base, b.len);
	memory_free(room, CONFIG_TEXT); /* it keeps errno: it cannot fail */
	return arrived;
}

void
config_static_changes(const struct config *old, const struct config *new, struct buf *names)
{
	char *before = memory_get((size_t)2 * VALUE_ROOM);

	if (!before)
		return; /* only the warning is lost */
	for (const struct opt *o = config_opts; o->text; o++) {
		if (!is_key(o) || (o->flags & OPT_DYNAMIC))
			continue;
		(void)format(o, old, before, VALUE_ROOM);
		(void)format(o, new, before + VALUE_ROOM, VALUE_ROOM);
		if (strcmp(before, before + VALUE_ROOM) != 0)
			buf_printf(names, "%s%s", names->len ? ", " : "", o->text);
	}
	memory_free(before, (size_t)2 * VALUE_ROOM);
}
