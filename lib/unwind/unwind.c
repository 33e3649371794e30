#include "unwind.h"

#include <string.h>

#include "gotable.h"
#include "machine.h"

/* How far a return address is looked for above the stack pointer. */
#define SCAN 4096

/* A walk at one of its frames. */
struct walk {
	const struct unwind_machine *m;
	const struct unwind_space *s;
	const struct unwind_module *module; /* that pc is in */
	uint64_t top;     /* of the space; UINT64_MAX: a signal has switched stacks */
	bool interrupted; /* pc is that of the next instruction, not behind a call */
	bool low;         /* the stack pointer is only known to be at least what it says */
	bool partial;     /* not all registers were known at the first frame */
	bool wanted;      /* a register that is not known was asked for */
	enum unwind_end end;
	struct unwind_registers r;
};

/* What became of one try to find the caller. */
enum found {
	FOUND_NOT,    /* another way may do */
	FOUND_CALLER, /* the walk is there now */
	FOUND_END,    /* there is none, or none can be found: why is in end */
};

static enum found
over(struct walk *w, enum unwind_end end)
{
	w->end = end;
	return FOUND_END;
}

static bool
is_known(const struct walk *w, unsigned number)
{
	return number < CFI_REGISTERS && (w->r.known >> number & 1);
}

static bool
code_is(const struct walk *w, uint64_t address, const struct unwind_code *c)
{
	char bytes[16];

	return w->s->module(w->s->arg, address) && w->s->code(w->s->arg, address, bytes, c->len) &&
	    memcmp(bytes, c->bytes, c->len) == 0;
}

static bool
read_at(const struct walk *w, uint64_t address, void *to, size_t n)
{
	return w->s->read(w->s->arg, address, to, n);
}

/* ---- registers ---- */

bool
unwind_from_kernel(
    const struct unwind_machine *m, const void *regset, size_t len, struct unwind_registers *r)
{
	uint64_t word;

	*r = (struct unwind_registers){ 0 };
	if (len < m->words * sizeof word)
		return false;
	for (unsigned i = 0; i < m->words; i++) {
		unsigned number = m->order[i];

		memcpy(&word, (const char *)regset + i * sizeof word, sizeof word);
		if (number == UNWIND_ORDER_PC) {
			r->pc = word;
		} else if (number < CFI_REGISTERS) {
			r->value[number] = word;
			r->known |= 1ull << number;
		}
	}
	return true;
}

void
unwind_from_two(
    const struct unwind_machine *m, uint64_t sp, uint64_t pc, struct unwind_registers *r)
{
	*r = (struct unwind_registers){ .pc = pc, .known = 1ull << m->sp };
	r->value[m->sp] = sp;
}

/* ---- by call frame information ---- */

static bool
get(void *arg, unsigned number, uint64_t *value)
{
	struct walk *w = arg;

	if (number == w->m->pc) {
		*value = w->r.pc;
		return true;
	}
	if (!is_known(w, number)) {
		w->wanted = true;
		return false;
	}
	if (w->low && number == w->m->sp)
		return false;
	*value = w->r.value[number];
	return true;
}

static bool
read_some(void *arg, uint64_t address, unsigned size, uint64_t *value)
{
	const struct walk *w = arg;
	unsigned char bytes[sizeof *value] = { 0 };

	if (size > sizeof bytes || !read_at(w, address, bytes, size))
		return false;
	memcpy(value, bytes, sizeof *value); /* both machines have the low byte first */
	return true;
}

/* A register of the caller; false: it is not known. */
static bool
by_rule(struct walk *w, const struct cfi_rule *rule, unsigned number, uint64_t cfa, uint64_t *value)
{
	const struct cfi_world world = { w, get, read_some };

	switch (rule->how) {
	case CFI_SAME:
		*value = w->r.value[number];
		return is_known(w, number);
	case CFI_UNDEFINED:
		return false;
	case CFI_SAVED:
		return read_some(w, cfa + (uint64_t)rule->offset, sizeof *value, value);
	case CFI_VALUE:
		*value = cfa + (uint64_t)rule->offset;
		return true;
	case CFI_REGISTER:
		if (!is_known(w, (unsigned)rule->offset))
			return false;
		*value = w->r.value[rule->offset];
		return true;
	case CFI_SAVED_BY:
		return cfi_evaluate(rule->by, &world, &cfa, value) &&
		    read_some(w, *value, sizeof *value, value);
	case CFI_VALUE_BY:
		return cfi_evaluate(rule->by, &world, &cfa, value);
	}
	return false;
}

