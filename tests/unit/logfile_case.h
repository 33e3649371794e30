#ifndef SE_TESTS_LOGFILE_CASE_H
#define SE_TESTS_LOGFILE_CASE_H

#include "lib/sys/logfile.h"

#include <limits.h>
#include <stdio.h>
#include <sys/file.h>

#include "tests/unit/sys_case.h"

/* What the tests of a log file have in common. */
static struct logfile_state state;

static inline struct logfile
new_log(const char *path, bool shared)
{
	return (struct logfile){ .path = path,
		.suffix = "",
		.header = "",
		.mode = 0640,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.shared = shared,
		.fd = -1 };
}

static inline struct logfile
opened(const char *path, bool shared)
{
	struct logfile l = new_log(path, shared);

	ATF_REQUIRE_EQ_MSG(logfile_open(&l, &state), 0, "%s: %s", path, strerror(errno));
	return l;
}

/* Does it fail with this errno? */
#define FAILS(result, error) ((result) < 0 && errno == (error))

static inline void
add(struct logfile *l, const char *text)
{
	size_t written;

	ATF_REQUIRE_EQ(logfile_write(l, text, strlen(text), &written), 0);
	ATF_CHECK_EQ(written, strlen(text));
	ATF_CHECK_EQ(logfile_unlock(l), 0);
}

/* What another process may lock now: LOCK_EX, LOCK_SH or nothing (0). */
static inline int
lockable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), free_for = 0;

	ATF_REQUIRE(fd >= 0);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		free_for = LOCK_EX;
	else if (errno == EWOULDBLOCK && flock(fd, LOCK_SH | LOCK_NB) == 0)
		free_for = LOCK_SH;
	close(fd);
	return free_for;
}

static inline int
lowest_free_fd(void)
{
	int fd = dup(0);

	ATF_REQUIRE(fd >= 0);
	close(fd);
	return fd;
}

#endif
