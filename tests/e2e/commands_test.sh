# se-supervise with command_sender: pipe: words on stdin, to it and to its workers.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"

# reader: the text of a worker that says what it reads and is sent; the word of its argument ends it
reader()
{
	cat <<-'END'
		trap 'echo "signal TERM"' TERM
		trap 'echo "signal QUIT"' QUIT
		trap 'echo "signal USR2"' USR2
		echo up
		while read -r word; do
			echo "read $word"
			[ "$word" != "$1" ] || exit 0
		done
		echo eof
		sleep 1000 &
		wait
		wait
	END
}

# commanded ARG...: a supervisor whose stdin is the fifo that descriptor 9 writes
commanded()
{
	reader >reader.sh
	rm -f ctl in
	mkfifo in
	exec 9<>in
	"$SE" --control-path=ctl --log=log --command-sender=pipe "$@" <in >out 2>err 9<&- &
	PID=$!
	eventually is_up
}

atf_test_case to_workers
to_workers_body()
{
	commanded --workers=2 -- sh reader.sh GRACEFUL_STOP
	eventually lines log '^up$' 2
	kill -USR2 "$PID"
	eventually lines log '^read RELOAD$' 2
	kill -USR1 "$PID"
	eventually lines log '^up$' 4
	eventually lines log '^read GRACEFUL_STOP$' 2
	kill -TERM "$PID"
	ends "$PID" 0
	eventually lines log '^read GRACEFUL_STOP$' 4
	eventually lines log 'Worker [01] finished with status 0$' 4
	! has log '^signal' || fail "$(cat log)"
}

# The ladder says its words again, and ends with the signal that nobody can miss.
atf_test_case ladder
ladder_body()
{
	commanded --worker-graceful-kill-interval=200ms --worker-graceful-kill-interval-increment=0 --worker-graceful-kill-timeout=500ms \
		--worker-immediate-kill-interval=200ms --worker-immediate-kill-interval-increment=0 --worker-immediate-kill-timeout=500ms -- sh reader.sh never
	eventually has log '^up$'
	kill -TERM "$PID"
	ends "$PID" 0
	[ "$(grep '^read' log | uniq | tr '\n' ' ')" = 'read GRACEFUL_STOP read IMMEDIATE_STOP ' ] || fail "$(cat log)"
	[ "$(grep -c '^read' log)" -ge 4 ] || fail "$(cat log)"
	eventually has log 'Worker 0 finished with signal SIGKILL$'
	! has log '^signal' || fail "$(cat log)"
}

# Who has closed its stdin gets the signal.
atf_test_case closed
closed_body()
{
	commanded -- sh -c 'exec <&-; trap "echo caught TERM; exit 0" TERM; echo up; while :; do sleep 0.1; done'
	eventually has log '^up$'
	kill -TERM "$PID"
	ends "$PID" 0
	eventually has log '^caught TERM$'
	eventually has log 'WARN -- : Worker 0 \(pid [0-9]+\) takes no command on its stdin: a signal it is$'
}

# So does one whose pipe is full, since it never reads it.
atf_test_case full
full_body()
{
	commanded -- sh -c 'trap "echo caught TERM; exit 0" TERM; echo up; while :; do sleep 0.1; done'
	eventually has log '^up$'
	i=0
	while [ $i -lt 10 ]; do # as many as a pipe of 64 KiB takes, and more
		yes RELOAD | head -n 1000 >&9
		i=$((i + 1))
	done
	eventually lines log 'Received reload \(stdin\)$' 10000
	kill -TERM "$PID"
	ends "$PID" 0
	eventually has log '^caught TERM$'
}

atf_test_case to_us
to_us_body()
{
	commanded -- sh reader.sh GRACEFUL_STOP
	eventually has log '^up$'
	printf 'SCA' >&9
	printf 'LE 3\nnonsense\n' >&9
	eventually lines log '^up$' 3
	printf '%01000d\nGRACEFUL_RESTART\n' 0 >&9
	eventually lines log '^up$' 4
	printf 'RELOAD\nSTATUS\n' >&9
	eventually lines log '^read RELOAD$' 1
	eventually lines log 'WARN -- : Command on stdin not understood: ' 3
	eventually has log 'not understood: unknown command$'
	eventually has log 'not understood: the line is too long$'
	for word in scale 'graceful restart' reload; do
		eventually has log "INFO -- : Received $word \\(stdin\\)$"
	done
	echo GRACEFUL_STOP >&9
	ends "$PID" 0
	eventually has log 'Received graceful stop \(stdin\)$'
}

# Nobody writes any more, or nobody ever could: it goes on.
atf_test_case end_of_stdin
end_of_stdin_body()
{
	commanded -- sh reader.sh GRACEFUL_STOP
	eventually has log '^up$'
	exec 9>&-
	eventually has log 'INFO -- : No more commands come from stdin: it is closed$'
	between 0 20 "$(cpu "$PID")" 'processor time'
	finish
	rm log
	"$SE" --control-path=ctl --log=log --command-sender=pipe -- sh reader.sh GRACEFUL_STOP </dev/null >out 2>err &
	PID=$!
	eventually has log '^up$'
	eventually has log 'INFO -- : (command_sender: no commands come from stdin: |No more commands come from stdin)'
	finish
}

# A signal means the same as ever.
atf_test_case signals_too
signals_too_body()
{
	commanded -- sh reader.sh IMMEDIATE_STOP
	eventually has log '^up$'
	kill -QUIT "$PID"
	ends "$PID" 0
	eventually has log '^read IMMEDIATE_STOP$'
}

# A name in the abstract namespace is no file: one that is called so stays.
atf_test_case abstract_name
abstract_name_body()
{
	echo keep >@se.$$
	$SE --control-path=@se.$$ --log=log -- "$W" hang >out 2>err &
	PID=$!
	eventually $SE --control-path=@se.$$ --status >status
	$SE --control-path=@se.$$ --stop || fail "$(cat log)"
	ends "$PID" 0
	[ "$(cat @se.$$)" = keep ] || fail "$(ls)"
}

atf_init_test_cases()
{
	atf_add_test_case abstract_name
	for c in to_workers ladder closed full to_us end_of_stdin signals_too; do
		atf_add_test_case $c
	done
}
