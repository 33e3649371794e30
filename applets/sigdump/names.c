#include "names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/sys/proc.h"

void
names_place(struct stacks *s, const struct unwind_frame *f, struct place *p)
{
	bool called = f->how != UNWIND_FIRST && f->how != UNWIND_SIGNAL;
	uint64_t look = f->pc - called;
	const struct image *g = images_find(&s->images, look);

	*p = (struct place){ .offset = f->pc };
	if (!g)
		return;
	p->object_len = images_name(g->path, &p->object);
	p->offset = images_offset(&s->images, look) + called;
	p->named = images_symbol(&s->images, g, look, &p->function);
	if (p->named)
		p->behind = f->pc - g->module.bias - p->function.start;
}

const char *
names_state(char state)
{
	switch (state) {
	case 'R':
		return "run";
	case 'S':
		return "sleep";
	case 'D':
		return "disk";
	case 'T':
		return "stopped";
	case 't':
		return "traced";
	case 'Z':
	case 'X':
		return "dead";
	default:
		return "unknown";
	}
}

const char *
names_end(enum unwind_end end)
{
	switch (end) {
	case UNWIND_OUTERMOST:
		return "whole";
	case UNWIND_MANY:
		return "too many frames";
	case UNWIND_UNKNOWN:
		return "a register is wanted that is not known";
	case UNWIND_LOST:
		return "no way to a caller was found";
	case UNWIND_UNREADABLE:
		return "the stack cannot be read";
	case UNWIND_LOOP:
		return "the stack does not grow";
	}
	return "";
}

const char *
names_how(enum unwind_how how)
{
	switch (how) {
	case UNWIND_SIGNAL:
		return "interrupted";
	case UNWIND_GUESS:
		return "guess";
	case UNWIND_FIRST:
	case UNWIND_CFI:
	case UNWIND_CALL:
	case UNWIND_POINTER:
	case UNWIND_CODE:
		return "";
	}
	return "";
}

const char *
names_cure(pid_t pid, const struct thread *t)
{
	struct target_process p;

	if (t->error == ETIMEDOUT)
		return "it sleeps in the kernel where nothing can stop it; its wchan says where";
	if (t->error == ENOSYS)
		return "stacks of this kind of processor cannot be read";
	if (t->error != EPERM && t->error != EACCES)
		return NULL;
	if (!target_process_read(&p, pid))
		return NULL;
	if (p.tracer > 0)
		return "another process traces it: end that debugger first";
	if (p.uid != (uid_t)-1 && p.uid != geteuid())
		return "it runs as another user: run as that user, or with CAP_SYS_PTRACE";
	return "run with CAP_SYS_PTRACE, or set kernel.yama.ptrace_scope to 0 for this: it has "
	       "not allowed it, see PR_SET_PTRACER and PR_SET_DUMPABLE of prctl(2)";
}
