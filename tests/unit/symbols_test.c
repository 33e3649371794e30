#include "lib/unwind/symbols.h"

#include <atf-c.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/elf_builder.h"

/* Offsets of functions: the object itself is the segment that can be executed. */
#define AT(offset) (BUILT_ADDRESS + (offset))

static struct built b;
static struct elf e;

struct given {
	const char *name;
	unsigned binding, kind;
	uint64_t start, size;
	uint16_t section; /* 0: one that exists */
};

/* One table; the names are behind each other, the last one is not terminated if cut. */
static void
put_table(const struct given *given, size_t n, bool dynamic, bool cut)
{
	size_t at = built_align(&b, 8), names;
	unsigned link;
	uint32_t name = 1;

	for (size_t i = 0; i < n; i++) {
		built_symbol(&b, name, given[i].binding, given[i].kind,
		    given[i].section ? (uint16_t)(given[i].section - 1) : 1, given[i].start,
		    given[i].size);
		name += (uint32_t)strlen(given[i].name) + 1;
	}
	names = built_put(&b, "", 1);
	for (size_t i = 0; i < n; i++)
		(void)built_put(&b, given[i].name, strlen(given[i].name) + 1);
	link =
	    built_section(&b, ".str", SHT_STRTAB, names, b.len - names - (size_t)(cut ? 1 : 0), 0);
	(void)built_section(
	    &b, ".sym", dynamic ? SHT_DYNSYM : SHT_SYMTAB, at, n * sizeof(Elf64_Sym), link);
}

static void
finish(void)
{
	while (b.len < 0x800)
		b.byte[b.len++] = 0;
	built_end(&b, EM_X86_64);
	ATF_REQUIRE(elf_open(&e, b.byte, b.len) == NULL);
}

/* Its name and how far in it the address is: "name+3"; "": nothing is found. */
static const char *
name_at(uint64_t address)
{
	static char text[200];
	struct symbol s;

	text[0] = '\0';
	if (symbols_find(&e, address, &s))
		(void)snprintf(text, sizeof text, "%.*s+%u", (int)s.len, s.name,
		    (unsigned)(address - s.start));
	return text;
}

ATF_TC_WITHOUT_HEAD(sized);
ATF_TC_BODY(sized, tc)
{
	static const struct given given[] = {
		{ "", 0, 0, 0, 0, SHN_UNDEF + 1 },
		{ "outer", STB_LOCAL, STT_FUNC, AT(0x100), 0x100, 0 },
		{ "after", STB_GLOBAL, STT_FUNC, AT(0x210), 0x10, 0 },
		{ "inner", STB_LOCAL, STT_FUNC, AT(0x140), 0x20, 0 },
		{ "undefined", STB_GLOBAL, STT_FUNC, AT(0x120), 0x20, SHN_UNDEF + 1 },
		{ "absolute", STB_GLOBAL, STT_FUNC, AT(0x120), 0x20, SHN_ABS + 1 },
		{ "object", STB_GLOBAL, STT_OBJECT, AT(0x120), 0x20, 0 },
		{ "chosen", STB_GLOBAL, STT_GNU_IFUNC, AT(0x230), 0x10, 0 },
		{ "huge", STB_GLOBAL, STT_FUNC, AT(0x700), UINT64_MAX, 0 },
		{ "data", STB_GLOBAL, STT_FUNC, AT(0x900000), 0x100, 0 },
	};

	built_begin(&b);
	put_table(given, sizeof given / sizeof *given, false, false);
	finish();
	ATF_CHECK_STREQ(name_at(AT(0xff)), "");
	ATF_CHECK_STREQ(name_at(AT(0x100)), "outer+0");
	ATF_CHECK_STREQ(name_at(AT(0x130)), "outer+48");
	ATF_CHECK_STREQ(name_at(AT(0x140)), "inner+0");
	ATF_CHECK_STREQ(name_at(AT(0x160)), "outer+96");
	ATF_CHECK_STREQ(name_at(AT(0x1ff)), "outer+255");
	ATF_CHECK_STREQ(name_at(AT(0x200)), "");
	ATF_CHECK_STREQ(name_at(AT(0x21f)), "after+15");
	ATF_CHECK_STREQ(name_at(AT(0x220)), "");
	ATF_CHECK_STREQ(name_at(AT(0x235)), "chosen+5");
	ATF_CHECK_STREQ(name_at(AT(0x701)), "huge+1");
	ATF_CHECK_STREQ(name_at(AT(0x900001)), "");
	ATF_CHECK_STREQ(name_at(0), "");
	ATF_CHECK_STREQ(name_at(UINT64_MAX), "");
	e.segment[0].executable = false;
	ATF_CHECK_STREQ(name_at(AT(0x100)), "");
}

