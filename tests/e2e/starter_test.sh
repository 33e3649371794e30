# se-starter as start_server's users know it: sockets, environment, signals, files, lines, exit statuses.

# shellcheck source=/dev/null disable=SC2016 # inner shells
. "$SRC/tests/e2e/starter.subr"

# ---- sockets and what is said of them ----

atf_test_case environment
environment_body()
{
	starter --port=127.0.0.1:0 --interval=0.2 -- "$WEB"
	p=$(port) AT=$p
	serves 1 || fail "$(get "$AT")"
	[ "$(env_of SERVER_STARTER_PORT)" = "127.0.0.1:$p=3" ] || fail "$(env_of SERVER_STARTER_PORT)"
	[ "$(env_of SERVER_STARTER_GENERATION)" = 1 ] || fail "$(env_of SERVER_STARTER_GENERATION)"
	[ "$(env_of LISTEN_FDS)" = 1 ] || fail "$(env_of LISTEN_FDS)"
	[ "$(env_of LISTEN_PID)" = "$(worker 1)" ] || fail "$(env_of LISTEN_PID)"
	[ "$(env_of LISTEN_FDNAMES)" = "127.0.0.1-$p" ] || fail "$(env_of LISTEN_FDNAMES)"
	[ "$(env_of EINHORN_FD_COUNT):$(env_of EINHORN_FD_0)" = 1:3 ] || fail einhorn
	[ "$(env_of NOTIFY_SOCKET)$(env_of SE_READY_FD)" = '(unset)(unset)' ] || fail "$(env_of NOTIFY_SOCKET)"
	hup 2
	[ "$(env_of SERVER_STARTER_GENERATION)" = 2 ] || fail "$(env_of SERVER_STARTER_GENERATION)"
	stop
}

# What we inherit of such variables, speaks of others.
atf_test_case inherited_environment
inherited_environment_body()
{
	export SERVER_STARTER_PORT=80=9 SERVER_STARTER_GENERATION=77 LISTEN_FDS=4 LISTEN_PID=1 LISTEN_FDNAMES=x EINHORN_FD_COUNT=3 EINHORN_FD_2=7 KEPT='a b'
	starter --interval=0.1 -- sh -c 'env >env.new; mv env.new env; exec "$@"' sh "$WEB"
	grep -q '^SERVER_STARTER_PORT=$' env || fail "$(cat env)"
	grep -q '^SERVER_STARTER_GENERATION=1$' env || fail "$(cat env)"
	grep -qE '^(LISTEN_|EINHORN_)' env && fail "$(cat env)"
	grep -q '^KEPT=a b$' env || fail "$(cat env)"
	stop
}

atf_test_case forms_of_ports
forms_of_ports_body()
{
	cat >show <<-'END'
		printf '%s\n' "$SERVER_STARTER_PORT" >ports.new
		mv ports.new ports
		for i in 0 3 4 5 6 7 8 9 12; do [ ! -S /proc/$$/fd/$i ] || printf '%s ' $i; done >numbers
		exec "$@"
	END
	starter --interval=0.1 --port='127.0.0.1:0, localhost:0 ' --port ' 127.0.0.1 : u0 = 12 ' --port=tcp://127.0.0.1:0/x?y --path=sock,other \
		--port '127.0.0.1:0 = 5' --path @abstract-$$ -- sh show "$WEB"
	sed -E 's/:[1-9][0-9]*=/:P=/g' ports >got
	echo "127.0.0.1:P=3;localhost:P=4;127.0.0.1:P=12;127.0.0.1:P=6;127.0.0.1:P=5;sock=7;other=8;@abstract-$$=9" >want
	cmp want got || fail "$(cat ports)"
	[ "$(cat numbers)" = '3 4 5 6 7 8 9 12 ' ] || fail "$(cat numbers)"
	for n in 1 2 4 5; do serves_at "$(port $n)"; done
	serves_at "u:127.0.0.1:$(port 3)"
	for p in ./sock ./other "@abstract-$$"; do serves_at "$p"; done
	lines err '^socket is duplicated to file descriptor (5|12)$' 2 || fail "$(cat err)"
	stop
	[ ! -e sock ] && [ ! -e other ] || fail "$(ls)"
}
serves_at() { AT=$1; serves 1 || fail "$1: $(get "$1" 2>&1)"; }

