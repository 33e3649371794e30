# Reload, restart and scaling of a running se-supervise.

# conf LINE...: these lines are the file c.yml
conf() { printf '%s\n' "$@" >c.new && mv c.new c.yml; }
# bad FILE [TEXT]: the test fails, and shows the file
bad()
{
	cat "$1"
	atf_fail "${2:-what is in $1 is not what was expected}"
}
# ctl ARG...: a verb, by the control socket
ctl() { "$SE" --control-path=ctl "$@"; }
# start [ARG]...: in the background with c.yml, and what follows; its pid in $PID
start()
{
	"$SE" -c c.yml --control-path="$(pwd)/ctl" "$@" >out 2>err &
	PID=$!
	eventually is_up
}
# reload: by the socket; it must be fine
reload() { ctl --reload || atf_fail "not reloaded: $(tail -n 3 log)"; }
# refused REASON VERB...: the verb is refused with this reason, exit status 1
refused()
{
	_why=$1 _rc=0
	shift
	ctl "$@" >told 2>&1 || _rc=$?
	[ $_rc = 1 ] || atf_fail "$*: exit status $_rc, expected 1"
	has told "$_why" || bad told "$*"
	lines told '' 1 || bad told "$*: not one line"
}
# count N: the status has this many workers, all of them up
count() { is_up && [ "$(awk 'NR > 2 && $3 ~ /^(up|ready)$/' status | wc -l)" = "$1" ] && lines status '' $(($1 + 2)); }
# pids: of all workers, in a line
pids() { ctl --status | awk 'NR > 2 { printf "%s ", $2 }'; }
# is_other N PID: worker N is up with another pid
is_other() { _now=$(ctl --status | awk -v n="$1" 'NR > 2 && $1 == n && $3 == "up" { print $2 }') && [ "${_now:-$2}" != "$2" ]; }
# other_pids PIDS: there are as many, and none is one of these
other_pids()
{
	_now=$(pids)
	[ "$(echo "$_now" | wc -w)" = "$(echo "$1" | wc -w)" ] || return 1
	for _p in $_now; do
		case " $1 0 " in *" $_p "*) return 1 ;; esac
	done
}
# holds PID PATTERN: one of its open files matches; descriptors PID: how many it has
holds() { find "/proc/$1/fd" -type l -exec readlink {} + | grep -qE -- "$2"; }
descriptors() { find "/proc/$1/fd" -type l | wc -l; }
# argv PID: its command line
argv() { tr '\0' ' ' <"/proc/$1/cmdline"; }

atf_test_case workers_up_and_down
workers_up_and_down_body()
{
	conf 'log: log' 'workers: 1' "command: $W log=w say=up leave=TERM:0 hang"
	start
	eventually count 1
	first=$(worker_pid 0)
	conf 'log: log' 'workers: 3' "command: $W log=w say=up leave=TERM:0 hang"
	kill -USR2 $PID
	eventually count 3
	eventually has log 'INFO -- : Received reload \(SIGUSR2 from pid [0-9]+ \([^)]+\), uid [0-9]+\)$'
	eventually lines w '^up ' 3
	sed -i 's/^workers: 3/workers: 2/' c.yml
	reload
	eventually count 2
	eventually has log 'INFO -- : Received reload \(control socket, uid [0-9]+\)$'
	eventually has log 'INFO -- : Worker 2 finished with status 0$'
	[ "$(worker_pid 0)" = "$first" ] || atf_fail 'worker 0 is another one'
	lines w '^up ' 3 || atf_fail 'a worker was restarted'
	eventually lines log 'INFO .*Worker' 1
	sed -i 's/^workers: 2/workers: 0/' c.yml
	reload
	eventually count 0
	sed -i 's/^workers: 0/workers: 2/' c.yml
	reload
	eventually lines w '^up ' 5
	finish
}

