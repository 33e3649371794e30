# se-supervise as the init of a machine, on real kernels that are ours alone.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/look.subr"
# shellcheck source=/dev/null
. "$SRC/tests/e2e/guest.subr"

# everything ARCH: tests/guest/supervise.sh, and the end
everything()
{
	guest_needs "$1"
	guest_init "$1"
	cp "$SRC/tests/guest/setup.sh" "$SRC/tests/guest/workers.sh" root
	cp "$SRC/tests/guest/supervise.sh" root/check.sh
	cp "$SRC/tests/guest/check.subr" "$SRC/tests/e2e/common.subr" root/tests
	mkdir root/log
	guest_conf 'command: [/bin/sh, /workers.sh]' 'workers: 5' 'init_mount: true' 'init_exit: poweroff' \
		'before_run: [/bin/sh, /setup.sh]' 'control_path: /ctl' 'worker_cgroup: /sys/fs/cgroup/se' \
		'worker_heartbeat_timeout: 60s' 'restart_backoff: 100ms' 'log: /log/app.log' 'log_rotate_size: 8K' 'log_rotate_age: 9'
	guest_boots "$1"
	for _name in pid_1 comes_back no_zombies clock_jumps sigdump cgroup_kill oom_kill; do
		has console "^guest: $_name: ok\$" || fail "$_name: $(grep "^guest: $_name: " console || echo 'nothing was said')"
	done
	has console '^guest: end$' || fail 'it did not come to its end'
	has console 'reboot: Power down' || fail 'it was not switched off'
}

atf_test_case aarch64
aarch64_head() { atf_set require.progs aarch64-linux-gnu-gcc; }
aarch64_body() { everything aarch64; }

atf_test_case x86_64
x86_64_body()
{
	[ "$(uname -m)" = x86_64 ] || atf_skip 'the build is for another processor'
	everything x86_64
}

# Nothing but the binary, a worker and the words of the kernel's command line; the last worker's end is the machine's.
atf_test_case words
words_body()
{
	guest_needs x86_64
	mkdir -p root/etc
	cp "$BUILD/sebox" root/init
	cp "$W" root/worker
	guest_conf 'command: [/none]'
	guest_boots x86_64 splash init_mount=yes init_exit=poweroff -- --unrecoverable-exit-codes=3 /worker say=here env=init_exit exit=3
	has console '^here [0-9]+$' || fail "$(cat console)"
	has console '^init_exit=poweroff$' || fail "$(cat console)"
	has console 'Worker 0 exited unexpectedly with status 3$' || fail "$(cat console)"
	has console 'reboot: Power down' || fail 'it was not switched off'
}

# What is wrong is said, and then it is done what the kernel's command line says.
atf_test_case wrong_and_told
wrong_and_told_body()
{
	guest_needs x86_64
	guest_init x86_64
	guest_conf 'command: [/bin/worker, hang]' 'init_exit: halt' 'workrs: 2'
	guest_boots x86_64 init_exit=poweroff
	has console '^se-supervise: /etc/se-supervise.conf:3: workrs: unknown key: the nearest is workers$' || fail "$(cat console)"
	has console 'reboot: Power down' || fail 'it was not switched off'
}

# Where nothing is told it stays, with the reason on its console. Ctrl-Alt-Del restarts it.
atf_test_case wrong_and_not_told
wrong_and_not_told_body()
{
	guest_needs x86_64
	guest_init x86_64
	WHEN='waiting for Ctrl-Alt-Del' THEN='sendkey ctrl-alt-delete'
	export WHEN THEN
	guest_boots x86_64
	has console '^se-supervise: /etc/se-supervise.conf: No such file or directory$' || fail "$(cat console)"
	has console 'reboot: Restarting system' || fail 'it was not restarted'
}

# A configuration that is right, but not here; its own word on the end holds then.
atf_test_case failed_start
failed_start_body()
{
	guest_needs x86_64
	guest_init x86_64
	guest_conf 'command: [/bin/missing]' 'init_mount: true' 'init_exit: halt'
	WHEN='System halted' THEN=quit
	export WHEN THEN
	guest_boots x86_64
	has console '/bin/missing: No such file or directory$' || fail "$(cat console)"
	has console 'reboot: System halted' || fail 'it was not halted'
}

# With a supervisor, INT would be a live restart.
atf_test_case ctrl_alt_del
ctrl_alt_del_body()
{
	guest_needs x86_64
	guest_init x86_64
	guest_conf 'command: [/bin/worker, say=up, hang]' 'supervisor: true' 'init_mount: true' 'init_exit: halt'
	WHEN='^up ' THEN='sendkey ctrl-alt-delete'
	export WHEN THEN
	guest_boots x86_64
	has console 'Received graceful stop \(Ctrl-Alt-Del\)$' || fail "$(cat console)"
	has console 'Worker 0 finished with signal SIGTERM$' || fail "$(cat console)"
	has console 'reboot: Restarting system' || fail 'it was not restarted'
}

atf_init_test_cases()
{
	atf_add_test_case aarch64
	atf_add_test_case x86_64
	atf_add_test_case words
	atf_add_test_case wrong_and_told
	atf_add_test_case wrong_and_not_told
	atf_add_test_case failed_start
	atf_add_test_case ctrl_alt_del
}
