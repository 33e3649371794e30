#!/bin/sh
# lint.sh FLAGS: gcc -fanalyzer, clang, clang-tidy, cppcheck, shellcheck, mandoc. What
# is not installed is named and fails.
set -u
bad=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
sources=$(find applets lib -name '*.c')
tests=$(find tests -name '*.c')
have() {
	command -v "$1" >/dev/null && return 0
	echo "lint: $1 is not installed" >&2
	bad=1
	return 1
}
run() { "$@" || { echo "lint: $1 failed" >&2; bad=1; }; }

# shellcheck disable=SC2086 # lists of words
for f in $sources; do
	eval "run gcc $1 -Os -fanalyzer -c -o /dev/null $f"
done
if have clang; then
	for f in $sources $tests; do
		case $f in tests/unit/*) extra='-I. -Wno-unused-parameter' ;; *) extra=-I. ;; esac
		eval "run clang $1 $extra -fsyntax-only $f"
	done
fi
if have clang-tidy; then
	# shellcheck disable=SC2086
	clang-tidy --quiet --warnings-as-errors='*' $sources -- -std=c11 -D_GNU_SOURCE >"$out" 2>/dev/null ||
		{ cat "$out"; bad=1; }
fi
# shellcheck disable=SC2086
! have cppcheck || run cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -D_GNU_SOURCE \
	--enable=warning,performance,portability --suppress=missingIncludeSystem $sources
if have shellcheck; then
	# shellcheck disable=SC2046
	run shellcheck -s sh .ci/run $(find tests -name '*.sh' ! -path 'tests/e2e/*')
	# $SE and $W are words without blanks; bodies are called by atf; dash has ulimit -H
	run shellcheck -s sh -e SC2034,SC2154,SC2317,SC2086,SC2016,SC2094,SC3045,SC2238,SC2216,SC2013,SC2015,SC2012,SC2046,SC2010,SC2002,SC1003 \
		tests/e2e/*.sh tests/e2e/*.subr tests/guest/*.subr tests/cross/*.subr
fi
if have mandoc; then
	for m in applets/*/*.[18]; do
		run mandoc -Tlint -Wwarning "$m"
	done
fi
exit $bad
