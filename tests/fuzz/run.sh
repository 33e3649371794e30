#!/bin/sh
# run.sh BUILD SECONDS [RUNS]: runs each fuzzer for so long, and for so many inputs at most, on a copy of its
# corpus. What one finds is in BUILD/fuzz/NAME/, and its output is printed. Fails if any has found something. FUZZ_SEED=0 starts
# somewhere else each time.
set -eu
build=$1 seconds=$2 runs=${3:--1} bad=0
for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" _fuzz.c)
	work=$build/fuzz/$name
	rm -rf "$work"
	mkdir -p "$work/corpus"
	cp -R "tests/fuzz/corpus/$name/." "$work/corpus/"
	if "$build/fuzz/${name}_fuzz" -max_total_time="$seconds" -runs="$runs" -seed="${FUZZ_SEED:-1}" -timeout=10 -rss_limit_mb=1024 -print_final_stats=0 \
	    -artifact_prefix="$work/" "$work/corpus" > "$work/output" 2>&1; then
		echo "fuzz $name: $(sed -n 's/^Done \([0-9]*\) runs.*/\1 runs/p' "$work/output")"
	else
		grep -v '^#[0-9]' "$work/output"
		echo "fuzz $name: failed: see $work" >&2
		bad=1
	fi
done
exit $bad
