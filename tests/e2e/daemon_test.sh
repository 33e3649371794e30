# The daemon: what its parent says, its pid file, identity and names; and the verbs that speak to it.

# bad FILE [TEXT]: the test fails, and shows the file
bad()
{
	cat "$1"
	atf_fail "${2:-what is in $1 is not what was expected}"
}
# As somebody who may not do everything: a command to put in front, and programs that anybody can reach.
AS=
[ "$(id -u)" != 0 ] || AS='setpriv --reuid=65534 --regid=65534 --clear-groups'
take_along() { cp -L "$SE" se-supervise && cp "$W" worker; }

# daemonize ARG...: a daemon that must come up: its pid in $D, pid file pid, log file log, socket ctl
daemonize()
{
	trap '[ -z "$D" ] || kill -9 $D 2>/dev/null' EXIT
	D='' _rc=0
	"$SE" --daemonize --pid-path="$(pwd)/pid" --control-path="$(pwd)/ctl" --log="$(pwd)/log" "$@" >out 2>err || _rc=$?
	[ $_rc = 0 ] || bad err "exit status $_rc"
	D=$(cat pid)
}
ctl() { "$SE" --control-path=ctl "$@"; }
# by_pid ARG...: the same by the pid file
by_pid() { "$SE" --pid-path=pid "$@"; }
# ended: $D is gone and so are its files
ended()
{
	eventually gone "$D"
	[ ! -e pid ] || bad pid 'the pid file was left'
	[ ! -e ctl ] || atf_fail 'the socket was left'
}
# says STATUS PATTERN COMMAND...: it exits so, with one line on stderr that matches, and nothing on stdout
says()
{
	_status=$1 _pattern=$2 _rc=0
	shift 2
	"$@" >out 2>err || _rc=$?
	[ $_rc = "$_status" ] || bad err "$*: exit status $_rc, expected $_status"
	lines err "^se-supervise: $_pattern\$" 1 || bad err "$*: expected $_pattern"
	lines err '' 1 || bad err "$*: more than one line"
	[ ! -s out ] || bad out "$*: it printed something"
}
# field PID NAME: a line of /proc/PID/status, its words separated by one blank
field() { awk -v n="$2:" '$1 == n { $1 = ""; print substr($0, 2) }' "/proc/$1/status"; }
# is_json: stdin is one JSON text, says a parser that is not ours
is_json()
{
	if perl -MJSON::PP -e 1 2>/dev/null; then
		perl -MJSON::PP -0777 -ne 'decode_json($_)'
	elif python3 -c '' 2>/dev/null; then
		python3 -m json.tool >/dev/null
	else
		cat >/dev/null
	fi
}
# is_prometheus FILE: every line is right, and each metric's lines stand together behind its type
is_prometheus()
{
	awk '
	/^# TYPE [a-z_]+ (gauge|counter)$/ { if (seen[$3]++) bad = 1; name = $3; n++; next }
	/^# HELP [a-z_]+ .+/ { next }
	/^[a-z_]+(\{worker="[0-9]+"\})? ([0-9]+(\.[0-9]+)?|NaN)$/ { m = $1; sub(/\{.*/, "", m); if (m == name) next }
	{ print "line " NR ": " $0; bad = 1 }
	END { exit bad || n < 11 }' "$1"
}
# metric FILE NAME VALUE
metric() { grep -qxF "se_supervise_$2 $3" "$1" 2>/dev/null; }

# ---- the parent ----

atf_test_case up_when_the_parent_returns
up_when_the_parent_returns_body()
{
	daemonize --workers=20 -- "$W" hang
	lines err '' 0 || bad err
	ctl --status >status || atf_fail 'no status'
	lines status '^ *[0-9]+ +[0-9]+ up ' 20 || bad status
	awk 'NR > 2 { print $2 }' status >pids
	while read -r pid; do atf_check_equal "$(readlink -f "$W")" "$(readlink "/proc/$pid/exe")"; done <pids
	lines pid "^$D\$" 1 || bad pid
	ctl --stop || atf_fail 'not stopped'
	ended
}

atf_test_case alone_in_the_background
alone_in_the_background_body()
{
	daemonize -- "$W" hang
	# shellcheck disable=SC2046 # words
	set -- $(ps -o sid=,pgid=,tty= -p "$D")
	[ "$1" != "$D" ] || atf_fail 'it leads its session: it could get a terminal'
	[ "$1" != "$(ps -o sid= -p $$ | tr -d ' ')" ] || atf_fail 'it is in our session'
	atf_check_equal '?' "$3"
	gone "$1" || atf_fail 'the process between is still there'
	ctl --stop
	ended
}

atf_test_case stdio_is_null
logger_has() { ls -l /proc/"$(logger_of "$D")"/fd | grep -qF "$1"; }
stdio_is_null_body()
{
	daemonize --workers=2 -- "$W" hang
	for pid in "$D" "$(worker_pid 0)" "$(worker_pid 1)"; do
		for fd in 0 1 2; do
			on=$(readlink "/proc/$pid/fd/$fd")
			case $pid.$fd.$on in
			"$D".*./dev/null | *.0./dev/null) ;;
			"$D".* | *.0.*) atf_fail "$pid has $on as $fd" ;;
			*.pipe:*) eventually logger_has "$on" ;;
			*) atf_fail "worker $pid has $on as $fd" ;;
			esac
		done
	done
	for fd in 0 1 2; do
		atf_check_equal /dev/null "$(readlink "/proc/$(logger_of "$D")/fd/$fd")"
	done
	ctl --stop
	ended
}

