#include "lib/sys/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "tests/unit/sys_case.h"

/* Each does what its namesake of libc does. */
ATF_TC_WITHOUT_HEAD(files);
ATF_TC_BODY(files, tc)
{
	struct stat a, b, c;
	char target[16] = "";
	int fd;

	(void)umask(0);
	ATF_REQUIRE((fd = call_open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0640)) > 2);
	ATF_CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ATF_REQUIRE(call_stat("file", &a) == 0 && fstat(fd, &b) == 0 && call_fstat(fd, &c) == 0);
	ATF_CHECK(a.st_mode == b.st_mode && a.st_size == b.st_size && a.st_uid == b.st_uid &&
	    a.st_nlink == 1 && a.st_mtime == b.st_mtime && c.st_ino == b.st_ino);
	ATF_CHECK(call_same(&a, &b) && call_same(&b, &c));
	ATF_CHECK(
	    call_fchmod(fd, 0600) == 0 && call_fstat(fd, &a) == 0 && (a.st_mode & 0777) == 0600);
	ATF_CHECK_EQ(call_fchown(fd, geteuid(), getegid()), 0);
	ATF_REQUIRE_EQ(symlink("file", "link"), 0);
	ATF_CHECK(call_lstat("link", &b) == 0 && S_ISLNK(b.st_mode) && !call_same(&a, &b));
	ATF_CHECK(call_stat("link", &b) == 0 && call_same(&a, &b));
	ATF_CHECK(call_readlink("link", target, sizeof target) == 4 && strcmp(target, "file") == 0);
	ATF_CHECK(call_stat("none", &a) == -1 && errno == ENOENT);
	ATF_CHECK(call_open("none/file", O_RDONLY, 0) == -1 && errno == ENOENT);
	ATF_CHECK(call_openat(AT_FDCWD, "file", O_RDONLY) > 2);
	ATF_CHECK(call_fail_closed(fd, EIO) == -1 && errno == EIO && fcntl(fd, F_GETFD) == -1);
	ATF_CHECK(call_fail(ESTALE) == -1 && errno == ESTALE);
	ATF_CHECK_STREQ(call_reason(), strerror(ESTALE));
	ATF_REQUIRE((fd = call_open("file", O_RDONLY | O_CLOEXEC, 0)) > 2);
	errno = ELOOP;
	ATF_CHECK(call_close(fd) == -1 && errno == ELOOP && fcntl(fd, F_GETFD) == -1);
	errno = ELOOP;
	ATF_CHECK(call_close(-1) == -1 && errno == ELOOP);
}

ATF_TC_WITHOUT_HEAD(pipes_and_locks);
ATF_TC_BODY(pipes_and_locks, tc)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	char byte = 'x';
	int p[2], fd;

	ATF_REQUIRE(call_pipe(p, O_CLOEXEC | O_NONBLOCK) == 0);
	ATF_CHECK(fcntl(p[0], F_GETFD) == FD_CLOEXEC && (fcntl(p[1], F_GETFL) & O_NONBLOCK));
	ATF_CHECK_EQ(call_waiting(p[0]), 0);
	ATF_CHECK(write(p[1], "abc", 3) == 3 && call_waiting(p[0]) == 3);
	ATF_CHECK(call_fcntl(p[0], F_DUPFD_CLOEXEC, 50) >= 50);
	ATF_REQUIRE_EQ(call_socketpair(SOCK_SEQPACKET | SOCK_CLOEXEC, p), 0);
	iov = (struct iovec){ &byte, 1 };
	ATF_CHECK_EQ(call_sendmsg(p[0], &m, 0), 1);
	byte = 0;
	ATF_CHECK(call_recvmsg(p[1], &m, 0) == 1 && byte == 'x');
	ATF_REQUIRE((fd = call_open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
	ATF_CHECK_EQ(call_lock(fd, F_SETLK, &lock), 0);
	lock.l_type = F_WRLCK;
	ATF_CHECK(call_lock(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK); /* it is ours */
}

ATF_TC_WITHOUT_HEAD(waiting);
ATF_TC_BODY(waiting, tc)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 7 }, got = { 0 };
	int e = call_epoll_create(), p[2];

	ATF_REQUIRE(e >= 0 && call_pipe(p, O_CLOEXEC) == 0);
	ATF_CHECK_EQ(fcntl(e, F_GETFD), FD_CLOEXEC);
	ATF_REQUIRE_EQ(call_epoll_ctl(e, EPOLL_CTL_ADD, p[0], &ev), 0);
	ATF_CHECK_EQ(call_epoll_wait(e, &got, 1, 0), 0);
	ATF_REQUIRE_EQ(write(p[1], "x", 1), 1);
	ATF_CHECK(call_epoll_wait(e, &got, 1, LIMIT_MS) == 1 && got.data.u64 == 7);
}

ATF_TC_WITHOUT_HEAD(processes_and_signals);
ATF_TC_BODY(processes_and_signals, tc)
{
	struct call_mask old, now;
	sigset_t set;
	pid_t pid = call_fork();

	if (pid == 0)
		_exit(getppid() > 0 ? 7 : 1);
	ATF_CHECK(pid > 0 && exit_of(pid) == 7);
	call_mask(SIG_BLOCK, &call_all, &old);
	ATF_REQUIRE_EQ(sigprocmask(SIG_SETMASK, NULL, &set), 0);
	ATF_CHECK(sigismember(&set, SIGHUP) == 1 && sigismember(&set, SIGTERM) == 1 &&
	    sigismember(&set, SIGRTMAX) == 1);
	call_mask(SIG_SETMASK, &call_none, &now);
	ATF_REQUIRE_EQ(sigprocmask(SIG_SETMASK, NULL, &set), 0);
	ATF_CHECK(sigismember(&set, SIGTERM) == 0);
	call_mask(SIG_SETMASK, &old, NULL);
	call_signal(SIGUSR1, SIG_IGN);
	ATF_CHECK_EQ(raise(SIGUSR1), 0); /* lived through */
	ATF_CHECK_EQ(call_prctl(PR_SET_DUMPABLE, 1), 0);
}

ATF_TC_WITHOUT_HEAD(the_rest);
ATF_TC_BODY(the_rest, tc)
{
	char *memory = call_mmap(8192, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int64_t now = (int64_t)time(NULL);

	ATF_REQUIRE(memory != MAP_FAILED && memory[8191] == 0);
	memory[8191] = 1;
	ATF_CHECK_EQ(munmap(memory, 8192), 0);
	ATF_CHECK(call_mmap(0, MAP_PRIVATE | MAP_ANONYMOUS, -1) == MAP_FAILED && errno == EINVAL);
	ATF_REQUIRE(setenv("CALL_TEST", "a=b", 1) == 0 && setenv("CALL_TES", "", 1) == 0);
	ATF_CHECK_STREQ(call_env("CALL_TEST"), "a=b");
	ATF_CHECK_STREQ(call_env("CALL_TES"), "");
	ATF_CHECK(!call_env("CALL_TE") && !call_env("CALL_TEST_"));
	ATF_CHECK(call_time() >= now && call_time() <= now + 60);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, files);
	ATF_TP_ADD_TC(tp, pipes_and_locks);
	ATF_TP_ADD_TC(tp, waiting);
	ATF_TP_ADD_TC(tp, processes_and_signals);
	ATF_TP_ADD_TC(tp, the_rest);
	return atf_no_error();
}
