/*
 * stepped FILE COMMAND...: runs the command on a wall clock of its own, which is wrong by as many
 * seconds as FILE says at that moment. Its monotonic clock, and all clocks of its children, are the
 * machine's. Done by ptrace: the vDSO is hidden from the command, so that it has to ask the kernel
 * for the time, and the answer is changed. Ends as the command does; 77: not permitted here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VECTOR_IGNORE 1  /* AT_IGNORE */
#define VECTOR_VDSO   33 /* AT_SYSINFO_EHDR */

/* linux/ptrace.h's ptrace_syscall_info, as far as it is needed here. */
struct call {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction, stack;
	uint64_t number, argument[6]; /* at an exit: the result */
	uint64_t more[2];
};

#define GET_SYSCALL_INFO 0x420e
#define AT_ENTRY         1
#define AT_EXIT          2

static long
peek(pid_t pid, uintptr_t at)
{
	return ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL);
}

static void
poke(pid_t pid, uintptr_t at, long value)
{
	if (ptrace(PTRACE_POKEDATA, pid, (void *)at, (void *)value) < 0)
		_exit(98);
}

static uintptr_t
stack_of(pid_t pid)
{
	struct call c;

	if (ptrace(GET_SYSCALL_INFO, pid, (void *)sizeof c, &c) <= 0)
		_exit(77);
	return (uintptr_t)c.stack;
}

/* Right after the exec the stack holds argc, argv, NULL, envp, NULL and the vector. */
static void
hide_vdso(pid_t pid)
{
	uintptr_t at = stack_of(pid);

	at += (2 + (uintptr_t)peek(pid, at)) * sizeof(long);
	while (peek(pid, at) != 0)
		at += sizeof(long);
	for (at += sizeof(long); peek(pid, at) != 0; at += 2 * sizeof(long))
		if (peek(pid, at) == VECTOR_VDSO)
			poke(pid, at, VECTOR_IGNORE);
}

static long
wrong_by(const char *file)
{
	char text[32] = "0";
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atol(text);
}

/* A system call begins or ends; *at is where the time in question will be. */
static void
look(pid_t pid, const char *file, uintptr_t *at)
{
	struct call c;

	if (ptrace(GET_SYSCALL_INFO, pid, (void *)sizeof c, &c) <= 0)
		_exit(77);
	if (c.op == AT_ENTRY)
		*at = c.number == SYS_clock_gettime && c.argument[0] == CLOCK_REALTIME
		    ? (uintptr_t)c.argument[1]
		    : 0;
	if (c.op == AT_EXIT && *at != 0)
		poke(pid, *at, peek(pid, *at) + wrong_by(file));
}

int
main(int argc, char **argv)
{
	uintptr_t at = 0;
	int status, sig = 0;
	pid_t pid;

	if (argc < 3)
		return 99;
	if ((pid = fork()) == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0 || WIFEXITED(status))
		return 77;
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
		(void *)(long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
		return 77;
	hide_vdso(pid);
	while (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig) == 0 &&
	    waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80)) {
			look(pid, argv[1], &at);
			sig = 0;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
