#include "lib/wire/socketmanager.h"

#include <atf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/base64.h"
#include "lib/wire/marshal.h"

/* In memory of just its size, so that a look behind it is seen. */
static char *
just(const void *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);

	ATF_REQUIRE(copy != NULL);
	memcpy(copy, bytes, len);
	return copy;
}

ATF_TC_WITHOUT_HEAD(base64);
ATF_TC_BODY(base64, tc)
{
	static const struct {
		const char *bytes, *text;
	} good[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+" } };
	static const char *const bad[] = { "A", "AA", "AAA", "AAAAA", "====", "A===", "AA=A",
		"=AAA", "Zh==", "Zm9=", "Zg==Zg==", "Z\ng=", "Zm9-", "Zm9_", "Zm 9" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char room[16], *text = just(good[i].text, strlen(good[i].text));
		struct buf b = buf_over(room, sizeof room);
		size_t len = strlen(good[i].text);

		base64_put(&b, good[i].bytes, strlen(good[i].bytes));
		ATF_CHECK_STREQ(room, good[i].text);
		ATF_CHECK(base64_take(text, &len));
		ATF_CHECK_EQ_MSG(len, strlen(good[i].bytes), "%s", good[i].text);
		ATF_CHECK(memcmp(text, good[i].bytes, len) == 0);
		free(text);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		size_t len = strlen(bad[i]);
		char *text = just(bad[i], len);

		ATF_CHECK_MSG(!base64_take(text, &len), "%s is taken", bad[i]);
		free(text);
	}
}

/* What Ruby 3.1's Marshal.dump has made of these numbers. */
static const struct {
	long number;
	const char *bytes;
	size_t len;
} numbers[] = {
#define N(n, s)                     \
	{                           \
		n, s, sizeof(s) - 1 \
	}
	N(0, "\4\10i\0"),
	N(1, "\4\10i\6"),
	N(122, "\4\10i\x7f"),
	N(123, "\4\10i\1{"),
	N(255, "\4\10i\1\xff"),
	N(256, "\4\10i\2\0\1"),
	N(65535, "\4\10i\2\xff\xff"),
	N(65536, "\4\10i\3\0\0\1"),
	N(4194304, "\4\10i\3\0\0@"),
	N(1073741823, "\4\10i\4\xff\xff\xff?"),
	N(-1, "\4\10i\xfa"),
	N(-123, "\4\10i\x80"),
	N(-124, "\4\10i\xff\x84"),
	N(-256, "\4\10i\xff\0"),
	N(-257, "\4\10i\xfe\xff\xfe"),
	N(-65536, "\4\10i\xfe\0\0"),
	N(-1073741824, "\4\10i\xfc\0\0\0\xc0"),
#undef N
};

ATF_TC_WITHOUT_HEAD(marshal_numbers);
ATF_TC_BODY(marshal_numbers, tc)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		char room[16], *bytes = just(numbers[i].bytes, numbers[i].len);
		struct buf b = buf_over(room, sizeof room);
		struct marshal m;
		struct marshal_value v;

		marshal_begin(&b);
		marshal_put_number(&b, numbers[i].number);
		ATF_CHECK_EQ_MSG(b.len, numbers[i].len, "%ld", numbers[i].number);
		ATF_CHECK_MSG(memcmp(room, numbers[i].bytes, b.len) == 0, "%ld", numbers[i].number);
		ATF_REQUIRE(marshal_open(&m, bytes, numbers[i].len) && marshal_next(&m, &v));
		ATF_CHECK_EQ(v.kind, MARSHAL_NUMBER);
		ATF_CHECK_EQ_MSG(v.number, numbers[i].number, "%ld", numbers[i].number);
		ATF_CHECK(!marshal_next(&m, &v));
		for (size_t cut = 2; cut < numbers[i].len; cut++) {
			free(bytes);
			bytes = just(numbers[i].bytes, cut);
			ATF_CHECK(marshal_open(&m, bytes, cut) && !marshal_next(&m, &v));
		}
		free(bytes);
	}
}

