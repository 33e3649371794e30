#include "images.h"

#include <errno.h>
#include <string.h>

#include "../../lib/base/text.h"
#include "../../lib/sys/capture.h"
#include "../../lib/sys/memory.h"

#define PATH_ROOM 4352 /* a path, and where it is below /proc */

bool
images_open(struct images *s, pid_t tid, unsigned machine)
{
	*s = (struct images){ .tid = tid, .machine = machine };
	if (target_maps_read(&s->maps, tid, tid) < 0)
		return false;
	if (s->maps.count == 0) {
		target_maps_free(&s->maps);
		errno = ESRCH;
		return false;
	}
	s->image = memory_get(IMAGES * sizeof *s->image);
	s->of_map = memory_get((s->maps.count + 1) * sizeof *s->of_map);
	s->named = memory_get(IMAGES_NAMED * sizeof *s->named);
	if (s->image && s->of_map && s->named)
		return true;
	images_close(s);
	return false;
}

void
images_close(struct images *s)
{
	int e = errno;

	for (unsigned i = 0; s->image && i < s->count; i++) {
		mapfile_close(&s->image[i].file);
		mapfile_close(&s->image[i].debug);
		memory_free(s->image[i].index, s->image[i].index_len);
		memory_free(s->image[i].copy, s->image[i].copy_len);
	}
	memory_free(s->image, IMAGES * sizeof *s->image);
	memory_free(s->named, IMAGES_NAMED * sizeof *s->named);
	memory_free(s->of_map, (s->maps.count + 1) * sizeof *s->of_map);
	target_maps_free(&s->maps);
	errno = e;
}

static bool
is_same(const struct target_map *a, const struct target_map *b)
{
	return a->inode == b->inode && a->major == b->major && a->minor == b->minor &&
	    (a->inode != 0 || a == b);
}

/* ---- opening ---- */

/*
 * A file of /proc/PID/, or one of ours (/). The inode tells whether it is still the file that is
 * mapped; the device does not, since overlayfs and btrfs show another one in maps than stat(2).
 */
static bool
open_path(const struct images *s, struct mapfile *f, const char *path, uint64_t inode)
{
	char room[PATH_ROOM];

	if (!buf_print_to(room, sizeof room, "/proc/%d/%s", (int)s->tid, path) ||
	    mapfile_open(f, *path == '/' ? path : room) < 0)
		return false;
	if (inode == 0 || f->inode == inode)
		return true;
	mapfile_close(f);
	return false;
}

static bool
open_file(const struct images *s, struct image *g)
{
	const struct target_map *m = g->map;
	char room[PATH_ROOM];

	/* in a changed root of our own namespace the path is the one that we see */
	if (*m->path == '/' &&
	    ((buf_print_to(room, sizeof room, "root%s", m->path) &&
		 open_path(s, &g->file, room, m->inode)) ||
		open_path(s, &g->file, m->path, m->inode))) {
		g->from = IMAGES_FILE;
		return true;
	}
	(void)buf_print_to(room, sizeof room, "map_files/%lx-%lx", (unsigned long)m->start,
	    (unsigned long)m->end); /* it fits */
	if (open_path(s, &g->file, room, m->inode) || open_path(s, &g->file, "exe", m->inode)) {
		g->from = IMAGES_KERNEL;
		return true;
	}
	return false;
}

/* Copies the image out of the target's memory; holes are zeroes. */
static bool
copy_memory(const struct images *s, struct image *g)
{
	const struct target_map *last = g->map, *end = s->maps.map + s->maps.count;
	size_t got;

	while (last + 1 < end && is_same(last + 1, g->map))
		last++;
	g->copy_len = (size_t)(last->end - g->map->start);
	if (g->copy_len > IMAGES_MEMORY || !(g->copy = memory_get(g->copy_len)))
		return false;
	for (size_t at = 0; at < g->copy_len; at += got ? got : 4096) {
		got = capture_memory(
		    s->tid, g->map->start + at, (char *)g->copy + at, g->copy_len - at);
		got &= ~(size_t)4095;
	}
	g->from = IMAGES_COPY;
	return true;
}

/* The file of debugging symbols, where distributions put it. */
static void
open_debug(const struct images *s, struct image *g)
{
	char room[256];
	struct buf b = buf_over(room, sizeof room);
	const struct elf_part *id = &g->elf.build_id;

	if (g->elf.symbols.entries.len > 0 || id->len < 2)
		return;
	buf_puts(&b, "root/usr/lib/debug/.build-id/");
	for (size_t i = 0; i < id->len; i++)
		buf_printf(&b, i == 0 ? "%02x/" : "%02x", id->at[i]);
	buf_puts(&b, ".debug");
	if (b.cut || !open_path(s, &g->debug, room, 0))
		return;
	if (!elf_open(&g->debug_elf, g->debug.bytes, g->debug.len))
		elf_take_symbols(&g->elf, &g->debug_elf);
	else
		mapfile_close(&g->debug);
}

