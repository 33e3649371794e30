# se-starter when something is wrong: readiness that does not come, kills, forks that fail, nobody above it.

# shellcheck source=/dev/null disable=SC2016 # inner shells
. "$SRC/tests/e2e/starter.subr"

# ---- readiness ----

atf_test_case ready_by_notify
ready_by_notify_body()
{
	for how in ready readyfd; do
		rm -f go
		starter --port=127.0.0.1:0 --ready=notify --interval=60 -- sh -c 'until [ "$SERVER_STARTER_GENERATION" = 1 ] || [ -e go ]; do sleep 0.02; done; exec "$@"' sh "$WEB" $how
		AT=$(port)
		kill -HUP "$PID"
		eventually generation 2 starting
		sleep 0.5 # nothing comes of waiting alone
		generation 2 starting && generation 1 current && serves 1 || fail "$(states)"
		: >go
		eventually only 2
		serves 2 || fail "$(get "$AT")"
		[ "$how" != ready ] || [ "$(env_of NOTIFY_SOCKET | cut -c1)" = @ ] || fail "$(env_of NOTIFY_SOCKET)"
		stop
	done
}

# A child of the worker may tell it; a stranger may not.
atf_test_case ready_by_whom
ready_by_whom_body()
{
	$S --pid-file=pid --port=127.0.0.1:0 --ready=notify -- sh -c 'printf %s "$NOTIFY_SOCKET" >name.new; mv name.new name
		trap "kill \$!; exit 0" TERM; until [ -e go ]; do sleep 0.02; done; "$@" & wait' sh "$WEB" ready 2>err &
	PID=$!
	eventually test -s name
	perl -MIO::Socket::UNIX -e 'my $n = shift; $n =~ s/^@/\0/; IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $n)->send("READY=1")' "$(cat name)"
	sleep 0.3 # it is not believed
	generation 1 starting || fail "$(states)"
	: >go
	eventually generation 1 current
	kill "$PID"
	ends "$PID" 0
}

atf_test_case ready_by_connect
ready_by_connect_body()
{
	p=$("$BUILD/helpers/httpd" port)
	rm -f pid gens
	$S --pid-file=pid --ready=connect --ready-address="127.0.0.1:$p" -- sh -c 'until [ -e go ]; do sleep 0.02; done; exec "$@"' sh "$BUILD/helpers/httpd" serve "$p" 2>err &
	PID=$!
	eventually generation 1 starting
	sleep 0.3 # nobody listens there
	generation 1 starting || fail "$(states)"
	: >go
	eventually generation 1 current
	kill "$PID"
	ends "$PID" 0
	refused 255 '^se-starter: --ready-address: 80x: ' --ready=connect --ready-address=80x -- true
	refused 255 '^se-starter: --ready-address: 127.0.0.1:[0-9]+: we listen there ourselves' --port="127.0.0.1:$p" --ready=connect --ready-address="127.0.0.1:$p" -- true
	refused 255 '^se-starter: --ready-address: u80: nothing connects to UDP$' --ready=connect --ready-address=u80 -- true
}

atf_test_case ready_too_late
ready_too_late_body()
{
	starter --port=127.0.0.1:0 --ready=notify --ready-timeout=0.5 --max-retries=1 --interval=0.1 -- sh -c '[ "$SERVER_STARTER_GENERATION" = 1 ] || [ -e go ] && set -- "$@" ready; exec "$@"' sh "$WEB"
	AT=$(port)
	kill -HUP "$PID"
	eventually has err '^giving up after 2 failed starts: the old worker stays$'
	lines err '^new worker [0-9]+ is not ready in time, killing it$' 2 || fail "$(cat err)"
	only 1 && serves 1 || fail "$(states)"
	: >go
	hup 4
	stop
}

# ---- kills ----

# Served again within milliseconds, once; from its own last words to its successor's first.
atf_test_case killed_young
killed_young_body()
{
	rm -f pid gens
	$S --pid-file=pid --port=127.0.0.1:0 --interval=60 -- sh -c 'date +%s.%N >>starts; [ "$SERVER_STARTER_GENERATION" != 1 ] || { sleep 0.1; date +%s.%N >died; kill -9 $$; }; exec "$@"' sh "$WEB" 2>err &
	PID=$!
	eventually at_least starts . 2
	AT=$(port)
	eventually serves 2
	awk 'NR == FNR { died = $1; next } FNR == 2 && $1 - died > 2 { exit 1 }' died starts || fail "$(cat died starts)"
	kill -TERM "$PID"
	ends "$PID" 0
}

