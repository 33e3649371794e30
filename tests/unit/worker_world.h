#ifndef SE_TESTS_WORKER_WORLD_H
#define SE_TESTS_WORKER_WORLD_H

#include <signal.h>

#include "choice.h"
#include "lib/fsm/worker.h"

/*
 * The world as one worker machine sees it: it answers only what was asked, lets only what lives
 * beat and exit, and keeps a record of its own of what is true, against which every step is held.
 */
struct world {
	struct choice *from;
	struct worker w;
	struct worker_policy p;
	ms now;
	bool wanted;   /* somebody asked for a worker here */
	bool spawning; /* SPAWN was asked, and is not answered */
	bool process;
	bool changed; /* the policy is not the first any more */

	/* of the process */
	bool asked;  /* it was asked to go */
	bool piped;  /* it got a pipe to beat on */
	bool beaten; /* it beats, and has not been disarmed since */
	bool ready;  /* or beaten: the long first timeout is over */
	bool heavy;  /* it was found over its memory limit */
	bool loose;  /* the policy has changed under it: its times are not checked */
	bool beats, obeys, sticks, fattens; /* what it does of its own */
	ms started;
	ms beat;     /* the last beat; before it, when enforcement began */
	ms sign;     /* the last sign of life, of any kind */
	ms extended; /* it has asked for time until then */
	ms closed;   /* its pipe was closed then; MS_NEVER: no */
	ms stuck;    /* found stuck since then; MS_NEVER: no */
	ms stalled;  /* since beat: the time in which nobody could have seen a beat */
	ms allowed;  /* since beat: how much later than the timeout it may be found silent */
	ms dump;     /* until when its stacks may be written; MS_NEVER: they are not */
	enum worker_reason hang; /* why they are */

	/* of its stop */
	enum escalation_rung rung;
	unsigned sent;
	ms rung_since, last_sent, hold, rung_late;

	ms gone[8]; /* the last exits that nobody asked for */
	unsigned ngone;

	unsigned did[WORKER_DO_GIVE_UP + 1], why[WORKER_BY_STATUS + 1]; /* how often */
};

static inline ms
world_one_of(struct world *x, const ms *values, unsigned n)
{
	return values[choose(x->from, n)];
}

#define ONE_OF(x, ...)                                 \
	world_one_of((x), (const ms[]){ __VA_ARGS__ }, \
	    (unsigned)(sizeof(const ms[]){ __VA_ARGS__ } / sizeof(ms)))

static inline struct worker_policy
world_policy(struct world *x)
{
	struct worker_policy p = {
		.heartbeat = (enum worker_heartbeat)choose(x->from, 4),
		.heartbeat_timeout = ONE_OF(x, 100, 1003, 180000),
		.start_timeout = ONE_OF(x, 0, 5000, 600000),
		.dump = ONE_OF(x, 0, 1, 10000),
		.max_age = ONE_OF(x, MS_NEVER, MS_NEVER, 1000, 60000),
		.max_age_rand = (unsigned)ONE_OF(x, 0, 200, 2000),
		.restart_interval = ONE_OF(x, 0, 0, 3000),
		.backoff = {
			.first = ONE_OF(x, 100, 500),
			.max = ONE_OF(x, 500, 5000), /* never less than first */
			.limit = (unsigned)ONE_OF(x, 0, 0, 1, 5),
			.limit_within = ONE_OF(x, 1000, 60000),
		},
		.ladder = {
			[ESCALATION_GRACEFUL] = { SIGTERM, ONE_OF(x, 100, 15000), ONE_OF(x, 0, 10000),
			    ONE_OF(x, 0, 1000, 600000, MS_NEVER) },
			[ESCALATION_IMMEDIATE] = { SIGQUIT, ONE_OF(x, 100, 10000), ONE_OF(x, 0, 10000),
			    ONE_OF(x, 0, 1000, 600000, MS_NEVER) },
			[ESCALATION_KILL] = { SIGKILL, ONE_OF(x, 100, 10000), ONE_OF(x, 0, 10000), MS_NEVER },
		},
	};

	p.probe_every = p.heartbeat == WORKER_HEARTBEAT_STAT ? p.heartbeat_timeout / WORKER_PARTS
							     : ONE_OF(x, MS_NEVER, 10000);
	return p;
}

