#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/fdpass.h"
#include "../../lib/sys/loop.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/proc.h"
#include "ends.h"
#include "server.h"
#include "servers.h"
#include "slots.h"

static void act(struct supervise *s, struct succession_action a);

static void
step(struct supervise *s, enum succession_event event, unsigned slot)
{
	struct supervisor *p = s->supervisor;

	act(s, succession_step(&p->succession, &p->policy, event, slot, s->now));
}

/* ---- one server ---- */

static void
send_signal(struct supervise *s, struct server *v, const struct worker_action *a, bool by_time)
{
	bool expected = a->reason == WORKER_BY_REQUEST && !by_time;
	char name[16];

	num_signal_name(a->sig, name);
	log_say(s, expected ? LOGLINE_TRACE : LOGLINE_WARN, "Server %u (pid %d): sending %s%s",
	    v->number, (int)v->pid, name,
	    a->reason == WORKER_BY_HEARTBEAT ? ": no heartbeat for the whole timeout" : "");
	if (a->sig == SIGKILL)
		(void)kill(-v->pid, SIGKILL); /* ESRCH: it left its process group */
	(void)kill(v->pid, a->sig);           /* it is not reaped: it is there */
}

/* One step of a server's machine, its action, and the steps that answer the action. */
static void
feed(struct supervise *s, unsigned slot, struct worker_input in)
{
	struct supervisor *p = s->supervisor;
	struct server *v = &p->server[slot];
	struct worker_action a;
	bool active;

	for (;;) {
		active = worker_active(&v->machine);
		a = worker_step(&v->machine, &s->live->server, &in);
		s->active += (unsigned)worker_active(&v->machine) - active;
		switch (a.what) {
		case WORKER_DO_SPAWN:
			in = servers_start(s, slot);
			continue;
		case WORKER_DO_SIGNAL:
			send_signal(s, v, &a, in.event == WORKER_EV_TIME);
			return;
		case WORKER_DO_GIVE_UP: /* it has ended by itself */
			supervise_lost(s, v->status, true);
			return;
		case WORKER_DO_NOTHING:
		case WORKER_DO_DUMP: /* the policy asks for none of these */
		case WORKER_DO_PROBE:
		case WORKER_DO_ASK_RETIRE:
		case WORKER_DO_DISARM:
			return;
		}
	}
}

static void
feed_event(struct supervise *s, unsigned slot, enum worker_event event)
{
	feed(s, slot, (struct worker_input){ .event = event, .now = s->now });
}

/* ---- succession ---- */

static void
retire(struct supervise *s, unsigned slot)
{
	struct server *v = &s->supervisor->server[slot];
	const struct link_message leave = { .word = LINK_DETACH };

	if (s->supervisor->policy.exit_on_detach && v->link >= 0)
		(void)fdpass_send(v->link, &leave, sizeof leave, -1); /* full: it ends with us */
	log_say(s, LOGLINE_INFO, "Server %u (pid %d) is detached", v->number, (int)v->pid);
	feed_event(s, slot, WORKER_EV_STOP);
	if (!worker_active(&v->machine)) /* it waited for its next start */
		step(s, SUCCESSION_EV_GONE, slot);
}

static void
act(struct supervise *s, struct succession_action a)
{
	switch (a.what) {
	case SUCCESSION_DO_NOTHING:
		break;
	case SUCCESSION_DO_START:
		worker_init(&s->supervisor->server[a.slot].machine);
		feed_event(s, a.slot, WORKER_EV_START);
		break;
	case SUCCESSION_DO_RETIRE:
		retire(s, a.slot);
		break;
	case SUCCESSION_DO_FAIL:
		log_say(s, LOGLINE_ERROR,
		    "Live restart failed: server %u did not come up: the old one goes on",
		    s->supervisor->server[a.slot].number);
		feed_event(s, a.slot, WORKER_EV_STOP);
		break;
	case SUCCESSION_DO_REFUSE:
		log_say(s, LOGLINE_WARN, "No live restart: others have not ended yet");
		break;
	case SUCCESSION_DO_STOP_ALL:
		supervise_fleet(s, FLEET_EV_STOP);
		break;
	case SUCCESSION_DO_ABORT_ALL:
		supervise_fleet(s, FLEET_EV_ABORT);
		break;
	case SUCCESSION_DO_LEAVE:
		log_say(s, LOGLINE_INFO, "Leaving the detached server to itself");
		s->left = true;
		break;
	}
}

static void
take_policy(struct supervise *s)
{
	const struct config *c = s->live;
	struct supervisor *p = s->supervisor;

	p->policy = (struct succession_policy){
		.enable_detach = s->boot->enable_detach,
		.exit_on_detach = s->boot->exit_on_detach,
		.overlap = s->listeners.count > 0,
		.detach_wait = c->server_detach_wait,
	};
}

