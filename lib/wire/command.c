#include "command.h"

#include <stddef.h>

#include "../base/buf.h"
#include "../base/num.h"
#include "../base/text.h"

/* In the order of enum command_word. */
static const char names[] = "GRACEFUL_STOP\0IMMEDIATE_STOP\0GRACEFUL_RESTART\0IMMEDIATE_RESTART\0"
			    "RELOAD\0DETACH\0DUMP\0STATUS\0SCALE\0UPGRADE\0";

const char *
command_name(enum command_word w)
{
	return text_item(names, w);
}

bool
command_format(const char *name, enum command_format *out)
{
	int i = num_item(name ? name : "", "|json|prometheus", '|');

	if (i >= 0)
		*out = (enum command_format)i;
	return i >= 0;
}

static bool
scale(const char *s, struct command *c)
{
	int sign = *s == '-' ? -1 : 1;
	uint64_t n;

	c->relative = *s == '-' || *s == '+';
	if (!num_count(s + c->relative, 0, COMMAND_SCALE_MAX, &n))
		return false;
	c->count = sign * (int)n;
	return true;
}

bool
command_parse(const char *line, struct command *c, const char **why)
{
	size_t len = text_span(line, " ");
	const char *argument = text_skip(line + len, " ");
	char word[sizeof "IMMEDIATE_RESTART"];
	int i = buf_print_to(word, sizeof word, "%.*s", (int)len, line)
	    ? num_item(word, names, '\0')
	    : -1;

	*why = "unknown command";
	if (i < 0)
		return false;
	*c = (struct command){ .word = (enum command_word)i };
	if (c->word == COMMAND_STATUS) {
		*why = "STATUS takes json, prometheus or nothing";
		return command_format(argument, &c->format);
	}
	if (c->word == COMMAND_SCALE) {
		*why = "SCALE takes a count from 0 to 10000, or +n or -n";
		return scale(argument, c);
	}
	*why = "this command takes nothing behind it";
	return *argument == '\0';
}
