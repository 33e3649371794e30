# se-supervise's dumps: of everything, by signal and by command, and of a worker that hangs, before it is ended.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"

STACKS=$BUILD/helpers/stacks

# dumping ARG...: a supervisor that writes to the file dump
dumping()
{
	SIGDUMP_PATH=$PWD/dump
	export SIGDUMP_PATH
	supervise --log-level=trace "$@"
}
# hanging ARG...: one whose workers must beat every second
hanging() { dumping --dump-on-timeout --worker-heartbeat-interval=200ms --worker-heartbeat-timeout=1s "$@"; }
DUMPED='INFO -- : Worker [0-9]+ \(pid [0-9]+\): no heartbeat for the whole timeout: dumping it to /.*/dump$'
SILENT='WARN -- : Worker [0-9]+ \(pid [0-9]+\): sending SIGQUIT: no heartbeat for the whole timeout$'

# reports: each report in the dump as "PID WHOLE FRAMES": are its first and last lines its own, and which
# functions of the worker's were there
reports()
{
	awk '/^Sigdump at / { pid = $0; sub(/.* process /, "", pid); sub(/ .*/, "", pid); inside = 1; frames = "" }
		/^      #/ { sub(/\+.*/, "", $3); frames = frames " " $3 }
		/^End of sigdump process / { print pid, inside && $5 == pid ? "whole" : "cut", frames; inside = 0 }' dump
}
# whole N: there are so many, and all are whole
whole() { [ "$(reports | grep -c ' whole ')" -ge "$1" ] && ! reports | grep -q ' cut '; }

# ---- asked for ----

atf_test_case asked
asked_body()
{
	dumping --workers=3 -- "$STACKS"
	eventually shown 3
	kill -CONT "$PID"
	eventually whole 3
	has dump '^pid [0-9]+  running ' || fail "$(head -n 3 dump)"
	for n in 0 1 2; do
		reports | grep -q "^$(worker_pid $n) whole .* inner_read middle_read outer_read start_read " || fail "$(reports)"
	done
	lines dump '^End of sigdump process [0-9]+ threads 11 complete 11 truncated 0 without 0 ' 3 || fail "$(grep End dump)"
	[ "$(stat -c %a dump)" = 600 ] || fail 'readable by others'
	eventually "$SE" --control-path=ctl --dump # refused while the other is being written
	whole 6 || fail "$(reports)" # the command ends when the dump has
	unharmed
	finish
}
shown() { [ "$(grep -c "^ready" log)" = "$1" ]; }
unharmed() { ! has log 'sending|exited' || fail "$(cat log)"; }

# --dump ends with the dump, which ends when what it writes is taken; meanwhile others are served, and
# an upgrade loses nobody.
atf_test_case is_waited_for
is_waited_for_body()
{
	mkfifo out
	exec 9<>out
	export SIGDUMP_PATH=-
	supervise -- "$W" log=w say=up hang
	eventually lines w '^up ' 1
	head -c 65536 /dev/zero >&9
	"$SE" --control-path=ctl --dump 2>err &
	asked=$!
	eventually has log 'Dumping to -$'
	! "$SE" --control-path=ctl --dump 2>said || fail 'two at once'
	has said '^se-supervise: DUMP: the last dump is still being written$' || fail "$(cat said)"
	"$SE" --control-path=ctl --upgrade || fail 'not upgraded'
	is_up || fail 'no status'
	! gone "$asked" || fail 'it did not wait'
	cat <&9 >got &
	taker=$!
	ends "$asked" 0
	[ ! -s err ] || fail "$(cat err)"
	eventually has got '^End of sigdump process '
	kill "$taker"
	wait "$taker" || :
	head -c 65536 /dev/zero >&9
	rc=0
	"$SE" --control-path=ctl --dump --timeout=300ms 2>err || rc=$?
	[ $rc = 4 ] && has err '^se-supervise: DUMP: no answer in time$' || fail "$rc: $(cat err)"
	for p in $(children "$PID"); do
		[ "$p" = "$(worker_pid 0)" ] || helper=$p
	done
	kill -9 "$helper"
	eventually has log 'ERROR -- : dump: -: its helper was killed$'
	finish
}

# Without a worker there is only our own state.
atf_test_case without_workers
without_workers_body()
{
	dumping --workers=0 -- "$W" hang
	kill -CONT "$PID"
	eventually has dump '^timers:$'
	eventually helpers 0
	! has log 'ERROR|WARN' || fail "$(cat log)"
	finish
}
# helpers N: so many processes dump
helpers()
{
	[ "$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$PID" '$2 == "(se-sigdump)" { sub(/.*\) /, ""); split($0, f, " "); if (f[2] == p) print }' |
		grep -c .)" = "$1" ]
}

# systemd sends CONT after its TERM: nobody has asked for a dump.
atf_test_case not_while_stopping
not_while_stopping_body()
{
	dumping --worker-graceful-kill-timeout=2s --worker-immediate-kill-timeout=1s -- "$W" log=w ignore=TERM say=up hang
	eventually has w '^up '
	kill -TERM "$PID"
	kill -CONT "$PID"
	eventually has log 'Received dump'
	ends "$PID" 0
	[ ! -e dump ] || fail "$(cat dump)"
}

atf_test_case disabled
disabled_body()
{
	hanging --disable-sigdump -- "$W" log=w say=up beat=1:1 hang
	kill -CONT "$PID"
	eventually has log 'WARN -- : No dump: disable_sigdump is set$'
	eventually has log "$SILENT"
	finish
	[ ! -e dump ] || fail "$(cat dump)"
}

# ---- workers that hang ----

