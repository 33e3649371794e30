#include "stacks.h"

#include <errno.h>
#include <string.h>

#include "../../lib/base/buf.h"
#include "../../lib/sys/memory.h"
#include "../../lib/sys/proc.h"

/* How often threads are listed again, if new ones keep appearing. */
#define ROUNDS 10

#if defined(__x86_64__)
#define MACHINE     &unwind_x86_64
#define MACHINE_ELF 62 /* EM_X86_64 */
#elif defined(__aarch64__)
#define MACHINE     &unwind_aarch64
#define MACHINE_ELF 183 /* EM_AARCH64 */
#else
#define MACHINE     NULL
#define MACHINE_ELF 0
#endif

/* NULL: stacks cannot be walked here. */
static const struct unwind_machine *const machine = MACHINE;

/* ---- one walk ---- */

struct walking {
	struct stacks *s;
	const struct capture *c;
};

static bool
from_part(
    const unsigned char *bytes, uint64_t start, size_t len, uint64_t address, void *to, size_t n)
{
	if (address < start || address - start > len || n > len - (address - start))
		return false;
	memcpy(to, bytes + (address - start), n);
	return true;
}

/* The copy first; what is not in it comes from the process as it goes on. */
static bool
read_stack(void *arg, uint64_t address, void *to, size_t n)
{
	const struct walking *w = arg;
	const struct capture *c = w->c;
	bool copied = from_part(c->bytes, c->sp, c->len, address, to, n);

	alike_note(w->s->alike, c, address, to, n, copied);
	return copied ||
	    from_part(c->bytes + c->len, c->end - c->end_len, c->end_len, address, to, n) ||
	    capture_memory(w->s->images.tid, address, to, n) == n;
}

static bool
read_code(void *arg, uint64_t address, void *to, size_t n)
{
	const struct walking *w = arg;

	return images_code(&w->s->images, address, to, n);
}

static const struct unwind_module *
module_at(void *arg, uint64_t address)
{
	const struct walking *w = arg;

	return images_module(&w->s->images, address);
}

static unsigned
hash_of(const struct unwind_stack *u)
{
	uint64_t h = 14695981039346656037ull;

	for (size_t i = 0; i < u->frames; i++)
		h = (h ^ u->frame[i].pc ^ u->frame[i].how) * 1099511628211ull;
	return (unsigned)(h >> 32) ^ (unsigned)u->left_out;
}

static bool
is_equal(const struct stacks *s, const struct stack *k, const struct unwind_stack *u)
{
	if (k->frames != u->frames || k->left_out != u->left_out || k->end != u->end)
		return false;
	for (size_t i = 0; i < u->frames; i++)
		if (s->frame[k->at + i].pc != u->frame[i].pc ||
		    s->frame[k->at + i].how != u->frame[i].how)
			return false;
	return true;
}

/* 1 + the number of the stack, which may be there already; 0: no room. */
static unsigned
keep(struct stacks *s, const struct unwind_stack *u)
{
	unsigned hash = hash_of(u);
	struct stack *k = s->stack;

	for (; k < s->stack + s->stacks; k++)
		if (k->hash == hash && is_equal(s, k, u))
			return (unsigned)(k - s->stack) + 1;
	if (s->frames + u->frames > STACKS_FRAMES)
		return 0;
	*k = (struct stack){ s->frames, (unsigned)u->frames, (unsigned)u->left_out, u->end, hash };
	memcpy(&s->frame[k->at], u->frame, u->frames * sizeof *u->frame);
	s->frames += u->frames;
	return ++s->stacks;
}

/*
 * False: more has to be known of the thread than a sleeping one tells. final: more cannot be had.
 */
static bool
walk(struct stacks *s, struct thread *t, const struct capture *c, bool final)
{
	struct unwind_frame frame[STACKS_FIRST + STACKS_LAST] = { 0 };
	struct unwind_stack u = {
		.frame = frame, .room = STACKS_FIRST + STACKS_LAST, .last = STACKS_LAST
	};
	struct walking w = { s, c };
	struct unwind_space space = { .arg = &w,
		.read = read_stack,
		.code = read_code,
		.module = module_at,
		.top = c->end ? c->end : c->sp + c->len,
		.final = final,
		.pac_mask = c->pac_mask };
	struct unwind_registers r;

	if (!machine || (t->stack = alike_find(s->alike, c)) > 0)
		return true;
	if (c->how == CAPTURE_NO_STOP)
		unwind_from_two(machine, c->sp, c->pc, &r);
	else if (!unwind_from_kernel(machine, c->regset, c->regset_len, &r))
		return true;
	unwind_walk(machine, &space, &r, &u);
	if (c->how == CAPTURE_NO_STOP && u.end == UNWIND_UNKNOWN && !final)
		return false;
	t->stack = keep(s, &u);
	alike_end(s->alike, t->stack);
	return true;
}

static uint64_t
end_of(void *arg, uint64_t address)
{
	const struct stacks *s = arg;
	const struct target_map *m = target_maps_find(&s->images.maps, address);

	return m ? m->end : 0;
}

