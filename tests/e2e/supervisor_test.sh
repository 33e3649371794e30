# se-supervise with supervisor: true: a process above the server, live restarts, and what a dead server leaves.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/starter.subr"

LOAD=$BUILD/bench/load

# above ARG...: a supervisor whose workers say "up PID"; up when they all are
above()
{
	rm -f ctl
	"$SE" --supervisor --control-path=ctl --log=log --log-level=trace --server-process-name=srv "$@" >out 2>err &
	PID=$!
	eventually has log 'DEBUG -- : Server 1 \(pid [0-9]+\) is up$'
}
# servers: pids of the supervisor's servers, oldest first; workers PID: of a server
servers() { children "$PID" srv; }
workers() { children "$1" "${2:-.*}"; }
children()
{
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$1" -v name="^\\\\($2\\\\)$" '
		{ comm = $0; sub(/^[0-9]+ /, "", comm); sub(/ [A-Za-z] .*/, "", comm); line = $0; sub(/.*\) /, "", line); split(line, f, " ")
		if (f[2] == p && f[1] != "Z" && comm ~ name) print $1 }' | sort -n
}
# one_server OLD: there is one, in $SERVER, and it is not OLD; by one look: they change meanwhile
one_server()
{
	SERVER=$(servers)
	[ "$(printf '%s\n' "$SERVER" | grep -c .)" = 1 ] && [ "$SERVER" != "$1" ]
}
# up_again OLD N: another server than OLD is the only one, with N workers
up_again() { one_server "$1" && "$SE" --control-path=ctl --status | grep -q "^pid $SERVER .* $2 up "; }
all_gone() { for _p in "$@"; do gone "$_p" || return 1; done; }

# ---- the tree ----

atf_test_case tree
tree_body()
{
	above --pid-path=pid --workers=3 -- "$W" say=up hang
	[ "$(cat pid)" = "$PID" ] || fail "$(cat pid)"
	server=$(servers)
	[ "$(workers "$server" | wc -l)" = 3 ] || fail "$(cat log)"
	[ "$(supervisor_pid)" = "$server" ] || fail "$($SE --control-path=ctl --status)"
	[ -n "$(children "$PID" se-logrotate)" ] && [ -z "$(children "$server" se-logrotate)" ] || fail 'whose is the logger?'
	eventually lines log '^up [0-9]+$' 3
	finish
	[ ! -e pid ] && [ ! -e ctl ] || fail "$(ls)"
	all_gone "$server" || fail 'the server is left'
}

# Somebody else's words about servers mean nothing, and go no further.
atf_test_case not_fooled
not_fooled_body()
{
	export SE_SERVER='1 1024 1024' SE_LISTEN='80=3'
	above -- sh -c 'env >w; exec sleep 1000'
	! has w '^SE_(SERVER|LISTEN)=' || fail "$(cat w)"
	finish
	supervise -- "$W" say=up hang
	eventually has log '^up'
	finish
}

# ---- what ends a server ----

# replaced: the server is another one, and nothing of the old one lives
replaced()
{
	eventually up_again "$1" "$2"
	shift 2
	eventually all_gone "$@"
}

