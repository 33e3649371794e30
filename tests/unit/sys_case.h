#ifndef SE_TESTS_SYS_CASE_H
#define SE_TESTS_SYS_CASE_H

#include <atf-c.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the tests of lib/sys have in common. Nothing waits for longer than this. */
#define LIMIT_MS 10000

/* A file of the current directory, which is the test's own, with this text. */
static inline void
put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ATF_REQUIRE(fd >= 0);
	ATF_REQUIRE_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static inline const char *
get_file(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ATF_REQUIRE_MSG(fd >= 0, "%s: %s", path, strerror(errno));
	n = read(fd, text, sizeof text - 1);
	ATF_REQUIRE(n >= 0);
	close(fd);
	text[n] = '\0';
	return text;
}

static inline bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline mode_t
mode_of(const char *path)
{
	struct stat st;

	ATF_REQUIRE_EQ(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

/* Everything up to the end of a pipe, as text. */
static inline const char *
read_all(int fd)
{
	static char text[8192];
	size_t len = 0;
	ssize_t n;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		ATF_REQUIRE_EQ(poll(&p, 1, LIMIT_MS), 1);
		n = read(fd, text + len, sizeof text - 1 - len);
		ATF_REQUIRE(n >= 0);
		len += (size_t)n;
		text[len] = '\0';
		if (n == 0)
			return text;
	}
}

static inline int
status_of(pid_t pid)
{
	int status;

	ATF_REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static inline int
exit_of(pid_t pid)
{
	int status = status_of(pid);

	ATF_REQUIRE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Returns when a child is dead, and leaves it a zombie. */
static inline void
wait_dead(pid_t pid)
{
	siginfo_t info;

	ATF_REQUIRE_EQ(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

/* A child that does nothing until it is killed. */
static inline pid_t
sleeper(void)
{
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0)
		for (;;)
			(void)pause();
	return pid;
}

#endif
