# se-logrotate --rotate: once, whoever writes; with a signal for the writer, or by --copytruncate.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/logrotate.subr"

# sighted: who is not root is told that he cannot see all writers
sighted() { [ "$(id -u)" = 0 ] || sed -i '/: not all of its writers can be seen: do they use O_APPEND?$/d' err; }
# rotates ARG...: it is done, and nothing is said on stderr
rotates()
{
	rc=0
	"$LR" --rotate "$@" >out 2>err || rc=$?
	sighted
	[ $rc = 0 ] && [ ! -s err ] || fail "--rotate $*: exit status $rc: $(cat err)"
}
# refuses STATUS TEXT ARG...: it ends with that status and that line only
refuses()
{
	_status=$1 _text=$2
	shift 2
	rc=0
	"$LR" --rotate "$@" >out 2>err || rc=$?
	sighted
	refused "$_status" "$_text" "$*"
}
refused()
{
	[ $rc = "$1" ] && [ "$(cat err)" = "se-logrotate: $2" ] && [ ! -s out ] ||
		fail "--rotate $3: exit status $rc, expected $1, $2: $(cat out err)"
}
# there_is NAME...: of what begins with log, just these files
there_is() { [ "$(ls -d log* | tr '\n' ' ')" = "$* " ] || fail "expected $*: $(ls -l)"; }
# larger FILE BYTES: it has more than so many
larger() { [ "$(stat -c %s "$1")" -gt "$2" ]; }
# unnumbered: files that are being made; nothing_left: none
unnumbered() { ls log.*[!0-9] 2>/dev/null; }
nothing_left() { [ -z "$(unnumbered)" ] || fail "$(unnumbered) is left"; }
# plainly N OPTION...: as counted, but for the blank lines that --copytruncate makes
plainly()
{
	rm -rf plain
	mkdir plain
	for _f in $(files log); do
		grep -av '^ *$' "$_f" >"plain/$_f" || :
	done
	counted_in plain/log "$@"
}
# listener SIGNAL...: a process $PID that writes the names of those signals into file got
listener()
{
	rm -f got ready
	sh -c 'for s; do trap "echo $s >>got" $s; done; : >ready; while :; do sleep 0.05; done' sh "$@" &
	PID=$!
	eventually test -e ready
}
# no_listener: it ends; got: what it has got
no_listener() { kill -KILL "$PID" && wait "$PID" || :; }
# writer ARG...: lines without end to log, its pid in $writer; written: it ends, how many there are
writer()
{
	rm -f written
	$L make 0 count=written "$@" &
	writer=$!
	eventually test -s log
}
written()
{
	kill -TERM "$writer"
	ends "$writer" 0
	n=$(cat written)
}

# ---- a new file and a signal ----

# To a PID and to one in a file; it is the old file that is renamed.
atf_test_case signal
signal_body()
{
	for to in pid '@file' '@file:USR1' '@dir/file:SIGUSR1'; do
		rm -rf log* dir
		mkdir dir
		writer len=20-180 rate=20000 to=log usr1
		echo "$writer" | tee file >dir/file
		[ "$to" != pid ] || to=$writer
		for i in 1 2 3 4 5 6 7 8 9 10; do
			eventually larger log 5000
			inode=$(stat -c %i log)
			rotates --age=99 --signal="$to" log
			[ ! -s out ] || fail "$(cat out)"
			[ "$(stat -c %i log.0)" = "$inode" ] || fail 'log.0 is another file'
			eventually test -s log
		done
		written
		counted "$n" len=20-180
		there_is log log.0 log.1 log.2 log.3 log.4 log.5 log.6 log.7 log.8 log.9
	done
}

# Without a signal the writer goes on in the old file, and nothing is lost.
atf_test_case no_signal
no_signal_body()
{
	writer rate=20000 to=log usr1
	rotates log
	[ ! -s log ] || fail 'log is not empty'
	had=$(stat -c %s log.0)
	eventually larger log.0 "$had"
	rotates log # it is empty: not again
	there_is log log.0
	kill -USR1 "$writer"
	eventually test -s log
	written
	counted "$n"
}

