# se-supervise --upgrade: another version of the program in place of the running one.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/starter.subr"
# shellcheck source=/dev/null
. "$SRC/tests/e2e/log.subr"
# shellcheck source=/dev/null
. "$SRC/tests/e2e/upgrade.subr"

LOAD=$BUILD/bench/load
CTL='--control-path=ctl'

# ours: a program to replace; $SE is it, until the client is: started
ours()
{
	a_path se-supervise
	SE=$PROGRAM
}
started() { SE=$BUILD/se-supervise; }
version() { "$SE" $CTL --status=json | sed -n 's/.*"version":"\([^"]*\)".*/\1/p'; }
is_another() { _new=$(version) && [ -n "$_new" ] && [ "$_new" != "$THIS" ]; }
# upgrade: it is done, and the answer comes when it is
upgrade() { atf_check "$SE" $CTL --upgrade; }
# to_and_fro N: upgrades so often, to the other version each time
to_and_fro()
{
	for _i in $(seq "$1"); do
		if [ $((_i % 2)) = 1 ]; then place "$NEXT"; else place "$NOW"; fi
		_old=$(version)
		upgrade
		[ "$(version)" != "$_old" ] || fail "still $_old: $(cat log)"
	done
}
pids() { "$SE" $CTL --status | awk 'NR > 2 { print $1, $2 }'; }
# what the status says of workers but for what time changes
told() { "$SE" $CTL --status=json | sed -E 's/"(uptime|beat|heartbeat_age|cpu|rss|version)":("[^"]*"|[^,}]*),?//g'; }
# refused PATTERN: with that reason; it goes on as before
refused()
{
	_pids=$(pids)
	"$SE" $CTL --upgrade 2>why && fail 'it is done'
	[ $? = 1 ] || fail "another status: $(cat why)"
	grep -qE "$1" why || fail "$(cat why)"
	eventually has log "ERROR -- : Not upgraded: .*$1"
	[ "$(pids)" = "$_pids" ] || fail "$(cat log)"
}

# ---- one process ----

# Ten times between two versions: every process stays, no line is lost, and the pid file is held throughout.
atf_test_case in_place
in_place_head() { slow; }
in_place_body()
{
	ours
	talks --workers=3 --pid-path=pid --log-rotate-size=0 --
	eventually each_said 20 3
	started
	pids >before
	to_and_fro 10
	pids | cmp -s before - || fail "$(cat before; pids; cat log)"
	[ "$(cat pid)" = "$PID" ] || fail "$(cat pid)"
	"$SE" --pid-path=pid -- true 2>err2 && fail 'a second one runs'
	has err2 "already running \\(pid $PID\\)" || fail "$(cat err2)"
	[ "$("$SE" $CTL --status=json | grep -o '"restarts":[0-9]*' | sort -u)" = '"restarts":0' ] || fail "$(told)"
	more 20
	eventually lines log 'INFO -- : Upgraded from [0-9.a-z]+ to [0-9.a-z]+: /' 10
	finish
	[ ! -e pid ] && [ ! -e ctl ] || fail "$(ls)"
	all_there
}

# What it knows of its workers stays, too.
atf_test_case knows
knows_body()
{
	ours
	supervise --workers=2 --restart-backoff=100ms -- "$W" say=up notify='STATUS=very busy' notify=READY=1 leave=TERM:0 hang
	started
	eventually has log '^up'
	kill -9 "$(worker_pid 1)"
	eventually at_least log '^up' 3
	atf_check "$SE" $CTL --scale=4
	eventually at_least log '^up' 5
	eventually status_is 4 'very busy'
	told >before
	place "$NEXT"
	upgrade
	told >after
	cmp -s before after || fail "$(cat before after)"
	[ "$(version)" != "$THIS" ] || fail "$(version)"
	# and what is configured
	atf_check "$SE" $CTL --reload
	eventually status_is 2 'very busy'
	finish
}
status_is() { [ "$("$SE" $CTL --status | grep -c "ready .* $2\$")" = "$1" ]; }

