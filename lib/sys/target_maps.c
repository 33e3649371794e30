#include "target.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "procfile.h"

/*
 * "START-END rwxp OFFSET MAJOR:MINOR INODE   PATH", in hex but for the inode; a line break or NUL
 * follows. False: it is none.
 */
static bool
parse(const char *line, struct target_map *m)
{
	const char *p = line, *flags;

	if (!procfile_number(&p, 16, &m->start) || *p++ != '-' ||
	    !procfile_number(&p, 16, &m->end) || text_span(p + 1, " \n") != 4)
		return false;
	flags = p + 1;
	p += 5;
	m->offset = procfile_next(&p, 16); /* where it begins so, the rest follows */
	m->major = (unsigned)procfile_next(&p, 16);
	p += *p == ':';
	m->minor = (unsigned)procfile_next(&p, 16);
	m->inode = procfile_next(&p, 10);
	m->readable = flags[0] == 'r';
	m->writable = flags[1] == 'w';
	m->executable = flags[2] == 'x';
	m->shared = flags[3] == 's';
	m->path = procfile_word(p, 0);
	return true;
}

/* ---- maps ---- */

static size_t
lines_of(const struct procfile *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++)
		n += f->text[i] == '\n';
	return n;
}

/* The mappings behind their text, in the same block. */
static bool
index_lines(struct target_maps *maps, struct procfile *f)
{
	size_t most = lines_of(f), at = (f->len + 16) & ~(size_t)15, need;
	char *line = f->text, *end = f->text + f->len;

	if (most > TARGET_MAPS) {
		most = TARGET_MAPS;
		maps->cut = true;
	}
	need = at + most * sizeof *maps->map;
	if (need > f->size) {
		if (!memory_grow(&f->text, f->size, need))
			return false;
		line = f->text;
		end = line + f->len;
		f->size = need;
	}
	maps->map = (struct target_map *)(void *)(f->text + at);
	while (maps->count < most && line < end) {
		char *stop = text_find(line, '\n', (size_t)(end - line));

		if (!stop)
			break;
		*stop = '\0';
		maps->count += parse(line, &maps->map[maps->count]);
		line = stop + 1;
	}
	return true;
}

int
target_maps_read(struct target_maps *maps, pid_t pid, pid_t tid)
{
	int fd = procfile_open(pid, tid, "maps"), e;
	struct procfile f = { 0 };
	bool ok;

	*maps = (struct target_maps){ 0 };
	if (fd < 0)
		return -1;
	ok = procfile_append(&f, fd) || (f.len > 0 && errno == EFBIG);
	maps->cut = f.len + 1 >= f.size;
	ok = ok && index_lines(maps, &f);
	maps->memory = f.text;
	maps->size = f.size;
	e = errno;
	close(fd);
	if (ok)
		return 0;
	target_maps_free(maps);
	return call_fail(e);
}

void
target_maps_free(struct target_maps *maps)
{
	memory_free(maps->memory, maps->size);
	*maps = (struct target_maps){ 0 };
}

const struct target_map *
target_maps_find(const struct target_maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->map[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && maps->map[low].start <= address ? &maps->map[low] : NULL;
}

/* ---- smaps ---- */

/* A mapping's own line, which is kept for those about it that follow. */
struct reader {
	struct target_map map;
	char path[4352]; /* what does not fit is cut */
	bool (*found)(void *arg, uint64_t start, uint64_t end, uint64_t rss, const char *path);
	void *arg;
};

static bool
take_line(void *arg, const char *line)
{
	struct reader *r = arg;
	struct target_map m;
	const char *value;
	struct buf path;
	uint64_t kb;

	if (parse(line, &m)) {
		path = buf_over(r->path, sizeof r->path);
		buf_puts(&path, m.path);
		r->map = m;
		return true;
	}
	value = text_after(line, "Rss:");
	return !value || !procfile_number(&value, 10, &kb) ||
	    r->found(r->arg, r->map.start, r->map.end, kb * 1024, r->path);
}

int
target_smaps(pid_t pid, pid_t tid,
    bool (*found)(void *arg, uint64_t start, uint64_t end, uint64_t rss, const char *path),
    void *arg)
{
	struct reader r = { .found = found, .arg = arg };

	return procfile_each(pid, tid, "smaps", take_line, &r);
}
