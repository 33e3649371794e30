#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/buf.h"
#include "../base/text.h"
#include "call.h"
#include "out.h"

#define OPEN_FLAGS (O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

bool
logfile_name(const struct logfile *l, unsigned i, bool packed, char to[PATH_MAX])
{
	return buf_print_to(to, PATH_MAX, "%s.%u%s", l->path, i, packed ? l->suffix : "");
}

/* How many names an old file can have: its own, and that of its compressed form. */
static int
names(const struct logfile *l)
{
	return *l->suffix ? 2 : 1;
}

/* The name of the file that is being made. */
static bool
new_name(const struct logfile *l, char to[PATH_MAX])
{
	return buf_print_to(to, PATH_MAX, "%s.new", l->path);
}

/* Closes it, if it is ours; errno stays as it is. */
static void
release(int fd)
{
	call_close(fd > STDERR_FILENO ? fd : -1);
}

void
logfile_close(struct logfile *l)
{
	release(l->fd);
	l->fd = -1;
}

bool
logfile_is(const struct logfile *l, const struct stat *st)
{
	return st->st_ino == l->ino && st->st_dev == l->dev;
}

/* All directories of the path that are missing. */
static void
make_directories(const char *path)
{
	char dir[PATH_MAX];

	for (const char *slash = path; *slash && (slash = text_char(slash + 1, '/')) != NULL;)
		if (buf_print_to(dir, sizeof dir, "%.*s", (int)(slash - path), path))
			(void)mkdir(dir, 0755); /* the open tells what is wrong */
}

int
logfile_dress(const struct logfile *l, int fd)
{
	if (call_fchmod(fd, l->mode) < 0)
		return -1;
	return l->uid == (uid_t)-1 && l->gid == (gid_t)-1 ? 0 : call_fchown(fd, l->uid, l->gid);
}

/* FILE, dressed if it had to be made. */
static int
open_file(const struct logfile *l)
{
	int fd = call_open(l->path, OPEN_FLAGS, 0);
	struct stat st;

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = call_open(l->path, OPEN_FLAGS | O_CREAT | O_EXCL, l->mode);
	if (fd < 0)
		return errno == EEXIST ? call_open(l->path, OPEN_FLAGS, 0) : -1;
	if (logfile_dress(l, fd) == 0)
		return fd;
	if (call_fstat(fd, &st) == 0 && st.st_size == 0)
		call_unlink(l->path); /* nobody has used it yet */
	return call_close(fd);
}

/* The part of linux/stat.h that is needed: its layout is the kernel's promise. */
struct born {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, spare;
	uint64_t ino, size, blocks, attributes_mask;
	struct {
		int64_t sec;
		uint32_t nsec, reserved;
	} atime, btime, ctime, mtime;
	uint64_t rest[16];
};

#define BORN_MASK 0x800u /* STATX_BTIME */

/* Milliseconds since a file was made; 0: not known. */
static ms
age_of(int fd)
{
	struct born b = { 0 };
	int64_t age;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, BORN_MASK, &b) < 0 || !(b.mask & BORN_MASK))
		return 0;
	age = call_time() - b.btime.sec;
	return age > 0 ? age * 1000 : 0;
}

/* Some file systems have no locks: then there is none, and one writer is all there may be. */
static int
lock(const struct logfile *l, int how)
{
	if (flock(l->fd, how | LOCK_NB) == 0 || !call_again())
		return 0;
	return call_fail(EWOULDBLOCK);
}

/* An empty file begins with a header; who has it locked is about to write to it. */
static uint64_t
begin(struct logfile *l)
{
	struct stat st = { 0 };

	if (lock(l, LOCK_EX) < 0)
		return 0;
	if (call_fstat(l->fd, &st) == 0 && st.st_size == 0 && out_text(l->fd, l->header))
		st.st_size = (off_t)strlen(l->header); /* else it has none */
	(void)logfile_unlock(l);
	return (uint64_t)st.st_size;
}

/* Takes over fd as what is open. */
static int
adopt(struct logfile *l, int fd, struct logfile_state *s)
{
	struct stat st;

	if (call_fstat(fd, &st) < 0) {
		release(fd);
		return -1;
	}
	logfile_close(l);
	l->fd = fd;
	l->regular = S_ISREG(st.st_mode) && fd > STDERR_FILENO;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	*s = (struct logfile_state){ .size = l->regular ? (uint64_t)st.st_size : 0 };
	if (l->regular && s->size == 0 && *l->header)
		s->size = begin(l);
	return 0;
}

int
logfile_open(struct logfile *l, struct logfile_state *s)
{
	int fd;

	if (strcmp(l->path, "-") == 0)
		return adopt(l, STDOUT_FILENO, s);
	fd = open_file(l);
	if (fd < 0 && errno == ENOENT && l->mkdir) {
		make_directories(l->path);
		fd = open_file(l);
	}
	if (fd < 0 || adopt(l, fd, s) < 0)
		return -1;
	if (l->regular)
		s->age = age_of(fd);
	return 0;
}

/* Does the path lead to what is open? -1: errno, ESTALE if it does not. */
static int
same(const struct logfile *l)
{
	struct stat st;
	int found = call_stat(l->path, &st);

	if (found == 0 && logfile_is(l, &st))
		return 0;
	return found < 0 && errno != ENOENT ? -1 : call_fail(ESTALE);
}

/* Who has the old file locked does not matter to us: ESTALE comes before EWOULDBLOCK. */
static bool
is_locked(bool locked)
{
	if (!locked)
		errno = EWOULDBLOCK;
	return locked;
}

