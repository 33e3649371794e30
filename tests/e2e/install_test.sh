# make install and make uninstall, in a folder of our own.

# into WORD...: make with folder root, as /usr
into() { make -s -C "$SRC" BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/usr "$@" >make.out 2>&1 || atf_fail "$(cat make.out)"; }
# files: all below root, with what is in them
files() { (cd root && find . -type f -exec sha256sum {} + -o -type l -printf '%l %p\n' | sort); }

atf_test_case whole
whole_body()
{
	umask 077
	into install
	diff - <<-END "$(cd root/usr && find . ! -type d | sort >../../found; echo found)" >&2 || atf_fail 'other files'
		./bin/se-logrotate
		./bin/se-sigdump
		./bin/se-starter
		./bin/se-supervise
		./bin/sebox
		./bin/start_server
		./share/bash-completion/completions/se-logrotate
		./share/bash-completion/completions/se-sigdump
		./share/bash-completion/completions/se-starter
		./share/bash-completion/completions/se-supervise
		./share/bash-completion/completions/sebox
		./share/bash-completion/completions/start_server
		./share/man/man1/se-logrotate.1
		./share/man/man1/se-sigdump.1
		./share/man/man8/se-starter.8
		./share/man/man8/se-supervise.8
		./share/zsh/site-functions/_sebox
	END
	cmp root/usr/bin/sebox "$BUILD/sebox" || atf_fail 'another binary'
	for a in se-supervise se-starter start_server; do
		atf_check -o match:sebox root/usr/bin/$a --version
	done
	[ "$(find root/usr -type f ! -perm 644 -printf '%m %f\n')" = '755 sebox' ] || atf_fail 'modes'
	for f in bash:bash-completion/completions/start_server zsh:zsh/site-functions/_sebox; do
		"$BUILD/sebox" --completion "${f%%:*}" | cmp - "root/usr/share/${f#*:}" || atf_fail "$f"
	done
	# again, while it runs
	root/usr/bin/se-supervise --control-path=ctl -- "$W" hang 2>log &
	PID=$!
	eventually is_up
	into install
	finish
	into uninstall
	[ -z "$(find root ! -type d)" ] || atf_fail "left: $(find root ! -type d)"
}

# What others have there stays as it is, also by names of ours.
atf_test_case others
others_body()
{
	for d in bin share/man/man1 share/man/man8 share/zsh/site-functions share/bash-completion/completions; do
		mkdir -p root/usr/$d
		echo theirs >root/usr/$d/other
		ln -s sebox root/usr/$d/another
	done
	echo perl >root/usr/bin/start_server
	ln -s elsewhere root/usr/share/bash-completion/completions/start_server
	files >before
	into install
	lines make.out 'note: .*/start_server is not ours: it stays$' 2 || atf_fail "$(cat make.out)"
	has root/usr/bin/start_server '^perl$' || atf_fail 'it was replaced'
	into uninstall
	files | diff before - >&2 || atf_fail 'not as before'
}

atf_test_case symbols
symbols_body()
{
	make -s -C "$SRC" BUILD="$PWD/b" OBJECTS="$BUILD/obj" SE_APPLETS=sigdump DESTDIR="$PWD/root" STRIP= install >make.out 2>&1 ||
		atf_fail "$(cat make.out)"
	atf_check -o match:' T main$' nm root/usr/local/bin/sebox
	atf_check -e ignore -o not-match:' T main$' nm "$BUILD/sebox"
}

# A system that has nothing but the binary: no /proc, no shell, no directory in PATH.
atf_test_case bare
bare_head() { atf_set require.user root; }
bare_body()
{
	for flag in '' -s; do
		rm -rf bare
		mkdir -p bare/bin
		cp "$BUILD/sebox" bare/bin
		chroot bare true 2>err && atf_fail 'it has other programs'
		atf_check chroot bare /bin/sebox --install $flag /bin
		[ "$(echo bare/bin/*)" = 'bare/bin/se-logrotate bare/bin/se-sigdump bare/bin/se-starter bare/bin/se-supervise bare/bin/sebox bare/bin/start_server' ] ||
			atf_fail "$(ls bare/bin)"
		for a in se-supervise start_server; do
			atf_check -o match:sebox chroot bare /bin/$a --version
		done
		rm bare/bin/s*[!x]
		# called by a name that is relative to where it is
		atf_check env -C bare/bin unshare --root=.. --wd=. ./sebox --install $flag .
		atf_check -o match:sebox chroot bare /bin/se-starter --version
	done
	[ "$(readlink bare/bin/se-starter)" = /bin/./sebox ] || atf_fail "$(ls -l bare/bin)"
}

atf_init_test_cases()
{
	for t in whole others symbols bare; do
		atf_add_test_case $t
	done
}
