#include "lib/sys/procfile.h"

#include <atf-c.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/sys/memory.h"

static int
file_of(const char *text, size_t len)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	ATF_REQUIRE(fd >= 0);
	ATF_REQUIRE_EQ(write(fd, text, len), (ssize_t)len);
	ATF_REQUIRE_EQ(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

ATF_TC_WITHOUT_HEAD(reads);
ATF_TC_BODY(reads, tc)
{
	char text[4096], small[5];
	int fd;

	ATF_REQUIRE(procfile_read(getpid(), 0, "status", text, sizeof text) > 100);
	ATF_CHECK(strncmp(text, "Name:\tprocfile_test\n", 20) == 0);
	ATF_REQUIRE(procfile_read(getpid(), getpid(), "comm", text, sizeof text) > 0);
	ATF_CHECK_STREQ(text, "procfile_test\n");
	ATF_CHECK(
	    procfile_read(getpid(), 0, "missing", text, sizeof text) == -1 && errno == ENOENT);
	ATF_REQUIRE((fd = procfile_open(getpid(), 0, "comm")) >= 0);
	for (int i = 0; i < 2; i++) { /* again, from the beginning; cut to the room */
		ATF_CHECK_EQ(procfile_again(fd, small, sizeof small), 4);
		ATF_CHECK_STREQ(small, "proc");
	}
	close(fd);
	ATF_CHECK_EQ(*procfile_stat(getpid(), 0, text, sizeof text), 'R');
	ATF_CHECK(strcmp(strchr(text, '('), "(procfile_test") == 0);
	ATF_CHECK(!procfile_stat(0x7ffffff0, 0, text, sizeof text));
}

ATF_TC_WITHOUT_HEAD(appends);
ATF_TC_BODY(appends, tc)
{
	static char text[20000];
	struct procfile f = { 0 };
	int fd;

	memset(text, 'x', sizeof text);
	fd = file_of(text, sizeof text);
	ATF_REQUIRE(procfile_append(&f, fd));
	ATF_REQUIRE_EQ(lseek(fd, 0, SEEK_SET), 0);
	ATF_REQUIRE(procfile_append(&f, fd));
	ATF_CHECK_EQ(f.len, 2 * sizeof text);
	ATF_CHECK_EQ(f.text[f.len], '\0');
	ATF_CHECK(memcmp(f.text, text, sizeof text) == 0);
	ATF_CHECK(memcmp(f.text + sizeof text, text, sizeof text) == 0);
	memory_free(f.text, f.size);
	close(fd);
}

struct seen {
	int lines, most;
	char text[64];
};

static bool
line(void *arg, const char *text)
{
	struct seen *s = arg;

	s->lines++;
	ATF_REQUIRE(strlen(s->text) + strlen(text) + 2 < sizeof s->text);
	strcat(strcat(s->text, text), ";");
	return s->lines < s->most;
}

ATF_TC_WITHOUT_HEAD(lines);
ATF_TC_BODY(lines, tc)
{
	struct seen s = { .most = 9 };
	int fd = file_of("one\n\nthree\nfour", 15) /* cut */;

	ATF_CHECK_EQ(procfile_lines(fd, line, &s), 0);
	ATF_CHECK_STREQ(s.text, "one;;three;");
	s = (struct seen){ .most = 2 };
	ATF_REQUIRE_EQ(lseek(fd, 0, SEEK_SET), 0);
	ATF_CHECK_EQ(procfile_lines(fd, line, &s), 0);
	ATF_CHECK_STREQ(s.text, "one;;");
	close(fd);
	ATF_CHECK_EQ(procfile_lines(fd, line, &s), -1);
	s = (struct seen){ .most = 9 };
	ATF_CHECK_EQ(procfile_each(getpid(), getpid(), "comm", line, &s), 0);
	ATF_CHECK_STREQ(s.text, "procfile_test;");
	ATF_CHECK(procfile_each(getpid(), 0, "missing", line, &s) == -1 && errno == ENOENT);
}

ATF_TC_WITHOUT_HEAD(words);
ATF_TC_BODY(words, tc)
{
	const char *at = "  0x1fG";
	uint64_t n = 7;

	ATF_CHECK(procfile_number(&at, 16, &n) && n == 0x1f && *at == 'G');
	ATF_CHECK(!procfile_number(&at, 16, &n) && *at == 'G');
	at = "779 8";
	ATF_CHECK(procfile_number(&at, 8, &n) && n == 077 && *at == '9');
	at = "18446744073709551615";
	ATF_CHECK(procfile_number(&at, 10, &n) && n == UINT64_MAX);
	at = " 12 x";
	ATF_CHECK(procfile_next(&at, 10) == 12 && procfile_next(&at, 10) == 0);
	ATF_CHECK(procfile_field("S 1 1f", 2, 16) == 0x1f && procfile_field("S 1", 2, 16) == 0);
	ATF_CHECK_EQ(procfile_valued("Size: 1\nRss: 22 kB\n", "Rss:", -1), 22);
	ATF_CHECK_EQ(procfile_valued("Size: 1\nRss: 22 kB\n", "Pss:", -1), -1);
	ATF_CHECK_STREQ(procfile_word("a bb  c", 2), "c");
	ATF_CHECK_STREQ(procfile_word("a bb  c", 0), "a bb  c");
	ATF_CHECK_STREQ(procfile_word("a", 5), "");
	ATF_CHECK_STREQ(procfile_value("Size: 1\nRss: 22 kB\n", "Rss:") + 1, "22 kB\n");
	ATF_CHECK(!procfile_value("XRss: 22\n", "Rss:"));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, reads);
	ATF_TP_ADD_TC(tp, appends);
	ATF_TP_ADD_TC(tp, lines);
	ATF_TP_ADD_TC(tp, words);
	return atf_no_error();
}
