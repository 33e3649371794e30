# se-supervise: sockets that all workers share, as a pre-forking server has them.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/starter.subr"

LOAD=$BUILD/bench/load

# listening ARG...: a supervisor; what its workers were told of their sockets is in $PORTS
listening()
{
	rm -f ctl w
	supervise "$@" -- sh -c 'env >w.$SERVERENGINE_WORKER_ID; exec "$0" say=up' "$WEB"
	eventually lines log '^up$' "$(printf '%s\n' "$@" | sed -n 's/^--workers=//p;$s/.*/1/p' | head -n 1)"
	PORTS=$(sed -n 's/^SERVER_STARTER_PORT=//p' w.0)
}
# at N: where the Nth of them listens
at() { printf '%s' "$PORTS" | cut -d ';' -f "$1" | sed 's/=[0-9]*$//'; }

atf_test_case shared
shared_body()
{
	listening --workers=3 --listen="127.0.0.1:0,[::1]:0,127.0.0.1:u0,$PWD/sock,@se-$$" --backlog=77
	# every worker has the same
	for n in 0 1 2; do
		pid=$(worker_pid $n)
		[ "$(sed -n 's/^LISTEN_PID=//p' w.$n)" = "$pid" ] || fail "$(cat w.$n)"
		[ "$(sed -n 's/^LISTEN_FDS=//p' w.$n)" = 5 ] || fail "$(cat w.$n)"
		[ "$(sed -n 's/^SERVER_STARTER_PORT=//p' w.$n)" = "$PORTS" ] || fail "$(cat w.$n)"
		[ "$(sed -n 's/^SERVERENGINE_HEARTBEAT_PIPE=//p' w.$n)" = 8 ] || fail "$(cat w.$n)"
		[ "$(ls "/proc/$pid/fd" | sort -n | head -n 9 | tr '\n' ' ')" = '0 1 2 3 4 5 6 7 8 ' ] || fail "$(ls -l "/proc/$pid/fd")"
	done
	[ "$(sed -n 's/^LISTEN_FDNAMES=//p' w.0)" = "$(at 1 | tr : -):$(at 2 | tr : -):$(at 3 | tr : -):$(at 4):$(at 5)" ] || fail "$(cat w.0)"
	for i in 1 2 4 5; do
		get "$(at $i)" | grep -q . || fail "$(at $i): no answer"
	done
	get "u:$(at 3)" | grep -q hello || fail "$(at 3): no answer"
	ss -ltn | grep -q " 77 *$(at 1) " || fail "$(ss -ltn)"
	finish
	[ ! -e sock ] || fail 'the file is left'
}

# A worker that is replaced, all of them, a reload: nobody who connects sees it.
atf_test_case restarts_lose_nothing
restarts_lose_nothing_body()
{
	listening --workers=4 --listen=127.0.0.1:0
	for kind in '' close; do
		"$LOAD" "$(at 1)" rate=500 connections=8 seconds=100 $kind >load &
		load=$!
		n=0
		while [ $n -lt 5 ]; do
			n=$((n + 1))
			before=$(grep -c '^up$' log)
			kill -USR1 "$PID"
			eventually more_up $((before + 4))
			$SE --control-path=ctl --reload
		done
		kill -INT $load
		wait $load || fail "$(cat load)"
		has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	done
	finish
}
more_up() { [ "$(grep -c '^up$' log)" -ge "$1" ]; }

atf_test_case numbers
numbers_body()
{
	listening --listen=127.0.0.1:0=7,127.0.0.1:0
	[ "$(sed -n 's/^SERVERENGINE_HEARTBEAT_PIPE=//p' w.0)" = 8 ] || fail "$(cat w.0)"
	case $PORTS in 127.0.0.1:*=7\;127.0.0.1:*=3) ;; *) fail "$PORTS" ;; esac
	! has w.0 '^LISTEN_FDS=' || fail "$(cat w.0)"
	get "$(at 1)" | grep -q . || fail 'no answer'
	get "$(at 2)" | grep -q . || fail 'no answer'
	finish
}

# Somebody else's words about sockets are not handed on.
atf_test_case not_inherited
not_inherited_body()
{
	export SERVER_STARTER_PORT=80=3 LISTEN_FDS=1 LISTEN_PID=1 LISTEN_FDNAMES=x
	supervise -- sh -c 'env >w; exec sleep 1000'
	eventually has w .
	! has w '^(SERVER_STARTER_PORT|LISTEN_)' || fail "$(cat w)"
	finish
}

