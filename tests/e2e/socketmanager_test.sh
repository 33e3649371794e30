# se-supervise: the socket manager, which speaks as ServerEngine's: its clients here are the real
# Ruby class, in workers of ours and, for comparison, in those of the real server.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"
# shellcheck source=/dev/null
. "$SRC/tests/e2e/starter.subr"

LOAD=$BUILD/bench/load
AS_NOBODY='setpriv --reuid=65534 --regid=65534 --clear-groups'

slow() { atf_set timeout 120; }
scripts()
{
	ruby -e 'require "serverengine"' 2>/dev/null || atf_skip 'ruby-serverengine is not installed'
	# the real one: spawns SCRIPT as a worker
	cat >real.rb <<'END'
require 'serverengine'
script, *words = ARGV
Manager = ServerEngine::SocketManager::Server
server_module = Module.new do
  attr_reader :manager
  def before_run; @manager = Manager.open(Manager.generate_path); end
  def after_run; @manager.close; File.unlink(@manager.path); end
end
worker = Module.new do
  define_method(:spawn) do |pm|
    pm.spawn({ 'SERVERENGINE_SOCKETMANAGER_PATH' => server.manager.path, 'SERVERENGINE_WORKER_ID' => worker_id.to_s },
      'ruby', script, *words)
  end
end
ServerEngine.create(server_module, worker, worker_type: 'spawn', log: 'real.log').run
END
	# asks for all kinds of things, tells in FILE what came of it, and stays
	cat >ask.rb <<'END'
require 'serverengine'
PATH = ENV['SERVERENGINE_SOCKETMANAGER_PATH']
SM = ServerEngine::SocketManager
CLIENT = SM::Client.new(PATH)
OUT = File.open("#{ARGV[0]}.new", 'w')
KEEP = []
def free(host = '127.0.0.1')
  s = TCPServer.new(host, 0)
  s.addr[1]
ensure
  s&.close
end
def told(what)
  OUT.puts "#{what}: #{yield.inspect}"
rescue SystemCallError => e
  OUT.puts "#{what}: #{e.class} #{e.errno} #{e.message[/ - \w+\(2\) for /]}"
rescue StandardError => e
  OUT.puts "#{what}: #{e.class}"
end
def looks(s, port)
  KEEP << s
  a = s.local_address
  v6only = s.getsockopt(:IPV6, :V6ONLY).int if a.ipv6?
  accepts = s.getsockopt(:SOCKET, :ACCEPTCONN).bool
  [s.class, a.ip_address, a.ip_port == port, v6only, accepts, s.getsockopt(:SOCKET, :REUSEADDR).bool,
    s.getsockopt(:SOCKET, :REUSEPORT).bool, s.close_on_exec?]
end
def raw
  peer = UNIXSocket.new(PATH)
  yield peer
rescue Errno::ECONNRESET, Errno::EPIPE
  nil
ensure
  peer.close
end
%w[127.0.0.1 0.0.0.0 127.0.0.2 ::1 ::].each do |host|
  next if host =~ /:/ && ENV['NO_IPV6']
  port = free(host)
  told("tcp #{host}") { looks(CLIENT.listen_tcp(host, port), port) }
  told("udp #{host}") { looks(CLIENT.listen_udp(host, port), port) }
  told("again #{host}") { looks(CLIENT.listen_tcp(host, port), port) }
end
port = free
told('all, then one of them') { looks(CLIENT.listen_tcp('0.0.0.0', port), port) }
told('one of them is all') { looks(CLIENT.listen_tcp('127.0.0.1', port), port) }
told('but not another') { looks(CLIENT.listen_tcp('127.0.0.3', port), port) }
told('by name') { looks(CLIENT.listen_tcp('localhost', port), port) }
digits = free
told('a port in digits') { looks(CLIENT.listen_tcp('127.0.0.4', digits.to_s), digits) }
taken = TCPServer.new('127.0.0.1', 0)
told('taken') { looks(CLIENT.listen_tcp('127.0.0.1', taken.addr[1]), 0) }
told('taken, by all') { looks(CLIENT.listen_tcp('0.0.0.0', taken.addr[1]), 0) }
udp = UDPSocket.new.tap { |u| u.bind('127.0.0.1', 0) }
told('taken udp') { looks(CLIENT.listen_udp('127.0.0.1', udp.addr[1]), 0) }
taken_port = taken.addr[1]
taken.close
told('free again') { looks(CLIENT.listen_tcp('127.0.0.1', taken_port), taken_port) }
told('not ours') { looks(CLIENT.listen_tcp('203.0.113.1', port), 0) }
told('no host') { looks(CLIENT.listen_tcp('no.such.host.invalid', port), 0) }
told('privileged') { looks(CLIENT.listen_tcp('127.0.0.1', 80), 80) } unless Process.uid.zero?
told('several') do
  raw do |peer|
    [[:listen_tcp, TCPServer], [:listen_udp, UDPSocket], [:listen_tcp, TCPServer]].map do |method, kind|
      SM.send_peer(peer, [Process.pid, method, '127.0.0.1', port])
      [SM.recv_peer(peer), looks(peer.recv_io(kind), port)]
    end
  end
end
told('unknown') { raw { |peer| SM.send_peer(peer, [Process.pid, :quit]); SM.recv_peer(peer).class } }
told('nil') { raw { |peer| SM.send_peer(peer, nil); peer.read } }
wrong = JSON.generate(['0' * 32, Base64.strict_encode64(Marshal.dump([1, :listen_tcp, '127.0.0.1', port]))])
told('wrong token') { raw { |peer| peer.write [wrong.bytesize].pack('N') + wrong; peer.read.to_s } }
none = JSON.generate(['', Base64.strict_encode64(Marshal.dump(nil))])
told('no token') { raw { |peer| peer.write [none.bytesize].pack('N') + none; peer.read.to_s } }
told('no JSON') { raw { |peer| peer.write "\0\0\0\4oops"; peer.read.to_s } }
told('half') { raw { |peer| peer.write "\0\0\0\4oo"; peer.close_write; peer.read.to_s } }
bad = JSON.generate([SM::INTERNAL_TOKEN, '%%%='])
told('no base64') { raw { |peer| peer.write [bad.bytesize].pack('N') + bad; peer.read.to_s } }
bad = JSON.generate([SM::INTERNAL_TOKEN, Base64.strict_encode64("\4\10[\7")])
told('no Marshal') { raw { |peer| peer.write [bad.bytesize].pack('N') + bad; peer.read.to_s } }
told('still there') { looks(CLIENT.listen_tcp('127.0.0.1', port), port) }
OUT.close
File.rename("#{ARGV[0]}.new", ARGV[0])
sleep
END
	# serves HTTP on HOST PORT (in FILE, if it is written by then), and at TERM goes once nothing is open
	cat >serve.rb <<'END'
require 'serverengine'
host, port = ARGV
s = ServerEngine::SocketManager::Client.new(ENV['SERVERENGINE_SOCKETMANAGER_PATH']).listen_tcp(host, port.to_i)
r, w = IO.pipe
trap(:TERM) { w.write '.' }
puts "up #{s.local_address.ip_port}"
$stdout.flush
loop do
  ready, = IO.select([s, r])
  break if ready.include?(r)
  c = s.accept_nonblock(exception: false)
  next if c == :wait_readable
  begin
    nil until c.gets.to_s.strip.empty?
    text = "generation 1 #{Process.pid}\n"
    c.write "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: #{text.bytesize}\r\n\r\n#{text}"
  rescue SystemCallError
    nil
  end
  c.close
end
END
	[ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 2>/dev/null)" = 0 ] || export NO_IPV6=1
}
# ask NAME [ARG]...: what a worker of ours is told, in NAME
ask()
{
	name=$1
	shift
	supervise --socket-manager=true "$@" -- ruby ask.rb "$name"
	eventually [ -e "$name" ]
	finish
}
# same_answers [PREFIX]: a worker of the real server is told the same as one of ours
same_answers()
{
	scripts
	chmod 777 .
	$1 ruby real.rb ask.rb real >out.real 2>&1 &
	real=$!
	eventually [ -e real ]
	kill $real
	wait $real || :
	SE="$1 $SE"
	ask ours
	[ "$(wc -l <real)" -gt 25 ] || fail "$(cat real)"
	diff real ours >difference || fail "$(cat difference)"
}
up() { at_least log '^up [0-9]' "$1"; }
# manager: where it listens
manager() { tr '\0' '\n' <"/proc/$(worker_pid 0)/environ" | sed -n 's/^SERVERENGINE_SOCKETMANAGER_PATH=//p'; }
token() { tr '\0' '\n' <"/proc/$(worker_pid 0)/environ" | sed -n 's/^SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=//p'; }
# free_port: one that nobody has
free_port() { perl -MIO::Socket::IP -e 'print IO::Socket::IP->new(LocalHost => "127.0.0.1", Listen => 1)->sockport'; }