# Whoever reads what the start says finds its end.
atf_test_case output_ends
output_ends_body()
{
	trap '[ -z "$D" ] || kill -9 $D 2>/dev/null' EXIT
	"$SE" --daemonize --pid-path=pid --control-path=ctl --log=log -- "$W" hang 2>&1 | timeout 30 cat >out || rc=$?
	D=$(cat pid)
	[ "${rc:-0}" = 0 ] || atf_fail 'somebody keeps the pipe open'
	[ ! -s out ] || bad out
	ctl --stop
	ended
}

atf_test_case failed_starts
failed_starts_body()
{
	mkdir dir
	echo '#!/missing/interpreter' >script
	chmod 755 script
	echo precious >file
	with=
	fails()
	{
		_what=$1
		shift
		# shellcheck disable=SC2086 # a list of words
		says 42 "$_what" $with "$SE" --daemonize --daemonize-error-exit-code=42 --log=log "$@"
		[ ! -e pid ] || bad pid "$*: it left a pid file"
		[ ! -e ctl ] || atf_fail "$*: it left a socket"
	}
	fails 'start: missing/command: No such file or directory' --pid-path=pid --control-path=ctl missing/command
	with='env PATH=/usr/bin:/bin'
	fails 'start: nosuchcommand: No such file or directory' --pid-path=pid --control-path=ctl nosuchcommand
	with=
	fails 'start: \./file: Permission denied' --pid-path=pid --control-path=ctl ./file
	fails 'start: \./dir: Permission denied' --pid-path=pid --control-path=ctl ./dir
	fails 'start: \./script: its interpreter does not exist' --pid-path=pid --control-path=ctl ./script
	fails 'chdir: missing: No such file or directory' --pid-path=pid --control-path=ctl --chdir=missing "$W" hang
	fails 'log: missing/log: No such file or directory' --pid-path=pid --control-path=ctl --log=missing/log "$W" hang
	fails 'log: dir: Is a directory' --pid-path=pid --control-path=ctl --log=dir "$W" hang
	fails 'pid_path: missing/pid: No such file or directory' --pid-path=missing/pid --control-path=ctl "$W" hang
	fails 'control_path: missing/ctl: No such file or directory' --pid-path=pid --control-path=missing/ctl "$W" hang
	fails 'control_path: file: File exists' --pid-path=pid --control-path=file "$W" hang
	fails 'control_path: x{120}: (File ?name|Filename) too long' --pid-path=pid \
	    --control-path="$(printf '%0120d' 0 | tr 0 x)" "$W" hang
	fails 'chuser.*nosuchuser.*: no such user' --pid-path=pid --control-path=ctl --chuser=nosuchuser "$W" hang
	fails 'chuser.*nosuchgroup.*: no such group' --pid-path=pid --control-path=ctl --chgroup=nosuchgroup "$W" hang
	fails 'worker_chuser.*nosuchuser.*: no such user' --pid-path=pid --control-path=ctl --worker-chuser=nosuchuser "$W" hang
	with='prlimit --nofile=100'
	fails 'workers: 90: too many workers for the limit of open files.*' --pid-path=pid --control-path=ctl \
	    --workers=90 "$W" hang
	atf_check_equal precious "$(cat file)"
	# wrong words are told before anything is done, with the status of wrong words
	says 2 '--workers: x: expected a whole number from 0 to 10000' \
	    "$SE" --daemonize --daemonize-error-exit-code=42 --workers=x "$W" hang
	# without --daemonize, a command that cannot be executed is told as a shell does
	says 127 'start: missing/command: No such file or directory' "$SE" --pid-path=pid missing/command
	says 126 'start: \./file: Permission denied' "$SE" --pid-path=pid ./file
	[ ! -e pid ] || atf_fail 'it left a pid file'
}

# When the parent returns, the next start finds nothing in its way; the removal is made slow to see it.
atf_test_case failed_start_is_over
failed_start_is_over_body()
{
	strace -qq -o /dev/null -e trace=none true 2>/dev/null || atf_skip 'strace may not trace here'
	# shellcheck disable=SC2016 # for the inner shell
	strace -f -qq -o /dev/null -e trace=?unlink,?unlinkat -e inject=?unlink,?unlinkat:delay_enter=500000 \
	    sh -c 'echo $$ >parent; exec "$@"' - "$SE" --daemonize --pid-path=pid --control-path=ctl --log=log missing/command 2>err &
	tracer=$!
	eventually has parent .
	eventually gone "$(cat parent)"
	[ ! -e pid ] || atf_fail 'the pid file is still there'
	[ ! -e ctl ] || atf_fail 'the socket is still there'
	wait $tracer || :
	has err '^se-supervise: start: missing/command: No such file or directory$' || bad err
}

atf_test_case default_error_status
default_error_status_body()
{
	says 1 'chdir: missing: No such file or directory' "$SE" --daemonize --log=log --chdir=missing "$W" hang
	says 0 'log: not set: .*' "$SE" --daemonize --pid-path=pid "$W" hang
	by_pid --stop || atf_fail 'not stopped'
}

