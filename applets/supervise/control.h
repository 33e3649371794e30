#ifndef SE_SUPERVISE_CONTROL_H
#define SE_SUPERVISE_CONTROL_H

#include "../../lib/wire/carry.h"
#include "supervise.h"

/*
 * The control socket's end here. So many clients are served at once; one more takes the place of
 * the one that has been there longest. A client has so long for a whole line and for taking its
 * answer.
 */
#define CONTROL_CLIENTS  16
#define CONTROL_PATIENCE (10 * MS_SECOND)
#define CONTROL_LINE_MAX 256
#define CONTROL_UPGRADE  (15 * MS_SECOND) /* for an upgrade's answer: it is ERR then */

/* What an answer waits for. The numbers are those of the state: they stay. */
enum control_wait { CONTROL_NOTHING, CONTROL_UPGRADED, CONTROL_DUMPED };

/* Listens at control_path, owned by uid and gid. Why not, or NULL: it does, or there is none. */
const char *control_open(struct supervise *, uid_t uid, gid_t gid);
/* Room for clients, where the listening socket is somebody else's. False: errno. */
bool control_prepare(struct supervise *);
/* A client that is connected. */
void control_take(struct supervise *, int fd, uid_t);
/* No more connections, and the socket is gone; those that are there end with us. */
void control_close(struct supervise *);
/* Does a client wait for that? It has come to its end: NULL, or why it failed. */
bool control_waits(const struct supervise *, enum control_wait);
void control_ended(struct supervise *, enum control_wait, const char *why);
/* The clients, to the state and from it; then all goes on where it was. */
void control_carry(struct carry *, struct supervise *);
void control_go_on(struct supervise *);
/* Something on the listening socket. */
void control_on_connection(struct supervise *);
/* Something on client i. */
void control_on_client(struct supervise *, unsigned i);
/* The clock. */
void control_tick(struct supervise *);

#endif
