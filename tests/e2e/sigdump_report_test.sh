# What a report of se-sigdump says of a process besides its stacks, compared with what the process has done and
# with /proc, ss(8) and readelf(1).

# shellcheck source=/dev/null
. "$SRC/tests/e2e/sigdump.subr"

# of SECTION: its lines in file report
of_section() { awk -v s="  $1:" 'index($0, s) == 1 { on = 1; next } /^ ? ? ?[^ ]/ { on = 0 } on' report; }

# ---- descriptors ----

# program: opens one of each kind, and says which descriptor is which
program()
{
	cat >program.py <<-'END'
		import ctypes, os, select, signal, socket, sys, time
		libc, keep = ctypes.CDLL(None), []
		def tell(name, f):
		    keep.append(f)
		    print(name, f if isinstance(f, int) else f.fileno(), file=names)
		names = open("names", "w")
		a, b = socket.socketpair(); tell("one", a); tell("two", b); a.send(b"12345")
		l = socket.socket(socket.AF_UNIX); l.bind("x\t.sock"); l.listen(7); tell("listener", l)
		c = socket.socket(socket.AF_UNIX); c.connect("x\t.sock"); tell("client", c)
		t = socket.socket(); t.bind(("127.0.0.1", 0)); t.listen(9); tell("tcp", t)
		d = socket.socket(); d.connect(t.getsockname()); tell("waits", d)
		n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); n.bind((0, 1)); tell("netlink", n)
		e = select.epoll(); e.register(a, 1); e.register(b, 1); tell("epoll", e)
		tell("eventfd", libc.eventfd(42, 0))
		tell("signalfd", libc.signalfd(-1, (ctypes.c_ulong * 16)(1 << 1 | 1 << 14), 0))
		i = libc.inotify_init1(0); libc.inotify_add_watch(i, b".", 2); tell("inotify", i)
		tell("memfd", libc.memfd_create(b"m\033", 0))
		f = open("gone", "w"); os.unlink("gone"); tell("deleted", f)
		names.close()
		print("ready", flush=True)
		time.sleep(1000)
	END
}
# is NAME PATTERN: so is that descriptor told
is()
{
	_fd=$(awk -v n="$1" '$1 == n { print $2 }' names)
	of_section Fds | grep -qE "^      $_fd $2\$" || fail "$1: $_fd: $(of_section Fds)"
}

atf_test_case descriptors
descriptors_body()
{
	needs python3
	needs ss
	program
	up python3 program.py
	"$D" --output=- "$UP" >report || fail 'no report'
	! has report 'are not known' || atf_skip "$(grep 'are not known' report)"
	me="python3\[$UP\]"
	is one "unix \(unnamed\) \[[0-9]+\]->\[[0-9]+\] $me \(unnamed\) rxq=0 txq=[1-9][0-9]*"
	is two "unix \(unnamed\) \[[0-9]+\]->\[[0-9]+\] $me \(unnamed\) rxq=5 txq=0"
	is listener 'unix x\\t.sock LISTEN rxq=1/7'
	is tcp 'tcp 127.0.0.1:[0-9]+ LISTEN rxq=1/9'
	is waits 'tcp 127.0.0.1:[0-9]+->127.0.0.1:[0-9]+ ESTABLISHED rxq=0 txq=0'
	is netlink 'netlink 0 \(route\) port=[0-9]+ groups=0x1 rxq=0'
	is epoll 'anon_inode:\[eventpoll\] watches=2'
	is eventfd 'anon_inode:\[eventfd\] count=42'
	is signalfd 'anon_inode:\[signalfd\] signals=SIGINT,SIGTERM'
	is inotify 'anon_inode:inotify watches=1'
	is memfd '/memfd:m\\x1b \(deleted\) flags=O_RDWR pos=0'
	is deleted '/.*/gone \(deleted\) flags=O_WRONLY\|O_CLOEXEC pos=0'
	# the two ends, as ss knows them
	two=$(of_section Fds | sed -n "s/^ *$(awk '$1 == "one" { print $2 }' names) unix (unnamed) \[\([0-9]*\)\]->\[\([0-9]*\)\].*/\1 \2/p")
	ss -xH | awk -v two="$two" '$6 " " $8 == two { found = 1 } END { exit !found }' || fail "$two: $(ss -xH)"
	# as JSON the same texts
	"$D" --json --output=- "$UP" >json || fail 'no report'
	python3 -c 'import json; [print("     ", f["fd"], f["is"]) for f in json.load(open("json"))["fds"]]' >ours || fail "$(cat json)"
	of_section Fds | grep -vE '^ +[12] /' >theirs
	grep -vE '^ +[12] /' ours | cmp - theirs || fail "$(diff ours theirs)"
	down
}

