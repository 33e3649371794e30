#!/bin/sh
# copytruncate.sh - what a log loses while it is rotated under a program that cannot reopen it.
#
#     sh tests/bench/copytruncate.sh BUILD_DIR [DIRECTORY...]
#
# In each directory (default: /var/tmp; what counts is its file system) a program appends 180,000
# numbered lines of 100 bytes a second (numbered.c), while its file is rotated 40 times, by
# se-logrotate --rotate --copytruncate and by Debian's logrotate with copytruncate. Then the lines
# are counted: how many are lost, how many pieces of lines there are, how many lines are there twice,
# how many lines of blanks are there, and what a rotation took on the average, with the start of the
# command. RATE and ROTATIONS in the environment change these. It prints numbers and asserts nothing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
build=$(CDPATH='' cd -- "$1" && pwd)
shift
rate=${RATE:-180000}
rotations=${ROTATIONS:-40}
top=
writing=

clean() {
	[ -z "$writing" ] || {
		kill "$writing" 2>/dev/null || :
		wait "$writing" || :
	}
	[ -z "$top" ] || rm -rf "$top"
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

now() { date +%s%N; }

sebox_here() { [ -x "$build/se-logrotate" ]; }
sebox_rotate() { "$build/se-logrotate" --rotate --copytruncate --age="$((rotations + 2))" "$top/log"; }

logrotate_here() { command -v logrotate >/dev/null; }
logrotate_rotate() {
	[ -f "$top/conf" ] || printf '%s {\n\tcopytruncate\n\trotate %s\n\tnocompress\n\tnodateext\n}\n' \
	    "$top/log" "$((rotations + 1))" >"$top/conf"
	logrotate --force --state "$top/state" "$top/conf"
}

# one PEER DIRECTORY: a row.
one() {
	top=$(mktemp -d "$2/sebox-copytruncate.XXXXXX")
	"$build/bench/numbered" write "$top/log" "$rate" >"$top/written" &
	writing=$!
	failed=0 took=0 i=0
	while [ "$i" -lt "$rotations" ]; do
		sleep 0.2
		began=$(now)
		"$1_rotate" >>"$top/output" 2>&1 || failed=$((failed + 1))
		took=$((took + $(now) - began))
		i=$((i + 1))
	done
	kill "$writing"
	wait "$writing" || :
	writing=
	lines=$(cat "$top/written")
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$(stat -f -c %T "$2")" "$lines" \
	    "$("$build/bench/numbered" count "$lines" "$top"/log*)" \
	    "$((took / rotations / 1000))" "$([ "$failed" = 0 ] || echo "$failed rotations failed")"
	[ "$failed" = 0 ] || tail -n 3 "$top/output" >&2
	rm -rf "$top"
	top=
}

[ $# -gt 0 ] || set -- /var/tmp
uname -srm
printf '%s rotations, %s lines of 100 bytes a second, load %s\n' "$rotations" "$rate" \
    "$(cut -d ' ' -f 1-3 /proc/loadavg)"
for dir in "$@"; do
	for peer in sebox logrotate; do
		if "${peer}_here"; then
			one "$peer" "$dir"
		else
			printf '%s\t-\t-\t-\t-\t-\t-\t-\tnot installed\n' "$peer"
		fi
	done
done | awk -v heads="by|file system|written|lost|pieces|twice|blank|us each|" -f "$here/table.awk"
