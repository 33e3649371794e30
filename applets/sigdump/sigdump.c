/* se-sigdump: the stacks, memory and descriptors of processes, seen from outside. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/dumpfile.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/privilege.h"
#include "../../lib/sys/proc.h"
#include "../../lib/sys/spawn.h"
#include "../applet.h"
#include "names.h"
#include "report.h"

enum { EXIT_NONE = 1, EXIT_USAGE = 2, EXIT_NO_STACK = 3 };

#define PROCESSES 16384 /* in one run */

/* What the command line says. */
struct options {
	bool help, version; /* seen before by main */
	bool tree, json, consistent, environment;
	ms timeout;
	const char *output; /* NULL: SIGDUMP_PATH, or a file in /tmp */
};

#define MIN_TIME 100 /* ms; of the one row that has a least value */

#define AT(member) offsetof(struct options, member)
#define ROW(n, t, a, h, m)                                                                       \
	{                                                                                        \
		.text = OPT_TEXT(n, a, h), .type = t, .flags = OPT_FLAGS(0, h), .offset = AT(m), \
		.min = MIN_TIME                                                                  \
	}

/* clang-format off */
static const struct opt opts[] = {
	ROW("tree", OPT_FLAG, "", "their descendants too", tree),
	ROW("json", OPT_FLAG, "", "an object in a line for each process", json),
	ROW("consistent", OPT_FLAG, "", "stop all threads at one moment, not one by one", consistent),
	ROW("env", OPT_FLAG, "", "show the environment too: it may hold secrets", environment),
	ROW("timeout", OPT_DURATION, "TIME", "give a process up that takes longer" OPT_OR("30s"), timeout),
	ROW("output", OPT_STRING, "PATH", "append to it; \"-\": stdout, \"+\": stderr, %p: the pid", output),
	ROW("help", OPT_FLAG, "", "print this", help),
	ROW("version", OPT_FLAG, "", "print the version", version),
	{ .text = NULL },
};
/* clang-format on */

__attribute__((format(printf, 1, 2))) static void
complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	out_verror("se-sigdump: ", format, ap);
	va_end(ap);
}

/* ---- one process: in a process of its own, which lets go of all threads when it ends ---- */

struct job {
	const struct options *o;
	pid_t pid;
	const char *path; /* of the output */
};

static bool
is_refused(const struct stacks *s)
{
	return s->threads > 0 && s->without == s->threads &&
	    (s->thread[0].error == EPERM || s->thread[0].error == EACCES);
}

/* Root without CAP_SYS_PTRACE may trace as the other user what it may not as itself. */
static bool
become_its_user(pid_t pid)
{
	struct privilege p = { .user = true, .group = true };
	struct stat st;
	char path[32];

	(void)buf_print_to(path, sizeof path, "/proc/%d", (int)pid); /* it fits */
	if (geteuid() != 0 || call_stat(path, &st) < 0 || st.st_uid == 0)
		return false;
	p.uid = st.st_uid;
	p.gid = st.st_gid;
	/* the change takes back that it ends with its parent; without that it ends by its timeout
	 */
	return privilege_apply(&p) == 0 && call_prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
}

/* It is not there, or /proc cannot be asked: no descriptor is free. */
static int
no_process(pid_t pid, const char *gone)
{
	complain("process: %d: %s", (int)pid, errno == ENOENT ? gone : call_reason());
	return EXIT_NONE;
}

