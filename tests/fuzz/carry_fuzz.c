#include <stdlib.h>
#include <string.h>

#include "lib/wire/carry.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct thing {
	bool flag;
	unsigned char small;
	int fd;
	long long when;
	char name[8];
	size_t len;
	char bytes[6];
};

static void
carry(struct carry *c, struct thing *t, unsigned *n, const char **text, size_t *len)
{
	static const struct carry_field fields[] = {
		CARRY_A_FLAG(struct thing, flag),
		CARRY_UP_TO(struct thing, small, 9),
		CARRY_AN_FD(struct thing, fd),
		CARRY_A_NUMBER(struct thing, when),
		CARRY_A_TEXT(struct thing, name),
		CARRY_UP_TO(struct thing, len, 6),
		CARRY_SOME(struct thing, bytes),
	};

	CARRY_LINE(c, "thing", fields, t);
	carry_number(c, "n", n, 3);
	carry_long(c, "text", text, len);
}

/* What is understood stays within its bounds, and is understood again when it is written. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *copy = malloc(size + 1), *room = malloc(size + 512);
	struct buf b = buf_over(room, size + 512);
	struct thing t = { .fd = -1 }, again = { .fd = -1 };
	const char *text = "", *back = "";
	size_t len = 0, got = 0;
	unsigned n = 0, m = 0;
	struct carry c;

	memcpy(copy, data, size);
	carry_read(&c, copy, size);
	carry(&c, &t, &n, &text, &len);
	MUST(n <= 3 && (c.wrong || len == 0 || (text >= copy && text + len <= copy + size)));
	if (carry_whole(&c)) {
		MUST(t.small <= 9 && t.len <= 6 && memchr(t.name, '\0', sizeof t.name));
		carry_write(&c, &b, NULL);
		carry(&c, &t, &n, &text, &len);
		MUST(!b.cut);
		carry_read(&c, room, b.len);
		carry(&c, &again, &m, &back, &got);
		MUST(carry_whole(&c) && m == n && got == len && memcmp(back, text, len) == 0);
		MUST(again.flag == t.flag && again.small == t.small && again.fd == t.fd &&
		    again.when == t.when && strcmp(again.name, t.name) == 0 && again.len == t.len &&
		    memcmp(again.bytes, t.bytes, t.len) == 0);
	}
	free(copy);
	free(room);
	return 0;
}
