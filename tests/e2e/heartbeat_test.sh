# se-supervise: heartbeats, what workers report of themselves, and the kill ladder.

# shellcheck source=/dev/null disable=SC2016,SC2013,SC3045 # inner shells; pids as words; dash has ulimit -S
. "$SRC/tests/e2e/look.subr"

# beating ARG...: a supervisor whose workers must beat every second
beating() { supervise --log-level=trace --worker-heartbeat-interval=200ms --worker-heartbeat-timeout=1s "$@"; }
SILENT='WARN -- : Worker 0 \(pid [0-9]+\): sending SIGQUIT: no heartbeat for the whole timeout$'
UP='Worker 0 started with pid'

# unharmed: no worker was signalled or has ended
unharmed() { ! has log 'sending|exited' || fail "$(cat log)"; }

# shows PATTERN: the status has a line like that
shows() { $SE --control-path=ctl --status >table && has table "$1"; }

# ---- the modes ----

atf_test_case auto_without_beats
auto_without_beats_body()
{
	beating -- "$W" log=w say=up hang
	eventually up_for 3
	unharmed
	finish
}

atf_test_case auto_first_beat_arms
auto_first_beat_arms_body()
{
	beating -- "$W" log=w say=up sleep=2000 beat=3:200 say=silent hang
	eventually lines w '^up ' 2
	finish
	eventually has log "$SILENT"
	eventually has log 'ERROR -- : Worker 0 exited unexpectedly with signal SIGQUIT$'
	# 2 s of silence that do not count, beats until 2.4, and one second more
	lasted 3.2 6 "$(gap log "$UP" "$SILENT")" 'the life of the worker'
}

atf_test_case auto_beats_go_on
auto_beats_go_on_body()
{
	beating --workers=4 -- "$W" log=w say=up beat=0:200
	eventually up_for 4
	unharmed
	awk -v a="$(of 0 heartbeat_age)" 'BEGIN { exit !(a != "null" && a < 1) }' || fail "age: $(of 0 heartbeat_age)"
	finish
}

# A shell can do it too, and any byte will do.
atf_test_case beats_of_a_shell
beats_of_a_shell_body()
{
	beating -- sh -c 'for i in 1 2 3 4 5 6 7 8; do eval "echo anything >&$SERVERENGINE_HEARTBEAT_PIPE"; sleep 0.3; done; sleep 100'
	eventually has log "$SILENT"
	finish
	lasted 2.5 8 "$(gap log "$UP" "$SILENT")" 'the life of the worker'
}

atf_test_case required
required_body()
{
	beating --worker-heartbeat=required -- "$W" log=w say=up hang
	eventually lines w '^up ' 2
	finish
	lasted 0.9 3 "$(gap log "$UP" "$SILENT")" 'the life of a silent worker'
}

atf_test_case required_start_timeout
required_start_timeout_body()
{
	beating --worker-heartbeat=required --worker-start-timeout=3s -- sh -c '
		[ -e second ] || { : >second; exec "$1" sleep=2000 beat=1:1 log=w say=up hang; }
		exec "$1" hang' sh "$W"
	eventually lines log "$SILENT" 2
	finish
	# the first life: beats after 2 s, and then has a second; the second never does
	gaps log "$UP|$SILENT" >lives
	lasted 2.9 5 "$(sed -n 1p lives)" 'the life of the one that beats late'
	lasted 2.9 5 "$(sed -n 3p lives)" 'the life of the one that never beats'
}

atf_test_case off
off_body()
{
	beating --worker-heartbeat=off -- "$W" notify=WATCHDOG=1 log=w say=up hang
	eventually up_for 3
	unharmed
	finish
}

