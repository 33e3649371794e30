# se-supervise's main job: workers live, die, come back and are stopped.

# shellcheck source=/dev/null disable=SC2016,SC2013,SC3045 # inner shells; pids as words; dash has ulimit -S
. "$SRC/tests/e2e/look.subr"

STARTED='TRACE -- : Worker [0-9]+ started with pid'

atf_test_case killed_worker_comes_back
killed_worker_comes_back_body()
{
	supervise --workers=2 -- "$W" log=w say=up hang
	eventually lines w '^up ' 2
	first=$(worker_pid 0)
	kill -9 "$first"
	eventually lines w '^up ' 3
	eventually has log 'ERROR -- : Worker 0 exited unexpectedly with signal SIGKILL$'
	[ "$(worker_pid 0)" != "$first" ] || fail 'the same pid'
	finish
	eventually lines log 'INFO -- : Worker [01] finished with signal SIGTERM$' 2
}

# ---- what a worker gets ----

atf_test_case environment
environment_body()
{
	KEPT=yes SERVERENGINE_WORKER_ID=7 SERVERENGINE_HEARTBEAT_PIPE=77 NOTIFY_SOCKET=/outer WATCHDOG_PID=1 \
		WATCHDOG_USEC=1 LISTEN_FDS=1 LISTEN_PID=1 LISTEN_FDNAMES=x \
		supervise --workers=2 --worker-heartbeat-interval=2500ms --worker-heartbeat-timeout=30s -- "$W" log=w say=up hang
	eventually lines w '^up ' 2
	for i in 0 1; do
		pid=$(worker_pid $i)
		environment "$pid" >env.$i
		for line in "SERVERENGINE_WORKER_ID=$i" SERVERENGINE_HEARTBEAT_PIPE=3 SERVERENGINE_HEARTBEAT_INTERVAL=2.500 \
			WATCHDOG_USEC=30000000 "WATCHDOG_PID=$pid" KEPT=yes; do
			grep -qxF "$line" env.$i || fail "worker $i has no $line: $(cat env.$i)"
		done
		has env.$i '^NOTIFY_SOCKET=@.' || fail "$(cat env.$i)"
		! has env.$i '^LISTEN_' || fail "$(cat env.$i)"
		[ -z "$(cut -d= -f1 env.$i | sort | uniq -d)" ] || fail "twice: $(sort env.$i)"
		readlink "/proc/$pid/fd/3" | grep -q '^pipe:' || fail 'fd 3 is no pipe'
		[ $((0$(awk '$1 == "flags:" { print $2 }' "/proc/$pid/fdinfo/3") & 04000)) = 0 ] ||
			fail 'the heartbeat pipe does not block'
	done
	finish
}

atf_test_case environment_without_heartbeat
environment_without_heartbeat_body()
{
	supervise --worker-heartbeat=off -- "$W" say=up hang
	eventually lines log '^up ' 1
	environment "$(worker_pid 0)" >variables
	! has variables '^(SERVERENGINE_HEARTBEAT_|WATCHDOG_)' || fail "$(cat variables)"
	[ ! -e "/proc/$(worker_pid 0)/fd/3" ] || fail 'a pipe that nobody reads'
	finish
}

# Whatever the supervisor itself was started with: descriptors, an ignored signal, a full mask.
atf_test_case clean_process
clean_process_body()
{
	ulimit -Sn 300
	exec 5</dev/null 9<"$W"
	rm -f ctl
	"$W" ignore=HUP ignore=USR1 ignore=13 block=TERM block=QUIT block=USR2 block=17 exec \
		"$SE" --control-path=ctl --log=log -- "$W" hang >out 2>err &
	PID=$!
	exec 5<&- 9<&-
	eventually is_up
	pid=$(worker_pid 0)
	eventually grep -q hang "/proc/$pid/cmdline"
	[ "$(ls -m "/proc/$pid/fd")" = '0, 1, 2, 3' ] || fail "descriptors: $(ls -l "/proc/$pid/fd")"
	[ "$(readlink "/proc/$pid/fd/0")" = /dev/null ] || fail 'stdin is not /dev/null'
	for mask in SigIgn SigBlk SigCgt; do
		[ "$(field "$pid" $mask)" = 0000000000000000 ] || fail "$mask: $(field "$pid" $mask)"
	done
	[ "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f3)" = "$pid" ] || fail 'no process group of its own'
	has "/proc/$pid/limits" "^Max open files +300 +$(ulimit -Hn) " || fail "$(cat "/proc/$pid/limits")"
	has "/proc/$PID/limits" "^Max open files +$(ulimit -Hn) +$(ulimit -Hn) " || fail 'ours is not raised'
	finish
}

