# The tree itself: its layers, its build, its fuzzers, its demo.

atf_test_case layers
layers_body()
{
	cd "$SRC" || atf_fail "no $SRC"
	atf_check sh tests/layers.sh "$BUILD/obj"
}

# What must not be is found: a forbidden include, a system call in a pure module, state kept there.
atf_test_case layers_are_seen
layers_are_seen_body()
{
	cp -R "$SRC/applets" "$SRC/lib" "$SRC/Makefile" .
	mkdir tests
	cp "$SRC/tests/layers.sh" tests/
	echo '#include "../sys/loop.h"' >>lib/fsm/worker.c
	printf '#include <unistd.h>\nint fleet_pid(void);\nint fleet_count;\nint fleet_pid(void) { return getpid(); }\n' >>lib/fsm/fleet.c
	make -s BUILD=b WERROR= >/dev/null 2>&1
	atf_check -s exit:1 -o match:'lib/fsm/worker.c|worker.c:' -e match:'calls: getpid' -e match:'keeps state' \
	    -e match:'lib/fsm must not include' sh tests/layers.sh b/obj
}

atf_test_case lint
lint_head() { atf_set timeout 1500; }
lint_body()
{
	cd "$SRC" || atf_fail "no $SRC"
	atf_check -o ignore -e ignore make lint || make lint
}

# Every parser and every machine, for some seconds each on its corpus.
atf_test_case fuzz
fuzz_head() { atf_set timeout 600; }
fuzz_body()
{
	out=$PWD/out
	cd "$SRC" || atf_fail "no $SRC"
	# the same inputs on every machine that comes to so many in that time
	sh tests/fuzz/run.sh "$BUILD" 20 20000 >"$out" 2>&1 || {
		cat "$out"
		atf_fail "$(grep 'failed: see' "$out")"
	}
}

# A test program that is not in its Kyuafile would never run.
atf_test_case all_are_listed
all_are_listed_body()
{
	for d in unit e2e; do
		for f in "$SRC/tests/$d"/*_test.*; do
			n=$(basename "${f%.*}")
			grep -q "name=\"$n\"" "$SRC/tests/$d/Kyuafile" || atf_fail "$d/$n is not in the Kyuafile"
		done
	done
	for f in "$SRC/lib/base" "$SRC/lib/wire" "$SRC/lib/fsm" "$SRC/lib/sys"; do
		for c in "$f"/*.c; do
			n=$(basename "$c" .c)
			grep -rqE "(^|[^a-z_])${n}(_[a-z]|\()" "$SRC/tests/unit" || echo "$c" >>untested
		done
	done
	[ ! -s untested ] || atf_fail "no unit test calls: $(cat untested)"
}

atf_test_case demo
demo_head() { atf_set timeout 120; }
demo_body()
{
	mkdir tmp
	TMPDIR=$PWD/tmp
	export TMPDIR
	atf_check -o save:out sh "$SRC/tests/demo.sh" "$BUILD"
	lines out '^200 of 200 requests answered' 2 || atf_fail "$(cat out)"
	lines out '^sent=4000 ok=4000 failed=0 ' 1 || atf_fail "$(cat out)"
	lines out '^exit status 0' 1 || atf_fail "$(cat out)"
	[ -z "$(ls tmp)" ] || atf_fail "left behind: $(ls tmp)"
}

atf_init_test_cases()
{
	for t in layers layers_are_seen lint fuzz all_are_listed demo; do
		atf_add_test_case $t
	done
}
