#include "worker.h"

static struct worker_action
nothing(void)
{
	return (struct worker_action){ .what = WORKER_DO_NOTHING };
}

/* No process: none of its waits either. */
static void
clear(struct worker *w)
{
	w->asked = w->piped = w->armed = w->ready = w->overdue = false;
	w->silent = 0;
	w->beat = w->part = w->spawn = w->closed = w->probe = w->stuck = MS_NEVER;
	w->retire = w->dump = MS_NEVER;
	escalation_reset(&w->kill);
}

void
worker_init(struct worker *w)
{
	*w = (struct worker){ .state = WORKER_DOWN };
	clear(w);
}

bool
worker_alive(const struct worker *w)
{
	return w->state == WORKER_UP || w->state == WORKER_STOPPING;
}

bool
worker_active(const struct worker *w)
{
	return w->state != WORKER_DOWN && w->state != WORKER_FAILED;
}

static void
wait_until(struct worker *w, ms due)
{
	w->state = WORKER_WAITING;
	w->spawn = due;
}

static struct worker_action
spawn(struct worker *w)
{
	w->state = WORKER_SPAWNING;
	w->spawn = MS_NEVER;
	return (struct worker_action){ .what = WORKER_DO_SPAWN };
}

static struct worker_action
climb(struct worker *w, const struct worker_policy *p, enum escalation_rung rung,
    enum worker_reason why, ms now)
{
	int sig;

	if (w->state == WORKER_UP || rung > w->kill.rung)
		w->reason = why;
	w->state = WORKER_STOPPING;
	escalation_climb(&w->kill, rung, now);
	w->closed = w->probe = w->retire = MS_NEVER;
	sig = escalation_step(&w->kill, p->ladder, now);
	if (w->kill.rung >= ESCALATION_IMMEDIATE)
		w->part = w->dump = MS_NEVER; /* nothing is left to threaten it with */
	return sig ? (struct worker_action){ WORKER_DO_SIGNAL, sig, w->reason } : nothing();
}

/* It hangs: the immediate stop, after a look at what it hangs in if that is wanted. */
static struct worker_action
hangs(struct worker *w, const struct worker_policy *p, enum worker_reason why, ms now)
{
	if (w->dump != MS_NEVER)
		return nothing();
	if (p->dump == 0 || w->kill.rung >= ESCALATION_IMMEDIATE)
		return climb(w, p, ESCALATION_IMMEDIATE, why, now);
	w->hang = (unsigned char)why;
	w->dump = ms_add(now, p->dump);
	w->part = w->closed = w->probe = w->retire = MS_NEVER;
	return (struct worker_action){ .what = WORKER_DO_DUMP, .reason = why };
}

/* One part of the heartbeat timeout; the first beat may be given a longer one. */
static ms
part_length(const struct worker *w, const struct worker_policy *p)
{
	ms whole = p->heartbeat_timeout;

	if (w->beat == MS_NEVER)
		whole = ms_max(whole, p->start_timeout);
	return ms_max(whole / WORKER_PARTS, 1);
}

/* Begins a new heartbeat timeout. */
static void
rearm(struct worker *w, const struct worker_policy *p, ms now)
{
	w->silent = 0;
	w->part = w->armed && w->dump == MS_NEVER && w->kill.rung < ESCALATION_IMMEDIATE
	    ? ms_add(now, part_length(w, p))
	    : MS_NEVER;
}

static ms
age_limit(const struct worker_policy *p, ms now, unsigned random)
{
	ms spread;

	if (p->max_age == MS_NEVER)
		return MS_NEVER;
	spread = p->max_age * p->max_age_rand / 1000;
	return now + p->max_age - spread / 2 + spread * (ms)(random % 1024) / 1023;
}