static inline void
world_init(struct world *x, struct choice *from)
{
	*x = (struct world){ .from = from, .dump = MS_NEVER };
	x->p = world_policy(x);
	worker_init(&x->w);
}

static inline ms
world_timeout(const struct world *x)
{
	ms whole =
	    x->ready ? x->p.heartbeat_timeout : ms_max(x->p.heartbeat_timeout, x->p.start_timeout);

	return whole / WORKER_PARTS * WORKER_PARTS;
}

static inline bool
world_enforced(const struct world *x)
{
	return x->process &&
	    ((x->p.heartbeat == WORKER_HEARTBEAT_REQUIRED && x->piped) ||
		(x->p.heartbeat == WORKER_HEARTBEAT_AUTO && x->beaten));
}

/* A new heartbeat timeout begins. */
static inline void
world_begin_silence(struct world *x)
{
	x->beat = x->sign = x->now;
	x->stalled = x->allowed = x->extended = 0;
}

static inline void
world_begin_process(struct world *x)
{
	x->spawning = false;
	x->process = true;
	x->asked = !x->wanted;
	x->piped =
	    x->p.heartbeat == WORKER_HEARTBEAT_AUTO || x->p.heartbeat == WORKER_HEARTBEAT_REQUIRED;
	x->beaten = x->ready = x->heavy = x->loose = false;
	x->beats = choose(x->from, 2);
	x->obeys = !chance(x->from, 4);
	x->sticks = chance(x->from, 4);
	x->fattens = chance(x->from, 8);
	x->started = x->now;
	x->closed = x->stuck = x->dump = MS_NEVER;
	x->rung = ESCALATION_IDLE;
	x->hold = 0;
	world_begin_silence(x);
}

/* What the event makes true. */
static inline void
world_note(struct world *x, const struct worker_input *in)
{
	switch (in->event) {
	case WORKER_EV_START:
		x->wanted = true;
		break;
	case WORKER_EV_STOP:
	case WORKER_EV_ABORT:
		x->wanted = false;
		x->asked = x->process;
		break;
	case WORKER_EV_RESTART:
	case WORKER_EV_RESTART_NOW:
	case WORKER_EV_RETIRE:
		x->asked = x->process;
		break;
	case WORKER_EV_SPAWNED:
		world_begin_process(x);
		break;
	case WORKER_EV_HOLD:
		x->spawning = false;
		break;
	case WORKER_EV_SPAWN_FAILED:
	case WORKER_EV_EXITED:
		x->spawning = x->process = false;
		x->dump = MS_NEVER;
		if (in->event == WORKER_EV_SPAWN_FAILED || !x->asked)
			x->gone[x->ngone++ % 8] = x->now;
		break;
	case WORKER_EV_BEAT:
		world_begin_silence(x);
		x->beaten = x->ready = true;
		break;
	case WORKER_EV_READY:
		x->sign = x->now;
		x->extended = 0;
		x->ready = true;
		break;
	case WORKER_EV_BEAT_CLOSED:
		if (x->closed == MS_NEVER && x->dump == MS_NEVER)
			x->closed = x->now;
		break;
	case WORKER_EV_EXTEND:
		if (world_enforced(x))
			x->extended = ms_max(x->extended, in->until);
		if (x->rung != ESCALATION_IDLE)
			x->hold = ms_max(x->hold, in->until);
		break;
	case WORKER_EV_PROBED_STUCK:
		x->stuck = ms_min(x->stuck, x->now);
		break;
	case WORKER_EV_PROBED_HEAVY:
		x->heavy = true;
		x->stuck = MS_NEVER;
		break;
	case WORKER_EV_PROBED_WELL:
		x->stuck = MS_NEVER;
		break;
	case WORKER_EV_TRIGGER:
	case WORKER_EV_DUMPED:
	case WORKER_EV_TIME:
		break;
	}
}

