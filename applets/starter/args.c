#include "args.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/fsm/generations.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/memory.h"

#define AT(member) offsetof(struct args, member)

/* clang-format off */
#define ROW(n, t, f, a, h, m, lo, hi) \
	{ .text = OPT_TEXT(n, a, h), .type = t, .flags = OPT_FLAGS(f, h), .offset = AT(m), .min = lo, .max = hi }
#define HEADING(title)               { .text = OPT_TEXT("", "", title), .type = OPT_HEADING }
#define FLAG(name, m, help)          ROW(name, OPT_FLAG, 0, "", help, m, 0, 0)
#define INT(name, m, hi, help)       ROW(name, OPT_INT, 0, "N", help, m, 0, hi)
#define TIME(name, m, flags, help)   ROW(name, OPT_DURATION, flags, "TIME", help, m, 0, 0)
#define TEXT(name, arg, m, help)     ROW(name, OPT_STRING, 0, arg, help, m, 0, 0)
#define SIGNAL(name, m, help)        ROW(name, OPT_SIGNAL, 0, "SIGNAL", help, m, 0, 0)

const struct opt args_opts[] = {
	FLAG("restart", restart, "have the one of --pid-file start a new generation, and wait for it"),
	FLAG("stop", stop, "stop the one of --pid-file, and wait for its end"),
	FLAG("upgrade", upgrade, "have it execute its own file again, in place, and wait for it"),
	FLAG("status", status, "print what the one of --pid-file runs"),
	FLAG("json", json, "that as JSON"),
	TIME("timeout", timeout, OPT_OR_NEVER, "how long to wait for these" OPT_OR("-1")),
	FLAG("help", help, "print this"),
	FLAG("version", version, "print the version"),

	HEADING("Sockets:"),
	ROW("port", OPT_LIST, OPT_MANY, "[HOST:][u]PORT[=FD]", "listen there; u: UDP; also tcp://, udp://, unix:// URIs; may be repeated", port, 0, 0),
	ROW("path", OPT_LIST, OPT_MANY, "PATH", "listen at a unix socket; @NAME: abstract; may be repeated", path, 0, 0),
	ROW("path-mode", OPT_OCTAL, 0, "MODE", "of these" OPT_OR("777"), path_mode, 0, 0777),
	TEXT("path-owner", "USER", path_owner, "of these"),
	TEXT("path-group", "GROUP", path_group, "of these"),
	INT("backlog", backlog, 32767, "connections that may wait, as listen(2); 0: the default" OPT_OR("4096")),
	INT("defer-accept", defer_accept, 32767, "seconds to wait for the first data, tcp(7); 0: not" OPT_OR("0")),
	INT("fastopen", fastopen, 32767, "connections with data in their SYN, tcp(7); 0: none" OPT_OR("0")),
	FLAG("nonblocking", nonblocking, "O_NONBLOCK on these, as nginx expects"),

	HEADING("Generations:"),
	TIME("interval", interval, 0, "up after living so long; from one failed start to the next" OPT_OR("1s")),
	ROW("ready", OPT_WORD, 0, "interval|notify|connect", "how it shows that it is up", ready, 0, 0),
	TIME("ready-timeout", ready_timeout, OPT_OR_NEVER, "notify, connect: then it has failed" OPT_OR("-1")),
	TEXT("ready-address", "ADDRESS", ready_address, "connect: where; as --port, or a path"),
	INT("max-retries", max_retries, 9999, "of a failed start; without: no limit"),
	SIGNAL("signal-on-hup", signal_on_hup, "sent to old workers" OPT_OR("TERM")),
	SIGNAL("signal-on-term", signal_on_term, "sent to all at TERM" OPT_OR("TERM")),
	TIME("kill-old-delay", kill_old_delay, 0, "from the new one's start to this; 5 with auto restart, else 0" OPT_OR("-1")),
	TIME("kill-old-timeout", kill_old_timeout, OPT_OR_NEVER, "from this to KILL, to the process group" OPT_OR("-1")),
	ROW("max-generations", OPT_COUNT, 0, "N", "alive at once: then the oldest is killed" OPT_OR("5"), max_generations, 2, 60),
	ROW("enable-auto-restart", OPT_BOOL, 0, "", "restart by time", enable_auto_restart, 0, 0),
	TIME("auto-restart-interval", auto_restart_interval, 0, "that time (360)" OPT_OR("-1")),
	ROW("orphans", OPT_WORD, 0, "term|keep", "what becomes of workers if we are killed", orphans, 0, 0),

	HEADING("Workers:"),
	TEXT("dir", "DIR", dir, "working directory"),
	TEXT("envdir", "DIR", envdir, "a file for each variable"),
	TEXT("user", "USER", user, "user to run as"),
	TEXT("group", "GROUP", group, "group to run as"),
	TEXT("chroot", "DIR", chroot, "root directory"),
	ROW("umask", OPT_OCTAL, 0, "UMASK", "umask", umask, 0, 0777),
	ROW("rlimit", OPT_LIST, OPT_MANY, "NAME=[SOFT:]HARD", "as setrlimit(2): nofile, core ...; may be repeated", rlimit, 0, 0),
	FLAG("no-listen-pid", no_listen_pid, "no LISTEN_PID: for a shell in between"),

	HEADING("Running:"),
	TEXT("pid-file", "FILE", pid_file, "our pid; locked while we live"),
	TEXT("status-file", "FILE", status_file, "GENERATION:PID of each worker"),
	FLAG("daemonize", daemonize, "leave the terminal, once a worker is started; needs --log-file"),
	TEXT("log-file", "FILE", log_file, "stdout and stderr; \"| COMMAND\": to it"),
	ROW("log-rotate-size", OPT_BYTES, 0, "SIZE", "by se-logrotate; 0: not", log_rotate_size, 0, 0),
	ROW("log-rotate-age", OPT_COUNT, 0, "N", "then: log files in all" OPT_OR("5"), log_rotate_age, 0, 9999),

	{ .type = OPT_STRING, .flags = OPT_LATER, .text = OPT_TEXT("",
	  "handover|takeover|workers|slow-start|reuseport|allow|accept|max-connections|max-per-source", "") },
	{ .text = NULL },
};
/* clang-format on */

