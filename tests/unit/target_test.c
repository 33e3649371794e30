#include "lib/sys/target.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include "tests/unit/sys_case.h"

#define MB ((size_t)1 << 20)

static struct target_maps maps;
static struct target_sockets sockets;
static char room[8192];
static struct buf out;

static const char *
fd_text(int fd)
{
	out = buf_over(room, sizeof room);
	target_sockets_free(&sockets);
	ATF_CHECK_EQ(target_fd(getpid(), fd, &sockets, &out), 0);
	ATF_CHECK_EQ(sockets.error, 0);
	return room;
}

/* ---- maps ---- */

ATF_TC_WITHOUT_HEAD(our_own_maps);
ATF_TC_BODY(our_own_maps, tc)
{
	const struct target_map *m;
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	int local;

	ATF_REQUIRE(n > 0);
	exe[n] = '\0';
	ATF_REQUIRE_EQ(target_maps_read(&maps, getpid(), getpid()), 0);
	ATF_CHECK(!maps.cut);
	ATF_CHECK(maps.count > 10);
	for (size_t i = 1; i < maps.count; i++)
		ATF_REQUIRE(maps.map[i].start >= maps.map[i - 1].end);
	m = target_maps_find(&maps, (uintptr_t)fd_text);
	ATF_REQUIRE(m != NULL);
	ATF_CHECK_STREQ(m->path, exe);
	ATF_CHECK(m->readable && m->executable && !m->writable && !m->shared);
	ATF_CHECK(m->inode > 0);
	m = target_maps_find(&maps, (uintptr_t)&local);
	ATF_REQUIRE(m != NULL);
	ATF_CHECK_STREQ(m->path, "[stack]");
	ATF_CHECK(m->readable && m->writable && !m->executable);
	ATF_CHECK(target_maps_find(&maps, 0) == NULL);
	ATF_CHECK(target_maps_find(&maps, UINT64_MAX) == NULL);
	for (size_t i = 0; i < maps.count; i++) {
		ATF_CHECK(target_maps_find(&maps, maps.map[i].start) == &maps.map[i]);
		ATF_CHECK(target_maps_find(&maps, maps.map[i].end - 1) == &maps.map[i]);
		ATF_CHECK(target_maps_find(&maps, maps.map[i].end) != &maps.map[i]);
	}
	target_maps_free(&maps);
	target_maps_free(&maps);
	ATF_CHECK(target_maps_find(&maps, (uintptr_t)&local) == NULL);
}

ATF_TC_WITHOUT_HEAD(a_mapped_file_with_an_odd_name);
ATF_TC_BODY(a_mapped_file_with_an_odd_name, tc)
{
	static const char name[] = " a\nb  c\t(deleted)";
	const struct target_map *m;
	struct stat st;
	const char *base;
	void *p;
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ATF_REQUIRE(fd >= 0);
	ATF_REQUIRE_EQ(ftruncate(fd, 3 * 4096), 0);
	ATF_REQUIRE_EQ(fstat(fd, &st), 0);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 8192);
	ATF_REQUIRE(p != MAP_FAILED);
	ATF_REQUIRE_EQ(target_maps_read(&maps, getpid(), getpid()), 0);
	ATF_REQUIRE((m = target_maps_find(&maps, (uintptr_t)p)) != NULL);
	base = strrchr(m->path, '/');
	ATF_CHECK_STREQ(base ? base : "", "/ a\\012b  c\t(deleted)");
	ATF_CHECK_EQ(m->inode, st.st_ino);
	ATF_CHECK_EQ(m->offset, 8192);
	ATF_CHECK(m->shared);
	target_maps_free(&maps);
	ATF_REQUIRE_EQ(unlink(name), 0);
	ATF_REQUIRE_EQ(target_maps_read(&maps, getpid(), getpid()), 0);
	ATF_REQUIRE((m = target_maps_find(&maps, (uintptr_t)p)) != NULL);
	base = strrchr(m->path, '/');
	ATF_CHECK_STREQ(base ? base : "", "/ a\\012b  c\t(deleted) (deleted)");
	target_maps_free(&maps);
}

