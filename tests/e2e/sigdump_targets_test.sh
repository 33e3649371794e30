# se-sigdump on programs of every make: the right frames at every instruction, beside eu-stack, of runtimes with
# rules of their own, and where names lead elsewhere.

# shellcheck source=/dev/null
. "$SRC/tests/e2e/sigdump.subr"

# ---- at every instruction ----

# halts PROGRAM: dumps it at each of its halts; what it says its stack is, and the report behind that, in dumps
halts()
{
	rm -f in out
	mkfifo in out
	: >dumps
	"./$1" <in >out &
	UP=$!
	exec 3>in 4<out
	while read -r truth <&4; do
		echo "Truth $truth" >>dumps
		"$D" --output=- "$UP" >>dumps 2>&1
		echo >&3
	done
	exec 3>&- 4<&-
	wait "$UP"
}

# judged: "HALTS RIGHT MARKED WRONG": of how many the frames from the interrupted one on are those that the program
# has told, and of the others, how many have a guess among them; the first wrong ones are in wrong
judged()
{
	awk '
		function judge(i, n, t, marked, text) {
			if (truth == "")
				return
			n = split(truth, t, " ")
			halts++
			for (i = 1; i <= n && pc[i] == t[i]; i++)
				;
			if (i > n && whole) {
				right++
				return
			}
			marked = 0
			for (i = 1; i <= frames; i++) {
				marked += guess[i]
				text = text " " pc[i] "=" name[i]
			}
			marked ? guessed++ : wrong++
			print truth " :" text " " end >"wrong"
		}
		/^Truth / { judge(); truth = substr($0, 7); frames = on = whole = 0; end = ""; split("", pc); next }
		/^  Thread / { mine = $3 == "\"stepper\""; whole = whole || mine }
		mine && /^      #/ {
			if (/\[interrupted\]$/) { on = 1; frames = 0 }
			if (!on) next
			frames++
			pc[frames] = $2
			sub(/^0x0*/, "", pc[frames])
			name[frames] = $3
			guess[frames] = /\[guess\]$/
		}
		mine && /^      \((truncated|no stack)/ { whole = 0; end = $0 }
		END { judge(); print halts + 0, right + 0, guessed + 0, wrong + 0 }' dumps
}

# at_each_halt FLAG...: with the host's compiler, all are right
at_each_halt()
{
	cc -D_GNU_SOURCE "$@" -o steps "$SRC/tests/helpers/steps.c" -lpthread 2>cc.err || fail "cc $*: $(head -n 1 cc.err)"
	halts steps
	judged >verdict
	read -r halts right _ <verdict
	[ "$halts" -ge 300 ] && [ "$right" = "$halts" ] || fail "$*: $(cat verdict): $(head -n 3 wrong)"
}
needs_traps() { [ "$(uname -m)" = x86_64 ] || atf_skip 'the flag that traps each instruction is x86_64'"'"'s'; }

# Procedure linkage tables, the linker's resolver, prologues and epilogues.
atf_test_case each_instruction
each_instruction_body()
{
	needs_traps
	at_each_halt -O2 -Wl,-z,lazy
	at_each_halt -O2 -static
}
atf_test_case each_instruction_without_cfi
each_instruction_without_cfi_body()
{
	needs_traps
	at_each_halt -O2 -Wl,-z,now -fomit-frame-pointer -fno-asynchronous-unwind-tables
	at_each_halt -Os -Wl,-z,now -fno-omit-frame-pointer -fno-asynchronous-unwind-tables
}

