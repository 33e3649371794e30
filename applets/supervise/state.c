#include "state.h"

#include <limits.h>
#include <string.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/memory.h"
#include "control.h"
#include "link.h"
#include "manager.h"
#include "restart.h"
#include "servers.h"
#include "slots.h"

/* At most: as many workers as can be wanted, and as many extra ones. */
#define SLOTS 20000

/* ---- who we are ---- */

/* What has no room, or no memory, is told as what does not fit. */
static void
write_config(struct carry *c, const char *name, const struct config *config)
{
	char *room = config ? memory_get(CONFIG_TEXT) : NULL;
	const char *text = room;
	struct buf b = { .len = 0 };

	if (room) {
		b = buf_over(room, CONFIG_TEXT);
		(void)config_write(config, &b);
	}
	c->out->cut |= b.cut || (config && !room);
	carry_long(c, name, &text, &b.len);
	memory_free(room, CONFIG_TEXT);
}

static void
config_carry(struct carry *c, const char *name, struct config **config, struct buf *why)
{
	const char *text;
	size_t len = 0;

	if (!c->reading) {
		write_config(c, name, *config);
		return;
	}
	carry_long(c, name, &text, &len);
	if (len > 0)
		c->wrong |= !(*config = config_read(text, len, why));
}

void
state_head(struct carry *c, struct state_head *h, struct buf *why)
{
	static const struct carry_field version[] = {
		CARRY_A_TEXT(struct state_head, version),
		CARRY_A_FLAG(struct state_head, supervisor),
		CARRY_A_TEXT(struct state_head, path),
	};

	carry_number(c, "sebox-state", &h->format, STATE_FORMAT);
	CARRY_LINE(c, "version", version, h);
	config_carry(c, "boot", &h->boot, why);
	config_carry(c, "live", &h->live, why);
}

static void
self_carry(struct carry *c, struct supervise *s)
{
	static const struct carry_field self[] = {
		CARRY_AN_FD(struct supervise, base_fd),
		CARRY_AN_FD(struct supervise, link),
		CARRY_AN_FD(struct supervise, reports_fd),
		CARRY_AN_FD(struct supervise, pidfile.fd),
		CARRY_AN_FD(struct supervise, launch.null),
		CARRY_A_TEXT(struct supervise, reports_name),
		CARRY_A_NUMBER(struct supervise, launch.nofile[0]),
		CARRY_A_NUMBER(struct supervise, launch.nofile[1]),
		CARRY_A_NUMBER(struct supervise, random),
		CARRY_UP_TO(struct supervise, wanted, SLOTS),
		CARRY_A_FLAG(struct supervise, proven),
		CARRY_A_NUMBER(struct supervise, restarts),
		CARRY_A_NUMBER(struct supervise, started),
		CARRY_A_NUMBER(struct supervise, stranger),
		CARRY_A_NUMBER(struct supervise, oom_kills),
		CARRY_A_NUMBER(struct supervise, metrics_pid),
		CARRY_A_NUMBER(struct supervise, metrics_next),
		CARRY_A_NUMBER(struct supervise, beat_at),
		CARRY_A_NUMBER(struct supervise, up_look),
		CARRY_UP_TO(struct supervise, rolling_by, WORKER_EV_TIME),
		CARRY_A_NUMBER(struct supervise, oom_news),
		CARRY_A_NUMBER(struct supervise, oom_until),
	};
	static const struct carry_field line[] = {
		CARRY_A_FLAG(struct command_line, closed),
		CARRY_A_FLAG(struct command_line, cut),
		CARRY_UP_TO(struct command_line, len, sizeof s->line.text),
		CARRY_SOME(struct command_line, text),
	};
	static const struct carry_field rest[] = {
		CARRY_A_NUMBER(struct lineout, lost),
		CARRY_UP_TO(struct lineout, rest_len, LINEOUT_MAX),
		CARRY_SOME(struct lineout, rest),
	};
	static const struct carry_field fleet[] = {
		CARRY_UP_TO(struct fleet, state, FLEET_ENDED),
		CARRY_A_FLAG(struct fleet, aborting),
		CARRY_A_FLAG(struct fleet, killed),
		CARRY_A_NUMBER(struct fleet, lost),
		CARRY_A_NUMBER(struct fleet, status),
		CARRY_A_NUMBER(struct fleet, retiring),
		CARRY_A_NUMBER(struct fleet, next_start),
		CARRY_A_NUMBER(struct fleet, due),
	};

	static const struct carry_field beat[] = { { 0, sizeof(int), 0, CARRY_FD } };
	int fd = s->link < 0 ? -1 : LINK_BEAT;

	CARRY_LINE(c, "self", self, s);
	CARRY_LINE(c, "beat", beat, &fd);
	CARRY_LINE(c, "line", line, &s->line);
	CARRY_LINE(c, "rest", rest, &s->log.file);
	CARRY_LINE(c, "fleet", fleet, &s->fleet);
}