# In another network namespace they are asked there, which takes a capability.
atf_test_case other_network
other_network_body()
{
	[ "$(id -u)" = 0 ] || atf_skip 'not root'
	needs python3
	needs setpriv
	unshare -n true 2>/dev/null || atf_skip 'no network namespaces'
	cat >net.py <<-'END'
		import socket, time
		l = socket.socket(socket.AF_UNIX); l.bind("there"); l.listen(3)
		print("ready", flush=True)
		time.sleep(1000)
	END
	up unshare -n python3 net.py
	"$D" --output=- "$UP" >report || fail 'no report'
	of_section Fds | grep -q ' unix there LISTEN rxq=0/3$' || fail "$(of_section Fds)"
	setpriv --bounding-set=-sys_admin "$D" --output=- "$UP" >report || fail 'no report'
	of_section Fds | grep -q ' unix there LISTEN$' || fail "$(of_section Fds)"
	has report '^      \(peers and backlogs are not known: Operation not permitted\)$' || fail "$(of_section Fds)"
	down
}

# Thousands of them: the first ones are told, the others are counted.
atf_test_case many_descriptors
many_descriptors_body()
{
	needs python3
	cat >many.py <<-'END'
		import os, resource, time
		hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
		resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
		f = os.open("/dev/null", os.O_RDONLY)
		for i in range(10200):
		    os.dup(f)
		print(len(os.listdir("/proc/self/fd")) - 1)
		print("ready", flush=True)
		time.sleep(1000)
	END
	[ "$(ulimit -H -n)" = unlimited ] || [ "$(ulimit -H -n)" -gt 10300 ] || atf_skip "only $(ulimit -H -n) descriptors"
	up python3 many.py
	n=$(head -n 1 said)
	"$D" --output=- "$UP" >report || fail 'no report'
	[ "$(of_section Fds | wc -l)" = 10001 ] || fail "$(of_section Fds | wc -l) lines"
	of_section Fds | tail -n 1 | grep -q "^      ($((n - 10000)) more)$" || fail "$n: $(of_section Fds | tail -n 1)"
	has report '^End of ' || fail 'it is cut'
	"$D" --json --output=- "$UP" >json || fail 'no report'
	python3 -c "import json; r = json.load(open('json')); assert len(r['fds']) == 10000 and r['fds_left_out'] == $n - 10000" || fail 'json'
	down
}

# ---- memory ----

# By how much it has grown since the last report of the same process in the same file.
atf_test_case growth
growth_body()
{
	needs python3
	cat >grow.py <<-'END'
		import signal, time
		held = []
		signal.signal(signal.SIGUSR1, lambda s, f: (held.append(b"x" * 40000000), print("grown", flush=True)))
		print("ready", flush=True)
		while True: time.sleep(1000)
	END
	up python3 grow.py
	"$D" --output=file "$UP" >/dev/null || fail 'no report'
	has file '^      grown in ' && fail 'since what?'
	kill -USR1 "$UP"
	eventually has said '^grown'
	"$D" --output=file $$ >/dev/null || fail 'no report'
	has file '^      grown in ' && fail "another's"
	"$D" --output=file "$UP" >/dev/null || fail 'no report'
	lines file '^      grown in [0-9]+ s: rss=\+[34][0-9]{4}K ' 1 || fail "$(grep -A1 Memory: file)"
	has file '^      grown in .* anon=\+[34][0-9]{4}K ' || fail "$(grep -A1 Memory: file)"
	# through a redirection too, and since the last one, not the first
	"$D" --output=- "$UP" >>file || fail 'no report'
	lines file '^      grown in [0-9]+ s: rss=[-+][0-9]{1,3}K' 1 || fail "$(grep -A1 Memory: file)"
	# started at another time it was another process
	sed "s/^  Process: $UP start=/&1/" file >file2
	"$D" --output=file2 "$UP" >/dev/null || fail 'no report'
	lines file2 '^      grown in ' 2 || fail "$(grep -A1 Memory: file2)"
	# only the end of the file is searched: 1 MiB
	head -c 1100000 /dev/zero | tr '\0' '\n' >>file
	"$D" --output=file "$UP" >/dev/null || fail 'no report'
	lines file '^      grown in ' 2 || fail "$(grep -A1 Memory: file)"
	down
}

