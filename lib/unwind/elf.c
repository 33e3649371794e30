#include "elf.h"

#include <elf.h>
#include <string.h>

#include "dwarf.h"

enum { PAGE = 4096, HEADERS = 256, NOTES = 65536 }; /* more is not looked at */

/* ---- where things are ---- */

/* Bytes of the file, none if they are not all in it. */
static struct elf_part
part_at(const struct elf *e, uint64_t offset, uint64_t len)
{
	if (offset > e->all.len || len > e->all.len - offset)
		return (struct elf_part){ 0 };
	return (struct elf_part){ .at = e->all.at + offset, .len = (size_t)len };
}

static struct elf_part
first_of(struct elf_part part, uint64_t len)
{
	if (part.len > len)
		part.len = (size_t)len;
	return part;
}

/* From an address to the end of its segment. */
static struct elf_part
rest_of(const struct elf *e, uint64_t address)
{
	for (unsigned i = 0; i < e->segments; i++) {
		const struct elf_segment *s = &e->segment[i];
		uint64_t in = address - s->address, at;

		if (in >= s->size)
			continue;
		if (e->in_memory)
			at = address - e->address;
		else if (__builtin_add_overflow(s->offset, in, &at))
			continue;
		if (at >= e->all.len)
			continue;
		return first_of(part_at(e, at, e->all.len - at), s->size - in);
	}
	return (struct elf_part){ 0 };
}

const unsigned char *
elf_at(const struct elf *e, uint64_t address, size_t n)
{
	struct elf_part rest = rest_of(e, address);

	return rest.len >= n ? rest.at : NULL;
}

bool
elf_bias(const struct elf *e, uint64_t start, uint64_t offset, uint64_t *bias)
{
	for (int any = 0; any <= 1; any++)
		for (unsigned i = 0; i < e->segments; i++) {
			const struct elf_segment *s = &e->segment[i];

			if (s->size == 0 || (!any && !s->executable) ||
			    offset < s->offset - s->offset % PAGE ||
			    (offset > s->offset && offset - s->offset >= s->size))
				continue;
			*bias = start - offset + s->offset - s->address;
			return true;
		}
	return false;
}

/* ---- sections ---- */

static bool
read_section(const struct elf *e, const Elf64_Ehdr *h, unsigned i, Elf64_Shdr *s)
{
	struct elf_part table = part_at(e, h->e_shoff, (uint64_t)h->e_shnum * sizeof *s);

	if (h->e_shoff == 0 || h->e_shentsize != sizeof *s || i >= h->e_shnum || table.len == 0)
		return false;
	memcpy(s, table.at + i * sizeof *s, sizeof *s);
	return true;
}

static struct elf_part
section_part(const struct elf *e, const Elf64_Shdr *s)
{
	return part_at(e, s->sh_offset, s->sh_type != SHT_NOBITS ? s->sh_size : 0);
}

static bool
is_named(struct elf_part names, const Elf64_Shdr *s, const char *name)
{
	size_t len = strlen(name) + 1;

	return s->sh_name <= names.len && len <= names.len - s->sh_name &&
	    memcmp(names.at + s->sh_name, name, len) == 0;
}

static void
take_table(const struct elf *e, const Elf64_Ehdr *h, const Elf64_Shdr *s, struct elf_symbols *t)
{
	Elf64_Shdr names;

	if (t->entries.len > 0 || !read_section(e, h, s->sh_link, &names))
		return;
	t->entries = section_part(e, s);
	t->entries.len -= t->entries.len % sizeof(Elf64_Sym);
	t->names = section_part(e, &names);
}

static void
read_sections(struct elf *e, const Elf64_Ehdr *h)
{
	struct elf_part names;
	Elf64_Shdr s;

	if (!read_section(e, h, h->e_shstrndx, &s))
		return;
	names = section_part(e, &s);
	for (unsigned i = 0; read_section(e, h, i, &s); i++) {
		if (s.sh_type == SHT_SYMTAB)
			take_table(e, h, &s, &e->symbols);
		else if (s.sh_type == SHT_DYNSYM)
			take_table(e, h, &s, &e->dynamic);
		else if (is_named(names, &s, ".eh_frame") && e->frames.len == 0) {
			e->frames = section_part(e, &s);
			e->frames_address = s.sh_addr;
		} else if (is_named(names, &s, ".gopclntab") ||
		    is_named(names, &s, ".data.rel.ro.gopclntab"))
			e->go = section_part(e, &s);
		else if (is_named(names, &s, ".text"))
			e->text = s.sh_addr;
	}
}

