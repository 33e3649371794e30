#ifndef SE_TESTS_ELF_BUILDER_H
#define SE_TESTS_ELF_BUILDER_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "lib/unwind/elf.h"

/* Small ELF objects, made byte by byte: all of the file is mapped at BUILT_ADDRESS. */
#define BUILT_ADDRESS 0x10000

struct built {
	_Alignas(8) unsigned char byte[8192];
	size_t len;
	Elf64_Phdr segment[8];
	unsigned segments;
	Elf64_Shdr section[10];
	unsigned sections;
	char names[256];
	size_t names_len;
};

/* Appends; the offset of the first byte. */
static inline size_t
built_put(struct built *b, const void *bytes, size_t n)
{
	size_t at = b->len;

	if (n > 0)
		memcpy(b->byte + at, bytes, n);
	b->len += n;
	return at;
}

static inline size_t
built_number(struct built *b, uint64_t number, size_t bytes)
{
	return built_put(b, &number, bytes); /* of little-endian machines */
}

static inline void
built_set(struct built *b, size_t at, uint64_t number, size_t bytes)
{
	memcpy(b->byte + at, &number, bytes);
}

static inline size_t
built_align(struct built *b, size_t align)
{
	while (b->len % align != 0)
		b->byte[b->len++] = 0;
	return b->len;
}

static inline void
built_segment(struct built *b, uint32_t type, uint32_t flags, size_t offset, size_t size)
{
	b->segment[b->segments++] = (Elf64_Phdr){ .p_type = type,
		.p_flags = flags,
		.p_offset = offset,
		.p_vaddr = BUILT_ADDRESS + offset,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = 4 };
}

/* Its number. */
static inline unsigned
built_section(
    struct built *b, const char *name, uint32_t type, size_t offset, size_t size, unsigned link)
{
	b->section[b->sections] = (Elf64_Shdr){ .sh_name = (uint32_t)b->names_len,
		.sh_type = type,
		.sh_addr = BUILT_ADDRESS + offset,
		.sh_offset = offset,
		.sh_size = size,
		.sh_link = link };
	memcpy(b->names + b->names_len, name, strlen(name) + 1);
	b->names_len += strlen(name) + 1;
	return b->sections++;
}

static inline void
built_begin(struct built *b)
{
	memset(b, 0, sizeof *b);
	b->len = sizeof(Elf64_Ehdr) + sizeof b->segment;
	b->names_len = 1;
	b->sections = 1;
}

/* Writes the headers; the first of the segments, all of it, comes last. */
static inline void
built_end(struct built *b, uint16_t machine)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof h,
		.e_ehsize = sizeof h,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_shentsize = sizeof(Elf64_Shdr) };
	unsigned last = built_section(b, ".shstrtab", SHT_STRTAB, b->len, 0, 0);

	b->section[last].sh_size = b->names_len;
	(void)built_put(b, b->names, b->names_len);
	h.e_shoff = built_align(b, 8);
	h.e_shnum = (uint16_t)b->sections;
	h.e_shstrndx = (uint16_t)last;
	(void)built_put(b, b->section, b->sections * sizeof *b->section);
	built_segment(b, PT_LOAD, PF_R | PF_X, 0, b->len);
	h.e_phnum = (uint16_t)b->segments;
	memcpy(b->byte, &h, sizeof h);
	memcpy(b->byte + sizeof h, b->segment, b->segments * sizeof *b->segment);
}

/* So that nobody looks behind the program headers. */
static inline void
built_without_sections(struct built *b)
{
	built_set(b, offsetof(Elf64_Ehdr, e_shoff), 0, 8);
	built_set(b, offsetof(Elf64_Ehdr, e_shnum), 0, 2);
	built_set(b, offsetof(Elf64_Ehdr, e_shstrndx), 0, 2);
}

static inline void
built_symbol(struct built *b, uint32_t name, unsigned binding, unsigned kind, uint16_t section,
    uint64_t start, uint64_t size)
{
	Elf64_Sym s = { .st_name = name,
		.st_info = (unsigned char)ELF64_ST_INFO(binding, kind),
		.st_shndx = section,
		.st_value = start,
		.st_size = size };

	(void)built_put(b, &s, sizeof s);
}

#endif