static int
dump(void *arg)
{
	struct stacks stacks;
	struct sink sink;
	const struct job *j = arg;
	struct report r = { .pid = j->pid, .stacks = &stacks, .environment = j->o->environment };
	struct target_process after;
	bool is_same;
	int fd, e;

	call_signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error to tell */
	if (spawn_end_after(j->o->timeout) < 0) {
		complain("timer: %s", call_reason());
		return EXIT_NONE;
	}
	if (!target_process_read(&r.process, j->pid))
		return no_process(j->pid, strerror(ESRCH));
	if ((fd = dumpfile_open(j->path)) < 0) { /* as who we are, before we may become another */
		complain("output: %s: %s", j->path, call_reason());
		return EXIT_NONE;
	}
	mapfile_guard();
	if (!j->o->json)
		earlier_find(&r.earlier, fd, j->pid, r.process.started);
	if (!sink_open(&sink, fd) || !stacks_take(&stacks, j->pid, j->o->consistent) ||
	    (is_refused(&stacks) && become_its_user(j->pid) &&
		!stacks_take(&stacks, j->pid, j->o->consistent))) {
		complain("memory: %s", call_reason());
		return EXIT_NONE;
	}
	is_same = target_process_read(&after, j->pid);
	if (is_same && after.started != r.process.started) {
		errno = ENOENT;
		is_same = false;
	}
	if (!is_same)
		return no_process(j->pid, "it ended meanwhile");
	r.tid = stacks.open ? stacks.images.tid : j->pid;
	(j->o->json ? report_json : report_text)(&r, &sink);
	if (!sink_close(&sink)) {
		complain("output: %s: %s", j->path, call_reason());
		return EXIT_NONE;
	}
	if (stacks.complete + stacks.truncated > 0)
		return 0;
	e = stacks.threads > 0 ? stacks.thread[0].error : stacks.error;
	complain("process: %d: no stack could be read: %s", (int)j->pid,
	    e == ENOSYS && stacks.threads > 0 ? names_cure(j->pid, stacks.thread) : strerror(e));
	return EXIT_NO_STACK;
}

static int
dump_one(const struct options *o, pid_t pid)
{
	char room[4096];
	struct buf path = buf_over(room, sizeof room);
	struct job j = { o, pid, room };
	pid_t helper;
	int status;

	dumpfile_path(o->output, pid, &path);
	if (path.cut) {
		complain("output: %.60s: %s", room, strerror(ENAMETOOLONG));
		return EXIT_NONE;
	}
	if ((helper = spawn_helper(dump, &j)) < 0) {
		complain("fork: %s", call_reason());
		return EXIT_NONE;
	}
	while (waitpid(helper, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_NONE;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM) {
		complain("process: %d: it could not be dumped within the timeout", (int)pid);
		return EXIT_NONE;
	}
	if (!WIFEXITED(status)) {
		complain("process: %d: the dump ended by signal %d", (int)pid, WTERMSIG(status));
		return EXIT_NONE;
	}
	if (WEXITSTATUS(status) != EXIT_NONE && strcmp(room, "-") != 0 && strcmp(room, "+") != 0 &&
	    (!out_text(STDOUT_FILENO, room) || !out_text(STDOUT_FILENO, "\n")))
		return EXIT_NONE;
	return WEXITSTATUS(status);
}

/* ---- which processes ---- */

struct processes {
	unsigned count, at; /* at: whose children are looked for */
	pid_t pid[PROCESSES];
};

static bool
found_process(int pid, void *arg)
{
	struct processes *p = arg;
	struct proc_stat st;

	if (proc_stat(pid, &st) && st.parent == p->pid[p->at] && pid != getpid() &&
	    p->count < PROCESSES)
		p->pid[p->count++] = pid;
	return p->count < PROCESSES;
}

static int
run(int argc, char **argv)
{
	static struct processes p;
	char room[1024], texts[4096];
	struct buf why = buf_over(room, sizeof room), text = buf_over(texts, sizeof texts);
	struct options o = { .output = NULL };
	uint64_t n;
	int first, status = 0, one;

	call_signal(SIGCHLD, SIG_DFL); /* who ignores it is told of no end */
	opt_defaults(opts, &o);
	if ((first = opt_parse(opts, &o, &text, argc, argv, &why)) < 0) {
		complain("%s", room);
		return EXIT_USAGE;
	}
	if (first == argc) {
		complain("PID: none given");
		return EXIT_USAGE;
	}
	for (; first < argc; first++) {
		if (!num_count(argv[first], 1, INT32_MAX, &n)) {
			complain("PID: %.60s: not a process id", argv[first]);
			return EXIT_USAGE;
		}
		if (p.count == PROCESSES) {
			complain("PID: more than %d", PROCESSES);
			return EXIT_USAGE;
		}
		p.pid[p.count++] = (pid_t)n;
	}
	for (p.at = 0; o.tree && p.at < p.count; p.at++)
		(void)proc_each("/proc", found_process, &p); /* without /proc nothing is found */
	for (unsigned i = 0; i < p.count; i++) {
		one = dump_one(&o, p.pid[i]);
		if (status == 0 || one == EXIT_NONE)
			status = one;
	}
	return status;
}

const struct applet applet_sigdump = {
	.name = "se-sigdump",
	.usage = "[OPTION]... PID...\0",
	.summary = "Write the stacks, memory and descriptors of running processes.",
	.opts = opts,
	.config_size = sizeof(struct options),
	.run = run,
};
