#include "report.h"

#include <string.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/callname.h"
#include "../../lib/sys/proc.h"
#include "../../lib/sys/zonefile.h"
#include "../../lib/wire/zone.h"
#include "names.h"

#define BIGGEST 8 /* mappings that are shown */

/* ---- stacks ---- */

static void
put_place(struct sink *o, const struct place *p, bool file)
{
	if (p->named) {
		sink_escape(o, p->function.name, p->function.len);
		sink_print(o, "+0x%llx", (unsigned long long)p->behind);
	} else {
		sink_print(o, "??");
	}
	if (!file)
		return;
	sink_print(o, " (");
	if (p->object_len > 0)
		sink_escape(o, p->object, p->object_len);
	else
		sink_print(o, p->object ? "anonymous" : "nothing");
	sink_print(o, " + 0x%llx)", (unsigned long long)p->offset);
}

/* Frame i of the stack, and how many behind it are the same. */
static unsigned
put_frame(struct stacks *s, const struct stack *k, unsigned i, unsigned number, struct sink *o)
{
	const struct unwind_frame *f = &s->frame[k->at + i];
	unsigned edge = i < STACKS_FIRST && k->left_out > 0 ? STACKS_FIRST : k->frames, same = 1;
	struct place p;

	names_place(s, f, &p);
	sink_print(o, "      #%-3u 0x%016llx ", number, (unsigned long long)f->pc);
	put_place(o, &p, true);
	sink_print(o, *names_how(f->how) ? " [%s]\n" : "\n", names_how(f->how));
	while (i + same < edge && f[same].pc == f->pc && f[same].how == f->how)
		same++;
	if (same < 3)
		return 1;
	sink_print(o, "      ... ");
	put_place(o, &p, false);
	sink_print(o, " x %u ...\n", same - 1);
	return same;
}

static void
put_stack(struct stacks *s, const struct stack *k, struct sink *o)
{
	unsigned left_out = 0;

	for (unsigned i = 0; i < k->frames;) {
		if (i == STACKS_FIRST && k->left_out > 0 && left_out == 0) {
			left_out = k->left_out;
			sink_print(o, "      ... %u frames not kept ...\n", left_out);
		}
		i += put_frame(s, k, i, i + left_out, o);
	}
	if (k->end != UNWIND_OUTERMOST)
		sink_print(o, "      (truncated: %s)\n", names_end(k->end));
}

static void
put_thread(const struct thread *t, struct sink *o)
{
	const char *call = callname(t->info.call);

	sink_print(o, "  Thread %d \"", (int)t->tid);
	sink_text(o, t->info.name);
	sink_print(
	    o, "\" status=%s(%c)", names_state(t->info.state), t->info.state ? t->info.state : '?');
	if (call)
		sink_print(o, " syscall=%s", call);
	else if (t->info.call >= 0)
		sink_print(o, " syscall=%ld", t->info.call);
	if (t->info.wchan[0]) {
		sink_print(o, " wchan=");
		sink_text(o, t->info.wchan);
	}
	if (t->info.cpu >= 0)
		sink_print(o, " cpu=%lld.%02llds", (long long)t->info.cpu / 1000,
		    (long long)t->info.cpu % 1000 / 10);
	sink_print(o, t->how == CAPTURE_FAILED ? "\n" : " held=%lluus\n",
	    (unsigned long long)(t->held_ns + 999) / 1000);
}

static bool
is_like(const struct thread *a, const struct thread *b)
{
	return a->stack == b->stack && a->info.state == b->info.state &&
	    a->info.call == b->info.call && a->how != CAPTURE_FAILED && b->how != CAPTURE_FAILED &&
	    a->stack != 0;
}

/* The threads behind first that are like it: "9430-9519, 9600 (91)". */
static void
put_others(const struct stacks *s, const struct thread *first, struct sink *o)
{
	const struct thread *end = s->thread + s->threads;
	unsigned count = 0;
	pid_t from = 0, last = 0;

	for (const struct thread *t = first + 1; t <= end; t++) {
		if (t < end && !is_like(first, t))
			continue;
		if (t < end && from && t->tid == last + 1) {
			last++;
			count++;
			continue;
		}
		if (from && last > from)
			sink_print(o, "-%d", (int)last);
		if (t == end)
			break;
		sink_print(o, count == 0 ? "  Threads %d" : ", %d", (int)t->tid);
		from = last = t->tid;
		count++;
	}
	if (count > 0)
		sink_print(o, " (%u): same stack as %d\n", count, (int)first->tid);
}

static bool
is_other(const struct stacks *s, const struct thread *t)
{
	for (const struct thread *f = s->thread; f < t; f++)
		if (is_like(f, t))
			return true;
	return false;
}

