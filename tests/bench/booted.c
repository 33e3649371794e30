/*
 * booted.c - the worker of a guest whose boot is measured, as small as one can be.
 *
 *     booted
 *
 * Says "booted A B" on stdout: microseconds from the kernel's start to its main(), and those since
 * the kernel executed /init, by the clock of the kernel's own messages. Then it switches the
 * machine off.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { READ_ALL = 3, ROOM = 1 << 20 };

/* Microseconds in front of the last of the kernel's messages that begins so: "[  1.234567] text".
 */
static long
said_at(const char *messages, const char *text)
{
	const char *at = messages;
	long us = 0;

	for (const char *p = messages; *p; p++)
		if (strncmp(p, text, strlen(text)) == 0)
			at = p;
	while (at > messages && *at != '[')
		at--;
	for (; *at && *at != ']'; at++)
		if (*at >= '0' && *at <= '9')
			us = us * 10 + *at - '0';
	return us;
}

static char *
put_number(char *end, long n)
{
	do
		*--end = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return end;
}

int
main(void)
{
	static char messages[ROOM];
	char line[64], *at = line + sizeof line;
	struct timespec now;
	int fd;

	(void)syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now); /* a call of libc is larger */
	(void)mknod("/kmsg", S_IFCHR | 0600, makedev(1, 11));
	fd = open("/kmsg", O_WRONLY);
	if (fd < 0 || write(fd, "in main\n", 8) != 8 || klogctl(READ_ALL, messages, ROOM - 1) < 0)
		return 1;
	*--at = '\n';
	at = put_number(at, said_at(messages, "in main") - said_at(messages, "Run /init"));
	*--at = ' ';
	at = put_number(at, now.tv_sec * 1000000 + now.tv_nsec / 1000);
	at = memcpy(at - 7, "booted ", 7);
	if (write(STDOUT_FILENO, at, (size_t)(line + sizeof line - at)) < 0)
		return 1;
	(void)tcdrain(STDOUT_FILENO);
	(void)reboot((int)RB_POWER_OFF);
	return 1;
}