void
worker_repolicy(struct worker *w, const struct worker_policy *p, ms now, unsigned random)
{
	if (w->state == WORKER_WAITING)
		w->spawn = ms_min(w->spawn,
		    now +
			ms_max(
			    p->restart_interval, ms_min(w->backoff.delay, p->backoff.max) * 5 / 4));
	if (!worker_alive(w))
		return;
	/* one that was started without a pipe cannot beat: it is left alone until it is started
	 * anew */
	w->armed = (p->heartbeat == WORKER_HEARTBEAT_REQUIRED && w->piped) ||
	    (p->heartbeat == WORKER_HEARTBEAT_AUTO && w->beat != MS_NEVER && w->closed == MS_NEVER);
	w->stuck = MS_NEVER;
	rearm(w, p, now);
	escalation_repolicy(&w->kill, p->ladder, now);
	if (w->state == WORKER_UP && w->dump == MS_NEVER) {
		w->probe = ms_add(now, p->probe_every);
		w->retire = ms_max(now, age_limit(p, w->started, random));
	}
}

static struct worker_action
spawned(struct worker *w, const struct worker_policy *p, const struct worker_input *in)
{
	enum escalation_rung pending = w->kill.rung;

	clear(w);
	w->state = WORKER_UP;
	w->reason = WORKER_BY_REQUEST;
	w->started = in->now;
	w->piped =
	    p->heartbeat == WORKER_HEARTBEAT_AUTO || p->heartbeat == WORKER_HEARTBEAT_REQUIRED;
	worker_repolicy(w, p, in->now, in->random);
	if (w->wanted)
		return nothing();
	w->asked = true;
	return climb(w, p, pending > ESCALATION_GRACEFUL ? pending : ESCALATION_GRACEFUL,
	    WORKER_BY_REQUEST, in->now);
}

static struct worker_action
give_up(struct worker *w, enum worker_reason why)
{
	w->state = WORKER_FAILED;
	w->reason = why;
	return (struct worker_action){ .what = WORKER_DO_GIVE_UP, .reason = why };
}

/* The process is gone, or never came: rest, give up, or wait for the next start. */
static struct worker_action
gone(struct worker *w, const struct worker_policy *p, const struct worker_input *in)
{
	bool came = in->event == WORKER_EV_EXITED, asked = came && w->asked;
	bool stable = came && in->now - w->started >= WORKER_STABLE;
	ms delay = p->restart_interval;

	clear(w);
	if (!w->wanted) {
		w->state = WORKER_DOWN;
		return nothing();
	}
	if (in->final)
		return give_up(w, WORKER_BY_STATUS);
	if (!asked && !backoff_allows(&w->backoff, &p->backoff, in->now))
		return give_up(w, WORKER_BY_LIMIT);
	if (asked || stable)
		backoff_reset_delay(&w->backoff);
	else
		delay = ms_max(delay, backoff_next(&w->backoff, &p->backoff, in->random));
	wait_until(w, ms_add(in->now, delay));
	return nothing();
}

static struct worker_action
stop(struct worker *w, const struct worker_policy *p, enum escalation_rung rung, ms now)
{
	switch (w->state) {
	case WORKER_WAITING:
		w->state = WORKER_DOWN;
		clear(w);
		break;
	case WORKER_SPAWNING: /* seen again at WORKER_EV_SPAWNED */
		escalation_climb(&w->kill, rung, now);
		break;
	case WORKER_UP:
	case WORKER_STOPPING:
		w->asked = true;
		return climb(w, p, rung, WORKER_BY_REQUEST, now);
	case WORKER_FAILED:
		w->state = WORKER_DOWN;
		break;
	case WORKER_DOWN:
		break;
	}
	return nothing();
}

static struct worker_action
restart(struct worker *w, const struct worker_policy *p, enum escalation_rung rung, ms now)
{
	switch (w->state) {
	case WORKER_WAITING: /* no more waiting out a back-off: somebody wants to see it run */
		w->spawn = now;
		break;
	case WORKER_FAILED:
		w->backoff = (struct backoff){ 0 };
		wait_until(w, now);
		break;
	case WORKER_UP:
	case WORKER_STOPPING:
		w->asked = true;
		return climb(w, p, rung, WORKER_BY_REQUEST, now);
	case WORKER_DOWN:
	case WORKER_SPAWNING:
		break;
	}
	return nothing();
}

