# make            build/sebox, static, and a link for each applet beside it
# make check      everything: units, end to end, fuzzers, layers, lint (installs what it needs, as root)
# make demo       real workers, seen from outside
# make install    DESTDIR, PREFIX
# also: layers lint fuzz guest bench bench-logger bench-starter bench-sigdump bench-live bench-container bench-guest clean

VERSION = 0.1.0
PREFIX  = /usr/local
BUILD   = build
WERROR  = -Werror
JOBS    = $(shell nproc)
Q       = @# make Q= shows every command

# make's own default is cc; musl makes the binary small, and cc does where it is missing
ifeq ($(origin CC),default)
CC := $(shell command -v musl-gcc || echo cc)
endif
HOST_CC = cc
# the one that knows the machine that CC compiles for
STRIP  := $(shell $(CC) -print-prog-name=strip)
CLANG   = clang

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
       -Wvla -Wswitch-enum -Wformat=2 -Wundef $(WERROR)
STD  = -std=c11 -D_GNU_SOURCE
# the same bytes wherever it is built; no tables for exceptions that nobody throws
OPT  := $(shell $(CC) -Oz -E -x c /dev/null >/dev/null 2>&1 && echo -Oz || echo -Os)
SMALL = $(OPT) -fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -fno-jump-tables -fno-tree-loop-im -fno-tree-dominator-opts -fno-expensive-optimizations \
	-fno-thread-jumps -fno-tree-tail-merge -fno-tree-fre -fno-caller-saves \
	-fno-forward-propagate -fno-optimize-sibling-calls -fno-shrink-wrap \
	-fno-split-wide-types -fno-tree-switch-conversion -fno-ssa-phiopt -fno-ident \
	-ffile-prefix-map=$(CURDIR)=. $(GENERAL) $(PACKED) $(LTO)
# no floating point, no vectors: shorter code where the compiler can be told so
GENERAL := $(shell $(CC) -mgeneral-regs-only -E -x c /dev/null >/dev/null 2>&1 && echo -mgeneral-regs-only)
# no gaps in front of tables, which are aligned for vectors otherwise
PACKED := $(shell $(CC) -malign-data=abi -E -x c /dev/null >/dev/null 2>&1 && echo -malign-data=abi)
# the linker sees through the files; each has its code too, for tests/layers.sh
LTO := $(shell $(CC) -flto -ffat-lto-objects -E -x c /dev/null >/dev/null 2>&1 && echo -flto -flto-partition=one -ffat-lto-objects)
# without relocations there is nothing for relro to protect: tables of pointers are in .rodata
LINK  = -static -no-pie -Wl,--gc-sections,--build-id=none \
	-Wl,-z,noseparate-code,-z,norelro,-z,common-page-size=64,-z,noexecstack
# where code may stand anywhere, no gaps between functions: libc's would begin at multiples of 16
DENSE := $(shell case "$$($(CC) -dumpmachine)" in (x86_64*) \
	$(CC) -Wl,--version 2>/dev/null | grep -q '^GNU ld' && echo '-Wl,-T,$(BUILD)/dense.ld' ;; esac)
SANE  = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all