int
logfile_look(struct logfile *l, struct logfile_state *s)
{
	struct stat st;
	bool locked;

	*s = (struct logfile_state){ 0 };
	if (!l->regular)
		return 0;
	locked = !l->shared || lock(l, LOCK_SH) == 0;
	if (same(l) == 0 && is_locked(locked) && call_fstat(l->fd, &st) == 0) {
		s->size = (uint64_t)st.st_size;
		return 0;
	}
	(void)logfile_unlock(l);
	return -1;
}

#define AT_ONCE 4096 /* PIPE_BUF: what a pipe that polls writable takes without waiting */

int
logfile_write(struct logfile *l, const char *bytes, size_t len, size_t *written)
{
	struct pollfd p = { .fd = l->fd, .events = POLLOUT };
	ssize_t n;

	*written = 0;
	if (!l->regular) {
		if (poll(&p, 1, 0) != 1 || !(p.revents & (POLLOUT | POLLERR)))
			return call_fail(EWOULDBLOCK);
		len = len < AT_ONCE ? len : AT_ONCE;
	}
	do
		n = write(l->fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		errno = n == 0 ? EIO : errno;
		return -1;
	}
	*written = (size_t)n;
	return 0;
}

int
logfile_exclude(struct logfile *l)
{
	return l->regular && l->shared ? lock(l, LOCK_EX) : 0;
}

int
logfile_lock(struct logfile *l)
{
	bool locked;

	if (!l->regular)
		return 0;
	locked = lock(l, LOCK_EX) == 0;
	if (same(l) == 0 && is_locked(locked))
		return 0;
	(void)logfile_unlock(l);
	return -1;
}

/* Does FILE end within a line? Where it cannot be read: taken for no. */
static bool
is_unended(const struct logfile *l, off_t size)
{
	int fd = call_open(l->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	char c = '\n';

	if (fd < 0)
		return false;
	(void)!pread(fd, &c, 1, size - 1);
	close(fd);
	return c != '\n';
}

int
logfile_mend(struct logfile *l)
{
	off_t unended = l->unended;
	struct stat st;
	size_t written;

	l->unended = 0;
	if (!l->regular)
		return 0;
	if (unended)
		(void)!write(l->fd, "", 0); /* waits for a write(2) that is under way */
	if (call_fstat(l->fd, &st) < 0 || st.st_size == 0 || !is_unended(l, st.st_size))
		return 0;
	if (st.st_size == unended)
		return logfile_write(l, "\n", 1, &written);
	l->unended = st.st_size;
	return call_fail(EWOULDBLOCK);
}

int
logfile_unlock(struct logfile *l)
{
	int saved = errno;

	if (l->shared)
		(void)flock(l->fd, LOCK_UN); /* cannot fail on an open file */
	errno = saved;
	return 0;
}

int
logfile_heal(struct logfile *l, unsigned first)
{
	char name[PATH_MAX];
	struct stat st;

	if (!l->regular || !logfile_name(l, first, false, name) || call_stat(name, &st) < 0 ||
	    !logfile_is(l, &st))
		return 0;
	/* where there are no hard links, it may be its only name */
	if (same(l) < 0 && errno == ESTALE && call_lstat(l->path, &st) < 0 && errno == ENOENT)
		return rename(name, l->path);
	return unlink(name);
}

int
logfile_probe(struct logfile *l, unsigned i, uint64_t *size)
{
	char name[PATH_MAX];
	struct stat st;

	*size = 0;
	for (int packed = 0; packed < names(l); packed++) {
		if (!logfile_name(l, i, packed, name))
			return call_fail(ENAMETOOLONG);
		if (call_lstat(name, &st) == 0)
			*size += (uint64_t)st.st_size + (*size == 0);
		else if (errno != ENOENT)
			return -1;
	}
	return 0;
}

/* Takes FILE.i away: it becomes FILE.(i+1), or nothing. */
static int
take_away(const struct logfile *l, unsigned i, bool keep)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (int packed = 0; packed < names(l); packed++)
		if (logfile_name(l, i, packed, from) &&
		    (!keep || logfile_name(l, i + 1, packed, to)) &&
		    (keep ? rename(from, to) : unlink(from)) < 0 && errno != ENOENT)
			return -1;
	return 0;
}

int
logfile_remove(struct logfile *l, unsigned i)
{
	return take_away(l, i, false);
}

int
logfile_sync(struct logfile *l)
{
	return fdatasync(l->fd);
}

int
logfile_shift(struct logfile *l, unsigned i)
{
	return take_away(l, i, true);
}

int
logfile_aside(struct logfile *l, unsigned first)
{
	char name[PATH_MAX];

	if (!logfile_name(l, first, false, name))
		return call_fail(ENAMETOOLONG);
	if (link(l->path, name) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return -1;
	return rename(l->path, name);
}

int
logfile_renew(struct logfile *l, uint64_t *size)
{
	char name[PATH_MAX];
	struct logfile_state s;
	int fd;

	if (!new_name(l, name))
		return call_fail(ENAMETOOLONG);
	(void)unlink(name); /* of a rotation that was killed here; ENOENT: the usual case */
	if ((fd = call_open(name, OPEN_FLAGS | O_CREAT | O_EXCL, l->mode)) < 0)
		return -1;
	if (logfile_dress(l, fd) == 0 && (l->shared || flock(fd, LOCK_EX | LOCK_NB) == 0)) {
		/* without a header at worst; never with a part of one, or with another's line first
		 */
		if (*l->header && !out_text(fd, l->header))
			(void)!ftruncate(fd, 0);
		if (rename(name, l->path) == 0) {
			if (adopt(l, fd, &s) < 0)
				return -1;
			*size = s.size;
			return 0;
		}
	}
	call_unlink(name);
	return call_close(fd);
}