static bool
cfa_of(struct walk *w, const struct cfi_row *row, uint64_t *cfa)
{
	const struct cfi_world world = { w, get, read_some };

	if (row->cfa.how == CFI_VALUE_BY)
		return cfi_evaluate(row->cfa.by, &world, NULL, cfa);
	if (!get(w, row->cfa_register, cfa))
		return false;
	*cfa += (uint64_t)row->cfa.offset;
	return true;
}

/* The caller's registers, once its return address is known. */
static enum found
return_to(const struct unwind_machine *m, struct walk *w, struct unwind_registers *caller,
    uint64_t pc, bool signal)
{
	uint64_t sp = caller->value[m->sp], old = w->r.value[m->sp];

	pc &= ~w->s->pac_mask;
	if (pc == 0)
		return over(w, UNWIND_OUTERMOST);
	/* a signal's handler may have had a stack of its own */
	if (!signal && (sp < old || (sp == old && pc == w->r.pc)))
		return over(w, UNWIND_LOOP);
	caller->pc = pc;
	w->r = *caller;
	w->interrupted = signal;
	w->low = false;
	return FOUND_CALLER;
}

/* Rows are large: their frame is not that of the walk, whose variables are near then. */
__attribute__((noinline)) static enum found
by_cfi(const struct unwind_machine *m, struct walk *w, uint64_t look)
{
	struct unwind_registers caller = { .known = 0 };
	struct cfi_row row;
	uint64_t cfa, pc;

	if (!w->module->elf || cfi_find(w->module->elf, look - w->module->bias, &row) != CFI_FOUND)
		return FOUND_NOT;
	w->wanted = false;
	if (!cfa_of(w, &row, &cfa))
		return w->wanted ? over(w, UNWIND_UNKNOWN) : FOUND_NOT;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		if (by_rule(w, &row.rule[i], i, cfa, &caller.value[i]))
			caller.known |= 1ull << i;
	if (row.rule[m->sp].how == CFI_SAME)
		caller.value[m->sp] = cfa;
	caller.known |= 1ull << m->sp;
	pc = caller.value[row.return_register];
	if (row.rule[row.return_register].how == CFI_UNDEFINED)
		return over(w, UNWIND_OUTERMOST);
	if (!(caller.known >> row.return_register & 1))
		return over(w,
		    w->wanted || row.rule[row.return_register].how == CFI_SAME ? UNWIND_UNKNOWN
									       : UNWIND_UNREADABLE);
	return return_to(m, w, &caller, pc, row.signal);
}

/* ---- without it ---- */

/* The caller has this pc and stack pointer, and the frame pointer if it is known. */
static enum found
at_return(
    const struct unwind_machine *m, struct walk *w, uint64_t pc, uint64_t sp, const uint64_t *fp)
{
	struct unwind_registers caller = { .known = 1ull << m->sp };

	caller.value[m->sp] = sp;
	if (fp) {
		caller.value[m->fp] = *fp;
		caller.known |= 1ull << m->fp;
	}
	return return_to(m, w, &caller, pc, false);
}

/* Can a function return there? Sets where its call went, 0: not known. */
static bool
is_return(const struct unwind_machine *m, const struct walk *w, uint64_t address, uint64_t *target)
{
	address &= ~w->s->pac_mask;
	if (m->after_call(w->s, address, target))
		return true;
	*target = 0;
	return code_is(w, address, &m->trampoline);
}

/* By the link register, which the function has left as the call has set it. */
static enum found
by_link(const struct unwind_machine *m, struct walk *w)
{
	uint64_t pc, target;

	if (!get(w, m->lr, &pc))
		return FOUND_NOT;
	if (!is_return(m, w, pc, &target))
		return FOUND_NOT;
	return at_return(
	    m, w, pc, w->r.value[m->sp], is_known(w, m->fp) ? &w->r.value[m->fp] : NULL);
}

/* Does a call of the target come to start? By a function that only jumps there, too. */
static bool
comes_to(const struct unwind_machine *m, const struct walk *w, uint64_t target, uint64_t start)
{
	return target != 0 && (target == start || (m->jump && m->jump(w->s, target) == start));
}

/* The two words that the frame pointer shows: the caller's and the return address. */
static bool
frame_record(const struct unwind_machine *m, struct walk *w, uint64_t record[2], uint64_t *target)
{
	uint64_t fp = w->r.value[m->fp], sp = w->r.value[m->sp];

	return is_known(w, m->fp) && fp >= sp && (fp & 7) == 0 && fp < w->top &&
	    read_at(w, fp, record, 2 * sizeof record[0]) && is_return(m, w, record[1], target);
}

