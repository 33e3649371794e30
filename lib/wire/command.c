#include "command.h"

#include <stddef.h>
#include <string.h>

#include "../base/num.h"
#include "../base/text.h"

static const char names[][sizeof "IMMEDIATE_RESTART"] = {
	[COMMAND_GRACEFUL_STOP] = "GRACEFUL_STOP",
	[COMMAND_IMMEDIATE_STOP] = "IMMEDIATE_STOP",
	[COMMAND_GRACEFUL_RESTART] = "GRACEFUL_RESTART",
	[COMMAND_IMMEDIATE_RESTART] = "IMMEDIATE_RESTART",
	[COMMAND_RELOAD] = "RELOAD",
	[COMMAND_DETACH] = "DETACH",
	[COMMAND_DUMP] = "DUMP",
	[COMMAND_STATUS] = "STATUS",
	[COMMAND_SCALE] = "SCALE",
	[COMMAND_UPGRADE] = "UPGRADE",
};

const char *
command_name(enum command_word w)
{
	return names[w];
}

bool
command_format(const char *name, enum command_format *out)
{
	static const char *const formats[] = {
		[COMMAND_TABLE] = "", [COMMAND_JSON] = "json", [COMMAND_PROMETHEUS] = "prometheus"
	};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(name ? name : "", formats[i]) == 0) {
			*out = (enum command_format)i;
			return true;
		}
	return false;
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
	const char *argument = line + len;

	while (*argument == ' ')
		argument++;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strlen(names[i]) != len || memcmp(names[i], line, len) != 0)
			continue;
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
	*why = "unknown command";
	return false;
}
