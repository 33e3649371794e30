#include "lib/sys/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

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

/* Small ones share pages, never bytes, and what was given back is used again, as zeroes. */
ATF_TC_WITHOUT_HEAD(small_blocks_share_pages);
ATF_TC_BODY(small_blocks_share_pages, tc)
{
	enum { N = 300 };
	char *p[N], *again;
	size_t near = 0;

	for (size_t i = 0; i < N; i++) {
		size_t size = i * 7 % 2048 + 1;

		ATF_REQUIRE((p[i] = memory_get(size)) != NULL);
		ATF_CHECK_EQ((uintptr_t)p[i] % 16, 0);
		for (size_t k = 0; k < size; k++)
			ATF_CHECK_EQ(p[i][k], 0);
		memset(p[i], (int)i, size);
		near += i > 0 && p[i] > p[i - 1] && p[i] - p[i - 1] <= 2048;
	}
	ATF_CHECK_MSG(near >= N - 10, "%zu of %d", near, N);
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < i * 7 % 2048 + 1; k++)
			ATF_CHECK_EQ(p[i][k], (char)i);
	memory_free(p[5], 5 * 7 + 1);
	again = memory_get(40);
	ATF_CHECK(again == p[5]);
	for (size_t k = 0; k < 40; k++)
		ATF_CHECK_EQ(again[k], 0);
	ATF_REQUIRE(memory_grow(&again, 40, 3000));
	ATF_CHECK(again != p[5] && memory_get(40) == p[5]);
}

/* What stands before and behind its whole pages stays. */
ATF_TC_WITHOUT_HEAD(dropped_pages_are_zeroes);
ATF_TC_BODY(dropped_pages_are_zeroes, tc)
{
	for (int shared = 0; shared < 2; shared++) {
		char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE,
		    MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);

		ATF_REQUIRE(p != MAP_FAILED);
		memset(p, 'x', 4 * 4096);
		memory_drop(p + 100, 3 * 4096, shared);
		for (size_t k = 0; k < 4 * 4096; k++)
			ATF_CHECK_EQ(p[k], k < 4096 || k >= 3 * 4096 ? 'x' : 0);
		memory_drop(p + 100, 3000, shared);
		ATF_CHECK_EQ(p[100], 'x');
		(void)munmap(p, 4 * 4096);
	}
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
	memory_trim();
	ATF_CHECK_MSG(stack_kib() <= deep - 60, "%ld, then %ld KiB", deep, stack_kib());
	ATF_CHECK_EQ(go_deep(), 'x');
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_stack_is_given_back);
	ATF_TP_ADD_TC(tp, zeroed_and_ours);
	ATF_TP_ADD_TC(tp, small_blocks_share_pages);
	ATF_TP_ADD_TC(tp, dropped_pages_are_zeroes);
	ATF_TP_ADD_TC(tp, grows_with_its_contents);
	return atf_no_error();
}
