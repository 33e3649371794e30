#include "memory.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "call.h"

#define PAGE  4096ul
#define SMALL 2048 /* blocks up to this share pages */
#define GRAIN 64
#define CHUNK 65536

/* Small blocks: what was given back, by size, and the rest of the pages that they come from. */
static struct {
	void **freed[SMALL / GRAIN];
	char *at;
	size_t left;
} small;

static void *
get_pages(size_t size)
{
	void *p = call_mmap(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	return p == MAP_FAILED ? NULL : p;
}

/* Which size of small ones; all of one kind are as large. */
static size_t
kind(size_t size)
{
	return size ? (size - 1) / GRAIN : 0;
}

static void *
get_small(size_t k)
{
	size_t size = (k + 1) * GRAIN;
	void **p = small.freed[k];

	if (p) {
		small.freed[k] = *p;
		return memset(p, 0, size);
	}
	if (small.left < size) {
		if (!(small.at = get_pages(CHUNK)))
			size = small.left = 0;
		else
			small.left = CHUNK;
	}
	small.left -= size;
	small.at += size;
	return size ? small.at - size : NULL;
}

void *
memory_get(size_t size)
{
	return size > SMALL ? get_pages(size) : get_small(kind(size));
}

void
memory_free(void *p, size_t size)
{
	void **block = p;

	if (p && size > SMALL) {
		(void)munmap(p, size); /* cannot fail: it is ours */
	} else if (p) {
		*block = small.freed[kind(size)];
		small.freed[kind(size)] = block;
	}
}

bool
memory_grow(void *block, size_t old, size_t size)
{
	void **at = block, *new;

	if (*at && old > SMALL && size > old) { /* what is untouched stays so */
		if ((new = call_mremap(*at, old, size)) != MAP_FAILED)
			*at = new;
		else
			errno = ENOMEM; /* EINVAL: it is far too much */
		return new != MAP_FAILED;
	}
	if (!(new = memory_get(size)))
		return false;
	if (*at)
		memcpy(new, *at, old);
	memory_free(*at, old);
	*at = new;
	return true;
}

void
memory_drop(void *p, size_t size, bool shared)
{
	uintptr_t from = ((uintptr_t)p + PAGE - 1) & ~(PAGE - 1),
		  to = ((uintptr_t)p + size) & ~(PAGE - 1);

	/* ENOMEM: a part of it is not mapped; else it stays as it is, and costs what it costs */
	if (from < to)
		(void)madvise((void *)from, to - from, shared ? MADV_REMOVE : MADV_DONTNEED);
}

#define DEEP (128 * 1024ul) /* as deep as a start goes, and more */

void
memory_trim(void)
{
	char here;
	const ElfW(Phdr) *segment = (const void *)getauxval(AT_PHDR);
	unsigned long segments = segment ? getauxval(AT_PHNUM) : 0;

	memory_drop((void *)((uintptr_t)&here - PAGE - DEEP), DEEP, false);
	for (; segments > 0; segments--, segment++)
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			memory_drop((void *)segment->p_vaddr, segment->p_memsz + PAGE - 1, false);
}
