#include "lib/unwind/elf.h"

#include <atf-c.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/unwind/cfi.h"
#include "lib/unwind/symbols.h"
#include "tests/unit/elf_builder.h"

static struct built b;
static struct elf e;

static const unsigned char id[20] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20 };

static size_t frames_at, index_at, symbols_at, names_at;

static void
put_note(void)
{
	size_t at = built_align(&b, 4);

	/* one of another kind, of 5 bytes, is in front of it */
	(void)built_number(&b, 4, 4);
	(void)built_number(&b, 5, 4);
	(void)built_number(&b, NT_GNU_ABI_TAG, 4);
	(void)built_put(&b, "GNU\0abcde\0\0\0", 12);
	(void)built_number(&b, 4, 4);
	(void)built_number(&b, sizeof id, 4);
	(void)built_number(&b, NT_GNU_BUILD_ID, 4);
	(void)built_put(&b, "GNU", 4);
	(void)built_put(&b, id, sizeof id);
	built_segment(&b, PT_NOTE, PF_R, at, b.len - at);
}

static void
put_frames(void)
{
	index_at = built_align(&b, 4);
	(void)built_put(&b, "\1\x1b\3\x3b", 4);
	frames_at = index_at + 12;
	(void)built_number(&b, frames_at - index_at - 4, 4);
	(void)built_number(&b, 0, 4);
	(void)built_put(&b, "\0\0\0\0\0\0\0\0", 8);
	built_segment(&b, PT_GNU_EH_FRAME, PF_R, index_at, 12);
	(void)built_section(&b, ".eh_frame", SHT_PROGBITS, frames_at, 8, 0);
}

enum hash { NO_HASH, HASH, GNU_HASH };

/* Three symbols, the names behind them; load: what the loader has added to the addresses. */
static void
put_dynamic(enum hash hash, uint64_t load)
{
	uint64_t to = BUILT_ADDRESS + load;
	size_t at, hash_at;
	unsigned names;

	symbols_at = built_align(&b, 8);
	built_symbol(&b, 0, 0, 0, 0, 0, 0);
	built_symbol(&b, 1, STB_GLOBAL, STT_FUNC, 1, BUILT_ADDRESS + 16, 16);
	built_symbol(&b, 5, STB_GLOBAL, STT_FUNC, 1, BUILT_ADDRESS + 32, 16);
	names_at = built_put(&b, "\0one\0two", 9);
	hash_at = built_align(&b, 8);
	if (hash == HASH) {
		static const uint32_t table[] = { 1, 3, 1, 0, 2, 0 };

		(void)built_put(&b, table, sizeof table);
	} else if (hash == GNU_HASH) {
		/* buckets, first, words, shift; filter; bucket; chain of 1 and 2 */
		static const uint32_t table[] = { 1, 1, 1, 5, 0, 0, 1, 2, 5 };

		(void)built_put(&b, table, sizeof table);
	}
	at = built_align(&b, 8);
	(void)built_number(&b, DT_SYMTAB, 8);
	(void)built_number(&b, to + symbols_at, 8);
	(void)built_number(&b, DT_STRTAB, 8);
	(void)built_number(&b, to + names_at, 8);
	(void)built_number(&b, DT_STRSZ, 8);
	(void)built_number(&b, 9, 8);
	if (hash != NO_HASH) {
		(void)built_number(&b, hash == HASH ? DT_HASH : DT_GNU_HASH, 8);
		(void)built_number(&b, to + hash_at, 8);
	}
	(void)built_number(&b, DT_NULL, 8);
	(void)built_number(&b, 0, 8);
	built_segment(&b, PT_DYNAMIC, PF_R, at, b.len - at);
	names = built_section(&b, ".dynstr", SHT_STRTAB, names_at, 9, 0);
	(void)built_section(&b, ".dynsym", SHT_DYNSYM, symbols_at, 72, names);
	names = built_section(&b, ".strtab", SHT_STRTAB, names_at, 8, 0);
	(void)built_section(&b, ".symtab", SHT_SYMTAB, symbols_at + 24, 47, names);
}

static void
build(enum hash hash, uint64_t load)
{
	built_begin(&b);
	put_note();
	put_frames();
	put_dynamic(hash, load);
	(void)built_section(&b, ".data.rel.ro.gopclntab", SHT_PROGBITS, names_at, 9, 0);
	built_end(&b, EM_X86_64);
}