# musl's libc has no call frame information; without symbols too, what is not right is marked.
atf_test_case each_instruction_musl
each_instruction_musl_body()
{
	needs_traps
	command -v musl-gcc >/dev/null || atf_skip 'musl-gcc is not installed'
	cp "$BUILD/helpers/steps" .
	halts steps
	judged >verdict
	read -r halts right _ <verdict
	[ "$halts" -ge 300 ] && [ "$right" = "$halts" ] || fail "$(cat verdict): $(head -n 3 wrong)"
	strip -s steps
	halts steps
	judged >verdict
	read -r halts right _ wrong <verdict
	[ "$wrong" = 0 ] && [ $((right * 100)) -ge $((halts * 85)) ] || fail "stripped: $(cat verdict): $(head -n 3 wrong)"
}

# ---- beside eu-stack ----

# pcs: "TID ADDRESS..." for each thread, from a report; busy ones are elsewhere at each moment
pcs()
{
	awk '/^  Thread / { if (line) print line; line = $2 } /^  Threads / { exit }
		/^      #/ { print_to = $2; sub(/^0x0*/, "", print_to); line = line " " (print_to == "" ? "0" : print_to) }
		END { print line }' "$1" | sort
}
eu_pcs()
{
	awk '/^TID / { if (line) print line; line = $2; sub(/:/, "", line) }
		/^#[0-9]/ { at = $2; sub(/^0x0*/, "", at); line = line " " (at == "" ? "0" : at) } END { if (line) print line }' "$1" | sort
}

# compare: the threads of $UP that both follow to their end have the same addresses
compare()
{
	eu-stack -r -n 0 -p "$UP" >eu 2>/dev/null || :
	"$D" --output=- "$UP" >report || fail "$command: no report"
	eu_pcs eu >theirs
	awk '/^  Thread/ { print }' report | grep -q . || fail "$command: $(cat report)"
	"$D" --json --output=- "$UP" >json || fail "$command: no report"
	python3 - json <<-'END' | sort >ours
		import json, sys
		r = json.load(open(sys.argv[1]))
		for t in r["threads"]:
		    if "stack" in t and t["state"] != "R":
		        s = r["stacks"][t["stack"]]
		        if s["not_kept"] == 0 and s["end"] == "whole":
		            print(t["tid"], *[f["pc"][2:].lstrip("0") or "0" for f in s["frames"]])
	END
	while read -r tid theirs; do
		ours=$(sed -n "s/^$tid //p" ours)
		[ -n "$ours" ] || continue
		# a jump to NULL ends theirs
		case $ours in "$theirs" | "$theirs "*) compared=$((compared + 1)) ;; *)
			fail "$command: thread $tid: ours $ours, theirs $theirs" ;;
		esac
	done <theirs
}

# Threads that are said by both have the same addresses.
atf_test_case as_eu_stack
as_eu_stack_body()
{
	needs eu-stack
	needs python3
	compared=0
	made program -O2
	strip -s -o stripped program
	made static -O2 -static
	made frames -O2 -fomit-frame-pointer
	made pointers -O2 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables
	for command in './program' "python3 -c 'import threading, time; [threading.Thread(target=time.sleep, args=(1000,)).start() for _ in range(3)]; print(\"ready\", flush=True); time.sleep(1000)'" \
		"perl -e '\$| = 1; sub f { print \"ready\\n\"; sleep 1000 } f()'" "ruby -e 'puts :ready; \$stdout.flush; Thread.new { sleep }; sleep'" \
		"bash -c 'echo ready; read -r x < <(sleep 1000)'" ./stripped ./static ./frames ./pointers; do
		command -v "$(echo "$command" | cut -d ' ' -f 1)" >/dev/null || continue
		eval "up $command"
		eventually asleep
		compare
		down
	done
	[ $compared -ge 50 ] || fail "only $compared threads"
}
asleep()
{
	case $command in ./*) return 0 ;; esac
	! grep -qs '^State:.*R' /proc/"$UP"/task/*/status
}