atf_test_case stdio_closed
stdio_closed_body()
{
	rm -f ctl
	$SE --control-path=ctl --log=log -- "$W" log=w fds say=up hang <&- >&- 2>&- &
	PID=$!
	eventually lines w '^up ' 1
	[ "$(grep -c '^fd [0123]$' w)" = 4 ] || fail "$(cat w)"
	lines w '^fd ' 4 || fail "$(cat w)"
	eventually is_up
	finish
	lines log '^[^#]' "$(grep -cE '^[IWEFDA], \[' log)" || fail "something else was written to the log: $(cat log)"
}

# ---- the supervisor dies ----

all_gone() { for p in $workers; do gone "$p" || return 1; done; }

atf_test_case supervisor_killed
supervisor_killed_body()
{
	supervise --workers=10 -- "$W" ignore=TERM ignore=HUP ignore=INT log=w say=up hang
	eventually lines w '^up ' 10
	workers=$(sed 's/^up //' w)
	kill -9 "$PID"
	ends "$PID" 137
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		all_gone && return
		sleep 0.05
	done
	fail 'workers are left after a second'
}

atf_test_case supervisor_killed_other_user
supervisor_killed_other_user_head() { atf_set require.user root; }
supervisor_killed_other_user_body()
{
	chmod 777 .
	cp "$W" worker
	supervise --workers=3 --worker-chuser=nobody --worker-chgroup=nogroup -- ./worker log=w say=up hang
	eventually lines w '^up ' 3
	workers=$(sed 's/^up //' w)
	[ "$(field "$(worker_pid 0)" Uid)" = "$(id -u nobody)" ] || fail 'not nobody'
	kill -9 "$PID"
	eventually all_gone
}

atf_test_case worker_death_signal
worker_death_signal_body()
{
	supervise --worker-death-signal=INT -- "$W" log=w trap=INT leave=TERM:0 say=up hang
	eventually lines w '^up ' 1
	pid=$(worker_pid 0)
	kill -9 "$PID"
	eventually lines w '^got 02$' 1
	! gone "$pid" || fail 'the worker is gone'
	kill -TERM "$pid"
	eventually gone "$pid"
}

# ---- restarts ----

atf_test_case restart_at_once
restart_at_once_body()
{
	supervise --log-level=trace --restart-backoff=5s -- "$W" log=w say=up sleep=1200 exit=0
	eventually lines w '^up ' 4
	finish
	gaps log 'exited with status 0|Worker 0 started with pid' >pauses
	# life, restart, life, restart, ...
	awk 'NR % 2 == 1 && $1 < 1.1 { print "a life of " $1; exit } NR % 2 == 0 && $1 > 0.4 { print "restart after " $1; exit }' pauses >wrong
	[ -s pauses ] || fail "$(cat log)"
	[ ! -s wrong ] || fail "$(cat wrong): $(cat pauses)"
}

atf_test_case all_die_at_once
all_die_at_once_body()
{
	supervise --workers=200 --restart-backoff=100ms -- "$W" log=w say=up hang
	eventually lines w '^up ' 200
	# shellcheck disable=SC2046 # pids
	kill -9 $(sed 's/^up //' w)
	eventually lines w '^up ' 400
	eventually only_workers "$PID" 200
	eventually lines log 'ERROR -- : Worker [0-9]+ exited unexpectedly with signal SIGKILL$' 200
	finish
	eventually lines log ' INFO -- : Worker [0-9]+ finished with signal SIGTERM$' 200
}

atf_test_case restart_interval
restart_interval_body()
{
	supervise --log-level=trace --restart-worker-interval=1500ms -- "$W" log=w say=up hang
	eventually lines w '^up ' 1
	eventually up_for 1
	kill -9 "$(worker_pid 0)"
	eventually lines w '^up ' 2
	lasted 1.4 4 "$(gap log 'signal SIGKILL$' "$STARTED")" 'the wait before the restart'
	finish
}

