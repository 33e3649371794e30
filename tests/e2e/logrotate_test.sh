# se-logrotate as a pipe logger: every line is found once, whole and in order, whatever it is rotated by.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/logrotate.subr"

# ---- lines ----

atf_test_case full_speed
full_speed_body()
{
	hold
	logger --size=1M --age=100 log
	$L make 300000 >p
	eventually holds log 300000
	small "$PID"
	done_well
	quiet
	counted 300000
	at_most 1048576
	# 10485 lines in each, and no file too early
	[ "$(files log | wc -l)" = 29 ] || fail "$(ls -l)"
	[ "$(stat -c %s log.0)" = 1048500 ] || fail "$(ls -l)"
	[ "$(stat -c %s log.27)" = 1048500 ] || fail "$(ls -l)"
}

atf_test_case full_speed_small_files
full_speed_small_files_body()
{
	$L make 50000 len=20-200 | $LR --size=32k --age=2000 log >out 2>err || fail 'exit status'
	quiet
	counted 50000 len=20-200
	at_most 32768
}

atf_test_case tail_is_kept
tail_is_kept_body()
{
	for age in 5 2 3; do
		rm -f log*
		$L make 200000 | $LR --age=$age log >out 2>err || fail 'exit status'
		quiet
		counted 200000 tail
		at_most 1048576
		[ "$(files log | wc -l)" = $age ] || fail "age $age: $(ls -l)"
		[ "$(whole log | wc -c)" -ge $(((age - 1) * 1048400)) ] || fail "age $age: $(ls -l)"
	done
}

atf_test_case stamped_at_full_speed
stamped_at_full_speed_body()
{
	for stamp in iso cri 'ruby --stamp-each'; do
		rm -f log*
		hold
		logger --age=100 --stamp=$stamp log
		$L make 200000 len=20-300 >p
		eventually at_least_lines 200000
		small "$PID"
		done_well
		quiet
		counted 200000 len=20-300 after other='# Logfile'
		at_most 1048576
	done
}
at_least_lines() { [ "$(whole log | wc -l)" -ge "$1" ]; }

atf_test_case line_lengths
line_lengths_body()
{
	# bytes, how many, --size; lines too short to be numbered are compared. How long a line is that is
	# longer than the logger's buffer shows only when it has begun: that file may be larger
	while read -r len n size longer; do
		rm -f log*
		$L make "$n" len="$len" >in
		$LR --size="$size" --age=9999 log <in >out 2>err || fail 'exit status'
		quiet
		whole log >got
		cmp in got || fail "lines of $len bytes: $(ls -l)"
		[ "$longer" ] || at_most "$size"
		[ "$size" = 0 ] || [ "$(files log | wc -l)" -gt 1 ] || fail "lines of $len bytes: not rotated"
	done <<-END
		1 5000 100
		2 4000 101
		100 150 100
		100 150 99
		100 150 199
		3000 500 10000
		1-3000 1000 20000
		200000 40 1048576
		200000 10 100
		262143 8 1048576
		262144 8 1048576
		262145 8 1048576 longer
		1-200000 60 400000
		1-300000 60 400000 longer
		3000000 5 1048576 longer
		3000000 5 10000000 longer
	END
}

atf_test_case line_lengths_by_pipe
line_lengths_by_pipe_body()
{
	for len in 1-500 200000 262144 3000000 1-700000; do
		rm -f log*
		n=20
		[ $len != 1-500 ] || n=30000
		$L make $n len=$len nul >in
		$L make $n len=$len nul | $LR --age=9999 --size=500000 log >out 2>err || fail 'exit status'
		quiet
		whole log >got
		cmp in got || fail "lines of $len bytes: $(ls -l)"
		case $len in 3000000 | 1-700000) ;; *) at_most 500000 ;; esac
	done
}