/* Which of pid_path it is. */
static void
pidfile_carry(struct carry *c, struct supervise *s)
{
	const struct opt_list *paths = &s->boot->pid_path;
	unsigned i = 0;

	while (i < paths->count && s->pidfile.path != optval_list_at(paths, i))
		i++;
	carry_number(c, "pid_path", &i, paths->count);
	if (c->reading && i < paths->count)
		s->pidfile.path = optval_list_at(paths, i);
}

/* ---- sockets ---- */

static void
listeners_carry(struct carry *c, struct listeners *k)
{
	static const struct carry_field one[] = {
		CARRY_A_FLAG(struct listener_file, made),
		CARRY_A_NUMBER(struct listener_file, dev),
		CARRY_A_NUMBER(struct listener_file, ino),
	};
	static const struct carry_field fd[] = { { 0, sizeof *k->fd, 0, CARRY_FD } };
	const char *where = k->ports ? text_char(k->ports, '=') + 1 : "";
	char text[LISTENERS_TEXT];
	size_t len = strlen(where);
	unsigned count = k->count;

	carry_number(c, "listeners", &count, LISTENERS_MAX);
	carry_long(c, "where", &where, &len);
	if (c->reading && !c->wrong && len < sizeof text) {
		memcpy(text, where, len);
		text[len] = '\0';
		k->count = 0;
		c->wrong = !listeners_adopt(k, text, 0);
	}
	c->wrong |= count != k->count;
	CARRY_EACH(c, "listener", fd, k->fd, k->count);
	CARRY_EACH(c, "file", one, k->file, k->count);
}

/* What else its process is started with is the configuration's. */
static void
path_carry(struct carry *c, struct logger *l, const struct config *live)
{
	const char *path = l->on && !l->below && !c->reading ? logger_path(l) : "";
	size_t len = strlen(path);
	char text[PATH_MAX];

	carry_long(c, "path", &path, &len);
	if (!c->reading || len == 0 || (c->wrong |= len >= sizeof text))
		return;
	memcpy(text, path, len);
	text[len] = '\0';
	c->wrong = !logger_aim(l, live, text);
}

static void
logger_carry(struct carry *c, struct logger *l, const struct config *live)
{
	static const struct carry_field fields[] = {
		CARRY_A_FLAG(struct logger, on),
		CARRY_A_FLAG(struct logger, below),
		CARRY_A_NUMBER(struct logger, pid),
		CARRY_AN_FD(struct logger, sock),
		CARRY_AN_FD(struct logger, ledger),
		CARRY_AN_FD(struct logger, taken[0]),
		CARRY_AN_FD(struct logger, taken[1]),
		CARRY_AN_FD(struct logger, own),
		CARRY_A_FLAG(struct logger, paused),
		CARRY_A_FLAG(struct logger, finishing),
		CARRY_A_FLAG(struct logger, failing),
		CARRY_A_NUMBER(struct logger, started),
		CARRY_A_NUMBER(struct logger, due),
		CARRY_A_NUMBER(struct logger, next),
		CARRY_A_FLAG(struct logger, untold),
	};
	static const struct carry_field pipe[] = {
		CARRY_AN_FD(struct logger_pipe, fd),
		CARRY_A_FLAG(struct logger_pipe, told),
		CARRY_A_NUMBER(struct logger_pipe, stream),
		CARRY_A_NUMBER(struct logger_pipe, worker),
		CARRY_A_NUMBER(struct logger_pipe, pid),
	};
	unsigned room = l->room;

	CARRY_LINE(c, "logger", fields, l);
	path_carry(c, l, live);
	carry_number(c, "room", &room, 65536);
	if (c->reading && room > l->room) {
		c->wrong |=
		    !memory_grow(&l->pipe, l->room * sizeof *l->pipe, room * sizeof *l->pipe);
		l->room = c->wrong ? l->room : room;
	}
	CARRY_PLACES(c, "pipe", pipe, l->pipe, l->room);
}

/* ---- processes ---- */