atf_test_case superdaemon_killed
superdaemon_killed_body()
{
	starter --port=127.0.0.1:0 --path=sock --interval=0.1 -- "$WEB"
	w=$(worker 1) p=$(port)
	kill -9 "$PID"
	ends "$PID" 137
	eventually gone "$w"
	# the next one takes all of it over
	mv pid pid.old && cp pid.old pid
	[ -S sock ] && [ -e gens ] || fail "$(ls)"
	starter_on_old --port="127.0.0.1:$p" --path=sock --interval=0.1 -- "$WEB"
	AT=$p
	serves 1 || fail "$(get "$AT")"
	stop
	[ ! -e sock ] || fail 'the socket is left'
	# kept: they serve on
	starter --port=127.0.0.1:0 --interval=0.1 --orphans=keep -- "$WEB"
	w=$(worker 1) AT=$(port)
	kill -9 "$PID"
	ends "$PID" 137
	serves 1 || fail "$(get "$AT")"
	kill "$w"
	eventually gone "$w"
}
# as starter, the files of a dead one are there
starter_on_old()
{
	$S --pid-file=pid --status-file=gens "$@" >out 2>err &
	PID=$!
	eventually up_or_gone
	! gone "$PID" || fail "$(cat err)"
}

# ---- what the system refuses ----

atf_test_case forks_fail
forks_fail_head() { atf_set require.progs strace; }
forks_fail_body()
{
	! no_strace || atf_skip 'strace cannot trace here'
	# the second to the fourth
	strace -D -f -qq -o trace -e trace=clone -e inject=clone:error=EAGAIN:when=2..4 $S --pid-file=pid --port=127.0.0.1:0 --interval=0.1 -- "$WEB" 2>err &
	PID=$!
	eventually at_state current 1
	AT=$(port)
	kill -HUP "$PID"
	eventually only 5
	serves 5 || fail "$(get "$AT")"
	lines err '^failed to fork [^ ]*/web: (Resource temporarily unavailable|Try again)$' 3 || fail "$(cat err)"
	kill "$PID"
	ends "$PID" 0
}

# The program is away for a while, and its directory.
atf_test_case program_away
program_away_body()
{
	mkdir dir
	cp "$WEB" prog
	starter --port=127.0.0.1:0 --interval=0.1 --dir=dir -- "$PWD/prog"
	AT=$(port)
	mv prog prog.away
	kill -HUP "$PID"
	eventually at_least err '^failed to exec [^ ]*/prog: No such file or directory$' 3
	only 1 && serves 1 || fail "$(states)"
	mv prog.away prog
	eventually no_old
	mv dir dir.away
	kill -HUP "$PID"
	eventually at_least err '^failed to chdir ' 2
	mv dir.away dir
	kill "$PID"
	ends "$PID" 0
}
no_old() { [ "$(states | wc -l)" = 1 ] && at_state current 1 && ! generation 1 current; }

# ---- whom they run as ----

atf_test_case identity
identity_head() { atf_set require.user root; }
identity_body()
{
	chmod 755 .
	cp "$WEB" web # where everybody can reach it
	starter --port=127.0.0.1:0 --interval=0.1 --user=nobody --group=nogroup --umask=027 --rlimit=nofile=100:200 --rlimit=core=0 -- ./web
	st=/proc/$(worker 1)/status
	[ "$(awk '/^Uid:/ { print $2, $3, $4, $5 }' "$st")" = '65534 65534 65534 65534' ] || fail "$(cat "$st")"
	[ "$(awk '/^Gid:/ { print $2, $3, $4, $5 }' "$st")" = '65534 65534 65534 65534' ] || fail "$(cat "$st")"
	[ "$(awk '/^Umask:/ { print $2 }' "$st")" = 0027 ] || fail "$(cat "$st")"
	[ "$(awk '/^Max open files/ { print $4, $5 }' "/proc/$(worker 1)/limits")" = '100 200' ] || fail "$(cat "/proc/$(worker 1)/limits")"
	[ "$(awk '/^Max core/ { print $5, $6 }' "/proc/$(worker 1)/limits")" = '0 0' ] || fail "$(cat "/proc/$(worker 1)/limits")"
	w=$(worker 1)
	AT=$(port)
	serves 1 || fail 'not served'
	kill -9 "$PID" # its death signal outlives the change of identity
	ends "$PID" 137
	eventually gone "$w"
	mkdir -p root/in
	cp "$WEB" root/web
	starter --port=127.0.0.1:0 --interval=0.1 --chroot=root --dir=/in -- /web
	[ "$(readlink "/proc/$(worker 1)/root"):$(readlink "/proc/$(worker 1)/cwd")" = "$PWD/root:$PWD/root/in" ] || fail 'not in there'
	AT=$(port)
	serves 1 || fail 'not served'
	stop
}

