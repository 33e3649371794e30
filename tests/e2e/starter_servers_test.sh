# se-starter with real servers: each serves, is renewed under load without one request that fails, and ends.
# STARTER=/usr/bin/start_server runs them with the original.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"

STARTER=${STARTER:-$BUILD/se-starter}
LOAD=$BUILD/bench/load
TURN=$BUILD/bench/turn
H=$BUILD/bench/httpd

port() { "$BUILD/helpers/httpd" port; }
needs() { command -v "$1" >/dev/null || atf_skip "$1 is not installed"; }
needs_perl() { perl -e "require $1" 2>/dev/null || atf_skip "Perl's $1 is not installed"; }
no_ipv6() { [ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 2>/dev/null)" != 0 ]; }

starter()
{
	"$STARTER" "$@" >out 2>err &
	PID=$!
}
# answers ADDRESS N: generation N does
answers() { "$TURN" get "$1" >answer 2>/dev/null && has answer "generation $2 "; }
# left: the processes that work here, but for the test itself
left()
{
	for _p in /proc/[0-9]*; do
		[ "$_p" = /proc/$$ ] || [ "$(readlink "$_p/cwd" 2>/dev/null)" != "$PWD" ] || gone "${_p#/proc/}" || echo "${_p#/proc/}"
	done
}
none_left()
{
	left >left
	[ ! -s left ]
}

# renewed ADDRESS...: two new generations while all of them are under load, as $how says
renewed()
{
	for _at in "$@"; do
		eventually answers "$_at" 1
	done
	loads=
	for _at in "$@"; do
		"$LOAD" "$_at" rate=200 connections=8 seconds=100 $how >"load.$(echo "$loads" | wc -w)" &
		loads="$loads $!"
	done
	for generation in 2 3; do
		kill -HUP "$PID"
		for _at in "$@"; do
			eventually answers "$_at" $generation
		done
		eventually only_workers "$PID" 1
	done
	kill -TERM $loads
	for _load in $loads; do
		wait "$_load" || fail "$(cat load.*)"
	done
	lines err 'received HUP, spawning a new worker$' 2 || fail "$(cat err)"
	for _result in load.*; do
		has "$_result" '^sent=([0-9]{3,}) ok=\1 failed=0 refused=0 reset=0 .* first=1 last=[23]$' || fail "$(cat $_result)"
	done
	for _at in "$@"; do
		"$LOAD" "$_at" rate=100 seconds=1 $how >result || fail "$(cat result)"
		has result '^sent=100 ok=100 .* first=3 last=3$' || fail "$(cat result)"
	done
}

# over: TERM ends all of it
over()
{
	! none_left || fail 'no process is seen'
	kill -TERM "$PID"
	ends "$PID" 0
	eventually none_left
	has err 'received TERM, sending [A-Z]* to all workers:[0-9]' || fail "$(cat err)"
}

# ---- sockets of every kind ----

atf_test_case keep_alive
keep_alive_body()
{
	p=$(port)
	starter --port=127.0.0.1:$p -- "$H" delay=20
	how='' renewed 127.0.0.1:$p
	over
}

atf_test_case any_address
any_address_body()
{
	p=$(port)
	starter --port=$p -- "$H" delay=20
	how=close renewed 127.0.0.1:$p
	over
}

atf_test_case ipv6
ipv6_body()
{
	! no_ipv6 || atf_skip 'no IPv6 here'
	p=$(port)
	starter --port="[::1]:$p" -- "$H" delay=20
	how=close renewed "[::1]:$p"
	over
}

atf_test_case unix_socket
unix_socket_body()
{
	starter --path="$PWD/socket" -- "$H" delay=20
	how=close renewed "unix:$PWD/socket"
	over
	[ ! -e socket ] || fail 'the socket is left'
}

atf_test_case many_sockets
many_sockets_body()
{
	p=$(port) q=$(port)
	until [ "$q" != "$p" ]; do q=$(port); done
	set -- 127.0.0.1:$p 127.0.0.1:$q
	no_ipv6 || set -- "$@" "[::1]:$p"
	for at in "$@"; do
		echo "--port=$at"
	done >options
	starter $(cat options) --path=socket -- "$H" delay=20
	how=close renewed "$@" unix:socket
	over
}

# A request that is open when its generation is told to go is answered by it.
atf_test_case open_request
open_request_body()
{
	p=$(port)
	starter --port=127.0.0.1:$p -- "$H" delay=3000
	eventually answers 127.0.0.1:$p 1
	"$TURN" get 127.0.0.1:$p >slow &
	slow=$!
	eventually asked $p
	kill -HUP "$PID"
	eventually has err '^killing old workers$'
	[ ! -s slow ] || fail 'it was answered before'
	wait $slow || fail "$(cat slow err)"
	has slow '^generation 1 ' || fail "$(cat slow)"
	eventually only_workers "$PID" 1
	over
}
# asked PORT: a connection to it is established
asked() { awk -v port="$(printf ':%04X$' "$1")" '$3 ~ port && $4 == "01" { found = 1 } END { exit !found }' /proc/net/tcp; }

atf_test_case udp
udp_body()
{
	cat >echo.pl <<-'END'
		use strict;
		use Socket;
		my ($fd) = $ENV{SERVER_STARTER_PORT} =~ /=(\d+)$/;
		open my $s, '+<&=', $fd or die $!;
		my $leave = 0;
		$SIG{TERM} = sub { $leave = 1 };
		until ($leave) {
			vec(my $r = '', $fd, 1) = 1;
			next if select($r, undef, undef, 0.2) <= 0;
			my $from = recv($s, my $in, 100, Socket::MSG_DONTWAIT) or next;
			send($s, "generation $ENV{SERVER_STARTER_GENERATION} pid $$\n", 0, $from);
		}
	END
	p=$(port)
	starter --port=127.0.0.1:u$p -- perl echo.pl
	how=timeout=3000 renewed udp:127.0.0.1:$p
	over
}

# ---- servers that know of SERVER_STARTER_PORT, or are told by a wrapper ----

# fds: what a wrapper says to have the descriptors in $fds
fds='fds=$(echo "$SERVER_STARTER_PORT" | tr ";" "\n" | sed "s/.*=//"); unset LISTEN_FDS LISTEN_PID LISTEN_FDNAMES'

psgi()
{
	cat >app.psgi <<-'END'
		sub {
			my $body = "generation $ENV{SERVER_STARTER_GENERATION} pid $$\n";
			return [200, ['Content-Type' => 'text/plain', 'Content-Length' => length $body], [$body]];
		}
	END
}

atf_test_case nginx
nginx_body()
{
	needs nginx
	cat >run <<-END
		$fds
		conf=nginx.\$SERVER_STARTER_GENERATION.conf
		sed "s/GENERATION/\$SERVER_STARTER_GENERATION/" nginx.conf >\$conf
		NGINX=\$(printf '%s;' \$fds) exec nginx -p "\$PWD" -c \$conf -e stderr
	END
	p=$(port)
	cat >nginx.conf <<-END
		daemon off;
		worker_processes 2;
		pid nginx.GENERATION.pid;
		$([ "$(id -u)" != 0 ] || echo 'user root;')
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
			server {
				listen 127.0.0.1:$p;
				listen unix:$PWD/socket;
				location / { return 200 "generation GENERATION pid \$pid\n"; }
			}
		}
	END
	starter --nonblocking --signal-on-hup=QUIT --signal-on-term=QUIT --port=127.0.0.1:$p --path="$PWD/socket" -- sh run
	how=close renewed 127.0.0.1:$p "unix:$PWD/socket"
	over
}

