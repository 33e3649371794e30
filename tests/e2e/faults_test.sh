# se-supervise in a bad world: commands that cannot be run, a kernel that says no, hostile neighbours.

# shellcheck source=/dev/null disable=SC2016,SC2013,SC3045 # inner shells; pids as words; dash has ulimit -S
. "$SRC/tests/e2e/look.subr"

STARTED='TRACE -- : Worker [0-9]+ started with pid'
CLIENT=$BUILD/helpers/client

# quick ARG...: as supervise, with little back-off
quick() { supervise --restart-backoff=100ms --restart-backoff-max=200ms "$@"; }
# works: the supervisor answers, and supervises
works()
{
	$SE --control-path=ctl --timeout=5s --status >status || fail 'no status'
	_old=$(worker_pid 0)
	kill -9 "$_old"
	eventually replaced
}
replaced() { _new=$(worker_pid 0) && [ "${_new:-0}" != 0 ] && [ "$_new" != "$_old" ]; }
# idle: within half a second it uses next to no CPU time
idle()
{
	_used=$(cpu "$1")
	sleep 0.5 # is what is measured
	[ $(($(cpu "$1") - _used)) -lt 15 ]
}

# ---- the command ----

atf_test_case command_cannot_run
command_cannot_run_body()
{
	echo hello >plain
	echo hello >nothing && chmod +x nothing
	printf '#!/no/such/interpreter\n' >script && chmod +x script
	mkdir dir
	# a command, the exit status, the reason
	while read -r command status reason; do
		rc=0
		PATH=/usr/bin:/bin $SE --control-path=ctl --pid-path=pid --log=log --workers=3 -- "$command" >out 2>err || rc=$?
		[ $rc = "$status" ] || fail "$command: exit status $rc: $(cat err)"
		[ "$(cat err)" = "se-supervise: start: $command: $reason" ] || fail "$(cat err)"
		eventually has log "FATAL -- : start: $command: $reason\$"
		if [ -e ctl ] || [ -e pid ]; then fail "left behind: $(ls)"; fi
		rm log
	done <<-END
		./missing 127 No such file or directory
		no-such-command-anywhere 127 No such file or directory
		./script 127 its interpreter does not exist
		./plain 126 Permission denied
		./dir 126 Permission denied
		./nothing 126 Exec format error
	END
}

# A command that breaks while workers run is logged, and tried again and again but not in a hurry.
atf_test_case command_breaks_later
command_breaks_later_body()
{
	cp "$W" worker
	supervise --workers=2 --restart-backoff-max=1s --log-level=trace -- ./worker log=w say=up hang
	eventually lines w '^up ' 2
	mv worker away
	kill -9 "$(worker_pid 0)"
	eventually at_least log 'ERROR -- : Worker 0 could not be started: exec: No such file or directory$' 3
	is_state 0 waiting || fail "$(of 0 state)"
	is_state 1 up || fail 'the other worker has stopped'
	[ "$(gaps log 'could not be started' | awk '$1 < 0.37' | wc -l)" = 0 ] || fail "$(gaps log 'could not be started')"
	echo garbage >worker
	eventually has log 'Worker 0 could not be started: exec: Permission denied$'
	mv away worker
	eventually lines w '^up ' 3
	finish
}

# Nothing is left of it but its process, and that is enough.
atf_test_case worker_closes_everything
worker_closes_everything_body()
{
	quick --worker-heartbeat-interval=200ms --worker-heartbeat-timeout=1s -- \
		sh -c 'exec "$@" <&- >&- 2>&-' sh "$W" log=w beat=2:1 closefds say=up hang
	eventually up_for 3
	lines w '^up ' 1 || fail "$(cat w log)"
	idle "$PID" || fail 'busy'
	works
	finish
}

# Forty that ignore everything are gone when their time is over, and the group of each with them.
atf_test_case workers_ignore_everything
workers_ignore_everything_body()
{
	quick --workers=40 --worker-graceful-kill-timeout=500ms --worker-immediate-kill-timeout=500ms -- \
		"$W" ignore=TERM ignore=QUIT ignore=INT ignore=HUP log=w stray=TERM say=up hang
	eventually lines w '^up ' 40
	finish
	for p in $(sed 's/.* //' w); do
		gone "$p" || fail "process $p is left"
	done
	eventually lines log 'finished with signal SIGKILL$' 40
}

