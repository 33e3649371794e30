#include "lib/sys/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/sys_case.h"

ATF_TC_WITHOUT_HEAD(zeroed_and_ours);
ATF_TC_BODY(zeroed_and_ours, tc)
{
	static const size_t sizes[] = { 0, 1, 4096, 100001 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *p = memory_get(sizes[i]);

		ATF_REQUIRE(p != NULL);
		for (size_t k = 0; k < sizes[i]; k++)
			ATF_CHECK_EQ(p[k], 0);
		memset(p, 'x', sizes[i]);
		memory_free(p, sizes[i]);
	}
	memory_free(NULL, 0);
	ATF_CHECK(memory_get(SIZE_MAX - 8192) == NULL && errno == ENOMEM);
}

ATF_TC_WITHOUT_HEAD(grows_with_its_contents);
ATF_TC_BODY(grows_with_its_contents, tc)
{
	char *p = NULL, *old;

	ATF_REQUIRE(memory_grow(&p, 0, 5000));
	memset(p, 'x', 5000);
	ATF_REQUIRE(memory_grow(&p, 5000, 9000));
	for (size_t i = 0; i < 9000; i++)
		ATF_CHECK_EQ(p[i], i < 5000 ? 'x' : 0);
	old = p;
	ATF_CHECK(!memory_grow(&p, 9000, SIZE_MAX - 8192) && errno == ENOMEM);
	ATF_CHECK(p == old && p[0] == 'x');
	memory_free(p, 9000);
}

/* KiB of the stack that are in memory. */
static long
stack_kib(void)
{
	char line[256];
	long kib = -1;
	bool stack = false;
	FILE *f = fopen("/proc/self/smaps", "r");

	ATF_REQUIRE(f != NULL);
	while (fgets(line, sizeof line, f)) {
		if (strstr(line, "[stack]"))
			stack = true;
		else if (stack && sscanf(line, "Rss: %ld", &kib) == 1)
			break;
	}
	(void)fclose(f);
	return kib;
}

static __attribute__((noinline)) int
go_deep(void)
{
	volatile char room[100 * 1024];

	for (size_t i = 0; i < sizeof room; i += 1024)
		room[i] = 'x';
	return room[5 * 1024];
}

ATF_TC_WITHOUT_HEAD(a_stack_is_given_back);
ATF_TC_BODY(a_stack_is_given_back, tc)
{
	long deep;

	ATF_REQUIRE_EQ(go_deep(), 'x');
	deep = stack_kib();
	memory_trim_stack();
	ATF_CHECK_MSG(stack_kib() <= deep - 60, "%ld, then %ld KiB", deep, stack_kib());
	ATF_CHECK_EQ(go_deep(), 'x');
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_stack_is_given_back);
	ATF_TP_ADD_TC(tp, zeroed_and_ours);
	ATF_TP_ADD_TC(tp, grows_with_its_contents);
	return atf_no_error();
}
