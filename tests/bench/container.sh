#!/bin/sh
# container.sh - the figures of the README for PID 1 of a container of runc. Needs root.
#
#     sh tests/bench/container.sh BUILD_DIR
#
# first: from the exec of PID 1 to main() of its (first) worker, which is static and small: the worker as PID 1
# itself, behind tini-static, and behind se-supervise; medians of RUNS (200) containers each, in turn.
# memory: PSS of all processes of the container but the workers, SETTLE (2) seconds after the start: of tini-static
# with one worker that sleeps, and of se-supervise with four; logging: with the log in a file (then there is a logger).
# It prints numbers and asserts nothing; they are of one machine, so compare only within one run.
set -eu

[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
build=$(CDPATH='' cd -- "$1" && pwd)
runs=${RUNS:-200}
top=$(mktemp -d)
id=se-bench-$$
pid=
clean() {
	[ -z "$pid" ] || runc --root "$top/state" delete -f $id 2>/dev/null || :
	rm -rf "$top"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

root=$top/bundle/rootfs
mkdir -p "$root"
cp "$build/sebox" "$root/se-supervise"
cp "$build/bench/first" "$build/helpers/worker" "$root/"
cp "$(command -v tini-static)" "$root/tini"
cd "$top"
runc spec -b bundle
sed -i 's/"terminal": true/"terminal": false/' bundle/config.json
cp bundle/config.json spec

# bundle COMMAND...: what the container runs
bundle() {
	words=
	for word; do words="$words${words:+, }\"$word\""; done
	sed 's|^\([[:blank:]]*\)"sh"$|\1'"$words"'|' spec >bundle/config.json
}

middle() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[int(NR * 0.95 + 0.5)] }'; }

first() {
	n=0
	while [ $n -lt "$runs" ]; do
		n=$((n + 1))
		for peer in itself tini se-supervise; do
			case $peer in
			itself) bundle /first init /first worker ;;
			tini) bundle /first init /tini -- /first worker ;;
			se-supervise) bundle /first init /se-supervise --unrecoverable-exit-codes=9 --log-level=fatal -- /first worker ;;
			esac
			runc --root "$top/state" run -b bundle $id </dev/null >>"$peer.us" 2>"$peer.err" || [ $? = 9 ] || cat "$peer.err" >&2
		done
	done
	printf '%-14s %12s %12s %10s\n' 'PID 1' 'median us' '95th us' 'of tini'
	tini=$(middle <tini.us)
	for peer in itself tini se-supervise; do
		# shellcheck disable=SC2046 # two numbers
		printf '%-14s %12s %12s %10s\n' $peer $(middle <$peer.us) \
			"$(echo "$(middle <$peer.us) $tini" | awk '{ printf "%.2f", $1 / $3 }')"
	done
}

memory() {
	for peer in tini se-supervise logging; do
		case $peer in
		tini) bundle /tini -- /worker hang ;;
		se-supervise) bundle /se-supervise --workers=4 -- /worker hang ;;
		logging) bundle /se-supervise --workers=4 --log=/dev/shm/log -- /worker hang ;;
		esac
		runc --root "$top/state" run -d -b bundle $id </dev/null >memory.out 2>&1
		pid=$(runc --root "$top/state" state $id | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
		sleep "${SETTLE:-2}"
		for p in $(runc --root "$top/state" ps -f json $id | tr -d '[]' | tr , ' '); do
			[ "$(cat "/proc/$p/comm")" = worker ] || cat "/proc/$p/smaps_rollup"
		done | awk -v peer=$peer '/^Pss:/ { all += $2; n++ } /^Pss_Anon:/ { own += $2 } END {
			printf "%-14s %4d KiB PSS, %d without the pages of its file, in %d processes\n", peer, all, own, n }'
		runc --root "$top/state" delete -f $id
		pid=
	done
}

first
memory