/* What has no size reaches to the next function, and no farther. */
ATF_TC_WITHOUT_HEAD(unsized);
ATF_TC_BODY(unsized, tc)
{
	static const struct given given[] = {
		{ "_start", STB_GLOBAL, STT_NOTYPE, AT(0x110), 0, 0 },
		{ "_init", STB_GLOBAL, STT_FUNC, AT(0x100), 0, 0 },
		{ "label", STB_LOCAL, STT_NOTYPE, AT(0x120), 0, 0 },
		{ "$x", STB_LOCAL, STT_NOTYPE, AT(0x124), 0, 0 },
		{ "$d.1", STB_LOCAL, STT_NOTYPE, AT(0x128), 0, 0 },
		{ "", STB_GLOBAL, STT_FUNC, AT(0x12c), 0, 0 },
		{ "whole", STB_GLOBAL, STT_FUNC, AT(0x200), 0x10, 0 },
		{ "alias", STB_GLOBAL, STT_FUNC, AT(0x200), 0, 0 },
		{ "lone", STB_LOCAL, STT_NOTYPE, AT(0x240), 0, 0 },
		{ "sized", STB_GLOBAL, STT_NOTYPE, AT(0x280), 0x10, 0 },
		{ "before", STB_GLOBAL, STT_FUNC, 16, 0, 0 },
	};

	built_begin(&b);
	put_table(given, sizeof given / sizeof *given, false, false);
	finish();
	ATF_CHECK_STREQ(name_at(AT(0xff)), "");
	ATF_CHECK_STREQ(name_at(AT(0x10f)), "_init+15");
	ATF_CHECK_STREQ(name_at(AT(0x110)), "_start+0");
	ATF_CHECK_STREQ(name_at(AT(0x1ff)), "_start+239");
	ATF_CHECK_STREQ(name_at(AT(0x20f)), "whole+15");
	ATF_CHECK_STREQ(name_at(AT(0x210)), "");
	ATF_CHECK_STREQ(name_at(AT(0x241)), "lone+1");
	ATF_CHECK_STREQ(name_at(AT(0x281)), "lone+65");
}

ATF_TC_WITHOUT_HEAD(preferred);
ATF_TC_BODY(preferred, tc)
{
	static const struct given order[] = {
		{ "a", STB_GLOBAL, STT_NOTYPE, AT(0x100), 0, 0 },
		{ "aa", STB_LOCAL, STT_FUNC, AT(0x100), 0, 0 },
		{ "bb", STB_WEAK, STT_FUNC, AT(0x100), 0, 0 },
		{ "dddd", STB_GLOBAL, STT_FUNC, AT(0x100), 0, 0 },
		{ "ddd", STB_GLOBAL, STT_FUNC, AT(0x100), 0, 0 },
		{ "ccc", STB_GLOBAL, STT_FUNC, AT(0x100), 0, 0 },
		{ "zzzz", STB_LOCAL, STT_FUNC, AT(0x100), 0x10, 0 },
		{ "yyyy", STB_WEAK, STT_FUNC, AT(0x100), 0x10, 0 },
		{ "xxxx", STB_GLOBAL, STT_FUNC, AT(0x100), 0x20, 0 },
	};
	static const size_t n = sizeof order / sizeof *order;
	struct given given[sizeof order / sizeof *order];

	/* the last of so many is the best, wherever it is */
	for (size_t known = 1; known <= n; known++)
		for (size_t first = 0; first < known; first++) {
			for (size_t i = 0; i < known; i++)
				given[i] = order[(first + i) % known];
			built_begin(&b);
			put_table(given, known, false, known % 2);
			finish();
			ATF_CHECK_MSG(strncmp(name_at(AT(0x105)), order[known - 1].name,
					  strlen(order[known - 1].name)) == 0,
			    "%s for %s", name_at(AT(0x105)), order[known - 1].name);
		}
}

