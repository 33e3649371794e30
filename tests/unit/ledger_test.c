#include "lib/sys/ledger.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/unit/sys_case.h"

#define HELD 3 /* the ledger's number in its holder */

/* What ledger_each found of one process. */
struct seen {
	pid_t pid;
	unsigned times;
	uint64_t lines;
	char path[1024];
};

static void
note(const struct ledger *l, void *arg)
{
	struct seen *s = arg;

	if (l->pid != s->pid)
		return;
	s->times++;
	s->lines = l->lines;
	memcpy(s->path, l->path, sizeof s->path);
}

static struct seen
look_for(pid_t pid)
{
	struct seen s = { .pid = pid };

	ATF_REQUIRE_EQ(ledger_each(note, &s), 0);
	return s;
}

/* Forks a logger with its own ledger, or with the one that fd is; returns when it is ready. */
static pid_t
logger(int fd, uint64_t lines)
{
	int p[2];
	pid_t pid;

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		struct ledger *l = ledger_open(fd);

		if (!l)
			_exit(1);
		l->lines += lines;
		ledger_name(l, "log");
		l->stage = LEDGER_TAKEN;
		memcpy(l->hand, "in hand\n", 8);
		l->len = 8;
		(void)!write(p[1], "", 1); /* else the other end closes, which is seen */
		for (;;)
			(void)pause();
	}
	close(p[1]);
	ATF_REQUIRE_EQ(read(p[0], &(char){ 0 }, 1), 1);
	close(p[0]);
	return pid;
}

static void
end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)status_of(pid);
}

ATF_TC_WITHOUT_HEAD(a_new_one_is_empty);
ATF_TC_BODY(a_new_one_is_empty, tc)
{
	time_t before = time(NULL);
	struct ledger *l = ledger_open(-1);

	ATF_REQUIRE(l != NULL);
	ATF_CHECK_EQ(l->pid, getpid());
	ATF_CHECK(l->since >= before && l->since <= time(NULL));
	ATF_CHECK_EQ(l->stage, LEDGER_EMPTY);
	ATF_CHECK(l->lines == 0 && l->bytes == 0 && l->errors == 0 && l->error == 0);
	ATF_CHECK(l->midline == 0 && l->len == 0 && l->done == 0);
	ATF_CHECK_STREQ(l->path, "");
	memset(l->hand, 'x', sizeof l->hand); /* all of it is there */
	ATF_CHECK(sizeof l->hand == LEDGER_ROOM + LEDGER_SLACK);
}

ATF_TC_WITHOUT_HEAD(its_path_is_absolute);
ATF_TC_BODY(its_path_is_absolute, tc)
{
	struct ledger *l = ledger_open(-1);
	char cwd[PATH_MAX], expected[PATH_MAX + 8], longer[2000];

	ATF_REQUIRE(l != NULL && getcwd(cwd, sizeof cwd) != NULL);
	ledger_name(l, "/var/log/x");
	ATF_CHECK_STREQ(l->path, "/var/log/x");
	(void)snprintf(expected, sizeof expected, "%s/d/log", cwd);
	ledger_name(l, "d/log");
	ATF_CHECK_STREQ(l->path, expected);
	memset(longer, 'p', sizeof longer);
	longer[0] = '/';
	longer[sizeof longer - 1] = '\0';
	ledger_name(l, longer); /* cut, and still a string */
	ATF_CHECK_EQ(strlen(l->path), sizeof l->path - 1);
	ATF_REQUIRE_EQ(mkdir("gone", 0755), 0);
	ATF_REQUIRE_EQ(chdir("gone"), 0);
	ATF_REQUIRE_EQ(rmdir("../gone"), 0);
	ledger_name(l, "log"); /* the directory has no path any more */
	ATF_CHECK_STREQ(l->path, "log");
}

ATF_TC_WITHOUT_HEAD(what_is_no_ledger);
ATF_TC_BODY(what_is_no_ledger, tc)
{
	int p[2];

	ATF_REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	ATF_CHECK(ledger_open(p[0]) == NULL);
	ATF_CHECK(ledger_open(1000) == NULL && errno == EBADF);
}

ATF_TC_WITHOUT_HEAD(running_loggers_are_found);
ATF_TC_BODY(running_loggers_are_found, tc)
{
	pid_t one = logger(-1, 11), two = logger(-1, 22);
	char cwd[PATH_MAX], expected[PATH_MAX + 8];
	struct seen s;

	ATF_REQUIRE(getcwd(cwd, sizeof cwd) != NULL);
	(void)snprintf(expected, sizeof expected, "%s/log", cwd);
	s = look_for(one);
	ATF_CHECK(s.times == 1 && s.lines == 11);
	ATF_CHECK_STREQ(s.path, expected);
	s = look_for(two);
	ATF_CHECK(s.times == 1 && s.lines == 22);
	ATF_CHECK_EQ(look_for(getpid()).times, 0); /* we have none */
	end(one);
	ATF_CHECK_EQ(look_for(one).times, 0);
	ATF_CHECK_EQ(look_for(two).times, 1);
	end(two);
}