atf_test_case same_as_the_real_one
same_as_the_real_one_head() { slow; }
same_as_the_real_one_body()
{
	same_answers ''
	has ours '^taken: Errno::EADDRINUSE ' || fail "$(cat ours)"
	has ours '^taken udp: Errno::EADDRINUSE ' || fail "$(cat ours)"
	has ours '^tcp 127.0.0.1: \[TCPServer, "127.0.0.1", true, ' || fail "$(cat ours)"
	[ -n "${NO_IPV6:-}" ] || has ours '^udp ::1: \[UDPSocket, "::1", true, 1, ' || fail "$(cat ours)"
}

atf_test_case same_for_who_may_less
same_for_who_may_less_head() { slow; atf_set require.user root; }
same_for_who_may_less_body()
{
	command -v setpriv >/dev/null || atf_skip 'setpriv is not installed'
	same_answers "$AS_NOBODY"
	$AS_NOBODY ruby -rsocket -e 'TCPServer.new("127.0.0.1", 80)' 2>/dev/null && atf_skip 'port 80 is for everybody here'
	has ours '^privileged: Errno::EACCES 13 ' || fail "$(cat ours)"
}

atf_test_case same_with_reuseport
same_with_reuseport_head() { slow; }
same_with_reuseport_body()
{
	export SERVERENGINE_USE_SOCKET_REUSEPORT=1
	same_answers ''
	has ours '^tcp 127.0.0.1: .* true, true, true, true\]$' || fail "$(cat ours)"
	has ours '^udp 127.0.0.1: .* true, false, true\]$' || fail "$(cat ours)"
}

