# A disk that hangs or is full is the logger's affair alone: nothing waits but the lines, and they come.

# shellcheck source=/dev/null disable=SC2016 # inner shells
. "$SRC/tests/e2e/log.subr"

# within S COMMAND...: it succeeds, and takes no longer
within()
{
	_s=$1 _begun=$(date +%s%N)
	shift
	timeout 20 "$@" || fail "$*: exit status $?"
	[ $((($(date +%s%N) - _begun) / 1000000)) -lt $((_s * 1000)) ] || fail "$* took too long"
}

# bears_a_stall SECONDS: four talkers with a heartbeat each, the log hangs: all but it goes on; their ids are in the file old
bears_a_stall()
{
	_until=$(($(date +%s) + $1))
	within 2 $SE --control-path=ctl --status >status
	for i in 1 2 3; do
		p=$(of 0 pid)
		kill -9 "$p"
		eventually replaced 0 "$p"
	done
	for i in 1 2 3; do
		of $i pid
	done >old
	within 2 $SE --control-path=ctl --reload
	within 2 $SE --control-path=ctl --status >status
	# whatever is waited for so long, it is too long
	while [ "$(date +%s)" -lt $_until ]; do sleep 0.1; done
	within 2 $SE --control-path=ctl --status >status
	for i in 1 2 3; do
		of $i pid
	done | cmp - old || fail "workers were replaced: $(cat status)"
	[ -z "$stuck" ] || lines log 'Received reload' 0 || fail 'the log did not hang'
	idle "$PID" || fail 'busy'
}
# idle PID: within half a second it uses next to no CPU time
idle()
{
	_used=$(cpu "$1")
	sleep 0.5 # is what is measured
	[ $(($(cpu "$1") - _used)) -lt 10 ]
}
# went_well: after that stall, what the log says of it
went_well()
{
	eventually at_least "$1" 'Worker 0 exited unexpectedly' 3
	eventually at_least "$1" 'Worker 0 started' 4
	gaps "$1" 'Worker 0 (exited|started)' | awk 'NR > 1 && NR % 2 == 0 && $1 > 1 { exit 1 }' || fail "late: $(grep -a 'Worker 0' "$1")"
	! has "$1" 'sending|heartbeat' || fail "$(grep -aE 'sending|heartbeat' "$1")"
}
BEATS='--workers=4 --worker-heartbeat-interval=500ms --worker-heartbeat-timeout=2s --log-level=trace --worker-reload-signal=nil'

atf_test_case logger_stopped
logger_stopped_body()
{
	talks $BEATS --log-rotate-size=0 -- rate=200 beat=300
	stuck=yes
	eventually each_said 50 4
	kill -STOP "$(logger)"
	bears_a_stall 10
	kill -CONT "$(logger)"
	went_well log
	more 200
	finish
	all_there
}

atf_test_case write_hangs
write_hangs_head() { atf_set require.progs strace; }
write_hangs_body()
{
	! no_strace || atf_skip 'strace cannot trace here'
	talks $BEATS --log-rotate-size=0 -- rate=200 beat=300
	stuck=yes
	eventually each_said 50 4
	strace -qq -o trace -e trace=write -e inject=write:delay_enter=60000000 -p "$(logger)" 2>/dev/null &
	tracer=$!
	eventually test -s trace
	bears_a_stall 4
	kill -9 "$tracer"
	went_well log
	more 200
	finish
	all_there
}

# on_disk SIZE ARG...: talkers whose log is log on an ext4 of their own, $disk
on_disk()
{
	truncate -s "$1" img
	shift
	mkdir mnt
	mkfs.ext4 -q -F img || atf_skip 'no ext4 can be made'
	rm -f ctl
	_n=$#
	unshare -m sh -c 'mount -o loop img mnt && exec "$@"' sh "$SE" --control-path=ctl --log=mnt/log --restart-backoff=100ms --restart-backoff-max=100ms "$@" >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || atf_skip "no loop mount in a mount namespace: $(cat err)"
	disk=/proc/$PID/root$PWD/mnt
}
# freeze: the disk, until thaw; a process that is none of the test's sees to it that it is not frozen for ever
freeze()
{
	exec 7<"$disk"
	(cd / && exec sleep 40) 7<&- &
	sleeper=$!
	(cd / && tail --pid="$sleeper" -f /dev/null 7<&-; fsfreeze -u /proc/self/fd/7 2>/dev/null) &
	guard=$!
	fsfreeze -f /proc/self/fd/7 || atf_skip 'the disk cannot be frozen'
}
thaw()
{
	kill "$sleeper"
	wait "$guard" "$sleeper" || :
	exec 7<&-
}

