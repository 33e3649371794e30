#include "lib/sys/spawn.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sanitizer/asan_interface.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "lib/sys/loop.h"
#include "tests/unit/sys_case.h"

extern char __bss_start[], _end[];

static char *const no_env[] = { NULL };

/*
 * spawn with a clean slate: the child's frames are on a static stack and are never returned from,
 * since exec ends them, so that the sanitizer would take their leftovers for ours.
 */
static pid_t
spawn_again(const struct spawn *s, const char **step)
{
	__asan_unpoison_memory_region(__bss_start, (size_t)(_end - __bss_start));
	return spawn(s, step);
}

/* sh -c SCRIPT, its stdout in a pipe; more may be asked for in s. */
static const char *
output_of(const char *script, struct spawn s)
{
	char *argv[] = { (char *)(size_t) "sh", (char *)(size_t) "-c", (char *)(size_t)script,
		NULL };
	struct spawn_fd fds[8] = { { .child = 1 } };
	const char *step = NULL, *text;
	int p[2];
	pid_t pid;

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	fds[0].parent = p[1];
	for (size_t i = 0; i < s.nfds; i++)
		fds[i + 1] = s.fds[i];
	s.fds = fds;
	s.nfds++;
	s.file = "/bin/sh";
	s.argv = argv;
	s.envp = s.envp ? s.envp : no_env;
	pid = spawn_again(&s, &step);
	ATF_REQUIRE_MSG(pid > 0, "%s: %s", step, strerror(errno));
	close(p[1]);
	text = read_all(p[0]);
	close(p[0]);
	ATF_CHECK_EQ(exit_of(pid), 0);
	return text;
}

/* The step at which a spawn fails, and its errno. */
static const char *
failing_step(struct spawn s, int expected)
{
	char *argv[] = { (char *)(size_t) "x", NULL };
	const char *step = NULL;

	s.file = s.file ? s.file : "/bin/true";
	s.argv = argv;
	s.envp = no_env;
	ATF_CHECK(spawn_again(&s, &step) < 0);
	ATF_CHECK_EQ_MSG(errno, expected, "%s: %s", step, strerror(errno));
	ATF_CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* nothing is left */
	return step;
}

ATF_TC_WITHOUT_HEAD(runs_with_its_arguments_and_environment);
ATF_TC_BODY(runs_with_its_arguments_and_environment, tc)
{
	char *const env[] = { (char *)(size_t) "A=1", (char *)(size_t) "B=x y", NULL };

	(void)setenv("STRAY", "1", 1);
	ATF_CHECK_STREQ(
	    output_of("echo \"$A,$B,$STRAY\"", (struct spawn){ .envp = env, .umask = -1 }),
	    "1,x y,\n");
}

ATF_TC_WITHOUT_HEAD(a_file_is_searched_in_path);
ATF_TC_BODY(a_file_is_searched_in_path, tc)
{
	char *argv[] = { (char *)(size_t) "renamed", (char *)(size_t) "-c",
		(char *)(size_t) "exit 7", NULL };
	struct spawn s = { .file = "sh", .argv = argv, .envp = no_env, .umask = -1 };
	const char *step;

	ATF_CHECK_EQ(exit_of(spawn_again(&s, &step)), 7);
}

/* The program itself, as it was when it was opened: its name may lead elsewhere by then. */
ATF_TC_WITHOUT_HEAD(a_program_that_is_open);
ATF_TC_BODY(a_program_that_is_open, tc)
{
	char *argv[] = { (char *)(size_t) "renamed", (char *)(size_t) "-c",
		(char *)(size_t) "echo $0; exit 7", (char *)(size_t) "zero", NULL };
	struct spawn_fd fds[] = { { 1, -1 }, { -1, -1 } };
	int shell = open("/bin/sh", O_RDONLY | O_CLOEXEC), file, p[2];
	struct spawn s = { .file = "./missing",
		.file_fd = &file,
		.argv = argv,
		.envp = no_env,
		.fds = fds,
		.nfds = 2,
		.umask = -1 };
	const char *step;
	pid_t pid;

	ATF_REQUIRE(shell >= 0);
	ATF_REQUIRE((file = fcntl(shell, F_DUPFD_CLOEXEC, 10)) >= 10);
	close(shell);
	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	fds[0].parent = fds[1].parent = p[1];
	fds[1].child = file; /* where it stands itself */
	pid = spawn_again(&s, &step);
	ATF_REQUIRE_MSG(pid > 0, "%s: %s", step, strerror(errno));
	close(p[1]);
	ATF_CHECK_STREQ(read_all(p[0]), "zero\n");
	ATF_CHECK_EQ(exit_of(pid), 7);
	close(p[0]);
}

