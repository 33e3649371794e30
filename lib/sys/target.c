#include "target.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "../base/text.h"
#include "call.h"
#include "proc.h"
#include "procfile.h"

/* ---- processes and threads ---- */

/*
 * stat(5): "PID (NAME) STATE ...", where the name may hold anything. What stands behind the name,
 * with the state as word 0; NULL: not known.
 */
static const char *
read_stat(pid_t pid, pid_t tid, char *text, size_t room)
{
	char *end;

	if (procfile_read(pid, tid, "stat", text, room) <= 0 || !(end = strrchr(text, ')')) ||
	    end[1] != ' ' || !end[2])
		return NULL;
	*end = '\0';
	return end + 2;
}

/* The number that is word n; 0: there is none. */
static uint64_t
word(const char *line, unsigned n)
{
	const char *at = procfile_word(line, n);
	uint64_t v;

	return procfile_number(&at, 10, &v) ? v : 0;
}

/* The number behind a key; none: there is none. */
static int64_t
value(const char *text, const char *key, int64_t none)
{
	const char *at = procfile_value(text, key);
	uint64_t v;

	return at && procfile_number(&at, 10, &v) ? (int64_t)v : none;
}

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
	unsigned long hz = getauxval(AT_CLKTCK);
	char text[1024];
	const char *p, *name;

	*t = (struct target_thread){ .cpu = -1, .call = -2 };
	if (!(p = read_stat(pid, tid, text, sizeof text)))
		return false;
	t->state = *p;
	t->cpu = (ms)((word(p, 11) + word(p, 12)) * 1000 / (hz ? hz : 100));
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

	*p = (struct target_process){ .uid = (uid_t)-1, .threads = -1 };
	if (!(s = read_stat(pid, 0, text, sizeof text)))
		return false;
	p->state = *s;
	p->parent = (pid_t)word(s, 1);
	p->threads = (long)word(s, 17);
	p->started = word(s, 19);
	p->age = age_of(p->started);
	if (procfile_read(pid, 0, "status", text, sizeof text) <= 0)
		return true;
	if ((s = procfile_value(text, "Uid:")) != NULL)
		p->uid = (uid_t)word(s, 1);
	p->tracer = (pid_t)value(text, "TracerPid:", 0);
	p->inner = last_number(procfile_value(text, "NSpid:"));
	return true;
}

int
target_environment(pid_t pid, bool (*found)(void *arg, const char *variable), void *arg)
{
	int fd = procfile_open(pid, 0, "environ");
	char text[4096], room[TARGET_VARIABLE];
	struct buf b = buf_over(room, sizeof room);
	bool more = true;
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	while (more && (n = read(fd, text, sizeof text)) > 0)
		for (ssize_t i = 0; i < n && more; i++) {
			if (text[i]) {
				buf_put(&b, &text[i], 1);
				continue;
			}
			more = b.len == 0 || found(arg, room);
			buf_clear(&b);
		}
	if (n < 0)
		return call_fail_closed(fd, errno);
	close(fd);
	return 0;
}

void
target_command(pid_t pid, struct buf *b)
{
	int fd = procfile_open(pid, 0, "cmdline");
	size_t before = b->len, end = before;
	char text[1024], name[16];
	ssize_t n;

	while (fd >= 0 && !b->cut && (n = read(fd, text, sizeof text)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			buf_put(b, text[i] ? &text[i] : " ", 1);
			if (text[i] && text[i] != ' ')
				end = b->len;
		}
	if (fd >= 0)
		close(fd);
	b->len = end; /* without what the last NUL, or a title's many, became */
	b->base[end] = '\0';
	if (end > before)
		return;
	proc_name(pid, name);
	if (*name)
		buf_printf(b, "[%s]", name);
}

/* ---- memory ---- */

/* Bytes, of a line "Key:  4 kB"; -1: there is none. */
static int64_t
bytes(const char *text, const char *key)
{
	int64_t kb = value(text, key, -1);

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
	struct heap heap = { 0 };
	char text[8192];
	bool known;

	*m = (struct target_memory){ -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };
	known = procfile_read(pid, tid, "status", text, sizeof text) > 0;
	m->rss = bytes(text, "VmRSS:");
	m->swap = bytes(text, "VmSwap:");
	m->anon = bytes(text, "RssAnon:");
	m->file = bytes(text, "RssFile:");
	m->shmem = bytes(text, "RssShmem:");
	m->size = bytes(text, "VmSize:");
	m->peak = bytes(text, "VmHWM:");
	m->data = bytes(text, "VmData:");
	m->stack = bytes(text, "VmStk:");
	if (procfile_read(pid, tid, "smaps_rollup", text, sizeof text) > 0 &&
	    procfile_value(text, "Pss:")) {
		known = true;
		m->rss = bytes(text, "Rss:");
		m->pss = bytes(text, "Pss:");
		m->swap = bytes(text, "Swap:");
		m->uss = bytes(text, "Private_Clean:") + bytes(text, "Private_Dirty:");
	}
	if (target_smaps(pid, tid, add_heap, &heap) == 0)
		m->heap = heap.rss;
	return known;
}

/* ---- limits and cgroup ---- */

/* The columns of /proc/PID/limits, each as wide as the kernel prints it, and a blank. */
enum { SOFT = 26, HARD = SOFT + 21, UNIT = HARD + 21 };

struct rows {
	bool (*found)(
	    void *arg, const char *name, const char *soft, const char *hard, const char *unit);
	void *arg;
	bool titles; /* those were the first line */
};

/* A column without the blanks that fill it. */
static const char *
column(const char *line, size_t from, size_t to, char room[32])
{
	while (to > from && line[to - 1] == ' ')
		to--;
	(void)buf_print_to(room, 32, "%.*s", (int)(to - from), line + from); /* or cut */
	return room;
}

static bool
take_row(void *arg, const char *line)
{
	char name[32], soft[32], hard[32], unit[32];
	size_t len = strlen(line);
	struct rows *r = arg;

	if (!r->titles || len < UNIT) {
		r->titles = true;
		return true;
	}
	return r->found(r->arg, column(line, 0, SOFT, name), column(line, SOFT, HARD, soft),
	    column(line, HARD, UNIT, hard), column(line, UNIT, len, unit));
}

int
target_limits(pid_t pid,
    bool (*found)(
	void *arg, const char *name, const char *soft, const char *hard, const char *unit),
    void *arg)
{
	struct rows r = { .found = found, .arg = arg };
	int fd = procfile_open(pid, 0, "limits"), n;

	if (fd < 0)
		return -1;
	n = procfile_lines(fd, take_row, &r);
	close(fd); /* a read's errno is as it was: close(2) of such a file does not fail */
	return n;
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
	int fd = procfile_open(pid, 0, "cgroup");
	struct groups g = { .path = b };

	if (fd < 0)
		return false;
	(void)procfile_lines(fd, take_group, &g); /* what was found is found */
	close(fd);
	return g.second || g.memory;
}