atf_test_case starlet
starlet_body()
{
	needs plackup
	needs_perl Plack::Handler::Starlet
	psgi
	p=$(port)
	starter --port=127.0.0.1:$p -- plackup -E deployment -s Starlet --max-workers=3 app.psgi
	how=close renewed 127.0.0.1:$p
	over
}

rack()
{
	cat >config.ru <<-'END'
		run lambda { |env|
			body = "generation #{ENV['SERVER_STARTER_GENERATION']} pid #{$$}\n"
			[200, { 'Content-Type' => 'text/plain', 'Content-Length' => body.bytesize.to_s }, [body]]
		}
	END
}

atf_test_case unicorn
unicorn_body()
{
	needs unicorn
	rack
	p=$(port)
	cat >run <<-END
		$fds
		UNICORN_FD=\$(echo \$fds | tr ' ' ,) exec unicorn -N -E production -l 127.0.0.1:$p config.ru
	END
	starter --signal-on-hup=QUIT --signal-on-term=QUIT --port=127.0.0.1:$p -- sh run
	how=close renewed 127.0.0.1:$p
	over
}

# ---- servers that know of LISTEN_FDS ----

# The original gives no LISTEN_FDS, and its first socket has another number.
activation()
{
	head -n 1 "$STARTER" | grep -q '^#!.*perl' || { at3='' activate='' && return; }
	at3='=3' activate='sh activate'
	echo 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' >activate
}

atf_test_case puma
puma_body()
{
	needs puma
	rack
	activation
	p=$(port)
	starter --port=127.0.0.1:$p$at3 -- $activate puma -e production -t 1:4 -b tcp://127.0.0.1:$p \
		--bind-to-activated-sockets only config.ru
	how=close renewed 127.0.0.1:$p
	over
	! has out 'Address already in use' || fail "$(cat out)"
}

