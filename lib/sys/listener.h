#ifndef SE_SYS_LISTENER_H
#define SE_SYS_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Sockets that servers inherit: bound, listening, O_CLOEXEC. */

struct listener_address {
	socklen_t len;
	struct sockaddr_storage addr;
};

/* Instructions as the kernel's struct sock_filter, see socket(7). */
struct listener_filter {
	const void *program;
	unsigned short instructions;
	const char *name; /* of the step that attaches it */
};

struct listener_options {
	int backlog;
	int defer_accept; /* seconds, tcp(7); 0: not */
	int fastopen;     /* length of its queue, tcp(7); 0: not */
	bool reuseport;   /* SO_REUSEPORT: others that have it too may bind the same */
	bool nonblocking; /* O_NONBLOCK, which all that inherit it share */
	mode_t mode;      /* of a unix socket's file */
	uid_t uid;        /* its owner; (uid_t)-1: as it comes */
	gid_t gid;
	const struct listener_filter *filter; /* of what comes, before it is bound; NULL: none */
};

/*
 * An address from a number, or from a name of /etc/hosts or localhost (there is no DNS here: the
 * name that a machine listens at is its own); host "" is 0.0.0.0. False: there is no such host.
 */
bool listener_resolve(const char *host, bool v6, unsigned port, struct listener_address *);
/* A file's path, or @NAME in the abstract namespace; shorter than 108 bytes. */
void listener_path(const char *path, struct listener_address *);
/*
 * Binds it, type SOCK_STREAM or SOCK_DGRAM, and listens if it is a stream. A unix socket's file is
 * made with its mode from the first moment on; what is at path already is EADDRINUSE. The fd, or
 * -1: errno, *step says which step it was.
 */
int listener_open(
    const struct listener_address *, int type, const struct listener_options *, const char **step);
/* A unix socket's file, which is removed only as long as it is the one that was made. */
struct listener_file {
	bool made;
	uint64_t dev, ino;
};

/*
 * Removes the file that an earlier socket has left at the path: 1; there was nothing: 0; what is
 * there is no socket: EEXIST. -1: errno.
 */
int listener_make_way(const char *path);
void listener_file_made(const char *path, struct listener_file *);
void listener_file_remove(const char *path, const struct listener_file *);
/* The port that it has; 0: it has none. */
unsigned listener_port(int fd);
/* How many connections wait to be accepted, and how many may; false: not known of this kind. */
bool listener_queue(int fd, unsigned *waiting, unsigned *most);

#endif