atf_test_case any_bytes
any_bytes_body()
{
	head -c 300000 /dev/urandom >in
	printf '\0\0\n\n\0\n\r\n\377\376\n' >>in
	$LR --size=3000 --age=9999 log <in >out 2>err || fail 'exit status'
	whole log >got
	cmp in got || fail 'altered'
}

atf_test_case no_final_newline
no_final_newline_body()
{
	printf 'one\ntwo' | $LR log 2>err || fail 'exit status'
	[ "$(od -An -c log)" = "$(printf 'one\ntwo' | od -An -c)" ] || fail "$(cat log)"
	printf 'three\nfour' | $LR --newline log 2>>err || fail 'exit status'
	[ "$(od -An -c log)" = "$(printf 'one\ntwo\nthree\nfour\n' | od -An -c)" ] || fail "$(cat log)"
	printf 'five\n' | $LR --newline log 2>>err || fail 'exit status'
	[ "$(tail -n 2 log)" = "$(printf 'four\nfive')" ] || fail "$(cat log)"
	printf 'x' | $LR --stamp=iso plain 2>>err || fail 'exit status'
	printf 'x' | $LR --stamp=iso --newline ended 2>>err || fail 'exit status'
	[ "$(wc -l <plain):$(wc -l <ended)" = 0:1 ] || fail "$(od -c plain ended)"
	$L make 3 len=300000 open | $LR --size=100 --newline long 2>>err || fail 'exit status'
	counted_in long 3 len=300000
	quiet
}

atf_test_case empty_input
empty_input_body()
{
	$LR log </dev/null >out 2>err || fail 'exit status'
	quiet
	[ -e log ] && [ ! -s log ] || fail "$(ls -l)"
	: >empty
	$LR --newline --stamp=iso log <empty || fail 'exit status'
	[ ! -s log ] || fail "$(cat log)"
	echo x >log
	$LR --newline --size=1 log <empty || fail 'exit status'
	[ "$(whole log)" = x ] || fail "$(cat log)"
	$LR closed <&- >out 2>err || :
	! has err 'Segmentation|trace' || fail "$(cat err)"
}

atf_test_case appended
appended_body()
{
	$L make 500 >log
	$L make 1000 from=500 | $LR --size=20k --age=99 log || fail 'exit status'
	counted 1000
	at_most 50000 # the first one
	rm log*
	# an existing file that ends within a line: that line is ended
	$L make 500 open >log
	$L make 1000 from=500 | $LR --size=20k --age=99 log || fail 'exit status'
	counted 1000
	rm log*
	$L make 10 open >log
	size=$(stat -c %s log)
	$LR log </dev/null || fail 'exit status'
	[ "$(stat -c %s log)" -le $((size + 1)) ] || fail 'written to'
	echo more | $LR --size=10 --age=99 log || fail 'exit status'
	[ "$(whole log | tail -n 1)" = more ] || fail "$(whole log)"
	[ "$(whole log | wc -l)" = 11 ] || fail "$(whole log)"
}

atf_test_case slow_pieces_of_a_line
slow_pieces_of_a_line_body()
{
	hold
	logger --size=50 --age=99 log
	printf 'a line' >p
	for i in 1 2 3; do
		kill -ALRM "$PID"
		printf ' in pieces %d' $i >p
		kill -HUP "$PID"
		kill -USR1 "$PID"
	done
	printf ' and its end\nthe next one\n' >p
	eventually holds log 2
	done_well
	quiet
	[ "$(whole log)" = "$(printf 'a line in pieces 1 in pieces 2 in pieces 3 and its end\nthe next one')" ] ||
		fail "$(head log*)"
}

