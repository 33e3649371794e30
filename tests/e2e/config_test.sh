# se-supervise's configuration: what is read, what is refused and in which words, and that --check
# prints what reads back to itself.

# conf LINE...: these lines are the file c.yml; printf's escapes in them are expanded
conf() { printf '%b\n' "$@" >c.yml; }
# wrong TEXT: the test fails with the first line of the text; what there was is in the output
wrong()
{
	for _f in c.yml err; do
		echo "--- $_f"
		head -c 2000 $_f 2>/dev/null
	done
	atf_fail "$(echo "$1" | head -n 1 | cut -c 1-200)"
}

# reads KEY VALUE: so --check prints it
reads()
{
	"$SE" -c c.yml --check >out 2>err || wrong "$1: $2: refused"
	grep -qxF -- "$1: $2" out || wrong "expected $1: $2, not $(grep "^$1:" out)"
}

# mentions PATTERN [ARG]...: exit 2, nothing on stdout, and one line that the pattern matches
mentions()
{
	_why=$1 _rc=0
	shift
	"$SE" --check "$@" >out 2>err || _rc=$?
	[ $_rc = 2 ] || wrong "$*: exit status $_rc, expected 2"
	[ ! -s out ] || wrong "$*: it printed something"
	lines err '' 1 || wrong "$*: not one line"
	has err "^se-supervise: ($_why)\$" || wrong "$*: expected $_why"
}

# refused MESSAGE [ARG]...: the same, with exactly this message
refused()
{
	_message=$1
	shift
	mentions '.*' "$@"
	grep -qxF -- "se-supervise: $_message" err || wrong "expected $_message"
}

atf_test_case names_and_defaults
names_and_defaults_body()
{
	"$SE" --check -- x >out || atf_fail 'it is wrong'
	# ServerEngine's documentation
	cat >expected <<'END'
workers: 1
worker_type: process
worker_process_name: nil
daemonize: false
pid_path: []
disable_sigdump: false
supervisor: false
server_process_name: nil
restart_server_process: false
enable_detach: true
exit_on_detach: false
disable_reload: false
server_restart_wait: 1s
server_detach_wait: 10s
server_heartbeat_interval: 1s
server_heartbeat_timeout: 3m
server_graceful_kill_interval: 15s
server_graceful_kill_interval_increment: 10s
server_graceful_kill_timeout: 10m
server_immediate_kill_interval: 10s
server_immediate_kill_interval_increment: 10s
server_immediate_kill_timeout: 10m
dump_on_timeout: false
init_exit: exit
init_mount: false
daemon_process_name: nil
chuser: nil
chgroup: nil
chumask: nil
daemonize_error_exit_code: 1
start_worker_delay: 0s
start_worker_delay_rand: 0.200
restart_worker_interval: 0s
worker_heartbeat_interval: 1s
worker_heartbeat_timeout: 3m
worker_graceful_kill_interval: 15s
worker_graceful_kill_interval_increment: 10s
worker_graceful_kill_timeout: 10m
worker_immediate_kill_interval: 10s
worker_immediate_kill_interval_increment: 10s
worker_immediate_kill_timeout: 10m
unrecoverable_exit_codes: []
stop_immediately_at_unrecoverable_exit: false
worker_chuser: nil
worker_chgroup: nil
worker_chumask: nil
worker_reload_signal: USR2
listen: []
backlog: 4096
socket_manager: nil
allowed_networks: []
command_sender: signal
signal_graceful_stop: TERM
signal_immediate_stop: QUIT
signal_graceful_restart: USR1
signal_immediate_restart: HUP
signal_reload: USR2
signal_detach: INT
signal_dump: CONT
log: []
log_level: debug
END
	sort expected >sorted
	grep -xF -f expected out | sort | diff -u sorted - >&2 || atf_fail 'other names or defaults'
	! has out '^(config|check|help|version|status|stop|scale|upgrade|timeout|detach|get_socket):' ||
		atf_fail 'it prints what is no key of this version'
}