static struct worker_action
start(struct worker *w, ms now)
{
	w->wanted = true;
	switch (w->state) {
	case WORKER_DOWN:
		w->backoff = (struct backoff){ 0 };
		wait_until(w, now);
		break;
	case WORKER_SPAWNING: /* a stop that came in between is taken back */
		escalation_reset(&w->kill);
		break;
	case WORKER_WAITING:
	case WORKER_UP:
	case WORKER_STOPPING:
	case WORKER_FAILED:
		break;
	}
	return nothing();
}

static struct worker_action
beat(struct worker *w, const struct worker_policy *p, ms now)
{
	if (!worker_alive(w))
		return nothing();
	w->beat = now;
	if (p->heartbeat == WORKER_HEARTBEAT_AUTO)
		w->armed = true;
	rearm(w, p, now);
	return nothing();
}

static struct worker_action
extend(struct worker *w, const struct worker_policy *p, ms until)
{
	if (w->part != MS_NEVER &&
	    until > w->part + (WORKER_PARTS - 1 - w->silent) * part_length(w, p)) {
		w->silent = WORKER_PARTS - 1;
		w->part = until;
	}
	if (w->state == WORKER_STOPPING)
		escalation_hold(&w->kill, p->ladder, until);
	return nothing();
}

/*
 * A part of the heartbeat timeout is over. It counts only if we looked in time: whoever was stalled
 * or suspended itself cannot tell whether the worker was silent.
 */
static struct worker_action
part_over(struct worker *w, const struct worker_policy *p, ms now)
{
	ms length = part_length(w, p);

	if (now - w->part <= ms_min(length / 2, MS_SECOND))
		w->silent++;
	if (w->silent < WORKER_PARTS) {
		w->part = ms_add(now, length);
		return nothing();
	}
	return hangs(w, p, WORKER_BY_HEARTBEAT, now);
}

static struct worker_action
probe(struct worker *w, const struct worker_policy *p, ms now)
{
	ms late = now - w->probe;

	if (w->stuck != MS_NEVER && late > MS_SECOND)
		w->stuck += late;
	w->probe = ms_add(now, p->probe_every);
	return (struct worker_action){ .what = WORKER_DO_PROBE };
}

static struct worker_action
probed_stuck(struct worker *w, const struct worker_policy *p, ms now)
{
	if (w->state != WORKER_UP || p->heartbeat != WORKER_HEARTBEAT_STAT)
		return nothing();
	if (w->stuck == MS_NEVER)
		w->stuck = now;
	if (now - w->stuck < p->heartbeat_timeout)
		return nothing();
	return hangs(w, p, WORKER_BY_STUCK, now);
}

static struct worker_action
ask_retire(struct worker *w, enum worker_reason why, ms now)
{
	if (w->state != WORKER_UP)
		return nothing();
	w->retire = ms_add(now, WORKER_RETIRE_AGAIN);
	w->overdue = true;
	w->reason = why;
	return (struct worker_action){ .what = WORKER_DO_ASK_RETIRE, .reason = why };
}

static struct worker_action
closed(struct worker *w, const struct worker_policy *p, ms now)
{
	w->closed = MS_NEVER;
	if (p->heartbeat == WORKER_HEARTBEAT_REQUIRED)
		return climb(w, p, ESCALATION_IMMEDIATE, WORKER_BY_CLOSED, now);
	w->armed = false;
	w->part = w->beat =
	    MS_NEVER; /* as if it had never beaten: a reload does not arm it again */
	return (struct worker_action){ .what = WORKER_DO_DISARM };
}

