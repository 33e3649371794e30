#include "lib/base/text.h"

#include <atf-c.h>
#include <string.h>

static const char *const texts[] = { "", "a", "abc", "aXbX", "\xff\x80z", "=", "name=value" };

ATF_TC_WITHOUT_HEAD(as_libc_does);
ATF_TC_BODY(as_libc_does, tc)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *s = texts[i];

		for (int c = -128; c < 128; c++) {
			char stops[] = { (char)c, 'X', '\0' };

			ATF_CHECK(text_char(s, (char)c) == strchr(s, c));
			ATF_CHECK(text_find(s, (char)c, strlen(s)) == memchr(s, c, strlen(s)));
			ATF_CHECK_EQ(text_span(s, stops), strcspn(s, stops));
			ATF_CHECK(text_skip(s, stops) == s + strspn(s, stops));
		}
		ATF_CHECK_EQ(text_span(s, ""), strlen(s));
	}
	ATF_CHECK(text_find("abc", 'c', 2) == NULL);
	ATF_CHECK(text_find("a\0c", 'c', 3) != NULL);
}

ATF_TC_WITHOUT_HEAD(prefixes);
ATF_TC_BODY(prefixes, tc)
{
	ATF_CHECK_STREQ(text_after("name=value", "name="), "value");
	ATF_CHECK_STREQ(text_after("name", "name"), "");
	ATF_CHECK_STREQ(text_after("name", ""), "name");
	ATF_CHECK(
	    !text_after("nam", "name") && !text_after("", "n") && !text_after("xname", "name"));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, as_libc_does);
	ATF_TP_ADD_TC(tp, prefixes);
	return atf_no_error();
}