static void
check_common(void)
{
	ATF_CHECK_EQ(e.machine, EM_X86_64);
	ATF_CHECK_EQ(e.segments, 1);
	ATF_CHECK_EQ(e.address, BUILT_ADDRESS);
	ATF_CHECK(e.segment[0].executable && e.segment[0].address == BUILT_ADDRESS);
	ATF_REQUIRE_EQ(e.build_id.len, sizeof id);
	ATF_CHECK(memcmp(e.build_id.at, id, sizeof id) == 0);
	ATF_CHECK_EQ(e.frames_index_address, BUILT_ADDRESS + index_at);
	ATF_CHECK_EQ(e.frames_index.len, 12);
	ATF_CHECK_EQ(e.frames_address, BUILT_ADDRESS + frames_at);
	ATF_CHECK(e.frames.at == b.byte + frames_at);
	ATF_CHECK(e.dynamic.entries.at == b.byte + symbols_at);
	ATF_CHECK_EQ(e.dynamic.entries.len, 72);
	ATF_CHECK(e.dynamic.names.at == b.byte + names_at);
	ATF_CHECK_EQ(e.dynamic.names.len, 9);
}

ATF_TC_WITHOUT_HEAD(file);
ATF_TC_BODY(file, tc)
{
	const char *why;

	build(GNU_HASH, 0);
	why = elf_open(&e, b.byte, b.len);
	ATF_REQUIRE_MSG(!why, "%s", why);
	check_common();
	ATF_CHECK(!e.in_memory && e.go.at == b.byte + names_at);
	ATF_CHECK_EQ(e.frames.len, 8);
	ATF_CHECK_EQ(e.symbols.entries.len, 24); /* whole ones */
	ATF_CHECK_EQ(e.symbols.names.len, 8);
	ATF_CHECK(elf_at(&e, BUILT_ADDRESS, b.len) == b.byte);
	ATF_CHECK(elf_at(&e, BUILT_ADDRESS, b.len + 1) == NULL);
	ATF_CHECK(elf_at(&e, BUILT_ADDRESS + 8, 4) == b.byte + 8);
	ATF_CHECK(elf_at(&e, BUILT_ADDRESS - 1, 1) == NULL);
	ATF_CHECK(elf_at(&e, BUILT_ADDRESS + b.len, 1) == NULL);
	ATF_CHECK(elf_at(&e, UINT64_MAX, 2) == NULL);
}

/* By the program headers alone, as of a file whose sections were stripped. */
ATF_TC_WITHOUT_HEAD(no_sections);
ATF_TC_BODY(no_sections, tc)
{
	for (int hash = NO_HASH; hash <= GNU_HASH; hash++) {
		build((enum hash)hash, 0);
		built_without_sections(&b);
		ATF_REQUIRE(elf_open(&e, b.byte, b.len) == NULL);
		check_common();
		ATF_CHECK_EQ(e.frames.len, b.len - frames_at);
		ATF_CHECK(e.symbols.entries.len == 0 && e.go.len == 0);
	}
}

ATF_TC_WITHOUT_HEAD(memory);
ATF_TC_BODY(memory, tc)
{
	static const uint64_t load = 0x7f0000000000;

	for (int glibc = 0; glibc <= 1; glibc++)
		for (int hash = NO_HASH; hash <= GNU_HASH; hash++) {
			build((enum hash)hash, glibc ? load - BUILT_ADDRESS : 0);
			ATF_REQUIRE(elf_open_memory(&e, b.byte, b.len, load) == NULL);
			check_common();
			ATF_CHECK(e.in_memory && e.symbols.entries.len == 0);
			ATF_CHECK_EQ(e.frames.len, b.len - frames_at);
			ATF_CHECK(elf_at(&e, BUILT_ADDRESS + 8, 4) == b.byte + 8);
			ATF_CHECK(elf_at(&e, BUILT_ADDRESS + 8, b.len) == NULL);
		}
}