atf_test_case later_keys
later_keys_body()
{
	conf 'command: x' 'logger_class: 1'
	refused 'c.yml:2: logger_class: not yet in this version' -c c.yml
	refused '--logger_class: not yet in this version' --logger_class=1 x
}

atf_test_case worker_types
worker_types_body()
{
	for type in process spawn; do
		conf 'command: x' "worker_type: $type"
		reads worker_type $type
	done
	for type in embedded thread; do
		conf 'command: x' "worker_type: $type"
		mentions '(c.yml:2: )?worker_type: .*workers here are programs of their own.*' -c c.yml
	done
	conf 'command: x' 'worker_type: fiber'
	refused 'c.yml:2: worker_type: fiber: expected process, spawn, embedded, thread' -c c.yml
}

atf_test_case times
times_body()
{
	for pair in '0:0s' '90:90s' '90s:90s' '1.5m:90s' '90000ms:90s' '1m:1m' '60:1m' '3600:1h' '24h:1d' \
	    '0.25:250ms' '1.0:1s' '.5:' '0.0001:1ms' '366d:366d' '367d:' '1.5.5:' '5s5:' '-1:' '1e3:' '+5:' \
	    '0x10:' '99999999999999999999:' 'nil:' '"5 s":' '5S:' "'7':7s" '"":' 'true:' '[1]:'; do
		conf 'command: x' "start_worker_delay: ${pair%:*}"
		case ${pair##*:} in
		'') mentions 'c.yml:2: start_worker_delay: .*expected a time from 0s to 366d .*' -c c.yml ;;
		*) reads start_worker_delay "${pair##*:}" ;;
		esac
	done
	for key in worker_graceful_kill_timeout worker_immediate_kill_timeout worker_max_age; do
		conf 'command: x' "$key: -1"
		reads $key -1
		conf 'command: x' "$key: -2"
		mentions "c.yml:2: $key: -2: expected a time .*, or -1 for never" -c c.yml
	done
}

atf_test_case numbers
numbers_body()
{
	while IFS='|' read -r key good printed bad why; do
		for v in $good; do
			conf 'command: x' "$key: $v"
			reads "$key" "$printed"
		done
		for v in $bad; do
			conf '# a comment' '' 'command: x' "$key: $v"
			refused "c.yml:4: $key: $v: expected $why" -c c.yml
			refused "--$key: $v: expected $why" "--$key=$v" x
		done
	done <<'END'
workers|0 00|0|-1 10001 2x 1.5 1e3 0x10 99999999999999999999 18446744073709551617 two|a whole number from 0 to 10000
workers|10000|10000|10001|a whole number from 0 to 10000
daemonize_error_exit_code|255|255|256 -1|a whole number from 0 to 255
nice|-5|-5|-41 41 x|a whole number from -40 to 40, or nil
worker_notification_fd|3 003|3|2 256 -1 x|a whole number from 3 to 255, or nil
chumask|022 22 0022|022|9 1000 0x1 -1|an octal number up to 777, or nil
worker_max_rss|10M 10m 10MB 10MiB 10485760 10240K|10485760|10T 1.5G M 99999999999G|a size (units K, M, G), or nil
worker_max_rss|1G 1024M|1073741824|1GG|a size (units K, M, G), or nil
start_worker_delay_rand|0.2 0.20000 0.2009|0.200|.2 2.001|a ratio from 0 to 2
start_worker_delay_rand|1 1.0|1.000|2.1 -1 x .|a ratio from 0 to 2
restart_limit|5/60 5/1m 5/60s|5/1m|5 0/60 5/0 /5 5/ 5/x|a count and a time, as 5/60s, or nil
rlimit_nofile|5 5:5|"5:5"|5:4 x 5:6:7|LIMIT or SOFT:HARD, numbers or unlimited, or nil
rlimit_core|unlimited infinity unlimited:unlimited|"unlimited:unlimited"|unlimited:0|LIMIT or SOFT:HARD, numbers or unlimited, or nil
rlimit_as|1M:2G|"1048576:2147483648"|1M:1K|LIMIT or SOFT:HARD, numbers or unlimited, or nil
log_level|warn|warn|WARN loud|trace, debug, info, warn, error, fatal
restart_mode|rolling|rolling|turns|together, rolling
restart_max_unavailable|2 02|2|-1 10001 x|a whole number from 0 to 10000
restart_surge|10000|10000|-1 10001 x|a whole number from 0 to 10000
worker_heartbeat|stat|stat|maybe|auto, required, off, stat
on_give_up|stop|stop|loop|exit, stop
END
}