# Waits that have begun go on: a stop's signals, a restart, a heartbeat's timeout.
atf_test_case waits
waits_body()
{
	ours
	supervise --workers=3 --log-level=trace --restart-worker-interval=3s --worker-graceful-kill-interval=100ms \
	    --worker-graceful-kill-timeout=3s --worker-heartbeat-interval=100ms --worker-heartbeat-timeout=4s -- \
	    sh -c 'case $SERVERENGINE_WORKER_ID in
		0) exec "$0" say=up beat=3:50 ignore=TERM ignore=QUIT hang;;
		1) exec "$0" say=up hang;;
		*) exec "$0" say=up ignore=TERM hang;;
		esac' "$W"
	started
	eventually at_least log '^up' 3
	atf_check "$SE" $CTL --scale=2
	zero=$(worker_pid 0)
	one=$(worker_pid 1)
	kill -9 "$one"
	eventually has log 'Worker 1 exited unexpectedly'
	eventually has log 'Worker 2 .*sending SIGTERM'
	to_and_fro 2
	! has log 'sending SIGQUIT' || atf_skip 'this machine is too slow for it'
	eventually has log 'Worker 2 .*sending SIGQUIT'
	eventually has log 'Worker 2 finished with signal SIGQUIT'
	eventually lines log '^up' 4
	eventually has log 'Worker 0 .*no heartbeat for the whole timeout'
	kill -9 "$zero" || :
	finish
}

# A rolling restart, a hook and a dump in progress go on.
atf_test_case in_progress
in_progress_body()
{
	ours
	mkfifo go
	SIGDUMP_PATH=$PWD/dump supervise --workers=3 --restart-mode=rolling --worker-notification-fd=5 \
	    --worker-after-start='sh -c "read x <go; exit 7"' -- \
	    sh -c 'echo up; until [ -e "ready$SERVERENGINE_WORKER_ID" ]; do sleep 0.05; done; echo >&5; exec sleep 1000'
	started
	touch ready0 ready1 ready2
	eventually all_ready 3
	rm ready1 ready2
	pids >before
	kill -USR1 "$PID"
	eventually has log 'Worker 0 is ready'
	eventually at_least log '^up' 5
	"$SE" $CTL --dump &
	dumper=$!
	to_and_fro 2
	ends $dumper 0
	"$SE" $CTL --status=json | grep -q '"rolling":{"renewed":1,"of":3}' || fail "$("$SE" $CTL --status=json)"
	touch ready1 ready2
	eventually has log 'Rolling restart done: 3 workers are new'
	pids >after
	[ -z "$(sort before after | uniq -d)" ] || fail "$(cat before after)"
	# the hooks have waited all the time: held open, so that each reads a line and none an end
	exec 7<>go
	for _ in 1 2 3 4 5 6; do echo >&7; done
	eventually lines log 'worker_after_start of worker [0-9] exited with status 7' 6
	exec 7>&-
	grep -q '^  ' dump || fail "$(cat dump)"
	finish
}
all_ready() { [ "$("$SE" $CTL --status | grep -c ' ready ')" = "$1" ]; }

# Who is connected stays so, in the middle of a line, too; and so does what has come on stdin.
atf_test_case connected
connected_body()
{
	ours
	mkfifo in
	rm -f ctl
	"$SE" $CTL --log=log --command-sender=pipe -- sh -c 'echo up; read x' <in >out 2>err &
	PID=$!
	exec 7>in
	started
	eventually is_up
	printf 'REL' >&7
	cat >ask.py <<'END'
import socket, subprocess, sys
s = socket.socket(socket.AF_UNIX)
s.connect('ctl')
def line():
    text = b''
    while not text.endswith(b'\n'):
        more = s.recv(1)
        if not more: raise SystemExit('closed: %r' % text)
        text += more
    return text
s.sendall(b'RELOAD\n'); assert line() == b'OK\n'
s.sendall(b'REL')
subprocess.check_call([sys.argv[1], '--control-path=ctl', '--upgrade'])
s.sendall(b'OAD\nUPG'); assert line() == b'OK\n'
s.sendall(b'RADE\nRELOAD\n')
assert line() == b'OK\n'
assert line() == b'OK\n'
s.sendall(b'GRACEFUL\n'); assert line().startswith(b'ERR ')
END
	place "$NEXT"
	atf_check python3 ask.py "$SE"
	eventually lines log 'Upgraded from' 2
	printf 'OAD\n' >&7
	eventually has log 'Received reload .stdin'
	exec 7>&-
	finish
}

