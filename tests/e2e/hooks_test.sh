# se-supervise: hooks, commands that are run when something happens to the whole or to a worker.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"

# hook: file hook.sh appends what it is told to file events
hook()
{
	cat >hook.sh <<'END'
for n in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$n ] || stray=$stray$n; done
echo "$SE_EVENT ${SERVERENGINE_WORKER_ID--} ${SE_WORKER_PID--} ${SE_EXIT_STATUS--} ${SE_EXIT_SIGNAL--} \
${NOTIFY_SOCKET--} ${SERVERENGINE_HEARTBEAT_PIPE--} $(readlink /proc/$$/fd/0) ${stray--}" >>events
END
}
WORKER='leave=TERM:0 hang'
event() { has events "^$1\$"; }

atf_test_case told
told_body()
{
	hook
	export SE_EXIT_STATUS=77 SE_WORKER_PID=77
	supervise --workers=2 --before-run='sh hook.sh' --after-run='sh hook.sh' --worker-before-fork='sh hook.sh' \
		--worker-after-start='sh hook.sh' --worker-after-exit='sh hook.sh' -- "$W" $WORKER
	eventually at_least events '^worker_after_start' 2
	one=$(worker_pid 1)
	kill -9 "$one"
	eventually at_least events '^worker_after_start' 3
	two=$(worker_pid 1) zero=$(worker_pid 0)
	finish
	tail='- - /dev/null -'
	[ "$(head -n 1 events)" = "before_run - - - - $tail" ] || fail "$(cat events)"
	[ "$(tail -n 1 events)" = "after_run - - - - $tail" ] || fail "$(cat events)"
	{
		printf '%s\n' "before_run - - - - $tail" "after_run - - - - $tail"
		for n in 0 1 1; do echo "worker_before_fork $n - - - $tail"; done
		printf '%s\n' "worker_after_start 0 $zero - - $tail" "worker_after_start 1 $one - - $tail" \
			"worker_after_start 1 $two - - $tail" "worker_after_exit 1 $one - SIGKILL $tail" \
			"worker_after_exit 0 $zero 0 - $tail" "worker_after_exit 1 $two 0 - $tail"
	} | sort >want
	sort events | cmp -s - want || fail "$(sort events | diff want -)"
	! has log 'hook|left .* behind|worker_(before|after)' || fail "$(cat log)"
}

atf_test_case nothing_starts_before
nothing_starts_before_body()
{
	supervise --workers=2 --before-run="sh -c 'until [ -e go ]; do sleep 0.05; done'" -- "$W" log=w say=up $WORKER
	kill -USR1 "$PID" # nor by a restart
	$SE --control-path=ctl --scale=3 || fail 'refused'
	eventually has log 'Received graceful restart'
	[ "$($SE --control-path=ctl --status | grep -c ' waiting ')" = 3 ] || fail "$($SE --control-path=ctl --status)"
	[ ! -e w ] || fail 'one was started'
	: >go
	eventually lines w '^up ' 3
	finish
}

atf_test_case start_fails
start_fails_body()
{
	while IFS='|' read -r command why; do
		for kind in '' --daemonize; do
			rc=0
			$SE --pid-path="$PWD/pid" $kind --daemonize-error-exit-code=7 --hook-timeout=300ms --before-run="$command" \
				--after-run="touch after" -- "$W" log=w say=up $WORKER >out 2>err || rc=$?
			[ $rc = 7 ] || fail "$command: exit status $rc: $(cat err)"
			grep -qxF -- "se-supervise: before_run: it $why" err || fail "$command: $(cat err)"
			[ "$(grep -c before_run err)" = 1 ] || fail "$(cat err)"
			[ ! -e w ] && [ ! -e pid ] && [ ! -e after ] || fail "$(ls)"
		done
	done <<'END'
sh -c 'exit 3'|exited with status 3
sh -c 'kill -9 $$'|was ended by SIGKILL
sleep 1000|did not end in time: killed
/nonexistent x|could not be started: exec: No such file or directory
END
	rc=0
	$SE --daemonize-error-exit-code=0 --before-run=false -- "$W" hang >out 2>err || rc=$?
	[ $rc = 0 ] || fail "exit status $rc"
	has err 'before_run: it exited with status 1' || fail "$(cat err)"
}

# A daemon is up only when before_run has ended well and a worker runs.
atf_test_case daemon
daemon_body()
{
	$SE --daemonize --pid-path="$PWD/pid" --log=log --before-run="sh -c 'sleep 0.3; echo before >>order'" -- \
		"$W" log=order say=up $WORKER || fail 'failed'
	[ "$(sed 's/ .*//' order | tr '\n' ' ')" = 'before up ' ] || eventually lines order '^up' 1
	[ "$(head -n 1 order)" = before ] || fail "$(cat order)"
	$SE --pid-path="$PWD/pid" --stop || fail 'not stopped'
}

atf_test_case failures_are_told
failures_are_told_body()
{
	supervise --worker-before-fork=/nonexistent --worker-after-start="sh -c 'exit 4'" --worker-after-exit="sh -c 'kill -15 \$\$'" \
		--after-run=false -- "$W" log=w say=up $WORKER
	eventually lines w '^up ' 1
	finish
	for line in 'worker_before_fork of worker 0 could not be started: exec: No such file or directory' \
	    'worker_after_start of worker 0 exited with status 4' 'worker_after_exit of worker 0 was ended by SIGTERM' \
	    'after_run exited with status 1'; do
		eventually lines log "WARN -- : $line\$" 1
	done
}

