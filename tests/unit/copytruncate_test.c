#include "lib/sys/copytruncate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "tests/unit/sys_case.h"

#define ROTATIONS 40
#define WRITERS   3
#define BLOCK     4096 /* of most file systems; nothing breaks where it is another */

static struct copytruncate c;
static char text[4 << 20]; /* what the log file had */
static size_t len;

/* Files without a name, in a directory of which the file system matters. */
static int
nameless(const char *dir)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof path, "%s/copytruncate.XXXXXX", dir);
	fd = mkstemp(path);
	ATF_REQUIRE_MSG(fd >= 0, "%s: %s", path, strerror(errno));
	ATF_REQUIRE_EQ(unlink(path), 0);
	return fd;
}

static void
begin(const char *dir)
{
	c = (struct copytruncate){ .from = nameless(dir), .to = nameless(dir) };
	len = 0;
}

static void
append(const char *bytes, size_t n)
{
	ATF_REQUIRE(len + n <= sizeof text);
	ATF_REQUIRE_EQ(pwrite(c.from, bytes, n, (off_t)len), (ssize_t)n);
	memcpy(text + len, bytes, n);
	len += n;
}

/* A line of n bytes; without its newline if n is negative. */
static void
line(int n)
{
	static char bytes[2 << 20];
	static int number;
	size_t length = (size_t)abs(n);

	memset(bytes, 'a' + number++ % 26, length);
	if (n > 0)
		bytes[n - 1] = '\n';
	append(bytes, length);
}

static void
lines(int n, int times)
{
	while (times-- > 0)
		line(n);
}

static size_t
size_of(int fd)
{
	struct stat st;

	ATF_REQUIRE_EQ(fstat(fd, &st), 0);
	return (size_t)st.st_size;
}

static bool
collapses(void)
{
	return c.way == COPYTRUNCATE_COLLAPSE;
}

/* Skips the test unless the file system of the current directory removes blocks of the usual size.
 */
static void
need_collapse(void)
{
	begin(".");
	lines(BLOCK, 2);
	if (fallocate(c.from, 0x08 /* FALLOC_FL_COLLAPSE_RANGE */, 0, BLOCK) < 0)
		atf_tc_skip("the file system does not collapse ranges: %s", strerror(errno));
}

/* Each byte is in one of the two files, in order, and no line is in both; but for blanks. */
static void
check_moved(void)
{
	static char now[sizeof text];
	size_t copied = (size_t)c.copied, blanked = (size_t)c.blanked, left = size_of(c.from);

	ATF_CHECK_EQ(size_of(c.to), copied);
	ATF_REQUIRE_EQ(pread(c.to, now, sizeof now, 0), (ssize_t)copied);
	ATF_CHECK(memcmp(now, text, copied) == 0);
	ATF_REQUIRE(blanked <= left);
	ATF_CHECK_EQ(copied + left - blanked, len);
	ATF_REQUIRE_EQ(pread(c.from, now, sizeof now, 0), (ssize_t)left);
	ATF_CHECK(memcmp(now + blanked, text + copied, left - blanked) == 0);
	if (blanked > 0)
		ATF_CHECK_EQ(now[--blanked], '\n');
	while (blanked-- > 0)
		ATF_REQUIRE_EQ(now[blanked], ' ');
}

static void
rotate(void)
{
	ATF_REQUIRE_EQ_MSG(copytruncate_copy(&c), 0, "%s", strerror(errno));
	ATF_CHECK_EQ(c.cut, 0);
	ATF_CHECK_EQ(size_of(c.from), len);
	ATF_REQUIRE_EQ_MSG(copytruncate_cut(&c), 0, "%s", strerror(errno));
	check_moved();
}

