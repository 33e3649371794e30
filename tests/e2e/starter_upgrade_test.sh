# se-starter at USR2: another version of the program in place of the running one.

# shellcheck source=/dev/null disable=SC2016 # inner shells
. "$SRC/tests/e2e/starter.subr"
# shellcheck source=/dev/null
. "$SRC/tests/e2e/upgrade.subr"

LOAD=$BUILD/bench/load
ASK=$BUILD/se-starter

# ours [NAME]: a program to replace, which starter starts
ours()
{
	a_path "${1:-se-starter}"
	S=$PROGRAM
}
states() { "$ASK" --status --pid-file=pid 2>/dev/null | awk '$1 == "FD" { exit } NR > 2 { print $1, $2, $3 }'; }
port() { "$ASK" --status --pid-file=pid | awk '$1 == "FD" { found = NR } found && NR == found + 1 { sub(/.*:/, "", $3); print $3 }'; }
version() { "$ASK" --status --json --pid-file=pid | sed -n 's/.*"version":"\([^"]*\)".*/\1/p'; }
# upgrade: it is done, and the answer comes when it is
upgrade() { atf_check "$ASK" --upgrade --pid-file=pid; }
# to_and_fro N: upgrades so often, to the other version each time
to_and_fro()
{
	for _i in $(seq "$1"); do
		_old=$(version)
		if [ "$_old" = "$THIS" ]; then place "$NEXT"; else place "$NOW"; fi
		upgrade
		[ "$(version)" != "$_old" ] || fail "still $_old: $(cat "${LOG:-err}")"
	done
}
# what the status says but for what time changes
told() { "$ASK" --status --json --pid-file=pid | sed -E 's/"(uptime|age|version)":("[^"]*"|[^,}]*),?//g'; }
# refused_upgrade PATTERN: with that reason; it goes on as before
refused_upgrade()
{
	told >before_
	"$ASK" --upgrade --pid-file=pid 2>why && fail 'it is done'
	[ $? = 1 ] || fail "another status: $(cat why)"
	grep -qE "^se-starter: upgrade: pid: $1" why || fail "$(cat why)"
	eventually has "${LOG:-err}" "^not upgraded: .*: $1"
	told | cmp -s before_ - || fail "$(cat before_; told)"
}
# numbers of descriptors that are open in it
open_fds() { ls "/proc/$PID/fd" | wc -l; }

# ---- what stays ----

# Ten times between two versions, under load: not one request fails, nothing changes.
atf_test_case under_load
under_load_head() { slow; }
under_load_body()
{
	ours
	starter --port=127.0.0.1:0 --path=sock --interval=0.2 -- "$WEB"
	AT=$(port)
	told >before
	upgrade # to the same version; from here on nothing is added
	fds=$(open_fds)
	for kind in '' close; do
		"$LOAD" "127.0.0.1:$AT" rate=1000 connections=8 seconds=200 $kind >load &
		load=$!
		for _ in $(seq 10); do
			to_and_fro 1
			serves 1 || fail "$(get "$AT")"
		done
		loaded
		told | cmp -s before - || fail "$(cat before; told)"
	done
	[ "$(open_fds)" = "$fds" ] || fail "$(ls -l "/proc/$PID/fd")"
	[ "$(cat "/proc/$PID/comm")" = se-starter ] || fail "$(cat "/proc/$PID/comm")"
	[ "$(cat pid)" = "$PID" ] && [ "$(cat gens)" = "1:$(worker 1)" ] || fail "$(cat pid gens)"
	refused 1 "already running \\(pid $PID\\)" --pid-file=pid -- true
	lines err "^upgraded from [0-9.a-z]+ to [0-9.a-z]+: $S\$" 21 || fail "$(cat err)"
	# the next generations: the same names and numbers
	place "$NEXT"
	upgrade
	hup 2
	serves 2 || fail "$(get "$AT")"
	[ "$(env_of SERVER_STARTER_PORT)" = "127.0.0.1:$AT=3;sock=4" ] || fail "$(env_of SERVER_STARTER_PORT)"
	[ "$(env_of SE_UPGRADE)" = '(unset)' ] || fail "$(env_of SE_UPGRADE)"
	[ "$(ls "/proc/$(worker 2)/fd" | tr '\n' ' ')" = '0 1 2 3 4 ' ] || fail "$(ls -l "/proc/$(worker 2)/fd")"
	serves_at=$AT AT=./sock
	serves 2 || fail "$(get "$AT")"
	atf_check "$ASK" --restart --pid-file=pid --status-file=gens
	AT=$serves_at
	serves 3 || fail "$(get "$AT")"
	# and in the middle of one
	"$LOAD" "127.0.0.1:$AT" rate=1000 connections=8 seconds=200 >load &
	load=$!
	for n in 4 5 6 7; do
		kill -HUP "$PID"
		to_and_fro 3
		eventually only $n
	done
	loaded
	stop
	[ ! -e sock ] || fail 'the socket is left'
}
# loaded: the load ends, and none of its requests has failed
loaded()
{
	kill -INT $load
	wait $load || fail "$(cat load)"
	has load '^sent=([0-9]{3,}) ok=\1 failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	cat load
}

