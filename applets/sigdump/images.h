#ifndef SE_SIGDUMP_IMAGES_H
#define SE_SIGDUMP_IMAGES_H

#include "../../lib/sys/mapfile.h"
#include "../../lib/sys/target.h"
#include "../../lib/unwind/symbols.h"
#include "../../lib/unwind/unwind.h"

/* The ELF objects that a process has mapped, each opened once, when it is first asked for. */

#define IMAGES        1024         /* further ones stay unknown */
#define IMAGES_MEMORY (64ul << 20) /* the most that is copied of one that has no file any more */

#define IMAGES_INDEX (16ul << 20) /* the most for an index; of larger ones entries are searched */

enum images_from {
	IMAGES_NOWHERE, /* why tells the reason */
	IMAGES_FILE,    /* the file at its path, in the target's own tree */
	IMAGES_KERNEL,  /* the same file by /proc/PID/map_files or exe: its name is gone */
	IMAGES_COPY,    /* the target's memory */
};

struct image {
	const struct target_map *map; /* its first mapping */
	const char *path;
	enum images_from from;
	const char *why;
	struct unwind_module module; /* elf NULL: not usable */
	void *copy, *index;          /* index: of call frame information, if it has none itself */
	size_t copy_len, index_len;
	struct mapfile file, debug;
	struct elf elf, debug_elf;
};

/* What is at an address: to search a table of symbols takes long, and most frames come again. */
struct images_name {
	uint64_t address;
	bool known;
	struct symbol symbol;
};
#define IMAGES_NAMED 512

struct images {
	pid_t tid; /* a thread that lives: /proc has nothing of a leader that has ended */
	struct target_maps maps;
	struct image *image; /* IMAGES of them */
	unsigned count;
	unsigned short *of_map;    /* for each mapping 1 + its image, 0: not yet asked for */
	struct images_name *named; /* IMAGES_NAMED, each by its address */
	unsigned machine;          /* EM_... of the stacks that can be walked */
};

/* Reads the mappings by a thread; ESRCH: it has none any more. False: errno. */
bool images_open(struct images *, pid_t tid, unsigned machine);
void images_close(struct images *);
/* As unwind_space's module. */
const struct unwind_module *images_module(struct images *, uint64_t address);
/* As unwind_space's code. */
bool images_code(struct images *, uint64_t address, void *to, size_t n);
/* The image whose mapping has the address; NULL: none. */
const struct image *images_find(struct images *, uint64_t address);
/* The function at an address in the image; its start is as linked. False: none is known. */
bool images_symbol(struct images *, const struct image *, uint64_t address, struct symbol *);
/* The offset in the image's file, or in its memory, of an address in it. */
uint64_t images_offset(const struct images *, uint64_t address);
/* The path's last part, without " (deleted)"; its length. */
size_t images_name(const char *path, const char **name);

#endif
