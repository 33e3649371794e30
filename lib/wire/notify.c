#include "notify.h"

#include <string.h>

#include "../base/buf.h"
#include "../base/num.h"
#include "../base/text.h"

#define DAY_US (86400 * UINT64_C(1000000))

static ms
microseconds(const char *value)
{
	uint64_t us;

	if (!num_count(value, 1, UINT64_MAX, &us))
		return 0;
	return (ms)(((us < DAY_US ? us : DAY_US) + 999) / 1000);
}

/* Too long to be known, or with a NUL in it: "". */
static void
copy(char to[24], const char *from, size_t len)
{
	if (!buf_print_to(to, 24, "%.*s", (int)len, from) || strlen(to) != len)
		*to = '\0';
}

/* False: the line is not NAME=VALUE. */
static bool
take(const char *line, size_t len, struct notify *n)
{
	const char *v = text_find(line, '=', len);
	char name[24], value[24];
	bool one;

	if (!v || v == line)
		return false;
	copy(name, line, (size_t)(v++ - line));
	copy(value, v, (size_t)(line + len - v));
	one = strcmp(value, "1") == 0;
	switch (num_item(name, "READY|STOPPING|WATCHDOG|EXTEND_TIMEOUT_USEC|STATUS", '|')) {
	case 0:
		n->ready |= one;
		break;
	case 1:
		n->stopping |= one;
		break;
	case 2:
		n->watchdog |= one;
		n->trigger |= strcmp(value, "trigger") == 0;
		break;
	case 3:
		n->extend = microseconds(value);
		break;
	case 4:
		n->status = v;
		n->status_len = (size_t)(line + len - v);
		break;
	}
	return true;
}

bool
notify_parse(const char *bytes, size_t len, struct notify *n)
{
	bool any = false;

	*n = (struct notify){ 0 };
	while (len > 0) {
		const char *nl = text_find(bytes, '\n', len);
		size_t line = nl ? (size_t)(nl - bytes) : len;

		any |= take(bytes, line, n);
		line += nl != NULL;
		bytes += line;
		len -= line;
	}
	return any;
}
