#include "privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/num.h"
#include "../base/text.h"
#include "call.h"

/* The 32-bit calls have another name where there were 16-bit ones before. */
#ifdef SYS_setresuid32
#define SETRESUID SYS_setresuid32
#define SETRESGID SYS_setresgid32
#define SETGROUPS SYS_setgroups32
#else
#define SETRESUID SYS_setresuid
#define SETRESGID SYS_setresgid
#define SETGROUPS SYS_setgroups
#endif

/* A file of lines with fields between colons, as passwd(5) and group(5), read a line at a time. */
struct table {
	int fd;
	size_t len;  /* of what is in text */
	size_t line; /* of the line told last, its newline included */
	bool cut;    /* its newline is still to come */
	char text[4096];
};

#define FIELDS 7

static bool
open_table(struct table *t, const char *path)
{
	t->len = t->line = 0;
	t->cut = false;
	t->fd = call_open(path, O_RDONLY | O_CLOEXEC, 0);
	return t->fd >= 0;
}

/* The next line's fields, "" where there are fewer; false: the end. What is behind 4 KiB of a line
 * is cut. */
static bool
next_line(struct table *t, const char *field[FIELDS])
{
	bool cut = t->cut;
	char *end, *p;
	ssize_t n;

	memmove(t->text, t->text + t->line, t->len -= t->line);
	while (!(end = text_find(t->text, '\n', t->len)) && t->len < sizeof t->text - 1 &&
	    (n = read(t->fd, t->text + t->len, sizeof t->text - 1 - t->len)) > 0)
		t->len += (size_t)n;
	if (t->len == 0)
		return false;
	t->cut = !end && t->len == sizeof t->text - 1;
	t->line = end ? (size_t)(end - t->text) + 1 : t->len;
	if (cut) /* the rest of the line before */
		return next_line(t, field);
	end = end ? end : t->text + t->len;
	*end = '\0';
	p = t->text;
	for (int i = 0; i < FIELDS; i++) {
		field[i] = p;
		if ((p = text_char(p, ':')) != NULL)
			*p++ = '\0';
		else
			p = end;
	}
	return true;
}

/*
 * The line whose first field is name or whose third is id; NULL stands for neither. False: there is
 * none. The fields live in t.
 */
static bool
find_line(
    struct table *t, const char *path, const char *name, const char *id, const char *field[FIELDS])
{
	bool found = false;

	if (!open_table(t, path))
		return false;
	while (!found && next_line(t, field))
		found = (name && strcmp(field[0], name) == 0) || (id && strcmp(field[2], id) == 0);
	close(t->fd);
	return found;
}

/* A user's or a group's number. */
static bool
take_id(const char *s, unsigned *id)
{
	uint64_t n;

	if (!num_count(s, 0, UINT32_MAX - 1, &n))
		return false;
	*id = (unsigned)n;
	return true;
}

/* The groups that /etc/group names the user in, behind the group it has already; false: too many.
 */
static bool
collect_groups(struct privilege *p, const char *name)
{
	const char *field[FIELDS];
	struct table t;
	bool fits = true;
	gid_t gid;

	if (!open_table(&t, "/etc/group"))
		return true;
	while (fits && next_line(&t, field)) {
		if (num_item(name, field[3], ',') < 0 || !take_id(field[2], &gid) ||
		    gid == p->groups[0])
			continue;
		fits = p->ngroups < PRIVILEGE_GROUPS;
		if (fits)
			p->groups[p->ngroups++] = gid;
	}
	close(t.fd);
	return fits;
}

static const char *
resolve_user(const char *user, bool has_group, struct privilege *p)
{
	const char *field[FIELDS];
	struct table t;
	bool numeric = take_id(user, &p->uid);
	bool known =
	    find_line(&t, "/etc/passwd", numeric ? NULL : user, numeric ? user : NULL, field);
	gid_t gid;

	if (!known && !numeric)
		return "no such user";
	if (!known && !has_group)
		return "a user without an entry in /etc/passwd needs a group too";
	p->user = true;
	if (!known)
		return NULL;
	if (!take_id(field[2], &p->uid) || !take_id(field[3], &gid))
		return "its line in /etc/passwd is broken";
	if (!has_group)
		p->gid = gid;
	p->groups[p->ngroups++] = gid;
	return collect_groups(p, field[0]) ? NULL : "it is in more than 64 groups";
}

const char *
privilege_resolve(const char *user, const char *group, struct privilege *p)
{
	const char *field[FIELDS], *why;
	struct table t;

	*p = (struct privilege){ 0 };
	if (group && !take_id(group, &p->gid) &&
	    (!find_line(&t, "/etc/group", group, NULL, field) || !take_id(field[2], &p->gid)))
		return "no such group";
	if (user && (why = resolve_user(user, group != NULL, p)) != NULL)
		return why;
	p->group = user || group;
	if (p->group && p->ngroups == 0)
		p->groups[p->ngroups++] = p->gid;
	return NULL;
}

/* Is there nothing to change? Then no privilege is needed either. */
static bool
is_already(const struct privilege *p)
{
	return geteuid() != 0 && (!p->user || (getuid() == p->uid && geteuid() == p->uid)) &&
	    (!p->group || (getgid() == p->gid && getegid() == p->gid));
}

int
privilege_apply(const struct privilege *p)
{
	if ((!p->user && !p->group) || is_already(p))
		return 0;
	if (p->group &&
	    (syscall(SETGROUPS, (long)p->ngroups, p->groups) < 0 ||
		syscall(SETRESGID, (long)p->gid, (long)p->gid, (long)p->gid) < 0))
		return -1;
	if (p->user && syscall(SETRESUID, (long)p->uid, (long)p->uid, (long)p->uid) < 0)
		return -1;
	if (p->user && p->uid != 0 && syscall(SETRESUID, -1L, 0L, -1L) == 0) {
		errno = EPERM; /* root came back: never go on with that */
		return -1;
	}
	return 0;
}