atf_test_case signals
signals_body()
{
	listener USR1 USR2 HUP
	for signal in '' :USR1 :USR2 :HUP :SIGHUP; do
		echo 1 >log
		: >got
		rotates --signal="$PID$signal" log
		eventually test -s got
		expected=${signal#:}
		expected=${expected#SIG}
		[ "$(cat got)" = "${expected:-USR1}" ] || fail "$signal: $(cat got)"
	done
	# the pid files of other programs
	for text in "$PID" "$PID\n" "$PID\r\n" "$PID nginx\n" "$PID\nsecond line\n"; do
		echo 1 >log
		: >got
		printf "%b" "$text" >file
		rotates --signal=@file log
		eventually test -s got
		[ "$(cat got)" = USR1 ] || fail "$text: $(cat got)"
	done
	mv file a:b
	: >got
	rotates --signal=@a:b:HUP log
	eventually test -s got
	[ "$(cat got)" = HUP ] || fail "$(cat got)"
	no_listener
}

# What is no process is said before anything is done.
atf_test_case no_target
no_target_body()
{
	mkdir dir
	mkfifo pipe
	: >empty
	echo words >words
	echo -5 >negative
	echo 1 >one
	echo "x$$" >other
	echo text >log
	while read -r target text; do
		eval "refuses 2 \"--signal: $target: $text\" --signal=$target log"
		there_is log
		[ "$(cat log)" = text ] || fail "$target: $(cat log)"
	done <<-'END'
		x expected PID or @FILE
		0 expected PID or @FILE
		1 expected PID or @FILE
		-5 expected PID or @FILE
		$$x expected PID or @FILE
		99999999999999999999 expected PID or @FILE
		@none No such file or directory
		@ No such file or directory
		@dir Is a directory
		@empty no pid in the file
		@words no pid in the file
		@negative no pid in the file
		@one no pid in the file
		@other no pid in the file
		@pipe no pid in the file
		$$:NOPE expected a signal behind the colon
		$$: expected a signal behind the colon
	END
	# a process that has ended: it is seen when the signal goes, and the file is rotated
	true &
	dead=$!
	wait $dead
	refuses 1 "--signal: $dead: No such process" --signal=$dead log
	there_is log log.0
	echo $dead >file
	echo 2 >log
	refuses 1 '--signal: @file: No such process' --signal=@file log
	[ "$(cat log.1 log.0 log | tr '\n' ' ')" = 'text 2 ' ] || fail "$(ls -l)"
}

# Killed between the new file and the signal: the next run sends it.
atf_test_case killed_before_the_signal
killed_before_the_signal_head() { atf_set require.progs strace; }
killed_before_the_signal_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	listener USR1
	echo 1 >log
	killed kill 1 --signal="$PID" log || fail "not killed: $(cat trace)"
	there_is log log.0
	[ ! -e got ] || fail 'the signal was sent'
	rotates --signal="$PID" log
	eventually test -s got
	[ "$(cat got)" = USR1 ] || fail "$(cat got)"
	there_is log log.0
	no_listener
}
# killed CALL N ARG...: by the Nth of these system calls; else it has ended well without one
killed()
{
	_call=$1 _when=$2
	shift 2
	rc=0
	strace -qq -o trace -e trace="$(named "$_call")" -e inject="$(named "$_call"):signal=KILL:when=$_when" "$LR" --rotate "$@" >out 2>err || rc=$?
	sighted
	[ $rc = 137 ] && return 0
	[ $rc = 0 ] && [ ! -s err ] || fail "$_call: exit status $rc: $(cat err)"
	return 1
}

# ---- names ----

# numbered N ARG...: N rotations of a line each; what there is then, the newest first
numbered()
{
	_n=$1 _i=0
	shift
	rm -f log*
	while [ $((_i += 1)) -le "$_n" ]; do
		echo $_i >log
		rotates "$@" log
		[ ! -s log ] || fail 'log is not empty'
	done
}
# has_old NAME=TEXT...: just these, and log
has_old()
{
	_names=log
	for _pair; do
		[ "$(cat "${_pair%%=*}")" = "${_pair#*=}" ] || fail "expected $*: $(head log.*)"
		_names="$_names ${_pair%%=*}"
	done
	there_is $_names
}

atf_test_case names
names_body()
{
	numbered 7
	has_old log.0=7 log.1=6 log.2=5 log.3=4
	numbered 3 --age=2
	has_old log.0=3
	numbered 5 --age=3 --first=1
	has_old log.1=5 log.2=4
	numbered 3 --age=9999
	has_old log.0=3 log.1=2 log.2=1
	numbered 12 --age=20
	has_old log.0=12 log.1=11 log.10=2 log.11=1 log.2=10 log.3=9 log.4=8 log.5=7 log.6=6 log.7=5 log.8=4 log.9=3
	# a gap ends the renaming; fewer than there are
	rm log.[3-9] log.1?
	mv log.2 log.4
	echo 13 >log
	rotates --age=20 log
	has_old log.0=13 log.1=12 log.2=11 log.4=10
	echo 14 >log
	rotates --age=3 log
	has_old log.0=14 log.1=13 log.4=10
	refuses 2 '--rotate: --age: it must be 2 at least' --age=1 log
	refuses 2 '--rotate: --age: it must be 2 at least' --age=0 log
}

atf_test_case keep_bytes
keep_bytes_body()
{
	for i in 1 2 3 4 5; do
		$L make $((i * 10 + 10)) from=$((i * 10)) >log # 1000 bytes
		rotates --age=99 --keep-bytes=3500 log
	done
	there_is log log.0 log.1 log.2
	has log.2 '^<0:30:' && has log.0 '^<0:50:' || fail "$(head -n 1 log.*)"
	echo 1 >log
	rotates --age=99 --keep-bytes=1002 log
	there_is log log.0 log.1
	[ "$(cat log.0)" = 1 ] && [ "$(stat -c %s log.1)" = 1000 ] || fail "$(ls -l)"
}

atf_test_case size
size_body()
{
	echo 123456789 >log
	rotates --size=11 log
	rotates --copytruncate --size=11 log
	there_is log
	rotates --size=10 log
	there_is log log.0
	: >log
	rotates --size=0 log
	there_is log log.0
	$L make 50 >log
	rotates --size=5K log
	there_is log log.0
	rotates log # the default is no limit
	there_is log log.0 log.1
}

atf_test_case modes
modes_body()
{
	for mode in 600 640 666 400; do
		[ $mode != 400 ] || [ "$(id -u)" = 0 ] || continue
		for mask in 0 077; do
			rm -f log*
			echo 1 >log
			chmod $mode log
			(umask $mask && rotates --mode=611 log) || exit
			[ "$(stat -c %a log log.0 | tr '\n' ' ')" = "$mode $mode " ] || fail "$mode $mask: $(ls -l)"
			echo 2 >log
			(umask $mask && rotates --copytruncate log) || exit
			[ "$(stat -c %a log log.0 log.1 | tr '\n' ' ')" = "$mode $mode $mode " ] || fail "$mode $mask: $(ls -l)"
		done
	done
}

atf_test_case owners
owners_head() { atf_set require.user root; }
owners_body()
{
	echo 1 >log
	chown 54321:12345 log
	chmod 600 log
	rotates log
	[ "$(stat -c %u:%g log log.0 | tr '\n' ' ')" = '54321:12345 54321:12345 ' ] || fail "$(ls -ln)"
	echo 2 >log
	rotates --owner=4 --group=5 log
	[ "$(stat -c %u:%g log log.0 | tr '\n' ' ')" = '4:5 54321:12345 ' ] || fail "$(ls -ln)"
}

# As without --rotate: a wrong option, said once.
atf_test_case no_such_owner
no_such_owner_body()
{
	for f in log.a log.b; do echo 1 >$f; done
	for option in --owner=no-such-user --group=no-such-group; do
		rc=0
		"$LR" --rotate $option log.a log.b >out 2>err || rc=$?
		[ "$(wc -l <err)" = 1 ] && has err '^se-logrotate: --owner, --group: .*: no such (user|group)$' || fail "$(cat err)"
		[ $rc = 2 ] || fail "exit status $rc, expected 2"
		there_is log.a log.b
	done
}

# Who may read the lines may do so when they are old.
atf_test_case copytruncate_owner
copytruncate_owner_head() { atf_set require.user root; }
copytruncate_owner_body()
{
	echo 1 >log
	chown 54321:12345 log
	chmod 600 log
	rotates --copytruncate log
	[ "$(stat -c %u:%g:%a log log.0 | tr '\n' ' ')" = '54321:12345:600 54321:12345:600 ' ] || fail "log.0 is another's: $(ls -ln)"
}

atf_test_case header
header_body()
{
	echo 1 >log
	rotates --header log
	[ "$(cat log.0)" = 1 ] && [ "$(wc -l <log)" = 1 ] && has log '^# Logfile created on ' || fail "$(head log*)"
	echo 2 >>log
	rotates --stamp=ruby log
	[ "$(tail -n 1 log.0)" = 2 ] && lines log.0 '^# Logfile' 1 && lines log '^# Logfile' 1 || fail "$(head log*)"
	echo 3 >>log
	rotates log
	[ ! -s log ] || fail "$(cat log)"
}

# With a signal the newest may still be written: it is left alone.
atf_test_case compress
compress_body()
{
	numbered 4 --age=4 --compress
	[ "$(cat log.0) $(gzip -dc log.1.gz log.2.gz | tr '\n' ' ')" = '4 3 2 ' ] || fail "$(ls -l)"
	there_is log log.0 log.1.gz log.2.gz
	numbered 4 --age=4 --compress='gzip -1' --copytruncate
	[ "$(gzip -dc log.0.gz log.1.gz log.2.gz | tr '\n' ' ')" = '4 3 2 ' ] || fail "$(ls -l)"
	there_is log log.0.gz log.1.gz log.2.gz
}

# A filter that does not work: the lines stay.
atf_test_case compress_fails
compress_fails_body()
{
	echo 1 >log
	"$LR" --rotate --copytruncate --compress=false log >out 2>err || :
	sighted
	[ "$(wc -l <err)" = 1 ] && has err '^se-logrotate: compress: log: false: exit status 1' || fail "$(cat err)"
	has_old log.0=1
	# there is no next time for what runs once
	! has err 'trying again' || fail "$(cat err)"
}

# A link keeps nothing from being rotated.
atf_test_case symbolic_link
symbolic_link_body()
{
	ln -s real log
	ln -s none dangling
	echo 1 >real
	rotates --copytruncate log
	[ -L log ] && [ ! -s real ] || fail "$(ls -l)"
	has_old log.0=1
	echo 2 >log
	rotates log
	[ ! -s log ] || fail "$(cat log)"
	has_old log.0=2 log.1=1
	refuses 1 'rotate: dangling: No such file or directory' dangling
}

# ---- files that cannot be rotated ----

atf_test_case not_a_log
not_a_log_body()
{
	mkdir dir
	mkfifo pipe
	: >log
	for way in '' --copytruncate; do
		refuses 1 'rotate: none: No such file or directory' $way none
		refuses 1 'rotate: no/such/dir: No such file or directory' $way no/such/dir
		refuses 1 'rotate: log/x: Not a directory' $way log/x
		refuses 1 'rotate: dir: not a regular file' $way dir
		refuses 1 'rotate: pipe: not a regular file' $way pipe
		refuses 1 'rotate: /dev/null: not a regular file' $way /dev/null
		refuses 2 'FILE: none given' $way
		refuses 2 'FILE: the name is empty' $way ''
		rotates $way log # it is empty
		[ ! -s out ] || fail "$(cat out)"
		there_is log
	done
	[ "$(ls | tr '\n' ' ')" = 'dir err log out pipe ' ] || fail "$(ls)"
}

# The others are rotated, and the signal is sent once.
atf_test_case several
several_body()
{
	listener USR1
	for f in log.a log.b log.d; do echo $f >$f; done
	: >log.empty
	refuses 1 'rotate: log.none: No such file or directory' --signal="$PID" log.a log.none log.b log.empty log.d log.a
	eventually test -s got
	there_is log.a log.a.0 log.b log.b.0 log.d log.d.0 log.empty
	for f in log.a log.b log.d; do [ "$(cat $f.0)" = $f ] && [ ! -s $f ] || fail "$(head log.*)"; done
	no_listener
	[ "$(cat got)" = USR1 ] || fail "$(cat got)"
	for f in log.a log.b; do echo new >$f; done
	rotates --copytruncate log.a log.b
	[ "$(cat out)" = "$(printf 'log.%s: 4 bytes moved to log.%s.0, truncated\n' a a b b)" ] || fail "$(cat out)"
	there_is log.a log.a.0 log.a.1 log.b log.b.0 log.b.1 log.d log.d.0 log.empty
}

# The name of the new file is too long, that of the old one is not.
atf_test_case long_names
long_names_body()
{
	name=log$(printf '%0252d' 0) # 255
	echo 1 >"$name"
	refuses 1 "rotate: $name: Filename too long" "$name"
	there_is "$name"
	rm "$name"
	name=log$(printf '%0249d' 0) # 252: no room for .new
	echo 1 >"$name"
	refuses 1 "rotate: $name: Filename too long" "$name"
	[ "$(cat log*)" = 1 ] || fail "the lines are there twice: $(ls -li)"
	there_is "$name"
	refuses 1 "rotate: $name.new: Filename too long" --copytruncate "$name"
	there_is "$name"
}

# as_user ARG...: by one who is not root, in a directory of his
as_user()
{
	rc=0
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups ./se-logrotate --rotate "$@" >out 2>err || rc=$?
	else
		./se-logrotate --rotate "$@" >out 2>err || rc=$?
	fi
}
his()
{
	cp -L "$LR" se-logrotate
	chmod 755 . se-logrotate
	mkdir dir
	echo 1 >dir/log
	[ "$(id -u)" != 0 ] || chown -R 65534:65534 dir
}

atf_test_case unprivileged
unprivileged_head() { atf_set require.progs setpriv; }
unprivileged_body()
{
	his
	as_user dir/log
	[ $rc = 0 ] && [ ! -s err ] || fail "exit status $rc: $(cat err)"
	[ "$(ls dir | tr '\n' ' ')$(cat dir/log.0)" = 'log log.0 1' ] || fail "$(ls dir)"
	echo 2 >dir/log
	as_user --copytruncate dir/log
	[ $rc = 0 ] && [ "$(cat out)" = 'dir/log: 2 bytes moved to dir/log.0, truncated' ] || fail "exit status $rc: $(cat out err)"
	[ "$(cat err)" = 'se-logrotate: rotate: dir/log: not all of its writers can be seen: do they use O_APPEND?' ] || fail "$(cat err)"
	[ "$(cat dir/log.1 dir/log.0 dir/log | tr '\n' ' ')" = '1 2 ' ] || fail "$(ls -l dir)"
	[ "$(id -u)" = 0 ] || return 0 # our parent would get it
	echo 3 >dir/log
	as_user --signal=$PPID dir/log
	refused 1 "--signal: $PPID: Operation not permitted" 'by a user'
	[ "$(cat dir/log.0)" = 3 ] || fail "$(ls -l dir)"
}

atf_test_case no_permission
no_permission_head() { atf_set require.progs setpriv; }
no_permission_body()
{
	his
	chmod 444 dir/log
	for way in '' --copytruncate; do
		as_user $way dir/log
		refused 1 'rotate: dir/log: Permission denied' 'a file that cannot be written'
		[ "$(ls dir)" = log ] || fail "$(ls dir)"
	done
	chmod 666 dir/log
	chmod 555 dir
	as_user dir/log
	refused 1 'rotate: dir/log: Permission denied' 'a directory that cannot be written'
	as_user --copytruncate dir/log
	sed -i 1d err # that it cannot see all writers
	refused 1 'rotate: dir/log.new: Permission denied' 'a directory that cannot be written'
	[ "$(ls dir)" = log ] && [ "$(cat dir/log)" = 1 ] || fail "$(ls dir)"
	chmod 000 dir
	as_user dir/log
	refused 1 'rotate: dir/log: Permission denied' 'a directory that cannot be read'
	chmod 755 dir
}

# The new file cannot have the old one's owner: all is as it was.
atf_test_case owner_refused
owner_refused_head()
{
	atf_set require.user root
	atf_set require.progs setpriv
}
owner_refused_body()
{
	his
	for mode in 666 622; do # without and with the kernel's protection of hard links
		rm -f dir/*
		echo 1 >dir/log
		chmod $mode dir/log
		as_user dir/log
		refused 1 'rotate: dir/log: Operation not permitted' "of another's file"
		[ "$(ls dir)" = log ] && [ "$(cat dir/log)" = 1 ] || fail "$mode: not as it was: $(ls -li dir)"
	done
}

# ---- copytruncate ----

# collapses: the file system can
collapses()
{
	head -c 65536 /dev/zero >probe
	fallocate -c -l 32768 probe 2>probe.err
}
# moved HOW: what it says
moved()
{
	sed -n 1p out | grep -qE "^$1: [1-9][0-9]* bytes moved to $1\.0, $2\$" && [ "$(wc -l <out)" -le 2 ] || fail "$(cat out)"
	! sed 1d out | grep -vE "^$1: [1-9][0-9]* bytes of a line at its head are blanks now\$" || fail "$(cat out)"
}

# No line is lost however fast the writers are, and the blanks are as many as it says.
atf_test_case collapsed
collapsed_head() { atf_set require.progs fallocate; }
collapsed_body()
{
	collapses || atf_skip "the file system does not collapse ranges: $(cat probe.err)"
	for how in each rate=100000; do
		rm -f log*
		writer len=20-180 $how to=log
		said=0
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			eventually larger log 100000
			inode=$(stat -c %i log)
			rotates --copytruncate --age=99 log
			moved log collapsed
			said=$((said + $(sed -n 's/^log: \([0-9]*\) bytes of a.*/\1/p' out | grep . || echo 0)))
			[ "$(stat -c %i log)" = "$inode" ] || fail 'log is another file'
		done
		written
		plainly "$n" len=20-180
		[ "$(files log | wc -l)" = 21 ] || fail "$(ls)"
		blank=$(whole log | grep -a '^ *$' | wc -c)
		[ "$blank" = $said ] || fail "$blank bytes are blank, $said were said"
	done
}

# Where lines end with the blocks no byte is changed.
atf_test_case collapsed_between_lines
collapsed_between_lines_head() { atf_set require.progs fallocate; }
collapsed_between_lines_body()
{
	collapses || atf_skip "the file system does not collapse ranges: $(cat probe.err)"
	block=$(stat -f -c %S .)
	$L make $((4 * block / 64)) len=64 >log
	cp log all
	rotates --copytruncate log
	[ "$(cat out)" = "log: $((3 * block)) bytes moved to log.0, collapsed" ] || fail "$(cat out)"
	cat log.0 log | cmp - all || fail 'not the same'
	there_is log log.0
}

# Elsewhere it is truncated, and what may be lost is little.
atf_test_case truncated
truncated_head() { atf_set require.user root; }
truncated_body()
{
	disk 64m
	$L make 0 rate=20000 to="$disk/log" count=written &
	writer=$!
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		eventually larger "$disk/log" 30000
		rotates --copytruncate --age=99 "$disk/log"
		moved "$disk/log" truncated
		[ "$(wc -l <out)" = 1 ] || fail "$(cat out)"
	done
	written
	$L check "$n" in $(files "$disk/log") >verdict || :
	has verdict ' 0 twice, 0 out of order, 0 damaged, 0 pieces, 0 others,' || fail "$(cat verdict)"
	lost=$(sed -n 's/.*whole, \([0-9]*\) lost.*/\1/p' verdict)
	between 0 $((n / 10)) "$lost" "lines lost of $n"
	[ "$(files "$disk/log" | wc -l)" = 21 ] || fail "$(ls "$disk")"
	no_disk
}

# A last line without its newline: what is whole is moved.
atf_test_case unended
unended_body()
{
	printf 'no newline' >log
	rotates --copytruncate log
	[ "$(cat out)" = 'log: no whole line yet: left alone' ] || fail "$(cat out)"
	there_is log
	[ "$(cat log)" = 'no newline' ] || fail "$(cat log)"
	: >log
	rotates --copytruncate log
	[ ! -s out ] || fail "$(cat out)"
	there_is log
	# it is ended within a moment
	printf 'one\ntw' >log
	(eventually test -e log.0 && printf 'o\n' >>log) &
	rotates --copytruncate log
	wait $!
	[ "$(cat out)" = 'log: 8 bytes moved to log.0, truncated' ] || fail "$(cat out)"
	[ "$(cat log.0)" = "$(printf 'one\ntwo')" ] && [ ! -s log ] || fail "$(head log*)"
	# it is not: no byte is lost
	printf 'one\ntw' >log
	rotates --copytruncate log
	[ "$(cat out)" = 'log: 6 bytes moved to log.0, truncated' ] || fail "$(cat out)"
	echo o >>log
	[ "$(cat log.0 log)" = "$(printf 'one\ntwo')" ] || fail "$(head log*)"
}

atf_test_case collapsed_unended
collapsed_unended_head() { atf_set require.progs fallocate; }
collapsed_unended_body()
{
	collapses || atf_skip "the file system does not collapse ranges: $(cat probe.err)"
	$L make 3000 len=20-180 nul open >log
	rotates --copytruncate log
	moved log collapsed
	echo >>log
	plainly 3000 len=20-180 nul
	there_is log log.0
}

# Lines longer than the blocks that are looked at, and than what is read at once.
atf_test_case collapsed_long_lines
collapsed_long_lines_head() { atf_set require.progs fallocate; }
collapsed_long_lines_body()
{
	collapses || atf_skip "the file system does not collapse ranges: $(cat probe.err)"
	for lines in 40 1; do
		rm -f log*
		$L make $lines len=100000-700000 >log
		rotates --copytruncate log
		moved log collapsed
		plainly $lines len=100000-700000
		rotates --copytruncate log
		plainly $lines len=100000-700000
	done
}

atf_test_case no_append
no_append_body()
{
	writer rate=1000 plain=log
	refuses 1 "rotate: log: pid $writer writes it without O_APPEND: it would go on at its old place" --copytruncate log
	there_is log
	written
	counted "$n"
	# one of two; a reader is none
	tail -f log >/dev/null &
	reader=$!
	writer rate=1000 id=1 to=log
	sleep 1000 7<>log &
	other=$!
	eventually test -e /proc/$other/fd/7
	refuses 1 "rotate: log: pid $other writes it without O_APPEND: it would go on at its old place" --copytruncate log
	there_is log
	kill $other
	wait $other || :
	rotates --copytruncate log
	there_is log log.0
	kill $reader
	wait $reader || :
	written
}

# What is done is done if it cannot be told.
atf_test_case stdout_full
stdout_full_body()
{
	$L make 10 >log
	rc=0
	"$LR" --rotate --copytruncate log >/dev/full 2>err || rc=$?
	: >out
	sighted
	refused 1 'rotate: stdout: No space left on device' 'to a full stdout'
	there_is log log.0
	counted 10
}

atf_test_case full_disk
full_disk_head() { atf_set require.user root; }
full_disk_body()
{
	disk 8m
	$L make 30000 >"$disk/log"
	cp "$disk/log" all
	head -c 16m /dev/zero >"$disk/fill" 2>/dev/null || :
	refuses 1 "rotate: copy: $disk/log: No space left on device" --copytruncate "$disk/log"
	cmp all "$disk/log" || fail 'log was changed'
	[ "$(ls "$disk" | tr '\n' ' ')" = 'fill log ' ] || fail "$(ls "$disk")"
	rotates "$disk/log" # a name needs no room
	cmp all "$disk/log.0" && [ ! -s "$disk/log" ] || fail "$(ls -l "$disk")"
	mv "$disk/log.0" "$disk/log"
	rm "$disk/fill"
	rotates --copytruncate "$disk/log"
	cmp all "$disk/log.0" && [ ! -s "$disk/log" ] || fail "$(ls -l "$disk")"
	[ "$(ls "$disk" | tr '\n' ' ')" = 'log log.0 ' ] || fail "$(ls "$disk")"
	no_disk
}

# ---- a fault at each system call in turn ----

# prepared: 400 lines in log.0, 600 in log
prepared()
{
	rm -f log*
	$L make 400 len=50-150 >log.0
	$L make 1000 len=50-150 from=400 >log
}
# strained FAULT ARG...: with that fault, or several
strained()
{
	_inject=''
	for _fault in $(echo "$1" | tr , ' '); do _inject="$_inject -e inject=$(named "${_fault%%:*}"):${_fault#*:}"; done
	shift
	rc=0
	strace -qq -o trace $_inject "$LR" --rotate "$@" >out 2>err || rc=$?
	sighted
	has trace INJECTED || fail "$_inject: there was no such call: $(cat trace)"
}
# faults ARG...: each of the lines FAULT TEXT is said, nothing is lost or twice, and the next time all is well
faults()
{
	no_strace && atf_skip 'strace cannot trace here'
	while read -r fault text; do
		prepared
		strained "$fault" "$@" log
		refused 1 "rotate: $text" "$* $fault"
		nothing_left
		[ -s log ] || fail "$fault: log is not as it was: $(ls -li log*)"
		$L check 1000 len=50-150 in $(files log) >verdict || fail "$fault: $(ls -li log*; cat verdict)"
		rotates "$@" log
		nothing_left
		plainly 1000 len=50-150
	done
}

atf_test_case errors
errors_head() { atf_set require.progs strace; }
errors_body()
{
	faults --sync <<-END
		stat:error=EIO:when=1 log: I/O error
		stat:error=EACCES:when=2 log: Permission denied
		open:error=EMFILE:when=1 log: No file descriptors available
		open:error=EROFS:when=1 log: Read-only file system
		fstat:error=EIO:when=1 log: I/O error
		lstat:error=EIO:when=2 log: I/O error
		fdatasync:error=EIO log: I/O error
		fdatasync:error=ENOSPC log: No space left on device
		rename:error=EIO:when=1 log: I/O error
		rename:error=EROFS:when=1 log: Read-only file system
		link:error=EIO log: I/O error
		link:error=ENOSPC log: No space left on device
		link:error=EROFS log: Read-only file system
		link:error=EDQUOT log: Quota exceeded
	END
	# what would be removed cannot be
	prepared
	strained unlink:error=EROFS:when=1 --age=2 log
	refused 1 'rotate: log: Read-only file system' 'unlink'
	counted 1000 len=50-150
	there_is log log.0
}

# FILE has two names by then: it has to have one in the end.
atf_test_case errors_of_the_new_file
errors_of_the_new_file_head() { atf_set require.progs strace; }
errors_of_the_new_file_body()
{
	faults <<-END
		open:error=ENOSPC:when=2 log: No space left on device
		open:error=EROFS:when=2 log: Read-only file system
		fchmod:error=EIO:when=1 log: I/O error
		rename:error=EIO:when=2 log: I/O error
		rename:error=ENOSPC:when=2 log: No space left on device
	END
}

# FILE has none by then.
atf_test_case no_hard_links
no_hard_links_head() { atf_set require.progs strace; }
no_hard_links_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	for error in EPERM EOPNOTSUPP; do
		prepared
		strained link:error=$error log
		[ $rc = 0 ] && [ ! -s err ] || fail "exit status $rc: $(cat err)"
		there_is log log.0 log.1
		counted 1000 len=50-150
	done
	faults <<-END
		link:error=EPERM,rename:error=EIO:when=2 log: I/O error
		link:error=EPERM,rename:error=EIO:when=3 log: I/O error
		link:error=EPERM,open:error=ENOSPC:when=2 log: No space left on device
	END
}

