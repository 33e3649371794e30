#include "status.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/sys/call.h"
#include "../../lib/sys/dumpfile.h"
#include "../../lib/sys/out.h"
#include "../../lib/wire/zone.h"
#include "complain.h"

static void
print(const struct ledger *l, struct buf *b)
{
	struct zone_civil c = zone_civil(l->since);

	buf_printf(b, "pid=%d file=", (int)l->pid);
	buf_escape(b, l->path, strlen(l->path), sizeof l->path);
	buf_printf(b,
	    " since=%04d-%02d-%02dT%02d:%02d:%02dZ lines=%llu bytes=%llu rotations=%llu"
	    " dropped_lines=%llu dropped_bytes=%llu errors=%llu error=",
	    c.year, c.month, c.day, c.hour, c.minute, c.second, (unsigned long long)l->lines,
	    (unsigned long long)l->bytes, (unsigned long long)l->rotations,
	    (unsigned long long)l->dropped_lines, (unsigned long long)l->dropped_bytes,
	    (unsigned long long)l->errors);
	if (l->error)
		buf_printf(b, "\"%s\"\n", strerror(l->error));
	else
		buf_puts(b, "none\n");
}

struct search {
	const struct options *options;
	unsigned found;
	bool arrived;
};

/* Is it the same file, by whatever path? */
static bool
is_same(const char *path, const char *other)
{
	struct stat a, b;

	return strcmp(path, other) == 0 ||
	    (call_stat(path, &a) == 0 && call_stat(other, &b) == 0 && call_same(&a, &b));
}

static void
found(const struct ledger *l, void *arg)
{
	struct search *s = arg;
	char room[2 * PATH_MAX];
	struct buf b = buf_over(room, sizeof room);
	bool meant = s->options->nfiles == 0;

	for (unsigned i = 0; i < s->options->nfiles; i++)
		meant |= is_same(l->path, s->options->files[i]);
	if (!meant)
		return;
	s->found++;
	print(l, &b);
	s->arrived &= out_write(STDOUT_FILENO, room, b.len);
}

int
status_run(const struct options *c)
{
	struct search s = { .options = c, .arrived = true };

	if (ledger_each(found, &s) < 0) {
		complain("status: /proc: %s", call_reason());
		return 1;
	}
	if (!s.arrived) {
		complain("status: stdout: %s", call_reason());
		return 1;
	}
	if (s.found == 0)
		complain(
		    "status: %s: no running logger was found", c->nfiles ? c->files[0] : "all");
	return s.found == 0;
}

void
status_dump(const struct ledger *l)
{
	char room[2 * PATH_MAX], path[PATH_MAX];
	struct buf b = buf_over(room, sizeof room), p = buf_over(path, sizeof path);
	int fd;

	dumpfile_path(NULL, getpid(), &p);
	print(l, &b);
	if ((fd = dumpfile_open(path)) < 0 || !out_write(fd, room, b.len))
		complain("dump: %s: %s", path, call_reason());
	if (fd > STDERR_FILENO)
		close(fd);
}
