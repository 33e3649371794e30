#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/num.h"

/* A small file as text; false: it cannot be read. */
static bool
slurp(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
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

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file); /* fits */
	return slurp(path, text, room);
}

/* The field behind n blanks, as a number. */
static uint64_t
field(const char *s, unsigned n)
{
	char word[24];
	size_t len;
	uint64_t v;

	for (; n > 0 && s; n--)
		s = (s = strchr(s, ' ')) ? s + 1 : NULL;
	len = s ? strcspn(s, " \n") : sizeof word;
	if (len >= sizeof word)
		return 0;
	memcpy(word, s, len);
	word[len] = '\0';
	return num_count(word, 0, UINT64_MAX, &v) ? v : 0;
}

bool
proc_stat(pid_t pid, struct proc_stat *out)
{
	static long hz, page;
	char text[1024];
	const char *p;

	if (!slurp_of(pid, "stat", text, sizeof text) || !(p = strrchr(text, ')')) || p[1] != ' ' ||
	    !p[2])
		return false;
	if (!hz) {
		hz = sysconf(_SC_CLK_TCK);
		page = sysconf(_SC_PAGESIZE);
	}
	p += 2; /* field 3 of proc(5), the state */
	out->state = *p;
	out->parent = (pid_t)field(p, 1);
	out->cpu = (ms)((field(p, 11) + field(p, 12)) * 1000 / (uint64_t)hz);
	out->rss = field(p, 21) * (uint64_t)page;
	return true;
}

void
proc_name(pid_t pid, char name[16])
{
	char text[32];

	name[0] = '\0';
	if (!slurp_of(pid, "comm", text, sizeof text))
		return;
	text[strcspn(text, "\n")] = '\0';
	(void)snprintf(name, 16, "%.15s", text); /* fits */
}

bool
proc_catches(pid_t pid, int sig)
{
	char text[4096];
	const char *p;

	if (!slurp_of(pid, "status", text, sizeof text) || !(p = strstr(text, "\nSigCgt:\t")))
		return true;
	return strtoull(p + 9, NULL, 16) >> (sig - 1) & 1; /* the kernel's own text */
}

int
proc_children(bool (*found)(pid_t, void *), void *arg)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	pid_t self = getpid();
	int n = 0;
	struct proc_stat st;
	uint64_t pid;

	if (!d || !proc_stat(self, &st)) {
		if (d)
			closedir(d);
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (!num_count(e->d_name, 1, INT32_MAX, &pid) || !proc_stat((pid_t)pid, &st) ||
		    st.parent != self)
			continue;
		n++;
		if (!found((pid_t)pid, arg))
			break;
	}
	closedir(d);
	return n;
}

/* The value of a line "name value" in a file of a cgroup. */
static long
cgroup_value(const char *path, const char *name)
{
	char text[1024];
	const char *p = text;
	size_t len = strlen(name);

	if (!slurp(path, text, sizeof text))
		return -1;
	while (p && (strncmp(p, name, len) != 0 || p[len] != ' '))
		p = (p = strchr(p, '\n')) ? p + 1 : NULL;
	return p ? (long)field(p, 1) : -1;
}

/* Where the line of /proc/self/cgroup that begins with which has its path; false: no such line. */
static bool
own_cgroup(const char *cgroups, const char *which, char *path, size_t room)
{
	const char *p = strstr(cgroups, which);
	size_t len;

	if (!p)
		return false;
	p += strlen(which);
	len = strcspn(p, "\n");
	if (len >= room)
		return false;
	memcpy(path, p, len);
	path[len] = '\0';
	return true;
}

long
proc_oom_kills(void)
{
	char cgroups[4096], own[1024], path[1100];
	int n;
	long kills;

	if (!slurp("/proc/self/cgroup", cgroups, sizeof cgroups))
		return -1;
	if (own_cgroup(cgroups, ":memory:", own, sizeof own)) {
		n = snprintf(path, sizeof path, "/sys/fs/cgroup/memory%s/memory.oom_control", own);
		if (n > 0 && (size_t)n < sizeof path &&
		    (kills = cgroup_value(path, "oom_kill")) >= 0)
			return kills;
		return cgroup_value("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill");
	}
	if (!own_cgroup(cgroups, "0::", own, sizeof own))
		return -1;
	n = snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.events", own);
	if (n > 0 && (size_t)n < sizeof path && (kills = cgroup_value(path, "oom_kill")) >= 0)
		return kills;
	/* in a container the path is often the host's, and the cgroup is mounted as the root */
	return cgroup_value("/sys/fs/cgroup/memory.events", "oom_kill");
}