/* Static programs have no index, and some tens of thousands of entries. */
static void
make_index(struct image *g)
{
	g->index_len = CFI_INDEX_SIZE(&g->elf);
	if (g->elf.frames.len == 0 || g->elf.frames_index.len > 0 || g->index_len > IMAGES_INDEX)
		return;
	g->index = memory_get(g->index_len);
	if (g->index) /* else they are searched one by one */
		cfi_make_index(&g->elf, g->index, g->index_len);
}

static void
open_image(const struct images *s, struct image *g)
{
	bool vdso = strcmp(g->path, "[vdso]") == 0;

	if (g->map->inode == 0 && !vdso) {
		g->why = "no file";
	} else if (!vdso && open_file(s, g)) {
		g->why = elf_open(&g->elf, g->file.bytes, g->file.len);
		if (!g->why && !elf_bias(&g->elf, g->map->start, g->map->offset, &g->module.bias))
			g->why = "its mappings are not those of the file";
	} else if (copy_memory(s, g)) {
		g->why = elf_open_memory(&g->elf, g->copy, g->copy_len, g->map->start);
		g->module.bias = g->map->start - g->elf.address;
	} else {
		g->why = "neither its file nor its memory can be read";
	}
	if (!g->why && g->elf.machine != s->machine)
		g->why = "of another processor";
	if (g->why)
		return;
	g->module.elf = &g->elf;
	make_index(g);
	open_debug(s, g);
}

static struct image *
image_of(struct images *s, const struct target_map *m)
{
	size_t index = (size_t)(m - s->maps.map);
	const struct target_map *first = m;
	struct image *g;

	if (s->of_map[index] > 0)
		return &s->image[s->of_map[index] - 1];
	for (unsigned i = 0; i < s->count; i++)
		if (is_same(s->image[i].map, m)) {
			s->of_map[index] = (unsigned short)(i + 1);
			return &s->image[i];
		}
	if (s->count == IMAGES)
		return NULL;
	while (first > s->maps.map && is_same(first - 1, m))
		first--;
	g = &s->image[s->count++];
	g->map = first;
	g->path = first->path;
	open_image(s, g);
	s->of_map[index] = (unsigned short)s->count;
	return g;
}

/* ---- what walks ask ---- */

const struct image *
images_find(struct images *s, uint64_t address)
{
	const struct target_map *m = target_maps_find(&s->maps, address);

	return m ? image_of(s, m) : NULL;
}

const struct unwind_module *
images_module(struct images *s, uint64_t address)
{
	static const struct unwind_module unknown = { 0 };
	const struct target_map *m = target_maps_find(&s->maps, address);
	const struct image *g;

	if (!m || !m->executable)
		return NULL;
	g = image_of(s, m);
	return g ? &g->module : &unknown;
}

bool
images_symbol(struct images *s, const struct image *g, uint64_t address, struct symbol *symbol)
{
	struct images_name *n =
	    &s->named[address * 11400714819323198485u >> 32 & (IMAGES_NAMED - 1)];

	if (!g->module.elf)
		return false;
	if (n->address != address) {
		n->address = address;
		n->known = symbols_find(g->module.elf, address - g->module.bias, &n->symbol);
	}
	*symbol = n->symbol;
	return n->known;
}

uint64_t
images_offset(const struct images *s, uint64_t address)
{
	const struct target_map *m = target_maps_find(&s->maps, address);

	return m ? address - m->start + m->offset : address;
}

bool
images_code(struct images *s, uint64_t address, void *to, size_t n)
{
	const struct image *g = images_find(s, address);
	uint64_t at = images_offset(s, address);

	if (g && g->file.bytes) {
		if (at > g->file.len || n > g->file.len - at)
			return false;
		memcpy(to, (const char *)g->file.bytes + at, n);
		return true;
	}
	return capture_memory(s->tid, address, to, n) == n;
}

size_t
images_name(const char *path, const char **name)
{
	static const char deleted[] = " (deleted)";
	const char *slash = strrchr(path, '/');
	size_t len;

	*name = slash ? slash + 1 : path;
	len = strlen(*name);
	if (len >= sizeof deleted && strcmp(*name + len - (sizeof deleted - 1), deleted) == 0)
		len -= sizeof deleted - 1;
	return len;
}
