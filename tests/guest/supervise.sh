# What se-supervise does as the init of a machine: check.sh of a guest, which is worker 0.
# shellcheck shell=sh

exec >/dev/console 2>&1
# shellcheck disable=SC2034 # for common.subr
BUILD=/bin
# shellcheck source=/dev/null
. /tests/check.subr

ctl() { se-supervise -c /etc/se-supervise.conf "$@"; }
# of N KEY: what the status says of worker N
of() { ctl --status=json | sed -n 's/^{"id":'"$1"',.*"'"$2"'":"\{0,1\}\([^",}]*\).*/\1/p'; }
all_up() { ctl --status | head -n 1 | grep -q ' 5 wanted, 5 up'; }
# all_of_log: everything in the order in which it was written
all_of_log() { (cd /log && find . -name 'app.log.*' | sort -rn -t . -k 4 | xargs cat && cat app.log); }

pid_1()
{
	[ "$(readlink /proc/1/exe)" = /bin/sebox ] || fail "$(readlink /proc/1/exe)"
	for what in 'proc /proc proc ' 'devtmpfs /dev devtmpfs '; do
		[ "$(grep -c "^$what" /proc/mounts)" = 1 ] || fail "$(cat /proc/mounts)"
	done
	[ "$(readlink /proc/1/fd/2)" = /dev/console ] || fail "$(ls -l /proc/1/fd)"
	eventually all_up
}

comes_back()
{
	eventually lines /up.1 '^up ' 1
	pid=$(of 1 pid)
	kill -9 "$pid"
	eventually lines /up.1 '^up ' 2
	[ "$(of 1 pid)" != "$pid" ] || fail "$(ctl --status)"
	eventually all_up
}

# Each of the two left twenty orphans behind.
no_zombies()
{
	sh -c '(sleep 0.1 &)'
	eventually none_is_dead
}
none_is_dead() { ! cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | grep '^Z 1 '; }

# A day forward and years back, while worker 4 writes: no worker is thought to hang, no line is lost.
clock_jumps()
{
	grep -q '^[^ ]* / rootfs .*size=' /proc/mounts || fail "the root is no tmpfs: $(cat /proc/mounts)"
	pid=$(of 1 pid)
	eventually test -e /written.1
	date -s '2030-12-31 23:59:59' >/dev/null
	: >/go.1
	eventually test -e /written.2
	date -s '2001-01-01 00:00:00' >/dev/null
	: >/go.2
	eventually test -e /written.3
	eventually written
	[ -e /log/app.log.2 ] || fail "$(ls -l /log)"
	[ "$(of 1 pid)" = "$pid" ] || fail "worker 1 was restarted: $(tail -n 5 /log/app.log)"
	kill -9 "$pid"
	eventually lines /up.1 '^up ' 3
	has /log/app.log '^E, \[2001-01-01T00:0.* Worker 1 exited unexpectedly' || fail "$(tail -n 5 /log/app.log)"
}
written()
{
	all_of_log | grep '^line ' >lines
	seq 3000 | sed 's,^,line ,' | cmp -s - lines
}

sigdump()
{
	for option in '' --consistent; do
		# shellcheck disable=SC2086 # one word or none
		se-sigdump $option --output=- "$(of 1 pid)" >report || fail "$(cat report)"
		has report ' main\+0x' || fail "$(cat report)"
		has report ' complete 1 truncated 0 without 0 ' || fail "$(cat report)"
	done
	ctl --dump || fail 'not asked'
	eventually has /tmp/sigdump-1.log "^End of sigdump process $(of 3 pid) "
}

# Worker 3 left a process with a session of its own that heeds no TERM: its cgroup takes it along.
cgroup_kill()
{
	eventually lines /up.3 '^up ' 1
	stray=$(sed -n 's/^stray //p' /up.3)
	grep -q '^0::/se/worker-3$' "/proc/$stray/cgroup" || fail "$(cat "/proc/$stray/cgroup")"
	kill -9 "$(of 3 pid)"
	eventually test ! -e "/proc/$stray"
	eventually lines /up.3 '^up ' 2
}

# Worker 2 eats more than its cgroup has.
oom_kill()
{
	others=$(of 1 pid),$(of 3 pid)
	: >/feed
	eventually has /up.2 '^up '
	eventually has /log/app.log ' ERROR -- : Worker 2 exited unexpectedly with signal SIGKILL'
	has /sys/fs/cgroup/se/worker-2/memory.events '^oom_kill 1$' || fail "$(cat /sys/fs/cgroup/se/worker-2/memory.events)"
	[ "$(of 1 pid),$(of 3 pid)" = "$others" ] || fail "others were killed: $(tail -n 5 /log/app.log)"
	eventually all_up
}

for name in pid_1 comes_back no_zombies clock_jumps sigdump cgroup_kill oom_kill; do
	check $name $name
done
echo 'guest: end'
ctl --stop &
exec sleep 1000