static void
note(struct stacks *s, struct thread *t, const struct capture *c)
{
	t->how = c->how;
	t->error = c->error;
	t->step = c->step;
	t->in_stop = c->in_stop;
	t->held_ns = c->held_ns;
	if (c->how == CAPTURE_STOPPED && c->held_ns > s->held_ns)
		s->held_ns = c->held_ns;
}

/* ---- all threads ---- */

/* One that could not be stopped: what a sleeping one tells is better than nothing. */
static bool
may_sleep(struct stacks *s, struct thread *t, const struct capture *failed, struct capture *c)
{
	if (failed->error == ESRCH)
		return false;
	capture_asleep(&s->from, t->tid, c);
	return c->how == CAPTURE_NO_STOP && walk(s, t, c, true);
}

static void
take(struct stacks *s, struct thread *t)
{
	struct capture c, again;

	(void)target_thread_read(&t->info, s->pid, t->tid); /* else it has just ended */
	capture_asleep(&s->from, t->tid, &c);
	if (c.how != CAPTURE_NO_STOP || !walk(s, t, &c, false)) {
		capture_stop(&s->from, t->tid, &c);
		if (c.how == CAPTURE_STOPPED)
			(void)walk(s, t, &c, true); /* all is known now */
		else if (may_sleep(s, t, &c, &again))
			c = again;
	}
	note(s, t, &c);
}

static bool
add(int tid, void *arg)
{
	struct stacks *s = arg;
	unsigned seen;

	if (map_get(&s->seen, tid, &seen))
		return true;
	if (s->threads == STACKS_THREADS) {
		s->unseen++;
		return true;
	}
	s->thread[s->threads] = (struct thread){ .tid = tid };
	map_put(&s->seen, tid, s->threads++);
	return true;
}

/* Lists the threads that are not listed yet; how many came. */
static unsigned
list(struct stacks *s)
{
	unsigned before = s->threads;

	s->unseen = 0;
	(void)proc_each_of(s->pid, "task", add, s); /* a process that has ended has none */
	return s->threads - before;
}

static void
take_one_by_one(struct stacks *s)
{
	unsigned at = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (; at < s->threads; at++)
			take(s, &s->thread[at]);
		s->restless = list(s) > 0;
		if (!s->restless)
			break;
	}
	s->threads = at; /* the last list's were not dumped */
}

static void
take_together(struct stacks *s)
{
	unsigned at = 0;
	ms waited = 0; /* in vain: others stand still meanwhile */
	struct capture *c = memory_get(STACKS_THREADS * sizeof *c);

	if (!c) {
		take_one_by_one(s);
		return;
	}
	for (unsigned round = 0; round < ROUNDS && (round == 0 || list(s) > 0); round++)
		for (; at < s->threads; at++) {
			struct thread *t = &s->thread[at];

			(void)target_thread_read(&t->info, s->pid, t->tid); /* else it has ended */
			(void)capture_hold(t->tid, &c[at]);                 /* its error is in c */
		}
	s->threads = at;
	for (unsigned i = 0; i < at; i++) {
		struct thread *t = &s->thread[i];
		ms wait = waited < CAPTURE_WAIT ? CAPTURE_WAIT : 0;

		if (capture_held(&s->from, t->tid, wait, &c[i]))
			(void)walk(s, t, &c[i], true);
		else if (c[i].error == ETIMEDOUT)
			waited += wait;
	}
	for (unsigned i = 0; i < at; i++)
		capture_let_go(s->thread[i].tid, &c[i]);
	for (unsigned i = 0; i < at; i++) {
		struct thread *t = &s->thread[i];
		struct capture again;
		bool slept = c[i].how == CAPTURE_FAILED && may_sleep(s, t, &c[i], &again);

		note(s, t, slept ? &again : &c[i]);
	}
	memory_free(c, STACKS_THREADS * sizeof *c);
}

static void
count(struct stacks *s)
{
	for (unsigned i = 0; i < s->threads; i++) {
		const struct thread *t = &s->thread[i];

		s->asleep += t->how == CAPTURE_NO_STOP;
		if (t->stack == 0)
			s->without++;
		else if (s->stack[t->stack - 1].end == UNWIND_OUTERMOST)
			s->complete++;
		else
			s->truncated++;
	}
}

bool
stacks_take(struct stacks *s, pid_t pid, bool together)
{
	*s = (struct stacks){ .pid = pid };
	s->seen.room = map_room(STACKS_THREADS);
	s->seen.cell = memory_get(s->seen.room * sizeof *s->seen.cell);
	s->thread = memory_get(STACKS_THREADS * sizeof *s->thread);
	s->stack = memory_get(STACKS_THREADS * sizeof *s->stack);
	s->frame = memory_get(STACKS_FRAMES * sizeof *s->frame);
	s->from = (struct capture_from){ pid, end_of, s, memory_get(CAPTURE_ROOM) };
	s->alike = memory_get(sizeof *s->alike);
	if (!s->seen.cell || !s->thread || !s->stack || !s->frame || !s->from.room || !s->alike)
		return false;
	(void)list(s);
	for (unsigned i = 0; i < s->threads && !s->open; i++) {
		s->open = images_open(&s->images, s->thread[i].tid, MACHINE_ELF);
		s->error = errno;
	}
	if (together)
		take_together(s);
	else
		take_one_by_one(s);
	count(s);
	return true;
}
