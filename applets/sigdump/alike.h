#ifndef SE_SIGDUMP_ALIKE_H
#define SE_SIGDUMP_ALIKE_H

#include "../../lib/sys/capture.h"

/*
 * Stacks that need not be walked again. All that a walk over a sleeping thread's stack depends on
 * is its program counter, how far its stack pointer is from the stack's end, and the words that it
 * has read. Where a stack has the same ones in the same places, or ones that are as much higher as
 * its stack pointer is (addresses in the stack itself), a walk would find the same frames. Of
 * hundreds of threads that wait for work a few are walked.
 */

#define ALIKE_STACKS 32  /* the last ones that were walked */
#define ALIKE_WORDS  128 /* those that read more are walked each time */

struct alike_word {
	uint64_t offset, value; /* offset: from the stack pointer */
};

struct alike_stack {
	uint64_t sp, pc, size; /* size: up to its end */
	unsigned result;       /* 0: none */
	unsigned words;
	struct alike_word word[ALIKE_WORDS];
};

struct alike {
	unsigned now; /* the one that is walked over */
	bool lost;    /* it depends on more than is noted here */
	struct alike_stack stack[ALIKE_STACKS];
};

/* What alike_end was told of one that is the same; 0: walk over it, and begin to note. */
unsigned alike_find(struct alike *, const struct capture *);
/* The walk has read n bytes at an address; copied: they came from the copy of its stack. */
void alike_note(struct alike *, const struct capture *, uint64_t address, const void *bytes,
    size_t n, bool copied);
/* The walk is over. */
void alike_end(struct alike *, unsigned result);

#endif