# ---- the kernel says no ----

# injected FAULT ARG...: as supervise, with a fault of the system that strace makes
injected()
{
	_fault=$1
	shift
	rm -f ctl
	strace -D -f -qq -o trace -e trace="${_fault%%:*}" -e inject="$_fault" "$SE" --control-path=ctl --log=log --restart-backoff=100ms \
		"$@" >out 2>err &
	PID=$!
	eventually test -s trace
	! grep -qE 'ptrace|PTRACE|Operation not permitted' err || atf_skip "strace cannot trace here: $(cat err)"
	eventually is_up
}

atf_test_case fork_fails_at_start
fork_fails_at_start_head() { atf_set require.progs strace; }
fork_fails_at_start_body()
{
	injected clone:error=EAGAIN:when=2..4 --log-level=trace -- "$W" log=w say=up hang
	eventually lines w '^up ' 1
	eventually lines log 'ERROR -- : Worker 0 could not be started: fork: Resource temporarily unavailable$' 3
	[ "$(gaps log 'could not be started' | awk '$1 < 0.07' | wc -l)" = 0 ] || fail 'no back-off'
	works
	finish
}

atf_test_case fork_fails_for_memory
fork_fails_for_memory_head() { atf_set require.progs strace; }
fork_fails_for_memory_body()
{
	injected clone:error=ENOMEM:when=3..5 --workers=3 --log-level=trace -- "$W" log=w say=up hang
	eventually lines w '^up ' 3
	eventually lines log 'Worker [0-2] could not be started: fork: (Cannot allocate memory|Out of memory)$' 3
	finish
}

# The real thing: a user who may have no more processes.
atf_test_case process_limit
process_limit_head() { atf_set require.user root; atf_set require.progs 'prlimit setpriv'; }
process_limit_body()
{
	chmod 777 .
	cp "$W" worker
	quick --workers=2 --chuser=54321 --chgroup=54321 -- ./worker log=w say=up hang
	eventually lines w '^up ' 2
	user='setpriv --reuid=54321 --regid=54321 --clear-groups'
	$user prlimit --pid "$PID" --nproc=3: # itself, its logger and a worker
	kill -9 "$(worker_pid 0)" "$(worker_pid 1)"
	eventually at_least log 'Worker [01] could not be started: fork: Resource temporarily unavailable$' 3
	lines w '^up ' 3 || fail "one more process was permitted: $(cat w)"
	$user prlimit --pid "$PID" --nproc=100:
	eventually lines w '^up ' 4
	finish
}

atf_test_case no_descriptors
no_descriptors_head() { atf_set require.progs prlimit; }
no_descriptors_body()
{
	hard=$(ulimit -Hn)
	quick --workers=2 -- "$W" log=w say=up hang
	eventually lines w '^up ' 2
	prlimit --pid "$PID" --nofile=4:"$hard"
	kill -9 "$(sed -n '1s/up //p' w)"
	eventually at_least log 'Worker [01] could not be started: pipe: (Too many open files|No file descriptors available)$' 2
	"$CLIENT" ctl open=1 send='STATUS\n' answer >reply &
	client=$!
	eventually at_least log 'control_path: accept: .*: again in a second$' 2
	idle "$PID" || fail 'busy while there are no descriptors'
	prlimit --pid "$PID" --nofile="$hard:$hard"
	ends "$client" 0
	[ "$(cat reply)" = OK ] || fail "$(cat reply)"
	eventually lines w '^up ' 3
	works
	finish
}