ATF_TC_WITHOUT_HEAD(thousands_of_maps);
ATF_TC_BODY(thousands_of_maps, tc)
{
	size_t before, n = 20000;
	unsigned char *p;

	ATF_REQUIRE_EQ(target_maps_read(&maps, getpid(), getpid()), 0);
	before = maps.count;
	target_maps_free(&maps);
	p = mmap(NULL, 2 * n * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ATF_REQUIRE(p != MAP_FAILED);
	for (size_t i = 0; i < n; i++)
		ATF_REQUIRE_EQ(mprotect(p + 2 * i * 4096, 4096, PROT_READ), 0);
	ATF_REQUIRE_EQ(target_maps_read(&maps, getpid(), getpid()), 0);
	ATF_CHECK(maps.count >= before + 2 * n - 2);
	ATF_CHECK(!maps.cut);
	for (size_t i = 0; i < n; i++) {
		const struct target_map *m = target_maps_find(&maps, (uintptr_t)(p + 2 * i * 4096));

		ATF_REQUIRE(m && m->readable && m->end - m->start == 4096);
		ATF_REQUIRE_EQ(*m->path, '\0');
	}
	target_maps_free(&maps);
}

ATF_TC_WITHOUT_HEAD(maps_that_are_not_there);
ATF_TC_BODY(maps_that_are_not_there, tc)
{
	pid_t pid = sleeper();

	(void)kill(pid, SIGKILL);
	wait_dead(pid);
	ATF_CHECK_EQ(target_maps_read(&maps, pid, pid), 0);
	ATF_CHECK_EQ(maps.count, 0);
	target_maps_free(&maps);
	(void)status_of(pid);
	ATF_CHECK_EQ(target_maps_read(&maps, pid, pid), -1);
	ATF_CHECK(maps.memory == NULL);
}

/* ---- threads and processes ---- */

static struct {
	pid_t tid;
	int pipe[2];
} other;

static void *
odd_thread(void *arg)
{
	char byte;

	(void)prctl(PR_SET_NAME, arg);
	(void)write(other.pipe[1], "x", 1);
	__atomic_store_n(&other.tid, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	(void)read(other.pipe[0], &byte, 1); /* its own */
	for (;;)
		(void)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 8);
	return NULL;
}

ATF_TC_WITHOUT_HEAD(a_thread_with_an_odd_name);
ATF_TC_BODY(a_thread_with_an_odd_name, tc)
{
	struct target_thread t = { 0 };
	pthread_t id;

	ATF_REQUIRE_EQ(pipe2(other.pipe, O_CLOEXEC), 0);
	ATF_REQUIRE_EQ(pthread_create(&id, NULL, odd_thread, "a) R (\n\x01\xff b"), 0);
	for (int i = 0; i < LIMIT_MS && (t.state != 'S' || t.call != SYS_ppoll); i++) {
		(void)usleep(1000);
		if (__atomic_load_n(&other.tid, __ATOMIC_SEQ_CST))
			ATF_REQUIRE(target_thread_read(&t, getpid(), other.tid));
	}
	ATF_CHECK_EQ(t.state, 'S');
	ATF_CHECK_STREQ(t.name, "a) R (\n\x01\xff b");
	ATF_CHECK_EQ(t.call, SYS_ppoll);
	ATF_CHECK(t.cpu >= 0 && t.cpu < LIMIT_MS);
	ATF_CHECK(strcmp(t.wchan, "0") != 0);
	ATF_REQUIRE(target_thread_read(&t, getpid(), getpid()));
	ATF_CHECK_EQ(t.state, 'R');
	ATF_REQUIRE_EQ(prctl(PR_SET_NAME, ""), 0);
	ATF_REQUIRE(target_thread_read(&t, getpid(), getpid()));
	ATF_CHECK_STREQ(t.name, "");
	ATF_CHECK(!target_thread_read(&t, getpid(), 0x7ffffff0));
	ATF_CHECK_EQ(t.state, 0);
	ATF_CHECK_EQ(t.cpu, -1);
	ATF_CHECK_EQ(t.call, -2);
}

ATF_TC_WITHOUT_HEAD(what_time_a_thread_took);
ATF_TC_BODY(what_time_a_thread_took, tc)
{
	struct target_thread t, later;

	ATF_REQUIRE(target_thread_read(&t, getpid(), getpid()));
	do
		ATF_REQUIRE(target_thread_read(&later, getpid(), getpid()));
	while (later.cpu < t.cpu + 50);
	ATF_CHECK(later.cpu < t.cpu + LIMIT_MS);
}

ATF_TC_WITHOUT_HEAD(a_thread_that_runs_or_has_ended);
ATF_TC_BODY(a_thread_that_runs_or_has_ended, tc)
{
	struct target_thread t;
	pid_t pid = fork();

	if (pid == 0)
		for (volatile unsigned long i = 0;; i++)
			;
	for (int i = 0; i < 50; i++)
		ATF_REQUIRE(target_thread_read(&t, pid, pid));
	ATF_CHECK_EQ(t.state, 'R');
	ATF_CHECK_EQ(t.call, -1);
	(void)kill(pid, SIGKILL);
	wait_dead(pid);
	ATF_REQUIRE(target_thread_read(&t, pid, pid));
	ATF_CHECK_EQ(t.state, 'Z');
	(void)status_of(pid);
}

ATF_TC_WITHOUT_HEAD(a_process);
ATF_TC_BODY(a_process, tc)
{
	struct target_process p, again;
	pthread_t id;
	pid_t pid;

	ATF_REQUIRE(target_process_read(&p, getpid()));
	ATF_CHECK_EQ(p.parent, getppid());
	ATF_CHECK_EQ(p.uid, geteuid());
	ATF_CHECK_EQ(p.tracer, 0);
	ATF_CHECK_EQ(p.inner, getpid());
	ATF_CHECK(p.started > 0);
	ATF_CHECK(p.age >= 0 && p.age < LIMIT_MS / 1000);
	(void)usleep(30000);
	pid = sleeper();
	ATF_REQUIRE(target_process_read(&again, pid));
	ATF_CHECK(again.started > p.started);
	ATF_CHECK_EQ(again.parent, getpid());
	ATF_REQUIRE_EQ(ptrace(PTRACE_SEIZE, pid, 0, 0), 0);
	ATF_REQUIRE(target_process_read(&again, pid));
	ATF_CHECK_EQ(again.tracer, getpid());
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
	ATF_CHECK(!target_process_read(&again, pid));
	ATF_CHECK(again.uid == (uid_t)-1);
	ATF_REQUIRE_EQ(pipe2(other.pipe, O_CLOEXEC), 0);
	ATF_REQUIRE_EQ(pthread_create(&id, NULL, odd_thread, "x"), 0);
	ATF_REQUIRE(target_process_read(&again, getpid()));
	ATF_CHECK_EQ(again.started, p.started);
}

ATF_TC(a_process_of_another_user);
ATF_TC_HEAD(a_process_of_another_user, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(a_process_of_another_user, tc)
{
	struct target_process p = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(1, 65534, 2) == 0)
			for (;;)
				(void)pause();
		_exit(1);
	}
	for (int i = 0; i < LIMIT_MS && p.uid != 65534; i++) {
		ATF_REQUIRE(target_process_read(&p, pid));
		(void)usleep(1000);
	}
	ATF_CHECK_EQ(p.uid, 65534);
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
}