ATF_TC_WITHOUT_HEAD(a_program_that_is_gone_from_its_place);
ATF_TC_BODY(a_program_that_is_gone_from_its_place, tc)
{
	char *argv[] = { (char *)(size_t) "sh", (char *)(size_t) "-c", (char *)(size_t) "exit 7",
		NULL };
	int from = open("/bin/sh", O_RDONLY | O_CLOEXEC), file;
	struct spawn s = { .file_fd = &file, .argv = argv, .envp = no_env, .umask = -1 };
	const char *step;
	char bytes[4096];
	ssize_t n;
	pid_t pid;

	ATF_REQUIRE(from >= 0);
	ATF_REQUIRE((file = open("program", O_WRONLY | O_CREAT | O_CLOEXEC, 0755)) >= 0);
	while ((n = read(from, bytes, sizeof bytes)) > 0)
		ATF_REQUIRE_EQ(write(file, bytes, (size_t)n), n);
	close(file);
	ATF_REQUIRE((file = open("program", O_RDONLY | O_CLOEXEC)) >= 0);
	ATF_REQUIRE_EQ(unlink("program"), 0);
	put_file("program", "another one, and no program\n");
	pid = spawn_again(&s, &step);
	ATF_REQUIRE_MSG(pid > 0, "%s: %s", step, strerror(errno));
	ATF_CHECK_EQ(exit_of(pid), 7);
	close(file);
	ATF_REQUIRE((file = open("program", O_RDONLY | O_CLOEXEC)) >= 0);
	ATF_CHECK_STREQ(failing_step(s, EACCES), "exec");
	close(file);
	ATF_CHECK_STREQ(failing_step(s, EBADF), "exec");
}

ATF_TC_WITHOUT_HEAD(an_exec_that_fails_is_told);
ATF_TC_BODY(an_exec_that_fails_is_told, tc)
{
	struct spawn s = { .umask = -1 };

	put_file("plain", "no program\n");
	s.file = "./missing";
	ATF_CHECK_STREQ(failing_step(s, ENOENT), "exec");
	s.file = "no-such-command-anywhere";
	ATF_CHECK_STREQ(failing_step(s, ENOENT), "exec");
	s.file = "./plain";
	ATF_CHECK_STREQ(failing_step(s, EACCES), "exec");
	s.file = "/";
	ATF_CHECK_STREQ(failing_step(s, EACCES), "exec");
	s.file = "";
	ATF_CHECK_STREQ(failing_step(s, ENOENT), "exec");
}

ATF_TC_WITHOUT_HEAD(other_steps_that_fail_are_told);
ATF_TC_BODY(other_steps_that_fail_are_told, tc)
{
	static const struct spawn_limit wrong = { "rlimit", RLIMIT_NOFILE, { 20, 10 } };
	static const struct spawn_fd closed = { 3, 1000 }, many[SPAWN_FDS + 1];
	static const int score = 2000;

	ATF_CHECK_STREQ(
	    failing_step((struct spawn){ .cgroup_procs = "missing" }, ENOENT), "cgroup");
	ATF_CHECK_STREQ(
	    failing_step((struct spawn){ .limits = &wrong, .nlimits = 1 }, EINVAL), "rlimit");
	ATF_CHECK_STREQ(failing_step((struct spawn){ .fds = &closed, .nfds = 1 }, EBADF), "fds");
	ATF_CHECK_STREQ(
	    failing_step((struct spawn){ .fds = many, .nfds = SPAWN_FDS + 1 }, EMFILE), "fds");
	ATF_CHECK_STREQ(
	    failing_step((struct spawn){ .oom_score_adj = &score }, EINVAL), "oom_score_adj");
	ATF_CHECK_STREQ(
	    failing_step((struct spawn){ .death_signal = 100 }, EINVAL), "death signal");
	ATF_CHECK_STREQ(failing_step((struct spawn){ .dir = "missing" }, ENOENT), "chdir");
	ATF_CHECK_STREQ(failing_step((struct spawn){ .root = "missing" }, ENOENT), "chroot");
}

