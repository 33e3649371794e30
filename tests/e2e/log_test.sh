# What workers say is in the log, each line once, whoever is killed meanwhile.

# shellcheck source=/dev/null disable=SC2016 # inner shells
. "$SRC/tests/e2e/log.subr"

# ---- a worker killed, as seen in the log ----

SAYS='while :; do
	printf "I, [%s #%d]  INFO -- : [worker_id: %d] Awesome work!\n" "$(date +%Y-%m-%dT%H:%M:%S.%6N)" $$ "$SERVERENGINE_WORKER_ID"
	sleep 0.05
done'
# says ID PID: such a line of that worker
says() { echo "^I, \\[[0-9T:.-]{26} #$2\\]  INFO -- : \\[worker_id: $1\\] Awesome work!\$"; }

atf_test_case two_workers
two_workers_body()
{
	supervise --workers=2 -- sh -c "$SAYS"
	eventually replaced 0 0
	eventually replaced 1 0
	p0=$(of 0 pid) p1=$(of 1 pid)
	eventually at_least log "$(says 0 "$p0")" 3
	eventually at_least log "$(says 1 "$p1")" 3
	kill -9 "$p0"
	eventually replaced 0 "$p0"
	new=$(of 0 pid)
	eventually at_least log "$(says 0 "$new")" 3
	finish
	sed -n 1p log | grep -qE '^# Logfile created on [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} [+-][0-9]{4} by ' || fail "$(head -n 1 log)"
	[ "$(ls log*)" = log ] || fail "$(ls)"
	# the lines of worker 0: only the first one's, the supervisor's about its end, only the second one's
	grep -nE "$(says 0 "$p0")" log | tail -n 1 | cut -d: -f1 >last
	grep -nE "^E, \\[[0-9T:.-]{26} #$PID\\] ERROR -- : Worker 0 exited unexpectedly with signal SIGKILL\$" log | cut -d: -f1 >death
	grep -nE "$(says 0 "$new")" log | head -n 1 | cut -d: -f1 >first
	lines death '' 1 || fail "$(cat log)"
	cat last death first | sort -n -c || fail "$(cat log)"
	# the other one's before, and after
	sed "$(cat death)q" log >before
	sed "1,$(cat death)d" log >after
	at_least before "$(says 1 "$p1")" 3 || fail "$(cat log)"
	at_least after "$(says 1 "$p1")" 3 || fail "$(cat log)"
	! grep -vE "$(says '[01]' "($p0|$p1|$new)")|^# Logfile|^[A-Z], \\[[0-9T:.-]{26} #$PID\\] " log >other || fail "$(cat other)"
}

# ---- workers are killed ----

atf_test_case workers_killed
workers_killed_body()
{
	talks --workers=4 --log-rotate-size=0 -- rate=400 len=60-400 err parts=2:1
	for _ in $(seq 15); do
		more 20
		kill_worker "$(random 4)"
	done
	more 20
	finish
	all_there
	eventually lines log 'exited unexpectedly with signal SIGKILL$' 15
}

atf_test_case workers_killed_at_full_speed
workers_killed_at_full_speed_body()
{
	talks --workers=4 --log-rotate-size=4M --log-rotate-age=999 -- len=40-3000 lines=30000 err
	for _ in $(seq 15); do
		a_moment 40
		kill_worker "$(random 4)"
	done
	eventually each_said 30000 4
	finish
	all_there
	[ "$(oldest_first log | wc -l)" -ge 30 ] || fail "$(ls -l)"
}

# What it had said of its last line ends with a newline: the next line is by itself.
atf_test_case partial_line
partial_line_body()
{
	supervise --workers=2 --log-rotate-size=0 --restart-backoff=100ms --restart-backoff-max=100ms -- sh -c '
		[ "$SERVERENGINE_WORKER_ID" = 0 ] || { while :; do echo other; sleep 0.002; done; }
		n=$(($(cat n 2>/dev/null || echo 0) + 1))
		echo $n >n
		printf "begun %d" $n
		[ $n = 20 ] && { echo " and done"; exec "$1" hang; }
		kill -9 $$' sh "$W"
	eventually has log '^begun 20 and done$'
	finish
	for n in $(seq 19); do
		eventually lines log "^begun $n\$" 1
	done
	eventually lines log begun 20
	! grep -vE '^(begun [0-9]+( and done)?|other|[A-Z], .*|# Logfile.*)$' log >broken || fail "$(cat broken)"
}

# ---- the logger is killed ----

atf_test_case logger_killed
logger_killed_head() { atf_set timeout 120; }
logger_killed_body()
{
	talks --workers=4 --log-rotate-size=20k --log-rotate-age=9999 -- rate=1000 len=60-600 err
	for _ in $(seq 20); do
		a_moment 60
		kill_logger
	done
	more 1000
	finish
	all_there
}

