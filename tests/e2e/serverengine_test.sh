# se-supervise beside the real ServerEngine: the same file of keys, the same workers, the same signals in the
# same order. What each worker was started with, told and ended by is the same, or differs as it is said here.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"

# What a worker does with signals: most are noted, those that end it give the status.
NOTES='trap=USR1 trap=USR2 trap=HUP trap=INT trap=18'
ENDS='leave=TERM:15 leave=QUIT:3'

# play KEYS [WORKER]: `script` is done to both sides, each in its own folder; WORKER: what the workers do, or own: as the
# file worker says
play()
{
	command -v ruby >/dev/null && ruby -rserverengine -e '' 2>/dev/null || atf_skip 'ServerEngine is not installed'
	rm -rf theirs ours
	[ "${2:-}" = own ] || printf '%s\n' "exec \"$W\" log=w\$SERVERENGINE_WORKER_ID ${2:-$NOTES $ENDS say=start hang}" >worker
	for side in theirs ours; do
		mkdir $side
		cd $side || fail $side
		SIGDUMP_PATH=$PWD/dump
		export SIGDUMP_PATH
		printf '%s\n' 'command: [sh, ../worker]' 'log: log' "$1" >c.yml
		has c.yml '^worker_type:' || echo 'worker_type: spawn' >>c.yml
		mkfifo in
		exec 9<>in
		case $side in
		theirs) ruby "$SRC/tests/peers/server_engine.rb" c.yml <in >out 2>err 9<&- & ;;
		ours) "$SE" -c c.yml <in >out 2>err 9<&- & ;;
		esac
		PID=$!
		script
		rc=0
		eventually gone "$PID"
		wait "$PID" || rc=$?
		exec 9<&-
		{
			lives
			echo "exit $rc"
		} >seen
		cd ..
	done
}

# lives: of each worker its lives, from what it noted and from the log: "0: start, got HUP, status 15; start"
lives()
{
	for f in w[0-9]*; do
		sed -nE "s/.*Worker ${f#w} (finished|exited)( unexpectedly)? with (status [0-9]+|signal SIG[A-Z0-9]+).*/\1\2:\3/p" log |
			sed 's/^finished:\(.*\)/\1/; s/^.*:\(.*\)/\1 by itself/' >exits
		awk -v id="${f#w}" '
			BEGIN { name["01"] = "HUP"; name["02"] = "INT"; name[10] = "USR1"; name[12] = "USR2"; name[15] = "TERM"; name["03"] = "QUIT"; name[18] = "CONT" }
			FILENAME == "exits" { end[++ends] = ", " $0; next }
			/^start/ { line = line (n ? end[n] "; " : "") "start"; n++; next }
			/^got/ { line = line ", got " name[$2]; next }
			{ line = line ", " $0 }
			END { print id ": " line end[n] }' exits "$f"
	done
}

# Of one side, or of both, what is expected.
theirs() { compare theirs; }
ours() { compare ours; }
both()
{
	cat >expected.both
	compare theirs <expected.both
	compare ours <expected.both
}
compare()
{
	cat >expected
	diff expected "$1/seen" >difference || fail "$1: $(cat difference "$1/log" "$1/err")"
}

# ---- what scripts are made of ----

# up ID N: worker ID has started N times; told ID TEXT [N]: it has noted that N times; over ID N: N have ended
up() { noted "$1" '^start' "$2"; }
told() { noted "$1" "^$2\$" "${3:-1}"; }
noted()
{
	eventually test -s "w$1"
	eventually at_least "w$1" "$2" "$3"
}
over() { eventually at_least log "Worker $1 (finished|exited)( unexpectedly)? with " "$2"; }
pid() { sed -n 's/^start //p' "w$1" | tail -n 1; }
sig() { kill "-$1" "$PID"; }
# heard WORDS [N]: the server says that it was asked this
heard() { eventually at_least log "Received $1" "${2:-1}"; }
# server: the child that watches the workers
server() { tr ' ' '\n' <"/proc/$PID/task/$PID/children" | while read -r p; do [ "$(cat "/proc/$p/comm")" = se-logrotate ] || echo "$p"; done; }