bool
supervisor_open(struct supervise *s)
{
	struct supervisor *p = memory_get(sizeof *p);

	s->supervisor = p;
	if (!p)
		return false;
	p->asker = NOBODY;
	succession_init(&p->succession);
	for (unsigned i = 0; i < SUCCESSION_SLOTS; i++) {
		p->server[i] = (struct server){ .beat_fd = -1, .link = -1 };
		worker_init(&p->server[i].machine);
	}
	for (unsigned i = 0; i < PARKED; i++)
		p->parked[i].fd = -1;
	return true;
}

bool
supervisor_start(struct supervise *s)
{
	s->now = loop_now();
	if (!supervisor_open(s) || !servers_prepare(s) || slots_scale(s, 0) != NULL)
		return false;
	s->wanted = 1; /* so that it is waited for: the server */
	take_policy(s);
	step(s, SUCCESSION_EV_START, 0);
	return true;
}

bool
supervisor_resume(struct supervise *s)
{
	struct supervisor *p = s->supervisor;
	bool watched = servers_prepare(s);

	for (unsigned i = 0; i < SUCCESSION_SLOTS; i++) {
		const struct server *v = &p->server[i];

		s->active += worker_active(&v->machine);
		watched = watched &&
		    (v->beat_fd < 0 || loop_watch(v->beat_fd, TAG(TAG_SERVER, i), false) == 0) &&
		    (v->link < 0 || loop_watch(v->link, TAG(TAG_LINK, i), false) == 0);
	}
	take_policy(s);
	return watched;
}

void
supervisor_reloaded(struct supervise *s)
{
	struct supervisor *p = s->supervisor;

	take_policy(s);
	for (unsigned i = 0; i < SUCCESSION_SLOTS; i++)
		worker_repolicy(
		    &p->server[i].machine, &s->live->server, s->now, supervise_random(s));
}

void
supervisor_all(struct supervise *s, enum worker_event event)
{
	for (unsigned i = 0; i < SUCCESSION_SLOTS; i++)
		feed_event(s, i, event);
}

static struct server *
current(const struct supervise *s)
{
	return &s->supervisor->server[s->supervisor->succession.current];
}

static const char *
send_on(struct supervise *s, int sig)
{
	static const char why[] = "no server runs now";

	if (current(s)->pid == 0) {
		log_say(s, LOGLINE_WARN, "Passed on to nobody: %s", why);
		return why;
	}
	(void)kill(current(s)->pid, sig); /* it is not reaped: it is there */
	return NULL;
}

static const char *
pass_on(struct supervise *s, enum config_signal which)
{
	return send_on(s, server_signals[which]);
}

const char *
supervisor_command(struct supervise *s, const struct command *c)
{
	unsigned slot = s->supervisor->succession.current;

	switch (c->word) {
	case COMMAND_GRACEFUL_STOP:
		step(s, SUCCESSION_EV_STOP, 0);
		return NULL;
	case COMMAND_IMMEDIATE_STOP:
		step(s, SUCCESSION_EV_ABORT, 0);
		return NULL;
	case COMMAND_DETACH:
		step(s, SUCCESSION_EV_DETACH, 0);
		return NULL;
	case COMMAND_GRACEFUL_RESTART:
	case COMMAND_IMMEDIATE_RESTART:
		if (!s->boot->restart_server_process)
			return pass_on(s,
			    c->word == COMMAND_GRACEFUL_RESTART ? CONFIG_SIGNAL_GRACEFUL_RESTART
								: CONFIG_SIGNAL_IMMEDIATE_RESTART);
		feed_event(s, slot,
		    c->word == COMMAND_GRACEFUL_RESTART ? WORKER_EV_RESTART
							: WORKER_EV_RESTART_NOW);
		return NULL;
	case COMMAND_RELOAD:
		return pass_on(s, CONFIG_SIGNAL_RELOAD);
	case COMMAND_DUMP:
		return pass_on(s, CONFIG_SIGNAL_DUMP);
	case COMMAND_SCALE:
		return send_on(s, c->count > 0 ? SIGTTIN : SIGTTOU);
	case COMMAND_STATUS:
	case COMMAND_UPGRADE:
		break;
	}
	return "this is not for a supervisor";
}

/* ---- an upgrade ---- */

bool
supervisor_rests(const struct supervise *s)
{
	return !s->supervisor || s->supervisor->succession.state == SUCCESSION_RUNNING;
}

