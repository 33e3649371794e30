#ifndef SE_STARTER_H
#define SE_STARTER_H

#include "../../lib/fsm/generations.h"
#include "../../lib/sys/lineout.h"
#include "../../lib/sys/listener.h"
#include "../../lib/sys/pidfile.h"
#include "../../lib/sys/privilege.h"
#include "../../lib/sys/successor.h"
#include "../../lib/wire/endpoint.h"
#include "args.h"

enum tag { TAG_REPORTS, TAG_STATUS, TAG_READY };

#define STARTER_SOCKETS 200
#define STARTER_LIMITS  16

/* A socket that the server inherits. */
struct starter_socket {
	int fd;
	bool asked; /* for its number */
	struct listener_file file;
};

/* Where stdout and stderr go, if not where they went at the start. */
struct starter_log {
	const char *path; /* a file; NULL: a command, or nothing */
	char **argv;      /* the command; NULL: none */
	bool own;         /* it is our own program */
	int fd;           /* what is to become stdout and stderr; -1: they stay */
	int read;         /* the pipe's read end; -1 */
	int first[2];     /* the stdout and stderr that we began with, for the command */
	pid_t pid;
	ms started, due; /* of the command: its next start; MS_NEVER: none is due */
};

/* Another version in our place: see inplace.h. */
struct starter_upgrade {
	struct successor successor;
	struct successor_us us;
	bool wanted;            /* as soon as no other goes on */
	unsigned done, refused; /* since the start */
	char version[32];       /* whose state it is */
	char path[4096];        /* where it is looked for; "": where we were executed from */
	char why[1024];         /* the last one was refused */
};

/* What is large stands last: the rest is reached by shorter code. */
struct starter {
	const struct args *o;
	unsigned sockets;               /* of at and socket */
	int reports_fd;                 /* READY=1 comes here; -1: it is not asked for */
	int ready_fd;                   /* the read end of SE_READY_FD's pipe; -1: none now */
	int probe_fd;                   /* a connection on its way; -1: none */
	struct listener_address *probe; /* connect: where */
	ms probe_due;
	int daemon_fd; /* who has called waits here; -1: nobody */
	int status_fd; /* --status asks here; -1: nobody can */
	int null;
	int self; /* our own program, for its way back; -1 */
	char **argv;
	struct predecessor *before; /* we are to be its successor; NULL: no */
	pid_t pid;
	unsigned random;
	struct starter_log log;

	int stop_signal; /* 0: none, also if we have given up */
	int exit_status;
	ms stop_again; /* another one counts from then on */
	ms started, envdir_due;
	ms status_again; /* no descriptor was left for who asks: from then on; MS_NEVER: it is open
			  */
	unsigned long restarts, failures; /* since the start, for the status */
	unsigned failed;                  /* the last generation that failed to start */
	bool status_made;                 /* the status file is ours */
	int status_error;                 /* what was said last of it */
	unsigned limits;                  /* of limit */
	struct pidfile pidfile;
	char reports_name[16];

	struct generations_policy policy;
	struct generations g;
	struct privilege privilege;
	struct spawn_limit limit[STARTER_LIMITS];
	struct lineout out; /* our own lines */
	struct starter_upgrade upgrade;
	struct endpoint at[STARTER_SOCKETS]; /* where each listens, and the server's number */
	struct starter_socket socket[STARTER_SOCKETS];
};

/* A line for our log. */
__attribute__((format(printf, 2, 3))) void starter_say(struct starter *, const char *format, ...);
/*
 * The start fails: "se-starter: " and the line, for whoever waits for it; undoes what was made.
 * STARTER_ERRNO: that is the status, and its reason stands behind the line.
 */
#define STARTER_ERRNO (-1)
_Noreturn __attribute__((format(printf, 3, 4))) void starter_die(
    struct starter *, int status, const char *format, ...);

#endif