# Workers on one port; the environment, the file and its end.
atf_test_case shared
shared_body()
{
	scripts
	mkdir dir
	export SERVERENGINE_SOCKETMANAGER_SOCK_DIR=dir SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=outer
	port=$(free_port)
	supervise --socket-manager=true --workers=3 -- ruby serve.rb 127.0.0.1 "$port"
	eventually up 3
	path=$(manager)
	case $path in "$PWD"/dir/SERVERENGINE_SOCKETMANAGER_20[0-9-]*T*Z_$PID) ;; *) fail "$path" ;; esac
	[ "$(stat -c %a:%u "$path")" = "600:$(id -u)" ] || fail "$(ls -l dir)"
	token | grep -qxE '[0-9a-f]{32}' || fail "$(token)"
	eventually lines log 'socket_manager: TCP localhost:[0-9]*: opened' 1
	for i in 1 2 3 4 5 6 7 8 9; do
		get "127.0.0.1:$port" >>answers || fail 'no answer'
	done
	lines answers '^generation 1 ' 9 || fail "$(cat answers)"
	# one socket, in every worker, and in nobody else
	[ "$(ss -Hltn "sport = :$port" | wc -l)" = 1 ] || fail "$(ss -ltn)"
	! grep -q SOCKETMANAGER_INTERNAL "/proc/$(logger_of "$PID")/environ" 2>/dev/null ||
		! grep -q "$(token)" "/proc/$(logger_of "$PID")/environ" || fail 'the logger has the token'
	before=$(token)
	finish
	[ -z "$(ls dir)" ] || fail "$(ls dir)"
	supervise --socket-manager="$PWD/sock" -- sleep 1000
	[ "$(manager)" = "$PWD/sock" ] && [ "$(token)" != "$before" ] || fail "$(manager) $(token)"
	kill -KILL "$PID"
	wait "$PID" 2>/dev/null || :
	[ -S sock ] || fail 'nothing is left to be replaced'
	rm log
	supervise --socket-manager=sock -- sleep 1000
	[ "$(manager)" = "$PWD/sock" ] || fail "$(manager)"
	finish
	[ ! -e sock ] || fail 'it is left'
	# none: nothing of another's is handed on
	export SERVERENGINE_SOCKETMANAGER_PATH=x
	supervise -- sleep 1000
	! grep -q 'SERVERENGINE_SOCKETMANAGER_[PI]' "/proc/$(worker_pid 0)/environ" || fail "$(manager)"
	finish
}

