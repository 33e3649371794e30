#include "lib/sys/privilege.h"

#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/sys_case.h"

ATF_TC_WITHOUT_HEAD(nothing_asked_changes_nothing);
ATF_TC_BODY(nothing_asked_changes_nothing, tc)
{
	struct privilege p;
	uid_t uid = getuid();

	ATF_CHECK(privilege_resolve(NULL, NULL, &p) == NULL);
	ATF_CHECK(!p.user && !p.group);
	ATF_CHECK_EQ(privilege_apply(&p), 0);
	ATF_CHECK_EQ(getuid(), uid);
}

ATF_TC_WITHOUT_HEAD(names_and_numbers);
ATF_TC_BODY(names_and_numbers, tc)
{
	const struct passwd *root = getpwnam("root");
	struct privilege p;

	ATF_REQUIRE(root != NULL);
	ATF_CHECK(privilege_resolve("root", NULL, &p) == NULL);
	ATF_CHECK(p.user && p.group && p.uid == 0 && p.gid == root->pw_gid);
	ATF_CHECK(privilege_resolve("0", NULL, &p) == NULL);
	ATF_CHECK(p.user && p.uid == 0 && p.gid == root->pw_gid);
	ATF_CHECK(privilege_resolve("54321", "54322", &p) == NULL);
	ATF_CHECK(p.user && p.group && p.uid == 54321 && p.gid == 54322);
	ATF_CHECK(p.ngroups == 1 && p.groups[0] == 54322);
	ATF_CHECK(privilege_resolve(NULL, "54322", &p) == NULL);
	ATF_CHECK(!p.user && p.group && p.gid == 54322);
	ATF_CHECK(p.ngroups == 1 && p.groups[0] == 54322);
	ATF_CHECK(privilege_resolve("root", "54322", &p) == NULL);
	ATF_CHECK_EQ(p.gid, 54322);
}

ATF_TC_WITHOUT_HEAD(who_does_not_exist);
ATF_TC_BODY(who_does_not_exist, tc)
{
	static const char *const nobody[] = { "", "no-such-user", "-1", "4294967295", "4294967296",
		"root ", "root:x", "x" };
	struct privilege p;

	for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++) {
		ATF_CHECK_MSG(
		    privilege_resolve(nobody[i], "0", &p) != NULL, "user %s", nobody[i]);
		ATF_CHECK_MSG(
		    privilege_resolve(NULL, nobody[i], &p) != NULL, "group %s", nobody[i]);
	}
	ATF_CHECK(privilege_resolve("54321", NULL, &p) != NULL); /* a number needs a group */
}

/* Every user of this machine, as the C library knows it. */
ATF_TC_WITHOUT_HEAD(groups_as_getgrouplist_tells_them);
ATF_TC_BODY(groups_as_getgrouplist_tells_them, tc)
{
	const struct passwd *pw;

	while ((pw = getpwent()) != NULL) {
		gid_t groups[PRIVILEGE_GROUPS];
		int n = PRIVILEGE_GROUPS;
		struct privilege p;

		ATF_REQUIRE(getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) >= 0);
		ATF_CHECK(privilege_resolve(pw->pw_name, NULL, &p) == NULL);
		ATF_CHECK_EQ_MSG(p.uid, pw->pw_uid, "%s", pw->pw_name);
		ATF_CHECK_EQ_MSG(p.gid, pw->pw_gid, "%s", pw->pw_name);
		ATF_CHECK_EQ_MSG(p.ngroups, n, "%s", pw->pw_name);
		for (int i = 0; i < n; i++) {
			int k = 0;

			while (k < p.ngroups && p.groups[k] != groups[i])
				k++;
			ATF_CHECK_MSG(k < p.ngroups, "%s: %d", pw->pw_name, (int)groups[i]);
		}
	}
}

/* In a process of its own, since there is no way back: the number of the first step that fails. */
static int
become(void)
{
	struct privilege p;
	uid_t r, e, s;
	gid_t groups[8];

	if (privilege_resolve("54321", "54322", &p) || privilege_apply(&p) < 0)
		return 1;
	if (getresuid(&r, &e, &s) < 0 || r != 54321 || e != 54321 || s != 54321)
		return 2;
	if (getresgid(&r, &e, &s) < 0 || r != 54322 || e != 54322 || s != 54322)
		return 3;
	if (getgroups(8, groups) != 1 || groups[0] != 54322)
		return 4;
	if (setuid(0) == 0)
		return 5;
	if (privilege_apply(&p) < 0) /* nothing to change, no privilege needed */
		return 6;
	if (privilege_resolve("0", NULL, &p) || privilege_apply(&p) == 0 || errno != EPERM)
		return 7;
	return 0;
}

ATF_TC(becomes_it_for_good);
ATF_TC_HEAD(becomes_it_for_good, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(becomes_it_for_good, tc)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(become());
	ATF_CHECK_EQ(exit_of(pid), 0);
}

/* A line of 10 KB, as a group of a thousand members has it, hides nothing that stands behind it. */
static int
resolve_behind_a_long_line(void)
{
	static char line[10001];
	struct privilege p;

	memset(line, 'x', sizeof line - 1);
	put_file("group", "large:x:54000:");
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	for (int fd = open("group", O_WRONLY | O_APPEND), i = 0; i < 2; i++)
		if (fd < 0 || write(fd, i ? "\nlate:x:54999:root\n" : line, i ? 19 : 10000) < 0)
			return 1;
	if (mount("group", "/etc/group", NULL, MS_BIND, NULL) < 0)
		return 77;
	if (privilege_resolve(NULL, "late", &p) || p.gid != 54999)
		return 2;
	if (privilege_resolve("root", NULL, &p) || p.ngroups != 2 || p.groups[1] != 54999)
		return 3;
	return 0;
}

ATF_TC(long_lines_hide_nothing);
ATF_TC_HEAD(long_lines_hide_nothing, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(long_lines_hide_nothing, tc)
{
	pid_t pid = fork();
	int code;

	if (pid == 0)
		_exit(resolve_behind_a_long_line());
	code = exit_of(pid);
	if (code == 77)
		atf_tc_skip("no mount namespace here");
	ATF_CHECK_EQ_MSG(code, 0, "%d", code);
}

ATF_TC(must_be_permitted);
ATF_TC_HEAD(must_be_permitted, tc)
{
	atf_tc_set_md_var(tc, "require.user", "unprivileged");
}
ATF_TC_BODY(must_be_permitted, tc)
{
	struct privilege p;

	ATF_REQUIRE(privilege_resolve("54321", "54322", &p) == NULL);
	ATF_CHECK(privilege_apply(&p) < 0 && errno == EPERM);
	ATF_REQUIRE(privilege_resolve(NULL, "54322", &p) == NULL);
	ATF_CHECK(privilege_apply(&p) < 0 && errno == EPERM);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, nothing_asked_changes_nothing);
	ATF_TP_ADD_TC(tp, names_and_numbers);
	ATF_TP_ADD_TC(tp, who_does_not_exist);
	ATF_TP_ADD_TC(tp, groups_as_getgrouplist_tells_them);
	ATF_TP_ADD_TC(tp, long_lines_hide_nothing);
	ATF_TP_ADD_TC(tp, becomes_it_for_good);
	ATF_TP_ADD_TC(tp, must_be_permitted);
	return atf_no_error();
}
