# se-supervise: restart_mode: rolling, workers that are replaced in turn.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/starter.subr"

LOAD=$BUILD/bench/load

# roll ARG... -- WORD...: a supervisor that restarts in turn; workers do these words
roll() { supervise --restart-mode=rolling "$@"; }
# ready N: so many workers are
ready() { [ "$($SE --control-path=ctl --status | grep -c ' ready ')" = "$1" ]; }
# pids: of all workers, a line each, with their ids
pids() { $SE --control-path=ctl --status | awk 'NR > 2 { print $1, $2 }'; }
# steps: the log's words on replacements and readiness since the last restart began, as "-0 +0 -1 ..."
steps()
{
	awk '/Rolling restart of/ { text = "" }
		/Worker [0-9]+ is to be replaced/ { text = text "-" $(NF - 4) " " }
		/Worker [0-9]+ is ready/ { text = text "+" $(NF - 2) " " }
		END { print text }' log
}
# most: how many were on their way at the same time at most, by the log
most() { steps | tr ' ' '\n' | awk '/^-/ { if (++n > most) most = n } /^[+]/ { n -= n > 0 } END { print most + 0 }'; }
over() { at_least log 'Rolling restart (done|failed|ended)' "$1"; }
# renewed N: every one of N workers is another process than in file before
renewed()
{
	pids >after
	[ "$(wc -l <after)" = "$1" ] || fail "$(cat after)"
	[ -z "$(sort before after | uniq -d)" ] || fail "$(cat before after)"
}
DONE='INFO -- : Rolling restart done: [0-9]+ workers are new$'

atf_test_case in_turn
in_turn_body()
{
	roll --workers=3 --worker-notification-fd=5 -- "$W" leave=TERM:0 leave=QUIT:0 sleep=200 'tell=\n' hang
	eventually ready 3
	for sig in USR1 HUP; do
		pids >before
		n=$(grep -cE "$DONE" log || :)
		kill -$sig "$PID"
		eventually lines log "$DONE" $((n + 1))
		renewed 3
		[ "$(steps)" = '-0 +0 -1 +1 -2 +2 ' ] || fail "$(steps)"
	done
	eventually lines log 'Worker [0-9] finished with status 0' 6
	! has log 'WARN|ERROR' || fail "$(cat log)"
	finish
}

# A worker that says nothing counts after a second, or worker_start_timeout.
atf_test_case silent_workers
silent_workers_body()
{
	roll --workers=2 -- "$W" leave=TERM:0 hang
	eventually is_state 0 up
	eventually is_state 1 up
	pids >before
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	renewed 2
	lasted 0.99 5 "$(gap log 'Worker 0 is to be replaced' 'Worker 1 is to be replaced')" 'from the first to the second'
	lasted 0.99 5 "$(gap log 'Worker 1 is to be replaced' "$DONE")" 'from the second to the end'
	finish
}

atf_test_case two_at_a_time
two_at_a_time_body()
{
	roll --workers=5 --restart-max-unavailable=2 --worker-notification-fd=5 -- "$W" leave=TERM:0 sleep=300 'tell=\n' hang
	eventually ready 5
	pids >before
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	renewed 5
	[ "$(most)" = 2 ] || fail "$(steps)"
	finish
}

atf_test_case extra_workers
extra_workers_body()
{
	roll --workers=2 --restart-max-unavailable=0 --restart-surge=2 --worker-notification-fd=5 -- "$W" leave=TERM:0 sleep=200 'tell=\n' hang
	eventually ready 2
	pids >before
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	eventually has_workers 2
	renewed 2
	# both extra ones first, and then two at a time
	steps | grep -qE '^[+][23] [+][23] -0 -1 [+][01] [+][01] $' || fail "$(steps)"
	eventually lines log 'Worker [23] finished with status 0' 2
	finish
}
has_workers() { [ "$(pids | wc -l)" = "$1" ]; }

# fails_at PATTERN: so ends a restart of three workers, and the old ones are left as they are
fails_at()
{
	eventually lines log "ERROR -- : Rolling restart failed at worker $1 of 3 workers are new, the others stay\$" 1
	pids | tail -n +$((${2:-0} + 1)) >after
	tail -n +$((${2:-0} + 1)) before | cmp -s - after || fail "$(cat before after)"
	! has log "$DONE" || fail "$(cat log)"
}

atf_test_case new_one_exits
new_one_exits_body()
{
	roll --workers=3 -- sh -c '[ ! -e bad ] || exit 3; exec "$0" leave=TERM:0 notify=READY=1 hang' "$W"
	eventually ready 3
	pids >before
	: >bad
	kill -USR1 "$PID"
	fails_at '0: it exited: 0' 1
	eventually lines log 'is to be replaced' 1
	# when it is mended the next one comes to its end, and begins with what is broken
	rm bad
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	finish
}

