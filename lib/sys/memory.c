#include "memory.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "call.h"

void *
memory_get(size_t size)
{
	void *p = call_mmap(size ? size : 1, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return p == MAP_FAILED ? NULL : p;
}

void
memory_free(void *p, size_t size)
{
	if (p)
		(void)munmap(p, size ? size : 1); /* cannot fail: it is ours */
}

bool
memory_grow(void *block, size_t old, size_t size)
{
	void **at = block, *new = memory_get(size);

	if (!new)
		return false;
	if (*at)
		memcpy(new, *at, old);
	memory_free(*at, old);
	*at = new;
	return true;
}

#define TRIM (128 * 1024ul) /* as deep as a start goes, and more */

void
memory_trim_stack(void)
{
	char here;
	uintptr_t page = 4096, end = ((uintptr_t)&here & ~(page - 1)) - page;

	/* ENOMEM: the stack is shorter; what there is of it has gone */
	(void)madvise((void *)(end - TRIM), TRIM, MADV_DONTNEED);
}