# As /proc has it: of a process that stands still nothing changes meanwhile.
atf_test_case memory
memory_body()
{
	up sh -c 'echo ready; kill -STOP $$'
	eventually grep -q '^State:.*T' "/proc/$UP/status"
	"$D" --output=- "$UP" >report || fail 'no report'
	has report '^  Memory:.* pss=[0-9]+K uss=[0-9]+K ' || fail "$(grep Memory: report)" # others come and go that share
	for pair in rss:Rss swap:Swap; do
		kb=$(awk -v k="${pair#*:}:" '$1 == k { print $2 }' "/proc/$UP/smaps_rollup")
		has report "^  Memory:.* ${pair%:*}=${kb}K" || fail "$pair $kb: $(grep Memory: report)"
	done
	for pair in anon:RssAnon file:RssFile shmem:RssShmem stack:VmStk size:VmSize peak:VmHWM; do
		kb=$(awk -v k="${pair#*:}:" '$1 == k { print $2 }' "/proc/$UP/status")
		has report "^  Memory:.* ${pair%:*}=${kb}K" || fail "$pair $kb: $(grep Memory: report)"
	done
	# the biggest mappings, the very biggest first
	awk '/^  Memory:/ { on = 1; next } /^  [^ ]/ { on = 0 } on { print $1 + 0 }' report >sizes
	awk '/^Rss:/ && $2 > 0 { print $2 }' "/proc/$UP/smaps" | sort -rn | head -n 8 | cmp - sizes || fail "$(cat sizes)"
	start=$(sed 's/.*) //' "/proc/$UP/stat" | awk '{ print $20 }')
	has report "^  Process: $UP start=$start time=[0-9]+ age=[0-9]+s parent=$$ uid=$(id -u)$" || fail "$(grep Process: report)"
	down
}

# ---- environment, limits, cgroup, modules ----

atf_test_case environment
environment_body()
{
	needs python3
	long=$(head -c 3000 /dev/zero | tr '\0' z)
	up env -i SECRET="a$(printf '\n  Thread 1 \033[2J')" LONG="$long" PATH="$PATH" sh -c 'echo ready; while :; do sleep 1000; done'
	"$D" --output=- "$UP" >report || fail 'no report'
	"$D" --json --output=- "$UP" >json || fail 'no report'
	grep -e SECRET -e Environment report && fail 'without being asked'
	grep SECRET json && fail 'without being asked'
	"$D" --env --output=- "$UP" >report || fail 'no report'
	of_section Environment >shown
	lines shown '^      SECRET=a\\n  Thread 1 \\x1b\[2J$' 1 || fail "$(cat shown)"
	lines shown '^      LONG=z{507}\.\.\.$' 1 || fail "$(cat shown)"
	"$D" --env --json --output=- "$UP" >json || fail 'no report'
	python3 - <<-'END' || fail "$(cat json)"
		import json
		e = json.load(open("json"))["environment"]
		assert "SECRET=a\n  Thread 1 \x1b[2J" in e, e
		assert "LONG=" + 507 * "z" in e
	END
	kill -KILL $(children "$UP")
	down
	# no more than a thousand
	env -i $(awk 'BEGIN { for (i = 0; i < 1500; i++) print "V" i "=" i }') PATH="$PATH" sh -c 'echo ready; kill -STOP $$' >said &
	UP=$!
	eventually grep -q '^State:.*T' "/proc/$UP/status"
	"$D" --env --output=- "$UP" >report || fail 'no report'
	[ "$(of_section Environment | wc -l)" = 1000 ] || fail "$(of_section Environment | wc -l)"
	down
}