ATF_TC_WITHOUT_HEAD(a_process_group_of_its_own);
ATF_TC_BODY(a_process_group_of_its_own, tc)
{
	char *argv[] = { (char *)(size_t) "sleep", (char *)(size_t) "60", NULL };
	struct spawn s = { .file = "sleep", .argv = argv, .envp = no_env, .umask = -1 };
	const char *step;
	pid_t pid = spawn_again(&s, &step);

	ATF_REQUIRE(pid > 0);
	ATF_CHECK_EQ(getpgid(pid), pid);
	ATF_CHECK_EQ(kill(-pid, SIGKILL), 0);
	ATF_CHECK(WIFSIGNALED(status_of(pid)));
}

ATF_TC_WITHOUT_HEAD(signals_are_as_at_the_beginning);
ATF_TC_BODY(signals_are_as_at_the_beginning, tc)
{
	static const int sigs[] = { SIGTERM, SIGUSR1 };
	sigset_t some, now;

	ATF_REQUIRE_EQ(loop_open(sigs, 2), 0);
	sigemptyset(&some);
	sigaddset(&some, SIGHUP);
	sigaddset(&some, SIGTERM);
	ATF_REQUIRE_EQ(sigprocmask(SIG_SETMASK, &some, NULL), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGRTMAX, SIG_IGN);
	ATF_CHECK_STREQ(output_of("exec sed -n '/^Sig[BIC]/p' /proc/self/status",
			    (struct spawn){ .umask = -1 }),
	    "SigBlk:\t0000000000000000\n"
	    "SigIgn:\t0000000000000000\n"
	    "SigCgt:\t0000000000000000\n");
	/* and here as they were */
	ATF_REQUIRE_EQ(sigprocmask(SIG_SETMASK, NULL, &now), 0);
	ATF_CHECK_EQ(sigismember(&now, SIGHUP), 1);
	ATF_CHECK_EQ(sigismember(&now, SIGUSR1), 0);
	ATF_CHECK(signal(SIGPIPE, SIG_DFL) == SIG_IGN);
	(void)kill(getpid(), SIGUSR1);
	(void)loop_next(MS_NEVER, &(struct loop_event){ 0 });
	loop_close();
}

/* 3 is the directory that ls reads. */
ATF_TC_WITHOUT_HEAD(it_gets_its_fds_and_no_other);
ATF_TC_BODY(it_gets_its_fds_and_no_other, tc)
{
	int stray = open("/dev/null", O_RDONLY), mine = open("/dev/null", O_RDONLY);
	struct spawn_fd fds[] = { { 5, mine }, { 7, mine } };

	ATF_REQUIRE(stray > 2 && mine > 2);
	spawn_seal_fds();
	ATF_CHECK_EQ(fcntl(stray, F_GETFD), FD_CLOEXEC);
	ATF_CHECK_STREQ(
	    output_of("exec ls /proc/self/fd", (struct spawn){ .umask = -1 }), "0\n1\n2\n3\n");
	ATF_CHECK_STREQ(output_of("exec ls /proc/self/fd",
			    (struct spawn){ .fds = fds, .nfds = 2, .umask = -1 }),
	    "0\n1\n2\n3\n5\n7\n");
	ATF_CHECK_EQ(fcntl(mine, F_GETFD), FD_CLOEXEC);
}

/* Kernels before 5.9 do not have this call: it is refused from here on. */
static bool
without_close_range(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a child: are all from 3 on sealed, or else closed, and the first three as they were? 0: yes.
 */
static int
sealed_and_closed(bool old_kernel)
{
	static const int places[] = { 3, 7, 99, 199 };
	struct rlimit few = { 200, 200 };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (dup2(0, places[i]) < 0)
			return 1;
	if (setrlimit(RLIMIT_NOFILE, &few) < 0 || (old_kernel && !without_close_range()))
		return 2;
	spawn_seal_fds();
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (fcntl(places[i], F_GETFD) != FD_CLOEXEC)
			return 3;
	spawn_close_fds();
	for (int fd = 3; fd < 200; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 4;
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) != 0)
			return 5;
	return 0;
}

ATF_TC_WITHOUT_HEAD(all_fds_are_sealed_or_closed);
ATF_TC_BODY(all_fds_are_sealed_or_closed, tc)
{
	for (int old_kernel = 0; old_kernel < 2; old_kernel++) {
		pid_t pid = fork();

		ATF_REQUIRE(pid >= 0);
		if (pid == 0)
			_exit(sealed_and_closed(old_kernel));
		ATF_CHECK_EQ_MSG(exit_of(pid), 0, "%d", old_kernel);
	}
}