ATF_TC_WITHOUT_HEAD(refused);
ATF_TC_BODY(refused, tc)
{
	static const struct {
		size_t at;
		uint64_t value;
		size_t bytes;
		const char *why;
	} bad[] = {
		{ 0, 0x7e, 1, "not an ELF object" },
		{ EI_CLASS, ELFCLASS32, 1, "not of 64 bits" },
		{ EI_DATA, ELFDATA2MSB, 1, "of another byte order" },
		{ offsetof(Elf64_Ehdr, e_type), ET_REL, 2, "neither a program nor a library" },
		{ offsetof(Elf64_Ehdr, e_type), ET_CORE, 2, "neither a program nor a library" },
		{ offsetof(Elf64_Ehdr, e_phentsize), 32, 2, "its program headers are broken" },
		{ offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX, 8, "its program headers are broken" },
		{ offsetof(Elf64_Ehdr, e_phnum), 0, 2, "its program headers are broken" },
		{ offsetof(Elf64_Ehdr, e_phnum), 1, 2, "has no segment to load" },
	};
	static const struct {
		size_t at;
		uint64_t value;
		size_t bytes;
	} passed[] = {
		{ offsetof(Elf64_Ehdr, e_shoff), UINT64_MAX, 8 },
		{ offsetof(Elf64_Ehdr, e_shoff), 8000, 8 },
		{ offsetof(Elf64_Ehdr, e_shentsize), 40, 2 },
		{ offsetof(Elf64_Ehdr, e_shstrndx), 0xffff, 2 },
		{ offsetof(Elf64_Ehdr, e_shnum), 0xffff, 2 },
	};
	const char *why;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		build(HASH, 0);
		built_set(&b, bad[i].at, bad[i].value, bad[i].bytes);
		why = elf_open(&e, b.byte, b.len);
		ATF_REQUIRE(why != NULL);
		ATF_CHECK_STREQ(why, bad[i].why);
	}
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
		build(HASH, 0);
		built_set(&b, passed[i].at, passed[i].value, passed[i].bytes);
		ATF_REQUIRE(elf_open(&e, b.byte, b.len) == NULL);
		check_common();
		ATF_CHECK(e.symbols.entries.len == 0);
	}
	ATF_CHECK(elf_open(&e, "", 0) != NULL);
	ATF_CHECK(elf_open(&e, b.byte, 63) != NULL);
}

/* A program of several segments, as ld lays it out with separate code. */
ATF_TC_WITHOUT_HEAD(bias);
ATF_TC_BODY(bias, tc)
{
	uint64_t to;

	memset(&e, 0, sizeof e);
	e.segments = 4;
	e.segment[0] = (struct elf_segment){ .address = 0, .offset = 0, .size = 0x620 };
	e.segment[1] = (struct elf_segment){
		.address = 0x1000, .offset = 0x1000, .size = 0x1f5, .executable = true
	};
	e.segment[2] = (struct elf_segment){ .address = 0x3db8, .offset = 0x1db8, .size = 0x300 };
	e.segment[3] = (struct elf_segment){ .address = 0x5000, .offset = 0x3000, .size = 0 };
	ATF_REQUIRE(elf_bias(&e, 0x555500000000, 0, &to));
	ATF_CHECK_EQ(to, 0x555500000000);
	/* the third begins on the second's page: what is executable goes first */
	ATF_REQUIRE(elf_bias(&e, 0x555500001000, 0x1000, &to));
	ATF_CHECK_EQ(to, 0x555500000000);
	ATF_REQUIRE(elf_bias(&e, 0x555500004000, 0x2000, &to));
	ATF_CHECK_EQ(to, 0x555500004000 - 0x2000 - 0x2000);
	ATF_CHECK(!elf_bias(&e, 0x555500000000, 0x3000, &to));
	e.segment[1].offset = UINT64_MAX;
	ATF_CHECK(!elf_bias(&e, 0x555500000000, 0x5000, &to));
}

ATF_TC_WITHOUT_HEAD(symbols_of_debug_file);
ATF_TC_BODY(symbols_of_debug_file, tc)
{
	struct elf debug;

	build(HASH, 0);
	ATF_REQUIRE(elf_open(&debug, b.byte, b.len) == NULL);
	e = debug;
	elf_take_symbols(&e, &debug);
	ATF_CHECK(e.symbols.entries.at == debug.symbols.entries.at);
	e.symbols.entries.len = 0;
	e.symbols.entries.at = NULL;
	elf_take_symbols(&e, &debug);
	ATF_CHECK(e.symbols.entries.at == debug.symbols.entries.at);
	ATF_CHECK_EQ(e.symbols.names.len, debug.symbols.names.len);
}

static void
use(const unsigned char *bytes, size_t len)
{
	struct symbol symbol;
	struct cfi_row row;
	uint64_t to;
	unsigned sum = 0;

	for (int in_memory = 0; in_memory <= 1; in_memory++) {
		if (in_memory ? elf_open_memory(&e, bytes, len, 0x7f0000000000)
			      : elf_open(&e, bytes, len))
			continue;
		for (size_t i = 0; i < e.build_id.len; i++)
			sum += e.build_id.at[i];
		(void)elf_bias(&e, 0x7f0000000000, 0, &to);
		for (uint64_t at = BUILT_ADDRESS; at < BUILT_ADDRESS + 64; at += 16) {
			if (elf_at(&e, at, 8))
				sum += *elf_at(&e, at, 8);
			if (symbols_find(&e, at, &symbol))
				sum += (unsigned char)symbol.name[symbol.len - 1];
			(void)cfi_find(&e, at, &row);
		}
	}
	ATF_CHECK(sum != 1); /* it is used */
}

