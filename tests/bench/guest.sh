#!/bin/sh
# guest.sh - the figures of the README for an initramfs: se-supervise as its init beside busybox's.
#
#     sh tests/bench/guest.sh BUILD_DIR [SCENARIO...]
#
# size      an initramfs of the binary, the worker and a configuration, compressed in the ways that
#           Debian's kernel reads; most: of a binary without se-starter, few: with se-supervise and
#           se-logrotate alone
# boot      Debian's kernel in qemu, from its start to main() of the first worker, and from
#           the execution of /init; each with the same worker (booted.c) and compressed by xz. busybox's
#           init mounts nothing; ours mounts /proc and /dev
#
# Time is counted in executed instructions, a nanosecond each (qemu's -icount), so that it is the same
# however busy this machine is: compare only within one table. COUNT= takes the machine's own clock.
# ROUNDS is how often each boots (3), one after the other in turn. It prints numbers and asserts nothing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
build=$(CDPATH='' cd -- "$1" && pwd)
shift
rounds=${ROUNDS:-3}
count=${COUNT-shift=0,sleep=off}
[ -e "$build/guest/complete" ] || {
	echo "guest.sh: $(cat "$build/guest/missing" 2>/dev/null || echo "$build/guest: not there: make guest")" >&2
	exit 1
}
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT

# root PEER: a folder with its /init, the worker, and what it is configured by
root() {
	mkdir -p "$top/$1/etc"
	cp "$build/bench/booted" "$top/$1/worker"
	strip -s -R .comment "$top/$1/worker"
	case $1 in
	sebox | most | few)
		cp "$build/${1#sebox}/sebox" "$top/$1/init"
		printf '%s\n' 'command: [/worker]' 'init_mount: true' 'init_exit: poweroff' >"$top/$1/etc/se-supervise.conf"
		;;
	busybox)
		cp "$build/guest/busybox-x86_64" "$top/$1/init"
		echo '::respawn:/worker' >"$top/$1/etc/inittab"
		;;
	esac
	find "$top/$1" -exec touch -d @0 {} + # the same bytes each time
}

# archive PEER: its initramfs, not compressed
archive() { (cd "$top/$1" && find . -type f -o -name etc | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible); }
xz='xz --check=crc32 --x86 --lzma2=dict=1MiB,pb=0'

# sizes NAME COMMAND...: of what the command prints
sizes() {
	name=$1
	shift
	printf '%-12s xz %7d   zstd %7d   gzip %7d   not compressed %8d\n' "$name" "$("$@" | $xz | wc -c)" \
		"$("$@" | zstd --ultra -22 -c | wc -c)" "$("$@" | gzip -9n | wc -c)" "$("$@" | wc -c)"
}

size() {
	echo
	echo 'size of the initramfs with the worker, bytes'
	for peer in sebox most few busybox; do
		sizes $peer archive $peer
	done
	sizes '  the worker' cat "$top/sebox/worker"
}

boot() {
	n=0
	while [ $n -lt "$rounds" ]; do
		n=$((n + 1))
		for peer in sebox busybox; do
			PACK=$xz COUNT=$count sh "$here/../guest/boot.sh" "$build/guest" x86_64 "$top/$peer" 60 |
				sed -n "s/^booted \([0-9]*\) \([0-9]*\)\$/$peer	\1	\2/p" >"$top/said"
			[ -s "$top/said" ] || { echo "guest.sh: $peer: did not boot" >&2; exit 1; }
			cat "$top/said" >>"$top/samples"
		done
	done
	echo
	echo "boot to the first worker's main(), us (median of $rounds)"
	for column in 2 3; do
		case $column in 2) echo "  from the kernel's start" ;; 3) echo '  from the execution of /init' ;; esac
		for peer in sebox busybox; do
			grep "^$peer" "$top/samples" | cut -f $column | sort -n >"$top/sorted"
			printf '    %-10s %10s   least %10s   most %10s\n' $peer "$(sed -n "$(((rounds + 1) / 2))p" "$top/sorted")" \
				"$(head -n 1 "$top/sorted")" "$(tail -n 1 "$top/sorted")"
		done
	done
}

for peer in sebox most few busybox; do
	root $peer
done
[ $# -gt 0 ] || set -- size boot
for scenario; do
	case $scenario in
	size | boot) $scenario ;;
	*) echo "guest.sh: $scenario: expected size or boot" >&2; exit 100 ;;
	esac
done
