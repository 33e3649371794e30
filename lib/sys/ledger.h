#ifndef SE_SYS_LEDGER_H
#define SE_SYS_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What a logger knows, in memory that others can look into while it works or hangs, and that its
 * holder keeps when it dies: counters, and the lines that it has in hand. It is a memfd with a name
 * of its own: whoever may look at the process's descriptors finds it.
 */
#define LEDGER_ROOM  ((size_t)256 * 1024)
#define LEDGER_SLACK 4096

/* Where the lines in hand are. */
enum ledger_stage {
	LEDGER_EMPTY,
	LEDGER_TAKING, /* complete here; being taken out of where they came from */
	LEDGER_TAKEN,  /* only here; being written */
};

struct ledger {
	char magic[16];
	int32_t pid;
	int32_t error; /* errno that stops it now; 0: none */
	int64_t since; /* seconds since 1970 */
	uint64_t lines, bytes, rotations, errors;
	uint64_t dropped_lines, dropped_bytes;
	char path[1024]; /* of the log file, absolute if it fits */

	uint32_t stage;       /* what others see ends here */
	uint32_t key;          /* whose lines they are */
	uint32_t take;         /* TAKING: how many bytes of the pipe they are */
	uint32_t len, done;    /* TAKEN: bytes, and how many of them are in the file */
	uint32_t midline;      /* the file ends within a line of this key less 1; 0: it does not */
	uint32_t written_from; /* what follows is of the write that began at this done */
	uint64_t dev, ino, at; /* the file, and its size before */
	char hand[LEDGER_ROOM + LEDGER_SLACK];
};

/* A new one, or the one that fd is (it was another process's before); NULL: errno. */
struct ledger *ledger_open(int fd);
/* A memfd for a ledger that is to outlive its logger; -1: errno. */
int ledger_make(void);
/* Remembers the path, made absolute. */
void ledger_name(struct ledger *, const char *path);
/*
 * Calls found with each running logger's ledger that we may look at, as far as its path; the rest is
 * not there. -1: no /proc.
 */
int ledger_each(void (*found)(const struct ledger *, void *), void *arg);

#endif