atf_test_case stat
stat_body()
{
	beating --workers=3 --worker-heartbeat=stat -- sh -c '
		case $SERVERENGINE_WORKER_ID in
		0) [ -e stopped ] || { : >stopped; exec "$1" stop hang; }; exec "$1" hang ;;
		1) exec "$1" hang ;;
		2) while :; do :; done ;;
		esac' sh "$W"
	eventually has log 'Worker 0 .*sending SIGQUIT: stopped or in disk sleep for the whole timeout$'
	eventually has log 'Worker 0 exited unexpectedly with signal SIGQUIT$'
	eventually is_state 0 up
	! has log 'Worker [12] .*(sending|exited)' || fail "$(cat log)"
	lasted 0.9 4 "$(gap log "$UP" 'sending SIGQUIT')" 'the life of the stopped worker'
	finish
}

# ---- what workers report ----

atf_test_case reports
reports_body()
{
	beating -- "$W" log=w notify='READY=1\nSTATUS=warming up: 3 of 10' say=up leave=TERM:0 sleep=300 notify=STATUS= \
		sleep=300 notify=STOPPING=1 notify='STATUS=the last' notify='X_OTHER=1' notify=nonsense say=said hang
	eventually is_state 0 ready
	eventually lines w '^said ' 1
	shows ' ready .* the last$' || fail "$(cat table)"
	eventually has log 'DEBUG -- : Worker 0 is ready$'
	eventually has log 'DEBUG -- : Worker 0 is stopping$'
	finish
}

# Whatever it is: the table and the JSON stay whole.
atf_test_case status_text
status_text_body()
{
	for text in 'a "b" \c' "$(printf 'x\tx\033[31mx')" "$(printf 'y\377\300yy')" "$(printf '%3000s' z)"; do
		supervise -- "$W" log=w notify="STATUS=$text" say=up hang
		eventually lines w '^up ' 1
		shows '^ +0 +[0-9]+ up ' || fail "$(cat -v table)"
		$SE --control-path=ctl --status=json >json
		! LC_ALL=C grep -q '[[:cntrl:]]' table json || fail "control characters: $(cat -v table json)"
		! LC_ALL=C.UTF-8 grep -axv '.*' json || fail "not UTF-8: $(cat -v json)"
		has json '^\{"id":0,.*,"status":"([^"\\]|\\["\\nrt]|\\u[0-9a-f]{4})+"\}\]\}$' || fail "$(cat json)"
		[ "$(wc -c <table)" -lt 600 ] || fail "$(cat table)"
		finish
		rm -f w
	done
}

# A child of the worker may report for it, as sd_notify's NotifyAccess=all.
atf_test_case report_of_a_child
report_of_a_child_body()
{
	beating -- sh -c '"$1" "notify=STATUS=from a child" hang & exec "$1" log=w say=up hang' sh "$W"
	eventually shows 'from a child$'
	finish
}

# READY=1 says that the start is over, not that there will be heartbeats.
atf_test_case ready_is_no_beat
ready_is_no_beat_body()
{
	beating -- "$W" notify=READY=1 log=w say=up hang
	eventually up_for 3
	unharmed
	is_state 0 ready || fail "$($SE --control-path=ctl --status)"
	finish
}

atf_test_case watchdog_beats
watchdog_beats_body()
{
	beating -- "$W" notify=WATCHDOG=1 sleep=600 notify=WATCHDOG=1 sleep=600 notify=WATCHDOG=1 log=w say=up hang
	eventually lines w '^up ' 2
	finish
	lasted 2.1 5 "$(gap log "$UP" "$SILENT")" 'the life of the worker'
}

atf_test_case watchdog_trigger
watchdog_trigger_body()
{
	supervise --log-level=trace -- "$W" log=w say=up sleep=300 notify=WATCHDOG=trigger hang
	eventually lines w '^up ' 2
	finish
	eventually has log 'WARN -- : Worker 0 \(pid [0-9]+\): sending SIGQUIT: it reported itself as hanging$'
}

atf_test_case extend_timeout
extend_timeout_body()
{
	for text in 'WATCHDOG=1\nEXTEND_TIMEOUT_USEC=3000000' 'EXTEND_TIMEOUT_USEC=3000000\nWATCHDOG=1'; do
		beating -- "$W" beat=1:1 notify="$text" log=w say=up hang
		eventually lines w '^up ' 2
		finish
		lasted 2.9 6 "$(gap log "$UP" "$SILENT")" "the life of a worker that says $text"
		rm log w
	done
}

