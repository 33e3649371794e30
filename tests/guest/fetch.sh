#!/bin/sh
# fetch.sh DIR: what tests/guest needs from Debian, by apt, without installing it: kernels, busybox and
# musl for AArch64. A second time nothing is fetched. What cannot be had is said in DIR/missing, by
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
command -v apt-get >/dev/null || missing 'apt is not installed'

# the mirror and how it is reached, as this system has them
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016 # apt's own variables
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
	awk -v release="$release" '$2 == release && $3 == "main" {
		print "deb " $0; exit }' >"$w/sources"
[ -s "$w/sources" ] || missing "apt's sources have no $release main"
apt-config dump | grep '^Acquire::' >"$w/config" || :

# fetch ARCHITECTURE PACKAGE...: unpacks nothing, keeps nothing of what apt knows of this system
fetch()
{
	arch=$1 a=$w/$1
	shift
	mkdir -p "$a/state/lists/partial" "$a/cache/archives/partial" "$a/packages"
	: >"$a/status"
	cat "$w/config" - >"$a/config" <<-END
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::http::Timeout "20";
		Dir::State "$a/state";
		Dir::State::status "$a/status";
		Dir::Cache "$a/cache";
		Dir::Etc::main "/dev/null";
		Dir::Etc::parts "/dev/null";
		Dir::Etc::sourcelist "$w/sources";
		Dir::Etc::sourceparts "/dev/null";
	END
	APT_CONFIG=$a/config
	export APT_CONFIG
	apt-get -qq -o APT::Update::Error-Mode=any update >&2 || return 1
	kernel=$(apt-cache depends "linux-image-cloud-$arch" | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p' | head -n 1)
	cd "$a/packages"
	apt-get -qq download "$kernel" busybox-static "$@" >&2
}

# part PACKAGE FILE: that file of it on stdout
part() { dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "$2"; }

for pair in amd64:x86_64 arm64:aarch64; do
	deb=${pair%:*} arch=${pair#*:}
	musl=
	[ "$deb" = amd64 ] || musl='musl musl-dev'
	# shellcheck disable=SC2086 # a list of names
	(fetch "$deb" $musl) 2>"$w/err" ||
		missing "apt cannot fetch for $deb: $(head -n 1 "$w/err")"
	p=$w/$deb/packages
	part "$p"/linux-image-*.deb './boot/vmlinuz-*' >"$w/vmlinuz-$arch"
	part "$p"/busybox-static_*.deb ./bin/busybox >"$w/busybox-$arch"
	chmod 755 "$w/busybox-$arch"
	mv "$w/vmlinuz-$arch" "$w/busybox-$arch" "$dir"
done
rm -rf "$dir/musl-aarch64"
for deb in "$p"/musl*.deb; do
	dpkg-deb -x "$deb" "$w/musl-aarch64"
done
mv "$w/musl-aarch64" "$dir"
# the compiler is to find it where it is
sed "s,/usr/,$dir/musl-aarch64/usr/,g" "$dir/musl-aarch64/usr/lib/aarch64-linux-musl/musl-gcc.specs" >"$dir/musl-aarch64.specs"
rm -f "$dir/missing"
: >"$dir/complete"
