#include "lib/wire/endpoint.h"

#include <atf-c.h>
#include <stdio.h>
#include <string.h>

static struct endpoint e;
static char key_room[ENDPOINT_HOST + 16];

static const char *
key(void)
{
	struct buf b = buf_over(key_room, sizeof key_room);

	endpoint_key(&e, &b);
	return key_room;
}

ATF_TC_WITHOUT_HEAD(ports);
ATF_TC_BODY(ports, tc)
{
	static const struct {
		const char *text, *key, *host;
		enum endpoint_kind kind;
		unsigned port;
		int fd;
		bool v6;
	} good[] = {
		{ "80", "80", "", ENDPOINT_TCP, 80, -1, false },
		{ " 80 ", "80", "", ENDPOINT_TCP, 80, -1, false },
		{ "u53", "53", "", ENDPOINT_UDP, 53, -1, false },
		{ "80=5", "80", "", ENDPOINT_TCP, 80, 5, false },
		{ "80 = 0 ", "80", "", ENDPOINT_TCP, 80, 0, false },
		{ "0", "0", "", ENDPOINT_TCP, 0, -1, false },
		{ "65535", "65535", "", ENDPOINT_TCP, 65535, -1, false },
		{ "127.0.0.1:80", "127.0.0.1:80", "127.0.0.1", ENDPOINT_TCP, 80, -1, false },
		{ "localhost:u80=7", "localhost:80", "localhost", ENDPOINT_UDP, 80, 7, false },
		{ " localhost : 80", "localhost:80", "localhost", ENDPOINT_TCP, 80, -1, false },
		{ "[::1]:80", "[::1]:80", "::1", ENDPOINT_TCP, 80, -1, true },
		{ "::1:80", "[::1]:80", "::1", ENDPOINT_TCP, 80, -1, true },
		{ "[ ::1 ] : u80 = 9", "[::1]:80", "::1", ENDPOINT_UDP, 80, 9, true },
		{ "tcp://127.0.0.1:80", "127.0.0.1:80", "127.0.0.1", ENDPOINT_TCP, 80, -1, false },
		{ "tcp://0.0.0.0:80/?x=1", "0.0.0.0:80", "0.0.0.0", ENDPOINT_TCP, 80, -1, false },
		{ "udp://[::]:53", "[::]:53", "::", ENDPOINT_UDP, 53, -1, true },
		{ "unix:///run/x.sock?y", "/run/x.sock", "/run/x.sock", ENDPOINT_UNIX, 0, -1,
		    false },
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const char *why = endpoint_parse(good[i].text, &e);

		ATF_REQUIRE_MSG(!why, "%s: %s", good[i].text, why);
		ATF_CHECK_STREQ(key(), good[i].key);
		ATF_CHECK_STREQ(e.host, good[i].host);
		ATF_CHECK_MSG(e.kind == good[i].kind && e.port == good[i].port &&
			e.fd == good[i].fd && e.v6 == good[i].v6,
		    "%s: %d %u %d", good[i].text, (int)e.kind, e.port, e.fd);
	}
}

ATF_TC_WITHOUT_HEAD(no_ports);
ATF_TC_BODY(no_ports, tc)
{
	static const char *const bad[] = { "", " ", "x", "80x", "-1", "65536", "u", "uu80",
		"80=", "80=x", "80=1024", "80=-1", ":80", "[]:80", "[::1:80", "[]", "[",
		"localhost:", "localhost:http", "8 0", "http://127.0.0.1:80", "tcp://", "tcp://x",
		"unix://", "unix:///a;b", "=5", "://", "80:=3", "a b:80", "a\nb:80", "a;b:80" };
	char deep[2000];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ATF_CHECK_MSG(endpoint_parse(bad[i], &e) != NULL, "%s", bad[i]);
	memset(deep, 'a', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	ATF_CHECK(endpoint_parse(deep, &e) != NULL);
	memcpy(deep + 300, ":80", 4);
	ATF_CHECK(endpoint_parse(deep, &e) != NULL);
	memcpy(deep + 255, ":80", 4);
	ATF_CHECK(endpoint_parse(deep, &e) == NULL);
}

ATF_TC_WITHOUT_HEAD(paths);
ATF_TC_BODY(paths, tc)
{
	char deep[200];

	ATF_CHECK(!endpoint_path("/run/x", &e) && e.kind == ENDPOINT_UNIX);
	ATF_CHECK_STREQ(key(), "/run/x");
	ATF_CHECK(!endpoint_path("x:80", &e)); /* a file's name, not a host */
	ATF_CHECK_STREQ(key(), "x:80");
	ATF_CHECK(!endpoint_path("@x", &e));
	ATF_CHECK(endpoint_path("", &e) && endpoint_path("@", &e) && endpoint_path("a;b", &e) &&
	    endpoint_path("a\nb", &e));
	memset(deep, 'a', sizeof deep);
	deep[107] = '\0';
	ATF_CHECK(!endpoint_path(deep, &e));
	deep[107] = 'a';
	deep[108] = '\0';
	ATF_CHECK(endpoint_path(deep, &e) != NULL);
	deep[0] = '@';
	ATF_CHECK(!endpoint_path(deep, &e)); /* it needs no NUL */
	deep[108] = 'a';
	deep[109] = '\0';
	ATF_CHECK(endpoint_path(deep, &e) != NULL);
}

static const char *
listed(void (*list)(const struct endpoint[], unsigned, struct buf *), const struct endpoint *all,
    unsigned n)
{
	static char room[256];
	struct buf b = buf_over(room, sizeof room);

	list(all, n, &b);
	return room;
}

ATF_TC_WITHOUT_HEAD(numbers);
ATF_TC_BODY(numbers, tc)
{
	static const char *const asked[] = { "80", "8080=4", "[::1]:81", "90=0" };
	struct endpoint all[5];

	for (unsigned i = 0; i < 4; i++)
		ATF_REQUIRE(!endpoint_parse(asked[i], &all[i]));
	ATF_CHECK(endpoint_taken(all, 4, 4) && endpoint_taken(all, 4, 0) &&
	    endpoint_taken(all, 0, 1) && endpoint_taken(all, 0, 2) && !endpoint_taken(all, 4, 3));
	ATF_CHECK_EQ(endpoint_number(all, 4), 6);
	ATF_CHECK_STREQ(listed(endpoint_ports, all, 4), "80=3;8080=4;[::1]:81=5;90=0");
	ATF_CHECK(!endpoint_in_row(all, 4) && endpoint_in_row(all, 3));
	ATF_CHECK_EQ(endpoint_number(all, 3), 6); /* and it stays so */
	ATF_REQUIRE(!endpoint_path("/run/a:b", &all[3]));
	ATF_CHECK_EQ(endpoint_number(all, 4), 7);
	ATF_CHECK_STREQ(listed(endpoint_names, all, 4), "80:8080:[--1]-81:/run/a-b");
	ATF_CHECK_EQ(endpoint_number(all, 0), ENDPOINT_FIRST);
	ATF_CHECK(!endpoint_in_row(all, 0));
	ATF_CHECK_STREQ(listed(endpoint_ports, all, 0), "");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, ports);
	ATF_TP_ADD_TC(tp, no_ports);
	ATF_TP_ADD_TC(tp, paths);
	ATF_TP_ADD_TC(tp, numbers);
	return atf_no_error();
}
