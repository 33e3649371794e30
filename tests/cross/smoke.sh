#!/bin/sh
# smoke.sh ARCHITECTURE CROSSBUILD BUILD [quick]: the binary of another processor at work here, under
# qemu-user or by this kernel itself: its units, then what it does with programs of this processor as
# workers, against what the binary of BUILD does. quick: without the longest units. The last line says so.
set -eu
arch=$1 there=$(cd "$2" && pwd) build=$(cd "$3" && pwd) quick=${4:-}
case $arch in
arm64) cpu=aarch64 ;; armhf) cpu=arm ;; ppc64el) cpu=ppc64le ;; *) cpu=$arch ;;
esac
# shellcheck disable=SC2209 # a program's name
run=qemu-$cpu
! "$there/sebox" --version >/dev/null 2>&1 || run=
[ -z "$run" ] || command -v "$run" >/dev/null || { echo "smoke: qemu-user is not installed" >&2; exit 1; }
other="${run:+$run }$there/sebox" ours=$build/sebox httpd=$build/helpers/httpd
dir=$(mktemp -d) pid=
cleanup()
{
	if [ -n "$pid" ]; then
		kill -TERM "$pid" 2>/dev/null && sleep 1 # workers go with it
		kill -KILL "$pid" 2>/dev/null || :
	fi
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
cd "$dir"
export SIGDUMP_PATH="$dir/dump"

fail()
{
	echo "smoke: $arch: $*" >&2
	for f in log out err; do [ ! -s $f ] || tail -n 20 $f >&2; done
	exit 1
}
eventually()
{
	n=0
	until "$@"; do
		n=$((n + 1))
		[ $n -lt 600 ] || fail "never came true: $*"
		sleep 0.05
	done
}
same() { cmp "$1" "$2" >&2 || fail "$3 differs from this processor's"; }
# lines FILE PATTERN N
lines() { [ "$(grep -cE -- "$2" "$1" 2>/dev/null)" = "$3" ]; }
ended()
{
	wait "$pid" || fail "$1: exit status $?"
	pid=
}

units=0
for unit in "$there"/pure/*_test; do
	case $quick.$unit in quick.*/zone_test | quick.*/worker_walk_test) continue ;; esac
	${run:+$run} "$unit" >units 2>&1 || { cat units >&2; fail "$unit"; }
	units=$((units + 1))
done
[ $units -gt 20 ] || fail "only $units units"

# ---- texts and numbers ----

cat >odd.yml <<'END'
command: [/bin/app, "a b", 'c"d']
workers: 9999
worker_heartbeat_timeout: 366d
worker_graceful_kill_timeout: -1
restart_limit: 10/1.5s
start_worker_delay_rand: 1.999
worker_max_rss: 7G
log_rotate_size: 9223372036854775807
unrecoverable_exit_codes: [0, 77, 255]
worker_chumask: 0027
rlimit_nofile: 1024:4294967297
rlimit_core: unlimited
listen: ["[::1]:65535=9", u10.0.0.1:53, /run/x.sock]
allowed_networks: [10.0.0.0/8, "fd00::/9", 192.168.1.1]
END
$ours se-supervise -c odd.yml --check >expected || fail 'its own configuration'
$other se-supervise -c odd.yml --check >found || fail "--check: $?"
same found expected 'the configuration'
for words in --help 'se-supervise --help' 'se-starter --help' '--completion bash'; do
	# shellcheck disable=SC2086 # words
	$ours $words >expected && $other $words >found
	same found expected "$words"
done

# ---- rotate ----

seq 30000 | sed 's/$/ a line of a log, some of which are longer than others/' >lines
for who in ours other; do
	mkdir $who
	if [ $who = ours ]; then who_is=$ours; else who_is=$other; fi
	$who_is se-logrotate --size=100K --age=4 --first=1 $who/log <lines || fail "se-logrotate: $?"
	$who_is se-logrotate --rotate --copytruncate --age=5 $who/log >out 2>&1 || fail "se-logrotate --rotate: $?"
done
diff -r ours other >&2 || fail 'log files differ'
[ "$(find other -type f | wc -l)" -ge 4 ] || fail 'nothing was rotated'

# ---- supervise: workers with a socket, heartbeats and readiness ----

