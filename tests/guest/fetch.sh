#!/bin/sh
# fetch.sh DIR: what tests/guest needs from Debian, by apt, without installing it: kernels and busybox.
# A second time nothing is fetched. What cannot be had is said in DIR/missing, by
# which tests skip, and is not an error.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
[ ! -e "$dir/complete" ] || exit 0
w=$dir/new
rm -rf "$w"
mkdir "$w"
trap 'rm -rf "$w"' EXIT
missing()
{
	echo "$1" >"$dir/missing"
	echo "tests/guest: $1: their tests will be skipped" >&2
	exit 0
}
# shellcheck source=/dev/null
. "$(dirname "$0")/../cross/apt.subr"
why=$(apt_ready) || missing "$why"

fetch()
{
	apt_of "$1" || return 1
	kernel=$(apt-cache depends "linux-image-cloud-$1" | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p' | head -n 1)
	apt-get -qq download "$kernel" busybox-static >&2
}

# part PACKAGE FILE: that file of it on stdout
part() { dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "$2"; }

for pair in amd64:x86_64 arm64:aarch64; do
	deb=${pair%:*} arch=${pair#*:}
	(fetch "$deb") 2>"$w/err" ||
		missing "apt cannot fetch for $deb: $(head -n 1 "$w/err")"
	p=$w/$deb/packages
	part "$p"/linux-image-*.deb './boot/vmlinuz-*' >"$w/vmlinuz-$arch"
	part "$p"/busybox-static_*.deb ./bin/busybox >"$w/busybox-$arch"
	chmod 755 "$w/busybox-$arch"
	mv "$w/vmlinuz-$arch" "$w/busybox-$arch" "$dir"
done
rm -f "$dir/missing"
: >"$dir/complete"
