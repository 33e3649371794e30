# The manuals say what the programs say of themselves: options, keys, defaults and bounds, which keys take
# effect at a reload, the names in the status. Each is compared in both directions.

MAN=$SRC/applets/supervise/se-supervise.8

# keys: "NAME DEFAULT DYNAMIC the line with default and bounds" for each entry in CONFIGURATION
keys()
{
	awk '
	/^\.Sh / { on = $2 == "CONFIGURATION" }
	on && /^\.It Ic / {
		name = $3
		dynamic = / Pq d$/ ? "d" : "-"
		getline
		value = $1 == "Default" ? $2 : /^No default/ ? "nil" : "?"
		sub(/[;,.]$/, "", value)
		print name, value, dynamic, $0
	}' "$MAN" | sort
}

# options: the names of the options that have an entry in front of CONFIGURATION
options()
{
	awk '
	/^\.Sh / { on = $2 == "DESCRIPTION" || $2 == "COMMANDS" }
	on && /^\.It Fl / { for (i = 3; i <= NF; i++) if ($(i - 1) == "Fl" && $i ~ /^-/) print substr($i, 2) }' "$MAN" | sort
}

# effective: "NAME DEFAULT" for each key, as the program has it; command has to be given one
effective()
{
	env -u SIGDUMP_SIGNAL "$SE" --check --command=x |
		sed 's/^command: .*/command: nil/; s/: \[\]$/: nil/; s/: / /' | sort
}

# joined HELP: "  --size=SIZE  text (1048576)" for each option, where its text goes on in further lines too
joined() { awk '/^  --/ { if (line) print line; line = $0; next } /^          / { line = line " " $0 } END { print line }' "$1"; }

# same A B: two files with the same lines
same() { diff "$1" "$2" >difference || atf_fail "$(sed -n "s|^<|only $1:|p; s|^>|only $2:|p" difference)"; }

atf_test_case is_clean
is_clean_body()
{
	command -v mandoc >/dev/null || atf_skip 'mandoc is not installed'
	atf_check mandoc -Tlint -Wwarning "$MAN"
}

# se-logrotate(1) has an entry for each option of --help, with its default and its words, and no other.
atf_test_case options_of_logrotate
options_of_logrotate_body()
{
	page=$SRC/applets/logrotate/se-logrotate.1
	command -v mandoc >/dev/null && atf_check mandoc -Tlint -Wwarning "$page"
	"$BUILD/se-logrotate" --help >help
	sed -n 's/^  --\([a-z-]*\).*/\1/p' help | sort >names
	[ "$(wc -l <names)" -gt 30 ] || atf_fail 'no options'
	awk '/^\.It Fl / { for (i = 3; i <= NF; i++) if ($(i - 1) == "Fl" && $i ~ /^-/) print substr($i, 2) }' "$page" | sort >stated
	same names stated
	joined help |
		sed -n 's/^  --\([a-z-]*\).* (\([0-9a-z-]*\))$/\1 \2/p' >defaults
	while read -r name value; do
		case $name.$value in signal.USR1 | stream.* | mode.*) ;; *)
			awk -v name="-$name" '/^\.It Fl / { on = $3 == name } on && /^Default / { print $2 }' "$page" |
				tr -d ';,.' | grep -qx -- "$value" || atf_fail "$name: the default is $value" ;;
		esac
	done <defaults
	sed -n 's/^  --\([a-z-]*\)=\([a-z]*|[a-z0-9|]*\).*/\1 \2/p' help >words
	while read -r name list; do
		grep -qF ".It Fl -$name Ns = Ns Ar $list" "$page" || atf_fail "$name: expected $list"
	done <words
}

