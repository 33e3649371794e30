# se-supervise: worker_notification_fd, on which workers say by a newline that they are ready.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"

# fds_of PID: the numbers of its descriptors, in a line
fds_of() { ls "/proc/$1/fd" | sort -n | tr '\n' ' '; }
# reading PID: how many pipes it has
reading() { ls -l "/proc/$1/fd" | grep -c 'pipe:'; }
has_pipes() { [ "$(reading "$1")" = "$2" ]; }

atf_test_case newline
newline_body()
{
	supervise --workers=2 --worker-notification-fd=7 -- "$W" log=w env=SE_NOTIFY_FD env=SERVERENGINE_HEARTBEAT_PIPE \
		say=up leave=TERM:0 tell=garbage sleep=300 say=later 'tell=, more\nbehind it' hang
	eventually lines w '^SE_NOTIFY_FD=7$' 2
	lines w '^SERVERENGINE_HEARTBEAT_PIPE=3$' 2 || fail "$(cat w)"
	eventually is_state 0 ready
	eventually is_state 1 ready
	lines w '^later ' 2 || fail 'ready before the newline'
	eventually lines log 'DEBUG -- : Worker [01] is ready$' 2
	[ "$(fds_of "$(worker_pid 0)")" = '0 1 2 3 4 7 ' ] || fail "$(fds_of "$(worker_pid 0)")" # 4: its log
	pipes=$(reading "$PID") # none of them a notification's: that is closed
	kill -9 "$(worker_pid 0)"
	eventually lines log 'Worker [01] is ready$' 3
	eventually has_pipes "$PID" "$pipes"
	finish
}

# As other programs do it: by a shell's redirection, from a child.
atf_test_case of_a_child
of_a_child_body()
{
	supervise --worker-notification-fd=4 -- sh -c '(echo >&4) & exec "$0" log=w say=up leave=TERM:0 hang' "$W"
	eventually is_state 0 ready
	finish
}

atf_test_case end_without_newline
end_without_newline_body()
{
	supervise --worker-notification-fd=4 -- "$W" log=w tell=nothing endtell say=up sleep=200 leave=TERM:0 notify=READY=1 say=told hang
	eventually lines w '^up ' 1
	is_state 0 up || is_state 0 ready || fail "$($SE --control-path=ctl --status)"
	eventually is_state 0 ready # NOTIFY_SOCKET says it as well
	lines w '^up ' 1 || fail "$(cat log)"
	finish
}

atf_test_case flood
flood_body()
{
	supervise --workers=2 --worker-heartbeat-interval=200ms --worker-heartbeat-timeout=1s --worker-notification-fd=4 -- sh -c '
		[ $SERVERENGINE_WORKER_ID = 0 ] || exec "$0" floodtell
		exec "$0" log=w beat=3:200 sleep=3000 hang' "$W"
	used=$(cpu "$PID")
	eventually has log 'Worker 0 .*sending SIGQUIT: no heartbeat for the whole timeout$'
	used=$(($(cpu "$PID") - used))
	between 0 60 $used 'hundredths of a second of CPU time in 2 s of a flood'
	is_state 1 up || fail "$($SE --control-path=ctl --status)"
	$SE --control-path=ctl --timeout=2s --status >/dev/null || fail 'no status while it is flooded'
	finish
}

# The sockets of listen keep their numbers, and the heartbeat pipe gives way.
atf_test_case numbers
numbers_body()
{
	supervise --listen=127.0.0.1:0,127.0.0.1:0 --worker-notification-fd=5 -- "$W" log=w leave=TERM:0 \
		env=LISTEN_FDS env=SE_NOTIFY_FD env=SERVERENGINE_HEARTBEAT_PIPE 'tell=\n' beat=1:1 say=up hang
	eventually lines w '^up ' 1
	eventually is_state 0 ready
	[ "$(head -n 3 w | tr '\n' ' ')" = 'LISTEN_FDS=2 SE_NOTIFY_FD=5 SERVERENGINE_HEARTBEAT_PIPE=6 ' ] || fail "$(cat w)"
	eventually beaten
	finish
	for bad in '--listen=127.0.0.1:0,127.0.0.1:0 --worker-notification-fd=4' '--listen=127.0.0.1:0=9 --worker-notification-fd=9'; do
		"$SE" $bad --check -- x >out 2>err && fail "$bad: taken"
		[ $? = 2 ] || fail "$bad: not 2"
		lines err '^se-supervise: worker_notification_fd: [49]: a socket of listen has it$' 1 || fail "$(cat err)"
	done
}
beaten() { [ "$(of 0 heartbeat_age)" != null ]; }

# Of somebody else's is not handed on.
atf_test_case not_inherited
not_inherited_body()
{
	SE_NOTIFY_FD=9 supervise -- "$W" log=w env=SE_NOTIFY_FD say=up leave=TERM:0 hang
	eventually lines w '^up ' 1
	has w '^SE_NOTIFY_FD unset$' || fail "$(cat w)"
	finish
}

# At a reload: for who starts from then on; the sockets that count are those of the start.
atf_test_case reload
reload_body()
{
	printf 'listen: 127.0.0.1:0\ncommand: ["%s", log=w, env=SE_NOTIFY_FD, leave=TERM:0, say=up, hang]\n' "$W" >c.yml
	supervise -c c.yml
	eventually lines w '^up ' 1
	has w '^SE_NOTIFY_FD unset$' || fail "$(cat w)"
	sed 1d c.yml >d.yml
	{ cat d.yml; echo 'worker_notification_fd: 3'; } >c.yml
	$SE --control-path=ctl --restart >out 2>&1 && fail 'taken'
	has out 'worker_notification_fd: 3: a socket of listen has it' || fail "$(cat out)"
	lines w '^up ' 1 || fail 'restarted'
	{ cat d.yml; echo 'listen: 127.0.0.1:0'; echo 'worker_notification_fd: 4'; } >c.yml
	$SE --control-path=ctl --restart || fail 'refused'
	eventually lines w '^SE_NOTIFY_FD=4$' 1
	finish
}

# Each costs a descriptor.
atf_test_case limit
limit_body()
{
	(
		ulimit -n 134
		"$SE" --workers=40 --worker-notification-fd=4 --log=- -- "$W" exit >out 2>err && fail 'started'
		[ $? = 2 ] || fail 'not 2'
	) || exit 1
	has err 'workers: 40: too many workers for the limit of open files' || fail "$(cat err)"
	# a reload is no way around it
	printf 'command: ["%s", leave=TERM:0, hang]\nworkers: 40\nlog: "-"\ncontrol_path: ctl\n' "$W" >c.yml
	(ulimit -n 134; exec "$SE" -c c.yml) >out 2>err &
	PID=$!
	eventually is_up
	echo 'worker_notification_fd: 4' >>c.yml
	$SE --control-path=ctl --reload >reload 2>&1 && fail 'taken'
	has reload 'workers: 40: too many workers for the limit of open files' || fail "$(cat reload)"
	finish
}

atf_init_test_cases()
{
	for c in newline of_a_child end_without_newline flood numbers not_inherited reload limit; do
		atf_add_test_case $c
	done
}