atf_test_case disk_frozen
disk_frozen_head() { atf_set require.user root; atf_set require.progs 'fsfreeze mkfs.ext4'; }
disk_frozen_body()
{
	on_disk 60M $BEATS --log-rotate-size=0 -- "$T" talk said rate=200 beat=300
	stuck=
	eventually each_said 50 4
	freeze
	bears_a_stall 10
	thaw
	went_well "$disk/log"
	more 200
	cp "$disk/log" log1
	kill -STOP "$(logger)" # its end of the mount namespace is read after the supervisor's
	disk=/proc/$(logger)/root$PWD/mnt
	exec 7<"$disk"
	kill -CONT "$(logger)"
	finish
	all_in /proc/self/fd/7/log
	exec 7<&-
}

# It is told to stop while the log hangs: it does not wait for ever, and the logger goes on by itself.
atf_test_case stopped_while_it_hangs
stopped_while_it_hangs_body()
{
	talks --workers=4 --log-rotate-size=0 -- rate=500
	eventually each_said 20 4
	LOGGER=$(logger)
	kill -STOP "$LOGGER"
	kill -TERM "$PID"
	used=$(cpu "$PID")
	eventually has err '^se-supervise: log: its last lines are not written yet: not waited for$'
	ends "$PID" 0
	kill -CONT "$LOGGER"
	eventually gone "$LOGGER"
	all_there
	eventually lines log 'finished with status 0$' 4
}

# ---- dropping ----

