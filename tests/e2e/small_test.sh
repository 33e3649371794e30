# A binary with some of the applets only, made of the objects that are there: make SE_APPLETS=...

# small APPLETS [TARGET [WORD]...]: in folder small
small()
{
	_applets=$1
	shift
	make -s -C "$SRC" BUILD="$PWD/small" OBJECTS="$BUILD/obj" SE_APPLETS="$_applets" "$@" >make.out 2>&1 ||
		atf_fail "$(cat make.out)"
}
# in_folder DIR: what is there besides what was built on the way
in_folder() { (cd "$1" && find . ! -type d ! -name '*.[do]' ! -name '*.ld' ! -name '*.def' ! -name 'completion.*' | sort | sed 's,^\./,,'); }

atf_test_case chosen
chosen_body()
{
	small 'supervise logrotate'
	in_folder small >found
	printf '%s\n' se-logrotate se-supervise sebox | diff - found >&2 || atf_fail 'other programs'
	[ $(($(stat -c %s small/sebox) + 50000)) -lt "$(stat -c %s "$BUILD/sebox")" ] || atf_fail 'not smaller'
	atf_check -o save:help small/sebox --help
	lines help '^  se-' 2 || atf_fail "$(cat help)"
	atf_check -s exit:127 -e 'match:^sebox: se-starter: no such applet$' small/sebox se-starter
	mkdir links
	atf_check small/sebox --install -s links
	[ "$(echo links/*)" = 'links/se-logrotate links/se-supervise' ] || atf_fail "$(echo links/*)"
	atf_check -o save:bash small/sebox --completion bash
	! has bash 'starter|start_server|sigdump\)' || atf_fail 'completion of what is not there'

	small 'supervise logrotate' install DESTDIR="$PWD/root" PREFIX=/usr
	in_folder root/usr >found
	diff - found >&2 <<-END || atf_fail 'other files'
		bin/se-logrotate
		bin/se-supervise
		bin/sebox
		share/bash-completion/completions/se-logrotate
		share/bash-completion/completions/se-supervise
		share/bash-completion/completions/sebox
		share/man/man1/se-logrotate.1
		share/man/man8/se-supervise.8
		share/zsh/site-functions/_sebox
	END
	# the others are named as they are where they are, by their whole names; what was there before goes
	ln -s sebox root/usr/bin/se-starter
	small se-supervise install DESTDIR="$PWD/root" PREFIX=/usr
	in_folder root/usr/bin >found
	printf '%s\n' se-supervise sebox | diff - found >&2 || atf_fail 'other links'
	in_folder small >found
	printf '%s\n' se-supervise sebox | diff - found >&2 || atf_fail 'the links before are left'
}

# What an applet leaves to another that is not there is refused, and said.
atf_test_case alone
alone_body()
{
	small supervise
	SE=$PWD/small/se-supervise
	for key in --log=x --log-prefix=x --log-format=json; do
		atf_check -s exit:2 -e 'inline:se-supervise: log, log_format, log_prefix: se-logrotate is not built in\n' \
			"$SE" $key -- true
	done
	atf_check -s exit:2 -e 'inline:se-supervise: dump_on_timeout: se-sigdump is not built in\n' \
		"$SE" --check --dump-on-timeout -- true
	atf_check -o ignore "$SE" --check --log=- -- true
	"$SE" --control-path=ctl --workers=2 -- "$W" hang >out 2>log &
	PID=$!
	eventually is_up
	atf_check -s exit:1 -e 'match:se-sigdump is not built in$' "$SE" --control-path=ctl --dump
	eventually lines log 'WARN -- : No dump: se-sigdump is not built in$' 1
	kill -CONT "$PID"
	eventually lines log 'WARN -- : No dump: se-sigdump is not built in$' 2
	kill -KILL "$(worker_pid 0)"
	eventually has log 'Worker 0 exited unexpectedly with signal SIGKILL'
	finish

	small starter
	atf_check -s not-exit:0 -e 'inline:se-starter: --log-rotate-size: se-logrotate is not built in\n' \
		small/se-starter --log-file=x --log-rotate-size=1M --port=127.0.0.1:0 -- true
}

atf_test_case unknown
unknown_body()
{
	for words in nosuch 'supervise nosuch' ''; do
		atf_check -s exit:2 -e 'match:SE_APPLETS: (nosuch|nothing): expected some of: supervise logrotate starter sigdump' \
			make -s -C "$SRC" BUILD="$PWD/small" SE_APPLETS="$words"
		[ ! -e small ] || atf_fail 'something was built'
	done
}

atf_init_test_cases()
{
	for t in chosen alone unknown; do
		atf_add_test_case $t
	done
}