atf_test_case killed
killed_body()
{
	above --workers=4 -- "$W" say=up stray=TERM hang
	eventually lines log '^stray ' 4
	old=$(servers)
	# shellcheck disable=SC2046 # words
	set -- $(sed -n 's/^up //p; s/^stray //p' log)
	[ $# = 8 ] || fail "$*"
	kill -KILL "$old"
	replaced "$old" 4 "$@"
	eventually has log 'ERROR -- : Server 1 finished unexpectedly with signal SIGKILL$'
	eventually lines log '^up ' 8
	finish
}

# Before it has been up too: a worker that never comes up is no reason to end with the server.
atf_test_case killed_early
killed_early_body()
{
	"$SE" --supervisor --log=log --server-process-name=srv -- "$W" say=up sleep=300 exit=1 >out 2>err &
	PID=$!
	eventually has log '^up'
	kill -KILL "$(servers | head -n 1)"
	eventually has log 'Server 2 started'
	finish
}

# Workers that are to drain are not killed with their server, and what they say is not lost.
atf_test_case drained
drained_body()
{
	above --worker-death-signal=TERM -- sh -c 'trap "sleep 1; echo drained; exit 0" TERM; echo up; while :; do sleep 0.1; done'
	old=$(servers)
	kill -KILL "$old"
	eventually has log '^drained$'
	eventually up_again "$old" 1
	finish
}

atf_test_case hangs
hangs_body()
{
	above --server-heartbeat-interval=100ms --server-heartbeat-timeout=1s --server-immediate-kill-interval=300ms \
		--server-immediate-kill-timeout=600ms --workers=2 -- "$W" say=up hang
	old=$(servers)
	# shellcheck disable=SC2046 # words
	set -- $(workers "$old")
	kill -STOP "$old"
	replaced "$old" 2 "$old" "$@"
	eventually has log "WARN -- : Server 1 \\(pid $old\\): sending SIGQUIT: no heartbeat for the whole timeout\$"
	eventually has log 'ERROR -- : Server 1 finished unexpectedly with signal SIGKILL$'
	finish
}

atf_test_case heartbeats_go_on
heartbeats_go_on_body()
{
	above --server-heartbeat-interval=100ms --server-heartbeat-timeout=1s -- "$W" say=up hang
	eventually up_for 3
	eventually lines log 'Server [0-9]+ started' 1
	finish
}

atf_test_case supervisor_killed
supervisor_killed_body()
{
	above --workers=3 -- "$W" say=up hang
	server=$(servers)
	# shellcheck disable=SC2046 # words
	set -- $(workers "$server") "$server" $(children "$PID" se-logrotate)
	[ $# = 5 ] || fail "$*"
	kill -KILL "$PID"
	eventually all_gone "$@"
}

# What workers wrote before the server was killed, and while there was none, is in the log.
atf_test_case no_line_is_lost
no_line_is_lost_body()
{
	above -- sh -c 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo "$$ $i"; done; echo "$$ done"; exec sleep 1000'
	eventually has log ' done$'
	first=$(sed -n 's/ done$//p' log)
	kill -KILL "$(servers)"
	eventually lines log ' done$' 2
	for pid in $first $(sed -n 's/ done$//p' log | tail -n 1); do
		[ "$(grep -c "^$pid [0-9]*$" log)" = 2000 ] || fail "$pid: $(grep -c "^$pid [0-9]*$" log)"
	done
	finish
}

# While there is none, what a signal asks of the server is lost, and the log says so.
atf_test_case no_server
no_server_body()
{
	above --server-restart-wait=1m -- "$W" say=up hang
	while [ -n "$(servers)" ]; do # one that lived for a second is followed at once
		kill -KILL "$(servers)"
		sleep 0.3
	done
	kill -USR2 "$PID"
	kill -TTIN "$PID"
	eventually lines log 'WARN -- : Passed on to nobody: no server runs now$' 2
	finish
}

# A pipe that the supervisor cannot take: the worker whose it is ends at its next line, and the next one is well.
atf_test_case pipe_not_taken
pipe_not_taken_body()
{
	hard=$(ulimit -Hn)
	above --restart-backoff=100ms --restart-backoff-max=100ms -- "$W" say=up sleep=300 say=again hang
	eventually lines log '^again ' 1
	prlimit --pid "$PID" --nofile=4:"$hard"
	kill -9 "$(workers "$(servers)")"
	eventually has log 'ERROR -- : Worker 0 \(pid [0-9]+\): its output cannot be taken: (Too many open files|No file descriptors available)$'
	prlimit --pid "$PID" --nofile="$hard:$hard"
	eventually lines log '^again ' 2
	eventually has log 'Worker 0 exited unexpectedly with signal SIGPIPE$'
	finish
}

# ---- the end ----

atf_test_case stops
stops_body()
{
	for how in 'kill -TERM' 'kill -QUIT' '--stop' '--stop-now'; do
		rm -f log
		above --workers=2 -- "$W" say=up hang
		server=$(servers)
		case $how in
		kill*) $how "$PID" ;;
		*) atf_check "$SE" --control-path=ctl "$how" ;;
		esac
		ends "$PID" 0
		gone "$server" || fail "$how: the server is left"
		eventually has log 'INFO -- : Server 1 finished with status 0$'
		! has log 'ERROR|WARN' || fail "$how: $(cat log)"
	done
}

