# make            build/sebox, static, and a link for each applet beside it
# make check      everything: units, end to end, fuzzers, layers, lint (installs what it needs, as root)
# make demo       real workers, seen from outside
# make install    DESTDIR, PREFIX; STRIP= keeps the symbols; make uninstall takes it away
# with SE_APPLETS="supervise logrotate": only those
# make CROSS=ARCHITECTURE: arm64 armhf i386 mipsel ppc64el riscv64 s390x; in build/ARCHITECTURE
# make dist       the sources as a tarball, binaries, checksums; the same bytes wherever it is made
# make fresh      make demo and make check in a bare Debian, which debootstrap makes; FRESH=demo: only that
# make cross-check: those at work under qemu-user
# also: layers lint fuzz guest bench bench-logger bench-starter bench-sigdump bench-live bench-container bench-guest bench-sizes clean

VERSION = 0.1.0
PREFIX  = /usr/local
BUILD   = build
WERROR  = -Werror
JOBS    = $(shell nproc)
Q       = @# make Q= shows every command

# another processor: Debian's compiler for it, and musl, fetched into BUILD
ifneq ($(CROSS),)
BUILD  = build/$(CROSS)
CC    := $(shell sh tests/cross/cc.sh $(CROSS) $(BUILD)/musl)
ifeq ($(CC),)
$(error there is no compiler)
endif
MUSL   = musl
endif

# make's own default is cc; musl makes the binary small, and cc does where it is missing
ifeq ($(origin CC),default)
CC := $(shell command -v musl-gcc || echo cc)
endif
HOST_CC = cc
# the one that knows the machine that CC compiles for; STRIP= keeps the symbols
STRIP  := $(shell $(CC) -print-prog-name=strip 2>/dev/null)
CLANG   = clang

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
       -Wvla -Wswitch-enum -Wformat=2 -Wundef $(WERROR)
STD  = -std=c11 -D_GNU_SOURCE
# the same bytes wherever it is built; no tables for exceptions that nobody throws. noinline in the sources
# keeps apart what the compiler would repeat at each caller, or what only some starts need
OPT  := $(shell $(CC) -Oz -E -x c /dev/null >/dev/null 2>&1 && echo -Oz || echo -Os)
SMALL = $(OPT) -fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -fno-jump-tables -fno-tree-loop-im -fno-tree-dominator-opts -fno-expensive-optimizations \
	-fno-thread-jumps -fno-tree-tail-merge -fno-tree-fre -fno-caller-saves \
	-fno-forward-propagate -fno-optimize-sibling-calls -fno-shrink-wrap \
	-fno-split-wide-types -fno-tree-switch-conversion -fno-ssa-phiopt -fno-ident \
	-ffile-prefix-map=$(CURDIR)=. $(ALIKE) $(GENERAL) $(PACKED) $(LTO)
# what is alike in the sources stays alike, and is compressed better: by 5 % in an initramfs. Unscheduled,
# the delay slots of MIPS would be empty
ALIKE := $(shell case "$$($(CC) -dumpmachine 2>/dev/null)" in (mips*) ;; (*) echo -fno-schedule-insns2 ;; esac) \
	-fno-if-conversion -fno-move-loop-invariants --param=logical-op-non-short-circuit=0 \
	--param=sra-max-scalarization-size-Osize=64
# no floating point, no vectors, and no variadic function is told how many there are: shorter code where the
# compiler can be told so
GENERAL := $(shell for f in -mgeneral-regs-only -mskip-rax-setup; do \
	$(CC) $$f -E -x c /dev/null >/dev/null 2>&1 && echo $$f; done)
# no gaps in front of tables, which are aligned for vectors otherwise
PACKED := $(shell $(CC) -malign-data=abi -E -x c /dev/null >/dev/null 2>&1 && echo -malign-data=abi)
# the linker sees through the files; each has its code too, for tests/layers.sh
LTO := $(shell $(CC) -flto -ffat-lto-objects -E -x c /dev/null >/dev/null 2>&1 && echo -flto -flto-partition=one -ffat-lto-objects)
# without relocations there is nothing for relro to protect: tables of pointers are in .rodata
LINK  = -static -no-pie -Wl,--gc-sections,--build-id=none \
	-Wl,-z,noseparate-code,-z,norelro,-z,common-page-size=64,-z,noexecstack
# where code may stand anywhere, no gaps between functions: libc's would begin at multiples of 16
DENSE := $(shell case "$$($(CC) -dumpmachine 2>/dev/null)" in (x86_64*) \
	$(CC) -Wl,--version 2>/dev/null | grep -q '^GNU ld' && echo '-Wl,-T,$(BUILD)/dense.ld' ;; esac)
SANE  = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all