atf_test_case new_one_is_not_ready
new_one_is_not_ready_body()
{
	roll --workers=3 --worker-notification-fd=5 --worker-start-timeout=1.5s -- \
		sh -c '[ -e bad ] || echo >&5; exec "$0" leave=TERM:0 hang' "$W"
	eventually ready 3
	pids >before
	: >bad
	kill -USR1 "$PID"
	fails_at '0: it was not ready within 1.500s: 0' 1
	is_state 0 up || fail "$($SE --control-path=ctl --status)"
	finish
}

atf_test_case new_one_cannot_be_started
new_one_cannot_be_started_body()
{
	cp "$W" program
	roll --workers=3 -- ./program leave=TERM:0 notify=READY=1 hang
	eventually ready 3
	pids >before
	mv program away
	kill -USR1 "$PID"
	fails_at '0: it could not be started: 0' 1
	mv away program
	finish
}

# The extra ones are new ones too; they go when it has failed.
atf_test_case extra_one_exits
extra_one_exits_body()
{
	roll --workers=3 --restart-surge=2 -- sh -c '[ ! -e bad ] || exit 3; exec "$0" leave=TERM:0 notify=READY=1 hang' "$W"
	eventually ready 3
	pids >before
	: >bad
	kill -USR1 "$PID"
	eventually has_workers 3
	fails_at '[34]: it exited: 0'
	! has log 'is to be replaced' || fail "$(cat log)"
	finish
}

# One that dies while it is on is no failure, if it was an old one.
atf_test_case old_one_dies
old_one_dies_body()
{
	roll --workers=3 --worker-notification-fd=5 -- "$W" leave=TERM:0 sleep=1000 'tell=\n' hang
	eventually ready 3
	pids >before
	kill -USR1 "$PID"
	eventually has log 'Worker 0 is to be replaced'
	kill -9 "$(worker_pid 2)"
	eventually lines log "$DONE" 1
	renewed 3
	[ "$(steps | tr ' ' '\n' | grep -c -- '-2')" = 1 ] || fail "$(steps)"
	finish
}

atf_test_case stop_wins
stop_wins_body()
{
	for sig in TERM QUIT; do
		roll --workers=3 --restart-max-unavailable=0 --restart-surge=1 --worker-notification-fd=5 -- "$W" leave=TERM:0 leave=QUIT:0 sleep=500 'tell=\n' hang
		eventually ready 3
		kill -USR1 "$PID"
		eventually has log 'Worker 0 is to be replaced'
		kill -$sig "$PID"
		ends "$PID" 0
		eventually has log 'Rolling restart ended: 0 of 3 workers are new$'
		eventually lines log 'is to be replaced' 1
		rm log
	done
}

atf_test_case begins_anew
begins_anew_body()
{
	roll --workers=3 --worker-notification-fd=5 -- "$W" leave=TERM:0 leave=QUIT:0 sleep=1000 'tell=\n' hang
	eventually ready 3
	kill -USR1 "$PID"
	eventually has log 'Worker 1 is to be replaced'
	pids >before
	kill -HUP "$PID"
	eventually lines log "$DONE" 1
	eventually has log 'Rolling restart of 3 workers begins anew$'
	renewed 3
	finish
}

# A reload, more workers and fewer: it goes on, with their number.
atf_test_case scaled
scaled_body()
{
	for surge in 0 1; do
		roll --workers=3 --restart-surge=$surge --worker-notification-fd=5 -- "$W" leave=TERM:0 sleep=300 'tell=\n' hang
		eventually ready 3
		pids >before
		kill -USR1 "$PID"
		eventually has log 'Worker 0 is to be replaced'
		$SE --control-path=ctl --scale=5 || fail 'refused'
		eventually has log 'Worker 1 is to be replaced'
		$SE --control-path=ctl --scale=4 || fail 'refused'
		$SE --control-path=ctl --scale=4 || fail 'refused'
		eventually lines log 'Rolling restart done: 4 workers are new$' 1
		eventually has_workers 4
		renewed 4
		# who was new already is not replaced once more
		eventually lines log 'Worker 0 is to be replaced' 1
		pids >before
		kill -USR1 "$PID"
		eventually has log 'Rolling restart of 3 workers'
		eventually lines log 'Worker 0 is to be replaced' 2
		kill -USR2 "$PID"
		eventually lines log 'Rolling restart done: 3 workers are new$' 1
		finish
		rm log
	done
}

atf_test_case status
status_body()
{
	roll --workers=2 --worker-notification-fd=5 -- sh -c 'until [ -e go.$SERVERENGINE_WORKER_ID ]; do sleep 0.05; done; echo >&5
		exec "$0" leave=TERM:0 hang' "$W"
	: >go.0
	: >go.1
	eventually ready 2
	has status '  restarts 0$' || fail "$(cat status)"
	rm go.0 go.1
	$SE --control-path=ctl --timeout=5s --restart || fail 'the answer does not come at once'
	eventually shows_rolling 0
	: >go.0
	eventually shows_rolling 1
	: >go.1
	eventually has log "$DONE"
	$SE --control-path=ctl --status=json | grep -q '"rolling":null,"workers":' || fail "$($SE --control-path=ctl --status=json)"
	! $SE --control-path=ctl --status | grep -q rolling || fail "$($SE --control-path=ctl --status)"
	finish
}
shows_rolling()
{
	$SE --control-path=ctl --status | grep -q "  rolling restart $1 of 2\$" &&
		$SE --control-path=ctl --status=json | grep -q '"rolling":{"renewed":'"$1"',"of":2},"workers":'
}

