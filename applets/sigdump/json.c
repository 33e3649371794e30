#include <string.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/callname.h"
#include "../../lib/sys/proc.h"
#include "names.h"
#include "report.h"

/* One object on one line. Addresses are strings: a JSON number has 53 bits in most readers. */

/* What comes before a value: a comma, unless it is the first one; its name, "" in a list. */
static void
begin(struct sink *o, const char *name, const char *then)
{
	sink_print(o, *name ? "%s\"%s\":%s" : "%s%s%s", sink_opened(o) ? "" : ",", name, then);
}

static void
put_bytes(struct sink *o, const char *name, const char *text, size_t len)
{
	begin(o, name, "");
	sink_json(o, text, len);
}

static void
put_text(struct sink *o, const char *name, const char *text)
{
	put_bytes(o, name, text, strlen(text));
}

static void
put_number(struct sink *o, const char *name, long long n)
{
	if (n < 0) /* it is not known */
		return;
	begin(o, name, "");
	sink_print(o, "%lld", n);
}

static void
put_address(struct sink *o, const char *name, uint64_t address)
{
	begin(o, name, "");
	sink_print(o, "\"0x%llx\"", (unsigned long long)address);
}

static void
put_frame(struct stacks *s, const struct unwind_frame *f, struct sink *o)
{
	struct place p;

	names_place(s, f, &p);
	begin(o, "", "{");
	put_address(o, "pc", f->pc);
	if (p.named) {
		put_bytes(o, "function", p.function.name, p.function.len);
		put_address(o, "behind", p.behind);
	}
	if (p.object) {
		put_bytes(o, "object", p.object, p.object_len);
		put_address(o, "offset", p.offset);
	}
	if (*names_how(f->how))
		put_text(o, "how", names_how(f->how));
	sink_print(o, "}");
}

static void
put_stacks(struct stacks *s, struct sink *o)
{
	begin(o, "stacks", "[");
	for (const struct stack *k = s->stack; k < s->stack + s->stacks; k++) {
		begin(o, "", "{");
		put_text(o, "end", names_end(k->end));
		put_number(o, "not_kept", k->left_out);
		begin(o, "frames", "[");
		for (unsigned f = 0; f < k->frames; f++)
			put_frame(s, &s->frame[k->at + f], o);
		sink_print(o, "]}");
	}
	sink_print(o, "]");
}

static void
put_threads(const struct report *r, struct sink *o)
{
	const struct stacks *s = r->stacks;

	begin(o, "threads", "[");
	for (const struct thread *t = s->thread; t < s->thread + s->threads; t++) {
		const char state[2] = { t->info.state ? t->info.state : '?', '\0' };
		const char *call = callname(t->info.call), *cure;

		begin(o, "", "{");
		put_number(o, "tid", t->tid);
		put_text(o, "name", t->info.name);
		put_text(o, "state", state);
		if (call)
			put_text(o, "syscall", call);
		else
			put_number(o, "syscall", t->info.call);
		if (t->info.wchan[0])
			put_text(o, "wchan", t->info.wchan);
		put_number(o, "cpu_ms", t->info.cpu);
		if (t->how != CAPTURE_FAILED)
			put_number(o, "held_ns", (long long)t->held_ns);
		if (t->stack > 0)
			put_number(o, "stack", t->stack - 1);
		if (t->how == CAPTURE_FAILED) {
			put_text(o, "failed", t->step ? t->step : "");
			put_text(o, "error", strerror(t->error));
			if ((cure = names_cure(r->pid, t)) != NULL)
				put_text(o, "cure", cure);
		}
		sink_print(o, "}");
	}
	sink_print(o, "]");
}

static void
put_memory(const struct report *r, struct sink *o)
{
	struct target_memory m;

	if (!target_memory_read(&m, r->tid, r->tid))
		return;
	begin(o, "memory", "{");
	put_text(o, "unit", "bytes");
	for (unsigned i = 0; i < TARGET_MEMORY; i++)
		put_number(o, target_memory_names[i], m.of[i]);
	sink_print(o, "}");
}