# By a relative path, as a word of sebox. Without a stop its end is that of its workers, as before.
atf_test_case killed
killed_body()
{
	ours
	S='bin/sebox starter'
	starter --port=127.0.0.1:0 --interval=0.1 -- "$WEB"
	to_and_fro 2
	lines err '^upgraded from .*: bin/sebox$' 2 || fail "$(cat err)"
	[ "$(cat "/proc/$PID/comm")" = sebox ] || fail "$(cat "/proc/$PID/comm")"
	w=$(worker 1)
	kill -9 "$PID"
	ends "$PID" 137
	eventually gone "$w"
}

# A generation that starts, old ones that are told to go, one that is asked for: all of it goes on.
atf_test_case in_progress
in_progress_body()
{
	ours
	starter --port=127.0.0.1:0 --interval=1.5 --kill-old-delay=2 --kill-old-timeout=3 --envdir=env -- "$WEB" deaf
	AT=$(port)
	kill -HUP "$PID"
	eventually generation 2 starting
	kill -HUP "$PID" # waits for it
	mkdir env
	echo later >env/SAID
	to_and_fro 1
	eventually generation 2 current
	to_and_fro 3
	eventually has err '^old worker [0-9]+ does not end, killing it$'
	to_and_fro 1
	eventually only 3
	serves 3 || fail "$(get "$AT")"
	[ "$(env_of SAID)" = later ] || fail "$(env_of SAID)"
	lines err '^old worker [0-9]+ died, status:9$' 2 || fail "$(cat err)"
	lines err '^starting new worker' 3 || fail "$(cat err)"
	stop_deaf
}

# Starts that fail: the attempts go on, and are counted.
atf_test_case retries
retries_body()
{
	ours
	starter --port=127.0.0.1:0 --interval=0.3 --max-retries=4 -- sh -c '[ ! -e bad ] || exit 1; exec "$@"' sh "$WEB"
	AT=$(port)
	: >bad
	kill -HUP "$PID"
	eventually at_least err 'failed to start, exit status:256$' 2
	to_and_fro 2
	eventually has err '^giving up after 5 failed starts: the old worker stays$'
	to_and_fro 1
	lines err 'failed to start, exit status:256$' 5 || fail "$(cat err)"
	rm bad
	hup 7
	"$ASK" --status --pid-file=pid | grep -q 'restarts 1  failures 5$' || fail "$("$ASK" --status --pid-file=pid)"
	stop
}