# A file system without locks, or a busy one.
atf_test_case locks
locks_head() { atf_set require.progs strace; }
locks_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	for fault in EIO:when=1+ ENOLCK:when=1+ EAGAIN:when=1..4 EINTR:when=2; do
		for way in '' --copytruncate; do
			prepared
			strained flock:error=$fault $way log
			[ $rc = 0 ] && [ ! -s err ] || fail "$fault: exit status $rc: $(cat err)"
			there_is log log.0 log.1
			plainly 1000 len=50-150
		done
	done
	# somebody has it for longer than it waits
	prepared
	(flock 9 && : >taken && exec sleep 1000) 9<log &
	other=$!
	eventually test -e taken
	refuses 1 'rotate: log: locked, or within a line, for 10s' log
	there_is log log.0
	counted 1000 len=50-150
	kill $other
	wait $other || :
	rotates log
	there_is log log.0 log.1
}

atf_test_case copytruncate_errors
copytruncate_errors_head() { atf_set require.progs strace fallocate; }
copytruncate_errors_body()
{
	collapses || atf_skip "the file system does not collapse ranges: $(cat probe.err)"
	faults --copytruncate <<-END
		fchmod:error=EPERM copy: log: Operation not permitted
		fstatfs:error=EIO copy: log: I/O error
		pread64:error=EIO:when=1 copy: log: I/O error
		pread64:error=EIO:when=2 copy: log: I/O error
		pwrite64:error=ENOSPC:when=1 copy: log: No space left on device
		pwrite64:error=EROFS:when=1 copy: log: Read-only file system
		fdatasync:error=EIO:when=1 copy: log: I/O error
		rename:error=EIO:when=1 rename: log: I/O error
		renameat2:error=EROFS:when=1 rename: log: Read-only file system
		renameat2:error=ENOSPC:when=1 rename: log: No space left on device
		fallocate:error=EIO:when=2 cut: log: I/O error
		fallocate:error=ENOSPC:when=2 cut: log: No space left on device
		fallocate:error=EROFS:when=2 cut: log: Read-only file system
		fallocate:error=EOPNOTSUPP,ftruncate:error=EIO:when=2 cut: log: I/O error
		fallocate:error=EOPNOTSUPP,ftruncate:error=EROFS:when=2 cut: log: Read-only file system
	END
	# the line at the head cannot be overwritten: a piece of it is there too, and that is said
	prepared
	strained pwrite64:error=EIO:when=2 --copytruncate log
	refused 1 'rotate: cut: log: I/O error' 'blanks'
	counted 1000 len=50-150 pieces=1
	there_is log log.0 log.1
	# it cannot be opened or made
	for name in log log.new; do
		prepared
		rc=0
		strace -qq -o trace -P $name -e inject="$(named open):error=EROFS:when=1" "$LR" --rotate --copytruncate log >out 2>err || rc=$?
		sed -i '/^strace: /d' err
		sighted
		refused 1 "rotate: $name: Read-only file system" "open $name"
		there_is log log.0
		counted 1000 len=50-150
	done
}