ATF_TC_WITHOUT_HEAD(two_tables);
ATF_TC_BODY(two_tables, tc)
{
	static const struct given whole[] = {
		{ "static", STB_LOCAL, STT_FUNC, AT(0x100), 0x10, 0 },
		{ "label", STB_GLOBAL, STT_NOTYPE, AT(0x1f0), 0, 0 },
	};
	static const struct given dynamic[] = {
		{ "exported", STB_GLOBAL, STT_FUNC, AT(0x100), 0x10, 0 },
		{ "other", STB_GLOBAL, STT_FUNC, AT(0x200), 0x10, 0 },
	};

	built_begin(&b);
	put_table(whole, 2, false, false);
	put_table(dynamic, 2, true, true);
	finish();
	ATF_CHECK_STREQ(name_at(AT(0x101)), "static+1");
	ATF_CHECK_STREQ(name_at(AT(0x201)), "other+1");
	ATF_CHECK_STREQ(name_at(AT(0x1f1)), "label+1");
	ATF_CHECK_STREQ(name_at(AT(0x111)), "");
	e.symbols.entries.len = 0;
	ATF_CHECK_STREQ(name_at(AT(0x101)), "exported+1");
	e.dynamic.entries.len--;
	ATF_CHECK_STREQ(name_at(AT(0x201)), "");
	e.dynamic.names.len = 3;
	ATF_CHECK_STREQ(name_at(AT(0x101)), "ex+1");
	e.dynamic.names.len = 1;
	ATF_CHECK_STREQ(name_at(AT(0x101)), "");
}

ATF_TC_WITHOUT_HEAD(broken);
ATF_TC_BODY(broken, tc)
{
	static const struct given given[] = {
		{ "one", STB_GLOBAL, STT_FUNC, AT(0x100), 0x10, 0 },
		{ "two", STB_WEAK, STT_FUNC, AT(0x100), 0, 0 },
		{ "three", STB_LOCAL, STT_NOTYPE, AT(0x200), 0, 0 },
	};
	unsigned random = 1;
	size_t from, len;

	built_begin(&b);
	from = b.len;
	put_table(given, 3, false, false);
	len = b.len - from;
	finish();
	for (int i = 0; i < 20000; i++) {
		unsigned char *copy = malloc(b.len);
		struct symbol s;

		ATF_REQUIRE(copy != NULL);
		memcpy(copy, b.byte, b.len);
		for (int n = 0; n < 1 + i % 4; n++) {
			random = random * 1103515245 + 12345;
			copy[from + (random >> 12) % len] = (unsigned char)(random >> 4);
		}
		ATF_REQUIRE(elf_open(&e, copy, b.len) == NULL);
		for (uint64_t at = AT(0xf8); at < AT(0x210); at += 8)
			if (symbols_find(&e, at, &s))
				ATF_CHECK(s.len > 0 && !memchr(s.name, '\0', s.len) &&
				    s.start <= at && (s.size == 0 || at - s.start < s.size));
		free(copy);
	}
}

/* ---- real ones ---- */

int symbols_test_known(int);

__attribute__((noinline)) int
symbols_test_known(int a)
{
	return a * 3;
}

__attribute__((noinline)) static int
symbols_test_static(int a)
{
	return a * 5;
}

