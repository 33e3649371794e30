# What se-logrotate puts in front of lines, and what it tells of itself.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/logrotate.subr"

# stamp ARG...: of the line "text", what is written
stamp() { echo text | $LR "$@" - 2>err || fail "exit status: $(cat err)"; }
# like ERE ARG...: that matches it
like()
{
	want=$1
	shift
	got=$(stamp "$@")
	printf '%s\n' "$got" | grep -qE "^$want\$" || fail "$*: $got"
}
DAY='20[0-9]{2}-[01][0-9]-[0-3][0-9]'
TIME='[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]'

atf_test_case formats
formats_body()
{
	like text --stamp=none
	like "${DAY}T${TIME}{6}(Z|[+-][0-9]{2}:[0-9]{2}) text" --stamp=iso
	like "${DAY}T${TIME}{6}Z text" --stamp=iso --utc
	like '@4[0-9a-f]{23} text' --stamp=tai64n
	like "${DAY}T${TIME}{9}Z stdout F text" --stamp=cri
	like "${DAY}T${TIME}{9}Z stderr F text" --stamp=cri --stream=stderr
	like "[{]\"time\":\"${DAY}T${TIME}{6}Z\",\"stream\":\"stdout\",\"message\":\"text\"[}]" --stamp=json
	like "[{]\"time\":\"${DAY}T${TIME}{6}Z\",\"stream\":\"stderr\",\"message\":\"> text\"[}]" --stamp=json --stream=stderr --prefix='> '
	like "${DAY}T${TIME}{6}Z \[web\] text" --stamp=iso --utc --prefix='[web] ' --stamp-each
	got=$(stamp --stamp=ruby)
	printf '%s\n' "$got" | tail -n 1 | grep -qE "^I, \[${DAY}T${TIME}{6} #[0-9]+\]  INFO -- : text\$" || fail "$got"
	for level in trace:T:TRACE debug:D:DEBUG info:I:' INFO' warn:W:' WARN' error:E:ERROR fatal:F:FATAL; do
		name=${level##*:} letter=${level#*:}
		got=$(stamp --stamp=ruby --level="${level%%:*}" --progname=app --prefix='p: ' | tail -n 1)
		printf '%s\n' "$got" | grep -qE "^${letter%%:*}, \[${DAY}T${TIME}{6} #[0-9]+\] $name -- app: p: text\$" || fail "$got"
	done
}

# seconds STAMP: since 1970
seconds() { date -u -d "$1" +%s; }
# near SECONDS: that is now
near() { between -5 60 $(($(date +%s) - $1)) "time $2"; }

atf_test_case zones
zones_body()
{
	near "$(seconds "$(stamp --stamp=iso --utc | cut -d ' ' -f 1)")" utc
	near "$(seconds "$(stamp --stamp=cri | cut -d ' ' -f 1)")" cri
	near "$(seconds "$(stamp --stamp=json | cut -d '"' -f 4)")" json
	near $((0x$(stamp --stamp=tai64n | cut -c 3-17) - 10)) tai64n
	while read -r zone offset; do
		export TZ="$zone"
		got=$(stamp --stamp=iso | cut -d ' ' -f 1)
		near "$(seconds "$got")" "$zone"
		case $got in *"$offset") ;; *) fail "TZ=$zone: $got, expected $offset" ;; esac
		got=$(stamp --stamp=ruby | tail -n 1 | cut -c 5-30)
		near "$(seconds "$got$offset")" "$zone, ruby"
		near "$(seconds "$(stamp --stamp=cri | cut -d ' ' -f 1)")" "$zone, cri"
		case $(stamp --stamp=iso --utc) in *Z' text') ;; *) fail "TZ=$zone: --utc" ;; esac
	done <<-END
		XYZ-5:45 +05:45
		ABC12 -12:00
		UTC0 $(date -u +%:z)
		<+14>-14 +14:00
	END
	for zone in Europe/Berlin America/St_Johns Asia/Kathmandu Pacific/Chatham Etc/GMT+7; do
		[ -e /usr/share/zoneinfo/$zone ] || continue
		for TZ in $zone :$zone /usr/share/zoneinfo/$zone; do
			offset=$(TZ=$zone date +%:z)
			got=$(stamp --stamp=iso | cut -d ' ' -f 1)
			case $got in *"$offset") ;; *) fail "TZ=$TZ: $got, expected $offset" ;; esac
			near "$(seconds "$got")" "$TZ"
		done
	done
	for TZ in '' nonsense /no/such/file ../../etc/passwd; do
		case $(stamp --stamp=iso) in *[Z0]' text') ;; *) fail "TZ=$TZ: $(stamp --stamp=iso)" ;; esac
	done
}

