#!/bin/sh
# run.sh - the figures of the README: sebox beside a minimal C loop (floor.c) and its peers.
#
#     sh tests/bench/run.sh BUILD_DIR [SCENARIO...]
#
# kill      kill -9 of a worker of 40 -> its successor in main(); one at a time, none younger than
#           1.2 s, 100 of them or as many as go into 60 s
# thousand  1000 workers: exec of the supervisor -> the last worker in main(); its stop signal -> all
#           gone; and the PSS of the supervising processes meanwhile (not of the workers)
# idle      context switches of the supervising processes with 100 sleeping workers, 20 s
# beat      CPU of the supervising processes with 100 and with 1000 workers that beat once a second,
#           10 s
# crash     10 workers that exit at once: restarts in 10 s, all together
# orphan    10 workers, kill -9 of each supervising process in turn: workers alive a second later
# size      bytes of the stripped binaries
#
# PEERS="floor sebox" picks whom to measure, in that order ("floor sebox floor sebox" shows how far
# the machine's other load moves a figure). It prints numbers and asserts nothing; they are of one
# machine under whatever load it had, so compare only within one run. The directories of runit and s6
# are in $TMPDIR, by default on tmpfs as both advise: on a disk their figures are several times worse.
#
# shellcheck disable=SC1091,SC2034 # peers.sh is found at run time, and uses what is set here
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
build=$(CDPATH='' cd -- "$1" && pwd)
shift
bench=$build/bench
worker=$bench/worker
peers=${PEERS:-floor sebox s6 runit supervisord serverengine serverengine_spawn}
[ -n "${TMPDIR:-}" ] || { [ -w /dev/shm ] && TMPDIR=/dev/shm; } || TMPDIR=/tmp
top=$(mktemp -d "$TMPDIR/sebox-bench.XXXXXX")
measuring=

# The measuring program ends what it has started when it is told to end.
clean() {
	[ -z "$measuring" ] || {
		kill "$measuring" 2>/dev/null || :
		wait "$measuring" || :
	}
	rm -rf "$top"
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

. "$here/peers.sh"

# Runs one supervisor through $scenario; its figures are left in $top/cells.
watch() {
	signal=$1
	shift
	"$bench/measure" "$scenario" "$count" "$signal" "$fifo" "$tmp/output" "$@" >"$top/cells" &
	measuring=$!
	wait "$measuring" || :
	measuring=
	[ -s "$top/cells" ] || tail -n 5 "$tmp/output" >&2 || :
}

# one PEER SCENARIO COUNT MODE: sets $cells.
one() {
	scenario=$2 count=$3 mode=$4
	tmp=$(mktemp -d "$top/run.XXXXXX")
	fifo=$tmp/fifo
	"$1_start"
	cells=$(cat "$top/cells")
	rm -rf "$tmp"
}

# rows SCENARIO COUNT MODE CELLS [PEER...]: one row for each peer; those named have nothing to show.
rows() {
	row_scenario=$1 row_count=$2 row_mode=$3 dashes=$4
	shift 4
	for peer in $peers; do
		printf '%s: %s, %s workers\n' "$row_scenario" "$peer" "$row_count" >&2
		case " $* " in
		*" $peer "*) cells="$dashes	not run" ;;
		*) if "${peer}_here"; then
			one "$peer" "$row_scenario" "$row_count" "$row_mode"
		else
			cells="$dashes	not installed"
		fi ;;
		esac
		printf '%s\t%s\n' "$peer" "$cells"
	done
}

# table TITLE HEADINGS
table() {
	printf '\n%s\n' "$1"
	awk -v heads="supervisor|$2" -f "$here/table.awk" "$top/rows"
}

bench_kill() {
	rows kill 40 sleep "-	-	-	-" >"$top/rows"
	table "kill -9 of a worker -> its successor in main(), ms" "*median|*p95|max|kills|"
}

