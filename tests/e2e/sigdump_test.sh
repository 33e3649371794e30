# se-sigdump as its users meet it: the right functions for all threads of programs of every make, no harm to
# them, and an output that nobody can turn against whoever runs it.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/sigdump.subr"

# ---- the right frames ----

atf_test_case musl
musl_body()
{
	up "$STACKS"
	"$D" --output=- "$UP" >report || fail 'no report'
	right musl
	is_deep || fail "$(grep -A9 deep report)"
	down
}

atf_test_case glibc
glibc_body()
{
	for flags in '-O2' '-O0' '-O2 -static' '-Os -fno-plt -no-pie' '-O2 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables' \
		'-O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables'; do
		# shellcheck disable=SC2086 # words
		made program $flags
		up ./program
		"$D" --output=- "$UP" >report || fail "$flags: no report"
		right "$flags"
		is_deep || fail "$(grep -A9 deep report)"
		down
	done
}

# All threads at one moment: the same stacks.
atf_test_case consistent
consistent_body()
{
	up "$STACKS"
	"$D" --consistent --output=- "$UP" >report || fail 'no report'
	right consistent
	has report ' not-stopped 0 ' || fail "$(tail -n 1 report)"
	eventually grows
	down
}
# A stripped program has the same frames, without names.
atf_test_case stripped
stripped_body()
{
	made program -O2
	strip -s program
	up ./program
	"$D" --output=- "$UP" >report || fail 'no report'
	has report "^End of sigdump process $UP threads 11 complete 11 truncated 0 " || fail "$(cat report)"
	has report ' \?\? \(program \+ 0x[0-9a-f]+\)$' || fail "$(cat report)"
	down
	# its debugging symbols, where distributions put them, are elsewhere: the offsets are those of the file
	made named -O2
	up ./named
	"$D" --output=- "$UP" >report
	at=$(sed -n 's/.* inner_read+0x[0-9a-f]* (named + 0x\([0-9a-f]*\)).*/\1/p' report)
	symbol=$(nm named | awk '$3 == "inner_read" { print $1 }')
	between 1 200 $((0x$at - 0x$symbol)) 'bytes behind the function'
	down
}

# Its file is gone or replaced: the names come from what is left of it.
atf_test_case deleted
deleted_body()
{
	made program -O2
	up ./program
	mv program away
	"$D" --output=- "$UP" >report || fail 'no report'
	right renamed
	rm away
	cp /bin/true program
	"$D" --output=- "$UP" >report || fail 'no report'
	right deleted
	down
}

# ---- no harm ----

# Sleeping threads are read without a stop, and none is left stopped.
atf_test_case asleep_is_not_stopped
asleep_is_not_stopped_body()
{
	made program -O2
	up ./program 6
	"$D" --output=- "$UP" >report || fail 'no report'
	n=$(sed -n 's/.* not-stopped \([0-9]*\) .*/\1/p' report)
	[ "$n" -ge 54 ] || fail "$(tail -n 1 report)"
	grep -qs '^State:.*[Tt]' /proc/"$UP"/task/*/status && fail 'stopped'
	down
}

atf_test_case stopped_stays_stopped
stopped_stays_stopped_body()
{
	up "$STACKS"
	kill -STOP "$UP"
	eventually grep -q '^State:.*T' "/proc/$UP/status"
	for option in '' --consistent; do
		"$D" $option --output=- "$UP" >report || fail 'no report'
		right "stopped $option"
		for task in /proc/"$UP"/task/*/status; do
			grep -q '^State:.*T (stopped)' "$task" || fail "$option: $(grep State "$task")"
		done
	done
	kill -CONT "$UP"
	eventually grows
	down
}

# ---- reports ----