atf_test_case log_moves
log_moves_body()
{
	conf 'log: one' 'workers: 1' "command: $W hang"
	start
	ctl --scale=2
	eventually has one 'Received scale'
	conf 'log: [missing/log, two]' 'workers: 2' "command: $W hang"
	reload
	eventually let_go '/one$' # until then it writes what comes
	ctl --scale=3
	eventually has two 'Received scale'
	eventually lines one 'Received scale' 1
	lines two 'Received reload' 0 || atf_fail 'the reload is logged where it goes to'
	# one that cannot be opened: it stays where it was, and says so
	conf 'log: missing/log' 'workers: 2' "command: $W hang"
	ctl --reload 2>told || :
	eventually has two 'ERROR -- : .*log: missing/log: No such file or directory'
	ctl --scale=1
	eventually lines two 'Received scale' 2
	finish
}

# A log that cannot be opened is an error for whoever asked for the reload, too.
atf_test_case log_that_cannot_move
log_that_cannot_move_body()
{
	conf 'log: log' "command: $W hang"
	start
	conf 'log: missing/log' "command: $W hang"
	refused 'log: missing/log: No such file or directory' --reload
	finish
}

# let_go PATTERN: neither the supervisor nor its logger has such a file open
let_go()
{
	_l=$(logger_of $PID)
	[ -n "$_l" ] && ! holds "$PID" "$1" && ! holds "$_l" "$1"
}
atf_test_case log_is_reopened
log_is_reopened_body()
{
	conf 'log: log' "command: $W leave=TERM:0 leave=QUIT:0 hang"
	start
	for how in reload USR2 restart USR1 restart-now HUP; do
		mv log log.$how
		case $how in
		*[a-z]) ctl --$how ;;
		*) kill -$how $PID ;;
		esac
		eventually has log 'Received (reload|graceful restart|immediate restart) '
		eventually let_go "/log.$how\$"
	done
	finish
	eventually has log 'Received graceful stop'
}

atf_test_case log_level
log_level_body()
{
	conf 'log: log' 'log_level: error' "command: $W hang"
	start
	first=$(worker_pid 0)
	ctl --scale=2
	eventually count 2
	kill -9 "$first"
	eventually has log 'ERROR -- : Worker 0 exited unexpectedly with signal SIGKILL$'
	lines log '^[^#]' 1 || bad log "more than errors"
	conf 'log: log' 'log_level: trace' "command: $W hang"
	reload
	ctl --scale=2
	eventually has log 'TRACE -- : Worker 1 started with pid [0-9]+$'
	eventually has log 'INFO -- : Received scale '
	finish
}

atf_test_case kill_timeouts
kill_timeouts_body()
{
	conf 'log: log' 'worker_graceful_kill_interval: 300' 'worker_graceful_kill_timeout: -1' \
	    "command: $W ignore=TERM log=w say=up hang"
	start
	eventually has w '^up '
	pid=$(worker_pid 0)
	ctl --scale=0
	eventually has status . # TERM was sent
	conf 'log: log' 'workers: 0' 'worker_graceful_kill_interval: 0.1' 'worker_graceful_kill_interval_increment: 0' \
	    'worker_graceful_kill_timeout: 0.3' "command: $W ignore=TERM log=w say=up hang"
	reload # the ladder of a worker that is being stopped takes it too
	eventually gone "$pid"
	eventually has log 'Worker 0 finished with signal SIGQUIT$'
	finish
}

atf_test_case heartbeat_timeout
heartbeat_timeout_body()
{
	conf 'log: log' 'workers: 2' "command: [sh, -c, 'if [ \$SERVERENGINE_WORKER_ID = 0 ]; then exec \$0 beat=3:100 hang; else exec \$0 beat=0:100; fi', '$W']"
	start
	pid=$(worker_pid 0) other=$(worker_pid 1)
	eventually sh -c "$SE --control-path=ctl --status | awk '\$1 == 0 && \$7 ~ /s\$/ && \$7 + 0 >= 0.5 { ok = 1 } END { exit !ok }'"
	kill -0 "$pid" || atf_fail 'it is dead already'
	sed -i '1s/^/worker_heartbeat_interval: 0.1\nworker_heartbeat_timeout: 1\n/' c.yml
	reload
	eventually gone "$pid"
	eventually has log 'WARN -- : Worker 0 \(pid [0-9]+\): sending SIGQUIT: no heartbeat for the whole timeout$'
	[ "$(worker_pid 1)" = "$other" ] || atf_fail 'the other one was beating'
	finish
}