static bool
name_is(const struct symbol *f, const char *const *names)
{
	for (; *names; names++)
		if (strlen(*names) == f->len && memcmp(*names, f->name, f->len) == 0)
			return true;
	return false;
}

/* These have no caller, whether somebody wrote it down or not. */
static bool
is_outermost(const struct symbol *f)
{
	static const char *const names[] = { "_start", "_start_c", "__libc_start_main", "__clone",
		"clone", "clone3", "__clone3", "_rt0_amd64_linux", "_rt0_arm64_linux",
		"runtime.goexit", "runtime.mstart", "runtime.mcall", NULL };

	return name_is(f, names);
}

/* The return address and the frame pointer are where the function's own instructions put them. */
static enum found
by_depth(const struct unwind_machine *m, struct walk *w, const struct unwind_prologue *p,
    uint64_t start, bool any)
{
	uint64_t sp = w->r.value[m->sp], pc, target, fp = w->r.value[m->fp];
	bool has_fp = is_known(w, m->fp);

	if (w->low)
		return FOUND_NOT;
	if (p->ra > 0) {
		if (!read_at(w, sp + (uint64_t)(p->depth - p->ra), &pc, sizeof pc))
			return FOUND_NOT;
		if (p->fp > 0)
			has_fp = read_at(w, sp + (uint64_t)(p->depth - p->fp), &fp, sizeof fp);
	} else if (!w->interrupted || m->lr == CFI_REGISTERS || !get(w, m->lr, &pc)) {
		return FOUND_NOT; /* it is still where the call has left it */
	}
	if (pc == 0 && m->lr != CFI_REGISTERS) /* what the first function is given */
		return over(w, UNWIND_OUTERMOST);
	if (!is_return(m, w, pc, &target) ||
	    (!any && target != 0 && !comes_to(m, w, target, start)))
		return FOUND_NOT;
	return at_return(m, w, pc, sp + (uint64_t)p->depth, has_fp ? &fp : NULL);
}

/*
 * By the function's first instructions, if the call goes there; any: or elsewhere, since the
 * function may have been jumped to by the one that was called.
 */
static enum found
by_code(const struct unwind_machine *m, struct walk *w, uint64_t start, bool any)
{
	struct unwind_prologue p;

	m->prologue(w->s, start, w->r.pc, &p);
	return p.depth < 0 ? FOUND_NOT : by_depth(m, w, &p, start, any);
}

/* By all that the function will do up to its end. */
static enum found
by_epilogue(const struct unwind_machine *m, struct walk *w, bool calls)
{
	struct unwind_prologue p;

	return m->epilogue && m->epilogue(w->s, w->r.pc, calls, &p) ? by_depth(m, w, &p, 0, true)
								    : FOUND_NOT;
}

/* By all that it has done, or by that, where either is little and leaves no doubt. */
static enum found
by_nearest_code(const struct unwind_machine *m, struct walk *w, bool known, uint64_t start)
{
	struct unwind_prologue p = { .whole = false };
	enum found found;

	if (known)
		m->prologue(w->s, start, w->r.pc, &p);
	if (p.whole && p.depth >= 0 && (found = by_depth(m, w, &p, 0, true)) != FOUND_NOT)
		return found;
	return by_epilogue(m, w, false);
}

/*
 * By the first return address whose call goes to start; any: or behind any call. Where the code
 * keeps a chain of frame records none is looked for beyond the first of them.
 */
static enum found
by_scan(const struct unwind_machine *m, struct walk *w, uint64_t start, bool any)
{
	uint64_t at = (w->r.value[m->sp] + 7) & ~7ull, limit = at + SCAN, value, target;

	for (; at < limit; at += sizeof value) {
		if (at >= w->top)
			return any ? over(w, UNWIND_OUTERMOST) : FOUND_NOT;
		if (!read_at(w, at, &value, sizeof value))
			return FOUND_NOT;
		if (is_return(m, w, value, &target) && (any || comes_to(m, w, target, start)))
			return at_return(m, w, value, at + sizeof value,
			    is_known(w, m->fp) ? &w->r.value[m->fp] : NULL);
	}
	return FOUND_NOT;
}

/*
 * By the record of the function at start; 0: it is not known whose it is. Where calls do not push,
 * it lies anywhere in the frame: how far from the end, the function's instructions say.
 */