atf_test_case booleans
booleans_body()
{
	for v in true True TRUE yes Yes YES on On ON 1 '"true"' "'yes'"; do
		conf 'command: x' "daemonize: $v"
		reads daemonize true
	done
	for v in false False FALSE no No NO off Off OFF 0; do
		conf 'command: x' "daemonize: $v"
		reads daemonize false
	done
	for v in 2 01 y maybe tru; do
		conf 'command: x' "daemonize: $v"
		refused "c.yml:2: daemonize: $v: expected true or false" -c c.yml
	done
	for v in nil '~' null ''; do
		conf 'command: x' "daemonize: $v"
		refused 'c.yml:2: daemonize: nil: expected true or false' -c c.yml
	done
	conf 'command: x'
	atf_check -o 'match:^daemonize: true$' "$SE" -c c.yml --daemonize --check
	atf_check -o 'match:^daemonize: false$' "$SE" -c c.yml --daemonize=no --check
}

atf_test_case signals
signals_body()
{
	for v in HUP SIGHUP hup sighup 1 "'HUP'"; do
		conf 'command: x' "worker_reload_signal: $v"
		reads worker_reload_signal HUP
	done
	for v in nil null Null NULL '~' ''; do
		conf 'command: x' "worker_reload_signal: $v"
		reads worker_reload_signal nil
	done
	for v in FOO 0 65 -1 SIGSIGHUP; do
		conf 'command: x' "worker_reload_signal: $v"
		refused "c.yml:2: worker_reload_signal: $v: expected a signal, or nil" -c c.yml
	done
	conf 'command: x' 'signal_dump: nil'
	refused 'c.yml:2: signal_dump: nil: expected a signal' -c c.yml
}

atf_test_case signals_that_collide
signals_that_collide_body()
{
	conf 'command: x' 'signal_reload: TERM'
	mentions '.*signal_reload.*TERM.*signal_graceful_stop.*|.*signal_graceful_stop.*TERM.*signal_reload.*' -c c.yml
	# exchanged ones do not
	conf 'command: x' 'signal_reload: HUP' 'signal_immediate_restart: USR2'
	reads signal_reload HUP
	# what cannot be caught, what tells of children, what comes of a crash, what libc keeps for itself
	for sig in KILL STOP CHLD SEGV BUS FPE ILL 32 33 34; do
		conf 'command: x' "signal_dump: $sig"
		mentions '(c.yml:2: )?signal.*: .*cannot be .*' -c c.yml
	done
}

atf_test_case sigdump_signal
sigdump_signal_body()
{
	atf_check -o 'match:^signal_dump: WINCH$' env SIGDUMP_SIGNAL=SIGWINCH "$SE" --check x
	atf_check -o 'match:^signal_dump: CONT$' env SIGDUMP_SIGNAL= "$SE" --check x
	conf 'command: x' 'signal_dump: URG' # the key wins
	atf_check -o 'match:^signal_dump: URG$' env SIGDUMP_SIGNAL=WINCH "$SE" -c c.yml --check
	atf_check -s exit:2 -e 'inline:se-supervise: SIGDUMP_SIGNAL: FOO: expected a signal\n' \
	    env SIGDUMP_SIGNAL=FOO "$SE" --check x
	atf_check -s exit:2 -e 'match:TERM' env SIGDUMP_SIGNAL=TERM "$SE" --check x
}

