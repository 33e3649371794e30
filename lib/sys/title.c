#include "title.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "call.h"
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

static size_t
size_of(char **strings, size_t *n)
{
	size_t bytes = sizeof *strings;

	for (*n = 0; strings[*n]; ++*n)
		bytes += sizeof *strings + strlen(strings[*n]) + 1;
	return bytes;
}

/* The same strings in a block of memory, vector in front. */
static char **
copy_to(char **block, char **strings, size_t n)
{
	char *text = (char *)(block + n + 1);

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(strings[i]) + 1;

		block[i] = memcpy(text, strings[i], len);
		text += len;
	}
	return block;
}

char **
title_init(char **argv)
{
	size_t nargs, nenv, args = size_of(argv, &nargs), env = size_of(environ, &nenv);
	char **new_argv;

	args += -args % sizeof *argv;
	if (nargs == 0 || !(new_argv = memory_get(args + env)))
		return argv; /* then the name stays as it is */
	title.start = argv[0];
	title.room = (size_t)(end_of(environ, end_of(argv, argv[0])) - argv[0]);
	environ = copy_to(new_argv + args / sizeof *argv, environ, nenv);
	return copy_to(new_argv, argv, nargs);
}

void
title_set(const char *name)
{
	size_t len = strlen(name);

	(void)call_prctl(PR_SET_NAME, (size_t)name); /* cannot fail: name is readable */
	if (title.room == 0)
		return;
	if (len >= title.room)
		len = title.room - 1;
	memcpy(title.start, name, len);
	memset(title.start + len, 0, title.room - len);
}