ATF_TC_WITHOUT_HEAD(command_lines);
ATF_TC_BODY(command_lines, tc)
{
	char small[8];
	int ready[2];
	char byte;
	pid_t pid;

	ATF_REQUIRE_EQ(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		char *argv[] = { "sleep", "1000", NULL };

		(void)execvp(argv[0], argv);
		_exit(1);
	}
	close(ready[1]);
	ATF_REQUIRE_EQ(read(ready[0], &byte, 1), 0); /* closed by the exec */
	out = buf_over(room, sizeof room);
	target_command(pid, &out);
	ATF_CHECK_STREQ(room, "sleep 1000");
	target_command(pid, &out); /* behind what is there */
	ATF_CHECK_STREQ(room, "sleep 1000sleep 1000");
	out = buf_over(small, sizeof small);
	target_command(pid, &out);
	ATF_CHECK_STREQ(small, "sleep 1");
	ATF_CHECK(out.cut);
	(void)kill(pid, SIGKILL);
	wait_dead(pid);
	out = buf_over(room, sizeof room);
	target_command(pid, &out);
	ATF_CHECK_STREQ(room, "[sleep]");
	(void)status_of(pid);
	buf_clear(&out);
	target_command(pid, &out);
	ATF_CHECK_STREQ(room, "");
}

#define LONG 99999

struct variables {
	int calls, matched, stop;
};

static bool
note_variable(void *arg, const char *variable)
{
	struct variables *v = arg;

	v->matched += strcmp(variable, "A=1") == 0 || strcmp(variable, "B=x\ny") == 0 ||
	    strcmp(variable, "none") == 0;
	v->matched += strncmp(variable, "LONG=zzz", 8) == 0 && strlen(variable) == LONG;
	return ++v->calls != v->stop;
}

ATF_TC_WITHOUT_HEAD(environment);
ATF_TC_BODY(environment, tc)
{
	static char large[LONG + 1];
	char *argv[] = { "sleep", "1000", NULL };
	char *env[] = { "A=1", large, "B=x\ny", "none", NULL };
	struct variables v = { 0 };
	int ready[2];
	char byte;
	pid_t pid;

	memset(large, 'z', sizeof large - 1);
	memcpy(large, "LONG=", 5);
	ATF_REQUIRE_EQ(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)execvpe(argv[0], argv, env);
		_exit(1);
	}
	close(ready[1]);
	ATF_REQUIRE_EQ(read(ready[0], &byte, 1), 0); /* closed by the exec */
	ATF_CHECK_EQ(target_environment(pid, note_variable, &v), 0);
	ATF_CHECK_EQ(v.calls, 4);
	ATF_CHECK_EQ(v.matched, 4);
	v = (struct variables){ .stop = 2 };
	ATF_CHECK_EQ(target_environment(pid, note_variable, &v), 0);
	ATF_CHECK_EQ(v.calls, 2);
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
	ATF_CHECK_EQ(target_environment(pid, note_variable, &v), -1);
}

/* ---- memory ---- */

static bool
sum(void *arg, uint64_t start, uint64_t end, uint64_t rss, const char *path)
{
	ATF_REQUIRE(start < end && rss <= end - start);
	*(uint64_t *)arg += rss;
	return true;
}

static bool
count_one(void *arg, uint64_t start, uint64_t end, uint64_t rss, const char *path)
{
	++*(int *)arg;
	return false;
}