_Static_assert(sizeof(struct args) <= 65535, "a row's offset has 16 bits");

/* "NAME=[SOFT:]HARD" */
bool
args_limit(const struct args *c, unsigned i, struct spawn_limit *limit, struct buf *why)
{
	static const char names[] =
	    "as|core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|"
	    "rss|rtprio|rttime|sigpending|stack";
	static const unsigned char resource[] = { RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA,
		RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE,
		RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME,
		RLIMIT_SIGPENDING, RLIMIT_STACK };
	static const struct opt row = { .type = OPT_RLIMIT };
	const char *text = optval_list_at(&c->rlimit, i);
	size_t len = text_span(text, "=");
	struct opt_value value = { .first = text + len + (text[len] == '='), .count = 1 };
	struct buf none = { 0 };
	struct opt_rlimit r;
	char name[16];
	int at = buf_print_to(name, sizeof name, "%.*s", (int)len, text)
	    ? num_item(name, names, '|')
	    : -1;

	buf_puts(why, "--rlimit: ");
	if (at < 0 || !text[len]) {
		buf_escape(why, text, strlen(text), 40);
		buf_printf(why, ": expected NAME=[SOFT:]HARD, NAME one of %s", names);
		return false;
	}
	if (!optval_set(&row, &r, &none, &value, why))
		return false;
	*limit = (struct spawn_limit){ "setrlimit", resource[at], { r.soft, r.hard } };
	return true;
}

/* What no single option can tell; NULL: nothing is wrong. */
static const char *
wrong(const struct args *c)
{
	if (c->daemonize && !c->log_file)
		return "--daemonize: --log-file is needed with it";
	if (c->ready == ARGS_CONNECT && !c->ready_address)
		return "--ready=connect: --ready-address is needed with it";
	if (c->log_rotate_size > 0 && (!c->log_file || *text_skip(c->log_file, " \t\r\n") == '|'))
		return "--log-rotate-size: --log-file is needed with it, and no command in it";
	return NULL;
}

bool
args_load(struct args *c, int argc, char **argv, struct buf *why)
{
	size_t room = 1, copies = 0, pointers = (2 * (size_t)argc + 2) * sizeof *argv;
	struct buf text, copy;
	const char *reason;
	char **words, *base;
	int first, n = 0;

	for (int i = 0; i < argc; i++) {
		room += strlen(argv[i]) + OPT_PERMUTED_ROOM;
		copies += argv[i][0] == '-';
	}
	/* a list that is added to is copied: once for each option */
	words = memory_get(pointers);
	base = memory_get(room * (2 + copies));
	if (!words || !base) {
		buf_puts(why, call_reason());
		return false;
	}
	text = buf_over(base, room);
	copy = buf_over(base + room, room * (1 + copies));
	opt_defaults(args_opts, c);
	if (!opt_permute(args_opts, argc, argv, words, &text, why))
		return false;
	while (words[n])
		n++;
	if ((first = opt_parse(args_opts, c, &copy, n, words, why)) < 0)
		return false;
	c->command = words + first;
	if ((reason = wrong(c)) == NULL)
		return true;
	buf_puts(why, reason);
	return false;
}