# A start that cannot go on yet is waited for, but the caller may leave.
atf_test_case waiting_parent_can_be_left
waiting_parent_can_be_left_body()
{
	[ "$(uname -m)" = x86_64 ] || atf_skip 'elsewhere fork is clone too'
	strace -qq -o /dev/null -e trace=none true 2>/dev/null || atf_skip 'strace may not trace here'
	trap 'kill -9 $D $parent $tracer 2>/dev/null' EXIT
	for sig in TERM HUP; do # INT is ignored behind an &
		# fork is left alone: only workers cannot be started
		strace -f -qq -o /dev/null -e trace=clone -e inject=clone:error=EAGAIN \
		    "$SE" --daemonize --pid-path=pid --log=log.$sig -- "$W" hang >out 2>err &
		tracer=$!
		eventually at_least log.$sig 'Worker 0 could not be started: .*Resource temporarily unavailable' 2
		D=$(cat pid) parent=$(pgrep -P $tracer)
		kill -$sig "$parent"
		eventually gone "$parent"
		kill -TERM "$D" 2>/dev/null || :
		eventually gone "$D"
	done
}

atf_test_case stopped_before_it_was_up
stopped_before_it_was_up_body()
{
	[ "$(uname -m)" = x86_64 ] || atf_skip 'elsewhere fork is clone too'
	strace -qq -o /dev/null -e trace=none true 2>/dev/null || atf_skip 'strace may not trace here'
	trap 'kill -9 $D $tracer 2>/dev/null' EXIT
	strace -f -qq -o /dev/null -e trace=clone -e inject=clone:error=EAGAIN \
	    "$SE" --daemonize --daemonize-error-exit-code=42 --pid-path=pid --log=log -- "$W" hang >out 2>err &
	tracer=$!
	eventually at_least log 'Worker 0 could not be started: .*Resource temporarily unavailable' 1
	D=$(cat pid)
	kill -TERM "$D"
	ends $tracer 42
	lines err '^se-supervise: start: .*' 1 || bad err 'the caller is not told why'
}

# ---- the pid file ----

atf_test_case second_start
second_start_body()
{
	daemonize -- "$W" hang
	says 1 "pid_path: pid: already running \\(pid $D\\)" "$SE" --pid-path=pid -- "$W" hang
	says 1 "pid_path: pid: already running \\(pid $D\\)" "$SE" --daemonize --log=log2 --pid-path=pid -- "$W" hang
	says 7 "pid_path: pid: already running \\(pid $D\\)" \
	    "$SE" --daemonize --daemonize-error-exit-code=7 --log=log2 --pid-path=pid,other -- "$W" hang
	says 1 'control_path: ctl: another process listens there' "$SE" --control-path=ctl -- "$W" hang
	lines pid "^$D\$" 1 || bad pid
	[ ! -e log2 ] || bad log2 'it got as far as its log'
	[ ! -e other ] || bad other 'it took the next one'
	eventually is_up
	ctl --stop
	ended
}

atf_test_case one_of_many_starts
one_of_many_starts_body()
{
	trap 'D=$(cat pid 2>/dev/null) && kill -9 $D 2>/dev/null' EXIT
	starts=
	for i in 1 2 3 4 5 6 7 8; do
		"$SE" --daemonize --pid-path=pid --log=log.$i -- "$W" log=w say=up hang 2>err.$i &
		starts="$starts $!"
	done
	up=0
	for pid in $starts; do ! wait "$pid" || up=$((up + 1)); done
	atf_check_equal 1 $up
	eventually lines w '^up ' 1
	lines err.1 '' 1 || lines err.2 '' 1 || bad err.1
	[ "$(cat err.* | grep -c 'already running (pid')" = 7 ] || atf_fail "$(cat err.* | head -n 1)"
	by_pid --stop || atf_fail 'not stopped'
	lines w '^up ' 1 || bad w
}

atf_test_case stale_pid_files
stale_pid_files_body()
{
	for text in "$$" 1 999999999 0 -1 '' garbage '123456789012345678901234567890 and more'; do
		printf '%s\nand a second line\n' "$text" >pid
		says 3 'pid_path: pid: nobody holds it: not running' by_pid --stop
		daemonize -- "$W" hang
		lines pid '' 1 || bad pid
		kill -0 "$(cat pid)" || bad pid
		by_pid --stop || atf_fail 'not stopped'
		ended
	done
	# after a kill -9 the file stays, and is nobody's
	daemonize -- "$W" hang
	pid=$(worker_pid 0)
	kill -9 "$D"
	eventually gone "$D"
	eventually gone "$pid"
	[ -e pid ] || atf_fail 'who removed it?'
	says 3 'pid_path: pid: nobody holds it: not running' by_pid --reload
	says 3 'control_path: ctl: Connection refused' ctl --status
	daemonize -- "$W" hang
	ctl --stop
	ended
}