/* Where a stop that begins at this rung really begins: rungs without time are passed over. */
static inline enum escalation_rung
world_rung(const struct world *x, enum escalation_rung rung)
{
	while (rung < ESCALATION_KILL && x->p.ladder[rung].timeout == 0)
		rung++;
	return rung;
}

/* Why the clock alone may end a worker. */
static inline void
world_check_reason(const struct world *x, enum worker_reason why)
{
	if (why == WORKER_BY_HEARTBEAT) {
		MUST(world_enforced(x));
		MUST(x->now - x->beat - x->stalled >= world_timeout(x));
		MUST(x->now >= x->extended);
	} else {
		MUST(why == WORKER_BY_CLOSED && x->p.heartbeat == WORKER_HEARTBEAT_REQUIRED);
		MUST(x->closed != MS_NEVER && x->now >= x->closed + WORKER_CLOSED_GRACE);
	}
}

/* The rung that this event demands; IDLE: none, it is a matter of time. */
static inline enum escalation_rung
world_demanded(const struct world *x, const struct worker_input *in, enum worker_reason why)
{
	switch (in->event) {
	case WORKER_EV_STOP:
	case WORKER_EV_RESTART:
		return ESCALATION_GRACEFUL;
	case WORKER_EV_RETIRE:
		MUST(why == WORKER_BY_AGE || (why == WORKER_BY_MEMORY && x->heavy));
		return ESCALATION_GRACEFUL;
	case WORKER_EV_ABORT:
	case WORKER_EV_RESTART_NOW:
	case WORKER_EV_TRIGGER:
		return ESCALATION_IMMEDIATE;
	case WORKER_EV_PROBED_STUCK:
		MUST(x->p.heartbeat == WORKER_HEARTBEAT_STAT);
		MUST(x->loose || x->now - x->stuck >= x->p.heartbeat_timeout);
		return ESCALATION_IMMEDIATE;
	case WORKER_EV_SPAWNED: /* with a stop that came meanwhile */
		MUST(!x->wanted);
		return ESCALATION_GRACEFUL;
	case WORKER_EV_DUMPED:
		MUST(x->dump != MS_NEVER && why == x->hang);
		return ESCALATION_IMMEDIATE;
	case WORKER_EV_TIME:
		if (x->now >= x->dump) {
			MUST(why == x->hang);
			return ESCALATION_IMMEDIATE;
		}
		if (x->rung >= ESCALATION_IMMEDIATE ||
		    (why != WORKER_BY_HEARTBEAT && why != WORKER_BY_CLOSED))
			return ESCALATION_IDLE;
		if (!x->loose)
			world_check_reason(x, why);
		return ESCALATION_IMMEDIATE;
	case WORKER_EV_HOLD:
	case WORKER_EV_START:
	case WORKER_EV_SPAWN_FAILED:
	case WORKER_EV_BEAT:
	case WORKER_EV_BEAT_CLOSED:
	case WORKER_EV_READY:
	case WORKER_EV_EXTEND:
	case WORKER_EV_PROBED_WELL:
	case WORKER_EV_PROBED_HEAVY:
	case WORKER_EV_EXITED:
		break;
	}
	must_failed("no signal for this event", __FILE__, __LINE__);
	return ESCALATION_IDLE;
}

