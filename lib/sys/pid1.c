#include "pid1.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

bool
pid1_is_machine(void)
{
	/* in every other pid namespace this is EINVAL, or EPERM */
	return getpid() == 1 && reboot(RB_DISABLE_CAD) == 0;
}

static bool
mount_on(const char *where, const char *type, unsigned long flags)
{
	struct stat root, there;

	(void)mkdir(where, 0755); /* it is there, or what follows fails */
	if (call_stat("/", &root) < 0 || call_stat(where, &there) < 0)
		return false;
	return root.st_dev != there.st_dev || mount(type, where, type, flags, NULL) == 0;
}

const char *
pid1_mount(void)
{
	int fd;

	if (!mount_on("/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC))
		return "/proc";
	if (!mount_on("/dev", "devtmpfs", MS_NOSUID))
		return "/dev";
	do
		fd = call_open("/dev/console", O_RDWR | O_NOCTTY, 0);
	while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
	call_close(fd); /* -1: without a console nobody would see it */
	return NULL;
}

/* What has been said goes with a serial line's speed; a second at most. */
static void
drain_console(void)
{
	int left;

	for (int i = 0;
	     i < 100 && syscall(SYS_ioctl, STDERR_FILENO, TIOCOUTQ, &left) == 0 && left > 0; i++)
		(void)poll(NULL, 0, 10);
}

void
pid1_end(enum pid1_end how)
{
	static const unsigned commands[] = { [PID1_POWEROFF] = RB_POWER_OFF,
		[PID1_REBOOT] = RB_AUTOBOOT,
		[PID1_HALT] = RB_HALT_SYSTEM };

	sync();
	drain_console();
	(void)reboot((int)commands[how]); /* told by coming back */
}

int
pid1_leave(int status)
{
	if (!pid1_is_machine())
		return status;
	(void)reboot((int)RB_ENABLE_CAD); /* the call before did not fail either */
	call_signal(SIGCHLD, SIG_IGN);
	call_mask(SIG_SETMASK, &call_all, NULL);
	for (;;)
		(void)poll(NULL, 0, -1);
}
