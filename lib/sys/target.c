#include "target.h"

#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "proc.h"
#include "procfile.h"

/* ---- processes and threads ---- */

static long
read_call(pid_t pid, pid_t tid)
{
	const char *at;
	char text[256];
	uint64_t nr;

	if (procfile_read(pid, tid, "syscall", text, sizeof text) <= 0)
		return -2;
	at = text;
	return procfile_number(&at, 10, &nr) ? (long)nr : -1;
}

bool
target_thread_read(struct target_thread *t, pid_t pid, pid_t tid)
{
	char text[1024];
	const char *p, *name;

	*t = (struct target_thread){ .cpu = -1, .call = -2 };
	if (!(p = procfile_stat(pid, tid, text, sizeof text)))
		return false;
	t->state = *p;
	t->cpu = procfile_cpu(p);
	name = text_char(text, '(');
	(void)buf_print_to(t->name, sizeof t->name, "%s", name ? name + 1 : ""); /* or cut */
	t->call = read_call(pid, tid);
	if (procfile_read(pid, tid, "wchan", t->wchan, sizeof t->wchan) < 0 ||
	    strcmp(t->wchan, "0") == 0)
		t->wchan[0] = '\0';
	return true;
}

/* Its pid in the innermost pid namespace is the last number of the line. */
static pid_t
last_number(const char *at)
{
	uint64_t n = 0;

	while (at && procfile_number(&at, 10, &n))
		;
	return (pid_t)n;
}

/* Whole seconds since a tick after boot. */
static int64_t
age_of(uint64_t started)
{
	unsigned long hz = getauxval(AT_CLKTCK);
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* it is there */
	return (int64_t)now.tv_sec - (int64_t)(started / (hz ? hz : 100));
}

bool
target_process_read(struct target_process *p, pid_t pid)
{
	char text[8192];
	const char *s;

	*p = (struct target_process){ .uid = (uid_t)-1 };
	if (!(s = procfile_stat(pid, 0, text, sizeof text)))
		return false;
	p->parent = (pid_t)procfile_field(s, 1, 10);
	p->started = procfile_field(s, 19, 10);
	p->age = age_of(p->started);
	if (procfile_read(pid, 0, "status", text, sizeof text) <= 0)
		return true;
	if ((s = procfile_value(text, "Uid:")) != NULL)
		p->uid = (uid_t)procfile_field(s, 1, 10);
	p->tracer = (pid_t)procfile_valued(text, "TracerPid:", 0);
	p->inner = last_number(procfile_value(text, "NSpid:"));
	return true;
}

int
target_environment(pid_t pid, bool (*found)(void *arg, const char *variable), void *arg)
{
	int fd = procfile_open(pid, 0, "environ");
	struct procfile f = { 0 };
	bool all = fd >= 0 && procfile_append(&f, fd), more = true;

	(void)call_close(fd);
	for (size_t at = 0; more && at < f.len; at += strlen(f.text + at) + 1)
		more = !f.text[at] || found(arg, f.text + at);
	memory_free(f.text, f.size);
	return all ? 0 : -1;
}

void
target_command(pid_t pid, struct buf *b)
{
	size_t before = b->len;
	char name[16];
	ssize_t n = procfile_read(pid, 0, "cmdline", b->base + before, b->room - before);

	for (b->len += n > 0 ? (size_t)n : 0; n > 0; n--)
		if (!b->base[before + (size_t)n - 1])
			b->base[before + (size_t)n - 1] = ' ';
	b->cut |= b->len + 1 == b->room; /* or it ends just there */
	/* without what the last NUL, or a title's many, became */
	while (b->len > before && b->base[b->len - 1] == ' ')
		b->len--;
	b->base[b->len] = '\0';
	if (b->len > before)
		return;
	proc_name(pid, name);
	if (*name)
		buf_printf(b, "[%s]", name);
}

/* ---- memory ---- */

const char target_memory_names[TARGET_MEMORY][6] = { "rss", "pss", "uss", "swap", "anon", "file",
	"shmem", "heap", "stack", "size", "peak" };

/* Bytes, of a line "Key:  4 kB"; -1: there is none. */
static int64_t
bytes(const char *text, const char *key)
{
	int64_t kb = procfile_valued(text, key, -1);

	return kb < 0 ? -1 : kb * 1024;
}

struct heap {
	int64_t rss;
	bool seen;
};