static void
put_threads(const struct report *r, struct sink *o)
{
	struct stacks *s = r->stacks;
	const char *cure = NULL, *why;

	for (const struct thread *t = s->thread; t < s->thread + s->threads; t++) {
		if (is_other(s, t))
			continue;
		put_thread(t, o);
		if (t->stack > 0)
			put_stack(s, &s->stack[t->stack - 1], o);
		else
			sink_print(o, "      (no stack: %s%s%s)\n", t->step ? t->step : "",
			    t->step ? ": " : "", t->error ? strerror(t->error) : "no room");
		put_others(s, t, o);
		why = t->how == CAPTURE_FAILED ? names_cure(r->pid, t) : NULL;
		if (why && why != cure)
			sink_print(o, "      (%s)\n", why);
		cure = why ? why : cure;
	}
	if (s->unseen > 0)
		sink_print(o, "  (%u threads more)\n", s->unseen);
	if (s->restless)
		sink_print(o, "  (new threads kept appearing)\n");
}

/* ---- memory ---- */

struct mapping {
	uint64_t start, end, rss;
	char path[512];
};

struct biggest {
	unsigned count;
	struct mapping of[BIGGEST];
};

/* Keeps the biggest ones, the very biggest first. */
static bool
found_mapping(void *arg, uint64_t start, uint64_t end, uint64_t rss, const char *path)
{
	struct biggest *b = arg;
	unsigned at = b->count;
	struct buf text;

	while (at > 0 && b->of[at - 1].rss < rss)
		at--;
	if (rss == 0 || at == BIGGEST)
		return true;
	if (b->count < BIGGEST)
		b->count++;
	memmove(&b->of[at + 1], &b->of[at], (b->count - 1 - at) * sizeof b->of[0]);
	b->of[at] = (struct mapping){ start, end, rss, "" };
	text = buf_over(b->of[at].path, sizeof b->of[at].path);
	buf_escape(&text, path, strlen(path), sizeof b->of[at].path / 4 - 4);
	return true;
}

/* By how much it is more, or less, than in the report before. */
static void
put_growth(const struct earlier *e, const struct target_memory *m, struct sink *o)
{
	int64_t bytes, before;

	sink_print(o, "      grown in %lld s:", (long long)(call_time() - e->time));
	for (unsigned i = 0; i < TARGET_MEMORY; i++) {
		before = earlier_value(e, target_memory_names[i]);
		bytes = m->of[i];
		if (before < 0 || bytes < 0)
			continue;
		bytes = bytes / 1024 - before;
		if (bytes == 0 && i > 0)
			continue;
		sink_print(o, bytes < 0 ? " %s=%lldK" : " %s=+%lldK", target_memory_names[i],
		    (long long)bytes);
	}
	sink_print(o, "\n");
}

static void
put_memory(const struct report *r, struct sink *o)
{
	struct target_memory m;
	struct biggest b = { .count = 0 };

	if (!target_memory_read(&m, r->tid, r->tid)) {
		sink_print(o, "  Memory: not known\n");
		return;
	}
	sink_print(o, "  Memory:");
	for (unsigned i = 0; i < TARGET_MEMORY; i++)
		if (m.of[i] >= 0)
			sink_print(
			    o, " %s=%lldK", target_memory_names[i], (long long)m.of[i] / 1024);
	sink_print(o, "\n");
	if (r->earlier.time > 0)
		put_growth(&r->earlier, &m, o);
	(void)target_smaps(r->tid, r->tid, found_mapping, &b); /* what was found is shown */
	for (unsigned i = 0; i < b.count; i++)
		sink_print(o, "      %9lluK %llx-%llx %s\n", (unsigned long long)b.of[i].rss / 1024,
		    (unsigned long long)b.of[i].start, (unsigned long long)b.of[i].end,
		    b.of[i].path[0] ? b.of[i].path : "anonymous");
}

/* ---- the rest ---- */

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

	if (rows->n++ >= REPORT_DESCRIPTORS)
		return true;
	if (target_fd(rows->r->tid, fd, &rows->r->sockets, &b) == 0)
		sink_print(rows->o, "      %d %s%s\n", fd, room, b.cut ? "..." : "");
	return true;
}

static void
put_fds(struct report *r, struct sink *o)
{
	const struct target_sockets *s = &r->sockets;
	struct rows rows = { r, o, 0 };

	sink_print(o, "  Fds:\n");
	if (proc_each_of(r->tid, "fd", found_fd, &rows) < 0)
		sink_print(o, "      not known: %s\n", call_reason());
	if (rows.n > REPORT_DESCRIPTORS)
		sink_print(o, "      (%u more)\n", rows.n - REPORT_DESCRIPTORS);
	if (s->error)
		sink_print(o, "      (not all sockets are known: %s)\n", strerror(s->error));
	if (s->diag_error)
		sink_print(
		    o, "      (peers and backlogs are not known: %s)\n", strerror(s->diag_error));
}