atf_test_case thousand_workers
thousand_workers_head() { atf_set timeout 120; }
thousand_workers_body()
{
	[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 2100 ] || atf_skip 'the hard limit of open files is below 2100'
	rc=0
	(ulimit -n 1900 && exec $SE --workers=1000 --log=log -- "$W" hang) >out 2>err || rc=$?
	[ $rc = 2 ] || fail "exit status $rc where the limit is too small: $(cat err)"
	has err '^se-supervise: workers: 1000: .*limit of open files' || fail "$(cat err)"
	# a soft limit is raised, and the hard one is just enough; workers get back what was
	(ulimit -Sn 64 && ulimit -Hn 2100 && exec $SE --control-path=ctl --workers=1000 --log=log -- "$W" log=w say=up hang) \
		>out 2>err &
	PID=$!
	eventually lines w '^up ' 1000
	has "/proc/$(worker_pid 999)/limits" '^Max open files +64 +2100 ' || fail "$(grep files "/proc/$(worker_pid 999)/limits")"
	[ "$($SE --control-path=ctl --status | wc -l)" = 1002 ] || fail 'the status is not whole'
	"$CLIENT" ctl open=40 say=open hang >client 2>&1 &
	client=$!
	eventually has client open
	works
	kill -9 "$(worker_pid 998)"
	eventually lines w '^up ' 1002
	! has log 'could not' || fail "$(grep 'could not' log)"
	finish
	kill "$client"
	for p in $(sed 's/^up //' w); do
		gone "$p" || fail "worker $p is left"
	done
	# off: no pipes, no limit
	(ulimit -n 200 && exec $SE --control-path=ctl --workers=1000 --worker-heartbeat=off --log-stdout=false --log-stderr=false --log=log -- "$W" log=w2 say=up hang) >out 2>err &
	PID=$!
	eventually lines w2 '^up ' 1000
	finish
}

# The supervisor is killed after it has made a process and before that one has asked to die with it.
atf_test_case killed_during_start
killed_during_start_head() { atf_set require.progs strace; }
killed_during_start_body()
{
	strace -D -f -qq -o trace -e trace=prctl -e inject=prctl:delay_enter=1500000 "$SE" --log=log -- "$W" log=w say=up hang >out 2>err &
	PID=$!
	eventually has_child
	! gone "$PID" || atf_skip "strace cannot trace here: $(cat err)"
	kill -9 "$PID"
	ends "$PID" 137
	eventually gone "$child"
	[ ! -s w ] || fail "$(cat w)"
}
has_child()
{
	gone "$PID" && return
	child=
	for c in $(children "$PID"); do # strace has one too, at first, and the logger is another
		[ "$(cat "/proc/$c/comm" 2>/dev/null)" != se-supervise ] || child=$c
	done
	[ -n "$child" ]
}

# ---- time ----

atf_test_case wall_clock_stepped
wall_clock_stepped_body()
{
	echo 0 >wrong
	rm -f ctl
	"$BUILD/helpers/stepped" wrong "$SE" --control-path=ctl --log=log --log-level=trace --worker-heartbeat-interval=200ms \
		--worker-heartbeat-timeout=1s --workers=3 --worker-graceful-kill-timeout=3s --worker-immediate-kill-timeout=1s \
		--restart-backoff=1s --restart-backoff-max=1s -- sh -c '
		case $SERVERENGINE_WORKER_ID in
		0) exec "$1" log=w ignore=TERM ignore=QUIT say=up beat=0:200 ;;
		1) exec "$1" log=w ignore=TERM ignore=QUIT say=up hang ;;
		2) exec "$1" exit=1 ;;
		esac' sh "$W" >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || { rc=0; wait "$PID" || rc=$?; [ $rc = 77 ] && atf_skip 'ptrace is not permitted here'; fail "$(cat err)"; }
	eventually lines w '^up ' 2
	for step in 40000000 -40000000 3600 -3600; do
		n=$(grep -c 'Worker 2 started' log)
		echo $step >wrong
		eventually at_least log 'Worker 2 started' $((n + 2))
	done
	[ "$(sed -n 's/^., \[\([0-9]*\)-.*/\1/p' log | sort -u | wc -l)" -ge 3 ] || fail "the clock was not stepped: $(cat log)"
	! has log 'sending' || fail "a worker was signalled: $(cat log)"
	# no faster than once in 0.75 s: the back-off is on another clock
	up=$($SE --control-path=ctl --status=json | sed -n '1s/.*"uptime":\([0-9]*\).*/\1/p')
	[ "$(grep -c 'Worker 2 started' log)" -le $((up * 4 / 3 + 2)) ] || fail "in $up s: $(cat log)"
	# 3 s of TERM and 1 s of QUIT, whatever the wall clock does meanwhile
	read -r since _ </proc/uptime
	kill -TERM "$(supervisor_pid)"
	echo 40000000 >wrong
	eventually has log 'sending SIGTERM'
	echo -40000000 >wrong
	ends "$PID" 0
	read -r now _ </proc/uptime
	lasted 3.8 9 "$(echo "$now $since" | awk '{ print $1 - $2 }')" 'the stop'
}
gone_or() { gone "$PID" || "$@"; }

