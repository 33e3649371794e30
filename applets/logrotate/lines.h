#ifndef SE_LOGROTATE_LINES_H
#define SE_LOGROTATE_LINES_H

#include "../../lib/base/scan.h"
#include "../../lib/wire/zone.h"
#include "options.h"

/* What is done to lines between their pipe and the file. */
struct lines {
	const struct options *options;
	bool raw; /* nothing: they need not even be copied */
	struct zone_span zone;

	/* the last head, of which only the second's fraction changes with each line */
	size_t head_len;
	const struct lines_source *head_of; /* NULL: none */
	bool head_piece;
	int64_t head_sec;
	char head[SCAN_HEAD];
};

/* Where lines come from, and how far their last one has come. */
struct lines_source {
	struct logline_source speaker;
	const char *prefix; /* NULL: none */
	size_t prefix_len;
	bool begun;    /* within a line, of which there was so much already: */
	bool rejected; /* and it is not wanted */
	uint64_t shown, cut;
};

void lines_init(struct lines *, const struct options *);
/*
 * Makes lines of from's for the file, as many as fit into room; what is not yet a whole line is
 * left, unless all is set. How many bytes; *taken: of how many of from's. from and to need
 * SCAN_SLACK.
 */
size_t lines_make(struct lines *, struct lines_source *, const char *from, size_t len, bool all,
    char *to, size_t room, size_t *taken);
/* One line of our own among them, as of the source: text without newline. */
size_t lines_say(
    struct lines *, const struct lines_source *, const char *text, char *to, size_t room);
/* The line for the beginning of a new file; "" if there is to be none. */
void lines_header(struct lines *, struct buf *);

#endif