atf_test_case names_of_new_workers
names_of_new_workers_body()
{
	conf 'log: log' 'workers: 2' 'worker_process_name: old-%d' "command: $W hang"
	start
	eventually count 2
	one=$(worker_pid 1) zero=$(worker_pid 0)
	atf_check_equal 'old-1 hang ' "$(argv "$one")"
	conf 'log: log' 'workers: 2' 'worker_process_name: "100%% new %d%d"' 'worker_chumask: 077' "command: $W hang"
	reload
	kill -9 "$one"
	eventually is_other 1 "$one"
	atf_check_equal '100% new 11 hang ' "$(argv "$(worker_pid 1)")"
	atf_check_equal 'old-0 hang ' "$(argv "$zero")"
	has "/proc/$(worker_pid 1)/status" '^Umask:[[:space:]]0077$' || atf_fail "$(grep Umask "/proc/$(worker_pid 1)/status")"
	conf 'log: log' 'workers: 2' "command: $W hang"
	ctl --restart
	eventually is_other 0 "$zero"
	atf_check_equal "$W hang " "$(argv "$(worker_pid 0)")"
	finish
}

atf_test_case identity_of_new_workers
identity_of_new_workers_head() { atf_set require.user root; }
identity_of_new_workers_body()
{
	cp "$W" worker # where everybody can reach it
	conf 'log: log' 'workers: 1' 'command: ./worker hang'
	start
	old=$(worker_pid 0)
	conf 'log: log' 'workers: 2' 'worker_chuser: nobody' 'worker_chgroup: 1' 'command: ./worker hang'
	reload
	eventually count 2
	atf_check_equal '0 0' "$(stat -c '%u %g' "/proc/$old")"
	atf_check_equal '65534 1' "$(stat -c '%u %g' "/proc/$(worker_pid 1)")"
	conf 'log: log' 'workers: 2' 'command: ./worker hang'
	ctl --restart
	eventually is_other 0 "$old"
	eventually count 2
	for pid in $(pids); do atf_check_equal '0 0' "$(stat -c '%u %g' "/proc/$pid")"; done
	finish
}

atf_test_case static_keys
static_keys_body()
{
	conf 'log: log' 'pid_path: pid' "command: $W hang"
	start --signal-dump=WINCH
	reload
	! has log WARN || bad log "nothing has changed"
	conf 'log: log' 'pid_path: other' 'chdir: /' 'unrecoverable_exit_codes: [1]' 'workers: 2' \
	    'signal_reload: URG' 'signal_dump: PROF' "command: $W sleep=1 hang"
	reload
	eventually has log 'WARN -- : Changed, but in effect only after the next start: '
	for key in command pid_path chdir unrecoverable_exit_codes signal_reload; do
		eventually has log "after the next start: .*\\b$key\\b"
	done
	! has log 'next start: .*(workers|signal_dump|control_path|log)\b' || bad log "too much is told"
	eventually count 2 # the others are in effect
	atf_check_equal "$W hang " "$(argv "$(worker_pid 1)")"
	atf_check_equal $PID "$(cat pid)"
	[ ! -e other ] || atf_fail 'the pid file moved'
	kill -USR2 $PID # still the signal for it
	eventually lines log 'Received reload' 3
	finish
}

