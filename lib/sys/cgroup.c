#include "cgroup.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/buf.h"
#include "call.h"
#include "smallfile.h"

static int
path_of(const char *dir, unsigned id, const char *file, char *path, size_t room)
{
	if (buf_print_to(path, room, "%s/worker-%u%s", dir, id, file))
		return 0;
	return call_fail(ENAMETOOLONG);
}

int
cgroup_make(const char *dir, unsigned id, char *path, size_t room)
{
	if (path_of(dir, id, "", path, room) < 0 || (mkdir(path, 0755) < 0 && errno != EEXIST))
		return -1;
	return path_of(dir, id, "/cgroup.procs", path, room);
}

int
cgroup_kill(const char *dir, unsigned id)
{
	char path[4096];

	return path_of(dir, id, "/cgroup.kill", path, sizeof path) < 0 ? -1
								       : smallfile_write(path, "1");
}

int
cgroup_remove(const char *dir, unsigned id)
{
	char path[4096];

	return path_of(dir, id, "", path, sizeof path) < 0 ? -1 : rmdir(path);
}
