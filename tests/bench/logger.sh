#!/bin/sh
# logger.sh - the figures of the README for se-logrotate: it, `cat > file` and its peers.
#
#     sh tests/bench/logger.sh BUILD_DIR [SCENARIO...]
#
# plain     lines of 100 bytes as fast as the logger takes them (lines.c says how): its CPU in
#           seconds per GiB, and its speed
# stamp     the same where each line gets a time stamp
# sizes     plain with lines of 20 and of 1000 bytes
# disk      plain on the file system of BUILD_DIR; there the CPU of the kernel's own writing is in
#           nobody's figure
# paced     50,000 lines a second, a write(2) for each: how long write takes, first with a line each
#           20 us, then with 50 lines back to back each ms
#
# Files are in $TMPDIR, by default on tmpfs, except for disk; the largest is that of cat, $MIB. The
# CPU is the logger's only: neither the kernel's threads nor the program that writes to it.
#
# All take turns, since a machine's speed may change from one second to the next: cat and
# se-logrotate before each of the others (each once in disk and paced), in $ROUNDS rounds (5), or
# fewer when a scenario's time is over, so that all scenarios together take less than 5 minutes. A
# ratio is that of the medians, or that of the least figures, of the same table; where these two
# differ much, the machine was busy with something else.
#
# MIB=1024 is what cat and se-logrotate are fed in one run (256). PEERS="cat default s6" picks whom
# to measure; loggers.sh has the names. It prints numbers and asserts nothing; they are of one
# machine, so compare only within one table.
#
# shellcheck disable=SC1091,SC2034,SC2154 # loggers.sh is found at run time, and uses what is set
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
build=$(CDPATH='' cd -- "$1" && pwd)
shift
lines=$build/bench/lines
rounds=${ROUNDS:-5}
fast=${MIB:-256}
plain='cat single default s6 multilog svlogd rotatelogs ruby'
stamp='cat iso iso_each s6_t multilog_t svlogd_tt ruby_info'
paced='cat single default iso s6 multilog svlogd rotatelogs ruby'
[ -n "${TMPDIR:-}" ] || { [ -w /dev/shm ] && TMPDIR=/dev/shm; } || TMPDIR=/tmp
memory=$(mktemp -d "$TMPDIR/sebox-bench.XXXXXX")
disk=
measuring=

# The measuring program ends the logger when it is told to end.
clean() {
	[ -z "$measuring" ] || {
		kill "$measuring" 2>/dev/null || :
		wait "$measuring" || :
	}
	rm -rf "$memory" ${disk:+"$disk"}
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

. "$here/loggers.sh"

# What each start in loggers.sh calls: the logger's figures are left in $memory/cells.
feed() {
	if [ "$burst" -gt 0 ]; then
		set -- paced "$length" 50000 "$burst" "$@"
	else
		set -- full "$length" "$mib" "$@"
	fi
	"$lines" "$@" >"$memory/cells" 2>"$memory/output" &
	measuring=$!
	wait "$measuring" || :
	measuring=
}

# one PEER: a run of it; a peer that has failed is not asked again.
one() {
	peer=$1
	describe "$peer"
	[ ! -e "$memory/failed.$peer" ] || return 0
	# the others work by the line
	[ -n "$quick" ] || case $length in
	20) mib=$((mib / 4)) ;;
	1000) mib=$((mib * 2)) ;;
	esac
	tmp=$(mktemp -d "$top/run.XXXXXX")
	start "$peer"
	rm -rf "$tmp"
	if [ -s "$memory/cells" ]; then
		printf '%s\t%s\n' "$peer" "$(cat "$memory/cells")" >>"$memory/samples"
	else
		: >"$memory/failed.$peer"
		tail -n 5 "$memory/output" >&2
	fi
}

# Once through the lists: the quick ones before each of the others, each time another of them first.
round() {
	for other in ${others:-none}; do
		# shellcheck disable=SC2086 # a list
		set -- $quicks
		for each in "$@"; do
			one "$each"
		done
		[ $# -eq 0 ] || {
			first=$1
			shift
			quicks="$* $first"
		}
		[ "$other" = none ] || one "$other"
	done
}