atf_test_case broken_file
broken_file_body()
{
	conf 'log: log' 'workers: 2' 'worker_process_name: good' "command: $W log=w trap=USR2 say=up hang"
	start
	eventually lines w '^up ' 2
	before=$(pids)
	conf 'log: other' 'workers: 3' 'worker_process_name: bad' '' 'wokers: 2' "command: $W hang"
	refused '^se-supervise: RELOAD: c\.yml:5: wokers: unknown key: the nearest is workers$' --reload
	kill -USR2 $PID
	eventually lines log 'ERROR -- : Configuration not reloaded: c\.yml:5: wokers: unknown key: the nearest is workers$' 2
	conf 'log: log' 'workers: 3' 'worker_chuser: nosuchuser' "command: $W hang"
	refused 'worker_chuser.*nosuchuser.*no such user' --reload
	conf 'log: log' 'workers: 3' 'worker_heartbeat_timeout: 0.5' "command: $W hang"
	refused 'worker_heartbeat_interval: .*less than worker_heartbeat_timeout' --reload
	conf 'log: log' 'workers: 3'
	refused 'command: none given' --reload
	mv c.yml away
	refused 'c\.yml: No such file or directory' --reload
	mkdir c.yml
	refused 'c\.yml: Is a directory' --reload
	rmdir c.yml
	head -c 2000000 /dev/zero >c.yml
	refused 'c\.yml: longer than 1 MiB' --reload
	head -c 100000 /dev/urandom >c.yml
	refused 'c\.yml:[0-9]+: ' --reload
	eventually lines log 'ERROR -- : Configuration not reloaded: ' 9
	atf_check_equal "$before" "$(pids)"
	[ ! -e other ] || atf_fail 'the broken file is half in effect'
	! has w '^got' || atf_fail 'workers were told of it'
	conf 'log: log' 'workers: 3' "command: $W log=w trap=USR2 say=up hang"
	reload
	eventually count 3
	finish
}

atf_test_case too_many_workers
too_many_workers_body()
{
	conf 'log: log' 'workers: 2' "command: $W hang"
	prlimit --nofile=100 "$SE" -c c.yml --control-path=ctl >out 2>err &
	PID=$!
	eventually is_up
	eventually count 2
	before=$(pids)
	sed -i 's/^workers.*/workers: 60/' c.yml
	refused 'too many workers for the limit of open files' --reload
	refused 'too many workers for the limit of open files' --scale=60
	refused 'too many workers for the limit of open files' --restart
	atf_check_equal "$before" "$(pids)"
	sed -i 's/^workers.*/workers: 3/' c.yml
	reload
	eventually count 3
	finish
}

# Opening a fifo must not stop the heartbeats and kills of others.
atf_test_case fifo_instead_of_the_file
fifo_instead_of_the_file_body()
{
	conf 'log: log' "command: $W hang"
	start
	rm c.yml
	mkfifo c.yml
	refused 'c\.yml: ' --timeout=5 --reload
	finish
}

atf_test_case reload_signal
reload_signal_body()
{
	# worker 0 catches USR2, worker 1 leaves it alone (and would die of it), worker 2 ignores it
	command="command: [sh, -c, 'case \$SERVERENGINE_WORKER_ID in 0) a=trap=USR2 b=trap=23 ;; 1) a=sleep=0 b=sleep=0 ;; 2) a=ignore=USR2 b=sleep=0 ;; esac; exec \$0 log=w \$a \$b say=up hang', '$W']"
	conf 'log: log' 'workers: 3' "$command"
	start
	eventually lines w '^up ' 3
	before=$(pids)
	reload
	eventually has w '^got 12$'
	eventually has log 'DEBUG -- : Worker 1 does not catch SIGUSR2: not sent$'
	eventually has log 'DEBUG -- : Worker 2 does not catch SIGUSR2: not sent$'
	conf 'log: log' 'workers: 3' 'worker_reload_signal: URG' "$command"
	reload
	eventually has w '^got 23$'
	conf 'log: log' 'workers: 3' 'worker_reload_signal: nil' "$command"
	reload
	conf 'log: log' 'workers: 3' 'worker_reload_signal: SIGUSR2' "$command"
	reload
	eventually lines w '^got 12$' 2
	lines w '^got' 3 || bad w
	atf_check_equal "$before" "$(pids)"
	finish
}

atf_test_case relative_names
relative_names_body()
{
	mkdir sub
	conf 'chdir: sub' 'log: log' 'pid_path: pid' 'workers: 1' 'command: [sh, -c, "pwd >>pwd; exec sleep 1000"]'
	start
	eventually has sub/pwd '/sub$'
	[ -e sub/log ] || atf_fail 'log is not in chdir'
	[ -e sub/pid ] || atf_fail 'pid_path is not in chdir'
	echo 'workers: x' >sub/c.yml # not this one
	sed -i 's/^workers.*/workers: 2/' c.yml
	reload
	eventually count 2
	finish
	[ ! -e sub/pid ] || atf_fail 'the pid file was left'
}

