#include "file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/scan.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/out.h"
#include "complain.h"

const char *
file_init(struct file *f, const struct options *c, const char *path, struct lines *lines,
    struct ledger *ledger)
{
	const char *why;

	*f = (struct file){ .lines = lines, .ledger = ledger, .tee = c->tee, .patient = c->held };
	if ((why = options_logfile(c, path, &f->log)) != NULL)
		return why;
	f->log.header = f->header;
	rotation_init(&f->rotation);
	options_rotation_policy(c, &f->policy);
	return NULL;
}

/* Says once what is wrong, and once that it is over. */
static void
tell(struct file *f, struct trouble *t, const char *step, int error)
{
	if (t->step == step && t->error == error)
		return;
	if (step)
		complain(
		    "%s: %s: %s: trying again every second", step, f->log.path, strerror(error));
	else if (t->step)
		complain("%s: %s: it works again", t->step, f->log.path);
	t->step = step;
	t->error = error;
	f->ledger->error = error;
	f->ledger->errors += step != NULL;
}

/* REMOVE's is HEAL's: what was told of one is not told again of the other. */
static const char *
step_name(enum rotation_action action)
{
	return text_item(
	    "wait\0open\0stat\0write\0lock\0rotate: unlink\0rotate: stat\0\0"
	    "rotate: fdatasync\0rotate: rename\0rotate: link\0rotate: new file\0unlock",
	    action == ROTATION_REMOVE ? ROTATION_HEAL : action);
}

static bool
is_rotating(enum rotation_action action)
{
	return action >= ROTATION_HEAL && action != ROTATION_UNLOCK;
}

enum rotation_answer
file_answer(int result)
{
	if (result == 0)
		return ROTATION_DONE;
	switch (errno) {
	case ESTALE:
		return ROTATION_MOVED;
	case EWOULDBLOCK:
		return ROTATION_BUSY;
	case ENOSPC:
	case EDQUOT:
		return ROTATION_FULL;
	default:
		return ROTATION_FAILED;
	}
}

static int
open_file(struct file *f, uint64_t *size, ms now)
{
	struct buf header = buf_over(f->header, sizeof f->header);
	struct logfile_state st;

	lines_header(f->lines, &header);
	if (logfile_open(&f->log, &st) < 0)
		return -1;
	*size = st.size;
	rotation_aged(&f->rotation, &f->policy, st.age, now);
	if (!f->log.regular)
		f->policy.age = 0; /* nothing to be rotated */
	return 0;
}

/* Is it the middle of a line that comes next? */
static bool
is_continued(const struct file *f)
{
	const struct ledger *l = f->ledger;

	return f->rotation.midline || l->midline > 0 ||
	    (l->done > 0 && l->done < f->len && f->bytes[l->done - 1] != '\n');
}

/* Locked: a rotation that was cut short is undone, and a line that somebody has left is ended. */
static int
heal(struct file *f)
{
	if (logfile_heal(&f->log, f->policy.first) < 0)
		return -1;
	return f->others || is_continued(f) ? 0 : logfile_mend(&f->log);
}

static int
renew(struct file *f, uint64_t *size)
{
	struct buf header = buf_over(f->header, sizeof f->header);

	lines_header(f->lines, &header);
	if (logfile_renew(&f->log, size) < 0)
		return -1;
	f->ledger->rotations++;
	f->rotated = true;
	return 0;
}

/* How many of the waiting bytes may go now: whole lines within the room, or one line. */
static size_t
portion(const struct file *f, const char *bytes, size_t len)
{
	size_t n;

	if (len <= f->rotation.room)
		return len;
	n = scan_last(bytes, (size_t)f->rotation.room);
	if (n == 0 && (n = scan_first(bytes, len)) == 0)
		n = len;
	return n;
}

static void
count(struct file *f, const char *bytes, size_t n)
{
	f->ledger->lines += scan_count(bytes, n);
	f->ledger->bytes += n;
	if (f->tee && !out_write(STDOUT_FILENO, bytes, n)) {
		f->tee = false;
		complain("tee: stdout: %s", call_reason());
	}
}

static int
write_some(struct file *f, uint64_t *size)
{
	struct ledger *l = f->ledger;
	const char *bytes = f->bytes + l->done;
	size_t n = portion(f, bytes, f->len - l->done), written;
	bool midline = f->rotation.midline;

	*size = f->rotation.size;
	l->dev = f->log.dev;
	l->ino = f->log.ino;
	l->at = *size;
	l->written_from = l->done;
	if ((!midline && bytes[n - 1] != '\n' && logfile_exclude(&f->log) < 0) ||
	    (logfile_write(&f->log, bytes, n, &written) < 0 && errno != EPIPE)) {
		if (!midline)
			(void)logfile_unlock(&f->log); /* keeps errno */
		return -1;
	}
	if (written > 0) {
		count(f, bytes, written);
	} else {
		written = n; /* stdout's reader has gone for good */
		l->dropped_lines += scan_count(bytes, n);
		l->dropped_bytes += n;
	}
	l->done += (uint32_t)written;
	*size += written;
	midline = bytes[written - 1] != '\n';
	rotation_midline(&f->rotation, midline);
	if (!midline)
		(void)logfile_unlock(&f->log); /* cannot fail */
	else if (written < n)
		(void)logfile_exclude(&f->log); /* as well as it goes: the disk is full */
	return 0;
}