ATF_TC_WITHOUT_HEAD(fds_may_stand_in_each_others_places);
ATF_TC_BODY(fds_may_stand_in_each_others_places, tc)
{
	struct spawn_fd fds[] = { { 10, 11 }, { 11, 12 }, { 12, 10 }, { 13, 13 } };

	put_file("a", "a");
	put_file("b", "b");
	put_file("c", "c");
	put_file("d", "d");
	for (int i = 0; i < 4; i++) {
		char name[2] = { (char)('a' + i), 0 };
		int fd = open(name, O_RDONLY);

		ATF_REQUIRE(fd >= 0 && fd < 10);
		ATF_REQUIRE_EQ(dup3(fd, 10 + i, O_CLOEXEC), 10 + i);
		close(fd);
	}
	ATF_CHECK_STREQ(output_of("cat /dev/fd/10 /dev/fd/11 /dev/fd/12 /dev/fd/13",
			    (struct spawn){ .fds = fds, .nfds = 4, .umask = -1 }),
	    "bcad");
}

/* With thousands of descriptors: through a desk the child has a table of those below its end. What
 * is given stands above and below; more than the desk takes is given all the same. */
ATF_TC_WITHOUT_HEAD(a_desk_spares_the_copy_of_many);
ATF_TC_BODY(a_desk_spares_the_copy_of_many, tc)
{
	static const char *const script =
	    "ls /proc/self/fd | sort -n; sed -n 's/^FDSize:.//p' /proc/$$/status";
	struct rlimit many = { 1300, 1300 };
	struct spawn_desk desk = { .end = 0 };
	struct spawn_fd fds[6];
	struct spawn s = { .fds = fds, .nfds = 3, .umask = -1, .desk = &desk };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ATF_REQUIRE(null > 2 && setrlimit(RLIMIT_NOFILE, &many) == 0);
	spawn_seal_fds();
	spawn_lay_desk(&desk, null);
	if (desk.end == 0)
		atf_tc_skip("close_range(2) with CLOSE_RANGE_UNSHARE is missing");
	for (int i = 0; i < 6; i++)
		fds[i] = (struct spawn_fd){ 30 + i, i == 1 ? null : 1200 + i };
	for (int i = 0; i < 6; i++)
		ATF_REQUIRE(dup3(null, 1200 + i, O_CLOEXEC) == 1200 + i);
	ATF_CHECK_STREQ(output_of(script, s), "0\n1\n2\n3\n30\n31\n32\n64\n");
	s.nfds = 6; /* and the one that it speaks through */
	ATF_CHECK_STREQ(output_of(script, s), "0\n1\n2\n3\n30\n31\n32\n33\n34\n35\n2048\n");
	s.desk = NULL;
	ATF_CHECK_STREQ(output_of(script, s), "0\n1\n2\n3\n30\n31\n32\n33\n34\n35\n2048\n");
}

ATF_TC_WITHOUT_HEAD(it_knows_its_own_pid);
ATF_TC_BODY(it_knows_its_own_pid, tc)
{
	char variable[] = "WATCHDOG_PID=            ";
	char *const env[] = { variable, NULL };

	ATF_CHECK_STREQ(
	    output_of("test $$ = $WATCHDOG_PID && echo same",
		(struct spawn){
		    .envp = env, .pid_text = { strchr(variable, '=') + 1 }, .umask = -1 }),
	    "same\n");
}

ATF_TC_WITHOUT_HEAD(limits_umask_nice_and_oom_score);
ATF_TC_BODY(limits_umask_nice_and_oom_score, tc)
{
	static const struct spawn_limit limits[] = {
		{ "nofile", RLIMIT_NOFILE, { 50, 60 } },
		{ "core", RLIMIT_CORE, { 0, 0 } },
	};
	static const int score = 500;

	ATF_CHECK_STREQ(output_of("ulimit -Sn; ulimit -Hn; ulimit -Hc",
			    (struct spawn){ .limits = limits, .nlimits = 2, .umask = -1 }),
	    "50\n60\n0\n");
	(void)umask(022);
	ATF_CHECK_STREQ(output_of("umask", (struct spawn){ .umask = 027 }), "0027\n");
	ATF_CHECK_STREQ(output_of("umask", (struct spawn){ .umask = 0 }), "0000\n");
	ATF_CHECK_STREQ(output_of("umask", (struct spawn){ .umask = -1 }), "0022\n");
	ATF_CHECK_EQ(umask(022), 022);
	ATF_CHECK_STREQ(output_of("nice", (struct spawn){ .nice = 5, .umask = -1 }), "5\n");
	ATF_CHECK_STREQ(output_of("cat /proc/self/oom_score_adj",
			    (struct spawn){ .oom_score_adj = &score, .umask = -1 }),
	    "500\n");
}

