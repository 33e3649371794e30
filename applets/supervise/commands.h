#ifndef SE_SUPERVISE_COMMANDS_H
#define SE_SUPERVISE_COMMANDS_H

#include "supervise.h"

/*
 * command_sender: pipe. Commands come to us as lines on stdin, as on the control socket but without
 * answers, and go to workers as lines on theirs, both in ServerEngine's words.
 */

/* Listens to stdin; one that cannot be waited for, such as a file, says nothing. */
void commands_open(struct supervise *);
void commands_on_stdin(struct supervise *);
/* The end of a pipe that worker i reads its commands from; -1: errno. */
int commands_pipe(struct supervise *, unsigned i);
/* The process in slot i is gone, or never came. */
void commands_close(struct supervise *, unsigned i);
/*
 * Says it to worker i. False: there is no pipe, it is full, or nobody reads it: a signal has to do.
 */
bool commands_say(struct supervise *, unsigned i, enum command_word);

#endif