# Other ways to do it, and interrupted calls: it goes on.
atf_test_case copytruncate_other_ways
copytruncate_other_ways_head() { atf_set require.progs strace; }
copytruncate_other_ways_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	while read -r fault; do
		prepared
		strained "$fault" --copytruncate log
		[ $rc = 0 ] && [ ! -s err ] || fail "$fault: exit status $rc: $(cat err)"
		case $fault in fallocate*) moved log truncated && [ ! -s log ] || fail "$fault: $(cat out)" ;; esac
		there_is log log.0 log.1
		plainly 1000 len=50-150
	done <<-END
		fallocate:error=EOPNOTSUPP:when=1+
		fallocate:error=ENOSYS:when=1+
		fallocate:error=EOPNOTSUPP:when=2
		fallocate:error=EINVAL:when=2+
		pread64:error=EINTR:when=1
		pread64:error=EINTR:when=3
		pwrite64:error=EINTR:when=1
	END
}

# ---- killed at each step ----

# Run again, all is as if nothing had been; FILE is there at every moment.
atf_test_case killed_anywhere
killed_anywhere_head() { atf_set require.progs strace; }
killed_anywhere_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	kills=0
	for call in open fcntl fstat statx flock stat lstat rename link unlink fchmod close poll; do
		for n in 1 2 3 4 5 6 7 8 9; do
			prepared
			killed $call $n log || break
			kills=$((kills + 1))
			[ -e log ] || fail "$call $n: there is no log: $(ls)"
			rotates log
			there_is log log.0 log.1
			[ ! -s log ] || fail "$call $n: $(ls -l log*)"
			counted 1000 len=50-150
		done
	done
	[ $kills -ge 25 ] || fail "only $kills kills"
}