/* ---- symbols by the dynamic section ---- */

/* How many symbols the table of a hash says that there are; 0: nothing. */
static uint64_t
count_by_hash(struct elf_part hash)
{
	struct dwarf d = { .left = hash };

	(void)dwarf_number(&d, 4); /* the buckets */
	return dwarf_number(&d, 4);
}

/* The same of the GNU one, where the last symbol ends the chain of the last bucket. */
static uint64_t
count_by_gnu_hash(struct elf_part hash)
{
	struct dwarf d = { .left = hash };
	uint64_t buckets = dwarf_number(&d, 4), first = dwarf_number(&d, 4),
		 words = dwarf_number(&d, 4), last = 0;

	(void)dwarf_number(&d, 4); /* the shift of the words, a Bloom filter */
	(void)dwarf_take(&d, words * 8);
	for (; buckets > 0 && !d.bad; buckets--) {
		uint64_t symbol = dwarf_number(&d, 4);

		if (symbol > last)
			last = symbol;
	}
	if (last < first)
		return d.bad ? 0 : first;
	(void)dwarf_take(&d, (last - first) * 4);
	while (!d.bad && !(dwarf_number(&d, 4) & 1))
		last++;
	return d.bad ? 0 : last + 1;
}

/* load: addresses from there on are absolute. */
static void
take_dynamic(struct elf *e, struct elf_part part, uint64_t load)
{
	enum { SYMBOLS, NAMES, NAMES_SIZE, HASH, GNU_HASH, TAGS };
	static const int64_t tag[TAGS] = { DT_SYMTAB, DT_STRTAB, DT_STRSZ, DT_HASH, DT_GNU_HASH };
	uint64_t value[TAGS] = { 0 }, count = 0;
	struct dwarf d = { .left = part };
	int64_t is;

	while ((is = dwarf_signed(&d, 8)) != DT_NULL) {
		uint64_t v = dwarf_number(&d, 8);

		for (unsigned i = 0; i < TAGS; i++)
			if (is == tag[i])
				value[i] = i != NAMES_SIZE && v >= load ? v - load + e->address : v;
	}
	if (value[HASH])
		count = count_by_hash(rest_of(e, value[HASH]));
	if (count == 0 && value[GNU_HASH])
		count = count_by_gnu_hash(rest_of(e, value[GNU_HASH]));
	if (count == 0 && value[NAMES] > value[SYMBOLS])
		count = (value[NAMES] - value[SYMBOLS]) / sizeof(Elf64_Sym);
	e->dynamic.names = first_of(rest_of(e, value[NAMES]), value[NAMES_SIZE]);
	e->dynamic.entries = rest_of(e, value[SYMBOLS]);
	if (count > e->dynamic.entries.len / sizeof(Elf64_Sym))
		count = e->dynamic.entries.len / sizeof(Elf64_Sym);
	e->dynamic.entries.len = (size_t)count * sizeof(Elf64_Sym);
}

/* ---- program headers ---- */

static void
take_build_id(struct elf *e, struct elf_part notes, size_t align)
{
	Elf64_Nhdr n;

	notes = first_of(notes, NOTES);
	while (notes.len >= sizeof n) {
		uint64_t id, end;

		memcpy(&n, notes.at, sizeof n);
		id = (sizeof n + (uint64_t)n.n_namesz + align - 1) & ~(align - 1);
		end = (id + n.n_descsz + align - 1) & ~(align - 1);
		if (id > notes.len || n.n_descsz > notes.len - id)
			return;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == sizeof "GNU" &&
		    memcmp(notes.at + sizeof n, "GNU", sizeof "GNU") == 0 && n.n_descsz > 0 &&
		    n.n_descsz <= ELF_BUILD_ID) {
			e->build_id = (struct elf_part){ .at = notes.at + id, .len = n.n_descsz };
			return;
		}
		if (end >= notes.len)
			return;
		notes.at += end;
		notes.len -= (size_t)end;
	}
}