# Who ignores TERM is waited for, and then killed, as in any restart.
atf_test_case old_one_is_deaf
old_one_is_deaf_body()
{
	roll --workers=2 --worker-graceful-kill-timeout=500ms --worker-immediate-kill-timeout=500ms -- \
		"$W" ignore=TERM ignore=QUIT notify=READY=1 hang
	eventually ready 2
	pids >before
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	renewed 2
	[ "$(most)" = 1 ] || fail "$(steps)"
	kill -QUIT "$PID"
	ends "$PID" 0
}

# Together is the default, and a reload chooses.
atf_test_case mode_by_reload
mode_by_reload_body()
{
	printf 'command: ["%s", log=w, leave=TERM:0, notify=READY=1, say=up, hang]\nworkers: 2\n' "$W" >c.yml
	supervise -c c.yml
	eventually ready 2
	kill -USR1 "$PID"
	eventually lines w '^up ' 4
	! has log 'Rolling' || fail "$(cat log)"
	echo 'restart_mode: rolling' >>c.yml
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	finish
}

# Nobody who connects sees it; there is always one more than is needed, or one fewer.
atf_test_case loses_nothing
loses_nothing_body()
{
	for how in '--restart-max-unavailable=0 --restart-surge=1' '--restart-max-unavailable=1'; do
		roll --workers=3 $how --listen=127.0.0.1:0 -- sh -c 'env >w.$SERVERENGINE_WORKER_ID; exec "$0" boot=100 ready' "$WEB"
		eventually ready 3
		at=$(sed -n 's/^SERVER_STARTER_PORT=\(.*\)=[0-9]*$/\1/p' w.0)
		for kind in '' close; do
			"$LOAD" "$at" rate=500 connections=8 seconds=100 $kind >load &
			load=$!
			for n in 1 2 3; do
				pids | head -n 3 >before
				done=$(grep -cE "$DONE" log || :)
				kill -USR1 "$PID"
				eventually lines log "$DONE" $((done + 1))
				eventually has_workers 3
				renewed 3
			done
			kill -INT $load
			wait $load || fail "$(cat load)"
			has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
		done
		! has log 'ERROR' || fail "$(cat log)"
		finish
		rm log
	done
}

# Also when the new program is broken: the others go on.
atf_test_case fails_and_loses_nothing
fails_and_loses_nothing_body()
{
	roll --workers=3 --listen=127.0.0.1:0 -- sh -c '[ ! -e bad ] || exit 3; env >w.$SERVERENGINE_WORKER_ID; exec "$0" ready' "$WEB"
	eventually ready 3
	"$LOAD" "$(sed -n 's/^SERVER_STARTER_PORT=\(.*\)=[0-9]*$/\1/p' w.0)" rate=500 connections=8 seconds=100 >load &
	load=$!
	pids >before
	: >bad
	kill -USR1 "$PID"
	fails_at '0: it exited: 0' 1
	kill -USR1 "$PID"
	eventually lines log 'Rolling restart failed at worker 0: ' 2
	rm bad
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	renewed 3
	kill -INT $load
	wait $load || fail "$(cat load)"
	has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	finish
}

# A restart of all at once takes its place, and the extra ones go.
atf_test_case together_ends_it
together_ends_it_body()
{
	printf 'command: ["%s", leave=TERM:0, sleep=1000, "tell=\\n", hang]\nworkers: 3\nworker_notification_fd: 5\n' "$W" >common
	{ cat common; printf 'restart_mode: rolling\nrestart_surge: 2\n'; } >c.yml
	supervise -c c.yml
	eventually ready 3
	pids >before
	kill -USR1 "$PID"
	eventually has log 'Worker 4 is ready'
	cp common c.yml
	kill -USR1 "$PID"
	eventually has log 'Rolling restart ended: [012] of 3 workers are new'
	eventually has_workers 3
	eventually ready 3
	renewed 3
	! has log "$DONE" || fail "$(cat log)"
	finish
}

# Many at once.
atf_test_case many
many_body()
{
	# who does not say it in time counts as ready all the same
	roll --workers=300 --restart-max-unavailable=100 --worker-start-timeout=1m --worker-heartbeat=off -- "$W" leave=TERM:0 notify=READY=1 hang
	eventually ready 300
	pids >before
	kill -USR1 "$PID"
	eventually lines log "$DONE" 1
	renewed 300
	[ "$(most)" -le 100 ] || fail "$(most)"
	finish
}

atf_init_test_cases()
{
	for c in in_turn silent_workers two_at_a_time extra_workers new_one_exits new_one_is_not_ready \
	    new_one_cannot_be_started extra_one_exits old_one_dies stop_wins begins_anew scaled status old_one_is_deaf \
	    mode_by_reload loses_nothing fails_and_loses_nothing together_ends_it many; do
		atf_add_test_case $c
	done
}
