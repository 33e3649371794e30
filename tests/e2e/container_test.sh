# se-supervise as PID 1 of real containers, by runc, crun and podman.

# shellcheck source=/dev/null disable=SC2016,SC2013 # pids as words
. "$SRC/tests/e2e/look.subr"
# shellcheck source=/dev/null
. "$SRC/tests/e2e/container.subr"

needs_root_and() { atf_set require.user root; atf_set require.progs "$*"; }

# ---- the runtimes alone ----

# life_of WORD...: workers and what they leave behind in a container of those words; stopped, it ends at once and with 0
life_of()
{
	container "$RT" "$@" -- /se-supervise --workers=2 --log-level=trace --control-path=@ctl --stray-timeout=60s -- \
		/worker orphans=20 escape=0 say=up hang
	eventually lines out '^up ' 2
	has err '^T, \[.* #1\] TRACE -- : Worker 0 started with pid [0-9]+' || fail "log: $(cat err)"
	its_status "$@"
	has status '^pid 1 +running .* 2 up ' || fail "status: $(cat status)"
	inside "$RT" --root "$PWD/$RT" kill "$ID" TERM
	ends "$PID" 0
	has err 'INFO -- : Received graceful stop \(SIGTERM from the kernel or outside\)$' || fail "log: $(cat err)"
	lines err 'INFO -- : Worker [01] finished with signal SIGTERM$' 2 || fail "log: $(cat err)"
	! has err 'SIGKILL|ERROR' || fail "log: $(cat err)"
}
# lives RUNTIME WORD: as root and as another user, with what a runtime gives and with the least
lives()
{
	apart
	can "$1"
	for uid in 0 65534; do
		life_of uid=$uid
		life_of uid=$uid "$2"
	done
}

atf_test_case runc cleanup
runc_head() { needs_root_and runc python3; }
runc_body() { lives runc bare; }
runc_cleanup() { no_containers; }

atf_test_case crun cleanup
crun_head() { needs_root_and runc crun python3; }
crun_body() { lives crun noproc; }
crun_cleanup() { no_containers; }

atf_test_case exit_status cleanup
exit_status_head() { needs_root_and runc python3; }
exit_status_body()
{
	apart
	can runc
	container runc -- /se-supervise --restart-limit=2/60s --restart-backoff=100ms --on-give-up=exit -- /worker sleep=500 kill=9
	ends "$PID" 137
	has err 'Worker 0 exited unexpectedly with signal SIGKILL$' || fail "$(cat err)"
	container runc -- /se-supervise --unrecoverable-exit-codes=3 -- /worker sleep=100 exit=3
	ends "$PID" 3
	container runc -- /se-supervise -- /missing
	ends "$PID" 127
}
exit_status_cleanup() { no_containers; }

atf_test_case memory_limit cleanup
memory_limit_head() { needs_root_and runc python3; }
memory_limit_body()
{
	apart
	can runc
	container runc memory=$((48 << 20)) -- /se-supervise --restart-backoff=300ms --oom-score-adj=500 -- \
		/worker say=up sleep=100 eat=200 hang
	eventually has err 'ERROR -- : Worker 0 exited unexpectedly with signal SIGKILL \(by the OOM killer\)$'
	eventually at_least out '^up ' 2
	inside runc --root "$PWD/runc" kill "$ID" TERM
	ends "$PID" 0
}
memory_limit_cleanup() { no_containers; }

# With a limit of processes what can be forked runs, the rest is tried again; when there is room, it comes.
atf_test_case pids_limit cleanup
pids_limit_head() { needs_root_and runc python3; }
pids_limit_body()
{
	apart
	can runc
	container runc uid=65534 pids=9 -- /se-supervise --workers=16 --log-level=trace --restart-backoff=100ms --restart-backoff-max=100ms -- \
		/worker say=up hang
	eventually has err 'could not be started: fork: Resource temporarily unavailable'
	at_least out '^up ' 4 || fail "$(cat out err)"
	inside runc --root "$PWD/runc" update --pids-limit 64 "$ID" || fail 'pids cannot be limited'
	eventually lines out '^up ' 16
	inside runc --root "$PWD/runc" kill "$ID" TERM
	ends "$PID" 0
	! has err 'FATAL' || fail "$(cat err)"
}
pids_limit_cleanup() { no_containers; }