atf_test_case odd_pid_files
odd_pid_files_body()
{
	echo 1 >target
	ln -s target link
	mkdir dir
	mkfifo fifo
	says 1 'pid_path: link: .*' "$SE" --pid-path=link -- "$W" hang
	atf_check_equal 1 "$(cat target)"
	says 1 'pid_path: dir: Is a directory' "$SE" --pid-path=dir -- "$W" hang
	says 1 'pid_path: fifo: .*' "$SE" --pid-path=fifo -- "$W" hang
	says 1 'pid_path: /dev/null: .*' "$SE" --pid-path=/dev/null -- "$W" hang
	says 1 'pid_path: target/pid: Not a directory' "$SE" --pid-path=target/pid -- "$W" hang
	for path in link dir fifo /dev/null target/pid; do
		says 1 "pid_path: $path: .*" "$SE" --pid-path=$path --stop
	done
	for path in missing missing/pid target; do
		says 3 "pid_path: $path: .*not running" "$SE" --pid-path=$path --stop
	done
	# of several, the first that can be written
	daemonize --pid-path=dir,missing/pid,link,pid,other -- "$W" hang
	[ ! -e other ] || atf_fail 'one is enough'
	"$SE" --pid-path=dir,missing/pid,link,pid,other --stop || atf_fail 'not found'
	ended
	says 1 'pid_path: link: .*' "$SE" --pid-path=dir,missing/pid,link -- "$W" hang
}

atf_test_case pid_file_without_permission
pid_file_without_permission_body()
{
	take_along
	mkdir -m 755 ro rw
	chmod 777 rw
	echo 12345 >ro/pid
	[ -n "$AS" ] || chmod 555 ro
	chmod 444 ro/pid
	# shellcheck disable=SC2086 # a list of words
	says 1 'pid_path: ro/pid: Permission denied' $AS ./se-supervise --pid-path=ro/pid -- ./worker hang
	# shellcheck disable=SC2086 # as above
	says 1 'pid_path: ro/new: Permission denied' $AS ./se-supervise --pid-path=ro/new -- ./worker hang
	atf_check_equal 12345 "$(cat ro/pid)"
	# shellcheck disable=SC2086 # as above
	$AS ./se-supervise --daemonize --log=rw/log --pid-path=ro/new,ro/pid,rw/pid -- ./worker hang || atf_fail 'refused'
	"$SE" --pid-path=rw/pid --stop || atf_fail 'not stopped'
	[ ! -e rw/pid ] || atf_fail 'the pid file was left'
}

atf_test_case read_only_file_system
read_only_file_system_head() { root; }
read_only_file_system_body()
{
	mkdir ro
	unshare -m mount -t tmpfs -o ro none ro 2>/dev/null || atf_skip 'mounting is not permitted here'
	says 1 'pid_path: ro/pid: Read-only file system' \
	    unshare -m sh -c "mount -t tmpfs -o ro none ro && exec '$SE' --pid-path=ro/pid -- '$W' hang"
	says 1 'log: ro/log: Read-only file system' \
	    unshare -m sh -c "mount -t tmpfs -o ro none ro && exec '$SE' --log=ro/log -- '$W' hang"
	# nothing needs to be written
	unshare -m sh -c "mount -t tmpfs -o ro none ro && cd ro && exec '$SE' --log-level=trace -- '$W' hang" 2>log &
	PID=$!
	eventually has log 'Worker 0 started'
	finish
}

atf_test_case foreign_pid_file_stays
foreign_pid_file_stays_body()
{
	daemonize -- "$W" hang
	rm pid
	echo mine >pid
	ctl --stop || atf_fail 'not stopped'
	eventually gone "$D"
	atf_check_equal mine "$(cat pid)"
}

atf_test_case stop_then_start
stop_then_start_body()
{
	for i in $(seq 20); do
		daemonize -- "$W" hang
		if [ $((i % 2)) = 0 ]; then by_pid --stop; else ctl --stop; fi || atf_fail "$i: not stopped"
	done
	ended
}

# ---- who it is ----

root() { atf_set require.user root; }
# identity PID UID GID GROUPS: all four of each kind are these; the user's own groups stay
identity()
{
	atf_check_equal "$2 $2 $2 $2" "$(field "$1" Uid)"
	atf_check_equal "$3 $3 $3 $3" "$(field "$1" Gid)"
	atf_check_equal "$4" "$(field "$1" Groups)"
}

atf_test_case chuser
chuser_head() { root; }
chuser_body()
{
	take_along
	mkdir run
	chown nobody run
	for who in nobody:nil:65534:65534:65534 65534:nil:65534:65534:65534 nobody:daemon:65534:1:65534 \
	    12345:54321:12345:54321:54321 nil:daemon:0:1:1; do
		IFS=: read -r user group uid gid groups <<-END
			$who
		END
		chown "$uid" run
		daemonize --chuser="$user" --chgroup="$group" --chumask=027 --log=run/log -- ./worker hang
		identity "$D" "$uid" "$gid" "$groups"
		identity "$(worker_pid 0)" "$uid" "$gid" "$groups"
		atf_check_equal 0027 "$(field "$D" Umask)"
		atf_check_equal 0027 "$(field "$(worker_pid 0)" Umask)"
		atf_check_equal "$uid $gid 600" "$(stat -c '%u %g %a' ctl)"
		atf_check_equal "$uid $gid" "$(stat -c '%u %g' run/log)"
		ctl --reload || atf_fail 'not reloaded'
		ctl --stop || atf_fail 'not stopped'
		eventually gone "$D"
		rm -f run/log pid ctl # in a directory of root's it cannot remove them
	done
	says 1 'chuser, chgroup: 12345, nil: a user without an entry in /etc/passwd needs a group too' \
	    "$SE" --chuser=12345 -- ./worker hang
	chown nobody run
	# the verbs find nobody behind a pid file that could not be removed
	daemonize --chuser=nobody --log=run/log -- ./worker hang
	by_pid --stop || atf_fail 'not stopped'
	says 3 'pid_path: pid: .*not running' by_pid --stop
	rm -f ctl
}