int
file_step(struct file *f, enum rotation_action action, uint64_t *size, ms now)
{
	struct rotation *r = &f->rotation;
	struct logfile_state st;
	int result;

	switch (action) {
	case ROTATION_WAIT:
		return 0;
	case ROTATION_OPEN:
		return open_file(f, size, now);
	case ROTATION_LOOK:
		result = logfile_look(&f->log, &st);
		*size = st.size;
		return result;
	case ROTATION_WRITE:
		return write_some(f, size);
	case ROTATION_LOCK:
		return logfile_lock(&f->log);
	case ROTATION_HEAL:
		return heal(f);
	case ROTATION_PROBE:
		return logfile_probe(&f->log, r->index, size);
	case ROTATION_REMOVE:
		return logfile_remove(&f->log, r->index);
	case ROTATION_SYNC:
		return logfile_sync(&f->log);
	case ROTATION_SHIFT:
		return logfile_shift(&f->log, r->index);
	case ROTATION_ASIDE:
		return logfile_aside(&f->log, f->policy.first);
	case ROTATION_RENEW:
		return renew(f, size);
	case ROTATION_UNLOCK:
		return logfile_unlock(&f->log);
	}
	return 0;
}

/* Could opening FILE succeed later, without anybody changing what the user asked for? */
static bool
is_passing(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EROFS:
	case EIO:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EINTR:
	case ESTALE:
	case EWOULDBLOCK:
		return true;
	default:
		return false;
	}
}

/* Others who write and rotate have the lock for moments: it is a trouble when it lasts. */
static void
tell_result(struct file *f, enum rotation_action action, enum rotation_answer a, int error, ms now)
{
	bool rotating = is_rotating(action) || f->rotation.state == ROTATION_ST_LOCKING;
	struct trouble *t = rotating ? &f->rotating : &f->writing;

	if (a == ROTATION_FULL && f->policy.min_age > 0 && !f->rotation.freed)
		return; /* room will be made */
	if (a == ROTATION_BUSY && t->busy == 0)
		t->busy = now;
	/* a look that was let in proves nothing: the write behind it may find the lock taken */
	if (a == ROTATION_MOVED || (a != ROTATION_BUSY && action != ROTATION_LOOK))
		t->busy = 0;
	if (a == ROTATION_FULL || a == ROTATION_FAILED ||
	    (a == ROTATION_BUSY && f->log.regular && now - t->busy >= MS_SECOND))
		tell(f, t, step_name(action), error);
	else if (a == ROTATION_DONE && (action == ROTATION_WRITE || action == ROTATION_RENEW))
		tell(f, t, NULL, 0);
}

/* The next line's bytes, for the rotation to find it room. */
static uint64_t
next_line(const struct file *f)
{
	size_t left = f->len - f->ledger->done, n;

	if (left == 0 || f->policy.size == 0 || f->rotation.size + left <= f->policy.size)
		return left;
	n = scan_first(f->bytes + f->ledger->done, left);
	return n > 0 ? n : left;
}

int
file_advance(struct file *f, ms now)
{
	enum rotation_action action;

	while ((action = rotation_next(&f->rotation, &f->policy, next_line(f), now)) !=
	    ROTATION_WAIT) {
		uint64_t size = 0;
		int result = file_step(f, action, &size, now), error = errno;
		enum rotation_answer a = file_answer(result);

		if (action == ROTATION_OPEN && result < 0 && !f->opened && !f->patient &&
		    !is_passing(error))
			return error;
		if (action == ROTATION_LOCK && a == ROTATION_BUSY && !f->opened && !f->log.shared &&
		    !f->patient)
			return EBUSY; /* it has a writer */
		f->opened |= action == ROTATION_UNLOCK;
		tell_result(f, action, a, error, now);
		rotation_done(&f->rotation, &f->policy, a, size, now);
	}
	if (file_idle(f) && f->len > 0)
		file_give(f, NULL, 0);
	return 0;
}

const char file_newline[1 + SCAN_SLACK] = "\n";

void
file_resume(struct file *f, const char *bytes, size_t len)
{
	f->bytes = bytes;
	f->len = len;
}

void
file_give(struct file *f, const char *bytes, size_t len)
{
	f->ledger->done = 0;
	file_resume(f, bytes, len);
}

bool
file_idle(const struct file *f)
{
	return f->ledger->done >= f->len;
}

ms
file_due(const struct file *f)
{
	return rotation_due(&f->rotation, &f->policy, !file_idle(f));
}

void
file_rotate(struct file *f)
{
	f->rotation.wanted = true;
}

void
file_reopen(struct file *f)
{
	f->rotation.reopen = true;
}