# Statuses that end the whole come through.
atf_test_case statuses
statuses_body()
{
	for args in '--unrecoverable-exit-codes=7 --' '--unrecoverable-exit-codes=7 --stop-immediately-at-unrecoverable-exit --' '--restart-limit=1/1m --restart-backoff=100ms --'; do
		rm -f log
		# shellcheck disable=SC2086 # words
		"$SE" --supervisor --log=log $args sh -c 'sleep 1.5; exit 7' >out 2>err &
		PID=$!
		ends "$PID" 7
		eventually lines log 'Server [0-9]+ started' 1
	done
}

# And are no failed start, however soon.
atf_test_case statuses_early
statuses_early_body()
{
	"$SE" --supervisor --log=log --unrecoverable-exit-codes=7 -- sh -c 'exit 7' >out 2>err &
	PID=$!
	ends "$PID" 7
	! has log 'FATAL' && [ ! -s err ] || fail "$(cat err log)"
	eventually lines log 'Server [0-9]+ started' 1
}

atf_test_case failed_start
failed_start_body()
{
	for args in '' '--daemonize'; do
		# shellcheck disable=SC2086 # words
		"$SE" --supervisor --log=log --pid-path="$PWD/pid" $args -- /does/not/exist >out 2>err && fail 'started'
		rc=$?
		[ $rc = 127 ] || { [ -n "$args" ] && [ $rc = 1 ]; } || fail "$args: $rc"
		has err '^se-supervise: start: /does/not/exist: No such file or directory$' || fail "$args: $(cat err log)"
		[ ! -e pid ] || fail 'the pid file is left'
	done
}

atf_test_case daemon
daemon_body()
{
	"$SE" --supervisor --daemonize --log="$PWD/log" --log-level=trace --pid-path="$PWD/pid" --control-path="$PWD/ctl" -- "$W" say=up hang >out 2>err ||
		fail "$(cat err)"
	PID=$(cat pid)
	eventually has log 'Server 1 \(pid [0-9]+\) is up$'
	atf_check "$SE" --pid-path="$PWD/pid" --stop
	eventually gone "$PID"
}

# ---- commands ----

atf_test_case commands
commands_body()
{
	printf '%s\n' "command: [$W, say=up, hang]" 'workers: 2' >c.yml
	above -c c.yml
	server=$(servers)
	for sig in USR1 HUP; do
		n=$(grep -c '^up ' log)
		kill -$sig "$PID"
		eventually more_up $((n + 2))
	done
	atf_check "$SE" --control-path=ctl --restart
	eventually more_up 8
	[ "$(servers)" = "$server" ] || fail 'another server'
	sed -i 's/workers: 2/workers: 3/' c.yml
	kill -USR2 "$PID"
	eventually has_workers "$server" 3
	kill -TTIN "$PID"
	eventually has_workers "$server" 4
	atf_check "$SE" --control-path=ctl --scale=1
	eventually has_workers "$server" 1
	echo 'worker: x' >>c.yml
	"$SE" --control-path=ctl --reload 2>err && fail 'a wrong configuration is taken'
	eventually has log "ERROR -- : Configuration not reloaded: c.yml:3: worker: "
	finish
}
more_up() { [ "$(grep -c '^up ' log)" -ge "$1" ]; }
has_workers() { [ "$(workers "$1" | wc -l)" = "$2" ]; }

