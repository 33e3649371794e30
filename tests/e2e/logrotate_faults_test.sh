# se-logrotate where the disk says no: full, failing, gone. Nothing is lost, and it goes on by itself.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/logrotate.subr"

# says PATTERN...: exactly these lines were said, in this order
says()
{
	[ "$(wc -l <err)" = $# ] || fail "messages: $(cat err)"
	_n=0
	for _pattern; do
		_n=$((_n + 1))
		sed -n ${_n}p err | grep -qE "^se-logrotate: $_pattern\$" || fail "expected $_pattern: $(cat err)"
	done
}
# has_all: it has written what there is
has_all() { holds "$disk/log" "$1"; }
# fill SIZE: a file on the disk; full: there is no room
fill() { head -c "$1" /dev/zero >"$disk/fill" 2>/dev/null || :; }

# ---- a full disk ----

atf_test_case full_disk
full_disk_head() { atf_set require.user root; }
full_disk_body()
{
	disk 32m
	fill 20m
	hold
	logger --age=200 "$disk/log"
	$L make 280000 >p 8>&- &
	writer=$!
	eventually has err 'No space left'
	used=$(cpu "$PID")
	sleep 1.2 # is what is measured: a try at least
	[ $(($(cpu "$PID") - used)) -lt 10 ] || fail 'busy'
	! gone $writer || fail 'the writer was not kept waiting'
	small "$PID"
	says "write: $disk/log: No space left on device: trying again every second"
	rm "$disk/fill"
	ends $writer 0
	eventually has_all 280000
	small "$PID"
	says "write: $disk/log: No space left on device: trying again every second" "write: $disk/log: it works again"
	counted_in "$disk/log" 280000
	$LR --status "$disk/log" | grep -q ' lines=280000 .* dropped_lines=0 dropped_bytes=0 errors=1 error=none$' ||
		fail "$($LR --status)"
	done_well
	no_disk
}

# Twice, with long lines: a line that did not fit as a whole is not there twice.
atf_test_case full_disk_long_lines
full_disk_long_lines_head() { atf_set require.user root; }
full_disk_long_lines_body()
{
	disk 16m
	fill 12m
	hold
	logger --age=200 "$disk/log"
	$L make 60 len=100000-300000 >p 8>&- &
	writer=$!
	eventually lines err 'No space left' 1
	fill 10m
	eventually lines err 'No space left' 2
	rm "$disk/fill"
	ends $writer 0
	done_well
	lines err 'No space left' 2 && lines err 'it works again$' 2 || fail "$(cat err)"
	counted_in "$disk/log" 60 len=100000-300000
	no_disk
}

# Asked to end it keeps what it has read until it can be written.
atf_test_case full_disk_and_end
full_disk_and_end_head() { atf_set require.user root; }
wakeups() { awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$1/status"; }
woken_more() { [ "$(wakeups "$PID")" -ge $((woken + $1)) ]; }
full_disk_and_end_body()
{
	disk 20m
	fill 15m
	hold
	logger --age=200 "$disk/log"
	$L make 150000 >p 8>&- &
	writer=$!
	eventually has err 'No space left'
	kill -HUP "$PID"
	kill -ALRM "$PID"
	kill -TERM "$PID"
	small "$PID"
	woken=$(wakeups "$PID")
	eventually woken_more 3 # it has tried again: the time to finish the line begins when it can be written
	rm "$disk/fill"
	ends "$PID" 0
	[ -z "$(tail -c 1 "$disk/log")" ] || fail 'it ended within a line'
	lines err 'No space left' 1 && lines err 'it works again$' 1 || fail "$(cat err)"
	logger --age=200 "$disk/log"
	ends $writer 0
	done_well
	counted_in "$disk/log" 150000
	no_disk
}

atf_test_case min_age
min_age_head() { atf_set require.user root; }
min_age_body()
{
	disk 16m
	hold
	logger --age=200 --min-age=4 "$disk/log"
	$L make 400000 >p
	eventually nothing_unread
	done_well
	quiet
	$L check 400000 tail in $(files "$disk/log") >verdict || fail "$(cat verdict)"
	size=$(whole "$disk/log" | wc -c)
	between 12000000 16777216 "$size" 'bytes kept of 16 MB'
	[ ! -e "$disk/log.new" ] || fail "$(ls "$disk")"
	# no further down than that
	fill 16m
	hold
	logger --age=200 --min-age=4 "$disk/log"
	$L make 700000 from=400000 rate=30000 >p 8>&- &
	writer=$!
	eventually filled_to_four
	eventually filled_and_said
	fill 16m
	sleep 1.5 # the next try
	[ "$(files "$disk/log" | wc -l)" = 4 ] || fail "$(ls -l "$disk")"
	rm "$disk/fill"
	ends $writer 0
	done_well
	[ "$(wc -l <err)" = 2 ] || fail "$(cat err)"
	$L check 700000 tail in $(files "$disk/log") >verdict || fail "$(cat verdict)"
	no_disk
}
filled_to_four()
{
	head -c 16m /dev/zero >>"$disk/fill" 2>/dev/null || :
	[ ! -e "$disk/log.3" ] # the fifth
}
# as long as a fifth file can go at a rotation, its room has to be taken too
filled_and_said()
{
	head -c 16m /dev/zero >>"$disk/fill" 2>/dev/null || :
	has err 'No space left on device: trying again every second$'
}
nothing_unread() { [ "$($L unread p)" = 0 ]; }

# The writer is never kept waiting, and what is not there is what was counted.
atf_test_case overflow_drop
overflow_drop_head() { atf_set require.user root; }
overflow_drop_body()
{
	for options in '' --stamp=iso --prefix=:; do
		disk 16m
		fill 12m
		hold
		logger --age=200 --overflow=drop $options "$disk/log"
		$L make 300000 len=20-180 slowest=2000000 >p 2>writer || fail "the writer: $(cat writer)"
		eventually has err 'No space left'
		small "$PID"
		rm "$disk/fill"
		eventually has err 'it works again'
		$L make 310000 from=300000 len=20-180 >p
		done_well
		$L check 310000 len=20-180 dropped after in $(files "$disk/log") >verdict || fail "$options: $(cat verdict)"
		has verdict ' [1-9][0-9]+ \([0-9]+ bytes\) dropped$' || fail "nothing was dropped: $(cat verdict)"
		lines err 'No space' 1 && lines err 'works again' 1 && [ "$(wc -l <err)" = 2 ] || fail "$(cat err)"
		no_disk
	done
}

# No trouble: nothing is dropped, as long as the writer is not faster than the disk.
atf_test_case overflow_drop_without_need
overflow_drop_without_need_body()
{
	hold
	logger --size=100k --age=200 --overflow=drop log
	$L make 2000 rate=4000 >p
	done_well
	quiet
	counted 2000
	rm log*
	hold
	logger --size=100k --age=200 --overflow=drop --stamp=iso log
	$L make 200000 >p
	done_well
	quiet
	counted 200000 dropped after
	# its two processes end together
	hold
	logger --overflow=drop log
	echo x >p
	eventually has log '^x$'
	child=$(offspring "$PID")
	[ "$child" ] || fail 'it has no child'
	kill -TERM "$PID"
	ends "$PID" 0
	for p in $child; do gone "$p" || fail "process $p is left"; done
}
# offspring PID: its children
offspring() { cat /proc/[0-9]*/stat 2>/dev/null | awk -v p="$1" '{ pid = $1; sub(/.*\) /, ""); if ($2 == p) print pid }'; }

# ---- a fault at each system call in turn ----

# fault SYSCALL ERROR WHEN: with that, nothing is lost, and it is over before the lines are. In a directory
# of its own.
fault()
{
	mkdir "$1.$2.$3"
	cd "$1.$2.$3" || exit
	hold
	faulty "$1:error=$2:when=$3" --size=20k --age=200 log
	$L make 2500 len=50-150 rate=1000 >p
	let_go
	rc=0
	eventually gone "$PID"
	wait "$PID" || rc=$?
	[ $rc = 0 ] || echo "exit status $rc: $(cat err)" >failed
	$L check 2500 len=50-150 in $(files log) >verdict || cat verdict >>failed
	has trace "INJECTED|$2" || { echo 'there was no such call'; cat trace; } >>failed
	[ -z "$(ls log.new 2>/dev/null)" ] || { echo 'something is left'; ls -l; } >>failed
	[ "$(wc -l <err)" -le 4 ] || cat err >>failed
	[ "$(grep -c 'trying again every second$' err)" = "$(grep -c 'it works again$' err)" ] || cat err >>failed
	! grep -vE '^se-logrotate: [a-z: ]+: log: .*(: trying again every second|it works again)$' err >>failed || :
	[ -s failed ] || rm -f failed
	cd .. || exit
}
# faults: all of the lines SYSCALL ERROR WHEN on stdin, some at a time
faults()
{
	no_strace && atf_skip 'strace cannot trace here'
	_pids=''
	while read -r _call _error _when; do
		(fault "$_call" "$_error" "$_when") &
		_pids="$_pids $!"
	done
	for _p in $_pids; do wait "$_p" || fail "$(cat ./*/err ./*/failed)"; done
	for _d in *.*.*; do
		[ ! -e "$_d/failed" ] || { echo "$_d: $(cat "$_d/failed")" >>all; }
		[ -s "$_d/verdict" ] || echo "$_d: nothing was checked" >>all
	done
	[ ! -e all ] || fail "$(cat all)"
}

atf_test_case errors_of_write
errors_of_write_head() { atf_set require.progs strace; }
errors_of_write_body()
{
	faults <<-END
		write ENOSPC 1
		write ENOSPC 20
		write EIO 2
		write EDQUOT 5
		write EROFS 30
		write EINTR 2..5
		write EAGAIN 4
		write EFBIG 33
		write ENOMEM 20
	END
}

atf_test_case errors_of_open
errors_of_open_head() { atf_set require.progs strace; }
errors_of_open_body()
{
	# 1 is /dev/null, 2 and 3 are log, the others log.new
	faults <<-END
		open EMFILE 3
		open ENOSPC 3..4
		open EMFILE 4
		open ENFILE 5..6
		open EIO 4
		open EROFS 4..5
		open EDQUOT 5
		open ENOSPC 4..6
		open EACCES 5
		open ENOENT 4
	END
}

atf_test_case errors_of_names
errors_of_names_head() { atf_set require.progs strace; }
errors_of_names_body()
{
	faults <<-END
		link EIO 1
		link ENOSPC 2..3
		link EROFS 1
		link EDQUOT 2
		link EACCES 2
		rename EIO 1
		rename ENOSPC 2
		rename EROFS 3..4
		rename EDQUOT 2
		rename ENOENT 2
		rename EACCES 5
		unlink EIO 1
		unlink EROFS 2
	END
}

# Nothing is there twice if the input ends before the rotation is tried again.
atf_test_case failed_rotation_and_end
failed_rotation_and_end_head() { atf_set require.progs strace; }
failed_rotation_and_end_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	for fault in open:error=EMFILE:when=5 rename:error=EIO:when=1 fchmod:error=EIO:when=2; do
		rm -f log*
		hold
		faulty $fault --size=20k --age=200 log
		$L make 1000 >p
		done_well
		lines err 'trying again every second$' 1 || fail "$fault: $(cat err)"
		counted 1000
	done
}

# A file system without hard links.
atf_test_case no_hard_links
no_hard_links_head() { atf_set require.progs strace; }
no_hard_links_body()
{
	faults <<-END
		link EPERM 1+
		link EOPNOTSUPP 1+
	END
}

atf_test_case errors_of_the_rest
errors_of_the_rest_head() { atf_set require.progs strace; }
errors_of_the_rest_body()
{
	faults <<-END
		flock EIO 3
		flock EAGAIN 4..9
		flock EINTR 5
		flock ENOLCK 4
		fstat EIO 2
		fstat EIO 5
		stat EIO 2
		stat EIO 4
		stat ENOENT 3
		stat EACCES 3
		lstat EIO 2
		lstat EACCES 3
		fchmod EIO 2
		fchmod EPERM 2
		read EINTR 2
		read EAGAIN 3
		close EIO 3
		close EINTR 4
		epoll_pwait EINTR 2
	END
}

# ---- the directory and the file ----

# logs_on TEXT: what comes is written to log in the end, and what is there at first is that
logs_on()
{
	[ -n "$options" ] || echo "$1" >p
	eventually logs "$1"
	[ "$(uniq log)" = "$1" ] || fail "$(cat log)"
}
# a single writer looks at its file once a second
logs()
{
	[ -z "$options" ] || echo "$1" >p
	has log "^$1\$"
}

atf_test_case deleted
deleted_body()
{
	for options in '' --single-writer; do
		hold
		logger $options log
		logs_on one
		rm log
		logs_on two
		: >other
		mv other log
		logs_on three
		done_well
		quiet
		rm log
	done
}

# Renamed by another tool: nothing is lost, with and without a signal.
atf_test_case renamed_by_others
renamed_by_others_body()
{
	for signal in '' HUP USR1; do
		for options in '' --single-writer; do
			rm -f log* moved*
			hold
			logger --age=0 $options log
			$L make 0 rate=30000 count=written >p 8>&- &
			writer=$!
			for n in 1 2 3 4 5; do
				eventually test -s log
				mv log moved.$n
				[ "$signal" ] || [ -z "$options" ] || break # nothing says that it is to look
				[ -z "$signal" ] || kill -$signal "$PID"
				eventually test -e log
			done
			kill $writer
			ends $writer 0
			done_well
			quiet
			$L check "$(cat written)" in $(ls moved.* | sort -t . -k 2n) $(files log) >verdict || fail "$signal $options: $(cat verdict)"
		done
	done
}

atf_test_case directory_away
directory_away_body()
{
	mkdir dir
	hold
	logger dir/log
	echo one >p
	eventually has dir/log one
	mv dir away
	echo two >p
	eventually has err 'dir/log: No such file or directory: trying again every second$'
	mkdir dir
	eventually has dir/log '^two$'
	eventually has err 'it works again$'
	[ "$(cat away/log dir/log)" = "$(printf 'one\ntwo')" ] || fail "$(cat away/log dir/log)"
	mv dir old && mkdir dir
	echo three >p
	eventually has dir/log '^three$'
	done_well
	[ "$(wc -l <err)" = 2 ] || fail "$(cat err)"
	# made again
	hold
	logger --mkdir new/dir/log
	echo one >p
	eventually has new/dir/log one
	mv new gone
	echo two >p
	eventually has new/dir/log two
	done_well
	quiet
	[ "$(cat gone/dir/log new/dir/log)" = "$(printf 'one\ntwo')" ] || fail "$(cat gone/dir/log new/dir/log)"
}

atf_test_case directory_not_writable
directory_not_writable_head() { atf_set require.user unprivileged; }
directory_not_writable_body()
{
	mkdir dir
	hold
	logger --size=1000 --age=99 dir/log
	$L make 5 >p
	eventually holds dir/log 5
	chmod 500 dir
	$L make 30 from=5 >p
	eventually holds dir/log 30
	[ "$(files dir/log)" = dir/log ] || fail "$(ls -l dir)"
	has err '^se-logrotate: rotate: [a-z ]+: dir/log: Permission denied: trying again every second$' || fail "$(cat err)"
	chmod 700 dir
	$L make 60 from=30 >p
	done_well
	counted_in dir/log 60
	[ "$(wc -l <err)" -le 2 ] || fail "$(cat err)"
}

atf_init_test_cases()
{
	atf_add_test_case full_disk
	atf_add_test_case full_disk_long_lines
	atf_add_test_case full_disk_and_end
	atf_add_test_case min_age
	atf_add_test_case overflow_drop
	atf_add_test_case overflow_drop_without_need
	atf_add_test_case errors_of_write
	atf_add_test_case errors_of_open
	atf_add_test_case errors_of_names
	atf_add_test_case failed_rotation_and_end
	atf_add_test_case no_hard_links
	atf_add_test_case errors_of_the_rest
	atf_add_test_case deleted
	atf_add_test_case renamed_by_others
	atf_add_test_case directory_away
	atf_add_test_case directory_not_writable
}
