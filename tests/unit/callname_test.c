#include "lib/sys/callname.h"

#include <atf-c.h>
#include <sys/syscall.h>

ATF_TC_WITHOUT_HEAD(names);
ATF_TC_BODY(names, tc)
{
	ATF_CHECK_STREQ(callname(SYS_read), "read");
	ATF_CHECK_STREQ(callname(SYS_futex), "futex");
	ATF_CHECK_STREQ(callname(SYS_clock_nanosleep), "clock_nanosleep");
	ATF_CHECK_STREQ(callname(SYS_process_vm_readv), "process_vm_readv");
	ATF_CHECK(!callname(-1));
	ATF_CHECK(!callname(-2));
	ATF_CHECK(!callname(SYS_getpid)); /* nobody sleeps in it */
	ATF_CHECK(!callname(100000));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, names);
	return atf_no_error();
}
