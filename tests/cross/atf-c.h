/*
 * As much of ATF as the units of lib/base, lib/wire and lib/fsm use, for processors for which there
 * is no libatf-c: each case runs in a process of its own, one behind the other, up to the first
 * that fails.
 */
#ifndef SE_CROSS_ATF_C_H
#define SE_CROSS_ATF_C_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
	int cases;
} atf_tp_t;
typedef int atf_error_t;

static inline void
atf_run(atf_tp_t *tp, void (*body)(void))
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		body();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		printf("case %d: status %d\n", tp->cases, status);
		exit(1);
	}
	tp->cases++;
}

#define ATF_TC_WITHOUT_HEAD(tc)      \
	static void tc##_body(void); \
	static void (*const atf_##tc)(void) = tc##_body
#define ATF_TC_BODY(tc, arg) static void tc##_body(void)

#define ATF_TP_ADD_TCS(tp)                                            \
	static atf_error_t add_cases(atf_tp_t *);                     \
	int main(void)                                                \
	{                                                             \
		atf_tp_t all = { 0 };                                 \
                                                                      \
		if (add_cases(&all) || all.cases == 0)                \
			return 1;                                     \
		printf("%s: %d cases passed\n", __FILE__, all.cases); \
		return 0;                                             \
	}                                                             \
	static atf_error_t add_cases(atf_tp_t *tp)
#define ATF_TP_ADD_TC(tp, tc) atf_run(tp, atf_##tc)
#define atf_no_error()        0

#define atf_tc_fail(...)                                       \
	do {                                                   \
		printf("%s:%d: failed: ", __FILE__, __LINE__); \
		printf(__VA_ARGS__);                           \
		printf("\n");                                  \
		exit(1);                                       \
	} while (0)
#define atf_tc_skip(...)                                        \
	do {                                                    \
		printf("%s:%d: skipped: ", __FILE__, __LINE__); \
		printf(__VA_ARGS__);                            \
		printf("\n");                                   \
		exit(0);                                        \
	} while (0)

#define ATF_CHECK_MSG(x, ...)                     \
	do {                                      \
		if (!(x))                         \
			atf_tc_fail(__VA_ARGS__); \
	} while (0)
#define ATF_CHECK(x)                   ATF_CHECK_MSG(x, "%s", #x)
#define ATF_CHECK_EQ(a, b)             ATF_CHECK((a) == (b))
#define ATF_CHECK_EQ_MSG(a, b, ...)    ATF_CHECK_MSG((a) == (b), __VA_ARGS__)
#define ATF_CHECK_STREQ(a, b)          ATF_CHECK(strcmp(a, b) == 0)
#define ATF_CHECK_STREQ_MSG(a, b, ...) ATF_CHECK_MSG(strcmp(a, b) == 0, __VA_ARGS__)
#define ATF_REQUIRE(x)                 ATF_CHECK(x)
#define ATF_REQUIRE_EQ(a, b)           ATF_CHECK_EQ(a, b)
#define ATF_REQUIRE_MSG(x, ...)        ATF_CHECK_MSG(x, __VA_ARGS__)

#endif
