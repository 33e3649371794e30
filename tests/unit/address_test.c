#include "lib/base/address.h"

#include <arpa/inet.h>
#include <atf-c.h>
#include <string.h>

#include "tests/unit/choice.h"

/* What libc makes of it, too. */
static bool
same(const char *text, bool v6)
{
	unsigned char ours[16] = { 0 }, libcs[16] = { 0 };
	bool is = address_parse(text, v6, ours);

	return is == (inet_pton(v6 ? AF_INET6 : AF_INET, text, libcs) == 1) &&
	    (!is || memcmp(ours, libcs, sizeof ours) == 0);
}

ATF_TC_WITHOUT_HEAD(addresses);
ATF_TC_BODY(addresses, tc)
{
	static const char *const good[] = { "0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1",
		"1::", "1:2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7::", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "fe80::ABCD:ef01",
		"0001::0010", "::1.2.3.4", "1::1.2.3.4" };
	unsigned char at[16];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		bool v6 = strchr(good[i], ':') != NULL;

		ATF_CHECK_MSG(address_parse(good[i], v6, at), "%s", good[i]);
		ATF_CHECK_MSG(same(good[i], v6), "%s", good[i]);
		ATF_CHECK_MSG(!address_parse(good[i], !v6, at), "%s", good[i]);
	}
}

ATF_TC_WITHOUT_HEAD(none);
ATF_TC_BODY(none, tc)
{
	static const char *const bad[] = { "", " ", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5",
		"256.0.0.0", "01.2.3.4", "00.0.0.0", "1..2.3", ".1.2.3", "-1.2.3.4", "a.2.3.4",
		"1.2.3.4 ", " 1.2.3.4", "99999999999999999999.1.1.1", ":", ":::", ":1",
		"1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:8:", "::1:2:3:4:5:6:7:8", "1::2::3",
		"1::2:3:4:5:6:7:8", "12345::", "00001::", "g::", "1:::2", "::1.2.3", "::1.2.3.4:5",
		"1:2:3:4:5:6:7:1.2.3.4", "::1%lo", "[::1]", "::1.2.3.256",
		"1:2:3:4:5:6:7:8:1.2.3.4" };
	unsigned char at[16];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		for (int v6 = 0; v6 < 2; v6++) {
			ATF_CHECK_MSG(!address_parse(bad[i], v6, at), "%s", bad[i]);
			ATF_CHECK_MSG(same(bad[i], v6), "%s", bad[i]);
		}
}

ATF_TC_WITHOUT_HEAD(any_text);
ATF_TC_BODY(any_text, tc)
{
	static const char letters[] = "::::...012345afAFg";
	struct choice c = { .seed = 1 };
	char text[48];

	for (int n = 0; n < 300000; n++) {
		size_t len = choose(&c, 24);

		for (size_t i = 0; i < len; i++)
			text[i] = letters[choose(&c, sizeof letters - 1)];
		text[len] = '\0';
		ATF_REQUIRE_MSG(same(text, false) && same(text, true), "%s", text);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, addresses);
	ATF_TP_ADD_TC(tp, none);
	ATF_TP_ADD_TC(tp, any_text);
	return atf_no_error();
}
