#ifndef SE_STARTER_SOCKETS_H
#define SE_STARTER_SOCKETS_H

#include "starter.h"

/* What --port and --path say, and the numbers that the server will know them by. */
void sockets_read(struct starter *);
/* All of --port and --path, read, and listening. */
void sockets_open(struct starter *);
/* Removes the unix sockets' files, those that are still ours. */
void sockets_remove(const struct starter *);

#endif
