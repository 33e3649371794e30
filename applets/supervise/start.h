#ifndef SE_SUPERVISE_START_H
#define SE_SUPERVISE_START_H

#include "supervise.h"

/*
 * From the configuration to everything being ready for the first worker: identity, pid file,
 * control socket, signals, log. Whatever fails here ends the program with one line on stderr; no
 * worker exists yet.
 */
void start_up(struct supervise *, const struct config *, int argc, char **argv);
/* The parts of it that whoever goes on from another version needs too: see resume.h. */
void start_init(struct supervise *, const struct config *, int argc, char **argv);
/* The signals that we heed, for loop_open: how many. */
#define START_SIGNALS (CONFIG_SIGNALS + 3)
size_t start_signals(const struct supervise *, int to[START_SIGNALS]);
/* "se-supervise: what: object: reason", and the end. */
_Noreturn __attribute__((format(printf, 2, 3))) void start_die(int status, const char *format, ...);

#define EXIT_USAGE 2

#endif
