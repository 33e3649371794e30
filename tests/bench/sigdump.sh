#!/bin/sh
# sigdump.sh - the figures of the README for se-sigdump: it beside eu-stack of elfutils and gdb.
#
#     sh tests/bench/sigdump.sh BUILD_DIR [THREADS...]
#
# For a program of 8 and of 500 threads (threads.c, built with the host's libc), of which one is busy: the
# longest time that this one did not run during a dump, as it saw it itself, the median and the greatest of
# 15 dumps; how long a dump takes and its largest memory, medians. "nothing" is the same time without a dump:
# what the machine does by itself, which is as much as what others do to it. "own" is how long the thread that
# was stopped longest was stopped, by the report of se-sigdump itself. DUMPS is how many (15), PEERS="ours eu-stack gdb" picks whom.
# It prints numbers and asserts nothing; they are of one machine, so compare only within one table.
set -eu

[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$(CDPATH='' cd -- "$1" && pwd)
shift
dumps=${DUMPS:-15}
peers=${PEERS:-nothing ours eu-stack gdb}
top=$(mktemp -d)
pid=
clean() {
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
	rm -rf "$top"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cc -std=c11 -D_GNU_SOURCE -O2 -o "$top/threads" "$here/threads.c" -lpthread
mkfifo "$top/ask" "$top/answer"

dump() {
	case $1 in
	nothing) sleep 0.2 ;;
	ours) "$build/se-sigdump" --output=- "$pid" ;;
	eu-stack) eu-stack -n 0 -p "$pid" ;;
	gdb) gdb -q -batch -nx -p "$pid" -ex 'thread apply all backtrace' ;;
	esac >"$top/out" 2>/dev/null || :
}

# the middle and the last of the numbers on stdin
middle() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[NR] }'; }

printf '%-10s %8s %16s %16s %16s %16s %10s %10s\n' peer threads 'held ms median' 'held ms max' 'own ms median' \
	'own ms max' 'wall ms' 'RSS KiB'
for threads in "${@:-8 500}"; do
	for count in $threads; do
		"$top/threads" "$count" <"$top/ask" >"$top/answer" &
		pid=$!
		exec 7>"$top/ask" 8<"$top/answer"
		read -r _ <&8
		for peer in $peers; do
			[ "$peer" = nothing ] || [ "$peer" = ours ] || command -v "$peer" >/dev/null || continue
			: >"$top/held"
			: >"$top/wall"
			: >"$top/rss"
			: >"$top/own"
			i=0
			while [ $i -lt "$dumps" ]; do
				i=$((i + 1))
				echo >&7
				read -r _ <&8
				before=$(date +%s%N)
				dump "$peer"
				echo $((($(date +%s%N) - before) / 1000)) >>"$top/wall"
				echo >&7
				read -r us <&8
				echo "$us" >>"$top/held"
				sed -n 's/^End of .* max-held \([0-9.]*\) ms$/\1/p' "$top/out" >>"$top/own"
			done
			[ "$peer" = nothing ] || for i in 1 2 3; do
				case $peer in
				ours) set -- "$build/se-sigdump" --output=- "$pid" ;;
				eu-stack) set -- eu-stack -n 0 -p "$pid" ;;
				gdb) set -- gdb -q -batch -nx -p "$pid" -ex 'thread apply all backtrace' ;;
				esac
				"$build/bench/peak" "$@" 2>"$top/err" >"$top/out" || :
				tail -n 1 "$top/err" >>"$top/rss"
			done
			[ -s "$top/own" ] || echo - >"$top/own"
			{ middle <"$top/held"; middle <"$top/own"; middle <"$top/wall"; middle <"$top/rss"; } | tr '\n' ' ' |
				awk -v peer="$peer" -v n="$count" '{ printf "%-10s %8d %16.3f %16.3f %16s %16s %10.1f %10s\n", peer, n, $1 / 1000, $2 / 1000, $3, $4, $5 / 1000, $7 }'
		done
		kill -9 "$pid"
		wait "$pid" 2>/dev/null || :
		exec 7>&- 8<&-
		pid=
	done
done
