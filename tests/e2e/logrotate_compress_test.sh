# Old files are compressed while se-logrotate goes on: whole or not at all, and never in its way.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/logrotate.subr"

# unpacked: log.1.gz and such become log.1, for counted
unpacked()
{
	for f in log.*.gz; do
		[ ! -e "$f" ] || { [ ! -e "${f%.gz}" ] && gzip -dc "$f" >"${f%.gz}" || fail "$f: $(ls -l)"; }
	done
}
# all_packed: every old file is
all_packed() { [ "$(ls log.*.gz 2>/dev/null | wc -l)" = "$1" ] && [ "$(ls log.* | wc -l)" = "$1" ]; }
# command_is TEXT: a filter of our own, named "filter"
command_is()
{
	printf '#!/bin/sh\n%s\n' "$1" >filter
	chmod +x filter
}

atf_test_case bare
bare_body()
{
	hold
	logger --size=20k --age=99 --compress log
	$L make 3000 len=50-150 >p
	eventually all_packed 14
	small "$PID"
	done_well
	quiet
	gzip -t log.*.gz || fail 'not gzip'
	[ ! -e log.packing ] || fail "$(ls)"
	unpacked
	counted 3000 len=50-150
	at_most 20480
}

# Under load, and pruned: what is there is the end of all, in order.
atf_test_case under_load
under_load_body()
{
	hold
	logger --size=256k --age=20 --compress='gzip -1' log
	$L make 200000 len=20-180 >p
	eventually all_packed 19
	done_well
	quiet
	unpacked
	counted 200000 len=20-180 tail
	[ "$(files log | wc -l)" = 20 ] || fail "$(ls)"
	at_most 262144
}

atf_test_case modes_stay
modes_stay_body()
{
	umask 0
	hold
	logger --size=1000 --age=9 --mode=600 --compress log
	$L make 15 >p
	eventually test -e log.0.gz
	eventually test ! -e log.0
	[ "$(stat -c %a log.0.gz)" = 600 ] || fail "$(ls -l)"
	done_well
}

# Words, quotes, suffixes; no shell.
atf_test_case commands
commands_body()
{
	command_is 'printf "%s|" "$@" >&2; cat'
	hold
	logger --size=1000 --compress="./filter a 'b c' \"d \$e\" *" log
	$L make 15 >p
	eventually test -e log.0.z
	done_well
	has err '^a\|b c\|d \$e\|\*\|$' || fail "$(cat err)"
	while read -r name suffix; do
		rm -f log*
		cp filter "$name"
		hold
		logger --size=1000 --compress="./$name x" log
		$L make 15 >p
		eventually test -e log.0"$suffix"
		eventually test ! -e log.0
		done_well
	done <<-END
		gzip .gz
		bzip2 .bz2
		xz .xz
		zstd .zst
		lz4 .lz4
		other .z
	END
	rm -f log*
	hold
	logger --size=1000 --compress=./filter --compress-suffix=.packed log
	$L make 15 >p
	eventually test -e log.0.packed
	done_well
}

atf_test_case fails
fails_body()
{
	command_is 'head -c 100; [ -e works ]'
	hold
	logger --size=1000 --age=99 --compress=./filter --compress-suffix=.gz log
	$L make 15 >p
	eventually has err '^se-logrotate: compress: log: \./filter: exit status 1: trying again in a minute$'
	[ ! -e log.0.gz ] && [ ! -e log.packing ] || fail "$(ls)"
	command_is 'exec gzip -1'
	$L make 45 from=15 >p # the next rotation tries again
	eventually all_packed 4
	done_well
	[ "$(wc -l <err)" = 1 ] || fail "$(cat err)"
	unpacked
	counted 45
	# one that is not there, is killed, or has no rights
	rm log*
	command_is 'kill -9 $$'
	while read -r command reason; do
		rm -f log*
		hold
		logger --size=1000 --age=99 --compress="$command" log
		$L make 55 >p
		eventually holds log 55
		eventually has err "^se-logrotate: compress: log: $command: $reason: trying again in a minute\$"
		small "$PID"
		done_well
		counted 55
		[ ! -e log.0.z ] && [ ! -e log.packing ] || fail "$(ls)"
	done <<-END
		./filter signal 9
		./no-such-filter No such file or directory
		./err Permission denied
	END
}

# It hangs: rotation goes on, and the end does not wait for it.
atf_test_case hangs
hangs_body()
{
	command_is 'echo half; echo $$ >pid; exec sleep 1000'
	hold
	logger --size=1000 --age=99 --compress=./filter --compress-suffix=.gz log
	$L make 15 >p
	eventually test -s pid
	$L make 200 from=15 >p
	eventually holds log 200
	counted 200
	[ "$(files log | wc -l)" = 20 ] || fail "$(ls)"
	[ -z "$(ls log.*.gz 2>/dev/null)" ] || fail "$(ls)"
	small "$PID"
	done_well
	quiet
	eventually gone "$(cat pid)"
	[ -z "$(ls log.*.gz 2>/dev/null)" ] || fail "$(ls)"
	counted 200
	# what was left half-made does no harm
	$L make 215 from=200 | $LR --size=1000 --age=99 log || fail 'exit status'
	counted 215
	hold
	logger --size=1000 --age=99 --compress log
	eventually all_packed 21
	done_well
	[ ! -e log.packing ] || fail "$(ls)"
	unpacked
	counted 215
}

