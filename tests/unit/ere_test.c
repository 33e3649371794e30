#include "lib/base/ere.h"

#include <atf-c.h>
#include <regex.h>
#include <string.h>
#include <time.h>

#include "tests/unit/choice.h"

/* Each case: a pattern, what it matches and what it does not. */
struct example {
	const char *pattern, *yes[6], *no[6];
};

static bool
matches(const char *pattern, const char *text, size_t len)
{
	static struct ere e; /* whatever was in it before */
	const char *error;

	memset(&e, 0xa5, sizeof e);
	error = ere_compile(&e, pattern);
	if (error)
		atf_tc_fail("%s: %s", pattern, error);
	return ere_search(&e, text, len);
}

static void
check_examples(const struct example *x, size_t count)
{
	for (; count > 0; count--, x++) {
		for (size_t i = 0; i < 6 && x->yes[i]; i++)
			ATF_CHECK_MSG(matches(x->pattern, x->yes[i], strlen(x->yes[i])),
			    "%s does not match %s", x->pattern, x->yes[i]);
		for (size_t i = 0; i < 6 && x->no[i]; i++)
			ATF_CHECK_MSG(!matches(x->pattern, x->no[i], strlen(x->no[i])),
			    "%s matches %s", x->pattern, x->no[i]);
	}
}

#define CHECK_EXAMPLES(x) check_examples(x, sizeof(x) / sizeof *(x))

static const char *
error_of(const char *pattern)
{
	static struct ere e;
	const char *error = ere_compile(&e, pattern);

	return error ? error : "none";
}

/* A piece written so many times over. */
static const char *
times(const char *piece, size_t n)
{
	static char s[4096];
	size_t len = strlen(piece);

	ATF_REQUIRE(n * len < sizeof s);
	for (size_t i = 0; i < n; i++)
		memcpy(s + i * len, piece, len);
	s[n * len] = '\0';
	return s;
}

ATF_TC_WITHOUT_HEAD(bytes);
ATF_TC_BODY(bytes, tc)
{
	static const struct example x[] = {
		{ "error", { "error", "an error: x", "eerror", "erorerror" },
		    { "", "erro", "Error" } },
		{ "a.c", { "abc", "a.c", "a\nc", "xa\377c" }, { "ac", "abbc" } },
		{ ".", { "a", "\n" }, { "" } },
		{ "", { "", "a" }, { NULL } },
		{ "\303\251", { "caf\303\251" }, { "\303", "\251\303" } },
		{ "a}]b", { "a}]b" }, { "a}b" } },
	};

	CHECK_EXAMPLES(x);
}

ATF_TC_WITHOUT_HEAD(nul_and_newline_are_bytes);
ATF_TC_BODY(nul_and_newline_are_bytes, tc)
{
	ATF_CHECK(matches("a.b", "a\0b", 3));
	ATF_CHECK(matches("a[^x]b", "a\0b", 3));
	ATF_CHECK(matches("a[[:cntrl:]]b", "a\0b", 3));
	ATF_CHECK(matches("b$", "a\0b", 3));
	ATF_CHECK(!matches("^b", "a\0b", 3));
	ATF_CHECK(!matches("a$", "a\0b", 3));
	ATF_CHECK(!matches("ab", "a\0b", 3));
	ATF_CHECK(!matches("^b", "a\nb", 3));
	ATF_CHECK(!matches("a$", "a\nb", 3));
	ATF_CHECK(!matches("ab", "ab", 1)); /* what is behind the text is not looked at */
	ATF_CHECK(matches("a$", "ab", 1));
	ATF_CHECK(matches("^$", "ab", 0));
}

