# How se-logrotate ends: asked to, killed, killed within a rotation; and what the next one makes of it.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/logrotate.subr"

# more BYTES: the next logger has written so many since, or there is no more to come
more() { grown log $((had + $1)) || gone "$writer"; }
had() { had=$(whole log | wc -c); }

# ---- TERM ----

# A pipe that others hold: what is not read yet is for the next one.
atf_test_case term_and_next
term_and_next_body()
{
	hold
	$L make 400000 len=20-180 >p 8>&- &
	writer=$!
	for _ in $(seq 12); do
		had
		logger --size=500k --age=200 log
		eventually more 1500000
		kill -TERM "$PID"
		ends "$PID" 0
		quiet
	done
	logger --size=500k --age=200 log
	ends $writer 0
	done_well
	counted 400000 len=20-180
	at_most 512000
}

# The same with what stands in front of lines, and with a rate: most reads are short.
atf_test_case term_and_next_stamped
term_and_next_stamped_body()
{
	hold
	$L make 4000 len=20-180 rate=2000 >p 8>&- &
	writer=$!
	while ! gone $writer; do
		had
		logger --size=50k --age=200 --stamp=iso log
		eventually more 20000
		kill -TERM "$PID"
		ends "$PID" 0
		quiet
	done
	logger --size=50k --age=200 --stamp=iso log
	done_well
	counted 4000 len=20-180 after
}

# The line in hand is finished if its end comes within a second.
atf_test_case term_within_a_line
term_within_a_line_body()
{
	for options in --coalesce=0 --coalesce=200 --stamp=iso; do
		hold
		rm -f log
		logger $options log
		printf 'whole\nthe first half' >p
		eventually taken
		kill -TERM "$PID"
		printf ' and the rest\nthe next one\n' >p
		ends "$PID" 0
		logger $options log
		eventually holds log 3
		done_well
		quiet
		[ "$(sed 's/^20[^ ]* //' log)" = "$(printf 'whole\nthe first half and the rest\nthe next one')" ] || fail "$options: $(cat log)"
	done
	# else what there is of it is written, and the next one continues on a line of its own
	hold
	rm -f log
	logger log
	printf 'the first half' >p
	eventually taken
	kill -TERM "$PID"
	ends "$PID" 0
	[ "$(cat log)" = 'the first half' ] || fail "$(cat log)"
	logger log
	echo 'the second half' >p
	done_well
	[ "$(cat log)" = "$(printf 'the first half\nthe second half')" ] || fail "$(cat log)"
}
# taken: nothing is left in the pipe
taken() { [ "$($L unread p)" = 0 ]; }

atf_test_case term_long_line
term_long_line_body()
{
	hold
	$L make 30 len=400000 >p 8>&- &
	writer=$!
	while ! gone $writer; do
		had
		logger --size=1M --age=200 log
		eventually more 1000000
		kill -TERM "$PID"
		ends "$PID" 0
	done
	logger --size=1M --age=200 log
	done_well
	quiet
	counted 30 len=400000
}

# Nobody else has the pipe: what came out of it is there, in order.
atf_test_case term_pipe_closed
term_pipe_closed_body()
{
	mkfifo p
	$L make 400000 >p 2>writer &
	writer=$!
	$LR --age=200 log <p 2>err &
	PID=$!
	eventually grown log 1000000
	kill -TERM "$PID"
	ends "$PID" 0
	quiet
	wait $writer && fail 'the writer has written all'
	n=$(whole log | wc -l)
	$L check "$n" in $(files log) >verdict || fail "$(cat verdict)"
}

atf_test_case drain
drain_body()
{
	hold
	logger --age=200 --drain log
	$L make 150000 >p
	kill -TERM "$PID"
	ends "$PID" 0
	quiet
	counted 150000
	taken || fail "$($L unread p) bytes are left"
	# an unfinished line at the end is written too
	logger --drain more
	printf 'x\ny' >p
	kill -TERM "$PID"
	ends "$PID" 0
	[ "$(cat more)" = "$(printf 'x\ny')" ] || fail "$(cat more)"
	# a writer that does not stop is not waited for without end
	logger --drain --age=3 busy
	$L make 0 >p 2>/dev/null 8>&- &
	writer=$!
	eventually grown busy 3000000
	kill -TERM "$PID"
	kill $writer
	ends "$PID" 0
}

# ---- KILL ----

# At most what was in its buffer is lost, and two lines may be there in part: at both its ends.
atf_test_case kill_and_next
kill_and_next_head() { atf_set timeout 120; }
kill_and_next_body()
{
	for after in 200000 1000000 3000000 7000000 9000000; do
		rm -f log*
		hold
		$L make 200000 len=20-180 >p 8>&- &
		writer=$!
		had
		logger --size=500k --age=200 log
		eventually more $after
		kill -KILL "$PID"
		ends "$PID" 137
		logger --size=500k --age=200 log
		ends $writer 0
		done_well
		quiet
		counted 200000 len=20-180 lost=262144 pieces=2
	done
}

atf_test_case kill_pipe_closed
kill_pipe_closed_body()
{
	mkfifo p
	$L make 400000 >p 2>writer &
	writer=$!
	$LR --age=200 log <p 2>err &
	PID=$!
	eventually grown log 3000000
	kill -KILL "$PID"
	ends "$PID" 137
	wait $writer && fail 'the writer has written all'
	n=$(whole log | wc -l)
	# a write(2) may have been cut short too
	[ -z "$(tail -c 1 log)" ] || { n=$((n + 1)) && set -- pieces=1 lost=200; }
	$L check "$n" "$@" open in $(files log) >verdict || fail "$(cat verdict)"
	$L make 400001 from=400000 | $LR --age=200 log || fail 'exit status'
	[ "$(whole log | tail -n 1)" = "$($L make 400001 from=400000)" ] || fail "$(tail -n 2 log)"
}

