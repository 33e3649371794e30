#ifndef SE_SIGDUMP_SINK_H
#define SE_SIGDUMP_SINK_H

#include "../../lib/base/buf.h"

/* Where a report goes: in one piece if it is not longer, so that others who append do not cut it.
 */
#define SINK_ROOM (1 << 20)

struct sink {
	int fd;
	char last; /* byte that was written */
	int error; /* errno of the first write that failed; nothing is written any more */
	struct buf b;
	char *room;
};

/* False: errno. */
bool sink_open(struct sink *, int fd);
/* At most 2 KiB in one call. */
__attribute__((format(printf, 2, 3))) void sink_print(struct sink *, const char *format, ...);
/* Foreign text, as buf_escape; at most 512 bytes of it. */
void sink_escape(struct sink *, const char *text, size_t len);
void sink_text(struct sink *, const char *text);
/* Foreign text as a JSON string. */
void sink_json(struct sink *, const char *text, size_t len);
/* Is an opening bracket the last that was printed? */
bool sink_opened(const struct sink *);
/* False: not all has arrived; errno. */
bool sink_close(struct sink *);

#endif