static enum found
by_record(const struct unwind_machine *m, struct walk *w, const uint64_t record[2], uint64_t start)
{
	struct unwind_prologue p = { .fp = 2 * sizeof record[0] };
	bool anywhere = m->lr != CFI_REGISTERS, low;
	enum found found;

	if (anywhere && start)
		m->prologue(w->s, start, w->r.pc, &p);
	low = anywhere && (!start || p.fp < (int64_t)(2 * sizeof record[0]));
	if (low)
		p.fp = 2 * sizeof record[0];
	found = at_return(m, w, record[1], w->r.value[m->fp] + (uint64_t)p.fp, &record[0]);
	w->low = low;
	return found;
}

/* A goroutine's first function returns to behind the first instruction of runtime.goexit. */
static bool
is_end_of_go(const struct walk *w, uint64_t pc)
{
	const struct unwind_module *module = w->s->module(w->s->arg, pc);
	struct gotable_function f;

	return module && module->elf && gotable_find(module->elf, pc - 1 - module->bias, &f) &&
	    is_outermost(&f.symbol);
}

/*
 * Go's table tells where the return address is. What has no call before it is no such address:
 * systemstack and asmcgocall have left the goroutine's stack, and do not say where it is. But
 * asyncPreempt was never called: a signal's handler made it look so, wherever the goroutine was.
 */
static enum found
by_go(const struct unwind_machine *m, struct walk *w, const struct gotable_function *f,
    enum unwind_how *how)
{
	static const char *const unasked[] = { "runtime.asyncPreempt", NULL };
	bool forced = name_is(&f->symbol, unasked);
	enum found found;
	uint64_t sp = w->r.value[m->sp] + f->frame, pc, target, fp = 0;
	bool has_fp = is_known(w, m->fp), on_stack = m->lr == CFI_REGISTERS;

	if (w->partial)
		return over(w, UNWIND_UNKNOWN);
	if (is_outermost(&f->symbol))
		return over(w, UNWIND_OUTERMOST);
	if (!on_stack && f->frame == 0) {
		if (!w->interrupted || !get(w, m->lr, &pc))
			return over(w, UNWIND_LOST);
	} else if (!read_at(w, on_stack ? sp : sp - f->frame, &pc, sizeof pc)) {
		return over(w, UNWIND_UNREADABLE);
	}
	if (has_fp)
		fp = w->r.value[m->fp];
	if (f->frame > 0)
		has_fp = read_at(w, sp - sizeof fp, &fp, sizeof fp);
	if (!forced && !is_return(m, w, pc, &target) && !is_end_of_go(w, pc))
		return over(w, UNWIND_LOST);
	found = at_return(m, w, pc, sp + (on_stack ? sizeof pc : 0), has_fp ? &fp : NULL);
	w->interrupted = forced;
	*how = forced ? UNWIND_SIGNAL : UNWIND_CFI;
	return found;
}

static enum found
without_cfi(const struct unwind_machine *m, struct walk *w, uint64_t look, enum unwind_how *how)
{
	const struct unwind_module *module = w->module;
	bool known, record;
	uint64_t start = 0, pair[2] = { 1 }, target = 0;
	struct gotable_function go;
	struct symbol f;
	enum found found;

	if (module->elf && gotable_find(module->elf, look - module->bias, &go))
		return by_go(m, w, &go, how);
	known = module->elf && symbols_find(module->elf, look - module->bias, &f);
	if ((known && is_outermost(&f)) || (!w->interrupted && code_is(w, w->r.pc, &m->end)))
		return over(w, UNWIND_OUTERMOST);
	if (known)
		start = f.start + module->bias;
	*how = UNWIND_CODE;
	if ((found = by_nearest_code(m, w, known, start)) != FOUND_NOT)
		return found;
	*how = UNWIND_POINTER;
	record = frame_record(m, w, pair, &target);
	if (record && known && comes_to(m, w, target, start))
		return by_record(m, w, pair, start);
	*how = UNWIND_CODE;
	w->wanted = false;
	if (known && (found = by_code(m, w, start, false)) != FOUND_NOT)
		return found;
	if (!known && w->interrupted && m->leaf && m->leaf(w->s, w->r.pc) &&
	    (found = by_link(m, w)) != FOUND_NOT)
		return found;
	if (w->wanted)
		return over(w, UNWIND_UNKNOWN);
	*how = UNWIND_CALL;
	if (known && m->lr == CFI_REGISTERS && (found = by_scan(m, w, start, false)) != FOUND_NOT)
		return found;
	*how = UNWIND_CODE;
	if ((known && (found = by_code(m, w, start, true)) != FOUND_NOT) ||
	    (found = by_epilogue(m, w, true)) != FOUND_NOT)
		return found;
	*how = UNWIND_POINTER;
	if (!is_known(w, m->fp) && w->partial && !w->s->final)
		return over(w, UNWIND_UNKNOWN); /* rather stop the thread than guess */
	if (record)
		return by_record(m, w, pair, 0);
	if (m->lr != CFI_REGISTERS &&
	    ((is_known(w, m->fp) && w->r.value[m->fp] == 0) || (pair[0] == 0 && pair[1] == 0)))
		return over(w, UNWIND_OUTERMOST); /* the chain of records ends so */
	*how = UNWIND_GUESS;
	found = by_scan(m, w, 0, true);
	return found == FOUND_NOT ? over(w, UNWIND_LOST) : found;
}