# All workers are replaced while clients connect: each is answered.
atf_test_case restarts_lose_nothing
restarts_lose_nothing_head() { slow; }
restarts_lose_nothing_body()
{
	scripts
	port=$(free_port)
	supervise --socket-manager=true --workers=3 -- ruby serve.rb 127.0.0.1 "$port"
	eventually up 3
	"$LOAD" "127.0.0.1:$port" rate=200 connections=8 seconds=100 timeout=30000 close >load &
	load=$!
	for n in 6 9 12; do
		kill -USR1 "$PID"
		eventually up $n
	done
	kill -INT $load
	wait $load || fail "$(cat load)"
	has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	finish
}

# Only our own user, root and the workers' user may come; the file is the workers' user's.
atf_test_case workers_user
workers_user_head() { atf_set require.user root; }
workers_user_body()
{
	command -v setpriv >/dev/null || atf_skip 'setpriv is not installed'
	scripts
	chmod 777 .
	port=$(free_port)
	cat >c.yml <<-END
		command: [ruby, serve.rb, 127.0.0.1, $port]
		socket_manager: $PWD/sock
		worker_chuser: 65534
		worker_chgroup: 65534
	END
	supervise -c c.yml
	eventually up 1
	[ "$(stat -c %a:%u sock)" = 600:65534 ] || fail "$(ls -l sock)"
	get "127.0.0.1:$port" | grep -q . || fail 'no answer'
	# whoever gets past the file's mode is looked at all the same
	chmod 777 sock
	$AS_NOBODY perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => "sock")->read(my $b, 1)' &
	nobody=$!
	setpriv --reuid=65533 --regid=65533 --clear-groups perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => "sock")->read(my $b, 1)'
	eventually has log 'WARN.*socket_manager: uid 65533 is not permitted$'
	! has log 'uid 65534 is not permitted' || fail "$(cat log)"
	kill $nobody
	wait $nobody || :
	# another user after a reload
	sed -i 's/65534/65532/' c.yml
	kill -USR1 "$PID"
	eventually up 2
	[ "$(stat -c %u sock)" = 65532 ] || fail "$(ls -l sock)"
	finish
	[ ! -e sock ] || fail 'it is left'
}

