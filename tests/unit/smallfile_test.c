#include "lib/sys/smallfile.h"

#include "tests/unit/sys_case.h"

#define FAILS(call, error) (errno = 0, (call) == -1 && errno == (error))

ATF_TC_WITHOUT_HEAD(read_and_written);
ATF_TC_BODY(read_and_written, tc)
{
	char text[8];

	ATF_CHECK(FAILS(smallfile_write("file", "x"), ENOENT)); /* it makes none */
	put_file("file", "");
	ATF_CHECK_EQ(smallfile_read("file", text, sizeof text), 0);
	ATF_CHECK_STREQ(text, "");
	ATF_CHECK_EQ(smallfile_write("file", "1234567"), 0);
	ATF_CHECK_EQ(smallfile_read("file", text, sizeof text), 7);
	ATF_CHECK_STREQ(text, "1234567");
	ATF_CHECK_EQ(smallfile_read("file", text, 4), 3);
	ATF_CHECK_STREQ(text, "123");
}

ATF_TC_WITHOUT_HEAD(failed);
ATF_TC_BODY(failed, tc)
{
	char text[8] = "before";

	ATF_CHECK(FAILS(smallfile_read("missing", text, sizeof text), ENOENT));
	ATF_CHECK_STREQ(text, "");
	ATF_CHECK(FAILS(smallfile_read(".", text, sizeof text), EISDIR));
	ATF_REQUIRE_EQ(mkfifo("fifo", 0600), 0);
	ATF_CHECK_EQ(smallfile_read("fifo", text, sizeof text), 0); /* it has no writer */
	ATF_CHECK(FAILS(smallfile_write("/dev/full", "x"), ENOSPC));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, read_and_written);
	ATF_TP_ADD_TC(tp, failed);
	return atf_no_error();
}
