# shellcheck shell=sh disable=SC2154
# peers.sh - how each supervisor of the benchmarks is set up and started; sourced by run.sh.
#
# NAME_here says whether it can run here. NAME_start prepares its directory and calls
#     watch STOPSIGNAL COMMAND [ARG]...
# for $count workers "$worker $fifo $mode" in $tmp, a directory that is new for each;
# run.sh sets these. What needs preparing is prepared before the clock starts. All keep their
# defaults except as said here.

floor_here() { test -x "$bench/floor"; }
floor_start() { watch TERM "$bench/floor" "$count" "$worker" "$fifo" "$mode"; }

sebox_here() { test -x "$build/sebox"; }
sebox_start() {
	watch TERM "$build/sebox" se-supervise --workers="$count" --log="$tmp/log" \
	    -- "$worker" "$fifo" "$mode"
}

# One directory per service, as runit and s6 have it, with the usual two-line run script.
services() {
	id=0
	mkdir "$tmp/service"
	while [ "$id" -lt "$count" ]; do
		mkdir "$tmp/service/$id"
		printf '#!/bin/sh\nexec %s %s %s %s\n' "$worker" "$fifo" "$mode" "$id" \
		    >"$tmp/service/$id/run"
		id=$((id + 1))
	done
	chmod 755 "$tmp"/service/*/run
}

# runsvdir stops its services at HUP; TERM would leave them running.
runit_here() { command -v runsvdir >/dev/null && command -v runsv >/dev/null; }
runit_start() {
	services
	watch HUP runsvdir "$tmp/service"
}

# -c: it takes 500 services unless told otherwise.
s6_here() { command -v s6-svscan >/dev/null && command -v s6-supervise >/dev/null; }
s6_start() {
	services
	watch TERM s6-svscan -c 1000 "$tmp/service"
}

# NONE: no log files of the workers' output. minfds: three pipes a worker.
supervisord_here() { command -v supervisord >/dev/null; }
supervisord_start() {
	cat >"$tmp/supervisord.conf" <<-END
		[supervisord]
		nodaemon=true
		logfile=$tmp/log
		pidfile=$tmp/pid
		minfds=$((count * 3 + 100))
		[program:worker]
		command=$worker $fifo $mode %(process_num)d
		process_name=%(process_num)d
		numprocs=$count
		autorestart=true
		stdout_logfile=NONE
		stderr_logfile=NONE
	END
	watch TERM supervisord -c "$tmp/supervisord.conf"
}

serverengine() {
	watch TERM ruby "$here/serverengine.rb" "$1" "$count" "$fifo" "$mode" "$worker" "$tmp/log"
}

serverengine_here() {
	command -v ruby >/dev/null && ruby -e 'require "serverengine"' 2>/dev/null
}
serverengine_start() { serverengine process; }

serverengine_spawn_here() { serverengine_here; }
serverengine_spawn_start() { serverengine spawn; }
