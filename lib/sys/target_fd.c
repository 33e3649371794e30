#include "target.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/num.h"
#include "../base/text.h"
#include "call.h"
#include "procfile.h"

/* ---- files ---- */

static void
put_flags(uint64_t flags, struct buf *b)
{
	static const struct {
		unsigned flag;
		char name[12];
	} names[] = {
		{ O_APPEND, "O_APPEND" },
		{ O_NONBLOCK, "O_NONBLOCK" },
		{ O_SYNC, "O_SYNC" }, /* has the bit of the next one too */
		{ O_DSYNC, "O_DSYNC" },
		{ O_ASYNC, "O_ASYNC" },
		{ O_DIRECT, "O_DIRECT" },
		{ O_TMPFILE, "O_TMPFILE" }, /* likewise */
		{ O_DIRECTORY, "O_DIRECTORY" },
		{ O_NOFOLLOW, "O_NOFOLLOW" },
		{ O_NOATIME, "O_NOATIME" },
		{ O_CLOEXEC, "O_CLOEXEC" },
	};
	static const char modes[4][12] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_RDWR" };

	if (flags & O_PATH)
		buf_puts(b, "O_PATH");
	else
		buf_puts(b, modes[flags & 3]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if ((flags & names[i].flag) == names[i].flag) {
			buf_printf(b, "|%.12s", names[i].name);
			flags &= ~(uint64_t)names[i].flag;
		}
}

/* A name of the kernel's for the kind of a socket, "TCP"; nothing where it tells none. */
static void
put_protocol(const char *path, struct buf *b)
{
	char name[32];
	long n = syscall(SYS_getxattr, path, "system.sockprotoname", name, sizeof name);

	if (n > 1) {
		buf_puts(b, " ");
		buf_escape(b, name, (size_t)n - 1, sizeof name);
	}
}

/* "pos:\t0\nflags:\t0100002\n..." */
static bool
read_info(pid_t pid, int fd, uint64_t *pos, uint64_t *flags)
{
	char file[32], text[512];
	const char *at;

	(void)buf_print_to(file, sizeof file, "fdinfo/%d", fd); /* fits */
	if (procfile_read(pid, 0, file, text, sizeof text) <= 0)
		return false;
	*pos = (uint64_t)procfile_valued(text, "pos:", 0);
	at = procfile_value(text, "flags:");
	return at && procfile_number(&at, 8, flags);
}

/* ---- what has no file ---- */

/* Hexadecimal, signal 1 is the lowest bit. */
static void
put_signals(const char *mask, struct buf *b)
{
	const char *comma = "";
	uint64_t set = procfile_next(&mask, 16);
	char name[16];

	buf_puts(b, " signals=");
	for (int sig = 1; sig <= 64; sig++)
		if (set >> (sig - 1) & 1) {
			num_signal_name(sig, name);
			buf_printf(b, "%s%s", comma, name);
			comma = ",";
		}
}

struct facts {
	struct buf *b;
	unsigned watches;
};

/* A line of fdinfo that tells something of what it belongs to, proc(5). */
static bool
take_fact(void *arg, const char *line)
{
	static const struct {
		char key[16], shown[8];
		unsigned char base; /* 0: a text */
	} keys[] = {
		{ "eventfd-count:", "count", 16 },
		{ "Pid:", "pid", 10 },
		{ "it_value: ", "left", 0 },
		{ "it_interval: ", "every", 0 },
	};
	struct facts *f = arg;
	const char *at;
	uint64_t n;

	f->watches += text_after(line, "tfd:") || text_after(line, "inotify wd:");
	if ((at = text_after(line, "sigmask:")) != NULL)
		put_signals(at, f->b);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (!(at = text_after(line, keys[i].key)))
			continue;
		if (keys[i].base == 0)
			buf_printf(f->b, " %.8s=%s", keys[i].shown, at);
		else if (*procfile_word(at, 0) == '-')
			buf_printf(f->b, " %.8s=%s", keys[i].shown, procfile_word(at, 0));
		else if (procfile_number(&at, keys[i].base, &n))
			buf_printf(f->b, " %.8s=%llu", keys[i].shown, (unsigned long long)n);
	}
	return true;
}

static void
put_facts(pid_t pid, int fd, const char *name, struct buf *b)
{
	struct facts f = { .b = b };
	char path[32];

	(void)buf_print_to(path, sizeof path, "fdinfo/%d", fd); /* fits */
	if (procfile_each(pid, 0, path, take_fact, &f) < 0)
		return;
	if (text_after(name, "anon_inode:[eventpoll]") || text_after(name, "anon_inode:inotify"))
		buf_printf(b, " watches=%u", f.watches);
}

/* ---- one descriptor ---- */

/* By its name only: to ask about a file may wait for a server that is gone. */
static void
put_file(pid_t pid, int fd, const char *name, size_t len, struct buf *b)
{
	bool device = text_after(name, "/dev/") && !text_after(name, "/dev/shm/");
	bool pipe = text_after(name, "pipe:[") != NULL;
	static const char modes[4][4] = { " r", " w", " rw", " rw" };
	uint64_t pos, flags;

	buf_escape(b, name, len, len);
	if (device)
		return;
	if (*name != '/' && !pipe) {
		put_facts(pid, fd, name, b);
		return;
	}
	if (!read_info(pid, fd, &pos, &flags))
		return;
	if (*name == '/') {
		buf_puts(b, " flags=");
		put_flags(flags, b);
		buf_printf(b, " pos=%llu", (unsigned long long)pos);
	} else
		buf_puts(b, modes[flags & 3]);
}

int
target_fd(pid_t pid, int fd, struct target_sockets *sockets, struct buf *b)
{
	char path[48], name[4200];
	const char *at;
	uint64_t inode;
	ssize_t len;

	(void)buf_print_to(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd); /* fits */
	len = call_readlink(path, name, sizeof name - 1);
	if (len < 0)
		return -1;
	name[len] = '\0';
	if ((at = text_after(name, "socket:[")) == NULL || !procfile_number(&at, 10, &inode)) {
		put_file(pid, fd, name, (size_t)len, b);
		return 0;
	}
	if (!sockets->read)
		target_sockets_read(sockets, pid);
	if (!target_socket(sockets, inode, b)) {
		buf_escape(b, name, (size_t)len, (size_t)len);
		put_protocol(path, b);
	}
	return 0;
}