atf_test_case worker_chuser
worker_chuser_head() { root; }
worker_chuser_body()
{
	take_along
	for who in nobody:nil:65534:65534:65534 65534:1:65534:1:65534 nil:nogroup:0:65534:65534; do
		IFS=: read -r user group uid gid groups <<-END
			$who
		END
		daemonize --worker-chuser="$user" --worker-chgroup="$group" --worker-chumask=077 -- ./worker hang
		identity "$(worker_pid 0)" "$uid" "$gid" "$groups"
		atf_check_equal 0077 "$(field "$(worker_pid 0)" Umask)"
		atf_check_equal '0 0 0 0' "$(field "$D" Uid)"
		[ "$(field "$D" Umask)" != 0077 ] || atf_fail 'the umask is only for workers'
		ctl --restart || atf_fail 'not restarted'
		ctl --stop || atf_fail 'not stopped'
		ended
	done
	# they die with us, whoever they are
	daemonize --worker-chuser=nobody -- ./worker ignore=TERM hang
	pid=$(worker_pid 0)
	kill -9 "$D"
	eventually gone "$pid"
	rm -f pid ctl
}

atf_test_case without_privilege
without_privilege_body()
{
	take_along
	mkdir -m 777 run
	chmod 777 run
	# shellcheck disable=SC2086 # a list of words
	says 1 'chuser, chgroup: root, nil: Operation not permitted' $AS ./se-supervise --chuser=root -- ./worker hang
	# shellcheck disable=SC2086 # as above
	says 1 'start: \./worker: .*Operation not permitted' $AS ./se-supervise --worker-chuser=root -- ./worker hang
	# what one is already needs none
	uid=$($AS id -u)
	# shellcheck disable=SC2086 # as above
	$AS ./se-supervise --daemonize --chuser="$uid" --chgroup="$($AS id -g)" --worker-chuser="$uid" \
	    --worker-chgroup="$($AS id -g)" --pid-path=run/pid --log=run/log -- ./worker hang || atf_fail 'refused'
	"$SE" --pid-path=run/pid --stop || atf_fail 'not stopped'
}

# The socket is for its owner and root.
atf_test_case strangers
strangers_head() { root; }
strangers_body()
{
	take_along
	daemonize -- ./worker hang
	# shellcheck disable=SC2086 # a list of words
	says 1 'control_path: ctl: Permission denied' $AS ./se-supervise --control-path=ctl --stop
	chmod 777 ctl # even where the file's mode would let them
	# shellcheck disable=SC2086 # as above
	says 1 'GRACEFUL_STOP: not permitted' $AS ./se-supervise --control-path=ctl --stop
	eventually has log 'WARN -- : control_path: uid 65534 is not permitted$'
	# shellcheck disable=SC2086 # as above
	says 1 'GRACEFUL_STOP: pid: Operation not permitted' $AS ./se-supervise --pid-path=pid --stop
	ctl --stop || atf_fail 'root may'
	ended
}

atf_test_case names_in_ps
names_in_ps_body()
{
	daemonize --daemon-process-name='my daemon: a long name' --worker-process-name='my worker %d' --workers=2 -- "$W" hang
	atf_check_equal 'my daemon: a long name' "$(ps -ww -o args= -p "$D")"
	atf_check_equal 'my daemon: a lo' "$(cat "/proc/$D/comm")"
	for n in 0 1; do atf_check_equal "my worker $n hang" "$(ps -ww -o args= -p "$(worker_pid $n)")"; done
	ctl --stop
	ended
	long=$(printf '%03000d' 0)
	daemonize --daemon-process-name="$long" --worker-process-name="$long%d" -- "$W" hang
	case $long in
	"$(ps -ww -o args= -p "$D")"*) ;;
	*) atf_fail "$(ps -ww -o args= -p "$D" | cut -c 1-100)" ;;
	esac
	ctl --stop
	ended
}

# ---- the verbs ----

atf_test_case verbs_by_socket
verbs_by_socket_body()
{
	SIGDUMP_PATH=$(pwd)/dump
	export SIGDUMP_PATH
	daemonize --workers=2 -- "$W" log=w trap=USR2 leave=TERM:0 leave=QUIT:0 say=up hang
	eventually lines w '^up ' 2
	atf_check -o empty "$SE" --control-path=ctl --scale=3
	eventually lines w '^up ' 3
	atf_check "$SE" --control-path=ctl --reload
	eventually lines w '^got 12$' 2 # and back to 2
	atf_check "$SE" --control-path=ctl --restart
	eventually lines w '^up ' 5
	atf_check "$SE" --control-path=ctl --restart-now
	eventually lines w '^up ' 7
	atf_check "$SE" --control-path=ctl --dump
	has dump '^  worker 1: ' || bad dump
	atf_check "$SE" --control-path=ctl --stop-now
	ended
	eventually lines log 'Received (scale|reload|graceful restart|immediate restart|dump|immediate stop) \(control socket, uid [0-9]+\)$' 6
	says 3 'control_path: ctl: No such file or directory' ctl --status
}