atf_test_case logger_killed_at_full_speed
logger_killed_at_full_speed_head() { atf_set timeout 120; }
logger_killed_at_full_speed_body()
{
	talks --workers=4 --log-rotate-size=300k --log-rotate-age=9999 -- len=40-2000
	for _ in $(seq 6); do
		a_moment 30
		kill_logger
	done
	finish
	all_there
}

# Just before each thing that it asks of the system, while it rotates with every other line.
atf_test_case logger_killed_at_each_step
logger_killed_at_each_step_head() { atf_set timeout 120; atf_set require.progs strace; }
logger_killed_at_each_step_body()
{
	! no_strace || atf_skip 'strace cannot trace here'
	talks --workers=2 --log-rotate-size=5k --log-rotate-age=9999 -- rate=20 len=300-900 err
	: >steps
	for call in tee read splice write flock rename link open fstat; do
		case $call in rename | link | open) calls="?$call,?${call}at,?${call}at2" ;; *) calls=$call ;; esac
		LOGGER=$(logger)
		strace -qq -o trace -e trace="$calls" -e inject="$calls:signal=KILL:when=$((1 + $(random 3)))" -p "$LOGGER" 2>strace.err &
		tracer=$!
		eventually gone "$LOGGER"
		wait "$tracer" || :
		tail -n 1 trace >>steps
		eventually other_logger
	done
	more 100
	finish
	lines steps 'killed by SIGKILL' 9 || fail "$(cat steps)"
	all_there
}

# ---- all at once ----

atf_test_case all_killed_and_reloaded
all_killed_and_reloaded_head() { atf_set timeout 120; }
all_killed_and_reloaded_body()
{
	talks --workers=4 --log-rotate-size=50k --log-rotate-age=9999 -- rate=1000 len=60-600 err
	for i in $(seq 30); do
		a_moment 80
		case $((i % 5)) in
		1 | 3) kill_worker "$(random 4)" ;;
		0) kill_logger ;;
		*) $SE --control-path=ctl --reload || fail reload ;;
		esac
	done
	$SE --control-path=ctl --restart || fail restart
	more 500
	finish
	all_there
}

# A reload replaces the logger: a line whose beginning is in its pipe by then is not cut.
atf_test_case reload_within_lines
reload_within_lines_body()
{
	talks --workers=4 -- len=100-300 parts=3:10
	for _ in $(seq 12); do
		more 3
		$SE --control-path=ctl --reload || fail reload
	done
	finish
	all_there
}

# What asks the logger itself to end, asks for no end of the log.
atf_test_case logger_is_asked_to_end
logger_is_asked_to_end_body()
{
	talks --workers=4 -- rate=1000 len=60-200 parts=2
	for sig in INT QUIT HUP USR1 ALRM PIPE TERM; do
		LOGGER=$(logger)
		kill "-$sig" "$LOGGER"
		[ $sig != TERM ] || eventually other_logger
		more 100
	done
	finish
	all_there
	[ -e log.0 ] || fail 'ALRM: not rotated'
}

# ---- the log is elsewhere ----

atf_test_case log_moved_by_reload
log_moved_by_reload_body()
{
	echo 'log: one' >conf
	rm -f ctl
	$SE -c conf --control-path=ctl --workers=4 --log-rotate-size=0 -- "$T" talk said rate=1000 len=60-300 parts=2 >out 2>err &
	PID=$!
	eventually is_up
	for to in two three four; do
		more 300
		echo "log: $to" >conf
		$SE --control-path=ctl --reload || fail reload
		eventually test -s "$to"
	done
	more 300
	finish
	all_in 'one two three four'
	for f in one two three four; do
		head -n 1 $f | grep -q '^# Logfile' || fail "$(head -n 1 $f)"
	done
	eventually lines one 'Received reload' 1
}

atf_test_case log_renamed_and_deleted
log_renamed_and_deleted_body()
{
	talks --workers=4 --log-rotate-size=0 -- rate=1000 len=60-300
	more 100
	mv log away1
	eventually test -s log
	ln log away2
	rm log
	eventually test -s log
	mv log away3
	kill -HUP "$(logger)" # as logrotate(8) asks for
	eventually test -s log
	mv log away4
	kill_logger
	eventually test -s log
	more 100
	finish
	all_in 'away1 away2 away3 away4 log'
}

# The directory goes, the logger too; until it is back, lines wait.
atf_test_case log_directory_away
log_directory_away_body()
{
	mkdir dir
	talks --log=dir/log --workers=4 --log-rotate-size=0 -- rate=500
	eventually test -s dir/log
	mv dir away
	LOGGER=$(logger)
	kill -9 "$LOGGER"
	eventually gone "$LOGGER"
	kill_worker 1
	eventually has err 'dir/log: No such file or directory'
	is_up || fail 'no status'
	mv away dir
	kill_worker 2
	finish
	all_in dir/log
}

# ---- the end ----