ATF_TC_WITHOUT_HEAD(a_boundary_between_lines_is_preferred);
ATF_TC_BODY(a_boundary_between_lines_is_preferred, tc)
{
	need_collapse();
	begin(".");
	lines(100, 3000); /* a line ends with each 25th block; there are 73 */
	rotate();
	ATF_CHECK(collapses());
	ATF_CHECK_EQ(c.blanked, 0);
	ATF_CHECK(c.whole);
	ATF_CHECK((size_t)c.cut > len / 2 && (size_t)c.cut < len);

	begin(".");
	lines(64, 2 * BLOCK / 64); /* the last boundary is the end of the file: one before */
	rotate();
	ATF_CHECK(collapses());
}

ATF_TC_WITHOUT_HEAD(a_cut_line_becomes_blanks);
ATF_TC_BODY(a_cut_line_becomes_blanks, tc)
{
	need_collapse();
	begin(".");
	lines(101, 1000); /* none ends at a boundary */
	rotate();
	ATF_CHECK(collapses());
	ATF_CHECK(c.blanked > 0 && c.blanked < 50);
}

ATF_TC_WITHOUT_HEAD(an_unfinished_line_stays);
ATF_TC_BODY(an_unfinished_line_stays, tc)
{
	need_collapse();
	begin(".");
	lines(64, 128);
	line(-10);
	rotate();
	ATF_CHECK(collapses());
	ATF_CHECK(c.whole);
	ATF_CHECK_EQ(c.cut, 2 * BLOCK);
	ATF_CHECK_EQ(size_of(c.from), 10);

	begin(".");
	lines(64, 130);
	line(-1000000);
	rotate();
	ATF_CHECK(c.whole);
	ATF_CHECK_EQ(c.cut, 2 * BLOCK);

	begin(".");
	line(10); /* less than a block of lines: only truncation is left */
	line(-1000000);
	ATF_REQUIRE_EQ(copytruncate_copy(&c), 0);
	ATF_CHECK_EQ(c.way, COPYTRUNCATE_TRUNCATE);
	ATF_CHECK(copytruncate_cut(&c) < 0 && errno == EAGAIN);
	ATF_CHECK_EQ(size_of(c.from), len);
}

ATF_TC_WITHOUT_HEAD(long_lines_are_whole);
ATF_TC_BODY(long_lines_are_whole, tc)
{
	need_collapse();
	begin(".");
	line(256 * BLOCK + 1);
	rotate();
	ATF_CHECK_EQ(c.blanked, 1);

	begin(".");
	lines(200001, 8);
	rotate();
	ATF_CHECK(c.whole);

	begin(".");
	line(-1000000); /* no whole line: nothing is done */
	rotate();
	ATF_CHECK_EQ(c.way, COPYTRUNCATE_NOTHING);
	ATF_CHECK_EQ(size_of(c.from), len);
	ATF_CHECK_EQ(size_of(c.to), 0);

	begin(".");
	rotate();
	ATF_CHECK_EQ(c.way, COPYTRUNCATE_NOTHING);
}

ATF_TC_WITHOUT_HEAD(sizes_around_a_block);
ATF_TC_BODY(sizes_around_a_block, tc)
{
	struct statfs fs;
	int block;

	ATF_REQUIRE_EQ(statfs(".", &fs), 0);
	block = (int)fs.f_bsize;
	for (int size = 1; size < 4 * BLOCK; size += size % BLOCK == 1 ? BLOCK - 2 : 1) {
		begin(".");
		lines(50, size / 50);
		if (size % 50 > 0)
			line(size % 50);
		rotate();
		ATF_CHECK(c.cut > 0);
		ATF_CHECK(c.way == COPYTRUNCATE_TRUNCATE || size > block);
		close(c.from);
		close(c.to);
	}
}