# The same file finds the supervisor that was started with it.
atf_test_case verbs_with_chdir
verbs_with_chdir_body()
{
	mkdir sub
	conf 'chdir: sub' 'log: log' 'pid_path: pid' 'control_path: ctl' "command: $W hang"
	"$SE" -c c.yml >out 2>err &
	PID=$!
	eventually test -S sub/ctl
	rc=0
	"$SE" -c c.yml --status >status 2>err || rc=$?
	"$SE" -c c.yml --control-path=nil --reload 2>>err || rc=$?
	kill -TERM $PID
	ends $PID 0
	[ $rc = 0 ] || bad err
}

atf_test_case restart_all
restart_all_body()
{
	conf 'log: log' 'workers: 3' "command: $W log=w trap=USR2 leave=TERM:5 leave=QUIT:6 say=up hang"
	start
	eventually lines w '^up ' 3
	n=3
	for how in restart USR1 restart-now HUP; do
		before=$(pids)
		case $how in
		*[a-z]) ctl --$how ;;
		*) kill -$how $PID ;;
		esac
		n=$((n + 3))
		eventually lines w '^up ' $n
		eventually other_pids "$before"
		eventually count 3
	done
	eventually lines log 'INFO -- : Worker [012] finished with status 5$' 6
	eventually lines log 'INFO -- : Worker [012] finished with status 6$' 6
	eventually lines log 'Received (graceful|immediate) restart' 4
	! has w '^got' || atf_fail 'a restart is no reload'
	! has log 'WARN|ERROR' || bad log
	finish
}

atf_test_case restart_waits_for_nobody
restart_waits_for_nobody_body()
{
	# worker 0 goes when it is told by the file go; the others at once
	command="command: [sh, -c, 'trap \"[ \$SERVERENGINE_WORKER_ID != 0 ] || until [ -e go ]; do sleep 0.05; done; exit\" TERM; echo up \$SERVERENGINE_WORKER_ID >>w; while :; do sleep 0.05; done']"
	conf 'log: log' 'workers: 2' "$command"
	start
	eventually lines w '^up' 2
	slow=$(worker_pid 0)
	ctl --restart
	eventually lines w '^up 1' 2
	kill -0 "$slow" || atf_fail 'worker 0 went'
	[ "$(worker_pid 0)" = "$slow" ] || atf_fail 'worker 0 has two processes'
	# and a reload meanwhile does not wait either
	conf 'log: log' 'workers: 3' "$command"
	reload
	eventually has w '^up 2'
	ctl --restart # twice is once
	eventually lines w '^up 1' 3
	touch go
	eventually lines w '^up 0' 2
	eventually count 3
	lines w '^up 0' 2 || bad w
	finish
}

in_either() { has log "$1" || has log2 "$1"; }

atf_test_case restart_takes_the_configuration
restart_takes_the_configuration_body()
{
	conf 'log: log' 'workers: 3' 'worker_process_name: old' "command: $W hang"
	start
	eventually count 3
	before=$(pids)
	conf 'log: log2' 'workers: 2' 'worker_process_name: new' "command: $W hang"
	kill -USR1 $PID
	eventually count 2
	eventually other_pids "$(echo "$before" | cut -d ' ' -f 1,2)"
	for pid in $(pids); do atf_check_equal 'new hang ' "$(argv "$pid")"; done
	eventually in_either 'Worker 2 finished' # the old logger takes what is in the pipe
	eventually test -s log2
	ctl --scale=4 # lasts until the next reload or restart
	eventually count 4
	ctl --restart-now
	eventually count 2
	finish
}

atf_test_case restart_of_a_broken_file
restart_of_a_broken_file_body()
{
	conf 'log: log' 'workers: 2' "command: $W hang"
	start
	eventually count 2
	before=$(pids)
	conf 'log: log' 'workers: many' "command: $W hang"
	refused '^se-supervise: GRACEFUL_RESTART: c\.yml:2: workers: many: expected a whole number from 0 to 10000$' --restart
	refused '^se-supervise: IMMEDIATE_RESTART: c\.yml:2: workers: many: ' --restart-now
	kill -USR1 $PID
	eventually lines log 'Configuration not reloaded: ' 3
	kill -HUP $PID
	eventually lines log 'Configuration not reloaded: ' 4
	atf_check_equal "$before" "$(pids)"
	finish
}

