#include "lib/wire/notify.h"

#include <atf-c.h>
#include <stdlib.h>
#include <string.h>

static struct notify n;

/* In memory of just its size; the status is valid until the next one. */
static bool
parse(const char *bytes)
{
	static char *just;
	size_t len = strlen(bytes);

	free(just);
	just = malloc(len ? len : 1);
	ATF_REQUIRE(just != NULL);
	memcpy(just, bytes, len);
	memset(&n, 0x55, sizeof n);
	return notify_parse(just, len, &n);
}

ATF_TC_WITHOUT_HEAD(words);
ATF_TC_BODY(words, tc)
{
	ATF_CHECK(parse("READY=1") && n.ready && !n.stopping && !n.watchdog && !n.trigger);
	ATF_CHECK(n.extend == 0 && n.status == NULL);
	ATF_CHECK(parse("READY=1\n") && n.ready);
	ATF_CHECK(parse("STOPPING=1") && n.stopping && !n.ready);
	ATF_CHECK(parse("WATCHDOG=1") && n.watchdog && !n.trigger);
	ATF_CHECK(parse("WATCHDOG=trigger") && n.trigger && !n.watchdog);
	ATF_CHECK(parse("READY=1\nSTATUS=fine: 3 of 4\nWATCHDOG=1\n"));
	ATF_CHECK(n.ready && n.watchdog && n.status_len == 12);
	ATF_CHECK(memcmp(n.status, "fine: 3 of 4", 12) == 0);
	ATF_CHECK(parse("STATUS=") && n.status != NULL && n.status_len == 0);
	ATF_CHECK(parse("STATUS=one\nSTATUS=two") && memcmp(n.status, "two", 3) == 0);
}

ATF_TC_WITHOUT_HEAD(others_are_passed_over);
ATF_TC_BODY(others_are_passed_over, tc)
{
	static const char *const others[] = { "READY=0", "READY=", "READY=11", "READY=1 ",
		"ready=1", "XREADY=1", "WATCHDOG=2", "WATCHDOG=triggered", "STOPPING=yes",
		"MAINPID=1", "BARRIER=1", "FDSTORE=1", "ERRNO=2", "EXTEND_TIMEOUT_USECS=1" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		ATF_CHECK_MSG(parse(others[i]), "%s", others[i]);
		ATF_CHECK_MSG(!n.ready && !n.stopping && !n.watchdog && !n.trigger &&
			n.extend == 0 && n.status == NULL,
		    "%s", others[i]);
	}
	/* a NUL ends neither a name nor a value */
	ATF_CHECK(notify_parse("READY\0=1", 8, &n) && !n.ready);
	ATF_CHECK(notify_parse("READY=1\0", 8, &n) && !n.ready);
}

ATF_TC_WITHOUT_HEAD(what_is_no_message);
ATF_TC_BODY(what_is_no_message, tc)
{
	ATF_CHECK(!parse(""));
	ATF_CHECK(!parse("READY"));
	ATF_CHECK(!parse("\n\n"));
	ATF_CHECK(!parse("=1"));
	ATF_CHECK(!parse("x\n=1"));
	ATF_CHECK(!parse("STATUS"));
	ATF_CHECK(!parse("WATCHDOG\n"));
	ATF_CHECK(!parse("hello\nworld"));
	ATF_CHECK(parse("hello\n\nREADY=1") && n.ready);
	ATF_CHECK(!notify_parse("READY=1", 5, &n)); /* no further than its length */
	ATF_CHECK(notify_parse("READY=1", 6, &n) && !n.ready);
	ATF_CHECK(notify_parse("A\0B=1\nREADY=1", 13, &n) && n.ready);
}

ATF_TC_WITHOUT_HEAD(extend);
ATF_TC_BODY(extend, tc)
{
	static const struct {
		const char *value;
		ms extend;
	} cases[] = {
		{ "EXTEND_TIMEOUT_USEC=1", 1 },
		{ "EXTEND_TIMEOUT_USEC=1000", 1 },
		{ "EXTEND_TIMEOUT_USEC=1001", 2 },
		{ "EXTEND_TIMEOUT_USEC=30000000", 30000 },
		{ "EXTEND_TIMEOUT_USEC=86400000000", 86400000 },
		{ "EXTEND_TIMEOUT_USEC=86400000001", 86400000 },
		{ "EXTEND_TIMEOUT_USEC=18446744073709551615", 86400000 },
		{ "EXTEND_TIMEOUT_USEC=18446744073709551616", 0 },
		{ "EXTEND_TIMEOUT_USEC=99999999999999999999999999", 0 },
		{ "EXTEND_TIMEOUT_USEC=0", 0 },
		{ "EXTEND_TIMEOUT_USEC=-1", 0 },
		{ "EXTEND_TIMEOUT_USEC=", 0 },
		{ "EXTEND_TIMEOUT_USEC=1s", 0 },
		{ "EXTEND_TIMEOUT_USEC= 1", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ATF_CHECK(parse(cases[i].value));
		ATF_CHECK_EQ_MSG(n.extend, cases[i].extend, "%s", cases[i].value);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, words);
	ATF_TP_ADD_TC(tp, others_are_passed_over);
	ATF_TP_ADD_TC(tp, what_is_no_message);
	ATF_TP_ADD_TC(tp, extend);
	return atf_no_error();
}