static bool
found_variable(void *arg, const char *variable)
{
	struct rows *r = arg;

	sink_print(r->o, "      ");
	sink_text(r->o, variable);
	sink_print(r->o, "\n");
	return ++r->n < REPORT_VARIABLES;
}

static void
put_environment(struct report *r, struct sink *o)
{
	struct rows rows = { r, o, 0 };

	sink_print(o, "  Environment:\n");
	if (target_environment(r->tid, found_variable, &rows) < 0)
		sink_print(o, "      not known: %s\n", call_reason());
}

static bool
found_limit(void *arg, const char *name, const char *soft, const char *hard, const char *unit)
{
	struct rows *r = arg;

	sink_print(r->o, "      %s: %s %s%s%s\n", name, soft, hard, *unit ? " " : "", unit);
	return true;
}

static void
put_limits(struct report *r, struct sink *o)
{
	struct rows rows = { r, o, 0 };
	char room[4200];
	struct buf b = buf_over(room, sizeof room);

	sink_print(o, "  Limits:\n");
	if (target_limits(r->tid, found_limit, &rows) < 0)
		sink_print(o, "      not known: %s\n", call_reason());
	if (target_cgroup(r->tid, &b)) {
		sink_print(o, "  Cgroup: ");
		sink_text(o, room);
		sink_print(o, "\n");
	}
}

static void
put_modules(const struct report *r, struct sink *o)
{
	const struct images *s = &r->stacks->images;

	sink_print(o, "  Modules:\n");
	for (unsigned i = 0; i < s->count; i++) {
		const struct image *g = &s->image[i];

		if (g->map->inode == 0 && !g->module.elf)
			continue;
		sink_print(o, "      0x%llx ", (unsigned long long)g->map->start);
		sink_text(o, g->path);
		sink_print(o, g->elf.build_id.len > 0 ? " build-id=" : "");
		for (size_t k = 0; k < g->elf.build_id.len; k++)
			sink_print(o, "%02x", g->elf.build_id.at[k]);
		if (g->from == IMAGES_COPY && g->map->inode > 0)
			sink_print(o, " (read from memory: its file is gone)");
		sink_print(o, g->why ? " (%s)\n" : "\n", g->why);
	}
}

static void
put_head(const struct report *r, struct sink *o)
{
	unsigned char bytes[ZONEFILE_ROOM];
	struct zone_span span;
	struct zone_civil c;
	const char *rule;
	size_t len = zonefile_read(bytes, &rule);
	int64_t now = call_time();
	int minutes;
	char room[1024];
	struct buf b = buf_over(room, sizeof room);

	zone_find(rule, bytes, len, now, &span);
	c = zone_civil(now + span.offset);
	minutes = (span.offset < 0 ? -span.offset : span.offset) / 60;
	target_command(r->pid, &b);
	sink_print(o, "Sigdump at %04d-%02d-%02d %02d:%02d:%02d %c%02d%02d process %d (", c.year,
	    c.month, c.day, c.hour, c.minute, c.second, span.offset < 0 ? '-' : '+', minutes / 60,
	    minutes % 60, (int)r->pid);
	sink_text(o, room);
	sink_print(o, ")\n");
}

static void
put_process(const struct report *r, struct sink *o)
{
	const struct target_process *p = &r->process;

	sink_print(o, EARLIER_LINE "%lld age=%llds parent=%d", (int)r->pid,
	    (unsigned long long)p->started, (long long)call_time(), (long long)p->age,
	    (int)p->parent);
	if (p->uid != (uid_t)-1)
		sink_print(o, " uid=%u", (unsigned)p->uid);
	if (p->inner > 0 && p->inner != r->pid)
		sink_print(o, " inner-pid=%d", (int)p->inner);
	if (p->tracer > 0)
		sink_print(o, " tracer=%d", (int)p->tracer);
	sink_print(o, "\n");
}

void
report_text(struct report *r, struct sink *o)
{
	const struct stacks *s = r->stacks;

	put_head(r, o);
	put_threads(r, o);
	put_process(r, o);
	put_memory(r, o);
	put_fds(r, o);
	put_limits(r, o);
	if (r->environment)
		put_environment(r, o);
	put_modules(r, o);
	sink_print(o,
	    "End of sigdump process %d threads %u complete %u truncated %u without %u not-stopped "
	    "%u "
	    "max-held %llu.%03llu ms\n",
	    (int)r->pid, s->threads + s->unseen, s->complete, s->truncated, s->without, s->asleep,
	    (unsigned long long)s->held_ns / 1000000, (unsigned long long)s->held_ns / 1000 % 1000);
}