ATF_TC_WITHOUT_HEAD(anchors);
ATF_TC_BODY(anchors, tc)
{
	static const struct example x[] = {
		{ "^a", { "a", "ab" }, { "", "ba" } },
		{ "a$", { "a", "ba" }, { "", "ab" } },
		{ "^a$", { "a" }, { "aa", "", "ab", "ba" } },
		{ "^$", { "" }, { "a" } },
		{ "$^", { "" }, { "a" } },
		{ "^^a$$", { "a" }, { "aa" } },
		{ "a^b", { NULL }, { "ab", "a^b" } },
		{ "a$b", { NULL }, { "ab", "a$b" } },
		{ "(^a)b", { "abc" }, { "cab" } },
		{ "(^|,)a(,|$)", { "a", "b,a", "a,b", "b,a,b" }, { "ba", "ab", "b,ab" } },
		{ "x*^a", { "a" }, { "xa" } },
		{ "^", { "", "a" }, { NULL } },
		{ "$", { "", "a" }, { NULL } },
		{ "(^)*a", { "a", "ba" }, { "b" } },
		{ "(^a)*b", { "ab", "b", "cb", "aab" }, { "a" } },
		{ "(^a){2}", { NULL }, { "aa" } },
		{ "(a$)?b", { "b", "ab" }, { "a" } },
	};

	CHECK_EXAMPLES(x);
}

ATF_TC_WITHOUT_HEAD(repeats);
ATF_TC_BODY(repeats, tc)
{
	static const struct example x[] = {
		{ "^ab*c$", { "ac", "abc", "abbbc" }, { "a", "abb", "adc" } },
		{ "^ab+c$", { "abc", "abbbc" }, { "ac", "abb" } },
		{ "^ab?c$", { "ac", "abc" }, { "abbc" } },
		{ "^a{3}$", { "aaa" }, { "aa", "aaaa", "" } },
		{ "^a{2,}$", { "aa", "aaa", "aaaaaa" }, { "a", "" } },
		{ "^a{2,4}$", { "aa", "aaa", "aaaa" }, { "a", "aaaaa" } },
		{ "^a{0,2}$", { "", "a", "aa" }, { "aaa" } },
		{ "^a{0,}$", { "", "a", "aaaa" }, { "b" } },
		{ "^a{1,1}$", { "a" }, { "", "aa" } },
		{ "^ba{0}c$", { "bc" }, { "bac" } },
		{ "^ba{0,0}c$", { "bc" }, { "bac" } },
		{ "^(ab){2}$", { "abab" }, { "ab", "ababab", "abba" } },
		{ "^(a|bc){2,3}$", { "aa", "abc", "bcbca" }, { "a", "bc", "aaaa", "ac" } },
		{ "^(a*)*b$", { "b", "ab", "aaab" }, { "aaa" } },
		{ "^(a*)+b$", { "b", "ab", "aaab" }, { "aaa" } },
		{ "^(a+)?b$", { "b", "ab", "aaab" }, { "ba" } },
		{ "^(a?){3}$", { "", "a", "aaa" }, { "aaaa" } },
		{ "^(a{2}){3}$", { "aaaaaa" }, { "aaaa", "aaaaa", "aaaaaaa" } },
		{ "^((a|b)+,)*c$", { "c", "a,c", "ab,ba,c" }, { ",c", "a,", "abc" } },
		{ "^a**$", { "", "aa" }, { "b" } },
		{ "^a+?$", { "", "aa" }, { "b" } },
		{ "^a{2}{2}$", { "aaaa" }, { "aaa", "aaaaa" } },
		{ "^[ab]{2}$", { "ab", "bb" }, { "abc", "a" } },
		{ "^.{2}$", { "ab" }, { "a", "abc" } },
		{ "^\\+{2}$", { "++" }, { "+" } },
		{ "^(){3}a$", { "a" }, { "" } },
		{ "^()*()+()?a$", { "a" }, { "" } },
	};

	CHECK_EXAMPLES(x);
	ATF_CHECK(matches("^a{255}$", times("a", 255), 255));
	ATF_CHECK(!matches("^a{255}$", times("a", 254), 254));
	ATF_CHECK(!matches("^a{255}$", times("a", 256), 256));
	ATF_CHECK(matches("^a{0,255}$", times("a", 255), 255));
	ATF_CHECK(!matches("^a{0,255}$", times("a", 256), 256));
	ATF_CHECK(matches("^a{255,}$", times("a", 999), 999));
	ATF_CHECK(!matches("^a{255,}$", times("a", 254), 254));
}

