#ifndef SE_LOGROTATE_FEED_H
#define SE_LOGROTATE_FEED_H

#include "../../lib/sys/intake.h"
#include "logrotate.h"

/* The one input of a pipe logger. */
struct feed {
	struct lines_source source;
	bool always; /* a file: never waited for */
	bool eof;
	bool peeks;          /* ahead has its pipe */
	struct intake ahead; /* looks for the end of a line, and takes nothing */
	bool dropping;       /* within a line that is thrown away */
	size_t at, len;      /* of raw: what is still to be made into lines */
	char raw[RAW_ROOM + SCAN_SLACK];
};

/* NULL: no memory. */
struct feed *feed_open(struct logger *);
/* Reads what there is. */
void feed_on_ready(struct logger *, ms now);
/* Makes lines of what was read, as long as the file takes them. */
void feed_advance(struct logger *, ms now);
ms feed_due(const struct logger *);

#endif
