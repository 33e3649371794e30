#include "lib/wire/carry.h"

#include <atf-c.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct thing {
	bool flag;
	unsigned char small;
	int fd;
	unsigned count;
	long long when;
	char name[8];
	size_t len;
	char bytes[6];
};

static const struct carry_field older[] = {
	CARRY_A_FLAG(struct thing, flag),
	CARRY_UP_TO(struct thing, small, 9),
	CARRY_AN_FD(struct thing, fd),
};
static const struct carry_field newer[] = {
	CARRY_A_FLAG(struct thing, flag),
	CARRY_UP_TO(struct thing, small, 9),
	CARRY_AN_FD(struct thing, fd),
	CARRY_A_NUMBER(struct thing, count),
	CARRY_A_NUMBER(struct thing, when),
	CARRY_A_TEXT(struct thing, name),
	CARRY_UP_TO(struct thing, len, 6),
	CARRY_SOME(struct thing, bytes),
};

static const struct thing full = { true, 9, 7, ~0u, INT64_MIN, "1234567", 6,
	{ 'a', '\n', '\0', ' ', 'b', 'c' } };

static int fds[8];
static unsigned nfds;

static void
note(int fd)
{
	fds[nfds++] = fd;
}

/* Reads text as one line of a thing. */
static bool
reads(const char *text, size_t len, struct thing *t)
{
	struct carry c;

	carry_read(&c, text, len);
	CARRY_LINE(&c, "thing", newer, t);
	return carry_whole(&c);
}

ATF_TC_WITHOUT_HEAD(there_and_back);
ATF_TC_BODY(there_and_back, tc)
{
	char room[512];
	struct buf b = buf_over(room, sizeof room);
	struct thing from = full, to = { .when = 1 };
	unsigned n = 3, m = 0;
	const char *text = "two\nlines", *read = NULL;
	size_t len = strlen(text), got = 0;
	struct carry c;

	carry_write(&c, &b, note);
	CARRY_LINE(&c, "thing", newer, &from);
	carry_number(&c, "n", &n, 3);
	carry_long(&c, "text", &text, &len);
	ATF_CHECK(carry_whole(&c) && !b.cut);
	ATF_CHECK(nfds == 1 && fds[0] == 7);

	carry_read(&c, room, b.len);
	CARRY_LINE(&c, "thing", newer, &to);
	carry_number(&c, "n", &m, 3);
	ATF_CHECK(!carry_whole(&c));
	carry_long(&c, "text", &read, &got);
	ATF_CHECK(carry_whole(&c));
	ATF_CHECK(
	    to.flag && to.small == 9 && to.fd == 7 && to.count == ~0u && to.when == INT64_MIN);
	ATF_CHECK_STREQ(to.name, full.name);
	ATF_CHECK(to.len == 6 && memcmp(to.bytes, full.bytes, 6) == 0);
	ATF_CHECK(m == 3 && got == len && memcmp(read, text, len) == 0);
}

ATF_TC_WITHOUT_HEAD(versions);
ATF_TC_BODY(versions, tc)
{
	char room[512];
	struct buf b = buf_over(room, sizeof room);
	struct thing from = full, to = { .count = 5, .name = "kept" };
	struct carry c;

	/* an older one's line: what it does not have stays as it is here */
	carry_write(&c, &b, NULL);
	CARRY_LINE(&c, "thing", older, &from);
	ATF_CHECK(reads(room, b.len, &to));
	ATF_CHECK(to.fd == 7 && to.count == 5);
	ATF_CHECK_STREQ(to.name, "kept");

	/* a newer one's: it would be lost */
	buf_clear(&b);
	carry_write(&c, &b, NULL);
	CARRY_LINE(&c, "thing", newer, &from);
	carry_read(&c, room, b.len);
	CARRY_LINE(&c, "thing", older, &to);
	ATF_CHECK(!carry_whole(&c) && c.line == 1);
}

