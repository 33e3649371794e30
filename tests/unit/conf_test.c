#include "lib/wire/conf.h"

#include <atf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A text's items one behind the other: key=value, key=[a|b] or key=nil; an error as "line: reason"
 * (cut to its first words).
 */
static const char *
read_bytes(const char *bytes, size_t len)
{
	static char room[1024];
	struct buf b = buf_over(room, sizeof room);
	char *text = malloc(len + 1);
	struct conf c;
	struct conf_item item;

	ATF_REQUIRE(text != NULL);
	memcpy(text, bytes, len);
	conf_open(&c, text, len);
	for (;;) {
		struct opt_list l;

		switch (conf_next(&c, &item)) {
		case CONF_END:
			free(text);
			return room;
		case CONF_ERROR:
			buf_printf(&b, "%u: %s", c.line, c.error);
			free(text);
			return room;
		case CONF_ITEM:
			break;
		}
		l = (struct opt_list){ .first = item.value.first, .count = item.value.count };
		buf_printf(&b, "%s=", item.key);
		if (item.value.nil)
			buf_puts(&b, "nil");
		for (unsigned i = 0; !item.value.nil && i < l.count; i++)
			buf_printf(&b, "%s%s",
			    i                     ? "|"
				: item.value.list ? "["
						  : "",
			    optval_list_at(&l, i));
		if (item.value.list)
			buf_puts(&b, l.count ? "]" : "[]");
		buf_puts(&b, " ");
	}
}

struct text {
	const char *text, *items;
};

static void
check(const struct text *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ATF_CHECK_STREQ_MSG(read_bytes(t[i].text, strlen(t[i].text)), t[i].items, "%s: %s",
		    t[i].text, read_bytes(t[i].text, strlen(t[i].text)));
}

ATF_TC_WITHOUT_HEAD(items_and_comments);
ATF_TC_BODY(items_and_comments, tc)
{
	static const struct text cases[] = {
		{ "", "" },
		{ "\n\n", "" },
		{ "# only a comment", "" },
		{ "  # indented", "" },
		{ "a: 1\n", "a=1 " },
		{ "a: 1", "a=1 " },
		{ "a: 1\r\nb: 2\r\n", "a=1 b=2 " },
		{ "---\na: 1\n", "a=1 " },
		{ "--- # start\na: 1", "a=1 " },
		{ "\xef\xbb\xbf# a byte order mark\na: 1", "a=1 " },
		{ "a: 1\n...\nb: 2\n", "a=1 " },
		{ "a : 1", "a=1 " },
		{ "a:\t1\t", "a=1 " },
		{ "a:   b c   # comment", "a=b c " },
		{ "a: b#c", "a=b#c " },
		{ "a: b #", "a=b " },
		{ "worker-type: x\nW_2: y", "worker-type=x W_2=y " },
		{ "a: -1", "a=-1 " },
		{ "a: -x", "a=-x " },
		{ "a: b: c", "1: nested keys are not supported; quote the value if it is a text" },
		{ "a: http://x:80/", "a=http://x:80/ " },
		{ "a: caf\xc3\xa9", "a=caf\xc3\xa9 " },
	};

	check(cases, sizeof cases / sizeof *cases);
}

ATF_TC_WITHOUT_HEAD(quotes);
ATF_TC_BODY(quotes, tc)
{
	static const struct text cases[] = {
		{ "a: 'b'", "a=b " },
		{ "a: ''", "a= " },
		{ "a: \"\"", "a= " },
		{ "a: 'it''s'", "a=it's " },
		{ "a: 'a\\n'", "a=a\\n " },
		{ "a: ' # '", "a= #  " },
		{ "a: \"# x\" # y", "a=# x " },
		{ "a: \"\\\"\\\\\\/\\ \\t\"", "a=\"\\/ \t " },
		{ "a: \"\\x41\\u00e9\\u20ac\\xff\"", "a=A\xc3\xa9\xe2\x82\xac\xff " },
		{ "a: \"\\a\\b\\e\\f\\n\\r\\v\"", "a=\a\b\033\f\n\r\v " },
		{ "a: 'nil'", "a=nil " }, /* a text, see nils */
		{ "a: \"b", "1: a quote is not closed on its line" },
		{ "a: 'b''", "1: a quote is not closed on its line" },
		{ "a: 'b' c", "1: something stands behind the closing quote" },
		{ "a: \"\\q\"", "1: a backslash is followed by nothing that YAML knows" },
		{ "a: \"\\x4\"", "1: a backslash is followed by nothing that YAML knows" },
		{ "a: \"\\x4g\"", "1: a backslash is followed by nothing that YAML knows" },
		{ "a: \"\\u004\"", "1: a backslash is followed by nothing that YAML knows" },
		{ "a: \"\\", "1: a backslash is followed by nothing that YAML knows" },
		{ "a: \"\\x00\"", "1: a text cannot hold a NUL byte" },
	};

	check(cases, sizeof cases / sizeof *cases);
}