# The bar: ten workers that exit at once are restarted at most 100 times in ten seconds in all.
atf_test_case crash_loop
crash_loop_body()
{
	supervise --workers=10 --log-level=trace -- "$W" exit=1
	before=$(cpu "$PID")
	sleep 10
	n=$(grep -cE "$STARTED" log)
	used=$(($(cpu "$PID") - before))
	finish
	between 30 110 "$n" 'starts of 10 workers in 10 s'
	between 0 30 $used 'hundredths of a second of CPU time'
	eventually lines log 'ERROR -- : Worker [0-9] exited unexpectedly with status 1$' "$n"
}

atf_test_case backoff_grows
backoff_grows_body()
{
	supervise --log-level=trace --restart-backoff=200ms --restart-backoff-max=800ms -- "$W" exit=1
	eventually lines log "$STARTED" 6
	finish
	gaps log "$STARTED" >pauses
	# 200, 400, 800, 800, 800 ms, each a quarter up or down
	i=0
	for least in 0.149 0.299 0.599 0.599 0.599; do
		i=$((i + 1))
		lasted $least $((i > 2 ? 3 : 2)) "$(sed -n ${i}p pauses)" "pause $i"
	done
	lasted 0.149 1 "$(sed -n 1p pauses)" 'the first pause'
}

atf_test_case restart_limit_exit
restart_limit_exit_body()
{
	for how in exit=7:7 kill=9:137 kill=TERM:143; do
		supervise --workers=2 --log-level=trace --restart-backoff=100ms --restart-backoff-max=100ms \
			--restart-limit=3/60s --on-give-up=exit -- sh -c '
			[ $SERVERENGINE_WORKER_ID = 0 ] || exec "$1" log=w trap=TERM leave=TERM:0 say=up hang
			exec "$1" "$2"' sh "$W" ${how%:*}
		ends "$PID" ${how#*:}
		eventually lines log 'Worker 0 started' 4
		eventually lines log 'ERROR -- : Worker 0 is not started again: it was restarted too often$' 1
		eventually lines log 'INFO -- : Worker 1 finished with ' 1
		rm -f log w
	done
}

atf_test_case restart_limit_stop
restart_limit_stop_body()
{
	supervise --workers=2 --restart-backoff=100ms --restart-backoff-max=100ms --restart-limit=2/60s --on-give-up=stop -- \
		sh -c '[ $SERVERENGINE_WORKER_ID = 1 ] || [ -e well ] || exit 7; exec "$@"' sh "$W" log=w say=up hang
	eventually is_state 0 failed
	is_state 1 up || fail 'the other worker has stopped'
	: >well
	$SE --control-path=ctl --restart || fail 'restart'
	eventually is_state 0 up
	eventually lines w '^up ' 3
	finish
}

atf_test_case restart_limit_stop_all
restart_limit_stop_all_body()
{
	supervise --workers=2 --restart-backoff=100ms --restart-backoff-max=100ms --restart-limit=2/60s --on-give-up=stop -- "$W" exit=9
	ends "$PID" 9
}

# ---- exit codes ----

atf_test_case unrecoverable
unrecoverable_body()
{
	supervise --workers=2 --unrecoverable-exit-codes=3,5 -- sh -c '
		[ $SERVERENGINE_WORKER_ID = 0 ] || exec "$1" log=w leave=USR1:5 say=up hang
		exec "$1" sleep=200 exit=3' sh "$W"
	eventually is_state 0 failed
	eventually lines w '^up ' 1
	eventually lines log 'ERROR -- : Worker 0 exited unexpectedly with status 3$' 1
	eventually lines log 'ERROR -- : Worker 0 is not started again: its exit status is unrecoverable$' 1
	is_state 1 up || fail 'the other worker has stopped'
	kill -USR1 "$(worker_pid 1)"
	ends "$PID" 5 # the last one's
}

atf_test_case unrecoverable_stops_all
unrecoverable_stops_all_body()
{
	supervise --workers=3 --unrecoverable-exit-codes=3 --stop-immediately-at-unrecoverable-exit=true -- sh -c '
		[ $SERVERENGINE_WORKER_ID != 1 ] || exec "$1" sleep=500 exit=3
		exec "$1" log=w trap=15 drain=TERM:300 say=up hang' sh "$W"
	eventually lines w '^up ' 2
	ends "$PID" 3
	eventually lines log 'INFO -- : Worker [02] finished with status 0$' 2
}

atf_test_case other_code_restarts
other_code_restarts_body()
{
	supervise --unrecoverable-exit-codes=3 --restart-backoff=100ms -- "$W" log=w say=up exit=4
	eventually at_least w '^up ' 3
	finish
}

# ---- stops ----

atf_test_case stops_exit_with_0
stops_exit_with_0_body()
{
	for how in TERM:15 QUIT:03 INT:15 --stop:15 --stop-now:03; do
		supervise --workers=2 -- "$W" log=w trap=TERM trap=QUIT say=up sleep=300 hang
		eventually lines w '^up ' 2
		case $how in
		--*) $SE --control-path=ctl ${how%:*} & ;;
		*) kill -${how%:*} "$PID" ;;
		esac
		eventually lines w "^got ${how#*:}$" 2
		kill -9 "$(worker_pid 0)" "$(worker_pid 1)"
		ends "$PID" 0
		eventually lines log 'INFO -- : Worker [01] finished with signal SIGKILL$' 2
		! lines w "^got ${how#*:}$" 0 || fail "$how: $(cat w)"
		[ ! -e ctl ] || fail "$how: the control socket is left"
		wait # the verb
		rm -f log w
	done
}

