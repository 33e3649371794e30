#include "successor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/num.h"
#include "../base/text.h"
#include "call.h"
#include "memory.h"
#include "out.h"
#include "spawn.h"

/* How long it may look at our state. */
#define PATIENCE (5 * MS_SECOND)
#define ANSWER   512
#define STATE_FD 3 /* in the one that only looks */

extern char **environ;

#define FACCESSAT2 439 /* Linux 5.8, of the same number everywhere */

static const char agreement[] = "OK ";

/* ---- of the one that runs ---- */

const char *
successor_path(void)
{
	return (const char *)getauxval(AT_EXECFN);
}

/* An empty file in memory; -1: errno. */
static int
make_file(void)
{
	return memfd_create("se-upgrade", MFD_CLOEXEC);
}

int
successor_state(const struct buf *text)
{
	int fd = make_file();

	if (fd < 0 || out_write(fd, text->base, text->len))
		return fd;
	return call_close(fd);
}

int
successor_open(int dir, const char *path)
{
	struct stat st;
	int fd = call_openat(dir, path, O_PATH | O_CLOEXEC);

	if (fd < 0 || (call_fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	return call_fail_closed(fd, EACCES);
}

/* May we execute it? Where the kernel cannot tell that: yes. */
static bool
may_execute(int file)
{
	return syscall(FACCESSAT2, file, "", X_OK, AT_EACCESS | AT_EMPTY_PATH) == 0 ||
	    errno != EACCES;
}

static pid_t
start_looking(const struct successor *u, int state, char *const argv[], int null, const char **step)
{
	const struct spawn_fd fds[] = { { STDIN_FILENO, null }, { STDOUT_FILENO, u->answer },
		{ STDERR_FILENO, u->answer }, { STATE_FD, state } };
	char env[64], *envp[] = { env, NULL };
	const struct spawn s = { .file_fd = &u->program,
		.argv = argv,
		.envp = envp,
		.fds = fds,
		.nfds = sizeof fds / sizeof *fds,
		.umask = -1,
		.death_signal = SIGKILL };

	/* fits */
	(void)buf_print_to(
	    env, sizeof env, "%s=%d %d -1 -1", SUCCESSOR_ENV, (int)getpid(), STATE_FD);
	return spawn(&s, step);
}

bool
successor_begin(struct successor *u, int program, int state, int self, char *const argv[], int null,
    ms now, const char **step)
{
	int e;

	*u = (struct successor){ .program = program, .answer = -1, .until = now + PATIENCE };
	*step = "our own file";
	if (may_execute(self)) {
		*step = "answer";
		u->answer = make_file();
	}
	if (u->answer >= 0 && (u->looking = start_looking(u, state, argv, null, step)) > 0)
		return true;
	e = errno;
	successor_forget(u);
	errno = e;
	return false;
}

void
successor_forget(struct successor *u)
{
	call_close(u->program);
	call_close(u->answer);
	*u = (struct successor){ .program = -1, .answer = -1 };
}

/* What it has said, a line without its newline. */
static void
read_answer(const struct successor *u, char answer[ANSWER])
{
	ssize_t n = pread(u->answer, answer, ANSWER - 1, 0);

	answer[n > 0 ? n : 0] = '\0';
	answer[text_span(answer, "\n")] = '\0';
}

enum successor_word
successor_on_exit(struct successor *u, pid_t pid, int status, struct buf *why)
{
	char answer[ANSWER];

	if (pid != u->looking || pid <= 0)
		return SUCCESSOR_NONE;
	u->looking = 0;
	read_answer(u, answer);
	if (status == 0 && text_after(answer, agreement)) {
		u->agreed = true;
		return SUCCESSOR_AGREES;
	}
	buf_puts(why, "not a version that goes on from this one");
	if (*answer) {
		buf_puts(why, ": ");
		buf_escape(why, answer, strlen(answer), 300);
	}
	if (WIFSIGNALED(status))
		buf_puts(why, u->until == MS_NEVER ? ": it took too long" : ": it was killed");
	successor_forget(u);
	return SUCCESSOR_REFUSES;
}

ms
successor_due(const struct successor *u)
{
	return u->looking > 0 ? u->until : MS_NEVER;
}

void
successor_tick(struct successor *u, ms now)
{
	if (now < successor_due(u))
		return;
	(void)kill(u->looking, SIGKILL); /* it is not reaped: it is there */
	u->until = MS_NEVER;
}

void
successor_stop(const struct successor *u)
{
	if (u->looking > 0)
		(void)kill(u->looking, SIGKILL); /* it is not reaped: it is there */
}

void
successor_keep(int fd)
{
	(void)call_fcntl(fd, F_SETFD, 0); /* cannot fail: it is open */
}

/* With our environment, and the word to the other. Returns only if it fails: errno. */
static void
become(int program, char *word, char *const argv[])
{
	size_t n = 0, room;
	char **envp;

	for (char **e = environ; *e; e++)
		n++;
	room = (n + 2) * sizeof *envp;
	if (!(envp = memory_get(room)))
		return;
	n = 0;
	for (char **e = environ; *e; e++)
		if (!text_is_named(*e, SUCCESSOR_ENV "\0"))
			envp[n++] = *e;
	envp[n] = word;
	spawn_become(program, argv, envp);
	memory_free(envp, room); /* it keeps errno: it cannot fail */
}

void
successor_become(const struct successor *u, int state, int self, char *const argv[])
{
	char word[64];

	successor_keep(state);
	successor_keep(self);
	successor_keep(u->program);
	(void)buf_print_to(word, sizeof word, "%s=%d %d %d %d", SUCCESSOR_ENV, (int)getpid(), state,
	    u->program, self); /* fits */
	become(u->program, word, argv);
}

/* ---- with our state ---- */

/* A file in memory with it; -1: errno. */
static int
make_state(const struct successor_us *us, void (*fd)(int))
{
	char *text = memory_get(us->room);
	int file = -1;
	struct buf b;

	if (!text)
		return -1;
	b = buf_over(text, us->room);
	us->write(us->who, &b, fd);
	errno = E2BIG;
	if (!b.cut)
		file = successor_state(&b);
	memory_free(text, us->room); /* it keeps errno: it cannot fail */
	return file;
}

const char *
successor_try(
    struct successor *u, const struct successor_us *us, int program, ms now, const char **step)
{
	int state = -1;

	*step = "open";
	if (program >= 0) {
		*step = "state";
		state = make_state(us, NULL);
	}
	if (state < 0) {
		call_close(program);
	} else {
		bool begun =
		    successor_begin(u, program, state, us->self, us->argv, us->null, now, step);

		call_close(state);
		if (begun)
			return NULL;
	}
	return errno == E2BIG                               ? "too large"
	    : errno == ENOENT && strcmp(*step, "exec") == 0 ? "its interpreter does not exist"
							    : call_reason();
}

const char *
successor_go(const struct successor *u, const struct successor_us *us)
{
	int state = make_state(us, successor_keep);
	const char *why;

	if (state >= 0)
		successor_become(u, state, us->self, us->argv);
	why = call_reason();
	call_close(state);
	spawn_seal_fds();
	return why;
}

/* ---- of the one that is executed ---- */

bool
predecessor_is(struct predecessor *p)
{
	const char *text = call_env(SUCCESSOR_ENV);
	int64_t pid = 0, state = 0, self = 0, its = 0, *to[] = { &pid, &state, &self, &its };
	char number[16];

	for (size_t i = 0; text && i < sizeof to / sizeof *to; i++) {
		size_t n = text_span(text, " ");

		if (!buf_print_to(number, sizeof number, "%.*s", (int)n, text) ||
		    !num_int(number, -1, INT32_MAX, to[i]))
			return false;
		text += n + (text[n] != '\0');
	}
	if (!text || (pid != getpid() && pid != getppid()))
		return false;
	*p = (struct predecessor){ .beside = pid != getpid(),
		.state = (int)state,
		.self = (int)self,
		.its = (int)its,
		.why = text };
	return true;
}

bool
predecessor_read(struct predecessor *p)
{
	struct stat st;
	void *at;

	if (call_fstat(p->state, &st) < 0)
		return false;
	p->len = (size_t)st.st_size;
	if ((at = call_mmap(p->len, MAP_PRIVATE, p->state)) == MAP_FAILED)
		return false;
	p->text = at;
	return true;
}

void
predecessor_agree(const char *version)
{
	_exit(out_text(STDOUT_FILENO, agreement) && out_text(STDOUT_FILENO, version) ? 0 : 1);
}

void
predecessor_return(const struct predecessor *p, char *const argv[], const char *why)
{
	char word[768];

	if (p->its < 0) {
		errno = ENOENT;
		return;
	}
	(void)buf_print_to(word, sizeof word, "%s=%d %d %d -1 %s", SUCCESSOR_ENV, (int)getpid(),
	    p->state, p->its, why);
	(void)call_fcntl(p->self, F_SETFD, FD_CLOEXEC); /* it is not needed there */
	become(p->its, word, argv);
}

/* Nobody whom we start is to see it. */
static void
forget_word(void)
{
	char **to = environ;

	for (char **e = environ; *e; e++)
		if (!text_is_named(*e, SUCCESSOR_ENV "\0"))
			*to++ = *e;
	*to = NULL;
}

void
predecessor_settle(struct predecessor *p)
{
	memory_free((void *)(size_t)p->text, p->len);
	spawn_seal_fds();
	close(p->state);
	call_close(p->its);
	forget_word();
	p->text = NULL;
	p->state = p->its = -1;
}
