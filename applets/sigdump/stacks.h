#ifndef SE_SIGDUMP_STACKS_H
#define SE_SIGDUMP_STACKS_H

#include "../../lib/base/map.h"
#include "../../lib/sys/capture.h"
#include "alike.h"
#include "images.h"

/* All threads of a process, what each was doing, and their stacks, equal ones once. */

#define STACKS_THREADS 32768     /* further ones are counted only */
#define STACKS_FRAMES  (1 << 20) /* of all different stacks together */
#define STACKS_FIRST   128       /* frames of a stack that are kept: from the top */
#define STACKS_LAST    64        /* and from the bottom */

struct stack {
	size_t at; /* in frame */
	unsigned frames, left_out;
	enum unwind_end end;
	unsigned hash;
};

struct thread {
	pid_t tid;
	enum capture_how how;
	int error; /* of CAPTURE_FAILED, and its step */
	const char *step;
	bool in_stop;
	uint64_t held_ns;
	unsigned stack; /* 1 + its number; 0: none */
	struct target_thread info;
};

struct stacks {
	pid_t pid;
	bool open; /* images is */
	int error; /* errno, if it is not */
	struct thread *thread;
	unsigned threads, unseen; /* unseen: there was no room for them */
	bool restless;            /* new threads were still appearing at the end */
	struct stack *stack;
	unsigned stacks;
	struct unwind_frame *frame;
	size_t frames;
	unsigned complete, truncated, without; /* threads */
	unsigned asleep;                       /* dumped without a stop */
	uint64_t held_ns;                      /* the longest */

	struct map seen;
	struct capture_from from;
	struct alike *alike;
	struct images images;
};

/* Dumps the threads of a process; together: all of them stopped at one moment. False: errno. */
bool stacks_take(struct stacks *, pid_t, bool together);

#endif
