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

/* Listens at control_path, owned by uid and gid. Why not, or NULL: it does, or there is none. */
const char *control_open(struct supervise *, uid_t uid, gid_t gid);
/* Room for clients, where the listening socket is somebody else's. False: errno. */
bool control_prepare(struct supervise *);
/* A client that is connected. */
void control_take(struct supervise *, int fd, uid_t, ms now);
/* No more connections, and the socket is gone; those that are there end with us. */
void control_close(struct supervise *);
/* An upgrade has ended: NULL, or why not: to those who have asked for it. */
void control_upgraded(struct supervise *, const char *why, ms now);
/* The clients, to the state and from it; then they are served again, false: errno. */
void control_carry(struct carry *, struct supervise *);
bool control_resume(struct supervise *, ms now);
/* Something on the listening socket. */
void control_on_connection(struct supervise *, ms now);
/* Something on client i. */
void control_on_client(struct supervise *, unsigned i, ms now);
/* The clock; and the next moment that it is wanted, or MS_NEVER. */
void control_tick(struct supervise *, ms now);
ms control_due(const struct supervise *);

#endif
