/*
 * A control client with bad manners: client SOCKET WORD... does what the words say:
 *
 *   open=N      N more connections
 *   send=TEXT   TEXT on each of them; \n in it is a newline
 *   fill=BYTES  so many bytes without a newline on each of them, until it is refused
 *   answer      prints the next line that comes on the last one
 *   closed      waits until the other side has closed every one
 *   close       closes them
 *   say=TEXT    prints TEXT
 *   hang        sleeps for ever
 *
 * Waits end after 30 seconds. Exit status 98: such an end, 97: a connection failed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST 4096

static int fds[MOST], count;

static void
open_more(const char *path, int n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	for (; n > 0 && count < MOST; n--) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
			_exit(97);
		fds[count++] = fd;
	}
}

static void
send_text(const char *text)
{
	char bytes[4096];
	size_t n = 0;

	for (; *text && n < sizeof bytes; text++)
		if (text[0] == '\\' && text[1] == 'n') {
			bytes[n++] = '\n';
			text++;
		} else {
			bytes[n++] = *text;
		}
	for (int i = 0; i < count; i++)
		(void)!send(fds[i], bytes, n, MSG_NOSIGNAL);
}

static void
fill(long bytes)
{
	static char x[4096];

	memset(x, 'x', sizeof x);
	for (int i = 0; i < count; i++)
		for (long done = 0; done < bytes;) {
			ssize_t n = send(fds[i], x, sizeof x, MSG_NOSIGNAL);

			if (n < 0)
				break;
			done += n;
		}
}

/* Something to read, or the end of the connection. */
static void
wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, 30000) != 1)
		_exit(98);
}

static void
answer(void)
{
	char c = '\0';

	while (c != '\n') {
		wait_for(fds[count - 1]);
		if (recv(fds[count - 1], &c, 1, 0) != 1)
			_exit(97);
		(void)putchar(c);
	}
	(void)fflush(stdout);
}

static void
closed(void)
{
	char bytes[4096];
	ssize_t n;

	for (int i = 0; i < count; i++)
		do {
			wait_for(fds[i]);
			n = recv(fds[i], bytes, sizeof bytes, 0);
		} while (n > 0 || (n < 0 && errno == EINTR));
}

static void
act(const char *path, const char *word, const char *value)
{
	if (strcmp(word, "open") == 0) {
		open_more(path, atoi(value));
	} else if (strcmp(word, "send") == 0) {
		send_text(value);
	} else if (strcmp(word, "fill") == 0) {
		fill(atol(value));
	} else if (strcmp(word, "answer") == 0) {
		answer();
	} else if (strcmp(word, "closed") == 0) {
		closed();
	} else if (strcmp(word, "close") == 0) {
		while (count > 0)
			close(fds[--count]);
	} else if (strcmp(word, "say") == 0) {
		(void)puts(value);
		(void)fflush(stdout);
	} else if (strcmp(word, "hang") == 0) {
		for (;;)
			pause();
	} else {
		_exit(99);
	}
}

int
main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value)
			*value++ = '\0';
		act(argv[1], argv[i], value ? value : "");
	}
	return 0;
}