# ---- signals without a supervisor ----

for how in TERM QUIT INT; do
	eval "atf_test_case stop_$how; stop_${how}_body() { stops $how; }"
done
# stops SIGNAL [supervised]
stops()
{
	script()
	{
		up 0 1
		up 1 1
		sig "$how"
	}
	how=$1
	status=15
	[ "$how" != QUIT ] || status=3
	play "${2:+supervisor: true
}workers: 2"
	both <<-END
		0: start, status $status
		1: start, status $status
		exit 0
	END
}

atf_test_case restart
restart_body()
{
	script()
	{
		up 0 1
		up 1 1
		sig USR1
		up 0 2
		up 1 2
		sig HUP
		up 0 3
		up 1 3
		sig TERM
	}
	play 'workers: 2'
	both <<-'END'
		0: start, status 15; start, status 3; start, status 15
		1: start, status 15; start, status 3; start, status 15
		exit 0
	END
}

# Two at once are one restart, for a worker that has not ended yet.
atf_test_case restart_twice
restart_twice_body()
{
	script()
	{
		up 0 1
		sig USR1
		told 0 'got 15'
		sig USR1
		heard 'graceful restart' 2
		kill -QUIT "$(pid 0)"
		up 0 2
		kill -QUIT "$(pid 0)"
		up 0 3
		sig QUIT
	}
	play 'workers: 1' "$NOTES trap=TERM leave=QUIT:3 say=start hang"
	both <<-'END'
		0: start, got TERM, status 3; start, status 3 by itself; start, status 3
		exit 0
	END
}

atf_test_case dump
dump_body()
{
	script()
	{
		up 0 1
		sig CONT
		eventually test -s dump
		sig TERM
	}
	play 'workers: 1'
	both <<-'END'
		0: start, status 15
		exit 0
	END
}

# ---- reload ----

reloads()
{
	script()
	{
		up 0 1
		sig USR2
		heard reload
		[ -z "$told" ] || told 0 "$told"
		sig TERM
	}
	told=$2
	play "$1"
}

atf_test_case reload_signal
reload_signal_body()
{
	reloads 'worker_reload_signal: HUP' 'got 01'
	both <<-'END'
		0: start, got HUP, status 15
		exit 0
	END
}

atf_test_case reload_signal_nil
reload_signal_nil_body()
{
	reloads 'worker_reload_signal: ~' ''
	both <<-'END'
		0: start, status 15
		exit 0
	END
}

# Not set it is USR2: what worker_type process sends there.
atf_test_case reload_signal_default
reload_signal_default_body()
{
	reloads 'worker_type: process' 'got 12'
	theirs <<-'END'
		0: start, got USR2, status 0
		exit 0
	END
	ours <<-'END'
		0: start, got USR2, status 15
		exit 0
	END
	script()
	{
		up 0 1
		sig USR2
		heard reload
		[ "$side" = theirs ] || told 0 'got 12'
		sig TERM
	}
	play 'workers: 1'
	theirs <<-'END'
		0: start, status 15
		exit 0
	END
	ours <<-'END'
		0: start, got USR2, status 15
		exit 0
	END
}

# One that does not catch it would die of it.
atf_test_case reload_signal_not_caught
reload_signal_not_caught_body()
{
	script()
	{
		up 0 1
		sig USR2
		heard reload
		[ "$side" = ours ] || up 0 2
		sig TERM
	}
	play 'worker_reload_signal: USR2' "$ENDS say=start hang"
	theirs <<-'END'
		0: start, signal SIGUSR2 by itself; start, status 15
		exit 0
	END
	ours <<-'END'
		0: start, status 15
		exit 0
	END
}