atf_test_case shape
shape_body()
{
	up "$STACKS" 3
	TZ=UTC "$D" --output=- "$UP" >report || fail 'no report'
	has report "^Sigdump at 20[0-9-]{8} [0-9:]{8} \+0000 process $UP \(.*helpers/stacks 3\)$" || fail "$(head -n 1 report)"
	has report "^  Thread $UP \"stacks\" status=sleep\(S\) .*held=0us$" || fail "$(cat report)"
	has report '^  Threads [0-9]+, [0-9]+ \(2\): same stack as [0-9]+$' || fail "$(cat report)"
	for part in '  Memory: rss=[0-9]+K' '  Fds:' '      1 /.*/said ' '      [0-9]+ pipe:' '  Limits:' '  Modules:' "      0x400000 $STACKS"; do
		has report "^$part" || fail "$part: $(cat report)"
	done
	"$D" --json --output=- "$UP" >json
	[ "$(wc -l <json)" = 1 ] || fail 'more than a line'
	if command -v python3 >/dev/null; then
		python3 - "$UP" <<-'END' || fail "$(cat json)"
			import json, sys
			r = json.load(open("json"))
			assert r["pid"] == int(sys.argv[1]) and r["complete"] == 31 and len(r["threads"]) == 31
			names = [f.get("function") for f in r["stacks"][r["threads"][1]["stack"]]["frames"]]
			assert ["inner_poll", "middle_poll", "outer_poll"] == names[2:5], names
			assert any(f["is"].startswith("pipe:") for f in r["fds"]) and r["limits"] and r["memory"]["rss"] > 0
		END
	fi
	down
}

atf_test_case tree
tree_body()
{
	sh -c 'sleep 1000 & sh -c "sleep 1001 & wait" & echo ready; wait' >said &
	UP=$!
	eventually has said ready
	eventually have 4
	"$D" --tree --output=- "$UP" >report || fail 'no report'
	lines report '^Sigdump at ' 4 && lines report '^End of sigdump ' 4 || fail "$(grep Sigdump report)"
	kill -KILL $(sed -n 's/^Sigdump at .* process \([0-9]*\) .*/\1/p' report)
	wait "$UP" 2>/dev/null || :
}
have() { "$D" --tree --output=- "$UP" >report && lines report '^Sigdump at ' "$1"; }

# ---- output ----

atf_test_case output
output_body()
{
	up "$STACKS"
	path=$("$D" --output="$PWD/dump-%p" "$UP") || fail 'no report'
	[ "$path" = "$PWD/dump-$UP" ] || fail "$path"
	[ "$(stat -c %a "$path")" = 600 ] || fail 'readable by others'
	has "$path" "^End of sigdump process $UP " || fail "$(cat "$path")"
	SIGDUMP_PATH=$PWD/by_environment "$D" "$UP" >/dev/null && has by_environment '^End of' || fail 'no report'
	path=$(env -u SIGDUMP_PATH "$D" "$UP")
	[ "$path" = "/tmp/sigdump-$UP.log" ] && has "$path" '^End of' || fail "$path"
	rm "$path"
	"$D" --output=+ "$UP" 2>report && has report '^End of' || fail 'not on stderr'
	# what others may have prepared
	: >victim
	ln -s victim symlink
	ln victim hard
	mkfifo fifo
	mkdir directory
	for kind in symlink hard fifo directory missing/file; do
		"$D" --output=$kind "$UP" >out 2>err && fail "$kind: written"
		[ $? = 1 ] || fail "$kind: $?"
		lines err "^se-sigdump: output: $kind: ." 1 || fail "$kind: $(cat err)"
		[ ! -s victim ] && [ ! -s out ] || fail "$kind: written"
	done
	if [ "$(id -u)" = 0 ]; then
		: >foreign
		chown 65534 foreign
		"$D" --output=foreign "$UP" >out 2>err && fail 'written'
		[ ! -s foreign ] || fail 'written'
	fi
	"$D" --output=- "$UP" >/dev/full 2>err && fail 'a full disk is success'
	has err '^se-sigdump: output: -: No space left on device$' || fail "$(cat err)"
	down
}

# Names that somebody chose to confuse whoever reads the report.
atf_test_case hostile_names
hostile_names_body()
{
	needs python3
	bad=$(printf 'x\n  Thread 1 "y\033[2J')
	cp "$STACKS" "$bad"
	PYTHONUNBUFFERED=1 python3 - <<-'END' >said 2>err &
		import ctypes, os, sys, time
		ctypes.CDLL(None).prctl(15, b'a"\n\033[31m\\', 0, 0, 0)
		f = open("b\nc\033d", "w")
		print("ready")
		time.sleep(1000)
	END
	UP=$!
	eventually has said ready
	"$D" --output=- "$UP" >report || fail 'no report'
	LC_ALL=C grep -q '[[:cntrl:]]' report && fail "$(cat -v report)"
	has report '^  Thread [0-9]+ "a.*\\n\\x1b\[31m' || fail "$(cat report)"
	has report '/b(\\n|\\\\012)c\\x1bd' || fail "$(grep -A9 Fds report)"
	"$D" --json --output=- "$UP" >json
	python3 -c 'import json; json.load(open("json"))' || fail "$(cat -v json)"
	down
	up "./$bad"
	"$D" --output=- "$UP" >report || fail 'no report'
	LC_ALL=C grep -q '[[:cntrl:]]' report && fail "$(cat -v report)"
	right 'a name with a newline'
	down
}

