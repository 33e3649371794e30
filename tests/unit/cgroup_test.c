#include "lib/sys/cgroup.h"

#include "tests/unit/sys_case.h"

/* A plain directory does for what is not the kernel's. */
ATF_TC_WITHOUT_HEAD(a_directory_for_each_worker);
ATF_TC_BODY(a_directory_for_each_worker, tc)
{
	char path[64];

	ATF_CHECK_EQ(cgroup_make(".", 3, path, sizeof path), 0);
	ATF_CHECK_STREQ(path, "./worker-3/cgroup.procs");
	ATF_CHECK(exists("worker-3"));
	ATF_CHECK_EQ(cgroup_make(".", 3, path, sizeof path), 0); /* it is there from before */
	ATF_CHECK(cgroup_kill(".", 3) < 0 && errno == ENOENT);
	put_file("worker-3/cgroup.kill", "");
	ATF_CHECK_EQ(cgroup_kill(".", 3), 0);
	ATF_CHECK_STREQ(get_file("worker-3/cgroup.kill"), "1");
	ATF_CHECK(cgroup_remove(".", 3) < 0 && errno == ENOTEMPTY);
	ATF_REQUIRE_EQ(unlink("worker-3/cgroup.kill"), 0);
	ATF_CHECK_EQ(cgroup_remove(".", 3), 0);
	ATF_CHECK(!exists("worker-3"));
}

ATF_TC_WITHOUT_HEAD(errors);
ATF_TC_BODY(errors, tc)
{
	char path[64];

	ATF_CHECK(cgroup_make("missing", 0, path, sizeof path) < 0 && errno == ENOENT);
	ATF_CHECK(cgroup_make(".", 0, path, 8) < 0 && errno == ENAMETOOLONG);
	ATF_CHECK(cgroup_make(".", 0, path, 20) < 0 && errno == ENAMETOOLONG);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_directory_for_each_worker);
	ATF_TP_ADD_TC(tp, errors);
	return atf_no_error();
}
