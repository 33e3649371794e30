# shellcheck shell=sh disable=SC2154,SC2034
# loggers.sh - how each logger of the benchmarks is set up and started; sourced by logger.sh.
#
# describe PEER sets $label, $program (without it the peer cannot run), $mib (what it is fed in one
# run: enough for some tenths of a second) and $quick (set: it is measured before each of the
# others). start PEER prepares $tmp, a directory that is new for each run, and calls
#     feed COMMAND [ARG]...
# All rotate 1 MiB x 5 files, except cat, which writes one file; other defaults are kept.

describe() {
	label=$1 program=$1 mib=$fast quick=
	case $1 in
	cat) label='cat > file' quick=1 ;;
	single) label='se-logrotate --single-writer' program=$build/se-logrotate quick=1 ;;
	default) label=se-logrotate program=$build/se-logrotate quick=1 ;;
	iso) label='se-logrotate --stamp=iso' program=$build/se-logrotate quick=1 ;;
	iso_each) label='  and --stamp-each' program=$build/se-logrotate mib=128 ;;
	s6) label=s6-log program=s6-log mib=128 ;;
	s6_t) label='s6-log T' program=s6-log mib=64 ;;
	multilog) mib=64 ;;
	multilog_t) label='multilog t' program=multilog mib=64 ;;
	svlogd) mib=64 ;;
	svlogd_tt) label='svlogd -tt' program=svlogd mib=32 ;;
	rotatelogs) ;;
	ruby) label='Ruby DaemonLogger <<' mib=32 ;;
	ruby_info) label='Ruby DaemonLogger info' program=ruby mib=16 ;;
	*) return 1 ;;
	esac
}

se_logrotate() { feed "$build/se-logrotate" --size=1M --age=5 "$@" "$tmp/log"; }

svlogd_start() {
	mkdir "$tmp/log"
	printf 's1048576\nn5\n' >"$tmp/log/config"
	feed svlogd "$@" "$tmp/log"
}

# s6-log keeps so many besides the current file, and is told of them before its actions.
# shellcheck disable=SC2016 # the inner shell's own
start() {
	case $1 in
	cat) feed sh -c 'exec cat >"$1"' sh "$tmp/log" ;;
	single) se_logrotate --single-writer ;;
	default) se_logrotate ;;
	iso) se_logrotate --stamp=iso ;;
	iso_each) se_logrotate --stamp=iso --stamp-each ;;
	s6) feed s6-log n5 s1048576 "$tmp/log" ;;
	s6_t) feed s6-log n5 s1048576 T "$tmp/log" ;;
	multilog) feed multilog s1048576 n5 "$tmp/log" ;;
	multilog_t) feed multilog t s1048576 n5 "$tmp/log" ;;
	svlogd) svlogd_start ;;
	svlogd_tt) svlogd_start -tt ;;
	rotatelogs) feed rotatelogs -n 5 "$tmp/log" 1M ;;
	ruby) feed ruby "$here/daemon_logger.rb" "$tmp/log" raw ;;
	ruby_info) feed ruby "$here/daemon_logger.rb" "$tmp/log" info ;;
	esac
}

here() {
	case $1 in
	ruby*) ruby -e 'require "serverengine"' 2>/dev/null ;;
	*) command -v "$program" >/dev/null ;;
	esac
}