ATF_TC_WITHOUT_HEAD(memory_of_a_process);
ATF_TC_BODY(memory_of_a_process, tc)
{
	struct target_memory before, m;
	unsigned char *p;
	uint64_t rss = 0;
	int64_t off;
	int calls = 0;
	pid_t pid;

	p = mmap(NULL, 8 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ATF_REQUIRE(p != MAP_FAILED);
	pid = sleeper();
	(void)usleep(10000);
	ATF_REQUIRE(target_memory_read(&before, pid, pid));
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
	pid = fork();
	if (pid == 0) {
		memset(p, 1, 8 * MB);
		(void)raise(SIGSTOP);
	}
	ATF_REQUIRE_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	ATF_REQUIRE(target_memory_read(&m, pid, pid));
	ATF_CHECK(m.of[TARGET_RSS] >= (int64_t)(8 * MB));
	ATF_CHECK(m.of[TARGET_ANON] >= (int64_t)(8 * MB));
	ATF_CHECK(m.of[TARGET_USS] >= (int64_t)(8 * MB) && m.of[TARGET_USS] <= m.of[TARGET_RSS]);
	ATF_CHECK(m.of[TARGET_PSS] >= m.of[TARGET_USS] && m.of[TARGET_PSS] <= m.of[TARGET_RSS]);
	ATF_CHECK(m.of[TARGET_USS] - before.of[TARGET_USS] >= (int64_t)(8 * MB) - 65536);
	ATF_CHECK_EQ(m.of[TARGET_SWAP], 0);
	ATF_CHECK(m.of[TARGET_FILE] > 0 && m.of[TARGET_SHMEM] >= 0);
	ATF_CHECK(m.of[TARGET_SIZE] >= m.of[TARGET_RSS] && m.of[TARGET_PEAK] > 0 &&
	    m.of[TARGET_STACK] > 0);
	ATF_CHECK(m.of[TARGET_HEAP] >= 0 && m.of[TARGET_HEAP] < m.of[TARGET_RSS]);
	ATF_CHECK_EQ(target_smaps(pid, pid, sum, &rss), 0);
	off = (int64_t)rss - m.of[TARGET_RSS];
	ATF_CHECK_MSG(off < 1 << 20 && off > -(1 << 20), "%ld", (long)off);
	ATF_CHECK_EQ(target_smaps(pid, pid, count_one, &calls), 0);
	ATF_CHECK_EQ(calls, 1);
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
	ATF_CHECK(!target_memory_read(&m, pid, pid));
	ATF_CHECK(m.of[TARGET_RSS] == -1 && m.of[TARGET_HEAP] == -1 && m.of[TARGET_PSS] == -1 &&
	    m.of[TARGET_STACK] == -1);
	ATF_CHECK_EQ(target_smaps(pid, pid, count_one, &calls), -1);
}

ATF_TC_WITHOUT_HEAD(memory_of_the_heap);
ATF_TC_BODY(memory_of_the_heap, tc)
{
	struct target_memory before, m;
	pid_t pid = getpid();
	unsigned char *p;

	ATF_REQUIRE(target_memory_read(&before, pid, pid));
	p = sbrk(4 * (intptr_t)MB);
	ATF_REQUIRE(p != (void *)-1);
	memset(p, 1, 4 * MB);
	ATF_REQUIRE(target_memory_read(&m, pid, pid));
	ATF_CHECK(m.of[TARGET_HEAP] >= before.of[TARGET_HEAP] + (int64_t)(4 * MB) - 8192);
	ATF_CHECK(m.of[TARGET_HEAP] < before.of[TARGET_HEAP] + (int64_t)(5 * MB));
}

/* ---- descriptors ---- */

static int
bound(int family, int type, struct sockaddr_storage *a)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)a;
	struct sockaddr_in *four = (struct sockaddr_in *)a;
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof *a;

	memset(a, 0, sizeof *a);
	a->ss_family = (sa_family_t)family;
	if (family == AF_INET6)
		six->sin6_addr = in6addr_loopback;
	else
		four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)a, sizeof *a) < 0)
		atf_tc_skip("no address: %s", strerror(errno));
	ATF_REQUIRE_EQ(getsockname(fd, (struct sockaddr *)a, &len), 0);
	return fd;
}

static unsigned
port(const struct sockaddr_storage *a)
{
	return ntohs(((const struct sockaddr_in *)a)->sin_port); /* at the same place in both */
}

static void
check_tcp(int family, const char *host)
{
	struct sockaddr_storage server, client;
	socklen_t len = sizeof client;
	char expected[256];
	const char *of;
	int l = bound(family, SOCK_STREAM, &server), c, s;

	ATF_REQUIRE_EQ(listen(l, 16), 0);
	(void)fd_text(l);
	of = sockets.diag_error ? "" : "/16"; /* a kernel may have no sock_diag */
	(void)snprintf(
	    expected, sizeof expected, "tcp %s:%u LISTEN rxq=0%s", host, port(&server), of);
	ATF_CHECK_STREQ(fd_text(l), expected);
	c = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ATF_REQUIRE_EQ(connect(c, (struct sockaddr *)&server, sizeof server), 0);
	ATF_REQUIRE_EQ(getsockname(c, (struct sockaddr *)&client, &len), 0);
	(void)snprintf(
	    expected, sizeof expected, "tcp %s:%u LISTEN rxq=1%s", host, port(&server), of);
	for (int i = 0; i < LIMIT_MS && strcmp(fd_text(l), expected) != 0; i++)
		(void)usleep(1000);
	ATF_CHECK_STREQ(fd_text(l), expected);
	s = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	ATF_REQUIRE(s >= 0);
	ATF_REQUIRE_EQ(write(c, "12345", 5), 5);
	for (int i = 0; i < LIMIT_MS && strstr(fd_text(c), "txq=0") == NULL; i++)
		(void)usleep(1000);
	(void)snprintf(expected, sizeof expected, "tcp %s:%u->%s:%u ESTABLISHED rxq=5 txq=0", host,
	    port(&server), host, port(&client));
	ATF_CHECK_STREQ(fd_text(s), expected);
	(void)snprintf(expected, sizeof expected, "tcp %s:%u->%s:%u ESTABLISHED rxq=0 txq=0", host,
	    port(&client), host, port(&server));
	ATF_CHECK_STREQ(fd_text(c), expected);
	close(c);
	for (int i = 0; i < LIMIT_MS && strstr(fd_text(s), "CLOSE_WAIT") == NULL; i++)
		(void)usleep(1000);
	ATF_CHECK(strstr(fd_text(s), " CLOSE_WAIT rxq=") != NULL);
}