static inline void
world_check_signal(struct world *x, const struct worker_input *in, const struct worker_action *a)
{
	enum escalation_rung rung = ESCALATION_GRACEFUL, demanded;
	const struct escalation_policy *l = x->p.ladder;

	MUST(x->process);
	while (rung < ESCALATION_KILL && l[rung].sig != a->sig)
		rung++;
	MUST(l[rung].sig == a->sig);
	demanded = world_demanded(x, in, a->reason);
	if (demanded > x->rung) {
		if (in->event == WORKER_EV_SPAWNED)
			MUST(rung >= world_rung(x, demanded));
		else
			MUST(rung == world_rung(x, demanded));
	} else if (rung != x->rung) {
		MUST(x->rung != ESCALATION_IDLE && rung == world_rung(x, x->rung + 1));
		MUST(x->loose ||
		    x->now >= ms_max(x->hold, ms_add(x->rung_since, l[x->rung].timeout)));
	} else {
		MUST(x->loose ||
		    x->now - x->last_sent >= l[rung].interval + l[rung].increment * (x->sent - 1));
	}
	if (rung != x->rung) {
		x->rung = rung;
		x->rung_since = x->now;
		x->hold = x->rung_late = 0;
		x->sent = 0;
	}
	x->sent++;
	x->last_sent = x->now;
	if (rung >= ESCALATION_IMMEDIATE)
		x->dump = MS_NEVER;
}

/* Only what is to be ended at once is looked at first, and once. */
static inline void
world_check_dump(struct world *x, const struct worker_input *in, enum worker_reason why)
{
	MUST(x->process && x->p.dump > 0 && x->dump == MS_NEVER && x->rung < ESCALATION_IMMEDIATE);
	MUST(why == WORKER_BY_HEARTBEAT || why == WORKER_BY_STUCK || why == WORKER_BY_TRIGGER);
	MUST(world_demanded(x, in, why) == ESCALATION_IMMEDIATE);
	x->dump = x->now + x->p.dump;
	x->hang = why;
	x->closed = MS_NEVER;
}

static inline void
world_check_give_up(
    const struct world *x, const struct worker_input *in, const struct worker_action *a)
{
	unsigned limit = x->p.backoff.limit;

	MUST(x->w.state == WORKER_FAILED);
	if (in->event == WORKER_EV_EXITED && in->final) {
		MUST(a->reason == WORKER_BY_STATUS);
		return;
	}
	MUST(a->reason == WORKER_BY_LIMIT && limit > 0 && x->ngone > limit);
	MUST(x->now - x->gone[(x->ngone - 1 - limit) % 8] < x->p.backoff.limit_within);
}

/* How long a worker that is gone is waited for. */
static inline void
world_check_wait(const struct world *x, bool spawn_failed)
{
	ms wait = x->w.spawn - x->now, least = x->p.restart_interval;

	if (!spawn_failed && (x->asked || x->now - x->started >= WORKER_STABLE)) {
		MUST(wait == least);
		return;
	}
	/* a back-off that has begun goes on from where it was when the policy changes */
	MUST(x->changed || wait >= ms_max(least, x->p.backoff.first * 3 / 4));
	MUST(wait <= ms_max(least, x->p.backoff.max * 5 / 4));
}

static inline void
world_check_action(struct world *x, const struct worker *before, const struct worker_input *in,
    const struct worker_action *a)
{
	switch (a->what) {
	case WORKER_DO_NOTHING:
		break;
	case WORKER_DO_SPAWN:
		MUST(x->wanted && !x->process && !x->spawning);
		MUST(in->event == WORKER_EV_TIME && x->now >= before->spawn);
		x->spawning = true;
		break;
	case WORKER_DO_SIGNAL:
		world_check_signal(x, in, a);
		break;
	case WORKER_DO_DUMP:
		world_check_dump(x, in, a->reason);
		break;
	case WORKER_DO_PROBE:
		MUST(x->process && x->rung == ESCALATION_IDLE && x->p.probe_every != MS_NEVER);
		MUST(x->dump == MS_NEVER);
		break;
	case WORKER_DO_ASK_RETIRE:
		MUST(x->process && x->rung == ESCALATION_IDLE && x->dump == MS_NEVER);
		if (a->reason == WORKER_BY_MEMORY) {
			MUST(x->heavy);
			break;
		}
		MUST(a->reason == WORKER_BY_AGE && x->p.max_age != MS_NEVER);
		MUST(x->loose ||
		    x->now - x->started >= x->p.max_age - x->p.max_age * x->p.max_age_rand / 2000);
		break;
	case WORKER_DO_DISARM:
		MUST(x->process && x->p.heartbeat != WORKER_HEARTBEAT_REQUIRED);
		MUST(x->closed != MS_NEVER && x->now >= x->closed + WORKER_CLOSED_GRACE);
		x->closed = MS_NEVER;
		x->beaten = false;
		break;
	case WORKER_DO_GIVE_UP:
		world_check_give_up(x, in, a);
		break;
	}
	if (in->event == WORKER_EV_EXITED || in->event == WORKER_EV_SPAWN_FAILED) {
		MUST(!in->final || !x->wanted || a->what == WORKER_DO_GIVE_UP);
		MUST(x->wanted || x->w.state == WORKER_DOWN);
		if (x->w.state == WORKER_WAITING)
			world_check_wait(x, in->event == WORKER_EV_SPAWN_FAILED);
	}
}

