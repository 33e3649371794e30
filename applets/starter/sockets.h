#ifndef SE_STARTER_SOCKETS_H
#define SE_STARTER_SOCKETS_H

#include "starter.h"

/* All of --port and --path, listening, with the numbers that the server will know them by. */
void sockets_open(struct starter *);
/* Removes the unix sockets' files, those that are still ours. */
void sockets_remove(const struct starter *);
/* "key=fd;key=fd", for SERVER_STARTER_PORT. */
void sockets_ports(const struct starter *, struct buf *);
/* Are they 3, 4, ... in their order, as LISTEN_FDS means it? */
bool sockets_in_row(const struct starter *);
/* "key:key", for LISTEN_FDNAMES; a colon in a key is a dash. */
void sockets_names(const struct starter *, struct buf *);

#endif