/* All of a message's values, one behind the other; "!" where it breaks off. */
static const char *
values(const char *bytes, size_t len)
{
	static const char *const names[] = { "nil", "true", "false", "", ":", "'", "[", "#" };
	static char room[256];
	struct buf b = buf_over(room, sizeof room);
	char *copy = just(bytes, len);
	struct marshal m;
	struct marshal_value v;

	if (!marshal_open(&m, copy, len))
		buf_puts(&b, "!");
	else
		while (m.at < m.end) {
			if (!marshal_next(&m, &v)) {
				buf_puts(&b, "!");
				break;
			}
			buf_puts(&b, names[v.kind]);
			if (v.text)
				buf_put(&b, v.text, v.len);
			if (v.kind == MARSHAL_NUMBER || v.kind >= MARSHAL_ARRAY)
				buf_printf(&b, "%ld", (long)v.number);
			buf_puts(&b, " ");
		}
	free(copy);
	return room;
}
#define VALUES(bytes) values(bytes, sizeof(bytes) - 1)

ATF_TC_WITHOUT_HEAD(marshal_values);
ATF_TC_BODY(marshal_values, tc)
{
	ATF_CHECK_STREQ(VALUES("\4\10"
			       "0"),
	    "nil ");
	ATF_CHECK_STREQ(VALUES("\4\10T"), "true ");
	ATF_CHECK_STREQ(VALUES("\4\10F"), "false ");
	/* "a" in UTF-8, as bytes, in US-ASCII, in Shift_JIS */
	ATF_CHECK_STREQ(VALUES("\4\10I\"\6a\6:\6ET"), "'a ");
	ATF_CHECK_STREQ(VALUES("\4\10\"\6a"), "'a ");
	ATF_CHECK_STREQ(VALUES("\4\10I\"\6a\6:\6EF"), "'a ");
	ATF_CHECK_STREQ(VALUES("\4\10I\"\6a\6:\rencoding\"\x0eShift_JIS"), "'a ");
	/* [1, [2, nil]], and ["a", "b"], whose second encoding refers to the first */
	ATF_CHECK_STREQ(VALUES("\4\10[\7i\6[\7i\a0"), "[2 1 [2 2 nil ");
	ATF_CHECK_STREQ(VALUES("\4\10[\7I\"\6a\6:\6ETI\"\6b\6;\0T"), "[2 'a 'b ");
	ATF_CHECK_STREQ(VALUES("\4\10o:\x10SocketError\7:\tmesgI\"\6x\6:\6ET:\abt0"),
	    "#SocketError2 :mesg 'x :bt nil ");
	/* another format, kinds that are not known, references to nothing, counts of what is not
	 * there */
	ATF_CHECK_STREQ(VALUES(""), "!");
	ATF_CHECK_STREQ(VALUES("\4"), "!");
	ATF_CHECK_STREQ(VALUES("\4\7"
			       "0"),
	    "!");
	ATF_CHECK_STREQ(VALUES("\4\10l+\a\0\0\0@"), "!");
	ATF_CHECK_STREQ(VALUES("\4\10[\7I\"\6q\6:\6ET@\6"), "[2 'q !");
	ATF_CHECK_STREQ(VALUES("\4\10;\0"), "!");
	ATF_CHECK_STREQ(VALUES("\4\10[\7:\6a;\6"), "[2 :a !");
	ATF_CHECK_STREQ(VALUES("\4\10[\7:\6a;\xfa"), "[2 :a !");
	ATF_CHECK_STREQ(VALUES("\4\10\"\7a"), "!");
	ATF_CHECK_STREQ(VALUES("\4\10\"\4\xff\xff\xff\x7f"
			       "a"),
	    "!");
	ATF_CHECK_STREQ(VALUES("\4\10\"\xff\0a"), "!");
	ATF_CHECK_STREQ(VALUES("\4\10[\7"), "!");
	ATF_CHECK_STREQ(VALUES("\4\10I\"\6a\7:\6ET"), "!");
	ATF_CHECK_STREQ(VALUES("\4\10Ii\6\6:\6ET"), "!");
	ATF_CHECK_STREQ(VALUES("\4\10[\16:\6a:\6b:\6c:\6d:\6e:\6f:\6g:\6h:\6i"),
	    "[9 :a :b :c :d :e :f :g :h !");
}

#define TOKEN "b6c1d8d6e0d83ba1d3b1b5a2ddee4c0f"