# Sockets that workers share, and those that they have asked for.
atf_test_case sockets
sockets_body()
{
	ours
	port=$("$BUILD/helpers/httpd" port)
	supervise --workers=2 --listen="127.0.0.1:0,$PWD/sock" --socket-manager="$PWD/manager" -- \
	    sh -c 'printf "%s %s\n" "$(readlink /proc/self/fd/3)" "$(readlink /proc/self/fd/4)" >>shared
		exec "$0" --get-socket=127.0.0.1:$1 -- sh -c "readlink /proc/self/fd/5 >>asked; exec sleep 1000"' "$SE" "$port"
	started
	eventually lines asked socket 2
	place "$NEXT"
	upgrade
	kill -9 "$(worker_pid 0)"
	eventually lines asked socket 3
	eventually lines shared socket 3
	[ "$(sort -u shared | wc -l)" = 1 ] && [ "$(grep socket asked | sort -u | wc -l)" = 1 ] || fail "$(cat shared asked)"
	finish
	[ ! -e sock ] && [ ! -e manager ] || fail "$(ls)"
}

# While workers die all the time, and signals come: none of them is lost.
atf_test_case storm
storm_head() { slow; }
storm_body()
{
	ours
	supervise --workers=20 --restart-backoff=100ms --restart-backoff-max=100ms -- \
	    sh -c 'if [ -e calm ]; then exec "$0" say=calm hang; fi; exit 3' "$W"
	started
	(while [ ! -e enough ]; do
		place "$NEXT"; "$SE" $CTL --upgrade && place "$NOW" && "$SE" $CTL --upgrade || exit 1
	done) 2>why &
	loop=$!
	for n in $(seq 1 40); do
		kill -USR2 "$PID"
		eventually lines log 'Received reload .SIGUSR2' "$n"
	done
	touch enough
	wait $loop || fail "$(cat why log)"
	touch calm
	eventually lines log '^calm' 20
	eventually up_are 20
	! ps -o stat= --ppid "$PID" | awk '/Z/ { z = 1 } END { exit !z }' || fail "$(ps -o pid,stat,args --ppid "$PID")"
	eventually at_least log 'Upgraded from' 4
	finish
}
up_are() { "$SE" $CTL --status | grep -q " $1 wanted, $1 up "; }

# ---- what is refused ----

atf_test_case not_ours
not_ours_body()
{
	ours
	supervise -- "$W" say=up hang
	started
	eventually has log '^up'
	place /bin/true
	refused 'not a version that goes on from this one'
	place /bin/false
	refused 'not a version that goes on from this one'
	echo 'this is no program' >text
	place text
	refused 'Permission denied'
	chmod 755 text
	place text
	refused 'Exec format error'
	head -c 20000 "$NOW" >text
	place text
	refused '(not a version|Exec format error)'
	rm bin/sebox
	refused 'No such file'
	mkdir bin/sebox
	refused 'Permission denied'
	rmdir bin/sebox
	# one that does not know such a state
	sed 's/sebox-state/sebox-other/' "$NOW" >other
	chmod 755 other
	place other
	refused 'not a version that goes on from this one: se-supervise: upgrade: line 1 of the state is not understood'
	place "$NEXT"
	upgrade
	eventually lines log '^up' 1
	finish
}

# A new program that says nothing is not waited for without end, and nothing waits for it.
atf_test_case hangs
hangs_body()
{
	ours
	bash=$(readlink -f "$(command -v bash)") || atf_skip 'bash is not installed'
	cat >c.yml <<'END'
#!/usr/bin/tail -f
control_path: ctl
log: log
command: [sleep, 1000]
END
	chmod 755 c.yml
	"$SE" -c ./c.yml >out 2>err &
	PID=$!
	started
	eventually is_up
	place "$bash" # which takes our words as its own: it runs c.yml
	"$SE" $CTL --timeout=60s --upgrade 2>why &
	first=$!
	eventually has log 'Received upgrade'
	"$SE" $CTL --upgrade 2>why2 && fail 'twice'
	has why2 'an upgrade is going on' || fail "$(cat why2)"
	atf_check "$SE" $CTL --reload
	wait $first && fail 'it is done'
	has why 'it took too long' || fail "$(cat why)"
	# nor is it when we are to end
	"$SE" $CTL --timeout=60s --upgrade 2>why &
	first=$!
	eventually lines log 'Received upgrade' 3
	finish
	wait $first && fail 'it is done'
	! has log 'left .* behind' || fail "$(cat log)"
}