# signal_ keys are for the supervisor: what it sends to the server is heeded, whatever they are and were.
atf_test_case own_signals
own_signals_body()
{
	cat >c.yml <<-END
		command: [$W, leave=TERM:15, leave=QUIT:3, say=up, hang]
		signal_graceful_stop: 40
		signal_immediate_stop: TERM
		signal_graceful_restart: 41
		signal_immediate_restart: 42
		signal_reload: 43
	END
	above -c c.yml
	kill -41 "$PID"
	eventually more_up 2
	kill -42 "$PID"
	eventually more_up 3
	sed -i 's/: 43$/: 44/' c.yml
	kill -INT "$PID"
	eventually has log 'Server 2 .* is up$'
	echo 'workers: 2' >>c.yml
	kill -43 "$PID"
	eventually has_workers "$(servers)" 2
	kill -40 "$PID"
	ends "$PID" 0
	[ "$(sed -n 's/.*Worker 0 finished with //p' log | tr '\n' ' ')" = 'status 15 status 3 status 15 status 15 ' ] || fail "$(cat log)"
}

atf_test_case restart_server_process
restart_server_process_body()
{
	above --restart-server-process --workers=2 -- "$W" say=up hang
	old=$(servers)
	kill -USR1 "$PID"
	eventually up_again "$old" 2
	old=$(servers)
	atf_check "$SE" --control-path=ctl --restart-now
	eventually up_again "$old" 2
	! has log 'unexpectedly' || fail "$(cat log)"
	finish
}

# ---- live restart ----

# With shared sockets nobody is refused, whatever is replaced.
atf_test_case live_restart
live_restart_body()
{
	above --workers=4 --listen=127.0.0.1:0 -- sh -c 'echo "$SERVER_STARTER_PORT" >ports; exec "$0" say=up' "$WEB"
	at=$(sed 's/=.*//' ports)
	for kind in '' close; do
		"$LOAD" "$at" rate=1000 connections=8 seconds=200 $kind >load &
		load=$!
		for _ in 1 2 3 4 5; do
			old=$(servers)
			n=$(grep -c '^up$' log)
			kill -USR1 "$PID"
			eventually more_lines '^up$' $((n + 4))
			kill -INT "$PID"
			eventually up_again "$old" 4
		done
		kill -INT $load
		wait $load || fail "$(cat load)"
		has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	done
	eventually has log 'Server 11 \(pid [0-9]+\) is up$'
	finish
}
more_lines() { [ "$(grep -c "$1" log)" -ge "$2" ]; }

# Several at once: old ones end in their own time, and logs of all arrive.
atf_test_case several
several_body()
{
	above --listen=127.0.0.1:0 -- "$W" say=up drain=TERM:5000 hang
	for n in 2 3 4; do
		kill -INT "$PID"
		eventually has log "Server $n \\(pid [0-9]+\\) is up\$"
		# the first one's time is not over when the third is up: more than a second is left
		[ $n != 3 ] || [ "$(servers | wc -l)" = 3 ] || fail "$(cat log)"
	done
	eventually one_server x
	eventually lines log 'Server [123] finished with status 0$' 3
	eventually lines log 'Worker 0 finished with status 0$' 3
	finish
}

# Without them: the old one is told to go, and the new one comes when it is gone or its time is over.
atf_test_case without_sockets
without_sockets_body()
{
	above --server-detach-wait=1s -- "$W" say=up drain=TERM:3000 hang
	atf_check "$SE" --control-path=ctl --detach
	eventually has log 'Server 2 started'
	[ "$(servers | wc -l)" = 2 ] || fail "$(cat log)"
	lasted 0.9 2.9 "$(gap log 'Server 1 .* is detached' 'Server 2 started')" 'the wait'
	eventually one_server x
	finish
	rm log
	above --server-detach-wait=60s -- "$W" say=up hang
	kill -INT "$PID"
	eventually has log 'Server 2 started'
	lasted 0 20 "$(gap log 'Server 1 .* is detached' 'Server 2 started')" 'the wait for one that has ended'
	finish
}

