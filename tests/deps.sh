#!/bin/sh
# deps.sh WHAT: the Debian packages that `make WHAT` uses: installed by apt for root, else named in
# the one line to run.
set -eu

build='gcc make binutils libc6-dev musl-tools'
demo="$build procps"
check="$demo kyua atf-sh libatf-dev clang clang-tidy libclang-rt-dev cppcheck shellcheck mandoc
strace iproute2 util-linux runc perl"
bench="$demo runit s6 supervisor ruby-serverengine tini daemontools apache2-utils logrotate"

case $1 in
demo) want=$demo ;;
check) want=$check ;;
bench) want=$bench ;;
*) echo "deps.sh: $1: expected demo, check or bench" >&2; exit 2 ;;
esac

missing=
for p in $want; do
	# clang's runtime is named after its version
	[ "$p" != libclang-rt-dev ] || p="libclang-rt-$(apt-cache depends clang 2>/dev/null |
		sed -n 's/.*Depends: clang-\([0-9]*\).*/\1/p' | head -n 1)-dev"
	[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | cut -c2)" = i ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "make $1: run this first: sudo apt-get install --no-install-recommends$missing" >&2
	exit 1
fi
echo "make $1: installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null
# the peers come with services of their own: not on this machine
[ "$1" != bench ] || for s in supervisor runit; do service "$s" stop >/dev/null 2>&1 || :; done
