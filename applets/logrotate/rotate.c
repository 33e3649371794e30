#include "rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/copytruncate.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/privilege.h"
#include "../../lib/sys/smallfile.h"
#include "complain.h"
#include "compress.h"
#include "file.h"

/* How long another process may have the file locked, or leave its last line unfinished. */
#define PATIENCE (10 * MS_SECOND)
#define NUDGE    5

/* reason: NULL: errno's */
static __attribute__((noinline)) int
fail(const char *what, const char *path, const char *reason)
{
	complain("%s: %s: %s", what, path, reason ? reason : call_reason());
	return 1;
}

static void
nap(void)
{
	(void)poll(NULL, 0, NUDGE); /* it may end early: all the same */
}

/* ---- the writer ---- */

struct target {
	pid_t pid; /* 0: none */
	int sig;
};

/* PID or @FILE, and an optional :SIGNAL. NULL: done; else the reason. */
static const char *
find_target(const char *text, struct target *t)
{
	char word[PATH_MAX], number[32] = "";
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	uint64_t pid;

	t->sig = SIGUSR1;
	if (colon && !num_signal(colon + 1, &t->sig))
		return "expected a signal behind the colon";
	if (!buf_print_to(word, sizeof word, "%.*s", (int)len, text))
		return strerror(ENAMETOOLONG);
	if (*word == '@') {
		if (smallfile_read(word + 1, number, sizeof number) < 0)
			return call_reason();
		number[text_span(number, " \r\n")] = '\0';
	}
	if (!num_count(*word == '@' ? number : word, 2, INT_MAX, &pid))
		return *word == '@' ? "no pid in the file" : "expected PID or @FILE";
	t->pid = (pid_t)pid;
	return NULL;
}

/* ---- one file ---- */

/*
 * Goes through the rotation's steps to the one that takes FILE away. 0: it is locked there, or
 * taken away; 1: it is empty by now; -1: errno.
 */
static int
rotate_until(struct file *f, enum rotation_action last)
{
	ms until = loop_now() + PATIENCE, now;

	while ((now = loop_now()) < until) {
		enum rotation_action action = rotation_next(&f->rotation, &f->policy, 0, now);
		uint64_t size = 0;
		int result;

		if (action == last && action != ROTATION_RENEW)
			return 0;
		if (action == ROTATION_WAIT) {
			if (!f->rotation.wanted)
				return 1;
			nap();
			continue;
		}
		result = file_step(f, action, &size, now);
		if (result < 0 && errno != ESTALE && errno != EWOULDBLOCK)
			return -1;
		rotation_midline(
		    &f->rotation, false); /* its writer ends the line where it began it */
		rotation_done(&f->rotation, &f->policy, file_answer(result), size, now);
		if (result == 0 && action == last)
			return 0;
	}
	return call_fail(EWOULDBLOCK);
}

/* Why rotate_until has failed. */
static const char *
hindrance(void)
{
	return errno == EWOULDBLOCK ? "locked, or within a line, for 10s" : call_reason();
}

static int
cut(struct copytruncate *c)
{
	ms until = loop_now() + MS_SECOND;

	while (copytruncate_cut(c) < 0) {
		if (errno != EAGAIN || c->midline)
			return -1;
		c->midline = loop_now() >= until;
		nap();
	}
	return 0;
}

static int
tell(const char *path, const char *name, const struct copytruncate *c)
{
	char room[2 * PATH_MAX];
	struct buf b = buf_over(room, sizeof room);

	if (c->way == COPYTRUNCATE_NOTHING)
		buf_printf(&b, "%s: no whole line yet: left alone\n", path);
	else
		buf_printf(&b, "%s: %lld bytes moved to %s, %s\n", path, (long long)c->copied, name,
		    c->way == COPYTRUNCATE_COLLAPSE ? "collapsed" : "truncated");
	if (c->blanked > 0)
		buf_printf(&b, "%s: %lld bytes of a line at its head are blanks now\n", path,
		    (long long)c->blanked);
	return out_write(STDOUT_FILENO, room, b.len) ? 0 : fail("rotate", "stdout", NULL);
}

#ifndef SYS_renameat2
#define SYS_renameat2 316
#endif
#define NOREPLACE 1u /* RENAME_NOREPLACE */

/* Renames, but over no file that somebody has put there meanwhile, as mv FILE FILE.0. -1: errno. */
static int
put(const char *from, const char *to)
{
	struct stat st;

	if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (call_lstat(to, &st) == 0) /* this file system cannot do it in one step */
		return call_fail(EEXIST);
	return rename(from, to);
}

/* Who locks nothing, as mv(1), may have moved what is locked. */
static bool
is_moved(const struct file *f)
{
	struct stat st;

	return call_stat(f->log.path, &st) < 0 || !logfile_is(&f->log, &st);
}

