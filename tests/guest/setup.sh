#!/bin/sh
# setup.sh: what the workers of workers.sh need besides /proc and /dev. The hook before_run.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /tmp /sys
mount -t sysfs none /sys
mount -t cgroup2 none /sys/fs/cgroup
cd /sys/fs/cgroup
echo +memory >cgroup.subtree_control
mkdir se
echo +memory >se/cgroup.subtree_control
mkdir se/worker-2
echo 16M >se/worker-2/memory.max