atf_test_case stopped
stopped_head() { atf_set timeout 120; }
stopped_body()
{
	for i in $(seq 50); do
		rm -rf said log*
		talks --workers=4 --log-rotate-age=999 -- len=40-3000 err $([ $((i % 2)) = 0 ] || echo rate=2000)
		eventually each_said 5 4
		l=$(logger)
		finish
		gone "$l" || fail 'the logger is still there'
		all_there
		[ "$(lines_of_end)" = 4 ] || fail "$(grep -v '<' log)"
	done
}
lines_of_end() { cat $(oldest_first log) | grep -acE 'Worker [0-3] finished with status 0$'; }

atf_test_case supervisor_killed
supervisor_killed_body()
{
	talks --workers=4 --log-rotate-size=1M --log-rotate-age=999 -- len=40-3000 err
	eventually each_said 2000 4
	LOGGER=$(logger)
	kill -9 "$PID"
	ends "$PID" 137
	eventually gone "$LOGGER"
	all_there
}

# The logger's table of them grows meanwhile.
atf_test_case prefixes_of_many
prefixes_of_many_body()
{
	supervise --workers=80 --log-prefix='%d: ' -- sh -c '
		trap "kill \$!; echo bye; exit 0" TERM
		sleep 1000 &
		echo here
		wait'
	eventually lines log '^[0-9]*: here$' 80
	finish
	for i in 0 7 63 79; do
		eventually lines log "^$i: bye\$" 1
	done
	eventually lines log '^[0-9]*: bye$' 80
}

# A worker's last words come through a child of its own that outlives it.
atf_test_case strays_are_logged
strays_are_logged_body()
{
	supervise --stray-timeout=30s --log-prefix='%d: ' -- sh -c '
		(trap "echo stray got TERM; exit" TERM; echo stray is there; while :; do sleep 0.05; done) &
		(setsid sh -c "trap \"sleep 0.3; echo far stray got TERM; exit\" TERM; echo far stray is there; while :; do sleep 0.05; done") &
		sleep 0.5
		trap "echo bye; exit 0" TERM
		echo here
		while :; do sleep 0.05; done'
	eventually has log '^0: here$'
	kill -9 "$(of 0 pid)"
	eventually lines log '^0: here$' 2
	finish
	eventually lines log '^0: stray is there$' 2
	eventually lines log '^0: stray got TERM$' 2
	eventually lines log '^0: far stray got TERM$' 2
	eventually lines log '^0: bye$' 1
}

# ---- PID 1 ----

# as_init NAMESPACE...: talkers under the supervisor as PID 1; $INIT is its pid out here
as_init()
{
	rm -rf ctl said log*
	_user=
	[ "$(id -u)" = 0 ] || _user=--map-root-user
	# shellcheck disable=SC2086 # words
	unshare $_user --pid --fork --kill-child --mount-proc "$@" "$SE" --control-path=ctl --log=log --workers=4 --log-rotate-age=999 \
		--stray-timeout=10s -- sh -c '(exec 2>/dev/null; trap "sleep 0.2; echo; exit" TERM; while :; do sleep 0.05; done) & exec "$@"' sh "$T" talk said rate=2000 len=40-3000 >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || atf_skip "no pid namespace here: $(head -n 1 err)"
	INIT=$(children "$PID")
	INIT=${INIT% }
}
# ended_as_init: it stops when told to, at once, and nothing is lost
ended_as_init()
{
	eventually each_said 50 4
	kill -9 "$(logger_of "$INIT")"
	more 500
	kill -TERM "$INIT"
	begun=$(date +%s.%N)
	ends "$PID" 0
	lasted 0 4 "$(date +%s.%N | awk -v t="$begun" '{ printf "%.3f", $1 - t }')" 'the stop'
	# of the strays
	[ "$(cat $(oldest_first log) | grep -c '^$')" = 4 ] || fail "$(cat log)"
	for f in $(oldest_first log); do
		sed -i '/^$/d' "$f"
	done
	all_there
}

atf_test_case pid1
pid1_body()
{
	as_init
	ended_as_init
}

atf_test_case pid1_without_proc
pid1_without_proc_body()
{
	echo 'mount -t tmpfs none /proc && exec "$@"' >no-proc
	as_init sh no-proc
	ended_as_init
}

atf_init_test_cases()
{
	atf_add_test_case two_workers
	atf_add_test_case workers_killed
	atf_add_test_case workers_killed_at_full_speed
	atf_add_test_case partial_line
	atf_add_test_case logger_killed
	atf_add_test_case logger_killed_at_full_speed
	atf_add_test_case logger_killed_at_each_step
	atf_add_test_case all_killed_and_reloaded
	atf_add_test_case reload_within_lines
	atf_add_test_case logger_is_asked_to_end
	atf_add_test_case log_moved_by_reload
	atf_add_test_case log_renamed_and_deleted
	atf_add_test_case log_directory_away
	atf_add_test_case stopped
	atf_add_test_case supervisor_killed
	atf_add_test_case prefixes_of_many
	atf_add_test_case strays_are_logged
	atf_add_test_case pid1
	atf_add_test_case pid1_without_proc
}