# A stop that needs its time asks for it.
atf_test_case extend_stop
extend_stop_body()
{
	supervise --worker-graceful-kill-timeout=600ms -- sh -c '
		trap "\"$1\" notify=EXTEND_TIMEOUT_USEC=3000000 sleep=1500; exit 0" TERM
		echo up >>w; while :; do sleep 0.1; done' sh "$W"
	eventually lines w up 1
	finish
	eventually has log 'INFO -- : Worker 0 finished with status 0$'
	! has log 'SIGQUIT' || fail "$(cat log)"
}

# ---- the ladder ----

# climbing ARG...: TERM at 0, 0.4 and 1.2 s, QUIT at 2, 2.4 and 3.2 s, KILL at 4 s
climbing()
{
	supervise --log-level=trace --worker-graceful-kill-interval=400ms --worker-graceful-kill-interval-increment=400ms \
		--worker-graceful-kill-timeout=2s --worker-immediate-kill-interval=400ms \
		--worker-immediate-kill-interval-increment=400ms --worker-immediate-kill-timeout=2s "$@"
}

atf_test_case ladder
ladder_body()
{
	climbing -- "$W" log=w trap=TERM trap=QUIT say=up hang
	eventually lines w '^up ' 1
	finish
	[ "$(sed 's/^up .*/up/' w | tr '\n' ' ')" = 'up got 15 got 15 got 15 got 03 got 03 got 03 ' ] || fail "$(cat w; cat log)"
	eventually lines log 'TRACE -- : Worker 0 \(pid [0-9]+\): sending SIGTERM: as asked$' 1
	eventually lines log 'WARN -- : Worker 0 \(pid [0-9]+\): sending SIGTERM: as asked$' 2
	eventually lines log 'Worker 0 \(pid [0-9]+\): sending SIGQUIT: as asked$' 3
	eventually lines log 'WARN -- : Worker 0 \(pid [0-9]+\): sending SIGKILL: as asked$' 1
	eventually has log 'INFO -- : Worker 0 finished with signal SIGKILL$'
	lasted 3.9 8 "$(gap log 'sending SIGTERM' 'sending SIGKILL')" 'from TERM to KILL'
	lasted 1.9 4 "$(gap log 'sending SIGTERM' 'sending SIGQUIT')" 'from TERM to QUIT'
	gaps log 'sending SIGTERM' >pauses
	lasted 0.39 1.5 "$(sed -n 1p pauses)" 'from the first TERM to the second'
	lasted 0.79 2 "$(sed -n 2p pauses)" 'from the second TERM to the third'
}

# A silent worker gets no TERM, and one that ignores QUIT is killed; then it is replaced.
atf_test_case ladder_of_the_silent
ladder_of_the_silent_body()
{
	climbing --worker-heartbeat-interval=200ms --worker-heartbeat-timeout=1s -- "$W" log=w trap=TERM ignore=QUIT beat=1:1 say=up hang
	eventually lines w '^up ' 2
	! has w 'got 15' || fail "$(cat w)"
	eventually lines log "$SILENT" 3
	eventually has log 'ERROR -- : Worker 0 exited unexpectedly with signal SIGKILL$'
	kill -QUIT "$PID"
	ends "$PID" 0
}

atf_test_case immediate_while_graceful
immediate_while_graceful_body()
{
	supervise --workers=2 -- "$W" log=w trap=TERM trap=QUIT say=up hang
	eventually lines w '^up ' 2
	kill -TERM "$PID"
	eventually lines w '^got 15$' 2
	kill -QUIT "$PID"
	eventually lines w '^got 03$' 2
	kill -TERM "$PID" # no way back
	eventually lines log 'Received graceful stop' 2
	lines w '^got 15$' 2 || fail "$(cat w)"
	kill -9 "$(worker_pid 0)" "$(worker_pid 1)"
	ends "$PID" 0
}