# Started by a #! line the path is the script's, which is no program.
atf_test_case by_a_script
by_a_script_body()
{
	printf '#!%s -c\ncontrol_path: ctl\nlog: log\ncommand: [sleep, 1000]\n' "$SE" >c.yml
	chmod 755 c.yml
	./c.yml >out 2>err &
	PID=$!
	eventually is_up
	refused 'its interpreter does not exist'
	finish
}

# A start that has not ended, and an end that has begun.
atf_test_case not_now
not_now_body()
{
	ours
	mkfifo go
	supervise --before-run='sh -c "read x <go"' --stray-timeout=1s -- "$W" say=up ignore=TERM hang
	started
	"$SE" $CTL --upgrade 2>why && fail 'in the middle of a start'
	has why 'it is still starting' || fail "$(cat why)"
	echo >go
	eventually has log '^up'
	kill -TERM "$PID"
	eventually has log 'Received graceful stop'
	"$SE" $CTL --upgrade 2>why && fail 'in the middle of a stop'
	has why 'it is stopping' || fail "$(cat why)"
	kill -9 "$(worker_pid 0)"
	ends "$PID" 0
}

# One that fails in our place gives it back: all goes on as before.
atf_test_case goes_back
goes_back_head() { slow; }
goes_back_body()
{
	! no_strace || atf_skip 'strace cannot be used here'
	ours
	talks --workers=2 --log-rotate-size=0 --
	eventually each_said 20 2
	started
	pids >before
	place "$NEXT"
	strace -qq -o trace -p "$PID" -e trace=epoll_create1 -e inject=epoll_create1:error=EMFILE:when=1 2>strace.err &
	tracer=$!
	eventually grep -qE '^TracerPid:[[:space:]]+[1-9]' "/proc/$PID/status"
	refused 'No file descriptors available'
	[ "$(version)" = "$THIS" ] || fail "$(version)"
	kill $tracer
	wait $tracer || :
	to_and_fro 3
	pids | cmp -s before - || fail "$(cat before; pids)"
	more 20
	finish
	all_there
}

# Whatever cannot be watched in its place, all goes on: as the new one, or as before.
atf_test_case any_step_fails
any_step_fails_head() { slow; }
any_step_fails_body()
{
	! no_strace || atf_skip 'strace cannot be used here'
	ours
	supervise --workers=2 --listen=127.0.0.1:0 --socket-manager="$PWD/manager" -- "$W" say=up beat=0:100
	started
	eventually at_least log '^up' 2
	pids >before
	place "$NEXT"
	backs=0
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		strace -qq -o trace -p "$PID" -e trace=epoll_ctl -e inject=epoll_ctl:error=ENOSPC:when=$n 2>strace.err &
		tracer=$!
		eventually grep -qE '^TracerPid:[[:space:]]+[1-9]' "/proc/$PID/status"
		"$SE" $CTL --upgrade 2>why || ! has why 'No space left' || backs=$((backs + 1))
		kill $tracer
		wait $tracer || :
		pids | cmp -s before - || fail "$n: $(cat before; pids; cat log)"
	done
	[ $backs -ge 4 ] || fail "$backs: $(cat log)"
	upgrade
	kill -9 "$(worker_pid 0)"
	eventually at_least log '^up' 3
	finish
	[ ! -e manager ] || fail 'a socket is left'
}

