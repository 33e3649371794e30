# sebox itself: which applet is meant, --help and --version, the links of --install.

SB=$BUILD/sebox

# in_help WORD: the line of this option in file flat says something behind it
in_help() { has flat "^  (-[a-z], )?$1(=[^ ]+|\\[=[^ ]+)? +[^ ]" || atf_fail "--help does not explain $1"; }

atf_test_case alone_lists_the_applets
alone_lists_the_applets_body()
{
	atf_check -o save:help "$SB"
	atf_check -o file:help "$SB" --help
	has help '^usage: sebox APPLET' || atf_fail 'no usage'
	has help '^       sebox --install \[-s\] DIR' || atf_fail '--install is not told'
	has help '^  se-supervise +[A-Z].*\.$' || atf_fail 'no line for se-supervise'
	has help '^  se-logrotate +[A-Z].*\.$' || atf_fail 'no line for se-logrotate'
	has help '^  se-starter +[A-Z].*\.$' || atf_fail 'no line for se-starter'
	has help '^  se-sigdump +[A-Z].*\.$' || atf_fail 'no line for se-sigdump'
	lines help '^  se-' 4 || atf_fail 'applets that do not exist yet are listed'
	atf_check -o 'match:^sebox [0-9]+\.[0-9]+\.[0-9]+$' "$SB" --version
}

atf_test_case dispatch
dispatch_body()
{
	"$SB" --version >v
	version=$(cut -d ' ' -f 2 v)
	echo "se-supervise (sebox) $version" >expected
	mkdir dir
	for name in se-supervise supervise; do
		ln -s "$SB" dir/$name
		atf_check -o file:expected dir/$name --version
		atf_check -o file:expected env PATH=dir $name --version
		atf_check -o file:expected "$SB" $name --version
		atf_check -o 'match:^usage: se-supervise ' "$SB" $name --help
	done
	atf_check -o file:expected "$SB" /any/where/se-supervise --version
	atf_check -o 'match:^command: \[x, "--version"\]$' "$SB" supervise --check -- x --version
	ln -s "$SB" dir/other # a name that is no applet's: the first argument tells
	atf_check -o file:expected dir/other se-supervise --version
}

atf_test_case unknown_applet
unknown_applet_body()
{
	"$SB" >list
	for name in nosuch se- se-supervis '' --nosuch -s; do
		{ echo "sebox: $name: no such applet"; cat list; } >expected
		atf_check -s exit:127 -e file:expected "$SB" "$name"
	done
	ln -s "$SB" nosuch
	atf_check -o file:list ./nosuch
}

atf_test_case help_is_whole
help_is_whole_body()
{
	atf_check -o save:help "$SE" --help
	# what stands under column 30 goes on with the line before
	awk 'NF && substr($0, 1, 30) ~ /^ *$/ { printf "%s", $0; next } { printf "\n%s", $0 }' help >flat
	"$SE" --check -- x | sed 's/:.*//' | tr _ - >keys
	at_least keys . 50 || atf_fail "only $(wc -l <keys) keys"
	while read -r key; do in_help "--$key"; done <keys
	for word in --config --check --help --version --status --stop --stop-now --restart \
	    --restart-now --reload --detach --dump --scale --upgrade --timeout --get-socket; do
		in_help $word
	done
	lines help '^ *-c, --config=FILE ' 1 || atf_fail 'no -c'
	! has help '.{101}' || atf_fail "longer than 100 columns: $(grep -E '.{101}' help)"
	! has help ' $' || atf_fail 'blanks at the end of a line'
	# no option is told that does not exist, and defaults are those of --check
	sed -n 's/^  \(-c, \)\{0,1\}--\([a-z-]*\).*/\2/p' help | sort >told
	{ cat keys; printf '%s\n' config check help version status stop stop-now restart \
	    restart-now reload detach dump scale upgrade timeout get-socket; } | sort | diff - told >&2 || atf_fail 'not the same options'
	lines help '\(-1\)' 1 || atf_fail 'a default that the option does not take'
	has flat '^  --worker-heartbeat-timeout=TIME .*\(3m\)$' || atf_fail 'no default'
}