atf_test_case stop_while_waiting
stop_while_waiting_body()
{
	supervise --workers=2 --restart-backoff=60s --restart-backoff-max=60s -- "$W" exit=1
	eventually is_state 0 waiting
	eventually is_state 1 waiting
	finish
}

# ---- the pace ----

atf_test_case start_delay
start_delay_body()
{
	supervise --workers=5 --log-level=trace --start-worker-delay=400ms --start-worker-delay-rand=0 -- "$W" hang
	eventually lines log "$STARTED" 5
	finish
	[ "$(gaps log "$STARTED" | awk '$1 < 0.39 || $1 > 2' | wc -l)" = 0 ] || fail "$(gaps log "$STARTED")"
}

atf_test_case start_delay_random
start_delay_random_body()
{
	supervise --workers=7 --log-level=trace --start-worker-delay=300ms --start-worker-delay-rand=1 -- "$W" hang
	eventually lines log "$STARTED" 7
	finish
	gaps log "$STARTED" >pauses # 150 to 450 ms; a start that is late shortens the next one
	[ "$(awk '{ all += $1 } END { print (all > 0.85) }' pauses)" = 1 ] || fail "$(cat pauses)"
	[ "$(awk 'NR == 1 || $1 < l { l = $1 } $1 > h { h = $1 } END { print (h - l > 0.02) }' pauses)" = 1 ] ||
		fail "not random: $(cat pauses)"
}

# Stopping does not wait for starts that are held back.
atf_test_case stop_during_start_delay
stop_during_start_delay_body()
{
	supervise --workers=3 --log-level=trace --start-worker-delay=1h -- "$W" hang
	eventually lines log "$STARTED" 1
	finish
	eventually lines log "$STARTED" 1
}

# one_at_a_time REASON: never is a worker replaced before the one that went last is back
one_at_a_time()
{
	WHY=$1 awk '
	$0 ~ "sending SIGTERM: " ENVIRON["WHY"] { if (away) { print; exit } away = 1; match($0, /Worker [0-9]+/); who = substr($0, RSTART, RLENGTH) }
	away && $0 ~ who " started with pid" { away = 0 }' log >wrong
	[ ! -s wrong ] || fail "two at a time: $(cat wrong; cat log)"
}

atf_test_case max_age
max_age_body()
{
	supervise --workers=3 --log-level=trace --worker-max-age=1500ms --worker-max-age-rand=0 -- \
		"$W" log=w drain=TERM:200 say=up hang
	eventually at_least log 'sending SIGTERM: it has reached its maximum age$' 6
	for i in 0 1 2; do
		eventually has log "Worker $i \(pid [0-9]+\): sending SIGTERM: it has reached"
	done
	finish
	one_at_a_time 'it has reached its maximum age'
	! has log 'unexpectedly|SIGQUIT|SIGKILL' || fail "$(cat log)"
	lasted 1.4 4 "$(gap log 'Worker 0 started with' 'Worker 0 .*maximum age')" 'the age of the first'
}