atf_test_case more_workers
more_workers_body()
{
	script()
	{
		up 0 1
		sed -i 's/^workers: .*/workers: 3/' c.yml
		sig USR2
		up 1 1
		up 2 1
		sed -i 's/^workers: .*/workers: 4/' c.yml
		sig USR1
		up 0 2
		up 1 2
		up 2 2
		up 3 1
		sig TERM
	}
	play "$(printf '%s\n' 'workers: 1' 'worker_reload_signal: ~')"
	both <<-'END'
		0: start, status 15; start, status 15
		1: start, status 15; start, status 15
		2: start, status 15; start, status 15
		3: start, status 15
		exit 0
	END
}

# The surplus is stopped; there it lives on until something else ends it.
atf_test_case fewer_workers
fewer_workers_body()
{
	script()
	{
		up 0 1
		up 1 1
		sed -i 's/^workers: .*/workers: 1/' c.yml
		sig USR2
		heard reload
		if [ "$side" = theirs ]; then
			kill -QUIT "$(pid 1)"
		fi
		over 1 1
		kill -QUIT "$(pid 0)"
		up 0 2
		sig TERM
	}
	play "$(printf '%s\n' 'workers: 2' 'worker_reload_signal: ~')"
	theirs <<-'END'
		0: start, status 3 by itself; start, status 15
		1: start, status 3 by itself
		exit 0
	END
	ours <<-'END'
		0: start, status 3 by itself; start, status 15
		1: start, status 15
		exit 0
	END
}

# A configuration that cannot be read: there the reload is an error that goes to stderr, and the rest of it is not done.
atf_test_case broken_reload
broken_reload_body()
{
	script()
	{
		up 0 1
		printf '%s\n' 'x: [' >>c.yml
		sig USR1
		heard 'graceful restart'
		sed -i '/^x:/d' c.yml
		sig TERM
	}
	play 'workers: 1'
	both <<-'END'
		0: start, status 15
		exit 0
	END
}

# ---- workers that end by themselves ----

atf_test_case by_itself
by_itself_body()
{
	script()
	{
		up 0 1
		kill -HUP "$(pid 0)"
		up 0 2
		kill -INT "$(pid 0)"
		up 0 3
		kill -KILL "$(pid 0)"
		up 0 4
		sig TERM
	}
	play 'workers: 1' "$ENDS leave=HUP:0 leave=INT:7 say=start hang"
	both <<-'END'
		0: start, status 0 by itself; start, status 7 by itself; start, signal SIGKILL by itself; start, status 15
		exit 0
	END
}

# Such a worker stays down, the others go on, and the whole ends with its status, whoever ends it.
atf_test_case unrecoverable
unrecoverable_body()
{
	script()
	{
		up 0 1
		up 1 1
		kill -INT "$(pid 0)"
		over 0 1
		kill -HUP "$(pid 1)"
		up 1 2
		sig TERM
	}
	play "$(printf '%s\n' 'workers: 2' 'unrecoverable_exit_codes: [7, 9]')" "$ENDS leave=HUP:0 leave=INT:7 say=start hang"
	both <<-'END'
		0: start, status 7 by itself
		1: start, status 0 by itself; start, status 15
		exit 7
	END
}

# The status is that of the last one to end, there that of the highest id.
atf_test_case unrecoverable_all
unrecoverable_all_body()
{
	script()
	{
		up 0 1
		up 1 1
		kill -INT "$(pid 1)"
		over 1 1
		kill -HUP "$(pid 0)"
	}
	play "$(printf '%s\n' 'workers: 2' 'unrecoverable_exit_codes: [7, 9]')" "$ENDS leave=HUP:9 leave=INT:7 say=start hang"
	theirs <<-'END'
		0: start, status 9 by itself
		1: start, status 7 by itself
		exit 7
	END
	ours <<-'END'
		0: start, status 9 by itself
		1: start, status 7 by itself
		exit 9
	END
}

atf_test_case unrecoverable_stop
unrecoverable_stop_body()
{
	script()
	{
		up 0 1
		up 1 1
		kill -INT "$(pid 0)"
	}
	play "$(printf '%s\n' 'workers: 2' 'unrecoverable_exit_codes: [7]' 'stop_immediately_at_unrecoverable_exit: true')" \
		"$ENDS leave=INT:7 say=start hang"
	both <<-'END'
		0: start, status 7 by itself
		1: start, status 15
		exit 7
	END
}