atf_test_case stdout_and_fifo
stdout_and_fifo_body()
{
	$L make 50000 >in
	$LR --size=1000 - <in >got 2>err || fail 'exit status'
	cmp in got || fail 'to stdout: altered'
	[ "$(ls)" = "$(printf 'err\ngot\nin')" ] || fail "$(ls)"
	mkfifo fifo
	cat fifo >got &
	reader=$!
	exec 7>fifo
	$LR --size=1000 fifo <in 2>err 7>&- || fail 'exit status'
	exec 7>&-
	ends $reader 0
	cmp in got || fail 'to a fifo: altered'
	[ -z "$(ls fifo.* 2>/dev/null)" ] || fail "$(ls)"
	quiet
}

# ---- the chain ----

atf_test_case ages
ages_body()
{
	$L make 1000 | $LR --size=1000 --age=0 log || fail 'exit status'
	[ "$(files log)" = log ] || fail "$(ls)"
	counted 1000
	rm log
	$L make 1005 | $LR --size=1000 --age=1 log || fail 'exit status'
	[ "$(files log)" = log ] || fail "$(ls)"
	[ "$(wc -l <log)" = 5 ] || fail "$(cat log)"
	counted 1005 tail
	$L make 1005 | $LR --size=0 --age=3 one || fail 'exit status'
	[ "$(files one)" = one ] || fail "$(ls)"
	$L make 35 | $LR --size=1000 --age=2 two || fail 'exit status'
	[ "$(files two | tr '\n' ' ')" = 'two.0 two ' ] || fail "$(ls)"
	$L make 95 | $LR --size=1000 --age=4 --first=1 three || fail 'exit status'
	[ "$(files three | tr '\n' ' ')" = 'three.3 three.2 three.1 three ' ] || fail "$(ls)"
	counted_in three 95 tail
	[ -z "$(ls ./*.new 2>/dev/null)" ] || fail "$(ls)"
}

# Shifted only as far as needed; what is beyond the age goes only when it would move there.
atf_test_case gaps
gaps_body()
{
	for i in 0 1 3 4 5; do echo old$i >log.$i; done
	echo current >log
	echo new | $LR --size=1 --age=9 log || fail 'exit status'
	[ "$(cat log log.0 log.1 log.2 log.3 log.4 log.5 | tr '\n' ' ')" = 'new current old0 old1 old3 old4 old5 ' ] ||
		fail "$(head log*)"
	[ ! -e log.6 ] || fail "$(ls)"
	echo newer | $LR --size=1 --age=9 log || fail 'exit status'
	[ "$(cat log.6)" = old5 ] || fail "$(head log*)"
	rm log.0
	echo newest | $LR --size=1 --age=9 log || fail 'exit status'
	[ "$(cat log.0):$(cat log.6)" = newer:old5 ] || fail "$(head log*)"
	[ ! -e log.7 ] || fail "$(ls)"
}

# A smaller age than before: more history rather than less, but not for ever.
atf_test_case smaller_age
smaller_age_body()
{
	$L make 100 | $LR --size=1000 --age=99 log || fail 'exit status'
	[ "$(files log | wc -l)" = 10 ] || fail "$(ls)"
	$L make 150 from=100 | $LR --size=1000 --age=4 log || fail 'exit status'
	counted 150 tail
	[ "$(files log | wc -l)" = 4 ] || fail "$(ls)"
}

atf_test_case keep_bytes
keep_bytes_body()
{
	$L make 2000 | $LR --size=1000 --age=99 --keep-bytes=10000 log || fail 'exit status'
	counted 2000 tail
	size=$(cat log.* | wc -c)
	between 9000 10000 "$size" 'bytes of old files'
	$L make 2000 len=100-3000 | $LR --size=5000 --age=99 --keep-bytes=30k more || fail 'exit status'
	counted_in more 2000 len=100-3000 tail
	size=$(cat more.* | wc -c)
	between 20000 30720 "$size" 'bytes of old files'
}

