#!/bin/sh
# demo.sh BUILD: shows se-supervise at work with four real HTTP workers, and a deploy by se-starter, in
# under a minute; leaves nothing behind.
set -eu
build=$(cd "$1" && pwd)
dir=$(mktemp -d)
pid=
cleanup() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
cd "$dir"
se=$build/se-supervise httpd=$build/helpers/httpd

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() { printf '$ %s\n' "$*"; }
ask() { show "httpd get $port $1"; "$httpd" get "$port" "$1"; }
status() { show 'se-supervise -c app.yml --status'; "$se" -c app.yml --status; }
worker() { "$se" -c app.yml --status | awk -v n="$1" 'NR > 2 && $1 == n { print $2 }'; }
until_ready() { # N: so many workers are ready, within 20 s
	for _ in $(seq 400); do
		[ "$("$se" -c app.yml --status 2>/dev/null | grep -c ' ready ')" = "$1" ] && return 0
		sleep 0.05
	done
	echo 'demo: the workers did not become ready' >&2
	exit 1
}
new_lines() { # of the log, since the last time
	tail -n +$((seen + 1)) app.log | sed 's/^/  /'
	seen=$(wc -l <app.log)
}

port=$("$httpd" port)
cat >app.yml <<EOF
# a supervisor, and four workers that accept on one socket
supervisor: true
command: [$httpd, serve]
listen: 127.0.0.1:$port
workers: 4
worker_process_name: "web-%d"
worker_heartbeat: required      # they beat once a second
worker_heartbeat_timeout: 3
worker_immediate_kill_timeout: 1
log: app.log
pid_path: app.pid
control_path: app.sock
EOF
step 'A configuration: ServerEngine'\''s keys, flat YAML'
cat app.yml
show 'se-supervise -c app.yml &'
"$se" -c app.yml 2>err &
pid=$!
seen=0 failed=0
until_ready 4
status
ask 200

victim=$(worker 2)
step "kill -9 of worker 2 (pid $victim): its successor is there before the next status"
show "kill -9 $victim"
sleep 1.1 # who lived a second is restarted without back-off
kill -9 "$victim"
until_ready 4
status
new_lines
ask 200

victim=$(worker 1)
step "Worker 1 (pid $victim) hangs (SIGSTOP): no heartbeat for 3 s, so it is ended and replaced"
show "kill -STOP $victim"
kill -STOP "$victim"
for _ in $(seq 400); do
	[ "$(worker 1)" = "$victim" ] || break
	sleep 0.05
done
until_ready 4
new_lines

# under_load COMMAND...: with 1000 requests a second meanwhile, none of which may fail
under_load() {
	show "load 127.0.0.1:$port rate=1000 connections=16 close &"
	"$build/bench/load" "127.0.0.1:$port" rate=1000 connections=16 close seconds=60 >load.txt &
	load=$!
	sleep 0.3
	show "$*"
	"$@"
	sleep 2
	until_ready 4
	kill -INT "$load"
	wait "$load" || failed=1
	cat load.txt
	new_lines
}
step 'Restart of all workers under load'
under_load "$se" -c app.yml --restart

step 'Live restart under load: a new server, which may be a new version, beside the old one'
under_load "$se" -c app.yml --detach

step 'Upgrade under load: the file that is at its path now takes the place of supervisor and server, no worker notices'
under_load "$se" -c app.yml --upgrade
status
[ "$failed" = 0 ]

step 'Reload: two workers more'
sed -i 's/^workers: 4/workers: 6/' app.yml
show "sed -i 's/^workers: 4/workers: 6/' app.yml; se-supervise -c app.yml --reload"
"$se" -c app.yml --reload
until_ready 6
status

step 'A mistake in the configuration: what runs goes on'
sed -i 's/^workers: 6/worker: six/' app.yml
show "sed -i 's/^workers: 6/worker: six/' app.yml; kill -USR2 $pid"
kill -USR2 "$pid"
for _ in $(seq 200); do
	grep -q 'not reloaded' app.log && break
	sleep 0.05
done
tail -n 1 app.log | sed 's/^/  /'
sed -i 's/^worker: six/workers: 6/' app.yml

step 'Graceful stop: TERM to every worker, exit status 0 when the last is gone'
show 'se-supervise -c app.yml --stop'
"$se" -c app.yml --stop
rc=0
wait "$pid" || rc=$?
pid=
echo "exit status $rc; left in $dir: $(echo app.*)"
[ "$rc" = 0 ]

step 'se-starter: a new generation of a server under load, 1000 requests a second, none refused'
port=$("$httpd" port)
show "se-starter --port=127.0.0.1:$port --ready=notify --pid-file=web.pid --status-file=web.status -- httpd boot=500 &"
"$build/se-starter" --port="127.0.0.1:$port" --ready=notify --pid-file=web.pid --status-file=web.status -- \
	"$build/bench/httpd" boot=500 2>web.log &
pid=$!
for _ in $(seq 400); do
	"$build/se-starter" --status --pid-file=web.pid 2>/dev/null | grep -q current && break
	sleep 0.05
done
show "load 127.0.0.1:$port rate=1000 connections=32 seconds=4 &"
"$build/bench/load" "127.0.0.1:$port" rate=1000 connections=32 seconds=4 >load.txt &
load=$!
for _ in 2 3; do
	sleep 0.7
	show 'se-starter --restart --pid-file=web.pid --status-file=web.status'
	"$build/se-starter" --restart --pid-file=web.pid --status-file=web.status
done
show 'se-starter --status --pid-file=web.pid'
"$build/se-starter" --status --pid-file=web.pid
rc=0
wait "$load" || rc=$?
cat load.txt
sed 's/^/  /' web.log
show 'se-starter --stop --pid-file=web.pid'
"$build/se-starter" --stop --pid-file=web.pid 2>&1
wait "$pid" || rc=1
pid=
[ "$rc" = 0 ]