ATF_TC_WITHOUT_HEAD(alternatives);
ATF_TC_BODY(alternatives, tc)
{
	static const struct example x[] = {
		{ "^(ab|cd|ef)$", { "ab", "cd", "ef" }, { "abcd", "ad", "" } },
		{ "ab|cd", { "abd", "xcd" }, { "ac", "ad" } },
		{ "^a|b$", { "ac", "cb" }, { "ca", "bc" } },
		{ "^(|a)b$", { "b", "ab" }, { "aab" } },
		{ "^(a|)b$", { "b", "ab" }, { "aab" } },
		{ "^(a||c)b$", { "b", "ab", "cb" }, { "acb" } },
		{ "|", { "", "a" }, { NULL } },
		{ "a|", { "", "b" }, { NULL } },
		{ "|a", { "", "b" }, { NULL } },
		{ "^()$", { "" }, { "a" } },
		{ "^(a(b|c(d|e))f)+$", { "abf", "acdf", "acefabf" }, { "acf", "abdf" } },
		{ "^(a|b)*c|d", { "ababc", "c", "xd" }, { "xc", "ab" } },
		{ "^(a|b|c|d|e)+$", { "edcba", "a", "e" }, { "f", "" } },
	};

	CHECK_EXAMPLES(x);
}

ATF_TC_WITHOUT_HEAD(brackets);
ATF_TC_BODY(brackets, tc)
{
	static const struct example x[] = {
		{ "^[abc]$", { "a", "b", "c" }, { "d", "", "ab" } },
		{ "^[a-c]$", { "a", "b", "c" }, { "d", "-" } },
		{ "^[^a-c]$", { "d", "-", "\377", "^", "\n" }, { "a", "b", "c", "" } },
		{ "^[]a]$", { "]", "a" }, { "b", "[" } },
		{ "^[^]a]$", { "b", "^" }, { "]", "a" } },
		{ "^[a-]$", { "a", "-" }, { "b" } },
		{ "^[-a]$", { "a", "-" }, { "b" } },
		{ "^[]-a]$", { "]", "^", "_", "`", "a" }, { "-", "\\", "b" } },
		{ "^[+--]$", { "+", ",", "-" }, { "*", "." } },
		{ "^[a^]$", { "a", "^" }, { "b" } },
		{ "^[\\n]$", { "\\", "n" }, { "\n" } },
		{ "^[.*$|(){}+?]+$", { ".", "*", "$|(){}+?" }, { "a" } },
		{ "^[[]$", { "[" }, { "]" } },
		{ "^[a[]$", { "[", "a" }, { "]" } },
		{ "^[\200-\377]$", { "\200", "\303", "\377" }, { "a", "\177" } },
		{ "^[0-9A-Fa-f]+$", { "09afAF" }, { "g", "G", ":" } },
		{ "^[[:alpha:]_][[:alnum:]_]*$", { "_x1", "a", "Z9" }, { "1a", "", "a-" } },
		{ "^[^[:space:][:digit:]]$", { "a", "-" }, { " ", "\t", "0", "9" } },
		{ "^[[:digit:]-]$", { "-", "5" }, { "a" } },
		{ "[0-9]{3}-[0-9]{4}", { "555-1234" }, { "55-1234", "555-123" } },
	};

	CHECK_EXAMPLES(x);
}

/* Byte by byte as the C locale's, and as their complements. */
ATF_TC_WITHOUT_HEAD(classes);
ATF_TC_BODY(classes, tc)
{
	static const char *const names[] = { "alpha", "digit", "alnum", "upper", "lower", "space",
		"blank", "punct", "print", "graph", "cntrl", "xdigit" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char in[32], out[32];
		regex_t libc;

		(void)snprintf(in, sizeof in, "^[[:%s:]]$", names[i]);
		(void)snprintf(out, sizeof out, "^[^[:%s:]]$", names[i]);
		ATF_REQUIRE_EQ(regcomp(&libc, in, REG_EXTENDED | REG_NOSUB), 0);
		for (int c = 0; c < 256; c++) {
			char text[2] = { (char)c };
			/* NUL ends the text for libc: it is in one class only */
			bool is = c ? regexec(&libc, text, 0, NULL, 0) == 0
				    : strcmp(names[i], "cntrl") == 0;

			ATF_CHECK_EQ_MSG(matches(in, text, 1), is, "%s: %d", in, c);
			ATF_CHECK_EQ_MSG(matches(out, text, 1), !is, "%s: %d", out, c);
		}
		regfree(&libc);
	}
}

