# What se-sigdump shows of the programs in /programs, on a kernel that is nobody else's: check.sh of a
# guest.
# shellcheck shell=sh disable=SC2034,SC2154,SC2086 # up sets UP, $D is words

# shellcheck source=/dev/null
. /tests/check.subr
# shellcheck source=/dev/null
. /tests/stacks.subr

D='/bin/sebox se-sigdump --output=-'

# ---- the right frames ----

# addresses: of each thread, a line each; not where the busy one is just now, nor where the vdso is
addresses()
{
	awk '/^  Thread / { thread++; busy = $3 == "\"busy\"" }
		/^      #/ && !(busy && $1 == "#0") { sub(/^0x0000ffff.*/, "vdso", $2); print thread, $1, $2 }' report
}

# All that is asked of one; those of glibc are read without a stop, but for the one that runs.
frames()
{
	up "/programs/$1"
	$D "$UP" >report 2>err || fail "$(cat err)"
	right "$1"
	is_deep || fail "$(grep -A9 '"deep"' report)"
	case $1 in glibc*) has report ' not-stopped 10 ' || fail "$(tail -n 1 report)" ;; esac
	addresses >"/tmp/$1.addresses"
	down
}

# Without names there are the same frames.
stripped()
{
	up "/programs/$1"
	$D "$UP" >report 2>err || fail "$(cat err)"
	has report "^End of sigdump process $UP threads 11 complete 11 truncated 0 without 0 " || fail "$(cat report)"
	addresses >here
	diff "/tmp/${1#stripped-}.addresses" here || fail "$(cat report)"
	down
}

together()
{
	up "/programs/$1"
	$D --consistent "$UP" >report 2>err || fail "$(cat err)"
	right "$1"
	has report ' not-stopped 0 ' || fail "$(tail -n 1 report)"
	eventually grows
	down
}

stopped()
{
	up "/programs/$1"
	kill -STOP "$UP"
	eventually grep -q '^State:.*T' "/proc/$UP/status"
	for option in '' --consistent; do
		$D $option "$UP" >report 2>err || fail "$(cat err)"
		right "stopped $option"
		for task in /proc/"$UP"/task/*/status; do
			grep -q '^State:.*T (stopped)' "$task" || fail "$option: $(grep State "$task")"
		done
	done
	kill -CONT "$UP"
	eventually grows
	down
}

# ---- permission ----

as_user() { su -s /bin/sh user -c "$*"; }

# up_as_user TRACER: one of the user's; $UP
up_as_user()
{
	: >said
	chmod 666 said
	chmod 777 .
	su -s /bin/sh user -c "exec /programs/$PROGRAM 1 $1" >said 2>err &
	UP=$!
	eventually has said '^ready$'
}

# Of the same user, but no descendant: yama says no, and the report what would help.
yama_refuses()
{
	up_as_user 0
	as_user "$D $UP" >report 2>err
	status=$?
	[ $status = 3 ] || fail "status $status: $(cat err report)"
	has err "^se-sigdump: process: $UP: no stack could be read: Operation not permitted$" || fail "$(cat err)"
	has report '\(run with CAP_SYS_PTRACE, or set kernel.yama.ptrace_scope to 0 .*PR_SET_PTRACER' || fail "$(cat report)"
	lines report '^  Thread [0-9]+ ' 11 || fail "$(cat report)"
	for part in '  Thread [0-9]+ "poll" status=sleep\(S\)' '  Memory: rss=[0-9]+K' '      1 /tmp/.*/said ' '  Limits:' \
		"End of sigdump process $UP threads 11 complete 0 truncated 0 without 11 "; do
		has report "^$part" || fail "$part: $(cat report)"
	done
	down
}

# A child of ours, but not of the process that traces.
yama_refuses_children()
{
	chmod 777 .
	as_user "/programs/$PROGRAM >said 2>err & up=\$!; echo \$up >pid; until grep -q ready said; do sleep 0.05; done; exec $D \$up" >report
	status=$?
	kill -KILL "$(cat pid)"
	[ $status = 3 ] || fail "status $status: $(cat report)"
}

# That the target named the tracer, or what the tracer descends from, helps.
yama_permits()
{
	for tracer in -1 $$; do
		up_as_user $tracer
		as_user "$D $UP" >report 2>err || fail "$tracer: $(cat err report)"
		right "tracer $tracer"
		down
	done
}

# So does the capability.
capable()
{
	up_as_user 0
	$D "$UP" >report 2>err || fail "$(cat err report)"
	right root
	down
}

# Without yama the user alone is enough.
without_yama()
{
	echo 0 >/proc/sys/kernel/yama/ptrace_scope
	up_as_user 0
	as_user "$D $UP" >report 2>err || fail "$(cat err report)"
	right user
	down
}

echo 'root:x:0:0::/:/bin/sh' >/etc/passwd
echo 'user:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd
for PROGRAM in /programs/*; do
	PROGRAM=${PROGRAM##*/}
	case $PROGRAM in
	stripped-*) check "$PROGRAM" stripped "$PROGRAM" ;;
	*) check "$PROGRAM" frames "$PROGRAM" ;;
	esac
done
PROGRAM=musl
check together together $PROGRAM
check stopped stopped $PROGRAM
echo 1 >/proc/sys/kernel/yama/ptrace_scope
for name in yama_refuses yama_refuses_children yama_permits capable without_yama; do
	check $name $name
done
