#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/num.h"

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

static const char *
resolve_user(const char *user, bool has_group, struct privilege *p)
{
	uint64_t number;
	bool numeric = num_count(user, 0, UINT32_MAX - 1, &number);
	const struct passwd *pw = numeric ? getpwuid((uid_t)number) : getpwnam(user);

	if (!pw && !numeric)
		return "no such user";
	if (!pw && !has_group)
		return "a user without an entry in /etc/passwd needs a group too";
	p->user = true;
	p->uid = pw ? pw->pw_uid : (uid_t)number;
	if (!pw)
		return NULL;
	if (!has_group)
		p->gid = pw->pw_gid;
	p->ngroups = PRIVILEGE_GROUPS;
	if (getgrouplist(pw->pw_name, pw->pw_gid, p->groups, &p->ngroups) < 0)
		return "it is in more than 64 groups";
	return NULL;
}

const char *
privilege_resolve(const char *user, const char *group, struct privilege *p)
{
	const char *why;
	uint64_t number;

	*p = (struct privilege){ 0 };
	if (group) {
		bool numeric = num_count(group, 0, UINT32_MAX - 1, &number);
		const struct group *gr = numeric ? NULL : getgrnam(group);

		if (!gr && !numeric)
			return "no such group";
		p->gid = gr ? gr->gr_gid : (gid_t)number;
	}
	if (user && (why = resolve_user(user, group != NULL, p)) != NULL)
		return why;
	p->group = user || group;
	if (p->group && p->ngroups == 0) {
		p->groups[0] = p->gid;
		p->ngroups = 1;
	}
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