static void
tell_upgrade(struct supervise *s, unsigned slot, enum link_upgrade value, const char *text, int fd)
{
	struct link_message m = { .word = LINK_UPGRADE, .value = (int32_t)value };
	const struct server *v = &s->supervisor->server[slot];

	(void)buf_print_to(m.text, sizeof m.text, "%s", text); /* a cut text is still told */
	if (v->link >= 0 && fdpass_send(v->link, &m, sizeof m, fd) < 0)
		log_say(s, LOGLINE_WARN, "Server %u is not told of the upgrade: %s", v->number,
		    call_reason());
}

/* The server in slot has asked for it, for one of its clients. */
static void
ask_upgrade(struct supervise *s, unsigned slot, const char *who)
{
	const struct command c = { .word = COMMAND_UPGRADE };
	const char *why = supervise_command(s, &c, who);

	if (why)
		tell_upgrade(s, slot, LINK_REFUSED, why, -1);
	else
		s->supervisor->asker = slot;
}

void
supervisor_upgraded(struct supervise *s, const char *why)
{
	struct supervisor *p = s->supervisor;
	unsigned asker = p ? p->asker : NOBODY;

	if (!p)
		return;
	p->asker = NOBODY;
	if (!why)
		tell_upgrade(
		    s, p->succession.current, LINK_FOLLOW, p->program ? p->program : "", s->self);
	if (why && asker != NOBODY)
		tell_upgrade(s, asker, LINK_REFUSED, why, -1);
	else if (asker != NOBODY && asker != p->succession.current)
		tell_upgrade(s, asker, LINK_DONE, "", -1);
}

/* ---- control connections ---- */

static bool
hand_over(const struct supervise *s, int fd, uid_t uid)
{
	const struct link_message m = { .word = LINK_CLIENT, .value = (int32_t)uid };
	int link = current(s)->link;

	return link >= 0 && s->fleet.state == FLEET_RUNNING &&
	    fdpass_send(link, &m, sizeof m, fd) == 0;
}

void
supervisor_take(struct supervise *s, int fd, uid_t uid)
{
	struct supervisor *p = s->supervisor;
	struct parked *k = &p->parked[p->oldest];

	if (hand_over(s, fd, uid)) {
		close(fd);
		return;
	}
	p->oldest = (p->oldest + 1) % PARKED;
	call_close(k->fd);
	*k = (struct parked){ fd, uid };
}

static void
unpark(struct supervise *s)
{
	struct supervisor *p = s->supervisor;

	for (unsigned i = 0; i < PARKED; i++)
		if (p->parked[i].fd >= 0 && hand_over(s, p->parked[i].fd, p->parked[i].uid)) {
			close(p->parked[i].fd);
			p->parked[i].fd = -1;
		}
}

/* ---- what happens ---- */

static void
read_beats(struct supervise *s, unsigned slot)
{
	struct server *v = &s->supervisor->server[slot];
	char bytes[64];
	ssize_t n = v->beat_fd < 0 ? -1 : read(v->beat_fd, bytes, sizeof bytes);

	if (n > 0)
		feed_event(s, slot, WORKER_EV_BEAT);
	if (n != 0)
		return;
	ends_close(&v->beat_fd, TAG(TAG_SERVER, slot));
	feed_event(s, slot, WORKER_EV_BEAT_CLOSED);
}

void
supervisor_on_beat(struct supervise *s, unsigned slot)
{
	read_beats(s, slot);
}

static void
came_up(struct supervise *s, unsigned slot)
{
	struct server *v = &s->supervisor->server[slot];

	s->proven = true;
	log_say(s, LOGLINE_DEBUG, "Server %u (pid %d) is up", v->number, (int)v->pid);
	step(s, SUCCESSION_EV_UP, slot);
	unpark(s);
}

/* One message; false: there is none. */
static bool
read_link(struct supervise *s, unsigned slot)
{
	struct server *v = &s->supervisor->server[slot];
	struct link_message m;
	struct command c;
	int fd;
	ssize_t n = v->link < 0 ? -1 : fdpass_recv(v->link, &m, sizeof m, &fd);

	if (n <= 0)
		return false;
	m.text[sizeof m.text - 1] = '\0';
	switch (n == sizeof m ? (enum link_word)m.word : LINK_CLIENT) {
	case LINK_PIPE:
		if (fd >= 0 && logger_adopt(&s->logger, fd, m.stream, m.worker, m.pid))
			return true;
		/* nobody reads it any more: SIGPIPE ends the worker, and the next one has another
		 */
		log_say(s, LOGLINE_ERROR, "Worker %d (pid %d): its output cannot be taken: %s",
		    m.worker, m.pid, call_reason());
		break;
	case LINK_COMMAND:
		c = (struct command){ .word = (enum command_word)m.value };
		if (c.word == COMMAND_UPGRADE)
			ask_upgrade(s, slot, m.text);
		else
			(void)supervise_command(s, &c, m.text); /* a refusal has been logged */
		break;
	case LINK_RELOAD:
		(void)supervise_reload(s); /* a refusal has been logged */
		break;
	case LINK_UP:
		came_up(s, slot);
		break;
	case LINK_END:
		v->ended = true;
		memcpy(v->why, m.text, sizeof v->why);
		break;
	case LINK_CLIENT: /* of another version, perhaps */
	case LINK_DETACH:
	case LINK_UPGRADE:
		break;
	}
	call_close(fd);
	return true;
}