# Lines may be in both files then, never in none.
atf_test_case copytruncate_killed_anywhere
copytruncate_killed_anywhere_head() { atf_set require.progs strace; }
copytruncate_killed_anywhere_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	kills=0 both=0
	for lines in 20 400; do # truncated; collapsed where that can be
		for call in ftruncate fchmod fstat pread64 fallocate fstatfs pwrite64 fdatasync flock lstat rename sched_yield write poll; do
			for n in 1 2 3 4 5 6 7 8 9; do
				rm -f log*
				$L make $lines len=50-150 >log
				size=$(stat -c %s log)
				killed $call $n --copytruncate log || break
				kills=$((kills + 1))
				twice=0
				if [ -e log.0 ] && [ "$(stat -c %s log)" = "$size" ]; then
					twice='[1-9][0-9]*'
					both=$((both + 1))
				fi
				pieces=0
				[ $call != pwrite64 ] || pieces='[01]'
				rotates --copytruncate log
				nothing_left
				rm -rf plain && mkdir plain
				for f in $(files log); do grep -av '^ *$' "$f" >"plain/$f" || :; done
				$L check $lines len=50-150 in $(files plain/log) >verdict || :
				has verdict "^$lines whole, 0 lost.* 0 twice" || [ "$twice" != 0 ] || fail "$call $n: $(cat verdict)"
				has verdict " 0 lost \(0 bytes\), $twice twice, 0 out of order, 0 damaged, $pieces pieces, 0 others" ||
					fail "$call $n: $(cat verdict)"
			done
		done
	done
	[ $kills -ge 50 ] || fail "only $kills kills"
	[ $both -ge 4 ] || fail "only $both kills between the copy and the cut"
}

