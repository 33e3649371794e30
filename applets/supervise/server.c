#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../lib/base/num.h"
#include "../../lib/base/text.h"
#include "../../lib/sys/call.h"
#include "../../lib/sys/fdpass.h"
#include "../../lib/sys/loop.h"
#include "control.h"
#include "ends.h"
#include "link.h"
#include "manager.h"
#include "readiness.h"

extern char **environ;

const int server_signals[CONFIG_SIGNALS] = {
	[CONFIG_SIGNAL_GRACEFUL_STOP] = SIGTERM,
	[CONFIG_SIGNAL_IMMEDIATE_STOP] = SIGQUIT,
	[CONFIG_SIGNAL_GRACEFUL_RESTART] = SIGUSR1,
	[CONFIG_SIGNAL_IMMEDIATE_RESTART] = SIGHUP,
	[CONFIG_SIGNAL_RELOAD] = SIGUSR2,
	[CONFIG_SIGNAL_DETACH] = SIGINT,
	[CONFIG_SIGNAL_DUMP] = SIGCONT,
};

/* How often it is looked whether all workers are up, until they are. */
#define LOOK 50

/* The numbers of LINK_ENV. */
enum { ITS_PID, SOFT_LIMIT, HARD_LIMIT, NUMBERS };

static bool
read_numbers(uint64_t numbers[NUMBERS])
{
	const char *text = call_env(LINK_ENV);
	char word[24];

	for (int i = 0; text && i < NUMBERS; i++) {
		size_t n = text_span(text, " ");

		if (n >= sizeof word)
			return false;
		memcpy(word, text, n);
		word[n] = '\0';
		if (!num_count(word, 0, UINT64_MAX, &numbers[i]))
			return false;
		text += n + (text[n] != '\0');
	}
	return text && !*text;
}

bool
server_is_one(void)
{
	uint64_t numbers[NUMBERS];

	return read_numbers(numbers) && numbers[ITS_PID] == (uint64_t)getppid();
}

void
server_take_manager(struct supervise *s)
{
	for (char **e = environ, **to = s->launch.manager; *e; e++)
		if (text_is_named(*e, MANAGER_ENVS) && to < s->launch.manager + 2)
			*to++ = *e;
}

bool
server_take(struct supervise *s)
{
	uint64_t numbers[NUMBERS];
	struct stat own;

	if (!read_numbers(numbers) || call_fstat(LINK_OWN, &own) < 0 ||
	    !listeners_adopt(&s->listeners, call_env(LISTENERS_ENV), LINK_FIRST))
		return false;
	s->launch.nofile[0] = numbers[SOFT_LIMIT];
	s->launch.nofile[1] = numbers[HARD_LIMIT];
	server_take_manager(s);
	s->link = LINK_FD;
	s->base_fd = LINK_BASE;
	s->up_look = s->beat_at = 0;
	if (S_ISFIFO(own.st_mode))
		logger_below(&s->logger, LINK_FD, LINK_OWN, &s->log);
	return call_fcntl(LINK_FD, F_SETFL, O_NONBLOCK) == 0 &&
	    call_fcntl(LINK_BEAT, F_SETFL, O_NONBLOCK) == 0;
}

/* False: it takes nothing now. */
static bool
say(const struct supervise *s, enum link_word word, int value, const char *text)
{
	struct link_message m = { .word = word, .value = value };

	(void)buf_print_to(m.text, sizeof m.text, "%s", text); /* a cut text is still told */
	return fdpass_send(s->link, &m, sizeof m, -1) == 0;
}

/* fd: the message's. */
static void
on_upgrade(struct supervise *s, struct link_message *m, int fd)
{
	const char *why = NULL;

	m->text[sizeof m->text - 1] = '\0';
	if (m->value == LINK_FOLLOW && fd >= 0) {
		if ((why = upgrade_follow(s, fd, m->text)) == NULL)
			return; /* the answer comes */
	} else {
		call_close(fd);
		why = m->value == LINK_REFUSED ? m->text : NULL;
	}
	control_ended(s, CONTROL_UPGRADED, why);
}