void
supervisor_on_link(struct supervise *s, unsigned slot)
{
	struct server *v = &s->supervisor->server[slot];

	if (!read_link(s, slot) && errno != EAGAIN)
		ends_close(&v->link, TAG(TAG_LINK, slot));
}

static void
log_exit(struct supervise *s, const struct server *v, int status)
{
	const char *how = v->machine.asked || v->ended ? "" : " unexpectedly";
	enum logline_level level = *how ? LOGLINE_ERROR : LOGLINE_INFO;
	char name[16];

	if (WIFEXITED(status)) {
		log_say(s, level, "Server %u finished%s with status %d", v->number, how,
		    WEXITSTATUS(status));
		return;
	}
	num_signal_name(WTERMSIG(status), name);
	log_say(s, level, "Server %u finished%s with signal %s", v->number, how, name);
}

static unsigned
find(const struct supervise *s, pid_t pid)
{
	unsigned i = 0;

	while (i < SUCCESSION_SLOTS && (!s->supervisor || s->supervisor->server[i].pid != pid))
		i++;
	return i;
}

bool
supervisor_is_server(const struct supervise *s, pid_t pid)
{
	return find(s, pid) < SUCCESSION_SLOTS;
}

/* A child that is neither a server nor ours: a dead server's. */
static bool
kill_orphan(pid_t pid, void *arg)
{
	const struct supervise *s = arg;

	if (pid != s->logger.pid && !supervisor_is_server(s, pid) && !upgrade_is_looking(s, pid))
		(void)kill(pid, SIGKILL); /* it may have just ended */
	return true;
}

bool
supervisor_on_exit(struct supervise *s, pid_t pid, int status)
{
	unsigned slot = find(s, pid);
	struct server *v;
	bool asked;

	if (slot == SUCCESSION_SLOTS)
		return false;
	v = &s->supervisor->server[slot];
	while (read_link(s, slot)) /* what it has said before */
		;
	asked = v->machine.asked;
	v->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	log_exit(s, v, status);
	servers_hang_up(s, slot);
	v->pid = 0;
	/* with another one they end in their time; without /proc they live as long as they like */
	if (s->live->worker_death_signal == SIGKILL)
		(void)proc_children(kill_orphan, s);
	/* the very first start: no looping. One that was killed is no failed start, but nobody
	 * may wait for it without end; one that has told its end in order had started */
	if (!s->proven && !asked && (v->ended ? *v->why : WIFEXITED(status) || s->daemon_fd >= 0)) {
		struct buf why = buf_over(s->why, sizeof s->why);

		s->failed = v->status ? v->status : 1;
		buf_puts(&why, *v->why ? v->why : "start: the server ended before it was up");
	}
	feed(s, slot,
	    (struct worker_input){
		.event = WORKER_EV_EXITED,
		.now = s->now,
		.random = supervise_random(s),
		.final = !asked &&
		    (v->ended ||
			(WIFEXITED(status) &&
			    optval_codes_has(
				&s->boot->unrecoverable_exit_codes, WEXITSTATUS(status)))),
	    });
	step(s, SUCCESSION_EV_GONE, slot);
	return true;
}

void
supervisor_tick(struct supervise *s)
{
	struct supervisor *p = s->supervisor;

	if (!p)
		return;
	for (unsigned i = 0; i < SUCCESSION_SLOTS; i++) {
		struct worker *m = &p->server[i].machine;

		if (s->now >= m->part) /* a beat that waits in the pipe came in time */
			read_beats(s, i);
		if (s->now >= worker_due(m))
			feed_event(s, i, WORKER_EV_TIME);
	}
	if (s->now >= p->succession.due)
		step(s, SUCCESSION_EV_TIME, 0);
}

ms
supervisor_due(const struct supervise *s)
{
	const struct supervisor *p = s->supervisor;
	ms due = p ? p->succession.due : MS_NEVER;

	for (unsigned i = 0; p && i < SUCCESSION_SLOTS; i++)
		due = ms_min(due, worker_due(&p->server[i].machine));
	return due;
}