atf_test_case verbs_by_pid_file
verbs_by_pid_file_body()
{
	SIGDUMP_PATH=$(pwd)/dump
	export SIGDUMP_PATH
	# signals of one's own, and the file that tells them
	printf '%s\n' 'daemonize: true' 'pid_path: pid' 'log: log' 'signal_graceful_restart: WINCH' 'signal_dump: URG' \
	    'signal_graceful_stop: USR1' >c.yml
	trap 'kill -9 $D 2>/dev/null' EXIT
	"$SE" -c c.yml "$W" log=w trap=USR2 leave=TERM:0 leave=QUIT:0 say=up hang || atf_fail 'not started'
	D=$(cat pid)
	eventually lines w '^up ' 1
	atf_check "$SE" -c c.yml --reload
	eventually lines w '^got 12$' 1
	atf_check "$SE" -c c.yml --restart
	eventually lines w '^up ' 2
	atf_check "$SE" -c c.yml --restart-now
	eventually lines w '^up ' 3
	atf_check "$SE" -c c.yml --dump
	eventually has dump '^  worker 0: '
	for verb in --status --status=json --scale=2; do
		says 2 '(STATUS|SCALE): this needs control_path: no signal says it' "$SE" -c c.yml $verb
	done
	atf_check "$SE" -c c.yml --stop
	ended
	eventually lines log "Received (reload|graceful restart|immediate restart|dump|graceful stop) \\(SIG[A-Z0-9]+ from pid [0-9]+ (\\([^)]*\\))?, uid [0-9]+\\)$" 5
	says 3 'pid_path: pid: .*not running' "$SE" -c c.yml --stop-now
}

atf_test_case stop_waits
stop_waits_body()
{
	for how in ctl by_pid; do
		for verb in --stop --stop-now; do
			daemonize -- sh -c 'trap "sleep 0.5; echo bye >>w; exit" TERM QUIT; echo up >>w; while :; do sleep 0.05; done'
			eventually has w up
			$how $verb || atf_fail "$how $verb: not stopped"
			has w bye || atf_fail "$how $verb: it did not wait"
			ended
			rm w
		done
	done
}

atf_test_case verb_usage
verb_usage_body()
{
	daemonize -- "$W" hang
	for verb in --status=xml --status= --scale --scale= --scale=x --scale=10001; do
		says 2 '.*' ctl $verb
	done
	says 2 '--reload: only one command at a time' ctl --status --reload
	says 2 '--stop: .*' ctl --stop=now
	says 2 'STATUS: set control_path or pid_path to find the supervisor' "$SE" --status
	says 2 '--timeout: 0: expected a time .*' ctl --status --timeout=0
	says 2 'unknown option: --statu: the nearest is --status' ctl --statu
	eventually is_up
	ctl --stop
	ended
}

atf_test_case verbs_without_a_supervisor
verbs_without_a_supervisor_body()
{
	for verb in --status --stop --stop-now --restart --restart-now --reload --dump --scale=1; do
		says 3 'control_path: ctl: No such file or directory' ctl $verb
	done
	for verb in --stop --stop-now --restart --restart-now --reload --dump; do
		says 3 'pid_path: pid: .*not running' by_pid $verb
	done
	echo x >ctl
	says 3 'control_path: ctl: Connection refused' ctl --status
	says 1 'control_path: x{200}: (File ?name|Filename) too long' "$SE" \
	    --control-path="$(printf '%0200d' 0 | tr 0 x)" --status
}

atf_test_case verbs_time_out
verbs_time_out_body()
{
	daemonize --disable-sigdump -- "$W" ignore=TERM hang
	says 4 'stop: it is still running' ctl --stop --timeout=0.3
	says 4 'stop: it is still running' by_pid --stop --timeout=300ms
	kill -STOP "$D"
	for verb in --status --reload --scale=2 --stop-now; do
		says 4 '[A-Z_]+: no answer in time' ctl $verb --timeout=0.2
	done
	says 4 'stop: it is still running' by_pid --stop-now --timeout=0.2
	kill -CONT "$D"
	ended
}

# A supervisor that hangs, with a queue of callers already at its socket.
atf_test_case verbs_time_out_in_the_queue
verbs_time_out_in_the_queue_body()
{
	daemonize --disable-sigdump -- "$W" hang
	kill -STOP "$D"
	callers=
	for i in $(seq 132); do
		"$SE" --control-path=ctl --status --timeout=30 >/dev/null 2>&1 &
		callers="$callers $!"
	done
	eventually at_least /proc/net/unix "$(pwd)/ctl\$" 130 # one listens, the others wait
	rc=0
	timeout 30 "$SE" --control-path=ctl --status --timeout=0.5 >out 2>err || rc=$?
	kill -CONT "$D"
	for pid in $callers; do wait "$pid" || :; done
	atf_check_equal 4 $rc
	ctl --stop
	ended
}

