#include "compress.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/spawn.h"
#include "complain.h"

#define RETRY (60 * MS_SECOND)
#define NUDGE ((ms)20)

extern char **environ;

static const char *
suffix_of(const char *command)
{
	const char *slash = strrchr(command, '/');
	int i = num_item(slash ? slash + 1 : command, "gzip|pigz|bzip2|xz|zstd|lz4", '|');

	return text_item(".z\0.gz\0.gz\0.bz2\0.xz\0.zst\0.lz4", (unsigned)(i + 1));
}

const char *
compress_init(struct compress *k, const struct options *c)
{
	const char *command = c->compress.value ? c->compress.value : "gzip -9";
	char room[64], *base;
	struct buf why = buf_over(room, sizeof room), text;
	size_t size = strlen(command) + 2;

	*k = (struct compress){ .from = -1, .wanted = true };
	if (c->compress.verb == 0)
		return NULL;
	if (!(base = memory_get(size)))
		return call_reason();
	text = buf_over(base, size);
	if (!optval_words(command, &text, &k->command, &why) || k->command.count == 0)
		return "expected a command";
	if (!(k->argv = memory_get((k->command.count + 1) * sizeof *k->argv)))
		return call_reason();
	for (unsigned i = 0; i < k->command.count; i++)
		k->argv[i] = (char *)(size_t)optval_list_at(&k->command, i); /* exec keeps it */
	if (buf_print_to(k->suffix, sizeof k->suffix, "%s",
		c->compress_suffix ? c->compress_suffix : suffix_of(k->argv[0])) &&
	    k->suffix[0] == '.' && !text_char(k->suffix, '/'))
		return NULL;
	return "its suffix must begin with a dot and be short";
}

static bool
temp_name(const struct logfile *l, char name[PATH_MAX])
{
	return buf_print_to(name, PATH_MAX, "%s.packing", l->path);
}

static void
say(struct compress *k, const struct logfile *l, const char *what)
{
	complain("compress: %s: %s: %s%s", l->path, k->argv[0], what,
	    k->once ? "" : ": trying again in a minute");
	k->failed = true;
}

/* Opens the oldest old file that is not compressed, locked; -1: there is none, or errno EAGAIN. */
static int
open_oldest(const struct logfile *l, const struct rotation_policy *p)
{
	char name[PATH_MAX];

	for (unsigned i = p->first + p->age; i-- > p->first;) {
		int fd;

		if (!logfile_name(l, i, false, name) ||
		    (fd = call_open(
			 name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0)) < 0)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		close(fd);
		errno = EAGAIN; /* another logger has it in hand, or writes its last line */
		return -1;
	}
	return call_fail(ENOENT);
}

static int
open_temp(const struct logfile *l, mode_t mode)
{
	char name[PATH_MAX];
	int fd = -1;

	if (temp_name(l, name))
		fd = call_open(name,
		    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, mode);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && ftruncate(fd, 0) == 0)
		return fd;
	call_close(fd);
	return -1;
}

static void
remove_temp(const struct logfile *l)
{
	char name[PATH_MAX];

	if (temp_name(l, name))
		(void)unlink(name); /* of no use; the next one would be made over it */
}

static void
stop(struct compress *k, ms due)
{
	call_close(k->from);
	k->from = -1;
	k->due = due;
}

static void
start(struct compress *k, const struct logfile *l, ms now)
{
	struct stat st;
	int to = call_fstat(k->from, &st) == 0 ? open_temp(l, st.st_mode & 0777) : -1;
	const struct spawn_fd fds[] = { { STDIN_FILENO, k->from }, { STDOUT_FILENO, to } };
	const struct spawn s = { .file = k->argv[0],
		.argv = k->argv,
		.envp = environ,
		.fds = fds,
		.nfds = 2,
		.umask = -1,
		.death_signal = SIGKILL };
	const char *step = "temporary file";

	k->size = (uint64_t)st.st_size;
	k->pid = to >= 0 ? spawn(&s, &step) : -1;
	if (k->pid < 0) {
		k->pid = 0;
		if (to < 0 && errno == EWOULDBLOCK) {
			stop(k, now + MS_SECOND);
		} else {
			int e = errno;

			if (to >= 0)
				remove_temp(l);
			say(k, l, strerror(e));
			stop(k, now + RETRY);
		}
	}
	call_close(to);
}

/* The compressed file takes the old file's place, wherever that is by now. -1: errno. */
static int
place(struct compress *k, const struct logfile *l, const struct rotation_policy *p)
{
	char temp[PATH_MAX], name[PATH_MAX], packed[PATH_MAX];
	struct stat st, there;

	if (!temp_name(l, temp) || call_fstat(k->from, &st) < 0)
		return -1;
	for (unsigned i = p->first; i < p->first + p->age; i++) {
		if (!logfile_name(l, i, false, name) || !logfile_name(l, i, true, packed) ||
		    call_lstat(name, &there) < 0 || !call_same(&there, &st))
			continue;
		return rename(temp, packed) < 0 ? -1 : unlink(name);
	}
	return unlink(temp); /* the old file has gone meanwhile */
}

/* The filter has done its work: in goes what it made, unless the old file grew meanwhile. */
static void
finish(struct compress *k, struct logfile *l, const struct rotation_policy *p, ms now)
{
	struct stat st;

	if (call_fstat(k->from, &st) == 0 && (uint64_t)st.st_size != k->size) {
		stop(k, now + MS_SECOND);
		return;
	}
	if (logfile_lock(l) < 0) { /* somebody rotates */
		k->due = now + NUDGE;
		return;
	}
	if (place(k, l, p) < 0) {
		say(k, l, call_reason());
		stop(k, now + RETRY);
	} else {
		stop(k, 0);
	}
	(void)logfile_unlock(l); /* cannot fail */
}

/* Is there nothing that it could do now? */
static bool
is_busy(const struct compress *k, const struct logfile *l, const struct rotation_policy *p)
{
	return k->command.count == 0 || k->pid > 0 || l->fd < 0 || p->age == 0;
}

void
compress_advance(struct compress *k, struct logfile *l, const struct rotation_policy *p, ms now)
{
	if (is_busy(k, l, p) || now < k->due)
		return;
	if (k->from >= 0) {
		finish(k, l, p, now);
		return;
	}
	if (!k->wanted)
		return;
	if ((k->from = open_oldest(l, p)) >= 0) {
		start(k, l, now);
	} else if (errno == EAGAIN) {
		k->due = now + MS_SECOND;
	} else {
		k->wanted = false;
	}
}

bool
compress_on_exit(struct compress *k, struct logfile *l, const struct rotation_policy *p, pid_t pid,
    int status, ms now)
{
	char what[32];

	if (pid != k->pid)
		return false;
	k->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		k->due = 0;
		compress_advance(k, l, p, now);
		return true;
	}
	if (WIFEXITED(status))
		(void)buf_print_to(what, sizeof what, "exit status %d", WEXITSTATUS(status));
	else
		(void)buf_print_to(what, sizeof what, "signal %d", WTERMSIG(status));
	remove_temp(l);
	say(k, l, what);
	stop(k, now + RETRY);
	return true;
}

ms
compress_due(const struct compress *k, const struct logfile *l, const struct rotation_policy *p)
{
	return is_busy(k, l, p) || (k->from < 0 && !k->wanted) ? MS_NEVER : k->due;
}