atf_test_case socket_options
socket_options_body()
{
	command -v ss >/dev/null || atf_skip 'no ss'
	starter --port=127.0.0.1:0 --backlog=77 --defer-accept=3 --fastopen=9 --interval=0.1 -- "$WEB"
	$S --status --json --pid-file=pid | grep -q '"backlog":77' || fail "$($S --status --json --pid-file=pid)"
	ss -Hltn "sport = :$(port)" | awk '$3 != 77 { exit 1 }' || fail "$(ss -Hltn)"
	stop
}

# Whether accept may block is the same for all who have the socket.
atf_test_case nonblocking
nonblocking_body()
{
	for option in '' --nonblocking; do
		starter --port=127.0.0.1:0 --path="$PWD/socket" $option --interval=0.1 -- sleep 1000
		for fd in 3 4; do
			flags=$(awk '$1 == "flags:" { print $2 }' "/proc/$(worker 1)/fdinfo/$fd")
			[ $((flags & 04000)) = "$([ -z "$option" ] && echo 0 || echo 2048)" ] || fail "$option: $fd: $flags"
		done
		stop
	done
}

# What waits to be accepted is seen in the status.
atf_test_case queue_in_status
queue_in_status_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done'
	p=$(port)
	perl -MIO::Socket::IP -e 'my @s = map { IO::Socket::IP->new(PeerHost => "127.0.0.1", PeerPort => $ARGV[0]) } 1 .. 3; open my $f, ">", "there"; close $f; sleep 30' "$p" &
	client=$!
	eventually test -e there
	$S --status --pid-file=pid | grep -qE "^ +3 +3 127.0.0.1:$p\$" || fail "$($S --status --pid-file=pid)"
	kill $client
	stop
}

# ---- PID 1 ----

atf_test_case pid1
pid1_body()
{
	_user=
	[ "$(id -u)" = 0 ] || _user=--map-root-user
	# shellcheck disable=SC2086 # words
	unshare $_user --pid --fork --kill-child --mount-proc $S --port=127.0.0.1:0 --interval=0.2 -- sh -c '
		(sleep 0.1 & sleep 0.2 &)
		exec "$@"' sh "$WEB" say=up >out 2>err &
	PID=$!
	eventually gone_or has err '^starting new worker [0-9]+$'
	! gone "$PID" || atf_skip "no pid namespace here: $(head -n 1 err)"
	INIT=$(children "$PID")
	INIT=${INIT% }
	eventually only_child "$INIT"
	kill -HUP "$INIT"
	eventually has err '^old worker [0-9]+ died, status:0$'
	eventually only_child "$INIT"
	kill -TERM "$INIT"
	ends "$PID" 0
	has err '^exiting$' || fail "$(cat err)"
}
gone_or() { gone "$PID" || "$@"; }
only_child() { [ "$(children "$1" | wc -w)" = 1 ]; }

# ---- all at once ----

# Restarts, deaths and hangs under load: nothing is refused, and it ends well.
atf_test_case under_all_of_it
under_all_of_it_head() { atf_set timeout 120; }
under_all_of_it_body()
{
	starter --port=127.0.0.1:0 --ready=notify --interval=0.1 --kill-old-timeout=3 -- "$BUILD/bench/httpd" delay=5
	AT=127.0.0.1:$(port)
	"$BUILD/bench/load" "$AT" rate=300 connections=8 seconds=100 close >load &
	load=$!
	for n in $(seq 2 12); do
		case $((n % 3)) in
		0) hup "$n" ;;
		1)
			sleep 1.1 # it has lived for so long then: no failed start
			kill -TERM "$(worker $((n - 1)))" # it goes by itself, in its own way
			eventually only "$n"
			;;
		2)
			kill -HUP "$PID"
			eventually generation "$n" current
			kill -STOP "$(worker "$n")"
			kill -CONT "$(worker "$n")"
			eventually only "$n"
			;;
		esac
	done
	kill -TERM $load
	wait $load || fail "$(cat load)"
	has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	stop
}

atf_init_test_cases()
{
	for c in ready_by_notify ready_by_whom ready_by_connect ready_too_late killed_young superdaemon_killed forks_fail program_away identity \
		socket_options nonblocking queue_in_status pid1 under_all_of_it; do
		atf_add_test_case $c
	done
}
