# se-sigdump does no harm: to signals, system calls and threads of the process, however it is itself limited, killed
# or in the way of others.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/sigdump.subr"

PATIENT=$BUILD/helpers/patient

# unharmed: no thread of the process is stopped or traced
unharmed() { ! grep -qsE '^State:.*[Tt] \(|^TracerPid:.*[1-9]' /proc/"$UP"/task/*/status; }

# Each of many signals that wait for a thread arrives once, in order, however often it is stopped on the way.
atf_test_case signals
signals_body()
{
	up "$PATIENT" queue 40000
	queued=$(sed -n 's/^queued //p' said)
	[ "$queued" -ge 1000 ] || atf_skip "only $queued signals may be queued"
	n=0
	while [ $((n += 1)) -le 50 ]; do
		"$D" --output=- "$UP" >report && "$D" --consistent --output=- "$UP" >report || fail 'no report'
	done
	has said '^taken ' && fail 'all were taken before the last dump'
	eventually has said '^taken '
	has said "^taken $queued wrong 0$" || fail "$(cat said)"
	unharmed || fail 'stopped'
	down
	[ "$queued" -ge 40000 ] || echo "$queued signals: more may not be queued here"
}

# What waits in a system call does not notice a dump, as long as it need not be stopped; and a stop ends only those
# calls that the kernel does not restart.
atf_test_case system_calls
system_calls_body()
{
	for program in "$PATIENT" ./patient; do
		[ -x "$program" ] || cc -D_GNU_SOURCE -O2 -o patient "$SRC/tests/helpers/patient.c" -lpthread || fail 'cc'
		up "$program" calls
		eventually all_asleep
		n=0
		while [ $((n += 1)) -le 100 ]; do
			"$D" --output=- "$UP" >report || fail 'no report'
		done
		kill -USR1 "$UP"
		eventually has said '^read '
		has said '^read 0 poll 0 epoll_wait 0 nanosleep 0 futex 0 select 0 recv 0 recv-timeout 0$' || fail "$program: $(cat said)"
		has report ' complete 9 .* not-stopped 9 ' || fail "$program: $(tail -n 1 report)"
		n=0
		while [ $((n += 1)) -le 100 ]; do
			"$D" --consistent --output=- "$UP" >report || fail 'no report'
		done
		kill -USR1 "$UP"
		eventually lines said '^read ' 2
		has said '^read 0 poll 0 epoll_wait [0-9]+ nanosleep 0 futex 0 select 0 recv 0 recv-timeout [0-9]+$' || fail "$(cat said)"
		down
	done
}
all_asleep() { ! grep -qs '^State:.*R' /proc/"$UP"/task/*/status; }

# Threads that begin and end all the time: a report ends, and says what it cannot have.
atf_test_case storm
storm_body()
{
	up "$PATIENT" storm
	eventually restless
	for option in '' --consistent; do
		n=0
		while [ $((n += 1)) -le 20 ]; do
			"$D" $option --output=- "$UP" >report || fail 'no report'
			has report "^End of sigdump process $UP " || fail "$(tail -n 1 report)"
			awk '/^  Thread / { if (want) exit 1; want = 1; next } / #0 |\(no stack: [^)]/ { want = 0 } END { exit want }' report ||
				fail "$(cat report)"
		done
	done
	unharmed || eventually unharmed
	down
}
restless() { "$D" --output=- "$UP" >report && has report '^  \(new threads kept appearing\)$'; }

# A stack that is damaged is truncated and says why; other threads are not affected.
atf_test_case broken_stacks
broken_stacks_body()
{
	up "$PATIENT" broken
	for option in '' --consistent; do
		"$D" $option --output=- "$UP" >report 2>err || fail "$(cat err)"
		[ ! -s err ] || fail "$(cat err)"
		functions good | grep -q ' inner_good start_good ' || fail "$(cat report)"
		for way in garbage nowhere; do
			awk -v name="\"$way\"" '/^  Thread / { on = $3 == name } on && /^      \(truncated: [a-z]/ { found = 1 } END { exit !found }' report ||
				fail "$way: $(cat report)"
			functions $way | grep -q " start_$way " || fail "$way: $(functions $way)"
		done
		functions circle | grep -q ' start_circle ' || fail "$(functions circle)"
		has report ' threads 5 .* without 0 ' || fail "$(tail -n 1 report)"
	done
	down
}

# One that nothing can stop is read as it sleeps.
atf_test_case not_stoppable
not_stoppable_body()
{
	up "$PATIENT" vfork
	eventually grep -q '^State:.*D' "/proc/$UP/status"
	for option in '' --consistent; do
		"$D" $option --output=- "$UP" >report 2>err || fail "$option: $(cat err report)"
		has report ' status=disk\(D\) syscall=vfork ' || fail "$(cat report)"
		has report '^      #0 .* vfork\+' && has report ' main\+' || fail "$(cat report)"
	done
	kill -KILL "$(children "$UP")"
	down
}

# A debugger has it already: what can be read without a stop is, and the rest says why.
atf_test_case traced
traced_body()
{
	needs strace
	: >said
	strace -f -o /dev/null "$PATIENT" busy 2 >said 2>err &
	TRACER=$!
	eventually has said ready
	UP=$(cut -d ' ' -f 1 <"/proc/$TRACER/task/$TRACER/children")
	eventually sleeps
	"$D" --output=- "$UP" >report 2>err || fail "$(cat err report)"
	has report ' pause\+' && has report ' main\+' || fail "$(cat report)"
	has report '\(no stack: PTRACE_SEIZE: Operation not permitted\)' || fail "$(cat report)"
	has report 'another process traces it' || fail "$(cat report)"
	kill -KILL "$UP"
	wait "$TRACER" 2>/dev/null || :
}
sleeps() { [ "$(cut -d ' ' -f 1 <"/proc/$UP/task/$UP/syscall")" = 34 ]; }

