# se-supervise's main job: workers live, die, come back and are stopped.

atf_test_case killed_worker_comes_back
killed_worker_comes_back_body()
{
	supervise --workers=2 -- $W log=w say=up hang
	eventually lines w '^up ' 2
	first=$(worker_pid 0)
	kill -9 "$first"
	eventually lines w '^up ' 3
	eventually has log 'ERROR -- : Worker 0 exited unexpectedly with signal SIGKILL$'
	[ "$(worker_pid 0)" != "$first" ] || atf_fail 'the same pid'
	finish
	lines log 'INFO -- : Worker [01] finished with signal SIGTERM$' 2 || atf_fail "$(cat log)"
}

atf_init_test_cases()
{
	atf_add_test_case killed_worker_comes_back
}
