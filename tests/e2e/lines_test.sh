# The helper that counts lines finds what is wrong with them: the tests of se-logrotate rest on it.

L=$BUILD/helpers/lines

# refuses TEXT OPTION...: of 1000 lines in a and b, it says that
refuses()
{
	text=$1
	shift
	rc=0
	$L check 1000 "$@" in a b >verdict || rc=$?
	[ $rc = 1 ] || atf_fail "exit status $rc: $(cat verdict)"
	grep -q -- "$text" verdict || atf_fail "$text: $(cat verdict)"
}
accepts() { $L check 1000 "$@" in a b >verdict || atf_fail "$(cat verdict)"; }
# two files again
again()
{
	$L make 1000 "$@" >all
	head -n 600 all >a
	tail -n +601 all >b
}

atf_test_case all_there
all_there_body()
{
	again
	accepts
	again len=20-5000 nul id=3
	accepts len=20-5000 nul id=3
	refuses 'not one of these' len=20-5001 nul id=3
	refuses 'damaged' len=20-5000 id=3 pieces=1000
	refuses '0 whole' len=20-5000 nul id=2
	again open
	accepts open
	refuses 'no newline at the end'
	again
	rc=0
	$L check 1000 in a no-such >verdict 2>&1 || rc=$?
	[ $rc = 2 ] || atf_fail "exit status $rc"
}

atf_test_case lost
lost_body()
{
	again
	sed -i 300d a
	refuses 'lost: 1 lines, 0:299 to 0:299'
	refuses '1 lost (100 bytes)' tail
	refuses '1 lost (100 bytes)' lost=99
	accepts lost=100
	sed -i 100,101d b
	refuses 'lost: 2 lines, 0:699 to 0:700' lost=100
	again
	sed -i '$d' b
	refuses '1 lost (100 bytes)' tail
	again
	sed -i 1,10d a
	refuses '10 lost (1000 bytes)'
	accepts tail
	: >a
	accepts tail
	: >b
	refuses '1000 lost'
}

atf_test_case twice_and_out_of_order
twice_and_out_of_order_body()
{
	again
	sed -n 3p b >>b
	refuses ' 1 twice'
	again
	sed -n 600p a >>b
	refuses ' 1 twice'
	again
	mv a c && mv b a && mv c b
	refuses ' 600 out of order'
	again
	sed -i '5{h;d};6G' a
	refuses ' 1 out of order'
}

atf_test_case damaged
damaged_body()
{
	again
	sed -i '10s/.$//' a
	refuses ' 1 pieces'
	refuses '1 lost (100 bytes)' pieces=1
	accepts pieces=1 lost=100
	again
	sed -i '10s/^..//' a
	accepts pieces=1 lost=100
	again
	sed -i '10{N;s/\n//}' a
	refuses 'damaged: <0:9:100>' pieces=10 lost=1000
	again
	sed -i '10s/[^<]\{20\}\(.*\)/&\1/' a
	refuses ' 1 pieces'
	again
	sed -i '10s/$/\n/' a
	refuses ' 1 pieces'
	accepts pieces=1
	again nul len=400
	tr '\0' ' ' <a >c && mv c a
	refuses ' 600 lost' nul len=400
}

atf_test_case several
several_body()
{
	for i in 0 1 2; do $L make 1000 id=$i len=30-200 >w$i; done
	: >b
	paste -d '\n' w0 w1 w2 >a
	accepts ids=3 len=30-200
	refuses '1000 lost' ids=4 len=30-200
	refuses '1000 others' ids=2 len=30-200
	sed -i '/^<1:700:/d' a
	refuses 'lost: 1 lines, 1:700 to 1:700' ids=3 len=30-200
	cat w0 w2 w1 >a
	accepts ids=3 len=30-200
}

atf_test_case stamped_and_dropped
stamped_and_dropped_body()
{
	again
	sed -i 's/^/2026-11-21 /' a b
	refuses '1000 lost'
	accepts after
	again
	sed -i 's/^/# /;1s/^/# Logfile\n/' a
	refuses ' 1 pieces' after
	accepts after other='# Logfile'
	again
	sed -i 20,29d b
	echo '10 lines (1000 bytes) dropped' >>b
	refuses ' 1 pieces'
	accepts dropped
	sed -i '$s/10 /11 /' b
	refuses '11 (1000 bytes) dropped' dropped
	sed -i '$s/11 /10 /;$s/1000/1001/' b
	refuses '10 (1001 bytes) dropped' dropped
	sed -i '$d' b
	refuses '0 (0 bytes) dropped' dropped
}

atf_init_test_cases()
{
	atf_add_test_case all_there
	atf_add_test_case lost
	atf_add_test_case twice_and_out_of_order
	atf_add_test_case damaged
	atf_add_test_case several
	atf_add_test_case stamped_and_dropped
}