# ---- podman ----

# Any user, no capability, a read-only root, no /dev/shm, no /dev/log, and no init but ours.
anybody()
{
	OPTIONS='--user 1234:99 --cap-drop=all --security-opt=no-new-privileges --ipc=none --env=SIGDUMP_PATH=+'
	launch any --workers=2 --stray-timeout=60s -- /worker orphans=20 escape=0 say=up hang
	eventually says any '^up '
	init=$(inspected any Pid)
	[ "$(field "$init" Uid)$(field "$init" CapEff)" = 12340000000000000000 ] || fail "$(cat "/proc/$init/status")"
	eventually only_workers "$init" 4 # and what the two have left behind, but no zombie
	pod exec any /se-supervise --control-path=@ctl --status >status || fail "$(cat status)"
	has status '^pid 1 +running .* 2 up ' || fail "$(cat status)"
	pid=$(awk '$1 == 1 { print $2 }' status)
	pod exec any /se-sigdump --output=- "$pid" >report || fail "$(cat report)"
	has report ' main\+' || fail "$(cat report)"
	has report "^End of sigdump process $pid .* complete 1 " || fail "$(cat report)"
	pod exec any /se-supervise --control-path=@ctl --dump || fail 'no dump'
	eventually says any "^End of sigdump process $pid .* complete 1 "
	stopped any 0
	lines said 'INFO -- : Worker [01] finished with signal SIGTERM$' 2 || fail "$(cat said)"
	! has said 'SIGKILL|ERROR' || fail "$(cat said)"
	[ -z "$(pod ps -aq)" ] || fail "$(pod ps -a)"
}

atf_test_case podman cleanup
podman_head() { needs_root_and podman runc; }
podman_body()
{
	podman_here runc
	anybody
}
podman_cleanup() { no_containers; }

atf_test_case podman_crun cleanup
podman_crun_head() { needs_root_and podman crun; }
podman_crun_body()
{
	podman_here crun
	anybody
}
podman_crun_cleanup() { no_containers; }

# Workers that drain are waited for, but no longer; those that do not end are ended by the ladder, not by podman.
atf_test_case podman_stop cleanup
podman_stop_head() { needs_root_and podman runc; }
podman_stop_body()
{
	podman_here runc
	OPTIONS=
	launch drain -- /worker drain=TERM:500 say=up hang
	eventually says drain '^up '
	stopped drain 0
	has said 'INFO -- : Worker 0 finished with status 0$' || fail "$(cat said)"
	launch deaf --worker-graceful-kill-timeout=500ms --worker-immediate-kill-timeout=500ms -- /worker ignore=TERM ignore=QUIT say=up hang
	eventually says deaf '^up '
	stopped deaf 0
	has said 'INFO -- : Worker 0 finished with signal SIGKILL$' || fail "$(cat said)"
	launch lost --restart-limit=1/60s --restart-backoff=100ms --on-give-up=exit -- /worker sleep=200 exit=5
	[ "$(pod wait lost)" = 5 ] || fail "exit status $(inspected lost ExitCode)"
}
podman_stop_cleanup() { no_containers; }

atf_test_case podman_memory cleanup
podman_memory_head() { needs_root_and podman runc; }
podman_memory_body()
{
	podman_here runc
	OPTIONS='--memory=48m --memory-swap=48m --user=1234'
	launch small --restart-backoff=300ms --oom-score-adj=500 -- /worker say=up sleep=100 eat=200 hang
	eventually says small 'ERROR -- : Worker 0 exited unexpectedly with signal SIGKILL \(by the OOM killer\)$'
	eventually at_least_said small '^up ' 2
	[ "$(inspected small Running)" = true ] || fail "$(cat said)"
	stopped small 0
}
at_least_said() { said "$1"; at_least said "$2" "$3"; }
podman_memory_cleanup() { no_containers; }