atf_test_case lists
lists_body()
{
	for v in '[3, 4]' '[3,4]' '[ 3 , 4 ]' '[4, 3, 4]' '["3", '"'4']" '[3, 4,] # both' '\n- 3\n- 4' \
	    '# they\n\n  - 3 # three\n\n  # and\n  - "4"' '\n  - 3\n- 4'; do
		conf 'command: x' "unrecoverable_exit_codes: $v" 'workers: 7'
		reads unrecoverable_exit_codes '[3, 4]'
		reads workers 7
	done
	for v in '[]' '[ ]' nil ''; do
		conf 'command: x' "unrecoverable_exit_codes: $v" 'workers: 7'
		reads unrecoverable_exit_codes '[]'
	done
	conf 'command: x' 'unrecoverable_exit_codes: 3'
	reads unrecoverable_exit_codes '[3]'
	atf_check -o 'match:^unrecoverable_exit_codes: \[3, 4\]$' "$SE" --unrecoverable-exit-codes=3,4 --check x
	atf_check -o 'match:^unrecoverable_exit_codes: \[\]$' "$SE" --unrecoverable-exit-codes=nil --check x
	conf 'command: x' 'unrecoverable_exit_codes: [1, 256]'
	refused 'c.yml:2: unrecoverable_exit_codes: 256: expected exit statuses from 0 to 255, or nil' -c c.yml
	conf 'command: x' 'pid_path: [/a, "/b, c"]' 'log:' ' - /d' " - 'e ''f'''"
	reads pid_path '[/a, "/b, c"]'
	reads log '[/d, "e '"'f'"'"]'
	conf 'command: x' 'workers: [1, 2]'
	refused 'c.yml:2: workers: a list: expected a whole number from 0 to 10000' -c c.yml
}

