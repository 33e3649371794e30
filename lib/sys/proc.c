#include "proc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/num.h"
#include "../base/text.h"
#include "call.h"
#include "procfile.h"
#include "smallfile.h"

/* What follows the first occurrence of what; NULL: it does not occur. */
static char *
behind(char *text, const char *what)
{
	char *rest = NULL;

	for (; *text && !rest; text++)
		rest = text_after(text, what);
	return rest;
}

bool
proc_stat(pid_t pid, struct proc_stat *out)
{
	char text[1024];
	const char *p = procfile_stat(pid, 0, text, sizeof text);

	*out = (struct proc_stat){ 0 };
	if (!p)
		return false;
	out->state = *p;
	out->parent = (pid_t)procfile_field(p, 1, 10);
	out->cpu = procfile_cpu(p);
	out->rss = procfile_field(p, 21, 10) * getauxval(AT_PAGESZ);
	return true;
}

void
proc_name(pid_t pid, char name[16])
{
	(void)procfile_read(pid, 0, "comm", name, 16); /* "" of what is not there */
	name[text_span(name, "\n")] = '\0';
}

bool
proc_catches(pid_t pid, int sig)
{
	char text[4096];
	const char *at;

	(void)procfile_read(pid, 0, "status", text, sizeof text); /* "" of what is not there */
	at = procfile_value(text, "SigCgt:");
	return at && procfile_next(&at, 16) >> (sig - 1) & 1;
}

/* What getdents64(2) fills a buffer with. */
struct entry {
	uint64_t inode;
	int64_t next;
	unsigned short len;
	unsigned char type;
	char name[];
};

int
proc_names(const char *dir, bool (*found)(const char *, void *), void *arg)
{
	_Alignas(struct entry) char room[4096];
	int fd = call_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	bool more = true;
	long got = 0;

	if (fd < 0)
		return -1;
	while (more && (got = syscall(SYS_getdents64, fd, room, sizeof room)) > 0)
		for (long at = 0; at < got && more;) {
			const struct entry *e = (const struct entry *)(const void *)(room + at);

			at += e->len;
			more = found(e->name, arg);
		}
	close(fd);
	return 0;
}

struct numbers {
	bool (*found)(int, void *);
	void *arg;
};

static bool
found_name(const char *name, void *arg)
{
	struct numbers *n = arg;
	uint64_t number;

	return !num_count(name, 0, INT32_MAX, &number) || n->found((int)number, n->arg);
}

int
proc_each(const char *dir, bool (*found)(int, void *), void *arg)
{
	struct numbers n = { found, arg };

	return proc_names(dir, found_name, &n);
}

int
proc_each_of(pid_t pid, const char *dir, bool (*found)(int, void *), void *arg)
{
	char path[32];

	(void)buf_print_to(path, sizeof path, "/proc/%d/%s", (int)pid, dir); /* it fits */
	return proc_each(path, found, arg);
}

struct children {
	pid_t parent;
	int count;
	bool (*found)(pid_t, void *);
	void *arg;
};

static bool
found_child(int pid, void *arg)
{
	struct children *c = arg;
	struct proc_stat st;

	if (!proc_stat(pid, &st) || st.parent != c->parent || st.state == 'Z')
		return true;
	c->count++;
	return c->found(pid, c->arg);
}

int
proc_children(bool (*found)(pid_t, void *), void *arg)
{
	struct children c = { .parent = getpid(), .found = found, .arg = arg };
	struct proc_stat st;

	if (!proc_stat(c.parent, &st) || proc_each("/proc", found_child, &c) < 0)
		return -1;
	return c.count;
}

/* What a file of a cgroup says of the OOM killer; -1: nothing. */
static long
oom_kills(const char *mount, const char *cgroup, const char *file)
{
	char path[1100], text[1024];
	const char *p;

	if (!buf_print_to(path, sizeof path, "%s%s/%s", mount, cgroup, file) ||
	    smallfile_read(path, text, sizeof text) <= 0 ||
	    !(p = procfile_value(text, "oom_kill ")))
		return -1;
	return (long)procfile_next(&p, 10);
}

/* The same of our own cgroup, named behind key in /proc/self/cgroup. */
static long
own_oom_kills(const char *mount, const char *key, const char *file)
{
	char text[4096], *own;
	long kills = -1;

	if (procfile_read(getpid(), 0, "cgroup", text, sizeof text) > 0 &&
	    (own = behind(text, key))) {
		own[text_span(own, "\n")] = '\0';
		kills = oom_kills(mount, own, file);
	}
	/* in a container the path is often the host's, and the cgroup is mounted as the root */
	return kills >= 0 ? kills : oom_kills(mount, "", file);
}

long
proc_oom_kills(const char *cgroup)
{
	long kills = cgroup ? oom_kills(cgroup, "", "memory.events") : -1;

	if (kills < 0)
		kills = own_oom_kills("/sys/fs/cgroup/memory", ":memory:", "memory.oom_control");
	return kills >= 0 ? kills : own_oom_kills("/sys/fs/cgroup", "0::", "memory.events");
}