LIB     = $(sort $(wildcard lib/*/*.c))
SRC     = applets/main.c $(sort $(wildcard applets/*/*.c)) $(LIB)
OBJ     = $(SRC:%.c=$(BUILD)/obj/%.o)
APPLETS = $(shell sed -n 's/^APPLET(\(.*\))$$/se-\1/p' applets/applets.def)
MAN     = $(sort $(wildcard applets/*/*.[18]))
UNIT    = $(sort $(wildcard tests/unit/*_test.c))
E2E     = $(sort $(wildcard tests/e2e/*_test.sh))
FUZZ    = $(sort $(wildcard tests/fuzz/*_fuzz.c))
HELPER  = $(sort $(wildcard tests/helpers/*.c))
BENCH   = $(sort $(wildcard tests/bench/*.c))

# a 64-bit program ends with its last segment: the table of sections behind it is for linkers
headless = if readelf -h $(1) | grep -q 'Class: *ELF64'; then \
	end=$$(readelf -lW $(1) | awk '$$1 == "LOAD" { print $$2, $$5 }' | \
		while read -r at size; do echo $$((at + size)); done | sort -n | tail -n 1) && \
	truncate -s "$$end" $(1) && head -c 8 /dev/zero | dd of=$(1) bs=1 seek=40 conv=notrunc 2>/dev/null && \
	head -c 4 /dev/zero | dd of=$(1) bs=1 seek=60 conv=notrunc 2>/dev/null; fi

all: $(BUILD)/sebox $(APPLETS:%=$(BUILD)/%)

# what runs while nothing much happens stands in front, with libc: a process that waits has mapped the
# 64 KiB around what it has come to, all of ours the same. By functions' names: the linker sees no
# files any more; one that is missed costs memory alone
AWAKE = loop_* call_* buf_* map_* heap_* text_* worker_* workers_* fleet_* rolling_* logger_* hooks_* \
	file_* held_* intake_* rotation_* lineout_* logline_* fdpass_* spawn launch_worker memory_* \
	supervisor_* server_due server_tick tell* settle* due* run_until_ended* feed feed_event* log_* \
	read_beats* read_message* read_input* put_time* write_line write_hand make_p* close_pipe* \
	free_place child prepare* place* reap control.* find.* restart_go_on dumps_on* metrics_due \
	metrics_tick on_* beat up down before* number reset_signals* exec_* room scan_* same lock* rearm \
	clear back take.* compress_due compress_advance logfile_write logfile_unlock bundle_* \
	supervise_random optval_* readiness_close* zone_* take_* month_start big_endian
# what is large and seldom touched stands behind the rest
LARGE = stack room.* p.*

# scan.o keeps its gaps: see below; crtbeginS.o calls constructors, of which there are none
$(BUILD)/dense.ld: Makefile
	@mkdir -p $(@D)
	$(Q)echo 'SECTIONS { /DISCARD/ : { *crtbeginS.o(.text .init_array .fini_array) }' \
	    '.hot : { *scan.o(.text.*) } .text : SUBALIGN(1) { *libc.a:*(.text .text.*)' \
	    '${AWAKE:%=*(.text.%)} *(.text .text.*) } } INSERT AFTER .init;' \
	    'SECTIONS { .large (NOLOAD) : { ${LARGE:%=*(.bss.%)} } } INSERT AFTER .bss;' > $@

$(BUILD)/sebox: $(OBJ) $(BUILD)/dense.ld
	$(Q)$(CC) $(SMALL) $(LDFLAGS) $(LINK) $(DENSE) -o $@.tmp $(OBJ)
	$(Q)$(STRIP) -s -R .comment $@.tmp
	$(Q)$(call headless,$@.tmp)
	@if readelf -lW $@.tmp | grep -q INTERP; then echo "$@: not static: it has an interpreter" >&2; exit 1; fi
	$(Q)mv $@.tmp $@
	@ls -l $@ | awk '{ print $$NF ": " $$5 " bytes" }'
	@case '$(CC)' in *musl*) ;; *) echo "note: built with $(CC), not with musl-gcc: larger, and not for release" ;; esac

# another version, compiled otherwise, for the tests to upgrade to and from
NEXT = $(BUILD)/next/sebox
$(NEXT): $(BUILD)/sebox
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD)/next VERSION=$(VERSION).next OPT=-Os $@

$(APPLETS:%=$(BUILD)/%): $(BUILD)/sebox
	$(Q)ln -sf sebox $@

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) -DSEBOX_VERSION='"$(VERSION)"' $(WARN) $(SMALL) $(CFLAGS) -MMD -MP -c -o $@ $<

# the one file where speed is worth bytes: every logged byte goes through it
$(BUILD)/obj/lib/base/scan.o: SMALL += -O2 -fshrink-wrap -fsplit-wide-types -fssa-phiopt
$(BUILD)/obj/lib/base/scan.o: GENERAL =
$(BUILD)/obj/lib/base/scan.o: LTO =

# ---- tests: the library once more, with the host's libc and its sanitizers ----

$(BUILD)/sane/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(STD) $(WARN) $(SANE) -MMD -MP -c -o $@ $<

$(BUILD)/sane/libse.a: $(LIB:%.c=$(BUILD)/sane/%.o)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/sane/libse.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(STD) $(WARN) -Wno-unused-parameter -I. $(SANE) -MMD -MP -o $@ $< $(BUILD)/sane/libse.a -latf-c

$(BUILD)/tests/e2e/%: tests/e2e/%.sh tests/e2e/common.subr
	@mkdir -p $(@D)
	$(Q){ echo '#!/usr/bin/env atf-sh'; echo "BUILD='$(abspath $(BUILD))' SRC='$(CURDIR)'"; cat tests/e2e/common.subr $<; } > $@
	$(Q)chmod 755 $@

$(BUILD)/helpers/%: tests/helpers/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) -Os -static -o $@ $<

$(BUILD)/bench/%: tests/bench/%.c $(wildcard tests/bench/*.h) Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) -Os -static -o $@ $<

$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB) Makefile
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(STD) -I. -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -MMD -MP -MF $@.d -o $@ $< \
	    $(filter lib/base/% lib/wire/% lib/fsm/% lib/unwind/%,$(LIB))

tests-built: all $(NEXT) $(UNIT:%.c=$(BUILD)/%) $(E2E:%.sh=$(BUILD)/%) $(HELPER:tests/%.c=$(BUILD)/%) \
    $(FUZZ:tests/%.c=$(BUILD)/%) $(BENCH:tests/%.c=$(BUILD)/%)

# the binary for AArch64, which runs in a guest, where its libc could be fetched
GUEST = $(BUILD)/guest
guest:
	@sh tests/guest/fetch.sh $(GUEST)
	@! test -e $(GUEST)/complete || $(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD)/arm64 \
	    CC='aarch64-linux-gnu-gcc -specs=$(abspath $(GUEST))/musl-aarch64.specs' $(BUILD)/arm64/sebox

check:
	@sh tests/deps.sh check
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) tests-built
	@$(MAKE) --no-print-directory BUILD=$(BUILD) guest
	@sh tests/run.sh $(BUILD)

demo:
	@sh tests/deps.sh demo
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(HELPER:tests/%.c=$(BUILD)/%) $(BUILD)/bench/load $(BUILD)/bench/httpd
	@sh tests/demo.sh $(BUILD)

bench:
	@sh tests/deps.sh bench
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(BENCH:tests/%.c=$(BUILD)/%)
	@sh tests/bench/run.sh $(BUILD) $(SCENARIO)

bench-logger:
	@sh tests/deps.sh bench
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(BENCH:tests/%.c=$(BUILD)/%)
	@sh tests/bench/logger.sh $(BUILD) $(SCENARIO)
	@sh tests/bench/copytruncate.sh $(BUILD)

bench-starter:
	@sh tests/deps.sh bench
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(BENCH:tests/%.c=$(BUILD)/%) $(BUILD)/helpers/httpd
	@sh tests/bench/starter.sh $(BUILD) $(SCENARIO)

bench-sigdump:
	@sh tests/deps.sh bench
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(BENCH:tests/%.c=$(BUILD)/%)
	@sh tests/bench/sigdump.sh $(BUILD)

bench-live:
	@sh tests/deps.sh bench
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(NEXT) $(BENCH:tests/%.c=$(BUILD)/%)
	@sh tests/bench/live.sh $(BUILD) $(SCENARIO)

bench-container:
	@sh tests/deps.sh bench
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(BENCH:tests/%.c=$(BUILD)/%) $(BUILD)/helpers/worker
	@sh tests/bench/container.sh $(BUILD)

bench-guest:
	@sh tests/deps.sh bench-guest
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(BUILD)/bench/booted guest
	@sh tests/bench/guest.sh $(BUILD) $(SCENARIO)

fuzz: $(FUZZ:tests/%.c=$(BUILD)/%)
	@sh tests/fuzz/run.sh $(BUILD) $(or $(SECONDS),60)

layers: $(OBJ)
	@sh tests/layers.sh $(BUILD)/obj

lint:
	@sh tests/lint.sh '$(STD) $(WARN)'

install: all
	@case '$(CC)' in *musl*) ;; *) echo "note: installing a binary that was not built with musl-gcc" ;; esac
	mkdir -p $(DESTDIR)$(PREFIX)/bin
	cp $(BUILD)/sebox $(DESTDIR)$(PREFIX)/bin/sebox
	for a in $(APPLETS); do ln -sf sebox $(DESTDIR)$(PREFIX)/bin/$$a; done
	for m in $(MAN); do d=$(DESTDIR)$(PREFIX)/share/man/man$${m##*.}; mkdir -p $$d; cp $$m $$d/; done

clean:
	rm -rf $(BUILD)

.PHONY: all tests-built guest check demo bench bench-logger bench-starter bench-sigdump bench-live bench-container bench-guest fuzz layers lint install clean
-include $(OBJ:.o=.d) $(LIB:%.c=$(BUILD)/sane/%.d) $(UNIT:%.c=$(BUILD)/%.d) $(FUZZ:tests/%.c=$(BUILD)/%.d)