struct rows {
	struct report *r;
	struct sink *o;
	unsigned n;
};

static bool
found_fd(int fd, void *arg)
{
	struct rows *rows = arg;
	char room[1024];
	struct buf b = buf_over(room, sizeof room);

	if (rows->n >= REPORT_DESCRIPTORS)
		rows->n++;
	else if (target_fd(rows->r->tid, fd, &rows->r->sockets, &b) == 0) {
		rows->n++;
		begin(rows->o, "", "{");
		put_number(rows->o, "fd", fd);
		put_text(rows->o, "is", room);
		sink_print(rows->o, "}");
	}
	return true;
}

static void
put_fds(struct report *r, struct sink *o)
{
	struct rows rows = { r, o, 0 };
	const struct target_sockets *s = &r->sockets;

	begin(o, "fds", "[");
	(void)proc_each_of(r->tid, "fd", found_fd, &rows); /* what cannot be read is not there */
	sink_print(o, "]");
	if (rows.n > REPORT_DESCRIPTORS)
		put_number(o, "fds_left_out", rows.n - REPORT_DESCRIPTORS);
	if (s->error || s->diag_error)
		put_text(o, "sockets_error", strerror(s->error ? s->error : s->diag_error));
}

static bool
found_variable(void *arg, const char *variable)
{
	struct rows *r = arg;

	put_text(r->o, "", variable);
	return ++r->n < REPORT_VARIABLES;
}

static bool
found_limit(void *arg, const char *name, const char *soft, const char *hard, const char *unit)
{
	struct rows *r = arg;

	begin(r->o, name, "{");
	put_text(r->o, "soft", soft);
	put_text(r->o, "hard", hard);
	put_text(r->o, "unit", unit);
	sink_print(r->o, "}");
	return true;
}

static void
put_modules(const struct images *s, struct sink *o)
{
	begin(o, "modules", "[");
	for (unsigned i = 0; i < s->count; i++) {
		const struct image *g = &s->image[i];

		if (g->map->inode == 0 && !g->module.elf)
			continue;
		begin(o, "", "{");
		put_address(o, "base", g->map->start);
		put_text(o, "path", g->path);
		if (g->elf.build_id.len > 0) {
			begin(o, "build_id", "\"");
			for (size_t k = 0; k < g->elf.build_id.len; k++)
				sink_print(o, "%02x", g->elf.build_id.at[k]);
			sink_print(o, "\"");
		}
		if (g->why)
			put_text(o, "why", g->why);
		sink_print(o, "}");
	}
	sink_print(o, "]");
}

void
report_json(struct report *r, struct sink *o)
{
	const struct stacks *s = r->stacks;
	struct rows rows = { r, o, 0 };
	char room[4200];
	struct buf b = buf_over(room, sizeof room);

	sink_print(o, "{");
	put_number(o, "pid", r->pid);
	put_number(o, "time", call_time());
	put_number(o, "start", (long long)r->process.started);
	put_number(o, "age", r->process.age);
	put_number(o, "parent", r->process.parent);
	if (r->process.uid != (uid_t)-1)
		put_number(o, "uid", r->process.uid);
	target_command(r->pid, &b);
	put_text(o, "command", room);
	put_threads(r, o);
	put_stacks(r->stacks, o);
	put_memory(r, o);
	put_fds(r, o);
	begin(o, "limits", "{");
	(void)target_limits(r->tid, found_limit, &rows);
	sink_print(o, "}");
	if (r->environment) {
		rows.n = 0;
		begin(o, "environment", "[");
		(void)target_environment(r->tid, found_variable, &rows);
		sink_print(o, "]");
	}
	buf_clear(&b);
	if (target_cgroup(r->tid, &b))
		put_text(o, "cgroup", room);
	put_modules(&s->images, o);
	put_number(o, "complete", s->complete);
	put_number(o, "truncated", s->truncated);
	put_number(o, "without", s->without);
	put_number(o, "not_stopped", s->asleep);
	put_number(o, "unseen", s->unseen);
	put_number(o, "max_held_ns", (long long)s->held_ns);
	sink_print(o, "}\n");
}