/* Each begin of an object, in a room that ends with it; and many with a few bytes changed. */
ATF_TC_WITHOUT_HEAD(broken);
ATF_TC_BODY(broken, tc)
{
	unsigned random = 1;

	build(GNU_HASH, 0);
	for (size_t len = 0; len <= b.len; len++) {
		unsigned char *copy = malloc(len);

		ATF_REQUIRE(copy != NULL || len == 0);
		if (len > 0)
			memcpy(copy, b.byte, len);
		use(copy, len);
		free(copy);
	}
	for (int i = 0; i < 20000; i++) {
		unsigned char *copy = malloc(b.len);

		ATF_REQUIRE(copy != NULL);
		memcpy(copy, b.byte, b.len);
		for (int n = 0; n < 1 + i % 4; n++) {
			random = random * 1103515245 + 12345;
			copy[(random >> 12) % b.len] = (unsigned char)(random >> 4);
		}
		use(copy, b.len);
		free(copy);
	}
}

/* The test's own program, as it is in the file. */
ATF_TC_WITHOUT_HEAD(real);
ATF_TC_BODY(real, tc)
{
	struct stat s;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	void *bytes;

	ATF_REQUIRE(fd >= 0 && fstat(fd, &s) == 0);
	bytes = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ATF_REQUIRE(bytes != MAP_FAILED);
	ATF_REQUIRE(elf_open(&e, bytes, (size_t)s.st_size) == NULL);
	ATF_CHECK(e.segments >= 2 && e.symbols.entries.len > 0 && e.dynamic.entries.len > 0);
	ATF_CHECK(e.frames.len > 0 && e.frames_index.len > 0 && e.go.len == 0);
	ATF_REQUIRE(munmap(bytes, (size_t)s.st_size) == 0);
	(void)close(fd); /* only read from */
}

/* A copy of all that is mapped of an object, and where it began. */
static unsigned char *
copy_mapped(const char *what, uint64_t *load, size_t *len)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned char *copy;
	char line[1024];
	uint64_t end = 0;

	ATF_REQUIRE(maps != NULL && fd >= 0);
	*load = 0;
	while (fgets(line, sizeof line, maps)) {
		char *dash;
		uint64_t start = strtoull(line, &dash, 16);

		if (!strstr(line, what) || (end != 0 && start != end))
			continue;
		end = strtoull(dash + 1, NULL, 16);
		if (*load == 0)
			*load = start;
	}
	*len = (size_t)(end - *load);
	copy = malloc(*len);
	ATF_REQUIRE(copy != NULL);
	ATF_REQUIRE_EQ(pread(fd, copy, *len, (off_t)*load), (ssize_t)*len);
	(void)close(fd); /* only read from */
	(void)fclose(maps);
	return copy;
}

/* glibc and the kernel's vdso, as they are in memory: the one's addresses are absolute there. */
ATF_TC_WITHOUT_HEAD(real_memory);
ATF_TC_BODY(real_memory, tc)
{
	static const char *const what[] = { "/libc.so", "[vdso]" };

	for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
		unsigned symbols = 0, rows = 0;
		struct cfi_row row;
		uint64_t load;
		size_t len;
		unsigned char *copy = copy_mapped(what[i], &load, &len);

		ATF_REQUIRE(elf_open_memory(&e, copy, len, load) == NULL);
		ATF_CHECK_EQ(e.build_id.len, 20);
		ATF_REQUIRE(e.dynamic.entries.len > 0);
		for (size_t at = 0; at < e.dynamic.entries.len; at += sizeof(Elf64_Sym)) {
			struct symbol found;
			Elf64_Sym s;

			memcpy(&s, e.dynamic.entries.at + at, sizeof s);
			ATF_CHECK(s.st_name < e.dynamic.names.len);
			if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_size == 0 ||
			    at % (7 * sizeof s) != 0)
				continue;
			symbols +=
			    symbols_find(&e, s.st_value, &found) && found.start == s.st_value;
			rows += cfi_find(&e, s.st_value, &row) == CFI_FOUND;
		}
		ATF_CHECK_MSG(symbols >= (i == 0 ? 100 : 1) && rows >= symbols / 2,
		    "%s: %u symbols, %u rows", what[i], symbols, rows);
		free(copy);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, file);
	ATF_TP_ADD_TC(tp, no_sections);
	ATF_TP_ADD_TC(tp, memory);
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, bias);
	ATF_TP_ADD_TC(tp, symbols_of_debug_file);
	ATF_TP_ADD_TC(tp, broken);
	ATF_TP_ADD_TC(tp, real);
	ATF_TP_ADD_TC(tp, real_memory);
	return atf_no_error();
}
