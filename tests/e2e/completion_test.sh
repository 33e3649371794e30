# What the shells make of `sebox --completion`: a terminal on which someone types, and what is run then.

# typed: lines, as typed, with what they come to be
typed()
{
	cat <<-'END'
		se-supervise --log-lev\td\t-- x	se-supervise --log-level=debug -- x
		se-supervise --worker-heartbeat=req\t x	se-supervise --worker-heartbeat=required x
		se-supervise -c af\t --che\t	se-supervise -c afile --check
		se-supervise --config=af\t x	se-supervise --config=afile x
		se-supervise --log-level err\t x	se-supervise --log-level error x
		se-supervise --status=j\t	se-supervise --status=json
		se-supervise --supervisor=t\t x	se-supervise --supervisor=true x
		sebox se-sup\t--pid-p\tx	sebox se-supervise --pid-path=x
		sebox logrotate --overf\td\t f	sebox logrotate --overflow=drop f
		sebox --comp\tbash	sebox --completion bash
		se-sigdump --tr\t 1	se-sigdump --tree 1
		start_server --ready=no\t x	start_server --ready=notify x
		bin/se-starter --orphans k\t x	se-starter --orphans keep x
		se-logrotate --size=1 af\t	se-logrotate --size=1 afile
		se-logrotate --signal=P\t x	se-logrotate --signal=P x
	END
}

# completes SHELL WORD...: the shell, started so, with the completion
completes()
{
	shell=$1
	command -v "$shell" >/dev/null || atf_skip "$shell is not installed"
	command -v script >/dev/null || atf_skip 'script is not installed'
	mkdir bin
	for n in sebox se-supervise se-logrotate se-starter start_server se-sigdump; do
		# shellcheck disable=SC2016 # the program's own
		printf '%s\n' '#!/bin/sh' 'echo "${0##*/}${1+ $*}" >>ran' >bin/$n
		chmod 755 bin/$n
	done
	: >afile
	typed | cut -f 2 >expected
	{ typed | cut -f 1 | sed 's/\\t/	/g'; echo exit; } >keys
	PATH=$PWD/bin:$PATH ZDOTDIR=$PWD TERM=dumb script -qec "$2" /dev/null <keys >terminal 2>&1
	diff expected ran >&2 || { cat -v terminal; atf_fail "$shell does it otherwise"; }
}

atf_test_case bash
bash_body()
{
	"$BUILD/sebox" --completion bash >completion
	echo '. ./completion' >rc
	completes bash 'bash --noprofile --rcfile rc -i'
}

atf_test_case zsh
zsh_body()
{
	mkdir functions
	"$BUILD/sebox" --completion zsh >functions/_sebox
	echo 'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -d $PWD/dump' >.zshrc
	completes zsh 'zsh -i'
}

# As it is read by the name of a file too.
atf_test_case zsh_sourced
zsh_sourced_body()
{
	"$BUILD/sebox" --completion zsh >completion
	echo 'autoload -Uz compinit; compinit -u -d $PWD/dump; . ./completion' >.zshrc
	completes zsh 'zsh -i'
}

# Every option of --help is there for both, and nothing else.
atf_test_case options
options_body()
{
	for shell in bash zsh; do
		"$BUILD/sebox" --completion $shell >$shell
		for a in supervise logrotate starter sigdump; do
			"$BUILD/se-$a" --help | grep -oE '^  (-[a-z], )?--[a-z0-9-]+' | grep -oE -- '--.*' | sort >expected
			awk -v a="se-$a|" 'index($1, a) == 1 { on = 1 } on { print } on && /;;$/ { exit }' $shell |
				grep -oE "(^'| )--[a-z0-9-]+" | grep -oE -- '--.*' | sort -u >told
			[ "$(wc -l <told)" -gt 7 ] || atf_fail "$shell: $a: nothing"
			diff expected told >&2 || atf_fail "$shell: $a"
		done
	done
	atf_check bash -n bash
	! command -v zsh >/dev/null || atf_check zsh -n zsh
}

atf_test_case errors
errors_body()
{
	for words in fish '' 'bash zsh'; do
		# shellcheck disable=SC2086 # words
		atf_check -s exit:2 -e 'match:^sebox: completion: (fish)?: expected bash or zsh$' "$BUILD/sebox" --completion $words
	done
	for shell in bash zsh; do
		atf_check -s exit:1 -e 'inline:sebox: stdout: No space left on device\n' \
			sh -c 'exec "$@" >/dev/full' - "$BUILD/sebox" --completion $shell
	done
}

atf_init_test_cases()
{
	for t in bash zsh zsh_sourced options errors; do
		atf_add_test_case $t
	done
}
