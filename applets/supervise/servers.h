#ifndef SE_SUPERVISE_SERVERS_H
#define SE_SUPERVISE_SERVERS_H

#include "../../lib/fsm/succession.h"
#include "link.h"
#include "supervise.h"

/* A supervisor's servers as processes: see supervisor.h for what is done with them. */

/* Connections to the control socket that wait for a server; one more takes the oldest's place. */
#define PARKED 16
#define NOBODY SUCCESSION_SLOTS

struct server {
	struct worker machine;
	pid_t pid;         /* 0: none */
	int beat_fd, link; /* -1: none */
	unsigned number;   /* counted from 1 */
	bool ended;        /* of its own accord: it is not started again */
	int status;        /* what it exited with, as an exit status of ours */
	char why[sizeof((struct link_message *)0)->text];
};

struct supervisor {
	struct succession succession;
	struct succession_policy policy;
	unsigned servers; /* started so far */
	struct server server[SUCCESSION_SLOTS];
	struct parked {
		int fd; /* -1: none */
		uid_t uid;
	} parked[PARKED];
	unsigned oldest;
	unsigned asker; /* the slot whose client has asked for an upgrade, or NOBODY */
	char **envp;
	char env[80];
	char *listen;
	char *program; /* NULL: its path is not known */
};

/* Makes ready what every server is started with; false: errno. */
bool servers_prepare(struct supervise *);
/* Starts one in the slot; the answer to WORKER_DO_SPAWN. */
struct worker_input servers_start(struct supervise *, unsigned slot);
/* Closes our ends of what leads to it. */
void servers_hang_up(struct supervise *, unsigned slot);

#endif