# An answer to a stop counts too.
atf_test_case unrecoverable_asked
unrecoverable_asked_body()
{
	script()
	{
		up 0 1
		sig TERM
	}
	play 'unrecoverable_exit_codes: [15]'
	both <<-'END'
		0: start, status 15
		exit 15
	END
}

# A restart of all starts it again, there not.
atf_test_case unrecoverable_restart
unrecoverable_restart_body()
{
	script()
	{
		up 0 1
		up 1 1
		kill -INT "$(pid 0)"
		over 0 1
		sig USR1
		up 1 2
		[ "$side" = theirs ] || up 0 2
		sig TERM
	}
	play "$(printf '%s\n' 'workers: 2' 'unrecoverable_exit_codes: [7]')" "$ENDS leave=INT:7 say=start hang"
	theirs <<-'END'
		0: start, status 7 by itself
		1: start, status 15; start, status 15
		exit 7
	END
	ours <<-'END'
		0: start, status 7 by itself; start, status 15
		1: start, status 15; start, status 15
		exit 0
	END
}

# ---- hanging workers ----

# Steps are two seconds apart, where there it is looked every half second.
LADDER=$(printf '%s\n' worker_graceful_kill_interval:\ 3 worker_graceful_kill_interval_increment:\ 0 worker_graceful_kill_timeout:\ 5 \
	worker_immediate_kill_interval:\ 3 worker_immediate_kill_interval_increment:\ 0 worker_immediate_kill_timeout:\ 5)

atf_test_case ladder
ladder_body()
{
	script()
	{
		up 0 1
		sig "$first"
	}
	first=TERM
	play "$LADDER" 'trap=TERM leave=QUIT:3 say=start hang'
	both <<-'END'
		0: start, got TERM, got TERM, status 3
		exit 0
	END
	play "$LADDER" 'trap=TERM trap=QUIT say=start hang'
	both <<-'END'
		0: start, got TERM, got TERM, got QUIT, got QUIT, signal SIGKILL
		exit 0
	END
	first=QUIT
	play "$LADDER" 'trap=TERM trap=QUIT say=start hang'
	both <<-'END'
		0: start, got QUIT, got QUIT, signal SIGKILL
		exit 0
	END
}

# HUP's ladder has no TERM, and a worker that was killed for it is started again.
atf_test_case ladder_of_a_restart
ladder_of_a_restart_body()
{
	script()
	{
		up 0 1
		sig HUP
		up 0 2
		kill -KILL "$(pid 0)"
		up 0 3
		sig INT
	}
	play "$LADDER" 'trap=TERM trap=QUIT say=start hang'
	both <<-'END'
		0: start, got QUIT, got QUIT, signal SIGKILL; start, signal SIGKILL by itself; start, got TERM, got TERM, got QUIT, got QUIT, signal SIGKILL
		exit 0
	END
}

# QUIT behind TERM is sent at once; there when the next TERM is due.
atf_test_case term_then_quit
term_then_quit_body()
{
	script()
	{
		up 0 1
		sig TERM
		told 0 'got 15'
		sig QUIT
	}
	play 'worker_graceful_kill_interval: 3' 'trap=TERM leave=QUIT:3 say=start hang'
	both <<-'END'
		0: start, got TERM, status 3
		exit 0
	END
}

# A stopped worker hangs: there KILL ends it, here it is continued with QUIT.
atf_test_case heartbeat
heartbeat_body()
{
	script()
	{
		up 0 1
		kill -STOP "$(pid 0)"
		up 0 2
		sig TERM
	}
	play "$(printf '%s\n' 'worker_type: process' 'worker_heartbeat_interval: 0.2' 'worker_heartbeat_timeout: 3' 'worker_immediate_kill_interval: 1' \
		'worker_immediate_kill_timeout: 2')" 'leave=TERM:0 say=start beat=0:200'
	theirs <<-'END'
		0: start, signal SIGKILL by itself; start, status 0
		exit 0
	END
	ours <<-'END'
		0: start, signal SIGQUIT by itself; start, status 0
		exit 0
	END
}

