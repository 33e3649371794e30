#include <stdlib.h>
#include <string.h>

#include "lib/base/ere.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#define PATTERN_MAX 1000
#define TEXT_MAX    1000

/*
 * Does the pattern match when it stands between these two? As it is expected, where it is not too
 * long so, nested too deeply or, written twice, has too many brackets.
 */
static void
check_same(const char *head, const char *pattern, const char *tail, const char *text, size_t len,
    bool expected)
{
	static char s[2 * PATTERN_MAX + 64];
	static struct ere e;

	MUST(strlen(head) + strlen(pattern) + strlen(tail) < sizeof s);
	(void)snprintf(s, sizeof s, "%s%s%s", head, pattern, tail);
	if (!ere_compile(&e, s))
		MUST(ere_search(&e, text, len) == expected);
}

static void
check_valid(const char *pattern, const struct ere *e, const char *text, size_t len)
{
	static char alternative[PATTERN_MAX + 8];
	bool is = ere_search(e, text, len);

	MUST(e->steps <= ERE_STEPS && e->sets <= ERE_SETS);
	check_same("(", pattern, ")", text, len, is);
	check_same("(", pattern, ")+", text, len, is);
	check_same("(", pattern, "){1,2}", text, len, is);
	check_same("(", pattern, ")*", text, len, true);
	check_same("(", pattern, ")|", text, len, true);
	check_same("(", pattern, "){0}", text, len, true);
	check_same("^.*(", pattern, ")", text, len, is);
	check_same("(", pattern, ").*$", text, len, is);
	check_same("$.|(", pattern, ")", text, len, is); /* what never matches changes nothing */
	(void)snprintf(alternative, sizeof alternative, ")|(%s)", pattern);
	check_same("(", pattern, alternative, text, len, is);
	if (!strpbrk(pattern, "^$")) { /* then a part that matches is enough */
		bool first = ere_search(e, text, len / 2);
		bool second = ere_search(e, text + len / 2, len - len / 2);

		MUST(is || (!first && !second));
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const unsigned char *end = size ? memchr(data, '\0', size) : NULL;
	size_t pattern_len = end ? (size_t)(end - data) : size;
	size_t len = end ? size - pattern_len - 1 : 0;
	char *pattern, *text;
	struct ere e, again;
	const char *error;

	if (pattern_len > PATTERN_MAX || len > TEXT_MAX)
		return 0;
	pattern = malloc(pattern_len + 1);
	text = malloc(len ? len : 1); /* no more than there is: a byte behind it is seen */
	MUST(pattern != NULL && text != NULL);
	if (pattern_len > 0)
		memcpy(pattern, data, pattern_len);
	pattern[pattern_len] = '\0';
	if (len > 0)
		memcpy(text, end + 1, len);
	memset(&e, 0x55, sizeof e);
	memset(&again, 0xaa, sizeof again);
	error = ere_compile(&e, pattern);
	MUST(error == ere_compile(&again, pattern));
	MUST(memcmp(&e, &again, sizeof e) == 0);
	if (error)
		MUST(*error && strlen(error) < 32);
	else
		check_valid(pattern, &e, text, len);
	free(pattern);
	free(text);
	return 0;
}
