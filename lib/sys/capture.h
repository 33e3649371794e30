#ifndef SE_SYS_CAPTURE_H
#define SE_SYS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/ms.h"

/*
 * What a thread of another process was doing at one moment: its registers and a copy of its stack.
 * The only place that traces, ptrace(2). A process that captures does nothing else: when it ends,
 * however it ends, the kernel lets go of a thread that it had stopped.
 */

#define CAPTURE_REGSET 512 /* bytes of NT_PRSTATUS: at most 272 on our machines */
/* From the stack pointer on, and of the end of its mapping, if it is longer. */
#define CAPTURE_STACK ((size_t)256 * 1024)
#define CAPTURE_END   ((size_t)64 * 1024)
#define CAPTURE_ROOM  (CAPTURE_STACK + CAPTURE_END)
/*
 * How long is waited for a thread to stop; one that sleeps in the kernel beyond signals does not.
 * One that waits for a processor is waited for 10 s longer.
 */
#define CAPTURE_WAIT 200 /* ms */

enum capture_how {
	CAPTURE_NO_STOP, /* it slept, and did not notice */
	CAPTURE_STOPPED, /* it was stopped for held_ns */
	CAPTURE_FAILED,  /* error, and step: what could not be done */
};

struct capture {
	enum capture_how how;
	int error; /* errno; ETIMEDOUT: it did not stop; ESRCH: it has ended; EAGAIN: it ran */
	const char *step;
	bool in_stop;     /* it was stopped by a signal (SIGSTOP) before us, and is so again */
	uint64_t held_ns; /* CAPTURE_STOPPED; from hold until let_go: since when */
	int signal;       /* let_go delivers it: it had stopped on its way to the thread; 0: none */
	uint64_t sp, pc;
	uint64_t pac_mask; /* AArch64, 0 elsewhere */
	/* The stack: len bytes from sp, and end_len bytes up to the end of its mapping. */
	const unsigned char *bytes; /* the room; the end's follow behind len */
	size_t len, end_len;
	uint64_t end; /* address of the byte behind the last one; 0: not known */
	/* CAPTURE_STOPPED; else only sp and pc are known */
	size_t regset_len;
	unsigned char regset[CAPTURE_REGSET];
};

/* What is needed of the target's mappings: where the one with this address ends; 0: not known. */
typedef uint64_t capture_end_of(void *arg, uint64_t address);

/* Of which process all that follows takes threads, and where to. */
struct capture_from {
	pid_t pid;
	capture_end_of *end_of;
	void *arg;
	unsigned char *room; /* CAPTURE_ROOM; of the copied stack */
};

/*
 * One thread that sleeps, without stopping it: /proc/PID/task/TID/syscall and its stack in one
 * read, and the proof that it did not run meanwhile (the same system call and the same time on a
 * processor before and after). EAGAIN: it runs or ran, capture_stop has to be used.
 */
void capture_asleep(const struct capture_from *, pid_t tid, struct capture *);
/*
 * One thread, stopped as shortly as can be: SEIZE, INTERRUPT, its registers and stack, DETACH. A
 * signal that was about to be delivered is delivered; one that SIGSTOP had stopped stays stopped.
 * An alarm ends the wait: SIGALRM does afterwards what it does by default, as behind capture_held.
 */
void capture_stop(const struct capture_from *, pid_t tid, struct capture *);

/*
 * The same of all threads at one moment: hold stops one and keeps it, held reads it, let_go lets it
 * run. wait: how long held waits for it.
 */
bool capture_hold(pid_t tid, struct capture *); /* only sends it the request */
bool capture_held(
    const struct capture_from *, pid_t tid, ms wait, struct capture *); /* waits for it */
void capture_let_go(pid_t tid, struct capture *);

/* Memory of the process, at most len bytes from address on; how many could be had, 0: none. */
size_t capture_memory(pid_t, uint64_t address, void *to, size_t len);

#endif