# ---- the control socket ----

atf_test_case client_says_nothing
client_says_nothing_body()
{
	quick --workers=2 -- "$W" log=w say=up hang
	"$CLIENT" ctl open=1000 say=open hang >client 2>&1 &
	client=$!
	eventually has client open
	for _ in 1 2 3 4 5; do $SE --control-path=ctl --timeout=5s --status >status || fail 'no status'; done
	works
	set -- "/proc/$PID/fd"/*
	[ $# -lt 50 ] || fail "$(ls -l "/proc/$PID/fd")"
	idle "$PID" || fail 'busy'
	kill "$client"
	works
	finish
}

atf_test_case client_sends_half
client_sends_half_body()
{
	quick -- "$W" log=w say=up hang
	"$CLIENT" ctl open=10 send=GRACEFUL_ST say=sent closed >client 2>&1 &
	client=$!
	eventually has client sent
	works
	idle "$PID" || fail 'busy'
	ends "$client" 0 # it is not waited for forever
	! has log graceful || fail "$(cat log)"
	finish
}

atf_test_case client_sends_a_megabyte
client_sends_a_megabyte_body()
{
	quick -- "$W" log=w say=up hang
	"$CLIENT" ctl open=4 fill=1048576 answer closed >reply || fail "exit status $?: $(cat reply)"
	has reply '^ERR the line is too long$' || fail "$(cat reply)"
	works
	finish
}

atf_test_case client_talks_nonsense
client_talks_nonsense_body()
{
	quick -- "$W" log=w say=up hang
	for line in '' ' ' nonsense STATUSX 'STATUS xml' SCALE 'SCALE -' 'SCALE 1e9' 'SCALE 1 2' 'SCALE 99999999999999999999' \
		'graceful_stop now' "$(printf 'STA\001\377')"; do
		"$CLIENT" ctl open=1 send="$line"'\n' answer >reply || fail "$line: no answer"
		has reply '^ERR .' || fail "$line: $(cat reply)"
	done
	"$CLIENT" ctl open=1 send='nonsense\nSTATUS\nSTATUS\n' answer answer >reply
	[ "$(cat reply)" = "$(printf 'ERR %s\nOK' "$(sed -n '1s/ERR //p' reply)")" ] || fail "$(cat reply)"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		"$CLIENT" ctl open=8 send='STATUS\nSTATUS json\n' close # and takes no answer
	done
	works
	finish
}

atf_test_case client_takes_nothing
client_takes_nothing_body()
{
	quick --workers=200 -- "$W" log=w hang
	before=$(field "$PID" VmRSS)
	"$CLIENT" ctl open=12 send="$(for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do printf 'STATUS json\\n'; done)" \
		send='STATUS json\n' send='STATUS\n' say=sent hang >client 2>&1 &
	client=$!
	eventually has client sent
	works
	works
	idle "$PID" || fail 'busy'
	[ "$(field "$PID" VmRSS)" -lt $((before + 1000)) ] || fail "$before, then $(field "$PID" VmRSS) KiB"
	kill "$client"
	finish
}

atf_test_case client_of_another_user
client_of_another_user_head() { atf_set require.user root; atf_set require.progs setpriv; }
client_of_another_user_body()
{
	chmod 777 .
	cp "$CLIENT" client
	quick -- "$W" log=w say=up hang
	[ "$(stat -c %a ctl)" = 600 ] || fail "mode $(stat -c %a ctl)"
	nobody='setpriv --reuid=65534 --regid=65534 --clear-groups ./client ctl open=1'
	! $nobody send='GRACEFUL_STOP\n' answer >reply 2>&1 || fail 'connected'
	chmod 666 ctl # somebody opened it: there is a second lock
	$nobody send='GRACEFUL_STOP\n' answer >reply 2>&1
	[ "$(cat reply)" = 'ERR not permitted' ] || fail "$(cat reply)"
	eventually lines log 'WARN -- : control_path: uid 65534 is not permitted$' 1
	works
	finish
}

# ---- reports from strangers ----

atf_test_case stranger_reports
stranger_reports_body()
{
	quick --workers=2 --log-level=trace -- "$W" log=w say=up hang
	eventually lines w '^up ' 2
	to=$(environment "$(worker_pid 0)" | grep '^NOTIFY_SOCKET=')
	for text in 'READY=1\nSTATUS=evil' WATCHDOG=trigger STOPPING=1 MAINPID=1; do
		env "$to" "$W" notify="$text" notify="$text" || fail 'it could not send'
	done
	eventually lines log 'WARN -- : A notification from pid [0-9]+, which is no worker, was ignored$' 1
	works
	eventually lines log 'which is no worker' 1
	is_state 1 up || fail "$($SE --control-path=ctl --status)"
	! $SE --control-path=ctl --status | grep -q evil || fail 'its status is shown'
	! has log 'ready|sending|stopping' || fail "$(cat log)"
	finish
}

# ---- signals ----

# Two hundred starts, the last 4 ms before their TERM.
atf_test_case early_signal
early_signal_body()
{
	for sig in 15 3 2; do
		"$BUILD/helpers/early" "$sig" 200 20 "$SE" --log=log --pid-path=pid --workers=3 -- "$W" hang >out 2>&1 || fail "signal $sig: $(cat out)"
		[ "$(awk '{ print $1 }' out)" -ge 100 ] || fail "signal $sig: $(cat out)"
	done
	$SE --pid-path=pid --log=log -- "$W" log=w say=up hang >out 2>err & # the pid file is no hindrance
	PID=$!
	eventually lines w '^up ' 1
	finish
}

atf_test_case sender_is_logged
sender_is_logged_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	quick --workers=2 -- "$W" log=w ignore=USR2 say=up hang
	me="pid $$ \\($(cat /proc/$$/comm)\\), uid $(id -u)"
	for sig in USR1:'graceful restart' HUP:'immediate restart' USR2:reload CONT:dump TTIN:scale TTOU:scale TERM:'graceful stop'; do
		kill "-${sig%:*}" "$PID"
		eventually has log "INFO -- : Received ${sig#*:} \\(SIG${sig%:*} from $me\\)\$"
	done
	ends "$PID" 0
}

# A sender may call itself what it likes: its name is no way into the log.
atf_test_case sender_with_a_name
sender_with_a_name_body()
{
	quick -- "$W" log=w say=up hang
	mkfifo go
	n=0
	for name in "$(printf 'x)\033[1m')" "$(printf 'x)\nE, [2')"; do
		cp "$(command -v sh)" "$name"
		"./$name" -c 'kill -USR2 "$1"; read x <go' sh "$PID" &
		n=$((n + 1))
		eventually lines log ' INFO -- : Received reload \(SIGUSR2 from pid [0-9]+ \(x\)(\\x1b\[1m|\\nE, \[2)?\), uid [0-9]+\)$' $n
		echo >go
	done
	finish
	lines log '^[^#u]' "$(grep -cE '^[IDE], \[[^]]*\] +[A-Z]+ -- : ' log)" || fail "$(cat log)"
}

atf_test_case signal_storm
signal_storm_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	quick --workers=3 -- "$W" log=w ignore=USR2 say=up hang
	for _ in $(seq 200); do
		kill -TTIN "$PID" && kill -HUP "$PID" && kill -TTOU "$PID" && kill -CONT "$PID" && kill -USR2 "$PID" && kill -USR1 "$PID"
	done
	$SE --control-path=ctl --scale=3 || fail 'scale'
	eventually only_workers "$PID" 3
	works
	eventually only_workers "$PID" 3
	finish
}

# ---- the dump ----

atf_test_case dump
dump_body()
{
	umask 0
	export SIGDUMP_PATH="$PWD/dump"
	quick --workers=3 -- "$W" log=w notify='READY=1\nSTATUS=all well' say=up beat=0:200
	eventually lines w '^up ' 3
	eventually is_state 2 ready
	kill -CONT "$PID"
	eventually has dump '^ +worker 2: heartbeat pipe '
	[ "$(stat -c %a dump)" = 600 ] || fail "mode $(stat -c %a dump)"
	has dump "^pid $PID +running " || fail "$(cat dump)"
	for i in 0 1 2; do
		has dump "^ +$i +$(worker_pid $i) +ready .* all well\$" || fail "$(cat dump)"
		has dump "^ +worker $i: heartbeat pipe [0-9]+, heartbeat check in " || fail "$(cat dump)"
	done
	has dump '^descriptors: log [0-9]+, ' || fail "$(cat dump)"
	size=$(stat -c %s dump)
	eventually has log "Dumping to $PWD/dump\$"
	eventually "$SE" --control-path=ctl --dump # refused while the other is being written
	lines dump "^pid $PID" 2 || fail "$(cat dump)" # it is there when the command ends
	[ "$(stat -c %s dump)" -gt "$size" ] || fail 'it was not appended to'
	finish
	! has log 'ERROR|WARN' || fail "$(cat log)"
}

# dumps_nothing REASON: it is asked for a dump, refuses, and lives on
dumps_nothing()
{
	: >log
	kill -CONT "$PID"
	eventually has log "ERROR -- : dump: $PWD/dump: $1\$"
	is_up || fail 'no status'
}

atf_test_case dump_is_safe
dump_is_safe_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	quick -- "$W" log=w say=up hang
	echo precious >victim
	ln -s victim dump
	dumps_nothing '(Too many levels of symbolic links|Symbolic link loop)'
	rm dump
	ln victim dump
	dumps_nothing 'Operation not permitted'
	rm dump
	ln -s dangling dump
	dumps_nothing '(Too many levels of symbolic links|Symbolic link loop)'
	[ ! -e dangling ] || fail 'made the target of a link'
	rm dump
	mkfifo dump
	dumps_nothing 'No such device or address' # nobody reads: it does not wait
	cat dump >got &
	reader=$!
	exec 8>dump # now the reader is there
	dumps_nothing 'Operation not permitted'
	exec 8>&-
	ends "$reader" 0
	[ ! -s got ] || fail 'written to a fifo'
	rm dump
	mkdir dump
	dumps_nothing 'Is a directory'
	rmdir dump
	: >dump
	if [ "$(id -u)" = 0 ]; then
		chown 65534 dump
		dumps_nothing '(Operation not permitted|Permission denied)'
		[ ! -s dump ] || fail "$(cat dump)"
		chown 0 dump
	fi
	chmod 666 dump # our own: made private first
	kill -CONT "$PID"
	eventually has dump '^ +worker 0: '
	[ "$(stat -c %a dump)" = 600 ] || fail "mode $(stat -c %a dump)"
	[ "$(cat victim)" = precious ] || fail "$(cat victim)"
	finish
}

atf_test_case dump_when_stopping
dump_when_stopping_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	quick -- "$W" log=w trap=TERM say=up hang
	eventually lines w '^up ' 1
	kill -TERM "$PID"
	eventually has w 'got 15'
	kill -CONT "$PID"
	eventually has log 'Received dump'
	kill -QUIT "$PID"
	ends "$PID" 0
	[ ! -e dump ] || fail 'dumped'
}

atf_test_case dump_disabled
dump_disabled_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	quick --disable-sigdump=true -- "$W" log=w say=up hang
	kill -CONT "$PID"
	eventually has log 'Received dump'
	! $SE --control-path=ctl --dump 2>err || fail 'accepted'
	has err 'disable_sigdump is set$' || fail "$(cat err)"
	works
	finish
	[ ! -e dump ] || fail 'dumped'
}

# Without SIGDUMP_PATH it is /tmp/sigdump-PID.log; here with a /tmp of its own.
atf_test_case dump_default_path
dump_default_path_head() { atf_set require.user root; }
dump_default_path_body()
{
	cp "$BUILD/sebox" sebox
	cp "$W" worker
	mkdir tmp
	unset SIGDUMP_PATH
	unshare -m sh -c 'mount --bind tmp /tmp && exec ./sebox se-supervise --control-path=ctl --log=log -- ./worker hang' >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || atf_skip "no mount namespace: $(cat err)"
	kill -CONT "$PID"
	eventually has "tmp/sigdump-$PID.log" "^pid $PID "
	eventually has log "Dumping to /tmp/sigdump-$PID.log\$"
	finish
}

# ---- the log ----

# reloads N: has N lines and more written to the log
reloads()
{
	_n=0
	while [ $((_n += 10)) -le "$1" ]; do
		"$CLIENT" ctl open=1 send='RELOAD\nRELOAD\nRELOAD\nRELOAD\nRELOAD\nRELOAD\nRELOAD\nRELOAD\nRELOAD\nRELOAD\n' \
			answer answer answer answer answer answer answer answer answer answer >reply || fail 'no answer'
	done
}

atf_test_case log_disk_full
log_disk_full_head() { atf_set require.user root; }
log_disk_full_body()
{
	mkdir mnt
	unshare -m sh -c 'mount -t tmpfs -o size=128k none mnt && exec "$@"' sh "$SE" --control-path=ctl --log=mnt/log \
		-- "$W" log=w say=up hang >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || atf_skip "no tmpfs in a mount namespace: $(cat err)"
	disk=/proc/$PID/root$PWD/mnt
	eventually lines w '^up ' 1
	reloads 10
	head -c 1m /dev/zero >"$disk/fill" 2>/dev/null
	reloads 100 # what is left of the log's last page, and more
	n=$(grep -c '' "$disk/log")
	[ "$n" -lt 100 ] || fail "the disk is not full: $n lines"
	works
	idle "$PID" || fail 'busy'
	[ "$(grep -c '' "$disk/log")" = "$n" ] || fail 'the disk was not full'
	has err '^se-logrotate: write: mnt/log: No space left on device: trying again every second$' || fail "$(cat err)"
	rm "$disk/fill"
	works
	# nothing is lost, nothing is twice, nothing is broken
	eventually lines "$disk/log" 'Received reload' 110
	eventually has err '^se-logrotate: write: mnt/log: it works again$'
	lines err 'No space' 1 || fail "$(cat err)"
	! grep -E '.[IWEDFTA], \[[0-9]{4}-' "$disk/log" >broken || fail "two lines in one: $(cat broken)"
	! grep -vE '^([IWEDFTA], \[[^]]*\] +[A-Z]+ -- : [A-Z0-9]|# Logfile)' "$disk/log" >broken || fail "a line was cut: $(cat broken)"
	finish
}

# Nobody reads the log: it is not waited for.
atf_test_case log_reader_hangs
log_reader_hangs_body()
{
	mkfifo pipe
	exec 8<>pipe
	rm -f ctl
	$SE --control-path=ctl --log=- -- "$W" log=w say=up hang >pipe 2>err &
	PID=$!
	eventually is_up
	reloads 800 # 64 KiB fit into a pipe; each line has about 90 bytes
	works
	idle "$PID" || fail 'busy'
	cat <&8 >got &
	reader=$!
	eventually has got 'Received reload'
	! has got 'Worker 0 exited' || fail 'the pipe was not full'
	works
	eventually has got 'WARN -- : [0-9]+ log lines before this one could not be written$'
	finish
	kill "$reader"
	exec 8>&-
	! grep -vE '^[IWEDFTA], \[[^]]*\] +[A-Z]+ -- : [A-Z0-9]' got >broken || fail "broken lines: $(cat broken)"
}

atf_test_case log_without_reader
log_without_reader_body()
{
	rm -f ctl
	$SE --control-path=ctl --pid-path=pid --log=- -- "$W" log=w say=up hang 2>err | head -c 0 &
	eventually is_up
	PID=$(cat pid)
	works
	works
	$SE --control-path=ctl --stop || fail 'stop'
	eventually gone "$PID"
}

atf_init_test_cases()
{
	atf_add_test_case command_cannot_run
	atf_add_test_case command_breaks_later
	atf_add_test_case worker_closes_everything
	atf_add_test_case workers_ignore_everything
	atf_add_test_case fork_fails_at_start
	atf_add_test_case fork_fails_for_memory
	atf_add_test_case process_limit
	atf_add_test_case no_descriptors
	atf_add_test_case thousand_workers
	atf_add_test_case killed_during_start
	atf_add_test_case wall_clock_stepped
	atf_add_test_case client_says_nothing
	atf_add_test_case client_sends_half
	atf_add_test_case client_sends_a_megabyte
	atf_add_test_case client_talks_nonsense
	atf_add_test_case client_takes_nothing
	atf_add_test_case client_of_another_user
	atf_add_test_case stranger_reports
	atf_add_test_case early_signal
	atf_add_test_case sender_is_logged
	atf_add_test_case sender_with_a_name
	atf_add_test_case signal_storm
	atf_add_test_case dump
	atf_add_test_case dump_is_safe
	atf_add_test_case dump_when_stopping
	atf_add_test_case dump_disabled
	atf_add_test_case dump_default_path
	atf_add_test_case log_disk_full
	atf_add_test_case log_reader_hangs
	atf_add_test_case log_without_reader
}
