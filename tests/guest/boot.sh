#!/bin/sh
# boot.sh DIR ARCH ROOT LIMIT [PARAMETER]...: a Debian kernel of DIR (see fetch.sh) for ARCH, x86_64 or
# aarch64, with the folder ROOT as its initramfs and ROOT/init as pid 1; the kernel's PARAMETERs besides.
# What the guest writes on its console is stdout. The guest ends by switching itself off; after LIMIT
# seconds it is ended. How it went is for the guest to say: qemu's exit status does not tell.
# With WHEN and THEN in the environment, qemu's monitor gets the command THEN when the console has a line
# that matches WHEN. PACK is what the initramfs is compressed with; with COUNT, which is -icount's value, the
# guest's time is that of the instructions that it has executed, however busy this machine is.
set -eu
dir=$1 arch=$2 root=$3 limit=$4
shift 4
w=$(mktemp -d)
teller=
trap '[ -z "$teller" ] || kill $teller 2>/dev/null || :; rm -rf "$w"' EXIT
(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0 | ${PACK:-gzip -1}) >"$w/initrd"
parameters="panic=-1 quiet loglevel=4 random.trust_cpu=on $*"
# processors that can all there is, but sign addresses by a method that is quick to emulate; kvm is not
# everywhere, and not needed for some seconds; nice, since other tests look at the clock
case $arch in
x86_64) set -- qemu-system-x86_64 -machine q35 -cpu max -append "console=ttyS0 tsc=unstable $parameters" ;;
aarch64) set -- qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on -append "console=ttyAMA0 $parameters" ;;
*) echo "boot.sh: $arch: expected x86_64 or aarch64" >&2; exit 2 ;;
esac
: >"$w/console"
mkfifo "$w/monitor"
{
	[ -z "${WHEN:-}" ] || until grep -qE -- "$WHEN" "$w/console"; do sleep 0.1; done
	echo "${THEN:-}"
} >"$w/monitor" &
teller=$!
if [ -n "${COUNT:-}" ]; then set -- "$@" -icount "$COUNT" -smp 1; else set -- "$@" -smp 2; fi
timeout -k 5 "$limit" nice "$@" -accel tcg -m 512 -kernel "$dir/vmlinuz-$arch" -initrd "$w/initrd" -display none \
	-serial "file:$w/console" -monitor stdio -nic none -no-reboot <"$w/monitor" >/dev/null ||
	echo "boot.sh: $1: exit status $?" >&2
tr -d '\r' <"$w/console"