/* Of n structs, from its first machine on. */
static void
machines_carry(struct carry *c, struct worker *w, unsigned n, size_t apart)
{
	static const struct carry_field fields[] = {
		CARRY_UP_TO(struct worker, state, WORKER_FAILED),
		CARRY_UP_TO(struct worker, reason, WORKER_BY_STATUS),
		CARRY_UP_TO(struct worker, hang, WORKER_BY_STATUS),
		CARRY_A_FLAG(struct worker, wanted),
		CARRY_A_FLAG(struct worker, asked),
		CARRY_A_FLAG(struct worker, piped),
		CARRY_A_FLAG(struct worker, armed),
		CARRY_A_FLAG(struct worker, ready),
		CARRY_A_FLAG(struct worker, overdue),
		CARRY_A_NUMBER(struct worker, silent),
		CARRY_A_NUMBER(struct worker, started),
		CARRY_A_NUMBER(struct worker, beat),
		CARRY_A_NUMBER(struct worker, part),
		CARRY_A_NUMBER(struct worker, spawn),
		CARRY_A_NUMBER(struct worker, dump),
		CARRY_A_NUMBER(struct worker, closed),
		CARRY_A_NUMBER(struct worker, probe),
		CARRY_A_NUMBER(struct worker, stuck),
		CARRY_A_NUMBER(struct worker, retire),
		CARRY_UP_TO(struct worker, kill.rung, ESCALATION_KILL),
		CARRY_A_NUMBER(struct worker, kill.sent),
		CARRY_A_NUMBER(struct worker, kill.since),
		CARRY_A_NUMBER(struct worker, kill.hold),
		CARRY_A_NUMBER(struct worker, kill.last),
		CARRY_A_NUMBER(struct worker, kill.due),
		CARRY_A_NUMBER(struct worker, backoff.delay),
		CARRY_A_NUMBER(struct worker, backoff.restarts),
		CARRY_A_NUMBER(struct worker, backoff.since),
	};

	carry_each(c, "worker", fields, sizeof fields / sizeof *fields, w, n, apart);
}

static void
slots_carry(struct carry *c, struct supervise *s)
{
	static const struct carry_field fields[] = {
		CARRY_A_NUMBER(struct slot, pid),
		CARRY_AN_FD(struct slot, beat_fd),
		CARRY_AN_FD(struct slot, ready_fd),
		CARRY_AN_FD(struct slot, command_fd),
		CARRY_A_FLAG(struct slot, queued),
		CARRY_A_FLAG(struct slot, exited),
		CARRY_A_NUMBER(struct slot, status),
		CARRY_A_NUMBER(struct slot, restarts),
		CARRY_A_NUMBER(struct slot, cpu),
		CARRY_UP_TO(struct slot, text_len, SLOT_STATUS_MAX),
		CARRY_SOME(struct slot, text),
	};
	unsigned n = s->nslots;

	carry_number(c, "slots", &n, SLOTS);
	if (c->reading)
		c->wrong |= s->wanted > n || !slots_make_room(s, n > 0 ? n : 1);
	if (c->wrong)
		return;
	machines_carry(c, &s->slot->machine, n, sizeof *s->slot);
	CARRY_EACH(c, "slot", fields, s->slot, n);
}

static void
rolling_carry(struct carry *c, struct supervise *s)
{
	static const struct carry_field fields[] = {
		CARRY_A_FLAG(struct rolling, on),
		CARRY_A_FLAG(struct rolling, failed),
		CARRY_UP_TO(struct rolling, reason, ROLLING_BY_TIME),
		CARRY_A_NUMBER(struct rolling, culprit),
		CARRY_A_NUMBER(struct rolling, workers),
		CARRY_A_NUMBER(struct rolling, surge),
		CARRY_A_NUMBER(struct rolling, started),
		CARRY_A_NUMBER(struct rolling, next),
		CARRY_A_NUMBER(struct rolling, ready),
		CARRY_A_NUMBER(struct rolling, extra),
		CARRY_A_NUMBER(struct rolling, renewed),
	};
	static const struct carry_field place[] = {
		CARRY_UP_TO(struct rolling_one, stage, ROLLING_NEW),
		CARRY_A_FLAG(struct rolling_one, ready),
		CARRY_A_FLAG(struct rolling_one, told),
	};
	static const struct carry_field due[] = { { 0, sizeof(ms), 0, CARRY_NUMBER } };
	struct rolling *r = &s->rolling;
	unsigned n = r->on ? r->workers + r->surge : 0;
	ms at;

	CARRY_LINE(c, "rolling", fields, r);
	carry_number(c, "places", &n, SLOTS);
	if (c->reading)
		c->wrong |= (r->on && n < (uint64_t)r->workers + r->surge) || n > s->nslots ||
		    !restart_make_room(s);
	if (c->wrong)
		return;
	CARRY_EACH(c, "place", place, r->one, n);
	for (unsigned i = 0; i < n; i++) {
		at = r->due.key[i];
		CARRY_LINE(c, "due", due, &at);
		heap_set(&r->due, i, at);
	}
}

static void
dumps_carry(struct carry *c, struct supervise *s)
{
	static const struct carry_field all[] = {
		CARRY_A_NUMBER(struct dumps, all),
		CARRY_A_NUMBER(struct dumps, waiting),
	};
	static const struct carry_field one[] = {
		CARRY_A_NUMBER(struct dumps_one, helper),
		CARRY_A_NUMBER(struct dumps_one, worker),
		CARRY_A_NUMBER(struct dumps_one, slot),
	};

	CARRY_LINE(c, "dumps", all, &s->dumps);
	CARRY_PLACES(c, "dump", one, s->dumps.one, DUMPS);
	for (unsigned i = 0; i < DUMPS; i++)
		c->wrong |= s->dumps.one[i].slot >= s->nslots;
}

