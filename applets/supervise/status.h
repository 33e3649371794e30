#ifndef SE_SUPERVISE_STATUS_H
#define SE_SUPERVISE_STATUS_H

#include "supervise.h"

/* The status of everything, a piece at a time, so that no reader needs memory for all of it. */

/* The most that one call of status_next writes. */
#define STATUS_PIECE_MAX 1024

/*
 * Appends the piece that cursor stands at and moves it on; it begins at 0. False: there was none
 * left.
 */
bool status_next(const struct supervise *, enum command_format, unsigned *cursor, struct buf *);
/* All pieces, to fd; false: errno. */
bool status_write(const struct supervise *, enum command_format, int fd);
/* The lines of the dump file beyond the table: timers and descriptors. */
bool status_dump_next(const struct supervise *, unsigned *cursor, struct buf *);

#endif