atf_test_case graceful_for_ever
graceful_for_ever_body()
{
	climbing --worker-graceful-kill-timeout=-1 -- "$W" log=w trap=TERM trap=QUIT say=up hang
	eventually lines w '^up ' 1
	kill -TERM "$PID"
	# 0, 0.4, 1.2, 2.4, 4 s
	eventually lines w '^got 15$' 5
	! has w 'got 03' || fail "$(cat w)"
	kill -QUIT "$PID"
	ends "$PID" 0
}

atf_test_case graceful_timeout_0
graceful_timeout_0_body()
{
	supervise --worker-graceful-kill-timeout=0 -- "$W" log=w trap=TERM leave=QUIT:0 say=up hang
	eventually lines w '^up ' 1
	finish
	! has w 'got 15' || fail "$(cat w)"
}

# KILL goes to the whole process group, and to that alone.
atf_test_case kill_takes_the_group
kill_takes_the_group_body()
{
	climbing --worker-heartbeat-interval=200ms --worker-heartbeat-timeout=1s -- \
		"$W" log=w ignore=QUIT stray=TERM escape=0 beat=1:1 say=up hang
	eventually lines w '^up ' 2
	eventually gone "$(sed -n '1s/^stray //p' w)"
	! gone "$(sed -n '2s/^stray //p' w)" || fail 'the one of another session is gone too'
	kill -QUIT "$PID"
	ends "$PID" 0
}

atf_test_case stops_itself
stops_itself_body()
{
	beating -- "$W" log=w beat=3:200 say=up stop hang
	eventually lines w '^up ' 2
	eventually has log "$SILENT"
	eventually has log 'WARN -- : Worker 0 \(pid [0-9]+\) is stopped: sending SIGCONT too$'
	eventually has log 'ERROR -- : Worker 0 exited unexpectedly with signal SIGQUIT$'
	finish
}

# ---- no false kill ----

atf_test_case supervisor_stalled
supervisor_stalled_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	beating --workers=3 -- "$W" log=w beat=1:1 say=up beat=0:200
	eventually lines w '^up ' 3
	for _ in 1 2; do
		kill -STOP "$PID"
		eventually state_is "$PID" T
		sleep 2.5 # is what is tested
		kill -CONT "$PID"
		eventually is_up
	done
	eventually up_for 8
	unharmed
	finish
}

# Suspended together; the supervisor wakes up first, and then the others have their whole timeout.
atf_test_case all_stalled
all_stalled_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	supervise --workers=2 --worker-heartbeat-timeout=3s -- "$W" log=w beat=1:1 say=up beat=0:200
	eventually lines w '^up ' 2
	workers=$(sed 's/^up //' w)
	kill -STOP "$PID"
	eventually state_is "$PID" T
	# shellcheck disable=SC2086 # a list
	kill -STOP $workers
	sleep 4 # is what is tested
	kill -CONT "$PID"
	eventually is_up
	sleep 2.4 # is tested too
	# shellcheck disable=SC2086 # a list
	kill -CONT $workers
	eventually up_for 10
	unharmed
	# and it still looks
	kill -STOP "${workers%%
*}"
	eventually has log 'no heartbeat for the whole timeout'
	finish
}

# Suspended together while it stops: the worker has its time all the same.
atf_test_case stalled_while_stopping
stalled_while_stopping_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	supervise --log-level=trace --worker-graceful-kill-timeout=2s -- "$W" log=w drain=TERM:1000 say=up hang
	eventually lines w '^up ' 1
	pid=$(worker_pid 0)
	kill -TERM "$PID"
	eventually has log 'sending SIGTERM'
	kill -STOP "$PID" "$pid"
	sleep 4 # is what is tested
	kill -CONT "$PID"
	eventually has log 'Received dump'
	sleep 0.5 # is tested too
	kill -CONT "$pid"
	ends "$PID" 0
	eventually has log 'INFO -- : Worker 0 finished with status 0$'
}

# ---- the pipe ----