atf_test_case number_0
number_0_body()
{
	starter --port=127.0.0.1:0=0 --interval=0.1 -- "$WEB"
	AT=$(port)
	serves 1 || fail 'not served'
	[ "$(env_of SERVER_STARTER_PORT)" = "127.0.0.1:$AT=0" ] || fail "$(env_of SERVER_STARTER_PORT)"
	[ "$(env_of LISTEN_FDS)" = '(unset)' ] || fail 'LISTEN_FDS for what is not in a row'
	stop
}

atf_test_case v6
v6_body()
{
	[ -e /proc/net/if_inet6 ] && grep -q lo$ /proc/net/if_inet6 || atf_skip 'no IPv6 here'
	starter '--port=[::1]:0' --port=::1:u0 --interval=0.1 -- "$WEB"
	serves_at "[::1]:$(port 1)"
	serves_at "u:[::1]:$(port 2)"
	AT="[::1]:$(port 1)"
	[ "$(env_of SERVER_STARTER_PORT)" = "[::1]:$(port 1)=3;[::1]:$(port 2)=4" ] || fail "$(env_of SERVER_STARTER_PORT)"
	stop
}

atf_test_case by_listen_fds
by_listen_fds_body()
{
	starter --port=127.0.0.1:0 --port=127.0.0.1:0 --interval=0.1 -- "$WEB" fds
	serves_at "$(port 1)"
	serves_at "$(port 2)"
	stop
	starter --port=127.0.0.1:0 --interval=0.1 --no-listen-pid -- sh -c '"$@"; exit $?' sh "$WEB" fds
	serves_at "$(port 1)"
	AT=$(port)
	[ "$(env_of LISTEN_PID)" = '(unset)' ] || fail "$(env_of LISTEN_PID)"
	kill "$(children "$(worker 1)")"
	stop_or_died
}
stop_or_died() { kill -TERM "$PID" && ends "$PID" 0; }

# ---- unix sockets ----

atf_test_case unix_sockets
unix_sockets_body()
{
	perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Listen => 1, Local => "old")'
	[ -S old ] || fail 'no socket'
	umask 077
	starter --path=old --path=new --interval=0.1 -- "$WEB"
	lines err '^removing existing socket file:old$' 1 || fail "$(cat err)"
	[ "$(stat -c %a old):$(stat -c %a new)" = 777:777 ] || fail "$(ls -l)"
	serves_at ./old
	serves_at ./new
	# one that has been put there by somebody else stays
	rm new
	perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Listen => 1, Local => "new")'
	stop
	[ ! -e old ] && [ -S new ] || fail "$(ls -l)"
	starter --path=new --path-mode=640 --path-group="$(id -g)" --interval=0.1 -- "$WEB"
	[ "$(stat -c %a new)" = 640 ] || fail "$(ls -l)"
	stop
	echo text >file
	refused 17 '^se-starter: --path: file: ' --path=file -- "$WEB"
	[ "$(cat file)" = text ] || fail 'the file is gone'
}

# ---- restart ----

atf_test_case restart_by_hup
restart_by_hup_body()
{
	starter --port=127.0.0.1:0 --interval=0.3 -- "$WEB"
	AT=$(port)
	hup 2
	serves 2 || fail "$(get "$AT")"
	stop
	said 'start_server (pid:P) starting now...' 'starting new worker P' 'received HUP, spawning a new worker' 'starting new worker P' \
		'new worker is now running, sending TERM to old workers:P' 'killing old workers' 'old worker P died, status:0' \
		'received TERM, sending TERM to all workers:P' 'worker P died, status:0' 'exiting'
}

atf_test_case ten_hups
ten_hups_body()
{
	starter --port=127.0.0.1:0 --interval=0.5 -- "$WEB"
	kill -HUP "$PID"
	eventually generation 2 starting
	for _ in $(seq 10); do kill -HUP "$PID"; done
	eventually only 3
	stop
	lines err '^received HUP' 2 || fail "$(cat err)"
}

atf_test_case hup_during_start
hup_during_start_body()
{
	rm -f pid gens
	$S --pid-file=pid --status-file=gens --port=127.0.0.1:0 --interval=0.5 -- "$WEB" >out 2>err &
	PID=$!
	eventually generation 1 starting
	kill -HUP "$PID"
	eventually only 2
	AT=$(port)
	serves 2 || fail "$(get "$AT")"
	stop
}