atf_test_case limits_and_modules
limits_and_modules_body()
{
	needs readelf
	echo 'int main(void) { puts("ready"); fflush(stdout); for (;;) pause(); }' >program.c
	cc -O1 -include stdio.h -include unistd.h -Wl,--build-id=sha1 -o program program.c || atf_skip 'no cc'
	ulimit -S -n 123
	up ./program
	"$D" --output=- "$UP" >report || fail 'no report'
	of_section Limits | sed 's/^ *//; s/: / /' >ours
	sed '1d; s/  */ /g; s/ $//' "/proc/$UP/limits" | cmp - ours || fail "$(cat ours)"
	grep -q '^Max open files 123 ' ours || fail "$(cat ours)"
	cgroup=$(sed -n 's/^  Cgroup: //p' report)
	grep -qF ":$cgroup" "/proc/$UP/cgroup" || [ -z "$cgroup" ] || fail "$cgroup: $(cat "/proc/$UP/cgroup")"
	# the program, and libc through which the stack leads
	of_section Modules >modules
	at_least modules . 2 || fail "$(cat modules)"
	while read -r base path id; do
		first=$(awk -v path="$path" '$6 == path { sub(/-.*/, "", $1); print $1; exit }' "/proc/$UP/maps")
		[ "$base" = "0x$first" ] || fail "$path: $base, not $first"
		want=$(readelf -n "$path" 2>/dev/null | sed -n 's/.*Build ID: //p')
		[ "$id" = "${want:+build-id=$want}" ] || fail "$path: $id, not $want"
	done <modules
	has modules " $PWD/program build-id=" || fail "$(cat modules)"
	down
}

# ---- threads that are alike ----

# Stacks of one size that differ in who called, or whom: what is known of one is not told of another.
atf_test_case alike
alike_body()
{
	cat >alike.c <<-'END'
		#include <poll.h>
		#include <pthread.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <sys/prctl.h>
		#include <unistd.h>
		#define KEEP static __attribute__((noinline, used))
		#define WAY(c) \
		    KEEP int low_##c(void) { int n = poll(NULL, 0, -1); __asm__ volatile("" ::: "memory"); return n + 1; } \
		    KEEP int mid_##c(int (*f)(void)) { int n = f(); __asm__ volatile("" ::: "memory"); return n + 1; }
		WAY(a) WAY(b) WAY(c)
		static int (*const low[])(void) = { low_a, low_b, low_c };
		static int (*const mid[])(int (*)(void)) = { mid_a, mid_b, mid_c };
		static int done[2];
		static void *start(void *arg) {
		    long n = (long)arg; char name[16];
		    snprintf(name, sizeof name, "%c%c", (int)('a' + n % 3), (int)('a' + n / 3 % 3));
		    prctl(PR_SET_NAME, name);
		    if (write(done[1], "", 1) != 1) abort();
		    mid[n / 3 % 3](low[n % 3]);
		    return arg;
		}
		int main(void) {
		    pthread_t t; char c;
		    if (pipe(done)) return 1;
		    for (long n = 0; n < 90; n++) if (pthread_create(&t, NULL, start, (void *)n) || read(done[0], &c, 1) != 1) return 1;
		    puts("ready"); fflush(stdout);
		    for (;;) pause();
		}
	END
	needs python3
	cc -O1 -o alike alike.c -lpthread || atf_skip 'no cc'
	up ./alike
	eventually all_poll
	"$D" --output=- "$UP" >report || fail 'no report'
	has report "^End of sigdump process $UP threads 91 complete 91 truncated 0 without 0 " || fail "$(tail -n 1 report)"
	"$D" --json --output=- "$UP" >json || fail 'no report'
	python3 - <<-'END' || fail "$(cut -c 1-2000 json)"
		import json
		r = json.load(open("json"))
		assert len(r["stacks"]) == 10, len(r["stacks"])
		for t in r["threads"][1:]:
		    names = [f.get("function") for f in r["stacks"][t["stack"]]["frames"]]
		    assert "low_" + t["name"][0] in names and "mid_" + t["name"][1] in names, (t, names)
	END
	# nine kinds of ten threads each
	lines report '^  Threads .* \(9\): same stack as ' 9 || fail "$(grep Threads report)"
	down
}
all_poll() { ! grep -qs '^State:.*R' /proc/"$UP"/task/*/status; }

atf_init_test_cases()
{
	for c in descriptors other_network many_descriptors growth memory environment limits_and_modules alike; do
		atf_add_test_case $c
	done
}