/* It is one of the first, as a rule; nothing behind it is of interest. */
static bool
add_heap(void *arg, uint64_t start, uint64_t end, uint64_t rss, const char *path)
{
	bool is_heap = strcmp(path, "[heap]") == 0;
	struct heap *h = arg;

	(void)start;
	(void)end;
	if (is_heap)
		h->rss += (int64_t)rss;
	h->seen |= is_heap;
	return is_heap || !h->seen;
}

bool
target_memory_read(struct target_memory *m, pid_t pid, pid_t tid)
{
	static const char status[TARGET_MEMORY][10] = { [TARGET_RSS] = "VmRSS:",
		[TARGET_SWAP] = "VmSwap:",
		[TARGET_ANON] = "RssAnon:",
		[TARGET_FILE] = "RssFile:",
		[TARGET_SHMEM] = "RssShmem:",
		[TARGET_STACK] = "VmStk:",
		[TARGET_SIZE] = "VmSize:",
		[TARGET_PEAK] = "VmHWM:" };
	struct heap heap = { 0 };
	char text[8192];
	bool known;

	known = procfile_read(pid, tid, "status", text, sizeof text) > 0;
	for (unsigned i = 0; i < TARGET_MEMORY; i++)
		m->of[i] = *status[i] ? bytes(text, status[i]) : -1;
	if (procfile_read(pid, tid, "smaps_rollup", text, sizeof text) > 0 &&
	    procfile_value(text, "Pss:")) {
		known = true;
		m->of[TARGET_RSS] = bytes(text, "Rss:");
		m->of[TARGET_PSS] = bytes(text, "Pss:");
		m->of[TARGET_SWAP] = bytes(text, "Swap:");
		m->of[TARGET_USS] = bytes(text, "Private_Clean:") + bytes(text, "Private_Dirty:");
	}
	if (target_smaps(pid, tid, add_heap, &heap) == 0)
		m->of[TARGET_HEAP] = heap.rss;
	return known;
}

/* ---- limits and cgroup ---- */

/* The columns of /proc/PID/limits, each as wide as the kernel prints it, and a blank. */
enum { SOFT = 26, HARD = SOFT + 21, UNIT = HARD + 21, ROW = 128 };

struct rows {
	bool (*found)(
	    void *arg, const char *name, const char *soft, const char *hard, const char *unit);
	void *arg;
	bool titles; /* those were the first line */
};

/* The column that ends before next, without the blanks that fill it. */
static const char *
column(char *row, size_t from, size_t next)
{
	while (--next > from && row[next - 1] == ' ')
		;
	row[next] = '\0';
	return row + from;
}

static bool
take_row(void *arg, const char *line)
{
	size_t len = strlen(line);
	struct rows *r = arg;
	char row[ROW];

	if (!r->titles || len < UNIT || !buf_print_to(row, sizeof row, "%s ", line)) {
		r->titles = true;
		return true;
	}
	return r->found(r->arg, column(row, 0, SOFT), column(row, SOFT, HARD),
	    column(row, HARD, UNIT), column(row, UNIT, len + 1));
}

int
target_limits(pid_t pid,
    bool (*found)(
	void *arg, const char *name, const char *soft, const char *hard, const char *unit),
    void *arg)
{
	struct rows r = { .found = found, .arg = arg };

	return procfile_each(pid, 0, "limits", take_row, &r);
}

/* Which lines of /proc/PID/cgroup there are: "ID:CONTROLLERS:PATH". */
struct groups {
	struct buf *path;
	bool second, memory; /* what is in path is of version 2; of the memory controller */
};

static bool
has_memory(const char *controllers)
{
	for (;; controllers++) {
		const char *rest = text_after(controllers, "memory");

		if (rest && (*rest == ',' || *rest == ':'))
			return true;
		controllers += text_span(controllers, ",:");
		if (*controllers != ',')
			return false;
	}
}

static bool
take_group(void *arg, const char *line)
{
	const char *path = text_after(line, "0::"), *controllers;
	struct groups *g = arg;

	if (path && (!g->memory || path[1])) {
		/* with controllers of version 1, what is in none of version 2 is in its root */
		buf_clear(g->path);
		buf_puts(g->path, path);
		g->second = true;
	} else if (!path && !g->second) {
		controllers = line + text_span(line, ":");
		path = controllers + (*controllers == ':');
		if (!has_memory(path))
			return true;
		path += text_span(path, ":");
		buf_puts(g->path, path + (*path == ':'));
		g->memory = true;
	}
	return true;
}

bool
target_cgroup(pid_t pid, struct buf *b)
{
	struct groups g = { .path = b };

	(void)procfile_each(pid, 0, "cgroup", take_group, &g); /* what was found is found */
	return g.second || g.memory;
}
