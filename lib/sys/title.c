#include "title.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "memory.h"

extern char **environ;

static struct {
	char *start;
	size_t room;
} title;

/* The strings of argv and environ lie one behind the other; how far do they? */
static char *
end_of(char **strings, char *end)
{
	for (; *strings; strings++)
		if (*strings == end)
			end = *strings + strlen(*strings) + 1;
	return end;
}

void
title_init(int argc, char **argv)
{
	size_t n = 0, bytes = 0;
	char **copy, *text, *end;

	if (argc < 1)
		return;
	for (; environ[n]; n++)
		bytes += strlen(environ[n]) + 1;
	end = end_of(argv, argv[0]);
	title.start = argv[0];
	title.room = (size_t)(end - argv[0]);
	if (!(copy = memory_get((n + 1) * sizeof *copy + bytes)))
		return; /* then there is less room: only argv's */
	title.room = (size_t)(end_of(environ, end) - argv[0]);
	text = (char *)(copy + n + 1);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(environ[i]) + 1;

		copy[i] = memcpy(text, environ[i], len);
		text += len;
	}
	environ = copy;
}

void
title_set(const char *name)
{
	size_t len = strlen(name);

	(void)prctl(PR_SET_NAME, name); /* cannot fail: name is readable */
	if (title.room == 0)
		return;
	if (len >= title.room)
		len = title.room - 1;
	memcpy(title.start, name, len);
	memset(title.start + len, 0, title.room - len);
}
