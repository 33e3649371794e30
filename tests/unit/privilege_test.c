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
		ATF_CHECK_MSG(privilege_resolve(nobody[i], "0", &p) != NULL, "user %s", nobody[i]);
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

/* With files of ours in place of those of the machine; 77: that is not possible here. */
static int
with_files(const char *passwd, const char *group)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(passwd, "/etc/passwd", NULL, MS_BIND, NULL) < 0 ||
	    mount(group, "/etc/group", NULL, MS_BIND, NULL) < 0)
		return 77;
	return 0;
}

static void
check_in_child(int (*body)(void))
{
	pid_t pid = fork();
	int code;

	if (pid == 0) {
		code = with_files("passwd", "group");
		_exit(code ? code : body());
	}
	code = exit_of(pid);
	if (code == 77)
		atf_tc_skip("no mount namespace here");
	ATF_CHECK_EQ_MSG(code, 0, "step %d", code);
}

static int
resolve_alice(void)
{
	struct privilege p;

	if (privilege_resolve("alice", NULL, &p) || p.uid != 1001 || p.gid != 1002)
		return 1;
	if (p.ngroups != 3 || p.groups[0] != 1002 || p.groups[1] != 10 || p.groups[2] != 14)
		return 2;
	if (privilege_resolve("1001", "wheel", &p) || p.uid != 1001 || p.gid != 10)
		return 3;
	if (p.ngroups != 3)
		return 4;
	if (!privilege_resolve("broken", NULL, &p) || !privilege_resolve("short", NULL, &p))
		return 5;
	if (privilege_resolve("last", NULL, &p) || p.uid != 7)
		return 6;
	return 0;
}

ATF_TC(the_groups_of_a_user);
ATF_TC_HEAD(the_groups_of_a_user, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(the_groups_of_a_user, tc)
{
	put_file("passwd",
	    "root:x:0:0::/:/bin/sh\nalice:x:1001:1002::/:/bin/sh\nbroken:x:one:1::/:\nshort\n"
	    "last:x:7:8::/:");
	put_file("group",
	    "alice:x:1002:alice\nwheel:x:10:bob,alice,carol\nno:x:11:alicex,xalice,alic\nno:x:12:\n"
	    "no:x:13\nlast:x:14:alice");
	check_in_child(resolve_alice);
}

/* A line of 10 KB, as a group of a thousand members has it, hides nothing that stands behind it. */
static int
resolve_behind_a_long_line(void)
{
	struct privilege p;

	if (privilege_resolve(NULL, "late", &p) || p.gid != 54999)
		return 1;
	if (privilege_resolve("root", NULL, &p) || p.ngroups != 2 || p.groups[1] != 54999)
		return 2;
	return 0;
}

ATF_TC(long_lines_hide_nothing);
ATF_TC_HEAD(long_lines_hide_nothing, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(long_lines_hide_nothing, tc)
{
	static char group[11000] = "large:x:54000:";
	size_t head = strlen(group);

	memset(group + head, 'x', 10000);
	memcpy(group + head + 10000, "\nlate:x:54999:root\n", 20);
	put_file("group", group);
	put_file("passwd", "root:x:0:0::/:/bin/sh\n");
	check_in_child(resolve_behind_a_long_line);
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
	ATF_TP_ADD_TC(tp, the_groups_of_a_user);
	ATF_TP_ADD_TC(tp, long_lines_hide_nothing);
	ATF_TP_ADD_TC(tp, becomes_it_for_good);
	ATF_TP_ADD_TC(tp, must_be_permitted);
	return atf_no_error();
}