ATF_TC_WITHOUT_HEAD(escapes);
ATF_TC_BODY(escapes, tc)
{
	static const char good[] = "!\"#$%&()*+,-./:;=?@[\\]^_{|}~";

	for (int c = 1; c < 256; c++) {
		char pattern[] = { '^', '\\', (char)c, '$', '\0' }, text[] = { (char)c };

		if (strchr(good, c)) {
			ATF_CHECK_MSG(matches(pattern, text, 1), "%s", pattern);
			ATF_CHECK_MSG(!matches(pattern, "\\", 1) || c == '\\', "%s", pattern);
		} else {
			ATF_CHECK_STREQ_MSG(error_of(pattern), "bad \\", "%s", pattern);
		}
	}
	ATF_CHECK_STREQ(error_of("(a)\\1"), "bad \\");
	ATF_CHECK_STREQ(error_of("\\"), "bad \\");
	ATF_CHECK_STREQ(error_of("a(b\\"), "bad \\");
}

ATF_TC_WITHOUT_HEAD(errors);
ATF_TC_BODY(errors, tc)
{
	static const struct {
		const char *error, *patterns[28];
	} cases[] = {
		{ "unmatched (", { "(", "a(b", "((a)", "(a|", "([)]" } },
		{ "unmatched )", { ")", "a)", "(a))", "a|)", "[(])" } },
		{ "unmatched [",
		    { "[", "[]", "[^]", "[^", "[a", "[]a", "[a-", "[[:alpha:]", "[[", "[a-b",
			"([a)", "[--" } },
		{ "unknown class",
		    { "[[:word:]]", "[[:alph:]]", "[[:alphaa:]]", "[[:alpha]]", "[[:alpha:",
			"[[::]]", "[[:", "[[.a.]]", "[[=a=]]", "[[:ALPHA:]]", "[a[:]" } },
		{ "bad range", { "[b-a]", "[z-a0-9]", "[a-[:digit:]]", "[\377-\200]" } },
		{ "nothing to repeat",
		    { "*", "+a", "?", "{2}", "{", "a|*", "(*a)", "(+)", "^*", "a$+", "a|{1}",
			"^?" } },
		{ "bad {}",
		    { "a{", "a{}", "a{,}", "a{,2}", "a{1", "a{1,", "a{1,2", "a{2,1}", "a{256}",
			"a{1,256}", "a{256,}", "a{x}", "a{1x}", "a{1,x}", "a{-1}", "a{ 1}", "a{1 }",
			"a{1,2,3}", "a{4294967297}", "a{99999999999999999999}", "a{1,4294967298}",
			"a{1;2}", "a{1,2)", "a{1]" } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (const char *const *s = cases[i].patterns; *s; s++)
			ATF_CHECK_STREQ_MSG(
			    error_of(*s), cases[i].error, "%s: %s", *s, error_of(*s));
}

ATF_TC_WITHOUT_HEAD(limits);
ATF_TC_BODY(limits, tc)
{
	char nested[2 * ERE_NESTED + 8];
	size_t n = ERE_NESTED;

	ATF_CHECK_STREQ(error_of(times("a", ERE_STEPS - 1)), "none");
	ATF_CHECK_STREQ(error_of(times("a", ERE_STEPS)), "too long");
	ATF_CHECK_STREQ(error_of(times("a|", ERE_STEPS / 3)), "none");
	ATF_CHECK_STREQ(error_of(times("a|", ERE_STEPS / 3 + 1)), "too long");
	ATF_CHECK_STREQ(error_of(times("a*", ERE_STEPS / 3)), "none");
	ATF_CHECK_STREQ(error_of(times("a*", ERE_STEPS / 3 + 1)), "too long");
	ATF_CHECK_STREQ(error_of(times("^", ERE_STEPS)), "too long");
	ATF_CHECK_STREQ(error_of("(a{31}){33}"), "none"); /* 1023 */
	ATF_CHECK_STREQ(error_of("(a{32}){32}"), "too long");
	ATF_CHECK_STREQ(error_of("(a{0,31}){0,16}b{15}"), "none"); /* 16 * 63 + 15 */
	ATF_CHECK_STREQ(error_of("(a{0,31}){0,16}b{16}"), "too long");
	ATF_CHECK_STREQ(error_of("((((a{255}){255}){255}){255}){255}"), "too long");
	ATF_CHECK_STREQ(error_of("((((a{255}){255}){255}){255}){0}"), "none");
	ATF_CHECK(matches("^((a{255}){255}|b){0}c$", "c", 1)); /* what is not there fits */
	ATF_CHECK_STREQ(error_of("(((((){255}){255}){255}){255}){255}"), "none");
	ATF_CHECK_STREQ(error_of("(((((){0,255}){0,255}){255}){255}){255}"), "too long");
	ATF_CHECK_STREQ(error_of(times("[a]", ERE_SETS)), "none");
	ATF_CHECK_STREQ(error_of(times("[a]", ERE_SETS + 1)), "too many []");
	ATF_CHECK_STREQ(error_of("[ab]{255}[cd]{255}"), "none"); /* a copy is no set of its own */
	memset(nested, '(', n);
	nested[n] = 'a';
	memset(nested + n + 1, ')', n);
	nested[2 * n + 1] = '\0';
	ATF_CHECK(matches(nested, "ba", 2));
	memset(nested, '(', n + 1);
	ATF_CHECK_STREQ(error_of(nested), "too many (");
	for (size_t i = 0; i < ERE_STEPS + 8; i++) /* whatever it is that does not fit */
		for (const char *const *s = (const char *const[]){ "(a|b)*", "(c{0,7})+", "[d]?",
			 "(e|)", "$", "()*", "f{2,}", NULL };
		     *s; s++) {
			static char pattern[2 * ERE_STEPS];

			(void)snprintf(pattern, sizeof pattern, "%s%s", times("x", i), *s);
			ATF_CHECK(!strcmp(error_of(pattern), "too long") || i < ERE_STEPS - 1);
		}
}

/* The last set, the first and last step: what the sizes must not cut. */
ATF_TC_WITHOUT_HEAD(matches_at_the_limits);
ATF_TC_BODY(matches_at_the_limits, tc)
{
	static char pattern[4096];
	size_t n = ERE_STEPS - 4;
	const char *longest = times("a", ERE_STEPS - 1);

	ATF_CHECK(matches(longest, longest, ERE_STEPS - 1));
	ATF_CHECK(!matches(longest, longest, ERE_STEPS - 2));
	(void)snprintf(pattern, sizeof pattern, "^(%s|b)", times("a", n - 2));
	ATF_CHECK(matches(pattern, "b", 1));
	ATF_CHECK(matches(pattern, times("a", n - 2), n - 2));
	ATF_CHECK(!matches(pattern, times("a", n - 3), n - 3));
	(void)snprintf(pattern, sizeof pattern, "^(%s)*$", times("a", n - 1));
	ATF_CHECK(matches(pattern, "", 0));
	ATF_CHECK(matches(pattern, times("a", 2 * (n - 1)), 2 * (n - 1)));
	ATF_CHECK(!matches(pattern, times("a", n), n));
	(void)snprintf(pattern, sizeof pattern, "%s[z]", times("[a]", ERE_SETS - 1));
	ATF_CHECK(matches(pattern, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz", ERE_SETS));
	ATF_CHECK(!matches(pattern, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ERE_SETS));
}

/* What takes others a time that is exponential, or the square of the text. */
ATF_TC_WITHOUT_HEAD(no_pattern_is_a_catastrophe);
ATF_TC_BODY(no_pattern_is_a_catastrophe, tc)
{
	static const char *const patterns[] = { "(a*)*b", "(a|a)*b", "(a|aa)+b", "(a+)+b",
		"((a*)*)*b", "a*a*a*a*a*a*a*a*b", "(.*.*)*=b", "(a?){255}b", "(a{0,15}){0,15}b$" };
	static char text[20000];
	clock_t start = clock();

	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		ATF_CHECK(!matches(patterns[i], text, sizeof text));
	ATF_CHECK(clock() - start < 60 * CLOCKS_PER_SEC);
}

/* ---- against the C library ---- */

/*
 * Known to differ, and kept away from:
 * - glibc loses anchors when it copies what + and {n,m} repeat ("(^a){2}" matches "aa"): it is
 *   given the copies, and in the soup no anchors together with these;
 * - glibc takes ^ and $ for those of lines at times, REG_NEWLINE or not: no newlines;
 * - what we refuse and it allows: see allowed_by_libc.
 */
struct pair {
	char ours[512], libc[8192];
	size_t ours_len, libc_len;
};

static void
append(char *to, size_t room, size_t *len, const char *from, size_t n)
{
	MUST(*len + n < room);
	memcpy(to + *len, from, n);
	*len += n;
	to[*len] = '\0';
}

#ifdef __GLIBC__
#define IS_GLIBC true
#else
#define IS_GLIBC false
#endif

static void
both(struct pair *p, const char *s)
{
	append(p->ours, sizeof p->ours, &p->ours_len, s, strlen(s));
	append(p->libc, sizeof p->libc, &p->libc_len, s, strlen(s));
}

/* Repeats what was written for libc from a place on. */
static void
repeat(struct choice *from, struct pair *p, size_t start)
{
	static const struct {
		const char *ours, *first, *last; /* behind the n first copies, and the last ones */
		unsigned copies, of_first;
	} repeats[] = {
		{ "*", "", "*", 1, 0 },
		{ "+", "", "*", 2, 1 },
		{ "?", "", "?", 1, 0 },
		{ "{1}", "", "", 1, 0 },
		{ "{2}", "", "", 2, 1 },
		{ "{0,1}", "", "?", 1, 0 },
		{ "{0,}", "", "*", 1, 0 },
		{ "{1,}", "", "*", 2, 1 },
		{ "{2,}", "", "*", 3, 2 },
		{ "{2,3}", "", "?", 3, 2 },
		{ "{1,3}", "", "?", 3, 1 },
		{ "{0,2}", "?", "?", 2, 1 },
		{ "{3}", "", "", 3, 2 },
	};
	char piece[sizeof p->libc];
	size_t len = p->libc_len - start;
	unsigned i = choose(from, sizeof repeats / sizeof *repeats);

	if (len > sizeof p->libc / 32) /* or copies of copies would not fit */
		i = 0;
	append(p->ours, sizeof p->ours, &p->ours_len, repeats[i].ours, strlen(repeats[i].ours));
	memcpy(piece, p->libc + start, len);
	p->libc_len = start;
	for (unsigned n = 0; n < repeats[i].copies; n++) {
		const char *sign = n < repeats[i].of_first ? repeats[i].first : repeats[i].last;

		append(p->libc, sizeof p->libc, &p->libc_len, piece, len);
		append(p->libc, sizeof p->libc, &p->libc_len, sign, strlen(sign));
	}
}

/* A pattern that is valid, with so many groups in each other at most. */
static void
make(struct choice *from, struct pair *p, unsigned depth)
{
	static const char *const atoms[] = { "a", "b", "a", "b", "c", ".", "[ab]", "[^a]", "[b-]",
		"[^b-c]", "[[:alpha:]]", "\\.", "\\$", "^", "$", "()" };

	for (unsigned pieces = choose(from, 4); pieces > 0; pieces--) {
		const char *atom = atoms[choose(from, sizeof atoms / sizeof *atoms)];
		size_t start = p->libc_len;

		if (chance(from, 8))
			atom = "|";
		if (depth > 0 && chance(from, 3)) {
			both(p, "(");
			make(from, p, depth - 1);
			both(p, ")");
		} else {
			both(p, atom);
			if (strchr("|^$", *atom))
				continue;
		}
		if (chance(from, 3))
			repeat(from, p, start);
	}
}

static void
compare(struct choice *from, const char *pattern, const struct ere *e, const regex_t *libc)
{
	for (unsigned i = 0; i < 10; i++) {
		char text[16];
		size_t len = choose(from, 1 + i);
		bool ours, theirs;

		for (size_t k = 0; k < len; k++)
			text[k] = "aabbc.$-"[choose(from, 8)];
		text[len] = '\0';
		ours = ere_search(e, text, len);
		theirs = regexec(libc, text, 0, NULL, 0) == 0;
		if (ours != theirs)
			atf_tc_fail("%s on %s: %d, not %d", pattern, text, ours, theirs);
	}
}

ATF_TC_WITHOUT_HEAD(valid_patterns_as_the_c_library);
ATF_TC_BODY(valid_patterns_as_the_c_library, tc)
{
	static struct pair p;
	static struct ere e;
	struct choice from = { .seed = 1 };

	if (!IS_GLIBC)
		atf_tc_skip("regexec(3) is not glibc's");
	for (walk.step = 0; walk.step < 40000; walk.step++) {
		const char *error;
		regex_t libc;

		p.ours_len = p.libc_len = 0;
		both(&p, "");
		make(&from, &p, 3);
		if ((error = ere_compile(&e, p.ours)) != NULL)
			atf_tc_fail("%s: %s", p.ours, error);
		MUST(regcomp(&libc, p.libc, REG_EXTENDED | REG_NOSUB) == 0);
		compare(&from, p.ours, &e, &libc);
		regfree(&libc);
	}
}

/* Is it one of those that POSIX leaves undefined? */
static bool
allowed_by_libc(const char *pattern, const char *error)
{
	if (strcmp(error, "unmatched )") == 0)
		return true; /* for itself */
	if (strcmp(error, "bad \\") == 0)
		return true; /* letters for themselves, or as GNU's \w; and references back */
	if (strcmp(error, "bad {}") == 0)
		return strchr(pattern, ',') != NULL; /* {,m}; even with a backslash in it */
	return false;
}

ATF_TC_WITHOUT_HEAD(any_patterns_as_the_c_library);
ATF_TC_BODY(any_patterns_as_the_c_library, tc)
{
	static const char soup[] = "aabbc()()|*+?.^$[]^-{}{1,2}\\:";
	static struct ere e;
	struct choice from = { .seed = 2 };
	unsigned valid = 0;

	if (!IS_GLIBC)
		atf_tc_skip("regexec(3) is not glibc's");
	for (walk.step = 0; walk.step < 300000; walk.step++) {
		size_t len = choose(&from, 10);
		const char *error;
		char pattern[16];
		regex_t libc;
		int refused;

		for (size_t i = 0; i < len; i++)
			pattern[i] = soup[choose(&from, sizeof soup - 1)];
		pattern[len] = '\0';
		error = ere_compile(&e, pattern);
		refused = regcomp(&libc, pattern, REG_EXTENDED | REG_NOSUB);
		if (!error && refused)
			atf_tc_fail("%s: only libc refuses it", pattern);
		if (error && !refused && !allowed_by_libc(pattern, error))
			atf_tc_fail("%s: only we refuse it: %s", pattern, error);
		if (!error && !(strpbrk(pattern, "+{") && strpbrk(pattern, "^$"))) {
			compare(&from, pattern, &e, &libc);
			valid++;
		}
		if (!refused)
			regfree(&libc);
	}
	ATF_CHECK_MSG(valid > 50000, "only %u", valid);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, bytes);
	ATF_TP_ADD_TC(tp, nul_and_newline_are_bytes);
	ATF_TP_ADD_TC(tp, anchors);
	ATF_TP_ADD_TC(tp, repeats);
	ATF_TP_ADD_TC(tp, alternatives);
	ATF_TP_ADD_TC(tp, brackets);
	ATF_TP_ADD_TC(tp, classes);
	ATF_TP_ADD_TC(tp, escapes);
	ATF_TP_ADD_TC(tp, errors);
	ATF_TP_ADD_TC(tp, limits);
	ATF_TP_ADD_TC(tp, matches_at_the_limits);
	ATF_TP_ADD_TC(tp, no_pattern_is_a_catastrophe);
	ATF_TP_ADD_TC(tp, valid_patterns_as_the_c_library);
	ATF_TP_ADD_TC(tp, any_patterns_as_the_c_library);
	return atf_no_error();
}