ATF_TC_WITHOUT_HEAD(a_lower_oom_score_is_written_or_refused);
ATF_TC_BODY(a_lower_oom_score_is_written_or_refused, tc)
{
	static const int score = -500;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	ATF_REQUIRE(fd >= 0);
	if (write(fd, "-500", 4) == 4)
		ATF_CHECK_STREQ(output_of("cat /proc/self/oom_score_adj",
				    (struct spawn){ .oom_score_adj = &score, .umask = -1 }),
		    "-500\n");
	else
		ATF_CHECK_STREQ(failing_step((struct spawn){ .oom_score_adj = &score }, EACCES),
		    "oom_score_adj");
}

/* kill -9 of the parent leaves nobody: the pipe that the worker holds comes to its end. */
ATF_TC_WITHOUT_HEAD(it_dies_with_us);
ATF_TC_BODY(it_dies_with_us, tc)
{
	char *argv[] = { (char *)(size_t) "sleep", (char *)(size_t) "60", NULL };
	const char *step;
	int p[2], up[2];
	pid_t parent;
	char byte;

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	ATF_REQUIRE_EQ(pipe2(up, O_CLOEXEC), 0);
	parent = fork();
	if (parent == 0) {
		struct spawn_fd fds[] = { { 3, p[1] } };
		struct spawn s = { .file = "sleep",
			.argv = argv,
			.envp = no_env,
			.fds = fds,
			.nfds = 1,
			.death_signal = SIGKILL,
			.umask = -1 };

		if (spawn_again(&s, &step) < 0 || write(up[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	close(p[1]);
	ATF_REQUIRE_EQ(read(up[0], &byte, 1), 1);
	ATF_REQUIRE_EQ(poll(&(struct pollfd){ .fd = p[0], .events = POLLIN }, 1, 0), 0);
	(void)kill(parent, SIGKILL);
	(void)status_of(parent);
	ATF_CHECK_STREQ(read_all(p[0]), "");
}

ATF_TC(becomes_another_user);
ATF_TC_HEAD(becomes_another_user, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(becomes_another_user, tc)
{
	struct privilege p = { .user = true,
		.group = true,
		.uid = 54321,
		.gid = 54322,
		.ngroups = 2,
		.groups = { 54322, 54323 } };

	ATF_CHECK_STREQ(
	    output_of("id -u; id -g; id -G", (struct spawn){ .privilege = &p, .umask = -1 }),
	    "54321\n54322\n54322 54323\n");
	ATF_CHECK_EQ(getuid(), 0);
	ATF_CHECK_EQ(geteuid(), 0);
}

ATF_TC(must_be_permitted);
ATF_TC_HEAD(must_be_permitted, tc)
{
	atf_tc_set_md_var(tc, "require.user", "unprivileged");
}
ATF_TC_BODY(must_be_permitted, tc)
{
	struct privilege p = { .user = true, .uid = getuid() + 1 };

	ATF_CHECK_STREQ(failing_step((struct spawn){ .privilege = &p }, EPERM), "identity");
	ATF_CHECK_STREQ(failing_step((struct spawn){ .nice = -5 }, EPERM), "nice");
}

ATF_TC(a_fork_that_fails_is_told);
ATF_TC_HEAD(a_fork_that_fails_is_told, tc)
{
	atf_tc_set_md_var(tc, "require.user", "unprivileged");
}
ATF_TC_BODY(a_fork_that_fails_is_told, tc)
{
	struct rlimit before, none;

	ATF_REQUIRE_EQ(getrlimit(RLIMIT_NPROC, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NPROC, &none), 0);
	ATF_CHECK_STREQ(failing_step((struct spawn){ .umask = -1 }, EAGAIN), "fork");
	ATF_CHECK(spawn_helper(NULL, NULL) < 0 && errno == EAGAIN);
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NPROC, &before), 0); /* the sanitizer forks at the end */
}

static int
work(void *arg)
{
	struct sigaction sa;
	int sig = 0;

	if (sigaction(SIGUSR1, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL ||
	    prctl(PR_GET_PDEATHSIG, &sig) < 0 || sig != SIGKILL)
		return 1;
	return *(int *)arg;
}

ATF_TC_WITHOUT_HEAD(a_helper_works_and_exits);
ATF_TC_BODY(a_helper_works_and_exits, tc)
{
	static const int sigs[] = { SIGUSR1 };
	int value = 42;
	sigset_t now;

	ATF_REQUIRE_EQ(loop_open(sigs, 1), 0);
	ATF_CHECK_EQ(exit_of(spawn_helper(work, &value)), 42);
	ATF_REQUIRE_EQ(sigprocmask(SIG_SETMASK, NULL, &now), 0);
	ATF_CHECK_EQ(sigismember(&now, SIGUSR1), 0);
}

static int
work_too_long(void *arg)
{
	const ms *time = arg;

	if (spawn_end_after(*time) < 0)
		return 1;
	(void)poll(NULL, 0, 20000);
	return 2;
}

ATF_TC_WITHOUT_HEAD(a_helper_has_its_time);
ATF_TC_BODY(a_helper_has_its_time, tc)
{
	ms little = 50, enough = 100000;
	int status = status_of(spawn_helper(work_too_long, &little));
	pid_t pid;

	ATF_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGVTALRM);
	pid = spawn_helper(work_too_long, &enough);
	ATF_CHECK_EQ(poll(NULL, 0, 200), 0);
	ATF_CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
}

static int
become_a_shell(void *arg)
{
	static char *argv[] = { (char *)(size_t) "any name", (char *)(size_t) "-c",
		(char *)(size_t) "exit 9", NULL };

	spawn_become(*(int *)arg, argv, environ);
	return errno;
}

ATF_TC_WITHOUT_HEAD(a_helper_becomes_our_program);
ATF_TC_BODY(a_helper_becomes_our_program, tc)
{
	int shell = open("/bin/sh", O_PATH | O_CLOEXEC), self = spawn_self(), none = -1;
	struct stat ours, exe;

	ATF_REQUIRE(self >= 16 && fstat(self, &ours) == 0 && stat("/proc/self/exe", &exe) == 0);
	ATF_CHECK(ours.st_dev == exe.st_dev && ours.st_ino == exe.st_ino);
	ATF_CHECK_EQ(fcntl(self, F_GETFD), FD_CLOEXEC);
	ATF_CHECK_EQ(exit_of(spawn_helper(become_a_shell, &shell)), 9);
	ATF_CHECK_EQ(exit_of(spawn_helper(become_a_shell, &none)), EBADF);
	close(self);
	close(shell);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, runs_with_its_arguments_and_environment);
	ATF_TP_ADD_TC(tp, a_file_is_searched_in_path);
	ATF_TP_ADD_TC(tp, a_program_that_is_open);
	ATF_TP_ADD_TC(tp, a_program_that_is_gone_from_its_place);
	ATF_TP_ADD_TC(tp, an_exec_that_fails_is_told);
	ATF_TP_ADD_TC(tp, other_steps_that_fail_are_told);
	ATF_TP_ADD_TC(tp, a_process_group_of_its_own);
	ATF_TP_ADD_TC(tp, signals_are_as_at_the_beginning);
	ATF_TP_ADD_TC(tp, it_gets_its_fds_and_no_other);
	ATF_TP_ADD_TC(tp, all_fds_are_sealed_or_closed);
	ATF_TP_ADD_TC(tp, fds_may_stand_in_each_others_places);
	ATF_TP_ADD_TC(tp, a_desk_spares_the_copy_of_many);
	ATF_TP_ADD_TC(tp, it_knows_its_own_pid);
	ATF_TP_ADD_TC(tp, limits_umask_nice_and_oom_score);
	ATF_TP_ADD_TC(tp, a_lower_oom_score_is_written_or_refused);
	ATF_TP_ADD_TC(tp, it_dies_with_us);
	ATF_TP_ADD_TC(tp, becomes_another_user);
	ATF_TP_ADD_TC(tp, must_be_permitted);
	ATF_TP_ADD_TC(tp, a_helper_has_its_time);
	ATF_TP_ADD_TC(tp, a_helper_becomes_our_program);
	ATF_TP_ADD_TC(tp, a_fork_that_fails_is_told);
	ATF_TP_ADD_TC(tp, a_helper_works_and_exits);
	return atf_no_error();
}