# Killed at any moment, it leaves nobody stopped.
atf_test_case killed
killed_body()
{
	up "$PATIENT" busy 20
	n=0
	while [ $((n += 1)) -le 50 ]; do
		option=
		[ $((n % 2)) = 0 ] || option=--consistent
		"$D" $option --output=- "$UP" >/dev/null 2>&1 &
		dumper=$!
		# somewhere between its start and its end
		sleep "0.0$(printf '%02d' $((n * 7 % 40)))"
		kill -KILL $dumper 2>/dev/null
		wait $dumper 2>/dev/null || :
		eventually unharmed
	done
	eventually grows
	"$D" --output=- "$UP" >report || fail 'no report'
	has report ' complete 21 ' || fail "$(tail -n 1 report)"
	down
}

# In a frozen cgroup.
atf_test_case frozen
frozen_body()
{
	group=/sys/fs/cgroup/freezer/sigdump-$$
	mkdir "$group" 2>/dev/null && [ -w "$group/freezer.state" ] || atf_skip 'no cgroup freezer of version 1 can be used here'
	up "$STACKS"
	echo "$UP" >"$group/cgroup.procs"
	echo FROZEN >"$group/freezer.state"
	eventually grep -q FROZEN "$group/freezer.state"
	"$D" --output=- "$UP" >report 2>err
	status=$?
	echo THAWED >"$group/freezer.state"
	down
	eventually rmdir "$group"
	[ $status = 0 ] || fail "$status: $(cat err)"
	functions poll | grep -q ' inner_poll middle_poll outer_poll start_poll ' || fail "$(cat report)"
}

# Under limits of its own there is one line that says what failed, and a status that the manual has; never a signal.
atf_test_case limits
limits_body()
{
	needs prlimit
	up "$STACKS"
	for limit in nofile=3 nofile=4 nofile=5 nofile=6 nofile=8 nofile=12 as=1000000 as=4000000 as=8000000 as=20000000 as=60000000 \
		as=200000000 data=1000000 stack=65536 nproc=1 fsize=0 cpu=1; do
		# by a pipe, which no limit is for
		{
			rc=0
			prlimit --$limit -- "$D" --output=- "$UP" 2>&1 >report || rc=$?
			echo $rc >rc
		} | cat >err
		rc=$(cat rc)
		case $rc in
		0) has report "^End of sigdump process $UP " || fail "$limit: $(tail -n 1 report)" ;;
		1 | 3) lines err '^se-sigdump: [a-z]+: .' 1 && [ "$(wc -l <err)" = 1 ] || fail "$limit: $(cat err)" ;;
		*) fail "$limit: status $rc: $(cat err)" ;;
		esac
		echo "$limit: $rc: $(cat err)" >>limits
	done
	has limits '^as=200000000: 0: ' && has limits '^nofile=12: 0: ' && has limits '^as=1000000: 1: ' &&
		has limits '^fsize=0: 1: se-sigdump: output: -: File too large$' &&
		has limits '^nofile=3: 1: .*: (No file descriptors available|Too many open files)$' || fail "$(cat limits)"
	unharmed || fail 'stopped'
	down
}

# /tmp cannot be written to.
atf_test_case read_only
read_only_body()
{
	[ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null || atf_skip 'no mount namespace can be made'
	up "$STACKS"
	rc=0
	exec 9<"$BUILD/sebox"
	unshare --mount sh -c 'mount -t tmpfs -o ro none /tmp && exec /proc/self/fd/9 se-sigdump "$1"' sh "$UP" >out 2>err || rc=$?
	exec 9<&-
	[ $rc = 1 ] && [ ! -s out ] || fail "status $rc: $(cat out err)"
	lines err "^se-sigdump: output: /tmp/sigdump-$UP.log: Read-only file system$" 1 || fail "$(cat err)"
	down
}

# A library is made shorter and longer again while its symbols are read.
atf_test_case shortened
shortened_body()
{
	echo 'int poll(void *, unsigned long, int); int far(int n) { n = n ? far(n - 1) : poll(0, 0, -1); return n + 1; }' >far.c
	echo 'int puts(const char *); int fflush(void *); int far(int); int main(void) { puts("ready"); fflush(0); return far(200); }' >main.c
	cc -O0 -shared -fPIC -o libfar.so far.c && cc -O0 -o program main.c -L. -lfar -Wl,-rpath,. || fail 'cc'
	cp libfar.so whole.so
	up ./program
	(while :; do
		: >libfar.so
		cat whole.so >libfar.so
	done) &
	SHORTENS=$!
	n=0
	while [ $((n += 1)) -le 100 ]; do
		rc=0
		"$D" --output=- "$UP" >report 2>err || rc=$?
		[ $rc = 0 ] && has report "^End of sigdump process $UP " || fail "status $rc: $(cat err)"
	done
	kill $SHORTENS
	wait $SHORTENS 2>/dev/null || :
	cat whole.so >libfar.so
	"$D" --output=- "$UP" >report
	has report ' far\+' && has report ' complete 1 ' || fail "$(cat report)"
	down
}

atf_init_test_cases()
{
	for c in signals system_calls storm broken_stacks not_stoppable traced killed frozen limits read_only shortened; do
		atf_add_test_case $c
	done
}