# As another user, from a file that may be executed, not read: what workers are started with is as before.
atf_test_case as_nobody
as_nobody_body()
{
	[ "$(id -u)" = 0 ] || atf_skip 'it needs root'
	ours
	chmod 755 bin
	chmod 777 .
	cp "$W" worker # where everybody can reach it
	supervise --chuser=nobody --worker-chuser=nobody --oom-score-adj=500 -- ./worker say=up hang
	started
	eventually has log '^up'
	cp "$NEXT" bin/.new
	chmod 711 bin/.new
	mv bin/.new bin/sebox
	upgrade
	kill -9 "$(worker_pid 0)"
	eventually lines log '^up' 2
	[ "$(cat "/proc/$(worker_pid 0)/oom_score_adj")" = 500 ] || fail "$(cat log)"
	# back from there it could not come
	place "$NOW"
	chmod 700 bin/sebox
	refused 'Permission denied'
	finish
}

# Without /proc: the logger, which is executed from our own file, goes on.
atf_test_case without_proc
without_proc_body()
{
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || atf_skip 'no mount namespace can be made'
	ours
	# shellcheck disable=SC2016 # the inner shell's
	unshare -m sh -c 'umount -l /proc; exec "$0" "$@"' "$SE" $CTL --log=log -- "$W" say=up hang >out 2>err &
	PID=$!
	started
	eventually has log '^up'
	to_and_fro 3
	kill -9 "$(worker_pid 0)"
	eventually lines log '^up' 2
	finish
}

# ---- with a supervisor ----

# Supervisor and server, ten times under load: not one request fails, and the workers are the same.
atf_test_case under_load
under_load_head() { slow; }
under_load_body()
{
	ours
	"$SE" --supervisor $CTL --log=log --log-level=debug --workers=4 --listen=127.0.0.1:0 -- \
	    sh -c 'echo "$SERVER_STARTER_PORT" >ports; exec "$0" say=up' "$WEB" >out 2>err &
	PID=$!
	started
	eventually has log 'Server 1 \([^)]+\) is up'
	at=$(sed 's/=.*//' ports)
	pids >before
	server=$("$SE" $CTL --status | sed -n 's/^pid \([0-9]*\) .*/\1/p')
	for kind in '' close; do
		"$LOAD" "$at" rate=1000 connections=8 seconds=200 $kind >load &
		load=$!
		to_and_fro 10
		kill -INT $load
		wait $load || fail "$(cat load)"
		has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	done
	pids | cmp -s before - || fail "$(cat before; pids)"
	eventually lines log "#$PID\\] .* Upgraded from" 20
	eventually lines log "#$server\\] .* Upgraded from" 20
	# what the kernel is to do when one dies is as before
	place "$NEXT"
	upgrade
	old=$(awk '{ print $2 }' before)
	kill -9 "$server"
	eventually has log 'Server 2 \([^)]+\) is up'
	for p in $old; do gone "$p" || fail "$p lives"; done
	[ "$(version)" != "$THIS" ] || fail "$(version)"
	kill -INT "$PID"
	eventually has log 'Server 3 \([^)]+\) is up'
	server=$("$SE" $CTL --status | sed -n 's/^pid \([0-9]*\) .*/\1/p')
	upgrade
	old=$(pids | awk '{ print $2 }')
	kill -9 "$PID"
	for p in $server $old; do eventually gone "$p"; done
}

# A server that is on its way out does not follow; it ends in its time.
atf_test_case one_leaves
one_leaves_body()
{
	ours
	"$SE" --supervisor $CTL --log=log --log-level=debug --listen=127.0.0.1:0 -- "$W" say=up drain=TERM:3000 hang >out 2>err &
	PID=$!
	started
	eventually has log 'Server 1 \([^)]+\) is up'
	kill -INT "$PID"
	eventually has log 'Server 2 \([^)]+\) is up'
	eventually has log 'Server 1 .* is detached'
	to_and_fro 2
	eventually lines log 'Upgraded from' 4
	eventually has log 'Server 1 finished with status 0'
	[ "$(version)" = "$THIS" ] || fail "$(version)"
	finish
}

