#ifndef SE_WIRE_SOCKETMANAGER_H
#define SE_WIRE_SOCKETMANAGER_H

#include <stdbool.h>

#include "../base/buf.h"

/*
 * What ServerEngine's SocketManager::Client and Server say to each other. A frame is a length of
 * four bytes, the highest first, and so many bytes of JSON: ["TOKEN","BASE64"], where the BASE64 is
 * a value as Ruby's Marshal writes it. Behind an answer that promises a socket comes a zero byte
 * with the descriptor.
 */

#define SOCKETMANAGER_FRAME 1024 /* bytes at most, the length's included */
#define SOCKETMANAGER_TOKEN 128  /* at most; ServerEngine's has 32 */
#define SOCKETMANAGER_HOST  256
#define SOCKETMANAGER_TEXT  256

enum socketmanager_state {
	SOCKETMANAGER_MORE,  /* the frame is not whole yet */
	SOCKETMANAGER_WHOLE, /* it is: used bytes of what has come; what it holds is at value */
	SOCKETMANAGER_BAD,   /* no frame, too long, or with another token */
};

/* The value in the frame at the head of what has come, decoded where it stands. */
struct socketmanager_frame {
	size_t used;
	const char *value;
	size_t len;
};

enum socketmanager_state socketmanager_take(
    char *bytes, size_t have, const char *token, struct socketmanager_frame *);

enum socketmanager_method {
	SOCKETMANAGER_LISTEN_TCP,
	SOCKETMANAGER_LISTEN_UDP,
	SOCKETMANAGER_SHARE_TCP,
	SOCKETMANAGER_SHARE_UDP,
	SOCKETMANAGER_SHARE_UNIX,
	SOCKETMANAGER_UNKNOWN, /* or with arguments that are none of it */
};

/* [pid, :listen_tcp, "host", port], [pid, :share_tcp, index], [pid, :share_unix] */
struct socketmanager_request {
	enum socketmanager_method method;
	char host[SOCKETMANAGER_HOST];
	unsigned number; /* the port, or the index */
};

/* False: the value is none that a client sends. */
bool socketmanager_request(const char *value, size_t len, struct socketmanager_request *);
void socketmanager_put_request(
    struct buf *, const char *token, long pid, const struct socketmanager_request *);

enum socketmanager_answer {
	SOCKETMANAGER_NIL,   /* a descriptor follows */
	SOCKETMANAGER_KEY,   /* the same, and text is the socket's name */
	SOCKETMANAGER_ERROR, /* text is an exception's class, then its message behind a colon */
};

/* False: it is no answer. */
bool socketmanager_answer(
    const char *value, size_t len, enum socketmanager_answer *, char text[SOCKETMANAGER_TEXT]);
void socketmanager_put_nil(struct buf *, const char *token);
void socketmanager_put_key(struct buf *, const char *token, const char *key);
/* An exception of that class and message, both short; number is its errno, 0: it has none. */
void socketmanager_put_error(
    struct buf *, const char *token, const char *class, const char *message, int number);

#endif