/* The frame around a text, as JSON.generate or others write it. */
static enum socketmanager_state
take(const char *json, size_t more, struct socketmanager_frame *frame, char **copy)
{
	char room[2048];
	size_t len = strlen(json);

	(void)snprintf(room, sizeof room, "%c%c%c%c%s", 0, 0, (int)(len + more) >> 8,
	    (int)(len + more) & 255, json);
	*copy = just(room, len + 4);
	return socketmanager_take(*copy, len + 4, TOKEN, frame);
}

ATF_TC_WITHOUT_HEAD(frames);
ATF_TC_BODY(frames, tc)
{
	static const char *const good[] = { "[\"" TOKEN "\",\"BAgw\"]",
		"[ \"" TOKEN "\" ,\n\t\"BAgw\"\r]" };
	static const char *const bad[] = { "", "[", "[]", "{}", "null", "[\"\",\"\"]",
		"[\"" TOKEN "\"]", "[\"" TOKEN "\",\"BAgw\"", "[\"" TOKEN "\",\"BAgw\"]]",
		"[\"" TOKEN "\",\"BAgw\"}", "[\"" TOKEN "\";\"BAgw\"]", "[\"" TOKEN "\",\"BAgw]",
		"[\"" TOKEN "\",\"BAg\"]", "[\"" TOKEN "\",BAgw]", "\"" TOKEN "\",\"BAgw\"]",
		"[\"" TOKEN "0\",\"BAgw\"]", "[\"b6c1d8d6e0d83ba1d3b1b5a2ddee4c0\",\"BAgw\"]",
		"[\"c6c1d8d6e0d83ba1d3b1b5a2ddee4c0f\",\"BAgw\"]",
		"[\"b6c1d8d6e0d83ba1d3b1b5a2ddee4c0e\",\"BAgw\"]", "[\"\",\"BAgw\"]" };
	struct socketmanager_frame frame;
	char *copy;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ATF_CHECK_EQ(take(good[i], 0, &frame, &copy), SOCKETMANAGER_WHOLE);
		ATF_CHECK_EQ(frame.used, strlen(good[i]) + 4);
		ATF_CHECK_EQ(frame.len, 3);
		ATF_CHECK(memcmp(frame.value,
			      "\4\10"
			      "0",
			      3) == 0);
		free(copy);
		ATF_CHECK_EQ(take(good[i], 1, &frame, &copy), SOCKETMANAGER_MORE);
		for (size_t n = 0; n < 4; n++)
			ATF_CHECK_EQ(
			    socketmanager_take(copy, n, TOKEN, &frame), SOCKETMANAGER_MORE);
		free(copy);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ATF_CHECK_EQ_MSG(take(bad[i], 0, &frame, &copy), SOCKETMANAGER_BAD, "%s", bad[i]);
		free(copy);
	}
	/* lengths that no frame has are seen at once; the longest may still come */
	copy = just("\0\0\3\xfd", 4);
	ATF_CHECK_EQ(socketmanager_take(copy, 4, TOKEN, &frame), SOCKETMANAGER_BAD);
	memcpy(copy, "\0\0\3\xfc", 4);
	ATF_CHECK_EQ(socketmanager_take(copy, 4, TOKEN, &frame), SOCKETMANAGER_MORE);
	memcpy(copy, "\xff\xff\xff\xff", 4);
	ATF_CHECK_EQ(socketmanager_take(copy, 4, TOKEN, &frame), SOCKETMANAGER_BAD);
	free(copy);
}

/* A message as a request: "METHOD HOST NUMBER", or "!" */
static const char *
request(const char *bytes, size_t len)
{
	static char room[320];
	char *copy = just(bytes, len);
	struct socketmanager_request r;

	if (socketmanager_request(copy, len, &r))
		(void)snprintf(room, sizeof room, "%d %s %u", (int)r.method, r.host, r.number);
	else
		(void)snprintf(room, sizeof room, "!");
	free(copy);
	return room;
}
#define REQUEST(bytes) request(bytes, sizeof(bytes) - 1)