atf_test_case broken_lists
broken_lists_body()
{
	while IFS='|' read -r value line why; do
		conf 'command: x' "pid_path: $value"
		refused "c.yml:$line: $why" -c c.yml
	done <<'END'
[a, b|2|expected , or ] after an item of the list
[a,|2|a list in [ ] must end on its line
[a, "b]|2|a quote is not closed on its line
[a b, [c]]|2|this form of YAML is not supported; quote the value if it is a text
[a, , b]|2|this form of YAML is not supported; quote the value if it is a text
[a] b|2|something stands behind the list
["a" b]|2|expected , or ] after an item of the list
- a|2|a list stands in [ ] or on lines of its own
\n- a\n-|4|an item of the list is empty
\n- "a" b|3|something stands behind the closing quote
\n- a: b|3|nested keys are not supported; quote the value if it is a text
\n  a|3|indented lines (nested keys) are not supported
END
}

atf_test_case commands
commands_body()
{
	while IFS='|' read -r value printed; do
		conf "command: $value"
		reads command "$printed"
	done <<'END'
a|[a]
a b  c|[a, b, c]
"a 'b c' d"|[a, "b c", d]
a "b c" d|[a, "b c", d]
a 'b "c"' d|[a, "b \"c\"", d]
a b\\ c|[a, "b c"]
a '' b|[a, "", b]
a $HOME * ~ ; b|[a, "$HOME", "*", "~", ";", b]
[a b, c]|["a b", c]
\n- sh\n- "-c"\n- "a: b # c"|[sh, "-c", "a: b # c"]
a b # c|[a, b]
a b#c|[a, "b#c"]
END
	for hook in before_run after_run worker_before_fork worker_after_start worker_after_exit; do
		conf 'command: x' "$hook: a 'b c'"
		reads $hook '[a, "b c"]'
		conf 'command: x' "$hook: nil"
		reads $hook '[]'
		conf 'command: x' "$hook: ['', a]"
		refused "$hook: its first word is empty" -c c.yml
	done
	conf 'command: a b'
	atf_check -o 'match:^command: \[c, "d e"\]$' "$SE" -c c.yml --check -- c 'd e'
	atf_check -o 'match:^command: \[c, d\]$' "$SE" -c c.yml --check c d
	atf_check -o 'match:^command: \[e, "f g"\]$' "$SE" --check --command 'e "f g"'
	for v in nil '' '[]' '""' '" "'; do
		conf "command: $v"
		refused 'command: none given: set command, or put it behind the options' -c c.yml
	done
	refused 'command: none given: set command, or put it behind the options'
	conf "command: 'a \"b'"
	refused 'c.yml:1: command: a quote is not closed' -c c.yml
	refused 'command: its first word is empty' -- ''
	conf 'command: ["", a]'
	refused 'command: its first word is empty' -c c.yml
}

atf_test_case texts
texts_body()
{
	while IFS='|' read -r value printed; do
		conf 'command: x' "chdir: $value"
		reads chdir "$printed"
	done <<'END'
/a/b|/a/b
'/a b'|"/a b"
a b   # c|"a b"
"a\\tb\\n\\x41\\u00e4\\\\\\""|"a\x09b\x0aAä\\\""
'it''s # not: a comment'|"it's # not: a comment"
"nil"|"nil"
'~'|"~"
nil|nil
~|nil
true|true
12|12
http://a:80/b|"http://a:80/b"
-a|"-a"
END
	for v in '"a' "'a" '"a\\q"' '"\\x00"' '"\\xg0"' '"a" b' '&a b' '*a' '!b c' '|' '>' '{a: b}' '@a' '%a' '\140a' ': b' 'a: b' '? a'; do
		conf 'command: x' '' "chdir: $v"
		mentions 'c\.yml:3: [a-z].*' -c c.yml
	done
}

atf_test_case lines_of_yaml
lines_of_yaml_body()
{
	# comments, blank lines, blanks around, document marks, keys with - or _
	conf '# first' '' '--- # a document' 'command:   x\t# here' '\tworkers: 1' 'workers : 3' 'worker-chumask: 022' '...' 'anything: after it'
	refused 'c.yml:5: indented lines (nested keys) are not supported' -c c.yml
	sed -i 5d c.yml
	reads workers 3
	reads worker_chumask 022
	printf '\357\273\277command: x\r\nworkers: 4\r\nlog:\r\n- a\r\n- "b"\r\n\r\n# end\r\n' >c.yml # BOM and CRLF
	reads workers 4
	reads log '[a, b]'
	printf 'command: x\nworkers: 5' >c.yml # no newline at the end
	reads workers 5
	printf 'command: x\nlog:' >c.yml
	reads log '[]'
	: >c.yml
	refused 'command: none given: set command, or put it behind the options' -c c.yml
	while IFS='|' read -r text why; do
		conf 'command: x' "$text"
		refused "c.yml:2: $why" -c c.yml
	done <<'END'
workers|expected key: value
workers:3|expected key: value, with a blank after the colon
- workers|expected key: value
: 3|expected key: value
"workers": 3|expected key: value
wörkers: 3|expected key: value
 workers: 3|indented lines (nested keys) are not supported
workers: {count: 3}|this form of YAML is not supported; quote the value if it is a text
END
	conf 'command: x' 'log:' '  path: a'
	refused 'c.yml:3: indented lines (nested keys) are not supported' -c c.yml
}

atf_test_case unknown_keys
unknown_keys_body()
{
	while IFS='|' read -r key near; do
		conf 'command: x' "$key: 1"
		refused "c.yml:2: $key: unknown key: the nearest is $near" -c c.yml
	done <<'END'
wokers|workers
Workers|workers
worker-heartbeat-timeot|worker_heartbeat_timeout
graceful_kill_timeout|worker_graceful_kill_timeout
pidpath|pid_path
log-levl|log_level
unrecoverable_exit_code|unrecoverable_exit_codes
END
	long=$(printf '%0300d' 0 | tr 0 k)
	for key in a something_else_altogether check help config status stop scale timeout; do
		conf 'command: x' "$key: 1"
		mentions "c\\.yml:2: $key: unknown key(: the nearest is [a-z_]+)?" -c c.yml
		! has err 'nearest is (check|help|config|status|stop|scale|timeout)$' || atf_fail "$(cat err)"
	done
	conf "$long: 1"
	mentions 'c\.yml:1: k{60}\.\.\.: unknown key' -c c.yml
	refused 'unknown option: --wokers: the nearest is --workers' --wokers=2 x
	refused 'unknown option: -x' -x
	refused 'unknown option: --' --=1
	mentions 'unknown option: --k+\.\.\.' "--$long=1"
	mentions 'unknown option: --\\x1b\[1m' "$(printf -- '--\033[1m')"
	atf_check -s exit:2 -e 'inline:se-supervise: --workers: a value is missing\n' "$SE" --check --workers
}

atf_test_case duplicate_keys
duplicate_keys_body()
{
	conf '#' 'workers: 1' 'command: x' '' 'workers: 1'
	refused 'c.yml:5: workers: duplicate key: first in line 2' -c c.yml
	conf 'worker_chumask: 022' 'command: x' 'worker-chumask: 077'
	refused 'c.yml:3: worker-chumask: duplicate key: first in line 1' -c c.yml
	conf 'log:' '- a' 'log: b' 'command: x'
	refused 'c.yml:3: log: duplicate key: first in line 1' -c c.yml
	atf_check -o 'match:^workers: 3$' "$SE" --workers=2 --workers=3 --check x # the last option wins
}

atf_test_case command_line_wins
command_line_wins_body()
{
	conf 'command: a' 'workers: 2' 'worker_process_name: b' 'unrecoverable_exit_codes: [1]' 'daemonize: true' 'log: l'
	"$SE" -c c.yml --check --workers 3 --worker_process-name=c --unrecoverable-exit-codes 2 --daemonize=false \
	    --log nil d >out || atf_fail 'refused'
	for line in 'command: [d]' 'workers: 3' 'worker_process_name: c' 'unrecoverable_exit_codes: [2]' \
	    'daemonize: false' 'log: []'; do
		grep -qxF -- "$line" out || atf_fail "not $line: $(cat out)"
	done
	# wherever -c stands, and however it is written
	for words in '--workers=3 -c c.yml' '-cc.yml --workers=3' '--config=c.yml --workers=3' '--config c.yml --workers=3'; do
		# shellcheck disable=SC2086 # a list of words
		atf_check -o 'match:^workers: 3$' "$SE" $words --check
	done
	# a bad value in the file is an error even so
	conf 'command: a' 'workers: x'
	refused 'c.yml:2: workers: x: expected a whole number from 0 to 10000' -c c.yml --workers=3
}

atf_test_case check_reads_back
check_reads_back_body()
{
	"$SE" --check x >a || atf_fail 'refused'
	atf_check -o file:a "$SE" -c a --check
	cat >c.yml <<'END'
command: ["a b", '"', '''', "\\", "\n\t\x01\x7f\xff", "ü", "# x", "a: b", "[", "-", "- a", "@x", "%x", "", " ", nil, "null", "Null", "NULL", "~", "true", "1", "?", "!", ",", "a,b", "nil"]
workers: 10000
worker_process_name: "w %d"
chdir: "NULL"
pid_path: ["NULL", "a, b", "nil"]
daemon_process_name: "Null"
worker_chuser: "null"
worker_chgroup: "~"
chumask: 0
daemonize: yes
daemonize_error_exit_code: 200
start_worker_delay: 1.001s
start_worker_delay_rand: 0.0019
restart_worker_interval: 100d
restart_limit: 3/1.5
worker_max_age: 90
worker_max_rss: 1G
worker_heartbeat: off
worker_heartbeat_timeout: 3661
worker_graceful_kill_timeout: -1
worker_immediate_kill_timeout: 0
unrecoverable_exit_codes: [255, 0, 7]
worker_reload_signal: nil
worker_death_signal: 35
signal_dump: SIGWINCH
nice: -20
oom_score_adj: -1000
rlimit_nofile: 10:unlimited
rlimit_core: 0
control_path: "/a b#c"
log: ["-", "/x: y"]
log_level: trace
END
	"$SE" -c c.yml --check >b || atf_fail 'refused'
	"$SE" -c b --check >c || atf_fail 'what --check printed is refused'
	diff -u b c >&2 || atf_fail 'it reads back as something else'
	! diff a b >/dev/null || atf_fail 'nothing of the file is in effect'
	[ "$(wc -l <a)" = "$(wc -l <b)" ] || atf_fail 'a value goes over its line'
	! grep -qE '^(chdir|daemon_process_name|worker_chuser|worker_chgroup): nil$' c || atf_fail 'texts became nil'
}

# What is long is printed whole, or refused.
atf_test_case check_long
check_long_body()
{
	{ echo command:; awk 'BEGIN { for (i = 0; i < 4000; i++) printf "- \"argument %d \\\\\\\\\"\n", i }'; } >c.yml
	if "$SE" -c c.yml --check >b 2>err; then
		atf_check -o file:b "$SE" -c b --check
		at_least b 'argument 3999' 1 || atf_fail 'the end is missing'
	else
		lines err '^se-supervise: .*long' 1 || atf_fail "$(cat err)"
	fi
}

atf_test_case check_must_arrive
check_must_arrive_body()
{
	for to in '>/dev/full' '>&-'; do
		rc=0
		eval '"$SE" --check x 2>err' "$to" || rc=$?
		[ $rc = 1 ] || atf_fail "$to: exit status $rc, expected 1"
		has err '^se-supervise: check: (stdout: )?[A-Z]' || atf_fail "$to: $(cat err)"
	done
}

atf_test_case files_that_cannot_be_read
files_that_cannot_be_read_body()
{
	mentions '(config: )?missing\.yml: No such file or directory' -c missing.yml
	mentions '(config: )?\.: Is a directory' -c .
	mentions '(config: )?/dev/null/c\.yml: Not a directory' -c /dev/null/c.yml
	ln -s loop loop
	mentions '(config: )?loop: (Symbolic link loop|Too many levels of symbolic links)' -c loop
	mentions '.*(too long|Filename too long)' -c "$(printf '%05000d' 0)"
	mentions '.*config: .*' -c '' x
}

atf_test_case unreadable_file
unreadable_file_head() { atf_set require.user unprivileged; }
unreadable_file_body()
{
	conf 'command: x'
	chmod 0 c.yml
	mentions '(config: )?c\.yml: Permission denied' -c c.yml
}

atf_test_case files_that_are_no_text
files_that_are_no_text_body()
{
	printf 'command: x\nworkers: 3\0\n' >c.yml
	refused 'c.yml:2: this is not text: byte 0x00' -c c.yml
	printf 'command: x\n# \033[31m\n' >c.yml
	refused 'c.yml:2: this is not text: byte 0x1b' -c c.yml
	printf 'command: x\rworkers: 3\n' >c.yml # old Macs
	refused 'c.yml:1: this is not text: byte 0x0d' -c c.yml
	mentions '(config: )?/.*(: longer than 1 MiB|:1: this is not text: byte 0x..)' -c "$SE"
	for i in 1 2 3 4 5 6 7 8; do
		head -c 5000 /dev/urandom >c.yml
		mentions 'c\.yml:[0-9]+: .*' -c c.yml
		! grep -q '[^[:print:]]' err || atf_fail "not printable: $(od -c err)"
	done
	printf '\376\377\0c\0o\0m\0m\0a\0n\0d\0:\0 \0x\0\n' >c.yml # UTF-16
	mentions 'c\.yml:1: .*' -c c.yml
}

atf_test_case files_that_are_too_long
files_that_are_too_long_body()
{
	{ echo 'command: x'; head -c 1000000 /dev/zero | tr '\0' a; echo; } >c.yml
	refused 'c.yml:2: the line is longer than 65535 bytes' -c c.yml
	{ echo 'command: x'; printf 'chdir: "'; head -c 65500 /dev/zero | tr '\0' a; echo '"'; } >c.yml
	"$SE" -c c.yml --check >b || atf_fail 'a line of less than 64 KiB'
	grep -q "^chdir: a\{1,\}$" b || atf_fail 'it is not printed'
	yes '# comment' | head -c 1048575 | sed '1s/.*/command: x/' >c.yml # a little less than 1 MiB
	reads command '[x]'
	yes '# comment' | head -c 1048577 >c.yml
	mentions '(config: )?c\.yml: longer than 1 MiB' -c c.yml
	mentions '(config: )?/dev/zero: longer than 1 MiB' -c /dev/zero
}

atf_test_case from_a_pipe
from_a_pipe_body()
{
	printf 'command: x\nworkers: 6\n' | "$SE" -c /dev/stdin --check >out || atf_fail 'refused'
	has out '^workers: 6$' || atf_fail 'not read'
	mkfifo fifo
	{ sleep 0.2; printf 'command: x\nworkers: '; sleep 0.2; echo 7; } >fifo &
	"$SE" -c fifo --check >out || atf_fail 'refused'
	has out '^workers: 7$' || atf_fail 'not read'
}

atf_test_case times_that_contradict
times_that_contradict_body()
{
	for pair in '5 5' '6 5' '180 180'; do
		conf 'command: x' "worker_heartbeat_interval: ${pair% *}" "worker_heartbeat_timeout: ${pair#* }"
		mentions 'worker_heartbeat_interval: .*less than worker_heartbeat_timeout' -c c.yml
	done
	conf 'command: x' 'worker_heartbeat_interval: 4.999' 'worker_heartbeat_timeout: 5'
	reads worker_heartbeat_interval 4999ms
	conf 'command: x' 'restart_backoff: 10'
	mentions 'restart_backoff: .*at most restart_backoff_max' -c c.yml
	conf 'command: x' 'restart_max_unavailable: 0'
	refused 'restart_max_unavailable: it may be 0 only with restart_surge' -c c.yml
	conf 'command: x' 'restart_max_unavailable: 0' 'restart_surge: 1'
	reads restart_max_unavailable 0
}

# What --check says is what a start says: nothing was started, and the status is 2.
atf_test_case a_start_is_refused_as_well
a_start_is_refused_as_well_body()
{
	conf "command: touch $(pwd)/started" 'wokers: 1' "pid_path: $(pwd)/pid" "log: $(pwd)/log" 'daemonize_error_exit_code: 9'
	for verb in '' --status --stop --daemonize; do
		atf_check -s exit:2 -e 'inline:se-supervise: c.yml:2: wokers: unknown key: the nearest is workers\n' \
		    "$SE" -c c.yml $verb
	done
	[ "$(ls)" = c.yml ] || atf_fail "it began: $(ls)"
}

atf_init_test_cases()
{
	for t in names_and_defaults later_keys worker_types times numbers booleans signals \
	    signals_that_collide sigdump_signal lists broken_lists commands texts lines_of_yaml \
	    unknown_keys duplicate_keys command_line_wins check_reads_back check_long check_must_arrive \
	    files_that_cannot_be_read unreadable_file files_that_are_no_text files_that_are_too_long \
	    from_a_pipe times_that_contradict a_start_is_refused_as_well; do
		atf_add_test_case $t
	done
}
