#!/bin/sh
# cc.sh ARCHITECTURE DIR: prints the compiler for one of Debian's architectures, with musl, which is fetched
# by apt to DIR and not installed. Why there is none stands on stderr.
set -eu
arch=$1
case $arch in
arm64) gcc=aarch64-linux-gnu musl=aarch64-linux-musl ;;
armhf) gcc=arm-linux-gnueabihf musl=arm-linux-musleabihf ;;
i386) gcc=i686-linux-gnu musl=i386-linux-musl ;;
mipsel) gcc=mipsel-linux-gnu musl=mipsel-linux-musl ;;
ppc64el) gcc=powerpc64le-linux-gnu musl=powerpc64le-linux-musl ;;
riscv64) gcc=riscv64-linux-gnu musl=riscv64-linux-musl ;;
s390x) gcc=s390x-linux-gnu musl=s390x-linux-musl ;;
*)
	echo "CROSS=$arch: expected arm64, armhf, i386, mipsel, ppc64el, riscv64 or s390x" >&2
	exit 1
	;;
esac
missing() { echo "CROSS=$arch: $1" >&2; exit 1; }
command -v $gcc-gcc >/dev/null ||
	missing "run this first: sudo apt-get install --no-install-recommends gcc-$(echo $gcc | tr _ -)"
mkdir -p "$2"
dir=$(cd "$2" && pwd)
specs=$dir/musl.specs
if [ ! -e "$specs" ]; then
	w=$dir/new
	rm -rf "$w" "$dir/musl"
	mkdir "$w"
	trap 'rm -rf "$w"' EXIT
	# shellcheck source=/dev/null
	. "$(dirname "$0")/apt.subr"
	why=$(apt_ready) || missing "$why"
	(apt_of "$arch" && apt-get -qq download musl musl-dev >&2) 2>"$w/err" ||
		missing "apt has no musl: $(head -n 1 "$w/err")"
	for deb in "$w/$arch/packages"/*.deb; do
		dpkg-deb -x "$deb" "$w/musl"
	done
	mv "$w/musl" "$dir/musl"
	# the compiler is to find it where it is
	sed "s,/usr/,$dir/musl/usr/,g" "$dir/musl/usr/lib/$musl/musl-gcc.specs" >"$w/specs"
	mv "$w/specs" "$specs"
fi
echo "$gcc-gcc -specs=$specs"