# There a command that closes the pipe is ended, though that type knows no heartbeat (and where no other worker is left
# with one, it cannot even be stopped any more).
atf_test_case pipe_closed
pipe_closed_body()
{
	cat >worker <<-END
		how=
		[ "\$SERVERENGINE_WORKER_ID" = 1 ] || [ -e w0 ] || how=closefds
		exec "$W" log=w\$SERVERENGINE_WORKER_ID $ENDS say=start \$how hang
	END
	script()
	{
		up 0 1
		up 1 1
		if [ "$side" = theirs ]; then
			up 0 2
		else
			eventually has log 'Worker 0 closed its heartbeat pipe: heartbeats are not enforced$'
		fi
		sig TERM
	}
	play 'workers: 2' own
	theirs <<-'END'
		0: start, status 3 by itself; start, status 15
		1: start, status 15
		exit 0
	END
	ours <<-'END'
		0: start, status 15
		1: start, status 15
		exit 0
	END
}

# ---- commands on a pipe ----

# Workers are told by words on their stdin; there only of a reload, the rest by signals.
atf_test_case command_pipe
command_pipe_body()
{
	cat >worker <<-'END'
		exec >>"w$SERVERENGINE_WORKER_ID"
		trap 'exit 15' TERM
		echo start $$
		while read -r word; do
			echo "read $word"
			[ "$word" != GRACEFUL_STOP ] || exit 15
		done
	END
	script()
	{
		up 0 1
		echo RELOAD >&9
		told 0 'read RELOAD'
		echo GRACEFUL_RESTART >&9
		up 0 2
		echo GRACEFUL_STOP >&9
	}
	play 'command_sender: pipe' own
	theirs <<-'END'
		0: start, read RELOAD, status 15; start, status 15
		exit 0
	END
	ours <<-'END'
		0: start, read RELOAD, read GRACEFUL_STOP, status 15; start, read GRACEFUL_STOP, status 15
		exit 0
	END
}

# ---- with a supervisor ----

for how in TERM QUIT; do
	eval "atf_test_case supervised_stop_$how; supervised_stop_${how}_body() { stops $how supervised; }"
done

# What is not the supervisor's goes through it.
atf_test_case supervised_signals
supervised_signals_body()
{
	script()
	{
		up 0 1
		server >server
		sig USR1
		up 0 2
		sig HUP
		up 0 3
		sig CONT
		eventually test -s dump
		sed -i 's/^workers: .*/workers: 2/' c.yml
		sig USR2
		told 0 'got 12'
		up 1 1
		[ "$(server)" = "$(cat server)" ] || fail 'another server'
		sig TERM
	}
	for reload in false true; do
		play "$(printf '%s\n' 'supervisor: true' 'workers: 1' 'worker_reload_signal: USR2' "disable_reload: $reload")"
		both <<-'END'
			0: start, status 15; start, status 3; start, got USR2, status 15
			1: start, status 15
			exit 0
		END
	done
}

atf_test_case supervised_restart
supervised_restart_body()
{
	script()
	{
		up 0 1
		server >server
		sig USR1
		up 0 2
		[ "$(server)" != "$(cat server)" ] || fail 'the same server'
		server >server
		sig HUP
		up 0 3
		[ "$(server)" != "$(cat server)" ] || fail 'the same server'
		sig TERM
	}
	play "$(printf '%s\n' 'supervisor: true' 'restart_server_process: true')"
	both <<-'END'
		0: start, status 15; start, status 3; start, status 15
		exit 0
	END
}

# A killed server: its workers end with it, and there they live on.
atf_test_case server_killed
server_killed_body()
{
	script()
	{
		up 0 1
		first=$(pid 0)
		kill -KILL "$(server)"
		up 0 2
		if [ "$side" = theirs ]; then
			echo 'old one lives on' >>w0
			kill -KILL "$first"
		fi
		eventually gone "$first"
		sig TERM
	}
	play 'supervisor: true'
	theirs <<-'END'
		0: start, status 15; start, old one lives on
		exit 0
	END
	ours <<-'END'
		0: start, status 15; start
		exit 0
	END
}

