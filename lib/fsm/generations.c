#include "generations.h"

#include <stddef.h>
#include <string.h>

void
generations_init(struct generations *g)
{
	*g = (struct generations){ .reason = GENERATIONS_FIRST, .failing = true };
}

struct generation *
generations_in(struct generations *g, enum generation_state state)
{
	for (unsigned i = 0; i < g->count; i++)
		if (g->all[i].state == state)
			return &g->all[i];
	return NULL;
}

static bool
has(const struct generations *g, enum generation_state state)
{
	return generations_in((struct generations *)(size_t)g, state) != NULL; /* not changed */
}

/* It is to be killed now. */
static void
end(struct generation *o)
{
	o->state = GENERATION_KILLED;
	o->due = MS_NEVER;
}

/* ---- what is due ---- */

/* When the restart by time comes; *forced: with old ones still there. */
static ms
auto_due(const struct generations *g, const struct generations_policy *p, bool *forced)
{
	*forced = false;
	if (p->auto_restart == MS_NEVER || !has(g, GENERATION_CURRENT))
		return MS_NEVER;
	for (unsigned i = 0; i < g->count; i++)
		*forced |= g->all[i].state > GENERATION_CURRENT;
	return ms_add(ms_add(g->up, p->auto_restart), *forced ? p->auto_restart : 0);
}

/* When the next start comes, and why. */
static ms
start_due(
    const struct generations *g, const struct generations_policy *p, enum generations_reason *why)
{
	bool forced;
	ms due;

	*why = g->asked ? GENERATIONS_ASKED : g->number > 0 ? GENERATIONS_AGAIN : GENERATIONS_FIRST;
	if (has(g, GENERATION_STARTING) || has(g, GENERATION_FAILED) || g->count == GENERATIONS_MAX)
		return MS_NEVER;
	if (g->asked || g->failing || g->lost)
		return g->retry;
	due = ms_max(auto_due(g, p, &forced), g->retry);
	*why = forced ? GENERATIONS_FORCED : GENERATIONS_AUTO;
	return due;
}

ms
generations_due(const struct generations *g, const struct generations_policy *p)
{
	enum generations_reason why;
	ms due = MS_NEVER;

	if (g->stopping)
		return (!g->stopped || (g->killing && !g->killed) || g->count == 0) ? 0 : MS_NEVER;
	if (g->ready || g->gave_up || g->hopeless)
		return 0;
	for (unsigned i = 0; i < g->count; i++)
		due = ms_min(due, g->all[i].due);
	return ms_min(due, start_due(g, p, &why));
}

/* ---- the steps ---- */

/* The one that starts is up: it takes over. */
static void
take_over(struct generations *g, const struct generations_policy *p, struct generation *new, ms now)
{
	struct generation *old = generations_in(g, GENERATION_CURRENT);

	if (old) {
		old->state = GENERATION_OLD;
		old->due = ms_add(now, p->kill_old_delay);
	}
	new->state = GENERATION_CURRENT;
	new->due = MS_NEVER;
	g->up = now;
	g->ready = g->lost = g->failing = false;
}

/* All old ones that are due are told, and those that were told before, again. */
static bool
tell(struct generations *g, const struct generations_policy *p, ms now)
{
	bool any = false;

	for (unsigned i = 0; i < g->count; i++) {
		struct generation *o = &g->all[i];

		if (o->state == GENERATION_OLD && o->due <= now) {
			o->state = GENERATION_TOLD;
			o->due = ms_add(now, p->kill_old_timeout);
			any = true;
		}
	}
	return any;
}

static enum generations_action
stop(struct generations *g)
{
	if (!g->stopped) {
		g->stopped = true;
		for (unsigned i = 0; i < g->count; i++)
			g->all[i].due = MS_NEVER;
		return GENERATIONS_STOP;
	}
	if (g->killing && !g->killed) {
		g->killed = true;
		for (unsigned i = 0; i < g->count; i++)
			g->all[i].state = GENERATION_KILLED;
		return GENERATIONS_KILL_ALL;
	}
	return g->count == 0 ? GENERATIONS_END : GENERATIONS_WAIT;
}

/* The starting one, an old one: what their times ask for. */
static enum generations_action
timed(struct generations *g, const struct generations_policy *p, ms now, struct generation **which)
{
	struct generation *s = generations_in(g, GENERATION_STARTING);

	*which = s;
	if (s && (g->ready || (!p->told && s->due <= now))) {
		take_over(g, p, s, now);
		return GENERATIONS_UP;
	}
	if (s && s->due <= now) {
		s->state = GENERATION_FAILED;
		s->due = MS_NEVER;
		return GENERATIONS_LATE;
	}
	if (tell(g, p, now))
		return GENERATIONS_TELL;
	for (unsigned i = 0; i < g->count; i++)
		if (g->all[i].state == GENERATION_TOLD && g->all[i].due <= now) {
			*which = &g->all[i];
			end(*which);
			return GENERATIONS_KILL;
		}
	return GENERATIONS_WAIT;
}

