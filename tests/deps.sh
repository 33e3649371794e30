#!/bin/sh
# deps.sh WHAT: the Debian packages that `make WHAT` uses: installed by apt for root, else named in
# the one line to run.
set -eu

build='gcc make binutils libc6-dev musl-tools'
demo="$build procps"
check="$demo kyua atf-sh libatf-dev clang clang-tidy libclang-rt-dev cppcheck shellcheck mandoc
strace iproute2 util-linux runc crun podman catatonit perl ruby-serverengine libserver-starter-perl
libtest-tcp-perl libtest-requires-perl nginx-light starlet libplack-perl puma unicorn gunicorn python3 elfutils
qemu-system-x86 qemu-system-arm cpio gcc-aarch64-linux-gnu libc6-dev-arm64-cross golang-go"
# bash comes with Debian
check="$check git zsh gcc-arm-linux-gnueabihf gcc-s390x-linux-gnu qemu-user"
cross="$build gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-i686-linux-gnu gcc-mipsel-linux-gnu
gcc-powerpc64le-linux-gnu gcc-s390x-linux-gnu gcc-riscv64-linux-gnu qemu-user"
bench_guest="$build qemu-system-x86 cpio xz-utils zstd gcc-aarch64-linux-gnu"
bench="$demo runit s6 supervisor ruby-serverengine tini daemontools apache2-utils logrotate
libserver-starter-perl elfutils gdb runc"

case $1 in
demo) want=$demo ;;
check) want=$check ;;
bench) want=$bench ;;
bench-guest) want=$bench_guest ;;
cross-check) want=$cross ;;
fresh) want=debootstrap ;;
*) echo "deps.sh: $1: expected demo, check, bench, bench-guest, cross-check or fresh" >&2; exit 2 ;;
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
# some come with services of their own: these are not to run here, now or after the next boot
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null
for p in $missing; do
	case $p in
	nginx-light) s=nginx ;;
	supervisor | unicorn | puma) s=$p ;;
	podman) s='podman.socket podman.service podman-restart.service podman-auto-update.service podman-auto-update.timer' ;;
	*) continue ;;
	esac
	# shellcheck disable=SC2086 # a list of units
	systemctl --quiet disable $s 2>/dev/null || update-rc.d "$s" disable >/dev/null 2>&1 || :
done