atf_test_case other_signals
other_signals_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 --signal-on-hup=USR1 --signal-on-term=sigusr2 -- sh -c '
		trap "echo USR1 >>got; exit 1" USR1; trap "echo USR2 >>got; exit 2" USR2; trap "echo TERM >>got; exit 3" TERM
		echo >up.$SERVER_STARTER_GENERATION
		while :; do sleep 0.02; done'
	eventually test -e up.1
	hup 2
	lines got USR1 1 || fail "$(cat got)"
	lines err '^new worker is now running, sending USR1 to old workers:[0-9]+$' 1 || fail "$(cat err)"
	lines err '^old worker [0-9]+ died, status:256$' 1 || fail "$(cat err)"
	eventually test -e up.2
	kill "$PID"
	ends "$PID" 0
	lines got USR2 1 || fail "$(cat got)"
	lines err '^received TERM, sending USR2 to all workers:[0-9]+$' 1 || fail "$(cat err)"
	# INT and QUIT: TERM is sent
	for sig in INT QUIT; do
		rm -f up.1 got
		starter --interval=0.1 --signal-on-term=USR2 -- sh -c 'trap "echo TERM >>got; exit 3" TERM; echo >up.1; while :; do sleep 0.02; done'
		eventually test -e up.1
		kill -$sig "$PID"
		ends "$PID" 0
		lines err "^received $sig, sending TERM to all workers:[0-9]+\$" 1 || fail "$(cat err)"
		[ ! -e pid ] && [ ! -e gens ] || fail "$(ls)"
	done
}

atf_test_case second_term
second_term_body()
{
	starter --interval=0.1 -- sh -c 'trap "" TERM; (while :; do sleep 0.05; done) & echo $! >child; echo >up; wait'
	eventually test -e up
	perl -e 'kill TERM => $ARGV[0]; select undef, undef, undef, 0.02; kill TERM => $ARGV[0]' "$PID"
	eventually has err '^received TERM'
	sleep 0.2 # sent twice is not a second one
	at_state current 1 || fail "$(states)"
	! has err '^killing' || fail "$(cat err)"
	kill "$PID"
	ends "$PID" 1
	eventually gone "$(cat child)"
	has err '^killing all workers$' || fail "$(cat err)"
	has err '^worker [0-9]+ died, status:9$' || fail "$(cat err)"
}

# ---- old ones ----

atf_test_case kill_old_delay
kill_old_delay_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 --kill-old-delay=4.2 -- "$WEB"
	kill -HUP "$PID"
	eventually generation 2 current
	generation 1 old || fail "$(states)"
	has err '^sleeping 5 secs before killing old workers$' || fail "$(cat err)"
	# a HUP is not kept waiting by it
	kill -HUP "$PID"
	eventually generation 3 current
	generation 1 old && generation 2 old || fail "$(states)"
	eventually only 3
	lines err '^killing old workers$' 2 || fail "$(cat err)"
	# nor is TERM
	kill -HUP "$PID"
	eventually generation 3 old
	stop
	has err '^received TERM, sending TERM to all workers:[0-9]+,[0-9]+$' || fail "$(cat err)"
	lines err '^killing old workers$' 2 || fail "$(cat err)"
}

atf_test_case kill_old_timeout
kill_old_timeout_body()
{
	starter --interval=0.1 --kill-old-timeout=0.3 -- sh -c 'trap "" TERM; (while :; do sleep 0.05; done) & echo $! >child.$SERVER_STARTER_GENERATION; wait'
	eventually test -s child.1
	kill -HUP "$PID"
	eventually has err '^old worker [0-9]+ does not end, killing it$'
	eventually has err '^old worker [0-9]+ died, status:9$'
	eventually gone "$(cat child.1)"
	eventually test -s child.2
	stop_deaf
	eventually gone "$(cat child.2)"
}

atf_test_case max_generations
max_generations_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 --max-generations=3 -- "$WEB" deaf
	for n in 2 3; do
		kill -HUP "$PID"
		eventually generation $n current
	done
	[ "$(states | wc -l)" = 3 ] || fail "$(states)"
	kill -HUP "$PID"
	eventually generation 4 current
	eventually test "$(states | wc -l)" = 3
	[ -z "$(worker 1)" ] || fail "$(states)"
	has err '^old worker [0-9]+ is one of too many, killing it$' || fail "$(cat err)"
	stop_deaf
}

# ---- deaths ----