ATF_TC_WITHOUT_HEAD(tcp);
ATF_TC_BODY(tcp, tc)
{
	check_tcp(AF_INET, "127.0.0.1");
}

ATF_TC_WITHOUT_HEAD(tcp6);
ATF_TC_BODY(tcp6, tc)
{
	check_tcp(AF_INET6, "[::1]");
}

ATF_TC_WITHOUT_HEAD(ipv6_addresses);
ATF_TC_BODY(ipv6_addresses, tc)
{
	static const char *const hosts[] = { "::", "::ffff:127.0.0.1", "2001:db8::1",
		"2001:db8:0:1:1:1:1:1", "1:0:0:2::3", "1::", "fe80::1:0:0:a", "1:2:3:4:5:6:7:8" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
		int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
		socklen_t len = sizeof a;
		char expected[128];

		ATF_REQUIRE_EQ(inet_pton(AF_INET6, hosts[i], &a.sin6_addr), 1);
		a.sin6_port = 0;
		a.sin6_scope_id = 1;
		/* an address that is not ours: IPV6_FREEBIND */
		if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, 78, &on, sizeof on) < 0 ||
		    bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
			printf("%s: %s\n", hosts[i], strerror(errno));
			continue;
		}
		ATF_REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
		(void)snprintf(expected, sizeof expected, "udp [%s]:%u rxq=0 txq=0", hosts[i],
		    ntohs(a.sin6_port));
		ATF_CHECK_STREQ(fd_text(fd), expected);
		close(fd);
	}
}

ATF_TC_WITHOUT_HEAD(udp);
ATF_TC_BODY(udp, tc)
{
	struct sockaddr_storage a, b;
	int one = bound(AF_INET, SOCK_DGRAM, &a), other_one = bound(AF_INET, SOCK_DGRAM, &b);
	char expected[256];

	(void)snprintf(expected, sizeof expected, "udp 127.0.0.1:%u rxq=0 txq=0", port(&a));
	ATF_CHECK_STREQ(fd_text(one), expected);
	ATF_REQUIRE_EQ(connect(one, (struct sockaddr *)&b, sizeof b), 0);
	(void)snprintf(expected, sizeof expected, "udp 127.0.0.1:%u->127.0.0.1:%u rxq=0 txq=0",
	    port(&a), port(&b));
	ATF_CHECK_STREQ(fd_text(one), expected);
	ATF_REQUIRE_EQ(write(one, "x", 1), 1);
	ATF_CHECK(strstr(fd_text(other_one), " rxq=0 ") == NULL);
}

static unsigned
inode(int fd)
{
	struct stat st;

	ATF_REQUIRE_EQ(fstat(fd, &st), 0);
	return (unsigned)st.st_ino;
}

static int
unix_socket(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	ATF_REQUIRE(fd >= 0);
	(void)fd_text(fd);
	if (sockets.diag_error)
		atf_tc_skip("unix_diag: %s", strerror(sockets.diag_error));
	return fd;
}

/* What fd_text must say, with the inode, the other end's, and more. */
static void
check_unix(int fd, const char *name, int peer, const char *rest)
{
	char expected[512], to[256] = "", own[64];

	(void)snprintf(own, sizeof own, " [%u]", inode(fd));
	if (peer >= 0)
		(void)snprintf(to, sizeof to, "->[%u] target_test[%d] ", inode(peer), getpid());
	(void)snprintf(expected, sizeof expected, "unix %s%s%s%s", name, own, to, rest);
	ATF_CHECK_STREQ(fd_text(fd), expected);
}

ATF_TC_WITHOUT_HEAD(unix_sockets);
ATF_TC_BODY(unix_sockets, tc)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "d/a b\tc" };
	int fd = unix_socket(SOCK_STREAM), client, server, two[2];

	ATF_REQUIRE_EQ(mkdir("d", 0755), 0);
	check_unix(fd, "(unnamed)", -1, " rxq=0 txq=0");
	ATF_REQUIRE_EQ(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	check_unix(fd, "d/a b\\tc", -1, " rxq=0 txq=0");
	ATF_REQUIRE_EQ(listen(fd, 5), 0);
	ATF_CHECK_STREQ(fd_text(fd), "unix d/a b\\tc LISTEN rxq=0/5");
	client = unix_socket(SOCK_STREAM);
	ATF_REQUIRE_EQ(connect(client, (struct sockaddr *)&a, sizeof a), 0);
	ATF_CHECK_STREQ(fd_text(fd), "unix d/a b\\tc LISTEN rxq=1/5");
	server = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ATF_REQUIRE(server >= 0);
	ATF_CHECK_STREQ(fd_text(fd), "unix d/a b\\tc LISTEN rxq=0/5");
	ATF_REQUIRE_EQ(write(client, "12345", 5), 5);
	check_unix(client, "(unnamed)", server, "d/a b\\tc rxq=0 txq=768");
	check_unix(server, "d/a b\\tc", client, "(unnamed) rxq=5 txq=0");
	memcpy(a.sun_path, "\0name", 5);
	fd = unix_socket(SOCK_DGRAM);
	ATF_REQUIRE_EQ(bind(fd, (struct sockaddr *)&a, sizeof(sa_family_t) + 5), 0);
	check_unix(fd, "@name", -1, " rxq=0 txq=0");
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two), 0);
	check_unix(two[1], "(unnamed)", two[0], "(unnamed) rxq=0 txq=0");
	/* the other end is gone */
	close(two[0]);
	check_unix(two[1], "(unnamed)", -1, " rxq=0 txq=0");
}