# Readiness that is waited for, and said before, in between or after.
atf_test_case readiness
readiness_head() { slow; }
readiness_body()
{
	ours
	for how in ready readyfd; do
		rm -f go.*
		starter --port=127.0.0.1:0 --ready=notify --ready-timeout=60 -- sh -c 'n=$SERVER_STARTER_GENERATION
			until [ "$n" = 1 ] || [ -e go.$n ]; do sleep 0.02; done; exec "$@"' sh "$WEB" $how
		AT=$(port)
		for n in 2 3; do
			kill -HUP "$PID"
			eventually generation $n starting
			to_and_fro $n
			generation $n starting || fail "$(states)"
			: >go.$n
			eventually only $n
			serves $n || fail "$(get "$AT")"
		done
		stop
		place "$NOW"
	done
	p=$("$BUILD/helpers/httpd" port)
	$S --pid-file=pid --status-file=gens --ready=connect --ready-address="127.0.0.1:$p" -- sh -c 'until [ -e go ]; do sleep 0.02; done
		exec "$@"' sh "$BUILD/helpers/httpd" serve "$p" 2>err &
	PID=$!
	eventually generation 1 starting
	to_and_fro 2
	generation 1 starting || fail "$(states)"
	: >go
	eventually generation 1 current
	stop
}

# ---- where the lines go ----

# As a daemon, by its other name: a command is the same process, and loses nothing; a file can be reopened.
atf_test_case logs
logs_head() { slow; }
logs_body()
{
	ours start_server
	LOG=log
	talks='n=0; trap "echo last \$n; exit" TERM; while :; do n=$((n + 1)); echo "line $n"; sleep 0.01
		while [ -e pause ]; do echo $n >said; sleep 0.01; done; done'
	atf_check -e ignore "$S" --daemonize --pid-file=pid --status-file=gens --interval=0.1 --log-file='| exec cat >log' -- sh -c "$talks"
	PID=$(cat pid)
	eventually at_state current 1
	command=$(children "$PID" | sed "s/\\<$(worker 1)\\>//")
	[ "$(cat "/proc/$PID/comm")" = start_server ] || fail "$(cat "/proc/$PID/comm")"
	to_and_fro 4
	[ "$(cat "/proc/$PID/comm")" = start_server ] || fail "$(cat "/proc/$PID/comm")"
	# it is still started again; it is killed when it has nothing in its hands
	: >pause
	eventually lines log '^upgraded' 4
	eventually all_said
	mv log log.first
	for p in $command; do
		kill -9 "$p"
		eventually gone "$p" # before there is anything to read again
	done
	rm pause
	to_and_fro 1
	eventually has log '^upgraded'
	atf_check -e ignore "$ASK" --stop --pid-file=pid
	eventually has log '^last'
	all_lines log.first log
	# a file
	rm -f log
	atf_check -e ignore "$S" --daemonize --pid-file=pid --interval=0.1 --log-file=log -- sh -c "$talks"
	PID=$(cat pid)
	eventually at_state current 1
	to_and_fro 1
	mv log log.old
	kill -USR1 "$PID"
	eventually test -e log
	to_and_fro 2
	eventually has log '^upgraded'
	atf_check -e ignore "$ASK" --stop --pid-file=pid
	# a file that is rotated: its logger stays, and the next one is of the new version
	rm -f log
	place "$NOW"
	atf_check -e ignore "$S" --daemonize --pid-file=pid --interval=0.1 --log-file=log --log-rotate-size=1G -- sh -c "$talks"
	PID=$(cat pid)
	eventually at_state current 1
	logger=$(logger_of "$PID")
	to_and_fro 3
	[ "$(logger_of "$PID")" = "$logger" ] || fail "$(cat log)"
	kill "$logger"
	eventually logger_is_ours
	atf_check -e ignore "$ASK" --stop --pid-file=pid
	eventually has log '^last'
	all_lines log
}
# all_said: what the worker had said when it paused is in the log
all_said() { [ -s said ] && has log "^line $(cat said)\$"; }
# all_lines FILE...: none is missing or broken
all_lines()
{
	cat "$@" | awk '$1 == "line" { if ($2 != ++n) { print "line " n " is not there: " $0; exit 1 } } $1 == "last" { last = $2 }
		END { if (n != last) { print "last " last " of " n; exit 1 } }' >wrong || fail "$(cat wrong)"
}
logger_is_ours()
{
	_p=$(logger_of "$PID")
	[ -n "$_p" ] && [ "$(stat -L -c %i "/proc/$_p/exe")" = "$(stat -L -c %i "/proc/$PID/exe")" ]
}