port=$("$httpd" port)
cat >app.yml <<END
command: [$httpd, serve]
workers: 2
listen: 127.0.0.1:$port
control_path: ctl
socket_manager: true
worker_heartbeat_interval: 200ms
worker_heartbeat_timeout: 3s
restart_backoff: 100ms
END
ready() { [ "$($1 se-supervise -c app.yml --status 2>status.err | grep -c ' ready ')" = "$2" ]; }
worker() { $other se-supervise -c app.yml --status | awk -v n="$1" 'NR > 2 && $1 == n { print $2 }'; }
$other se-supervise -c app.yml 2>log &
pid=$!
eventually ready "$other" 2
ready "$ours" 2 || fail 'this processor cannot ask it for its status'
"$httpd" get "$port" 50 >out || fail 'a request was not answered'
kill -KILL "$(worker 1)"
eventually lines log 'Worker 1 exited unexpectedly with signal SIGKILL' 1
eventually ready "$other" 2
kill -STOP "$(worker 0)"
eventually lines log 'Worker 0 .*sending SIGQUIT: no heartbeat for the whole timeout' 1
eventually lines log 'Worker 0 exited unexpectedly with signal SIGQUIT' 1
eventually ready "$other" 2
$other se-supervise -c app.yml --scale=+1
eventually ready "$ours" 3
$ours se-supervise -c app.yml --restart
eventually lines log 'Worker 2 finished with ' 1 # a restart has as many as the configuration says
eventually ready "$other" 2
"$httpd" get "$port" 50 >out || fail 'a request was not answered after the restart'
$other se-supervise -c app.yml --stop || fail "--stop: $?"
ended se-supervise

# ---- the socket manager's frames, with a client of this processor and of the other ----

# serves SERVER CLIENT
serves()
{
	rm -f log
	port=$("$httpd" port)
	# shellcheck disable=SC2086 # words
	$1 se-supervise --control-path=ctl --workers=2 --socket-manager=true -- \
		$2 se-supervise --get-socket=127.0.0.1:"$port" "$httpd" serve 2>log &
	pid=$!
	eventually ready "$1" 2
	"$httpd" get "$port" 20 >out || fail 'a request was not answered'
	$2 se-supervise -c app.yml --stop || fail "--stop: $?"
	ended 'the socket manager'
}
sed -i 's/^listen.*//' app.yml
serves "$other" "$ours"
[ -n "$run" ] && emulator=$(command -v "$run") || emulator=
serves "$ours" "${emulator:+$emulator }$there/sebox"

# ---- starter ----

port=$("$httpd" port)
$other se-starter --port=127.0.0.1:"$port" --ready=notify --kill-old-delay=0 --pid-file=pid --status-file=gens \
	-- "$httpd" serve 2>log &
pid=$!
generation() { lines gens "^$1:[0-9]+$" 1 && lines gens . 1; }
eventually generation 1
"$httpd" get "$port" 20 >out || fail 'a request was not answered'
$other se-starter --restart --pid-file=pid --status-file=gens >out 2>&1 || fail "--restart: $?"
eventually generation 2
kill -KILL "$(sed 's/.*://' gens)"
eventually generation 3
"$httpd" get "$port" 20 >out || fail 'a request was not answered by the third generation'
$ours se-starter --status --json --pid-file=pid >found || fail 'this processor cannot ask it for its status'
$other se-starter --stop --pid-file=pid 2>err || fail "--stop: $?"
ended se-starter

# ---- sigdump: all but stacks ----

sleep 1000 &
pid=$!
status=0
$other se-sigdump --output=- "$pid" >out 2>err || status=$?
case $arch in
arm64) ;;
*)
	[ $status = 3 ] || fail "se-sigdump: exit status $status"
	lines err 'no stack could be read: stacks of this kind of processor cannot be read' 1 || fail 'it does not say so'
	;;
esac
for what in "^  Thread $pid \"sleep\" " '^  Memory: rss=' '^      1 /' '^      Max open files: ' '^End of sigdump process '; do
	lines out "$what" 1 || fail "no $what"
done
kill "$pid"
wait "$pid" 2>/dev/null || :
pid=
echo "$arch: $units units and all five at work passed, ${run:-by the kernel itself}"