atf_test_case podman_log cleanup
podman_log_head() { needs_root_and podman runc; }
podman_log_body()
{
	podman_here runc
	mkdir log.d
	chown 1234 log.d
	OPTIONS="--user=1234 --volume=$PWD/log.d:/log"
	# shellcheck disable=SC2046 # words
	launch logs --log=/log/app.log --log-rotate-size=1000 --log-rotate-age=100 -- /worker $(seq -f 'say=line-%g' 300) say=last hang
	eventually grep -q '^last ' log.d/app.log
	stopped logs 0
	at_least_files 3
	cat log.d/* >all
	lines all '^line-[0-9]+ [0-9]+$' 300 || fail "$(ls -l log.d) $(cat all)"
	[ "$(find log.d -type f -user 1234 | wc -l)" = "$(ls log.d | wc -l)" ] || fail "$(ls -l log.d)"
	! has said 'line-' || fail "$(cat said)"
}
at_least_files() { [ "$(ls log.d | wc -l)" -ge "$1" ] || fail "$(ls -l log.d)"; }
podman_log_cleanup() { no_containers; }

# ---- what the README says ----

# told FIRST-LINE: the example of the README that begins so, up to the next empty line
told() { awk -v first="    $1" '$0 == first { on = 1 } on && !NF { exit } on { print substr($0, 5) }' "$SRC/README"; }

# pod_says EXPRESSION: of its only container, c, and its spec, s
pod_says() { ruby -ryaml -e 's = YAML.safe_load(File.read("pod.yaml"))["spec"]; c, = s["containers"]; puts '"$1"; }

atf_test_case readme cleanup
readme_head() { needs_root_and podman runc catatonit ruby; }
readme_body()
{
	podman_here runc
	told 'FROM scratch' >Containerfile
	told 'apiVersion: v1' >pod.yaml
	mkdir context
	cp "$BUILD/sebox" context/sebox
	cp "$W" context/app
	pod build -q --network=none -t localhost/app -f Containerfile context >/dev/null 2>err || fail "$(cat err)"

	pod run -d --name app --cgroup-parent="/$ID" --read-only app say=up hang >/dev/null 2>err || fail "$(cat err)"
	eventually says app '^up '
	pod exec app /sebox se-supervise --control-path=@app --status >status || fail "$(cat status)"
	has status '^pid 1 +running .* 4 up ' || fail "$(cat status)"
	pod exec app /sebox se-supervise --control-path=@app --dump || fail 'no dump'
	eventually says app '^End of sigdump process .* complete 1 '
	stopped app 0

	# the ladder, as the image has it, and preStop fit into the grace period
	ladder=$(pod inspect -t image -f '{{join .Config.Entrypoint " "}}' app | tr ' ' '\n' | sed -n 's/^--worker-.*-kill-timeout=\([0-9]*\)s$/\1/p' |
		awk '{ s += $1 } END { print s, NR }')
	[ "${ladder#* }" = 2 ] || fail "ladder: $ladder"
	[ $((${ladder% *} + $(pod_says 'c["lifecycle"]["preStop"]["sleep"]["seconds"]'))) -lt "$(pod_says 's["terminationGracePeriodSeconds"]')" ] ||
		fail "too short: $(cat pod.yaml)"

	# podman 4 runs the commands of probes by a shell, which is not there: they are run here
	ruby -ryaml -e 'y = YAML.safe_load(File.read("pod.yaml")); c, = y["spec"]["containers"]
		c.delete("livenessProbe"); c.delete("readinessProbe"); c["args"] = ["say=up", "hang"]; puts YAML.dump(y)' >played.yaml
	pod play kube --network=none played.yaml >played 2>&1 || fail "$(cat played)"
	eventually says app-app '^up '
	for probe in livenessProbe readinessProbe; do
		pod exec app-app $(pod_says "c['$probe']['exec']['command']") >status || fail "$probe: $(cat status)"
		has status '^pid 1 +running .* 4 up ' || fail "$(cat status)"
	done
	[ "$(field "$(inspected app-app Pid)" Uid)" = 1000 ] || fail "$(pod inspect app-app)"
	stopped app-app 0
	pod pod rm -fa >/dev/null
	[ -z "$(pod ps -aq)" ] || fail "$(pod ps -a)"
}
readme_cleanup()
{
	no_containers
	# that pod's, where podman puts those of all pods
	find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} \; 2>/dev/null || :
}

atf_init_test_cases()
{
	atf_add_test_case runc
	atf_add_test_case crun
	atf_add_test_case exit_status
	atf_add_test_case memory_limit
	atf_add_test_case pids_limit
	atf_add_test_case podman
	atf_add_test_case podman_crun
	atf_add_test_case podman_stop
	atf_add_test_case podman_memory
	atf_add_test_case podman_log
	atf_add_test_case readme
}