static void
read_segments(struct elf *e, const unsigned char *headers, unsigned n)
{
	Elf64_Phdr p;

	e->address = UINT64_MAX;
	for (unsigned i = 0; i < n && e->segments < ELF_SEGMENTS; i++) {
		memcpy(&p, headers + i * sizeof p, sizeof p);
		if (p.p_type != PT_LOAD)
			continue;
		e->segment[e->segments++] = (struct elf_segment){ .address = p.p_vaddr,
			.offset = p.p_offset,
			.size = p.p_filesz,
			.executable = p.p_flags & PF_X };
		if (p.p_vaddr < e->address)
			e->address = p.p_vaddr;
	}
	e->address -= e->address % PAGE;
}

/* What the other headers tell, of which the segments must be known. */
static void
read_headers(struct elf *e, const unsigned char *headers, unsigned n, uint64_t load)
{
	bool dynamic = e->dynamic.entries.len > 0;
	struct dwarf_index index;
	Elf64_Phdr p;

	for (unsigned i = 0; i < n; i++) {
		struct elf_part part;

		memcpy(&p, headers + i * sizeof p, sizeof p);
		part = first_of(rest_of(e, p.p_vaddr), p.p_filesz);
		if (p.p_type == PT_NOTE && e->build_id.len == 0)
			take_build_id(e, part, p.p_align == 8 ? 8 : 4);
		else if (p.p_type == PT_GNU_EH_FRAME) {
			e->frames_index = part;
			e->frames_index_address = p.p_vaddr;
		} else if (p.p_type == PT_DYNAMIC && !dynamic) {
			dynamic = true;
			take_dynamic(e, part, load);
		}
	}
	if (e->frames.len == 0 && dwarf_index(e, &index)) {
		e->frames = rest_of(e, index.frames);
		e->frames_address = index.frames;
	}
}

static const char *
open_object(struct elf *e, uint64_t load)
{
	Elf64_Ehdr h;
	struct elf_part headers;
	unsigned n;

	if (e->all.len < sizeof h || memcmp(e->all.at, ELFMAG, SELFMAG) != 0)
		return "not an ELF object";
	memcpy(&h, e->all.at, sizeof h);
	if (h.e_ident[EI_CLASS] != ELFCLASS64)
		return "not of 64 bits";
	if (h.e_ident[EI_DATA] !=
	    (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ELFDATA2MSB : ELFDATA2LSB))
		return "of another byte order";
	if (h.e_type != ET_EXEC && h.e_type != ET_DYN)
		return "neither a program nor a library";
	headers = part_at(e, h.e_phoff, (uint64_t)h.e_phnum * sizeof(Elf64_Phdr));
	if (h.e_phentsize != sizeof(Elf64_Phdr) || headers.len == 0)
		return "its program headers are broken";
	e->machine = h.e_machine;
	n = h.e_phnum < HEADERS ? h.e_phnum : HEADERS;
	read_segments(e, headers.at, n);
	if (e->segments == 0)
		return "has no segment to load";
	if (!e->in_memory)
		read_sections(e, &h);
	read_headers(e, headers.at, n, load);
	return NULL;
}

const char *
elf_open(struct elf *e, const void *bytes, size_t len)
{
	*e = (struct elf){ .all = { .at = bytes, .len = len } };
	return open_object(e, UINT64_MAX); /* no address is absolute there */
}

const char *
elf_open_memory(struct elf *e, const void *bytes, size_t len, uint64_t load)
{
	*e = (struct elf){ .all = { .at = bytes, .len = len }, .in_memory = true };
	return open_object(e, load);
}

void
elf_take_symbols(struct elf *e, const struct elf *debug)
{
	if (e->symbols.entries.len == 0)
		e->symbols = debug->symbols;
}