/* Of which the other end is another process's. */
ATF_TC_WITHOUT_HEAD(the_peer_of_a_unix_socket);
ATF_TC_BODY(the_peer_of_a_unix_socket, tc)
{
	int two[2];
	char expected[64];
	unsigned other_end;
	pid_t pid;

	close(unix_socket(SOCK_STREAM));
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two), 0);
	other_end = inode(two[0]);
	pid = sleeper();
	close(two[0]);
	(void)snprintf(expected, sizeof expected, "->[%u] target_test[%d] ", other_end, pid);
	ATF_CHECK_MSG(strstr(fd_text(two[1]), expected) != NULL, "%s", room);
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
}

ATF_TC(another_network);
ATF_TC_HEAD(another_network, tc)
{
	atf_tc_set_md_var(tc, "require.user", "root");
}
ATF_TC_BODY(another_network, tc)
{
	int ready[2], fd = 9;
	char byte;
	pid_t pid;

	close(unix_socket(SOCK_STREAM));
	ATF_REQUIRE_EQ(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "other" };

		if (unshare(CLONE_NEWNET) < 0)
			_exit(77);
		if (dup2(socket(AF_UNIX, SOCK_STREAM, 0), fd) != fd ||
		    bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 3) < 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		atf_tc_skip("no network of one's own: %d", status_of(pid));
	out = buf_over(room, sizeof room);
	target_sockets_free(&sockets);
	ATF_CHECK_EQ(target_fd(pid, fd, &sockets, &out), 0);
	ATF_CHECK_EQ(sockets.diag_error, 0);
	ATF_CHECK_STREQ(room, "unix other LISTEN rxq=0/3");
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
}

ATF_TC_WITHOUT_HEAD(other_sockets);
ATF_TC_BODY(other_sockets, tc)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 0x11 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof a;
	char expected[128];

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		atf_tc_skip("no netlink");
	ATF_REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	(void)snprintf(
	    expected, sizeof expected, "netlink 0 (route) port=%u groups=0x11 rxq=0", a.nl_pid);
	ATF_CHECK_STREQ(fd_text(fd), expected);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* neither bound nor connected */
	(void)snprintf(expected, sizeof expected, "socket:[%u] TCP", inode(fd));
	ATF_CHECK_STREQ(fd_text(fd), expected);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (fd >= 0) /* it takes a capability */
		ATF_CHECK_STREQ(fd_text(fd), "raw 0.0.0.0:1 rxq=0 txq=0");
}

ATF_TC_WITHOUT_HEAD(without_a_file);
ATF_TC_BODY(without_a_file, tc)
{
	struct itimerspec t = { { 1, 5 }, { 10000, 0 } };
	struct epoll_event e = { .events = EPOLLIN };
	int fd = eventfd(42, EFD_CLOEXEC), fds[2];
	char expected[64];
	sigset_t set;
	pid_t pid;

	ATF_CHECK_STREQ(fd_text(fd), "anon_inode:[eventfd] count=42");
	fd = epoll_create1(EPOLL_CLOEXEC);
	ATF_CHECK_STREQ(fd_text(fd), "anon_inode:[eventpoll] watches=0");
	ATF_REQUIRE_EQ(pipe2(fds, O_CLOEXEC), 0);
	for (int i = 0; i < 2; i++)
		ATF_REQUIRE_EQ(epoll_ctl(fd, EPOLL_CTL_ADD, fds[i], &e), 0);
	ATF_CHECK_STREQ(fd_text(fd), "anon_inode:[eventpoll] watches=2");
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	ATF_REQUIRE_EQ(timerfd_settime(fd, 0, &t, NULL), 0);
	ATF_CHECK(strstr(fd_text(fd), "anon_inode:[timerfd] left=(9999, ") == room);
	ATF_CHECK(strstr(room, ") every=(1, 5)") != NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGTERM);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	ATF_CHECK_STREQ(fd_text(fd), "anon_inode:[signalfd] signals=SIGUSR1,SIGTERM");
	fd = inotify_init1(IN_CLOEXEC);
	ATF_REQUIRE(inotify_add_watch(fd, ".", IN_MODIFY) >= 0);
	ATF_CHECK_STREQ(fd_text(fd), "anon_inode:inotify watches=1");
	fd = (int)syscall(SYS_memfd_create, "a\nb", MFD_CLOEXEC);
	ATF_CHECK_STREQ(fd_text(fd), "/memfd:a\\nb (deleted) flags=O_RDWR|O_CLOEXEC pos=0");
	pid = sleeper();
	if ((fd = (int)syscall(SYS_pidfd_open, pid, 0)) >= 0) {
		(void)snprintf(expected, sizeof expected, " pid=%d", (int)pid);
		ATF_CHECK_MSG(strstr(fd_text(fd), expected) != NULL, "%s", room);
		(void)kill(pid, SIGKILL);
		(void)status_of(pid);
		ATF_CHECK_MSG(strstr(fd_text(fd), " pid=-1") != NULL, "%s", room);
	}
}