atf_test_case rotated_by_age
rotated_by_age_body()
{
	hold
	logger --every=1s --age=99 log
	for i in 1 2 3; do
		echo $i >p
		eventually holds log $i
		eventually test -e log.$((i - 1))
		eventually test ! -s log
	done
	sleep 1.5 # an empty one is not rotated: nothing may happen
	done_well
	quiet
	[ "$(files log | wc -l)" = 4 ] || fail "$(ls)"
	[ "$(whole log | tr '\n' ' ')" = '1 2 3 ' ] || fail "$(whole log)"
	# a file that was there is old already, where the file system knows its age
	[ "$(stat -c %W log)" != 0 ] || return 0
	echo old >was
	eventually older was 2
	echo new | $LR --every=1s was || fail 'exit status'
	[ "$(cat was.0):$(cat was)" = old:new ] || fail "$(head was*)"
}
older() { [ $(($(date +%s) - $(stat -c %W "$1"))) -ge "$2" ]; }

# ---- signals ----

atf_test_case signals
signals_body()
{
	hold
	logger --age=99 log
	echo 1 >p
	eventually holds log 1
	kill -ALRM "$PID"
	eventually test -e log.0
	eventually test ! -s log
	kill -ALRM "$PID" # nothing to rotate
	kill -INT "$PID"
	kill -QUIT "$PID"
	for signal in HUP USR1; do
		echo $signal >p
		eventually has log $signal
		mv log moved.$signal
		kill -$signal "$PID"
		eventually test -e log
	done
	echo 2 >p
	eventually has log 2
	done_well
	quiet
	[ "$(cat log.0 moved.HUP moved.USR1 log | tr '\n' ' ')" = '1 HUP USR1 2 ' ] || fail "$(head log* moved*)"
	[ ! -e log.1 ] || fail "$(ls)"
}

# Many of them in the midst of it all.
atf_test_case signal_storm
signal_storm_body()
{
	export SIGDUMP_PATH=/dev/null
	hold
	logger --size=50k --age=9999 log
	$L make 40000 >p &
	writer=$!
	while ! gone $writer; do
		kill -ALRM "$PID" && kill -HUP "$PID" && kill -USR1 "$PID" && kill -CONT "$PID" && kill -INT "$PID"
	done
	wait $writer || fail 'writer'
	done_well
	counted 40000
	at_most 51200
}

# ---- what is logged ----

atf_test_case tee
tee_body()
{
	$L make 30000 >in
	$LR --size=100k --age=99 --tee log <in >out 2>err || fail 'exit status'
	quiet
	counted 30000
	cmp in out || fail 'the copy differs'
	$L make 1000 | $LR --tee --stamp=iso stamped >out || fail 'exit status'
	cmp out stamped || fail 'the copy differs'
	# nobody reads the copy any more: the file gets it all
	{ $LR --size=100k --age=99 --tee gone <in 2>err || echo failed >rc; } | head -n 1 >/dev/null
	[ ! -e rc ] || fail "exit status: $(cat err)"
	counted_in gone 30000
	lines err '^se-logrotate: tee: stdout: Broken pipe$' 1 || fail "$(cat err)"
}

atf_test_case selected
selected_body()
{
	seq 1 20000 >in
	while read -r options filter; do
		rm -f log*
		eval "$LR --size=5000 --age=99 $options log" <in 2>err || fail "$options: $(cat err)"
		whole log >got
		eval "grep -E $filter in" | cmp - got || fail "$options"
	done <<-'END'
		--match=7 7
		--reject=7 -v 7
		--match='^1.*(5|00)$' '^1.*(5|00)$'
		--reject='^[0-9]{5}$|0' -v '^[0-9]{5}$|0'
		--match='.' '.'
	END
	$LR --match=1 --reject='2|3' both <in || fail 'both'
	grep 1 in | grep -vE '2|3' | cmp - both || fail 'both'
	$LR --match='[' none <in 2>err && fail 'a wrong expression'
	lines err '^se-logrotate: --match: \[: ' 1 || fail "$(cat err)"
	[ ! -e none ] || fail 'made a file'
	# a long line is decided by what was seen of it, and is whole or not there
	{ $L make 2 len=1000000 && echo short && $L make 4 from=2 len=1000000; } >in
	$LR --reject=short long <in || fail 'long'
	counted_in long 4 len=1000000
	$LR --reject='^<0:[13]' some <in || fail 'long'
	whole some >got
	grep -v '^<0:[13]' in | cmp - got || fail 'long'
}

