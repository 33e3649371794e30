#!/bin/sh
# sizes.sh BUILD: bytes of the binary with each applet alone, without each, and for other processors, as
# far as their compilers are here.
set -eu
build=$(cd "$1" && pwd)
# bytes DIR WORD...: of what make builds so
bytes()
{
	_dir=$1
	shift
	make --no-print-directory -s BUILD="$_dir" "$@" "$_dir/sebox" >"$build/sizes.out" 2>&1 || return 1
	stat -c %s "$_dir/sebox"
}
few() { bytes "$build/few" OBJECTS="$build/obj" "SE_APPLETS=$1"; }

all=$(sed -n 's/^APPLET(\(.*\))$/\1/p' applets/applets.def | tr '\n' ' ')
whole=$(stat -c %s "$build/sebox")
printf '%-16s %8s %8s %8s\n' bytes alone without costs
for a in $all; do
	without=$(few "$(echo "$all" | tr ' ' '\n' | grep -vx "$a" | tr '\n' ' ')")
	printf '%-16s %8d %8d %8d\n' "se-$a" "$(few "$a")" "$without" $((whole - without))
done
printf '%-16s %8d\n\n%-16s %8d\n' 'all' "$whole" "$(uname -m)" "$whole"
for cross in arm64 armhf i386 mipsel ppc64el riscv64 s390x; do
	if size=$(bytes "build/$cross" "CROSS=$cross"); then
		printf '%-16s %8d\n' $cross "$size"
	else
		printf '%-16s %8s  %s\n' $cross - "$(head -n 1 "$build/sizes.out")"
	fi
done