ATF_TC_WITHOUT_HEAD(files);
ATF_TC_BODY(files, tc)
{
	char cwd[2048], expected[4096];
	int fd, fds[2];
	struct stat st;

	ATF_REQUIRE(getcwd(cwd, sizeof cwd) != NULL);
	fd = open("a\nb", O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC, 0600);
	ATF_REQUIRE_EQ(write(fd, "12345", 5), 5);
	(void)snprintf(expected, sizeof expected,
	    "%s/a\\nb flags=O_WRONLY|O_APPEND|O_SYNC|O_CLOEXEC pos=5", cwd);
	ATF_CHECK_STREQ(fd_text(fd), expected);
	ATF_REQUIRE_EQ(unlink("a\nb"), 0);
	(void)snprintf(expected, sizeof expected,
	    "%s/a\\nb (deleted) flags=O_WRONLY|O_APPEND|O_SYNC|O_CLOEXEC pos=5", cwd);
	ATF_CHECK_STREQ(fd_text(fd), expected);
	fd = open(".", O_RDONLY | O_DIRECTORY);
	(void)snprintf(expected, sizeof expected, "%s flags=O_RDONLY|O_DIRECTORY pos=0", cwd);
	ATF_CHECK_STREQ(fd_text(fd), expected);
	ATF_REQUIRE_EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
	fd = open(".", O_PATH | O_CLOEXEC);
	(void)snprintf(expected, sizeof expected, "%s flags=O_PATH|O_CLOEXEC pos=0", cwd);
	ATF_CHECK_STREQ(fd_text(fd), expected);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ATF_CHECK_STREQ(fd_text(fd), "/dev/null");
	ATF_REQUIRE_EQ(pipe2(fds, O_CLOEXEC), 0);
	ATF_REQUIRE_EQ(fstat(fds[0], &st), 0);
	(void)snprintf(expected, sizeof expected, "pipe:[%lu] r", (unsigned long)st.st_ino);
	ATF_CHECK_STREQ(fd_text(fds[0]), expected);
	expected[strlen(expected) - 1] = 'w';
	ATF_CHECK_STREQ(fd_text(fds[1]), expected);
	ATF_CHECK_EQ(target_fd(getpid(), 999, &sockets, &out), -1);
	ATF_CHECK_EQ(target_fd(0x7ffffff0, 0, &sockets, &out), -1);
}

ATF_TC_WITHOUT_HEAD(many_sockets_are_quick);
ATF_TC_BODY(many_sockets_are_quick, tc)
{
	struct rlimit r = { 4096, 4096 };
	struct sockaddr_storage a;
	int fds[3000], n = 0;

	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		atf_tc_skip("no room for descriptors");
	for (; n < 3000; n++)
		fds[n] = bound(AF_INET, SOCK_DGRAM, &a);
	for (int i = 0; i < n; i++) {
		out = buf_over(room, sizeof room);
		ATF_REQUIRE_EQ(target_fd(getpid(), fds[i], &sockets, &out), 0);
		ATF_REQUIRE_EQ(strncmp(room, "udp 127.0.0.1:", 14), 0);
	}
}

/* ---- limits and cgroup ---- */

struct seen {
	int rows, matched, stop;
	const char *soft;
};

static bool
note_limit(void *arg, const char *name, const char *soft, const char *hard, const char *unit)
{
	struct seen *s = arg;

	if (strcmp(name, "Max open files") == 0)
		s->matched += strcmp(soft, "123") == 0 && strcmp(hard, "456") == 0 &&
		    strcmp(unit, "files") == 0;
	if (strcmp(name, "Max nice priority") == 0)
		s->matched += *unit == '\0';
	if (strcmp(name, "Max core file size") == 0)
		s->matched += strcmp(soft, "0") == 0 && strcmp(unit, "bytes") == 0;
	if (strcmp(name, "Max file locks") == 0)
		s->matched +=
		    strcmp(soft, "18446744073709551614") == 0 && strcmp(hard, "unlimited") == 0;
	return ++s->rows != s->stop;
}

ATF_TC_WITHOUT_HEAD(limits);
ATF_TC_BODY(limits, tc)
{
	struct rlimit files = { 123, 456 }, core = { 0, 0 };
	struct rlimit locks = { RLIM_INFINITY - 1, RLIM_INFINITY };
	struct seen s = { 0 };

	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_CORE, &core), 0);
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_LOCKS, &locks), 0);
	ATF_CHECK_EQ(target_limits(getpid(), note_limit, &s), 0);
	ATF_CHECK_EQ(s.rows, 16);
	ATF_CHECK_EQ(s.matched, 4);
	s = (struct seen){ .stop = 3 };
	ATF_CHECK_EQ(target_limits(getpid(), note_limit, &s), 0);
	ATF_CHECK_EQ(s.rows, 3);
	ATF_CHECK_EQ(target_limits(0x7ffffff0, note_limit, &s), -1);
}