atf_test_case max_line
max_line_body()
{
	{ echo short && $L make 3 len=1000 && printf '%0100d\n' 7 && $L make 2 len=500000 && printf '%0101d\nend\n' 8; } >in
	$LR --max-line=100 log <in 2>err || fail 'exit status'
	quiet
	{
		echo short
		for i in 0 1 2; do sed -n "$((i + 2))s/^\(.\{100\}\).*/\1... [899 bytes cut]/p" in; done
		printf '%0100d\n' 7
		for i in 6 7; do sed -n "${i}s/^\(.\{100\}\).*/\1... [499899 bytes cut]/p" in; done
		printf '%0100d... [1 bytes cut]\nend\n' 0
	} >want
	cmp want log || fail "$(cut -c 1-200 log)"
}

atf_test_case prefix
prefix_body()
{
	$L make 5000 | $LR --prefix='web: ' --size=10k --age=99 log || fail 'exit status'
	counted 5000 after
	[ "$(whole log | grep -c '^web: <')" = 5000 ] || fail "$(head -n 3 log)"
	printf 'a\n\nb' | $LR --prefix='[x] ' short || fail 'exit status'
	[ "$(od -An -c short)" = "$(printf '[x] a\n[x] \n[x] b' | od -An -c)" ] || fail "$(cat short)"
}

# ---- the file ----

atf_test_case modes
modes_body()
{
	umask 077
	$L make 100 | $LR --size=3000 log || fail 'exit status'
	[ "$(stat -c %a log log.0 | tr '\n' ' ')" = '644 644 ' ] || fail "$(ls -l)"
	umask 0
	$L make 100 | $LR --size=3000 --mode=600 private || fail 'exit status'
	[ "$(stat -c %a private private.0 private.1 | tr '\n' ' ')" = '600 600 600 ' ] || fail "$(ls -l)"
	: >there && chmod 640 there
	echo x | $LR --mode=600 there || fail 'exit status'
	[ "$(stat -c %a there)" = 640 ] || fail 'the mode of an existing file was changed'
}

atf_test_case owners
owners_head() { atf_set require.user root; }
owners_body()
{
	$L make 100 | $LR --size=3000 --owner=54321 --group=12345 log || fail 'exit status'
	[ "$(stat -c %u:%g log log.0 log.1 | tr '\n' ' ')" = '54321:12345 54321:12345 54321:12345 ' ] || fail "$(ls -l)"
	$L make 100 | $LR --size=3000 --owner=nobody name || fail 'exit status'
	[ "$(stat -c %U name)" = nobody ] || fail "$(ls -l)"
	echo x | $LR --owner=no-such-user none 2>err && fail 'accepted'
	lines err '^se-logrotate: --owner.*no-such-user|^se-logrotate: --owner.*: ' 1 || fail "$(cat err)"
	[ ! -e none ] || fail "$(ls)"
}

atf_test_case link_to_it
link_to_it_body()
{
	mkdir sub
	$L make 100 | $LR --size=3000 --link=current log || fail 'exit status'
	[ -L current ] && cmp current log || fail "$(ls -l)"
	$L make 100 | $LR --size=3000 --link=current other || fail 'exit status'
	cmp current other || fail "$(ls -l)"
	echo 1 | $LR --link=sub/current log || fail 'exit status'
	cmp sub/current log || fail "a link in another directory leads nowhere: $(ls -l sub)"
}