atf_test_case scaling
scaling_body()
{
	conf 'log: log' 'workers: 2' "command: $W leave=TERM:0 hang"
	start
	eventually count 2
	first=$(worker_pid 0)
	for pair in =4:4 =+1:5 =-2:3 =+0:3 =-0:3 =3:3 =1:1; do
		ctl --scale${pair%:*} || atf_fail "${pair%:*}: refused"
		eventually count "${pair#*:}"
	done
	kill -TTIN $PID
	eventually count 2
	eventually has log 'INFO -- : Received scale \(SIGTTIN from pid [0-9]+ \([^)]+\), uid [0-9]+\)$'
	kill -TTIN $PID
	eventually count 3
	kill -TTOU $PID
	eventually count 2
	atf_check_equal "$first" "$(worker_pid 0)"
	ctl --scale=-9 # not below none
	eventually count 0
	kill -TTOU $PID
	eventually lines log 'Received scale \(SIGTTOU' 2
	kill -TTIN $PID
	eventually count 1
	finish
	eventually lines log 'INFO -- : Worker [0-9] finished with status 0$' 8
}

atf_test_case scale_bounds
scale_bounds_body()
{
	conf 'log: log' 'workers: 1' "command: $W hang"
	start
	for n in 10001 -10001 +10001 99999999999999999999 x 1x 1.5 '1 2' ++1 -- '' ' ' 0x10; do
		rc=0
		ctl --scale="$n" >told 2>&1 || rc=$?
		case $rc in
		1 | 2) has told '^se-supervise: .*SCALE.*: .*(count|argument)' || bad told "$n" ;;
		*) atf_fail "$n: exit status $rc" ;;
		esac
	done
	eventually count 1
	finish
}

atf_test_case while_stopping
while_stopping_body()
{
	conf 'log: log' 'workers: 2' "command: $W ignore=TERM trap=USR2 log=w say=up hang"
	start
	eventually lines w '^up ' 2
	kill -TERM $PID
	eventually has log 'Received graceful stop'
	for verb in reload restart restart-now scale=5 dump; do
		refused ': it is stopping$' --$verb
	done
	for sig in USR1 USR2 HUP TTIN CONT; do kill -$sig $PID; done
	ctl --status >status || atf_fail 'no status any more'
	has status '^pid [0-9]+  stopping ' || atf_fail "$(head -n 1 status)"
	kill -QUIT $PID
	ends $PID 0
	! has w '^got' || bad w
	lines w '^up ' 2 || atf_fail 'it started workers'
}

atf_test_case many_reloads
at_most_descriptors() { [ "$(descriptors $PID)" -le "$1" ]; }
many_reloads_body()
{
	conf 'log: log' 'workers: 3' 'log_level: info' "command: $W ignore=USR2 log=w say=up hang"
	start
	eventually lines w '^up ' 3
	for i in 1 2 3 4 5; do reload; done
	fds=$(descriptors $PID) rss=$(awk '/^VmData/ { print $2 }' /proc/$PID/status)
	for i in $(seq 150); do reload; done
	for i in $(seq 50); do kill -USR2 $PID; done
	reload
	eventually at_most_descriptors "$fds"
	grown=$(($(awk '/^VmData/ { print $2 }' /proc/$PID/status) - rss))
	[ $grown -le 64 ] || atf_fail "$grown KiB more after 200 reloads"
	lines w '^up ' 3 || atf_fail 'workers were restarted'
	finish
}

atf_init_test_cases()
{
	for t in workers_up_and_down log_moves log_that_cannot_move log_is_reopened log_level kill_timeouts \
	    heartbeat_timeout names_of_new_workers identity_of_new_workers static_keys broken_file too_many_workers \
	    fifo_instead_of_the_file reload_signal relative_names verbs_with_chdir restart_all \
	    restart_waits_for_nobody restart_takes_the_configuration restart_of_a_broken_file scaling \
	    scale_bounds while_stopping many_reloads; do
		atf_add_test_case $t
	done
}