static void
hooks_carry(struct carry *c, struct hooks *h)
{
	static const struct carry_field hooks[] = {
		CARRY_UP_TO(struct hooks, stage, HOOKS_OVER),
		CARRY_A_FLAG(struct hooks, stopped),
		CARRY_A_NUMBER(struct hooks, until),
		CARRY_A_NUMBER(struct hooks, errands.running),
		CARRY_A_NUMBER(struct hooks, errands.lost),
	};
	static const struct carry_field place[] = {
		CARRY_A_NUMBER(struct errands_place, pid),
		CARRY_A_FLAG(struct errands_place, late),
		CARRY_A_NUMBER(struct errands_place, due),
		CARRY_UP_TO(struct errands_place, errand.what, CONFIG_HOOKS - 1),
		CARRY_A_NUMBER(struct errands_place, errand.worker),
		CARRY_A_NUMBER(struct errands_place, errand.pid),
		CARRY_A_NUMBER(struct errands_place, errand.status),
	};
	static const struct carry_field errand[] = {
		CARRY_UP_TO(struct errand, what, CONFIG_HOOKS - 1),
		CARRY_A_NUMBER(struct errand, worker),
		CARRY_A_NUMBER(struct errand, pid),
		CARRY_A_NUMBER(struct errand, status),
	};
	struct errands *q = &h->errands;

	CARRY_LINE(c, "hooks", hooks, h);
	CARRY_PLACES(c, "running", place, q->place, ERRANDS_PLACES);
	carry_number(c, "waiting", &q->waiting, ERRANDS_WAITING);
	for (unsigned i = 0; i < q->waiting; i++)
		CARRY_LINE(c, "errand", errand, &q->ring[(q->first + i) % ERRANDS_WAITING]);
}

/* It is found again where it can be. */
static void
program_carry(struct carry *c, struct supervisor *p)
{
	const char *path = p->program ? p->program : "";
	size_t len = strlen(path);

	carry_long(c, "program", &path, &len);
	if (c->reading && len > 0 && (p->program = memory_get(len + 1)))
		memcpy(p->program, path, len);
}

static void
servers_carry(struct carry *c, struct supervisor *p)
{
	static const struct carry_field all[] = {
		CARRY_UP_TO(struct supervisor, succession.state, SUCCESSION_LEAVING),
		CARRY_UP_TO(struct supervisor, succession.current, SUCCESSION_SLOTS - 1),
		CARRY_UP_TO(struct supervisor, succession.next, SUCCESSION_SLOTS - 1),
		CARRY_A_NUMBER(struct supervisor, succession.due),
		CARRY_A_NUMBER(struct supervisor, servers),
		CARRY_UP_TO(struct supervisor, oldest, PARKED - 1),
		CARRY_UP_TO(struct supervisor, asker, NOBODY),
	};
	static const struct carry_field server[] = {
		CARRY_A_NUMBER(struct server, pid),
		CARRY_AN_FD(struct server, beat_fd),
		CARRY_AN_FD(struct server, link),
		CARRY_A_NUMBER(struct server, number),
		CARRY_A_FLAG(struct server, ended),
		CARRY_A_NUMBER(struct server, status),
		CARRY_A_TEXT(struct server, why),
	};
	static const struct carry_field parked[] = {
		CARRY_AN_FD(struct parked, fd),
		CARRY_A_NUMBER(struct parked, uid),
	};
	static const struct carry_field taken[] = { { 0, sizeof(bool), 1, CARRY_NUMBER } };

	CARRY_LINE(c, "succession", all, p);
	program_carry(c, p);
	CARRY_EACH(c, "taken", taken, p->succession.taken, SUCCESSION_SLOTS);
	machines_carry(c, &p->server->machine, SUCCESSION_SLOTS, sizeof *p->server);
	CARRY_EACH(c, "server", server, p->server, SUCCESSION_SLOTS);
	CARRY_PLACES(c, "parked", parked, p->parked, PARKED);
}

void
state_carry(struct carry *c, struct supervise *s)
{
	self_carry(c, s);
	pidfile_carry(c, s);
	listeners_carry(c, &s->listeners);
	logger_carry(c, &s->logger, s->live);
	slots_carry(c, s);
	rolling_carry(c, s);
	dumps_carry(c, s);
	hooks_carry(c, &s->hooks);
	control_carry(c, s);
	manager_carry(c, s);
	if (s->supervisor)
		servers_carry(c, s->supervisor);
}
