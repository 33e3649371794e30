# se-sigdump on real kernels that are ours alone: of AArch64, and with yama.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"
# shellcheck source=/dev/null
. "$SRC/tests/e2e/guest.subr"

CHECKS='musl together stopped yama_refuses yama_refuses_children yama_permits capable without_yama'

# program CC NAME FLAG...: programs/NAME with known stacks in the guest
program()
{
	_cc=$1 _name=$2
	shift 2
	mkdir -p root/programs
	$_cc -D_GNU_SOURCE "$@" -o "root/programs/$_name" "$SRC/tests/helpers/stacks.c" -lpthread 2>cc.err ||
		fail "$_cc $*: $(cat cc.err)"
	CHECKS="$CHECKS $_name"
}

atf_test_case aarch64
aarch64_head() { atf_set timeout 900; }
aarch64_body()
{
	guest_needs aarch64
	cc=aarch64-linux-gnu-gcc
	command -v $cc >/dev/null || atf_skip "$cc is not installed"
	guest_root aarch64 sigdump
	mcc="$cc -specs=$MUSL/musl.specs"
	libc=$(dirname "$($cc -print-file-name=libc.so.6)")
	mkdir root/lib
	cp -L "$libc/libc.so.6" "$libc/ld-linux-aarch64.so.1" \
		"$MUSL/musl/lib/aarch64-linux-musl/libc.so" root/lib || fail "no libc"
	ln -s libc.so root/lib/ld-musl-aarch64.so.1
	program "$mcc" musl -Os -static
	program "$mcc" musl-dynamic -Os
	program "$mcc" musl-pac -Os -static -mbranch-protection=pac-ret
	program "$mcc" musl-O0 -O0 -static
	program "$mcc" stripped-musl -Os -static -s
	program $cc glibc -O2
	program $cc glibc-static -O2 -static
	program $cc glibc-pac -O2 -mbranch-protection=pac-ret
	program $cc glibc-pac-leaf -O2 -static -mbranch-protection=pac-ret+leaf
	program $cc glibc-pac-b -O2 -mbranch-protection=pac-ret+b-key
	program $cc glibc-no-tables -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables
	program $cc glibc-no-frames -O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables
	program $cc glibc-large-pages -O2 -static -Wl,-z,max-page-size=65536,-z,separate-code
	program $cc stripped-glibc-static -O2 -static -s
	program $cc glibc-records -O2 -static -fno-asynchronous-unwind-tables -fno-unwind-tables
	program $cc stripped-glibc-records -O2 -static -fno-asynchronous-unwind-tables -fno-unwind-tables -s
	guest_checks aarch64 $CHECKS
}

atf_test_case x86_64
x86_64_head() { atf_set timeout 900; }
x86_64_body()
{
	guest_needs x86_64
	[ "$(uname -m)" = x86_64 ] || atf_skip 'the build is for another processor'
	guest_root x86_64 sigdump
	program cc glibc -O2
	program cc glibc-static -O2 -static
	for _f in $(ldd root/programs/glibc | grep -o '/[^ ]*'); do
		mkdir -p "root/${_f%/*}"
		cp -L "$_f" "root/$_f"
	done
	cp "$BUILD/helpers/stacks" root/programs/musl
	guest_checks x86_64 $CHECKS
}

atf_init_test_cases()
{
	atf_add_test_case aarch64
	atf_add_test_case x86_64
}