atf_test_case dies_later
dies_later_body()
{
	starter --port=127.0.0.1:0 --interval=0.2 -- "$WEB"
	AT=$(port)
	sleep 1 # one that lived for a second was no failed start
	kill -9 "$(worker 1)"
	eventually serves 2
	eventually only 2
	has err '^worker [0-9]+ died unexpectedly with status:9, restarting$' || fail "$(cat err)"
	stop
}

atf_test_case dies_young
dies_young_body()
{
	rm -f pid gens
	$S --pid-file=pid --port=127.0.0.1:0 --interval=0.5 -- sh -c '[ "$SERVER_STARTER_GENERATION" -gt 4 ] || exit 7; exec "$@"' sh "$WEB" >out 2>err &
	PID=$!
	eventually at_state current 1
	only 5 || fail "$(states)"
	lines err '^new worker [0-9]+ seems to have failed to start, exit status:1792$' 4 || fail "$(cat err)"
	stop
}

atf_test_case old_one_stays
old_one_stays_body()
{
	starter --port=127.0.0.1:0 --interval=0.2 --max-retries=2 -- sh -c '[ ! -e bad ] || exit 1; exec "$@"' sh "$WEB"
	AT=$(port)
	: >bad
	kill -HUP "$PID"
	eventually has err '^giving up after 3 failed starts: the old worker stays$'
	only 1 || fail "$(states)"
	serves 1 || fail "$(get "$AT")"
	rm bad
	hup 5
	serves 5 || fail "$(get "$AT")"
	stop
}

atf_test_case gives_up
gives_up_body()
{
	rc=0
	timeout -s KILL 30 $S --port=127.0.0.1:0 --interval=0.1 --max-retries=2 -- sh -c 'exit 3' 2>err || rc=$?
	[ $rc = 1 ] || fail "exit status $rc"
	lines err '^starting new worker' 3 || fail "$(cat err)"
	lines err '^giving up after 3 failed starts$' 1 || fail "$(cat err)"
	! has err received || fail "$(cat err)"
}

# It dies at once, for ever: no storm, and TERM is obeyed at once.
atf_test_case no_storm
no_storm_body()
{
	for interval in 0 0.1; do
		$S --pid-file=pid --interval=$interval -- false >out 2>err &
		PID=$!
		sleep 2
		kill "$PID"
		ends "$PID" 0
		n=$(grep -c '^starting new worker' err)
		[ "$n" -ge 3 ] && [ "$n" -le 9 ] || fail "$n starts in 2 s"
	done
}

# ---- by time ----

atf_test_case auto_restart
auto_restart_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 --enable-auto-restart=1 --auto-restart-interval=1 --kill-old-delay=0.2 -- "$WEB"
	AT=$(port)
	eventually only 3
	lines err '^autorestart triggered \(interval=1\)$' 2 || fail "$(cat err)"
	stop
	# with an old one that stays: after twice the time
	starter --port=127.0.0.1:0 --interval=0.1 --enable-auto-restart --auto-restart-interval=1 --kill-old-delay=0 -- "$WEB" deaf
	eventually has err '^autorestart triggered \(forced, interval=1\)$'
	stop_deaf
}

# ---- envdir ----

