#include "lib/sys/mapfile.h"

#include <atf-c.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
make(const char *name, size_t pages)
{
	char page[4096];
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ATF_REQUIRE(fd >= 0);
	memset(page, 'x', sizeof page);
	for (size_t i = 0; i < pages; i++)
		ATF_REQUIRE_EQ(write(fd, page, sizeof page), (ssize_t)sizeof page);
	close(fd);
}

ATF_TC_WITHOUT_HEAD(opens);
ATF_TC_BODY(opens, tc)
{
	struct mapfile f;
	struct stat st;

	make("file", 2);
	ATF_REQUIRE_EQ(mapfile_open(&f, "file"), 0);
	ATF_CHECK_EQ(f.len, 8192);
	ATF_CHECK_EQ(((const char *)f.bytes)[8191], 'x');
	ATF_REQUIRE_EQ(stat("file", &st), 0);
	ATF_CHECK_EQ(f.inode, st.st_ino);
	mapfile_close(&f);
	ATF_CHECK(!f.bytes);
	mapfile_close(&f); /* once more is fine */
}

/* What is no file with something in it is refused, and not waited for. */
ATF_TC_WITHOUT_HEAD(refuses);
ATF_TC_BODY(refuses, tc)
{
	struct mapfile f;

	make("empty", 0);
	ATF_REQUIRE_EQ(mkfifo("fifo", 0600), 0);
	ATF_CHECK(mapfile_open(&f, "missing") == -1 && errno == ENOENT);
	ATF_CHECK(mapfile_open(&f, "empty") == -1 && errno == ENOEXEC);
	ATF_CHECK(mapfile_open(&f, "fifo") == -1 && errno == ENOEXEC);
	ATF_CHECK(mapfile_open(&f, "/dev/zero") == -1 && errno == ENOEXEC);
	ATF_CHECK(mapfile_open(&f, ".") == -1);
	ATF_CHECK(!f.bytes);
}

/* A file that somebody shortens while it is read: what is gone is zeroes. */
ATF_TC_WITHOUT_HEAD(shortened);
ATF_TC_BODY(shortened, tc)
{
	struct mapfile f;
	const volatile char *bytes;
	int status;
	pid_t pid;

	make("file", 3);
	ATF_REQUIRE_EQ(mapfile_open(&f, "file"), 0);
	ATF_REQUIRE_EQ(truncate("file", 4096), 0);
	bytes = f.bytes;
	ATF_REQUIRE((pid = fork()) >= 0);
	if (pid == 0) {
		mapfile_guard();
		_exit(bytes[0] == 'x' && bytes[4096] == 0 && bytes[3 * 4096 - 1] == 0 ? 7 : 8);
	}
	ATF_REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	mapfile_close(&f);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, opens);
	ATF_TP_ADD_TC(tp, refuses);
	ATF_TP_ADD_TC(tp, shortened);
	return atf_no_error();
}