# The clock goes on: lines of different chunks, and with --stamp-each of one.
atf_test_case clock_goes_on
clock_goes_on_body()
{
	hold
	logger --stamp=iso --utc log
	for i in 1 2 3; do
		echo $i >p
		eventually lines log ' ' $i
	done
	done_well
	[ "$(cut -c 1-27 log | sort -u | wc -l)" = 3 ] || fail "$(cat log)"
	sort -c log || fail "$(cat log)"
	$L make 100000 | $LR --size=0 --stamp=iso --utc --stamp-each each || fail 'exit status'
	[ "$(cut -c 1-27 each | sort -u | wc -l)" -ge 10 ] || fail "$(head -n 3 each)"
	cut -c 1-27 each | sort -c || fail 'not in order'
	counted_in each 100000 after
}

atf_test_case ruby_header
ruby_header_body()
{
	$L make 300 | $LR --stamp=ruby --size=10k --age=99 log || fail 'exit status'
	counted 300 after other='# Logfile created on '
	for f in $(files log); do
		sed -n 1p "$f" | grep -qE "^# Logfile created on $DAY [0-9:]{8} [+-][0-9]{4} by " || fail "$(head -n 1 "$f")"
		lines "$f" '^# Logfile' 1 || fail "$f: $(grep '^#' "$f")"
	done
	at_most 10240
	echo x | $LR --stamp=ruby log || fail 'exit status'
	lines log '^# Logfile' 1 || fail "$(cat log)"
	echo x | $LR --header plain || fail 'exit status'
	[ "$(sed -n '1s/ created.*//p;2p' plain | tr '\n' ' ')" = '# Logfile x ' ] || fail "$(cat plain)"
}

atf_test_case json_is_json
json_is_json_head() { atf_set require.progs perl; }
json_is_json_body()
{
	perl -e 'print join("", map { chr } grep { $_ != 10 } 0 .. 127), "\n", "quote \" back \\ slash / tab \t \x7f\n",
		"gr\xc3\xbc\xc3\x9fe \xe2\x82\xac \xf0\x9f\x98\x80\n", "broken \xff \xc3( \xe2\x82 \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\x80 end\n", "\n", "x" x 300000, "\n"' >in
	$LR --stamp=json log <in || fail 'exit status'
	perl -MJSON::PP -e '
		binmode STDOUT, ":utf8";
		while (<STDIN>) { my $o = decode_json($_); die "keys" unless join(",", sort keys %$o) =~ /^message,(partial,)?stream,time$/; print $o->{message}, "\n" }' \
		<log >out 2>perl || fail "not JSON: $(cat perl)"
	head -n 3 in >want
	head -n 3 out | cmp - want || fail 'altered'
	sed -n 4p out | grep -q '^broken .* end$' || fail "$(sed -n 4p out)"
	[ -z "$(sed -n 5p out)" ] || fail 'the empty line'
	[ "$(tail -n +6 out | tr -d '\n' | wc -c)" = 300000 ] || fail 'the long line'
	printf 'a "quoted" one\n0123456789abcdef0123456789\n' | $LR --stamp=json --prefix='"\' --max-line=20 cut || fail 'exit status'
	perl -MJSON::PP -ne 'print decode_json($_)->{message}, "\n"' <cut >out 2>perl || fail "not JSON: $(cat perl cut)"
	[ "$(cat out)" = "$(printf '"\\a "quoted" one\n"\\0123456789abcdef0123... [6 bytes cut]')" ] || fail "$(cat out cut)"
}