atf_test_case envdir
envdir_body()
{
	mkdir env
	printf 'one\ntwo\n' >env/FIRST
	printf 'no newline' >env/PLAIN
	printf '\n' >env/EMPTY_LINE
	: >env/NOTHING
	printf 'hidden\n' >env/.HIDDEN
	printf 'x\n' >'env/odd name'
	printf 'x\n' >'env/with=equal'
	printf 'bin\001\377ary\n' >env/BINARY
	head -c 200000 /dev/zero | tr '\0' x >env/LONG
	mkdir env/DIR
	{ echo short && head -c 200000 /dev/zero; } >env/LONG_FILE
	head -c 131067 /dev/zero | tr '\0' y >env/LONG_VALUE
	printf 'mine\n' >env/PATH_LIKE
	echo 9 | tee env/LISTEN_FDS >env/SERVER_STARTER_GENERATION
	export PATH_LIKE=inherited NOTHING=inherited GONE=inherited
	printf 'new\n' >env/GONE
	starter --port=127.0.0.1:0 --interval=0.1 --envdir=env -- "$WEB"
	AT=$(port)
	[ "$(env_of FIRST)" = one ] || fail "$(env_of FIRST)"
	[ "$(env_of PLAIN)" = 'no newline' ] || fail "$(env_of PLAIN)"
	[ "$(env_of EMPTY_LINE)" = '' ] || fail "$(env_of EMPTY_LINE)"
	[ "$(env_of NOTHING)" = inherited ] || fail "$(env_of NOTHING)"
	[ "$(env_of HIDDEN)$(env_of LONG)$(env_of LONG_VALUE)" = '(unset)(unset)(unset)' ] || fail "$(env_of HIDDEN)"
	[ "$(env_of LONG_FILE)" = short ] || fail "$(env_of LONG_FILE)"
	[ "$(env_of PATH_LIKE):$(env_of GONE)" = mine:new ] || fail "$(env_of PATH_LIKE)"
	[ "$(env_of BINARY | od -An -c | tr -d ' ')" = 'bin001377ary\n' ] || fail "$(env_of BINARY | od -c)"
	[ "$(env_of ENVDIR)" = env ] || fail "$(env_of ENVDIR)"
	tr '\0' '\n' <"/proc/$(worker 1)/environ" | grep -q '^odd name=x$' || fail 'an odd name'
	lines err '^envdir: env: 2 files left out: too long$' 1 || fail "$(cat err)"
	serves 1 && [ "$(env_of LISTEN_FDS)" = 1 ] || fail "$(env_of LISTEN_FDS)"
	printf 'three\n' >env/FIRST
	rm env/GONE
	hup 2
	[ "$(env_of FIRST):$(env_of GONE)" = three:inherited ] || fail "$(env_of FIRST)"
	# what is for us, works while it runs
	echo 1 >env/AUTO_RESTART_INTERVAL
	echo 0 >env/KILL_OLD_DELAY
	echo 1 >env/ENABLE_AUTO_RESTART
	eventually only 3
	eventually only 4
	rm env/ENABLE_AUTO_RESTART
	rm -r env
	hup 5
	[ "$(env_of FIRST)" = '(unset)' ] || fail "$(env_of FIRST)"
	stop
	# the directory by the environment
	mkdir other
	echo there >other/FIRST
	ENVDIR=other
	export ENVDIR
	starter --port=127.0.0.1:0 --interval=0.1 -- "$WEB"
	AT=$(port)
	[ "$(env_of FIRST)" = there ] || fail "$(env_of FIRST)"
	stop
}

# ---- files ----

