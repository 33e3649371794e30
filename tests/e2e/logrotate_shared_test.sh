# Several processes write one FILE: exactly one rotates, the others follow, and no line of any is lost.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/logrotate.subr"

# writers N LINES OPTION... -- ARG...: so many se-logrotate at once with lines of writer 0 to N-1; all end well
writers()
{
	_n=$1 _lines=$2 _made='' _pids=''
	shift 2
	while [ "$1" != -- ]; do
		_made="$_made $1"
		shift
	done
	shift
	while [ $((_n -= 1)) -ge 0 ]; do
		{ $L make "$_lines" id=$_n $_made || echo 'a writer' >>failed; } | { "$LR" "$@" 2>err.$_n || echo "logger $_n" >>failed; } &
		_pids="$_pids $!"
	done
	for _p in $_pids; do wait "$_p"; done
	[ ! -e failed ] || fail "$(cat failed err.*)"
	[ -z "$(cat err.*)" ] || fail "$(cat err.*)"
	[ -z "$(ls ./*.new 2>/dev/null)" ] || fail "$(ls)"
}

# at_most_all BYTES: no file has more than that and, of three others, what each may write at once
at_most_all() { at_most $(($1 + 3 * ($1 < 262144 ? $1 : 262144))); }

atf_test_case four_writers
four_writers_body()
{
	writers 4 60000 len=20-180 -- --size=256k --age=300 log
	counted 60000 len=20-180 ids=4
	at_most_all 262144
}

# Many small files, so that they rotate all the time; and each line alone.
atf_test_case four_writers_rotate
four_writers_rotate_body()
{
	writers 4 4000 len=20-180 rate=4000 -- --size=8k --age=400 --coalesce=0 log
	counted 4000 len=20-180 ids=4
	at_most_all 8192
}

atf_test_case four_writers_stamped
four_writers_stamped_body()
{
	writers 4 40000 len=20-180 -- --size=256k --age=300 --stamp=iso log
	counted 40000 len=20-180 ids=4 after
	at_most_all 262144
	rm log*
	writers 4 10000 len=20-180 -- --size=256k --age=300 --stamp=ruby log
	counted 10000 len=20-180 ids=4 after other='# Logfile'
	for f in $(files log); do lines "$f" '^# Logfile' 1 || fail "$f: $(grep -c '^# Logfile' "$f") headers"; done
}

# Few are kept: what there is is the end.
atf_test_case four_writers_prune
four_writers_prune_body()
{
	writers 4 40000 -- --size=64k --age=4 log
	counted 40000 ids=4 tail
	[ "$(files log | wc -l)" = 4 ] || fail "$(ls)"
	[ "$(cat log.0 log.1 log.2 | wc -c)" -ge 190000 ] || fail "$(ls -l)"
}

# As long as the buffer, and longer: nobody writes within another's line.
atf_test_case four_writers_long_lines
four_writers_long_lines_body()
{
	writers 4 30 len=100000-250000 -- --size=1M --age=300 log
	counted 30 len=100000-250000 ids=4
	rm log*
	writers 4 12 len=300000-1500000 -- --size=4M --age=300 log
	counted 12 len=300000-1500000 ids=4
}

# Somebody keeps the lock: that is said once, and once that it is over; nothing is lost.
atf_test_case locked_for_long
locked_for_long_body()
{
	hold
	logger log
	echo one >p
	eventually has log one
	(flock 9 && : >taken && exec sleep 1000) 9<log 8>&- &
	locker=$!
	eventually test -e taken
	echo two >p
	eventually has err '^se-logrotate: stat: log: Resource temporarily unavailable: trying again every second$'
	echo three >p
	kill $locker
	wait $locker || :
	eventually has log three
	done_well
	[ "$(cat log | tr '\n' ' ')" = 'one two three ' ] || fail "$(cat log)"
	lines err '' 2 || fail "$(cat err)"
	has err ': it works again$' || fail "$(cat err)"
}

# One of them ends within a line: the others do not write behind it.
atf_test_case one_ends_within_a_line
one_ends_within_a_line_body()
{
	hold
	logger log
	echo one >p
	eventually lines log '' 1
	printf 'no newline' | $LR --newline log 2>err2 || fail 'exit status'
	echo two >p
	eventually has log 'two$'
	done_well
	[ "$(cat log)" = "$(printf 'one\nno newline\ntwo')" ] || fail "glued: $(cat log)"
}

# Full for a while, and a line only in part on the disk: the others wait for its rest.
atf_test_case full_disk_for_all
full_disk_for_all_head() { atf_set require.user root; }
full_disk_for_all_body()
{
	disk 16m
	head -c 13m /dev/zero >"$disk/fill"
	pids=''
	for i in 0 1 2 3; do
		$L make 15000 id=$i len=20-400 | "$LR" --size=512k --age=100 "$disk/log" 2>err.$i &
		pids="$pids $!"
	done
	eventually full
	rm "$disk/fill"
	for p in $pids; do ends "$p" 0; done
	counted_in "$disk/log" 15000 len=20-400 ids=4
	no_disk
}

# Killed in the midst, each in turn; others live, and the next ones too.
full() { cat err.* | grep -q 'No space left'; } # the others may be waiting for their turn

