#ifndef SE_SYS_TARGET_H
#define SE_SYS_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/buf.h"
#include "../base/map.h"
#include "../base/ms.h"
#include "sockdiag.h"

/*
 * What /proc tells of another process and of its threads. What cannot be read is told as such:
 * false or -1 with errno, and the members keep "not known" values. A name or a path of the target
 * may hold any byte.
 */

/* One mapping of /proc/PID/maps. */
struct target_map {
	uint64_t start, end, offset, inode;
	unsigned major, minor; /* of the device */
	bool readable, writable, executable, shared;
	const char *path; /* "" for none; as the kernel writes it: with \012, and " (deleted)" */
};

struct target_maps {
	struct target_map *map; /* by address */
	size_t count;
	bool cut;     /* there are more than there is room for */
	void *memory; /* what holds all of it */
	size_t size;
};

#define TARGET_MAPS 65536 /* further ones are cut; the kernel's own limit by default is 65530 */

/*
 * By a thread that lives: those of a leader that has ended are empty. -1: errno. The memory is
 * given back by target_maps_free.
 */
int target_maps_read(struct target_maps *, pid_t, pid_t tid);
void target_maps_free(struct target_maps *);
/* The one with the address; NULL: none. */
const struct target_map *target_maps_find(const struct target_maps *, uint64_t address);

/* One thread. */
struct target_thread {
	char state;     /* R, S, D, T, t, Z, X; 0: not known */
	ms cpu;         /* user and system; -1: not known */
	long call;      /* number of the system call; -1: none, it runs; -2: not known */
	char name[64];  /* as it is, not escaped */
	char wchan[64]; /* function of the kernel; "": none, or not to be seen */
};

/* False: it has ended. */
bool target_thread_read(struct target_thread *, pid_t, pid_t tid);

enum target_memory_kind {
	TARGET_RSS, /* this and the next three of smaps_rollup; else of status */
	TARGET_PSS,
	TARGET_USS,
	TARGET_SWAP,
	TARGET_ANON, /* RssAnon and so on of status */
	TARGET_FILE,
	TARGET_SHMEM,
	TARGET_HEAP,  /* resident in [heap], of smaps */
	TARGET_STACK, /* VmStk, VmSize, VmHWM */
	TARGET_SIZE,
	TARGET_PEAK,
	TARGET_MEMORY
};
extern const char target_memory_names[TARGET_MEMORY][6]; /* "rss" */
/* Bytes of each kind; -1: not known. */
struct target_memory {
	int64_t of[TARGET_MEMORY];
};
bool target_memory_read(struct target_memory *, pid_t, pid_t tid);
/*
 * Calls found for each mapping of smaps with what is resident in it, until it returns false; -1:
 * errno.
 */
int target_smaps(pid_t, pid_t tid,
    bool (*found)(void *arg, uint64_t start, uint64_t end, uint64_t rss, const char *path),
    void *arg);

struct target_process {
	pid_t parent;
	uid_t uid;    /* effective; (uid_t)-1: not known */
	pid_t tracer; /* 0: nobody traces it */
	pid_t inner;  /* its pid in its own pid namespace, NSpid; 0: not known */
	uint64_t
	    started; /* ticks after boot, of stat: with the pid it names one process for good */
	int64_t age; /* seconds since then */
};
bool target_process_read(struct target_process *, pid_t);

/* Calls found for each variable of its environment, until it returns false; -1: errno. */
int target_environment(pid_t, bool (*found)(void *arg, const char *variable), void *arg);

/* The command line, NULs as blanks, else [name]; not escaped. */
void target_command(pid_t, struct buf *);

/*
 * All sockets of the target's network namespace, read once for all descriptors: a server with
 * thousands of them has as many lines there. Begins as { 0 }; nothing is read until it is needed.
 */
#define TARGET_LISTS 8 /* of /proc/PID/net */
struct target_sockets {
	bool read;
	int error, diag_error; /* errno of what could not be read, there and in more; 0: all was */
	char *text;
	size_t len, size;
	struct map row; /* by inode, where it begins */
	struct sockdiag more;
	size_t end[TARGET_LISTS]; /* where the rows of each list end in text */
};

/* What could not be read is not told by the others. It may change our namespace: sockdiag_read. */
void target_sockets_read(struct target_sockets *, pid_t);
void target_sockets_free(struct target_sockets *);
/*
 * One of them, in the way of netstat(8) and ss(8), as below; false: it is in no list. A listener's
 * rxq is how many wait to be accepted, and how many may; the other end of a unix socket is told by
 * its inode, a process that has it open and its path. Only sock_diag(7) knows these two, and how
 * much waits in unix sockets: all that is left out where it does not answer.
 */
bool target_socket(const struct target_sockets *, uint64_t inode, struct buf *);

/*
 * One file descriptor, as a text without control bytes, in the way of lsof(8); -1: errno.
 *
 *     /var/log/web.log flags=O_WRONLY|O_APPEND pos=4711     /dev/null
 *     tcp 127.0.0.1:80 LISTEN rxq=0/128
 *     tcp 10.0.0.1:80->10.0.0.9:51234 ESTABLISHED rxq=0 txq=0
 *     udp [::1]:53 rxq=0 txq=0     raw 0.0.0.0:1 rxq=0 txq=0
 *     netlink 0 (route) port=123 groups=0x11 rxq=0
 *     unix /run/x.sock LISTEN rxq=0/128     unix @name [1234] rxq=0 txq=0
 *     unix (unnamed) [1234]->[1235] web[77] /run/x.sock rxq=0 txq=0
 *     pipe:[1234] w
 *     anon_inode:[eventpoll] watches=3     anon_inode:inotify watches=1
 *     anon_inode:[eventfd] count=1         anon_inode:[pidfd] pid=77
 *     anon_inode:[timerfd] left=(0, 5) every=(1, 0)     anon_inode:[signalfd] signals=INT,TERM
 *     socket:[1234] PACKET     one that is not in those lists
 */
int target_fd(pid_t, int fd, struct target_sockets *, struct buf *);

/* Calls found for each row of /proc/PID/limits: name, soft, hard, unit as they are there. */
int target_limits(pid_t,
    bool (*found)(
	void *arg, const char *name, const char *soft, const char *hard, const char *unit),
    void *arg);
/* Its cgroup: of version 2, else that of the memory controller of version 1; false: not known. */
bool target_cgroup(pid_t, struct buf *);

#endif
