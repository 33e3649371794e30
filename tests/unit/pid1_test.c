#include "lib/sys/pid1.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "tests/unit/sys_case.h"

ATF_TC_WITHOUT_HEAD(any_other_process);
ATF_TC_BODY(any_other_process, tc)
{
	ATF_CHECK(!pid1_is_machine());
	ATF_CHECK_EQ(pid1_leave(7), 7);
}

/* How PID 1 of a pid namespace of its own ends, after the mount namespace is its own too. */
static int
end_of(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0)
			_exit(99);
		if ((pid = fork()) == 0) {
			body();
			_exit(98);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			_exit(97);
		_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	}
	if ((status = exit_of(pid)) == 99)
		atf_tc_skip("no pid namespace here");
	return status;
}

static void
leave(void)
{
	_exit(getpid() == 1 && !pid1_is_machine() ? pid1_leave(5) : 1);
}

static void
poweroff(void)
{
	pid1_end(PID1_POWEROFF);
}

static void
restart(void)
{
	pid1_end(PID1_REBOOT);
}

static void
halt(void)
{
	pid1_end(PID1_HALT);
}

/* The kernel ends it by what it would do to a machine. */
ATF_TC_WITHOUT_HEAD(of_a_namespace);
ATF_TC_BODY(of_a_namespace, tc)
{
	ATF_CHECK_EQ(end_of(leave), 5);
	ATF_CHECK_EQ(end_of(poweroff), 128 + SIGINT);
	ATF_CHECK_EQ(end_of(restart), 128 + SIGHUP);
	ATF_CHECK_EQ(end_of(halt), 128 + SIGINT);
}

/* In an empty root. */
static void
mount_twice(void)
{
	struct stat st;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", ".", "tmpfs", 0, NULL) < 0 || chdir("../root") < 0 || chroot(".") < 0)
		_exit(96);
	for (int i = 0; i < 3; i++)
		close(i);
	if (pid1_mount() != NULL || pid1_mount() != NULL)
		_exit(1);
	if (open("/dev/console", O_RDWR | O_NOCTTY) >= 0) /* there is one here */
		for (int i = 0; i < 3; i++)
			if (fstat(i, &st) < 0 || st.st_rdev != makedev(5, 1))
				_exit(4);
	if (stat("/proc/1/status", &st) < 0 || stat("/dev/null", &st) < 0 || !S_ISCHR(st.st_mode))
		_exit(2);
	if (umount("/proc") < 0 || stat("/proc/1", &st) == 0)
		_exit(3);
	_exit(0);
}

ATF_TC(mounts);
ATF_TC_HEAD(mounts, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(mounts, tc)
{
	ATF_REQUIRE_EQ(mkdir("root", 0755), 0);
	ATF_REQUIRE_EQ(chdir("root"), 0);
	ATF_CHECK_EQ(end_of(mount_twice), 0);
}

static void
mount_nowhere(void)
{
	if (chroot("file") == 0 || chroot(".") < 0)
		_exit(96);
	_exit(pid1_mount() && errno == ENOTDIR ? 0 : 1);
}

ATF_TC(mounts_fail);
ATF_TC_HEAD(mounts_fail, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(mounts_fail, tc)
{
	put_file("file", "");
	put_file("proc", "");
	ATF_CHECK_EQ(end_of(mount_nowhere), 0);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, any_other_process);
	ATF_TP_ADD_TC(tp, of_a_namespace);
	ATF_TP_ADD_TC(tp, mounts);
	ATF_TP_ADD_TC(tp, mounts_fail);
	return atf_no_error();
}