ATF_TC_WITHOUT_HEAD(cgroup);
ATF_TC_BODY(cgroup, tc)
{
	char lines[8192];

	(void)snprintf(lines, sizeof lines, "%s", get_file("/proc/self/cgroup"));
	if (!*lines)
		atf_tc_skip("a kernel without cgroups");
	out = buf_over(room, sizeof room);
	ATF_REQUIRE(target_cgroup(getpid(), &out));
	ATF_CHECK_EQ(room[0], '/');
	ATF_CHECK(strstr(lines, room) != NULL);
	if (strstr(lines, ":memory:") && strstr(lines, "0::/\n"))
		ATF_CHECK_EQ(strncmp(strstr(lines, ":memory:") + 8, room, strlen(room)), 0);
	buf_clear(&out);
	ATF_CHECK(!target_cgroup(0x7ffffff0, &out));
	ATF_CHECK_STREQ(room, "");
}

ATF_TC_WITHOUT_HEAD(nothing_stays_open);
ATF_TC_BODY(nothing_stays_open, tc)
{
	int before = dup(0), after, calls = 0;
	struct target_memory m;
	struct target_thread t;
	struct target_process p;
	struct seen s = { .stop = 1 };

	close(before);
	for (int i = 0; i < 2; i++) {
		pid_t pid = i == 0 ? getpid() : 0x7ffffff0;

		out = buf_over(room, sizeof room);
		(void)target_maps_read(&maps, pid, pid);
		target_maps_free(&maps);
		(void)target_memory_read(&m, pid, pid);
		(void)target_smaps(pid, pid, count_one, &calls);
		(void)target_thread_read(&t, pid, pid);
		(void)target_process_read(&p, pid);
		(void)target_command(pid, &out);
		(void)target_environment(pid, note_variable, &(struct variables){ 0 });
		target_sockets_read(&sockets, pid);
		(void)target_fd(pid, 0, &sockets, &out);
		target_sockets_free(&sockets);
		(void)target_limits(pid, note_limit, &s);
		(void)target_cgroup(pid, &out);
	}
	after = dup(0);
	ATF_CHECK_EQ(after, before);
}

/* By its inode alone, as whoever finds one in another place than a descriptor. */
ATF_TC_WITHOUT_HEAD(a_socket_by_its_inode);
ATF_TC_BODY(a_socket_by_its_inode, tc)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	ATF_REQUIRE(fd >= 0 && listen(fd, 5) == 0 && fstat(fd, &st) == 0);
	target_sockets_read(&sockets, getpid());
	out = buf_over(room, sizeof room);
	ATF_CHECK(target_socket(&sockets, st.st_ino, &out));
	ATF_CHECK_MSG(
	    strncmp(room, "tcp 0.0.0.0:", 12) == 0 && strstr(room, " LISTEN "), "%s", room);
	out = buf_over(room, sizeof room);
	ATF_CHECK(!target_socket(&sockets, 1, &out));
	ATF_CHECK_STREQ(room, "");
	target_sockets_free(&sockets);
	close(fd);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_socket_by_its_inode);
	ATF_TP_ADD_TC(tp, our_own_maps);
	ATF_TP_ADD_TC(tp, a_mapped_file_with_an_odd_name);
	ATF_TP_ADD_TC(tp, thousands_of_maps);
	ATF_TP_ADD_TC(tp, maps_that_are_not_there);
	ATF_TP_ADD_TC(tp, a_thread_with_an_odd_name);
	ATF_TP_ADD_TC(tp, what_time_a_thread_took);
	ATF_TP_ADD_TC(tp, a_thread_that_runs_or_has_ended);
	ATF_TP_ADD_TC(tp, a_process);
	ATF_TP_ADD_TC(tp, a_process_of_another_user);
	ATF_TP_ADD_TC(tp, command_lines);
	ATF_TP_ADD_TC(tp, environment);
	ATF_TP_ADD_TC(tp, memory_of_a_process);
	ATF_TP_ADD_TC(tp, memory_of_the_heap);
	ATF_TP_ADD_TC(tp, tcp);
	ATF_TP_ADD_TC(tp, tcp6);
	ATF_TP_ADD_TC(tp, ipv6_addresses);
	ATF_TP_ADD_TC(tp, udp);
	ATF_TP_ADD_TC(tp, unix_sockets);
	ATF_TP_ADD_TC(tp, the_peer_of_a_unix_socket);
	ATF_TP_ADD_TC(tp, another_network);
	ATF_TP_ADD_TC(tp, without_a_file);
	ATF_TP_ADD_TC(tp, other_sockets);
	ATF_TP_ADD_TC(tp, files);
	ATF_TP_ADD_TC(tp, many_sockets_are_quick);
	ATF_TP_ADD_TC(tp, limits);
	ATF_TP_ADD_TC(tp, cgroup);
	ATF_TP_ADD_TC(tp, nothing_stays_open);
	return atf_no_error();
}
