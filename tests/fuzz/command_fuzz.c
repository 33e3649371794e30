#include <string.h>

#include "lib/base/buf.h"
#include "lib/wire/command.h"
#include "tests/unit/choice.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* What was understood, written again, is understood in the same way. */
int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const char *const formats[] = { "", " json", " prometheus" };
	char *line = malloc(size + 1), room[64];
	struct buf b = buf_over(room, sizeof room);
	struct command c, again;
	const char *why = NULL;

	MUST(line != NULL);
	memcpy(line, data, size);
	line[size] = '\0';
	if (!command_parse(line, &c, &why)) {
		MUST(why != NULL && *why);
		free(line);
		return 0;
	}
	MUST(strncmp(line, command_name(c.word), strlen(command_name(c.word))) == 0);
	MUST(c.count >= -COMMAND_SCALE_MAX && c.count <= COMMAND_SCALE_MAX);
	MUST(c.relative || c.count >= 0);
	MUST(c.word == COMMAND_SCALE || (c.count == 0 && !c.relative));
	MUST(c.word == COMMAND_STATUS || c.format == COMMAND_TABLE);
	buf_puts(&b, command_name(c.word));
	buf_puts(&b, formats[c.format]);
	if (c.word == COMMAND_SCALE)
		buf_printf(&b, c.relative && c.count >= 0 ? " +%d" : " %d", c.count);
	MUST(command_parse(room, &again, &why));
	MUST(again.word == c.word && again.format == c.format && again.count == c.count);
	MUST(again.relative == c.relative);
	free(line);
	return 0;
}