atf_test_case gunicorn
gunicorn_body()
{
	needs gunicorn
	cat >app.py <<-'END'
		import os
		def app(environ, start_response):
		    body = b"generation %s pid %d\n" % (os.environb[b"SERVER_STARTER_GENERATION"], os.getpid())
		    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
		    return [body]
	END
	activation
	p=$(port)
	starter --port=127.0.0.1:$p$at3 -- $activate gunicorn --workers=2 app:app
	how=close renewed 127.0.0.1:$p
	over
}

atf_test_case python
python_body()
{
	[ -x /usr/bin/python3 ] || atf_skip 'python3 is not installed'
	cat >server.py <<-'END'
		import os, signal, socket, threading
		from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
		class Handler(BaseHTTPRequestHandler):
		    def do_GET(self):
		        body = b"generation %s pid %d\n" % (os.environb[b"SERVER_STARTER_GENERATION"], os.getpid())
		        self.send_response(200)
		        self.send_header("Content-Length", str(len(body)))
		        self.end_headers()
		        self.wfile.write(body)
		    def log_message(self, *args):
		        pass
		class Server(ThreadingHTTPServer):
		    daemon_threads = False
		    request_queue_size = 100
		if os.environ["LISTEN_PID"] != str(os.getpid()) or os.environ["LISTEN_FDS"] != "1":
		    raise SystemExit("no sockets for me")
		server = Server(None, Handler, bind_and_activate=False)
		server.socket.close()
		server.socket = socket.socket(fileno=3)
		server.socket.setblocking(False)
		signal.signal(signal.SIGTERM, lambda *args: threading.Thread(target=server.shutdown).start())
		server.serve_forever(0.05)
		server.server_close()
	END
	activation
	p=$(port)
	starter --port=127.0.0.1:$p$at3 -- $activate /usr/bin/python3 server.py
	how=close renewed 127.0.0.1:$p
	over
}

# ---- the load itself ----

# What the other cases rely on: what goes wrong is counted, as what it is.
atf_test_case load_counts
load_counts_body()
{
	p=$(port)
	! "$LOAD" 127.0.0.1:$p rate=50 seconds=1 >refused || fail "$(cat refused)"
	has refused '^sent=50 ok=0 failed=0 refused=50 reset=0 p50=- p99=- max=- first=0 last=0$' || fail "$(cat refused)"

	starter --port=127.0.0.1:$p -- "$H" abrupt delay=100
	eventually answers 127.0.0.1:$p 1
	"$LOAD" 127.0.0.1:$p rate=50 seconds=100 >reset &
	load=$!
	eventually asked $p
	kill -HUP "$PID"
	eventually only_workers_since 2
	kill -TERM $load
	! wait $load || fail "$(cat reset)"
	has reset ' failed=0 refused=0 reset=[1-9]' || fail "$(cat reset)"

	! "$LOAD" 127.0.0.1:$p rate=50 seconds=1 timeout=30 >late || fail "$(cat late)"
	has late '^sent=50 ok=[0-9]+ failed=[1-9]' || fail "$(cat late)"
	over

	starter --port=127.0.0.1:$p -- "$H"
	eventually answers 127.0.0.1:$p 1
	worker=$(sed 's/.*pid //' answer)
	"$LOAD" 127.0.0.1:$p rate=100 seconds=100 >stalled &
	load=$!
	eventually asked $p
	kill -STOP "$worker"
	sleep 0.6
	kill -CONT "$worker"
	eventually answers 127.0.0.1:$p 1
	kill -TERM $load
	wait $load || fail "$(cat stalled)"
	between 500000 30000000 "$(sed -n 's/.* max=\([0-9]*\) .*/\1/p' stalled)" 'the longest wait in us'
	# those that were due meanwhile waited as well, each a little less
	between 100000 30000000 "$(sed -n 's/.* p99=\([0-9]*\) .*/\1/p' stalled)" 'the wait in us of one in a hundred'
	over
}
only_workers_since() { answers 127.0.0.1:$p "$1" && only_workers "$PID" 1; }

atf_init_test_cases()
{
	atf_add_test_case keep_alive
	atf_add_test_case any_address
	atf_add_test_case ipv6
	atf_add_test_case unix_socket
	atf_add_test_case many_sockets
	atf_add_test_case open_request
	atf_add_test_case udp
	atf_add_test_case nginx
	atf_add_test_case starlet
	atf_add_test_case unicorn
	atf_add_test_case puma
	atf_add_test_case gunicorn
	atf_add_test_case python
	atf_add_test_case load_counts
}