atf_test_case max_rss
max_rss_body()
{
	supervise --workers=3 --log-level=trace --worker-max-rss=20M -- sh -c '
		[ $SERVERENGINE_WORKER_ID != 1 ] || exec "$1" say=small hang
		exec "$1" drain=TERM:200 eat=40 hang' sh "$W"
	eventually lines log 'sending SIGTERM: it is over its memory limit$' 2
	eventually lines log 'started with pid' 5
	finish
	! has log 'Worker 1 .*sending SIGTERM: it is' || fail "$(cat log)"
	one_at_a_time 'it is over its memory limit'
	eventually lines log 'INFO -- : Worker [02] finished with status 0$' 4
}

# ---- what surrounds a worker ----

atf_test_case resource_limits
resource_limits_body()
{
	supervise --nice=5 --oom-score-adj=500 --worker-chumask=027 --rlimit-as=1G --rlimit-core=0:1M --rlimit-cpu=100:200 \
		--rlimit-data=512M --rlimit-fsize=2M:3M --rlimit-memlock=4096 --rlimit-nofile=123:456 --rlimit-nproc=1000:2000 \
		--rlimit-rss=1000000 --rlimit-stack=1M -- "$W" hang
	pid=$(worker_pid 0)
	eventually grep -q hang "/proc/$pid/cmdline"
	[ "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f17)" = 5 ] || fail 'nice'
	[ "$(cat "/proc/$pid/oom_score_adj")" = 500 ] || fail "$(cat "/proc/$pid/oom_score_adj")"
	[ "$(cat "/proc/$PID/oom_score_adj")" = 0 ] || fail 'our own oom_score_adj'
	[ "$(field "$pid" Umask)" = 0027 ] || fail "umask $(field "$pid" Umask)"
	cp "/proc/$pid/limits" limits
	while read -r limit; do
		has limits "^Max $limit" || fail "$limit: $(cat limits)"
	done <<-END
		address space +1073741824 +1073741824
		core file size +0 +1048576
		cpu time +100 +200
		data size +536870912 +536870912
		file size +2097152 +3145728
		locked memory +4096 +4096
		open files +123 +456
		processes +1000 +2000
		resident set +1000000 +1000000
		stack size +1048576 +1048576
	END
	finish
}

# A limit that is beyond what is permitted is told, and nothing runs without it.
atf_test_case forbidden_limit
forbidden_limit_head() { atf_set require.user root; atf_set require.progs setpriv; }
forbidden_limit_body()
{
	chmod 777 .
	cp "$BUILD/sebox" "$W" .
	rc=0
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all ./sebox se-supervise --log=log --nice=-5 -- ./worker hang \
		>out 2>err || rc=$?
	[ $rc = 1 ] || fail "exit status $rc: $(cat err)"
	has err '^se-supervise: start: ./worker: nice: ' || fail "$(cat err)"
}

# own_cgroup2: a new directory in the mounted cgroup v2, noted in the file cgroup; skips without one
own_cgroup2()
{
	[ "$(id -u)" = 0 ] || atf_skip 'not root'
	at=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$at" ] || atf_skip 'no cgroup v2 is mounted'
	dir=$at/se-test.$$
	mkdir "$dir" 2>/dev/null || atf_skip "$at cannot be written"
	echo "$dir" >cgroup
	[ -e "$dir/cgroup.kill" ] || atf_skip 'no cgroup.kill: the kernel is older than 5.14'
}
remove_cgroup()
{
	[ -s cgroup ] || return 0
	dir=$(cat cgroup)
	for d in "$dir"/worker-* "$dir"; do
		[ ! -d "$d" ] || { echo 1 >"$d/cgroup.kill"; n=0; until rmdir "$d" 2>/dev/null || [ $((n += 1)) -gt 100 ]; do sleep 0.05; done; }
	done
}

atf_test_case worker_cgroup cleanup
worker_cgroup_body()
{
	own_cgroup2
	supervise --workers=2 --worker-cgroup="$dir" -- "$W" log=w escape=TERM say=up hang
	eventually lines w '^up ' 2
	pid=$(worker_pid 1)
	[ "$(wc -l <"$dir/worker-1/cgroup.procs")" = 2 ] || fail "$(cat "$dir/worker-1/cgroup.procs")"
	grep -qx "$pid" "$dir/worker-1/cgroup.procs" || fail "$pid is not in its cgroup"
	workers=$(grep -vx "$pid" "$dir/worker-1/cgroup.procs")
	kill -9 "$pid"
	eventually all_gone # its stray, in a session of its own, went with it
	eventually lines w '^up ' 3
	workers=$(cat "$dir"/worker-*/cgroup.procs)
	finish
	all_gone || fail 'processes are left'
	rmdir "$dir" || fail "$(ls -R "$dir")"
}
worker_cgroup_cleanup() { remove_cgroup; }