ATF_TC_WITHOUT_HEAD(what_is_appended_between_copy_and_cut);
ATF_TC_BODY(what_is_appended_between_copy_and_cut, tc)
{
	static const char *const dirs[] = { ".", "/dev/shm" };

	for (size_t i = 0; i < 2; i++) {
		begin(dirs[i]);
		lines(100, 2048);
		ATF_REQUIRE_EQ(copytruncate_copy(&c), 0);
		lines(100, 2048);
		ATF_REQUIRE_EQ(copytruncate_cut(&c), 0);
		check_moved();
		ATF_CHECK(collapses() ? size_of(c.from) >= 204800 : size_of(c.from) == 0);
	}
}

ATF_TC_WITHOUT_HEAD(else_it_is_truncated);
ATF_TC_BODY(else_it_is_truncated, tc)
{
	begin("/dev/shm");
	lines(101, 10000);
	rotate();
	if (collapses())
		atf_tc_skip("/dev/shm does collapse ranges");
	ATF_CHECK_EQ(c.way, COPYTRUNCATE_TRUNCATE);
	ATF_CHECK_EQ(size_of(c.from), 0);
	ATF_CHECK_EQ(c.copied, 1010000);

	begin("/dev/shm");
	line(100);
	line(-50);
	ATF_REQUIRE_EQ(copytruncate_copy(&c), 0);
	for (int i = 0; i < 2; i++) {
		ATF_CHECK(copytruncate_cut(&c) < 0 && errno == EAGAIN);
		ATF_CHECK_EQ(c.cut, 0);
		ATF_CHECK_EQ(size_of(c.from), len);
	}
	line(50); /* the rest of it */
	ATF_CHECK_EQ(copytruncate_cut(&c), 0);
	check_moved();
	ATF_CHECK_EQ(c.cut, 200);

	begin("/dev/shm");
	line(100);
	line(-50);
	c.midline = true;
	rotate();
	ATF_CHECK(!c.whole);
	ATF_CHECK_EQ(size_of(c.from), 0);
}

ATF_TC_WITHOUT_HEAD(another_one_truncates);
ATF_TC_BODY(another_one_truncates, tc)
{
	begin(".");
	lines(100, 2048);
	ATF_REQUIRE_EQ(copytruncate_copy(&c), 0);
	ATF_REQUIRE_EQ(ftruncate(c.from, BLOCK * 2), 0);
	ATF_CHECK(copytruncate_cut(&c) < 0 && errno == ESTALE);
	ATF_CHECK_EQ(c.cut, 0);
	ATF_CHECK_EQ(size_of(c.from), BLOCK * 2);
}

/* The disk is full behind that many bytes; RLIM_INFINITY: not any more. */
static void
fill_disk(rlim_t bytes)
{
	struct rlimit r;

	(void)signal(SIGXFSZ, SIG_IGN);
	ATF_REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &r), 0);
}

ATF_TC_WITHOUT_HEAD(a_full_disk_removes_nothing);
ATF_TC_BODY(a_full_disk_removes_nothing, tc)
{
	int r, e;

	begin(".");
	lines(100, 2048);
	c.to = open("/dev/full", O_WRONLY | O_CLOEXEC);
	ATF_CHECK(copytruncate_copy(&c) < 0 && errno == ENOSPC);
	ATF_CHECK_EQ(c.cut, 0);

	c.to = nameless(".");
	fill_disk(100001);
	r = copytruncate_copy(&c);
	e = errno;
	fill_disk(RLIM_INFINITY); /* before this test writes a message */
	ATF_CHECK(r < 0 && e == EFBIG);
	ATF_CHECK_EQ(size_of(c.from), len);
	rotate(); /* later it works */

	begin("/dev/shm");
	lines(100, 2048);
	ATF_REQUIRE_EQ(copytruncate_copy(&c), 0);
	lines(100, 2048);
	fill_disk(300001);
	r = copytruncate_cut(&c);
	e = errno;
	fill_disk(RLIM_INFINITY);
	ATF_CHECK(r < 0 && e == EFBIG);
	ATF_CHECK_EQ(c.cut, 0);
	ATF_CHECK_EQ(size_of(c.from), len);
	ATF_CHECK_EQ(copytruncate_cut(&c), 0);
	check_moved();
}

