# se-supervise as init: its name and words, what PID 1 does at its end, and what is a machine's PID 1 alone.
# For the latter strace says yes to reboot(2) in the kernel's place; real machines are in init_guest_test.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"

gone_or() { gone "$PID" || "$@"; }

# namespace COMMAND...: as PID 1 of a pid namespace with a /proc of its own; ends as it does
namespace()
{
	_user=
	[ "$(id -u)" = 0 ] || _user=--map-root-user
	exec $BEFORE unshare $_user --pid --fork --kill-child --mount-proc "$@"
}
BEFORE=

# ends_with STATUS NAME ARG...: PID 1 of that name does, and says why in err
ends_with()
{
	_want=$1 _rc=0
	shift
	(namespace "$@") </dev/null >out 2>err || _rc=$?
	[ $_rc = "$_want" ] || fail "$*: exit status $_rc, expected $_want: $(cat err)"
}

# needs_namespace: skips where there can be none
needs_namespace() { (namespace true) 2>err || atf_skip "no pid namespace here: $(head -n 1 err)"; }

# machine NAME ARG...: as PID 1, to which no reboot(2) is refused and none is made; trace has them. $PID is strace, $INIT PID 1
machine()
{
	command -v strace >/dev/null || atf_skip 'strace is not installed'
	BEFORE='strace -f -o trace -e trace=reboot -e inject=reboot:retval=0'
	(namespace "$@") </dev/null >out 2>err &
	PID=$!
	eventually gone_or init_is_there
	! gone "$PID" || fail "it has ended: $(cat err)"
}
init_is_there()
{
	_unshare=$(children "$PID")
	INIT=$(children "${_unshare% }")
	INIT=${INIT% }
	[ -n "$INIT" ] && has trace 'CAD_OFF'
}
over()
{
	kill -9 "$INIT"
	eventually gone "$PID"
}
# asked WORD...: there have been these and no other reboot(2)s, one after the other
asked()
{
	sed -n 's/.*LINUX_REBOOT_CMD_\([A-Z0-9_]*\)).*/\1/p' trace | uniq >words
	printf '%s\n' "$@" >expected
	cmp -s expected words
}

atf_test_case name
name_body()
{
	ln -s "$BUILD/sebox" init
	echo 'command: x' >c.yml
	for words in '' 'splash single 3'; do
		# shellcheck disable=SC2086 # words
		./init $words -c c.yml --workers=7 --check >out || fail "$words: $(cat out)"
		has out '^workers: 7$' && has out '^command: \[x\]$' || fail "$(cat out)"
	done
	./init splash --workers=7 -c c.yml --check /bin/y word=3 >out || fail "$(cat out)"
	has out '^command: \[/bin/y, word=3\]$' || fail "$(cat out)"
	./init splash --help >out && has out '^usage: se-supervise ' || fail "$(cat out)"
	./init splash --version >out && has out '^se-supervise ' || fail "$(cat out)"
	[ -e /etc/se-supervise.conf ] || {
		atf_check -s exit:2 -e inline:'se-supervise: /etc/se-supervise.conf: No such file or directory\n' \
			./init splash
		atf_check -s exit:2 -e match:'conf: No such' "$BUILD/sebox" init --check
	}
	atf_check -s exit:2 -e match:'command: none given' "$SE" --check # no default for any other name
}

atf_test_case environment
environment_body()
{
	printf '%s\n' 'command: x' 'init_exit: halt' >c.yml
	"$SE" -c c.yml --check | grep -qx 'init_exit: halt' || fail file
	init_exit=reboot init_mount=yes "$SE" -c c.yml --check >out || fail environment
	has out '^init_exit: reboot$' && has out '^init_mount: true$' || fail "$(grep init out)"
	init_exit=reboot "$SE" -c c.yml --init-exit=poweroff --check | grep -qx 'init_exit: poweroff' || fail option
	atf_check -s exit:2 -e inline:'se-supervise: init_exit: off: expected exit, poweroff, reboot, halt\n' \
		env init_exit=off "$SE" -c c.yml --check
	atf_check -s exit:2 -e inline:'se-supervise: init_mount: : expected true or false\n' \
		env init_mount= "$SE" -c c.yml --check
	atf_check -s exit:2 -e match:'init_exit: off: expected' env init_exit=off init_mount=true "$SE" -c c.yml --check
}