ATF_TC_WITHOUT_HEAD(nils);
ATF_TC_BODY(nils, tc)
{
	static const char *const nils[] = { "nil", "null", "Null", "NULL", "~", "" };
	static const char *const texts[] = { "'nil'", "\"~\"", "nill", "nul", "~x", "no", "0" };
	struct conf_item item;
	struct conf c;
	char text[32];

	for (size_t i = 0; i < 6; i++) {
		conf_open(&c, text, (size_t)snprintf(text, sizeof text, "a: %s", nils[i]));
		ATF_CHECK_EQ(conf_next(&c, &item), CONF_ITEM);
		ATF_CHECK_MSG(item.value.nil, "%s", nils[i]);
	}
	for (size_t i = 0; i < 7; i++) {
		conf_open(&c, text, (size_t)snprintf(text, sizeof text, "a: %s", texts[i]));
		ATF_CHECK_EQ(conf_next(&c, &item), CONF_ITEM);
		ATF_CHECK_MSG(!item.value.nil, "%s", texts[i]);
	}
}

ATF_TC_WITHOUT_HEAD(lists_on_a_line);
ATF_TC_BODY(lists_on_a_line, tc)
{
	static const struct text cases[] = {
		{ "a: []", "a=[] " },
		{ "a: [ ]", "a=[] " },
		{ "a: [3, 4]", "a=[3|4] " },
		{ "a: [3,4] # x", "a=[3|4] " },
		{ "a: [ 'a, b' , \"c]\" ]", "a=[a, b|c]] " },
		{ "a: [x y, z]", "a=[x y|z] " },
		{ "a: [x,]", "a=[x] " },
		{ "a: ['']", "a=[] " }, /* one that is empty */
		{ "a: [,]",
		    "1: this form of YAML is not supported; quote the value if it is a text" },
		{ "a: [x", "1: expected , or ] after an item of the list" },
		{ "a: [", "1: a list in [ ] must end on its line" },
		{ "a: [x,", "1: a list in [ ] must end on its line" },
		{ "a: [x]y", "1: something stands behind the list" },
		{ "a: [x, [y]]",
		    "1: this form of YAML is not supported; quote the value if it is a text" },
		{ "a: [x y[z]]", "1: a list in a list is not supported" },
		{ "a: ['x' y]", "1: expected , or ] after an item of the list" },
		{ "a: [b: c]",
		    "1: nested keys are not supported; quote the value if it is a text" },
	};

	check(cases, sizeof cases / sizeof *cases);
}

ATF_TC_WITHOUT_HEAD(lists_on_lines);
ATF_TC_BODY(lists_on_lines, tc)
{
	static const struct text cases[] = {
		{ "a:\n- x\n- y z\n", "a=[x|y z] " },
		{ "a:\n  - x\n  - 'y'\nb: 1", "a=[x|y] b=1 " },
		{ "a: # comment\n\n- x # one\n# between\n- y\n", "a=[x|y] " },
		{ "a:\n- x\nb:\n- y", "a=[x] b=[y] " },
		{ "a:\nb: 1", "a=nil b=1 " },
		{ "a:\n- x\r\n- y\r\n", "a=[x|y] " },
		{ "a:\n- -1\n- --x", "a=[-1|--x] " },
		{ "a:\n-\tx", "a=[x] " },
		{ "a:\n- x, y]", "a=[x, y]] " },
		{ "a:\n-\n", "2: an item of the list is empty" },
		{ "a:\n- # x\n", "2: an item of the list is empty" },
		{ "a:\n- b: c\n",
		    "2: nested keys are not supported; quote the value if it is a text" },
		{ "a:\n- [b]\n",
		    "2: this form of YAML is not supported; quote the value if it is a text" },
		{ "a:\n- - b\n", "2: a list stands in [ ] or on lines of its own" },
		{ "a:\n- 'b' c\n", "2: something stands behind the closing quote" },
		{ "a: - b", "1: a list stands in [ ] or on lines of its own" },
		{ "a: -", "1: a list stands in [ ] or on lines of its own" },
		{ "a: 1\n- b\n", "a=1 2: expected key: value" },
		{ "- b\n", "1: expected key: value" },
	};

	check(cases, sizeof cases / sizeof *cases);
}