atf_test_case pid_and_status_file
pid_and_status_file_body()
{
	echo 99999999 >pid # stale: nobody holds it
	$S --pid-file=pid --status-file=gens --port=127.0.0.1:0 --path=sock --interval=2 -- "$WEB" 2>err &
	PID=$!
	eventually generation 1 starting
	[ "$(cat pid)" = "$PID" ] || fail "$(cat pid)"
	[ "$(cat gens)" = "1:$(worker 1)" ] || fail "$(cat gens)"
	refused 1 "^se-starter: --pid-file: pid: already running \(pid $PID\)\$" --pid-file=pid --path=sock -- "$WEB"
	[ "$(cat pid)" = "$PID" ] && [ -S sock ] || fail "$(cat pid)"
	eventually only 1
	kill -HUP "$PID"
	eventually generation 2 starting
	[ "$(cat gens)" = "1:$(worker 1)
2:$(worker 2)" ] || fail "$(cat gens)"
	eventually only 2
	[ "$(cat gens)" = "2:$(worker 2)" ] || fail "$(cat gens)"
	stop
	ls gens* 2>/dev/null && fail 'left behind'
	mkdir dir
	refused 21 '^se-starter: --pid-file: dir: ' --pid-file=dir -- "$WEB"
	refused 2 '^se-starter: --pid-file: none/pid: No such file' --pid-file=none/pid -- "$WEB"
}

atf_test_case full_status_disk
full_status_disk_head() { atf_set require.user root; }
full_status_disk_body()
{
	mkdir mnt
	# 16 inodes and a page: the file that is there stays
	(exec unshare -m sh -c 'mount -t tmpfs -o size=12k none mnt && exec "$@"' sh $S --pid-file=pid --status-file=mnt/gens --port=127.0.0.1:0 --interval=0.1 -- "$WEB") 2>err &
	PID=$!
	eventually up_or_gone
	! gone "$PID" || atf_skip "no tmpfs in a mount namespace: $(cat err)"
	disk=/proc/$PID/root$PWD/mnt
	eventually only 1
	head -c 100k /dev/zero >"$disk/fill" 2>/dev/null || :
	hup 2
	hup 3
	lines err '^status file mnt/gens: No space left on device$' 1 || fail "$(cat err)"
	rm "$disk/fill"
	hup 4
	[ "$(cat "$disk/gens")" = "4:$(worker 4)" ] || fail "$(cat "$disk/gens")"
	kill "$PID"
	ends "$PID" 0
}

atf_test_case verbs
verbs_body()
{
	starter --port=127.0.0.1:0 --interval=0.2 -- sh -c '[ ! -e bad ] || exit 1; exec "$@"' sh "$WEB"
	AT=$(port)
	$S --restart --pid-file=pid --status-file=gens || fail 'restart'
	only 2 || fail "$(states)"
	[ "$($S --status --json --pid-file=pid | perl -MJSON::PP -e 'local $/; my $s = decode_json(<>); print "$s->{pid} $s->{restarts} $s->{generations}[0]{generation} $s->{generations}[0]{state} $s->{listeners}[0]{fd}"')" = \
		"$PID 1 2 current 3" ] || fail "$($S --status --json --pid-file=pid)"
	: >bad
	refused 1 '^se-starter: restart: gens: the new generation failed to start' --restart --pid-file=pid --status-file=gens
	serves 2 || fail "$(get "$AT")"
	# and again: what failed before is not what is asked for now
	refused 1 '^se-starter: restart: gens: the new generation failed to start' --restart --pid-file=pid --status-file=gens
	rm bad
	eventually no_old
	$S --restart --pid-file=pid --status-file=gens || fail 'restart after failures'
	$S --stop --pid-file=pid 2>err2 || fail stop
	has err2 '^stop_server \(pid:[0-9]+\) stopping now \(pid:[0-9]+\)\.\.\.$' || fail "$(cat err2)"
	ends "$PID" 0
	refused 2 '^se-starter: stop: pid: No such file' --stop --pid-file=pid
	echo 1 >pid
	refused 3 '^se-starter: stop: pid: No such process$' --stop --pid-file=pid
	refused 3 '^se-starter: restart: pid: No such process$' --restart --pid-file=pid --status-file=gens
	refused 255 '^se-starter: restart: --pid-file, --status-file: ' --restart --pid-file=pid
	refused 255 '^se-starter: stop: --pid-file: ' --stop
	# what does not go is not waited for without end
	starter --interval=0.1 -- "$WEB" deaf
	refused 1 '^se-starter: restart: gens: the old generation is still there$' --restart --pid-file=pid --status-file=gens --timeout=1
	refused 1 '^se-starter: stop: pid: it is still running$' --stop --pid-file=pid --timeout=0.3
	kill "$PID"
	ends "$PID" 1
}
no_old() { [ "$(states | wc -l)" = 1 ] && at_state current 1; }

atf_test_case status_of_a_stranger
status_of_a_stranger_head() { atf_set require.user root; }
status_of_a_stranger_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 -- "$WEB"
	chmod 755 .
	setpriv --reuid=65534 --clear-groups $S --status --pid-file=pid >out2 2>err2 && fail 'a stranger was answered'
	[ ! -s out2 ] && lines err2 '^se-starter: status: pid: Permission denied$' 1 || fail "$(cat out2 err2)"
	stop
}

atf_test_case dump
dump_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 -- "$WEB"
	kill -CONT "$PID"
	eventually has dump '^ +1 +[0-9]+ current'
	has dump "^pid $PID " || fail "$(cat dump)"
	kill -ALRM "$PID"
	only 1 || fail "$(states)"
	stop
}

# ---- the log ----

atf_test_case log_file
log_file_body()
{
	starter --port=127.0.0.1:0 --interval=0.2 --log-file=log -- "$WEB" say='from a worker'
	[ "$(cat err | wc -l)" = 1 ] && has err '^start_server \(pid:[0-9]+\) starting now\.\.\.$' || fail "$(cat err)"
	eventually has log '^starting new worker [0-9]+$'
	eventually has log '^from a worker$'
	mv log log.old
	kill -USR1 "$PID"
	eventually test -e log
	hup 2
	eventually has log '^received HUP'
	eventually has log '^from a worker$'
	has log.old 'received HUP' && fail 'not opened again'
	stop
	eventually has log '^exiting$'
	[ ! -s out ] || fail "$(cat out)"
	refused 2 '^se-starter: --log-file: none/log: No such file' --log-file=none/log -- "$WEB"
}

