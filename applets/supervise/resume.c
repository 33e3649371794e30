#include "resume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/out.h"
#include "../../lib/sys/title.h"
#include "../applet.h"
#include "commands.h"
#include "control.h"
#include "manager.h"
#include "server.h"
#include "start.h"
#include "state.h"
#include "supervisor.h"
#include "workers.h"

/* All that follows from what was read. */
static void
index_slots(struct supervise *s)
{
	for (unsigned i = 0; i < s->nslots; i++) {
		const struct slot *w = &s->slot[i];

		if (w->pid > 0)
			map_put(&s->by_pid, w->pid, i);
		heap_set(&s->due, i, worker_due(&w->machine));
		s->active += worker_active(&w->machine);
	}
}

/* What a start has made ready before there is something to be told of. False: errno. */
static bool
make_ready(struct supervise *s, const struct state_head *h)
{
	if (h->supervisor)
		return supervisor_open(s);
	if (s->boot->supervisor)
		server_take_manager(s);
	return hooks_open(s) && (!s->boot->control_path || control_prepare(s));
}

/* All that the state tells, without touching what it speaks of; NULL: why. */
static struct supervise *
read_state(
    const char *text, size_t len, struct state_head *h, int argc, char **argv, struct buf *why)
{
	struct supervise *s = memory_get(sizeof *s);
	struct carry c;

	carry_read(&c, text, len);
	if (s)
		state_head(&c, h, why);
	if (!s || why->len > 0)
		goto fail;
	if (c.wrong || !h->boot)
		goto wrong;
	start_init(s, h->boot, argc, argv);
	s->live = h->live ? h->live : s->boot;
	logger_init(&s->logger, -1, -1);
	if (!make_ready(s, h))
		goto fail;
	state_carry(&c, s);
	if (!carry_whole(&c))
		goto wrong;
	index_slots(s);
	s->launch.listeners = &s->listeners;
	if (h->supervisor || launch_prepare(&s->launch, s->boot, s->live, s->reports_name, why))
		return s;
fail:
	if (why->len == 0)
		buf_puts(why, call_reason());
	return NULL;
wrong:
	buf_printf(why, "line %u of the state is not understood", c.line);
	return NULL;
}

/* ---- in its place ---- */

static bool
watch(int fd, uint64_t tag)
{
	return fd < 0 || loop_watch(fd, tag, false) == 0;
}

static bool
watch_all(struct supervise *s)
{
	for (unsigned i = 0; i < s->nslots; i++)
		if (!watch(s->slot[i].beat_fd, TAG(TAG_BEAT, i)) ||
		    !watch(s->slot[i].ready_fd, TAG(TAG_READY, i)))
			return false;
	return watch(s->reports_fd, TAG(TAG_REPORTS, 0)) && watch(s->link, TAG(TAG_LINK, 0)) &&
	    logger_resume(&s->logger, s->self, s->launch.null) && clients_watch(&s->control) &&
	    clients_watch(&s->managed) && (!s->supervisor || supervisor_resume(s));
}

/* Where our own lines go; false: errno. */
static bool
open_log(struct supervise *s)
{
	struct log log = { .file = { .fd = s->logger.own, .may_block = true } };
	const char *path;

	if (!s->logger.on && log_open(&log, &s->live->log, &path) < 0)
		return false;
	s->log.file.fd = log.file.fd; /* what is to be told of them was read */
	s->log.file.owned = log.file.owned;
	s->log.file.may_block = log.file.may_block;
	return true;
}

/* From here on nothing can fail. */
static void
settle_in(struct supervise *s, struct predecessor *p, const struct state_head *h)
{
	const char *name = s->boot->supervisor && !s->supervisor ? s->boot->server_process_name
								 : s->boot->daemon_process_name;

	s->now = loop_now();
	predecessor_settle(p);
	/* we have been executed by a descriptor, whose number the name would be, and as one who
	 * may not read its file: see start.c */
	(void)call_prctl(PR_SET_NAME, (size_t) "se-supervise");
	(void)call_prctl(PR_SET_DUMPABLE, 1);
	if (name)
		title_set(name);
	if (!s->boot->supervisor || s->supervisor)
		commands_open(s);
	if (!*p->why)
		log_say(s, LOGLINE_INFO, "Upgraded from %s to %s: %s", h->version, SEBOX_VERSION,
		    h->path);
	loop_release();
	upgrade_ended(s, *p->why ? p->why : NULL);
	control_go_on(s);
}

static bool
go_on(struct supervise *s, const struct predecessor *p, const struct state_head *h)
{
	size_t room = strlen(h->path) + 1;
	char *path = memory_get(room);
	int sigs[START_SIGNALS];

	if (!path)
		return false;
	memcpy(path, h->path, room);
	s->upgrade.path = path;
	if (!h->supervisor) /* before anything else is opened: its numbers are low */
		launch_open(&s->launch);
	s->pid = getpid();
	s->self = p->self;
	if (s->boot->supervisor && !s->supervisor)
		s->signals = server_signals;
	return loop_open_held(sigs, start_signals(s, sigs)) == 0 && open_log(s) && watch_all(s);
}

struct supervise *
resume(struct predecessor *p, int argc, char **argv)
{
	char room[512];
	struct buf why = buf_over(room, sizeof room);
	struct state_head h = { .format = 0 };
	struct supervise *s = NULL;

	if (predecessor_read(p))
		s = read_state(p->text, p->len, &h, argc, argv, &why);
	else
		buf_puts(&why, call_reason());
	if (p->beside && s)
		predecessor_agree(SEBOX_VERSION "\n");
	if (!p->beside && s && go_on(s, p, &h)) {
		settle_in(s, p, &h);
		return s;
	}
	if (why.len == 0)
		buf_puts(&why, call_reason());
	if (!p->beside)
		predecessor_return(p, argv, room);
	start_die(1, "upgrade: %s", room);
}