# ---- permission ----

atf_test_case not_permitted
not_permitted_body()
{
	[ "$(id -u)" = 0 ] || atf_skip 'not root'
	needs setpriv
	chmod 755 .
	# as nobody: of root's process there is what /proc gives to all, and what would cure it
	up "$STACKS"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$D" --output=- "$UP" >report 2>err && fail 'read'
	status=$?
	[ $status = 3 ] || fail "status $status: $(cat err)"
	has report '\(it runs as another user: run as that user, or with CAP_SYS_PTRACE\)' || fail "$(cat report)"
	has err "^se-sigdump: process: $UP: no stack could be read: " || fail "$(cat err)"
	down
	# root without the capability reads another user's as that user
	rm said
	setpriv --reuid=65534 --regid=65534 --clear-groups "$STACKS" >said &
	UP=$!
	eventually has said ready
	setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$D" --output=- "$UP" >report 2>err || fail "$(cat err report)"
	right 'as its user'
	down
}

atf_test_case usage
usage_body()
{
	for args in '' '0' 'x' '-1' '1 2x' '--timeout=1ms 1' '--nonsense 1' '--output 1'; do
		# shellcheck disable=SC2086 # words
		"$D" $args >out 2>err && fail "$args: success"
		[ $? = 2 ] || fail "$args: not 2"
		lines err '^se-sigdump: .*: ' 1 && [ ! -s out ] || fail "$args: $(cat err)"
	done
	sh -c 'exit 0' &
	gone=$!
	wait $gone
	"$D" --output=- $gone >out 2>err && fail 'success'
	lines err "^se-sigdump: process: $gone: No such process$" 1 && [ ! -s out ] || fail "$(cat err)"
	"$D" --output=none $gone 2>err && fail 'success'
	[ ! -e none ] || fail 'an empty file is left'
}

# A process whose report cannot get out in time is given up, and the next one is not.
atf_test_case timeout
timeout_body()
{
	up "$STACKS"
	mkfifo gate
	exec 9<>gate
	dd if=/dev/zero bs=4096 count=1000 oflag=nonblock 2>/dev/null >&9 || : # it is full then
	rc=0
	"$D" --timeout=200ms --output=- "$UP" "$UP" >gate 2>err 9>&- || rc=$?
	exec 9>&-
	[ $rc = 1 ] || fail "status $rc: $(cat err)"
	lines err "^se-sigdump: process: $UP: it could not be dumped within the timeout\$" 2 || fail "$(cat err)"
	eventually grows
	down
}

# A leader that has ended, with threads that go on: what it was is still told.
atf_test_case zombie_leader
zombie_leader_body()
{
	cat >leader.c <<-'END'
		#include <pthread.h>
		#include <stdio.h>
		#include <unistd.h>
		static void *go_on(void *arg) { while (getppid() > 0) pause(); return arg; }
		int main(void) { pthread_t t; pthread_create(&t, NULL, go_on, NULL); puts("ready"); fflush(stdout); pthread_exit(NULL); }
	END
	cc -O1 -o leader leader.c -lpthread || atf_skip 'no cc'
	up ./leader
	eventually grep -q '^State:.*Z' "/proc/$UP/status"
	"$D" --output=- "$UP" >report || fail 'no report'
	has report '"leader" status=dead\(Z\)' || fail "$(cat report)"
	has report ' go_on\+' || fail "$(cat report)"
	has report '^  Memory: rss=' || fail "$(cat report)"
	down
}

atf_init_test_cases()
{
	for c in musl glibc consistent stripped deleted asleep_is_not_stopped stopped_stays_stopped shape tree output \
		hostile_names not_permitted usage timeout zombie_leader; do
		atf_add_test_case $c
	done
}