# Who sends nothing, half of something, or too much, and more of them than there are places.
atf_test_case bad_clients
bad_clients_head() { slow; }
bad_clients_body()
{
	scripts
	port=$(free_port)
	supervise --socket-manager="$PWD/sock" -- ruby serve.rb 127.0.0.1 "$port"
	eventually up 1
	# what is no frame is hung up on, without waiting for its end
	perl -MIO::Socket::UNIX -e '
		$SIG{PIPE} = "IGNORE"; $SIG{ALRM} = sub { die "kept waiting\n" }; alarm 60;
		srand 1;
		for my $bytes ("\xff\xff\xff\xff", "\0\0\4\0", "\0\0\0\0", "GET / HTTP/1.1\r\n\r\n", map { pack("N", 100) . join "", map { chr rand 256 } 1 .. 100 } 1 .. 200) {
			my $s = IO::Socket::UNIX->new(Peer => "sock") or die "$!";
			syswrite $s, $bytes;
			sysread $s, my $answer, 1 and die "an answer\n";
		}' || fail 'see above'
	# more than have a place, and none says anything: the loop is free, and a worker waits its turn
	perl -MIO::Socket::UNIX -e '
		my @s = map { IO::Socket::UNIX->new(Peer => "sock") or die "$!" } 1 .. 100;
		syswrite $s[$_], substr "\0\0\0\x50[\"", 0, $_ % 7 for 0 .. 63;
		open my $f, ">", "there"; close $f;
		sleep 1000' &
	many=$!
	eventually [ -e there ]
	for i in 1 2 3 4 5; do
		timeout 30 $SE --control-path=ctl --status >/dev/null || fail 'the loop is held up'
	done
	kill -USR1 "$PID"
	eventually up 2
	get "127.0.0.1:$port" | grep -q . || fail 'no answer'
	kill $many
	wait $many || :
	# one that takes no answers is hung up on; meanwhile others are answered
	TOKEN=$(token) perl -MIO::Socket::UNIX -MMIME::Base64 -e '
		my $body = "[\"$ENV{TOKEN}\",\"" . encode_base64("\4\10[\7i\6:\x09quit", "") . "\"]";
		my $s = IO::Socket::UNIX->new(Peer => "sock") or die "$!";
		$s->blocking(0);
		my $frame = pack("N", length $body) . $body;
		1 while syswrite $s, $frame x 100;
		open my $f, ">", "full"; close $f;
		sleep 1000' &
	deaf=$!
	eventually [ -e full ]
	kill -USR1 "$PID"
	eventually up 3
	kill $deaf
	wait $deaf || :
	finish
}

# More sockets than it holds: an error that a worker can handle, and the others stay.
atf_test_case many_sockets
many_sockets_body()
{
	scripts
	cat >many.rb <<'END'
require 'serverengine'
c = ServerEngine::SocketManager::Client.new(ENV['SERVERENGINE_SOCKETMANAGER_PATH'])
n = 0
begin
  1000.times { |i| c.listen_udp("127.1.#{i / 200}.#{i % 200}", 20000).close; n += 1 }
rescue SystemCallError => e
  c.listen_udp('127.1.0.7', 20000).close
  puts "#{e.class} after #{n}"
end
$stdout.flush
sleep
END
	supervise --socket-manager=true -- ruby many.rb
	eventually has log '^Errno::EMFILE after 256$'
	finish
}

# What another server asks in order to take over: each socket by its number, then our own socket,
# whose file stays then, since it is the other's.
atf_test_case shared_with_another_server
shared_with_another_server_body()
{
	scripts
	cat >another.rb <<'END'
require 'serverengine'
SM = ServerEngine::SocketManager
peer = UNIXSocket.new(ENV['SERVERENGINE_SOCKETMANAGER_PATH'])
%i[share_udp share_tcp].zip([UDPSocket, TCPServer]) do |method, kind|
  (0..).each do |i|
    SM.send_peer(peer, [Process.pid, method, i])
    key = SM.recv_peer(peer) or break
    puts "#{method} #{key.sub(/\d+$/, 'N')} #{key.encoding} #{peer.recv_io(kind).local_address.ip_address}"
  end
end
SM.send_peer(peer, [Process.pid, :share_unix])
p SM.recv_peer(peer)
server = peer.recv_io(UNIXServer)
puts server.path == ENV['SERVERENGINE_SOCKETMANAGER_PATH']
# a client of the same path may come to either
STDOUT.flush
sleep
END
	p=$(free_port)
	supervise --socket-manager=sock -- "$SE" --get-socket="127.0.0.1:$p" "$SE" --get-socket="127.0.0.2:$p" "$SE" --get-socket="127.0.0.1:u$p" \
		ruby another.rb
	eventually has log '^true$'
	sed -n '/^share/,$p' log >told
	printf '%s\n' 'share_udp localhost:N UTF-8 127.0.0.1' 'share_tcp localhost:N UTF-8 127.0.0.1' \
		'share_tcp 127.0.0.2:N UTF-8 127.0.0.2' nil true >expected
	head -n 5 told | cmp -s - expected || fail "$(cat told)"
	finish
	[ -S sock ] || fail 'the file is gone'
}