# se-starter(8) has an entry for each option of --help, under the same heading, with its argument, its default
# and its bounds, and no other; the variables that a worker is told, and the members of its status.
atf_test_case starter
starter_body()
{
	page=$SRC/applets/starter/se-starter.8 starter=$BUILD/se-starter
	command -v mandoc >/dev/null && atf_check mandoc -Tlint -Wwarning "$page"
	# "HEADING NAME ARGUMENT"
	"$starter" --help >help
	awk 'BEGIN { heading = "Commands" } /^[A-Z][a-z]*:$/ { heading = $1; sub(/:/, "", heading) }
		/^  --/ { sub(/^--/, "", $1); sub(/=/, " ", $1); print heading, $1 }' help | sort >program
	[ "$(wc -l <program)" -gt 40 ] || atf_fail 'no options'
	awk '/^\.S[hs] / { heading = $2; on = $1 == ".Sh" ? $2 == "OPTIONS" : on }
		on && /^\.It Fl / { for (i = 3; i <= NF; i++) if ($(i - 1) == "Fl" && $i ~ /^-/)
			print heading, substr($i, 2) ($(i + 1) == "Ns" ? " " $(i + 5) : "") }' "$page" | sort >stated
	same program stated

	# "NAME the line with default and bounds"
	awk '/^\.Sh / { on = $2 == "OPTIONS" } on && /^\.It Fl / { name = substr($3, 2); getline; print name, $0 }' "$page" >entries
	joined help |
		sed 's/ (-1ms)//; s/ (4294967295)//' | sed -n 's/^  --\([a-z-]*\).* (\([0-9A-Za-z-]*\))$/\1 \2/p' >defaults
	[ "$(wc -l <defaults)" -gt 12 ] || atf_fail "$(cat defaults)"
	while read -r name value; do
		grep -qE "^$name Default ${value}[.,;]" entries || atf_fail "$name: the default is $value"
	done <defaults
	grep -E ' Default ' entries | cut -d ' ' -f 1 | sort >with_default
	cut -d ' ' -f 1 defaults | sort >told
	same told with_default

	while read -r name line; do
		"$starter" "--$name=@" 2>&1 >/dev/null </dev/null | in_words >expected
		echo "$line" | stated >stated
		cat expected >>all
		cmp -s expected stated || atf_fail "$name: the program: $(cat expected); the page: $line"
	done <entries
	[ "$(wc -l <all)" -gt 10 ] || atf_fail 'the program has no bounds'
	grep -q 'at least 0s, at most 366d' "$page" || atf_fail 'the longest time'

	awk '/^\.S/ { on = /Not yet/ } on && /^\.Fl / { sub(/^-/, "", $2); print $2 }' "$page" >names
	[ "$(wc -l <names)" -gt 5 ] || atf_fail 'no names'
	while read -r name; do
		"$starter" "--$name=1" -- true 2>err && atf_fail "$name: no failure"
		has err "^se-starter: --$name: not yet in this version\$" || atf_fail "$name: $(cat err)"
	done <names

	mkdir dir
	env -i PATH="$PATH" "$starter" --port=127.0.0.1:0 --ready=notify --max-retries=0 --envdir=dir --enable-auto-restart \
		--auto-restart-interval=9 --kill-old-delay=9 -- env 2>err | sed -n 's/=.*//p' |
		sed '/^PATH$/d; s/EINHORN_FD_0/EINHORN_FD_N/' | sort >program
	awk '/^\.Sh / { on = /WORKER ENVIRONMENT/ } on && /^\.It Ev / { for (i = 3; i <= NF; i++) if ($i != ",") print $i }' "$page" | sort >stated
	same program stated

	"$starter" --port=127.0.0.1:0 --pid-file=pid -- sleep 1000 2>err &
	_pid=$!
	eventually starter_status
	kill -TERM $_pid
	ends $_pid 0
	sed -n '/^\.Sh STATUS/,/^\.Sh WORKER/p' "$page" | tr -cs 'a-z_\n' '\n' | sort -u >words
	grep -oE '"[a-z_]+":' json | tr -d '":' | sort -u >members
	[ "$(wc -l <members)" -gt 8 ] || atf_fail "$(cat members)"
	grep -vxFf words members >missing
	[ ! -s missing ] || atf_fail "$(cat missing)"
}
starter_status() { "$starter" --status --json --pid-file=pid >json 2>/dev/null && grep -q '"state"' json; }

# se-sigdump(1) has an entry for each option of --help and no other, and a word for each member of the JSON.
atf_test_case sigdump
sigdump_body()
{
	page=$SRC/applets/sigdump/se-sigdump.1
	command -v mandoc >/dev/null && atf_check mandoc -Tlint -Wwarning "$page"
	"$BUILD/se-sigdump" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort >program
	[ "$(wc -l <program)" -gt 4 ] || atf_fail 'no options'
	awk '/^\.It Fl / { print substr($3, 2) }' "$page" | sort >stated
	same program stated
	sleep 1000 &
	"$BUILD/se-sigdump" --json --output=- $! >json || atf_fail 'no report'
	kill $!
	grep -oE '"[a-z_]+":' json | tr -d '":' | sort -u >members
	[ "$(wc -l <members)" -gt 25 ] || atf_fail "$(cat members)"
	sed -n '/^\.Sh JSON/,/^\.Sh PERM/p' "$page" | tr -cs 'a-z_\n' '\n' | sort -u >words
	grep -vxFf words members | grep -vxE 'fd|is|soft|hard|unit|rss|pss|uss|swap|anon|file|shmem|heap|stack|size|peak|why' >missing
	[ ! -s missing ] || atf_fail "$(tr '\n' ' ' <missing)"
}

