#ifndef SE_SUPERVISE_MANAGER_H
#define SE_SUPERVISE_MANAGER_H

#include "../../lib/wire/carry.h"
#include "supervise.h"

/*
 * The socket manager: workers ask it for listening sockets, which it opens once and keeps, so that
 * they are there whoever is replaced. It speaks as ServerEngine's SocketManager::Server. So many
 * clients are served at once; others wait to be accepted until one is done. A client has so long
 * for a whole request and for taking the answer.
 */
#define MANAGER_CLIENTS  64
#define MANAGER_PATIENCE (10 * MS_SECOND)

/* What workers are told of it by; a server has it from its supervisor, whose the manager is then.
 */
#define MANAGER_ENVS "SERVERENGINE_SOCKETMANAGER_PATH\0SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN\0"

/*
 * Listens where socket_manager says, if it does, for workers' user; uid and gid are whom we become.
 * False: why holds "socket_manager: path: reason".
 */
bool manager_open(struct supervise *, uid_t uid, gid_t gid, struct buf *why);
/* The workers' user may have become another. */
void manager_own(struct supervise *);
/* No more connections; the file is gone, unless the socket was given to another server. */
void manager_close(struct supervise *);
/* It, its sockets and clients, to the state and from it. */
void manager_carry(struct carry *, struct supervise *);
/* Something on the listening socket. */
void manager_on_connection(struct supervise *);
/* Something on client i. */
void manager_on_client(struct supervise *, unsigned i);
/* The clock. */
void manager_tick(struct supervise *);

#endif
