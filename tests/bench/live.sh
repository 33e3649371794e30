#!/bin/sh
# live.sh - the figures of the README for servers that are replaced, and for many workers.
#
#     sh tests/bench/live.sh BUILD_DIR [restarts|memory|orphans|workers|many]...
#
# restarts: requests that fail, of 2000 a second on 16 connections (kept, or new for each request),
# while all workers are restarted ten times (USR1), while the server is replaced ten times (INT), and
# while supervisor and server are upgraded ten times, between two versions (--upgrade).
# memory: PSS of the supervisor, the server and the logger after a live restart; of supervisor and
# logger, and with no log file of the supervisor, with 4 workers that sleep: 3 s after their start,
# and 3 s after they were restarted and had written 10 MB to the log. orphans: 10 workers, kill -9 of the
# server, and of the supervisor: how many of the old ones live a second later, and how many new ones.
# workers: a graceful restart (USR1) of 1000 workers, all defaults and a log file, until the last new
# one is in main(), beside the floor: the same workers started once and ended once by a program that
# does nothing else (once.c), or that keeps them alive (floor.c); and beside ServerEngine, all
# defaults. TURNS (5) of each, medians. CPU of the supervising processes, and with the workers'.
# many: WORKERS (10000, or as many as the limit of open files allows) workers that beat once and
# sleep: until all have beaten, until all are gone, and our memory for each.
# It prints numbers and asserts nothing; they are of one machine, so compare only within one run.
# shellcheck disable=SC2016,SC3045 # inner shells; dash has ulimit -H
set -eu

[ $# -ge 1 ] || {
	sed -n 's/^# *\(sh .*\)/usage: \1/p' "$0" >&2
	exit 100
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$(CDPATH='' cd -- "$1" && pwd)
shift
se=$build/se-supervise program=$se
top=$(mktemp -d)
pid='' load=''
clean() {
	[ -z "$load" ] || { kill "$load" && wait "$load"; } 2>/dev/null || :
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
	rm -rf "$top"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$top"

# up N: worker N's server is up
up() { until grep -q "Server $1 .* is up" log; do sleep 0.02; done; }
kids() { cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$1" '{ line = $0; sub(/.*\) /, "", line); split(line, f, " "); if (f[1] != "Z" && f[2] == p) print $1 }'; }
server() { sed -n 's/.*Server [0-9]* started with pid //p' log | tail -n 1; }
pss() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }
# of the supervisor and the logger that it may have
all_pss() {
	for p in "$pid" $(kids "$pid"); do
		[ "$(cat "/proc/$p/comm")" = sleep ] || pss "$p"
	done | awk '{ s += $1 } END { print s }'
}
starts() { grep -c 'Worker [0-9]* started' log; }
ms() { echo $(($(date +%s%N) / 1000000)); }
begin() {
	rm -f log ctl
	"$program" --supervisor --control-path=ctl --log=log --log-level=trace --log-rotate-age=0 "$@" 2>err &
	pid=$!
	up 1
}
end() {
	kill "$pid"
	wait "$pid" || :
	pid=
}

# place FILE: the program that an upgrade finds
place() {
	cp "$1" new
	mv new bin/sebox
}
# another N: one of the replacements
another() {
	before=$(starts)
	case $how in
	upgrade)
		if [ $(($1 % 2)) = 1 ]; then place "$build/next/sebox"; else place "$build/sebox"; fi
		"$se" --control-path=ctl --upgrade
		return
		;;
	*) kill "-$how" "$pid" ;;
	esac
	until [ "$(starts)" -ge $((before + 4)) ]; do sleep 0.02; done
	[ "$how" = USR1 ] || up $(($1 + 1))
}

restarts() {
	mkdir bin
	ln -s sebox bin/se-supervise
	place "$build/sebox"
	program=$top/bin/se-supervise
	for kind in '' close; do
		for how in USR1 INT upgrade; do
			begin --workers=4 --listen=127.0.0.1:0 -- sh -c 'echo "$SERVER_STARTER_PORT" >ports; exec "$0"' "$build/bench/httpd"
			at=$(sed 's/=.*//' ports)
			# shellcheck disable=SC2086 # a word or none
			"$build/bench/load" "$at" rate=2000 connections=16 seconds=600 $kind >load &
			load=$!
			n=0
			while [ $n -lt 10 ]; do
				n=$((n + 1))
				sleep 1
				another $n
			done
			sleep 1
			kill -INT "$load"
			wait "$load" || :
			load=
			printf '%-7s x 10, %-4s connections: %s\n' "$how" "${kind:+new}${kind:-kept}" "$(cat load)" | sed 's/newclose/new/'
			end
		done
	done
	program=$se
}

