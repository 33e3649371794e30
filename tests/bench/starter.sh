#!/bin/sh
# starter.sh - the figures of the README for se-starter: it beside Perl's start_server and the Ruby
# gem server-starter (start_server.rb).
#
#     sh tests/bench/starter.sh BUILD_DIR [SCENARIO...]
#
# steady    2,000 requests a second on 32 connections, kept and new ones, HUP every 2.5 s: requests
#           that were not answered
# boot      the same where the program needs 2 s before it accepts: the time of a request without
#           and with the restarts. se-starter waits with --ready=notify until it is told; the others
#           have only their interval of 1 s
# killed    kill -9 of a worker 100 ms after its first answer -> the next one answers
# hup       HUP -> the new generation answers; fork+exec is the same program without a superdaemon
# memory    of the superdaemon, after a restart
#
# The program is httpd.c; in steady an answer takes it 5 ms, so that there are open requests at each
# moment. SECONDS_EACH is how long a load lasts (30), ROUNDS how often is measured in killed (7) and
# hup (20). STARTER is the program to measure (BUILD_DIR/se-starter). PEERS="ours perl" picks whom.
# It prints numbers and asserts nothing; they are of one machine, so compare only within one table.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
build=$(CDPATH='' cd -- "$1" && pwd)
shift
bench=$build/bench
ours=${STARTER:-$build/se-starter}
seconds=${SECONDS_EACH:-30}
peers=${PEERS:-ours perl ruby}
[ -n "${TMPDIR:-}" ] || { [ -w /dev/shm ] && TMPDIR=/dev/shm; } || TMPDIR=/tmp
top=$(mktemp -d "$TMPDIR/sebox-bench.XXXXXX")
super='' loading=''

# The superdaemon ends its workers.
end() {
	[ -z "$super" ] || {
		kill -TERM "$super" 2>/dev/null || :
		wait "$super" 2>/dev/null || :
	}
	super=
}

clean() {
	[ -z "$loading" ] || {
		kill "$loading" 2>/dev/null || :
		wait "$loading" || :
	}
	end
	rm -rf "$top"
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

# command_of PEER: sets $command, empty where it is not installed.
command_of() {
	case $1 in
	ours) command=$(command -v "$ours" || :) ;;
	perl) command=$(command -v start_server || :) ;;
	ruby) command=$(command -v start_server.rb || :) ;;
	esac
}

# begin PEER [OPTION...] -- [ARG...]: starts it with httpd ARG...; fails unless it answers in 10 s.
begin() {
	command_of "$1"
	shift
	address=127.0.0.1:$("$build/helpers/httpd" port)
	for word in "$@"; do
		shift
		set -- "$@" "$word"
		[ "$word" != -- ] || set -- "$@" "$bench/httpd"
	done
	"$command" --port="$address" "$@" </dev/null >"$top/output" 2>&1 &
	super=$!
	tries=0
	until "$bench/turn" get "$address" >"$top/answer" 2>/dev/null; do
		tries=$((tries + 1))
		if [ "$tries" -gt 200 ] || ! kill -0 "$super" 2>/dev/null; then
			tail -n 5 "$top/output" >&2
			end
			return 1
		fi
		sleep 0.05
	done
}

# settled: only one generation is left, after 30 s at most.
settled() {
	tries=0
	while [ "$(wc -w <"/proc/$super/task/$super/children")" != 1 ]; do
		tries=$((tries + 1))
		[ "$tries" -le 300 ] || return 1
		sleep 0.1
	done
}

# load RESTARTS [OPTION...]: sets $sent, $ok, ... $last, as load prints them.
load() {
	restarts=$1
	shift
	"$bench/load" "$address" rate=2000 connections=32 seconds="$seconds" "$@" >"$top/result" &
	loading=$!
	while sleep 2.5 && kill -0 "$loading" 2>/dev/null; do
		[ "$restarts" = no ] || kill -HUP "$super" || break
	done
	wait "$loading" || :
	loading=
	sent='' ok='' failed='' refused='' reset='' p50='' p99='' max='' first='' last=''
	read -r result <"$top/result"
	eval "$result"
}

# rows CELLS NOTES FUNCTION: a row for each peer; FUNCTION PEER prints its cells, CELLS of them.
rows() {
	for peer in $peers; do
		printf '%s: %s\n' "$scenario" "$peer" >&2
		command_of "$peer"
		note=
		if [ -z "$command" ]; then
			note='not installed'
		elif ! "$2" "$peer" >"$top/cells"; then
			note=failed
		fi
		end
		[ -z "$note" ] || yes - | head -n "$1" | paste -s - >"$top/cells"
		printf '%s\t%s\t%s\n' "$peer" "$(cat "$top/cells")" "$note"
	done
}