atf_test_case some_are_killed
some_are_killed_body()
{
	for i in 0 1; do
		$L make 30000 id=$i len=20-180 rate=15000 | "$LR" --size=64k --age=300 log 2>err.$i &
		eval "live$i=$!"
	done
	hold
	$L make 20000 id=2 len=20-180 rate=10000 >p 8>&- &
	writer=$!
	kills=0
	while ! gone $writer; do
		logger --size=64k --age=300 log
		had=$(grep -c '^<2:' log || :)
		eventually rotated_or_gone
		kill -KILL "$PID"
		ends "$PID" 137
		kills=$((kills + 1))
	done
	logger --size=64k --age=300 log
	done_well
	ends "$live0" 0
	ends "$live1" 0
	[ -z "$(cat err err.0 err.1)" ] || fail "$(cat err err.0 err.1)"
	for i in 0 1; do
		whole log | grep "^<$i:" >of.$i
		$L check 30000 id=$i len=20-180 in of.$i >verdict || fail "$(cat verdict)"
	done
	whole log | grep -v '^<[01]:' >of.2
	$L check 20000 id=2 len=20-180 lost=262144 tail pieces=$((2 * kills)) in of.2 >verdict || [ $kills -gt 1 ] || fail "$(cat verdict)"
	has verdict ' 0 twice, 0 out of order, 0 damaged' || fail "$(cat verdict)"
}
rotated_or_gone() { gone $writer || [ "$(grep -c '^<2:' log || :)" -lt "$had" ] || [ "$(grep -c '^<2:' log || :)" -gt $((had + 300)) ]; }

# ---- Ruby's own ----

atf_test_case with_ruby
with_ruby_head() { atf_set require.progs ruby; }
with_ruby_body()
{
	ruby -e 'require "serverengine"' 2>/dev/null || atf_skip 'no ruby-serverengine'
	cat >ruby.rb <<-'END'
		require 'serverengine'
		logger = ServerEngine::DaemonLogger.new(ARGV[0], log_rotate_age: 300, log_rotate_size: 65_536)
		$stdin.each_line { |line| logger << line }
	END
	$L make 20000 id=4 len=20-180 | ruby ruby.rb log 2>ruby &
	other=$!
	writers 4 20000 len=20-180 rate=15000 -- --size=64k --age=300 --header log
	ends $other 0
	[ ! -s ruby ] || fail "$(cat ruby)"
	counted 20000 len=20-180 ids=5 other='# Logfile'
	[ "$(files log | wc -l)" -ge 100 ] || fail "$(ls)"
}

# A new one and Ruby's logger take turns: the same names, the same header.
atf_test_case after_ruby
after_ruby_head() { atf_set require.progs ruby; }
after_ruby_body()
{
	ruby -e 'require "serverengine"' 2>/dev/null || atf_skip 'no ruby-serverengine'
	cat >ruby.rb <<-'END'
		require 'serverengine'
		logger = ServerEngine::DaemonLogger.new(ARGV[0], log_rotate_age: 5, log_rotate_size: 5000)
		$stdin.each_line { |line| logger << line }
	END
	$L make 300 | ruby ruby.rb log || fail 'ruby'
	$L make 600 from=300 | $LR --size=5000 --age=5 --header log || fail 'exit status'
	$L make 900 from=600 | ruby ruby.rb log || fail 'ruby'
	counted 900 tail other='# Logfile'
	[ "$(files log | tr '\n' ' ')" = 'log.3 log.2 log.1 log.0 log ' ] || fail "$(ls)"
}

# ---- a single one ----

atf_test_case single_writer
single_writer_body()
{
	hold
	logger --single-writer --size=10k --age=99 log
	$L make 500 >p
	eventually holds log 500
	rc=0
	echo two | timeout -s KILL 5 "$LR" --single-writer log >out2 2>err2 || rc=$?
	[ $rc = 1 ] && lines err2 '^se-logrotate: [a-z]+: log: .+' 1 && [ "$(wc -l <err2)" = 1 ] ||
		fail "a second one: exit status $rc: $(cat err2)"
	$L make 600 from=500 >p
	eventually holds log 600
	done_well
	quiet
	counted 600
	at_most 10240
	# and a shared one waits, or is refused, but writes nothing in between
	hold
	logger --single-writer other
	echo one >p
	eventually has other one
	echo two | timeout -s KILL 5 "$LR" other 2>err2 && fail 'a shared one beside a single one'
	[ "$(cat other)" = one ] || fail "$(cat other)"
	done_well
}

# Free again after the end, also after a kill.
atf_test_case single_writer_is_free_again
single_writer_is_free_again_body()
{
	hold
	logger --single-writer log
	echo one >p
	eventually has log one
	kill -KILL "$PID"
	ends "$PID" 137
	logger --single-writer log
	echo two >p
	eventually has log two
	done_well
	quiet
	echo three | $LR log || fail 'exit status'
	[ "$(cat log | tr '\n' ' ')" = 'one two three ' ] || fail "$(cat log)"
}

atf_test_case single_writer_full_speed
single_writer_full_speed_body()
{
	hold
	logger --single-writer --size=1M --age=99 log
	$L make 300000 >p
	eventually holds log 300000
	small "$PID"
	done_well
	quiet
	counted 300000
	at_most 1048576
}

atf_init_test_cases()
{
	atf_add_test_case four_writers
	atf_add_test_case four_writers_rotate
	atf_add_test_case four_writers_stamped
	atf_add_test_case four_writers_prune
	atf_add_test_case four_writers_long_lines
	atf_add_test_case locked_for_long
	atf_add_test_case one_ends_within_a_line
	atf_add_test_case full_disk_for_all
	atf_add_test_case some_are_killed
	atf_add_test_case with_ruby
	atf_add_test_case after_ruby
	atf_add_test_case single_writer
	atf_add_test_case single_writer_is_free_again
	atf_add_test_case single_writer_full_speed
}
