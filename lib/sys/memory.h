#ifndef SE_SYS_MEMORY_H
#define SE_SYS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory for the few blocks that a start or a reload needs, from the kernel: those that are larger
 * than half a page have their own pages, which cost nothing until they are touched, and go back for
 * good.
 */

/* Zeroed; NULL: errno. */
void *memory_get(size_t);
/* NULL is fine. */
void memory_free(void *, size_t);
/* Makes *block larger, zeroes behind its contents; false: errno, it is as it was. */
bool memory_grow(void *block, size_t old, size_t size);
/*
 * What is in it is not needed any more: its whole pages are zeroes from now on, and cost nothing
 * until they are touched. Shared: a file's in memory.
 */
void memory_drop(void *, size_t, bool shared);
/*
 * Gives back what was needed for a moment, in a process that waits: what deeper calls have touched
 * of the stack, and the pages of the program that are mapped here; those that are needed again are
 * mapped again without the disk, as long as the kernel keeps them. (A debugger's breakpoints go
 * with them.)
 */
void memory_trim(void);

#endif
