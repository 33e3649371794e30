#!/bin/sh
# layers.sh OBJDIR: who may include whom, and that the pure floors ask the kernel for nothing.
set -eu
bad=0
forbid() { # directory, what its files may not include
	if grep -nE "#include \"[^\"]*$2" "$1"/*.[ch]; then
		echo "layers: $1 must not include these" >&2
		bad=1
	fi
}
forbid lib/base '(wire|fsm|sys|unwind|applets)/'
forbid lib/wire '(fsm|sys|unwind|applets)/'
forbid lib/fsm '(wire|sys|unwind|applets)/'
forbid lib/unwind '(wire|fsm|sys|applets)/'
forbid lib/sys '(wire|fsm|unwind|applets)/'
for a in applets/*/; do
	for b in applets/*/; do
		[ "$a" = "$b" ] || forbid "${a%/}" "/$(basename "$b")/"
	done
done

# what a pure module may call of libc: bytes and strings, nothing that asks the kernel or keeps state
pure='mem(cpy|set|move|cmp|chr|rchr)|str(len|cmp|ncmp|chr|rchr|spn|cspn|casecmp|ncasecmp)|__stack_chk_fail'
for floor in base wire fsm unwind; do
	own=$(nm --defined-only "$1/lib/base/"*.o "$1/lib/$floor/"*.o | awk 'NF == 3 { print $3 }' | sort -u)
	impure=$(nm -u "$1/lib/$floor/"*.o | awk '$1 == "U" { print $2 }' | sort -u |
		grep -vxE "$pure" | grep -vxF "$own" || :)
	if [ -n "$impure" ]; then
		echo "layers: lib/$floor calls: $(echo "$impure" | tr '\n' ' ')" >&2
		bad=1
	fi
	globals=$(size -A "$1/lib/$floor/"*.o | awk '/^\.(data|bss)/ && !/^\.data\.rel\.ro/ && $2 > 0 { print $1 }')
	if [ -n "$globals" ]; then
		echo "layers: lib/$floor keeps state in: $(echo "$globals" | tr '\n' ' ')" >&2
		bad=1
	fi
done
exit $bad