/* What the writers and the test have in common. */
struct shared {
	_Atomic int stop;
	_Atomic uint64_t written[WRITERS];
};

static void
write_lines(struct shared *s, int who)
{
	static const char filler[] =
	    "................................................................";
	char bytes[128];
	int fd = open("log", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0)
		_exit(1);
	while (!s->stop) {
		uint64_t i = s->written[who];
		int n = snprintf(bytes, sizeof bytes, "%d %" PRIu64 " %.*s\n", who, i,
		    (int)(i * 7 % 61), filler);

		if (write(fd, bytes, (size_t)n) != n)
			_exit(1);
		s->written[who] = i + 1;
		if (i % 64 == 0)
			(void)usleep(1000);
	}
	_exit(0);
}

/* Counts the lines of a file; those of each writer must go on where the last file ended. */
static void
check_lines(const char *path, uint64_t next[WRITERS], int *blank)
{
	FILE *f = fopen(path, "r");
	char bytes[256];

	ATF_REQUIRE(f != NULL);
	while (fgets(bytes, sizeof bytes, f)) {
		uint64_t number;
		int who, dots;

		ATF_REQUIRE(strchr(bytes, '\n') != NULL);
		if (bytes[strspn(bytes, " ")] == '\n') {
			++*blank;
			continue;
		}
		dots = -1;
		ATF_REQUIRE_MSG(sscanf(bytes, "%1d %" SCNu64 " %n", &who, &number, &dots) == 2 &&
			who < WRITERS && dots > 0,
		    "%s: split: %s", path, bytes);
		ATF_REQUIRE_EQ_MSG(
		    strspn(bytes + dots, "."), number * 7 % 61, "%s: split: %s", path, bytes);
		ATF_REQUIRE_EQ_MSG(
		    number, next[who], "%s: %d %" PRIu64 ": lost or twice", path, who, next[who]);
		next[who]++;
	}
	(void)fclose(f);
}

/* One rotation to a file of its own. */
static void
rotate_log(int number)
{
	char path[16];

	(void)snprintf(path, sizeof path, "log.%d", number);
	c = (struct copytruncate){
		.from = open("log", O_RDWR | O_CLOEXEC),
		.to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644),
	};
	ATF_REQUIRE(c.from >= 0 && c.to >= 0);
	for (int i = 0; size_of(c.from) < 100000; i++) {
		ATF_REQUIRE(i < LIMIT_MS);
		(void)usleep(1000);
	}
	ATF_REQUIRE_EQ_MSG(copytruncate_copy(&c), 0, "%s", strerror(errno));
	ATF_REQUIRE_EQ_MSG(copytruncate_cut(&c), 0, "%s", strerror(errno));
	close(c.from);
	close(c.to);
	ATF_REQUIRE(collapses());
}

ATF_TC_WITHOUT_HEAD(writers_lose_nothing);
ATF_TC_BODY(writers_lose_nothing, tc)
{
	struct shared *s =
	    mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t next[WRITERS] = { 0 };
	int blank = 0;
	pid_t pid[WRITERS];
	char path[16];

	need_collapse();
	ATF_REQUIRE(s != MAP_FAILED);
	put_file("log", "");
	for (int i = 0; i < WRITERS; i++)
		if ((pid[i] = fork()) == 0)
			write_lines(s, i);
	for (int i = 0; i < ROTATIONS; i++)
		rotate_log(i);
	s->stop = 1;
	for (int i = 0; i < WRITERS; i++)
		ATF_CHECK_EQ(exit_of(pid[i]), 0);
	for (int i = 0; i < ROTATIONS; i++) {
		(void)snprintf(path, sizeof path, "log.%d", i);
		check_lines(path, next, &blank);
	}
	check_lines("log", next, &blank);
	for (int i = 0; i < WRITERS; i++) {
		printf("writer %d: %" PRIu64 " lines\n", i, next[i]);
		ATF_CHECK_EQ(next[i], s->written[i]);
	}
	printf("%d of %d rotations cut a line\n", blank, ROTATIONS);
}