memory() {
	begin --workers=4 --listen=127.0.0.1:0 -- "$build/bench/httpd"
	kill -INT "$pid"
	up 2
	sleep 3
	logger=$(kids "$pid" | grep -vx "$(server)" | head -n 1)
	echo "PSS KiB: supervisor $(pss "$pid"), server $(pss "$(server)"), logger $(pss "$logger")"
	end
	for log in log ''; do
		rm -f written
		"$se" --workers=4 ${log:+--log=log --log-rotate-age=0} -- sh -c '[ ! -e written ] || seq 400000; exec sleep 1000' >out 2>&1 &
		pid=$!
		sleep 3
		start=$(all_pss)
		: >written
		kill -USR1 "$pid"
		sleep 3
		until [ "$(wc -c <"${log:-out}")" -ge 10000000 ]; do sleep 0.1; done
		sleep 3
		echo "PSS KiB, 4 workers that sleep, ${log:-no log} file: $start, after a restart and 10 MB $(all_pss)"
		end
	done
}

orphans() {
	for victim in server supervisor; do
		begin --workers=10 -- sleep 1000
		old=$(kids "$(server)")
		case $victim in
		server) kill -9 "$(server)" ;;
		supervisor) kill -9 "$pid" ;;
		esac
		sleep 1
		alive=0
		for w in $old; do [ ! -d "/proc/$w" ] || ! grep -q '^State:.[^Z]' "/proc/$w/status" || alive=$((alive + 1)); done
		new=0
		[ $victim = supervisor ] || new=$(kids "$(server)" | wc -l)
		echo "kill -9 of the $victim, a second later: $alive of 10 old workers, $new new ones"
		[ $victim = supervisor ] || end
	done
	pid=
}

# turn PEER once|USR1 COMMAND...
turn() {
	peer=$1 how=$2
	shift 2
	"$build/bench/restart" "$how" 1000 fifo out "$@" >cells &
	load=$! # it ends what it has started when it is told to end
	if wait "$load"; then
		printf '%s\t%s\n' "$peer" "$(cat cells)" >>samples
	fi
	load=
}

workers() {
	worker=$build/bench/worker note=
	ruby -e 'require "serverengine"' 2>/dev/null || note='not installed'
	printf '%s\t%s\t%s\n' once 'start + stop, no more' '' floor 'start + stop, kept alive' '' \
	    sebox 'se-supervise, USR1' '' spawn 'ServerEngine spawn, USR1' "$note" \
	    process 'ServerEngine process, USR1' "$note" >peers
	: >samples
	n=0
	while [ $n -lt "${TURNS:-5}" ]; do
		n=$((n + 1))
		rm -f log
		turn once once "$build/bench/once" 1000 "$worker" fifo sleep
		turn floor once "$build/bench/floor" 1000 "$worker" fifo sleep
		turn sebox USR1 "$se" --workers=1000 --log=log -- "$worker" fifo sleep
		# the second needs a process of Ruby's for each, and half a minute: once is enough
		[ -n "$note" ] || for type in spawn $([ $n -gt 1 ] || echo process); do
			turn "$type" USR1 ruby "$here/serverengine.rb" "$type" 1000 fifo sleep "$worker" log
		done
	done
	echo "1000 workers, all replaced: time, and CPU in ms"
	awk -f "$here/median.awk" peers samples |
		awk -v heads='|*time|*supervising|*with workers|' -f "$here/table.awk"
}

many() {
	wanted=${WORKERS:-10000} most=$(($(ulimit -Hn) - 200))
	[ "$most" -ge "$wanted" ] || wanted=$most
	rm -f log ctl
	"$se" --control-path=ctl --workers=0 -- sh -c 'printf . >&"$SERVERENGINE_HEARTBEAT_PIPE"; exec sleep 100000' 2>err &
	pid=$!
	until "$se" --control-path=ctl --status >/dev/null 2>&1; do sleep 0.05; done
	none=$(pss "$pid") begun=$(ms)
	"$se" --control-path=ctl --scale="$wanted"
	until [ "$("$se" --control-path=ctl --status=json | grep -c '"heartbeat_age":[0-9]')" -ge "$wanted" ]; do sleep 0.2; done
	beaten=$(ms) all=$(pss "$pid")
	kill "$pid"
	wait "$pid" || :
	pid=
	echo "$wanted workers: started and beaten in $((beaten - begun)) ms, stopped in $(($(ms) - beaten)) ms, $(((all - none) * 1024 / wanted)) bytes of ours each"
}

[ $# -gt 0 ] || set -- restarts memory orphans workers many
for wanted in "$@"; do
	case $wanted in
	restarts | memory | orphans | workers | many) "$wanted" ;;
	*)
		echo "live.sh: $wanted: no such part" >&2
		exit 100
		;;
	esac
done
