#ifndef SE_UNWIND_ELF_H
#define SE_UNWIND_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where in the bytes of an ELF object the things are that a walk over a stack needs, as elf(5) and
 * the System V ABI say. Objects of 64 bits in the machine's own byte order. The bytes are foreign:
 * whatever they say, nothing beyond their end is read. They stay the caller's and outlive the
 * struct.
 *
 * An address is one of the object's own, as linked; the bias is what its loader added to it.
 */

#define ELF_SEGMENTS 32 /* further ones are not seen */
#define ELF_BUILD_ID 64 /* bytes at most; longer ones are not taken */

/* Bytes of the object; len 0: it has none of the kind. */
struct elf_part {
	const unsigned char *at;
	size_t len;
};

struct elf_segment {                    /* PT_LOAD */
	uint64_t address, offset, size; /* size: in the file */
	bool executable;
};

struct elf_symbols {
	struct elf_part entries; /* whole Elf64_Sym, perhaps not aligned */
	struct elf_part names;   /* its last byte may be no NUL */
};

struct elf {
	struct elf_part all;
	uint64_t address; /* the lowest of a segment, rounded down to a page of 4096 */
	struct elf_part frames, frames_index;          /* .eh_frame, .eh_frame_hdr */
	uint64_t frames_address, frames_index_address; /* theirs */
	struct elf_symbols symbols;                    /* .symtab */
	struct elf_symbols dynamic;                    /* .dynsym */
	struct elf_part build_id; /* the id itself, without the note around it */
	struct elf_part go;       /* .gopclntab */
	uint64_t text;            /* the address of .text */
	bool in_memory;           /* the bytes lie as the loader laid them out */
	unsigned machine;         /* EM_X86_64, EM_AARCH64, ... */
	unsigned segments;
	struct elf_segment segment[ELF_SEGMENTS];
};

/* NULL, or why these bytes cannot be used: a text without an end of its own ("not an ELF object").
 */
const char *elf_open(struct elf *, const void *bytes, size_t len);
/*
 * The same of a copy of memory from load on, where a loader had put the object: by its program
 * headers and its dynamic section alone, whose addresses glibc's loader has made absolute and
 * musl's has not.
 */
const char *elf_open_memory(struct elf *, const void *bytes, size_t len, uint64_t load);
/* The n bytes that are at an address in the file, NULL: they are not all in it. */
const unsigned char *elf_at(const struct elf *, uint64_t address, size_t n);
/*
 * The bias of a mapping of the file that begins at start in memory and at offset in the file.
 * False: no segment is mapped so.
 */
bool elf_bias(const struct elf *, uint64_t start, uint64_t offset, uint64_t *bias);
/* Takes .symtab from the file of debugging symbols that belongs to it, if it has none. */
void elf_take_symbols(struct elf *, const struct elf *debug);

#endif