# The old file that it works on moves on meanwhile, or goes.
atf_test_case overtaken
overtaken_body()
{
	command_is 'echo $$ >pid; until [ -e go ]; do sleep 0.02; done; exec gzip -1'
	hold
	logger --size=1000 --age=99 --compress=./filter --compress-suffix=.gz log
	$L make 15 >p
	eventually test -s pid
	$L make 65 from=15 >p
	eventually holds log 65
	: >go
	eventually all_packed 6
	done_well
	quiet
	unpacked
	counted 65
	rm -f log* go pid
	hold
	logger --size=1000 --age=3 --compress=./filter --compress-suffix=.gz log
	$L make 15 >p
	eventually test -s pid
	$L make 65 from=15 >p
	eventually grown_to 65
	: >go
	eventually all_packed 2
	done_well
	quiet
	unpacked
	counted 65 tail
	[ "$(files log | wc -l)" = 3 ] || fail "$(ls)"
}
grown_to() { [ "$($LR --status "$PWD/log" | sed -n 's/.* lines=\([0-9]*\) .*/\1/p')" = "$1" ]; }

# Killed while it compresses, and at each step of putting the compressed file in its place.
atf_test_case killed_midway
killed_midway_body()
{
	command_is 'echo $$ >pid; head -c 500 | gzip -1; exec sleep 1000'
	hold
	logger --size=1000 --age=99 --compress=./filter --compress-suffix=.gz log
	$L make 15 >p
	eventually test -s pid
	eventually test -s log.packing
	kill -KILL "$PID"
	ends "$PID" 137
	eventually gone "$(cat pid)"
	[ -z "$(ls log.*.gz 2>/dev/null)" ] || fail "$(ls)"
	$L make 45 from=15 >p
	logger --size=1000 --age=99 --compress log
	eventually all_packed 4
	done_well
	quiet
	[ ! -e log.packing ] || fail "$(ls)"
	unpacked
	counted 45
}

atf_test_case crash_when_placing
crash_when_placing_head() { atf_set require.progs strace; }
crash_when_placing_body()
{
	no_strace && atf_skip 'strace cannot trace here'
	# rename: log.new, then log.packing, ...; unlink: log.new, then the old file
	for fault in rename:2 rename:3 rename:4 unlink:2 unlink:3 unlink:4 ftruncate:2 ftruncate:3; do
		rm -f log*
		hold
		faulty "${fault%:*}:signal=KILL:when=${fault#*:}" --size=1000 --age=99 --compress='gzip -1' log
		for i in 15 25 35 45; do
			$L make $i from=$((i == 15 ? 0 : i - 10)) >p
			eventually nothing_unread_or_gone
		done
		eventually gone "$PID"
		ends "$PID" 137
		logger --size=1000 --age=99 --compress log
		eventually nothing_packs
		done_well
		quiet
		[ ! -e log.packing ] || fail "$fault: $(ls)"
		gzip -t log.*.gz || fail "$fault: a half-made file"
		for f in log.*.gz; do [ ! -e "${f%.gz}" ] || fail "$fault: both $f and its origin: $(ls)"; done
		unpacked
		counted 45 lost=3000
	done
}
nothing_unread_or_gone() { gone "$PID" || [ "$($L unread p)" = 0 ]; }
nothing_packs() { [ "$($L unread p)" = 0 ] && ! ls log.* | grep -qv 'gz$'; }

# Two loggers of one file do not compress the same one twice.
atf_test_case two_loggers
two_loggers_body()
{
	for i in 0 1; do
		$L make 10000 id=$i rate=8000 | "$LR" --size=64k --age=99 --compress log 2>err.$i &
		eval "p$i=$!"
	done
	ends "$p0" 0
	ends "$p1" 0
	[ -z "$(cat err.0 err.1)" ] || fail "$(cat err.0 err.1)"
	hold
	logger --size=64k --age=99 --compress log
	eventually nothing_packs
	done_well
	unpacked
	counted 10000 ids=2
}

# keep_bytes counts what there is on the disk.
atf_test_case keep_bytes
keep_bytes_body()
{
	hold
	logger --size=10k --age=200 --keep-bytes=40k --compress log
	for i in $(seq 20); do
		$L make $((i * 200)) from=$((i * 200 - 200)) >p
		eventually has log "^<0:$((i * 200 - 1)):"
		eventually nothing_packs
	done
	done_well
	quiet
	size=$(cat log.*.gz | wc -c)
	between 20000 40960 "$size" 'bytes kept'
	unpacked
	counted 4000 tail
}

atf_init_test_cases()
{
	atf_add_test_case bare
	atf_add_test_case under_load
	atf_add_test_case modes_stay
	atf_add_test_case commands
	atf_add_test_case fails
	atf_add_test_case hangs
	atf_add_test_case overtaken
	atf_add_test_case killed_midway
	atf_add_test_case crash_when_placing
	atf_add_test_case two_loggers
	atf_add_test_case keep_bytes
}