atf_test_case supervised_unrecoverable
supervised_unrecoverable_body()
{
	script()
	{
		up 0 1
		kill -INT "$(pid 0)"
	}
	play "$(printf '%s\n' 'supervisor: true' 'unrecoverable_exit_codes: [7]')" "$ENDS leave=INT:7 say=start hang"
	both <<-'END'
		0: start, status 7 by itself
		exit 7
	END
}

# There the supervisor ends with an error when the old server ends within server_detach_wait.
atf_test_case live_restart
live_restart_body()
{
	script()
	{
		up 0 1
		sig INT
		[ "$side" = theirs ] || {
			up 0 2
			sig TERM
		}
	}
	play "$(printf '%s\n' 'supervisor: true' 'enable_detach: true')"
	has theirs/err "undefined method .try_join. for nil" || fail "$(cat theirs/err)"
	theirs <<-'END'
		0: start, status 15
		exit 1
	END
	ours <<-'END'
		0: start, status 15; start, status 15
		exit 0
	END
}

# A worker that takes its time: the new server comes after server_detach_wait; there when the old one has ended.
atf_test_case live_restart_slow
live_restart_slow_body()
{
	script()
	{
		up 0 1
		sig INT
		up 0 2
		echo "$(grep -c 'Worker 0 finished' log) had ended" >>w0
		over 0 1
		up 0 2
		sig TERM
	}
	play "$(printf '%s\n' 'supervisor: true' 'enable_detach: true' 'server_detach_wait: 1')" 'drain=TERM:4000 say=start hang'
	theirs <<-'END'
		0: start, status 0; start, 1 had ended, status 0
		exit 0
	END
	ours <<-'END'
		0: start, status 0; start, 0 had ended, status 0
		exit 0
	END
}

# enable_detach is true in ServerEngine's manual, and false in its program.
atf_test_case detach_not_set
detach_not_set_body()
{
	script()
	{
		up 0 1
		sig INT
		[ "$side" = theirs ] || {
			up 0 2
			sig TERM
		}
	}
	play 'supervisor: true'
	theirs <<-'END'
		0: start, status 15
		exit 0
	END
	ours <<-'END'
		0: start, status 15; start, status 15
		exit 0
	END
}

atf_test_case exit_on_detach
exit_on_detach_body()
{
	script()
	{
		up 0 1
		sig INT
		eventually gone "$PID"
		! has log 'Worker 0 finished' || fail 'it waited'
		over 0 1
	}
	play "$(printf '%s\n' 'supervisor: true' 'enable_detach: true' 'exit_on_detach: true' 'server_detach_wait: 1')" 'drain=TERM:5000 say=start hang'
	both <<-'END'
		0: start, status 0
		exit 0
	END
}

# After a stop a supervisor's status is 0, whatever its server's is.
atf_test_case supervised_lost
supervised_lost_body()
{
	script()
	{
		up 0 1
		up 1 1
		kill -INT "$(pid 0)"
		over 0 1
		sig TERM
	}
	play "$(printf '%s\n' 'supervisor: true' 'workers: 2' 'unrecoverable_exit_codes: [7]')" "$ENDS leave=INT:7 say=start hang"
	both <<-'END'
		0: start, status 7 by itself
		1: start, status 15
		exit 0
	END
}

atf_init_test_cases()
{
	for c in stop_TERM stop_QUIT stop_INT restart restart_twice dump reload_signal reload_signal_nil reload_signal_default reload_signal_not_caught \
		more_workers fewer_workers broken_reload by_itself unrecoverable unrecoverable_all unrecoverable_stop unrecoverable_asked \
		unrecoverable_restart ladder ladder_of_a_restart term_then_quit heartbeat pipe_closed command_pipe supervised_stop_TERM \
		supervised_stop_QUIT supervised_signals supervised_restart server_killed supervised_unrecoverable supervised_lost live_restart live_restart_slow \
		detach_not_set exit_on_detach; do
		atf_add_test_case $c
	done
}
