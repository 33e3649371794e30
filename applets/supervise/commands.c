#include "commands.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"

void
commands_open(struct supervise *s)
{
	if (s->boot->command_sender && !s->line.closed &&
	    loop_watch(STDIN_FILENO, TAG(TAG_STDIN, 0), false) < 0)
		log_say(s, LOGLINE_INFO, "command_sender: no commands come from stdin: %s",
		    call_reason());
}

/* One line, without its newline. */
static void
take(struct supervise *s, const char *line)
{
	struct command c;
	const char *why = "the status is for the control socket";

	if (command_parse(line, &c, &why) && c.word != COMMAND_STATUS) {
		(void)supervise_command(s, &c, "stdin"); /* a refusal has been logged */
		return;
	}
	log_say(s, LOGLINE_WARN, "Command on stdin not understood: %s", why);
}

void
commands_on_stdin(struct supervise *s)
{
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	struct command_line *l = &s->line;
	struct buf b = { .base = l->text, .len = l->len, .room = sizeof l->text };
	char *end;
	ssize_t n;

	/* it may be shared, and stays blocking */
	if (poll(&ready, 1, 0) <= 0)
		return;
	n = read(STDIN_FILENO, l->text + b.len, sizeof l->text - b.len);
	if (n < 0 && call_again())
		return;
	if (n <= 0) {
		loop_forget(STDIN_FILENO, TAG(TAG_STDIN, 0));
		l->closed = true;
		log_say(s, LOGLINE_INFO, "No more commands come from stdin: it is closed");
		return;
	}
	b.len += (size_t)n;
	while ((end = text_find(b.base, '\n', b.len)) != NULL) {
		*end = '\0';
		if (!l->cut)
			take(s, b.base);
		l->cut = false;
		buf_drop(&b, (size_t)(end - b.base) + 1);
	}
	if (b.len == sizeof l->text) { /* no command is so long: passed over up to its newline */
		if (!l->cut)
			log_say(s, LOGLINE_WARN,
			    "Command on stdin not understood: the line is too long");
		l->cut = true;
		b.len = 0;
	}
	l->len = b.len;
}

int
commands_pipe(struct supervise *s, unsigned i)
{
	int p[2];

	if (call_pipe(p, O_CLOEXEC) < 0)
		return -1;
	(void)call_fcntl(p[1], F_SETFL, O_NONBLOCK); /* a pipe's end: cannot fail */
	s->slot[i].command_fd = p[1];
	return p[0];
}

void
commands_close(struct supervise *s, unsigned i)
{
	call_close(s->slot[i].command_fd);
	s->slot[i].command_fd = -1;
}

bool
commands_say(struct supervise *s, unsigned i, enum command_word word)
{
	char line[32];

	(void)buf_print_to(line, sizeof line, "%s\n", command_name(word)); /* fits */
	return s->slot[i].command_fd >= 0 &&
	    write(s->slot[i].command_fd, line, strlen(line)) == (ssize_t)strlen(line);
}