/* FILE is locked: copies it beside it, shifts the old ones, gives the copy its name, cuts FILE. */
static int
copytruncate(struct file *f, int from)
{
	const char *path = f->log.path;
	struct copytruncate c = { .from = from };
	char temp[PATH_MAX], name[PATH_MAX];
	int failed = 1;

	if (!buf_print_to(temp, sizeof temp, "%s.new", path) ||
	    !logfile_name(&f->log, f->policy.first, false, name))
		return fail("rotate", path, strerror(ENAMETOOLONG));
	(void)unlink(temp); /* of one that was killed here */
	if ((c.to = call_open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, f->log.mode)) < 0)
		return fail("rotate", temp, NULL);
	if (logfile_dress(&f->log, c.to) < 0 || copytruncate_copy(&c) < 0)
		(void)fail("rotate: copy", path, NULL);
	else if (is_moved(f))
		(void)fail("rotate", path, "somebody else has just rotated it");
	else if (c.way != COPYTRUNCATE_NOTHING &&
	    (rotate_until(f, ROTATION_ASIDE) != 0 || put(temp, name) < 0))
		(void)fail("rotate: rename", path, NULL);
	else if (cut(&c) < 0) {
		if (c.cut == 0 && errno != ESTALE) /* FILE still has all of it */
			(void)unlink(name);
		(void)fail("rotate: cut", path, NULL);
	} else
		failed = tell(path, name, &c);
	if (failed || c.way == COPYTRUNCATE_NOTHING)
		(void)unlink(temp); /* ENOENT: it has its name */
	close(c.to);
	return failed;
}

/* Whom copytruncate would do harm. */
static bool
is_writable(const char *path, int from)
{
	pid_t pid = copytruncate_writer(from);

	if (pid > 0)
		complain("rotate: %s: pid %d writes it without O_APPEND: it would go "
			 "on at its old place",
		    path, (int)pid);
	else if (pid < 0)
		complain("rotate: %s: not all of its writers can be seen: do they use "
			 "O_APPEND?",
		    path);
	return pid <= 0;
}

static int
copytruncate_file(struct file *f)
{
	const char *path = f->log.path;
	int from = call_open(path, O_RDWR | O_CLOEXEC | O_NOCTTY, 0), failed = 1, empty;
	struct stat st;

	if (from < 0)
		return fail("rotate", path, NULL);
	if (!is_writable(path, from)) {
		close(from);
		return 1;
	}
	/* first the lock: who rotates by renaming must neither have begun nor begin meanwhile */
	empty = rotate_until(f, ROTATION_PROBE);
	if (empty < 0)
		(void)fail("rotate", path, hindrance());
	else if (empty > 0)
		failed = 0;
	else if (call_fstat(from, &st) < 0 || !logfile_is(&f->log, &st))
		(void)fail("rotate", path, "somebody else has just rotated it");
	else
		failed = copytruncate(f, from);
	(void)logfile_unlock(&f->log); /* keeps errno, cannot fail */
	close(from);
	return failed;
}

/* Compresses what is old enough for its writer not to have it any more. */
static int
compress_all(struct compress *k, struct file *f, bool newest)
{
	struct rotation_policy p = f->policy;
	int status;

	p.first += !newest;
	p.age -= !newest;
	k->wanted = k->once = true;
	do {
		compress_advance(k, &f->log, &p, loop_now());
		if (k->pid > 0 && waitpid(k->pid, &status, 0) == k->pid)
			(void)compress_on_exit(k, &f->log, &p, k->pid, status, loop_now());
		else if (k->wanted)
			nap();
	} while (k->wanted && compress_due(k, &f->log, &p) < loop_now() + PATIENCE);
	return k->failed;
}

static int
rotate_file(const struct options *c, const char *path, struct lines *lines, struct ledger *ledger)
{
	struct compress k;
	struct file f;
	struct stat st;
	const char *why;
	int failed = 0;

	if (call_stat(path, &st) < 0)
		return fail("rotate", path, NULL);
	if (!S_ISREG(st.st_mode))
		return fail("rotate", path, "not a regular file");
	if (st.st_size == 0 || (c->size_given && (uint64_t)st.st_size < c->size))
		return 0;
	if ((why = file_init(&f, c, path, lines, ledger)) != NULL)
		return fail("--owner, --group", path, why);
	if ((why = compress_init(&k, c)) != NULL)
		return fail("--compress", path, why);
	f.log.suffix = k.suffix;
	f.log.mode = st.st_mode & 07777;
	if (!c->owner && st.st_uid != geteuid())
		f.log.uid = st.st_uid;
	if (!c->group && st.st_gid != getegid())
		f.log.gid = st.st_gid;
	f.others = true;
	file_rotate(&f);
	f.policy.every = MS_NEVER;
	if (c->copytruncate)
		failed = copytruncate_file(&f);
	else if (rotate_until(&f, ROTATION_RENEW) < 0) {
		failed = fail("rotate", path, hindrance());
		if (f.log.fd >= 0) /* there is no next step that would */
			(void)logfile_heal(&f.log, f.policy.first);
	}
	if (!failed)
		failed = compress_all(&k, &f, c->copytruncate);
	logfile_close(&f.log);
	return failed;
}

int
rotate_run(const struct options *c)
{
	struct target target = { 0 };
	struct lines lines;
	struct ledger *ledger;
	struct privilege p;
	const char *why;
	int failed = 0;

	if ((why = privilege_resolve(c->owner, c->group, &p)) != NULL)
		return fail("--owner, --group", c->owner ? c->owner : c->group, why) + 1;
	if (c->age < 2)
		return fail("--rotate", "--age", "it must be 2 at least") + 1;
	if (c->signal && (why = find_target(c->signal, &target)) != NULL)
		return fail("--signal", c->signal, why) + 1;
	if (!(ledger = ledger_open(-1)))
		return fail("rotate", "memory", NULL);
	lines_init(&lines, c);
	for (unsigned i = 0; i < c->nfiles; i++)
		failed |= rotate_file(c, c->files[i], &lines, ledger);
	if (target.pid > 0 && kill(target.pid, target.sig) < 0)
		failed = fail("--signal", c->signal, NULL);
	return failed;
}