bench_thousand() {
	rows thousand 1000 sleep "-	-	-	-	-	-	-" >"$top/rows"
	table "1000 workers: start and stop in ms (median, best), memory of the supervising processes" \
	    "*start|*best|*stop|*best|*PSS KiB|processes|rounds|"
}

bench_idle() {
	rows idle 100 sleep "-	-" >"$top/rows"
	table "100 idle workers: wake-ups (context switches) in 20 s" "wake-ups|processes|"
}

# Only these have heartbeats; s6, runit, supervisord and spawned ServerEngine workers have none.
bench_beat() {
	without="floor s6 runit supervisord serverengine_spawn"
	# shellcheck disable=SC2086 # a list
	rows beat 100 beat "-	-" $without >"$top/hundred"
	# shellcheck disable=SC2086
	rows beat 1000 beat "-	-" $without >"$top/thousand"
	paste "$top/hundred" "$top/thousand" | awk -F '\t' -v OFS='\t' '{
		note = $4 == "not run" ? "no heartbeats" : $4 == $8 ? $4 : $4 " " $8
		print $1, $2, $6, ($2 > 0 ? sprintf("%.1f", $6 / $2) : "-"), $3, $7, note
	}' >"$top/rows"
	table "A heartbeat a second from each worker: CPU in % of one core, wake-ups a second" \
	    "100 workers|1000 workers|ratio|wake-ups at 100|at 1000|"
}

# The floor would fork as fast as it can.
bench_crash() {
	rows crash 10 exit "-	-" floor >"$top/rows"
	table "10 workers that exit at once, 10 s" "restarts|CPU % of one core|"
}

bench_orphan() {
	rows orphan 10 sleep "-	-	-" >"$top/rows"
	table "kill -9 of the supervising processes (up to 3, each in a new set), a second later" \
	    "killed|workers below|still alive|"
}

# size LABEL FILE...: the stripped bytes together, and whether they need shared libraries.
size() {
	label=$1 bytes=0 kind=static
	shift
	for file in "$@"; do
		if [ ! -f "$file" ]; then
			printf '%s\t-\tnot installed\n' "$label"
			return
		fi
		strip -o "$top/stripped" "$file" 2>/dev/null || cp "$file" "$top/stripped"
		bytes=$((bytes + $(wc -c <"$top/stripped")))
		readelf -lW "$file" 2>/dev/null | grep -q INTERP && kind='and shared libraries'
	done
	printf '%s\t%s\t%s\n' "$label" "$bytes" "$kind"
}

path() { command -v "$1" || :; }

bench_size() {
	{
		size floor "$bench/floor"
		size sebox "$build/sebox"
		size 'runsvdir+runsv' "$(path runsvdir)" "$(path runsv)"
		size 's6-svscan+s6-supervise' "$(path s6-svscan)" "$(path s6-supervise)"
		size tini-static "$(path tini-static)"
		size tini "$(path tini)"
		size dumb-init "$(path dumb-init)"
		size catatonit "$(path catatonit)"
	} >"$top/rows"
	table "Stripped binaries, bytes" "bytes|"
}

facts() {
	uname -srm
	sed -n 's/^model name.*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\)/\1 x/'
	printf '%s of memory, load %s, directories on %s\n' "$(sed -n 's/^MemTotal: *//p' /proc/meminfo)" \
	    "$(cut -d ' ' -f 1-3 /proc/loadavg)" "$(stat -f -c %T "$top")"
	# shellcheck disable=SC2016 # dpkg's own variables
	dpkg-query -W -f '${Package} ${Version}\n' runit s6 supervisor ruby-serverengine ruby \
	    2>/dev/null || :
}

[ $# -gt 0 ] || set -- kill thousand idle beat crash orphan size
for wanted in "$@"; do
	case $wanted in
	kill | thousand | idle | beat | crash | orphan | size) ;;
	*)
		printf 'run.sh: %s: no such scenario\n' "$wanted" >&2
		exit 100
		;;
	esac
done
facts
for wanted in "$@"; do
	"bench_$wanted"
done
