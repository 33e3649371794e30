#ifndef SE_WIRE_COMMAND_H
#define SE_WIRE_COMMAND_H

#include <stdbool.h>

/*
 * The words of the control socket, a line each: ServerEngine's command pipe (GRACEFUL_STOP and so
 * on), and ours. Every line is answered by "OK" or "ERR reason"; after STATUS's OK come the lines
 * of the status and a line with a single dot.
 */
enum command_word {
	COMMAND_GRACEFUL_STOP,
	COMMAND_IMMEDIATE_STOP,
	COMMAND_GRACEFUL_RESTART,
	COMMAND_IMMEDIATE_RESTART,
	COMMAND_RELOAD,
	COMMAND_DETACH,
	COMMAND_DUMP,
	COMMAND_STATUS,
	COMMAND_SCALE,
	COMMAND_UPGRADE,
};

enum command_format { COMMAND_TABLE, COMMAND_JSON, COMMAND_PROMETHEUS };

struct command {
	enum command_word word;
	enum command_format format; /* STATUS [json|prometheus] */
	bool relative;              /* SCALE +n or -n */
	int count;                  /* SCALE n */
};

#define COMMAND_SCALE_MAX 10000

/* Reads a line without its newline; false: *why says what is wrong with it. */
bool command_parse(const char *line, struct command *, const char **why);
/* "GRACEFUL_STOP" for COMMAND_GRACEFUL_STOP. */
const char *command_name(enum command_word);
/* "json" to COMMAND_JSON; NULL and "" are the table. False: no such format. */
bool command_format(const char *name, enum command_format *);

#endif
