#ifndef SE_COMPLETION_H
#define SE_COMPLETION_H

#include "applet.h"

/*
 * What a shell, "bash" or "zsh", reads to complete the applets' options, values and operands: made
 * of their option tables. False: there is no such shell.
 */
bool completion_put(const char *shell, const struct applet *const *, size_t count, struct buf *);

#endif