atf_test_case log_command
log_command_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 --log-file='| cat >>log' -- "$WEB" say='from a worker'
	eventually has log '^starting new worker [0-9]+$'
	eventually has log '^from a worker$'
	stop
	eventually has log '^exiting$'
	refused 2 '^se-starter: --log-file: ./none: exec: No such file' --log-file='| ./none' -- "$WEB"
	refused 255 '^se-starter: --log-file: more than 63 words' --log-file="| echo $(seq -s' ' 70)" -- "$WEB"
	# words, without a shell
	starter --port=127.0.0.1:0 --interval=0.1 --log-file="|$BUILD/se-logrotate --prefix=x: other" -- "$WEB"
	AT=$(port)
	eventually has other '^x:starting new worker'
	logger=$(logger_of "$PID")
	kill -9 "$logger"
	hup 2
	eventually has other '^x:old worker [0-9]+ died'
	serves 2 || fail "$(get "$AT")"
	stop
	eventually has other '^x:exiting$'
	lines other '^x:received HUP' 1 || fail "$(cat other)"
	# one that is to be started again when we end
	starter --interval=0 --log-file='| exec cat >>last' -- "$WEB"
	logger=$(for p in $(children "$PID"); do [ "$p" = "$(worker 1)" ] || echo "$p"; done)
	kill -9 "$logger"
	eventually gone "$logger"
	stop
	eventually has last '^exiting$'
}

# One that hangs, with its pipe full: workers that say nothing are served by, and started.
atf_test_case log_command_hangs
log_command_hangs_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 --log-file='| sleep 1000' -- "$WEB"
	AT=$(port)
	head -c 2m /dev/zero | timeout 1 dd of="/proc/$PID/fd/2" bs=64k 2>/dev/null || :
	hup 2
	serves 2 || fail "$(get "$AT")"
	stop
	kill "$(logger_pids)"
}
logger_pids() { for p in /proc/[0-9]*; do [ "$(tr '\0' ' ' <"$p/cmdline" 2>/dev/null)" != 'sleep 1000 ' ] || [ "$(readlink "$p/cwd")" != "$PWD" ] || basename "$p"; done; }

atf_test_case log_rotated
log_rotated_body()
{
	starter --port=127.0.0.1:0 --interval=0.05 --log-file=log --log-rotate-size=1000 --log-rotate-age=50 -- "$WEB" say='a line of a worker, one for each generation, and a long one so that there are several files'
	for n in $(seq 2 15); do hup "$n"; done
	mv log moved
	kill -USR1 "$PID"
	eventually test -e log
	hup 16
	stop
	eventually has log '^exiting$'
	[ "$(ls log.[0-9]* | wc -l)" -ge 2 ] || fail "$(ls -l)"
	[ "$(cat log moved log.[0-9]* | grep -c '^a line of a worker')" = 16 ] || fail "$(cat log*)"
	for f in log.[0-9]*; do [ "$(stat -c %s "$f")" -le 1000 ] || fail "$(ls -l)"; done
}

# ---- daemonize ----

atf_test_case daemonize
daemonize_body()
{
	$S --daemonize --log-file=log --pid-file=pid --status-file=gens --port=127.0.0.1:0 --interval=0.3 -- "$WEB" >out 2>err || fail "$(cat err)"
	PID=$(cat pid)
	[ -s gens ] || fail 'no worker yet'
	has err '^start_server \(pid:[0-9]+\) starting now' && [ "$(cat err | wc -l)" = 1 ] || fail "$(cat err)"
	eventually only 1
	[ "$(readlink "/proc/$PID/fd/0")" = /dev/null ] && [ "$(readlink "/proc/$(worker 1)/fd/0")" = /dev/null ] || fail 'stdin'
	[ "$(awk '{ print $6 }' "/proc/$PID/stat")" != "$(awk '{ print $6 }' /proc/$$/stat)" ] || fail 'the same session'
	AT=$(port)
	serves 1 || fail 'not served'
	refused 1 '^se-starter: --pid-file: pid: already running' --daemonize --log-file=log --pid-file=pid -- "$WEB"
	$S --stop --pid-file=pid 2>/dev/null || fail stop
	eventually gone "$PID"
	refused 1 '^se-starter: exec: ./none: No such file' --daemonize --log-file=log -- ./none
	refused 1 '^se-starter: --daemonize: --log-file is needed with it$' --daemonize -- "$WEB"
}

# ---- the command line ----