# taking ARG...: another supervisor with what the first one has, while clients connect
taking()
{
	"$LOAD" "127.0.0.1:$port" rate=200 connections=8 seconds=100 timeout=30000 close >load &
	load=$!
	$SE --control-path=ctl2 --log=log2 --socket-manager=take "$@" 2>err2 &
	second=$!
	eventually has log2 '^up [0-9]'
}
# taken: it ends; nobody has seen anything of all this, and the file goes with the last one
taken()
{
	get "127.0.0.1:$port" | grep -q . || fail 'no answer'
	kill -INT $load
	wait $load || fail "$(cat load)"
	has load ' failed=0 refused=0 reset=0 ' || fail "$(cat load)"
	[ -S sock ] || fail 'the file is gone'
	kill $second
	ends $second 0
	[ ! -e sock ] || fail 'the file is left'
}
atf_test_case take_from_ours
take_from_ours_head() { slow; }
take_from_ours_body()
{
	scripts
	port=$(free_port)
	supervise --socket-manager=sock --workers=2 -- "$SE" --get-socket="127.0.0.1:u$port" ruby serve.rb 127.0.0.1 "$port"
	eventually up 2
	SERVERENGINE_SOCKETMANAGER_PATH=$(manager) SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=$(token)
	export SERVERENGINE_SOCKETMANAGER_PATH SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN
	taking -- "$SE" --get-socket="127.0.0.1:u$port" ruby serve.rb 127.0.0.1 "$port"
	! has log2 ': opened$' || fail "$(cat log2)"
	finish
	# and from then on it is the one that is asked
	$SE --control-path=ctl2 --restart || fail 'no restart'
	eventually at_least log2 '^up [0-9]' 2
	! has log2 ': opened$' || fail "$(cat log2)"
	taken
	no 'socket_manager: take: /.*/sock: No such file or directory' 1 --socket-manager=take -- sleep 1
}
# From a server of ServerEngine: this version does not know how, so it is told what a later one does.
atf_test_case take_from_ruby
take_from_ruby_head() { slow; }
take_from_ruby_body()
{
	scripts
	cat >giver.rb <<'END'
require 'serverengine'
SM = ServerEngine::SocketManager
class SM::Server
  alias send_other send_socket
  def send_socket(peer, pid, method, *words)
    key, io = case method
              when :share_tcp then @tcp_sockets.to_a[words[0]]
              when :share_udp then @udp_sockets.to_a[words[0]]
              when :share_unix then [nil, @server]
              else return send_other(peer, pid, method, *words)
              end
    SM.send_peer(peer, key)
    peer.send_io(io) if io
  end
end
server = SM::Server.open('sock')
client = server.new_client
client.listen_tcp('127.0.0.1', ARGV[0].to_i).close
client.listen_tcp('::1', ARGV[0].to_i).close unless ENV['NO_IPV6']
client.listen_udp('0.0.0.0', ARGV[0].to_i).close
File.write('token', SM::INTERNAL_TOKEN)
File.rename('token', 'given')
r, w = IO.pipe
trap(:TERM) { w.write '.' }
r.read(1)
server.close
END
	port=$(free_port)
	ruby giver.rb "$port" >giver.out 2>&1 &
	giver=$!
	eventually [ -e given ]
	SERVERENGINE_SOCKETMANAGER_PATH=$PWD/sock SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=$(cat given)
	export SERVERENGINE_SOCKETMANAGER_PATH SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN
	taking -- "$SE" --get-socket="0.0.0.0:u$port" sh -c "[ -n '${NO_IPV6:-}' ] || exec '$SE' --get-socket='[::1]:$port' \"\$@\"; exec \"\$@\"" sh ruby serve.rb 0.0.0.0 "$port"
	kill $giver
	wait $giver || fail "$(cat giver.out)"
	! has log2 ': opened$' || fail "$(cat log2)"
	[ "$(ss -Hltn "sport = :$port" | grep -c '127.0.0.1:')" = 1 ] || fail "$(ss -ltn)"
	taken
}
# What is no such server: no start.
atf_test_case cannot_take
cannot_take_body()
{
	scripts
	no 'socket_manager: take: SERVERENGINE_SOCKETMANAGER_PATH and .*' 1 --socket-manager=take -- sleep 1
	ruby -e 'require "serverengine"; m = ServerEngine::SocketManager; m::Server.open("sock"); File.write("token", m::INTERNAL_TOKEN);
		File.rename("token", "given"); sleep' >giver.out 2>&1 &
	giver=$!
	eventually [ -e given ]
	SERVERENGINE_SOCKETMANAGER_PATH=$PWD/sock SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=$(cat given)
	export SERVERENGINE_SOCKETMANAGER_PATH SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN
	no 'socket_manager: take: ArgumentError: Unknown method: :share_tcp' 1 --socket-manager=take -- sleep 1
	SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=x
	no 'socket_manager: take: .*(closed|reset).*' 1 --socket-manager=take -- sleep 1
	[ -S sock ] || fail 'its file is gone'
	kill $giver
	wait $giver || :
}