# Pieces of a line that is longer than the buffer: P, and at last F.
atf_test_case cri_pieces
cri_pieces_body()
{
	{ echo before && $L make 3 len=700000 && echo after; } >in
	$LR --stamp=cri --size=0 log <in || fail 'exit status'
	! grep -vE '^[^ ]+Z stdout [PF] ' log >bad || fail "$(cut -c 1-100 bad)"
	awk '{ tag = $3; sub(/^[^ ]+ [^ ]+ [^ ]+ /, ""); printf "%s%s", $0, tag == "F" ? "\n" : "" }' log >got
	cmp in got || fail "$(cut -c 1-100 log)"
	lines log ' stdout F ' 5 || fail "$(cut -c 1-100 log)"
	printf 'no newline' | $LR --stamp=cri open || fail 'exit status'
	[ "$(wc -l <open)" = 1 ] || fail "$(cat open)"
}

# ---- counters ----

# counter NAME [FILE]: of the status
counter() { $LR --status "$PWD/${2:-log}" | sed -n "s/.* $1=\([^ ]*\).*/\1/p"; }
counts() { [ "$(counter "$1")" = "$2" ]; }

atf_test_case counters
counters_body()
{
	export SIGDUMP_PATH="$PWD/dump"
	hold
	logger --size=100k --age=99 log
	$L make 5000 len=10-300 >in
	cat in >p
	eventually counts lines 5000
	counts bytes "$(wc -c <in)" || fail "$($LR --status log)"
	counts rotations $(($(files log | wc -l) - 1)) || fail "$($LR --status log)"
	counts pid "$PID" || [ "$($LR --status log | cut -d ' ' -f 1)" = "pid=$PID" ] || fail "$($LR --status log)"
	for name in dropped_lines dropped_bytes errors; do
		counts $name 0 || fail "$name: $($LR --status log)"
	done
	$LR --status log | grep -qE "^pid=$PID file=$PWD/log since=${DAY}T[0-9:]{8}Z lines=5000 .* error=none\$" || fail "$($LR --status log)"
	near "$(seconds "$(counter since)")" since
	ln -s . other
	[ "$($LR --status other/log)" = "$($LR --status log)" ] || fail 'by another path'
	$LR --status | grep -q "^pid=$PID " || fail 'not among all'
	kill -CONT "$PID"
	eventually has dump "^pid=$PID .* lines=5000 "
	[ "$(stat -c %a dump)" = 600 ] || fail "$(ls -l dump)"
	[ "$(cat dump)" = "$($LR --status log)" ] || fail "$(cat dump)"
	done_well
	quiet
	rc=0
	$LR --status log >out 2>err || rc=$?
	[ $rc = 1 ] && lines err '^se-logrotate: status: log: ' 1 || fail "$rc: $(cat out err)"
}

# What is not a logger's, or of another user, does no harm.
atf_test_case counters_of_others
counters_of_others_head() { atf_set require.user root; atf_set require.progs setpriv; }
counters_of_others_body()
{
	chmod 755 .
	hold
	logger log
	echo x >p
	eventually holds log 1
	if setpriv --reuid=54321 --clear-groups "$LR" --version >/dev/null 2>&1; then
		setpriv --reuid=54321 --clear-groups "$LR" --status >out 2>err && fail "a stranger sees it: $(cat out)"
	fi
	eventually counts lines 1
	done_well
}

atf_test_case other_dump_signal
other_dump_signal_body()
{
	export SIGDUMP_PATH="$PWD/dump" SIGDUMP_SIGNAL=USR2
	hold
	logger log
	echo x >p
	eventually holds log 1
	kill -USR2 "$PID"
	eventually has dump " lines=1 "
	kill -CONT "$PID"
	done_well
	lines dump 'pid=' 1 || fail "$(cat dump)"
	rc=0
	SIGDUMP_SIGNAL=NOPE $LR log </dev/null 2>err || rc=$?
	[ $rc = 2 ] && lines err '^se-logrotate: SIGDUMP_SIGNAL: NOPE: ' 1 || fail "$rc: $(cat err)"
}

atf_init_test_cases()
{
	atf_add_test_case formats
	atf_add_test_case zones
	atf_add_test_case clock_goes_on
	atf_add_test_case ruby_header
	atf_add_test_case json_is_json
	atf_add_test_case cri_pieces
	atf_add_test_case counters
	atf_add_test_case counters_of_others
	atf_add_test_case other_dump_signal
}