/* Of a table with gaps, the places that are taken; each keeps its number. */
ATF_TC_WITHOUT_HEAD(places);
ATF_TC_BODY(places, tc)
{
	static const struct carry_field row[] = {
		CARRY_AN_FD(struct thing, fd),
		CARRY_A_NUMBER(struct thing, count),
	};
	struct thing from[4] = { { .fd = -1, .count = 1 }, { .fd = 5, .count = 2 },
		{ .fd = 0, .count = 3 }, { .fd = 6, .count = 4 } };
	struct thing to[4] = { { .fd = -1, .count = 9 } }, small[3] = { { .fd = -1 } };
	char room[512];
	struct buf b = buf_over(room, sizeof room);
	struct carry c;

	carry_write(&c, &b, NULL);
	CARRY_PLACES(&c, "place", row, from, 4);
	CARRY_EACH(&c, "each", row, from, 2);
	carry_read(&c, room, b.len);
	CARRY_PLACES(&c, "place", row, to, 4);
	ATF_CHECK(to[0].fd == -1 && to[0].count == 9 && to[1].fd == 5 && to[1].count == 2);
	ATF_CHECK(to[2].fd == 0 && to[2].count == 0 && to[3].fd == 6 && to[3].count == 4);
	CARRY_EACH(&c, "each", row, to, 2);
	ATF_CHECK(carry_whole(&c) && to[0].count == 1 && to[1].count == 2);

	/* a number that there is no place for, more than there are places */
	carry_read(&c, room, b.len);
	CARRY_PLACES(&c, "place", row, small, 3);
	ATF_CHECK(c.wrong && small[1].count == 2 && small[2].count == 0);
	carry_read(&c, room, b.len);
	CARRY_PLACES(&c, "place", row, small, 1);
	ATF_CHECK(c.wrong);
}

ATF_TC_WITHOUT_HEAD(refused);
ATF_TC_BODY(refused, tc)
{
	static const char *const bad[] = { "", "thing", "other 1\n", "thing 1", "thing 1 2 x\n",
		"thing 2\n", "thing -1\n", "thing 1 10\n", "thing 1 1 2147483648\n",
		"thing 1 1 -2147483649\n", "thing 1 1 1 1 9223372036854775808\n",
		"thing 1 1 1 1 -9223372036854775809\n", "thing 1 1 1 1 1 8:12345678\n",
		"thing 1 1 1 1 1 3:12\n", "thing 1 1 1 1 1 -1:\n", "thing 1 1 1 1 1 1234\n",
		"thing 1 1 1 1 1 0: 2 3:abc\n", "thing 1 1 1 1 1 0: 7 7:abcdefg\n",
		"thing 1 1 1 1 1 0: 1 99999999999:a\n", "thing  1\n", "thing 1 \n", "thing 1 -\n",
		"thing 1\nthing 1\n", "thing 1 1 1 1 1 0: 1 1:a 4\n" };
	static const char nul[] = "thing 1 1 1 1 1 2:a\0\n";

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct thing t = { 0 };

		ATF_CHECK_MSG(!reads(bad[i], strlen(bad[i]), &t), "%s", bad[i]);
	}
	ATF_CHECK(!reads(nul, sizeof nul - 1, &(struct thing){ 0 }));
	ATF_CHECK(reads("thing 1 1 1 1 1 0: 0 0:\n", 24, &(struct thing){ 0 }));
}

/* After something wrong nothing is read, and every number is 0. */
ATF_TC_WITHOUT_HEAD(wrong_stays);
ATF_TC_BODY(wrong_stays, tc)
{
	static const char text[] = "n 4\nn 2\ntext 2:ab\n";
	const char *at = NULL;
	unsigned n = 9;
	size_t len = 5;
	struct carry c;

	carry_read(&c, text, sizeof text - 1);
	carry_number(&c, "n", &n, 3);
	ATF_CHECK(c.wrong && n == 0);
	carry_number(&c, "n", &n, 3);
	ATF_CHECK(c.wrong && n == 0);
	carry_long(&c, "text", &at, &len);
	ATF_CHECK(len == 0 && !carry_whole(&c) && c.line == 1);
}

/* What does not fit is told by the buffer. */
ATF_TC_WITHOUT_HEAD(cut);
ATF_TC_BODY(cut, tc)
{
	char room[16];
	struct buf b = buf_over(room, sizeof room);
	struct thing from = full;
	struct carry c;

	carry_write(&c, &b, NULL);
	CARRY_LINE(&c, "thing", newer, &from);
	ATF_CHECK(b.cut);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, there_and_back);
	ATF_TP_ADD_TC(tp, versions);
	ATF_TP_ADD_TC(tp, places);
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, wrong_stays);
	ATF_TP_ADD_TC(tp, cut);
	return atf_no_error();
}