# ---- a crash at each step of a rotation ----

# crash SYSCALL N: killed when it comes to that; the next one goes on. In a directory of its own.
crash()
{
	mkdir "$1.$2"
	cd "$1.$2" || exit
	hold
	$L make 1600 len=50-150 rate=800 >p 8>&- &
	writer=$!
	faulty "$1:signal=KILL:when=$2" --size=5k --age=200 log
	rc=0
	eventually gone "$PID"
	wait "$PID" || rc=$?
	[ $rc = 137 ] || { echo "exit status $rc: $(cat err)" >failed; cd .. && return; }
	ls -l >ls
	logger --size=5k --age=200 log
	ends $writer 0
	let_go
	rc=0
	eventually gone "$PID"
	wait "$PID" || rc=$?
	[ $rc = 0 ] && [ ! -s err ] || echo "exit status $rc: $(cat err)" >>failed
	# what is in the buffer at that rate: at most what a pipe holds, where it had to wait
	$L check 1600 len=50-150 lost=70000 pieces=2 in $(files log) >verdict || { cat verdict ls; ls -l; } >>failed
	[ -z "$(ls log.new log.packing 2>/dev/null)" ] || { echo 'something is left'; ls -l; } >>failed
	for f in $(files log); do
		[ "$(stat -c %h "$f")" = 1 ] || { echo "$f has two names"; ls -l; } >>failed
		[ "$(stat -c %s "$f")" -le 5120 ] || { echo "$f is too large"; ls -l; } >>failed
	done
	cd .. || exit
}

# crashes SYSCALL N...: each in its own process, some at a time
crashes()
{
	no_strace && atf_skip 'strace cannot trace here'
	_call=$1 _pids=''
	shift
	for _n; do
		(crash "$_call" "$_n") &
		_pids="$_pids $!"
	done
	for _p in $_pids; do
		wait "$_p" || fail "crash: $(cat ./*/failed ./*/err)"
	done
	for _n; do
		[ ! -e "$_call.$_n/failed" ] || fail "$_call $_n: $(cat "$_call.$_n/failed")"
		[ -s "$_call.$_n/verdict" ] || fail "$_call $_n: nothing was checked"
	done
}

atf_test_case crash_at_link
crash_at_link_head() { atf_set require.progs strace; }
crash_at_link_body() { crashes link 1 2 3 4; }

atf_test_case crash_at_open
crash_at_open_head() { atf_set require.progs strace; }
crash_at_open_body() { crashes open 4 5 6 7; } # /dev/null, log, log; log.new ...

atf_test_case crash_at_rename
crash_at_rename_head() { atf_set require.progs strace; }
crash_at_rename_body() { crashes rename 1 2 3 4 5 6 7 8 9; }

atf_test_case crash_at_small_steps
crash_at_small_steps_head() { atf_set require.progs strace; }
crash_at_small_steps_body()
{
	crashes fchmod 2 3
	crashes unlink 1 2
	crashes close 2 3 4
	crashes fstat 2 3 9
}

atf_test_case crash_at_write
crash_at_write_head() { atf_set require.progs strace; }
crash_at_write_body()
{
	crashes write 1 2 50 51
	crashes flock 1 2 40 41
}

atf_test_case crash_when_pruning
crash_when_pruning_head() { atf_set require.progs strace; }
crash_when_pruning_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	for fault in unlink:2 unlink:5 unlink:6 rename:9 rename:12 rename:13 link:5; do
		rm -f log* p
		hold
		$L make 2000 >p 8>&- &
		writer=$!
		faulty "${fault%:*}:signal=KILL:when=${fault#*:}" --size=5k --age=3 log
		ends "$PID" 137
		before=$(whole log | wc -l)
		logger --size=5k --age=3 log
		ends $writer 0
		done_well
		quiet
		counted 2000 tail lost=262144 pieces=2
		[ "$(files log | wc -l)" -le 3 ] || fail "$fault: $(ls -l)"
		[ "$before" -ge 50 ] || fail "$fault: only $before lines were left"
	done
}

# What crashes leave is healed at the start.
atf_test_case healed_at_start
healed_at_start_body()
{
	# FILE and FILE.0 are one file
	$L make 50 >log
	ln log log.0
	echo rubbish >log.new
	$L make 100 from=50 | $LR --size=6k --age=99 log 2>err || fail 'exit status'
	quiet
	counted 100
	[ ! -e log.new ] || fail "$(ls)"
	# no FILE, as after a rename without hard links
	rm log*
	$L make 50 >log.0
	$L make 100 from=50 | $LR --size=6k --age=99 log 2>err || fail 'exit status'
	quiet
	counted 100
}

atf_init_test_cases()
{
	atf_add_test_case term_and_next
	atf_add_test_case term_and_next_stamped
	atf_add_test_case term_within_a_line
	atf_add_test_case term_long_line
	atf_add_test_case term_pipe_closed
	atf_add_test_case drain
	atf_add_test_case kill_and_next
	atf_add_test_case kill_pipe_closed
	atf_add_test_case crash_at_link
	atf_add_test_case crash_at_open
	atf_add_test_case crash_at_rename
	atf_add_test_case crash_at_small_steps
	atf_add_test_case crash_at_write
	atf_add_test_case crash_when_pruning
	atf_add_test_case healed_at_start
}