# Who asks gets the answer, of whichever server he is a client; nobody else gets one.
atf_test_case answers
answers_body()
{
	ours
	bash=$(readlink -f "$(command -v bash)") || atf_skip 'bash is not installed'
	cat >c.yml <<'END'
#!/usr/bin/tail -f
supervisor: true
listen: 127.0.0.1:0
control_path: ctl
log: log
log_level: debug
END
	echo "command: [$W, say=up, 'drain=TERM:5000', hang]" >>c.yml
	chmod 755 c.yml
	"$SE" -c ./c.yml >out 2>err &
	PID=$!
	started
	eventually has log 'Server 1 \([^)]+\) is up'
	place "$bash"
	"$SE" $CTL --upgrade 2>why &
	first=$!
	eventually lines log 'Received upgrade' 1
	"$SE" $CTL --upgrade 2>why2 && fail 'twice'
	has why2 'an upgrade is going on' || fail "$(cat why2)"
	wait $first && fail 'it is done'
	has why 'it took too long' || fail "$(cat why)"
	place "$NOW"
	cat >ask.py <<'END'
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect('ctl')
s.sendall(b'RELOAD\n'); assert s.recv(100) == b'OK\n'
open('asked', 'w').close()
while not os.path.exists('go'): time.sleep(0.05)
for want in sys.argv[1:]:
    s.sendall(b'UPGRADE\n'); answer = s.recv(1000).decode()
    assert answer.startswith(want), answer
END
	python3 ask.py OK >told 2>&1 &
	asker=$!
	eventually test -e asked
	kill -INT "$PID"
	eventually has log 'Server 2 \([^)]+\) is up'
	eventually has log 'Server 1 .* is detached'
	place "$NEXT"
	touch go
	wait $asker || fail "$(cat told)"
	eventually is_another # the server that came after the asker's follows the supervisor
	finish
}

# While a server is being replaced it is not known whose place would be taken.
atf_test_case between_servers
between_servers_body()
{
	ours
	"$SE" --supervisor $CTL --log=log --log-level=debug --listen=127.0.0.1:0 --worker-notification-fd=5 -- \
	    sh -c 'echo up; until [ -e ready ]; do sleep 0.05; done; echo >&5; exec sleep 1000' >out 2>err &
	PID=$!
	started
	touch ready
	eventually has log 'Server 1 \([^)]+\) is up'
	rm ready
	kill -INT "$PID"
	eventually has log 'Server 2 started'
	place "$NEXT"
	"$SE" $CTL --upgrade 2>why && fail 'it is done'
	has why 'a live restart is going on' || fail "$(cat why)"
	touch ready
	eventually has log 'Server 2 \([^)]+\) is up'
	upgrade
	[ "$(version)" != "$THIS" ] || fail "$(cat log)"
	finish
}

# A program that only the supervisor, or nobody, can become is told to who has asked.
atf_test_case above_refused
above_refused_body()
{
	ours
	"$SE" --supervisor $CTL --log=log --log-level=debug -- "$W" say=up hang >out 2>err &
	PID=$!
	started
	eventually has log 'Server 1 \([^)]+\) is up'
	place /bin/true
	refused 'not a version that goes on from this one'
	place "$NEXT"
	# another path: the link leads to it
	mkdir other
	cp "$NEXT" other/sebox
	ln -sf ../other/sebox bin/se-supervise
	place "$NOW"
	upgrade
	[ "$(version)" != "$THIS" ] || fail "$(cat log)"
	eventually lines log 'Upgraded from' 2
	finish
}

# As PID 1: it stays PID 1, and goes on reaping.
atf_test_case pid1
pid1_body()
{
	[ "$(id -u)" = 0 ] && unshare --pid --fork --mount-proc true 2>/dev/null || atf_skip 'no pid namespace can be made'
	ours
	unshare --pid --fork --mount-proc "$SE" $CTL --log=log -- "$W" say=up orphans=50 escape=0 hang >out 2>err &
	OUTER=$!
	started
	eventually is_up
	place "$NEXT"
	upgrade
	"$SE" $CTL --status | grep -q '^pid 1 ' || fail "$(cat status)"
	atf_check "$SE" $CTL --restart
	eventually at_least log '^up' 2
	atf_check "$SE" $CTL --stop
	wait $OUTER || fail "it ends with $?"
}

atf_init_test_cases()
{
	for c in in_place knows waits in_progress connected sockets storm not_ours hangs by_a_script not_now goes_back any_step_fails \
	    as_nobody without_proc under_load one_leaves answers between_servers above_refused pid1; do
		atf_add_test_case $c
	done
}