atf_test_case status_for_people
status_for_people_body()
{
	daemonize --workers=3 -- sh -c "case \$SERVERENGINE_WORKER_ID in
	0) exec $W 'notify=READY=1\\nSTATUS=all is well' beat=2:100 hang ;;
	1) [ -e again ] || { touch again; exec $W sleep=1100 exit=3; }; exec $W hang ;;
	2) exec $W exit=0 ;; esac"
	eventually sh -c "'$SE' --control-path=ctl --status >status && grep -q '^ *1 .* up .* status 3' status"
	lines status '^pid [0-9]+  running  uptime [0-9.]+s  workers 3 wanted, [23] up  restarts [0-9]+$' 1 || bad status
	has status "^pid $D " || bad status
	lines status '^  ID     PID STATE     UPTIME RESTARTS LAST EXIT     BEAT     CPU     RSS  STATUS$' 1 || bad status
	lines status '^ *0 +[0-9]+ ready +[0-9.]+s +0 - +[0-9.]+s +[0-9.]+s +[0-9]+K  all is well$' 1 || bad status
	lines status '^ *1 +[0-9]+ up +[0-9.]+s +1 status 3 +- +[0-9.]+s +[0-9]+K  $' 1 || bad status
	lines status '^ *2 +[0-9]+ (waiting|up) +[-0-9.s]+ +[1-9][0-9]* status 0 +- ' 1 || bad status
	lines status '' 5 || bad status
	ctl --stop
	ended
}

atf_test_case status_for_programs
status_for_programs_body()
{
	odd=$(printf 'q" b\\ t\tc\001 \303\244 \377 </script>')
	daemonize --workers=2 -- sh -c "[ \$SERVERENGINE_WORKER_ID = 1 ] || exec $W 'notify=STATUS=$odd' beat=2:100 notify=READY=1 hang; exec $W sleep=300 kill=9"
	eventually sh -c "'$SE' --control-path=ctl --status=json >json && tr -d '\n' <json | grep -q '\"ready\":true.*SIGKILL'"
	is_json <json || bad json
	ctl --status=json >json
	is_json <json || bad json
	for text in "\"pid\":$D," '"state":"running"' '"wanted":2' '"workers":[' "\"id\":0,\"pid\":$(worker_pid 0)," \
	    '"state":"ready","ready":true' '"last_exit":null' '"last_exit":"SIGKILL"' \
	    '"q\" b\\ t\u0009c\u0001 '"$(printf '\303\244 \357\277\275')"; do
		grep -qF -- "$text" json || bad json "no $text"
	done
	! grep -q '[[:cntrl:]]' json || bad json 'control bytes'
	# without workers it is JSON too
	for n in 0 1; do
		ctl --scale=$n
		eventually sh -c "'$SE' --control-path=ctl --status=json >json && grep -q '\"wanted\":$n' json"
		is_json <json || bad json
	done
	ctl --stop
	ended
}

# The first in the list is not worker 0, when that has gone before the others.
atf_test_case status_with_gaps
status_with_gaps_body()
{
	daemonize --workers=4 -- sh -c "case \$SERVERENGINE_WORKER_ID in 1 | 3) exec $W ignore=TERM log=w say=up hang ;; esac; exec $W log=w say=up hang"
	eventually lines w '^up ' 4
	ctl --scale=0
	eventually sh -c "'$SE' --control-path=ctl --status | awk 'NR > 2 { print \$1, \$3 }' >status && [ \$(wc -l <status) = 2 ]"
	printf '1 stopping\n3 stopping\n' | diff - status >&2 || bad status
	ctl --status=json >json
	is_json <json || bad json
	lines json '"state":"stopping"' 2 || bad json
	ctl --stop-now
	ended
}

atf_test_case status_for_prometheus
status_for_prometheus_body()
{
	daemonize --workers=12 -- "$W" notify=READY=1 beat=1:1 hang
	eventually sh -c "'$SE' --control-path=ctl --status=prometheus >prom && grep -qF 'worker_ready{worker=\"11\"} 1' prom"
	is_prometheus prom || bad prom
	metric prom workers_wanted 12 || bad prom
	metric prom workers_up 12 || bad prom
	metric prom restarts_total 0 || bad prom
	lines prom '^se_supervise_worker_up\{worker="[0-9]+"\} 1$' 12 || bad prom
	kill -9 "$(worker_pid 3)"
	eventually sh -c "'$SE' --control-path=ctl --status=prometheus >prom && grep -qxF 'se_supervise_worker_restarts_total{worker=\"3\"} 1' prom"
	metric prom restarts_total 1 || bad prom
	ctl --scale=0
	eventually sh -c "'$SE' --control-path=ctl --status=prometheus >prom && ! grep -q '^[^#].*worker=' prom"
	is_prometheus prom || bad prom
	ctl --stop
	ended
}

# As many as fit into no single answer, and to somebody who reads slowly.
atf_test_case status_of_many
status_of_many_body()
{
	daemonize --workers=300 -- "$W" hang
	ctl --status >status
	lines status '^ *[0-9]+ +[0-9]+ up ' 300 || atf_fail "$(wc -l <status) lines"
	ctl --status=json | is_json || atf_fail 'no JSON'
	ctl --status=prometheus >prom
	is_prometheus prom || atf_fail 'wrong'
	ctl --status=json | { sleep 1; is_json; } || atf_fail 'no JSON for a slow reader'
	ctl --status | head -n 1 >first
	has first '^pid ' || bad first
	says 1 'STATUS: stdout: No space left on device' sh -c "'$SE' --control-path=ctl --status >/dev/full"
	ctl --stop
	ended
}

# ---- files ----

