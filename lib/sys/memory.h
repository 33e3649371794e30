#ifndef SE_SYS_MEMORY_H
#define SE_SYS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory in whole pages from the kernel, for the few blocks that a start or a reload needs. Pages
 * cost nothing until they are touched, and go back for good.
 */

/* Zeroed; NULL: errno. */
void *memory_get(size_t);
/* NULL is fine. */
void memory_free(void *, size_t);
/* Makes *block larger, zeroes behind its contents; false: errno, it is as it was. */
bool memory_grow(void *block, size_t old, size_t size);
/* Gives back what deeper calls have touched of the stack: a start goes deeper than what follows. */
void memory_trim_stack(void);

#endif
