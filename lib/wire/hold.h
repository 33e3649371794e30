#ifndef SE_WIRE_HOLD_H
#define SE_WIRE_HOLD_H

#include <stdint.h>

/*
 * What a logger (se-logrotate --held) and the process that holds its pipes say to each other, over
 * a SOCK_SEQPACKET pair in the logger's descriptor HOLD_SOCKET. Both are of the same binary.
 */
#define HOLD_SOCKET 3 /* the logger's descriptors: the socket, */
#define HOLD_LEDGER 4 /* the memfd of its ledger, */
#define HOLD_TAKEN  5 /* and the pipe of its intake: read end, then write end */

enum hold_word {
	/*
	 * To the logger, with the read end of a pipe: take lines from it. Back, without it: it
	 * could not be taken, and is to be sent again in a second.
	 */
	HOLD_INPUT,
	HOLD_FINISH, /* to the logger: take the whole lines that are in the pipes now, and exit */
	HOLD_END,    /* the same, and lines without a newline too: nothing comes any more */
	HOLD_CLOSED, /* from the logger: the pipe of that key has ended, and all of it is written */
};

enum hold_stream { HOLD_NO_STREAM, HOLD_STDOUT, HOLD_STDERR };

#define HOLD_KEYS 65536 /* keys are less than this */

struct hold_message {
	uint32_t word, key;
	uint32_t stream; /* HOLD_NO_STREAM: the lines are complete as they are */
	int32_t worker, pid;
};

#endif