ATF_TC_WITHOUT_HEAD(requests);
ATF_TC_BODY(requests, tc)
{
	/* Marshal.dump([4194304, :listen_tcp, "127.0.0.1", 80]) and so on */
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\3\0\0@:\x0flisten_tcpI\"\x0e"
				"127.0.0.1\6:\6ETiU"),
	    "0 127.0.0.1 80");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_udp\"\b::1i\2\xff\xff"), "1 ::1 65535");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp\"\b::1\"\a80"), "0 ::1 80");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp\"\0i\0"), "0  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\bi\6:\x0eshare_tcpi\0"), "2  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\bi\6:\x0eshare_udpi\6"), "3  1");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ai\6:\x0fshare_unix"), "4  0");
	/* what is asked is not known, or its arguments are none: the client is told */
	ATF_CHECK_STREQ(REQUEST("\4\10[\ai\6:\x09quit"), "5  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ai\6:\0"), "5  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ai\6:\x10listen_tcp\0"), "5  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ai\6:\x19listen_tcplisten_tcp"), "5  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp\"\b::1i\3\0\0\1"), "5 ::1 0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp\"\b::1i\xfa"), "5 ::1 0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp\"\b::1\"\t80a0"), "5 ::1 0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp\"\b::1\"\x0e"
				"000000080"),
	    "5 ::1 0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp\"\ba\0biU"), "5  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ti\6:\x0flisten_tcp0iU"), "5  0");
	ATF_CHECK_STREQ(REQUEST("\4\10[\bi\6:\x0flisten_tcp\"\b::1"), "5 ::1 0");
	/* no request at all */
	ATF_CHECK_STREQ(REQUEST("\4\10"
				"0"),
	    "!");
	ATF_CHECK_STREQ(REQUEST("\4\10i\6"), "!");
	ATF_CHECK_STREQ(REQUEST("\4\10[\0"), "!");
	ATF_CHECK_STREQ(REQUEST("\4\10[\6i\6"), "!");
	ATF_CHECK_STREQ(REQUEST("\4\10[\a:\x0fshare_unixi\6"), "!");
	ATF_CHECK_STREQ(REQUEST("\4\10[\ai\6\"\x0fshare_unix"), "!");
}

ATF_TC_WITHOUT_HEAD(long_host);
ATF_TC_BODY(long_host, tc)
{
	char bytes[300] = "\4\10[\ti\6:\x0flisten_tcp\"\1";
	size_t at = 20;

	for (unsigned len = 254; len <= 256; len++) {
		size_t head = len < 256 ? 1 : 2;

		bytes[at - 2] = '"';
		bytes[at - 1] = (char)head;
		bytes[at] = (char)(len & 255);
		bytes[at + 1] = 1;
		memset(bytes + at + head, 'a', len);
		memcpy(bytes + at + head + len, "i\6", 2);
		(void)request(bytes, at + head + len + 2);
		ATF_CHECK_MSG(
		    (strncmp(request(bytes, at + head + len + 2), "0 aaa", 5) == 0) == (len < 256),
		    "%u: %s", len, request(bytes, at + head + len + 2));
	}
}

/* What is written is what Ruby writes, and reads back. */
ATF_TC_WITHOUT_HEAD(written);
ATF_TC_BODY(written, tc)
{
	/* JSON.generate([TOKEN, Base64.strict_encode64(Marshal.dump(...))]) */
	static const char tcp[] =
	    "[\"" TOKEN "\",\"BAhbCWkGOg9saXN0ZW5fdGNwSSIIOjoxBjoGRVRpVQ==\"]";
	struct socketmanager_request r = { SOCKETMANAGER_LISTEN_TCP, "::1", 80 };
	enum socketmanager_answer answer;
	struct socketmanager_frame frame;
	char room[SOCKETMANAGER_FRAME], text[SOCKETMANAGER_TEXT];
	struct buf b = buf_over(room, sizeof room);

	socketmanager_put_request(&b, TOKEN, 1, &r);
	ATF_CHECK_EQ(b.len, 4 + strlen(tcp));
	ATF_CHECK(memcmp(room, "\0\0\0", 3) == 0 && room[3] == (char)strlen(tcp));
	ATF_CHECK_STREQ(room + 4, tcp);
	for (r.method = SOCKETMANAGER_LISTEN_TCP; r.method < SOCKETMANAGER_UNKNOWN; r.method++) {
		struct socketmanager_request back;

		buf_clear(&b);
		socketmanager_put_request(&b, TOKEN, 4194304, &r);
		ATF_REQUIRE_EQ(socketmanager_take(room, b.len, TOKEN, &frame), SOCKETMANAGER_WHOLE);
		ATF_REQUIRE_EQ(frame.used, b.len);
		ATF_REQUIRE(socketmanager_request(frame.value, frame.len, &back));
		ATF_CHECK_EQ(back.method, r.method);
	}
	buf_clear(&b);
	socketmanager_put_nil(&b, TOKEN);
	ATF_CHECK_STREQ(room + 4, "[\"" TOKEN "\",\"BAgw\"]");
	ATF_REQUIRE_EQ(socketmanager_take(room, b.len, TOKEN, &frame), SOCKETMANAGER_WHOLE);
	ATF_CHECK(socketmanager_answer(frame.value, frame.len, &answer, text) &&
	    answer == SOCKETMANAGER_NIL);
	buf_clear(&b);
	socketmanager_put_key(&b, TOKEN, "localhost:80");
	ATF_REQUIRE_EQ(socketmanager_take(room, b.len, TOKEN, &frame), SOCKETMANAGER_WHOLE);
	ATF_CHECK_EQ(frame.len, 22);
	ATF_CHECK(memcmp(frame.value, "\4\10I\"\x11localhost:80\6:\6ET", 22) == 0);
	ATF_CHECK(socketmanager_answer(frame.value, frame.len, &answer, text) &&
	    answer == SOCKETMANAGER_KEY);
	ATF_CHECK_STREQ(text, "localhost:80");
}