atf_test_case help_anywhere
help_anywhere_body()
{
	"$SE" --help >help
	"$SE" --version >version
	atf_check -o file:help "$SE" --workers=1 --help
	atf_check -o file:help timeout 30 "$SE" --workers 1 --help -- false
	atf_check -o file:version timeout 30 "$SE" -c missing.yml --version
	# not an option, but the command's
	atf_check -o 'match:^command: \[a, "--help"\]$' "$SE" --check a --help
}

atf_test_case output_must_arrive
output_must_arrive_body()
{
	for words in '' --help --version 'supervise --help' 'supervise --version' 'supervise --check x'; do
		# shellcheck disable=SC2086 # a list of words
		atf_check -s exit:1 -e 'match:^se[-a-z]*: (check: (stdout: )?|stdout: )No space left on device$' \
		    sh -c 'exec "$@" >/dev/full' - "$SB" $words
	done
}

atf_test_case install
install_body()
{
	cp "$SB" sebox # hard links do not leave their file system
	mkdir dir
	for i in first again; do
		atf_check ./sebox --install dir
		[ "$(stat -c %i dir/se-supervise)" = "$(stat -c %i sebox)" ] || atf_fail "$i: not a link"
		[ ! -h dir/se-supervise ] || atf_fail "$i: a symbolic link"
	done
	atf_check -o 'match:^se-supervise ' dir/se-supervise --version
	[ "$(echo dir/*)" = 'dir/se-logrotate dir/se-sigdump dir/se-starter dir/se-supervise dir/start_server' ] || atf_fail "more than the applets: $(echo dir/*)"
}

atf_test_case install_symbolic
install_symbolic_body()
{
	cp "$SB" sebox
	mkdir dir
	for i in first again; do
		atf_check ./sebox --install -s dir
		[ "$(readlink dir/se-supervise)" = "$(pwd)/sebox" ] || atf_fail "$i: $(ls -l dir)"
	done
	atf_check -o 'match:^se-supervise ' dir/se-supervise --version
	atf_check ./sebox --install dir # another kind of link to the same is fine too
}

atf_test_case install_errors
install_errors_body()
{
	cp "$SB" sebox
	mkdir dir
	for flag in '' -s; do
		rm -f dir/*
		echo precious >dir/se-supervise
		atf_check -s exit:1 -e 'inline:sebox: install: dir/se-supervise: File exists\n' ./sebox --install $flag dir
		atf_check -o 'inline:precious\n' cat dir/se-supervise
		[ "$(ls dir | wc -l)" = 5 ] || atf_fail 'the others were not made'
		ln -sf missing dir/se-supervise
		atf_check -s exit:1 -e 'inline:sebox: install: dir/se-supervise: File exists\n' ./sebox --install $flag dir
		atf_check -s exit:1 -e 'match:^sebox: install: no/se-supervise: No such file or directory$' \
		    ./sebox --install $flag no
		atf_check -s exit:1 -e 'match:^sebox: install: sebox/se-supervise: Not a directory$' \
		    ./sebox --install $flag sebox
		atf_check -s exit:2 -e 'match:usage: sebox --install' ./sebox --install $flag
		atf_check -s exit:2 -e 'match:usage: sebox --install' ./sebox --install $flag dir dir
	done
	long=$(printf '%0300d' 0)
	atf_check -s exit:1 -e 'match:(File ?name too long|Filename too long)$' ./sebox --install "$long"
}

atf_test_case is_static
is_static_body()
{
	atf_check -o save:headers readelf -lW "$SB"
	! has headers 'INTERP|DYNAMIC' || atf_fail 'it has an interpreter or a dynamic section'
	! has headers 'GNU_STACK .*E' || atf_fail 'its stack is executable'
	[ "$(readlink "$SE")" = sebox ] || atf_fail "$SE is not a link to sebox"
}

atf_init_test_cases()
{
	for t in alone_lists_the_applets dispatch unknown_applet help_is_whole help_anywhere \
	    output_must_arrive install install_symbolic install_errors is_static; do
		atf_add_test_case $t
	done
}
