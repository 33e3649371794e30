#ifndef SE_SUPERVISE_LINK_H
#define SE_SUPERVISE_LINK_H

#include <stdint.h>

/*
 * What a server and its supervisor say to each other, over a SOCK_SEQPACKET pair. A live restart
 * may bring a server of another version: a word's number and the members' places stay.
 */
enum link_word {
	LINK_PIPE,    /* to the supervisor, with the read end of a worker's output */
	LINK_COMMAND, /* to it: do what value, an enum command_word, says; text: who asked */
	LINK_RELOAD,  /* to it: read the configuration and open the log again, as I have done */
	LINK_UP,      /* to it: my workers are up */
	LINK_END,     /* to it: I end of my own accord, with status value; text: why, or nothing */
	LINK_CLIENT,  /* to the server, with a connection of uid value to the control socket */
	LINK_DETACH,  /* to the server: I leave you, live on */
	LINK_UPGRADE, /* to the server: value, an enum link_upgrade */
};

/* Of an upgrade that was asked for. */
enum link_upgrade {
	LINK_FOLLOW,  /* I am another program now, with its descriptor, and text: its path: be it */
	LINK_REFUSED, /* I am not: tell who has asked; text: why */
	LINK_DONE,    /* I am: tell who has asked */
};

struct link_message {
	uint32_t word, stream;
	int32_t worker, pid, value;
	char text[236];
};

/* The server's descriptors; behind them the shared sockets. */
#define LINK_FD    3 /* the pair's end */
#define LINK_BEAT  4 /* the heartbeat pipe's write end */
#define LINK_BASE  5 /* the directory that -c is relative to */
#define LINK_OWN   6 /* our lines' pipe to the logger, or /dev/null: there is none */
#define LINK_FIRST 7

/* In the server's environment: its supervisor's pid, and the limits of open files. */
#define LINK_ENV "SE_SERVER"

#endif