atf_test_case command_line
command_line_body()
{
	# shortened, in any case, one dash, among the program's words
	rm -f pid gens
	$S -port=127.0.0.1:0 "$WEB" --INTERVAL 0.1 say=hello --pid pid --status-f gens >out 2>err &
	PID=$!
	eventually at_state current 1
	has out '^hello$' || fail "$(cat out)"
	stop
	starter --interval=0.1 -- sh -c 'echo "$@" >words; exec sleep 1000' sh --port=80 --interval x
	[ "$(cat words)" = '--port=80 --interval x' ] || fail "$(cat words)"
	kill "$PID"
	ends "$PID" 0
	refused 1 '^se-starter: unknown option: --prot: the nearest is --port$' --prot=80 -- true
	refused 1 '^se-starter: --p: it may mean --port or --path$|^se-starter: --p: it may mean ' --p=80 -- true
	refused 1 '^se-starter: --interval: a value is missing$' --interval
	refused 1 '^se-starter: --interval: x: ' --interval=x -- true
	refused 1 '^se-starter: --signal-on-hup: FOO: ' --signal-on-hup=FOO -- true
	refused 1 '^se-starter: --backlog: ' --backlog=x -- true
	refused 1 '^se-starter: --rlimit: files=3: expected ' --rlimit=files=3 -- true
	refused 1 '^se-starter: --rlimit: ' --rlimit=nofile=x -- true
	refused 1 '^se-starter: --ready=connect: ' --ready=connect -- true
	for later in handover=x takeover=x workers=2 slow-start=1 reuseport allow=1 accept max-connections=1 max-per-source=1; do
		refused 1 "^se-starter: --${later%=*}: not yet in this version\$" --$later -- true
	done
	refused 255 '^se-starter: server program not specified$'
	[ "$($S --vers)" = "$($S --version)" ] || fail "$($S --vers)"
	$S --stop --version | grep -q '^se-starter ' || fail 'version'
	$S --version prog --help | grep -q -- '--signal-on-hup' || fail 'help'
	ln -s "$BUILD/sebox" start_server
	./start_server --version | grep -q '^se-starter ' || fail 'by its other name'
}

atf_test_case exit_statuses
exit_statuses_body()
{
	starter --port=127.0.0.1:0 --interval=0.1 -- "$WEB"
	refused 98 "^se-starter: --port: 127.0.0.1:$(port): bind: Address (already )?in use\$" --port="127.0.0.1:$(port)" -- "$WEB"
	stop
	refused 255 '^se-starter: --port: 80x: ' --port=80x -- "$WEB"
	refused 255 '^se-starter: --port: 70000: ' --port=70000 -- "$WEB"
	refused 255 '^se-starter: --port: no-such-host.invalid:80: ' --port=no-such-host.invalid:80 -- "$WEB"
	refused 255 '^se-starter: --port: 127.0.0.1:0=5: descriptor 5 is taken$' --port=127.0.0.1:0=5 --port=127.0.0.1:0=5 -- "$WEB"
	refused 255 '^se-starter: --port: 127.0.0.1:0=2: descriptor 2 is taken$' --port=127.0.0.1:0=2 -- "$WEB"
	refused 255 '^se-starter: --user, --group: ' --user=no-such-user -- "$WEB"
	refused 2 '^se-starter: exec: ./none: No such file' --port=127.0.0.1:0 -- ./none
	: >file
	refused 13 '^se-starter: exec: ./file: Permission denied$' -- ./file
	refused 2 '^se-starter: chdir: none: No such file' --dir=none -- "$WEB"
	refused 20 '^se-starter: chdir: file: Not a directory$' --dir=file -- "$WEB"
	[ -z "$(ls -d sock pid gens 2>/dev/null)" ] || fail "$(ls)"
	refused 2 '^se-starter: exec: ' --path=sock --pid-file=pid --status-file=gens -- ./none
	[ -z "$(ls -d sock pid gens 2>/dev/null)" ] || fail "$(ls)"
}

atf_init_test_cases()
{
	for c in environment inherited_environment forms_of_ports number_0 v6 by_listen_fds unix_sockets restart_by_hup ten_hups hup_during_start \
		other_signals second_term kill_old_delay kill_old_timeout max_generations dies_later dies_young old_one_stays gives_up no_storm \
		auto_restart envdir pid_and_status_file full_status_disk verbs status_of_a_stranger dump log_file log_command log_command_hangs \
		log_rotated daemonize command_line exit_statuses; do
		atf_add_test_case $c
	done
}
