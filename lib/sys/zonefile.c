#include "zonefile.h"

#include <fcntl.h>
#include <unistd.h>

#include "../base/buf.h"
#include "call.h"

size_t
zonefile_read(unsigned char bytes[ZONEFILE_ROOM], const char **rule)
{
	const char *tz = call_env("TZ");
	char path[256];
	ssize_t n;
	int fd;

	if (tz && *tz == ':')
		tz++;
	*rule = tz;
	if (!buf_print_to(path, sizeof path, "%s%s",
		!tz || *tz == '/' ? "" : "/usr/share/zoneinfo/", tz ? tz : "/etc/localtime"))
		return 0;
	if ((fd = call_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)) < 0)
		return 0;
	n = read(fd, bytes, ZONEFILE_ROOM);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}
