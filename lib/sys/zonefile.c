#include "zonefile.h"

#include "../base/buf.h"
#include "call.h"
#include "smallfile.h"

size_t
zonefile_read(unsigned char bytes[ZONEFILE_ROOM], const char **rule)
{
	const char *tz = call_env("TZ");
	char path[256];
	ssize_t n;

	if (tz && *tz == ':')
		tz++;
	*rule = tz;
	if (!buf_print_to(path, sizeof path, "%s%s",
		!tz || *tz == '/' ? "" : "/usr/share/zoneinfo/", tz ? tz : "/etc/localtime"))
		return 0;
	n = smallfile_read(path, (char *)bytes, ZONEFILE_ROOM);
	return n > 0 ? (size_t)n : 0;
}