atf_test_case dump_file
dump_file_body()
{
	SIGDUMP_PATH=$(pwd)/dump
	export SIGDUMP_PATH
	daemonize --workers=2 -- "$W" beat=1:1 hang
	eventually sh -c "'$SE' --control-path=ctl --status | awk '\$7 ~ /s\$/ { n++ } END { exit n < 2 }'"
	ctl --dump || atf_fail 'refused'
	lines dump '^End of sigdump process ' 2 || bad dump # of both workers
	eventually has log "INFO -- : Dumping to $(pwd)/dump\$"
	has dump "^pid $D  running " || bad dump
	lines dump '^ *[01] +[0-9]+ up ' 2 || bad dump
	has dump '^descriptors: log [0-9]+, pid file [0-9]+, control [0-9]+, reports [0-9]+$' || bad dump
	has dump '^timers:$' || bad dump
	lines dump '^  worker [01]: heartbeat pipe [0-9]+, heartbeat check in [0-9.a-z]+ ' 2 || bad dump
	atf_check_equal 600 "$(stat -c %a dump)"
	eventually dumped_again
	ctl --stop
	ended
}

# dumped_again: a second report of everything is appended; one that is asked for too early is refused
dumped_again()
{
	kill -CONT "$D"
	sleep 0.1
	[ "$(grep -c '^End of sigdump process ' dump)" -ge 4 ] && [ "$(grep -c '^timers:' dump)" -ge 2 ]
}

atf_test_case dump_follows_nothing
dump_follows_nothing_body()
{
	SIGDUMP_PATH=$(pwd)/dump
	export SIGDUMP_PATH
	daemonize -- "$W" hang
	echo precious >target
	chmod 644 target
	mkfifo fifo
	n=0
	for how in 'ln -s target' 'ln target' 'mkdir' 'ln fifo'; do
		rm -rf dump
		$how dump
		says 1 "DUMP: $(pwd)/dump: .*" ctl --dump
		n=$((n + 1))
		eventually lines log 'ERROR -- : dump: ' $n
	done
	atf_check_equal 'precious 644' "$(cat target) $(stat -c %a target)"
	ctl --stop
	ended
}

atf_test_case disable_sigdump
disable_sigdump_body()
{
	SIGDUMP_PATH=$(pwd)/dump
	export SIGDUMP_PATH
	daemonize --disable-sigdump -- "$W" hang
	says 1 'DUMP: disable_sigdump is set' ctl --dump
	kill -CONT "$D"
	eventually lines log 'No dump: disable_sigdump is set' 2
	ctl --stop
	ended
	[ ! -e dump ] || bad dump
}

# whole FILE: it is there and complete, whenever one looks
whole()
{
	cat "$1" >seen || return 1
	is_prometheus seen || bad seen 'half a file'
}
# follows NAME VALUE: the metrics file has come to say so
follows() { whole metrics && metric seen "$1" "$2"; }

atf_test_case metrics_file
metrics_file_body()
{
	daemonize --workers=2 --metrics-path=metrics -- "$W" notify=READY=1 hang
	eventually test -e metrics
	eventually follows workers_up 2
	eventually follows 'worker_ready{worker="1"}' 1
	atf_check_equal 644 "$(stat -c %a metrics)"
	exec 9<metrics # stays as it is for whoever reads it
	before=$(stat -c %i metrics)
	ctl --scale=5
	eventually follows workers_up 5
	[ "$(stat -c %i metrics)" != "$before" ] || atf_fail 'it was written over'
	cat <&9 >old
	exec 9<&-
	metric old workers_wanted 2 || bad old
	kill -9 "$(worker_pid 4)"
	eventually follows 'worker_restarts_total{worker="4"}' 1
	eventually follows restarts_total 1
	ctl --scale=0
	eventually follows workers_up 0
	ctl --stop
	ended
	[ "$(find . -name 'metrics*' | wc -l)" = 1 ] || atf_fail "$(ls)"
}

atf_test_case metrics_by_reload
metrics_by_reload_body()
{
	echo 'workers: 2' >c.yml
	daemonize -c c.yml -- "$W" hang
	echo 'metrics_path: metrics' >>c.yml
	ctl --reload
	eventually follows workers_up 2
	sed -i 's/metrics$/missing\/metrics/' c.yml
	ctl --reload
	ctl --scale=3
	eventually has log 'ERROR -- : metrics_path: .*No such file or directory'
	sed -i '/metrics/d' c.yml
	ctl --reload
	rm metrics
	ctl --scale=1
	eventually has log 'Worker 2 finished'
	ctl --stop
	ended
	[ ! -e metrics ] || atf_fail 'it was still written'
}

atf_init_test_cases()
{
	for t in up_when_the_parent_returns alone_in_the_background stdio_is_null output_ends failed_starts \
	    failed_start_is_over default_error_status waiting_parent_can_be_left stopped_before_it_was_up \
	    second_start one_of_many_starts stale_pid_files \
	    odd_pid_files pid_file_without_permission read_only_file_system foreign_pid_file_stays stop_then_start chuser \
	    worker_chuser without_privilege strangers names_in_ps verbs_by_socket verbs_by_pid_file stop_waits \
	    verb_usage verbs_without_a_supervisor verbs_time_out verbs_time_out_in_the_queue \
	    status_for_people status_for_programs status_with_gaps status_for_prometheus status_of_many dump_file \
	    dump_follows_nothing disable_sigdump metrics_file metrics_by_reload; do
		atf_add_test_case $t
	done
}
