#include "notify.h"

#include <string.h>

#include "../base/num.h"

/* Is the line NAME=VALUE with this name? The value is what follows. */
static bool
is(const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || memcmp(line, name, n) != 0 || line[n] != '=')
		return false;
	*value = line + n + 1;
	*value_len = len - n - 1;
	return true;
}

static bool
equals(const char *value, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(value, word, len) == 0;
}

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
	return us / 1000 >= 86400 * MS_SECOND ? 86400 * MS_SECOND : (ms)((us + 999) / 1000);
}

static void
take(const char *line, size_t len, struct notify *n)
{
	const char *v;
	size_t vl;

	if (is(line, len, "READY", &v, &vl)) {
		n->ready |= equals(v, vl, "1");
	} else if (is(line, len, "STOPPING", &v, &vl)) {
		n->stopping |= equals(v, vl, "1");
	} else if (is(line, len, "WATCHDOG", &v, &vl)) {
		n->watchdog |= equals(v, vl, "1");
		n->trigger |= equals(v, vl, "trigger");
	} else if (is(line, len, "EXTEND_TIMEOUT_USEC", &v, &vl)) {
		n->extend = microseconds(v, vl);
	} else if (is(line, len, "STATUS", &v, &vl)) {
		n->status = v;
		n->status_len = vl;
	}
}

bool
notify_parse(const char *bytes, size_t len, struct notify *n)
{
	bool any = false;

	*n = (struct notify){ 0 };
	while (len > 0) {
		const char *nl = memchr(bytes, '\n', len);
		size_t line = nl ? (size_t)(nl - bytes) : len;
		const char *eq = memchr(bytes, '=', line);

		any |= eq && eq > bytes;
		take(bytes, line, n);
		line += nl != NULL;
		bytes += line;
		len -= line;
	}
	return any;
}