static inline void
world_check_state(const struct world *x)
{
	const struct worker *w = &x->w;

	MUST(worker_alive(w) == x->process);
	MUST((w->state == WORKER_SPAWNING) == x->spawning);
	MUST((w->state == WORKER_STOPPING) == (x->process && x->rung != ESCALATION_IDLE));
	MUST(w->wanted == x->wanted);
	MUST(w->state != WORKER_DOWN || !x->wanted);
	MUST(w->state != WORKER_WAITING || x->wanted);
	MUST(w->state != WORKER_WAITING || worker_due(w) != MS_NEVER);
	MUST(w->state != WORKER_STOPPING || worker_due(w) != MS_NEVER);
	MUST(worker_active(w) || worker_due(w) == MS_NEVER);
	MUST(!x->process || w->asked == x->asked);
	MUST(x->wanted || worker_alive(w) || x->spawning || !worker_active(w));
}

/*
 * We are late: how much of its silence could nobody have heard, and how much later may it be told?
 */
static inline void
world_note_lateness(struct world *x, bool clock)
{
	ms late = x->now - worker_due(&x->w), part = world_timeout(x) / WORKER_PARTS;
	ms tolerated = ms_min(part / 2, MS_SECOND), unseen = x->now - x->w.part;

	if (clock && unseen > tolerated && x->w.closed > x->now)
		x->stalled += unseen;
	x->allowed += late + (late > tolerated ? part : 0);
	x->rung_late += late > ESCALATION_STALL ? x->now - x->last_sent : late;
}

static inline struct worker_action
world_feed(struct world *x, struct worker_input in)
{
	struct worker before = x->w;
	struct worker_action a;

	if (worker_due(&before) <= x->now)
		world_note_lateness(x, in.event == WORKER_EV_TIME);
	in.now = x->now;
	in.random = choose(x->from, 65536);
	world_note(x, &in);
	a = worker_step(&x->w, &x->p, &in);
	world_check_action(x, &before, &in, &a);
	world_check_state(x);
	x->did[a.what]++;
	x->why[a.reason] += a.what != WORKER_DO_NOTHING;
	return a;
}

static inline struct worker_action
world_feed_event(struct world *x, enum worker_event event)
{
	return world_feed(x, (struct worker_input){ .event = event });
}

/* Answers what is answered at once. */
static inline void
world_answer(struct world *x, struct worker_action a)
{
	if (a.what == WORKER_DO_PROBE)
		a = world_feed_event(x,
		    x->sticks        ? WORKER_EV_PROBED_STUCK
			: x->fattens ? WORKER_EV_PROBED_HEAVY
				     : WORKER_EV_PROBED_WELL);
	if (a.what == WORKER_DO_ASK_RETIRE && choose(x->from, 2))
		(void)world_feed_event(x, WORKER_EV_RETIRE);
}

