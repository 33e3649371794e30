# The binaries for other processors at work, under qemu-user: one whose bytes are the other way round, and
# one of 32 bits. All of them: make cross-check.

# case_of ARCHITECTURE
case_of()
{
	atf_test_case "$1"
	eval "$1_body() { smoke $1; }"
}
smoke()
{
	[ -x "$BUILD/$1/sebox" ] || atf_skip "$(cat "$BUILD/$1/missing" 2>/dev/null || echo "it is not built: make cross")"
	atf_check -o "match:^$1: [0-9]+ units and all five at work passed" -e ignore \
		sh "$SRC/tests/cross/smoke.sh" "$1" "$BUILD/$1" "$BUILD" quick
}
case_of armhf
case_of s390x

atf_init_test_cases()
{
	atf_add_test_case armhf
	atf_add_test_case s390x
}