atf_test_case pipe_closed
pipe_closed_body()
{
	beating -- "$W" log=w beat=3:100 say=up closebeat hang
	eventually lines log 'INFO -- : Worker 0 closed its heartbeat pipe: heartbeats are not enforced$' 1
	eventually up_for 4
	eventually lines log 'closed its heartbeat pipe' 1
	unharmed
	finish
}

atf_test_case pipe_closed_required
pipe_closed_required_body()
{
	supervise --worker-heartbeat=required -- "$W" log=w beat=3:100 say=up closebeat hang
	eventually lines w '^up ' 2
	finish
	eventually has log 'WARN -- : Worker 0 \(pid [0-9]+\): sending SIGQUIT: it closed its heartbeat pipe$'
}

# A worker whose child holds the pipe has not closed it.
atf_test_case pipe_held_by_child
pipe_held_by_child_body()
{
	supervise --worker-heartbeat=required -- sh -c '"$1" beat=0:200 & exec "$1" closebeat log=w say=up hang' sh "$W"
	eventually lines w '^up ' 1
	eventually up_for 3
	unharmed
	finish
}

# The end of a worker closes its pipe too: that is no news.
atf_test_case exit_is_no_close
exit_is_no_close_body()
{
	supervise --restart-backoff=100ms --worker-heartbeat=required -- "$W" beat=1:1 log=w say=up exit=1
	eventually at_least w '^up ' 3
	finish
	! has log 'heartbeat pipe' || fail "$(cat log)"
}

atf_test_case flood
flood_body()
{
	beating --workers=3 -- sh -c '
		[ $SERVERENGINE_WORKER_ID = 0 ] || exec "$1" flood
		exec "$1" log=w beat=3:200 sleep=3000 hang' sh "$W"
	used=$(cpu "$PID")
	eventually has log "$SILENT"
	used=$(($(cpu "$PID") - used))
	lasted 1.2 2.6 "$(gap log "$UP" "$SILENT")" 'a due kill'
	between 0 60 $used 'hundredths of a second of CPU time in 2 s of a flood'
	! has log 'Worker [12] .*sending' || fail "$(cat log)"
	$SE --control-path=ctl --timeout=2s --status >/dev/null || fail 'no status while it is flooded'
	finish
}

# Reports without end delay no kill either.
atf_test_case flood_of_reports
flood_of_reports_body()
{
	beating --workers=2 -- sh -c '
		[ $SERVERENGINE_WORKER_ID = 0 ] || exec "$1" reports
		exec "$1" log=w beat=3:200 sleep=3000 hang' sh "$W"
	eventually has log "$SILENT"
	lasted 1.2 2.6 "$(gap log "$UP" "$SILENT")" 'a due kill'
	$SE --control-path=ctl --timeout=2s --status >/dev/null || fail 'no status while it is flooded'
	finish
}

atf_init_test_cases()
{
	atf_add_test_case auto_without_beats
	atf_add_test_case auto_first_beat_arms
	atf_add_test_case auto_beats_go_on
	atf_add_test_case beats_of_a_shell
	atf_add_test_case required
	atf_add_test_case required_start_timeout
	atf_add_test_case off
	atf_add_test_case stat
	atf_add_test_case reports
	atf_add_test_case status_text
	atf_add_test_case report_of_a_child
	atf_add_test_case ready_is_no_beat
	atf_add_test_case watchdog_beats
	atf_add_test_case watchdog_trigger
	atf_add_test_case extend_timeout
	atf_add_test_case extend_stop
	atf_add_test_case ladder
	atf_add_test_case ladder_of_the_silent
	atf_add_test_case immediate_while_graceful
	atf_add_test_case graceful_for_ever
	atf_add_test_case graceful_timeout_0
	atf_add_test_case kill_takes_the_group
	atf_add_test_case stops_itself
	atf_add_test_case supervisor_stalled
	atf_add_test_case all_stalled
	atf_add_test_case stalled_while_stopping
	atf_add_test_case pipe_closed
	atf_add_test_case pipe_closed_required
	atf_add_test_case pipe_held_by_child
	atf_add_test_case exit_is_no_close
	atf_add_test_case flood
	atf_add_test_case flood_of_reports
}