static struct worker_action
tick(struct worker *w, const struct worker_policy *p, ms now)
{
	switch (w->state) {
	case WORKER_WAITING:
		return now >= w->spawn ? spawn(w) : nothing();
	case WORKER_UP:
		if (now >= w->dump)
			return climb(w, p, ESCALATION_IMMEDIATE, (enum worker_reason)w->hang, now);
		if (now >= w->closed)
			return closed(w, p, now);
		if (now >= w->part)
			return part_over(w, p, now);
		if (now >= w->retire)
			return ask_retire(
			    w, w->reason == WORKER_BY_MEMORY ? w->reason : WORKER_BY_AGE, now);
		return now >= w->probe ? probe(w, p, now) : nothing();
	case WORKER_STOPPING:
		if (now >= w->dump)
			return climb(w, p, ESCALATION_IMMEDIATE, (enum worker_reason)w->hang, now);
		if (now >= w->part)
			return part_over(w, p, now);
		return now >= w->kill.due ? climb(w, p, w->kill.rung, w->reason, now) : nothing();
	case WORKER_DOWN:
	case WORKER_SPAWNING:
	case WORKER_FAILED:
		break;
	}
	return nothing();
}

struct worker_action
worker_step(struct worker *w, const struct worker_policy *p, const struct worker_input *in)
{
	switch (in->event) {
	case WORKER_EV_START:
		return start(w, in->now);
	case WORKER_EV_HOLD:
		if (w->state == WORKER_SPAWNING)
			wait_until(w, in->until);
		if (!w->wanted)
			return stop(w, p, ESCALATION_GRACEFUL, in->now);
		return nothing();
	case WORKER_EV_SPAWNED:
		return spawned(w, p, in);
	case WORKER_EV_SPAWN_FAILED:
	case WORKER_EV_EXITED:
		return gone(w, p, in);
	case WORKER_EV_BEAT:
		return beat(w, p, in->now);
	case WORKER_EV_BEAT_CLOSED:
		if (w->state == WORKER_UP && w->dump == MS_NEVER)
			w->closed = ms_add(in->now, WORKER_CLOSED_GRACE);
		return nothing();
	case WORKER_EV_READY:
		w->ready = worker_alive(w);
		return w->armed ? beat(w, p, in->now)
				: nothing(); /* a life sign, but it arms nothing */
	case WORKER_EV_TRIGGER:
		return worker_alive(w) ? hangs(w, p, WORKER_BY_TRIGGER, in->now) : nothing();
	case WORKER_EV_EXTEND:
		return extend(w, p, in->until);
	case WORKER_EV_PROBED_WELL:
		w->stuck = MS_NEVER;
		return nothing();
	case WORKER_EV_PROBED_STUCK:
		return probed_stuck(w, p, in->now);
	case WORKER_EV_PROBED_HEAVY:
		w->stuck = MS_NEVER;
		return ask_retire(w, WORKER_BY_MEMORY, in->now);
	case WORKER_EV_RETIRE:
		if (w->state != WORKER_UP)
			return nothing();
		w->asked = true;
		return climb(w, p, ESCALATION_GRACEFUL, w->reason, in->now);
	case WORKER_EV_DUMPED:
		return w->dump != MS_NEVER
		    ? climb(w, p, ESCALATION_IMMEDIATE, (enum worker_reason)w->hang, in->now)
		    : nothing();
	case WORKER_EV_STOP:
		w->wanted = false;
		return stop(w, p, ESCALATION_GRACEFUL, in->now);
	case WORKER_EV_ABORT:
		w->wanted = false;
		return stop(w, p, ESCALATION_IMMEDIATE, in->now);
	case WORKER_EV_RESTART:
		return restart(w, p, ESCALATION_GRACEFUL, in->now);
	case WORKER_EV_RESTART_NOW:
		return restart(w, p, ESCALATION_IMMEDIATE, in->now);
	case WORKER_EV_TIME:
		return tick(w, p, in->now);
	}
	return nothing();
}

ms
worker_due(const struct worker *w)
{
	switch (w->state) {
	case WORKER_WAITING:
		return w->spawn;
	case WORKER_UP:
		return ms_min(
		    ms_min(ms_min(w->closed, w->part), ms_min(w->retire, w->probe)), w->dump);
	case WORKER_STOPPING:
		return ms_min(ms_min(w->part, w->kill.due), w->dump);
	case WORKER_DOWN:
	case WORKER_SPAWNING:
	case WORKER_FAILED:
		break;
	}
	return MS_NEVER;
}
