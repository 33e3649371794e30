#ifndef SE_SUPERVISE_ENDS_H
#define SE_SUPERVISE_ENDS_H

#include <stdint.h>

/* Our ends of pipes and sockets, which the loop watches; -1: there is none. */

/* Makes a pipe, with the read end as ours. The write end, the caller's; -1: errno. */
int ends_pipe(int *ours, uint64_t tag);
/* Closes it, if there is one. */
void ends_close(int *ours, uint64_t tag);

#endif
