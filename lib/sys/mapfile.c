#include "mapfile.h"

#include <errno.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"

int
mapfile_open(struct mapfile *f, const char *path)
{
	struct stat st;
	int fd = call_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	void *bytes;

	*f = (struct mapfile){ 0 };
	if (fd < 0)
		return -1;
	if (call_fstat(fd, &st) < 0)
		return call_fail_closed(fd, errno);
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return call_fail_closed(fd, ENOEXEC);
	bytes = call_mmap_at(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd);
	if (bytes == MAP_FAILED)
		return call_fail_closed(fd, errno);
	close(fd);
	f->bytes = bytes;
	f->len = (size_t)st.st_size;
	f->inode = st.st_ino;
	return 0;
}

void
mapfile_close(struct mapfile *f)
{
	if (f->bytes)
		(void)munmap((void *)(uintptr_t)f->bytes, f->len); /* it is mapped */
	f->bytes = NULL;
}

/* Puts a page of zeroes where the fault was; the read that faulted is made again. */
static void
on_bus(int sig, siginfo_t *info, void *context)
{
	size_t page = getauxval(AT_PAGESZ);
	uintptr_t at = (uintptr_t)info->si_addr & ~(page - 1);

	(void)context;
	if (call_mmap_at((void *)at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		-1) == MAP_FAILED)
		_exit(128 + sig);
}

void
mapfile_guard(void)
{
	(void)call_catch(SIGBUS, on_bus, true); /* it cannot fail */
}
