#include "lib/wire/cidr.h"

#include <arpa/inet.h>
#include <atf-c.h>
#include <linux/filter.h>
#include <string.h>

static struct cidr c;

ATF_TC_WITHOUT_HEAD(networks);
ATF_TC_BODY(networks, tc)
{
	static const struct {
		const char *text;
		bool v6;
		unsigned bits;
		unsigned char first, last; /* of the address */
	} good[] = {
		{ "10.0.0.0/8", false, 8, 10, 0 },
		{ "192.168.1.7", false, 32, 192, 7 },
		{ "192.168.1.7/32", false, 32, 192, 7 },
		{ "0.0.0.0/0", false, 0, 0, 0 },
		{ "255.255.255.255", false, 32, 255, 255 },
		{ "10.128.0.0/9", false, 9, 10, 0 },
		{ "::1", true, 128, 0, 1 },
		{ "::/0", true, 0, 0, 0 },
		{ "fe80::/10", true, 10, 0xfe, 0 },
		{ "2001:db8::/32", true, 32, 0x20, 0 },
		{ "FD00:1:2:3:4:5:6:7", true, 128, 0xfd, 7 },
	};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const char *why = cidr_parse(good[i].text, &c);

		ATF_REQUIRE_MSG(!why, "%s: %s", good[i].text, why);
		ATF_CHECK_MSG(c.v6 == good[i].v6 && c.bits == good[i].bits &&
			c.address[0] == good[i].first && c.address[c.v6 ? 15 : 3] == good[i].last,
		    "%s", good[i].text);
	}
}

ATF_TC_WITHOUT_HEAD(no_networks);
ATF_TC_BODY(no_networks, tc)
{
	static const char *const bad[] = { "", "/", "/8", "10", "10.0.0", "10.0.0.0/",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0 /8", "256.0.0.0",
		"1.2.3.4.5", "10.0.0.1/8", "10.128.0.0/8", "010.0.0.0/8", "localhost", "::1/129",
		"::1/127", ":::", "1:2:3", "1:2:3:4:5:6:7:8:9", "g::", "[::1]", "::1%lo",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ATF_CHECK_MSG(cidr_parse(bad[i], &c) != NULL, "%s", bad[i]);
}

static struct cidr_instruction program[CIDR_FILTER(8)];
static unsigned length;

static void
compile(bool v6, const char *const *networks, unsigned n)
{
	struct cidr list[8];

	for (unsigned i = 0; i < n; i++)
		ATF_REQUIRE(!cidr_parse(networks[i], &list[i]));
	length = cidr_filter(list, n, v6, program);
	ATF_REQUIRE(length <= CIDR_FILTER(n));
}

/* What the kernel would do with a packet from there: the few instructions that there are. */
static bool
passes(const char *from)
{
	unsigned char packet[40] = { 0 };
	unsigned a = 0, at;

	if (inet_pton(AF_INET6, from, packet + 8) != 1)
		ATF_REQUIRE_EQ(inet_pton(AF_INET, from, packet + 12), 1);
	for (unsigned i = 0; i < length; i++)
		switch (program[i].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			at = program[i].value - (unsigned)SKF_NET_OFF;
			ATF_REQUIRE(at + 4 <= sizeof packet);
			memcpy(&a, packet + at, 4);
			a = ntohl(a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= program[i].value;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += a == program[i].value ? program[i].yes : program[i].no;
			break;
		case BPF_RET | BPF_K:
			return program[i].value > 0;
		default:
			atf_tc_fail("instruction %u: code %x", i, program[i].code);
		}
	atf_tc_fail("no end");
}

ATF_TC_WITHOUT_HEAD(only_those_pass);
ATF_TC_BODY(only_those_pass, tc)
{
	static const char *const networks[] = { "10.0.0.0/8", "192.168.1.7", "172.16.0.0/12", "::1",
		"fe80::/10", "2001:db8:0:1::/64", "2001:db8:ff00::/41" };
	static const char *const v4[] = { "10.0.0.0", "10.255.255.255", "192.168.1.7",
		"172.31.9.9" };
	static const char *const not4[] = { "11.0.0.0", "9.255.255.255", "192.168.1.6",
		"172.32.0.0", "0.0.0.0", "127.0.0.1" };
	static const char *const v6[] = { "::1", "fe80::1",
		"febf::", "2001:db8:0:1:ffff::", "2001:db8:ff7f::1" };
	static const char *const not6[] = { "::2",
		"::", "fec0::", "2001:db8:0:2::", "2001:db8:ff80::", "::ffff:10.0.0.1" };

	compile(false, networks, 7);
	for (size_t i = 0; i < 4; i++)
		ATF_CHECK_MSG(passes(v4[i]), "%s", v4[i]);
	for (size_t i = 0; i < 6; i++)
		ATF_CHECK_MSG(!passes(not4[i]), "%s", not4[i]);
	compile(true, networks, 7);
	for (size_t i = 0; i < 5; i++)
		ATF_CHECK_MSG(passes(v6[i]), "%s", v6[i]);
	for (size_t i = 0; i < 6; i++)
		ATF_CHECK_MSG(!passes(not6[i]), "%s", not6[i]);
	/* none of that family: nobody passes; all: everybody */
	compile(true, networks, 3);
	ATF_CHECK(!passes("::1"));
	compile(false, (const char *const[]){ "0.0.0.0/0" }, 1);
	ATF_CHECK(passes("1.2.3.4"));
	compile(true, (const char *const[]){ "::/0" }, 1);
	ATF_CHECK(passes("::5"));
	ATF_CHECK_EQ(sizeof *program, sizeof(struct sock_filter));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, networks);
	ATF_TP_ADD_TC(tp, no_networks);
	ATF_TP_ADD_TC(tp, only_those_pass);
	return atf_no_error();
}
