#ifndef SE_LOGROTATE_FILE_H
#define SE_LOGROTATE_FILE_H

#include "../../lib/sys/ledger.h"
#include "lines.h"

/* What stops us now, so that it is told once. */
struct trouble {
	const char *step; /* NULL: nothing is told */
	int error;
	ms busy; /* since when others have the lock; 0: they do not */
};

/* The log file: carries out what its rotation decides. */
struct file {
	struct lines *lines; /* for the header of a new file */
	struct ledger *ledger;
	const char *bytes; /* to be written: of so many, ledger->done are */
	size_t len;
	bool others;  /* only others write it: the line that it ends within may be going on */
	bool patient; /* FILE may be opened later, whatever is wrong with it now */
	bool opened;  /* once, at least: only before that is anything fatal */
	bool rotated; /* since it was asked last: for the compressor */
	bool tee;
	struct trouble writing, rotating;
	struct logfile log;
	struct rotation rotation;
	struct rotation_policy policy;
	char header[128];
};

/* Nothing is opened yet. NULL: done; else the reason. */
const char *file_init(
    struct file *, const struct options *, const char *path, struct lines *, struct ledger *);
/* Hands over whole lines, or a piece of one; the bytes must stay until file_idle. */
__attribute__((noinline)) void file_give(struct file *, const char *bytes, size_t len);
/* The same of bytes of which ledger->done are written already. */
void file_resume(struct file *, const char *bytes, size_t len);
/* A newline that may be given. */
extern const char file_newline[1 + SCAN_SLACK];
/* Has all that was given been written? */
bool file_idle(const struct file *);
/*
 * Goes on as far as it goes without waiting. 0, or an errno if FILE cannot be opened and never
 * could be.
 */
int file_advance(struct file *, ms now);
/* Does one step; 0, or -1 with errno; *size as rotation_done wants it. */
int file_step(struct file *, enum rotation_action, uint64_t *size, ms now);
/* What a step's result means. */
enum rotation_answer file_answer(int result);
ms file_due(const struct file *);
void file_rotate(struct file *);
void file_reopen(struct file *);

#endif
