#ifndef SE_COMPLETION_H
#define SE_COMPLETION_H

#include "applet.h"

/*
 * Prints what a shell, "bash" or "zsh", reads to complete the applets' options, values and
 * operands: made of their option tables. False: errno; EINVAL: there is no such shell.
 */
bool completion_print(const char *shell, const struct applet *const *, size_t count);

#endif
