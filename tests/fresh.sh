#!/bin/sh
# fresh.sh BUILD VERSION COMMAND...: the commands in a bare Debian of this machine's release, from its
# mirror, in BUILD/fresh: first as a user to whom packages are missing, which has to be one line, then as
# root, then as that user; what has failed is told at the end. Mounts end with it; what is downloaded
# stays for the next time.
set -eu
[ "$(id -u)" = 0 ] || { echo 'make fresh: only root can make a chroot' >&2; exit 1; }
build=$(cd "$1" && pwd) version=$2 base=$1/fresh-base.tar root=$1/fresh
shift 2
w=$build/fresh-apt
rm -rf "$w" "$root"
mkdir -p "$w" "$root"
trap 'rm -rf "$w"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/cross/apt.subr"
why=$(apt_ready) || { echo "make fresh: $why" >&2; exit 1; }
read -r _ uri release _ <"$w/sources"
if [ ! -e "$base" ]; then
	proxy=$(apt-config shell p Acquire::http::Proxy)
	eval "$proxy"
	http_proxy=${p:-${http_proxy:-}} debootstrap --variant=minbase "$release" "$root" "$uri" >"$w/log" 2>&1 ||
		{ tail -n 5 "$w/log" >&2; exit 1; }
	tar -C "$root" -cf "$base.new" . && mv "$base.new" "$base"
else
	tar -C "$root" -xpf "$base"
fi
cp "$w/sources" "$root/etc/apt/sources.list"
cp "$w/config" "$root/etc/apt/apt.conf.d/99host"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
tar -C "$root/root" -xzf "$build/dist/sebox-$version.tar.gz"
cat >"$root/root/steps" <<'END'
set -eu
version=$1
shift
step() { printf '\n==== %s\n' "$*"; }
export DEBIAN_FRONTEND=noninteractive HOME=/root
step 'a bare system: only make is installed'
apt-get update -qq
apt-get install -y -qq --no-install-recommends make >/dev/null
useradd -m user
cp -R "/root/sebox-$version" /home/user/sebox
chown -R user:user /home/user/sebox
failed=
as_user() { su user -c "cd ~/sebox && $1"; }
for c; do
	step "make $c as a user, packages are missing"
	! as_user "make -s $c" >/root/said 2>&1 || { echo 'it did not fail'; exit 1; }
	cat /root/said
	grep -v '^make: \*\*\* ' /root/said | awk -v c="make $c: run this first: sudo apt-get install " \
		'index($0, c) != 1 { bad = 1 } END { exit bad || NR != 1 }' || { echo 'that is not one line'; exit 1; }
	step "make $c as root"
	make -C "/root/sebox-$version" "$c" || failed="$failed, make $c as root"
	step "make $c as a user"
	as_user "make $c" || failed="$failed, make $c as a user"
done
[ -z "$failed" ] || { echo "make fresh: failed: ${failed#, }"; exit 1; }
END
# a root of its own, not only chroot(2): mount namespaces can be made in it
# shellcheck disable=SC2016 # of the shell inside
unshare --mount --pid --fork --kill-child sh -eu -c '
	root=$1
	shift
	mount --bind "$root" "$root"
	mount --rbind /dev "$root/dev"
	mount --rbind /sys "$root/sys"
	mount -t proc proc "$root/proc"
	cd "$root"
	pivot_root . mnt
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb chroot . \
		sh -eu -c "umount -l /mnt; exec sh /root/steps \"\$@\"" steps "$@" <dev/null' fresh "$root" "$version" "$@"
rm -rf "$root"
echo "make fresh: passed: $*"