/* The clock has come to a due time, or is late: all that is due. */
static inline void
world_tick(struct world *x)
{
	for (int i = 0; worker_due(&x->w) <= x->now; i++) {
		MUST(i < 8);
		world_answer(x, world_feed_event(x, WORKER_EV_TIME));
	}
	if (!x->process || x->loose)
		return;
	/* nothing is overdue: what should have been done by now? */
	MUST(x->now < x->dump);
	if (x->rung == ESCALATION_IDLE && x->dump == MS_NEVER && world_enforced(x))
		MUST(x->now <= ms_max(x->extended, x->sign) + world_timeout(x) + x->allowed);
	if (x->rung == ESCALATION_GRACEFUL || x->rung == ESCALATION_IMMEDIATE)
		MUST(x->now <
		    ms_add(ms_max(x->hold, ms_add(x->rung_since, x->p.ladder[x->rung].timeout)),
			x->rung_late + 1));
	if (x->rung != ESCALATION_IDLE && x->hold == 0)
		MUST(x->now < x->last_sent + x->p.ladder[x->rung].interval +
			x->p.ladder[x->rung].increment * x->sent);
}

static inline void
world_move_clock(struct world *x)
{
	ms due = worker_due(&x->w);
	ms ahead = due == MS_NEVER ? 10 * MS_SECOND : ms_max(due - x->now, 0);

	switch (choose(x->from, 16)) {
	case 0:
	case 1:
		break;
	case 2: /* somebody stopped the supervisor, or it got no processor */
		x->now += ahead + ONE_OF(x, 20, 600, 1500, 40000, 2000000);
		break;
	case 3:
	case 4:
	case 5:
		x->now += ahead * (ms)choose(x->from, 256) / 256;
		break;
	default:
		x->now += ahead + (ms)choose(x->from, 2);
		break;
	}
}

static inline void
world_order(struct world *x)
{
	static const enum worker_event orders[] = { WORKER_EV_START, WORKER_EV_START,
		WORKER_EV_START, WORKER_EV_STOP, WORKER_EV_ABORT, WORKER_EV_RESTART,
		WORKER_EV_RESTART_NOW };
	unsigned i = choose(x->from, 8);

	if (i < 7) {
		(void)world_feed_event(x, orders[i]);
		return;
	}
	x->p = world_policy(x);
	x->changed = x->loose = true;
	worker_repolicy(&x->w, &x->p, x->now, choose(x->from, 65536));
	if (x->process)
		world_begin_silence(x);
	world_check_state(x);
}

/* Something is done by the process, or comes from it too late. */
static inline void
world_act(struct world *x)
{
	struct worker_input in = { .event = WORKER_EV_EXITED };

	if (x->beats && choose(x->from, 4)) {
		in.event = WORKER_EV_BEAT;
	} else if (x->rung != ESCALATION_IDLE && x->obeys && choose(x->from, 2)) {
		in.final = chance(x->from, 32);
	} else {
		switch (choose(x->from, 32)) {
		case 0:
		case 1:
		case 2:
			in.final = chance(x->from, 32);
			break;
		case 3:
		case 4:
			in.event = WORKER_EV_READY;
			break;
		case 5:
		case 6:
			in.event = WORKER_EV_EXTEND;
			in.until = x->now + ONE_OF(x, 10, 5000, 900000);
			break;
		case 7:
			in.event = WORKER_EV_BEAT_CLOSED;
			break;
		case 8:
			in.event = WORKER_EV_TRIGGER;
			break;
		case 9:
		case 10:
			in.event = WORKER_EV_DUMPED;
			break;
		default:
			return;
		}
	}
	if (x->process || in.event != WORKER_EV_EXITED)
		(void)world_feed(x, in);
}

static inline void
world_step(struct world *x)
{
	struct worker_input hold = { .event = WORKER_EV_HOLD };

	world_move_clock(x);
	if (chance(x->from, 16))
		world_order(x); /* signals come before the clock, all else behind it */
	world_tick(x);
	if (!x->spawning) {
		world_act(x);
	} else if (choose(x->from, 4)) {
		(void)world_feed_event(x, WORKER_EV_SPAWNED);
	} else if (choose(x->from, 2)) {
		(void)world_feed_event(x, WORKER_EV_SPAWN_FAILED);
	} else {
		hold.until = x->now + 1 + (ms)choose(x->from, 3000);
		(void)world_feed(x, hold);
	}
}

#endif
