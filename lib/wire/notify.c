#include "notify.h"

#include <string.h>

#include "../base/num.h"
#include "../base/text.h"

static bool
equals(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

#define DAY_US (86400 * UINT64_C(1000000))

static ms
microseconds(const char *value, size_t len)
{
	char text[24];
	uint64_t us;

	if (len >= sizeof text)
		return 0;
	memcpy(text, value, len);
	text[len] = '\0';
	if (!num_count(text, 1, UINT64_MAX, &us))
		return 0;
	return (ms)(((us < DAY_US ? us : DAY_US) + 999) / 1000);
}

/* False: the line is not NAME=VALUE. */
static bool
take(const char *line, size_t len, struct notify *n)
{
	const char *v = text_find(line, '=', len);
	size_t name = v ? (size_t)(v - line) : 0, vl;
	bool one;

	if (name == 0)
		return false;
	v++;
	vl = len - name - 1;
	one = equals(v, vl, "1");
	if (equals(line, name, "READY")) {
		n->ready |= one;
	} else if (equals(line, name, "STOPPING")) {
		n->stopping |= one;
	} else if (equals(line, name, "WATCHDOG")) {
		n->watchdog |= one;
		n->trigger |= equals(v, vl, "trigger");
	} else if (equals(line, name, "EXTEND_TIMEOUT_USEC")) {
		n->extend = microseconds(v, vl);
	} else if (equals(line, name, "STATUS")) {
		n->status = v;
		n->status_len = vl;
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