/* A jump to where no code is: the caller's address is where a call puts it. */
static enum found
from_nowhere(const struct unwind_machine *m, struct walk *w)
{
	uint64_t sp = w->r.value[m->sp], pc, target, *fp = &w->r.value[m->fp];
	enum found found;

	if (!w->interrupted)
		return over(w, UNWIND_LOST);
	if (m->lr != CFI_REGISTERS) {
		w->wanted = false;
		found = by_link(m, w);
		return found == FOUND_CALLER ? found
					     : over(w, w->wanted ? UNWIND_UNKNOWN : UNWIND_LOST);
	}
	if (!read_at(w, sp, &pc, sizeof pc))
		return over(w, UNWIND_UNREADABLE);
	if (!is_return(m, w, pc, &target))
		return over(w, UNWIND_LOST);
	return at_return(m, w, pc, sp + sizeof pc, is_known(w, m->fp) ? fp : NULL);
}

/* ---- the walk ---- */

__attribute__((noinline)) static enum found
step(const struct unwind_machine *m, struct walk *w, enum unwind_how *how)
{
	uint64_t look = w->interrupted ? w->r.pc : w->r.pc - 1, sp = w->r.value[m->sp];
	enum found found;

	/* a trampoline is returned to, but no call stands before it */
	if (code_is(w, w->r.pc, &m->trampoline) && m->interrupted(w->s, &w->r, w->low)) {
		if (w->r.value[m->sp] - sp >= w->top - sp)
			w->top = UINT64_MAX;
		w->low = false;
		w->interrupted = true;
		*how = UNWIND_SIGNAL;
		return FOUND_CALLER;
	}
	w->module = w->s->module(w->s->arg, look);
	*how = UNWIND_CALL;
	if (!w->module)
		return from_nowhere(m, w);
	*how = UNWIND_CFI;
	found = by_cfi(m, w, look);
	if (found == FOUND_CALLER && w->interrupted)
		*how = UNWIND_SIGNAL;
	return found != FOUND_NOT ? found : without_cfi(m, w, look, how);
}

static void
reverse(struct unwind_frame *from, struct unwind_frame *to)
{
	for (; from < to; from++) {
		struct unwind_frame one = *from;

		*from = *--to;
		*to = one;
	}
}

/* Keeps the first ones, and of the others the last ones, in a ring. */
static void
keep(struct unwind_stack *stack, uint64_t pc, enum unwind_how how)
{
	size_t first = stack->room - stack->last, n = stack->frames + stack->left_out;
	size_t at = n < first || stack->last == 0 ? n : first + (n - first) % stack->last;

	if (n >= stack->room)
		stack->left_out++;
	else
		stack->frames++;
	if (at < stack->room)
		stack->frame[at] = (struct unwind_frame){ pc, how };
}

__attribute__((noinline)) void
unwind_walk(const struct unwind_machine *m, const struct unwind_space *s,
    const struct unwind_registers *r, struct unwind_stack *stack)
{
	struct walk w = { .m = m, .s = s, .r = *r, .top = s->top, .interrupted = true };
	enum unwind_how how = UNWIND_FIRST;
	struct unwind_frame *ring = stack->frame + (stack->room - stack->last);
	size_t turned;

	w.partial = !is_known(&w, m->fp);
	stack->frames = stack->left_out = 0;
	stack->end = UNWIND_MANY;
	for (size_t n = 0; n < UNWIND_DEPTH; n++) {
		keep(stack, w.r.pc, how);
		if (step(m, &w, &how) == FOUND_END) {
			stack->end = w.end;
			break;
		}
	}
	if (stack->left_out == 0 || stack->last == 0)
		return;
	turned = stack->left_out % stack->last;
	reverse(ring, ring + turned);
	reverse(ring + turned, ring + stack->last);
	reverse(ring, ring + stack->last);
}