# A server with a process of its own for the work.
atf_test_case nginx
nginx_body()
{
	needs nginx
	needs eu-stack
	needs python3
	compared=0
	cat >nginx.conf <<-END
		daemon off; user root; worker_processes 1; pid $PWD/nginx.pid; error_log $PWD/err;
		events { }
		http {
			access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
			server { listen unix:$PWD/socket; }
		}
	END
	command=nginx
	nginx -p "$PWD" -c nginx.conf 2>err &
	MASTER=$!
	eventually only_workers $MASTER 1
	for UP in $MASTER $(children $MASTER); do
		eventually asleep
		compare
	done
	[ $compared = 2 ] || fail "$compared of 2: $(cat ours theirs)"
	"$D" --tree --output=- "$MASTER" >report || fail 'no report'
	has report ' ngx_worker_process_cycle\+| \?\? \(nginx \+ ' || fail "$(cat report)"
	kill -TERM $MASTER
	wait $MASTER || :
}


# ---- Go ----

atf_test_case go
go_body()
{
	needs go
	cat >main.go <<-'END'
		package main

		import ("fmt"; "os"; "time")

		var sink uint64
		//go:noinline
		func innerBusy() { for { sink++ } }
		//go:noinline
		func middleBusy() { innerBusy(); sink++ }
		//go:noinline
		func outerBusy() { middleBusy(); sink++ }
		//go:noinline
		func innerRead(f *os.File) { var b [1]byte; f.Read(b[:]); sink++ }
		//go:noinline
		func outerRead(f *os.File) { innerRead(f); sink++ }
		func main() {
			go outerBusy()
			go func() { for { time.Sleep(time.Millisecond) } }()
			fmt.Println("ready")
			outerRead(os.NewFile(0, "stdin"))
		}
	END
	mkfifo in
	sleep 1000 >in &
	HOLD=$!
	for flags in '' '-ldflags=-s -w' -buildmode=pie; do
		GOCACHE=$PWD/cache GO111MODULE=off HOME=$PWD go build ${flags:+"$flags"} -o program main.go 2>err || fail "$(cat err)"
		up sh -c 'exec ./program <in'
		eventually goes
		# now and then a goroutine is between two of its turns
		n=0 there=0
		while [ $((n += 1)) -le 50 ]; do
			! goes || there=$((there + 1))
			ends_well || fail "$flags: $(cat report)"
			has report ' not-stopped 0 ' || fail "$(tail -n 1 report)"
		done
		[ $there -ge 40 ] || fail "$flags: $there of 50: $(cat report)"
		down
	done
	kill $HOLD
	rm -rf cache
}
# goes: both goroutines are there, and whole
goes()
{
	"$D" --output=- "$UP" >report
	awk '/^  Thread|^  Memory/ { if (text != "") print text; text = "" } /^      #/ { sub(/\+.*/, "", $3); text = text " " $3 }
		/^      \(truncated/ { text = text " (truncated)" }' report >chains
	grep -qE '^( .*runtime\.(asyncPreempt|sigtramp).*)? main.innerBusy main.middleBusy main.outerBusy runtime.goexit$' chains &&
		grep -q ' syscall.read .* os.(\*File).Read main.innerRead main.outerRead main.main runtime.main runtime.goexit$' chains
}
# ends_well: all threads end where Go's do, but those that have left a goroutine's stack, as for the clock
ends_well() { ! grep -vE ' runtime\.(goexit|mstart|mcall)$' chains | grep -vE ' runtime\.(systemstack|nanotime1|walltime) .*\(truncated\)$'; }

# ---- at any moment ----

# A busy thread that goes through the same functions, stopped at random: each caller is one that the source has, down
# to the thread's start. Signals are no part of this.
calls_of='
leaf pushes
leaf by_library
leaf early
leaf work
pushes large
pushes by_library
large moving
moving pointed
tail pointed
moving tail
pointed again
pointed early
again again
again early
sorted early
early work
work run
'
# random FLAG...: 300 dumps; "RIGHT MARKED WRONG" of those that are in the program or below it
random()
{
	up ./steps free
	: >dumps
	n=0
	while [ $((n += 1)) -le 300 ]; do
		"$D" --output=- "$UP" >>dumps || fail 'no report'
	done
	down
	echo "$calls_of" >calls_of
	awk '
		FILENAME == "calls_of" { may[$1 " " $2] = 1; own[$1] = own[$2] = 1; next }
		/^  Thread / { judge(); mine = $3 == "\"stepper\""; begun = mine; n = marked = 0; text = ""; next }
		mine && /^      #/ {
			f = $3
			sub(/\+.*/, "", f)
			text = text " " f
			marked += /\[guess\]$/
			# what libc does on the way is its own: only who of the program has called it counts
			if (f in own && f != "run" || f == "run") {
				if (last != "" && !(last " " f in may) && !between) bad = bad " " last "<" f
				last = f
				between = 0
			} else if (last != "") {
				between = 1
			}
			if (f == "run") done = 1
		}
		mine && /^      \((truncated|no stack)/ { cut = 1; text = text " " $0 }
		function judge() {
			if (begun) {
				if (bad == "" && done && !cut) right++
				else {
					marked ? guessed++ : wrong++
					print bad " :" text >"wrong"
				}
			}
			begun = done = cut = between = 0
			bad = last = ""
		}
		END { judge(); print right + 0, guessed + 0, wrong + 0 }' calls_of dumps
}

atf_test_case any_moment
any_moment_body()
{
	needs_traps
	cc -D_GNU_SOURCE -O2 -Wl,-z,lazy -o steps "$SRC/tests/helpers/steps.c" -lpthread || fail 'cc'
	random >verdict
	[ "$(cat verdict)" = '300 0 0' ] || fail "$(cat verdict): $(head -n 3 wrong)"
	cp "$BUILD/helpers/steps" .
	random >verdict
	read -r right _ wrong <verdict
	# musl: where neither tables nor the code at hand tell, a guess may be wrong, but not unmarked
	[ "$wrong" = 0 ] && [ "$right" -ge 290 ] || fail "musl: $(cat verdict): $(head -n 3 wrong)"
}

# Sixty threads of a static program of musl, asleep in ten ways: all are right, stripped too as far as there is a way.
atf_test_case sixty_of_musl
sixty_of_musl_body()
{
	up "$STACKS" 6
	"$D" --json --output=- "$UP" >json || fail 'no report'
	needs python3
	python3 - <<-'END' || fail "$(tail -n 1 json)"
		import json
		r = json.load(open("json"))
		right = 0
		for t in r["threads"]:
		    if t["name"] == "stacks":
		        continue
		    names = [f.get("function", "?") for f in r["stacks"][t["stack"]]["frames"]]
		    chain = [w + "_" + t["name"] for w in ("middle", "outer", "start")]
		    at = names.index(chain[0]) if chain[0] in names else 0
		    right += names[at:at + 3] == chain and names[at - 1] == "inner_" + t["name"]
		    right -= r["stacks"][t["stack"]]["end"] != "whole"
		assert right == 60, right
	END
	down
}

# ---- names ----

# asked: the report of $UP, from outside
asked() { "$D" --output=- "$UP" >report || fail 'no report'; }

# In another mount and pid namespace, below another root, at a path where another file is outside.
atf_test_case other_root
other_root_body()
{
	[ "$(id -u)" = 0 ] && unshare --mount --pid --fork true 2>/dev/null || atf_skip 'no namespaces can be made'
	made program -O2 -static
	mkdir -p "root$PWD" app
	mv program "root$PWD/program"
	# another program, and as large
	made program -O0 -static -DSTEPS
	: >said
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child sh -c 'mount -t tmpfs none "$1/app" && exec chroot "$1/root" "$1/program"' sh "$PWD" >said 2>err &
	OUTER=$!
	eventually has said ready
	UP=$(children $OUTER)
	UP=${UP% }
	asked
	right 'another root'
	has report "^      0x400000 .*$PWD/program" || fail "$(grep -A9 Modules report)"
	has report 'middle_poll\+0x[0-9a-f]+ \(program' || fail "$(cat report)"
	at=$(sed -n 's/.* inner_read+0x[0-9a-f]* (program + 0x\([0-9a-f]*\)).*/\1/p' report)
	symbol=$(nm "root$PWD/program" | awk '$3 == "inner_read" { print $1 }')
	between 1 200 $((0x$at + 0x400000 - 0x$symbol)) 'bytes behind the function'
	kill -KILL "$UP"
	wait $OUTER 2>/dev/null || :
}

# Program and libc are gone: the names come from what the kernel or the memory still has.
atf_test_case deleted_libc
deleted_libc_body()
{
	made program -O2
	loader=$(ldd program | sed -n 's/^[^/]*\(\/[^ ]*ld-linux[^ ]*\).*/\1/p')
	[ -n "$loader" ] || atf_skip 'not a host with glibc'
	mkdir lib
	cp "$loader" lib/ld.so
	cp "$(ldd program | sed -n 's/.*libc\.so\.6 => \([^ ]*\).*/\1/p')" lib/libc.so.6
	up lib/ld.so --library-path lib ./program
	rm -r lib program
	if [ "$(id -u)" = 0 ]; then
		asked
		right 'deleted libc'
		has report ' \(libc.so.6 \+ 0x' || fail "$(cat report)"
		functions sleep | grep -q ' clock_nanosleep[^ ]* .*inner_sleep ' || fail "$(functions sleep)"
		needs setpriv
		set -- setpriv --bounding-set=-sys_admin,-checkpoint_restore --inh-caps=-sys_admin,-checkpoint_restore
	fi
	# without what only root may open the program's own functions are in no dynamic table
	"$@" "$D" --output=- "$UP" >report || fail 'no report'
	has report ' complete 11 truncated 0 ' || fail "$(tail -n 1 report)"
	functions sleep | grep -q ' clock_nanosleep[^ ]* ' || fail "$(functions sleep)"
	has report 'read from memory: its file is gone' || fail "$(grep -A9 Modules report)"
	down
}

# A container of runc, from outside and from inside.
atf_test_case in_container cleanup
in_container_head() { atf_set require.user root; }
in_container_body()
{
	needs runc
	mkdir -p bundle/rootfs/tmp
	cp "$BUILD/sebox" bundle/rootfs/se-sigdump
	cp "$STACKS" bundle/rootfs/stacks
	echo "se-test-$$" >container
	runc spec -b bundle
	sed -i -e 's/"terminal": true/"terminal": false/' -e 's|^\(\t*\)"sh"$|"/stacks"|' bundle/config.json
	: >said
	runc --root "$PWD/state" run -b bundle "se-test-$$" </dev/null >said 2>err &
	RUNC=$!
	eventually ready_or_gone
	! gone $RUNC || atf_skip "no container here: $(head -n 1 err)"
	UP=$(runc --root "$PWD/state" state "se-test-$$" | sed -n 's/.*"pid": \([0-9]*\).*/\1/p')
	asked
	right 'from outside'
	UP=1
	runc --root "$PWD/state" exec "se-test-$$" /se-sigdump --output=- 1 >report 2>err </dev/null || fail "$(cat err report)"
	right 'from inside'
	runc --root "$PWD/state" kill "se-test-$$" KILL
	eventually gone $RUNC
	wait $RUNC 2>/dev/null || :
}
in_container_cleanup() { [ ! -s container ] || runc --root "$PWD/state" delete -f "$(cat container)" 2>/dev/null || :; }
ready_or_gone() { has said ready || gone $RUNC; }

atf_init_test_cases()
{
	for c in each_instruction each_instruction_without_cfi each_instruction_musl any_moment sixty_of_musl as_eu_stack nginx go other_root deleted_libc in_container; do
		atf_add_test_case $c
	done
}