atf_test_case before_the_kill
before_the_kill_body()
{
	hanging -- "$W" log=w say=up beat=3:100 hang
	eventually lines w '^up ' 2
	finish
	first=$(sed -n 's/^up //p' w | head -n 1)
	reports | grep -q "^$first whole .* pause act main " || fail "$(reports)"
	# in that order
	awk -v dumped="$DUMPED" -v silent="$SILENT" '$0 ~ dumped { d = NR } $0 ~ silent && !s { s = NR } END { exit !(d && s && d < s) }' log ||
		fail "$(cat log)"
}

atf_test_case for_every_kind_of_hanging
for_every_kind_of_hanging_body()
{
	dumping --dump-on-timeout -- "$W" log=w say=up sleep=100 notify=WATCHDOG=trigger hang
	eventually lines w '^up ' 2
	finish
	eventually has log 'INFO -- : Worker 0 \(pid [0-9]+\): it reported itself as hanging: dumping it to '
	whole 1 || fail "$(cat dump)"
	dumping --dump-on-timeout --worker-graceful-kill-interval=500ms --worker-heartbeat=stat --worker-heartbeat-interval=200ms --worker-heartbeat-timeout=1s -- "$W" log=v say=up stop
	eventually lines v '^up ' 2
	finish
	eventually has log 'INFO -- : Worker 0 \(pid [0-9]+\): stopped or in disk sleep for the whole timeout: dumping it to '
	has dump ' status=stopped\(T\) ' || fail "$(cat dump)"
}

# More than are dumped at the same time: all are, each report is whole, and all are ended.
atf_test_case many
many_body()
{
	hanging --workers=15 -- "$W" log=w say=up beat=1:1 hang
	eventually lines w '^up ' 30
	first=$(sed -n 's/^up //p' w | head -n 15)
	finish
	whole 15 || fail "$(reports)"
	for pid in $first; do
		reports | grep -q "^$pid whole .* pause act main " || fail "$pid: $(reports; cat log)"
	done
}

# blocked ARG...: as hanging, but dumps go to a pipe that is full
blocked()
{
	mkfifo gate
	exec 9<>gate
	dd if=/dev/zero bs=4096 count=1000 oflag=nonblock 2>/dev/null >&9 || : # it is full then
	SIGDUMP_PATH=- "$SE" --control-path=ctl --log=log --log-level=trace --dump-on-timeout --worker-heartbeat-interval=200ms \
		--worker-heartbeat-timeout=1s "$@" >gate 2>err 9>&- &
	PID=$!
	eventually is_up
}

# A dump that does not end holds nothing up for longer than 10 s, and it is given up too.
atf_test_case that_hangs
that_hangs_body()
{
	blocked -- "$W" log=w say=up beat=1:1 hang
	eventually has log "$SILENT"
	lasted 9.5 29 "$(gap log ': dumping it to -$' "$SILENT")" 'the dump'
	eventually has log 'WARN -- : dump: -: not complete: se-sigdump ended with status 1$'
	has err '^se-sigdump: process: [0-9]+: it could not be dumped within the timeout$' || fail "$(cat err)"
	finish
}

# It ends meanwhile, and its successor is not taken for it.
atf_test_case that_is_overtaken
that_is_overtaken_body()
{
	blocked -- sh -c 'exec "$0" log=w say=up $([ -s w ] || echo beat=1:1) leave=HUP:3 hang' "$W"
	eventually has log ': dumping it to -$'
	kill -HUP "$(sed -n 's/^up //p' w | head -n 1)"
	eventually has log 'Worker 0 exited unexpectedly with status 3$'
	eventually lines w '^up ' 2
	cat gate >/dev/null 9>&- &
	exec 9>&-
	eventually helpers 0
	! has log 'sending' || fail "$(cat log)"
	finish
	wait
}

# Nothing can be written, or nobody can be started: it is ended all the same.
atf_test_case that_fails
that_fails_body()
{
	mkdir dump
	hanging -- "$W" log=w say=up beat=1:1 hang
	eventually lines w '^up ' 2
	finish
	eventually has log 'ERROR -- : dump: /.*/dump: Is a directory$'
	eventually has log "$SILENT"
}

# A path of 5000 bytes leaves room for the reason.
atf_test_case too_long
too_long_body()
{
	SIGDUMP_PATH=$(printf %05000d 0) supervise -- "$W" log=w say=up hang
	eventually lines w '^up ' 1
	! "$SE" --control-path=ctl --dump 2>said || fail 'dumped'
	has said '^se-supervise: DUMP: 0{300}: File ?name too long$' || fail "$(cat said)"
	eventually has log 'ERROR -- : dump: 0{300}: File ?name too long$'
	finish
}

# ---- other users ----

atf_test_case of_another_user
of_another_user_head() { atf_set require.user root; }
of_another_user_body()
{
	command -v setpriv >/dev/null || atf_skip 'setpriv is not installed'
	chmod 755 .
	cp "$STACKS" stacks # where everybody can reach it
	# as in a container: root, without the capability that would let it trace everybody
	SIGDUMP_PATH=$PWD/dump
	export SIGDUMP_PATH
	rm -f ctl
	setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$SE" --control-path=ctl --log=log --worker-chuser=65534 --worker-chgroup=65534 -- \
		./stacks >out 2>err &
	PID=$!
	eventually is_up
	eventually shown 1
	kill -CONT "$PID"
	eventually whole 1
	has dump '^End of sigdump process [0-9]+ threads 11 complete 11 ' || fail "$(cat dump)"
	finish
}

atf_init_test_cases()
{
	for c in asked is_waited_for without_workers not_while_stopping disabled before_the_kill for_every_kind_of_hanging many that_hangs \
		that_is_overtaken that_fails too_long of_another_user; do
		atf_add_test_case $c
	done
}