atf_test_case disabled
disabled_body()
{
	above --enable-detach=false -- "$W" say=up hang
	kill -INT "$PID"
	ends "$PID" 0
}

# A new server that does not come up changes nothing.
atf_test_case fails
fails_body()
{
	printf '%s\n' "command: [$W, say=up, hang]" 'listen: 127.0.0.1:0' >c.yml
	above -c c.yml
	old=$(servers)
	echo 'nonsense: 1' >>c.yml
	kill -INT "$PID"
	eventually has log 'ERROR -- : Live restart failed: server 2 did not come up: the old one goes on$'
	[ "$(servers)" = "$old" ] || fail "$(cat log)"
	sed -i /nonsense/d c.yml
	kill -INT "$PID"
	eventually up_again "$old" 1
	finish
}

# The new one is from the program's path: another file that lies there, and ours if none does.
atf_test_case new_version
new_version_body()
{
	cp "$BUILD/sebox" se-supervise
	SE=$PWD/se-supervise
	above --listen=127.0.0.1:0 -- "$W" say=up hang
	SE=$BUILD/se-supervise
	cp se-supervise new
	mv new se-supervise
	old=$(servers)
	kill -INT "$PID"
	eventually up_again "$old" 1
	[ "$(stat -Lc %i "/proc/$(servers)/exe")" = "$(stat -c %i se-supervise)" ] || fail 'the old file'
	rm se-supervise
	old=$(servers)
	kill -INT "$PID"
	eventually up_again "$old" 1
	eventually has log 'WARN -- : .*/se-supervise: No such file or directory: starting the server from our own file$'
	finish
}

# The file is the new server's, whose workers stay, and not of the old one's last moments.
atf_test_case metrics
metrics_body()
{
	above --listen=127.0.0.1:0 --metrics-path=metrics --workers=2 -- "$W" say=up hang
	for n in 1 2 3; do
		kill -INT "$PID"
		eventually has log "Server $n finished with status 0\$"
		eventually has metrics '^se_supervise_workers_up 2$'
	done
	finish
}

# What is passed on to a server that is only just being executed waits for it.
atf_test_case early_signals
early_signals_body()
{
	cp "$BUILD/sebox" se-supervise
	SE=$PWD/se-supervise
	above -- "$W" say=up hang
	printf '%s\n' '#!/bin/sh' '>begun' 'read -r _ <go' "exec '$BUILD/se-supervise' \"\$@\"" >new
	chmod +x new
	mkfifo go
	mv new se-supervise
	kill -KILL "$(servers)"
	eventually test -e begun
	for sig in USR1 HUP USR2; do
		kill -$sig "$PID"
	done
	eventually has log 'Received reload .SIGUSR2'
	echo >go
	eventually has log 'Server 2 .* is up$'
	! has log 'Server 2 finished' || fail "$(cat log)"
	finish
}

# The supervisor leaves; the old server ends in its time, and what its workers say is not lost.
atf_test_case exit_on_detach
exit_on_detach_body()
{
	above --exit-on-detach --server-detach-wait=500ms --pid-path=pid -- \
		sh -c 'trap "sleep 3; echo the last word; exit 0" TERM; echo up; while :; do sleep 0.1; done'
	server=$(servers)
	kill -INT "$PID"
	ends "$PID" 0
	[ ! -e pid ] && [ ! -e ctl ] || fail "$(ls)"
	! gone "$server" || fail "$(cat log)"
	eventually gone "$server"
	eventually has log '^the last word$'
	eventually has log 'Worker 0 finished with status 0$'
}

# What is told of workers is the server's.
atf_test_case metrics
metrics_body()
{
	above --metrics-path=metrics --workers=2 -- "$W" say=up hang
	eventually has metrics '^se_supervise_workers_up 2$'
	kill -KILL "$(worker_pid 1)"
	eventually has metrics '^se_supervise_restarts_total 1$'
	[ "$(grep -c '^se_supervise_worker_ready{' metrics)" = 2 ] || fail "$(cat metrics)"
	finish
}

