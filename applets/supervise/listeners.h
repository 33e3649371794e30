#ifndef SE_SUPERVISE_LISTENERS_H
#define SE_SUPERVISE_LISTENERS_H

#include "../../lib/sys/listener.h"
#include "../../lib/wire/cidr.h"
#include "../../lib/wire/endpoint.h"
#include "config.h"

/* The listening sockets of listen, which all workers share. */

/* A server finds them there. */
#define LISTENERS_ENV "SE_LISTEN"

#define LISTENERS_MAX      64
#define LISTENERS_NETWORKS 64   /* allowed ones */
#define LISTENERS_TEXT     8192 /* bytes that tell a worker of them, in each variable */

struct listeners {
	char ports_room[LISTENERS_TEXT], names_room[LISTENERS_TEXT];
	struct listener_file file[LISTENERS_MAX];
	struct endpoint at[LISTENERS_MAX]; /* where, and the worker's number */
	int fd[LISTENERS_MAX];
	char fds_room[24], pid_room[32];
	/* what a worker's environment says of them; NULL: not that variable */
	char *ports, *fds, *names, *pid;
	unsigned count;
	int above; /* the first number that a worker has behind theirs */
};

/* allowed_networks as a filter. */
struct listeners_networks {
	struct listener_filter filter;
	struct cidr_instruction program[CIDR_FILTER(LISTENERS_NETWORKS)];
};

/*
 * Can listen and allowed_networks be read, and is worker_notification_fd none of the sockets'
 * numbers? False: why holds "key: value: reason".
 */
bool listeners_check(const struct config *, struct buf *why);
/* Is the number, OPT_UNSET being none, not one of theirs? False: why holds "key: value: reason". */
bool listeners_leave(const struct endpoint[], unsigned n, int notification_fd, struct buf *why);
/*
 * Binds them all; a unix socket's file gets that owner ((uid_t)-1: as it comes). False: why holds
 * "listen: where: reason".
 */
bool listeners_open(struct listeners *, const struct config *, uid_t, gid_t, struct buf *why);
/*
 * The same from what a supervisor tells of its sockets, "key=fd;key=fd", which it gave us as
 * descriptors from first on. False: it cannot be understood.
 */
bool listeners_adopt(struct listeners *, const char *text, int first);
/* What allowed_networks, which have been checked, let come to a TCP or UDP socket; NULL: all. */
const struct listener_filter *listeners_filter(
    struct listeners_networks *, const struct config *, bool v6);
/* Removes the unix sockets' files, those that are still ours. */
void listeners_remove(const struct listeners *);

#endif