/* Opens the file of a mapping; the bias. */
static uint64_t
open_mapped(const char *what)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024], *path = NULL;
	uint64_t start = 0, bias;
	struct stat s;
	void *bytes;
	int fd;

	ATF_REQUIRE(maps != NULL);
	while (!path && fgets(line, sizeof line, maps))
		if (strstr(line, what) && (path = strchr(line, '/')) != NULL)
			start = strtoull(line, NULL, 16);
	(void)fclose(maps); /* only read from */
	ATF_REQUIRE(path != NULL);
	path[strcspn(path, "\n")] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ATF_REQUIRE(fd >= 0 && fstat(fd, &s) == 0);
	bytes = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ATF_REQUIRE(bytes != MAP_FAILED);
	(void)close(fd); /* only read from */
	ATF_REQUIRE(elf_open(&e, bytes, (size_t)s.st_size) == NULL);
	ATF_REQUIRE(elf_bias(&e, start, 0, &bias));
	return bias;
}

static void
check_name(uint64_t function, uint64_t bias, const char *name)
{
	uint64_t address = function - bias;
	struct symbol s;

	ATF_REQUIRE_MSG(symbols_find(&e, address + 1, &s), "%s", name);
	ATF_CHECK_EQ(s.start, address);
	ATF_CHECK_MSG(s.len == strlen(name) && memcmp(s.name, name, s.len) == 0, "%.*s for %s",
	    (int)s.len, s.name, name);
}

ATF_TC_WITHOUT_HEAD(own);
ATF_TC_BODY(own, tc)
{
	uint64_t bias = open_mapped("symbols_test");

	ATF_CHECK_EQ(symbols_test_known(1) + symbols_test_static(1), 8);
	check_name((uintptr_t)symbols_test_known, bias, "symbols_test_known");
	check_name((uintptr_t)symbols_test_static, bias, "symbols_test_static");
	check_name((uintptr_t)open_mapped, bias, "open_mapped");
	check_name((uintptr_t)symbols_find, bias, "symbols_find");
	check_name((uintptr_t)elf_open, bias, "elf_open");
}

/* Every function that libc exports is found under one of its names, and by any of its addresses. */
ATF_TC_WITHOUT_HEAD(libc);
ATF_TC_BODY(libc, tc)
{
	unsigned checked = 0;

	(void)open_mapped("/libc.so");
	e.symbols.entries.len = 0;
	for (size_t at = 0; at + sizeof(Elf64_Sym) <= e.dynamic.entries.len;
	     at += 3 * sizeof(Elf64_Sym)) {
		struct symbol found;
		Elf64_Sym s, other;
		bool named = false;

		memcpy(&s, e.dynamic.entries.at + at, sizeof s);
		if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF ||
		    s.st_size == 0)
			continue;
		ATF_REQUIRE(symbols_find(&e, s.st_value + s.st_size - 1, &found));
		ATF_CHECK(found.start >= s.st_value && found.start < s.st_value + s.st_size);
		ATF_REQUIRE(symbols_find(&e, s.st_value, &found));
		ATF_CHECK_EQ(found.start, s.st_value);
		for (size_t i = 0; !named && i < e.dynamic.entries.len; i += sizeof other) {
			const char *name;

			memcpy(&other, e.dynamic.entries.at + i, sizeof other);
			name = (const char *)e.dynamic.names.at + other.st_name;
			named = other.st_value == s.st_value && strlen(name) == found.len &&
			    memcmp(name, found.name, found.len) == 0 &&
			    (ELF64_ST_BIND(other.st_info) == STB_GLOBAL ||
				ELF64_ST_BIND(s.st_info) == STB_WEAK);
		}
		ATF_CHECK_MSG(named, "%.*s", (int)found.len, found.name);
		checked++;
	}
	ATF_CHECK_MSG(checked >= 100, "%u", checked);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, sized);
	ATF_TP_ADD_TC(tp, unsized);
	ATF_TP_ADD_TC(tp, preferred);
	ATF_TP_ADD_TC(tp, two_tables);
	ATF_TP_ADD_TC(tp, broken);
	ATF_TP_ADD_TC(tp, own);
	ATF_TP_ADD_TC(tp, libc);
	return atf_no_error();
}