# The kernel ends a namespace for what would end a machine: with INT, and HUP for a restart.
atf_test_case end
end_body()
{
	needs_namespace
	while read -r status how; do
		ends_with "$status" "$SE" --unrecoverable-exit-codes=3 "--init-exit=$how" -- "$W" exit=3
	done <<-END
		3 exit
		130 poweroff
		129 reboot
		130 halt
	END
	export init_exit=reboot
	ends_with 129 "$SE" --workrs=3
	has err '^se-supervise: unknown option: --workrs: ' || fail "$(cat err)"
	ends_with 129 "$SE" --log=/missing/log -- "$W"
	has err '^se-supervise: log: /missing/log: ' || fail "$(cat err)"
	ends_with 129 "$SE" -- ./missing
	has err 'missing: No such file or directory$' || fail "$(cat err)"
	export init_exit=nonsense
	ends_with 2 "$SE" -- "$W"
}

# Without CAP_SYS_BOOT it is told, and the status is what it would be.
atf_test_case end_is_refused
end_is_refused_head() { atf_set require.user root; }
end_is_refused_body()
{
	needs_namespace
	ends_with 3 setpriv --bounding-set=-sys_boot --inh-caps=-sys_boot "$SE" --init-exit=poweroff --unrecoverable-exit-codes=3 -- \
		"$W" exit=3
	has err '^se-supervise: init_exit: Operation not permitted$' || fail "$(cat err)"
}

# No process but PID 1 mounts anything or ends a machine.
atf_test_case others
others_body()
{
	command -v strace >/dev/null || atf_skip 'strace is not installed'
	for arg in --workrs=3 --unrecoverable-exit-codes=3; do
		init_exit=poweroff init_mount=true strace -f -o trace -e trace=reboot,mount -e inject=reboot:retval=0 \
			-e inject=mount:retval=0 "$SE" $arg -- "$W" exit=3 2>err
		[ -s trace ] || fail 'no trace'
		! grep -E 'reboot\(|mount\(' trace || fail "$arg: it does"
	done
}

# Of a wrong configuration a machine does not die.
atf_test_case stays
stays_body()
{
	needs_namespace
	machine "$SE" --workrs=3
	eventually has err 'waiting for Ctrl-Alt-Del$'
	has err '^se-supervise: unknown option: --workrs: ' || fail "$(cat err)"
	eventually asked CAD_OFF CAD_ON
	kill -TERM "$INIT"
	kill -INT "$INIT"
	eventually ignores_children # it reaps
	over
	machine "$SE" --daemonize --log=log -- "$W" hang
	eventually has err 'waiting for Ctrl-Alt-Del$'
	has err "^se-supervise: daemonize: a machine's PID 1 cannot leave\$" || fail "$(cat err)"
	over
	for arg in --help --check; do # not even of these
		machine "$SE" $arg x
		eventually asked CAD_OFF CAD_ON
		[ -s out ] || fail "$arg: nothing was said"
		over
	done
}
ignores_children() { [ $((0x$(field "$INIT" SigIgn) & 0x10000)) != 0 ]; }

# From the kernel, or outside a namespace, it is nobody's signal.
atf_test_case keys
keys_body()
{
	needs_namespace
	machine "$SE" --control-path=ctl --log=log --init-exit=halt --supervisor --signal-detach=40 -- "$W" log=w trap=TERM say=up hang
	eventually has w '^up '
	kill -INT "$INIT"
	eventually has w '^got 15$'
	eventually has log 'Received graceful stop \(Ctrl-Alt-Del\)$'
	kill -INT "$INIT"
	eventually asked CAD_OFF RESTART CAD_OFF CAD_ON
	eventually has log 'Received immediate stop \(Ctrl-Alt-Del\)$'
	over
}

atf_init_test_cases()
{
	atf_add_test_case name
	atf_add_test_case environment
	atf_add_test_case end
	atf_add_test_case end_is_refused
	atf_add_test_case others
	atf_add_test_case stays
	atf_add_test_case keys
}