atf_test_case options_and_keys
options_and_keys_body()
{
	effective >program
	[ "$(wc -l <program)" -gt 50 ] || atf_fail 'the program has no keys'
	keys | cut -d ' ' -f 1,2 >page
	same program page

	"$SE" --help | sed -n 's/^  \(-., \)\{0,1\}--\([a-z-]*\).*/\2/p' >names
	cut -d ' ' -f 1 program >of_the_file
	tr - _ <names | grep -vxFf of_the_file | tr _ - | sort >program_options
	options >page_options
	same program_options page_options
	tr - _ <names | grep -xFf of_the_file | sort >help_keys
	same of_the_file help_keys

	# where a value is one of some words, the words
	"$SE" --help | sed -n 's/^  --\([a-z-]*\)=\([a-z]*|[a-z|]*\).*/\1 \2/p' | tr - _ >words
	[ -s words ] || atf_fail 'no option takes a word'
	while read -r name list; do
		grep -qE "^\.It Ic $name Ar $(echo "$list" | sed 's/|/\\|/g')( Pq d)?$" "$MAN" ||
			atf_fail "$name: expected $list"
	done <words
}

# bounds KEY: what a wrong value is told, in the words of the page, one bound a line
bounds() { "$SE" --check "--$1=@" --command=x 2>&1 >/dev/null | in_words; }
in_words()
{
	awk '
	match($0, /a time from [^ ]* to 366d/) {
		split(substr($0, RSTART), word, " ")
		if (word[4] != "0s") print "at least " word[4]
		if (/-1 for never/) print "-1 is never"
		next
	}
	match($0, /from -?[0-9]+ to [0-9]+/) { print substr($0, RSTART + 5, RLENGTH - 5) }
	match($0, /octal number up to [0-7]+/) { print substr($0, RSTART + 13, RLENGTH - 13) }'
}

stated() { grep -oE 'at least [0-9a-z]+|-1 is never|-?[0-9]+ to [0-9]+|up to [0-7]+'; }

atf_test_case bounds
bounds_body()
{
	keys >page
	while read -r name _ _ line; do
		bounds "$name" >expected
		echo "$line" | stated >stated
		cat expected >>all
		cmp -s expected stated || atf_fail "$name: the program: $(cat expected); the page: $line"
	done <page
	[ "$(wc -l <all)" -gt 15 ] || atf_fail 'the program has no bounds'
	grep -q 'at most 366d' "$MAN" || atf_fail 'the longest time'
}

# changed: every line of --check with another value; not those that the command line has
changed()
{
	awk '
	BEGIN {
		other["true"] = "false"; other["false"] = "true"; other["process"] = "spawn"; other["exit"] = "stop"
		other["auto"] = "off"; other["debug"] = "info"; other["-1"] = "2h"; other["[]"] = "[3]"; other["nil"] = 0
		key["restart_limit"] = "5/1m"; key["worker_max_rss"] = "1G"; key["nice"] = 1; key["command"] = "sleep 1001"
		key["oom_score_adj"] = 1; key["init_exit"] = "poweroff"; key["worker_notification_fd"] = 4; key["allowed_networks"] = "[10.0.0.0/8]"; other["ruby"] = "plain"; other["block"] = "drop"; other["signal"] = "pipe"; other["together"] = "rolling"; key["log_rotate_size"] = "2M"
	}
	{
		name = $1; sub(/:/, "", name)
		value = $0; sub(/^[^ ]* /, "", value)
	}
	name == "control_path" || name == "log" { next }
	name in key { print name ": " key[name]; next }
	name ~ /^signal_|_signal$/ { print name ": " 40 + NR % 20; next }
	name ~ /^rlimit_/ { print name ": unlimited"; next }
	value in other { print name ": " other[value]; next }
	value ~ /^[0-9]+[a-z]*$/ { unit = value; sub(/^[0-9]+/, "", unit); print name ": " value + 1 unit; next }
	value ~ /^[0-9.]+$/ { print name ": 0.3"; next }
	{ print "what is another value of " name ": " value }'
}