# ---- more than one at once ----

atf_test_case at_once
at_once_body()
{
	writer len=20-180 rate=50000 to=log usr1
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		eventually larger log 5000
		pids=''
		for j in 1 2 3; do
			"$LR" --rotate --age=999 --signal="$writer" log >out.$j 2>err.$j &
			pids="$pids $!"
		done
		for p in $pids; do
			rc=0
			wait "$p" || rc=$?
			[ $rc = 0 ] || fail "exit status $rc: $(cat err.*)"
		done
		[ -z "$(cat out.* err.*)" ] || fail "$(cat out.* err.*)"
	done
	written
	counted "$n" len=20-180
	[ "$(files log | wc -l)" -ge 16 ] || fail "$(ls)"
	nothing_left
}

# slow FAULT CONDITION ARG...: it waits a second in front of that call, and this until that is true; its pid in $slow
slow()
{
	_fault=$1 _condition=$2
	shift 2
	strace -D -qq -o trace -e trace="${_fault%%:*}" -e inject="$_fault:delay_enter=1500000" "$LR" --rotate "$@" >slow.out 2>slow.err &
	slow=$!
	eventually $_condition
}
copied() { [ -s "$(unnumbered)" ]; }
made() { [ -e "$(unnumbered)" ]; }
opened() { [ "$(find -L "/proc/$slow/fd" -samefile log 2>/dev/null)" ]; }
# or_said: it has done it, or said in a line why not
or_said()
{
	sighted
	[ $rc = 0 ] && [ ! -s err ] || { [ $rc = 1 ] && [ "$(wc -l <err)" = 1 ] && has err '^se-logrotate: rotate: .+' && [ ! -s out ]; } ||
		fail "exit status $rc: $(cat out err)"
}
# finishes: the slow one ends, its exit status in $rc
finishes()
{
	rc=0
	wait $slow || rc=$?
	mv slow.out out
	mv slow.err err
	sighted
}