# The socket manager is the supervisor's: its sockets stay, whichever server's workers ask for them.
atf_test_case socket_manager
socket_manager_body()
{
	port=$("$BUILD/helpers/httpd" port)
	above --socket-manager=true --workers=2 --server-detach-wait=0s -- "$SE" --get-socket="127.0.0.1:$port" -- "$WEB" say=up
	eventually more_lines '^up$' 2
	"$LOAD" "127.0.0.1:$port" rate=500 connections=4 seconds=100 close >load &
	load=$!
	for n in 2 3; do
		old=$(servers)
		kill -INT "$PID"
		eventually up_again "$old" 2
	done
	kill -KILL "$(servers)"
	eventually has log 'Server 4 \(pid [0-9]+\) is up$'
	kill -INT $load
	wait $load || has load ' refused=0 ' || fail "$(cat load)" # the killed one's connections are broken off
	finish
}

# Hooks are each server's.
atf_test_case hooks
hooks_body()
{
	printf '#!/bin/sh\necho "$SE_EVENT" >>said\n' >hook
	chmod 755 hook
	above --before-run="$PWD/hook" --after-run="$PWD/hook" --worker-after-start="$PWD/hook" --listen=127.0.0.1:0 -- "$W" say=up hang
	old=$(servers)
	kill -INT "$PID"
	eventually up_again "$old" 1
	finish
	for event in before_run after_run worker_after_start; do
		lines said "^$event\$" 2 || fail "$(cat said)"
	done
}

# ---- as PID 1 ----

atf_test_case pid1
pid1_body()
{
	unshare --pid --fork --mount-proc true 2>/dev/null || atf_skip 'no pid namespace can be made'
	unshare --pid --fork --kill-child --mount-proc "$SE" --supervisor --control-path=ctl --log=log --log-level=trace --workers=2 -- \
		"$W" say=up stray=TERM hang >out 2>err &
	PID=$!
	eventually has log 'Server 1 \(pid [0-9]+\) is up$'
	atf_check "$SE" --control-path=ctl --stop
	ends "$PID" 0
	eventually has log 'Server 1 finished with status 0$'
}

# pss PID...: what they take together, in KiB
pss()
{
	for p; do
		awk '/^Pss:/ { print $2 }' "/proc/$p/smaps_rollup"
	done | awk '{ s += $1 } END { print s }'
}
at_most() { _most=$1; shift; [ "$(pss "$@")" -le "$_most" ]; }

# What a start, a restart and lines have needed goes back.
atf_test_case small
small_body()
{
	[ -r /proc/self/smaps_rollup ] || atf_skip "no smaps_rollup"
	supervise --supervisor --log-rotate-age=0 --workers=4 -- sh -c 'seq 100000; exec sleep 1000'
	eventually lines log '^100000$' 4
	eventually at_most 150 "$PID"
	eventually at_most 150 "$(logger_of "$PID")"
	finish
	rm -f log
	supervise --log-rotate-age=0 --workers=4 -- sh -c 'seq 100000; exec sleep 1000'
	eventually lines log '^100000$' 4
	eventually at_most 200 "$PID" "$(logger_of "$PID")"
	kill -USR1 "$PID"
	eventually lines log '^100000$' 8
	eventually at_most 200 "$PID" "$(logger_of "$PID")"
	finish
}

atf_init_test_cases()
{
	atf_add_test_case small
	for c in tree not_fooled killed killed_early drained hangs heartbeats_go_on supervisor_killed no_server pipe_not_taken no_line_is_lost stops \
		statuses statuses_early failed_start daemon commands own_signals restart_server_process live_restart several \
		without_sockets disabled fails new_version metrics early_signals exit_on_detach metrics socket_manager hooks pid1; do
		atf_add_test_case $c
	done
}