atf_test_case keys_that_take_effect_at_a_reload
keys_that_take_effect_at_a_reload_body()
{
	unset SIGDUMP_SIGNAL
	echo 'command: sleep 1000' >c.yml
	supervise -c c.yml
	"$SE" -c c.yml --check | changed >new.yml
	mv new.yml c.yml
	"$SE" --control-path=ctl --reload 2>err || atf_fail "$(cat err)"
	eventually has log 'in effect only after the next start: ' # the logger writes it
	sed -n 's/.*in effect only after the next start: //p' log | tr -d ' ' | tr , '\n' | sort >program
	keys | awk 'NR == FNR { sub(/:.*/, ""); is[$1] = 1; next } $3 == "-" && $1 in is { print $1 }' c.yml - >page
	[ -s program ] || atf_fail "$(cat log)"
	same program page
	kill -TERM "$PID"
	ends "$PID" 0
}

atf_test_case not_yet
not_yet_body()
{
	awk '/^\.S/ { on = /Not yet/ } on && /^\.(Ic|Fl) / { sub(/^-/, "", $2); print $2 }' "$MAN" >names
	[ -s names ] || atf_fail 'no names'
	while read -r name; do
		_rc=0
		"$SE" --check "--$name=1" --command=x >out 2>err || _rc=$?
		[ $_rc = 2 ] || atf_fail "$name: exit status $_rc: $(cat err)"
		has err 'not yet in this version$' || atf_fail "$name: $(cat err)"
	done <names
}

# COMING FROM SERVERENGINE has every key, signal and variable that ServerEngine's source knows, and no other.
atf_test_case serverengine
serverengine_body()
{
	command -v ruby >/dev/null || atf_skip 'ruby is not installed'
	gem=$(ruby -rserverengine -e 'puts $LOADED_FEATURES.grep(%r{/serverengine/daemon\.rb$}).map { |f| File.dirname(f) }' 2>/dev/null) && [ -n "$gem" ] ||
		atf_skip 'ServerEngine is not installed'
	sigdump=$(ruby -rsigdump -e 'puts $LOADED_FEATURES.grep(%r{/sigdump\.rb$})')
	{
		# those of process_manager.rb are its own arguments, but for the list; :in is a descriptor
		find "$gem" -name '*.rb' ! -name process_manager.rb -exec cat {} + |
			grep -oE 'config(\[:[a-z_]+\]|\.fetch\(:[a-z_]+)' | sed 's/.*://; s/\]//' | grep -vx in
		sed -n '/CONFIG_PARAMS = {/,/}/s/^ *\([a-z_]*\):.*/\1/p' "$gem/process_manager.rb" | sed 's/.*/worker_&\nserver_&/'
	} | sort -u >keys
	[ "$(wc -l <keys)" -gt 55 ] || atf_fail "$(cat keys)"
	coming Ic >page
	same keys page
	sed -n 's/.*= .*:\([A-Z0-9]*\)$/\1/p' "$gem/signals.rb" | sort >signals
	[ "$(wc -l <signals)" -gt 5 ] || atf_fail "$(cat signals)"
	coming Li >page
	same signals page
	cat "$gem"/*.rb "$sigdump" | grep -oiE "env(\.has_key\?\()?\[?'[A-Z_]+'" | sed "s/^[^']*'//; s/'//" | sort -u >variables
	[ "$(wc -l <variables)" -gt 4 ] || atf_fail "$(cat variables)"
	coming Ev >page
	same variables page
}
# coming MACRO: the names in that section's table
coming() { awk -v macro="$1" '/^\.S[hs] / { on = /COMING FROM/ } on && $1 == ".It" && $2 == macro { for (i = 3; i <= NF; i++) if ($i != ",") print $i }' "$MAN" | sort; }

atf_test_case names_in_the_status
names_in_the_status_body()
{
	supervise -- sleep 1000
	"$SE" --control-path=ctl --status=prometheus | sed -n 's/^\(se_[a-z_]*\).*/\1/p' | sort -u >program
	grep -oE '^se_supervise_[a-z_]+' "$MAN" | sort >page
	same program page
	sed -n '/^\.Sh STATUS/,/^prometheus has/p' "$MAN" | tr -cs 'a-z_\n' '\n' | sort -u >words
	"$SE" --control-path=ctl --status=json | grep -oE '"[a-z_]+":' | tr -d '":' | sort -u >members
	[ "$(wc -l <members)" -gt 10 ] || atf_fail "$(cat members)"
	grep -vxFf words members >missing
	[ ! -s missing ] || atf_fail "$(cat missing)"
	finish
}

atf_init_test_cases()
{
	atf_add_test_case is_clean
	atf_add_test_case options_of_logrotate
	atf_add_test_case starter
	atf_add_test_case sigdump
	atf_add_test_case options_and_keys
	atf_add_test_case bounds
	atf_add_test_case keys_that_take_effect_at_a_reload
	atf_add_test_case not_yet
	atf_add_test_case serverengine
	atf_add_test_case names_in_the_status
}