# of_perl COLUMN: puts behind that column of $top/rows its ratio to Perl's.
of_perl() {
	awk -F '\t' -v OFS='\t' -v c="$1" '
		NR == FNR { if ($1 == "perl") perl = $c; next }
		{ $c = $c "\t" (perl > 0 && $c ~ /^[0-9.]+$/ ? sprintf("%.3f", $c / perl) : "-"); print }' \
	    "$top/rows" "$top/rows" >"$top/rows.new"
	mv "$top/rows.new" "$top/rows"
}

# table TITLE HEADINGS
table() {
	printf '\n%s\n' "$1"
	awk -v heads="superdaemon|$2" -f "$here/table.awk" "$top/rows"
}

# middle FILE: of the numbers in it, as cells: median, least, greatest, how many
middle() {
	sort -n "$1" | awk -v OFS='\t' '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[1], v[NR], NR }'
}

steady_of() {
	begin "$1" -- delay=5 || return 1
	load yes ${how:+"$how"}
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s' "$sent" "$failed" "$refused" "$reset" \
	    $((last - first + 1)) "$p50" "$p99" "$max"
}

bench_steady() {
	for how in '' close; do
		rows 8 steady_of >"$top/rows"
		of_perl 8
		kind='kept connections'
		[ -z "$how" ] || kind='new connections'
		table "steady: $kind, HUP every 2.5 s for $seconds s; \
us from when a request was due" \
		    "requests|failed|refused|reset|generations|p50|p99|of perl|max|"
	done
}

boot_of() {
	ready=
	[ "$1" != ours ] || ready=--ready=notify
	begin "$1" ${ready:+"$ready"} -- boot=2000 || return 1
	settled || return 1
	load no
	printf '%s\t%s\t' "$p99" "$max"
	[ "$ok" = "$sent" ] || return 1
	load yes
	printf '%s\t%s\t%s\t%s\t%s' "$p99" "$max" "$((failed + refused + reset))" $((last - first + 1)) \
	    "$(awk -v a="$p99" -v b="$(cut -f 1 "$top/cells")" 'BEGIN { print (b > 0 ? sprintf("%.1f", a / b) : "-") }')"
}

bench_boot() {
	rows 7 boot_of >"$top/rows"
	of_perl 4
	table "boot: a program that needs 2 s, HUP every 2.5 s for $seconds s; us from when a request was due" \
	    "p99 undisturbed|max|p99 restarted|of perl|max|not answered|generations|p99/undisturbed|"
}

killed_of() {
	: >"$top/samples"
	for _ in $(seq "${ROUNDS:-7}"); do
		begin "$1" -- || return 1
		sleep 0.1
		"$bench/turn" signal 9 worker "$address" >>"$top/samples" || return 1
		end
	done
	middle "$top/samples"
}

bench_killed() {
	rows 4 killed_of >"$top/rows"
	of_perl 2
	table "killed: kill -9 of a worker 100 ms after its first answer -> the next one answers, ms" \
	    "median|of perl|least|max|runs|"
}

hup_of() {
	begin "$1" -- || return 1
	: >"$top/samples"
	for _ in $(seq "${ROUNDS:-20}"); do
		settled && "$bench/turn" signal 1 "$super" "$address" >>"$top/samples" || return 1
	done
	middle "$top/samples"
}

bench_hup() {
	for _ in $(seq "${ROUNDS:-20}"); do
		"$bench/turn" start "$bench/httpd"
	done >"$top/floor"
	{
		printf 'fork+exec\t%s\t\n' "$(middle "$top/floor")"
		rows 4 hup_of
	} >"$top/rows"
	of_perl 2
	table "hup: HUP -> the new generation answers, ms" "median|of perl|least|max|runs|"
}

memory_of() {
	begin "$1" -- || return 1
	"$bench/turn" signal 1 "$super" "$address" >"$top/ms" && settled || return 1
	awk -v OFS='\t' '$1 == "Rss:" { rss = $2 } $1 == "Pss:" { pss = $2 } END { print rss, pss }' \
	    "/proc/$super/smaps_rollup"
}

bench_memory() {
	rows 2 memory_of >"$top/rows"
	of_perl 3
	table "memory: of the superdaemon, KiB" "RSS|PSS|of perl|"
}

facts() {
	uname -srm
	sed -n 's/^model name.*: //p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\)/\1 x/'
	printf 'load %s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)"
	# shellcheck disable=SC2016 # dpkg's own variables
	dpkg-query -W -f '${Package} ${Version}\n' libserver-starter-perl perl 2>/dev/null || :
}

[ $# -gt 0 ] || set -- steady boot killed hup memory
for scenario in "$@"; do
	case $scenario in
	steady | boot | killed | hup | memory) ;;
	*)
		printf 'starter.sh: %s: no such scenario\n' "$scenario" >&2
		exit 100
		;;
	esac
done
for peer in $peers; do
	case $peer in
	ours | perl | ruby) ;;
	*)
		printf 'starter.sh: %s: no such peer\n' "$peer" >&2
		exit 100
		;;
	esac
done
facts
for scenario in "$@"; do
	"bench_$scenario"
done
