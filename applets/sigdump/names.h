#ifndef SE_SIGDUMP_NAMES_H
#define SE_SIGDUMP_NAMES_H

#include "../../lib/unwind/symbols.h"
#include "stacks.h"

/* The words that both kinds of report have for things. */

/* Where a frame is: in which object, which function, how far behind their beginning. */
struct place {
	const char *object; /* NULL: nothing is mapped there; of object_len bytes */
	size_t object_len;
	uint64_t offset; /* in the object's file */
	bool named;
	struct symbol function;
	uint64_t behind; /* the function's beginning */
};

void names_place(struct stacks *, const struct unwind_frame *, struct place *);
/* "sleep" for S, and so on. */
const char *names_state(char state);
/* Why a walk stopped before the outermost frame. */
const char *names_end(enum unwind_end);
/* "" for what is sure. */
const char *names_how(enum unwind_how);
/* What would cure the error of a capture; NULL: nothing is known. */
const char *names_cure(pid_t, const struct thread *);

#endif
