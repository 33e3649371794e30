# se-supervise where nobody is above it: PID 1 of a namespace; and as a subreaper.

# shellcheck source=/dev/null disable=SC2016,SC2013,SC3045 # inner shells; pids as words; dash has ulimit -S
. "$SRC/tests/e2e/look.subr"

gone_or() { gone "$PID" || "$@"; }

# namespace COMMAND...: a pid namespace with a /proc of its own, which takes all its processes along when it ends
namespace()
{
	_user=
	[ "$(id -u)" = 0 ] || _user=--map-root-user
	exec unshare $_user --pid --fork --kill-child --mount-proc "$@"
}

# as_init ARG...: the supervisor as PID 1, which $BEFORE may become it; $PID is unshare, which ends as it does, $INIT is its pid out here
BEFORE=
as_init()
{
	rm -f ctl
	# shellcheck disable=SC2086 # words
	(namespace $BEFORE "$SE" --control-path=ctl --log=log "$@") >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || atf_skip "no pid namespace here: $(head -n 1 err)"
	INIT=$(children "$PID")
	INIT=${INIT% }
	[ "$(awk 'NR == 1 { print $2 }' status)" = 1 ] || fail "$(cat status)"
}

atf_test_case zombies
zombies_body()
{
	as_init --workers=3 -- "$W" orphans=50 log=w say=up hang
	eventually lines w '^up ' 3
	eventually only_workers "$INIT" 3
	$SE --control-path=ctl --restart || fail restart
	eventually lines w '^up ' 6
	eventually only_workers "$INIT" 3
	! has log 'ERROR|WARN' || fail "$(cat log)"
	kill -TERM "$INIT"
	ends "$PID" 0
	eventually has log 'Received graceful stop \(SIGTERM from the kernel or outside\)$'
}

# Whoever takes TERM is gone at once, and then so are we: the minute is not waited for.
atf_test_case strays_obey
strays_obey_body()
{
	as_init --workers=3 --stray-timeout=60s -- "$W" log=w stray=0 escape=0 say=up hang
	eventually lines w '^up ' 3
	eventually lines w '^stray ' 6
	[ "$(children "$INIT" | wc -w)" = 9 ] || fail "$(children "$INIT")"
	kill -TERM "$INIT"
	ends "$PID" 0
	eventually has log 'WARN -- : Workers left 6 processes behind: sending SIGTERM$'
	! has log SIGKILL || fail "$(cat log)"
}

atf_test_case strays_are_killed
strays_are_killed_body()
{
	as_init --stray-timeout=700ms -- "$W" log=w stray=TERM escape=TERM say=up hang
	eventually lines w '^up ' 1
	kill -TERM "$INIT"
	ends "$PID" 0
	lasted 0.6 5 "$(gap log 'behind: sending SIGTERM' 'behind: sending SIGKILL')" 'from TERM to KILL'
	! has log 'do not end' || fail "$(cat log)"
}

# Workers that die leave their strays alone, and those us.
atf_test_case strays_live_on
strays_live_on_body()
{
	as_init --restart-backoff=100ms --restart-backoff-max=100ms -- "$W" log=w escape=0 say=up sleep=100 exit=1
	eventually at_least w '^up ' 4
	[ "$(children "$INIT" | wc -w)" -ge 4 ] || fail "$(children "$INIT")"
	! has log 'left' || fail "$(cat log)"
	kill -TERM "$INIT"
	ends "$PID" 0
}

# terms_once: of ten strays that TERM ends at once and one that it does not, this one is told only once: a second TERM
# means "at once" to many programs
terms_once()
{
	has w '^got 15$' || fail "$(cat w log)"
	lines w '^got 15$' 1 || fail "$(grep -c 'got 15' w) times TERM: $(cat log)"
	eventually lines log 'behind: sending SIGTERM$' 1
}
LEAVES_ELEVEN='"$1" log=w trap=TERM say=stays hang & "$1" log=w escape=0 escape=0 escape=0 escape=0 escape=0
	"$1" log=w escape=0 escape=0 escape=0 escape=0 escape=0; exec "$1" log=w say=up hang'

atf_test_case strays_are_told_once
strays_are_told_once_body()
{
	as_init --stray-timeout=1s -- sh -c "set -m; $LEAVES_ELEVEN" sh "$W"
	eventually lines w '^(up|stays) ' 2
	kill -TERM "$INIT"
	ends "$PID" 0
	terms_once
}

atf_test_case exit_status
exit_status_body()
{
	as_init --restart-backoff=100ms --restart-backoff-max=100ms --restart-limit=2/60s --on-give-up=exit -- "$W" sleep=300 kill=9
	ends "$PID" 137
	as_init --unrecoverable-exit-codes=3 -- "$W" sleep=300 exit=3
	ends "$PID" 3
	rc=0
	(namespace "$SE" --log=log -- ./missing) >out 2>err || rc=$?
	[ $rc = 127 ] || fail "exit status $rc: $(cat err)"
	for sig in QUIT INT; do
		as_init --workers=2 -- "$W" log=w say=up hang
		kill -$sig "$INIT"
		ends "$PID" 0
	done
}