atf_test_case copytruncate_at_once
copytruncate_at_once_head() { atf_set require.progs strace; }
copytruncate_at_once_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	prepared
	slow fdatasync copied --copytruncate log
	rc=0
	"$LR" --rotate --copytruncate log >out 2>err || rc=$?
	or_said
	finishes
	[ $rc = 0 ] && [ ! -s err ] || fail "exit status $rc: $(cat err)"
	nothing_left
	plainly 1000 len=50-150
}

# FILE is renamed between the copy and the cut, by another --rotate or by hand.
atf_test_case copytruncate_and_rotate
copytruncate_and_rotate_head() { atf_set require.progs strace; }
copytruncate_and_rotate_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	prepared
	slow fdatasync copied --copytruncate log
	rotates log
	$L make 1100 len=50-150 from=1000 >>log
	finishes
	or_said
	plainly 1100 len=50-150
	nothing_left
}

atf_test_case copytruncate_and_mv
copytruncate_and_mv_head() { atf_set require.progs strace; }
copytruncate_and_mv_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	for more in 1000 1100; do # nothing, or lines in the new file
		prepared
		mv log.0 log.1
		slow fdatasync copied --copytruncate log
		mv log log.0
		$L make $more len=50-150 from=1000 >log
		finishes
		or_said
		plainly $more len=50-150
		nothing_left
	done
}

# The same between its open and the copy.
atf_test_case copytruncate_opened_before
copytruncate_opened_before_head() { atf_set require.progs strace; }
copytruncate_opened_before_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	for more in 1000 1100; do
		prepared
		slow unlink:when=1 opened --copytruncate log
		rotates log
		$L make $more len=50-150 from=1000 >>log
		finishes
		or_said
		plainly $more len=50-150
		nothing_left
	done
}

# It is truncated by hand meanwhile: those lines are gone, no others.
atf_test_case copytruncate_and_truncation
copytruncate_and_truncation_head() { atf_set require.progs strace; }
copytruncate_and_truncation_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	prepared
	slow fdatasync copied --copytruncate log
	: >log
	finishes
	or_said
	whole log >all
	# what was copied is there; what it leaves in FILE for the cut, is not
	$L check 1000 len=50-150 lost=40000 in all >verdict || fail "$(cat verdict; ls -l log*)"
	[ "$(grep -cE '^<0:([0-9]{1,2}|[1-6][0-9]{2}):' all)" = 700 ] || fail "$(cat verdict; ls -l log*)"
}

# Another rotation has made its new file: it is not taken away.
atf_test_case rotate_and_copytruncate
rotate_and_copytruncate_head() { atf_set require.progs strace; }
rotate_and_copytruncate_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	prepared
	slow fchmod made log
	"$LR" --rotate --copytruncate log >out2 2>err2 || :
	finishes
	plainly 1000 len=50-150
	[ $rc = 0 ] && [ ! -s err ] || fail "exit status $rc: $(cat err)"
	nothing_left
}

# A logger writes the same file, and rotates it too.
atf_test_case beside_a_logger
beside_a_logger_body()
{
	for size in 100k 0; do
		rm -f log*
		hold
		logger --size=$size --age=999 log
		$L make 0 rate=100000 count=written >p 8>&- &
		writer=$!
		for _ in $(seq 20); do
			eventually test -s log
			rotates --age=999 log
		done
		kill $writer
		ends $writer 0
		done_well
		[ ! -s err ] || fail "$(cat err)"
		counted "$(cat written)"
		[ "$(files log | wc -l)" -ge 21 ] || fail "$(ls)"
		nothing_left
	done
}

# Four at full speed do not keep it from the lock.
atf_test_case beside_four_loggers
beside_four_loggers_body()
{
	pids=''
	for i in 0 1 2 3; do
		$L make 150000 id=$i len=20-180 rate=50000 | "$LR" --size=0 --age=999 log 2>err.$i &
		pids="$pids $!"
	done
	for i in 1 2 3 4 5 6 7 8 9 10; do
		eventually test -s log
		rotates --age=999 log
	done
	for p in $pids; do ends "$p" 0; done
	[ -z "$(cat err.*)" ] || fail "$(cat err.*)"
	counted 150000 len=20-180 ids=4
	[ "$(files log | wc -l)" = 11 ] || fail "$(ls)"
}