# ---- signals and deaths ----

# While upgrades go on all the time: each HUP is a new generation, each death a new worker.
atf_test_case storm
storm_head() { slow; }
storm_body()
{
	ours
	starter --port=127.0.0.1:0 --interval=0 --orphans=keep -- "$WEB"
	AT=$(port)
	(while [ ! -e enough ]; do
		place "$NEXT"; kill -USR2 "$PID"; kill -USR2 "$PID"; sleep 0.01; place "$NOW"; "$ASK" --upgrade --pid-file=pid || exit 1
	done) 2>why &
	loop=$!
	for _ in $(seq 25); do
		n=$(newest)
		kill -HUP "$PID"
		eventually newer "$n"
		n=$(newest)
		kill -9 "$(worker "$n")"
		eventually newer "$n"
	done
	: >enough
	wait $loop || fail "$(cat why err)"
	upgrade
	eventually no_old
	serves "$(newest)" || fail "$(get "$AT")"
	has why . && fail "$(cat why)"
	has err '^not upgraded' && fail "$(cat err)"
	at_least err '^upgraded' 20 || fail "$(cat err)"
	no_zombies || fail "$(ps -o pid,stat,args --ppid "$PID")"
	stop
}
newest() { sed -n '$s/:.*//p' gens; }
newer() { _w=$(newest) && [ "${_w:-0}" -gt "$1" ] && at_state current 1; }
no_old() { [ "$(states | wc -l)" = 1 ] && at_state current 1; }

# ---- what is refused ----

atf_test_case not_ours
not_ours_body()
{
	ours
	starter --port=127.0.0.1:0 --interval=0.1 -- "$WEB"
	AT=$(port)
	place /bin/true
	refused_upgrade 'not a version that goes on from this one'
	echo 'this is no program' >text
	place text
	refused_upgrade 'open: Permission denied|exec: Permission denied'
	chmod 755 text
	place text
	refused_upgrade 'exec: Exec format error'
	rm bin/sebox
	refused_upgrade 'open: No such file'
	mkdir bin/sebox
	refused_upgrade 'open: Permission denied'
	rmdir bin/sebox
	# one that does not know such a state, and one that does not take our command line
	sed 's/starter-state/another-state/' "$NOW" >other
	chmod 755 other
	place other
	refused_upgrade 'not a version that goes on from this one: se-starter: upgrade: line 1 of the state is not understood'
	sed 's/interval/intervel/g' "$NOW" >other
	place other
	refused_upgrade 'not a version that goes on from this one: se-starter: unknown option: --interval'
	serves 1 || fail "$(get "$AT")"
	hup 2
	to_and_fro 1
	serves 2 || fail "$(get "$AT")"
	stop
	"$ASK" --upgrade --pid-file=pid 2>why && fail 'of nobody'
	has why '^se-starter: upgrade: pid: No such file or directory$' || fail "$(cat why)"
	"$ASK" --upgrade 2>why && fail 'of whom'
	has why '^se-starter: upgrade: --pid-file: needed with it$' || fail "$(cat why)"
}