/* The holder is another program, which knows nothing of it but the descriptor. */
ATF_TC_WITHOUT_HEAD(a_holder_keeps_it_over_a_logger_that_is_killed);
ATF_TC_BODY(a_holder_keeps_it_over_a_logger_that_is_killed, tc)
{
	int fd = ledger_make();
	char path[64], link[64] = "";
	struct ledger *l;
	pid_t holder, first, second;

	ATF_REQUIRE(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	holder = fork();
	ATF_REQUIRE(holder >= 0);
	if (holder == 0) {
		if (fd == HELD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, HELD) < 0)
			_exit(1);
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	first = logger(fd, 5);
	ATF_CHECK_EQ(look_for(first).lines, 5);
	ATF_CHECK_EQ(look_for(holder).times, 0); /* it is not the holder's own */
	end(first);
	ATF_CHECK_EQ(look_for(first).times, 0);
	close(fd); /* now only the holder has it */

	(void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)holder, HELD);
	for (int i = 0; i < LIMIT_MS && !strstr(link, "se-logrotate"); i++) {
		ATF_REQUIRE(readlink(path, link, sizeof link - 1) >= 0 || errno == ENOENT);
		(void)usleep(1000);
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	ATF_REQUIRE(fd >= 0);
	l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ATF_REQUIRE(l != MAP_FAILED);
	ATF_CHECK(l->stage == LEDGER_TAKEN && l->len == 8 && memcmp(l->hand, "in hand\n", 8) == 0);
	ATF_CHECK(l->pid == first && l->lines == 5);
	l->since = 1000000000; /* as if it had begun long ago */
	second = logger(fd, 7);
	ATF_CHECK_EQ(l->pid, second);
	ATF_CHECK_EQ(l->since, 1000000000);
	ATF_CHECK_EQ(look_for(second).lines, 12); /* it goes on counting */
	end(second);
	end(holder);
}

/* Anybody may give a memfd this name. */
ATF_TC_WITHOUT_HEAD(others_may_be_anything);
ATF_TC_BODY(others_may_be_anything, tc)
{
	static const off_t sizes[] = { 0, 1, 15, 4096, 100000000 };
	struct ledger *own = ledger_open(-1);
	pid_t pid;

	ATF_REQUIRE(own != NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int fd = memfd_create("se-logrotate", MFD_CLOEXEC);

		ATF_REQUIRE(fd >= 0 && ftruncate(fd, sizes[i]) == 0);
	}
	pid = fork(); /* a signal is a failure here, not the end */
	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		struct seen s = { .pid = getppid() };

		(void)signal(SIGBUS, SIG_DFL); /* not a report of some pages */
		_exit(ledger_each(note, &s) == 0 && s.times == 1 ? 0 : 1);
	}
	ATF_CHECK_EQ(status_of(pid), 0);
}

/* One that says it is a ledger, and has no end anywhere. */
ATF_TC_WITHOUT_HEAD(a_path_has_an_end);
ATF_TC_BODY(a_path_has_an_end, tc)
{
	static struct ledger forged;
	int fd = memfd_create("se-logrotate", MFD_CLOEXEC);
	struct ledger *own = ledger_open(-1);
	struct seen s;

	ATF_REQUIRE(fd >= 0 && own != NULL);
	memset(&forged, 'x', sizeof forged);
	forged.pid = own->pid;
	own->pid = 0;
	ATF_REQUIRE_EQ(pwrite(fd, &forged, sizeof forged, 0), (ssize_t)sizeof forged);
	ATF_CHECK_EQ(look_for(getpid()).times, 0); /* it does not even say so */
	memcpy(forged.magic, own->magic, sizeof forged.magic);
	ATF_REQUIRE_EQ(pwrite(fd, &forged, sizeof forged, 0), (ssize_t)sizeof forged);
	s = look_for(getpid());
	ATF_CHECK_EQ(s.times, 1);
	ATF_CHECK_EQ(strnlen(s.path, sizeof s.path), sizeof s.path - 1);
}

ATF_TC_WITHOUT_HEAD(others_may_not_be_looked_at);
ATF_TC_BODY(others_may_not_be_looked_at, tc)
{
	pid_t mine, pid;

	if (geteuid() != 0)
		atf_tc_skip("setuid(2) is for root");
	mine = logger(-1, 1);
	pid = fork();
	ATF_REQUIRE(pid >= 0);
	if (pid == 0) {
		struct seen s = { .pid = mine };

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		_exit(ledger_each(note, &s) == 0 && s.times == 0 ? 0 : 1);
	}
	ATF_CHECK_EQ(exit_of(pid), 0);
	pid = fork();
	ATF_REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(chroot(".") < 0 ? 2 : ledger_each(note, NULL) < 0 ? 0 : 1); /* no /proc */
	ATF_CHECK_EQ(exit_of(pid), 0);
	end(mine);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, a_new_one_is_empty);
	ATF_TP_ADD_TC(tp, its_path_is_absolute);
	ATF_TP_ADD_TC(tp, what_is_no_ledger);
	ATF_TP_ADD_TC(tp, running_loggers_are_found);
	ATF_TP_ADD_TC(tp, a_holder_keeps_it_over_a_logger_that_is_killed);
	ATF_TP_ADD_TC(tp, others_may_be_anything);
	ATF_TP_ADD_TC(tp, a_path_has_an_end);
	ATF_TP_ADD_TC(tp, others_may_not_be_looked_at);
	return atf_no_error();
}