# which applets: all of applets.def, or those that are named
ALL    := $(shell sed -n 's/^APPLET(\(.*\))$$/\1/p' applets/applets.def)
SE_APPLETS = $(ALL)
CHOSEN := $(filter $(SE_APPLETS:se-%=%),$(ALL))
CHOSEN_DEF = $(foreach a,$(CHOSEN),APPLET($(a))) /* $(STRIP) */
UNKNOWN := $(filter-out $(ALL),$(SE_APPLETS:se-%=%))
ifneq ($(UNKNOWN)$(if $(CHOSEN),,none),)
$(error SE_APPLETS: $(or $(UNKNOWN),nothing): expected some of: $(ALL))
endif

LIB     = $(sort $(wildcard lib/*/*.c))
SRC     = $(LIB) $(foreach a,$(CHOSEN),$(sort $(wildcard applets/$(a)/*.c)))
OBJECTS = $(BUILD)/obj
OBJ     = $(BUILD)/main.o $(OBJECTS)/applets/completion.o $(SRC:%.c=$(OBJECTS)/%.o)
APPLETS = $(CHOSEN:%=se-%)
ALL_NAMES = $(ALL:%=se-%) start_server
ALIASES = $(if $(filter starter,$(CHOSEN)),start_server)
# the one that can be run here
RUN     = $(BUILD)$(if $(CROSS),/native)/sebox
MAN     = $(foreach a,$(CHOSEN),$(wildcard applets/$(a)/*.[18]))
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
	clear back clients_* ends_* take.* compress_due compress_advance logfile_write logfile_unlock bundle_* \
	supervise_random optval_* zone_* take_* month_start big_endian
# what is large and seldom touched stands behind the rest
LARGE = stack room.* p.*

# scan.o keeps its gaps: see below; crtbeginS.o calls constructors, of which there are none
$(BUILD)/dense.ld: Makefile
	@mkdir -p $(@D)
	$(Q)echo 'SECTIONS { /DISCARD/ : { *crtbeginS.o(.text .init_array .fini_array) }' \
	    '.hot : { *scan.o(.text.*) } .text : SUBALIGN(1) { *libc.a:*(.text .text.*)' \
	    '${AWAKE:%=*(.text.%)} *(.text .text.*) } } INSERT AFTER .init;' \
	    'SECTIONS { .large (NOLOAD) : { ${LARGE:%=*(.bss.%)} } } INSERT AFTER .bss;' > $@

# written when other applets are chosen than before, whose links go
$(BUILD)/applets.def: FORCE
	@mkdir -p $(@D)
	@echo '$(CHOSEN_DEF)' | cmp -s - $@ || { rm -f $(ALL:%=$(BUILD)/se-%); echo '$(CHOSEN_DEF)' >$@; }

$(BUILD)/main.o: applets/main.c $(BUILD)/applets.def Makefile
	$(Q)$(CC) $(STD) -DSEBOX_VERSION='"$(VERSION)"' -DSEBOX_APPLETS='"$(abspath $(BUILD))/applets.def"' $(WARN) $(SMALL) \
	    $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/sebox: $(OBJ) $(BUILD)/dense.ld
	$(Q)$(CC) $(SMALL) $(LDFLAGS) $(LINK) $(DENSE) -o $@.tmp $(OBJ)
	$(Q)$(if $(STRIP),$(STRIP) -s -R .comment $@.tmp && { $(call headless,$@.tmp); })
	@if readelf -lW $@.tmp | grep -q INTERP; then echo "$@: not static: it has an interpreter" >&2; exit 1; fi
	$(Q)mv $@.tmp $@
	@ls -l $@ | awk '{ print $$NF ": " $$5 " bytes" }'
	@case '$(CC)$(MUSL)' in *musl*) ;; *) echo "note: built with $(CC), not with musl-gcc: larger, and not for release" ;; esac

ifneq ($(CROSS),)
$(RUN): $(SRC) applets/main.c applets/completion.c
	@$(MAKE) --no-print-directory CROSS= CC=$(HOST_CC) BUILD=$(BUILD)/native SE_APPLETS='$(SE_APPLETS)' $@
endif

# another version, compiled otherwise, for the tests to upgrade to and from
NEXT = $(BUILD)/next/sebox
$(NEXT): $(BUILD)/sebox
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/next VERSION=$(VERSION).next OPT=-Os $@

$(APPLETS:%=$(BUILD)/%): $(BUILD)/sebox
	$(Q)ln -sf sebox $@

$(OBJECTS)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) -DSEBOX_VERSION='"$(VERSION)"' $(WARN) $(SMALL) $(CFLAGS) -MMD -MP -c -o $@ $<

# the one file where speed is worth bytes: every logged byte goes through it
$(OBJECTS)/lib/base/scan.o: SMALL += -O2 -fshrink-wrap -fsplit-wide-types -fssa-phiopt
$(OBJECTS)/lib/base/scan.o: ALIKE =
$(OBJECTS)/lib/base/scan.o: GENERAL =
$(OBJECTS)/lib/base/scan.o: LTO =

# ---- tests: the library once more, with the host's libc and its sanitizers ----

$(BUILD)/sane/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(STD) $(WARN) $(SANE) -MMD -MP -c -o $@ $<

$(BUILD)/sane/libse.a: $(LIB:%.c=$(BUILD)/sane/%.o)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/sane/libse.a
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(STD) $(WARN) -Wno-unused-parameter -I. $(SANE) -MMD -MP -o $@ $< $(BUILD)/sane/libse.a -latf-c

# the pure ones for the processor of CROSS, see tests/cross/atf-c.h
PURE_DIRS = base wire fsm
PURE = $(foreach d,$(PURE_DIRS),$(patsubst %.c,$(OBJECTS)/%.o,$(wildcard lib/$(d)/*.c)))
PURE_UNIT = $(foreach u,$(UNIT),$(if $(wildcard $(foreach d,$(PURE_DIRS),lib/$(d)/$(firstword $(subst _, ,$(notdir $(u)))).c)),$(u)))
$(BUILD)/pure/%: tests/unit/%.c tests/cross/atf-c.h $(PURE)
	@mkdir -p $(@D) $(BUILD)/kernel
	@ln -sfn /usr/include/linux $(BUILD)/kernel/linux && ln -sfn /usr/include/asm-generic $(BUILD)/kernel/asm-generic && \
	    ln -sfn asm-generic $(BUILD)/kernel/asm
	$(Q)$(CC) $(STD) $(WARN) -Wno-unused-parameter -I. -Itests/cross -idirafter $(BUILD)/kernel -fno-lto -fno-use-linker-plugin -static -MMD -MP -o $@ $< $(PURE)
pure: $(PURE_UNIT:tests/unit/%.c=$(BUILD)/pure/%)

$(BUILD)/tests/e2e/%: tests/e2e/%.sh tests/e2e/common.subr
	@mkdir -p $(@D)
	$(Q){ echo '#!/usr/bin/env atf-sh'; echo "BUILD='$(abspath $(BUILD))' SRC='$(CURDIR)'"; cat tests/e2e/common.subr $<; } > $@
	$(Q)chmod 755 $@

$(BUILD)/helpers/%: tests/helpers/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) -Os -static -o $@ $<

$(BUILD)/bench/%: tests/bench/%.c $(wildcard tests/bench/*.h) Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(WARN) -Os -static $(TIGHT) -o $@ $<

# the worker of an initramfs whose size is measured
$(BUILD)/bench/booted: TIGHT = -fno-pie -fno-asynchronous-unwind-tables $(LINK)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB) Makefile
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(STD) -I. -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -MMD -MP -MF $@.d -o $@ $< \
	    $(filter lib/base/% lib/wire/% lib/fsm/% lib/unwind/%,$(LIB))

tests-built: all $(NEXT) $(UNIT:%.c=$(BUILD)/%) $(E2E:%.sh=$(BUILD)/%) $(HELPER:tests/%.c=$(BUILD)/%) \
    $(FUZZ:tests/%.c=$(BUILD)/%) $(BENCH:tests/%.c=$(BUILD)/%) $(BUILD)/completion.bash $(BUILD)/completion.zsh

# the binary for AArch64, which runs in a guest, where its libc could be fetched
GUEST = $(BUILD)/guest
guest:
	@sh tests/guest/fetch.sh $(GUEST)
	@! test -e $(GUEST)/complete || $(MAKE) -j$(JOBS) --no-print-directory CROSS=arm64 BUILD=$(BUILD)/arm64 $(BUILD)/arm64/sebox

# binaries and units for other processors, as far as their compilers can be had, for make check and cross-check
CROSS_CHECK = armhf s390x
cross:
	@for a in $(CROSS_CHECK); do \
	    mkdir -p $(BUILD)/$$a; \
	    if ! sh tests/cross/cc.sh $$a $(BUILD)/$$a/musl >/dev/null 2>$(BUILD)/$$a/missing; then \
	        echo "$$(cat $(BUILD)/$$a/missing): not checked" >&2; rm -f $(BUILD)/$$a/sebox; \
	    else $(MAKE) -j$(JOBS) --no-print-directory CROSS=$$a BUILD=$(BUILD)/$$a $(BUILD)/$$a/sebox pure || exit; fi; \
	done

cross-check: CROSS_CHECK = arm64 armhf i386 mipsel ppc64el riscv64 s390x
cross-check:
	@sh tests/deps.sh cross-check
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) all $(BUILD)/helpers/httpd
	@$(MAKE) --no-print-directory BUILD=$(BUILD) CROSS_CHECK='$(CROSS_CHECK)' cross
	@for a in $(CROSS_CHECK); do ! [ -e $(BUILD)/$$a/sebox ] || \
	    sh tests/cross/smoke.sh $$a $(BUILD)/$$a $(BUILD) || exit; done

check:
	@sh tests/deps.sh check
	@$(MAKE) -j$(JOBS) --no-print-directory BUILD=$(BUILD) tests-built
	@$(MAKE) --no-print-directory BUILD=$(BUILD) guest
	@$(MAKE) --no-print-directory BUILD=$(BUILD) cross
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
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/most OBJECTS=$(abspath $(BUILD))/obj SE_APPLETS='supervise logrotate sigdump' $(BUILD)/most/sebox
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/few OBJECTS=$(abspath $(BUILD))/obj SE_APPLETS='supervise logrotate' $(BUILD)/few/sebox
	@sh tests/bench/guest.sh $(BUILD) $(SCENARIO)

bench-sizes: all
	@sh tests/bench/sizes.sh $(BUILD)

# DIST: the other processors whose binaries are made too
DIST = arm64 armhf i386 mipsel ppc64el s390x
dist: all
	@sh tests/dist.sh $(BUILD) $(VERSION) $(DIST)

# FRESH: what is run there
FRESH = demo check
fresh: all
	@sh tests/deps.sh fresh
	@sh tests/dist.sh $(BUILD) $(VERSION)
	@sh tests/fresh.sh $(BUILD) $(VERSION) $(FRESH)

fuzz: $(FUZZ:tests/%.c=$(BUILD)/%)
	@sh tests/fuzz/run.sh $(BUILD) $(or $(SECONDS),60)

layers: $(OBJ)
	@sh tests/layers.sh $(OBJECTS)

lint:
	@sh tests/lint.sh '$(STD) $(WARN)'

$(BUILD)/completion.%: $(RUN)
	$(Q)$(RUN) --completion $* >$@.tmp && mv $@.tmp $@

# Below ROOT. A start_server of somebody else's stays; of ours goes what was not chosen.
ROOT  = $(DESTDIR)$(PREFIX)
NAMES = $(APPLETS) $(ALIASES)
BASH  = $(ROOT)/share/bash-completion/completions
ZSH   = $(ROOT)/share/zsh/site-functions
ours  = if [ -h $(1) ] && [ "$$(readlink $(1))" = sebox ]; then rm $(1); fi
remove_links = for a in $(1); do for d in $(ROOT)/bin $(BASH); do $(call ours,$$d/$$a); done; done
make_links = for a in $(NAMES); do if [ -e $(1)/$$a ] && [ ! -h $(1)/$$a ] || [ -h $(1)/$$a ] && \
	[ "$$(readlink $(1)/$$a)" != sebox ]; then echo "note: $(1)/$$a is not ours: it stays"; \
	else ln -sf sebox $(1)/$$a; fi; done
man_page = $(ROOT)/share/man/man$${m\#\#*.}/$${m\#\#*/}

install: all $(BUILD)/completion.bash $(BUILD)/completion.zsh
	@$(if $(findstring musl,$(CC)$(MUSL)),,echo "note: installing a binary that was not built with musl-gcc")
	install -D -m 755 $(BUILD)/sebox $(ROOT)/bin/sebox
	install -D -m 644 $(BUILD)/completion.bash $(BASH)/sebox
	install -D -m 644 $(BUILD)/completion.zsh $(ZSH)/_sebox
	$(Q)$(call remove_links,$(filter-out $(NAMES),$(ALL_NAMES)))
	$(Q)$(call make_links,$(ROOT)/bin)
	$(Q)$(call make_links,$(BASH))
	for m in $(MAN); do install -D -m 644 $$m $(man_page); done

# whichever applets were installed; directories stay
uninstall:
	$(Q)$(call remove_links,$(ALL_NAMES))
	rm -f $(ROOT)/bin/sebox $(BASH)/sebox $(ZSH)/_sebox
	for m in applets/*/se-*.[18]; do rm -f $(man_page); done

clean:
	rm -rf $(BUILD)

.PHONY: FORCE all pure tests-built guest cross cross-check check demo bench bench-logger bench-starter bench-sigdump bench-live bench-container bench-guest bench-sizes fuzz layers lint dist fresh install uninstall clean
-include $(OBJ:.o=.d) $(LIB:%.c=$(BUILD)/sane/%.d) $(UNIT:%.c=$(BUILD)/%.d) $(FUZZ:tests/%.c=$(BUILD)/%.d)