/* What of YAML is not here is refused, never misread. */
ATF_TC_WITHOUT_HEAD(refused);
ATF_TC_BODY(refused, tc)
{
	static const char *const forms[] = { "a: &x 1", "a: *x", "a: !!int 1", "a: |\n  text",
		"a: >\n  text", "a: {b: 1}", "a: %x", "a: @x", "a: `x`", "a: ]", "a: }", "a: ,",
		"a: ? x", "a:1", "a", "a b: 1", ": 1", "\"a\": 1", " a: 1", "\ta: 1", "a:\n  b: 1",
		"a: 1\n  2", "? a", "a: b:", "--- a", "a: b:\tc", "a: -\tb", "a: 1\n---\nb: 2",
		"a: [b:]", "a: \"\\ud83d\\ude00\"" };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const char *items = read_bytes(forms[i], strlen(forms[i]));

		ATF_CHECK_MSG(strstr(items, ": ") != NULL, "%s: %s", forms[i], items);
	}
}

ATF_TC_WITHOUT_HEAD(garbage);
ATF_TC_BODY(garbage, tc)
{
	static const char zeroes[100];
	static const char elf[] = "\177ELF\002\001\001";

	ATF_CHECK_STREQ(read_bytes(zeroes, sizeof zeroes), "1: this is not text: byte 0x00");
	ATF_CHECK_STREQ(read_bytes(elf, sizeof elf), "1: this is not text: byte 0x7f");
	ATF_CHECK_STREQ(read_bytes("a: 1\nb: \033[m", 12), "a=1 2: this is not text: byte 0x1b");
	ATF_CHECK_STREQ(read_bytes("a: 1\rb: 2", 9), "1: this is not text: byte 0x0d");
	ATF_CHECK_STREQ(read_bytes("a: 1\nb: 2\nc d", 13), "a=1 b=2 3: expected key: value");
	ATF_CHECK_STREQ(read_bytes("a: 1", 2), "a=nil "); /* nothing behind the end */
}

ATF_TC_WITHOUT_HEAD(long_lines);
ATF_TC_BODY(long_lines, tc)
{
	size_t len = CONF_LINE_MAX;
	char *text = malloc(1048577 + 1);
	struct conf_item item;
	struct conf c;

	ATF_REQUIRE(text != NULL);
	memset(text, 'x', len);
	memcpy(text, "a: ", 3);
	conf_open(&c, text, len);
	ATF_CHECK_EQ(conf_next(&c, &item), CONF_ITEM);
	ATF_CHECK_EQ(strlen(item.value.first), len - 3);

	for (int i = 0; i < 2; i++) {
		size_t longer = i ? 1048577 : 4 + len + 1;

		memset(text, 'x', longer);
		memcpy(text, "# c\na: ", 7);
		conf_open(&c, text, longer);
		ATF_CHECK_EQ(conf_next(&c, &item), CONF_ERROR);
		ATF_CHECK_EQ(c.line, 2);
		ATF_CHECK_STREQ(c.error, "the line is longer than 65535 bytes");
	}
	free(text);
}

ATF_TC_WITHOUT_HEAD(lines_are_counted);
ATF_TC_BODY(lines_are_counted, tc)
{
	char text[] = "# one\n\na: 1\nb:\n- x\n\n- y\n# z\nc: 3\n";
	static const unsigned lines[] = { 3, 4, 9 };
	struct conf_item item;
	struct conf c;

	conf_open(&c, text, strlen(text));
	for (size_t i = 0; i < 3; i++) {
		ATF_CHECK_EQ(conf_next(&c, &item), CONF_ITEM);
		ATF_CHECK_EQ(item.line, lines[i]);
	}
	ATF_CHECK_EQ(conf_next(&c, &item), CONF_END);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, items_and_comments);
	ATF_TP_ADD_TC(tp, quotes);
	ATF_TP_ADD_TC(tp, nils);
	ATF_TP_ADD_TC(tp, lists_on_a_line);
	ATF_TP_ADD_TC(tp, lists_on_lines);
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, garbage);
	ATF_TP_ADD_TC(tp, long_lines);
	ATF_TP_ADD_TC(tp, lines_are_counted);
	return atf_no_error();
}