# Without Ruby: a worker's command behind --get-socket finds it as descriptor 3.
atf_test_case get_socket
get_socket_body()
{
	p=$(free_port)
	cat >run <<-END
		env >w.\$SERVERENGINE_WORKER_ID.new
		mv w.\$SERVERENGINE_WORKER_ID.new w.\$SERVERENGINE_WORKER_ID
		exec "$WEB" say=up
	END
	supervise --socket-manager=true --workers=2 -- "$SE" --get-socket=127.0.0.1:"$p" sh run
	eventually lines log '^up$' 2
	for n in 0 1; do
		pid=$(worker_pid $n)
		for line in LISTEN_FDS=1 "LISTEN_PID=$pid" "LISTEN_FDNAMES=127.0.0.1-$p" "SERVER_STARTER_PORT=127.0.0.1:$p=3" \
		    SERVERENGINE_HEARTBEAT_PIPE=4; do
			grep -qx "$line" w.$n || fail "$line: $(cat w.$n)"
		done
		[ "$(ls "/proc/$pid/fd" | sort -n | head -n 5 | tr '\n' ' ')" = '0 1 2 3 4 ' ] || fail "$(ls -l "/proc/$pid/fd")"
		case $(readlink "/proc/$pid/fd/4") in pipe:*) ;; *) fail "$(ls -l "/proc/$pid/fd")" ;; esac
	done
	get "127.0.0.1:$p" | grep -q . || fail 'no answer'
	kill -USR1 "$PID"
	eventually lines log '^up$' 4
	get "127.0.0.1:$p" | grep -q . || fail 'no answer'
	finish
	# beside those of listen, and one behind the other
	rm log w.0
	supervise --socket-manager=true --listen=127.0.0.1:0 --worker-heartbeat=off -- "$SE" --get-socket="127.0.0.1:u$p" -- \
		"$SE" --get-socket="tcp://127.0.0.1:$p" -- sh run
	eventually lines log '^up$' 1
	grep -qxE "SERVER_STARTER_PORT=127.0.0.1:[0-9]*=3;127.0.0.1:$p=4;127.0.0.1:$p=5" w.0 || fail "$(cat w.0)"
	grep -qx LISTEN_FDS=3 w.0 || fail "$(cat w.0)"
	get "127.0.0.1:$p" | grep -q . || fail 'no answer'
	get "u:127.0.0.1:$p" | grep -q hello || fail 'no datagram'
	get "$(sed -n 's/^SERVER_STARTER_PORT=\(127.0.0.1:[0-9]*\)=.*/\1/p' w.0)" | grep -q . || fail 'no answer'
	finish
}