/* Is there one too many for a new one? The oldest that may go; NULL: no. */
static struct generation *
crowded(struct generations *g, const struct generations_policy *p)
{
	unsigned alive = 0;
	struct generation *oldest = NULL;

	for (unsigned i = g->count; i-- > 0;) {
		if (g->all[i].state != GENERATION_KILLED)
			alive++;
		if (g->all[i].state == GENERATION_OLD || g->all[i].state == GENERATION_TOLD)
			oldest = &g->all[i];
	}
	return alive >= p->alive ? oldest : NULL;
}

enum generations_action
generations_next(
    struct generations *g, const struct generations_policy *p, ms now, struct generation **which)
{
	enum generations_reason why;
	enum generations_action a;

	*which = NULL;
	if (g->stopping)
		return stop(g);
	if (g->gave_up) {
		g->gave_up = false;
		return GENERATIONS_GIVE_UP;
	}
	if (g->hopeless)
		return GENERATIONS_END;
	if ((a = timed(g, p, now, which)) != GENERATIONS_WAIT)
		return a;
	if (start_due(g, p, &why) > now || g->count == GENERATIONS_MAX)
		return GENERATIONS_WAIT;
	if ((*which = crowded(g, p)) != NULL) {
		end(*which);
		return GENERATIONS_CROWDED;
	}
	g->reason = why;
	if (why != GENERATIONS_AGAIN && why != GENERATIONS_FIRST)
		g->failures = 0;
	g->asked = false;
	g->failing = true; /* until one is up */
	g->number++;
	return GENERATIONS_START;
}

/* ---- what has happened ---- */

void
generations_started(struct generations *g, const struct generations_policy *p, int pid, ms now)
{
	g->ready = false;
	g->all[g->count++] = (struct generation){
		.pid = pid,
		.number = g->number,
		.state = GENERATION_STARTING,
		.started = now,
		.due = ms_add(now, p->told ? p->ready_timeout : p->interval),
	};
}

void
generations_failed(
    struct generations *g, const struct generations_policy *p, unsigned random, ms now)
{
	g->ready = false;
	g->failures++;
	if (g->failures == 1)
		backoff_reset_delay(&g->backoff);
	g->retry =
	    g->failures == 1 ? now : ms_add(now, backoff_next(&g->backoff, &p->backoff, random));
	if (p->retries == GENERATIONS_ALWAYS || g->failures <= p->retries)
		return;
	g->gave_up = true;
	g->failing = false;
	g->up = now; /* and by time it is tried again */
	g->hopeless = !has(g, GENERATION_CURRENT) && !has(g, GENERATION_STARTING);
}

void
generations_restart(struct generations *g, ms now)
{
	g->asked = true;
	g->retry = ms_min(g->retry, now); /* whoever asks has changed something */
}

void
generations_ready(struct generations *g, int pid)
{
	struct generation *s = generations_in(g, GENERATION_STARTING);

	if (s && s->pid == pid)
		g->ready = true;
}

static void
forget(struct generations *g, unsigned i)
{
	g->count--;
	memmove(&g->all[i], &g->all[i + 1], (g->count - i) * sizeof g->all[i]);
}

bool
generations_died(struct generations *g, const struct generations_policy *p, int pid,
    unsigned random, ms now, struct generation *was)
{
	unsigned i = 0;

	while (i < g->count && g->all[i].pid != pid)
		i++;
	if (i == g->count)
		return false;
	*was = g->all[i];
	forget(g, i);
	if (was->state == GENERATION_STARTING || was->state == GENERATION_FAILED) {
		generations_failed(g, p, random, now);
	} else if (was->state == GENERATION_CURRENT) {
		g->lost = true;
		if (has(g, GENERATION_STARTING) || has(g, GENERATION_FAILED)) {
			; /* what has begun replaces it */
		} else if (now - was->started < GENERATIONS_YOUNG) {
			generations_failed(g, p, random, now);
		} else if (!g->failing) {
			g->failures = 0;
			g->retry = now;
		}
	}
	return true;
}

void
generations_stop(struct generations *g)
{
	g->killing = g->stopping;
	g->stopping = true;
}
