#ifndef SE_SYS_PRIVILEGE_H
#define SE_SYS_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

#define PRIVILEGE_GROUPS 64

/* Whom to become; made by privilege_resolve. */
struct privilege {
	bool user, group; /* what is to be changed */
	uid_t uid;
	gid_t gid;
	int ngroups;
	gid_t groups[PRIVILEGE_GROUPS];
};

/*
 * Looks names or numbers up in /etc/passwd and /etc/group, as ServerEngine's chuser and chgroup; a
 * NULL leaves that part as it is. A number needs no entry, but a user without one needs a group.
 * NULL: done; else the reason.
 */
const char *privilege_resolve(const char *user, const char *group, struct privilege *);
/*
 * Becomes it, for good: supplementary groups, group, user, saved ids too. By plain system calls, so
 * that it may be used between vfork and exec. -1: errno.
 */
int privilege_apply(const struct privilege *);

#endif