/* A child that has the file open so, and no other. */
static pid_t
opener(int flags)
{
	pid_t pid;
	int p[2];
	char byte;

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		close(c.from); /* this one does not append */
		if (open("log", flags) < 0 || write(p[1], "", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	ATF_REQUIRE_EQ(read(p[0], &byte, 1), 1);
	close(p[0]);
	close(p[1]);
	return pid;
}

static pid_t
writer_beside(int flags)
{
	pid_t pid = opener(flags), found = copytruncate_writer(c.from);

	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
	return found > 0 && found == pid ? 1 : found;
}

ATF_TC_WITHOUT_HEAD(a_writer_that_does_not_append);
ATF_TC_BODY(a_writer_that_does_not_append, tc)
{
	pid_t none;

	put_file("log", "line\n");
	c.from = open("log", O_RDWR | O_CLOEXEC);
	ATF_REQUIRE(c.from >= 0);
	none = copytruncate_writer(c.from);
	if (geteuid() == 0)
		ATF_CHECK_EQ(none, 0);
	ATF_CHECK(none <= 0);
	ATF_CHECK_EQ(writer_beside(O_WRONLY), 1);
	ATF_CHECK_EQ(writer_beside(O_RDWR), 1);
	ATF_CHECK_EQ(writer_beside(O_WRONLY | O_APPEND), none);
	ATF_CHECK_EQ(writer_beside(O_RDWR | O_APPEND), none);
	ATF_CHECK_EQ(writer_beside(O_RDONLY), none);
	ATF_CHECK_EQ(writer_beside(O_WRONLY | O_PATH), none);
	ATF_CHECK(copytruncate_writer(-1) < 0 && errno == EBADF);
}

/* The errno of a child that sees less. */
static int
blind(bool (*blindfold)(void))
{
	pid_t pid = fork();

	ATF_REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(!blindfold() ? 255 : copytruncate_writer(c.from) < 0 ? errno : 0);
	return exit_of(pid);
}

static bool
no_proc(void)
{
	return chroot(".") == 0;
}

static bool
nobody(void)
{
	return setgid(65534) == 0 && setuid(65534) == 0;
}

ATF_TC_WITHOUT_HEAD(not_known_is_not_none);
ATF_TC_BODY(not_known_is_not_none, tc)
{
	if (geteuid() != 0)
		atf_tc_skip("chroot(2) is for root");
	put_file("log", "line\n");
	c.from = open("log", O_RDWR | O_CLOEXEC);
	ATF_REQUIRE(c.from >= 0);
	ATF_CHECK_EQ(blind(no_proc), ENOENT);
	ATF_CHECK_EQ(blind(nobody), EACCES);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_boundary_between_lines_is_preferred);
	ATF_TP_ADD_TC(tp, a_cut_line_becomes_blanks);
	ATF_TP_ADD_TC(tp, an_unfinished_line_stays);
	ATF_TP_ADD_TC(tp, long_lines_are_whole);
	ATF_TP_ADD_TC(tp, sizes_around_a_block);
	ATF_TP_ADD_TC(tp, what_is_appended_between_copy_and_cut);
	ATF_TP_ADD_TC(tp, else_it_is_truncated);
	ATF_TP_ADD_TC(tp, another_one_truncates);
	ATF_TP_ADD_TC(tp, a_full_disk_removes_nothing);
	ATF_TP_ADD_TC(tp, writers_lose_nothing);
	ATF_TP_ADD_TC(tp, a_writer_that_does_not_append);
	ATF_TP_ADD_TC(tp, not_known_is_not_none);
	return atf_no_error();
}