# writer: of a logger that drops, the process that writes
writer() { children_of "$(logger)"; }
children_of() { cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$1" '{ line = $1; sub(/.*\) /, ""); split($0, f, " "); if (f[2] == p) print line }'; }

atf_test_case drop
drop_body()
{
	talks --workers=4 --log-level=fatal --log-overflow=drop --log-rotate-size=1M --log-rotate-age=999 -- rate=4000 len=60-600
	eventually each_said 500 4
	for _ in 1 2; do
		w=$(writer)
		kill -STOP "$w"
		more 40000
		kill -CONT "$w"
		eventually dropped_more
	done
	more 1000
	finish
	all_there dropped
	slowest=$($T sum said | cut -d' ' -f4)
	[ "$slowest" -lt 1000 ] || fail "a worker has waited $slowest ms"
	[ "$(cat $(oldest_first log) | grep -acE '^[0-9]+ lines \([0-9]+ bytes\) dropped$')" -ge 2 ] || fail "$(cat verdict)"
}
drops=0
dropped_more() { _d=$(cat $(oldest_first log) | grep -acE '^[0-9]+ lines \([0-9]+ bytes\) dropped$' || :); [ "$_d" -gt $drops ] && drops=$_d; }

# What is longer than its pipe is there in whole, or counted.
atf_test_case drop_long_lines
drop_long_lines_body()
{
	talks --workers=2 --log-level=fatal --log-overflow=drop --log-rotate-size=0 -- rate=60 len=60000-140000
	eventually each_said 5 2
	for _ in 1 2 3; do
		w=$(writer)
		kill -STOP "$w"
		more 120
		kill -CONT "$w"
		eventually dropped_more
		more 10
	done
	finish
	all_there dropped
}

# Not even a reload makes them wait.
atf_test_case drop_and_reload
drop_and_reload_body()
{
	talks --workers=2 --log-level=fatal --log-overflow=drop --log-rotate-size=0 --worker-reload-signal=nil -- rate=4000 len=60-600
	eventually each_said 100 2
	w=$(writer)
	kill -STOP "$w"
	more 20000
	$SE --control-path=ctl --reload || fail reload
	more 20000
	sleep 2 # a wait to be seen
	more 20000
	kill -CONT "$w"
	eventually dropped_more
	finish
	all_there dropped
	slowest=$($T sum said | cut -d' ' -f4)
	[ "$slowest" -lt 1000 ] || fail "a worker has waited $slowest ms"
}

# ---- a full disk ----

# on_tmpfs SIZE ARG...: as on_disk, on a tmpfs
on_tmpfs()
{
	mkdir mnt
	rm -f ctl
	unshare -m sh -c 'mount -t tmpfs -o size="$1" none mnt && shift && exec "$@"' sh "$1" "$SE" --control-path=ctl --log=mnt/log \
		--restart-backoff=100ms --restart-backoff-max=100ms --log-rotate-size=0 $2 -- "$T" talk said rate=500 beat=300 $3 >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || atf_skip "no tmpfs in a mount namespace: $(cat err)"
	disk=/proc/$PID/root$PWD/mnt
	exec 7<"$disk"
	eventually each_said 20 4
	head -c 64m /dev/zero >"$disk/fill" 2>/dev/null || :
	eventually has err '^se-logrotate: write: mnt/log: No space left on device: trying again every second$'
}
# all_on_tmpfs [OPTION...]: stops it and looks
all_on_tmpfs()
{
	rm "$disk/fill"
	eventually has err '^se-logrotate: write: mnt/log: it works again$'
	more 500
	finish
	all_in /proc/self/fd/7/log "$@"
	exec 7<&-
	lines err 'No space' 1 || fail "$(cat err)"
}

atf_test_case disk_full
disk_full_head() { atf_set require.user root; }
disk_full_body()
{
	on_tmpfs 32m "$BEATS"
	stuck=
	bears_a_stall 4
	rm "$disk/fill"
	went_well "$disk/log"
	: >"$disk/fill"
	all_on_tmpfs
}

atf_test_case disk_full_drop
disk_full_drop_head() { atf_set require.user root; }
disk_full_drop_body()
{
	on_tmpfs 32m '--workers=4 --log-level=fatal --log-overflow=drop' rate=4000
	more 40000
	all_on_tmpfs dropped
	slowest=$($T sum said | cut -d' ' -f4)
	[ "$slowest" -lt 1000 ] || fail "a worker has waited $slowest ms"
}

# ---- no logger can be started ----

atf_test_case logger_cannot_fork
logger_cannot_fork_head() { atf_set require.progs strace; }
logger_cannot_fork_body()
{
	! no_strace || atf_skip 'strace cannot trace here'
	rm -f ctl
	# the logger's is the first, and every one from the sixth on
	strace -D -f -qq -o trace -e trace=clone -e inject=clone:error=EAGAIN:when=1 "$SE" --control-path=ctl --log=log --workers=4 \
		-- "$T" talk said rate=200 >out 2>err &
	PID=$!
	eventually is_up
	eventually each_said 10 4
	has err '^se-supervise: log: the logger could not be started: (Resource temporarily unavailable|Try again): again every second$' || fail "$(cat err)"
	$SE --control-path=ctl --reload || fail reload
	eventually has log 'Received reload'
	finish
	all_there
	lines err '' 1 || fail "$(cat err)"
}

atf_test_case own_lines_without_logger
own_lines_without_logger_head() { atf_set require.progs strace; }
own_lines_without_logger_body()
{
	! no_strace || atf_skip 'strace cannot trace here'
	rm -f ctl
	strace -D -f -qq -o trace -e trace=clone -e inject=clone:error=EAGAIN "$SE" --control-path=ctl --log=log -- "$W" hang >out 2>err &
	PID=$!
	eventually is_up
	$SE --control-path=ctl --scale=2 || fail scale
	eventually at_least log 'Worker 1 could not be started: fork: ' 1
	eventually at_least log 'Worker 0 could not be started: fork: (Resource temporarily unavailable|Try again)$' 2
	lines err 'the logger could not be started' 1 || fail "$(cat err)"
	finish
	eventually has log 'Received graceful stop'
}

atf_test_case few_descriptors
few_descriptors_head() { atf_set require.progs prlimit; }
few_descriptors_body()
{
	hard=$(ulimit -Hn)
	talks --workers=4 --log-rotate-size=20k --log-rotate-age=999 -- rate=500
	eventually each_said 20 4
	p=$(of 2 pid)
	prlimit --pid "$PID" --nofile=4:"$hard"
	LOGGER=$(logger)
	prlimit --pid "$LOGGER" --nofile=4:"$hard"
	kill -9 "$p"
	eventually at_least log 'Worker 2 could not be started: pipe: (Too many open files|No file descriptors available)$' 2
	prlimit --pid "$PID" --nofile="$hard:$hard"
	prlimit --pid "$LOGGER" --nofile="$hard:$hard"
	eventually replaced 2 "$p"
	more 500
	finish
	all_there
}

# A pipe that the logger cannot take comes again, and its worker waits.
atf_test_case pipe_not_taken
pipe_not_taken_body()
{
	hard=$(ulimit -Hn)
	talks --workers=2 -- rate=500
	eventually each_said 20 2
	p=$(of 1 pid)
	LOGGER=$(logger)
	prlimit --pid "$LOGGER" --nofile=4:"$hard"
	kill -9 "$p"
	eventually has err '^se-logrotate: input: (Too many open files|No file descriptors available): trying again every second$'
	eventually replaced 1 "$p"
	more 500
	prlimit --pid "$LOGGER" --nofile="$hard:$hard"
	eventually has err '^se-logrotate: input: it works again$'
	more 500
	[ "$(logger)" = "$LOGGER" ] || fail "$(cat err)"
	# it comes at the end, too
	p=$(of 1 pid)
	prlimit --pid "$LOGGER" --nofile=4:"$hard"
	kill -9 "$p"
	eventually lines err 'input: .*: trying again every second$' 2
	eventually replaced 1 "$p"
	more 100
	kill -TERM "$PID"
	eventually has log 'Received graceful stop'
	prlimit --pid "$LOGGER" --nofile="$hard:$hard"
	ends "$PID" 0
	lines err '' 4 || fail "$(cat err)"
	all_there
}

atf_init_test_cases()
{
	atf_add_test_case logger_stopped
	atf_add_test_case write_hangs
	atf_add_test_case disk_frozen
	atf_add_test_case stopped_while_it_hangs
	atf_add_test_case drop
	atf_add_test_case drop_long_lines
	atf_add_test_case drop_and_reload
	atf_add_test_case disk_full
	atf_add_test_case disk_full_drop
	atf_add_test_case logger_cannot_fork
	atf_add_test_case own_lines_without_logger
	atf_add_test_case few_descriptors
	atf_add_test_case pipe_not_taken
}
