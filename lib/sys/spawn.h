#ifndef SE_SYS_SPAWN_H
#define SE_SYS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/ms.h"
#include "privilege.h"

#define SPAWN_FDS    256 /* at most in one spawn */
#define SPAWN_PLACES 5

/* fd in the child <- fd here. Everything else of ours is O_CLOEXEC. */
struct spawn_fd {
	int child, parent;
};

/*
 * Low numbers of ours that are kept free for what is given to children. A child gets a copy of what
 * stands below their end alone: with thousands of descriptors all the others would cost it more
 * than its exec.
 */
struct spawn_desk {
	int null; /* what stands there meanwhile */
	int place[SPAWN_PLACES];
	int end; /* 0: the kernel cannot do that */
};

struct spawn_limit {
	const char *name;      /* the step's, if it fails */
	int resource;          /* RLIMIT_... */
	uint64_t soft_hard[2]; /* as prlimit64's struct; UINT64_MAX: unlimited */
};

struct spawn {
	const char *file;   /* searched in PATH if it has no slash */
	const int *file_fd; /* NULL, or the program itself */
	char *const *argv;
	char *const *envp;
	char *pid_text[2]; /* where in envp the child writes its pid: 12 bytes; NULL: nowhere */
	const struct spawn_fd *fds;
	size_t nfds;
	const struct spawn_desk *desk; /* NULL: none; not with file_fd */
	const struct spawn_limit *limits;
	size_t nlimits;
	const char *root, *dir;            /* chroot(2), then chdir(2); NULL: as we are */
	const struct privilege *privilege; /* NULL: as we are */
	int umask;                         /* -1: as it is */
	bool masked;      /* with all signals blocked: they wait for the program to be ready */
	bool traceable;   /* we and what we start may trace it, where Yama asks: PR_SET_PTRACER */
	int death_signal; /* sent by the kernel when we die; 0: none */
	int nice;         /* added; 0: as it is */
	const int *oom_score_adj; /* NULL: as it is */
	const char *cgroup_procs; /* NULL, or the cgroup.procs file to join by */
};

/*
 * Starts a process in a group of its own, with default signal dispositions and an empty mask, if
 * not masked; its cost does not grow with ours, since the memory is shared until the exec (and that
 * is waited for, as vfork does). The pid, or -1: errno says why, *step which step it was ("exec",
 * "fork", ...).
 */
pid_t spawn(const struct spawn *, const char **step);
/*
 * Makes a desk while few descriptors are open; null is /dev/null, open as long as we run. One that
 * cannot be had costs time alone.
 */
void spawn_lay_desk(struct spawn_desk *, int null);
/* Gives back the memory that children ran in until their exec. */
void spawn_trim(void);
/*
 * A process of our own program that does one thing which may block, such as writing a file: a copy
 * made by fork, which runs work(arg) and exits with its value. It dies with us. The pid, or -1:
 * errno.
 */
pid_t spawn_helper(int (*work)(void *), void *arg);
/*
 * Ends the calling process by SIGVTALRM after so long, also in a system call that only a fatal
 * signal interrupts. -1: errno.
 */
int spawn_end_after(ms);
/*
 * Our own program's file, for file_fd and spawn_become even when its path is replaced; its number
 * is from 16 on. -1: errno.
 */
int spawn_self(void);
/* Executes such a file in our place; returns only if it fails: errno. */
void spawn_become(int file, char *const argv[], char *const envp[]);
/* Executes argv[0] in our place, found as spawn does; returns only if it fails: errno. */
void spawn_exec(char *const argv[], char *const envp[]);
/* From here on no fd from 3 on goes to any child but by its spawn_fd. */
void spawn_seal_fds(void);
/* Closes all from 3 on, as far as the kernel can at once or the limit of open files goes. */
void spawn_close_fds(void);

#endif
