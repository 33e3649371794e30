#!/bin/sh
# run.sh BUILD: runs the whole suite under kyua and closes with "N passed, N failed, N skipped" from
# kyua's own report. Fails on any failed or broken test, and where nothing has passed.
set -eu
build=$(cd "$1" && pwd) src=$(pwd)
out=$build/kyua
rm -rf "$out"
mkdir -p "$out"

# a clean environment (kyua stores it), and a pid namespace so that nothing outlives the run
inside="kyua --config=none --logfile=$out/kyua.log --variable=parallelism=$(($(nproc) + 1))" # most of them wait
# tests that must not be root run as nobody, where nobody may come here
note=
if [ "$(id -u)" = 0 ]; then
	if setpriv --reuid=nobody --clear-groups test -x "$build/sebox" 2>/dev/null; then
		inside="$inside --variable=unprivileged_user=nobody"
	else
		note="run.sh: the user nobody cannot come to $build: tests that must not be root are skipped"
	fi
fi
wrap=
! unshare --pid --fork --kill-child --mount-proc true 2>/dev/null ||
	wrap='unshare --pid --fork --kill-child --mount-proc'

k() {
	env -i PATH="$PATH:/usr/sbin:/sbin" HOME="$out" LANG=C.UTF-8 TMPDIR=/tmp \
	    LSAN_OPTIONS="suppressions=$src/tests/lsan.supp:print_suppressions=0" "$@"
}
rc=0
# the shell in between reaps the orphans of tests: kyua does not expect them
# shellcheck disable=SC2086,SC2016 # lists of words
k $wrap ${wrap:+sh -c '"$@"; exit $?' reaper} $inside test -k "$src/tests/Kyuafile" --build-root="$build/tests" -r "$out/results.db" || rc=$?
if [ ! -s "$out/results.db" ]; then
	echo "run.sh: kyua wrote no results (exit $rc)" >&2
	echo '0 passed, 1 failed, 0 skipped'
	exit 1
fi
# shellcheck disable=SC2086 # as above
k $inside report -r "$out/results.db" --verbose --results-filter=broken,failed > "$out/failed.txt" || rc=1
awk '/^=+> (Failed|Broken|Summary)/ { on = /Summary/ ? 0 : 1 } on' "$out/failed.txt"
# shellcheck disable=SC2086 # as above
k $inside report -r "$out/results.db" --results-filter=skipped > "$out/summary.txt" || rc=1
awk '/ -> +skipped: /' "$out/summary.txt"
[ -z "$note" ] || echo "$note"
awk -v rc="$rc" '
/^Test cases: [0-9]+ total, [0-9]+ skipped, [0-9]+ expected failures, [0-9]+ broken, [0-9]+ failed$/ {
	seen++; total = $3; skipped = $5; expected = $7; failed = $10 + $12
}
END {
	passed = total - skipped - expected - failed
	if (seen != 1 || (failed == 0 && (rc != 0 || passed <= 0))) {
		print "run.sh: nothing passed, or the report cannot be read" > "/dev/stderr"
		failed++
	}
	printf "%d passed, %d failed, %d skipped\n", (passed > 0 ? passed : 0), failed, skipped + expected
	exit failed != 0
}' "$out/summary.txt"