# A new program that says nothing is not waited for without end, and nothing waits for it. Another USR2 is not lost.
atf_test_case hangs
hangs_body()
{
	ours
	cat >"hang.c" <<-'END'
		#include <unistd.h>
		int main(void) { for (;;) pause(); }
	END
	cc -o hang hang.c || atf_skip 'no C compiler'
	starter --port=127.0.0.1:0 --interval=0.1 -- "$WEB"
	place "$PWD/hang"
	"$ASK" --upgrade --pid-file=pid 2>why &
	first=$!
	eventually has err '^received USR2, upgrading$'
	hup 2
	place "$NEXT"
	kill -USR2 "$PID"
	wait $first && fail 'it is done'
	has why 'it took too long' || fail "$(cat why)"
	eventually has err '^upgraded from'
	lines err '^not upgraded: ' 1 || fail "$(cat err)"
	only 2 || fail "$(states)"
	# an end is not kept waiting
	place "$PWD/hang"
	kill -USR2 "$PID"
	eventually lines err '^received USR2' 3
	looking=$(children "$PID" | tr ' ' '\n' | grep -vx "$(worker 2)")
	stop
	for p in $looking; do eventually gone "$p"; done
}

atf_test_case stopping
stopping_body()
{
	ours
	starter --interval=0.1 -- "$WEB" deaf
	w=$(worker 1)
	kill "$PID"
	eventually has err '^received TERM'
	"$ASK" --upgrade --pid-file=pid 2>why && fail 'in the middle of a stop'
	has why '^se-starter: upgrade: pid: it is stopping$' || fail "$(cat why)"
	kill -9 "$w"
	ends "$PID" 0
}

# One that fails in our place gives it back: all goes on as before.
atf_test_case goes_back
goes_back_head() { slow; }
goes_back_body()
{
	! no_strace || atf_skip 'strace cannot be used here'
	ours
	starter --port=127.0.0.1:0 --ready=notify -- "$WEB" ready
	AT=$(port)
	upgrade
	fds=$(open_fds)
	place "$NEXT"
	# the last one: it does not come as far as that
	for call in epoll_create1 epoll_ctl execveat; do
		strace -qq -o trace -p "$PID" -e trace=execveat,$call -e inject=$call:error=ENOMEM:when=1 2>strace.err &
		tracer=$!
		eventually grep -qE '^TracerPid:[[:space:]]+[1-9]' "/proc/$PID/status"
		refused_upgrade '.*(Cannot allocate memory|Out of memory)'
		kill $tracer
		wait $tracer || :
		[ "$(version)" = "$THIS" ] || fail "$call: $(version)"
		[ "$(open_fds)" = "$fds" ] || fail "$(ls -l "/proc/$PID/fd")"
		[ $call = execveat ] || lines trace 'execveat.* = 0$' 2 || fail "$(cat trace)"
	done
	[ "$(cat "/proc/$PID/comm")" = se-starter ] || fail "$(cat "/proc/$PID/comm")"
	to_and_fro 3
	hup 2
	serves 2 || fail "$(get "$AT")"
	stop
}

# As PID 1: it stays PID 1, and goes on reaping.
atf_test_case pid1
pid1_body()
{
	[ "$(id -u)" = 0 ] && unshare --pid --fork --mount-proc true 2>/dev/null || atf_skip 'no pid namespace can be made'
	ours
	unshare --pid --fork --mount-proc sh -c 'exec "$0" --pid-file=pid --status-file=gens --interval=0.1 --port=127.0.0.1:0 -- sh -c "
		(sleep 0.3; sleep 0.3 & exit) & exec \"\$0\"" "$1"' "$S" "$WEB" 2>err &
	OUTER=$!
	eventually has gens '^1:'
	PID=$(pgrep -P $OUTER)
	place "$NEXT"
	for sig in USR2 HUP; do kill -$sig "$PID"; done
	eventually has err '^upgraded from'
	eventually has gens '^2:'
	eventually has err '^old worker [0-9]+ died'
	eventually no_zombies
	kill -USR2 "$PID"
	eventually lines err '^upgraded from' 2
	kill "$PID"
	wait $OUTER || fail "it ends with $?: $(cat err)"
}
no_zombies() { ! ps -o stat= --ppid "$PID" | awk '/Z/ { z = 1 } END { exit !z }'; }

atf_init_test_cases()
{
	for c in under_load killed in_progress retries readiness logs storm not_ours hangs stopping goes_back pid1; do
		atf_add_test_case $c
	done
}