atf_test_case allowed_networks
allowed_networks_body()
{
	$SE --listen=127.0.0.1:0 --allowed-networks=127.0.0.2 --unrecoverable-exit-codes=0 -- true >out 2>err || :
	[ "$(id -u)" = 0 ] || ! has err '^se-supervise: listen: 127.0.0.1:0: allowed_networks: Operation not permitted$' ||
		atf_skip 'this kernel lets only root filter'
	listening --listen='127.0.0.1:0,[::1]:0,127.0.0.1:u0,'"$PWD/sock" --allowed-networks=127.0.0.2,127.0.1.0/24
	for from in 127.0.0.2 127.0.1.77; do
		[ "$(reach $from "$(at 1)" 30)" = yes ] || fail "$from is refused"
	done
	# others are not answered at all, and nobody by IPv6
	[ "$(reach 127.0.0.1 "$(at 1)" 1)" = no ] || fail '127.0.0.1 comes in'
	[ "$(reach ::1 "$(at 2)" 1)" = no ] || fail '::1 comes in'
	[ "$(reach 127.0.0.2 "u:$(at 3)" 30)" = yes ] || fail 'a datagram is lost'
	[ "$(reach 127.0.0.1 "u:$(at 3)" 1)" = no ] || fail 'a datagram comes in'
	get "$(at 4)" | grep -q . || fail 'a unix socket has no networks'
	finish
}
# reach FROM [u:]HOST:PORT SECONDS: "yes" if there is an answer within that time, else "no"
reach()
{
	perl -MIO::Socket::IP -e '
		my ($from, $at, $seconds) = @ARGV; my $udp = $at =~ s/^u://; my ($host, $port) = $at =~ /^\[?(.*?)\]?:(\d+)$/;
		$SIG{ALRM} = sub { print "no"; exit }; alarm $seconds;
		my $s = IO::Socket::IP->new(LocalHost => $from, PeerHost => $host, PeerPort => $port, Type => $udp ? SOCK_DGRAM : SOCK_STREAM) or die "$!";
		if ($udp) { $s->send("x"); $s->recv(my $b, 1000) } else { print $s "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"; my $l = <$s> }
		print "yes"' "$@"
}

# An earlier supervisor's file makes way, and ours goes with us, but nothing else's does.
atf_test_case unix_file
unix_file_body()
{
	listening --listen="$PWD/sock"
	kill -KILL "$PID"
	wait "$PID" 2>/dev/null || :
	[ -S sock ] || fail 'nothing is left to be cleared away'
	rm log
	listening --listen="$PWD/sock"
	get "$PWD/sock" | grep -q . || fail 'no answer'
	rm sock
	: >sock
	finish
	[ -e sock ] || fail "another's file is removed"
	"$SE" --listen="$PWD/sock" -- sleep 1 >out 2>err && fail 'started'
	lines err '^se-supervise: listen: .*/sock: an earlier file: File exists$' 1 || fail "$(cat err)"
}

atf_test_case cannot
cannot_body()
{
	for bad in 'x' '80x' '[::1' 'http://x' '127.0.0.1:80=3,127.0.0.1:81=3'; do
		"$SE" --listen="$bad" --check -- sleep 1 >out 2>err && fail "$bad: taken"
		[ $? = 2 ] || fail "$bad: not 2"
		lines err '^se-supervise: listen: .*: .' 1 || fail "$bad: $(cat err)"
	done
	for bad in '10.0.0.1/8' '10.0.0.0/33' 'x' '::1/200'; do
		"$SE" --allowed-networks="$bad" --check -- sleep 1 >out 2>err && fail "$bad: taken"
		lines err '^se-supervise: allowed_networks: .*: .' 1 || fail "$bad: $(cat err)"
	done
	printf 'command: x\nlisten: [%s80]\n' "$(seq -s ', ' 81 145 | sed 's/145//')" >c.yml
	"$SE" -c c.yml --check >out 2>err && fail 'taken'
	lines err '^se-supervise: c.yml:2: listen: .*more than 64$' 1 || fail "$(cat err)"
	# a port that somebody has: nothing is left of the start
	listening --listen=127.0.0.1:0
	"$SE" --listen="$PWD/other,$(at 1)" --pid-path="$PWD/pid" -- sleep 1 >out 2>err && fail 'started'
	[ $? = 1 ] || fail 'not 1'
	lines err "^se-supervise: listen: $(at 1): bind: Address( already)? in use$" 1 || fail "$(cat err)"
	[ ! -e other ] && [ ! -e pid ] || fail "$(ls)"
	finish
}

# Opened before the user is changed: the file is that user's.
atf_test_case of_another_user
of_another_user_head() { atf_set require.user root; }
of_another_user_body()
{
	chmod 777 .
	cp "$WEB" web # where everybody can reach it
	WEB=./web
	listening --chuser=65534 --chgroup=65534 --listen="$PWD/sock,127.0.0.1:0"
	[ "$(stat -c %u:%g sock)" = 65534:65534 ] || fail "$(ls -l sock)"
	get "$PWD/sock" | grep -q . || fail 'no answer'
	finish
	[ ! -e sock ] || fail 'the file is left'
}

atf_init_test_cases()
{
	for c in shared restarts_lose_nothing numbers not_inherited allowed_networks unix_file cannot of_another_user; do
		atf_add_test_case $c
	done
}
