# se-starter under the tests of Server::Starter (Debian's source package, fetched here). Their perl
# functions are played by tests/peers, which runs $SE_STARTER.

PACKAGE=libserver-starter-perl
PEER=$BUILD/peers/server-starter
export SE_STARTER="${SE_STARTER:-$BUILD/se-starter}"
export PERL5LIB="$SRC/tests/peers"

# Left out, as they test perl functions and no program: 00-base (that the module loads), 08-wait3
# (its wait with signals), 09-guard (its Guard).
TESTS='01-starter 02-startfail 03-starter-unix 04-starter-dir 05-killolddelay 06-autorestart 07-envdir
10-bindaddr 11-specified-fd 12-stop 13-unix-daemonize 14-without-port 15-udp'

# apt ARG...: apt-get with directories and sources of its own under the working directory
apt()
{
	timeout 120 apt-get -qq -o Dir::State="$PWD/state" -o Dir::State::status=/dev/null \
	    -o Dir::Cache="$PWD/cache" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$PWD/sources" \
	    -o APT::Sandbox::User=root -o Acquire::Retries=2 "$@"
}

# download: the original archive's t/ to ./tests, with the machine's sources as deb-src; its library must
# not come along, the workers would use it
download()
{
	mkdir -p state/lists/partial cache/archives/partial sources tests
	sed -n 's/^[[:blank:]]*deb[[:blank:]]/deb-src /p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
	    >sources/all.list 2>/dev/null
	for f in /etc/apt/sources.list.d/*.sources; do
		[ ! -r "$f" ] || { sed 's/^[Tt]ypes:.*/Types: deb-src/' "$f"; echo; }
	done >sources/all.sources
	# a source of others without sources is no reason to give up
	apt update || :
	apt source --download-only --tar-only $PACKAGE || return 1
	tar -xf $PACKAGE*.orig.tar.* -C tests --strip-components=1 --wildcards '*/t/*'
}

# fetch: once for all cases, in $PEER; what did not work is not tried again for ten minutes
fetch()
{
	mkdir -p "$BUILD/peers"
	(
		flock 9
		[ ! -d "$PEER" ] || exit 0
		[ -z "$(find "$PEER.failed" -mmin -10 2>/dev/null)" ] || exit 1
		rm -rf "$PEER.new"
		mkdir "$PEER.new"
		cd "$PEER.new" || exit 1
		if download >"$PEER.failed" 2>&1; then
			mv tests "$PEER" && rm -rf "$PEER.new" "$PEER.failed"
		else
			rm -rf "$PEER.new"
			exit 1
		fi
	) 9>"$PEER.lock" || atf_skip "$PACKAGE: no source: $(grep '^[EW]:' "$PEER.failed" | head -n 1)"
}

# original NAME: its test passes
original()
{
	perl -MTest::TCP -MTest::Requires -MTest::SharedFork -e 1 2>/dev/null ||
		atf_skip 'libtest-tcp-perl or libtest-requires-perl is not installed'
	[ -x "$SE_STARTER" ] || atf_fail "$SE_STARTER: no such program"
	fetch
	[ -f "$PEER/t/$1.t" ] || atf_fail "$PACKAGE has no t/$1.t"
	cp -R "$PEER/t" .
	export TMPDIR="$PWD"
	atf_check_equal "$SE_STARTER" "$(perl -MServer::Starter -e 'print $Server::Starter::program')"
	timeout 120 prove --norc --verbose "t/$1.t" >out 2>&1 || {
		cat out
		[ ! -s starter.log ] || { echo '--- starter.log'; cat starter.log; }
		atf_fail "t/$1.t"
	}
	cat out
	! grep -q '^Result: NOTESTS' out || atf_skip "t/$1.t: $(sed -n 's/^.*skipped: //p' out | head -n 1)"
}

for t in $TESTS; do
	n=t$(echo "$t" | tr - _)
	atf_test_case "$n"
	eval "${n}_head() { atf_set require.progs 'perl prove apt-get flock'; }"
	eval "${n}_body() { original $t; }"
done

atf_init_test_cases()
{
	for t in $TESTS; do
		atf_add_test_case "t$(echo "$t" | tr - _)"
	done
}
