#!/bin/sh
# workers.sh: each worker of a guest that se-supervise is the init of; supervise.sh tells them what to do.
export PATH=/bin
wait_for() { until [ -e "$1" ]; do sleep 0.05; done; }
case $SERVERENGINE_WORKER_ID in
0) exec sh /check.sh ;;
1) exec worker log=/up.1 orphans=20 say=up beat=0:100 ;;
2)
	wait_for /feed
	[ -e /fed ] || { : >/fed && exec worker eat=100 hang; }
	exec worker log=/up.2 say=up hang
	;;
3) exec worker log=/up.3 escape=TERM say=up hang ;;
4)
	for part in 1 2 3; do
		seq $((part * 1000 - 999)) $((part * 1000)) | sed 's,^,line ,'
		: >/written.$part
		[ $part = 3 ] || wait_for /go.$part
	done
	exec sleep 1000
	;;
esac
