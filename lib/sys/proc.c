#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/num.h"
#include "../base/text.h"
#include "call.h"

/* A small file as text; false: it cannot be read. */
static bool
slurp(const char *path, char *text, size_t room)
{
	int fd = call_open(path, O_RDONLY | O_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (len < room - 1 && (n = read(fd, text + len, room - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return n >= 0 && len > 0;
}

static bool
slurp_of(pid_t pid, const char *file, char *text, size_t room)
{
	char path[48];

	(void)buf_print_to(path, sizeof path, "/proc/%d/%s", (int)pid, file); /* fits */
	return slurp(path, text, room);
}

/* What follows the first occurrence of what; NULL: it does not occur. */
static char *
behind(char *text, const char *what)
{
	char *rest = NULL;

	for (; *text && !rest; text++)
		rest = text_after(text, what);
	return rest;
}

static unsigned
hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The field behind n blanks, as a number. */
static uint64_t
field(const char *s, unsigned n)
{
	char word[24];
	size_t len;
	uint64_t v;

	for (; n > 0 && s; n--)
		s = (s = text_char(s, ' ')) ? s + 1 : NULL;
	len = s ? text_span(s, " \n") : sizeof word;
	if (len >= sizeof word)
		return 0;
	memcpy(word, s, len);
	word[len] = '\0';
	return num_count(word, 0, UINT64_MAX, &v) ? v : 0;
}

bool
proc_stat(pid_t pid, struct proc_stat *out)
{
	unsigned long hz = getauxval(AT_CLKTCK), page = getauxval(AT_PAGESZ);
	char text[1024];
	const char *p;

	*out = (struct proc_stat){ 0 };
	if (!slurp_of(pid, "stat", text, sizeof text) || !(p = strrchr(text, ')')) || p[1] != ' ' ||
	    !p[2])
		return false;
	p += 2; /* field 3 of proc(5), the state */
	out->state = *p;
	out->parent = (pid_t)field(p, 1);
	out->cpu = (ms)((field(p, 11) + field(p, 12)) * 1000 / (hz ? hz : 100));
	out->rss = field(p, 21) * page;
	return true;
}

void
proc_name(pid_t pid, char name[16])
{
	char text[32];

	name[0] = '\0';
	if (!slurp_of(pid, "comm", text, sizeof text))
		return;
	text[text_span(text, "\n")] = '\0';
	(void)buf_print_to(name, 16, "%.15s", text); /* fits */
}

bool
proc_catches(pid_t pid, int sig)
{
	char text[4096];
	const char *p;

	if (!slurp_of(pid, "status", text, sizeof text) || !(p = behind(text, "\nSigCgt:\t")) ||
	    strlen(p) < 16)
		return false;
	return hex_digit(p[15 - (sig - 1) / 4]) >> (sig - 1) % 4 & 1; /* 16 digits, signal 1 last */
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
	    !slurp(path, text, sizeof text) || !(p = behind(text, "\noom_kill ")))
		return -1;
	return (long)field(p, 0);
}

/* The same of our own cgroup, named behind key in /proc/self/cgroup. */
static long
own_oom_kills(const char *mount, const char *key, const char *file)
{
	char text[4096], *own;
	long kills = -1;

	if (slurp("/proc/self/cgroup", text, sizeof text) && (own = behind(text, key))) {
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