atf_test_case worker_cgroup_missing
worker_cgroup_missing_body()
{
	rc=0
	$SE --log=log --worker-cgroup="$PWD/none" -- "$W" hang >out 2>err || rc=$?
	[ $rc = 1 ] || fail "exit status $rc"
	has err "^se-supervise: start: .*: cgroup: No such file or directory" || fail "$(cat err)"
}

# ---- the log ----

atf_test_case log_lines
log_lines_body()
{
	supervise --workers=4 --unrecoverable-exit-codes=0 -- sh -c '
		case $SERVERENGINE_WORKER_ID in
		0) exec "$1" exit=0 ;;
		1) exec "$1" leave=TERM:4 say=up hang ;;
		2) exec "$1" kill=9 ;;
		3) exec "$1" leave=TERM:0 say=up hang ;;
		esac' sh "$W"
	eventually lines log '^up ' 2
	eventually has log 'Worker 2 '
	finish
	# the lines of Ruby Logger, the texts of ServerEngine
	when='\[[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} #'$PID'\]'
	while read -r line; do
		eventually has log "^$line\$"
	done <<-END
		I, $when  INFO -- : Worker 0 exited with status 0
		E, $when ERROR -- : Worker 2 exited unexpectedly with signal SIGKILL
		I, $when  INFO -- : Worker 1 finished with status 4
		I, $when  INFO -- : Worker 3 finished with status 0
		I, $when  INFO -- : Received graceful stop \(SIGTERM from pid $$ \(.*\), uid $(id -u)\)
	END
	lines log '^[^#u]' "$(grep -cE "^[IWED], $when ( INFO|ERROR| WARN|DEBUG) -- : " log)" || fail "$(cat log)"
}

atf_test_case log_level
log_level_body()
{
	for level in trace:5 debug:4 info:3 warn:2 error:1 fatal:0; do
		supervise --log-level=${level%:*} --worker-heartbeat-interval=100ms --worker-heartbeat-timeout=400ms -- \
			"$W" notify='READY=1\nWATCHDOG=1' log=w say=up hang
		eventually lines w '^up ' 2 # killed once for its silence
		finish
		n=0
		for at in 'TRACE -- : Worker 0 started' 'DEBUG -- : Worker 0 is ready' ' INFO -- : Worker 0 finished' \
			' WARN -- : Worker 0 \(pid' 'ERROR -- : Worker 0 exited'; do
			! has log "$at" || n=$((n + 1))
		done
		[ $n = ${level#*:} ] || fail "$level: $n kinds of lines: $(cat log)"
		rm -f log w
		: >log
	done
}

atf_init_test_cases()
{
	atf_add_test_case killed_worker_comes_back
	atf_add_test_case environment
	atf_add_test_case environment_without_heartbeat
	atf_add_test_case clean_process
	atf_add_test_case stdio_closed
	atf_add_test_case supervisor_killed
	atf_add_test_case supervisor_killed_other_user
	atf_add_test_case worker_death_signal
	atf_add_test_case restart_at_once
	atf_add_test_case all_die_at_once
	atf_add_test_case restart_interval
	atf_add_test_case crash_loop
	atf_add_test_case backoff_grows
	atf_add_test_case restart_limit_exit
	atf_add_test_case restart_limit_stop
	atf_add_test_case restart_limit_stop_all
	atf_add_test_case unrecoverable
	atf_add_test_case unrecoverable_stops_all
	atf_add_test_case other_code_restarts
	atf_add_test_case stops_exit_with_0
	atf_add_test_case stop_while_waiting
	atf_add_test_case start_delay
	atf_add_test_case start_delay_random
	atf_add_test_case stop_during_start_delay
	atf_add_test_case max_age
	atf_add_test_case max_rss
	atf_add_test_case resource_limits
	atf_add_test_case forbidden_limit
	atf_add_test_case worker_cgroup
	atf_add_test_case worker_cgroup_missing
	atf_add_test_case log_lines
	atf_add_test_case log_level
}