atf_test_case directories
directories_body()
{
	echo x | $LR a/b/log 2>err && fail 'accepted without --mkdir'
	lines err '^se-logrotate: open: a/b/log: No such file or directory$' 1 || fail "$(cat err)"
	echo x | $LR --mkdir a/b/c/log || fail 'exit status'
	[ "$(cat a/b/c/log)" = x ] || fail "$(ls)"
	echo x | $LR --mkdir "$PWD/d//e/log" || fail 'exit status'
	[ "$(cat d/e/log)" = x ] || fail "$(ls)"
}

atf_test_case bad_usage
bad_usage_body()
{
	: >ok
	mkdir dir
	while read -r status words; do
		rc=0
		eval "$LR $words" </dev/null >out 2>err || rc=$?
		[ $rc = "$status" ] || fail "$words: exit status $rc: $(cat err)"
		[ "$(wc -l <err)" = 1 ] && has err '^se-logrotate: [^:]+: .+' || fail "$words: $(cat err)"
		[ ! -s out ] || fail "$words: stdout: $(cat out)"
		[ ! -e new ] || fail "$words: made a file"
	done <<-'END'
		2
		2 ''
		2 new two
		2 --no-such-option new
		2 --size=x new
		2 --size=-1 new
		2 --size= new
		2 --age=-1 new
		2 --age=5x new
		2 --age=99999999999999999999 new
		2 --first=2 new
		2 --every=x new
		2 --mode=9 new
		2 --mode=10000 new
		2 --stamp=no new
		2 --level=no new
		2 --stream=no new
		2 --overflow=no new
		2 --match='(' new
		2 --reject='*' new
		2 --reject='a{2' new
		2 --coalesce=-1 new
		2 --keep-bytes=x new
		2 --min-age=5 new
		2 --compress= new
		2 --signal=1 new
		2 --copytruncate new
		2 --tee -
		2 --rotate
		2 --rotate --age=1 ok
		2 --rotate --signal=x ok
		2 --rotate --signal=@no-such-file ok
		2 --rotate --signal=$$:NOPE ok
		2 --rotate --copytruncate --signal=$$ ok
		2 --owner=no-such-user new
		1 dir
		1 no/such/dir
		1 ok/file
		1 --rotate no-such-file
		1 --rotate dir
		1 --status no-such-file
	END
}

atf_test_case not_permitted
not_permitted_head() { atf_set require.user unprivileged; }
not_permitted_body()
{
	mkdir dir
	: >dir/log
	chmod 400 dir/log
	echo x | $LR dir/log 2>err && fail 'opened'
	lines err '^se-logrotate: open: dir/log: Permission denied$' 1 || fail "$(cat err)"
	chmod 500 dir
	echo x | $LR dir/new 2>err && fail 'made'
	lines err '^se-logrotate: open: dir/new: Permission denied$' 1 || fail "$(cat err)"
	chmod 700 dir
}

atf_init_test_cases()
{
	atf_add_test_case full_speed
	atf_add_test_case full_speed_small_files
	atf_add_test_case tail_is_kept
	atf_add_test_case stamped_at_full_speed
	atf_add_test_case line_lengths
	atf_add_test_case line_lengths_by_pipe
	atf_add_test_case any_bytes
	atf_add_test_case no_final_newline
	atf_add_test_case empty_input
	atf_add_test_case appended
	atf_add_test_case slow_pieces_of_a_line
	atf_add_test_case stdout_and_fifo
	atf_add_test_case ages
	atf_add_test_case gaps
	atf_add_test_case smaller_age
	atf_add_test_case keep_bytes
	atf_add_test_case rotated_by_age
	atf_add_test_case signals
	atf_add_test_case signal_storm
	atf_add_test_case tee
	atf_add_test_case selected
	atf_add_test_case max_line
	atf_add_test_case prefix
	atf_add_test_case modes
	atf_add_test_case owners
	atf_add_test_case link_to_it
	atf_add_test_case directories
	atf_add_test_case bad_usage
	atf_add_test_case not_permitted
}