# In an initramfs /proc may not be there yet.
atf_test_case without_proc
without_proc_body()
{
	BEFORE='sh no-proc'
	echo 'mount -t tmpfs none /proc && exec "$@"' >no-proc
	as_init --workers=2 --log-level=trace --restart-backoff=100ms --worker-max-rss=1G --stray-timeout=500ms -- \
		"$W" log=w orphans=5 stray=0 escape=TERM say=up hang
	eventually lines w '^up ' 2
	kill -9 "$(children "$INIT" | cut -d' ' -f1)"
	$SE --control-path=ctl --restart-now || fail restart
	eventually at_least w '^up ' 4
	$SE --control-path=ctl --reload || fail reload
	$SE --control-path=ctl --status=json | grep -q '"up":2,' || fail "$($SE --control-path=ctl --status)"
	kill -TERM "$INIT"
	ends "$PID" 0
	! has log 'FATAL' || fail "$(cat log)"
	eventually has log 'WARN -- : Workers left processes behind: sending SIGKILL$'
}

# ---- not PID 1: a subreaper ----

atf_test_case subreaper
subreaper_body()
{
	supervise --workers=3 --stray-timeout=60s -- "$W" orphans=50 log=w stray=0 escape=0 say=up hang
	eventually lines w '^up ' 3
	eventually only_workers "$PID" 9
	strays=$(sed -n 's/^stray //p' w)
	for p in $strays; do
		[ "$(field "$p" PPid)" = "$PID" ] || fail "the parent of $p is $(field "$p" PPid)"
	done
	finish
	for p in $strays; do
		gone "$p" || fail "stray $p is left"
	done
	eventually has log 'WARN -- : Workers left 6 processes behind: sending SIGTERM$'
	! has log 'SIGKILL' || fail "$(cat log)"
}

atf_test_case subreaper_kills
subreaper_kills_body()
{
	supervise --workers=2 --stray-timeout=500ms -- "$W" log=w escape=TERM say=up hang
	eventually lines w '^up ' 2
	finish
	for p in $(sed -n 's/^stray //p' w); do
		gone "$p" || { kill -9 "$p"; fail "stray $p is left"; }
	done
	eventually has log 'Workers left 2 processes behind: sending SIGKILL$'
	lasted 0.4 5 "$(gap log 'sending SIGTERM' 'sending SIGKILL')" 'from TERM to KILL'
}

# Strays have children too; they come to us one after the other.
atf_test_case subreaper_tells_once
subreaper_tells_once_body()
{
	supervise --stray-timeout=1s -- sh -c "set -m; $LEAVES_ELEVEN" sh "$W"
	eventually lines w '^(up|stays) ' 2
	finish
	terms_once
}

atf_test_case subreaper_chain
subreaper_chain_body()
{
	cat >chain <<-'END'
		# chain N WORKER: N processes, each the child of the one before, the last one ignoring TERM
		echo $$ >>pids
		[ "$1" -gt 0 ] || exec "$2" ignore=TERM log=w say=end hang
		setsid sh ./chain $(($1 - 1)) "$2"
	END
	supervise --stray-timeout=500ms -- sh -c '(setsid sh ./chain 4 "$1" &); exec "$1" log=w say=up hang' sh "$W"
	eventually lines w '^end ' 1
	finish
	lines pids '' 5 || fail "$(cat pids)"
	for p in $(cat pids); do
		gone "$p" || { kill -9 "$p"; fail "stray $p is left"; }
	done
}