# measure SECONDS PEER...: rounds until the time would be over; sets $memory/rows.
measure() {
	left=$1 quicks='' others=''
	shift
	rm -f "$memory"/failed.*
	: >"$memory/samples"
	for peer in "$@"; do
		describe "$peer"
		if ! here "$peer"; then
			: >"$memory/absent.$peer"
		elif [ -n "$quick" ] || [ "$scenario" = disk ] || [ "$scenario" = paced ]; then
			quicks="$quicks $peer"
		else
			others="$others $peer"
		fi
	done
	count=0 took=0
	while [ "$count" -lt "$rounds" ] && [ "$left" -ge "$took" ]; do
		begun=$(date +%s)
		round
		took=$(($(date +%s) - begun))
		left=$((left - took)) count=$((count + 1))
		printf '%s: round %s of %s, %s s\n' "$scenario" "$count" "$rounds" "$took" >&2
	done
	for peer in "$@"; do
		describe "$peer"
		note=
		[ ! -e "$memory/failed.$peer" ] || note=failed
		[ ! -e "$memory/absent.$peer" ] || note='not installed'
		printf '%s\t%s\t%s\n' "$peer" "$label" "$note"
	done >"$memory/peers"
	rm -f "$memory"/absent.*
}

# table TITLE HEADINGS [PEER]: with ratios to PEER.
table() {
	printf '\n%s\n' "$1"
	awk -v of="${3-}" -f "$here/median.awk" "$memory/peers" "$memory/samples" |
	    awk -v heads="logger|$2" -f "$here/table.awk"
}

# full SECONDS LENGTH PEER...
full() {
	seconds=$1 length=$2 burst=0
	shift 2
	measure "$seconds" "$@"
	kind=$(df --output=fstype "$top" | tail -n 1)
	table "$scenario: lines of $length bytes, on $kind: CPU seconds per GiB" \
	    "median|of cat|least|of cat|MB/s|" cat
}

# shellcheck disable=SC2086 # lists
bench_plain() { full 60 100 ${PEERS:-$plain}; }

# shellcheck disable=SC2086
bench_stamp() { full 45 100 ${PEERS:-$stamp}; }

# shellcheck disable=SC2086
bench_sizes() {
	full 35 20 ${PEERS:-$plain}
	full 35 1000 ${PEERS:-$plain}
}

# shellcheck disable=SC2086
bench_disk() {
	disk=$(mktemp -d "$build/sebox-bench.XXXXXX")
	top=$disk
	full 40 100 ${PEERS:-$plain}
	rm -rf "$disk"
	disk='' top=$memory
}

bench_paced() {
	length=100
	for burst in 1 50; do
		# shellcheck disable=SC2086
		measure 30 ${PEERS:-$paced}
		table "paced: 50000 lines of 100 bytes a second, $burst at once: write(2) in us, medians of the \
runs; CPU in % of one core" "p50|p99|longest|logger's CPU|writer's CPU|"
	done
}

facts() {
	uname -srm
	sed -n 's/^model name.*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\)/\1 x/'
	printf 'load %s, reading the clock twice takes %s us\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)" \
	    "$("$lines" clock)"
	# shellcheck disable=SC2016 # dpkg's own variables
	dpkg-query -W -f '${Package} ${Version}\n' coreutils s6 daemontools runit apache2-utils \
	    ruby-serverengine ruby 2>/dev/null || :
}

top=$memory
[ $# -gt 0 ] || set -- plain stamp sizes disk paced
for scenario in "$@"; do
	case $scenario in
	plain | stamp | sizes | disk | paced) ;;
	*)
		printf 'logger.sh: %s: no such scenario\n' "$scenario" >&2
		exit 100
		;;
	esac
done
for peer in ${PEERS:-}; do
	describe "$peer" || {
		printf 'logger.sh: %s: no such peer\n' "$peer" >&2
		exit 100
	}
done
facts
for scenario in "$@"; do
	"bench_$scenario"
done
