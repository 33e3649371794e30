#ifndef SE_SUPERVISE_SUPERVISE_H
#define SE_SUPERVISE_SUPERVISE_H

#include "../../lib/base/heap.h"
#include "../../lib/base/map.h"
#include "../../lib/fsm/fleet.h"
#include "../../lib/fsm/rolling.h"
#include "../../lib/fsm/worker.h"
#include "../../lib/sys/pidfile.h"
#include "../../lib/wire/command.h"
#include "clients.h"
#include "config.h"
#include "hooks.h"
#include "launch.h"
#include "listeners.h"
#include "log.h"
#include "logger.h"
#include "upgrade.h"

/* What a tag of the loop speaks of; above its low byte is a number. */
#define TAG_KIND(tag)    ((enum tag_kind)((tag)&UINT8_MAX))
#define TAG_INDEX(tag)   ((unsigned)((tag) >> 8))
#define TAG(kind, index) ((uint64_t)(index) << 8 | (kind))

enum tag_kind {
	TAG_BEAT,
	TAG_READY,
	TAG_REPORTS,
	TAG_CONTROL,
	TAG_CLIENT,
	TAG_LOGGER,
	TAG_STDIN,
	TAG_SERVER,
	TAG_LINK,
	TAG_MANAGER,
	TAG_MANAGED
};

#define SLOT_STATUS_MAX 64

/* So many workers that hang are dumped at the same time; others wait for their turn. */
#define DUMPS 4

/* The dumps in progress. */
struct dumps {
	pid_t all;        /* the helper that dumps everything; 0: none */
	unsigned waiting; /* workers whose turn has not come */
	struct dumps_one {
		pid_t helper; /* 0: none */
		pid_t worker;
		unsigned slot;
	} one[DUMPS];
};

/* A worker: its machine, and what of the world belongs to it. */
struct slot {
	struct worker machine;
	ms cpu;     /* at the last probe, to see progress */
	int status; /* as waitpid(2) */
	unsigned restarts;
	pid_t pid;               /* 0: none */
	int beat_fd;             /* our end of the heartbeat pipe; -1: none */
	int ready_fd;            /* of its notification pipe; -1: none, or it has told */
	int command_fd;          /* of the pipe to its stdin; -1: none */
	bool muted, ready_muted; /* it floods that pipe: not read for a moment */
	bool queued;             /* it waits for its dump */
	bool exited;             /* status is that of a process that ran here before */
	unsigned char text_len;
	char text[SLOT_STATUS_MAX]; /* the worker's STATUS= */
};

/* What of a command has come on stdin. */
struct command_line {
	size_t len;  /* of text */
	bool cut;    /* it is too long */
	bool closed; /* nothing more comes */
	char text[256];
};

/*
 * Everything the supervisor knows while it runs. What is large stands last: the rest is reached by
 * shorter code.
 */
struct supervise {
	ms now; /* of what is being handled: the event's, or later where that took its time */
	const struct config *boot; /* of the start, for what is not dynamic */
	const struct config *live; /* of the last reload; boot until then */
	struct slot *slot;         /* nslots of them, wanted in front */
	unsigned nslots, wanted;
	struct supervisor *supervisor; /* we are one, and the workers are a server's; NULL: not */
	struct manager *manager;       /* NULL: none */
	int link;                      /* of a server to its supervisor; -1: we are none */
	pid_t pid;                     /* ours; a helper's copy of all this has another */
	int failed;                    /* exit status of a start that failed; 0: none */
	int daemon_fd;                 /* the caller waits on it for our start; -1: nobody does */
	unsigned active;               /* slots that have a process or will have one */
	bool proven;                   /* a worker could be executed */
	bool changed;                  /* since the metrics were written */
	bool left;                     /* it leaves its server to itself */
	bool machine;                  /* we are a machine's PID 1: */
	struct fleet fleet;
	ms unmute;         /* when the muted pipes are read again; MS_NEVER: none is */
	struct map by_pid; /* workers */
	struct clients control, managed; /* of control_path, and of the socket manager */
	struct map strays;               /* when they are gone: which signal each was sent */
	unsigned told;                   /* strays in it */
	bool reboot;                     /* Ctrl-Alt-Del has come */
	const int *signals;  /* what we heed, by CONFIG_SIGNAL_: boot's; a server's are fixed */
	ms beat_at, up_look; /* its next heartbeat, and when it looks whether all are up */
	unsigned random;
	int reports_fd;    /* where NOTIFY_SOCKET leads; -1: none */
	pid_t metrics_pid; /* the helper that writes them; 0: none */
	int self;          /* our own program's file; -1: not found */
	int base_fd;       /* the directory that -c is relative to */
	struct heap due;   /* when each slot's machine wants the clock */
	struct rolling rolling;
	enum worker_event rolling_by; /* how each worker is restarted by it */
	unsigned long restarts;
	ms started;
	ms stranger;     /* before that, no line about datagrams from strangers */
	long oom_kills;  /* as last read, first behind the first spawn; -1: not known */
	long oom_news;   /* of these, not yet told of any worker */
	ms oom_until;    /* until then they are news */
	ms metrics_next; /* not written before */
	ms trim_at;      /* when memory that was needed for a moment goes back; MS_NEVER: it has */
	int argc;
	char *const *argv;
	char reports_name[16];
	struct dumps dumps;
	struct pidfile pidfile;
	struct launch launch;
	struct hooks hooks; /* what is seldom touched stands last in it, first in the next, */
	struct listeners listeners;
	struct logger logger; /* and last in these */
	struct log log;
	struct command_line line;
	struct upgrade upgrade;
	char why[1024]; /* of the failed start, or of the last command that was refused */
};

/* A number that others cannot rely on; for jitter. */
unsigned supervise_random(struct supervise *);
/* Carries out what the fleet's machine decides about an event. */
void supervise_fleet(struct supervise *, enum fleet_event);
/* The same about a worker that was given up; fatal: the others are to go too. */
void supervise_lost(struct supervise *, int status, bool fatal);
/* Takes the configuration as it is now; if it is wrong, all stays as it was. Why not, or NULL. */
const char *supervise_reload(struct supervise *);
/* Does what a signal or a control client asks; who is for the log. Why not, or NULL: done. */
const char *supervise_command(struct supervise *, const struct command *, const char *who);

#endif