# The logger's lock: truncated or not, nothing is lost.
atf_test_case copytruncate_beside_a_logger
copytruncate_beside_a_logger_head() { atf_set require.user root; }
copytruncate_beside_a_logger_body()
{
	disk 128m
	mkdir here
	for dir in "$disk" here; do
		hold
		"$LR" --size=0 "$dir/log" <p >out.logger 2>err.logger 8>&- &
		PID=$!
		eventually listens
		$L make 0 len=20-180 rate=30000 count=written >p 8>&- &
		writer=$!
		for _ in $(seq 10); do
			eventually larger "$dir/log" 50000
			rotates --copytruncate --age=999 "$dir/log"
		done
		kill $writer
		ends $writer 0
		done_well
		only_waits
		rm -rf plain
		mkdir plain
		for f in $(files "$dir/log"); do grep -av '^ *$' "$f" >"plain/${f##*/}" || :; done
		counted_in plain/log "$(cat written)" len=20-180
		[ "$(files "$dir/log" | wc -l)" -ge 6 ] || fail "$(ls -l "$dir")"
	done
	no_disk
}
# only_waits: that is all that the logger may have said; collapsing waits for the disk
only_waits()
{
	! grep -vE '^se-logrotate: (stat|lock): .*: (Resource temporarily unavailable: trying again every second|it works again)$' err.logger ||
		fail "$(cat err.logger)"
}
larger_or_gone() { gone $writer || larger "$dir/log" 50000; }

# The logger rotates between the copy and the cut: then it is left alone, with a word.
atf_test_case copytruncate_and_a_rotation
copytruncate_and_a_rotation_head() { atf_set require.progs strace; }
copytruncate_and_a_rotation_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	for more in 0 100; do # lines in the new file
		rm -f log*
		hold
		"$LR" --size=0 --age=99 log <p >out.logger 2>err.logger 8>&- &
		PID=$!
		eventually listens
		$L make 1000 len=50-150 >p
		eventually holds log 1000
		slow fdatasync copied --copytruncate --age=99 log
		kill -ALRM $PID
		eventually test -e log.0
		$L make $((1000 + more)) from=1000 len=50-150 >p
		finishes
		or_said
		done_well
		only_waits
		nothing_left
		plainly $((1000 + more)) len=50-150
	done
}

# The same many times, whenever it comes.
atf_test_case copytruncate_and_a_logger
copytruncate_and_a_logger_body()
{
	hold
	"$LR" --size=100k --age=999 log <p >out.logger 2>err.logger 8>&- &
	PID=$!
	eventually listens
	$L make 400000 len=20-180 rate=100000 >p 8>&- &
	writer=$!
	n=0
	dir=.
	until gone $writer; do
		eventually larger_or_gone
		n=$((n + 1))
		rc=0
		"$LR" --rotate --copytruncate --age=999 log >out 2>err || rc=$?
		or_said
	done
	ends $writer 0
	done_well
	only_waits
	[ $n -ge 5 ] || fail "only $n rotations"
	plainly 400000 len=20-180
	nothing_left
}

# A filter that takes long keeps no line waiting.
atf_test_case compress_beside_a_logger
compress_beside_a_logger_body()
{
	printf '#!/bin/sh\necho $$ >filtering\nuntil [ -e go ]; do sleep 0.05; done\nexec gzip\n' >filter
	chmod +x filter
	for way in '' --copytruncate; do
		rm -f log* filtering go
		hold
		"$LR" --size=0 log <p >out.logger 2>err.logger 8>&- &
		PID=$!
		eventually listens
		echo one >p
		eventually has log one
		"$LR" --rotate $way log >out 2>err
		echo two >p
		eventually has log two
		"$LR" --rotate $way --compress=./filter log >out 2>err &
		rotation=$!
		eventually test -s filtering
		echo three >p
		sleep 0.5 # is what is measured
		written=no
		! has log three || written=yes
		: >go
		ends $rotation 0
		eventually has log three
		done_well
		[ $written = yes ] || fail "$way: the line waited for the filter: $(cat err.logger)"
		[ ! -s err.logger ] || fail "$(cat err.logger)"
	done
}

# A single writer has it for good: that is said, and nothing is done.
atf_test_case beside_a_single_writer
beside_a_single_writer_body()
{
	hold
	logger --single-writer log
	$L make 10 >p
	eventually holds log 10
	mv err err.logger
	refuses 1 'rotate: log: locked, or within a line, for 10s' log
	there_is log
	$L make 20 from=10 >p
	done_well
	[ ! -s err.logger ] || fail "$(cat err.logger)"
	counted 20
}

atf_init_test_cases()
{
	atf_add_test_case signal
	atf_add_test_case no_signal
	atf_add_test_case signals
	atf_add_test_case no_target
	atf_add_test_case killed_before_the_signal
	atf_add_test_case names
	atf_add_test_case keep_bytes
	atf_add_test_case size
	atf_add_test_case modes
	atf_add_test_case owners
	atf_add_test_case no_such_owner
	atf_add_test_case copytruncate_owner
	atf_add_test_case header
	atf_add_test_case compress
	atf_add_test_case compress_fails
	atf_add_test_case symbolic_link
	atf_add_test_case not_a_log
	atf_add_test_case several
	atf_add_test_case long_names
	atf_add_test_case unprivileged
	atf_add_test_case no_permission
	atf_add_test_case owner_refused
	atf_add_test_case collapsed
	atf_add_test_case collapsed_between_lines
	atf_add_test_case truncated
	atf_add_test_case unended
	atf_add_test_case collapsed_unended
	atf_add_test_case collapsed_long_lines
	atf_add_test_case no_append
	atf_add_test_case stdout_full
	atf_add_test_case full_disk
	atf_add_test_case errors
	atf_add_test_case errors_of_the_new_file
	atf_add_test_case no_hard_links
	atf_add_test_case locks
	atf_add_test_case copytruncate_errors
	atf_add_test_case copytruncate_other_ways
	atf_add_test_case killed_anywhere
	atf_add_test_case copytruncate_killed_anywhere
	atf_add_test_case at_once
	atf_add_test_case copytruncate_at_once
	atf_add_test_case copytruncate_and_rotate
	atf_add_test_case copytruncate_and_mv
	atf_add_test_case copytruncate_opened_before
	atf_add_test_case copytruncate_and_truncation
	atf_add_test_case rotate_and_copytruncate
	atf_add_test_case beside_a_logger
	atf_add_test_case beside_four_loggers
	atf_add_test_case copytruncate_beside_a_logger
	atf_add_test_case copytruncate_and_a_rotation
	atf_add_test_case copytruncate_and_a_logger
	atf_add_test_case compress_beside_a_logger
	atf_add_test_case beside_a_single_writer
}
