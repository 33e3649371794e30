# make dist: the same bytes twice, from git and from its own tarball, wherever that is compiled.

# dist DIR WORD...: there; its checksums in file DIR.sums
dist()
{
	_dir=$1
	shift
	make -s -C "$_dir" DIST= "$@" dist >dist.out 2>&1 || atf_fail "$(cat dist.out)"
	cp "$_dir/build/dist/SHA256SUMS" "$_dir.sums"
}

atf_test_case same_bytes
same_bytes_body()
{
	command -v git >/dev/null || atf_skip 'git is not installed'
	# what is here, whether it is committed or not, with its own history
	mkdir from_git
	tar -C "$SRC" --exclude=./build --exclude=./.git -cf - . | tar -C from_git -xf -
	HOME=$PWD git -C from_git init -q
	git -C from_git add -A
	git -C from_git -c user.name=x -c user.email=x commit -qm x
	dist from_git OBJECTS="$BUILD/obj"
	[ "$(wc -l <from_git.sums)" = 2 ] || atf_fail "$(cat from_git.sums)"
	cmp from_git/build/sebox "$BUILD/sebox" || atf_fail 'another binary'

	mkdir -m 700 elsewhere
	tar -C elsewhere -xzf from_git/build/dist/sebox-*.tar.gz
	[ "$(echo elsewhere/*)" = "$(echo elsewhere/sebox-[0-9].*)" ] || atf_fail "not one folder: $(ls elsewhere)"
	mv elsewhere/sebox-* from_tar
	umask 077
	export TZ=Asia/Tokyo LC_ALL=C
	dist from_tar # all is compiled anew
	cmp from_tar/build/sebox "$BUILD/sebox" || atf_fail 'another binary'
	diff from_git.sums from_tar.sums >&2 || atf_fail 'other bytes'
	(cd from_tar/build/dist && sha256sum -c SHA256SUMS) >/dev/null || atf_fail 'wrong checksums'

	echo more >>from_git/README
	atf_check -s exit:2 -e 'match:^dist: there are changes that are not committed$' make -s -C from_git OBJECTS="$BUILD/obj" DIST= dist
}

atf_init_test_cases()
{
	atf_add_test_case same_bytes
}