void
server_on_link(struct supervise *s)
{
	struct link_message m;
	int fd;
	ssize_t n = fdpass_recv(s->link, &m, sizeof m, &fd);

	if (n < 0)
		return;
	if (n == 0) { /* it has left us, see LINK_DETACH: else the kernel ends us */
		ends_close(&s->link, TAG(TAG_LINK, 0));
		if (s->logger.below)
			s->logger.sock = -1;
	} else if (n == sizeof m && m.word == LINK_CLIENT && fd >= 0) {
		control_take(s, fd, (uid_t)m.value);
		return;
	} else if (n == sizeof m && m.word == LINK_DETACH) {
		(void)call_prctl(PR_SET_PDEATHSIG, 0); /* cannot fail */
	} else if (n == sizeof m && m.word == LINK_UPGRADE) {
		on_upgrade(s, &m, fd);
		return;
	}
	call_close(fd);
}

/* All that are wanted run, and are ready in the way of a rolling restart. */
static bool
are_up(const struct supervise *s)
{
	bool told = readiness_told(s->live);
	ms age = ms_max(s->live->worker.start_timeout, WORKER_STABLE);

	for (unsigned i = 0; i < s->wanted; i++) {
		const struct worker *m = &s->slot[i].machine;

		if (m->state != WORKER_UP || (!m->ready && (told || s->now - m->started < age)))
			return false;
	}
	return true;
}

void
server_tick(struct supervise *s)
{
	if (s->link < 0)
		return;
	if (s->now >= s->beat_at) {
		(void)!write(LINK_BEAT, &(char){ 0 }, 1); /* full: it has enough to see */
		s->beat_at = s->now + s->live->server_heartbeat_interval;
	}
	if (s->now < s->up_look)
		return;
	s->up_look = are_up(s) && say(s, LINK_UP, 0, "") ? MS_NEVER : s->now + LOOK;
	s->changed |= s->up_look == MS_NEVER; /* an older server's metrics give way */
}

ms
server_due(const struct supervise *s)
{
	return s->link < 0 ? MS_NEVER : ms_min(s->beat_at, s->up_look);
}

/* Can only the supervisor do it? */
static bool
is_its(const struct supervise *s, const struct command *c)
{
	switch (c->word) {
	case COMMAND_GRACEFUL_RESTART:
	case COMMAND_IMMEDIATE_RESTART:
		return s->boot->restart_server_process;
	case COMMAND_GRACEFUL_STOP:
	case COMMAND_IMMEDIATE_STOP:
	case COMMAND_DETACH:
	case COMMAND_UPGRADE:
		return true;
	case COMMAND_RELOAD:
	case COMMAND_DUMP:
	case COMMAND_STATUS:
	case COMMAND_SCALE:
		break;
	}
	return false;
}

bool
server_relay(const struct supervise *s, const struct command *c, const char *who, const char **why)
{
	if (s->link < 0 || !is_its(s, c))
		return false;
	/* the one answer that will come is for who has asked first */
	if (c->word == COMMAND_UPGRADE &&
	    (upgrade_is_on(s) || control_waits(s, CONTROL_UPGRADED))) {
		*why = "an upgrade is going on";
		return true;
	}
	*why = say(s, LINK_COMMAND, (int)c->word, who) ? NULL : "the supervisor does not answer";
	return true;
}

void
server_reloaded(const struct supervise *s)
{
	if (s->link >= 0)
		(void)say(s, LINK_RELOAD, 0, ""); /* it has enough to do: the next one will do */
}

void
server_ends(const struct supervise *s, int status, const char *why)
{
	if (s->link >= 0)
		(void)say(s, LINK_END, status, why); /* else it starts another server */
}