# Neither PID 1 nor /proc: strays cannot be found, and that is said; the end comes nevertheless.
atf_test_case subreaper_without_proc
subreaper_without_proc_body()
{
	rm -f ctl
	# shellcheck disable=SC2016 # for the inner shell
	(namespace sh -c 'mount -t tmpfs none /proc || exit 99
		"$@" & pid=$!; trap "kill -TERM $pid" USR1
		wait $pid; wait $pid; echo $? >status.of' sh \
		"$SE" --control-path=ctl --log=log --stray-timeout=300ms -- "$W" log=w escape=0 say=up hang) >out 2>err &
	PID=$!
	eventually gone_or is_up
	! gone "$PID" || atf_skip "no pid namespace here: $(head -n 1 err)"
	eventually lines w '^up ' 1
	$SE --control-path=ctl --stop || fail 'stop'
	eventually test -s status.of
	eventually gone "$PID"
	[ "$(cat status.of)" = 0 ] || fail "exit status $(cat status.of)"
	eventually has log 'without /proc they cannot be found$'
	eventually has log 'ERROR -- : Some processes that workers left behind do not end$'
}

# ---- the OOM killer ----

# memory_cgroup BYTES: a new memory cgroup with that limit, noted in the file cgroup
memory_cgroup()
{
	[ "$(id -u)" = 0 ] || atf_skip 'not root'
	at=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	limit=memory.limit_in_bytes
	if [ -z "$at" ]; then
		at=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		limit=memory.max
	fi
	[ -n "$at" ] || atf_skip 'no memory cgroup is mounted'
	dir=$at/se-test.$$
	mkdir "$dir" 2>/dev/null || atf_skip "$at cannot be written"
	echo "$dir" >cgroup
	echo "$1" 2>/dev/null >"$dir/$limit" || atf_skip "$dir has no $limit: memory is not controlled there"
	[ ! -e "$dir/memory.swap.max" ] || echo 0 >"$dir/memory.swap.max"
	[ ! -e "$dir/memory.swappiness" ] || echo 0 >"$dir/memory.swappiness"
}

atf_test_case oom_kill cleanup
oom_kill_body()
{
	memory_cgroup $((32 << 20))
	rm -f ctl
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$dir" "$SE" --control-path=ctl --log=log --workers=2 \
		--oom-score-adj=500 --restart-backoff=100ms -- \
		sh -c '[ $SERVERENGINE_WORKER_ID = 1 ] && [ ! -e fed ] && : >fed && exec "$1" eat=100 hang; exec "$1" log=w say=up hang' \
		sh "$W" >out 2>err &
	PID=$!
	eventually is_up
	eventually has log 'ERROR -- : Worker 1 exited unexpectedly with signal SIGKILL \(by the OOM killer\)$'
	eventually lines w '^up ' 2
	lines w '^up ' 2 || fail "the other one was killed: $(cat log)"
	kill -9 "$(worker_pid 1)" # by us, this time
	eventually has log 'Worker 1 exited unexpectedly with signal SIGKILL$'
	finish
}
oom_kill_cleanup()
{
	[ -s cgroup ] || return 0
	dir=$(cat cgroup) n=0
	until rmdir "$dir" 2>/dev/null || [ ! -d "$dir" ] || [ $((n += 1)) -gt 100 ]; do sleep 0.05; done
}

# in_its_place N: the directory cgroup, where a worker_cgroup would be, says that N processes were ended by the OOM killer
in_its_place()
{
	mkdir -p cgroup/worker-0 cgroup/worker-1
	: >cgroup/worker-0/cgroup.procs && : >cgroup/worker-1/cgroup.procs
	printf 'low 0\nhigh 0\nmax 0\noom 0\noom_kill %s\noom_group_kill 0\n' "$1" >events
	mv events cgroup/memory.events
}
later_than() { [ "$(date +%s)" -gt "$1" ]; }
BY_OOM='signal SIGKILL \(by the OOM killer\)$'

# Workers in cgroups with limits of their own are in none of ours: theirs count. Each that it has ended is told of once,
# and what it has ended besides, such as workers' children, is not taken for a worker that somebody kills later.
atf_test_case oom_kills_of_workers_cgroups
oom_kills_of_workers_cgroups_body()
{
	in_its_place 7
	supervise --workers=2 --worker-cgroup="$PWD/cgroup" --restart-backoff=100ms -- "$W" log=w say=up hang
	eventually lines w '^up ' 2
	in_its_place 9
	kill -9 $(worker_pid 0) $(worker_pid 1)
	eventually lines log "Worker [01] exited unexpectedly with $BY_OOM" 2
	eventually lines w '^up ' 4
	kill -9 "$(worker_pid 1)"
	eventually lines log 'Worker 1 exited unexpectedly with signal SIGKILL$' 1
	eventually lines w '^up ' 5
	in_its_place 15
	kill -9 "$(worker_pid 0)"
	eventually lines log "Worker 0 exited unexpectedly with $BY_OOM" 2
	told=$(date +%s)
	eventually lines w '^up ' 6
	eventually later_than $((told + 2))
	kill -9 "$(worker_pid 0)"
	eventually lines log 'Worker 0 exited unexpectedly with signal SIGKILL$' 1
	finish
}

# Where cgroups can be read only later it is not known what was before.
atf_test_case oom_kills_unknown
oom_kills_unknown_body()
{
	BEFORE='sh hide'
	echo 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' >hide
	as_init --restart-backoff=100ms -- sh -c 'umount /sys/fs/cgroup; exec "$1" log=w say=up hang' sh "$W"
	for n in 1 2; do
		eventually lines w '^up ' $n
		kill -9 "$(children "$INIT")"
		eventually lines log 'Worker 0 exited unexpectedly with signal SIGKILL' $n
	done
	! has log OOM || fail "$(cat log)"
	kill -TERM "$INIT"
	ends "$PID" 0
}

atf_init_test_cases()
{
	atf_add_test_case zombies
	atf_add_test_case strays_obey
	atf_add_test_case strays_are_killed
	atf_add_test_case strays_live_on
	atf_add_test_case strays_are_told_once
	atf_add_test_case exit_status
	atf_add_test_case without_proc
	atf_add_test_case subreaper
	atf_add_test_case subreaper_kills
	atf_add_test_case subreaper_tells_once
	atf_add_test_case subreaper_chain
	atf_add_test_case subreaper_without_proc
	atf_add_test_case oom_kill
	atf_add_test_case oom_kills_of_workers_cgroups
	atf_add_test_case oom_kills_unknown
}