# no REASON STATUS ARG...: it fails so
no()
{
	_why=$1 _want=$2 _rc=0
	shift 2
	timeout 20 $SE "$@" >out_ 2>err_ </dev/null || _rc=$?
	[ $_rc = "$_want" ] || fail "$*: exit status $_rc, expected $_want: $(cat err_)"
	lines err_ "^se-supervise: $_why\$" 1 || fail "$*: $(cat err_)"
}
atf_test_case get_socket_cannot
get_socket_cannot_body()
{
	supervise --socket-manager=sock -- sleep 1000
	no 'get-socket: 80: SERVERENGINE_SOCKETMANAGER_PATH and _INTERNAL_TOKEN are not set' 2 --get-socket=80 true
	SERVERENGINE_SOCKETMANAGER_PATH=$(manager) SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=$(token)
	export SERVERENGINE_SOCKETMANAGER_PATH SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN
	no 'get-socket: x: .*' 2 --get-socket=x true
	no 'get-socket: unix:///x: a path is .*' 2 --get-socket=unix:///x true
	no 'get-socket: 80=7: its descriptor cannot be chosen' 2 --get-socket=80=7 true
	no 'get-socket: 80: a command is missing' 2 --get-socket=80
	no 'get-socket: 203.0.113.1:8080: Errno::EADDRNOTAVAIL: .* - bind\(2\) for 203.0.113.1:8080' 1 --get-socket=203.0.113.1:8080 true
	no 'get-socket: no.such.host.invalid:80: SocketError: .*' 1 --get-socket=no.such.host.invalid:80 true
	p=$(free_port)
	no 'get-socket: ./missing: No such file or directory' 127 --get-socket="127.0.0.1:$p" ./missing
	no 'get-socket: /: Permission denied' 126 --get-socket="127.0.0.1:$p" /
	no "get-socket: 127.0.0.1:$p: the descriptor for it is in use" 2 --get-socket="127.0.0.1:$p" true 3<.
	export SERVER_STARTER_PORT=80=7
	no 'get-socket: SERVER_STARTER_PORT: .*' 2 --get-socket=80 true
	unset SERVER_STARTER_PORT
	SERVERENGINE_SOCKETMANAGER_INTERNAL_TOKEN=x
	no 'get-socket: 80: .*(closed|reset).*' 1 --get-socket=80 true
	finish
	no 'get-socket: 80: /.*/sock: No such file or directory' 3 --get-socket=80 true
	# somebody who does not answer
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => "sock", Listen => 5) or die "$!"; sleep 1000' &
	silent=$!
	eventually [ -S sock ]
	no 'get-socket: 80: no answer in time' 4 --get-socket=80 --timeout=100ms true
	kill $silent
	wait $silent || :
}

# Where it cannot listen there is no start, and what has been made is gone.
atf_test_case cannot_start
cannot_start_body()
{
	: >file
	no 'socket_manager: /.*/file: File exists' 1 --socket-manager=file --pid-path=pid -- sleep 1
	no 'socket_manager: /.*/missing/sock: No such file or directory' 1 --socket-manager=missing/sock --pid-path=pid -- sleep 1
	no 'socket_manager: .*x{110}: (File ?name|Filename) too long' 1 --socket-manager="$(printf '%0110d' 0 | tr 0 x)" --pid-path=pid -- sleep 1
	supervise --socket-manager=sock -- sleep 1000
	no 'socket_manager: /.*/sock: another process listens there' 1 --socket-manager=sock --pid-path=pid -- sleep 1
	[ ! -e pid ] && [ -e file ] && [ -S sock ] || fail "$(ls)"
	rm sock
	: >sock
	finish
	[ -e sock ] || fail "another's file is removed"
}

atf_init_test_cases()
{
	for c in same_as_the_real_one same_for_who_may_less same_with_reuseport shared restarts_lose_nothing workers_user \
	    bad_clients many_sockets shared_with_another_server take_from_ours take_from_ruby cannot_take get_socket get_socket_cannot cannot_start; do
		atf_add_test_case $c
	done
}
