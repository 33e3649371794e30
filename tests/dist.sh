#!/bin/sh
# dist.sh BUILD VERSION [ARCHITECTURE]...: in BUILD/dist the sources as a tarball, which has the same bytes
# wherever it is made, this machine's binary and those for the architectures, and their checksums.
set -eu
build=$1 version=$2
shift 2
dir=$build/dist name=sebox-$version
rm -rf "$dir"
mkdir -p "$dir"
if git rev-parse --show-cdup 2>/dev/null | grep -q '^$'; then
	git diff --quiet HEAD || { echo 'dist: there are changes that are not committed' >&2; exit 1; }
	git ls-files >"$dir/files"
	time=$(git log -1 --format=%ct)
else # a tarball's files have the commit's time
	find . \( -path ./build -o -samefile "$build" \) -prune -o ! -type d -print |
		sed 's,^\./,,' >"$dir/files"
	time=$(stat -c %Y README)
fi
LC_ALL=C sort -o "$dir/files" "$dir/files"
LC_ALL=C tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$time" \
	--transform="s,^,$name/,S" --files-from="$dir/files" -cf - | gzip -9n >"$dir/$name.tar.gz"
rm "$dir/files"
cp "$build/sebox" "$dir/$name-$(uname -m)"
for a; do
	make -s --no-print-directory CROSS="$a" BUILD="$build/$a" "$build/$a/sebox"
	cp "$build/$a/sebox" "$dir/$name-$a"
done
(cd "$dir" && sha256sum "$name"* >SHA256SUMS && cat SHA256SUMS)