# A hook that hangs holds up nothing, and goes with its children.
atf_test_case hanging
hanging_body()
{
	supervise --log-level=trace --hook-timeout=5s --worker-after-start="sh -c 'echo \$\$ >>pids; sleep 1000 & echo \$! >>pids; wait'" -- \
		"$W" log=w say=up $WORKER
	eventually lines pids . 2
	kill -9 "$(worker_pid 0)"
	eventually lines w '^up ' 2
	! has log 'in time' || fail 'it waited for the hook'
	eventually at_least log 'worker_after_start of worker 0 did not end in time: killed$' 1
	for pid in $(head -n 2 pids); do
		eventually gone "$pid"
	done
	eventually lines log 'worker_after_start of worker 0 did not end in time: killed$' 2
	finish
	! has log 'left .* behind' || fail "$(cat log)"
}

# A stop gives them their time, and no more; a worker's last hook is run.
atf_test_case at_the_end
at_the_end_body()
{
	supervise --workers=3 --worker-after-exit="sh -c 'sleep 0.3; echo exit >>said'" --after-run="sh -c 'sleep 0.3; echo after >>said'" -- \
		"$W" log=w say=up $WORKER
	eventually lines w '^up ' 3
	finish
	[ "$(tr '\n' ' ' <said)" = 'exit exit exit after ' ] || fail "$(cat said)"
	! has log 'WARN|ERROR' || fail "$(cat log)"
	supervise --hook-timeout=500ms --worker-after-exit='sleep 1000' --after-run="sh -c 'echo last >>said; exec sleep 1000'" -- \
		"$W" log=w say=up $WORKER
	eventually lines w '^up ' 4
	finish
	[ "$(tail -n 1 said)" = last ] || fail "$(cat said)"
	eventually has log 'worker_after_exit of worker 0 did not end in time: killed$'
	eventually has log 'after_run did not end in time: killed$'
	! has log 'left .* behind' || fail "$(cat log)"
}

# The exit status is what it would have been.
atf_test_case exit_status
exit_status_body()
{
	for hook in true false 'sleep 1000'; do
		supervise --hook-timeout=200ms --unrecoverable-exit-codes=9 --after-run="$hook" -- "$W" sleep=500 exit=9
		ends "$PID" 9
	done
	rc=0
	$SE --after-run='touch after' -- ./nonexistent >out 2>err || rc=$?
	[ $rc = 127 ] || fail "exit status $rc"
}

atf_test_case stop_in_before_run
stop_in_before_run_body()
{
	for sig in TERM QUIT; do
		rm -f pids
		supervise --before-run="sh -c 'trap : TERM; echo \$\$ >pids; sleep 1000 & echo \$! >>pids; wait; wait; wait'" --after-run='touch after' \
			-- "$W" log=w say=up $WORKER
		eventually lines pids . 2
		kill -$sig "$PID"
		ends "$PID" 0
		for pid in $(cat pids); do
			gone "$pid" || fail 'it lives on'
		done
		[ ! -e w ] && [ ! -e after ] || fail "$(ls)"
	done
}

# What they write goes where the workers' lines go.
atf_test_case their_lines
their_lines_body()
{
	supervise --log-format=json --before-run="sh -c 'echo before; echo error >&2'" --worker-after-start="sh -c 'echo started'" -- "$W" $WORKER
	eventually has log '"before"'
	eventually has log '"error"'
	eventually has log '"started"'
	finish
	eventually has log '"worker":0,.*"started"|"started".*"worker":0'
	$SE --before-run="sh -c 'echo before'" --unrecoverable-exit-codes=0 -- "$W" exit=0 >out 2>err || fail 'failed'
	has out '^before$' || fail "$(cat out)"
}

# They are killed with us.
atf_test_case orphans
orphans_body()
{
	supervise --worker-after-start="sh -c 'echo \$\$ >pids; exec sleep 1000'" -- "$W" log=w say=up hang
	eventually lines pids . 1
	kill -9 "$PID"
	wait "$PID" || :
	eventually gone "$(cat pids)"
}

atf_test_case thousand
thousand_body()
{
	supervise --workers=1000 --worker-heartbeat=off --worker-after-start="$W log=events env=SERVERENGINE_WORKER_ID" -- "$W" $WORKER
	eventually lines events . 1000
	[ "$(sort -u events | wc -l)" = 1000 ] || fail "$(sort events | uniq -c | sort -n | tail -n 3)"
	! has log 'WARN|ERROR' || fail "$(grep -E 'WARN|ERROR' log)"
	finish
}

# 32 run and 1024 wait: what does not fit is counted.
atf_test_case too_many
too_many_body()
{
	supervise --workers=1200 --worker-heartbeat=off --hook-timeout=100s \
		--worker-after-start="sh -c 'until [ -e go ]; do sleep 0.2; done; echo >>ran'" -- "$W" $WORKER
	eventually all_up
	: >go
	eventually has log 'ERROR -- : 144 hooks were not run: too many waited$'
	eventually lines ran '' 1056
	finish
}
all_up() { $SE --control-path=ctl --status | grep -q ' workers 1200 wanted, 1200 up '; }

atf_init_test_cases()
{
	for c in told nothing_starts_before start_fails daemon failures_are_told hanging at_the_end exit_status stop_in_before_run \
	    their_lines orphans thousand too_many; do
		atf_add_test_case $c
	done
}