ATF_TC_WITHOUT_HEAD(errors);
ATF_TC_BODY(errors, tc)
{
	/* Marshal.dump(Errno::EADDRINUSE.new("bind(2) for x")) */
	static const char in_use[] = "\4\10o:\x16"
				     "Errno::EADDRINUSE\b:\tmesgI\"+Address already in use - "
				     "bind(2) for x\6:\6ET:\abt0:\nerrnoig";
	/* as it comes when it was raised: with a backtrace */
	static const char raised[] = "\4\10o:\x16"
				     "Errno::EADDRINUSE\t:\tmesgI\"\x1f"
				     "Address already in use - "
				     "z\6:\6ET:\abt[\6I\"\x15-e:8:in `<main>'\6;\aT:\nerrnoig:\x11"
				     "bt_locations@\a";
	static const char socket_error[] = "\4\10o:\x10SocketError\7:\tmesgI\"\6x\6:\6ET:\abt0";
	static const char *const odd[] = { "\4\10", "\4\10i\6", "\4\10[\6i\6", "\4\10T", "" };
	enum socketmanager_answer answer;
	struct socketmanager_frame frame;
	char room[SOCKETMANAGER_FRAME], text[SOCKETMANAGER_TEXT];
	struct buf b = buf_over(room, sizeof room);

	socketmanager_put_error(
	    &b, TOKEN, "Errno::EADDRINUSE", "Address already in use - bind(2) for x", 98);
	ATF_REQUIRE_EQ(socketmanager_take(room, b.len, TOKEN, &frame), SOCKETMANAGER_WHOLE);
	ATF_CHECK_EQ(frame.len, sizeof in_use - 1);
	ATF_CHECK(memcmp(frame.value, in_use, sizeof in_use - 1) == 0);
	ATF_CHECK(socketmanager_answer(frame.value, frame.len, &answer, text) &&
	    answer == SOCKETMANAGER_ERROR);
	ATF_CHECK_STREQ(text, "Errno::EADDRINUSE: Address already in use - bind(2) for x");
	ATF_CHECK(socketmanager_answer(raised, sizeof raised - 1, &answer, text));
	ATF_CHECK_STREQ(text, "Errno::EADDRINUSE: Address already in use - z");

	buf_clear(&b);
	socketmanager_put_error(&b, TOKEN, "SocketError", "x", 0);
	ATF_REQUIRE_EQ(socketmanager_take(room, b.len, TOKEN, &frame), SOCKETMANAGER_WHOLE);
	ATF_CHECK_EQ(frame.len, sizeof socket_error - 1);
	ATF_CHECK(memcmp(frame.value, socket_error, sizeof socket_error - 1) == 0);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		ATF_CHECK(!socketmanager_answer(odd[i], strlen(odd[i]), &answer, text));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, base64);
	ATF_TP_ADD_TC(tp, marshal_numbers);
	ATF_TP_ADD_TC(tp, marshal_values);
	ATF_TP_ADD_TC(tp, frames);
	ATF_TP_ADD_TC(tp, requests);
	ATF_TP_ADD_TC(tp, long_host);
	ATF_TP_ADD_TC(tp, written);
	ATF_TP_ADD_TC(tp, errors);
	return atf_no_error();
}
